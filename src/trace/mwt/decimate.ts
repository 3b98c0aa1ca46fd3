import type { Chunk } from './chunk.js';
import type { ClockSignal } from './clock-signal.js';
import type { Recorded } from './window-changes.js';
import { countBelow } from './search.js';

/** A signal in few numbers: what a bucket of time has seen, by bucket. */
export interface Decimated {
  /** Smallest, largest, first and last value in the bucket: NaN where it has none, and for events and vectors of several lanes. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  /** Changes in the bucket. */
  readonly count: Uint32Array;
}

/** Bucket i has the times from bound i up to the one before bound i + 1. */
export class Buckets implements Decimated {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly count: Uint32Array;

  constructor(
    private readonly from: number,
    private readonly to: number,
    readonly buckets: number,
  ) {
    this.min = new Float64Array(buckets).fill(NaN);
    this.max = new Float64Array(buckets).fill(NaN);
    this.first = new Float64Array(buckets).fill(NaN);
    this.last = new Float64Array(buckets).fill(NaN);
    this.count = new Uint32Array(buckets);
  }

  bound(bucket: number): number {
    const span = this.to - this.from + 1;
    const rest = span % this.buckets;
    return this.from + bucket * ((span - rest) / this.buckets) + Math.floor((bucket * rest) / this.buckets);
  }

  /** The bucket has this value too. */
  see(bucket: number, value: number): void {
    if (Number.isNaN(this.first[bucket])) {
      this.first[bucket] = this.min[bucket] = this.max[bucket] = value;
    } else {
      if (value < this.min[bucket]!) this.min[bucket] = value;
      if (value > this.max[bucket]!) this.max[bucket] = value;
    }
    this.last[bucket] = value;
  }
}

/** Fills the buckets from a wave's changes, which come in order. */
class Filler {
  /** The bucket at hand, its first time and the one behind it. */
  private bucket = 0;
  private bound: number;
  private next: number;
  /** Whether the bucket has seen what held at its begin. */
  private seen = false;

  constructor(
    private readonly buckets: Buckets,
    /** NaN for none. */
    private held: number,
    private readonly end: number,
  ) {
    this.bound = buckets.bound(0);
    this.next = buckets.bound(1);
  }

  change(time: number, value: number): void {
    while (time >= this.next) this.leave();
    // What was held for no time, because it changed at the first instant, is not seen.
    if (!this.seen && time > this.bound) this.buckets.see(this.bucket, this.held);
    this.seen = true;
    this.buckets.see(this.bucket, value);
    this.buckets.count[this.bucket]! += 1;
    this.held = value;
  }

  private leave(): void {
    if (!this.seen && this.bound <= this.end && this.bound < this.next)
      this.buckets.see(this.bucket, this.held);
    this.seen = false;
    this.bucket += 1;
    this.bound = this.next;
    this.next = this.buckets.bound(this.bucket + 1);
  }

  finish(): void {
    while (this.bucket < this.buckets.buckets) this.leave();
  }
}

export function decimateWave(
  { store, waves, begin }: Recorded,
  wave: number,
  from: number,
  to: number,
  buckets: Buckets,
): void {
  const shape = waves[wave]!;
  const isNumber = !shape.isEvent && shape.lanes === 1;
  const start = Math.max(from, begin);
  const first = store.firstTo(start);
  const held =
    first < store.count ? store.use(first, (chunk) => (isNumber ? before(chunk, wave, start) : NaN)) : null;
  if (held === null) return;
  const filler = new Filler(buckets, held, store.end);
  for (let number = first; number < store.count && store.head(number).from <= to; number++) {
    if (store.changes(number, [wave]) !== true) continue;
    store.use(number, (chunk) => {
      const column = chunk.column(wave);
      if (column === null) return;
      const { axis } = chunk;
      const last = Math.min(to, store.end);
      const { moments, values } = column;
      let i = countBelow(moments, moments.length, countBelow(axis, axis.length, start));
      for (; i < moments.length; i++) {
        const time = axis[moments[i]!]!;
        if (time > last) break;
        filler.change(time, isNumber ? values![i]! : NaN);
      }
    });
  }
  filler.finish();
}

/** What a scalar holds right before `time`; NaN for nothing. */
function before(chunk: Chunk, wave: number, time: number): number {
  const column = chunk.column(wave);
  const moment = countBelow(chunk.axis, chunk.axis.length, time);
  const at = column === null ? 0 : countBelow(column.moments, column.moments.length, moment);
  if (at > 0) return column!.values![at - 1]!;
  return chunk.held(wave)?.[0] ?? NaN;
}

export function decimateClock(clock: ClockSignal, begin: number, end: number, buckets: Buckets): void {
  for (let bucket = 0; bucket < buckets.buckets; bucket++) {
    const first = Math.max(begin, buckets.bound(bucket));
    const last = Math.min(end, buckets.bound(bucket + 1) - 1);
    if (first > last) continue;
    buckets.see(bucket, clock.level(first));
    if (clock.count(last) > clock.count(first)) buckets.see(bucket, 1 - clock.level(first));
    buckets.see(bucket, clock.level(last));
    buckets.count[bucket] = clock.count(last) - clock.count(first - 1);
  }
}
