import type { TransactionRecord } from '../kernel/index.js';

/** Where a recording goes: one file format each. Times are ps and must not fall; waves go by their number. */
export interface RecordSink {
  /** Bytes written so far. */
  readonly bytes: number;
  /** Writes the head; what `values` writes holds at the time at which the recording begins. */
  begin(values: () => void): void;
  /** What follows happens at this time. */
  time(time: number): void;
  scalar(wave: number, value: number): void;
  lanes(wave: number, values: ArrayLike<number>): void;
  event(wave: number): void;
  /** Null where the format has no transactions. */
  readonly transaction: ((record: TransactionRecord) => void) | null;
  /** Ends the recording at a time and gives the file its name. */
  commit(time: number): void;
  /** Gives the file up. */
  abort(): void;
}
