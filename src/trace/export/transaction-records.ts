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

/** Records of one time: what ends what began before, what begins, what ends at once. */
const BEFORE = 0;
const BEGIN = 1;
const AFTER = 2;

/**
 * Transactions as the records that they came as, in the order of time, cut to a window: what began before it begins with it, with the
 * attribute `cut_begin_ps`; what ends after it has no end.
 */
export function transactionRecords(
  transactions: Iterable<TraceTransaction>,
  { from, to, above, prefix }: RecordChange,
): TransactionRecord[] {
  const records: { readonly rank: number; readonly record: TransactionRecord }[] = [];
  for (const { begin, end, blocked, ...t } of transactions) {
    const id = t.id + above;
    const time = Math.max(from, begin);
    const rank = (at: number): number => (at > time ? BEFORE : AFTER);
    records.push({
      rank: BEGIN,
      record: {
        type: 'begin',
        id,
        time,
        kind: t.kind,
        path: prefix === '' ? t.path : `${prefix}.${t.path}`,
        parent: t.parent === 0 ? 0 : t.parent + above,
        attributes: begin < from ? { ...t.attributes, cut_begin_ps: begin } : t.attributes,
      },
    });
    for (const { time: at, why } of blocked)
      if (at <= to) {
        const noted = Math.max(from, at);
        records.push({ rank: rank(noted), record: { type: 'blocked', id, time: noted, why } });
      }
    if (end !== null && end <= to)
      records.push({ rank: rank(end), record: { type: 'end', id, time: end, attributes: t.endAttributes } });
  }
  return records.sort((a, b) => a.record.time - b.record.time || a.rank - b.rank).map(({ record }) => record);
}
