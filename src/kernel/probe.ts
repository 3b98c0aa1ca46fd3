import { Observable, type Subscriber } from 'rxjs';
import type { Simulator } from './simulator.js';
import type { ValueType } from './value-type.js';

/** What a part does when somebody starts or stops looking at one of its probes. */
export interface ProbeHooks {
  /** Called before the first subscriber is told anything: a lazy part materialises its state here. */
  readonly attach?: () => void;
  /** Called when the last subscriber has gone. */
  readonly detach?: () => void;
}

/**
 * A named, typed value inside a part that is no signal: a register of an array, a counter, an occupancy. It costs nothing
 * while nobody subscribes. Emits the present value on subscription and then each settled change, once per instant.
 */
export class Probe extends Observable<number> {
  private listeners: readonly { readonly subscriber: Subscriber<number>; pass: number }[] = [];
  private told = 0;

  constructor(
    private readonly sim: Simulator,
    readonly path: string,
    readonly type: ValueType,
    /** Reads the value at a settled instant. */
    readonly read: () => number,
    private readonly hooks: ProbeHooks = {},
  ) {
    super((subscriber) => this.attach(subscriber));
  }

  get value(): number {
    return this.read();
  }

  /** Tells subscribers a changed value; called by the simulator after each instant. */
  deliver(): void {
    const value = this.read();
    if (value === this.told) return;
    this.told = value;
    const { pass } = this.sim;
    for (const listener of this.listeners) {
      // Who subscribed since the last delta was handed this value then.
      if (listener.pass === pass) continue;
      listener.pass = pass;
      listener.subscriber.next(value);
    }
  }

  private attach(subscriber: Subscriber<number>): () => void {
    const listener = { subscriber, pass: this.sim.pass };
    const first = this.listeners.length === 0;
    this.listeners = [...this.listeners, listener];
    if (first) {
      this.hooks.attach?.();
      this.told = this.read();
      this.sim.addProbe(this);
    }
    subscriber.next(this.read());
    return () => {
      this.listeners = this.listeners.filter((l) => l !== listener);
      if (this.listeners.length > 0) return;
      this.sim.removeProbe(this);
      this.hooks.detach?.();
    };
  }
}
