import { type Radix, valueText } from '../value-text.js';
import type { WaveFile, WaveSignal, WaveValue } from '../waves.js';
import { decimalTime, PS } from './decimal-time.js';
import { LineBuffer, type TextSink } from './text-sink.js';

export interface CsvOptions {
  /** Places of the signals. */
  readonly signals: readonly number[];
  /** In units of the file, both included. */
  readonly from: number;
  readonly to: number;
  readonly radix?: Radix;
  /** One column a signal instead of one line a change. */
  readonly wide?: boolean;
}

/**
 * Changes as CSV (RFC 4180, lines end in LF), time in ps.
 *
 * Long form: `time,signal,value`, a line a change in the order of time, first the values at the beginning. Wide form: `time` and a
 * column a signal; a line each time at which anything changes, with the values that hold after it; a signal without a value yet has
 * nothing there, an event 1 where it happened and nothing elsewhere. Written as it is read, in memory for one line.
 */
export function writeCsv(waves: WaveFile, sink: TextSink, options: CsvOptions): void {
  if (options.wide === true) wide(waves, sink, options);
  else long(waves, sink, options);
}

function long(waves: WaveFile, sink: TextSink, options: CsvOptions): void {
  const { radix = 'type' } = options;
  const out = new LineBuffer(sink);
  out.line('time,signal,value');
  for (const { time, signal, value } of waves.changes(options)) {
    const at = waves.signals[signal]!;
    out.line(`${decimalTime(time, waves.unitFs, PS)},${field(at.path)},${cell(at, value, radix)}`);
  }
  out.flush();
}

function wide(waves: WaveFile, sink: TextSink, options: CsvOptions): void {
  const { signals, radix = 'type' } = options;
  const out = new LineBuffer(sink);
  const shown = signals.map((place) => waves.signals[place]!);
  const column = new Map(signals.map((place, i) => [place, i]));
  const cells = signals.map(() => '');
  out.line(['time', ...shown.map(({ path }) => field(path))].join(','));
  let now: number | null = null;
  const row = (): void => {
    if (now === null) return;
    out.line([decimalTime(now, waves.unitFs, PS), ...cells].join(','));
    shown.forEach(({ kind }, i) => {
      if (kind === 'event') cells[i] = '';
    });
  };
  for (const { time, signal, value } of waves.changes(options)) {
    if (time !== now) row();
    now = time;
    const at = column.get(signal)!;
    cells[at] = shown[at]!.kind === 'event' ? '1' : cell(shown[at]!, value, radix);
  }
  row();
  out.flush();
}

/** Texts stand for themselves, and an event for nothing: a table has no need of quotes. */
function cell(signal: WaveSignal, value: WaveValue, radix: Radix): string {
  if (signal.kind === 'event') return '';
  return field(signal.kind === 'text' ? String(value) : valueText(signal, value, radix));
}

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
