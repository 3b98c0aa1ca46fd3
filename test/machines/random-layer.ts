import type { ProductStep } from '../../src/networks/quantise.js';
import { lottery } from '../components/array-bench.js';

/** A random layer that fits a small machine: conv with stride, padding, dilation and groups, or dense; maybe pooled. */
export function randomLayer(seed: number): { step: ProductStep; image: Int16Array } {
  const draw = lottery(seed);
  const dense = draw(4) === 0;
  const groups = dense ? 1 : 1 + draw(2);
  const channels = groups * (1 + draw(3));
  const kernel = [1 + draw(3), 1 + draw(3)] as const;
  const dilation = [1 + draw(2), 1 + draw(2)] as const;
  const padding = [draw(2), draw(2)] as const;
  const stride = [1 + draw(2), 1 + draw(2)] as const;
  const input = { channels, height: 5 + draw(6), width: 5 + draw(8) };
  const filters = groups * (1 + draw(9));
  const place = (length: number, k: number, s: number, p: number, d: number) =>
    Math.floor((length + 2 * p - d * (k - 1) - 1) / s) + 1;
  const output = dense
    ? { channels: filters, height: 1, width: 1 }
    : {
        channels: filters,
        height: place(input.height, kernel[0], stride[0], padding[0], dilation[0]),
        width: place(input.width, kernel[1], stride[1], padding[1], dilation[1]),
      };
  const wide = draw(4) === 0;
  const word = (): number => (wide ? draw(65536) - 32768 : draw(2048) - 1024);
  const taps = (channels / groups) * (dense ? input.height * input.width : kernel[0] * kernel[1]);
  const shift = draw(8) === 0 ? draw(32) : 10;
  const pools = !dense && output.height >= 2 && output.width >= 2 && draw(2) === 0;
  const poolSize = [2, Math.min(output.width, 2 + draw(2))] as const;
  const poolStride = [1 + draw(2), 1 + draw(3)] as const;
  const step: ProductStep = {
    kind: 'product',
    name: 'layer',
    op: dense ? 'dense' : 'conv',
    input,
    output,
    kernel: dense ? [input.height, input.width] : kernel,
    stride: dense ? [1, 1] : stride,
    padding: dense ? [0, 0] : padding,
    dilation: dense ? [1, 1] : dilation,
    groups,
    weights: Int16Array.from({ length: filters * taps }, word),
    bias: draw(4) === 0 ? null : Int16Array.from({ length: filters }, word),
    flWeights: 10,
    flInput: 10,
    flOutput: 10,
    shift,
    biasExponent: Math.min(shift, 14),
    relu: draw(2) === 0,
    pool: pools
      ? {
          mode: draw(2) === 0 ? 'max' : 'average',
          size: poolSize,
          stride: poolStride,
          output: {
            channels: filters,
            height: Math.floor((output.height - poolSize[0]) / poolStride[0]) + 1,
            width: Math.floor((output.width - poolSize[1]) / poolStride[1]) + 1,
          },
        }
      : null,
    saturated: { weights: 0, biases: 0 },
  };
  return { step, image: Int16Array.from({ length: input.channels * input.height * input.width }, word) };
}
