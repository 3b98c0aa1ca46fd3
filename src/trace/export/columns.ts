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
  /** Number of the first column's cycle: cycle c + 1 begins with edge c. Null without a clock. */
  readonly firstCycle: number | null;
}

export interface ColumnWish {
  readonly signals: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Columns are cycles of this clock; without, each time at which a chosen signal changes begins one. */
  readonly clock?: string | undefined;
  /** Most columns. */
  readonly limit: number;
  /** What becomes of a window with more: it is refused (the default), or ends before the column that is too many. */
  readonly more?: 'refuse' | 'stop';
}

/** @throws ConfigError for a window with more columns than the limit, or none; and for a clock that is not there */
export function columnsOf(waves: WaveFile, wish: ColumnWish): Columns {
  const { signals, from, to, clock, limit, more = 'refuse' } = wish;
  const edges = clock === undefined ? null : clockEdges(waves, clock, from, to);
  const times: number[] = [];
  let end = to;
  for (const time of edges?.times ?? changeTimes(waves, signals, from, to)) {
    if (times.length < limit) times.push(time);
    else if (more === 'refuse') throw tooMany(waves, wish);
    else {
      end = time - 1;
      break;
    }
  }
  if (times.length === 0)
    throw new ConfigError(waves.name, 'window', `one in which ${clock} rises`, `${from} to ${to}`);
  return { times, to: end, clock: clock ?? null, firstCycle: edges === null ? null : edges.first + 1 };
}

function tooMany({ name }: WaveFile, { from, to, clock, limit }: ColumnWish): ConfigError {
  const what = clock === undefined ? 'times of change' : `cycles of ${clock}`;
  return new ConfigError(name, 'window', `of at most ${limit} ${what}`, `more from ${from} to ${to}`);
}

/** The window's beginning, and each time at which a signal changes. */
function* changeTimes(
  waves: WaveFile,
  signals: readonly number[],
  from: number,
  to: number,
): Generator<number> {
  let last = from;
  yield from;
  for (const { time } of waves.changes({ signals, from, to })) {
    if (time !== last) yield time;
    last = time;
  }
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
