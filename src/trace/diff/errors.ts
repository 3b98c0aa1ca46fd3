import { MarblewaveError, show } from '../../kernel/index.js';

/** Two runs that cannot be compared as was asked. */
export class DiffError extends MarblewaveError {
  constructor(
    /** The file, or `diff` where it is about both. */
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: unknown,
    hint = '',
  ) {
    super('E_DIFF', `${path}: ${field} must be ${wanted}, got ${show(got)}${hint}`);
  }
}
