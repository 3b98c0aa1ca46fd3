import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FunctionalGupta } from '../../src/machines/gupta/functional.js';
import { planLayer } from '../../src/machines/gupta/plan.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import { ConfigError } from '../../src/kernel/index.js';
import type { ProductStep } from '../../src/networks/quantise.js';
import { runReference } from '../../src/networks/reference.js';
import { lottery } from '../components/array-bench.js';
import { randomLayer } from './random-layer.js';

/** A layer whose sums or bands are longer than the smallest cache's half: 256 slices of A, 1024 words a bank of B. */
function longLayer(seed: number): { step: ProductStep; image: Int16Array } {
  const draw = lottery(seed);
  const { step } = randomLayer(seed);
  const dense = draw(3) === 0;
  const groups = dense ? 1 : 1 + draw(2);
  const kernel: [number, number] = [1 + draw(3), 1 + draw(4)];
  const depth = Math.ceil((200 + draw(500)) / (kernel[0] * kernel[1]));
  const input = dense
    ? { channels: 1 + draw(40), height: 1 + draw(6), width: 1 + draw(6) }
    : { channels: groups * depth, height: 3 + draw(5), width: 4 + draw(6) };
  if (dense) input.channels += Math.ceil(256 / (input.height * input.width));
  const filters = groups * (1 + draw(9));
  const padding: [number, number] = [draw(2), draw(2)];
  const stride: [number, number] = [1 + draw(2), 1 + draw(2)];
  const place = (length: number, k: number, s: number, p: number) => Math.floor((length + 2 * p - k) / s) + 1;
  const output = dense
    ? { channels: filters, height: 1, width: 1 }
    : {
        channels: filters,
        height: place(input.height, kernel[0], stride[0], padding[0]),
        width: place(input.width, kernel[1], stride[1], padding[1]),
      };
  const taps = (input.channels / groups) * (dense ? input.height * input.width : kernel[0] * kernel[1]);
  const word = (): number => draw(1024) - 512;
  const pools = output.height >= 2 && output.width >= 2 && draw(2) === 0;
  return {
    step: {
      ...step,
      op: dense ? 'dense' : 'conv',
      input,
      output,
      kernel: dense ? [input.height, input.width] : kernel,
      stride: dense ? [1, 1] : stride,
      padding: dense ? [0, 0] : padding,
      dilation: [1, 1],
      groups,
      weights: Int16Array.from({ length: filters * taps }, word),
      bias: draw(3) === 0 ? null : Int16Array.from({ length: filters }, word),
      shift: 12,
      biasExponent: 12,
      pool: pools
        ? {
            mode: draw(2) === 0 ? 'max' : 'average',
            size: [2, 2],
            stride: [2, 1],
            output: {
              channels: filters,
              height: Math.floor((output.height - 2) / 2) + 1,
              width: output.width - 1,
            },
          }
        : null,
    },
    image: Int16Array.from({ length: input.channels * input.height * input.width }, word),
  };
}

/** The machine with the least cache that there is for n: 256 slices of A, 1024 words a bank of B, a half each. */
const least = (n: number, more: object = {}) => {
  const banks = [3, 3, 3, 3, 5, 5, 7, 7, 11][n] ?? (n === 17 ? 17 : 29);
  return guptaSpec({
    n,
    l2: { bram36: banks + Math.ceil(n / 4), bramsPerBank: 1, bufferBram36: 0 },
    ...more,
  });
};

function networkOf(step: ProductStep) {
  const { input, output } = step;
  return { name: 'one', input, flInput: 10, output, flOutput: 10, classes: 1, steps: [step], saturated: 0 };
}

function wanted(step: ProductStep, image: Int16Array, n: number, stochastic: boolean) {
  const { height } = step.output;
  const schedule = { n, p: 1, bandRows: height, image: 3, layerIndex: 0, layers: 1 };
  return runReference(
    networkOf(step),
    image,
    stochastic ? { rounding: 'stochastic', seed: 5, schedules: [schedule] } : { rounding: 'nearest' },
  );
}

describe('the fixed-point machine, with sums longer than its cache,', () => {
  it('equals the plain reference bit for bit, in both roundings, with p = 1 and tiles from pixel 0 through the plane', () => {
    let parts = 0;
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 28),
        fc.boolean(),
        fc.constantFrom(null, 200_000_000, 66_000_000),
        (seed, n, stochastic, clockHz) => {
          const { step, image } = longLayer(seed);
          const spec = least(n, { memory: { clockHz } });
          const plan = planLayer(spec, step);
          // What fits whole is the other test's.
          if (!plan.parted) return;
          parts = Math.max(parts, plan.parts);
          expect([plan.panels, plan.bandRows]).toEqual([1, step.output.height]);
          const runner = new GuptaRunner(spec, [step], { seed: 5, checkWidths: true });
          const run = runner.runLayer(0, image, 3, { stochastic, seed: 5 }, 2_000_000);
          const want = wanted(step, image, n, stochastic);
          expect(run.output).toEqual(want.outputs[0]);
          expect(run.saturations).toBe(want.saturations[0]);
          expect(Object.values(run.causes).reduce((a, b) => a + b, 0)).toBe(run.cycles);
          const fast = new FunctionalGupta(spec, [step]).runLayer(0, image, 3, { stochastic, seed: 5 });
          expect(fast.output).toEqual(run.output);
        },
      ),
      { numRuns: 60 },
    );
    expect(parts).toBeGreaterThan(2);
  }, 120_000);

  it('parts a dense layer of 25,088 words at the size of the paper in two, as rows of 12,544 words', () => {
    const { step } = longLayer(1);
    const dense: ProductStep = {
      ...step,
      op: 'dense',
      input: { channels: 512, height: 7, width: 7 },
      output: { channels: 28, height: 1, width: 1 },
      kernel: [7, 7],
      stride: [1, 1],
      padding: [0, 0],
      groups: 1,
      weights: Int16Array.from({ length: 28 * 25_088 }, (_, i) => ((i * 7919) % 401) - 200),
      bias: Int16Array.from({ length: 28 }, (_, i) => i),
      pool: null,
    };
    const image = Int16Array.from({ length: 25_088 }, (_, i) => ((i * 104_729) % 301) - 150);
    const spec = guptaSpec();
    const plan = planLayer(spec, dense);
    expect([plan.parted, plan.parts, plan.channels, plan.inW]).toEqual([true, 2, 2, 12_544]);
    const run = new GuptaRunner(spec, [dense], { seed: 1 }).runLayer(0, image, 0, {
      stochastic: false,
      seed: 1,
    });
    expect(run.output).toEqual(wanted(dense, image, 28, false).outputs[0]);
    // Memory-bound: 64 bytes a slice of weights at 32 a cycle.
    expect(run.causes.issue).toBe(25_089);
    expect(run.cycles).toBeGreaterThan(2 * 25_089);
    expect(run.cycles).toBeLessThan(2 * 25_089 + 12_544 + 25_088 / 16 + 800);
  });

  it('names the layer when not even one channel fits', () => {
    const { step } = longLayer(1);
    const wide: ProductStep = {
      ...step,
      name: 'wide',
      op: 'conv',
      input: { channels: 1, height: 20, width: 20 },
      output: { channels: 1, height: 1, width: 1 },
      kernel: [17, 17],
      stride: [5, 5],
      padding: [0, 0],
      groups: 1,
      weights: new Int16Array(289),
      bias: null,
      pool: null,
    };
    expect(() => planLayer(least(4), wide)).toThrow(
      new ConfigError(
        'wide',
        'one channel of a panel and of a tile',
        "no more than the L2 cache's halves hold: 256 slices and 1024 words a bank",
        '289 slices and rows of 20 words',
      ),
    );
  });
});
