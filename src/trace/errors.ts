import { MarblewaveError } from '../kernel/index.js';

/** A trace file that cannot be written. */
export class TraceFileError extends MarblewaveError {
  constructor(
    /** The file that was asked for. */
    readonly path: string,
    wanted: string,
    /** What the file system said. */
    override readonly cause: unknown,
  ) {
    const { code, message } = cause as NodeJS.ErrnoException;
    super('E_TRACE_FILE', `${path}: must be ${wanted}, got ${code === undefined ? message : said(message)}`);
  }
}

/** `ENOSPC: no space left on device, write` without the call's own arguments. */
function said(message: string): string {
  return message.split(', ')[0]!;
}

/** A run that cannot be traced: simulated time went backwards. */
export class TraceTimeError extends MarblewaveError {
  constructor(path: string, last: number, now: number) {
    super(
      'E_TRACE_TIME',
      `${path}: time must not go back while a trace is written (a snapshot was restored?), wanted ${last} ps or later, got ${now} ps`,
    );
  }
}

/** A trace file that cannot be read: something else, of a later version, cut off in its header, or damaged. */
export class TraceFormatError extends MarblewaveError {
  constructor(
    readonly path: string,
    /** Where in the file. */
    readonly offset: number,
    /** What was wanted there. */
    readonly wanted: string,
    /** What came. */
    readonly got: string,
  ) {
    super('E_TRACE_FORMAT', `${path}: byte ${offset}: must be ${wanted}, got ${got}`);
  }
}

/** A recorded run that cannot be read. */
export class WaveReadError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: string,
  ) {
    super('E_WAVES', `${path}: ${field} must be ${wanted}, got ${got}`);
  }
}
