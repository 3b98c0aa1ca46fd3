import type { Partner, Wires } from './converse.js';
import { Dice, type Drive, fires, Mood, Offers, Resets } from './traffic.js';

/** Rows of planes that share beats: most go on where their filter stopped, some elsewhere; filters whose buffers are one. */
class RowSource {
  private base = 0;
  private plane = 1;
  private filters: number[] = [];
  private readonly next = new Map<number, number>();
  private rowsLeft = 0;

  constructor(
    private readonly n: number,
    private readonly dice: Dice,
  ) {}

  /** Address and plane belong to the row: they are sampled with it. */
  get settings(): Drive {
    return { cfg_base: this.base, cfg_plane_words: this.plane };
  }

  row(): Drive {
    const { dice, n, next } = this;
    if (this.rowsLeft === 0) this.newLayer();
    this.rowsLeft -= 1;
    const filter = this.filters[dice.below(this.filters.length)]!;
    let pixel = next.get(filter) ?? 0;
    if (pixel >= this.plane) pixel = 0;
    if (dice.oneIn(12)) pixel = dice.below(this.plane);
    const count = Math.min(this.plane - pixel, dice.oneIn(2) ? n : dice.from(1, n));
    next.set(filter, pixel + count);
    return { filter, pixel, count, data: dice.lanes(n) };
  }

  private newLayer(): void {
    const { dice } = this;
    const first = [0, 510, 65535 - 515, dice.below(600)][dice.below(4)]!;
    this.filters = [0, 1, 2, 512, 514].map((f) => first + f).slice(0, dice.from(1, 5));
    this.plane = dice.oneIn(3) ? dice.from(1, 30) : dice.from(1, 900);
    const words = (first + 515) * this.plane;
    const end = 2 ** 32 - words;
    const word = dice.oneIn(4) ? end : Math.max(0, 2048 * dice.from(1, 50) - dice.below(100));
    this.base = 2 * Math.min(word, end);
    this.next.clear();
    this.rowsLeft = dice.from(5, 120);
  }
}

/** Pool in front of WRITE, a memory behind it that answers when it likes, and now and then a flush until all is out. */
export function writeTraffic(n: number, seed: number): Partner {
  const dice = new Dice(seed);
  const resets = new Resets(dice);
  const addresses = new Mood(dice, [0, 4, 14, 16, 16, 16]);
  const beats = new Mood(dice, [0, 4, 14, 16, 16, 16]);
  const answers = new Mood(dice, [0, 2, 14, 16, 16, 16]);
  const flushes = new Mood(dice, [0, 0, 0, 1, 16]);
  const source = new RowSource(n, dice);
  let draining = 0;
  const rows = new Offers('row', () => (draining > 0 ? null : source.row()), new Mood(dice, [2, 14, 16, 16]));
  // Bursts whose address was taken, and whose last beat was: what both say is to be answered.
  let addressed = 0;
  let written = 0;
  return (seen) => {
    if (seen['rst'] === 1n) addressed = written = 0;
    if (fires(seen, 'aw')) addressed += 1;
    if (fires(seen, 'w') && seen['w_last'] === 1n) written += 1;
    if (fires(seen, 'b')) {
      addressed -= 1;
      written -= 1;
    }
    draining = nextDrain(draining, seen, dice);
    const row = rows.next(seen);
    return {
      rst: resets.next(),
      ...row,
      ...(row['row_valid'] === 1 ? source.settings : {}),
      flush: flushes.next() || draining > 0 ? 1 : 0,
      aw_ready: addresses.next() ? 1 : 0,
      w_ready: beats.next() ? 1 : 0,
      b_valid: addressed > 0 && written > 0 && answers.next() ? 1 : 0,
    };
  };
}

/** Cycles that a flush without rows may still take: it begins now and then, and ends when all is out. */
function nextDrain(left: number, seen: Wires, dice: Dice): number {
  if (left > 0) return seen['idle'] === 1n ? 0 : left - 1;
  return dice.oneIn(250) ? 700 : 0;
}
