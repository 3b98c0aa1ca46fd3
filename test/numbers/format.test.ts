import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fixedFormat,
  FixedFormatError,
  formatName,
  parseFormat,
  quantise,
  quantiseArray,
  quantiseSaturates,
  toReal,
} from '../../src/numbers/format.js';

const formats = fc
  .record({ wordLength: fc.integer({ min: 1, max: 53 }), fl: fc.integer({ min: -11, max: 64 }) })
  .map(({ wordLength, fl }) => fixedFormat(wordLength - fl, fl));

/** A finite double as the exact fraction numerator / 2^shift. */
function asFraction(x: number): { numerator: bigint; shift: bigint } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const significand = (bits & 0xf_ffff_ffff_ffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const numerator = bits >> 63n === 1n ? -significand : significand;
  return { numerator, shift: BigInt(1075 - Math.max(exponent, 1)) };
}

/** floor(x / 2^-fl + 1/2), clamped, by integers alone. */
function nearestOracle(x: number, wordLength: number, fl: number): { raw: bigint; saturates: boolean } {
  const { numerator, shift } = asFraction(x);
  const power = (e: bigint) => 1n << e;
  // (2 · numerator · 2^fl + 2^shift) / 2^(shift + 1), floored; both signs of fl and shift go to the side where they are positive
  const up = (fl > 0 ? power(BigInt(fl)) : 1n) * (shift < 0n ? power(-shift) : 1n);
  const down = (fl < 0 ? power(BigInt(-fl)) : 1n) * (shift > 0n ? power(shift) : 1n);
  const top = 2n * numerator * up + down;
  const bottom = 2n * down;
  let raw = top / bottom;
  if (top % bottom < 0n) raw -= 1n;
  const high = 2n ** BigInt(wordLength - 1) - 1n;
  const low = -high - 1n;
  const clamped = raw > high ? high : raw < low ? low : raw;
  return { raw: clamped, saturates: clamped !== raw };
}

describe('fixedFormat', () => {
  it('gives <6,10> 16 bits, steps of 2^-10 and a range of -32 to 32 - 2^-10', () => {
    expect(fixedFormat(6, 10)).toEqual({
      il: 6,
      fl: 10,
      wordLength: 16,
      epsilon: 1 / 1024,
      minRaw: -32768,
      maxRaw: 32767,
      min: -32,
      max: 32 - 1 / 1024,
    });
  });

  it('spans [-2^(il-1), 2^(il-1) - 2^-fl] in every format', () => {
    fc.assert(
      fc.property(formats, (format) => {
        const { il, fl } = format;
        expect(format.min).toBe(-(2 ** (il - 1)));
        expect(format.max).toBe(2 ** (il - 1) - 2 ** -fl);
        expect(toReal(format.maxRaw, format)).toBe(format.max);
        expect(toReal(format.minRaw, format)).toBe(format.min);
      }),
    );
  });

  it('names the owner, the field, what it wanted and what it got', () => {
    expect(() => fixedFormat(6.5, 10, 'conv1.weights')).toThrow(
      new FixedFormatError('conv1.weights', 'il', 'an integer in -64..64', 6.5),
    );
    expect(() => fixedFormat(6.5, 10, 'conv1.weights')).toThrow(
      'conv1.weights: il must be an integer in -64..64, got 6.5',
    );
    expect(() => fixedFormat(6, 65)).toThrow('format: fl must be an integer in -64..64, got 65');
    expect(() => fixedFormat(6, -6)).toThrow('format: il + fl must be in 1..53, got 0');
    expect(() => fixedFormat(27, 27)).toThrow('format: il + fl must be in 1..53, got 54');
    expect(() => fixedFormat(Number.NaN, 1)).toThrow(FixedFormatError);
  });

  it('takes -0 bits as 0', () => {
    expect(fixedFormat(-0, 8)).toEqual(fixedFormat(0, 8));
    expect(formatName(fixedFormat(8, -0))).toBe('<8,0>');
    expect(Object.is(fixedFormat(8, -0).fl, 0)).toBe(true);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(fixedFormat(2, 14))).toBe(true);
  });
});

describe('parseFormat', () => {
  it('reads what formatName writes', () => {
    fc.assert(
      fc.property(formats, (format) => {
        expect(parseFormat(formatName(format))).toEqual(format);
      }),
    );
    expect(formatName(parseFormat(' < -12 , 28 >'))).toBe('<-12,28>');
  });

  it('refuses any other text by showing it', () => {
    for (const text of ['6,10', '<6>', '<6,10', '<6,10>x', '<6;10>', '<a,b>', '<1.5,3>', '']) {
      expect(() => parseFormat(text, '--weights')).toThrow(
        `--weights: text must be of the form '<il,fl>', for example '<6,10>', got ${text}`,
      );
    }
  });
});

describe('quantise', () => {
  const doubles = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -70, max: 70, noNaN: true }),
    // ties and their neighbours
    fc.integer({ min: -80_000, max: 80_000 }).map((half) => half / 2048),
    fc.integer({ min: -80_000, max: 80_000 }).map((half) => (half / 2048) * (1 + Number.EPSILON)),
  );

  it('is floor(x/eps + 1/2), then saturated, in exact arithmetic', () => {
    fc.assert(
      fc.property(doubles, fc.oneof(fc.constant(fixedFormat(6, 10)), formats), (x, format) => {
        const want = nearestOracle(x, format.wordLength, format.fl);
        const got = quantise(x, format);
        expect(BigInt(got)).toBe(want.raw);
        expect(Object.is(got, -0)).toBe(false);
        expect(quantiseSaturates(x, format)).toBe(want.saturates);
      }),
      { numRuns: 3000 },
    );
  });

  it('sends ties up and the number just below a half down', () => {
    const integers = fixedFormat(16, 0);
    expect(quantise(0.5, integers)).toBe(1);
    expect(quantise(-0.5, integers)).toBe(0);
    expect(quantise(-1.5, integers)).toBe(-1);
    // 0.5 - 2^-54: adding a half in doubles would give 1
    expect(quantise(0.49999999999999994, integers)).toBe(0);
  });

  it('saturates at both ends, from the first value that has no nearest word', () => {
    const format = fixedFormat(6, 10);
    const half = format.epsilon / 2;
    expect(quantiseSaturates(format.max, format)).toBe(false);
    expect(quantiseSaturates(format.max + half, format)).toBe(true);
    expect(quantise(format.max + half, format)).toBe(32767);
    expect(quantiseSaturates(format.min - half, format)).toBe(false);
    expect(quantise(format.min - half, format)).toBe(-32768);
    expect(quantiseSaturates(format.min - 1.01 * half, format)).toBe(true);
    expect(quantise(Infinity, format)).toBe(32767);
    expect(quantise(-Infinity, format)).toBe(-32768);
  });

  it('refuses NaN by name', () => {
    expect(() => quantise(Number.NaN, fixedFormat(6, 10))).toThrow('<6,10>: x must be a number, got NaN');
  });

  it('leaves every word of a format as it is', () => {
    const format = fixedFormat(3, 5);
    for (let raw = -128; raw < 128; raw++) expect(quantise(toReal(raw, format), format)).toBe(raw);
  });
});

describe('quantiseArray', () => {
  it('quantises each element and counts those that saturate', () => {
    const format = fixedFormat(2, 6);
    const out = new Int8Array(5);
    expect(quantiseArray([0.5, 5, -5, -0, -2], format, out)).toBe(2);
    expect([...out]).toEqual([32, 127, -128, 0, -128]);
  });

  it('refuses an output that is too short', () => {
    expect(() => quantiseArray([1, 2], fixedFormat(2, 6), new Int8Array(1))).toThrow(
      '<2,6>: out.length must be at least 2, got 1',
    );
  });
});
