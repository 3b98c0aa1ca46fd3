import { describe, expect, it } from 'vitest';
import { advance16, lfsrStep } from '../../src/numbers/lfsr.js';
import { roundingAddend, roundResult } from '../../src/numbers/rounding.js';
import { roundingSeed } from '../../src/numbers/seeds.js';

const DRAWS = 1_000_000;
const BLOCK = 1000;

interface Errors {
  readonly mean: number;
  /** Standard error of the mean, from the scatter of block means: draws are not taken to be independent. */
  readonly standardError: number;
  /** Root mean square of the block means. */
  readonly blockRms: number;
}

/** Rounds acc / 2^d a million times with one unit's successive draws; errors in units of the last place kept. */
function roundMany(acc: number, d: number, seed: number, advance: (q: number) => number): Errors {
  const exact = acc / 2 ** d;
  let q = roundingSeed({ seed, image: 0, layers: 4, layer: 1, n: 28, unit: 3 });
  const blocks = DRAWS / BLOCK;
  let sum = 0;
  let squares = 0;
  for (let block = 0; block < blocks; block++) {
    let up = 0;
    for (let i = 0; i < BLOCK; i++) {
      up += roundResult(acc, d, roundingAddend(q, d, true), false);
      q = advance(q);
    }
    const mean = up / BLOCK - exact;
    sum += mean;
    squares += mean * mean;
  }
  const mean = sum / blocks;
  const variance = (squares / blocks - mean * mean) * (blocks / (blocks - 1));
  return { mean, standardError: Math.sqrt(variance / blocks), blockRms: Math.sqrt(squares / blocks) };
}

const CASES = [
  { acc: 1, d: 1 },
  { acc: 3, d: 4 },
  { acc: 5 * 16 + 8, d: 4 },
  { acc: -37, d: 8 },
  { acc: 77, d: 8 },
  { acc: 5461, d: 14 },
  { acc: -(3 * 2 ** 14 + 1000), d: 14 },
  { acc: 2 ** 14 + 8192, d: 14 },
  { acc: 45_000, d: 16 },
] as const;

describe('stochastic rounding with 16 shifts a draw', () => {
  it.each(CASES)(
    'has no mean error at $acc / 2^$d: a million draws are within 4 standard errors',
    ({ acc, d }) => {
      const { mean, standardError } = roundMany(acc, d, 2015, advance16);
      expect(standardError).toBeGreaterThan(0);
      expect(Math.abs(mean)).toBeLessThan(4 * standardError);
    },
  );

  it('scatters block means as independent draws would, where one shift a draw inflates them about 1.5 times', () => {
    // The reason for the 16 shifts: a shifted word repeats most of the last, so neighbouring errors agree.
    let sixteen = 0;
    let single = 0;
    const fractions = [1 / 16, 3 / 16, 1 / 3, 0.45, 5 / 8, 7 / 8];
    for (const [i, fraction] of fractions.entries()) {
      const acc = Math.round(fraction * 2 ** 14);
      const p = acc / 2 ** 14;
      const independent = Math.sqrt((p * (1 - p)) / BLOCK);
      const step = (q: number) => lfsrStep(q, 32);
      sixteen += roundMany(acc, 14, i, advance16).blockRms / independent / fractions.length;
      single += roundMany(acc, 14, i, step).blockRms / independent / fractions.length;
    }
    expect(sixteen).toBeGreaterThan(0.95);
    expect(sixteen).toBeLessThan(1.05);
    expect(single / sixteen).toBeGreaterThan(1.3);
    expect(single / sixteen).toBeLessThan(1.8);
  });
});
