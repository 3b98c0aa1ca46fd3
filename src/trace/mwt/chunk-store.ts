import { TraceFormatError } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { Chunk, type ChunkFrame } from './chunk.js';
import { type ChunkPlace, isIntactHead } from './contents.js';
import { bitmapBytes, CONTINUES, crcOf, EDGES_PENDING, HEAD_BYTES, headIn } from './layout.js';
import { PayloadError } from './payload.js';
import { countBelow } from './search.js';

/** Bytes of bitmaps that are kept. */
const BITMAP_BYTES = 2 ** 24;

/**
 * The chunks of a file: found by time, read when they are needed, the latest kept in memory. When one turns out to be damaged,
 * the file ends before it from then on.
 */
export class ChunkStore {
  /** How many chunks there are. */
  count: number;
  /** Last time that is known in full, ps. */
  end: number;
  damage: string | null;
  private readonly froms: Float64Array;
  private readonly tos: Float64Array;
  /** The latest used last. */
  private readonly kept = new Map<number, { readonly chunk: Chunk; bytes: number; isKept: boolean }>();
  private keptBytes = 0;
  private readonly bitmaps = new Map<number, Uint8Array>();
  private readonly bitmapBytes: number;

  constructor(
    private readonly source: ByteSource,
    private readonly places: readonly ChunkPlace[],
    private readonly frame: ChunkFrame,
    private readonly cacheBytes: number,
    damage: string | null,
  ) {
    this.bitmapBytes = bitmapBytes(frame.waves.length);
    this.froms = Float64Array.from(places, ({ head }) => head.from);
    this.tos = Float64Array.from(places, ({ head }) => head.to);
    this.damage = damage;
    this.count = places.length;
    this.end = frame.begin;
    this.cut(places.length);
    if (damage !== null) this.damage = this.told(damage);
  }

  /** Whether clock edges at the end had not been. */
  get edgesPending(): boolean {
    return this.count > 0 && (this.places[this.count - 1]!.head.flags & EDGES_PENDING) !== 0;
  }

  /** Bytes that the chunks in memory take. */
  get bytes(): number {
    return this.keptBytes;
  }

  head(number: number): ChunkPlace['head'] {
    return this.places[number]!.head;
  }

  /** The last chunk that begins at `time` or before; −1 for none. */
  lastFrom(time: number): number {
    return countBelow(this.froms, this.count, time + 1) - 1;
  }

  /** The first chunk that reaches to `time` or beyond; the number of chunks for none. */
  firstTo(time: number): number {
    return countBelow(this.tos, this.count, time);
  }

  /** What `work` makes of a chunk; null when that is damaged. */
  use<T>(number: number, work: (chunk: Chunk) => T): T | null {
    try {
      return work(this.load(number));
    } catch (error) {
      this.spoil(number, error);
      return null;
    }
  }

  /** Whether one of these waves changes in a chunk. Null when that is damaged. */
  changes(number: number, waves: readonly number[]): boolean | null {
    try {
      const bitmap = this.bitmap(number);
      return waves.some((wave) => ((bitmap[wave >> 3]! >> (wave & 7)) & 1) === 1);
    } catch (error) {
      this.spoil(number, error);
      return null;
    }
  }

  private spoil(number: number, error: unknown): void {
    if (!(error instanceof PayloadError || error instanceof TraceFormatError)) throw error;
    const problem = error instanceof TraceFormatError ? `${error.wanted}, got ${error.got}` : error.message;
    this.cut(number);
    this.damage = this.told(`byte ${this.places[number]!.offset}: chunk ${number} is damaged: ${problem}`);
  }

  private told(damage: string): string {
    return `${damage}; ${this.count === 0 ? 'nothing is known' : `known up to ${this.end} ps`}`;
  }

  /** Lets the file end before chunk `count`. */
  private cut(count: number): void {
    this.count = count;
    for (; this.count > 0; this.count--) {
      const { flags, from, to } = this.head(this.count - 1);
      this.end = (flags & CONTINUES) !== 0 ? to - 1 : to;
      if (this.end >= from) return;
    }
    this.end = this.frame.begin;
  }

  private load(number: number): Chunk {
    const known = this.kept.get(number);
    if (known !== undefined) {
      this.kept.delete(number);
      this.kept.set(number, known);
      return known.chunk;
    }
    const { offset, head } = this.places[number]!;
    const fixed = HEAD_BYTES + this.bitmapBytes;
    const bytes = this.source.read(offset, fixed + head.storedBytes);
    const bitmap = this.checked(number, bytes.subarray(0, fixed));
    const stored = bytes.subarray(fixed);
    if (crcOf(stored) !== head.payloadCrc) throw new PayloadError('its CRC is wrong');
    const entry = { bytes: 0, isKept: true };
    const chunk = new Chunk(this.frame, head, bitmap, stored, (more) => {
      if (!entry.isKept) return;
      entry.bytes += more;
      this.keptBytes += more;
    });
    this.kept.set(number, Object.assign(entry, { chunk }));
    this.evict();
    return chunk;
  }

  /** Forgets the chunks used longest ago, but never the one just read. */
  private evict(): void {
    for (const [number, entry] of this.kept) {
      if (this.keptBytes <= this.cacheBytes || this.kept.size === 1) return;
      this.kept.delete(number);
      this.keptBytes -= entry.bytes;
      entry.isKept = false;
    }
  }

  private bitmap(number: number): Uint8Array {
    let bitmap = this.bitmaps.get(number);
    if (bitmap !== undefined) return bitmap;
    bitmap = this.checked(
      number,
      this.source.read(this.places[number]!.offset, HEAD_BYTES + this.bitmapBytes),
    );
    if (this.bitmaps.size * this.bitmapBytes > BITMAP_BYTES) this.bitmaps.clear();
    this.bitmaps.set(number, bitmap);
    return bitmap;
  }

  /** The bitmap behind a head that is what the index says. */
  private checked(number: number, bytes: Buffer): Uint8Array {
    const there = headIn(bytes);
    const { head } = this.places[number]!;
    if (!isIntactHead(bytes)) throw new PayloadError('the CRC of its head is wrong');
    if (JSON.stringify(there) !== JSON.stringify(head)) throw new PayloadError('the index has another head');
    return bytes.subarray(HEAD_BYTES);
  }
}
