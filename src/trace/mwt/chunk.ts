import { EVEN, NO_VALUES } from './chunk-encoder.js';
import type { WaveShape } from './header.js';
import type { KeyframeLayout } from './keyframe.js';
import { type ChunkHead, viewOf } from './layout.js';
import { CODE_BYTES, type Column, columnOf } from './number-column.js';
import { bytesOf, type Fields, numbersOf, PayloadError, unpackPayload, wholesOf } from './payload.js';
import { countBelow } from './search.js';
import { transactionRows } from './transaction-rows.js';
import type { TraceTransaction } from './transaction-table.js';

/** What a chunk is read with. */
export interface ChunkFrame {
  readonly waves: readonly WaveShape[];
  readonly layout: KeyframeLayout;
  /** Begin of the recording, ps. */
  readonly begin: number;
}

/** The changes of one wave in a chunk. */
export interface WaveChanges {
  /** Places on the chunk's axis, rising. */
  readonly moments: Uint32Array;
  /** Lanes of each change; null for an event. */
  readonly values: Column | null;
}

/**
 * A chunk in memory: unpacked, its columns read when they are first asked for.
 *
 * Errors   PayloadError from any call: the chunk says what cannot be.
 */
export class Chunk {
  /** Time of each moment, ps. */
  readonly axis: Float64Array;
  /** Waves that change in it, rising. */
  private readonly changed: Int32Array;
  /** By place in {@link changed}: how many changes, their form and code, and where their columns begin. */
  private readonly counts: Column;
  private readonly forms: Uint8Array;
  private readonly momentsAt: Uint32Array;
  private readonly valuesAt: Uint32Array;
  private readonly columns = new Map<number, WaveChanges>();
  private readonly fields: Fields;
  private readonly keyframe: DataView;
  private readonly momentBytes: Uint8Array;
  private readonly valueBytes: Uint8Array;
  private rows: readonly TraceTransaction[] | null = null;

  constructor(
    private readonly frame: ChunkFrame,
    readonly head: ChunkHead,
    bitmap: Uint8Array,
    stored: Buffer,
    /** Told of each growth in memory, bytes. */
    private readonly grown: (bytes: number) => void,
  ) {
    const fields = unpackPayload(stored, head);
    this.fields = fields;
    this.keyframe = viewOf(bytesOf(fields, 'keyframe', frame.layout.bytes));
    this.axis = axisOf(fields, head);
    this.changed = setBits(bitmap, frame.waves.length);
    this.momentBytes = bytesOf(fields, 'moments');
    this.valueBytes = bytesOf(fields, 'values');
    const { length } = this.changed;
    this.counts = wholesOf(fields, 'counts', 1, this.axis.length, length);
    this.forms = bytesOf(fields, 'forms', length);
    this.momentsAt = new Uint32Array(length);
    this.valuesAt = new Uint32Array(length);
    this.findPlaces();
    grown(head.rawBytes + this.axis.byteLength + 24 * length);
  }

  private findPlaces(): void {
    const { changed, counts, forms, frame, head } = this;
    let momentsAt = 0;
    let valuesAt = 0;
    let changes = 0;
    for (let slot = 0; slot < changed.length; slot++) {
      const { isEvent, lanes } = frame.waves[changed[slot]!]!;
      const count = counts[slot]!;
      const form = forms[slot]! & 15;
      const code = forms[slot]! >> 4;
      if (form > EVEN || code > NO_VALUES || (code === NO_VALUES) !== isEvent)
        throw new PayloadError(`wanted the form of a column, got ${forms[slot]}`);
      const momentSize = form === EVEN ? 4 : 1 << form;
      momentsAt = this.momentsAt[slot] = aligned(momentsAt, momentSize);
      momentsAt += momentSize * (form === EVEN ? 2 : count);
      changes += count;
      if (isEvent) continue;
      const size = CODE_BYTES[code]!;
      valuesAt = this.valuesAt[slot] = aligned(valuesAt, size);
      valuesAt += size * count * lanes;
    }
    if (
      momentsAt !== this.momentBytes.length ||
      valuesAt !== this.valueBytes.length ||
      changes !== head.changes
    )
      throw new PayloadError(`wanted ${head.changes} changes in columns, got others`);
  }

  /** The changes of a wave, or null when it has none here. */
  column(wave: number): WaveChanges | null {
    const known = this.columns.get(wave);
    if (known !== undefined) return known;
    const slot = countBelow(this.changed, this.changed.length, wave);
    if (this.changed[slot] !== wave) return null;
    const column = { moments: this.moments(slot), values: this.values(slot, this.frame.waves[wave]!) };
    this.columns.set(wave, column);
    this.grown(column.moments.byteLength + (column.values?.byteLength ?? 0) + 128);
    return column;
  }

  /** Lanes of a wave before the chunk; null when it has no value by then. */
  held(wave: number): Float64Array | null {
    const values = this.frame.layout.get(this.keyframe, wave);
    if (values !== null) checkValues(values, this.frame.waves[wave]!);
    return values;
  }

  transactions(): readonly TraceTransaction[] {
    if (this.rows === null) {
      this.rows = transactionRows(this.fields, this.head, this.frame.begin);
      this.grown(512 * this.rows.length);
    }
    return this.rows;
  }

  private moments(slot: number): Uint32Array {
    const count = this.counts[slot]!;
    const form = this.forms[slot]! & 15;
    const momentsAt = this.momentsAt[slot]!;
    const moments = new Uint32Array(count);
    if (form === EVEN) {
      const [first, step] = columnOf(4, this.momentBytes.subarray(momentsAt, momentsAt + 8));
      if (!(step! >= 1 && first! + step! * (count - 1) < this.axis.length)) throw notMoments();
      for (let i = 0, at = first!; i < count; i++, at += step!) moments[i] = at;
      return moments;
    }
    const size = 1 << form;
    const distances = columnOf(2 * form, this.momentBytes.subarray(momentsAt, momentsAt + size * count));
    let at = 0;
    for (let i = 0; i < count; i++) {
      const distance = distances[i]!;
      if (distance === 0 && i > 0) throw notMoments();
      at += distance;
      moments[i] = at;
    }
    if (at >= this.axis.length) throw notMoments();
    return moments;
  }

  private values(slot: number, shape: WaveShape): Column | null {
    const code = this.forms[slot]! >> 4;
    if (code === NO_VALUES) return null;
    const valuesAt = this.valuesAt[slot]!;
    const bytes = CODE_BYTES[code]! * this.counts[slot]! * shape.lanes;
    const values = columnOf(code, this.valueBytes.subarray(valuesAt, valuesAt + bytes));
    checkValues(values, shape);
    return values;
  }
}

const aligned = (at: number, size: number): number => at + ((size - (at % size)) % size);

const notMoments = (): PayloadError => new PayloadError('wanted rising moments on the axis, got others');

function checkValues(values: Column, { min, max }: WaveShape): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= min && value <= max && Number.isInteger(value)))
      throw new PayloadError(`wanted an integer from ${min} to ${max}, got ${value}`);
  }
}

/** Times of the moments. */
function axisOf(fields: Fields, { from, to }: ChunkHead): Float64Array {
  const distances = numbersOf(fields, 'axis');
  const axis = new Float64Array(distances.length);
  let time = from;
  for (let i = 0; i < distances.length; i++) {
    const distance = distances[i]!;
    if (!(distance >= 0 && Number.isInteger(distance)))
      throw new PayloadError(`wanted a span of time, got ${distance}`);
    time += distance;
    axis[i] = time;
  }
  if (time > to) throw new PayloadError(`wanted times up to ${to} ps, got ${time} ps`);
  return axis;
}

/** Numbers of the bits that are set, rising. */
function setBits(bitmap: Uint8Array, count: number): Int32Array {
  const set = new Int32Array(8 * bitmap.length);
  let found = 0;
  for (let byte = 0; byte < bitmap.length; byte++)
    for (let rest = bitmap[byte]!; rest !== 0; rest &= rest - 1)
      set[found++] = 8 * byte + 31 - Math.clz32(rest & -rest);
  if (found > 0 && set[found - 1]! >= count)
    throw new PayloadError(`wanted waves below ${count}, got ${set[found - 1]}`);
  return set.slice(0, found);
}
