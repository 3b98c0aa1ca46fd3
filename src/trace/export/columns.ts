import { ConfigError } from '../../kernel/index.js';
import type { WaveFile, WaveValue } from '../waves.js';
import { clockEdges } from './clock-edges.js';

/** Time cut into columns, each from its time to just before the next one's; the last ends after `to`. */
export interface Columns {
  /** In units of the file, ascending; 1 or more. */
  readonly times: readonly number[];
  readonly to: number;
  /** The clock whose cycles they are. */
  readonly clock: string | null;
}

export interface ColumnWish {
  readonly signals: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Columns are cycles of this clock; without, each time at which a chosen signal changes begins one. */
  readonly clock?: string | undefined;
  /** Most columns. */
  readonly limit: number;
}

/** @throws ConfigError for a window with more columns than the limit, or a clock that is not there */
export function columnsOf(waves: WaveFile, { signals, from, to, clock, limit }: ColumnWish): Columns {
  const times: number[] = [];
  const put = (time: number): void => {
    if (times.at(-1) === time) return;
    if (times.length === limit)
      throw new ConfigError(
        waves.name,
        'window',
        `of at most ${limit} ${clock === undefined ? 'times of change' : `cycles of ${clock}`}`,
        `more from ${from} to ${to}`,
      );
    times.push(time);
  };
  if (clock === undefined) {
    put(from);
    for (const { time } of waves.changes({ signals, from, to })) put(time);
  } else for (const time of clockEdges(waves, clock, from, to).times) put(time);
  if (times.length === 0)
    throw new ConfigError(waves.name, 'window', `one in which ${clock} rises`, `${from} to ${to}`);
  return { times, to, clock: clock ?? null };
}

/**
 * What each signal is in each column, `[signal][column]`: the value at the column's end, which is what a flip-flop on the column's
 * clock would see; null where there is none yet. Of an event: the empty string where it happened in the column, else null.
 */
export function sample(
  waves: WaveFile,
  signals: readonly number[],
  { times, to }: Columns,
): (WaveValue | null)[][] {
  const row = new Map(signals.map((place, i) => [place, i]));
  const now: (WaveValue | null)[] = signals.map(() => null);
  const cells = signals.map((): (WaveValue | null)[] => []);
  const isEvent = signals.map((place) => waves.signals[place]!.kind === 'event');
  let column = 0;
  const close = (): void => {
    now.forEach((value, i) => {
      cells[i]!.push(value);
      if (isEvent[i]!) now[i] = null;
    });
    column += 1;
  };
  for (const { time, signal, value } of waves.changes({ signals, from: times[0]!, to })) {
    while (column + 1 < times.length && time >= times[column + 1]!) close();
    now[row.get(signal)!] = value;
  }
  while (column < times.length) close();
  return cells;
}
