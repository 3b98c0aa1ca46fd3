import type { TransactionRecord } from '../../kernel/index.js';
import type { TraceTransaction } from './transaction-source.js';

export interface RecordChange {
  /** Window, ps. */
  readonly from: number;
  readonly to: number;
  /** Ids are moved up by so much. */
  readonly above: number;
  /** Stands before each path, with a dot; empty for none. */
  readonly prefix: string;
}

/**
 * Transactions as the records that they came as, in the order of time, cut to a window: what began before it begins with it, with the
 * attribute `cut_begin_ps`; what ends after it has no end.
 *
 * At one time, begins keep the order of ids and ends the order in which the transactions are given, which is that of a trace file.
 */
export function transactionRecords(
  transactions: Iterable<TraceTransaction>,
  { from, to, above, prefix }: RecordChange,
): TransactionRecord[] {
  const begins: TransactionRecord[] = [];
  const notes: TransactionRecord[] = [];
  const ends: TransactionRecord[] = [];
  for (const { begin, end, blocked, ...t } of transactions) {
    const id = t.id + above;
    begins.push({
      type: 'begin',
      id,
      time: Math.max(from, begin),
      kind: t.kind,
      path: prefix === '' ? t.path : `${prefix}.${t.path}`,
      parent: t.parent === 0 ? 0 : t.parent + above,
      attributes: begin < from ? { ...t.attributes, cut_begin_ps: begin } : t.attributes,
    });
    for (const { time, why } of blocked)
      if (time <= to) notes.push({ type: 'blocked', id, time: Math.max(from, time), why });
    if (end !== null && end <= to) ends.push({ type: 'end', id, time: end, attributes: t.endAttributes });
  }
  begins.sort((a, b) => a.time - b.time || a.id - b.id);
  return merged(
    begins,
    [...notes, ...ends].sort((a, b) => a.time - b.time),
  );
}

/** Begins as late as they may be: before what is later, and before what is said of them. */
function merged(
  begins: readonly TransactionRecord[],
  others: readonly TransactionRecord[],
): TransactionRecord[] {
  const records: TransactionRecord[] = [];
  const begun = new Set<number>();
  let at = 0;
  const begin = (): void => {
    begun.add(begins[at]!.id);
    records.push(begins[at]!);
    at += 1;
  };
  for (const other of others) {
    while (at < begins.length && (begins[at]!.time < other.time || !begun.has(other.id))) begin();
    records.push(other);
  }
  while (at < begins.length) begin();
  return records;
}
