import { ConfigError } from '../kernel/index.js';
import type {
  WaveChange,
  WaveClock,
  WaveFile,
  WaveKind,
  WaveSelection,
  WaveSignal,
  WaveType,
  WaveValue,
} from './waves.js';

/** A signal as {@link memoryWaves} takes it. */
export interface MemorySignal {
  readonly path: string;
  /** 'bits' if left out. */
  readonly kind?: WaveKind;
  /** Bits; 1 if left out. */
  readonly width?: number;
  readonly lanes?: number;
  readonly type?: WaveType;
  readonly clock?: string;
  /** Times, not decreasing, and values. Of 'bits' a whole number stands for its two's complement in `width` bits. */
  readonly changes: readonly (readonly [time: number, value: WaveValue])[];
}

export interface MemoryWaves {
  readonly name?: string;
  /** Femtoseconds of a unit of time; 1000 (ps) if left out. */
  readonly unitFs?: number;
  readonly signals: readonly MemorySignal[];
  readonly clocks?: readonly WaveClock[];
  /** First and last time; of the changes, if left out. */
  readonly begin?: number;
  readonly end?: number;
  readonly damage?: string;
}

const WIDTHS = { real: 64, event: 1, text: 0 } as const;

/**
 * A recorded run out of plain arrays, for tests and scripts. At one time, changes come in order of signals.
 *
 * @throws ConfigError for a value that its signal cannot have, and for times that go back
 */
export function memoryWaves(waves: MemoryWaves): WaveFile {
  const { name = 'memory', unitFs = 1000, clocks = [], damage = null } = waves;
  const signals = waves.signals.map((signal, place): WaveSignal => {
    const { kind = 'bits', width = 1, lanes = 1, type = null, clock = null } = signal;
    return {
      path: signal.path,
      kind,
      width: kind === 'bits' ? width : WIDTHS[kind],
      lanes,
      type,
      wave: place,
      clock,
    };
  });
  const all = waves.signals
    .flatMap(({ changes }, signal) =>
      changes.map(([time, value]): WaveChange => ({
        time,
        signal,
        value: valueOf(name, signals[signal]!, value),
      })),
    )
    .sort((x, y) => x.time - y.time || x.signal - y.signal);
  for (const { path, changes } of waves.signals)
    for (let i = 1; i < changes.length; i++)
      if (changes[i]![0] < changes[i - 1]![0])
        throw new ConfigError(
          name,
          `${path}.changes[${i}]`,
          `at ${changes[i - 1]![0]} or later`,
          changes[i]![0],
        );
  const begin = waves.begin ?? all[0]?.time ?? 0;
  const end = waves.end ?? Math.max(begin, all.at(-1)?.time ?? 0);
  return {
    name,
    unitFs,
    signals,
    clocks,
    begin,
    end,
    damage,
    changes: (selection) => select(signals, all, begin, end, selection),
    close: () => {},
  };
}

function* select(
  all: readonly WaveSignal[],
  changes: readonly WaveChange[],
  begin: number,
  end: number,
  { signals, from = begin, to = end }: WaveSelection = {},
): Iterable<WaveChange> {
  const chosen = new Set(signals ?? all.keys());
  const first = new Map<number, WaveValue>();
  const rest: WaveChange[] = [];
  for (const change of changes) {
    if (!chosen.has(change.signal) || change.time > to) continue;
    const isEvent = all[change.signal]!.kind === 'event';
    if (change.time > from || (isEvent && change.time === from)) rest.push(change);
    else if (!isEvent) first.set(change.signal, change.value);
  }
  for (const signal of [...first.keys()].sort((a, b) => a - b))
    yield { time: from, signal, value: first.get(signal)! };
  yield* rest;
}

function valueOf(name: string, { path, kind, width }: WaveSignal, value: WaveValue): WaveValue {
  if (kind !== 'bits') return value;
  const bits =
    typeof value === 'number' ? BigInt.asUintN(width, BigInt(value)).toString(2).padStart(width, '0') : value;
  if (bits.length !== width || !/^[01xz]*$/.test(bits))
    throw new ConfigError(name, path, `${width} characters of 0, 1, x, z`, value);
  return bits;
}
