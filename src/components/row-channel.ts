import { type Channel, ConfigError, int, uint, vector } from '../kernel/index.js';

/** Most columns of an array whose rows fit the `count` field. */
export const MAX_COLUMNS = 63;

/**
 * A row of results: `count` values (1…n) of one filter's output plane, the first at flattened place `pixel`, in
 * raster order in `data[0 … count − 1]`; lanes beyond are unspecified.
 */
export const rowFields = (n: number) => ({
  filter: uint(16),
  pixel: uint(32),
  count: uint(6),
  data: vector(n, int(16)),
});
export type RowFields = ReturnType<typeof rowFields>;

/** Registers of a {@link RowBuffer}: part of its owner's state. */
export interface RowBufferState {
  count: number;
  head: number;
  filter: Uint16Array;
  pixel: Float64Array;
  words: Uint8Array;
  data: Int16Array;
}

/** Checks n, the columns of the array. @throws ConfigError */
export function checkColumns(path: string, n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > MAX_COLUMNS)
    throw new ConfigError(path, 'n', `an integer from 1 to ${MAX_COLUMNS}`, n);
}

/**
 * A FIFO of two rows behind a `row` source: a registered ready and a row a cycle. It is no module, so that its owner
 * fills it in the same edge process; `valid = count ≠ 0`, the row at the read pointer on the payload, stale when empty.
 * Storage: two rows.
 */
export class RowBuffer {
  readonly state: RowBufferState;

  constructor(
    private readonly out: Channel<RowFields>,
    private readonly n: number,
  ) {
    this.state = {
      count: 0,
      head: 0,
      filter: new Uint16Array(2),
      pixel: new Float64Array(2),
      words: new Uint8Array(2),
      data: new Int16Array(2 * n),
    };
  }

  /** Whether the row shown leaves at this edge. */
  get leaves(): boolean {
    return this.state.count !== 0 && this.out.ready.value !== 0;
  }

  /** Where {@link push} expects the data of the row it is called for: index of lane 0 in `state.data`. */
  get slot(): number {
    const { head, count } = this.state;
    return ((head + count) % 2) * this.n;
  }

  /** Adds the row whose data was put at {@link slot}. The caller knows that there is room. */
  push(filter: number, pixel: number, words: number): void {
    const s = this.state;
    const at = (s.head + s.count) % 2;
    s.filter[at] = filter;
    s.pixel[at] = pixel;
    s.words[at] = words;
    s.count += 1;
  }

  pop(): void {
    const s = this.state;
    s.head = 1 - s.head;
    s.count -= 1;
  }

  clear(): void {
    this.state.count = 0;
    this.state.head = 0;
  }

  /** Drives the source from the registers. */
  show(): void {
    const { head, count, filter, pixel, words, data } = this.state;
    const { out } = this;
    out.valid.write(count !== 0 ? 1 : 0);
    if (count === 0) return;
    out.payload.filter.write(filter[head]!);
    out.payload.pixel.write(pixel[head]!);
    out.payload.count.write(words[head]!);
    out.payload.data.writeFrom(data, head * this.n);
  }
}
