import { deflateSync } from 'node:zlib';
import { ConfigError, type TransactionRecord } from '../../kernel/index.js';
import { TraceTimeError } from '../errors.js';
import { PartialFile } from '../partial-file.js';
import { ByteScratch } from './byte-scratch.js';
import { encodeAxis, encodeMoments, encodeValues, firstWrong } from './chunk-encoder.js';
import { encodeHeader, type MwtHead, wavesOf } from './header.js';
import { KeyframeLayout } from './keyframe.js';
import {
  bitmapBytes,
  type ChunkHead,
  CONTINUES,
  crcOf,
  DEFLATED,
  EDGES_PENDING,
  ENTRY_BYTES,
  HEAD_BYTES,
  INDEX_BYTES,
  INDEX_TAG,
  LAST,
  MAGIC,
  PREAMBLE_BYTES,
  putHead,
  putWhole,
  TRAILER_BYTES,
  VERSION,
  viewOf,
} from './layout.js';
import { packNumbers } from './number-column.js';
import { packr } from './packr.js';
import { TransactionTable } from './transaction-table.js';
import { WaveColumn } from './wave-column.js';

export interface MwtOptions {
  /** Bytes of a chunk, about: 1 to 2^28. At least four times what the values of all waves take, whatever is asked. Default 2^18. */
  readonly chunkBytes?: number;
  /** Whether chunks are deflated: smaller, slower, and bytes that depend on the version of zlib. Default false. */
  readonly deflate?: boolean;
}

const CHUNK_BYTES = 2 ** 18;

/**
 * Writes a trace file: what changes when, chunk by chunk, in memory that does not grow with the run.
 *
 * {@link time} begins a moment; {@link scalar}, {@link lanes} and {@link event} say what changes in it. Changes of one moment have
 * the order of their waves. Several moments may have one time, and keep their order; a wave that changes twice in a
 * moment begins a new one. The file lies at `<file>.partial` until {@link commit}; each chunk goes to the disk when it is whole, and a
 * partial file opens up to its last whole chunk. Writes are synchronous: who records waits for the disk.
 *
 * Equal calls give equal bytes. Values are checked as a chunk ends: an integer in the range of its type.
 *
 * Storage  A chunk in columns, four to twelve times its bytes in the file, and 72 bytes for each chunk there is.
 * Errors   ConfigError for a head, a wave or a value that is wrong; TraceTimeError for time that goes back; TraceFileError for a
 *          file that cannot be written. After a wrong value or a failed write no file is left.
 * Source   docs/trace-format.md
 */
export class MwtWriter {
  /** Value changes and events so far. */
  changes = 0;
  private readonly out: PartialFile;
  private readonly layout: KeyframeLayout;
  private readonly keyframe: DataView;
  private readonly columns: readonly WaveColumn[];
  /** By wave: its column, where it is of that kind. */
  private readonly scalars: readonly (WaveColumn | undefined)[];
  private readonly transactions: TransactionTable;
  private readonly deflate: boolean;
  /** Bytes after which a chunk ends, when the time next moves. */
  private readonly limit: number;
  /** Time of each moment of the chunk. */
  private axis = new Float64Array(1024);
  private moment = 0;
  private now: number;
  /** Bytes that the changes of the chunk are likely to take: now, and before the moment at hand. */
  private filled = 0;
  private before = 0;
  private chunkFrom: number;
  private readonly bitmap: Uint8Array;
  /** Entries of the index so far. */
  private index = new Uint8Array(64 * ENTRY_BYTES);
  private chunks = 0;
  private readonly axisOut = new ByteScratch();
  private readonly momentsOut = new ByteScratch();
  private readonly valuesOut = new ByteScratch();

  constructor(
    readonly file: string,
    head: MwtHead,
    options: MwtOptions = {},
  ) {
    const { chunkBytes = CHUNK_BYTES, deflate = false } = options;
    if (!Number.isInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > 2 ** 28)
      throw new ConfigError(file, 'chunkBytes', 'an integer from 1 to 268435456', chunkBytes);
    const header = encodeHeader(file, head);
    const waves = wavesOf(head.signals);
    this.columns = waves.map((shape) => new WaveColumn(shape));
    this.scalars = this.columns.map((column) => (column.stride === 1 ? column : undefined));
    this.layout = new KeyframeLayout(waves);
    this.keyframe = viewOf(Buffer.alloc(this.layout.bytes));
    this.bitmap = new Uint8Array(bitmapBytes(waves.length));
    this.transactions = new TransactionTable(file);
    this.deflate = deflate;
    this.limit = Math.max(chunkBytes, 4 * this.layout.bytes);
    this.now = head.begin;
    this.chunkFrom = head.begin;
    this.axis[0] = head.begin;
    this.out = new PartialFile(file);
    this.put(preamble(header), header);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.out.bytes;
  }

  /** Begins a moment: what follows happens at `ps`. */
  time(ps: number): void {
    if (!(ps >= this.now && Number.isSafeInteger(ps))) throw new TraceTimeError(this.file, this.now, ps);
    const bytes = this.filled + this.transactions.bytes;
    if (bytes >= this.limit && ps > this.now) this.endChunk(0, ps);
    else if (this.filled !== this.before) this.nextMoment();
    this.now = ps;
    this.axis[this.moment] = ps;
  }

  /** A scalar has this value from now on. */
  scalar(wave: number, value: number): void {
    const column = this.scalars[wave];
    if (column === undefined) throw this.wrongWave(wave, 'a scalar');
    if (column.last === this.moment) this.nextMoment();
    const at = column.count;
    if (at === column.moments.length) column.grow();
    column.moments[at] = this.moment;
    column.values[at] = value;
    column.last = this.moment;
    column.count = at + 1;
    this.filled += column.cost;
  }

  /** A vector has these values from now on. They are copied. */
  lanes(wave: number, values: ArrayLike<number>): void {
    const column = this.columns[wave];
    if (column === undefined || column.stride !== values.length)
      throw this.wrongWave(wave, `a vector of ${values.length} lanes`);
    const { stride } = column;
    const at = this.change(column) * stride;
    for (let lane = 0; lane < stride; lane++) column.values[at + lane] = values[lane]!;
  }

  /** An event happens. */
  event(wave: number): void {
    const column = this.columns[wave];
    if (column === undefined || column.stride !== 0) throw this.wrongWave(wave, 'an event');
    this.change(column);
  }

  /** A record of {@link Transactions}, in order. Its time becomes that of the file. */
  transaction(record: TransactionRecord): void {
    if (record.time !== this.now) this.time(record.time);
    this.transactions.add(record);
  }

  /**
   * Ends the recording, which reaches to `endPs`, and gives the file its name. `edgesPending` says that clock edges at that very time have not
   * been: clocks are then drawn without them.
   */
  commit(endPs: number, edgesPending = false): void {
    this.time(endPs);
    const pending = edgesPending ? EDGES_PENDING : 0;
    this.endChunk(LAST | pending, endPs);
    const from = this.out.bytes;
    const entries = this.index.subarray(0, this.chunks * ENTRY_BYTES);
    const index = Buffer.alloc(INDEX_BYTES + entries.length);
    const view = viewOf(index);
    view.setUint32(0, INDEX_TAG, true);
    view.setUint32(4, this.chunks, true);
    putWhole(view, 8, endPs);
    index.set(entries, 16);
    view.setUint32(index.length - 4, crcOf(index, 0, index.length - 4), true);
    const trailer = Buffer.alloc(TRAILER_BYTES);
    putWhole(viewOf(trailer), 0, from);
    trailer.writeUInt32LE(index.length, 8);
    trailer.writeUInt32LE(crcOf(trailer, 0, 12), 12);
    this.put(index, trailer);
    this.out.commit();
  }

  /** Gives the file up. */
  abort(): void {
    this.out.abort();
  }

  /** Notes a change now; returns its place in the column. */
  private change(column: WaveColumn): number {
    if (column.last === this.moment) this.nextMoment();
    const at = column.count;
    if (at === column.moments.length) column.grow();
    column.moments[at] = this.moment;
    column.last = this.moment;
    column.count = at + 1;
    this.filled += column.cost;
    return at;
  }

  private nextMoment(): void {
    // An instant without an end must not fill the memory.
    if (this.filled >= 4 * this.limit) {
      this.endChunk(CONTINUES, this.now);
      return;
    }
    this.moment += 1;
    this.before = this.filled;
    if (this.moment === this.axis.length) {
      const axis = new Float64Array(2 * this.moment);
      axis.set(this.axis);
      this.axis = axis;
    }
    this.axis[this.moment] = this.now;
  }

  private wrongWave(wave: number, wanted: string): ConfigError {
    return new ConfigError(this.file, 'wave', `the number of ${wanted}`, wave);
  }

  /** Writes the chunk; the next one is from `next` on. */
  private endChunk(flags: number, next: number): void {
    const { now, chunkFrom } = this;
    const moments = this.filled === this.before ? this.moment : this.moment + 1;
    const rows = this.transactions.take(now, (flags & LAST) !== 0);
    const raw = this.payload(moments, rows?.packed ?? null);
    const { stored, deflated } = this.packed(raw.bytes);
    const head: ChunkHead = {
      number: this.chunks,
      flags: flags | (deflated ? DEFLATED : 0),
      storedBytes: stored.length,
      rawBytes: raw.bytes.length,
      payloadCrc: crcOf(stored),
      from: chunkFrom,
      to: now,
      earliest: rows?.earliest ?? chunkFrom,
      changes: raw.changes,
      transactions: rows?.count ?? 0,
    };
    const bytes = Buffer.alloc(HEAD_BYTES);
    putHead(bytes, head, this.bitmap);
    this.enter(bytes);
    this.put(bytes, this.bitmap, stored);
    this.changes += raw.changes;
    this.afterChunk(next);
  }

  private packed(raw: Buffer): { stored: Uint8Array; deflated: boolean } {
    if (!this.deflate) return { stored: raw, deflated: false };
    const small = deflateSync(raw);
    return small.length < raw.length ? { stored: small, deflated: true } : { stored: raw, deflated: false };
  }

  private payload(moments: number, transactions: unknown): { bytes: Buffer; changes: number } {
    const { axisOut, momentsOut, valuesOut, columns, bitmap } = this;
    axisOut.at = momentsOut.at = valuesOut.at = 0;
    const axisCode = encodeAxis(axisOut, this.axis, moments, this.chunkFrom);
    const counts: number[] = [];
    const forms: number[] = [];
    let changes = 0;
    bitmap.fill(0);
    for (let wave = 0; wave < columns.length; wave++) {
      const column = columns[wave]!;
      if (column.count === 0) continue;
      bitmap[wave >> 3]! |= 1 << (wave & 7);
      const form = encodeMoments(momentsOut, column);
      const code = encodeValues(valuesOut, column);
      if (code < 0) {
        this.abort();
        throw this.wrongValue(wave);
      }
      counts.push(column.count);
      forms.push((code << 4) | form);
      changes += column.count;
    }
    const bytes = packr.pack({
      keyframe: Buffer.from(this.keyframe.buffer, this.keyframe.byteOffset, this.keyframe.byteLength),
      axis: [axisCode, axisOut.written],
      counts: packNumbers(counts),
      forms: Buffer.from(forms),
      moments: momentsOut.written,
      values: valuesOut.written,
      transactions,
    });
    return { bytes, changes };
  }

  private wrongValue(wave: number): ConfigError {
    const { shape, values, moments, stride } = this.columns[wave]!;
    const at = firstWrong(this.columns[wave]!);
    const time = this.axis[moments[Math.floor(at / stride)]!];
    return new ConfigError(
      this.file,
      `wave ${wave} at ${time} ps`,
      `an integer from ${shape.min} to ${shape.max}`,
      values[at],
    );
  }

  /** Keeps the head for the index, with the place that it goes to. */
  private enter(head: Uint8Array): void {
    const at = this.chunks * ENTRY_BYTES;
    if (at === this.index.length) {
      const index = new Uint8Array(2 * at);
      index.set(this.index);
      this.index = index;
    }
    putWhole(viewOf(this.index), at, this.out.bytes);
    this.index.set(head, at + 8);
    this.chunks += 1;
  }

  /** Takes the last values into the keyframe and forgets the changes. */
  private afterChunk(next: number): void {
    const { columns, layout, keyframe } = this;
    let room = 0;
    for (const column of columns) room += column.bytes;
    // Room that waves of other chunks needed is given back, lest it add up.
    const shrink = room > 64 * this.limit + 512 * columns.length;
    for (let wave = 0; wave < columns.length; wave++) {
      const column = columns[wave]!;
      const { count, stride } = column;
      if (count > 0 && stride > 0) layout.put(keyframe, wave, column.values, (count - 1) * stride);
      column.clear(shrink);
    }
    this.moment = this.filled = this.before = 0;
    this.chunkFrom = next;
    this.axis[0] = next;
  }

  /** Appends bytes and hands them to the disk. */
  private put(...parts: readonly Uint8Array[]): void {
    const { out } = this;
    for (const part of parts) {
      out.reserve(part.length);
      out.buffer.set(part, out.at);
      out.at += part.length;
    }
    out.flush();
  }
}

function preamble(header: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  bytes.set(MAGIC);
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(header.length, 12);
  bytes.writeUInt32LE(crcOf(header), 16);
  bytes.writeUInt32LE(crcOf(bytes, 0, 20), 20);
  return bytes;
}
