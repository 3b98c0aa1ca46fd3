import type { Partner, Wires } from './converse.js';
import { Dice, type Drive, fires, Mood, Offers, Resets } from './traffic.js';

/** Reads and writes of a block RAM, never of one address in one cycle; both keep to a few addresses at times. */
export function memoryUser(words: number, bits: number, seed: number): Partner {
  const dice = new Dice(seed);
  const reads = new Mood(dice);
  const writes = new Mood(dice);
  const near = new Mood(dice, [0, 16]);
  return () => {
    const among = near.next() ? Math.min(words, 3) : words;
    const [waddr, raddr] = [dice.below(among), dice.below(among)];
    const we = writes.next();
    const re = reads.next() && !(we && waddr === raddr);
    return { we: we ? 1 : 0, re: re ? 1 : 0, waddr, raddr, wdata: dice.wide(bits) };
  };
}

/** The two sides of a dual-clock FIFO; now and then both raise their reset until each has seen both high at three edges. */
export function bothSides(width: number, seed: number): { in: Partner; out: Partner } {
  const dice = new Dice(seed);
  const pushes = new Mood(dice, [0, 2, 8, 14, 16, 16]);
  const pops = new Mood(dice, [0, 2, 8, 14, 16, 16]);
  let inEdges = 0;
  let outEdges = 0;
  const bothHigh = (seen: Wires): boolean => seen['in_rst'] === 1n && seen['out_rst'] === 1n;
  return {
    in: (seen) => {
      if (bothHigh(seen)) inEdges += 1;
      let reset = seen['in_rst'] === 1n;
      if (reset && inEdges >= 3 && outEdges >= 3) reset = false;
      else if (!reset && seen['out_rst'] === 0n && dice.oneIn(600)) {
        reset = true;
        inEdges = outEdges = 0;
      }
      return { in_rst: reset ? 1 : 0, in_valid: pushes.next() ? 1 : 0, in_data: dice.wide(width) };
    },
    out: (seen) => {
      if (bothHigh(seen)) outEdges += 1;
      return { out_rst: seen['in_rst']!, out_ready: pops.next() ? 1 : 0 };
    },
  };
}

/** Commands for READ, a memory that answers in order when it likes, and somebody who takes the beats when he likes. */
export function readTraffic(seed: number): Partner {
  const dice = new Dice(seed);
  const resets = new Resets(dice);
  const addresses = new Mood(dice);
  const answers = new Mood(dice, [0, 4, 14, 16, 16]);
  const takes = new Mood(dice, [0, 0, 4, 14, 16, 16], 300);
  const commands = new Offers('cmd', () => readCommand(dice), new Mood(dice, [0, 4, 16]));
  let bursts: number[] = [];
  return (seen) => {
    if (seen['rst'] === 1n) bursts = [];
    if (fires(seen, 'ar')) bursts.push(Number(seen['ar_len']) + 1);
    if (fires(seen, 'r')) {
      bursts[0]! -= 1;
      if (bursts[0] === 0) bursts.shift();
    }
    const comes = bursts.length > 0 && answers.next();
    return {
      rst: resets.next(),
      ...commands.next(seen),
      ar_ready: addresses.next() ? 1 : 0,
      r_valid: comes ? 1 : 0,
      r_last: comes && bursts[0] === 1 ? 1 : 0,
      r_data: dice.wide(256),
      out_ready: takes.next() ? 1 : 0,
    };
  };
}

/** One to many words, about 512-byte cuts, and up to the very last of 8 GiB. */
function readCommand(dice: Dice): Drive {
  const words = [dice.from(1, 3), dice.from(1, 40), dice.from(1, 600), dice.from(2000, 5000)][dice.below(4)]!;
  const end = 2 ** 32 - words;
  const whole = 256 * dice.below(2 ** 24);
  const word = [end - dice.below(40), whole, dice.below(4096), dice.below(end)][dice.below(4)]!;
  return { addr: 2 * Math.min(word, end), words };
}

/** C FIFOs that have a result or not, without regard to what was shown before; work of all sizes. */
export function collectorTraffic(n: number, seed: number): Partner {
  const dice = new Dice(seed);
  const resets = new Resets(dice);
  const columns = Array.from({ length: n }, () => new Mood(dice, [8, 14, 16, 16, 16]));
  const together = new Mood(dice, [0, 8, 16]);
  const takes = new Mood(dice, [0, 4, 14, 16, 16]);
  const work = new Offers('work', () => collectorWork(n, dice), new Mood(dice, [2, 16]));
  return (seen) => ({
    rst: resets.next(),
    in_valid: together.next()
      ? -1
      : columns.reduce((bits, mood, j) => bits | (BigInt(mood.next()) << BigInt(j)), 0n),
    in_data: dice.lanes(n),
    ...work.next(seen),
    row_ready: takes.next() ? 1 : 0,
  });
}

function collectorWork(n: number, dice: Dice): Drive {
  const panels = dice.oneIn(20) ? dice.from(5, 12) : dice.from(1, 3);
  const lastRows = dice.from(1, n);
  const filters = (panels - 1) * n + lastRows;
  const pixels = dice.from(1, 4 * n + 1);
  const atEnd = dice.oneIn(3);
  return {
    panels,
    last_rows: lastRows,
    first_filter: atEnd ? 65536 - filters : dice.below(65536 - filters),
    first_pixel: atEnd ? 2 ** 32 - pixels : dice.below(2 ** 32 - pixels),
    pixels,
  };
}
