import { Observable, type Subscriber } from 'rxjs';
import { WiringError } from './errors.js';
import type { Clock } from './clock.js';
import type { Module } from './module.js';
import type { Signal, VectorSignal } from './net.js';
import { ChannelLink, type Run, type RunOffer, type ShowBeat } from './channel-run.js';
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
 * take them without a stall accepts a prefix ({@link acceptRuns}). See channel-run.ts and docs/timing-model.md.
 */
export class Channel<F extends Fields = Fields> extends Observable<Transfer<F>> {
  readonly path: string;
  /** The next port towards the producer or the consumer, once connected. */
  private upstream: Channel<F> | null = null;
  private downstream: Channel<F> | null = null;
  private link: ChannelLink | null = null;
  private subscribers: readonly Subscriber<Transfer<F>>[] = [];
  private removeMonitor: (() => void) | null = null;
  /** What {@link acceptRuns} declared. */
  consumer: ((offer: RunOffer) => number) | null = null;
  readyBetween: ((cycle: number) => boolean) | null = null;
  /** What {@link showRuns} declared. */
  showBeat: ShowBeat | null = null;

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

  /** True in a cycle at whose edge a transfer happens on the wires (those of a bulk run do not touch them). */
  get fires(): boolean {
    return this.valid.value !== 0 && this.ready.value !== 0;
  }

  /** Everything that a process which sleeps on this channel must watch. */
  get nets(): readonly (Signal | VectorSignal)[] {
    return this.role === 'sink'
      ? [this.valid, ...Object.values<Signal | VectorSignal>(this.payload)]
      : [this.ready];
  }

  /** The port at the far end of the wires, once connected: the consumer's for a source, the producer's for a sink. */
  get peer(): Channel<F> | null {
    let end = this.role === 'source' ? this.downstream : this.upstream;
    if (end === null) return null;
    for (let next: Channel<F> | null = end; next !== null;) {
      end = next;
      next = this.role === 'source' ? next.downstream : next.upstream;
    }
    return end;
  }

  /** Ports from the producer's to the consumer's. */
  get chain(): readonly Channel<F>[] {
    const before: Channel<F>[] = [];
    for (let at = this.upstream; at !== null; at = at.upstream) before.push(at);
    const after: Channel<F>[] = [];
    for (let at = this.downstream; at !== null; at = at.downstream) after.push(at);
    return [...before.reverse(), this, ...after];
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
    if (this.downstream !== null)
      throw new WiringError(
        this.path,
        `is connected twice: to ${this.downstream.path}, and now to ${sink.path}`,
      );
    if (sink.upstream !== null)
      throw new WiringError(
        sink.path,
        `is connected twice: from ${sink.upstream.path}, and now from ${this.path}`,
      );
    // Between a port and the port of a module within it, wires run in the same two directions.
    sink.valid.follow(this.valid);
    for (const key of Object.keys(this.fields)) {
      const to = (sink.payload as Record<string, Signal>)[key]!;
      to.follow((this.payload as Record<string, Signal>)[key]!);
    }
    this.ready.follow(sink.ready);
    this.downstream = sink;
    sink.upstream = this;
    for (const channel of this.chain) channel.link = null;
  }

  /**
   * Consumer side: how many transfers of an offered run it takes without a stall. Called in the producer's process.
   * `readyBetween` tells observers what ready would be in a cycle between two transfers of a run; default: high.
   */
  acceptRuns(accept: (offer: RunOffer) => number, readyBetween?: (cycle: number) => boolean): void {
    this.consumer = accept;
    this.readyBetween = readyBetween ?? null;
  }

  /** Producer side: how observers that come in the middle of a run are shown its payload. Without it they see what the wires hold. */
  showRuns(show: ShowBeat): void {
    this.showBeat = show;
  }

  /**
   * Producer side, within an edge process: offers `offer.count` transfers, the first in the coming cycle or later, then one
   * every `offer.period` cycles. Returns how many were accepted (0: go on beat by beat). The producer keeps valid low from
   * the acceptance to the end of the run and writes what follows at the edge of the run's last cycle; {@link stateAt} has
   * the truth. Nothing is accepted while somebody watches the wires, or when a third part reads them.
   * @throws ConfigError for a first cycle that has passed or lies within the present run, a count or period below 1.
   */
  offer(offer: RunOffer): number {
    return this.links.offer(offer);
  }

  /** The latest bulk run, if any was accepted. */
  get run(): Run | null {
    return this.links.run;
  }

  /** The wires' part in bulk runs; made when it is first asked for, after all connections. */
  get links(): ChannelLink {
    if (this.link === null) {
      const chain = this.chain as readonly unknown[] as readonly Channel[];
      const link = new ChannelLink(chain);
      for (const channel of chain) channel.link = link;
    }
    return this.link!;
  }

  /** Transfers in bulk runs at edges of cycles before this one (not before the latest run was accepted): from their spans. */
  bulkBefore(cycle: number): number {
    return this.links.doneBefore(cycle);
  }

  /** What the channel shows in cycle c: of the present or latest run by arithmetic, else from the wires (c is then the present cycle). */
  stateAt(cycle: number): ChannelState {
    const { run } = this;
    if (run !== null && run.covers(cycle)) {
      const index = run.indexAt(cycle);
      return { valid: index >= 0, ready: this.links.readyAt(run, cycle), index };
    }
    return { valid: this.valid.value !== 0, ready: this.ready.value !== 0, index: -1 };
  }

  /** True while somebody outside looks at the wires or the transfers. */
  get isWatched(): boolean {
    return this.links.isWatched;
  }

  /** True while somebody looks at the transfers at this port. */
  get isSubscribed(): boolean {
    return this.subscribers.length > 0;
  }

  private attach(subscriber: Subscriber<Transfer<F>>): () => void {
    const { sim } = this.module;
    this.subscribers = [...this.subscribers, subscriber];
    this.removeMonitor ??= this.clock.addMonitor(() => {
      const transfer = this.transfer();
      if (transfer === null) return;
      const told = this.subscribers;
      sim.afterSettled(() => {
        for (const s of told) s.next(transfer);
      });
    });
    if (sim.started) this.links.watched();
    return () => {
      this.subscribers = this.subscribers.filter((s) => s !== subscriber);
      if (this.subscribers.length > 0) return;
      this.removeMonitor?.();
      this.removeMonitor = null;
    };
  }

  /** The transfer at the edge that is being evaluated. */
  private transfer(): Transfer<F> | null {
    const { cycle } = this.clock;
    const run = this.links.present;
    if (run === null ? !this.fires : run.indexAt(cycle) < 0) return null;
    const values: Record<string, number | Float64Array> = {};
    for (const [key, net] of Object.entries<Signal | VectorSignal>(this.payload)) values[key] = net.shown;
    return { cycle, payload: values as Transfer<F>['payload'] };
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
  // An indexed channel `out[3]` has nets `out_valid[3]`, …: lane 3 of the twin's buses.
  const bracket = name.indexOf('[');
  const base = bracket < 0 ? name : name.slice(0, bracket);
  const index = bracket < 0 ? '' : name.slice(bracket);
  const valid = module.net(`${base}_valid${index}`, bool, forward, 0) as Signal;
  const ready = module.net(`${base}_ready${index}`, bool, back, 0) as Signal;
  const payload: Record<string, Signal | VectorSignal> = {};
  for (const [field, type] of Object.entries(fields))
    payload[field] = module.net(`${base}_${field}${index}`, type, forward, 0);
  const channel = new Channel(module, name, role, fields, valid, ready, payload as Payload<F>, clock);
  module.channels.set(name, channel as unknown as Channel);
  return channel;
}
