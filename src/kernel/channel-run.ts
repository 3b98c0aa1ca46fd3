import type { Channel } from './channel.js';
import { ConfigError } from './errors.js';
import { GLUED, OBSERVED } from './engine.js';
import type { AnyNet, RunView } from './net.js';

/**
 * A run of transfers offered in one event: `count` transfers, the first at the edge of cycle `first`, then one every
 * `period` cycles. `data` is whatever the two ends agreed on (typed arrays, one entry a transfer): plain data, so that a
 * snapshot can keep it.
 */
export interface RunOffer {
  readonly first: number;
  readonly count: number;
  readonly period: number;
  readonly data: unknown;
}

/**
 * Writes what one payload field shows during transfer `index` of a run with this `data` into `lanes` (one lane for a
 * scalar field). Must be a pure function: it is called only for observers, in any order.
 */
export type ShowBeat = (data: unknown, index: number, field: string, lanes: Float64Array) => void;

/** An accepted run. Its counters follow from the span, so nobody has to count beats. */
export class Run {
  readonly first: number;
  readonly period: number;
  readonly data: unknown;
  /** Cycle of the last accepted transfer. */
  readonly last: number;

  constructor(
    offer: Omit<RunOffer, 'count'>,
    readonly count: number,
  ) {
    this.first = offer.first;
    this.period = offer.period;
    this.data = offer.data;
    this.last = offer.first + (count - 1) * offer.period;
  }

  /** Whether the cycle lies between the first and the last transfer, both included. */
  covers(cycle: number): boolean {
    return cycle >= this.first && cycle <= this.last;
  }

  /** Which transfer happens at the edge of this cycle; −1 when none. */
  indexAt(cycle: number): number {
    const d = cycle - this.first;
    return d >= 0 && d % this.period === 0 && d / this.period < this.count ? d / this.period : -1;
  }

  /** Transfers that happened at edges of cycles before this one. */
  doneBefore(cycle: number): number {
    return Math.min(this.count, Math.max(0, Math.ceil((cycle - this.first) / this.period)));
  }
}

/** A run as a snapshot keeps it. */
export interface SavedRun {
  readonly channel: string;
  readonly finished: number;
  readonly first: number;
  readonly period: number;
  readonly count: number;
  readonly data: unknown;
}

/**
 * The wires from a producer to a consumer, through however many levels of hierarchy, as far as bulk runs go: which run
 * lasts, and what observers see of it. While it lasts nothing is written to the wires. An observer that comes in the
 * middle is shown, edge by edge, what the wires would be beat by beat: that is computed from the run, not written, so
 * the processes at both ends cannot take a transfer twice and a watched run gives the same results.
 */
export class ChannelLink implements RunView {
  /** The latest run, if any was accepted. */
  run: Run | null = null;
  /** Transfers of the runs before the latest one. */
  private finished = 0;
  private readonly nets: readonly AnyNet[];
  private readonly source: Channel;
  private readonly sink: Channel;
  private tapped: boolean | null = null;
  /** Stops showing the present run; null while nobody looks. */
  private stopShowing: (() => void) | null = null;

  constructor(
    /** From the producer's port to the consumer's. */
    private readonly channels: readonly Channel[],
  ) {
    this.source = channels[0]!;
    this.sink = channels[channels.length - 1]!;
    const nets: AnyNet[] = [];
    for (const channel of channels) {
      const parts: [string, AnyNet][] = [
        ['valid', channel.valid],
        ['ready', channel.ready],
        ...Object.entries<AnyNet>(channel.payload).map(([k, net]): [string, AnyNet] => [`.${k}`, net]),
      ];
      for (const [key, net] of parts) {
        net.runView = this;
        net.runKey = key;
        nets.push(net);
      }
    }
    this.nets = nets;
  }

  /** The consumer's port, when both ends are there and talk of runs. */
  get isComplete(): boolean {
    return this.source.role === 'source' && this.sink.role === 'sink';
  }

  get ends(): { source: Channel; sink: Channel } {
    return { source: this.source, sink: this.sink };
  }

  /** True while somebody outside looks at a wire or at the transfers, at either end or on the way. */
  get isWatched(): boolean {
    for (let i = 0; i < this.channels.length; i++) if (this.channels[i]!.isSubscribed) return true;
    for (let i = 0; i < this.nets.length; i++) if (this.nets[i]!.isObserved) return true;
    return false;
  }

  /** See {@link Channel.offer}. */
  offer(offer: RunOffer): number {
    const accept = this.sink.consumer;
    if (accept === null || !this.isComplete || this.isWatched) return 0;
    // A part beside the two ends that reads the wires (a protocol checker, say) needs them beat by beat.
    this.tapped ??= this.source.module.sim.isTapped(
      this.nets,
      this.channels.map((c) => c.module),
    );
    if (this.tapped) return 0;
    const { path, clock } = this.source;
    const { first, count, period } = offer;
    const earliest = clock.coming;
    if (!Number.isSafeInteger(first) || first < earliest)
      throw new ConfigError(path, 'run.first', `a coming cycle (${earliest} or later)`, first);
    if (!Number.isSafeInteger(count) || count < 1)
      throw new ConfigError(path, 'run.count', 'an integer of 1 or more', count);
    if (!Number.isSafeInteger(period) || period < 1)
      throw new ConfigError(path, 'run.period', 'an integer of 1 or more', period);
    if (this.run !== null && first <= this.run.last)
      throw new ConfigError(path, 'run.first', `after the present run (last in ${this.run.last})`, first);
    const accepted = accept(offer);
    if (!Number.isInteger(accepted) || accepted < 0 || accepted > count)
      throw new ConfigError(this.sink.path, 'accepted', `an integer from 0 to ${count}`, accepted);
    if (accepted > 0) {
      this.finished += this.run?.count ?? 0;
      this.run = new Run(offer, accepted);
    }
    return accepted;
  }

  /** Transfers of all runs at edges of cycles before this one, which is not before the latest run was accepted. */
  doneBefore(cycle: number): number {
    return this.finished + (this.run?.doneBefore(cycle) ?? 0);
  }

  /** The run that covers the cycle that is running; null when the wires themselves have the truth. */
  get present(): Run | null {
    const { run } = this;
    return run !== null && run.covers(this.source.clock.cycle) ? run : null;
  }

  get lasts(): boolean {
    return this.present !== null;
  }

  /** Whether the consumer would show ready in this cycle of a run. */
  readyAt(run: Run, cycle: number): boolean {
    return run.indexAt(cycle) >= 0 || (this.sink.readyBetween?.(cycle) ?? true);
  }

  show(key: string, lanes: Float64Array): boolean {
    const run = this.present;
    if (run === null) return false;
    const { cycle } = this.source.clock;
    if (key === 'valid') lanes[0] = run.indexAt(cycle) >= 0 ? 1 : 0;
    else if (key === 'ready') lanes[0] = this.readyAt(run, cycle) ? 1 : 0;
    else {
      const { showBeat } = this.source;
      if (showBeat === null) return false;
      // Between beats the payload means nothing; a registered output would still hold the last one.
      showBeat(run.data, Math.floor((cycle - run.first) / run.period), key.slice(1), lanes);
    }
    return true;
  }

  /** Somebody began to look: from the present cycle to the end of the run, its observers are told edge by edge. */
  watched(): void {
    const { run } = this;
    const { clock, module } = this.source;
    if (run === null || this.stopShowing !== null || clock.cycle > run.last) return;
    const { sim } = module;
    const glue = (): void => this.tell(GLUED);
    const observers = (): void => this.tell(OBSERVED);
    const release = clock.hold();
    const remove = clock.addMonitor(() => {
      sim.afterEdges(glue);
      sim.afterSettled(observers);
      if (clock.cycle >= run.last || !this.isWatched) this.stopShowing?.();
    });
    this.stopShowing = () => {
      release();
      remove();
      this.stopShowing = null;
    };
  }

  private tell(region: number): void {
    for (const net of this.nets) {
      net.deliver(region);
      if (region === OBSERVED) net.tellTaps();
    }
  }

  save(): SavedRun | null {
    const { run, finished } = this;
    if (run === null) return null;
    const { first, period, count, data } = run;
    return { channel: this.source.path, finished, first, period, count, data: structuredClone(data) };
  }

  restore(saved: SavedRun | undefined): void {
    this.stopShowing?.();
    this.finished = saved?.finished ?? 0;
    this.run = saved === undefined ? null : new Run(structuredClone(saved), saved.count);
    if (this.isWatched) this.watched();
  }
}
