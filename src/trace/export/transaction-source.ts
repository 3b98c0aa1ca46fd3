import type { TraceTransaction } from '../mwt/transaction-table.js';

export interface TransactionWindow {
  /** ps: transactions of which any moment lies in it, both ends included. */
  readonly from?: number;
  readonly to?: number;
}

/** A file that has transactions. */
export interface TransactionSource {
  readonly name: string;
  transactions(window?: TransactionWindow): Iterable<TraceTransaction>;
}

export type { TraceTransaction } from '../mwt/transaction-table.js';
