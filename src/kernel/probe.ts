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
  private readonly subscribers: Subscriber<number>[] = [];
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
    for (const subscriber of [...this.subscribers]) subscriber.next(value);
  }

  private attach(subscriber: Subscriber<number>): () => void {
    if (this.subscribers.length === 0) {
      this.hooks.attach?.();
      this.told = this.read();
      this.sim.addProbe(this);
    }
    this.subscribers.push(subscriber);
    subscriber.next(this.told);
    return () => {
      const at = this.subscribers.indexOf(subscriber);
      if (at < 0) return;
      this.subscribers.splice(at, 1);
      if (this.subscribers.length === 0) {
        this.sim.removeProbe(this);
        this.hooks.detach?.();
      }
    };
  }
}
