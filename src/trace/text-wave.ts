/** A signal over the columns of a drawing. */
export interface WaveRow {
  readonly label: string;
  /** 'bit': drawn as a level, of values `0`, `1`, `x`, `z`. 'bus': its values are written. 'clock': one period a column, without values. */
  readonly kind: 'bit' | 'bus' | 'clock';
  /** As text, by column; null: there is none (yet, or any more). */
  readonly values: readonly (string | null)[];
}

export interface TextWaveOptions {
  /** Characters of a line; 80 if left out. Longer drawings go on in further blocks below. */
  readonly width?: number;
  /** Only characters below 128. */
  readonly ascii?: boolean;
  /** What stands above the columns, by column: cycle numbers, times. */
  readonly heads?: readonly string[];
  /** What they are. */
  readonly headLabel?: string;
  /** A column to point at. */
  readonly mark?: number;
}

interface Strokes {
  readonly low: string;
  readonly high: string;
  readonly rise: string;
  readonly fall: string;
  readonly unknown: string;
  readonly floating: string;
  readonly change: string;
  readonly more: string;
}

const UNICODE: Strokes = {
  low: '▁',
  high: '▔',
  rise: '╱',
  fall: '╲',
  unknown: '░',
  floating: '┄',
  change: '│',
  more: '…',
};
const ASCII: Strokes = {
  low: '_',
  high: '"',
  rise: '/',
  fall: '\\',
  unknown: 'x',
  floating: '-',
  change: '|',
  more: '~',
};
/** Widest column; what is longer is cut. */
const WIDEST = 20;

/**
 * Draws waves as lines of text, one a row, every column equally wide: as wide as the widest value needs that stands for one column.
 *
 * ```
 * cycle    0   1   2   3
 * valid  ▁▁▁▁╱▔▔▔▔▔▔▔╲▁▁▁
 * data   │00  │1f  │20
 * ```
 */
export function textWave(rows: readonly WaveRow[], options: TextWaveOptions = {}): string {
  const { width = 80, ascii = false, heads = [], headLabel = '', mark } = options;
  const strokes = ascii ? ASCII : UNICODE;
  const columns = Math.max(heads.length, ...rows.map(({ values }) => values.length));
  const margin = Math.max(headLabel.length, ...rows.map(({ label }) => label.length)) + 2;
  const step = columnWidth(rows, heads);
  const perBlock = Math.max(1, Math.floor((width - margin) / step));
  const blocks: string[] = [];
  for (let from = 0; from < columns; from += perBlock) {
    const to = Math.min(columns, from + perBlock);
    const lines = rows.map(({ label, kind, values }) => {
      const drawn = draw(kind, values.slice(0, to), from, step, strokes);
      return `${label.padEnd(margin)}${drawn}`;
    });
    if (heads.length > 0)
      lines.unshift(headLabel.padEnd(margin) + heads.slice(from, to).map(cell(step)).join(''));
    if (mark !== undefined && mark >= from && mark < to)
      lines.push(' '.repeat(margin + (mark - from) * step) + '^'.repeat(step));
    blocks.push(lines.map((line) => line.trimEnd()).join('\n'));
  }
  return blocks.join('\n\n');
}

function columnWidth(rows: readonly WaveRow[], heads: readonly string[]): number {
  let widest = Math.max(2, ...heads.map((head) => head.length + 1));
  for (const { kind, values } of rows) {
    if (kind !== 'bus') continue;
    for (let c = 0; c < values.length; c++) {
      const text = values[c];
      if (text !== null && values[c - 1] !== text && values[c + 1] !== text)
        widest = Math.max(widest, text!.length + 2);
    }
  }
  return Math.min(widest, WIDEST);
}

const cell =
  (step: number) =>
  (text: string): string =>
    text.slice(0, step).padEnd(step);

function draw(
  kind: WaveRow['kind'],
  values: readonly (string | null)[],
  from: number,
  step: number,
  strokes: Strokes,
): string {
  if (kind === 'clock') {
    const half = Math.ceil(step / 2);
    return (strokes.high.repeat(half) + strokes.low.repeat(step - half)).repeat(values.length - from);
  }
  return kind === 'bit' ? drawBit(values, from, step, strokes) : drawBus(values, from, step, strokes);
}

function drawBit(values: readonly (string | null)[], from: number, step: number, strokes: Strokes): string {
  let line = '';
  for (let c = from; c < values.length; c++) {
    const value = values[c]!;
    const before = c === 0 ? value : values[c - 1]!;
    const level = levelOf(value, strokes);
    let edge = level;
    if (before === '0' && value === '1') edge = strokes.rise;
    else if (before === '1' && value === '0') edge = strokes.fall;
    line += edge + level.repeat(step - 1);
  }
  return line;
}

function levelOf(value: string | null, strokes: Strokes): string {
  if (value === null) return ' ';
  if (value === '0') return strokes.low;
  if (value === '1') return strokes.high;
  return value === 'z' ? strokes.floating : strokes.unknown;
}

function drawBus(values: readonly (string | null)[], from: number, step: number, strokes: Strokes): string {
  let line = '';
  for (let c = from; c < values.length;) {
    let end = c + 1;
    while (end < values.length && values[end] === values[c]) end += 1;
    const room = (end - c) * step;
    const value = values[c]!;
    const goesOn = c > 0 && values[c - 1] === value;
    if (value === null) line += ' '.repeat(room);
    else {
      const text = value.length < room ? value : `${value.slice(0, room - 2)}${strokes.more}`;
      line += ((goesOn ? ' ' : strokes.change) + text).padEnd(room);
    }
    c = end;
  }
  return line;
}
