import { TraceFormatError } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { decodeHeader, type MwtHeader } from './header.js';
import {
  bitmapBytes,
  type ChunkHead,
  CONTINUES,
  crcOf,
  ENTRY_BYTES,
  HEAD_BYTES,
  headIn,
  INDEX_BYTES,
  INDEX_TAG,
  LAST,
  MAGIC,
  PREAMBLE_BYTES,
  TRAILER_BYTES,
  VERSION,
  viewOf,
  whole,
} from './layout.js';

/** A chunk's place in the file, and its head. */
export interface ChunkPlace {
  readonly offset: number;
  readonly head: ChunkHead;
}

/** What is where in a file. */
export interface Contents {
  readonly header: MwtHeader;
  readonly chunks: readonly ChunkPlace[];
  /** Why not all that was recorded is there. */
  readonly damage: string | null;
}

/**
 * Finds the chunks: by the index, or where there is no intact one, by walking from chunk to chunk as long as they are whole.
 *
 * @throws TraceFormatError for a file without an intact header of this version
 */
export function readContents(source: ByteSource): Contents {
  const { header, start } = readHeader(source);
  const bitmap = bitmapBytes(header.signals.reduce((most, { wave }) => Math.max(most, wave + 1), 0));
  const walk = new Walk(source, header.begin, start, bitmap);
  const indexed = walk.byIndex();
  return { header, ...(indexed === null ? walk.byChunks() : { chunks: indexed, damage: null }) };
}

function readHeader(source: ByteSource): { header: MwtHeader; start: number } {
  const { path, size } = source;
  const wrong = (offset: number, wanted: string, got: string): TraceFormatError =>
    new TraceFormatError(path, offset, wanted, got);
  const found = source.read(0, Math.min(PREAMBLE_BYTES, size));
  const magic = found.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC.subarray(0, magic.length)) || size === 0)
    throw wrong(0, 'the first bytes of a trace file', size === 0 ? 'an empty file' : 'others');
  if (size < PREAMBLE_BYTES)
    throw wrong(0, `a trace file's first ${PREAMBLE_BYTES} bytes`, `a file of ${size}`);
  const view = viewOf(found);
  const bytes = view.getUint32(12, true);
  const isIntact = view.getUint32(20, true) === crcOf(found, 0, 20);
  const version = view.getUint32(8, true);
  if (!isIntact) throw wrong(0, `${PREAMBLE_BYTES} bytes of the right CRC`, 'damaged ones');
  if (version !== VERSION)
    throw wrong(8, `version ${VERSION} of the format, the one that this program reads`, `version ${version}`);
  if (PREAMBLE_BYTES + bytes > size)
    throw wrong(
      PREAMBLE_BYTES,
      `a header of ${bytes} bytes`,
      `${size - PREAMBLE_BYTES}: the file was cut off in it`,
    );
  const text = source.read(PREAMBLE_BYTES, bytes);
  if (crcOf(text) !== view.getUint32(16, true))
    throw wrong(PREAMBLE_BYTES, 'a header of the right CRC', 'a damaged one');
  return { header: decodeHeader(path, PREAMBLE_BYTES, text), start: PREAMBLE_BYTES + bytes };
}

/** Walks over the chunks from the first one on. */
class Walk {
  constructor(
    private readonly source: ByteSource,
    private readonly begin: number,
    private readonly start: number,
    private readonly bitmap: number,
  ) {}

  /** The chunks by the index; null when there is none, or one that cannot be. */
  byIndex(): ChunkPlace[] | null {
    const { source, start } = this;
    const { size } = source;
    if (size < start + INDEX_BYTES + TRAILER_BYTES) return null;
    const trailer = source.read(size - TRAILER_BYTES, TRAILER_BYTES);
    if (trailer.readUInt32LE(12) !== crcOf(trailer, 0, 12)) return null;
    const from = whole(viewOf(trailer), 0);
    const bytes = trailer.readUInt32LE(8);
    if (!(from >= start && bytes >= INDEX_BYTES && from + bytes + TRAILER_BYTES === size)) return null;
    const index = source.read(from, bytes);
    if (index.readUInt32LE(bytes - 4) !== crcOf(index, 0, bytes - 4)) return null;
    const count = index.readUInt32LE(4);
    if (index.readUInt32LE(0) !== INDEX_TAG || bytes !== INDEX_BYTES + count * ENTRY_BYTES) return null;
    const chunks: ChunkPlace[] = [];
    for (let i = 0; i < count; i++) {
      const at = 16 + i * ENTRY_BYTES;
      const entry = index.subarray(at, at + ENTRY_BYTES);
      const head = headIn(entry.subarray(8));
      const offset = whole(viewOf(entry), 0);
      if (typeof head === 'string' || offset !== this.after(chunks) || this.misfit(head, chunks) !== null)
        return null;
      chunks.push({ offset, head });
    }
    const last = chunks.at(-1)?.head;
    const isWhole =
      last !== undefined &&
      (last.flags & LAST) !== 0 &&
      last.to === whole(viewOf(index), 8) &&
      this.after(chunks) === from;
    return isWhole ? chunks : null;
  }

  /** The chunks that are whole and intact, from the first one on, and why there are no more. */
  byChunks(): { chunks: ChunkPlace[]; damage: string } {
    const { source } = this;
    const chunks: ChunkPlace[] = [];
    for (;;) {
      const offset = this.after(chunks);
      const last = chunks.at(-1)?.head;
      if (last !== undefined && (last.flags & LAST) !== 0)
        return { chunks, damage: `byte ${offset}: the index is missing or damaged; all chunks are there` };
      const next = this.chunkAt(offset, chunks);
      if (typeof next === 'string')
        return {
          chunks,
          damage: `byte ${offset}: ${source.size === offset ? 'the file ends before its last chunk' : next}`,
        };
      chunks.push(next);
    }
  }

  private chunkAt(offset: number, before: readonly ChunkPlace[]): ChunkPlace | string {
    const { source, bitmap } = this;
    const fixed = HEAD_BYTES + bitmap;
    if (offset + fixed > source.size) return 'the file ends within the head of a chunk';
    const bytes = source.read(offset, fixed);
    const head = headIn(bytes);
    if (typeof head === 'string') return `wanted a chunk, got ${head}`;
    if (!isIntactHead(bytes)) return 'the head of a chunk is damaged';
    const misfit = this.misfit(head, before);
    if (misfit !== null) return misfit;
    if (offset + fixed + head.storedBytes > source.size) return 'the file ends within a chunk';
    if (crcOf(source.read(offset + fixed, head.storedBytes)) !== head.payloadCrc) return 'a chunk is damaged';
    return { offset, head };
  }

  /** Where the chunk behind these begins. */
  private after(chunks: readonly ChunkPlace[]): number {
    const last = chunks.at(-1);
    return last === undefined ? this.start : last.offset + HEAD_BYTES + this.bitmap + last.head.storedBytes;
  }

  /** Why a chunk cannot follow these. */
  private misfit(head: ChunkHead, before: readonly ChunkPlace[]): string | null {
    const last = before.at(-1)?.head;
    const continues = last !== undefined && (last.flags & CONTINUES) !== 0;
    const earliest = last === undefined ? this.begin : continues ? last.to : last.to + 1;
    if (head.number !== before.length) return `wanted chunk ${before.length}, got ${head.number}`;
    if (last !== undefined && (last.flags & LAST) !== 0) return 'a chunk follows the last one';
    if (continues ? head.from !== earliest : head.from < earliest)
      return `wanted a chunk from ${earliest} ps on, got one from ${head.from} ps`;
    return head.earliest < this.begin ? 'a transaction that began before the recording' : null;
  }
}

/** Whether the CRC of a head and its bitmap is right. */
export function isIntactHead(bytes: Uint8Array): boolean {
  return viewOf(bytes).getUint32(60, true) === crcOf(bytes, HEAD_BYTES, bytes.length, crcOf(bytes, 0, 60));
}
