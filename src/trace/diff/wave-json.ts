import type { WaveRow } from '../text-wave.js';

/** A drawing as WaveDrom reads it (WaveJSON). */
export interface WaveJson {
  readonly signal: readonly WaveJsonLane[];
  readonly head: { readonly text: string };
  readonly foot: { readonly text: string };
  readonly config: { readonly hscale: number };
}

interface WaveJsonLane {
  readonly name: string;
  readonly wave: string;
  readonly data?: readonly string[];
}

export interface WaveJsonOptions {
  readonly title: string;
  /** What stands above the columns, one text a column without blanks. */
  readonly heads: readonly string[];
  readonly foot?: string;
}

/** Width of a column of WaveDrom, and about that of one of its characters, px. */
const COLUMN = 40;
const CHARACTER = 6.5;

/** Rows as WaveJSON: levels for bits, boxes with their value for buses. */
export function waveJson(rows: readonly WaveRow[], { title, heads, foot = '' }: WaveJsonOptions): WaveJson {
  const columns = Math.max(heads.length, ...rows.map(({ values }) => values.length));
  const lanes = rows.map((row) => lane(row, columns));
  const header = heads.length === 0 ? [] : [{ name: '', wave: '2'.repeat(columns), data: heads }];
  const longest = Math.max(
    1,
    ...heads.map((h) => h.length),
    ...lanes.flatMap(({ data = [] }) => data.map((d) => d.length)),
  );
  const hscale = Math.min(8, Math.max(1, Math.ceil((longest * CHARACTER + 12) / COLUMN)));
  return { signal: [...header, ...lanes], head: { text: title }, foot: { text: foot }, config: { hscale } };
}

function lane({ label, kind, values }: WaveRow, columns: number): WaveJsonLane {
  if (kind === 'clock') return { name: label, wave: `p${'.'.repeat(columns - 1)}` };
  let wave = '';
  const data: string[] = [];
  for (let c = 0; c < columns; c++) {
    const value = values[c] ?? null;
    if (c > 0 && (values[c - 1] ?? null) === value) wave += '.';
    else if (value === null) wave += 'x';
    else if (kind === 'bit') wave += value;
    else {
      wave += '=';
      data.push(value);
    }
  }
  return data.length === 0 ? { name: label, wave } : { name: label, wave, data };
}
