import type { Payload } from '../kernel/index.js';
import { type wideBeat, WIDE_WORDS } from './beat-packer.js';
import type { RowWalk } from './l2-row-walk.js';

/** Wide beats that the cache holds: as many as it takes for every bank to find a word of its own (l2-fill-rate.test.ts). */
const HELD_BEATS = 4;

/**
 * The wide beats that the L2 cache holds, oldest first, each in a register of its own: words that came and are not written yet.
 * Words of B are placed, in the order they came, once their command is the active one; each then knows its bank and address.
 * Source: the machine contract, section 6.
 */
export class HeldBeats {
  readonly state = {
    /** Registers by age; those of the first `count` hold a beat. */
    order: Array.from({ length: HELD_BEATS }, (_, i) => i),
    count: 0,
    /** Per register: its beat's first word that waits, how many do, whether it is its command's last, whether they are placed. */
    at: new Array<number>(HELD_BEATS).fill(0),
    left: new Array<number>(HELD_BEATS).fill(0),
    last: new Array<number>(HELD_BEATS).fill(0),
    placed: new Array<number>(HELD_BEATS).fill(0),
    /** Words of register r from 32·r on; of placed ones bank, address, and 1 where the coming cycle writes it. */
    word: new Int16Array(HELD_BEATS * WIDE_WORDS),
    bank: new Uint16Array(HELD_BEATS * WIDE_WORDS),
    addr: new Int32Array(HELD_BEATS * WIDE_WORDS),
    goes: new Uint8Array(HELD_BEATS * WIDE_WORDS),
    /** Placed words that wait, and those of them that the coming cycle writes. */
    waiting: 0,
    going: 0,
    /** Beats that the coming cycle's writes empty. */
    emptied: 0,
  };
  /** 1 for a bank that has its word of the cycle being chosen. Scratch, no register. */
  private readonly taken: Uint8Array;

  constructor(banks: number) {
    this.taken = new Uint8Array(banks);
  }

  /** Register of the oldest beat. */
  get oldest(): number {
    return this.state.order[0]!;
  }

  /** Whether a beat can be accepted in the coming cycle, whose writes are chosen. */
  get ready(): boolean {
    const { count, emptied } = this.state;
    return count - emptied < HELD_BEATS;
  }

  take({ data, first, count, last }: Payload<typeof wideBeat>): void {
    const s = this.state;
    const r = s.order[s.count]!;
    s.count += 1;
    data.copyTo(s.word, r * WIDE_WORDS);
    s.at[r] = first.value;
    s.left[r] = count.value;
    s.last[r] = last.value;
    s.placed[r] = 0;
  }

  /** Places what the walk's command has of the beats that came. Returns in which way the two do not end together, or ''. */
  place(walk: RowWalk): string {
    const s = this.state;
    for (let i = 0; i < s.count && walk.state.todo !== 0; i++) {
      const r = s.order[i]!;
      if (s.placed[r] !== 0) continue;
      const left = s.left[r]!;
      const placed = walk.place(left, s.bank, s.addr, r * WIDE_WORDS + s.at[r]!);
      s.placed[r] = 1;
      s.waiting += left;
      const { todo } = walk.state;
      if (placed < left || (todo === 0 && s.last[r] === 0)) return 'a fill command ended before its data';
      if (todo !== 0 && s.last[r] !== 0) return `data ended ${todo} slices or rows before their command`;
    }
    return '';
  }

  /** Drops all of them. */
  clear(): void {
    const s = this.state;
    s.count = s.waiting = 0;
    this.chooseNone();
  }

  /** Nothing is written in the coming cycle. */
  chooseNone(): void {
    this.state.going = this.state.emptied = 0;
  }

  /** The coming cycle writes `words` words of the oldest beat, of A. */
  chooseOldest(words: number): void {
    const s = this.state;
    s.emptied = words === s.left[this.oldest] ? 1 : 0;
  }

  /** Chooses of the placed words the first one of each bank. */
  chooseByBank(): void {
    const s = this.state;
    const { taken } = this;
    s.going = s.emptied = 0;
    if (s.waiting === 0) return;
    taken.fill(0);
    for (let i = 0; i < s.count; i++) {
      const r = s.order[i]!;
      if (s.placed[r] === 0) break;
      const from = r * WIDE_WORDS + s.at[r]!;
      const end = from + s.left[r]!;
      let stays = 0;
      for (let k = from; k < end; k++) {
        const bank = s.bank[k]!;
        stays += taken[bank]!;
        s.goes[k] = 1 - taken[bank]!;
        taken[bank] = 1;
      }
      s.going += s.left[r]! - stays;
      if (stays === 0) s.emptied += 1;
    }
  }

  /** The oldest beat's first `words` words are written. */
  dropOldest(words: number): void {
    const s = this.state;
    const r = this.oldest;
    s.at[r]! += words;
    s.left[r]! -= words;
    if (s.left[r] === 0) this.free(0);
  }

  /** The chosen words are written: those that wait move up. */
  dropChosen(): void {
    const s = this.state;
    for (let i = s.count - 1; i >= 0; i--) {
      const r = s.order[i]!;
      if (s.placed[r] === 0) continue;
      const from = r * WIDE_WORDS + s.at[r]!;
      const end = from + s.left[r]!;
      let to = from;
      for (let k = from; k < end; k++) {
        if (s.goes[k] !== 0) continue;
        s.word[to] = s.word[k]!;
        s.bank[to] = s.bank[k]!;
        s.addr[to] = s.addr[k]!;
        to += 1;
      }
      s.left[r] = to - from;
      if (to === from) this.free(i);
    }
    s.waiting -= s.going;
  }

  /** The beat of this age is gone; younger ones grow older. */
  private free(age: number): void {
    const { state } = this;
    const { order } = state;
    const r = order[age]!;
    state.count -= 1;
    for (let i = age; i < state.count; i++) order[i] = order[i + 1]!;
    order[state.count] = r;
  }
}
