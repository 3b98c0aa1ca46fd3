import { ConfigError, Timebase } from '../../kernel/index.js';
import type { WaveClock, WaveFile } from '../waves.js';

/** Rising edges of a clock in a window. */
export interface ClockEdges {
  readonly name: string;
  /** Number of the first edge: counted from the clock's edge 0 where the file says what the clock is, else from the first rise. */
  readonly first: number;
  /** Times in units of the file, ascending. */
  readonly times: Iterable<number>;
}

/**
 * The rising edges of a clock at `from` or later and before or at `to`. `clock` is the name of a clock of the file, or the path of
 * a signal of one bit, which rises when it becomes 1.
 *
 * @throws ConfigError for a clock that is not there
 */
export function clockEdges(waves: WaveFile, clock: string, from: number, to: number): ClockEdges {
  const known = waves.clocks.find(({ name }) => name === clock);
  if (known !== undefined) return ofTimebase(waves, known, from, to);
  const place = waves.signals.findIndex(({ path }) => path === clock);
  const signal = waves.signals[place];
  if (signal === undefined || signal.kind !== 'bits' || signal.width !== 1)
    throw new ConfigError(waves.name, 'clock', `${clockNames(waves)}the path of a signal of one bit`, clock);
  let first = 0;
  for (const time of rises(waves, place, waves.begin, from)) if (time < from) first += 1;
  return { name: clock, first, times: rises(waves, place, from, to) };
}

/**
 * The clock of that name, of which the file has the exact edges.
 *
 * @throws ConfigError
 */
export function timebaseOf(waves: WaveFile, clock: string): Timebase {
  const known = waves.clocks.find(({ name }) => name === clock);
  if (known === undefined)
    throw new ConfigError(waves.name, 'clock', `${clockNames(waves)}a clock of the file`, clock);
  return new Timebase(waves.name, known.hz, known.phasePs);
}

const clockNames = (waves: WaveFile): string =>
  waves.clocks.length > 0 ? `one of ${waves.clocks.map(({ name }) => name).join(', ')} or ` : '';

function ofTimebase(waves: WaveFile, { name, hz, phasePs }: WaveClock, from: number, to: number): ClockEdges {
  const base = new Timebase(name, hz, phasePs);
  const unitsOf = (ps: number): number => (ps * 1000) / waves.unitFs;
  const first = base.firstEdgeFrom(Math.ceil((from * waves.unitFs) / 1000));
  const times = {
    *[Symbol.iterator](): Generator<number> {
      for (let k = first; unitsOf(base.edge(k)) <= to; k++) yield unitsOf(base.edge(k));
    },
  };
  return { name, first, times };
}

/** The value at the window's beginning is a rise only where it came at that very time. */
function rises(waves: WaveFile, place: number, from: number, to: number): Iterable<number> {
  return {
    *[Symbol.iterator](): Generator<number> {
      const before = Math.max(waves.begin, from - 1);
      let last: string | number | null = null;
      for (const { time, value } of waves.changes({ signals: [place], from: before, to })) {
        const isRise = value === '1' && last !== null && last !== '1';
        last = value;
        if (isRise && time >= from) yield time;
      }
    },
  };
}
