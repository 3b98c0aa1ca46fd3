import type { Cell, Row } from '../scenario/scenario.js';

/** Rows as CSV (RFC 4180, lines end in LF): a header of keys, numbers in full, null as nothing. */
export function csv(columns: readonly { readonly key: string }[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ key }) => field(key)),
    ...rows.map((row) => columns.map(({ key }) => field(row[key] ?? null))),
  ];
  return lines.map((line) => `${line.join(',')}\n`).join('');
}

function field(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
