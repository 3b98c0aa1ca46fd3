import { columnsOf, sample } from '../trace/export/columns.js';
import { textWave, type WaveRow } from '../trace/text-wave.js';
import { timeText } from '../trace/time-text.js';
import { type Radix, valueText } from '../trace/value-text.js';
import type { WaveFile, WaveSignal, WaveValue } from '../trace/waves.js';
import type { Option, Parsed } from './options.js';
import {
  chosenClock,
  chosenSignals,
  chosenWindow,
  fromOption,
  RADICES,
  radixOption,
  signalsOption,
  toOption,
  warnOfDamage,
  withFile,
} from './trace-source.js';
import { UsageError } from './usage-error.js';

export const showOptions: readonly Option[] = [
  signalsOption,
  fromOption,
  toOption,
  {
    name: 'clock',
    value: 'CLOCK',
    help: 'a column a cycle of this clock or signal (default: a column a change)',
  },
  { name: 'columns', value: 'N', help: 'at most so many columns (default 32)' },
  radixOption,
  { name: 'width', value: 'N', help: 'characters of a line (default 80)' },
  { name: 'ascii', help: 'draw with ASCII only' },
];

/** Signals that are drawn without being asked for more closely. */
const SIGNALS = 200;

/** `marblewave trace show`. @throws UsageError */
export function traceShow(options: Parsed): number {
  return withFile(options, 'show', (waves) => {
    const signals = chosenSignals(waves, options);
    if (signals.length > SIGNALS)
      throw new UsageError(
        `trace show: --signals must choose at most ${SIGNALS} signals, got ${signals.length}; trace info lists the modules`,
      );
    warnOfDamage(waves);
    process.stdout.write(`${drawing(waves, signals, options)}\n`);
    return 0;
  });
}

function drawing(waves: WaveFile, signals: readonly number[], options: Parsed): string {
  const { from, to } = chosenWindow(waves, options);
  const limit = options.whole('columns', 1, 10_000) ?? 32;
  const radix = options.choice('radix', RADICES) ?? 'type';
  const clock = chosenClock(waves, options);
  const columns = columnsOf(waves, { signals, from, to, clock, limit, more: 'stop' });
  const cells = sample(waves, signals, columns);
  const rows = signals.map((place, i) => row(waves.signals[place]!, cells[i]!, radix));
  const { times, firstCycle } = columns;
  const heads =
    firstCycle === null
      ? times.map((time) => timeText(time, waves.unitFs).replaceAll(' ', ''))
      : times.map((_, i) => String(firstCycle + i));
  const clockRow: WaveRow[] =
    columns.clock === null ? [] : [{ label: columns.clock, kind: 'clock', values: times.map(() => '1') }];
  const width = options.whole('width', 20, 10_000) ?? 80;
  const text = textWave([...clockRow, ...rows], { width, ascii: options.flag('ascii'), heads });
  const what = columns.clock === null ? 'times of change' : `cycles of ${columns.clock}`;
  const span = `${timeText(times[0]!, waves.unitFs)} to ${timeText(columns.to, waves.unitFs)}`;
  const more = columns.to < to ? `, and more to ${timeText(to, waves.unitFs)}: --columns, --from` : '';
  return `${text}\n\n${times.length} ${what}, ${span}${more}`;
}

function row(signal: WaveSignal, cells: readonly (WaveValue | null)[], radix: Radix): WaveRow {
  const { path: label, kind, width } = signal;
  if (kind === 'event')
    return { label, kind: 'bit', values: cells.map((cell) => (cell === null ? '0' : '1')) };
  if (kind === 'bits' && width === 1)
    return { label, kind: 'bit', values: cells.map((cell) => (cell === null ? null : String(cell))) };
  const values = cells.map((cell) => (cell === null ? null : valueText(signal, cell, radix)));
  return { label, kind: 'bus', values };
}
