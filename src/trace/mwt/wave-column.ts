import type { WaveShape } from './header.js';
import { U8 } from './number-column.js';

const NO_MOMENTS = new Uint32Array(0);
const NO_VALUES = new Float64Array(0);
/** Changes that there is room for at first. */
const FEWEST = 16;

/** The changes of one wave in the chunk at hand. */
export class WaveColumn {
  count = 0;
  /** Moment of the last change, −1 before the first. */
  last = -1;
  /** Moment of each change: its place on the chunk's axis. */
  moments: Uint32Array = NO_MOMENTS;
  /** Lanes of each change, one after the other; none for an event. */
  values: Float64Array = NO_VALUES;
  /** Code that the values of the last chunk had. */
  code = U8;
  /** Bytes that a change is likely to take in the file. */
  readonly cost: number;
  readonly stride: number;

  constructor(readonly shape: WaveShape) {
    const { isEvent, lanes, width } = shape;
    this.stride = isEvent ? 0 : lanes;
    this.cost = 1 + this.stride * (width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8);
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.moments.byteLength + this.values.byteLength;
  }

  /** Makes room for twice as many. */
  grow(): void {
    const room = Math.max(FEWEST, 2 * this.moments.length);
    const moments = new Uint32Array(room);
    moments.set(this.moments);
    this.moments = moments;
    const values = new Float64Array(room * this.stride);
    values.set(this.values);
    this.values = values;
  }

  /** Forgets the changes, and with `shrink` the room for them too. */
  clear(shrink: boolean): void {
    this.count = 0;
    this.last = -1;
    if (!shrink) return;
    this.moments = NO_MOMENTS;
    this.values = NO_VALUES;
  }
}
