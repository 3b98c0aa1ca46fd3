import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, lanesOf } from '../../../src/trace/vcd/values.js';

describe('lanesOf', () => {
  const digits = fc.array(fc.constantFrom('0', '1', 'l', 'H'), { minLength: 1, maxLength: 200, size: 'max' });

  it('gives the lanes that BigInt finds in the digits, from any place in a buffer', () => {
    fc.assert(
      fc.property(
        digits,
        fc.integer({ min: 1, max: 53 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(9),
        (all, width, lanes, skip) => {
          const text = all.join('');
          const value = BigInt(`0b${text.replaceAll('l', '0').replaceAll('H', '1')}`);
          const wanted = Array.from({ length: lanes }, (_, lane) =>
            Number(BigInt.asUintN(width, value >> BigInt(lane * width))),
          );
          const got = new Float64Array(lanes);
          const buffer = Buffer.from(`${'1'.repeat(skip)}${text}1 `);
          expect(lanesOf(buffer, skip, skip + text.length, width, got)).toBe(true);
          expect([...got]).toEqual(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses an x or z in a lane, and looks at no digit beyond them', () => {
    fc.assert(
      fc.property(
        digits,
        fc.nat(199),
        fc.constantFrom('x', 'X', 'z', 'Z', 'U', '-'),
        fc.integer({ min: 1, max: 53 }),
        (all, place, digit, width) => {
          const text: string[] = [...all];
          const at = place % text.length;
          text[at] = digit;
          const counted = at >= text.length - 2 * width;
          expect(lanesOf(Buffer.from(text.join('')), 0, text.length, width, new Float64Array(2))).toBe(
            !counted,
          );
        },
      ),
    );
  });
});

describe('bitsOf', () => {
  it('extends and cuts as the standard says, one rule a first digit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('0', '1', 'x', 'z'), { minLength: 1, maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 100 }),
        (all, width) => {
          const text = all.join('');
          const by = all[0] === '1' ? '0' : all[0]!;
          expect(bitsOf(Buffer.from(text), 0, text.length, width)).toBe(
            (by.repeat(100) + text).slice(-width),
          );
        },
      ),
    );
  });
});
