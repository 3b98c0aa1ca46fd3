import { closeSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { TraceFileError } from './errors.js';

/** Bytes that wait for one write to the disk, at least. */
const CHUNK_BYTES = 65_536;

/**
 * A file that has its name only once it is whole: bytes go to `<file>.partial`, in chunks and in order, and {@link commit}
 * renames that. Whatever ends a run early, no half-written file stands under the final name.
 *
 * Storage  One chunk, grown when a single {@link reserve} wants more.
 * Errors   TraceFileError from any call; the partial file is gone then.
 */
export class PartialFile {
  /** Where the next bytes go: write up to what was reserved from {@link at} on, and move it. */
  buffer = new Uint8Array(CHUNK_BYTES);
  at = 0;
  private flushed = 0;
  private descriptor: number;
  private readonly partial: string;

  /** Replaces what is there under `<file>.partial`. Only a regular file is ever replaced: no device, pipe, link or folder. */
  constructor(readonly path: string) {
    this.partial = `${path}.partial`;
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile())
      throw new TraceFileError(path, 'a new file or a regular one', new Error('something else of that name'));
    try {
      this.descriptor = openSync(this.partial, 'w');
    } catch (error) {
      throw new TraceFileError(path, 'a file in a folder that can be written', error);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.flushed + this.at;
  }

  /** Makes room for `bytes` bytes from {@link at} on. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    this.flush();
    if (bytes > this.buffer.length) this.buffer = new Uint8Array(2 * bytes);
  }

  /** Appends text of characters below 128, or others as UTF-8. */
  text(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Hands what waits to the file system: a process that is killed leaves it in the partial file. */
  flush(): void {
    try {
      for (let from = 0; from < this.at;)
        from += writeSync(this.descriptor, this.buffer, from, this.at - from);
    } catch (error) {
      this.abort();
      throw new TraceFileError(this.path, 'a file that can be written', error);
    }
    this.flushed += this.at;
    this.at = 0;
  }

  /** Writes the rest and gives the file its name, replacing what had it. */
  commit(): void {
    this.flush();
    try {
      closeSync(this.descriptor);
      this.descriptor = -1;
      renameSync(this.partial, this.path);
    } catch (error) {
      this.abort();
      throw new TraceFileError(this.path, 'a file that can be written', error);
    }
  }

  /** Gives the file up; what stood under its name before stays. */
  abort(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
    this.at = 0;
    rmSync(this.partial, { force: true });
  }
}
