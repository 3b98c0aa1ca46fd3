import type { SlotValue } from './instants.js';
import type { Rows } from './rows.js';

/** A point of both runs near the first divergence. */
export interface Column {
  readonly at: number;
  readonly time: number;
  readonly cycle: number | null;
  /** Values by slot; null where the run has none. */
  readonly a: readonly SlotValue[];
  readonly b: readonly SlotValue[];
}

/** Collects up to `most` points before `at`, that point, and up to `most` behind it. Reads both runs from the beginning of their span. */
export function columnsAround(
  a: Rows,
  b: Rows,
  isEvent: readonly boolean[],
  at: number,
  most: number,
): Column[] {
  const columns: Column[] = [];
  const held = isEvent.map((): [SlotValue, SlotValue] => [null, null]);
  const take = (rows: Rows, side: 0 | 1): void => {
    for (const slot of rows.changed) if (slot < held.length) held[slot]![side] = rows.values[slot]!;
  };
  let hasA = a.next();
  let hasB = b.next();
  let behind = 0;
  while ((hasA || hasB) && behind < most) {
    const now = Math.min(hasA ? a.at : Infinity, hasB ? b.at : Infinity);
    const inA = hasA && a.at === now;
    const inB = hasB && b.at === now;
    for (const [slot, values] of held.entries()) if (isEvent[slot] === true) values.fill(0);
    if (inA) take(a, 0);
    if (inB) take(b, 1);
    const { time, cycle } = inA ? a : b;
    columns.push({
      at: now,
      time,
      cycle,
      a: held.map((values) => (!inA && now > a.last ? null : values[0])),
      b: held.map((values) => (!inB && now > b.last ? null : values[1])),
    });
    if (now > at) behind += 1;
    else if (columns.length > most + 1) columns.shift();
    if (inA) hasA = a.next();
    if (inB) hasB = b.next();
  }
  a.close();
  b.close();
  return columns;
}
