import { RowProduct, SliceProduct } from '../src/numbers/matrix-product.js';

/**
 * How many exact int16 multiply-accumulates a second does the WebAssembly product do?
 *
 *     npx tsx -e "import('./bench/matrix-product.ts').then((m) => m.benchMatrixProduct()).then(console.log)"
 *
 * `full` operands span all of int16 and include −32768; `narrow` ones keep max|a|·max|b| below 2^28, as 14-bit weights do.
 */
export interface MatrixProductFigure {
  readonly name: string;
  /** Multiply-accumulates a second, in units of 10^9. The best of several timed batches. */
  readonly gigaMacPerSecond: number;
  /** Microseconds a product. */
  readonly microseconds: number;
}

type Operand = 'full' | 'narrow';

/** A fixed pattern over the operand's range; every value of it is reached, in no simple order. */
function fill(target: Int16Array, operand: Operand, salt: number): void {
  const span = operand === 'full' ? 65_536 : 16_384;
  for (let i = 0; i < target.length; i++) {
    target[i] = ((Math.imul(i + salt, 0x9e3779b1) >>> 9) % span) - span / 2;
  }
  if (operand === 'full') target[target.length >> 1] = -32_768;
}

function time(name: string, macs: number, run: () => void): MatrixProductFigure {
  const batch = Math.max(1, Math.round(4e7 / macs));
  let best = Infinity;
  for (let repeat = 0; repeat < 25; repeat++) {
    const start = performance.now();
    for (let i = 0; i < batch; i++) run();
    best = Math.min(best, (performance.now() - start) / batch);
  }
  return { name, gigaMacPerSecond: macs / best / 1e6, microseconds: best * 1e3 };
}

function checked(got: number, want: number): void {
  if (got !== want) throw new Error(`wrong product: ${got}, not ${want}`);
}

/** Times both layouts on full-range and narrow operands, having checked an element of each product. */
export async function benchMatrixProduct(): Promise<readonly MatrixProductFigure[]> {
  const figures: MatrixProductFigure[] = [];
  for (const operand of ['full', 'narrow'] as const) {
    for (const k of [26, 288, 1152]) {
      const n = 28;
      const product = new SliceProduct(n, k);
      fill(product.a, operand, 1);
      fill(product.b, operand, 77_777);
      figures.push(time(`slices ${n}x${n}x${k} ${operand}`, n * n * k, () => product.multiply(0, k)));
      let want = 0;
      for (let step = 0; step < k; step++) want += product.a[step * n + 5]! * product.b[step * n + 6]!;
      checked(product.sums[5 * n + 6]!, want);
    }
    for (const [m, k, n] of [
      [256, 1152, 256],
      [16, 400, 64],
      [128, 784, 1],
    ] as const) {
      const product = new RowProduct(m, k, n);
      fill(product.a, operand, 1);
      fill(product.b, operand, 77_777);
      figures.push(time(`rows ${m}x${n}x${k} ${operand}`, m * n * k, () => product.multiply()));
      let want = 0;
      for (let step = 0; step < k; step++) want += product.a[5 * k + step]! * product.b[step]!;
      checked(product.c[5 * n]!, want);
    }
  }
  return figures;
}
