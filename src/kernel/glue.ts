import { isObservable, Observable, type Subscription } from 'rxjs';
import { Channel, type Fields } from './channel.js';
import type { Clock } from './clock.js';
import { AsyncDriveError, GlueError, WiringError } from './errors.js';
import { Net, Signal, VectorSignal } from './net.js';

/** What glue may carry to a port. */
export type Drive = number | boolean | ArrayLike<number>;

export interface ConnectOptions {
  /** Says that the operators keep no state of their own (map, combineLatest, …), so that snapshots may be taken. */
  readonly stateless?: boolean;
}

/**
 * Connects a driver to a port.
 *
 * A signal, bus or channel is lowered to a wire: the port shares its driver's storage and costs nothing. Any other
 * Observable is glue: combinational logic written with RxJS operators. It is evaluated once the instant has settled
 * (docs/timing-model.md, region 2); what it emits is written to the port and opens further deltas. Only its last
 * emission of a pass counts, so a `combineLatest` diamond drives the settled value.
 *
 * @throws WiringError for a second driver, other widths or clocks, a connection made after the start.
 * @throws AsyncDriveError later, when the Observable emits outside simulated time.
 */
export function connect<F extends Fields>(from: Channel<F>, to: Channel<F>): void;
export function connect(from: VectorSignal, to: VectorSignal): void;
export function connect(from: Signal, to: Signal): void;
export function connect(
  from: Observable<Drive>,
  to: Signal | VectorSignal,
  options?: ConnectOptions,
): Subscription;
export function connect(
  from: Channel | Observable<unknown>,
  to: Channel | Signal | VectorSignal,
  options: ConnectOptions = {},
): Subscription | void {
  if (from instanceof Channel) {
    if (!(to instanceof Channel)) throw new WiringError(to.path, `is a signal; ${from.path} is a channel`);
    from.connectTo(to);
    return;
  }
  if (to instanceof Channel) throw new WiringError(to.path, 'is a channel; only a channel can drive it');
  if (from instanceof Net) {
    (to as Net<unknown>).follow(from as Net<unknown>);
    return;
  }
  if (!isObservable(from)) throw new WiringError(to.path, 'its driver is no signal, channel or Observable');
  if (to.driver !== null || to.glueDriven)
    throw new WiringError(
      to.path,
      `already driven${to.driver === null ? ' by an Observable' : ` by ${to.driver.path}`}`,
    );
  const { sim } = to;
  if (sim.started) throw new WiringError(to.path, 'connected to an Observable after the simulation started');
  to.glueDriven = true;
  sim.glueCount += 1;
  if (options.stateless !== true) sim.statefulGlue.push(to.path);
  return sim.asGlue(() =>
    from.subscribe({
      next: (value) => {
        // RxJS rethrows what a subscriber throws from a timer of the host; the run must end with it instead.
        if (!sim.acceptsGlue) sim.fail(new AsyncDriveError(to.path));
        else {
          try {
            write(to, value as Drive);
          } catch (error) {
            sim.fail(error as Error);
          }
        }
      },
      error: (cause: unknown) => sim.fail(new GlueError(to.path, cause)),
    }),
  );
}

function write(to: Signal | VectorSignal, value: Drive): void {
  if (to instanceof VectorSignal) to.writeFrom(value as ArrayLike<number>);
  else to.write(Number(value));
}

/**
 * A register in operator glue: emits, at each edge of the clock, the source's settled value from before that edge. The
 * operators behind it (`scan`, `pairwise`, …) then see exactly one value a cycle, as a clocked block does. Under an
 * observer it has the clock's edges visited while the model runs, without keeping it running.
 */
export function register<T>(clock: Clock): (source: Observable<T>) => Observable<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      let has = false;
      let latest: T;
      const asGlue = clock.scheduler.sim.subscribingGlue;
      const subscription = source.subscribe({
        next: (value) => {
          has = true;
          latest = value;
        },
        error: (cause: unknown) => subscriber.error(cause),
      });
      const remove = clock.addMonitor(() => {
        if (!has) return;
        const sampled = latest;
        const emit = (): void => subscriber.next(sampled);
        if (asGlue) clock.scheduler.sim.afterEdges(emit);
        else clock.scheduler.sim.afterSettled(emit);
      });
      const release = asGlue ? null : clock.hold();
      if (asGlue) clock.keepRunning();
      return () => {
        remove();
        release?.();
        subscription.unsubscribe();
      };
    });
}

/**
 * Emits the last value of each instant: what an outside observer of several signals joined by operators
 * (`combineLatest`, `merge`, …) is to see. Without it a diamond shows states that the hardware never had.
 */
export function settled<T>(sim: {
  afterSettled(tell: () => void): void;
}): (source: Observable<T>) => Observable<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      let waiting = false;
      let latest: T;
      return source.subscribe({
        next: (value) => {
          latest = value;
          if (waiting) return;
          waiting = true;
          sim.afterSettled(() => {
            waiting = false;
            subscriber.next(latest);
          });
        },
        error: (cause: unknown) => subscriber.error(cause),
        complete: () => subscriber.complete(),
      });
    });
}
