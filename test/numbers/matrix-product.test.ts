import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { MatrixProductError, RowProduct, SliceProduct } from '../../src/numbers/matrix-product.js';
import { MATRIX_PRODUCT_WASM } from '../../src/numbers/matrix-product.wasm.js';

/** Deterministic int16 operands, some of them drawn from the extremes. */
function fill(target: Int16Array, seed: number, extremes: number): void {
  let state = BigInt(seed);
  const ends = [-32768, 32767, -32767, -1, 0, 1, 255, 256, -256, -128, 128];
  for (let i = 0; i < target.length; i++) {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    const word = Number(state >> 40n);
    target[i] = word % 100 < extremes ? ends[(word >> 8) % ends.length]! : (word >> 4) - 524288;
  }
}

/** Sum over k of x(k)·y(k) in BigInt. */
function dot(from: number, to: number, x: (k: number) => number, y: (k: number) => number): bigint {
  let sum = 0n;
  for (let k = from; k < to; k++) sum += BigInt(x(k)) * BigInt(y(k));
  return sum;
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const share = fc.constantFrom(0, 30, 100);

describe('SliceProduct', () => {
  it('equals BigInt sums for any lanes, range of slices, rows and columns, and writes nowhere else', () => {
    const shape = fc
      .record({ n: fc.integer({ min: 1, max: 64 }), capacity: fc.integer({ min: 1, max: 60 }) })
      .chain(({ n, capacity }) =>
        fc.record({
          n: fc.constant(n),
          capacity: fc.constant(capacity),
          ends: fc.tuple(fc.integer({ min: 0, max: capacity }), fc.integer({ min: 0, max: capacity })),
          rows: fc.integer({ min: 1, max: n }),
          cols: fc.integer({ min: 1, max: n }),
        }),
      );
    fc.assert(
      fc.property(shape, seeds, share, ({ n, capacity, ends, rows, cols }, seed, extremes) => {
        const product = new SliceProduct(n, capacity);
        fill(product.a, seed, extremes);
        fill(product.b, seed + 1, extremes);
        product.sums.fill(1000);
        const [k0, k1] = [Math.min(...ends), Math.max(...ends)];
        product.accumulate(k0, k1, rows, cols);
        const { a, b } = product;
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            const inside = i < rows && j < cols;
            const want = inside
              ? dot(
                  k0,
                  k1,
                  (k) => a[k * n + i]!,
                  (k) => b[k * n + j]!,
                )
              : 0n;
            expect(BigInt(product.sums[i * n + j]!)).toBe(1000n + want);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is exact at 16,384 slices of -32768, and of every pair of extremes', () => {
    const k = 16_384;
    const ends = [-32768, 32767, -32767];
    for (const x of ends) {
      for (const y of ends) {
        const product = new SliceProduct(4, k);
        product.a.fill(x);
        product.b.fill(y);
        product.multiply(0, k);
        expect(product.sums.every((sum) => BigInt(sum) === BigInt(k) * BigInt(x) * BigInt(y))).toBe(true);
      }
    }
  });

  it('is exact over a long mixed history, in parts as in one piece', () => {
    const n = 6;
    const k = 16_383;
    const product = new SliceProduct(n, k);
    fill(product.a, 5, 40);
    fill(product.b, 6, 40);
    product.multiply(0, k);
    const whole = product.sums.slice();
    const { a, b } = product;
    for (const [i, j] of [
      [0, 0],
      [5, 5],
      [2, 4],
      [5, 0],
    ] as const) {
      expect(BigInt(whole[i * n + j]!)).toBe(
        dot(
          0,
          k,
          (s) => a[s * n + i]!,
          (s) => b[s * n + j]!,
        ),
      );
    }
    product.multiply(0, 777);
    product.accumulate(777, 5001);
    product.accumulate(5001, 5001);
    product.accumulate(5001, k);
    expect(product.sums).toEqual(whole);
  });

  it('is exact past the 2^15 pairs of steps that two 32-bit accumulators can hold', () => {
    const k = 2 ** 18 + 3;
    const product = new SliceProduct(1, k);
    for (const [x, y] of [
      [-32768, -32768],
      [-32768, 32767],
      [32767, 1],
    ] as const) {
      product.a.fill(x);
      product.b.fill(y);
      product.multiply(0, k);
      expect(BigInt(product.sums[0]!)).toBe(BigInt(k) * BigInt(x) * BigInt(y));
    }
  });

  it('never leaves -0', () => {
    const product = new SliceProduct(5, 3);
    product.a.fill(0);
    product.b.fill(-5);
    product.multiply(0, 3);
    expect(product.sums.every((sum) => Object.is(sum, 0))).toBe(true);
  });

  it('names the field, the range and the value when it cannot be built or asked for', () => {
    expect(() => new SliceProduct(65, 8)).toThrow('SliceProduct: n must be an integer in 1..64, got 65');
    expect(() => new SliceProduct(0, 8)).toThrow(MatrixProductError);
    expect(() => new SliceProduct(8, 1.5)).toThrow('SliceProduct: capacity must be an integer');
    const product = new SliceProduct(8, 10);
    expect(() => product.accumulate(0, 11)).toThrow('SliceProduct: k1 must be an integer in 0..10, got 11');
    expect(() => product.accumulate(5, 4)).toThrow('SliceProduct: k0 must be an integer in 0..4, got 5');
    expect(() => product.accumulate(0, 4, 9)).toThrow('SliceProduct: rows must be an integer in 1..8, got 9');
    expect(() => product.accumulate(0, 4, 8, 0)).toThrow(
      'SliceProduct: cols must be an integer in 1..8, got 0',
    );
  });
});

describe('RowProduct', () => {
  it('equals BigInt sums for any shape, and writes only the rows and columns asked for', () => {
    const shape = fc
      .record({
        m: fc.integer({ min: 1, max: 20 }),
        k: fc.integer({ min: 1, max: 40 }),
        n: fc.integer({ min: 1, max: 20 }),
      })
      .chain(({ m, k, n }) =>
        fc.record({
          m: fc.constant(m),
          k: fc.constant(k),
          n: fc.constant(n),
          rows: fc.integer({ min: 1, max: m }),
          cols: fc.integer({ min: 1, max: n }),
        }),
      );
    fc.assert(
      fc.property(shape, seeds, share, ({ m, k, n, rows, cols }, seed, extremes) => {
        const product = new RowProduct(m, k, n);
        fill(product.a, seed, extremes);
        fill(product.b, seed + 1, extremes);
        product.c.fill(-7);
        product.accumulate(rows, cols);
        const { a, b, c } = product;
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            const inside = i < rows && j < cols;
            const want = inside
              ? dot(
                  0,
                  k,
                  (s) => a[i * k + s]!,
                  (s) => b[j * k + s]!,
                )
              : 0n;
            expect(BigInt(c[i * n + j]!)).toBe(want - 7n);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is exact across its inner blocks: more than 256 rows, more than 1024 steps', () => {
    const [m, k, n] = [261, 2051, 5];
    const product = new RowProduct(m, k, n);
    fill(product.a, 11, 30);
    fill(product.b, 12, 30);
    product.multiply();
    const { a, b, c } = product;
    for (const i of [0, 3, 255, 256, 260]) {
      for (let j = 0; j < n; j++) {
        expect(BigInt(c[i * n + j]!)).toBe(
          dot(
            0,
            k,
            (s) => a[i * k + s]!,
            (s) => b[j * k + s]!,
          ),
        );
      }
    }
  });

  it('is exact at 16,384 steps of -32768', () => {
    const product = new RowProduct(5, 16_384, 5);
    product.a.fill(-32768);
    product.b.fill(-32768);
    product.multiply();
    expect(product.c.every((sum) => sum === 2 ** 44)).toBe(true);
  });

  it('starts from 0 on each multiply', () => {
    const product = new RowProduct(1, 2, 1);
    product.a.set([3, -4]);
    product.b.set([10, 100]);
    product.multiply();
    product.multiply();
    expect([...product.c]).toEqual([-370]);
    product.accumulate();
    expect([...product.c]).toEqual([-740]);
  });

  it('names the field, the range and the value when it cannot be built or asked for', () => {
    expect(() => new RowProduct(0, 1, 1)).toThrow('RowProduct: m must be an integer in 1..2147483648, got 0');
    expect(() => new RowProduct(70_000, 70_000, 1)).toThrow(
      'RowProduct: memory in bytes must be at most 4294967296',
    );
    expect(() => new RowProduct(2, 2, 2).multiply(3)).toThrow(
      'RowProduct: rows must be an integer in 1..2, got 3',
    );
  });
});

describe('the committed WebAssembly', () => {
  it('is what the assembler makes of matrix-product.wat', async () => {
    const text = await readFile(new URL('../../src/numbers/matrix-product.wat', import.meta.url), 'utf8');
    const assembler = await wabt();
    const parsed = assembler.parseWat('matrix-product.wat', text);
    const { buffer } = parsed.toBinary({});
    parsed.destroy();
    expect(Buffer.from(MATRIX_PRODUCT_WASM, 'base64').equals(buffer)).toBe(true);
  });
});
