import { isObservable, type Observable, Subscription } from 'rxjs';
import type { Clock } from './clock.js';
import { DeadlockError, GlueError, type Wait, WatchdogError, WiringError } from './errors.js';
import { compileExpression } from './expression.js';
import { Probe } from './probe.js';
import type { Simulator } from './simulator.js';

/** Words of the shared control array that the run loop polls. */
export const CONTROL = { go: 0, pause: 1, stop: 2 } as const;

export interface RunOptions {
  /** Run this many cycles of `clock` from now. */
  readonly cycles?: number;
  /** Clock that `cycles` and `maxCycles` count; default: the first one declared. */
  readonly clock?: Clock;
  /** Run until this time, ps (inclusive). */
  readonly time?: number;
  /** Stop after the instant in which this holds (at once when it holds already): a predicate, or an expression of paths such as `top.state == 5 && fifo.count > 3`. */
  readonly until?: string | (() => boolean);
  /** Watchdog: an error when the run has not ended after this many cycles. */
  readonly maxCycles?: number;
  /** Stop after this many instants (a slice). */
  readonly instants?: number;
  /** One shared word, polled before each instant: 0 go, 1 pause, 2 stop. */
  readonly control?: Int32Array;
}

export interface RunResult {
  readonly reason: 'cycles' | 'time' | 'until' | 'breakpoint' | 'paused' | 'stopped' | 'slice' | 'idle';
  /** Simulated time, ps. */
  readonly time: number;
  /** Names of the breakpoints that were hit. */
  readonly breakpoints: readonly string[];
}

/** A condition under test, and what keeps its nets and probes watched. */
interface Condition {
  readonly test: () => boolean;
  readonly release: () => void;
}

interface Breakpoint {
  readonly name: string;
  readonly test: () => boolean;
  held: boolean;
}

/** What a run is bounded by, fixed when it begins; slices share it. */
interface Bounds {
  readonly clock: Clock | undefined;
  readonly reason: 'cycles' | 'time';
  /** Last instant, ps. */
  readonly limit: number;
  /** Last instant before the watchdog barks, ps. */
  readonly watchdog: number;
}

/**
 * The run loop: instant after instant until the first of the given ends, with breakpoints, a watchdog, slices, and one
 * shared word by which another thread pauses or stops it. It decides when to go on, never what happens.
 */
export class RunControl {
  private readonly breakpoints: Breakpoint[] = [];
  private readonly hits: string[] = [];
  private stopRequested = false;

  constructor(private readonly sim: Simulator) {}

  /** See {@link Simulator.breakpoint}. */
  breakpoint(condition: string | (() => boolean) | Observable<unknown>, name: string): () => void {
    if (isObservable(condition)) {
      let first = true;
      const subscription = condition.subscribe({
        next: () => {
          if (!first) this.hits.push(name);
        },
        error: (cause: unknown) => this.sim.fail(new GlueError(`breakpoint ${name}`, cause)),
      });
      first = false;
      return () => subscription.unsubscribe();
    }
    const { test, release } = this.condition(condition);
    const point = { name, test, held: false };
    this.breakpoints.push(point);
    return () => {
      const at = this.breakpoints.indexOf(point);
      if (at < 0) return;
      this.breakpoints.splice(at, 1);
      release();
    };
  }

  stop(): void {
    this.stopRequested = true;
  }

  /** See {@link Simulator.run}. */
  run(options: RunOptions): RunResult {
    this.stopRequested = false;
    return this.watching(options, (until) => this.loop(options, this.bounds(options), until));
  }

  /** See {@link Simulator.runSliced}. */
  async runSliced(options: RunOptions & { readonly instants: number }): Promise<RunResult> {
    this.stopRequested = false;
    const bounds = this.bounds(options);
    for (;;) {
      const result = this.watching(options, (until) => this.loop(options, bounds, until));
      if (result.reason !== 'slice' && result.reason !== 'paused') return result;
      await new Promise((resolve) => setTimeout(resolve, result.reason === 'paused' ? 5 : 0));
    }
  }

  private bounds({ clock = this.sim.clocks[0], cycles, time, maxCycles }: RunOptions): Bounds {
    this.sim.start();
    if (clock === undefined && (cycles !== undefined || maxCycles !== undefined))
      throw new WiringError('run', 'counts cycles, but there is no clock');
    const edgeAfter = (n: number | undefined): number => {
      if (n === undefined) return Infinity;
      return n <= 0 ? this.sim.now : clock!.timebase.edge(clock!.cycle + n - 1);
    };
    const end = edgeAfter(cycles);
    const latest = Math.max(this.sim.now, time ?? Infinity);
    return {
      clock,
      reason: end <= latest && cycles !== undefined ? 'cycles' : 'time',
      limit: Math.min(end, latest),
      watchdog: edgeAfter(maxCycles),
    };
  }

  private watching({ until }: RunOptions, run: (until: (() => boolean) | null) => RunResult): RunResult {
    if (until === undefined) return run(null);
    const { test, release } = this.condition(until);
    try {
      return run(test);
    } finally {
      release();
    }
  }

  private loop(options: RunOptions, bounds: Bounds, until: (() => boolean) | null): RunResult {
    const { sim } = this;
    sim.throwIfFailed();
    if (options.cycles === 0) return this.result('cycles');
    if (until?.() === true) return this.result('until');
    this.hits.length = 0;
    const { control, instants } = options;
    const { limit, watchdog } = bounds;
    for (let done = 0; ; done++) {
      if (this.stopRequested) return this.result('stopped');
      if (control !== undefined) {
        const word = Atomics.load(control, 0);
        if (word !== CONTROL.go) return this.result(word === CONTROL.pause ? 'paused' : 'stopped');
      }
      if (done === instants) return this.result('slice');
      const time = sim.nextTime(limit < Infinity);
      if (time > limit) {
        sim.passTo(limit);
        return this.result(bounds.reason);
      }
      if (time === Infinity) return this.idle(until !== null);
      if (time > watchdog) throw new WatchdogError(bounds.clock!.name, options.maxCycles!, sim.waits());
      sim.instant(time);
      const fulfilled = until?.() === true;
      for (const point of this.breakpoints) {
        const holds = point.test();
        if (holds && !point.held) this.hits.push(point.name);
        point.held = holds;
      }
      if (fulfilled) return this.result('until');
      if (this.hits.length > 0) return this.result('breakpoint');
    }
  }

  private idle(pending: boolean): RunResult {
    const { sim } = this;
    const waits: Wait[] = sim.waits();
    if (waits.length === 0 && pending) {
      const why = 'the condition does not hold, all parts sleep, and no event is queued';
      waits.push({ who: 'run', whom: 'every part', why });
    }
    if (waits.length > 0) throw new DeadlockError(waits, sim.now);
    return this.result('idle');
  }

  private result(reason: RunResult['reason']): RunResult {
    return { reason, time: this.sim.now, breakpoints: [...this.hits] };
  }

  /**
   * Compiles a condition. What an expression names is watched meanwhile, so that lazy parts have the values to show; what
   * a function reads is its own business.
   */
  private condition(condition: string | (() => boolean)): Condition {
    if (typeof condition === 'function') return { test: condition, release: () => {} };
    const watching = new Subscription();
    const compiled = compileExpression(condition, (path) => {
      const found = this.sim.value(path);
      watching.add(found.subscribe());
      return found instanceof Probe ? () => found.value : () => found.shown;
    });
    return { test: () => compiled() !== 0, release: () => watching.unsubscribe() };
  }
}
