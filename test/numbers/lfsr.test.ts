import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance16, lfsrAdvance, lfsrStep, type LfsrWidth, MAXIMAL_TAPS } from '../../src/numbers/lfsr.js';

const states = fc.integer({ min: 0, max: 0xffff_ffff });

/** Taps and prime factors of 2^width - 1, from the literature and not from the code under test. */
const REGISTERS = [
  { width: 8, taps: [8, 6, 5, 4], primes: [3, 5, 17] },
  { width: 16, taps: [16, 15, 13, 4], primes: [3, 5, 17, 257] },
  { width: 24, taps: [24, 23, 22, 17], primes: [3, 5, 7, 13, 17, 241] },
  { width: 32, taps: [32, 22, 2, 1], primes: [3, 5, 17, 257, 65537] },
] as const;

/** Product of two polynomials over GF(2), bit k being the coefficient of x^k, modulo a third of degree `degree`. */
function timesModulo(a: bigint, b: bigint, modulus: bigint, degree: bigint): bigint {
  let product = 0n;
  let shifted = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if (rest & 1n) product ^= shifted;
    shifted <<= 1n;
    if ((shifted >> degree) & 1n) shifted ^= modulus;
  }
  return product;
}

/** x^exponent modulo a polynomial over GF(2). */
function powerOfX(exponent: bigint, modulus: bigint, degree: bigint): bigint {
  let power = 1n;
  let square = 2n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = timesModulo(power, square, modulus, degree);
    square = timesModulo(square, square, modulus, degree);
  }
  return power;
}

describe('lfsrStep', () => {
  it.each(REGISTERS)(
    'feeds $width bits from taps $taps: each new bit is the XOR of the bits that many shifts ago',
    ({ width, taps }) => {
      expect(MAXIMAL_TAPS[width]).toEqual(taps);
      fc.assert(
        fc.property(states, (word) => {
          const modulus = 2 ** width;
          let q = word % modulus;
          // the register as a history of bits, newest last
          const history = Array.from({ length: width }, (_, i) => Math.floor(q / 2 ** (width - 1 - i)) % 2);
          for (let shift = 0; shift < 80; shift++) {
            const bit = taps.reduce((sum, tap) => sum + history[history.length - tap]!, 0) % 2;
            history.push(bit);
            const next = lfsrStep(q, width);
            expect(next).toBe(((q * 2) % modulus) + bit);
            q = next;
          }
        }),
        { numRuns: 50 },
      );
    },
  );

  it.each([8, 16] as const)('visits all 2^%i - 1 non-zero states before it returns', (width) => {
    let q = 1;
    let period = 0;
    do {
      q = lfsrStep(q, width);
      period += 1;
    } while (q !== 1 && period <= 2 ** width);
    expect(period).toBe(2 ** width - 1);
  });

  it.each(REGISTERS)(
    'has the full period in $width bits: x has order 2^$width - 1 modulo its polynomial',
    ({ width, primes }) => {
      const degree = BigInt(width);
      const order = 2n ** degree - 1n;
      // b_t = XOR of b_(t - tap) has the characteristic polynomial x^width + sum of x^(width - tap).
      let polynomial = 1n << degree;
      for (const tap of MAXIMAL_TAPS[width]) polynomial ^= 1n << BigInt(width - tap);

      let rest = order;
      for (const prime of primes) while (rest % BigInt(prime) === 0n) rest /= BigInt(prime);
      expect(rest).toBe(1n); // the list of primes is whole
      expect(powerOfX(order, polynomial, degree)).toBe(1n);
      for (const prime of primes) expect(powerOfX(order / BigInt(prime), polynomial, degree)).not.toBe(1n);
    },
  );

  it('stays at zero, the one state outside the cycle', () => {
    for (const width of [8, 16, 24, 32] satisfies LfsrWidth[]) expect(lfsrStep(0, width)).toBe(0);
  });
});

describe('advance16', () => {
  it('equals sixteen single shifts from any state', () => {
    fc.assert(
      fc.property(states, (q) => {
        let slow = q;
        for (let i = 0; i < 16; i++) slow = lfsrStep(slow, 32);
        expect(advance16(q)).toBe(slow);
      }),
      { numRuns: 2000 },
    );
    // Both are linear over GF(2), so the 32 unit states prove it for all 2^32.
    for (let bit = 0; bit < 32; bit++) {
      let slow = 2 ** bit;
      for (let i = 0; i < 16; i++) slow = lfsrStep(slow, 32);
      expect(advance16(2 ** bit)).toBe(slow);
    }
  });

  it('keeps the full period, since 16 and 2^32 - 1 have no common factor', () => {
    // gcd by Euclid, in BigInt
    let [a, b] = [2n ** 32n - 1n, 16n];
    while (b > 0n) [a, b] = [b, a % b];
    expect(a).toBe(1n);
  });
});

describe('lfsrAdvance', () => {
  it('equals that many single shifts in every width', () => {
    fc.assert(
      fc.property(
        states,
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom<LfsrWidth>(8, 16, 24, 32),
        (word, steps, width) => {
          const q = word % 2 ** width;
          let slow = q;
          for (let i = 0; i < steps; i++) slow = lfsrStep(slow, width);
          expect(lfsrAdvance(q, steps, width)).toBe(slow);
        },
      ),
    );
  });
});
