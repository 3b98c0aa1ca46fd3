import { describe, expect, it } from 'vitest';
import { beatsOf } from './l2-bench.js';
import { bench, ramp, rowsOf } from './l2-cache-bench.js';

const BANKS = 29;
/** Words a cycle of 166 MHz that 6.4 GB/s are. */
const BUS = 6.4e9 / 2 / 166e6;
/** Enough words that the cycles of the end do not show. */
const WORDS = 4000;

/** How rows come: the output's width of an input's, and the rows that a band stores of a channel. */
interface Geometry {
  readonly outWidth: (w: number) => number;
  readonly rows: (w: number) => number;
}

/** Words a cycle that the cache writes of whole planes of rows of `w` words, with beats that never fail to come; n = 28. */
function fillRate(w: number, { outWidth, rows }: Geometry): number {
  const hband = rows(w);
  const channels = Math.ceil(WORDS / (hband * w));
  const wbank = Math.ceil(w / BANKS);
  const u = Math.max(1, Math.floor(BANKS / w));
  const bWords = Math.ceil(channels / u) * hband * wbank;
  const t = bench({ n: 28, bWords }, { w, q: outWidth(w) % BANKS, u, wbank, hband });
  const words = channels * hband * w;
  t.fills.queue.push(rowsOf(0, 0, 0, channels * hband));
  t.beats.queue.push(...beatsOf(ramp(words).fill(1), 0));
  t.fillAll(1);
  // Writing begins in cycle 3; the report comes in the cycle after the last write.
  return words / (t.done[0]! - 3);
}

/** What one write a bank and cycle allows: all words over those of the fullest bank, counted by the formula for banks. */
function bankRate(w: number, { outWidth, rows }: Geometry): number {
  const hband = rows(w);
  const u = Math.max(1, Math.floor(BANKS / w));
  const channels = Math.ceil(WORDS / (hband * w));
  const words = new Array<number>(BANKS).fill(0);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < hband; y++)
      for (let x = 0; x < w; x++) words[(x + outWidth(w) * y + w * (c % u)) % BANKS]! += 1;
  return (channels * hband * w) / Math.max(...words);
}

/** Whole numbers in rising order as text: 1, 2, 3, 5 are "1-3, 5". */
function ranges(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const i of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === i - 1) run[1] = i;
    else runs.push([i, i]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

const whole = (w: number): number => w;
const square = (w: number): number => (w > 70 ? 12 : w);
const strided = (kernel: number, stride: number) => (w: number) => Math.floor((w - kernel) / stride) + 1;

const padded: Geometry = { outWidth: whole, rows: square };
const kernel = (k: number, stride = 1): Geometry => ({ outWidth: strided(k, stride), rows: square });
const rowsOfAll = (rows: number, outWidth = whole): Geometry => ({ outWidth, rows: () => rows });

describe('L2Cache, words of B a cycle by the width of a row', () => {
  const widths = [...ramp(70), 112, 116, 117, 145, 146, 174, 175, 224, 227, 1024];

  it.each<[string, Geometry, string, string]>([
    ['whole maps under a kernel that keeps their size', padded, '', '24.0 for 6'],
    ['whole maps, kernel 2', kernel(2), '30', '15.0 for 30'],
    ['whole maps, kernel 3', kernel(3), '31', '15.5 for 31'],
    ['whole maps, kernel 5', kernel(5), '33', '16.5 for 33'],
    ['whole maps, kernel 7', kernel(7), '35', '17.5 for 35'],
    ['whole maps, kernel 11', kernel(11), '', '19.5 for 39'],
    ['whole maps, kernel 3, stride 2', kernel(3, 2), '', '19.7 for 59'],
    ['whole maps, kernel 7, stride 2', kernel(7, 2), '', '20.0 for 10'],
    ['whole maps, kernel 11, stride 4', kernel(11, 4), '', '19.9 for 13'],
    ['whole maps, kernel 4, stride 4', kernel(4, 4), '', '20.0 for 10'],
    ['bands of one row', rowsOfAll(1), '15-19, 30-38', '15.0 for 15'],
    ['bands of two rows', rowsOfAll(2), '15-19', '15.0 for 15'],
    ['bands of two rows, kernel 3', rowsOfAll(2, strided(3, 1)), '15-19, 31-38', '15.0 for 15'],
    ['bands of three rows', rowsOfAll(3), '', '20.0 for 10'],
  ])('falls below 19.3 only where a bank has too many of them: %s', (_, geometry, below, least) => {
    const rates = widths
      .filter((w) => geometry.outWidth(w) > 0)
      .map((w) => ({ w, rate: fillRate(w, geometry), bound: bankRate(w, geometry) }));
    const slow = rates.filter(({ rate }) => rate < BUS);
    const slowest = rates.reduce((a, b) => (b.rate < a.rate ? b : a));
    expect({
      below: ranges(slow.map(({ w }) => w)),
      least: `${slowest.rate.toFixed(1)} for ${slowest.w}`,
    }).toEqual({ below, least });
    for (const { w, rate, bound } of slow) expect([w, bound - rate < 0.2]).toEqual([w, true]);
    for (const { w, rate, bound } of rates) expect([w, rate <= bound]).toEqual([w, true]);
  });
});
