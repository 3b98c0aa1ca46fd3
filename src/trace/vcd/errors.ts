import { MarblewaveError } from '../../kernel/index.js';

/** A file that is no Value Change Dump, or not one that can be read. */
export class VcdError extends MarblewaveError {
  constructor(
    readonly path: string,
    /** Counted from 1; 0 where the mistake is in the file as a whole. */
    readonly line: number,
    readonly wanted: string,
    readonly got: string,
  ) {
    super('E_VCD', `${path}${line > 0 ? `:${line}` : ''}: must be ${wanted}, got ${got}`);
  }
}
