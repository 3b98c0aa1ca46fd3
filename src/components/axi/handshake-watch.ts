import { type AnyNet, type Channel, Signal } from '../../kernel/index.js';
import type { BrokenRule } from './rules.js';

/** What is remembered of a channel from cycle to cycle. */
export interface HandshakeRegisters {
  /** 1 while valid was high and ready low in the previous cycle. */
  waiting: number;
  /** The payload that was shown first. */
  held: Float64Array;
  /** 1 when what is shown was reported already, and is not to be matched with a transaction. */
  bad: number;
  /** 1 when a valid during this reset was reported. */
  resetReported: number;
}

/**
 * Holds what a stalled channel shows against what it showed first: VALID stays, the payload stays. Its owner calls
 * {@link check} and, once it has looked at what is new, {@link hold} at each edge at which anything changed.
 */
export class HandshakeWatch {
  readonly state: HandshakeRegisters;
  readonly fields: readonly (readonly [name: string, net: AnyNet])[];

  constructor(
    readonly label: string,
    readonly channel: Channel,
  ) {
    this.fields = Object.entries<AnyNet>(channel.payload);
    const words = this.fields.reduce((sum, [, net]) => sum + net.lanes, 0);
    this.state = { waiting: 0, held: new Float64Array(words), bad: 0, resetReported: 0 };
  }

  /** The rule that this cycle breaks, once a stall; null when none. */
  check(): BrokenRule | null {
    const { state, channel, label, fields } = this;
    if (state.waiting === 0) {
      state.bad = 0;
      return null;
    }
    if (channel.valid.value === 0)
      return { rule: 'valid-dropped', problem: `wanted ${label}valid high until ${label}ready, got low` };
    let at = 0;
    for (let i = 0; i < fields.length; i++) {
      const [name, net] = fields[i]!;
      for (let lane = 0; lane < net.lanes; lane++, at++) {
        const value = net instanceof Signal ? net.value : net.get(lane);
        const was = state.held[at];
        if (value === was) continue;
        // Held anew, so that the rest of the stall is not reported again.
        this.take();
        const where = net.lanes > 1 ? `${name}[${lane}]` : name;
        return {
          rule: 'payload-changed',
          problem: `wanted ${where} stable at ${was} while ${label}valid waits, got ${value}`,
        };
      }
    }
    return null;
  }

  /** Remembers what the channel shows, if it waits. */
  hold(): void {
    const { state, channel } = this;
    const waits = channel.valid.value !== 0 && channel.ready.value === 0;
    if (waits && state.waiting === 0) this.take();
    state.waiting = waits ? 1 : 0;
    state.resetReported = 0;
  }

  private take(): void {
    const { fields } = this;
    const { held } = this.state;
    let at = 0;
    for (let i = 0; i < fields.length; i++) {
      const net = fields[i]![1];
      if (net instanceof Signal) held[at] = net.value;
      else net.copyTo(held, at);
      at += net.lanes;
    }
  }
}
