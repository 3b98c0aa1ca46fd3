import { type Radix, valueText } from '../value-text.js';
import type { WaveFile, WaveSignal, WaveValue } from '../waves.js';
import { type ColumnWish, columnsOf, sample } from './columns.js';
import { decimalTime, NS } from './decimal-time.js';

/** A line of a diagram in WaveDrom's language. */
export interface WaveLane {
  readonly name: string;
  /** A character a column: `0`, `1`, `x`, `z`, `=` for a new label, `p` for a pulse, `.` for what was before. */
  readonly wave: string;
  /** Labels of the `=`, in order. */
  readonly data?: readonly string[];
}

export interface WaveDiagram {
  readonly signal: readonly WaveLane[];
  readonly head?: { readonly text: string };
  /** Times of the columns, between spaces. */
  readonly foot: { readonly tick: string; readonly text: string };
  readonly config: { readonly hscale: number };
}

export interface DiagramOptions extends Omit<ColumnWish, 'limit'> {
  readonly radix?: Radix;
  readonly title?: string;
}

/** Columns that a diagram has at most. */
export const DIAGRAM_COLUMNS = 500;

/** Width of a column, and of a character in it, at scale 1. */
const COLUMN_PX = 34;
const CHARACTER_PX = 6.5;

/**
 * A window as a diagram: a column a cycle of the clock, with what its edge will see, or a column each time that something changes.
 * Single bits are levels, everything else labels; an event is a pulse.
 *
 * @throws ConfigError for a window of more than {@link DIAGRAM_COLUMNS} columns, or an unknown clock
 */
export function waveDiagram(waves: WaveFile, options: DiagramOptions): WaveDiagram {
  const { signals, radix = 'type', title } = options;
  const columns = columnsOf(waves, { ...options, limit: DIAGRAM_COLUMNS });
  const cells = sample(waves, signals, columns);
  const lanes = signals.map((place, i) => lane(waves.signals[place]!, cells[i]!, radix));
  const count = columns.times.length;
  const clock = columns.clock === null ? [] : [{ name: columns.clock, wave: `p${'.'.repeat(count - 1)}` }];
  const longest = Math.max(0, ...lanes.flatMap(({ data = [] }) => data.map(({ length }) => length)));
  const ticks = [...columns.times, columns.to].map((time) => decimalTime(time, waves.unitFs, NS));
  return {
    signal: [...clock, ...lanes],
    ...(title === undefined ? {} : { head: { text: title } }),
    // The renderer appends a 0 to the ticks; behind a space it is a tick beyond the last column.
    foot: { tick: `${ticks.join(' ')} `, text: 'ns' },
    config: { hscale: Math.min(20, Math.max(1, Math.ceil((longest * CHARACTER_PX) / COLUMN_PX))) },
  };
}

function lane(signal: WaveSignal, cells: readonly (WaveValue | null)[], radix: Radix): WaveLane {
  if (signal.kind === 'event')
    return { name: signal.path, wave: cells.map((cell) => (cell === null ? '0' : 'p')).join('') };
  const isLevel = signal.kind === 'bits' && signal.width === 1;
  const data: string[] = [];
  let wave = '';
  let last: WaveValue | null | undefined;
  for (const cell of cells) {
    if (cell === last) wave += '.';
    else if (cell === null) wave += 'x';
    else if (isLevel) wave += String(cell);
    else if (signal.kind === 'bits' && /^(x+|z+)$/.test(String(cell))) wave += String(cell)[0]!;
    else {
      wave += '=';
      data.push(signal.kind === 'text' ? String(cell) : valueText(signal, cell, radix));
    }
    last = cell;
  }
  return isLevel ? { name: signal.path, wave } : { name: signal.path, wave, data };
}
