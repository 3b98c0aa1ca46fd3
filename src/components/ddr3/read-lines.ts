import type { SparseWords } from './sparse-words.js';

/**
 * The return buffer: DRAM bursts that are being read or wait to be taken, a ring of lines in the order in which they were
 * asked for. A line gets its data when the command of its read goes out, and may be shown once the DRAM has sent them.
 */
export class ReadLines {
  readonly state: {
    count: number;
    head: number;
    words: Int16Array;
    /** Clock from which a line may be shown; Infinity while its command has not gone out. */
    due: Float64Array;
    burst: Int32Array;
    /** Beats that are still to be shown from it. */
    beats: Float64Array;
  };

  constructor(
    private readonly lines: number,
    /** Words of a burst. */
    private readonly lineWords: number,
  ) {
    this.state = {
      count: 0,
      head: 0,
      words: new Int16Array(lines * lineWords),
      due: new Float64Array(lines),
      burst: new Int32Array(lines),
      beats: new Float64Array(lines),
    };
  }

  get full(): boolean {
    return this.state.count === this.lines;
  }

  /** Clock from which the first line may be shown; Infinity without one. */
  get due(): number {
    const s = this.state;
    return s.count > 0 ? s.due[s.head]! : Infinity;
  }

  /** The burst of the first line. */
  get burst(): number {
    return this.state.burst[this.state.head]!;
  }

  /** Where a line begins in `state.words`. */
  base(line: number): number {
    return line * this.lineWords;
  }

  /** Where word `word` of the first line stands in `state.words`. */
  place(word: number): number {
    return this.base(this.state.head) + word;
  }

  /** Takes a line for a burst from which `beats` beats are to be shown, and returns its number. @param due Infinity, or when there is nothing to fetch */
  begin(burst: number, beats: number, due: number): number {
    const s = this.state;
    const line = (s.head + s.count) % this.lines;
    s.burst[line] = burst;
    s.beats[line] = beats;
    s.due[line] = due;
    s.count += 1;
    return line;
  }

  /** Takes a line's data from the contents as they are now. */
  fetch(line: number, contents: SparseWords, due: number): void {
    const s = this.state;
    const { lineWords } = this;
    const at = contents.seek(s.burst[line]! * lineWords);
    const { page } = contents;
    const base = this.base(line);
    for (let j = 0; j < lineWords; j++) s.words[base + j] = page[at + j]!;
    s.due[line] = due;
  }

  /** A beat of the first line was shown. The line leaves with its last. */
  shown(): void {
    const s = this.state;
    s.beats[s.head]! -= 1;
    if (s.beats[s.head]! > 0) return;
    s.head = (s.head + 1) % this.lines;
    s.count -= 1;
  }
}
