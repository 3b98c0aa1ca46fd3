import type { WaveChange, WaveSignal } from '../waves.js';
import type { Chunk } from './chunk.js';
import type { ChunkStore } from './chunk-store.js';
import type { ClockSignal } from './clock-signal.js';
import type { WaveShape } from './header.js';
import { textOf } from './lane-text.js';
import { countBelow } from './search.js';

/** What a window is looked at through. */
export interface Recorded {
  readonly signals: readonly WaveSignal[];
  readonly waves: readonly WaveShape[];
  /** By place of the signal: its clock, where it is one. */
  readonly clocks: ReadonlyMap<number, ClockSignal>;
  readonly store: ChunkStore;
  readonly begin: number;
}

/** A wave, and the places of its signals that are wanted. */
interface WantedWave {
  readonly wave: number;
  readonly signals: readonly number[];
}

/** Changes of one chunk, in order. */
interface Ordered {
  readonly times: Float64Array;
  /** Place in the list of wanted waves. */
  readonly slots: Uint32Array;
  /** Place in the wave's changes. */
  readonly places: Uint32Array;
  /** By slot: the wave's values; null for an event, and where it has no changes. */
  readonly values: readonly (ArrayLike<number> | null)[];
}

/**
 * The changes of signals (places, rising) from `from` to `to`: first what each holds once the first moment at `from` has been, then each
 * later change. Clocks come first at a time, then waves by number.
 */
export function* windowChanges(
  recorded: Recorded,
  signals: readonly number[],
  from: number,
  to: number,
): Generator<WaveChange, void, undefined> {
  const { store, waves } = recorded;
  const wanted = wantedWaves(recorded, signals);
  const numbers = wanted.map(({ wave }) => wave);
  const first = store.firstTo(from);
  const start =
    first < store.count ? store.use(first, (chunk) => initial(recorded, chunk, from, signals)) : null;
  if (start === null || from > Math.min(to, store.end)) return;
  yield* start.changes;
  const clocks = new ClockWalk(recorded, signals, from);
  for (let number = first; number < store.count && store.head(number).from <= to; number++) {
    if (number > first && store.changes(number, numbers) !== true) continue;
    const last = Math.min(to, store.end);
    const window = number === first ? start.window : WHOLE;
    const ordered = store.use(number, (chunk) => order(waves, chunk, wanted, window, last));
    if (ordered === null) break;
    const { times, slots, places, values } = ordered;
    for (let i = 0; i < times.length; i++) {
      const time = times[i]!;
      if (clocks.due <= time) yield* clocks.upTo(time);
      const slot = slots[i]!;
      const of = wanted[slot]!;
      const shape = waves[of.wave]!;
      const lanes = values[slot]!;
      const value = lanes === null ? '' : textOf(shape, lanes, places[i]! * shape.lanes);
      for (const signal of of.signals) yield { time, signal, value };
    }
  }
  yield* clocks.upTo(Math.min(to, store.end));
}

function wantedWaves({ signals, clocks }: Recorded, places: readonly number[]): WantedWave[] {
  const byWave = new Map<number, number[]>();
  for (const place of places) {
    if (clocks.has(place)) continue;
    const { wave } = signals[place]!;
    const known = byWave.get(wave);
    if (known === undefined) byWave.set(wave, [place]);
    else known.push(place);
  }
  return [...byWave].sort(([a], [b]) => a - b).map(([wave, of]) => ({ wave, signals: of }));
}

/** First moments of a chunk that are looked at: for values, and for events. */
interface Window {
  readonly moment: number;
  readonly event: number;
}

const WHOLE: Window = { moment: 0, event: 0 };

/** Values once the first moment at `from` has been, and what comes then. */
function initial(
  { signals, waves, clocks }: Recorded,
  chunk: Chunk,
  from: number,
  places: readonly number[],
): { changes: WaveChange[]; window: Window } {
  const { axis } = chunk;
  const event = countBelow(axis, axis.length, from);
  const moment = event < axis.length && axis[event] === from ? event + 1 : event;
  const changes: WaveChange[] = [];
  for (const place of places) {
    const clock = clocks.get(place);
    const value =
      clock === undefined ? heldText(chunk, waves, signals[place]!.wave, moment) : String(clock.level(from));
    if (value !== null) changes.push({ time: from, signal: place, value });
  }
  return { changes, window: { moment, event } };
}

/** What a wave holds before a moment of the chunk; null for an event and for no value. */
export function heldText(
  chunk: Chunk,
  waves: readonly WaveShape[],
  wave: number,
  moment: number,
): string | null {
  const shape = waves[wave]!;
  if (shape.isEvent) return null;
  const column = chunk.column(wave);
  const at = column === null ? 0 : countBelow(column.moments, column.moments.length, moment);
  if (column !== null && at > 0) return textOf(shape, column.values!, (at - 1) * shape.lanes);
  const held = chunk.held(wave);
  return held === null ? null : textOf(shape, held, 0);
}

/** The wanted changes of a chunk within a window, up to `to`, in order. */
function order(
  waves: readonly WaveShape[],
  chunk: Chunk,
  wanted: readonly WantedWave[],
  { moment, event }: Window,
  to: number,
): Ordered {
  const { axis } = chunk;
  const end = Math.max(event, countBelow(axis, axis.length, to + 1));
  const spans = wanted.map(({ wave }) => {
    const column = chunk.column(wave);
    if (column === null) return null;
    const { moments } = column;
    const first = countBelow(moments, moments.length, waves[wave]!.isEvent ? event : moment);
    return { column, first, last: countBelow(moments, moments.length, end) };
  });
  // Sorted by counting: how many changes the moments before have says where the first one of a moment goes.
  const next = new Uint32Array(end - event + 1);
  for (const span of spans)
    if (span !== null)
      for (let i = span.first; i < span.last; i++) next[span.column.moments[i]! - event + 1]! += 1;
  for (let i = 1; i < next.length; i++) next[i]! += next[i - 1]!;
  const count = next.at(-1)!;
  const times = new Float64Array(count);
  const slots = new Uint32Array(count);
  const places = new Uint32Array(count);
  spans.forEach((span, slot) => {
    if (span === null) return;
    const { moments } = span.column;
    for (let i = span.first; i < span.last; i++) {
      const at = next[moments[i]! - event]!++;
      times[at] = axis[moments[i]!]!;
      slots[at] = slot;
      places[at] = i;
    }
  });
  return { times, slots, places, values: spans.map((span) => span?.column.values ?? null) };
}

/** Walks over the changes of the wanted clocks. */
class ClockWalk {
  /** Time of the next change. */
  due = Infinity;
  private readonly clocks: { readonly signal: number; readonly clock: ClockSignal; time: number }[] = [];

  constructor({ clocks }: Recorded, places: readonly number[], from: number) {
    for (const signal of places) {
      const clock = clocks.get(signal);
      if (clock !== undefined) this.clocks.push({ signal, clock, time: clock.next(from) });
    }
    this.look();
  }

  private look(): void {
    this.due = this.clocks.reduce((least, { time }) => Math.min(least, time), Infinity);
  }

  *upTo(time: number): Generator<WaveChange, void, undefined> {
    while (this.due <= time) {
      const at = this.due;
      for (const walk of this.clocks) {
        if (walk.time !== at) continue;
        const { signal, clock } = walk;
        walk.time = clock.next(at);
        yield { time: at, signal, value: String(clock.level(at)) };
      }
      this.look();
    }
  }
}
