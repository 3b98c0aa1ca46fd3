import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countMatches,
  dotXnor,
  packedWords,
  packSigns,
  popcount32,
  signAt,
  unpackSigns,
} from '../../src/numbers/packing.js';

const pairs = fc.integer({ min: 1, max: 200 }).chain((length) =>
  fc.record({
    a: fc.array(fc.constantFrom(-1, 1), { minLength: length, maxLength: length }),
    b: fc.array(fc.constantFrom(-1, 1), { minLength: length, maxLength: length }),
  }),
);

describe('packSigns', () => {
  it('puts element k into bit k mod 32 of word k div 32, 1 for +1, and zeros beyond', () => {
    fc.assert(
      fc.property(pairs, ({ a }) => {
        const packed = packSigns(a);
        let want = 0n;
        for (const [k, sign] of a.entries()) if (sign === 1) want |= 1n << BigInt(k);
        let got = 0n;
        for (const [w, word] of packed.entries()) got |= BigInt(word) << BigInt(32 * w);
        expect(got).toBe(want);
        expect(packed.length).toBe(Math.floor((a.length + 31) / 32));
        expect([...unpackSigns(packed, a.length)]).toEqual(a);
      }),
    );
  });

  it('takes 0 and -0 as +1', () => {
    expect([...packSigns([0, -0, -1e-300, 1e-300, -5, 5])]).toEqual([0b101011]);
  });

  it('packs a part of a longer vector into given words and leaves the rest', () => {
    const out = new Uint32Array([9, 9]);
    packSigns([1, -1, -1, 1, 1], out, 2, 3);
    expect([...out]).toEqual([0b110, 9]);
    expect(signAt(out, 0)).toBe(-1);
    expect(signAt(out, 1)).toBe(1);
  });

  it('refuses vectors that are too short', () => {
    expect(() => packSigns([1], new Uint32Array(1), 0, 2)).toThrow('values.length must be at least 2, got 1');
    expect(() => packSigns(new Float64Array(33), new Uint32Array(1))).toThrow(
      'out.length must be at least 2, got 1',
    );
    expect(packedWords(0)).toBe(0);
  });
});

describe('dotXnor', () => {
  it('is the dot product of the ±1 vectors, from any word, whatever the unused bits hold', () => {
    fc.assert(
      fc.property(pairs, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), ({ a, b }, i, j) => {
        const length = a.length;
        const at = (values: number[], word: number, junk: number) => {
          const packed = new Uint32Array(word + packedWords(length)).fill(junk);
          packed.set(packSigns(values), word);
          const last = word + packedWords(length) - 1;
          // the bits past the end of the vector
          if (length % 32 !== 0) packed[last]! += (junk % 2 ** (32 - (length % 32))) * 2 ** (length % 32);
          return packed;
        };
        const left = at(a, i, 0xffff_ffff);
        const right = at(b, j, 0x5a5a_5a5a);
        const want = a.reduce((sum, x, k) => sum + x * b[k]!, 0);
        expect(dotXnor(left, right, length, i, j)).toBe(want);
        expect(countMatches(left, right, length, i, j)).toBe(a.filter((x, k) => x === b[k]).length);
      }),
    );
  });

  it('reaches ±K at the ends', () => {
    const ones = new Uint32Array(3).fill(0xffff_ffff);
    const none = new Uint32Array(3);
    expect(dotXnor(ones, ones, 96)).toBe(96);
    expect(dotXnor(ones, none, 96)).toBe(-96);
    expect(dotXnor(none, none, 31)).toBe(31);
  });
});

describe('popcount32', () => {
  it('counts the ones of the binary numeral', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (word) => {
        expect(popcount32(word)).toBe(word.toString(2).replaceAll('0', '').length);
      }),
    );
    expect(popcount32(0xffff_ffff)).toBe(32);
    expect(popcount32(0)).toBe(0);
  });
});
