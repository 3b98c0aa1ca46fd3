import { MATRIX_PRODUCT_WASM } from './matrix-product.wasm.js';

// The compiler's own WebAssembly types come only with the DOM library, which a Node program does not want.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Kernels };
};

interface Kernels {
  slices(
    ...args: readonly [
      a: number,
      b: number,
      c: number,
      n: number,
      rows: number,
      cols: number,
      count: number,
      packedA: number,
      packedB: number,
      scratch: number,
    ]
  ): void;
  rows(
    ...args: readonly [
      a: number,
      b: number,
      c: number,
      rows: number,
      cols: number,
      stride: number,
      strideC: number,
      count: number,
      packedA: number,
      packedB: number,
      scratch: number,
    ]
  ): void;
}

const PAGE_BYTES = 65_536;

/** A 32-bit WebAssembly memory ends here. */
const MAX_PAGES = 65_536;

/**
 * Steps of k in one call: a panel of B then takes 8 KiB and stays in the first-level cache. Exactness needs fewer
 * than 2^15 pairs (matrix-product.wat), a bound 64 times higher.
 */
const STEPS_PER_CALL = 1024;

/** Rows of A in one call: 256 × 1024 × 2 bytes of packed A stay in the second-level cache. */
const ROWS_PER_CALL = 256;

/** One 4 × 4 tile of float64, for tiles on an edge. */
const SCRATCH_BYTES = 128;

const MAX_LANES = 64;

/** A matrix product that cannot be set up or was asked for something outside its shape. */
export class MatrixProductError extends RangeError {
  readonly code = 'E_MATRIX_PRODUCT';

  constructor(
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: number,
  ) {
    super(`${path}: ${field} must be ${wanted}, got ${got}`);
    this.name = 'MatrixProductError';
  }
}

function wantInteger(path: string, field: string, low: number, high: number, got: number): void {
  if (!Number.isInteger(got) || got < low || got > high) {
    throw new MatrixProductError(path, field, `an integer in ${low}..${high}`, got);
  }
}

let compiled: object | undefined;

/**
 * Lays areas out in a memory, each on a 64-byte boundary, and then makes the memory and the kernels that work in it.
 * Kernels may read up to 8 bytes past an operand and drop what they read; the areas laid out after it make that safe.
 */
class Layout {
  #end = 0;

  /** The address of a fresh area, zero at first. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end = Math.ceil((at + bytes) / 64) * 64;
    return at;
  }

  instantiate(path: string): { buffer: ArrayBuffer; kernels: Kernels } {
    const pages = Math.ceil(this.#end / PAGE_BYTES);
    if (pages > MAX_PAGES) {
      throw new MatrixProductError(path, 'memory in bytes', `at most ${MAX_PAGES * PAGE_BYTES}`, this.#end);
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    compiled ??= new WebAssembly.Module(Buffer.from(MATRIX_PRODUCT_WASM, 'base64'));
    const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
    return { buffer: memory.buffer, kernels: exports };
  }
}

/**
 * Exact product of two histories of slices, in the order in which a systolic array receives them:
 * `sums[i·n + j] += Σ_k a[k·n + i] · b[k·n + j]`.
 *
 * Shapes   a, b [capacity, n] int16, written in place by the caller; sums [n, n] float64.
 * Range    Any operands, −32768 included. Sums are exact integers while their magnitude stays below 2^53, whatever
 *          the length; −0 never appears.
 * Storage  A WebAssembly memory of its own: 4·n·capacity bytes of slices, and about as much again, at most, for packing.
 * Cost     Rows and columns are computed in groups of four. `bench/matrix-product.ts` measures it.
 * Errors   MatrixProductError when n is outside 1..64, or capacity or an asked range does not fit.
 * Source   Own derivation, in matrix-product.wat.
 */
export class SliceProduct {
  /** Slices of A: lane i of slice k at `k·n + i`. */
  readonly a: Int16Array;
  /** Slices of B: lane j of slice k at `k·n + j`. */
  readonly b: Int16Array;
  /** Row-major n × n sums. The caller may read, set or clear them at will. */
  readonly sums: Float64Array;

  readonly #kernels: Kernels;
  readonly #at: { a: number; b: number; sums: number; packedA: number; packedB: number; scratch: number };

  constructor(
    readonly n: number,
    readonly capacity: number,
  ) {
    wantInteger('SliceProduct', 'n', 1, MAX_LANES, n);
    wantInteger('SliceProduct', 'capacity', 1, 2 ** 31, capacity);
    const slices = 2 * n * capacity;
    // Steps are packed in pairs, four lanes a panel: 16 bytes a pair.
    const panel = 16 * Math.ceil(Math.min(capacity, STEPS_PER_CALL) / 2);
    const layout = new Layout();
    const a = layout.take(slices);
    const b = layout.take(slices);
    const sums = layout.take(8 * n * n);
    const packedA = layout.take(panel * Math.ceil(n / 4));
    const packedB = layout.take(panel);
    const scratch = layout.take(SCRATCH_BYTES);
    const { buffer, kernels } = layout.instantiate('SliceProduct');
    this.#kernels = kernels;
    this.#at = { a, b, sums, packedA, packedB, scratch };
    this.a = new Int16Array(buffer, a, n * capacity);
    this.b = new Int16Array(buffer, b, n * capacity);
    this.sums = new Float64Array(buffer, sums, n * n);
  }

  /**
   * Adds the products of slices k0 up to, but not including, k1 to the sums of rows 0..rows−1 and columns 0..cols−1.
   * The other sums are left alone. Costs in proportion to ⌈rows/4⌉·⌈cols/4⌉·(k1 − k0).
   */
  accumulate(k0: number, k1: number, rows = this.n, cols = this.n): void {
    const { n, capacity } = this;
    wantInteger('SliceProduct', 'k1', 0, capacity, k1);
    wantInteger('SliceProduct', 'k0', 0, k1, k0);
    wantInteger('SliceProduct', 'rows', 1, n, rows);
    wantInteger('SliceProduct', 'cols', 1, n, cols);
    const { a, b, sums, packedA, packedB, scratch } = this.#at;
    for (let k = k0; k < k1; k += STEPS_PER_CALL) {
      const count = Math.min(STEPS_PER_CALL, k1 - k);
      const skip = 2 * n * k;
      this.#kernels.slices(a + skip, b + skip, sums, n, rows, cols, count, packedA, packedB, scratch);
    }
  }

  /** Sets the sums to the products of slices k0 up to, but not including, k1. */
  multiply(k0: number, k1: number): void {
    this.sums.fill(0);
    this.accumulate(k0, k1);
  }
}

/**
 * Exact product of a matrix and the transpose of another: `c[i·N + j] = Σ_k a[i·K + k] · b[j·K + k]`.
 *
 * Shapes   a [M, K], b [N, K] int16, row-major, written in place by the caller; c [M, N] float64.
 * Range    As {@link SliceProduct}.
 * Storage  A WebAssembly memory of its own: 2·K·(M + N) + 8·M·N bytes, and up to 0.5 MiB for packing.
 * Errors   MatrixProductError when a dimension is not a positive integer, the operands need more than 4 GiB, or an asked
 *          range does not fit.
 * Source   Own derivation, in matrix-product.wat.
 */
export class RowProduct {
  /** Row i, step k at `i·K + k`. */
  readonly a: Int16Array;
  /** Row j (column j of the product), step k at `j·K + k`. */
  readonly b: Int16Array;
  /** Row-major M × N sums. */
  readonly c: Float64Array;

  readonly #kernels: Kernels;
  readonly #at: { a: number; b: number; c: number; packedA: number; packedB: number; scratch: number };

  /** @param m rows of A; @param k steps; @param n rows of B, which are the columns of C. */
  constructor(
    readonly m: number,
    readonly k: number,
    readonly n: number,
  ) {
    wantInteger('RowProduct', 'm', 1, 2 ** 31, m);
    wantInteger('RowProduct', 'k', 1, 2 ** 31, k);
    wantInteger('RowProduct', 'n', 1, 2 ** 31, n);
    const panel = 16 * Math.ceil(Math.min(k, STEPS_PER_CALL) / 2);
    const layout = new Layout();
    const a = layout.take(2 * m * k);
    const b = layout.take(2 * n * k);
    const c = layout.take(8 * m * n);
    const packedA = layout.take(panel * Math.ceil(Math.min(m, ROWS_PER_CALL) / 4));
    const packedB = layout.take(panel);
    const scratch = layout.take(SCRATCH_BYTES);
    const { buffer, kernels } = layout.instantiate('RowProduct');
    this.#kernels = kernels;
    this.#at = { a, b, c, packedA, packedB, scratch };
    this.a = new Int16Array(buffer, a, m * k);
    this.b = new Int16Array(buffer, b, n * k);
    this.c = new Float64Array(buffer, c, m * n);
  }

  /** Adds the product to c: rows of A and rows of B from 0 up to, but not including, `rows` and `cols`. */
  accumulate(rows = this.m, cols = this.n): void {
    const { m, k, n } = this;
    wantInteger('RowProduct', 'rows', 1, m, rows);
    wantInteger('RowProduct', 'cols', 1, n, cols);
    const { a, b, c, packedA, packedB, scratch } = this.#at;
    for (let i = 0; i < rows; i += ROWS_PER_CALL) {
      const high = Math.min(ROWS_PER_CALL, rows - i);
      for (let step = 0; step < k; step += STEPS_PER_CALL) {
        const count = Math.min(STEPS_PER_CALL, k - step);
        this.#kernels.rows(
          a + 2 * (i * k + step),
          b + 2 * step,
          c + 8 * i * n,
          high,
          cols,
          2 * k,
          8 * n,
          count,
          packedA,
          packedB,
          scratch,
        );
      }
    }
  }

  /** Sets c to the product (the parts of c outside `rows` and `cols` to 0). */
  multiply(rows = this.m, cols = this.n): void {
    this.c.fill(0);
    this.accumulate(rows, cols);
  }
}
