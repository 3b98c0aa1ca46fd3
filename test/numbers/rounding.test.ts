import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clamp16,
  roundingAddend,
  roundingShift,
  RoundingShiftError,
  roundResult,
  roundSaturates,
  roundShift,
} from '../../src/numbers/rounding.js';

const sums = fc.oneof(
  fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.constantFrom(-(2 ** 47), 2 ** 47 - 1, 0, -0, -1),
);
const shifts = fc.integer({ min: 0, max: 31 });
const states = fc.integer({ min: 1, max: 0xffff_ffff });

/** The unit in BigInt: arithmetic shift, clamp, rectify. */
function oracle(acc: number, d: number, r: bigint, relu: boolean): { y: bigint; clipped: boolean } {
  const shifted = (BigInt(acc) + r) >> BigInt(d);
  const y = shifted > 32767n ? 32767n : shifted < -32768n ? -32768n : shifted;
  return { y: relu && y < 0n ? 0n : y, clipped: y !== shifted };
}

describe('the rounding unit', () => {
  it('equals shift, clamp and ReLU in BigInt for any sum, shift, state and mode', () => {
    fc.assert(
      fc.property(sums, shifts, states, fc.boolean(), fc.boolean(), (acc, d, q, stochastic, relu) => {
        const low = BigInt(q) & ((1n << BigInt(d)) - 1n);
        const half = d > 0 ? 1n << BigInt(d - 1) : 0n;
        const r = roundingAddend(q, d, stochastic);
        expect(BigInt(r)).toBe(stochastic ? low : half);

        const want = oracle(acc, d, BigInt(r), relu);
        const got = roundResult(acc, d, r, relu);
        expect(BigInt(got)).toBe(want.y);
        expect(Object.is(got, -0)).toBe(false);
        expect(roundSaturates(acc, d, r)).toBe(want.clipped);
        expect(BigInt(roundShift(acc, d, r))).toBe((BigInt(acc) + BigInt(r)) >> BigInt(d));
        expect(Object.is(roundShift(acc, d, r), -0)).toBe(false);
        expect(clamp16(roundShift(acc, d, r))).toBe(roundResult(acc, d, r, false));
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps the 49th bit of the sum: no wrap between the addend and the clamp', () => {
    expect(roundShift(2 ** 47 - 1, 31, 2 ** 31 - 1)).toBe(65_536);
    expect(roundResult(2 ** 47 - 1, 31, 2 ** 31 - 1, false)).toBe(32_767);
    expect(roundResult(-(2 ** 47), 31, 0, false)).toBe(-32_768);
    expect(roundResult(-(2 ** 47), 31, 0, true)).toBe(0);
  });

  it('uses all 31 low bits of the state at d = 31 and none at d = 0', () => {
    expect(roundingAddend(0xffff_ffff, 31, true)).toBe(0x7fff_ffff);
    expect(roundingAddend(0xffff_ffff, 0, true)).toBe(0);
    expect(roundingAddend(0xffff_ffff, 0, false)).toBe(0);
    expect(roundingAddend(0xffff_ffff, 31, false)).toBe(2 ** 30);
  });

  it('saturates from the first sum past either end, and not at the end itself', () => {
    for (const d of [0, 3, 14]) {
      const lsb = 2 ** d;
      expect(roundSaturates(32_768 * lsb - 1, d, 0)).toBe(false);
      expect(roundSaturates(32_768 * lsb, d, 0)).toBe(true);
      expect(roundSaturates(-32_768 * lsb, d, 0)).toBe(false);
      expect(roundSaturates(-32_768 * lsb - 1, d, 0)).toBe(true);
      expect(roundResult(32_768 * lsb - 1, d, 0, false)).toBe(32_767);
      expect(roundResult(-32_768 * lsb, d, 0, false)).toBe(-32_768);
    }
  });

  it('rounds 2.5 and -2.5 up when nearest', () => {
    expect(roundResult(10, 2, roundingAddend(0, 2, false), false)).toBe(3);
    expect(roundResult(-10, 2, roundingAddend(0, 2, false), false)).toBe(-2);
  });

  it('rounds up in exactly x - floor(x) of all states of the dropped bits', () => {
    for (const d of [1, 4, 9]) {
      for (const acc of [0, 1, 5, -1, -7, 2 ** d - 1, 1000, -1000]) {
        let total = 0;
        for (let q = 0; q < 2 ** d; q++) total += roundResult(acc, d, roundingAddend(q, d, true), false);
        expect(total).toBe(acc);
      }
    }
  });
});

describe('roundingShift', () => {
  it('is the product’s fractional bits less the result’s', () => {
    expect(roundingShift(14, 10, 10)).toBe(14);
    expect(roundingShift(14, 10, 24)).toBe(0);
  });

  it('refuses a shift outside 0..31 by naming its owner', () => {
    for (const [a, b, out, d] of [
      [2, 2, 5, -1],
      [20, 20, 8, 32],
      [1.5, 1, 1, 1.5],
    ] as const) {
      expect(() => roundingShift(a, b, out, 'sim.round')).toThrow(new RoundingShiftError('sim.round', d));
    }
    expect(() => roundingShift(2, 2, 5, 'sim.round')).toThrow(
      'sim.round: FLa + FLb - FLo (bits that rounding drops) must be an integer in 0..31, got -1',
    );
  });
});
