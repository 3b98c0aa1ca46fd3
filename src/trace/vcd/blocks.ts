import { closeSync, openSync, readSync } from 'node:fs';
import { VcdError } from './errors.js';

/** A word longer than this, bytes, is no value of any signal. */
const LONGEST_WORD = 1 << 26;
const NEWLINE = 0x0a;

/**
 * A file as a window of bytes that moves over it. The bytes from {@link at} up to {@link limit} are whole words: `limit` stands right
 * after white space, or where {@link at} is when nothing is left.
 *
 * Storage  One block, grown when a single word needs more, up to 64 MiB.
 * Errors   VcdError for a file that cannot be opened or read, and for a word beyond that.
 */
export class Blocks {
  buffer: Buffer;
  /** First byte not yet dealt with. */
  at = 0;
  limit = 0;
  /** Place of `buffer[0]` in the file, bytes. */
  base = 0;
  /** What stands behind the last white space of the file: a word that may have been cut off. Empty before the end. */
  rest = '';
  /** True when the file ends in `$end` without white space behind it. */
  bareEnd = false;
  private filled = 0;
  private ended = false;
  private readonly descriptor: number;
  /** False for one that reads what another has opened. */
  private open: boolean;

  constructor(
    readonly path: string,
    blockBytes: number,
    opened: Blocks | null = null,
  ) {
    this.buffer = Buffer.allocUnsafe(blockBytes);
    this.open = opened === null;
    if (opened !== null) {
      this.descriptor = opened.descriptor;
      return;
    }
    try {
      this.descriptor = openSync(path, 'r');
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** Goes on at byte `offset` of the file. */
  seek(offset: number): void {
    this.at = this.limit = this.filled = 0;
    this.base = offset;
    this.ended = false;
    this.rest = '';
  }

  /** Where in the window the word at byte `offset` of the file begins; the window moves there unless it is all in it. */
  wordAt(offset: number): number {
    if (!(offset >= this.base && offset < this.base + this.limit)) {
      this.seek(offset);
      this.more();
    }
    return offset - this.base;
  }

  /** Moves the window on, keeping what stands from {@link at}. False when there is no further whole word. */
  more(): boolean {
    const { at } = this;
    if (this.ended) return false;
    this.buffer.copyWithin(0, at, this.filled);
    this.base += at;
    this.filled -= at;
    this.at = 0;
    for (;;) {
      if (this.filled > this.buffer.length >> 1) this.grow();
      const got = this.read(this.buffer, this.filled, this.base + this.filled);
      const from = this.filled;
      this.filled += got;
      if (got === 0) return this.finish();
      const limit = this.lastSpace(from);
      if (limit < 0) continue;
      this.limit = limit;
      return true;
    }
  }

  /** Reads what there is from byte `offset` on into `into` from `from`. Returns how many bytes. */
  read(into: Uint8Array, from: number, offset: number): number {
    try {
      return readSync(this.descriptor, into, from, into.length - from, offset);
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  /** The line, counted from 1, of a byte of the file. */
  lineOf(offset: number): number {
    const block = Buffer.allocUnsafe(1 << 16);
    let line = 1;
    for (let from = 0; from < offset;) {
      const got = Math.min(this.read(block, 0, from), offset - from);
      if (got <= 0) break;
      for (let i = 0; i < got; i++) if (block[i] === NEWLINE) line += 1;
      from += got;
    }
    return line;
  }

  close(): void {
    if (this.open) closeSync(this.descriptor);
    this.open = false;
  }

  private grow(): void {
    if (this.buffer.length >= LONGEST_WORD)
      throw new VcdError(
        this.path,
        this.lineOf(this.base),
        'words between white space',
        `${this.filled} bytes without any`,
      );
    const wider = Buffer.allocUnsafe(2 * this.buffer.length);
    this.buffer.copy(wider, 0, 0, this.filled);
    this.buffer = wider;
  }

  /** One past the last white space from `from` on; -1 when there is none. */
  private lastSpace(from: number): number {
    const { buffer } = this;
    for (let i = this.filled - 1; i >= from; i--) if (buffer[i]! <= 0x20) return i + 1;
    return -1;
  }

  /** At the end of the file: an `$end` needs no newline behind it, any other word might be half of one. */
  private finish(): boolean {
    this.ended = true;
    const last = this.lastSpace(0);
    const whole = last < 0 ? 0 : last;
    this.rest = this.buffer.toString('latin1', whole, Math.min(this.filled, whole + 64));
    this.limit = whole;
    if (this.rest !== '$end' || this.filled - whole !== 4) return whole > 0;
    this.rest = '';
    this.bareEnd = true;
    if (this.filled === this.buffer.length) this.grow();
    this.buffer[this.filled++] = NEWLINE;
    this.limit = this.filled;
    return true;
  }
}

function unreadable(path: string, error: unknown): VcdError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new VcdError(
    path,
    0,
    'a file that can be read',
    code === undefined ? message : message.split(', ')[0]!,
  );
}
