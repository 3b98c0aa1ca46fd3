import { MarblewaveError } from '../kernel/index.js';
import type { MwtHeader } from '../trace/mwt/header.js';
import type { TraceTransaction } from '../trace/mwt/transaction-table.js';
import type { WaveFile } from '../trace/waves.js';

/** What a replay reads: a trace file. */
export interface ReplaySource extends Pick<
  WaveFile,
  'name' | 'signals' | 'clocks' | 'begin' | 'end' | 'damage' | 'changes'
> {
  readonly header: MwtHeader;
  /** In the order in which they ended. */
  transactions(): Iterable<TraceTransaction>;
}

/** A trace that holds too little for what is asked of it: a part of a run, or of its signals. */
export class ReplayError extends MarblewaveError {
  constructor(
    readonly path: string,
    /** What is missing. */
    readonly missing: string,
  ) {
    super(
      'E_REPLAY',
      `${path}: a report needs a whole run with all its signals and transactions (run --trace FILE.mwt, without a selection), got ${missing}`,
    );
  }
}

/** A number among a transaction's attributes. @throws ReplayError */
export function numberOf(source: ReplaySource, of: TraceTransaction, name: string): number {
  const value = of.attributes[name] ?? of.endAttributes[name];
  if (typeof value === 'number') return value;
  throw new ReplayError(source.name, `${of.kind} ${of.id} at ${of.begin} ps without a number ${name}`);
}
