import type { WriteBeatQueue } from '../axi/slave-queues.js';
import type { SparseWords } from './sparse-words.js';

const FREE = -1;
const FILLING = -2;

/**
 * Write data on their way to the DRAM: lines of one burst each, with a mask of the bytes that are set. A line is filled by
 * beats of a bus, then waits until its command is issued, when it goes into the contents.
 */
export class WriteLines {
  readonly state: {
    words: Int16Array;
    /** Per word: bits of the bytes that are set, 0xff low and 0xff00 high. */
    mask: Uint16Array;
    burst: Int32Array;
    /** Order in which lines were queued; −1 for a free one, −2 for one that is being filled. */
    order: Float64Array;
    next: number;
    free: number;
  };

  constructor(
    private readonly lines: number,
    /** Words of a burst. */
    private readonly lineWords: number,
  ) {
    this.state = {
      words: new Int16Array(lines * lineWords),
      mask: new Uint16Array(lines * lineWords),
      burst: new Int32Array(lines),
      order: new Float64Array(lines).fill(FREE),
      next: 0,
      free: lines,
    };
  }

  get anyFree(): boolean {
    return this.state.free > 0;
  }

  /** Takes a free line for a burst. */
  begin(burst: number): number {
    const s = this.state;
    const line = s.order.indexOf(FREE);
    s.burst[line] = burst;
    s.order[line] = FILLING;
    s.free -= 1;
    s.mask.fill(0, line * this.lineWords, (line + 1) * this.lineWords);
    return line;
  }

  /** The line has entered the controller: reads that follow see it. */
  queue(line: number): void {
    this.state.order[line] = this.state.next++;
  }

  /** Lays the first waiting beat over a line, from word `at` of it on. Returns how many bytes it set. */
  fill(line: number, at: number, beats: WriteBeatQueue): number {
    const s = this.state;
    return beats.store(s.words, line * this.lineWords + at, s.mask);
  }

  /** Whether every byte, or none, is set. */
  coverage(line: number): 'all' | 'some' | 'none' {
    const { mask } = this.state;
    let all = true;
    let none = true;
    for (let i = line * this.lineWords; i < (line + 1) * this.lineWords; i++) {
      if (mask[i] !== 0xffff) all = false;
      if (mask[i] !== 0) none = false;
    }
    return all ? 'all' : none ? 'none' : 'some';
  }

  /** Writes the line into the contents and frees it. */
  store(line: number, contents: SparseWords): void {
    const s = this.state;
    const base = line * this.lineWords;
    const at = contents.seekForWrite(s.burst[line]! * this.lineWords);
    const { page } = contents;
    for (let i = 0; i < this.lineWords; i++) {
      const mask = s.mask[base + i]!;
      page[at + i] = (page[at + i]! & ~mask) | (s.words[base + i]! & mask);
    }
    this.drop(line);
  }

  /** Frees a line without storing it. */
  drop(line: number): void {
    this.state.order[line] = FREE;
    this.state.free += 1;
  }

  /** Lays queued lines of a burst over `words` (from `at` on), oldest first. */
  overlay(burst: number, words: Int16Array, at: number): void {
    const s = this.state;
    for (let done = -1; ;) {
      let line = -1;
      for (let i = 0; i < this.lines; i++) {
        const order = s.order[i]!;
        if (order > done && s.burst[i] === burst && (line < 0 || order < s.order[line]!)) line = i;
      }
      if (line < 0) return;
      done = s.order[line]!;
      const base = line * this.lineWords;
      for (let i = 0; i < this.lineWords; i++) {
        const mask = s.mask[base + i]!;
        words[at + i] = (words[at + i]! & ~mask) | (s.words[base + i]! & mask);
      }
    }
  }

  /** Lays every queued line that lies within them over `words`, which begin at word `first` of the memory. */
  overlayAll(words: Int16Array, first: number): void {
    const s = this.state;
    for (let line = 0; line < this.lines; line++) {
      const at = s.burst[line]! * this.lineWords - first;
      if (s.order[line]! >= 0 && at >= 0 && at < words.length) this.overlay(s.burst[line]!, words, at);
    }
  }

  /** Forgets what waits for words `from` to `to` (excluded): the host has written them past the queues. */
  forget(from: number, to: number): void {
    const s = this.state;
    for (let line = 0; line < this.lines; line++) {
      if (s.order[line] === FREE) continue;
      const first = s.burst[line]! * this.lineWords;
      for (let i = Math.max(0, from - first); i < Math.min(this.lineWords, to - first); i++)
        s.mask[line * this.lineWords + i] = 0;
    }
  }
}
