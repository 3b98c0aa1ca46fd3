/** A column of a text table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lays out rows under titles: columns as wide as their longest cell, two spaces between, a rule below the titles and above `footer` rows. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  footer: readonly (readonly string[])[] = [],
): string {
  const all = [columns.map((c) => c.title), ...rows, ...footer];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    columns
      .map((column, i) =>
        column.align === 'left' ? (row[i] ?? '').padEnd(widths[i]!) : (row[i] ?? '').padStart(widths[i]!),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [
    line(all[0]!),
    rule,
    ...rows.map(line),
    ...(footer.length > 0 ? [rule, ...footer.map(line)] : []),
  ].join('\n');
}

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
/** `12,345` */
export const whole = (value: number): string => grouped.format(value);
/** `12.3` */
export const fixed1 = (value: number): string => value.toFixed(1);
/** `12.3 %` */
export const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
/** `12,345 B`, `81 KiB`, `12.3 MiB` */
export function bytes(value: number): string {
  if (value < 10_000) return `${whole(value)} B`;
  if (value < 10 * 2 ** 20) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 2 ** 20).toFixed(1)} MiB`;
}
