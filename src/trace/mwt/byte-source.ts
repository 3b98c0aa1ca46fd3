import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TraceFileError, TraceFormatError } from '../errors.js';

/** A file that is read here and there. */
export class ByteSource {
  readonly size: number;
  private descriptor: number;

  /** @throws TraceFileError */
  constructor(readonly path: string) {
    try {
      this.descriptor = openSync(path, 'r');
    } catch (error) {
      throw new TraceFileError(path, 'a file that can be read', error);
    }
    const stat = fstatSync(this.descriptor);
    if (!stat.isFile()) {
      this.close();
      throw new TraceFileError(path, 'a regular file', new Error('something else of that name'));
    }
    this.size = stat.size;
  }

  /** @throws TraceFormatError when the file ends before `bytes` bytes from `offset` on */
  read(offset: number, bytes: number): Buffer {
    if (offset + bytes > this.size) throw this.short(offset, bytes, Math.max(0, this.size - offset));
    const buffer = Buffer.allocUnsafeSlow(bytes);
    let got = 0;
    try {
      while (got < bytes) {
        const more = readSync(this.descriptor, buffer, got, bytes - got, offset + got);
        if (more === 0) break;
        got += more;
      }
    } catch (error) {
      throw new TraceFileError(this.path, 'a file that can be read', error);
    }
    if (got < bytes) throw this.short(offset, bytes, got);
    return buffer;
  }

  private short(offset: number, wanted: number, got: number): TraceFormatError {
    return new TraceFormatError(this.path, offset, `followed by ${wanted} bytes`, `${got}`);
  }

  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }
}
