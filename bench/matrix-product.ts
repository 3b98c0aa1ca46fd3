import { RowProduct, SliceProduct } from '../src/numbers/matrix-product.js';
import type { Bench, BenchResult, Figure } from './harness.js';

/** A fixed pattern over the whole range, in no simple order. */
function fill(target: Int16Array, salt: number): void {
  for (let i = 0; i < target.length; i++) target[i] = Math.imul(i + salt, 0x9e3779b1) >>> 9;
  target[target.length >> 1] = -32_768;
}

function time(name: string, macs: number, repeats: number, run: () => void): Figure {
  const batch = Math.max(1, Math.round(4e7 / macs));
  let best = Infinity;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    for (let i = 0; i < batch; i++) run();
    best = Math.min(best, (performance.now() - start) / batch);
  }
  return { name, value: (macs / best) * 1e3, unit: 'MAC/s' };
}

function checked(got: number, want: number): void {
  if (got !== want) throw new Error(`wrong product: ${got}, not ${want}`);
}

/** Times both layouts and checks an element of each product. Operands span all of int16; the time does not depend on them. */
function measure(quick: boolean): BenchResult {
  const repeats = quick ? 8 : 25;
  const figures: Figure[] = [];
  for (const k of [26, 288, 1152]) {
    const n = 28;
    const product = new SliceProduct(n, k);
    fill(product.a, 1);
    fill(product.b, 77_777);
    figures.push(time(`slices ${n}x${n}x${k}`, n * n * k, repeats, () => product.multiply(0, k)));
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
    fill(product.a, 1);
    fill(product.b, 77_777);
    figures.push(time(`rows ${m}x${n}x${k}`, m * n * k, repeats, () => product.multiply()));
    let want = 0;
    for (let step = 0; step < k; step++) want += product.a[5 * k + step]! * product.b[step]!;
    checked(product.c[5 * n]!, want);
  }
  return {
    figures,
    goals: [],
    notes: ['The best of several timed batches; one element of each product is checked.'],
  };
}

export const matrixProduct: Bench = {
  name: 'matrix-product',
  question: 'How many exact int16 multiply-accumulates a second does the WebAssembly product do?',
  run: (quick) => Promise.resolve(measure(quick)),
};
