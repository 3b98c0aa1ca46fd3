import { Observable, type Subscriber } from 'rxjs';
import { WiringError } from './errors.js';
import type { Clock } from './clock.js';
import type { Module } from './module.js';
import type { Signal, VectorSignal } from './net.js';
import { Run, type RunOffer } from './channel-run.js';
import { bool, type ValueType, type VectorType } from './value-type.js';

/** The payload of a channel: field names and their types. */
export type Fields = Readonly<Record<string, ValueType | VectorType>>;
/** The payload's nets. */
export type Payload<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends VectorType ? VectorSignal : Signal;
};
/** One transfer as observers see it. */
export interface Transfer<F extends Fields = Fields> {
  /** Cycle of the channel's clock at whose edge it happened. */
  readonly cycle: number;
  readonly payload: { readonly [K in keyof F]: F[K] extends VectorType ? Float64Array : number };
}

/** What a channel shows in one cycle. */
export interface ChannelState {
  readonly valid: boolean;
  readonly ready: boolean;
  /** Which transfer of a bulk run happens at this cycle's edge; −1 when none. */
  readonly index: number;
}

/**
 * A valid/ready handshake. A transfer happens at an edge at which both are high; valid never depends on ready; the
 * payload is stable while valid waits, and means nothing when not valid. As an Observable it emits each transfer, once
 * the edge has settled. Signals are named `<name>_valid`, `<name>_ready`, `<name>_<field>`, as in the Verilog twin.
 *
 * Bulk: a producer may offer a whole run of transfers in one event ({@link offer}); a consumer that can tell it will
 * take them without a stall accepts a prefix ({@link acceptRuns}). See channel-run.ts.
 */
export class Channel<F extends Fields = Fields> extends Observable<Transfer<F>> {
  readonly path: string;
  /** The channel at the other end of the wires, once connected: producer side for a sink, consumer side for a source. */
  peer: Channel<F> | null = null;
  private readonly subscribers: Subscriber<Transfer<F>>[] = [];
  private removeMonitor: (() => void) | null = null;
  private consumer: ((offer: RunOffer) => number) | null = null;
  /** The latest bulk run, if any was accepted. */
  run: Run | null = null;

  constructor(
    readonly module: Module,
    readonly name: string,
    readonly role: 'sink' | 'source',
    readonly fields: F,
    readonly valid: Signal,
    readonly ready: Signal,
    readonly payload: Payload<F>,
    readonly clock: Clock,
  ) {
    super((subscriber) => this.attach(subscriber));
    this.path = `${module.path}.${name}`;
  }

  /** True in a cycle at whose edge a transfer happens. */
  get fires(): boolean {
    return this.valid.value !== 0 && this.ready.value !== 0;
  }

  /** Everything that a process which sleeps on this channel must watch. */
  get nets(): readonly (Signal | VectorSignal)[] {
    return this.role === 'sink'
      ? [this.valid, ...Object.values<Signal | VectorSignal>(this.payload)]
      : [this.ready];
  }

  /** Connects a source to a sink: every wire follows its driver, at no cost in simulation. */
  connectTo(sink: Channel<F>): void {
    const through = this.role === sink.role;
    if (!through && this.role !== 'source')
      throw new WiringError(sink.path, `is a source; connect from it to ${this.path}`);
    if (this.clock !== sink.clock)
      throw new WiringError(
        sink.path,
        `is in clock ${sink.clock.name}; ${this.path} is in ${this.clock.name}`,
      );
    const names = Object.keys(this.fields).sort().join(', ');
    const wanted = Object.keys(sink.fields).sort().join(', ');
    if (names !== wanted)
      throw new WiringError(sink.path, `carries {${wanted}}; ${this.path} carries {${names}}`);
    // Between a port and the port of a module within it, wires run in the same two directions.
    sink.valid.follow(this.valid);
    for (const key of Object.keys(this.fields)) {
      const to = (sink.payload as Record<string, Signal>)[key]!;
      to.follow((this.payload as Record<string, Signal>)[key]!);
    }
    this.ready.follow(sink.ready);
    if (this.peer !== null || sink.peer !== null) throw new WiringError(sink.path, 'is connected twice');
    this.peer = sink;
    sink.peer = this;
    this.module.sim.registerLink(this as unknown as Channel, sink as unknown as Channel);
  }

  /** Consumer side: how many transfers of an offered run it takes without a stall. Called in the producer's process. */
  acceptRuns(accept: (offer: RunOffer) => number): void {
    this.consumer = accept;
  }

  /**
   * Producer side, within an edge process: offers `offer.count` transfers, the first in the coming cycle, then one every
   * `offer.period` cycles. Returns how many were accepted (0: go on beat by beat). While an accepted run lasts, valid
   * and ready of the wires stay low; {@link stateAt} has the truth. Nothing is accepted while somebody watches the wires.
   */
  offer(offer: RunOffer): number {
    const sink = this.peer;
    if (sink === null || sink.consumer === null || this.isWatched || sink.isWatched) return 0;
    const accepted = sink.consumer(offer);
    if (accepted > 0) {
      const run = new Run(offer, accepted);
      this.run = run;
      sink.run = run;
    }
    return accepted;
  }

  /** What the channel shows in cycle c: of the present or latest run by arithmetic, else from the wires (c is then the present cycle). */
  stateAt(cycle: number): ChannelState {
    const { run } = this;
    if (run !== null && cycle >= run.first && cycle <= run.last) {
      const index = run.indexAt(cycle);
      return { valid: index >= 0, ready: index >= 0, index };
    }
    return { valid: this.valid.value !== 0, ready: this.ready.value !== 0, index: -1 };
  }

  /** True while somebody outside looks at the wires or the transfers. */
  get isWatched(): boolean {
    if (this.subscribers.length > 0 || this.valid.isObserved || this.ready.isObserved) return true;
    for (const net of Object.values<Signal | VectorSignal>(this.payload)) if (net.isObserved) return true;
    return false;
  }

  private attach(subscriber: Subscriber<Transfer<F>>): () => void {
    this.subscribers.push(subscriber);
    if (this.removeMonitor === null) {
      const { sim } = this.module;
      this.removeMonitor = this.clock.addMonitor(() => {
        if (!this.fires) return;
        const transfer = { cycle: this.clock.cycle, payload: this.sample() };
        sim.afterSettled(() => {
          for (const s of [...this.subscribers]) s.next(transfer);
        });
      });
    }
    return () => {
      const at = this.subscribers.indexOf(subscriber);
      if (at >= 0) this.subscribers.splice(at, 1);
      if (this.subscribers.length === 0) {
        this.removeMonitor?.();
        this.removeMonitor = null;
      }
    };
  }

  private sample(): Transfer<F>['payload'] {
    const values: Record<string, number | Float64Array> = {};
    for (const [key, net] of Object.entries<Signal | VectorSignal>(this.payload)) {
      values[key] = 'values' in net ? net.values : net.value;
    }
    return values as Transfer<F>['payload'];
  }
}

/** Declares a channel's nets on a module. */
export function makeChannel<F extends Fields>(
  module: Module,
  name: string,
  fields: F,
  role: 'sink' | 'source',
  clock: Clock,
): Channel<F> {
  const forward = role === 'sink' ? 'in' : 'out';
  const back = role === 'sink' ? 'out' : 'in';
  const valid = module.net(`${name}_valid`, bool, forward, 0) as Signal;
  const ready = module.net(`${name}_ready`, bool, back, 0) as Signal;
  const payload: Record<string, Signal | VectorSignal> = {};
  for (const [field, type] of Object.entries(fields))
    payload[field] = module.net(`${name}_${field}`, type, forward, 0);
  const channel = new Channel(module, name, role, fields, valid, ready, payload as Payload<F>, clock);
  module.channels.set(name, channel as unknown as Channel);
  return channel;
}
