import { Observable, type Subscriber } from 'rxjs';
import type { Simulator } from './simulator.js';

/** Attributes of a transaction: plain data. */
export type Attributes = Readonly<Record<string, number | string | boolean>>;

const NONE: Attributes = {};

/** A record of the transaction stream. */
export type TransactionRecord =
  | {
      readonly type: 'begin';
      readonly id: number;
      readonly time: number;
      /** `layer`, `tile`, `axi.read`, `dram.activate`, … */
      readonly kind: string;
      /** Path of the module that began it. */
      readonly path: string;
      /** Id of the transaction that this one is part of; 0 for none. */
      readonly parent: number;
      readonly attributes: Attributes;
    }
  | { readonly type: 'blocked'; readonly id: number; readonly time: number; readonly why: string }
  | { readonly type: 'end'; readonly id: number; readonly time: number; readonly attributes: Attributes };

/**
 * Work that spans time — layers, tiles, bursts — as begin, end, parent, attributes and why it was blocked. Components
 * emit from the start; ids count up whether anybody listens or not, so a trace does not depend on who watches.
 */
export class Transactions extends Observable<TransactionRecord> {
  private readonly subscribers: Subscriber<TransactionRecord>[] = [];
  /** Records of this instant that were not told yet. */
  private pending: TransactionRecord[] = [];
  private last = 0;
  /** Id of the work at hand, such as a layer: what parts deeper down, which do not know it, name as parent. 0 for none. */
  work = 0;

  constructor(private readonly sim: Simulator) {
    super((subscriber) => {
      this.subscribers.push(subscriber);
      return () => {
        const at = this.subscribers.indexOf(subscriber);
        if (at >= 0) this.subscribers.splice(at, 1);
      };
    });
  }

  /** True while somebody listens; lets a hot path skip making attributes. */
  get isObserved(): boolean {
    return this.subscribers.length > 0;
  }

  /** Begins a transaction; returns its id. */
  begin(kind: string, path: string, attributes: Attributes = NONE, parent = 0): number {
    const id = ++this.last;
    if (this.isObserved) this.emit({ type: 'begin', id, time: this.sim.now, kind, path, parent, attributes });
    return id;
  }

  /** What begins and ends at once; returns its id. */
  point(kind: string, path: string, attributes: Attributes = NONE, parent = 0): number {
    const id = this.begin(kind, path, attributes, parent);
    this.end(id);
    return id;
  }

  /** Notes why a transaction cannot go on. */
  blocked(id: number, why: string): void {
    if (this.isObserved) this.emit({ type: 'blocked', id, time: this.sim.now, why });
  }

  /** Ends a transaction. */
  end(id: number, attributes: Attributes = NONE): void {
    if (this.isObserved) this.emit({ type: 'end', id, time: this.sim.now, attributes });
  }

  /** For snapshots. */
  get lastId(): number {
    return this.last;
  }

  set lastId(id: number) {
    this.last = id;
  }

  private emit(record: TransactionRecord): void {
    this.pending.push(record);
    if (this.pending.length === 1) this.sim.afterSettled(this.tell);
  }

  private readonly tell = (): void => {
    const { pending } = this;
    this.pending = [];
    for (const record of pending) {
      // Whom one of them tells may end or begin to listen.
      if (this.subscribers.length === 1) this.subscribers[0]!.next(record);
      else for (const subscriber of [...this.subscribers]) subscriber.next(record);
    }
  };
}
