import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { Simulator } from './simulator.js';

/**
 * An RxJS scheduler in simulated time: `delay`, `bufferTime`, `auditTime`, `timeout`, `interval` and the other
 * operators that take a scheduler run on hardware time with it. `sim.scheduler` counts picoseconds, `clock.scheduler`
 * cycles: work delayed by n cycles runs at the n-th edge from now, after that edge has settled. Work that glue
 * scheduled runs in the glue region, work that an observer scheduled in the observer region; within a region, timers
 * that are due run before signals are told, so that a window [t, t+n) excludes what changes at t+n.
 */
export class SimScheduler implements SchedulerLike {
  constructor(
    readonly sim: Simulator,
    readonly now: () => number,
    /** Time, ps, of a moment `delay` units from now. */
    private readonly due: (delay: number) => number,
  ) {}

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const action = new SimAction<T>(this, work);
    action.schedule(state, delay);
    return action;
  }

  /** Queues one firing of an action. */
  enqueue(fire: () => boolean, delay: number): TimedAction {
    const action: TimedAction = { fire, glue: this.sim.subscribingGlue, live: true };
    this.sim.schedule(Math.max(this.sim.now, this.due(Math.max(0, delay))), action);
    return action;
  }

  /** Takes a firing back. */
  cancel(action: TimedAction): void {
    this.sim.unschedule(action);
  }
}

/** A timer of an RxJS operator in the event queue. */
export interface TimedAction {
  fire: () => boolean;
  /** Runs in the glue region, else in the observer region. */
  readonly glue: boolean;
  /** Still to be fired. */
  live: boolean;
}

class SimAction<T> extends Subscription implements SchedulerAction<T> {
  private pending: TimedAction | null = null;

  constructor(
    private readonly scheduler: SimScheduler,
    private readonly work: (this: SchedulerAction<T>, state?: T) => void,
  ) {
    super();
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    if (this.pending !== null) this.scheduler.cancel(this.pending);
    const mine: TimedAction = this.scheduler.enqueue(() => {
      if (this.pending === mine) this.pending = null;
      if (this.closed) return false;
      this.work.call(this, state as T);
      // Work that did not schedule itself again is finished; closing takes it off its subscriber's list.
      if (this.pending === null) this.unsubscribe();
      return true;
    }, delay);
    this.pending = mine;
    return this;
  }

  override unsubscribe(): void {
    if (this.pending !== null) this.scheduler.cancel(this.pending);
    this.pending = null;
    super.unsubscribe();
  }
}
