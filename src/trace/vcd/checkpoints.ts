import type { VcdScanner, VcdVisitor } from './scanner.js';

/** Bytes that all checkpoints together may take. */
const BUDGET = 1 << 25;
const MOST = 1024;
const FIRST_SPACING = 1 << 20;

/** A place at which reading can begin: a `#` word, and what held before it. */
export interface Checkpoint {
  /** Byte of the file. */
  readonly offset: number;
  readonly time: number;
  /** By code: byte at which its latest value before this place stands; -1 for none. */
  readonly values: Float64Array;
}

/** Which forms of values a code was given. */
export const SEEN_REAL = 1;
export const SEEN_TEXT = 2;

/**
 * Notes, in the first pass over a dump, where reading can begin again: about every megabyte at first, and ever more rarely
 * as the file grows, so that the notes stay within 32 MiB (or four places, for a million signals).
 */
export class CheckpointNotes implements VcdVisitor {
  readonly checkpoints: Checkpoint[] = [];
  readonly seen: Uint8Array;
  begin = -1;
  end = -1;
  private readonly latest: Float64Array;
  private readonly most: number;
  private spacing = FIRST_SPACING;
  private next = FIRST_SPACING;

  constructor(private readonly scanner: VcdScanner) {
    const { codes } = scanner.header;
    this.seen = new Uint8Array(codes);
    this.latest = new Float64Array(codes).fill(-1);
    this.most = Math.min(MOST, Math.max(4, Math.floor(BUDGET / (8 * codes + 64))));
  }

  time(time: number): void {
    if (this.begin < 0) this.begin = time;
    this.end = time;
    if (this.scanner.word >= this.next) this.note(time);
  }

  scalar(code: number): void {
    this.latest[code] = this.scanner.word;
    if (this.begin < 0) this.begin = this.end = 0;
  }

  vector(code: number): void {
    this.scalar(code);
  }

  real(code: number): void {
    this.seen[code]! |= SEEN_REAL;
    this.scalar(code);
  }

  text(code: number): void {
    this.seen[code]! |= SEEN_TEXT;
    this.scalar(code);
  }

  beginSection(): void {}

  endSection(): void {}

  /** The last checkpoint before `time`; null when reading must begin at the beginning. */
  before(time: number): Checkpoint | null {
    let low = 0;
    let high = this.checkpoints.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.checkpoints[middle]!.time < time) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : this.checkpoints[low - 1]!;
  }

  private note(time: number): void {
    const { checkpoints } = this;
    const offset = this.scanner.word;
    checkpoints.push({ offset, time, values: this.latest.slice() });
    if (checkpoints.length >= this.most) {
      for (let i = 1; 2 * i < checkpoints.length; i++) checkpoints[i] = checkpoints[2 * i]!;
      checkpoints.length = (checkpoints.length + 1) >> 1;
      this.spacing *= 2;
    }
    this.next = offset + this.spacing;
  }
}
