import type { TraceTransaction } from '../../../src/trace/export/transaction-source.js';
import type { WaveChange, WaveClock, WaveFile, WaveSignal, WaveValue } from '../../../src/trace/waves.js';

export type Change = readonly [time: number, signal: number, value: WaveValue];

export interface Plain {
  readonly signals: readonly WaveSignal[];
  readonly changes: readonly Change[];
  readonly unitFs?: number;
  readonly clocks?: readonly WaveClock[];
  readonly begin?: number;
  readonly end?: number;
  readonly transactions?: readonly TraceTransaction[];
}

/** A run in plain arrays. */
export function plainWaves(plain: Plain): WaveFile & {
  transactions(window?: { from?: number; to?: number }): Iterable<TraceTransaction>;
} {
  const { signals, changes, unitFs = 1000, clocks = [], transactions = [] } = plain;
  const begin = plain.begin ?? 0;
  const end = plain.end ?? Math.max(begin, ...changes.map(([time]) => time));
  return {
    name: 'plain',
    unitFs,
    signals,
    clocks,
    begin,
    end,
    damage: null,
    changes({ signals: chosen = signals.map((_, i) => i), from = begin, to = end } = {}): WaveChange[] {
      const out: WaveChange[] = [];
      for (const signal of [...chosen].sort((a, b) => a - b)) {
        if (signals[signal]!.kind === 'event') continue;
        const before = changes.filter(([time, s]) => s === signal && time <= from).at(-1);
        if (before !== undefined) out.push({ time: from, signal, value: before[2] });
      }
      for (const [time, signal, value] of changes) {
        const isEvent = signals[signal]!.kind === 'event';
        if (chosen.includes(signal) && (isEvent ? time >= from : time > from) && time <= to)
          out.push({ time, signal, value });
      }
      return out;
    },
    transactions: ({ from = -Infinity, to = Infinity } = {}) =>
      transactions.filter((t) => t.begin <= to && (t.end ?? Infinity) >= from),
    close: () => {},
  };
}

export const bus = (path: string, width: number, more: Partial<WaveSignal> = {}): WaveSignal => ({
  path,
  kind: 'bits',
  width,
  lanes: 1,
  type: null,
  wave: 0,
  clock: null,
  ...more,
});

export const transaction = (more: Partial<TraceTransaction>): TraceTransaction => ({
  id: 1,
  kind: 'layer',
  path: 'm',
  parent: 0,
  begin: 0,
  end: null,
  attributes: {},
  endAttributes: {},
  blocked: [],
  ...more,
});

/** A sink whose text can be looked at. */
export class Text {
  written = '';
  text(text: string): void {
    this.written += text;
  }
}
