import type { MwtHead, MwtSignal } from '../src/trace/mwt/header.js';
import type { MwtWriter } from '../src/trace/mwt/writer.js';

/** Widths of the signals in turn: single wires, bytes, fixed-point words, addresses. */
const WIDTHS = [1, 8, 16, 1, 32, 12, 1, 18];
const PERIOD_PS = 6024;
/** Out of 16 signals, how many change in a cycle. */
const ACTIVE = 6;

/** Scalars of a machine in 64 modules, all of one clock. */
export function streamHead(signals: number): MwtHead {
  const all = Array.from({ length: signals }, (_, wave): MwtSignal => ({
    path: `top.pe[${wave >> 6}].s${wave & 63}`,
    kind: 'bits',
    type: { kind: 'uint', width: WIDTHS[wave % WIDTHS.length]! },
    lanes: 1,
    wave,
    clock: null,
  }));
  return { configuration: null, seed: 1, clocks: [], modules: ['top'], signals: all, begin: 0 };
}

/** Changes in the order of time: columns of equal length. */
export interface Stream {
  readonly times: Float64Array;
  readonly waves: Uint32Array;
  readonly values: Float64Array;
}

/** In each cycle about six in sixteen signals change, each to a random value of its width. */
export function randomStream(signals: number, count: number, seed: number): Stream {
  const times = new Float64Array(count);
  const waves = new Uint32Array(count);
  const values = new Float64Array(count);
  let state = seed | 1;
  const draw = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0, wave = 0, time = 0; i < count; wave++) {
    if (wave === signals) {
      wave = 0;
      time += PERIOD_PS;
    }
    if ((draw() & 15) >= ACTIVE) continue;
    times[i] = time;
    waves[i] = wave;
    values[i] = draw() >>> (32 - WIDTHS[wave % WIDTHS.length]!);
    i += 1;
  }
  return { times, waves, values };
}

/** Tells a writer the stream, `offset` ps later than it is. */
export function play(writer: MwtWriter, { times, waves, values }: Stream, offset = 0): void {
  let now = -1;
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (time !== now) writer.time(offset + (now = time));
    writer.scalar(waves[i]!, values[i]!);
  }
}
