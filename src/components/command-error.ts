import { MarblewaveError, show } from '../kernel/index.js';

/** A command, a row or a setting that a part cannot carry out, met while time runs. */
export class CommandError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: unknown,
    readonly cycle: number,
  ) {
    super('E_COMMAND', `${path}: ${field} must be ${wanted}, got ${show(got)}, in cycle ${cycle}`);
  }
}
