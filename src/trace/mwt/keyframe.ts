import { bitmapBytes } from './layout.js';
import type { WaveShape } from './header.js';

/** Bytes of a lane. */
const laneBytes = (width: number): number => (width <= 8 ? 1 : width <= 16 ? 2 : width <= 32 ? 4 : 8);

/**
 * Where the value of each wave stands in a keyframe: a bit a wave that says whether it has a value yet, then wave after wave,
 * lane after lane, in the smallest element that holds its width: 1, 2 or 4 bytes, or 8 as a double from 33 bits on.
 */
export class KeyframeLayout {
  readonly bytes: number;
  private readonly offsets: Float64Array;

  constructor(private readonly waves: readonly WaveShape[]) {
    this.offsets = new Float64Array(waves.length);
    let at = bitmapBytes(waves.length);
    waves.forEach(({ isEvent, lanes, width }, wave) => {
      this.offsets[wave] = at;
      if (!isEvent) at += lanes * laneBytes(width);
    });
    this.bytes = at;
  }

  put(view: DataView, wave: number, values: Float64Array, from: number): void {
    const { lanes, width } = this.waves[wave]!;
    const size = laneBytes(width);
    let at = this.offsets[wave]!;
    for (let lane = 0; lane < lanes; lane++, at += size) {
      const value = values[from + lane]!;
      // Elements of either sign have the same bits.
      if (size === 1) view.setUint8(at, value);
      else if (size === 2) view.setUint16(at, value, true);
      else if (size === 4) view.setUint32(at, value, true);
      else view.setFloat64(at, value + 0, true);
    }
    view.setUint8(wave >> 3, view.getUint8(wave >> 3) | (1 << (wave & 7)));
  }

  /** Lanes of a wave, or null when it has no value yet. */
  get(view: DataView, wave: number): Float64Array | null {
    const { isEvent, lanes, width, min } = this.waves[wave]!;
    if (isEvent || ((view.getUint8(wave >> 3) >> (wave & 7)) & 1) === 0) return null;
    const size = laneBytes(width);
    const values = new Float64Array(lanes);
    let at = this.offsets[wave]!;
    for (let lane = 0; lane < lanes; lane++, at += size) values[lane] = read(view, at, size, min < 0);
    return values;
  }
}

function read(view: DataView, at: number, size: number, signed: boolean): number {
  if (size === 1) return signed ? view.getInt8(at) : view.getUint8(at);
  if (size === 2) return signed ? view.getInt16(at, true) : view.getUint16(at, true);
  if (size === 4) return signed ? view.getInt32(at, true) : view.getUint32(at, true);
  return view.getFloat64(at, true);
}
