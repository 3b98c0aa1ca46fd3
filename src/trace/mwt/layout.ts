import { crc32 } from 'node:zlib';

/**
 * The frame of a trace file, byte by byte: docs/trace-format.md. Everything is little-endian; a CRC is the CRC-32 of IEEE 802.3
 * as zlib has it.
 */

/** First bytes of the file: a transfer as text, or one cut to seven bits, changes them. */
export const MAGIC = Uint8Array.of(0x89, 0x4d, 0x57, 0x54, 0x0d, 0x0a, 0x1a, 0x0a);
export const VERSION = 1;
/** Magic, version, bytes of the header, its CRC, CRC of what is before. */
export const PREAMBLE_BYTES = 24;
/** Head of a chunk without the bitmap of its waves. */
export const HEAD_BYTES = 64;
/** Offset and head of a chunk in the index. */
export const ENTRY_BYTES = 72;
/** Tag, count, end, and the CRC behind the entries. */
export const INDEX_BYTES = 20;
export const TRAILER_BYTES = 16;

const CHUNK_TAG = 0x4b4e4843;
export const INDEX_TAG = 0x58444e49;

/** The payload is deflated (zlib's format). */
export const DEFLATED = 1;
/** The instant at the chunk's end goes on in the next chunk. */
export const CONTINUES = 2;
/** The last chunk of a recording that was ended in order. */
export const LAST = 4;
/** Clock edges at the end of the recording had not been when it ended. */
export const EDGES_PENDING = 8;
const FLAGS = DEFLATED | CONTINUES | LAST | EDGES_PENDING;

export interface ChunkHead {
  /** 0 for the first. */
  readonly number: number;
  readonly flags: number;
  /** Bytes of the payload as it stands in the file, and unpacked. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly payloadCrc: number;
  /** Nothing in the chunk is before `from` or behind `to`, ps. */
  readonly from: number;
  readonly to: number;
  /** Begin of the earliest transaction in it; `from` if there is none. */
  readonly earliest: number;
  readonly changes: number;
  readonly transactions: number;
}

/** Bytes of the bitmap that says which waves change in a chunk. */
export const bitmapBytes = (waves: number): number => (waves + 7) >> 3;

export const crcOf = (bytes: Uint8Array, from = 0, to = bytes.length, start = 0): number =>
  crc32(bytes.subarray(from, to), start);

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Times and offsets: 64 bits, of which a reader takes numbers below 2^53. */
export function putWhole(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** NaN beyond 2^53. */
export function whole(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  return Number.isSafeInteger(value) ? value : NaN;
}

/** Writes a head; `bitmap` is what its CRC covers beside it. */
export function putHead(bytes: Uint8Array, head: ChunkHead, bitmap: Uint8Array): void {
  const view = viewOf(bytes);
  view.setUint32(0, CHUNK_TAG, true);
  view.setUint32(4, head.number, true);
  view.setUint32(8, head.flags, true);
  view.setUint32(12, head.storedBytes, true);
  view.setUint32(16, head.rawBytes, true);
  view.setUint32(20, head.payloadCrc, true);
  putWhole(view, 24, head.from);
  putWhole(view, 32, head.to);
  putWhole(view, 40, head.earliest);
  view.setUint32(48, head.changes, true);
  view.setUint32(52, head.transactions, true);
  view.setUint32(56, 0, true);
  view.setUint32(60, crcOf(bitmap, 0, bitmap.length, crcOf(bytes, 0, 60)), true);
}

/** The head in these 64 bytes, or in a word what is wrong with it. Its CRC is not looked at. */
export function headIn(bytes: Uint8Array): ChunkHead | string {
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== CHUNK_TAG) return 'something else than a chunk';
  const head: ChunkHead = {
    number: view.getUint32(4, true),
    flags: view.getUint32(8, true),
    storedBytes: view.getUint32(12, true),
    rawBytes: view.getUint32(16, true),
    payloadCrc: view.getUint32(20, true),
    from: whole(view, 24),
    to: whole(view, 32),
    earliest: whole(view, 40),
    changes: view.getUint32(48, true),
    transactions: view.getUint32(52, true),
  };
  if ((head.flags & ~FLAGS) !== 0) return `unknown flags ${head.flags}`;
  if (view.getUint32(56, true) !== 0) return 'a reserved field in use';
  if (!(head.from <= head.to && head.earliest <= head.to)) return 'times out of order';
  if ((head.flags & DEFLATED) === 0 && head.rawBytes !== head.storedBytes)
    return 'two lengths of one payload';
  return head;
}
