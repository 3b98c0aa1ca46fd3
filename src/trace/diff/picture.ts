import type { TextWaveOptions, WaveRow } from '../text-wave.js';
import { timeText } from '../time-text.js';
import { valueText } from '../value-text.js';
import type { WaveDiff } from './diff-waves.js';
import type { SlotValue } from './instants.js';
import type { Pair } from './pairing.js';

/** The surroundings of the first divergence, for textWave and waveJson. */
export interface Picture {
  readonly rows: readonly WaveRow[];
  readonly heads: readonly string[];
  readonly headLabel: string;
  readonly mark: NonNullable<TextWaveOptions['mark']>;
}

/** Longest label of a row; of longer names the end stands. */
const LONGEST = 32;

/** Both runs around the first divergence: one row for a signal that is the same there, else one for each run. Null when there is none. */
export function pictureOf(diff: WaveDiff): Picture | null {
  const { context, align, unitFs } = diff;
  if (context === null || context.columns.length === 0) return null;
  const { columns, shown, mark } = context;
  const rows = shown.flatMap(({ pair, isClock }, slot): WaveRow[] => {
    if (isClock) return [{ label: labelOf(pair.name), kind: 'clock', values: columns.map(() => null) }];
    const a = rowOf(
      pair,
      columns.map((column) => column.a[slot]!),
    );
    const b = rowOf(
      pair,
      columns.map((column) => column.b[slot]!),
    );
    const isSame = a.every((value, i) => value === b[i]);
    const kind = pair.signal.kind === 'bits' && pair.signal.width === 1 ? 'bit' : 'bus';
    const label = labelOf(pair.name);
    if (isSame) return [{ label, kind, values: a }];
    return [
      { label: `${label} A`, kind, values: a },
      { label: `${label} B`, kind, values: b },
    ];
  });
  const heads = columns.map(({ at, time }) =>
    align === 'time' ? timeText(time, unitFs).replace(' ', '') : String(at),
  );
  const headLabel = { time: 'time', clock: 'cycle', handshake: 'transfer' }[align];
  return { rows, heads, headLabel, mark };
}

function rowOf(pair: Pair, values: readonly SlotValue[]): (string | null)[] {
  return values.map((value) => {
    if (value === null) return null;
    return valueText(pair.signal, value);
  });
}

const labelOf = (name: string): string => (name.length <= LONGEST ? name : `…${name.slice(1 - LONGEST)}`);
