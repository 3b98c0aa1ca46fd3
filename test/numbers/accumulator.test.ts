import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrap } from '../../src/numbers/accumulator.js';

const LIMIT = Number.MAX_SAFE_INTEGER;

describe('wrap', () => {
  it('is the two’s complement wrap of every exact integer to 1..52 bits', () => {
    const values = fc.oneof(fc.integer({ min: -LIMIT, max: LIMIT }), fc.integer({ min: -300, max: 300 }));
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 52 }), (value, width) => {
        const got = wrap(value, width);
        expect(BigInt(got)).toBe(BigInt.asIntN(width, BigInt(value)));
        expect(Object.is(got, -0)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  it('wraps 48 bits unless told otherwise, one past the end at either end', () => {
    expect(wrap(2 ** 47 - 1)).toBe(2 ** 47 - 1);
    expect(wrap(2 ** 47)).toBe(-(2 ** 47));
    expect(wrap(-(2 ** 47))).toBe(-(2 ** 47));
    expect(wrap(-(2 ** 47) - 1)).toBe(2 ** 47 - 1);
    expect(wrap(2 ** 48)).toBe(0);
  });

  it('gives 0 for -0 and for whole turns', () => {
    for (const value of [-0, 2 ** 48, -(2 ** 48), -(2 ** 50)]) expect(Object.is(wrap(value), 0)).toBe(true);
  });

  it('equals a running 20-bit accumulator when applied once at the end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), { maxLength: 50 }), (products) => {
        let running = 0n;
        for (const p of products) running = BigInt.asIntN(20, running + BigInt(p));
        const total = products.reduce((sum, p) => sum + p, 0);
        expect(BigInt(wrap(total, 20))).toBe(running);
      }),
    );
  });
});
