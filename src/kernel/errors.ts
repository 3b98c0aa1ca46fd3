import { nearest } from './near-names.js';

/**
 * The kernel's errors. Each cause has a stable `code`; each message names the full path of the part, the field, what was
 * wanted and what came, and the cycle or time where simulation had begun.
 */
export class MarblewaveError extends Error {
  constructor(
    /** Stable identifier of the cause, for programs. */
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** Shows a value in an error: short, on one line, strings quoted. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return `a function`;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}

/** A parameter out of its range, found at construction. */
export class ConfigError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: unknown,
  ) {
    super('E_CONFIG', `${path}: ${field} must be ${wanted}, got ${show(got)}`);
  }
}

/** A wiring mistake: two drivers, widths that differ, a name used twice. */
export class WiringError extends MarblewaveError {
  constructor(path: string, problem: string) {
    super('E_WIRING', `${path}: ${problem}`);
  }
}

/** A path that names nothing, or nothing of the wanted kind, with the nearest names that exist. */
export class PathError extends MarblewaveError {
  constructor(path: string, known: readonly string[], problem = `nothing is named ${show(path)}`) {
    const near = nearest(path.slice(path.lastIndexOf('.') + 1), known, 8).join(', ');
    super('E_PATH', `${problem}${near === '' ? '' : `; there are: ${near}`}`);
  }
}

/** A value that does not fit the declared width of the signal it was written to. */
export class WidthError extends MarblewaveError {
  constructor(path: string, type: string, value: number, time: number) {
    super('E_WIDTH', `${path}: wanted a value of type ${type}, got ${value} at ${time} ps`);
  }
}

/** One step of a loop of combinational processes. */
export interface LoopStep {
  readonly process: string;
  readonly signal: string;
}

/** Combinational processes that keep waking each other within one instant. */
export class CombinationalLoopError extends MarblewaveError {
  constructor(
    readonly loop: readonly LoopStep[],
    readonly deltas: number,
    readonly time: number,
  ) {
    const walk = loop.map((s) => `${s.process} -> ${s.signal}`).join(' -> ');
    super('E_COMB_LOOP', `combinational loop at ${time} ps, not settled after ${deltas} deltas: ${walk}`);
  }
}

/** RxJS glue that keeps writing, or timers without delay that keep firing, within one instant. */
export class GlueLoopError extends MarblewaveError {
  constructor(ports: readonly string[], passes: number, time: number) {
    const who =
      ports.length > 0 ? `it drives ${ports.join(', ')}` : 'timers without delay schedule themselves again';
    super('E_GLUE_LOOP', `operator glue at ${time} ps, not settled after ${passes} passes; ${who}`);
  }
}

/** An Observable drove a port from outside simulated time (a promise, a timer of the host), or from an observer. */
export class AsyncDriveError extends MarblewaveError {
  constructor(port: string) {
    super(
      'E_ASYNC_DRIVE',
      `${port}: driven by an Observable outside simulated time (a promise, a timer of the host, an observer); use a scheduler of the simulation (sim.scheduler, clock.scheduler) or poke() between runs`,
    );
  }
}

/** An Observable that drives a port ended in an error. */
export class GlueError extends MarblewaveError {
  constructor(
    port: string,
    override readonly cause: unknown,
  ) {
    super(
      'E_GLUE',
      `${port}: the Observable that drives it failed: ${cause instanceof Error ? cause.message : show(cause)}`,
    );
  }
}

/** Who waits for whom. */
export interface Wait {
  readonly who: string;
  readonly whom: string;
  readonly why: string;
}

/** Nothing can advance although work is pending. */
export class DeadlockError extends MarblewaveError {
  constructor(
    readonly waits: readonly Wait[],
    readonly time: number,
  ) {
    const lines = waits.map((w) => `  ${w.who} waits for ${w.whom}: ${w.why}`);
    super('E_DEADLOCK', `deadlock at ${time} ps: nothing can advance, and\n${lines.join('\n')}`);
  }
}

/** A run went past the number of cycles it was given. */
export class WatchdogError extends MarblewaveError {
  constructor(clock: string, limit: number, waits: readonly Wait[]) {
    const lines = waits.map((w) => `\n  ${w.who} waits for ${w.whom}: ${w.why}`);
    super('E_WATCHDOG', `watchdog: not done after ${limit} cycles of ${clock}${lines.join('')}`);
  }
}

/** A snapshot that cannot be taken or restored. */
export class SnapshotError extends MarblewaveError {
  constructor(problem: string) {
    super('E_SNAPSHOT', `snapshot: ${problem}`);
  }
}

/** A breakpoint or probe expression that does not parse or names nothing. */
export class ExpressionError extends MarblewaveError {
  constructor(text: string, at: number, problem: string) {
    super('E_EXPRESSION', `expression ${show(text)}, column ${at + 1}: ${problem}`);
  }
}
