import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aBram36,
  addressOf,
  aSlicesThatFit,
  B_WORDS_PER_BRAM,
  bandRowsOf,
  bandRowsThatFit,
  type BandSpec,
  bandWords,
  bankCount,
  bankOf,
  bBram36,
  bLayout,
  cutBands,
  paddedSliceWords,
  panelsThatFit,
} from '../../src/components/l2-layout.js';
import { ConfigError } from '../../src/kernel/index.js';

/** A convolution; the output size follows. */
interface Conv {
  n: number;
  c: number;
  h: number;
  w: number;
  kh: number;
  kw: number;
  sy: number;
  sx: number;
  dy: number;
  dx: number;
  py: number;
  px: number;
}

const outSize = (size: number, kernel: number, stride: number, dilation: number, pad: number) =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;

const conv = fc
  .record({
    n: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 13, 28),
    c: fc.integer({ min: 1, max: 9 }),
    h: fc.integer({ min: 1, max: 14 }),
    w: fc.integer({ min: 1, max: 40 }),
    kh: fc.integer({ min: 1, max: 4 }),
    kw: fc.integer({ min: 1, max: 4 }),
    sy: fc.integer({ min: 1, max: 4 }),
    sx: fc.integer({ min: 1, max: 4 }),
    dy: fc.integer({ min: 1, max: 3 }),
    dx: fc.integer({ min: 1, max: 3 }),
    py: fc.nat(3),
    px: fc.nat(3),
  })
  .filter((s) => outSize(s.h, s.kh, s.sy, s.dy, s.py) >= 1 && outSize(s.w, s.kw, s.sx, s.dx, s.px) >= 1)
  .filter((s) => s.n === 1 || (s.sx % bankCount(s.n) !== 0 && s.sy % bankCount(s.n) !== 0));

function bandSpec(s: Conv): BandSpec {
  return {
    n: s.n,
    width: s.w,
    height: s.h,
    channels: s.c,
    outWidth: outSize(s.w, s.kw, s.sx, s.dx, s.px),
    outHeight: outSize(s.h, s.kh, s.sy, s.dy, s.py),
    strideX: s.sx,
    strideY: s.sy,
    kernelHeight: s.kh,
    dilationY: s.dy,
    padTop: s.py,
  };
}

describe('bankCount', () => {
  it('is the smallest odd prime from n on', () => {
    expect([1, 2, 3, 4, 5, 7, 8, 9, 16, 24, 28, 30, 32].map(bankCount)).toEqual([
      3, 3, 3, 5, 5, 7, 11, 11, 17, 29, 29, 31, 37,
    ]);
  });

  it('refuses an array of no columns', () => {
    expect(() => bankCount(0)).toThrow(new ConfigError('l2-layout', 'n', 'an integer >= 1', 0));
  });
});

describe('bLayout', () => {
  it('has Q = OW mod Nb, u = floor(Nb/W) and w = ceil(W/Nb) for equal strides', () => {
    const spec = { n: 28, width: 13, bandRows: 13, outWidth: 40, outHeight: 5, strideX: 2, strideY: 2 };
    expect(bLayout(spec)).toEqual({ nb: 29, q: 11, u: 2, w: 1, width: 13, bandRows: 13 });
    expect(bLayout({ ...spec, width: 1000, outWidth: 1 })).toMatchObject({ q: 1, u: 1, w: 35 });
  });

  it('lets any n consecutive output pixels of a band read different banks, for every tap', () => {
    fc.assert(
      fc.property(conv, (s) => {
        const spec = bandSpec(s);
        const layout = bLayout({ ...spec, bandRows: s.h });
        const pixels = spec.outWidth * spec.outHeight;
        for (let ky = 0; ky < s.kh; ky++) {
          for (let kx = 0; kx < s.kw; kx++) {
            // The bank of each output pixel's input at this tap; null in the padding.
            const banks = Array.from({ length: pixels }, (_, f) => {
              const x = (f % spec.outWidth) * s.sx + kx * s.dx - s.px;
              const y = Math.floor(f / spec.outWidth) * s.sy + ky * s.dy - s.py;
              return x < 0 || x >= s.w || y < 0 || y >= s.h ? null : bankOf(layout, x, y, s.c - 1);
            });
            for (let f = 0; f < pixels; f++) {
              const tile = banks.slice(f, f + s.n).filter((b) => b !== null);
              if (new Set(tile).size !== tile.length) return false;
            }
          }
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });

  it('gives every activation a place of its own, within nb banks of bandWords words', () => {
    fc.assert(
      fc.property(conv, (s) => {
        const layout = bLayout({ ...bandSpec(s), bandRows: s.h });
        const words = bandWords(layout, s.c);
        const places = new Set<string>();
        for (let c = 0; c < s.c; c++)
          for (let y = 0; y < s.h; y++)
            for (let x = 0; x < s.w; x++) {
              const bank = bankOf(layout, x, y, c);
              const addr = addressOf(layout, x, y, c);
              if (bank < 0 || bank >= layout.nb || addr < 0 || addr >= words) return false;
              places.add(`${bank}:${addr}`);
            }
        return places.size === s.c * s.h * s.w;
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a stride that is a multiple of the number of banks, unless no step uses it', () => {
    const spec = { n: 2, width: 9, bandRows: 9, outWidth: 3, outHeight: 3, strideX: 3, strideY: 1 };
    const wanted = 'no multiple of the number of banks, 3, for an array of 2 columns';
    expect(() => bLayout(spec)).toThrow(new ConfigError('l2-layout', 'strideX', wanted, 3));
    expect(() => bLayout({ ...spec, strideX: 1, strideY: 6 })).toThrow(
      new ConfigError('l2-layout', 'strideY', wanted, 6),
    );
    expect(bLayout({ ...spec, outWidth: 1 }).nb).toBe(3);
    expect(bLayout({ ...spec, n: 1 }).nb).toBe(3);
  });
});

describe('bands', () => {
  it('store every row that a tap of their output rows reads, and start at the first', () => {
    fc.assert(
      fc.property(conv, fc.integer({ min: 1, max: 6 }), (s, outRows) => {
        const spec = bandSpec(s);
        let next = 0;
        for (const band of cutBands(spec, outRows)) {
          expect(band.outRow).toBe(next);
          next += band.outRows;
          expect(band.pixels).toBe(band.outRows * spec.outWidth);
          expect(band.rows).toBeLessThanOrEqual(bandRowsOf(cutBands(spec, outRows)));
          for (let oy = band.outRow; oy < next; oy++)
            for (let ky = 0; ky < s.kh; ky++) {
              const y = oy * s.sy + ky * s.dy - s.py;
              if (oy === band.outRow && ky === 0) expect(band.row0).toBe(y);
              if (y >= 0 && y < s.h) {
                expect(y).toBeGreaterThanOrEqual(band.firstRow);
                expect(y).toBeLessThan(band.firstRow + band.rows);
              }
            }
        }
        expect(next).toBe(spec.outHeight);
      }),
      { numRuns: 200 },
    );
  });

  it('have as many output rows as fit: 3x3 on 56x56, 64 channels, 2048 words a bank', () => {
    // w = 2 words of a row in a bank, u = 1: a stored row of all channels takes 128 words, 16 rows fit: 14 + 2.
    const spec = bandSpec({
      n: 28,
      c: 64,
      h: 56,
      w: 56,
      kh: 3,
      kw: 3,
      sy: 1,
      sx: 1,
      dy: 1,
      dx: 1,
      py: 1,
      px: 1,
    });
    expect(bandRowsThatFit(spec, 2 * B_WORDS_PER_BRAM)).toBe(14);
    expect(bandRowsThatFit(spec, 383)).toBe(0);
    expect(bandRowsThatFit(spec, 384)).toBe(1);
  });

  it('are one when the whole layer fits', () => {
    const spec = bandSpec({
      n: 28,
      c: 1,
      h: 28,
      w: 28,
      kh: 5,
      kw: 5,
      sy: 1,
      sx: 1,
      dy: 1,
      dx: 1,
      py: 0,
      px: 0,
    });
    expect(bandRowsThatFit(spec, 28)).toBe(24);
    expect(bandRowsThatFit(spec, 27)).toBe(23);
  });

  it('never fit with one row more', () => {
    fc.assert(
      fc.property(conv, fc.integer({ min: 1, max: 60 }), (s, words) => {
        const spec = bandSpec(s);
        const rows = bandRowsThatFit(spec, words);
        const takes = (r: number) => {
          const perRow = Math.ceil(s.c / Math.max(1, Math.floor(bankCount(s.n) / s.w)));
          return perRow * bandRowsOf(cutBands(spec, r)) * Math.ceil(s.w / bankCount(s.n));
        };
        if (rows > 0) expect(takes(rows)).toBeLessThanOrEqual(words);
        if (rows < spec.outHeight) expect(takes(rows + 1)).toBeGreaterThan(words);
      }),
      { numRuns: 200 },
    );
  });
});

describe('capacity of the published machine (n = 28, 445 BRAM36)', () => {
  it('holds 13824 slices of A a half, with 58 BRAM36 for B and 8 for buffers', () => {
    expect(bBram36(28, 2)).toBe(58);
    expect(aSlicesThatFit({ n: 28, bram36: 445, bramsPerBank: 2, bufferBram36: 8 })).toBe(13824);
    expect(aBram36(28, 13824)).toBe(7 * 54);
    expect(aBram36(28, 13825)).toBe(7 * 55);
  });

  it('reuses a column 13 times for 1024 x 1024, and less where M or the write buffers limit it', () => {
    const fit = (kprime: number, filters: number) => panelsThatFit({ n: 28, slices: 13824, kprime, filters });
    expect(fit(1024, 1024)).toBe(13);
    expect(fit(26, 16)).toBe(1);
    expect(fit(26, 1000)).toBe(18);
    expect(fit(13825, 1000)).toBe(0);
  });

  it('pads a slice to whole beats', () => {
    expect([1, 16, 17, 28, 32].map(paddedSliceWords)).toEqual([16, 16, 32, 32, 32]);
  });
});
