import type { ChunkStore } from './chunk-store.js';
import { LAST } from './layout.js';
import type { TraceTransaction } from './transaction-table.js';

/** Transactions under way at some time from `from` to `to`, of one kind if it is given. */
export function* transactionsIn(
  store: ChunkStore,
  from: number,
  to: number,
  kind: string | undefined,
): Generator<TraceTransaction, void, undefined> {
  const isWanted = (row: TraceTransaction): boolean =>
    row.begin <= to && (kind === undefined || row.kind === kind);
  for (let number = store.firstTo(from); number < store.count; number++) {
    const { transactions, earliest } = store.head(number);
    // What ends in a chunk after the window began before it ended, or it is not wanted.
    if (transactions === 0 || earliest > to) continue;
    const rows = store.use(number, (chunk) => chunk.transactions());
    for (const row of rows ?? [])
      if (row.end !== null && row.end >= from && row.end <= store.end && isWanted(row)) yield row;
  }
  if (from <= store.end) for (const row of openTransactions(store)) if (isWanted(row)) yield row;
}

/** Transactions that have not ended by the end of what is known. */
export function openTransactions(store: ChunkStore): TraceTransaction[] {
  const open = new Map<number, TraceTransaction>();
  const isEnded = (number: number): boolean => (store.head(number).flags & LAST) !== 0;
  const first = store.count > 0 && isEnded(store.count - 1) ? store.count - 1 : 0;
  for (let number = first; number < store.count; number++) {
    if (store.head(number).transactions === 0) continue;
    const rows = store.use(number, (chunk) => chunk.transactions());
    for (const row of rows ?? []) {
      if (row.end !== null && row.end <= store.end) {
        open.delete(row.id);
        continue;
      }
      if (row.begin > store.end) continue;
      // Rows of open transactions have what is new in their chunk, except in the last chunk.
      const isPart = row.end === null && !isEnded(number);
      open.set(row.id, unended(row, isPart ? (open.get(row.id)?.blocked ?? []) : [], store.end));
    }
  }
  return [...open.values()];
}

/** What is known of a transaction at a time before its end, `before` being the notes of earlier rows. */
function unended(row: TraceTransaction, before: TraceTransaction['blocked'], time: number): TraceTransaction {
  return {
    ...row,
    end: null,
    endAttributes: {},
    blocked: [...before, ...row.blocked.filter((note) => note.time <= time)],
  };
}
