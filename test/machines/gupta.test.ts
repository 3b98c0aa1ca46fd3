import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import { runReference } from '../../src/networks/reference.js';
import type { ProductStep } from '../../src/networks/quantise.js';
import { finishChecks } from '../axi-checkers.js';
import { randomLayer } from './random-layer.js';

describe('the fixed-point machine', () => {
  it('equals the plain reference bit for bit on random layers, both roundings, any size of array', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 28),
        fc.boolean(),
        fc.constantFrom(1, 2, 3, 100),
        (seed, n, stochastic, tight) => {
          const { step, image } = randomLayer(seed);
          // `tight` starves the cache, so that layers are cut into blocks and bands.
          const bramsPerBank = 1;
          const spec = guptaSpec({
            n,
            l2: { bram36: tight === 100 ? 445 : 60 + 32 * Math.ceil(n / 4) * tight, bramsPerBank },
            p: tight === 100 ? null : tight,
          });
          const runner = new GuptaRunner(spec, [step], { seed: 5, checkWidths: true });
          const run = runner.runLayer(0, image, 3, { stochastic, seed: 5 }, 200_000);
          // Those of READ and WRITE: by the end of a layer all is read, written and answered.
          expect(finishChecks(runner.sim)).toBeGreaterThanOrEqual(2);
          const network = {
            name: 'one',
            input: step.input,
            flInput: 10,
            output: step.output,
            flOutput: 10,
            classes: 1,
            steps: [step],
            saturated: 0,
          };
          const plan = runner.plans[0]!;
          const want = runReference(
            network,
            image,
            stochastic
              ? {
                  rounding: 'stochastic',
                  seed: 5,
                  schedules: [
                    { n, p: plan.panels, bandRows: plan.bandRows, image: 3, layerIndex: 0, layers: 1 },
                  ],
                }
              : { rounding: 'nearest' },
          );
          expect(run.output).toEqual(want.outputs[0]);
          expect(run.saturations).toBe(want.saturations[0]);
          expect(Object.values(run.causes).reduce((a, b) => a + b, 0)).toBe(run.cycles);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('takes a 1×1 convolution of a 1×1 map with any stride and dilation as the vector product that it is', () => {
    const { step } = randomLayer(7);
    const input = { channels: 40, height: 1, width: 1 };
    const one: ProductStep = {
      ...step,
      op: 'conv',
      input,
      output: { channels: 9, height: 1, width: 1 },
      kernel: [1, 1],
      stride: [3, 2],
      padding: [0, 0],
      dilation: [2, 2],
      groups: 1,
      weights: Int16Array.from({ length: 360 }, (_, i) => (i * 37) % 101),
      bias: Int16Array.from({ length: 9 }, (_, i) => i * 100),
      pool: null,
    };
    const image = Int16Array.from({ length: 40 }, (_, i) => i * 13 - 200);
    const run = new GuptaRunner(guptaSpec({ n: 4 }), [one], { seed: 1 }).runLayer(
      0,
      image,
      0,
      { stochastic: false, seed: 1 },
      10_000,
    );
    const network = {
      name: 'one',
      input,
      flInput: 10,
      output: one.output,
      flOutput: 10,
      classes: 1,
      steps: [one],
      saturated: 0,
    };
    expect(run.output).toEqual(runReference(network, image, { rounding: 'nearest' }).outputs[0]);
  });

  it('holds fewer panels together where the pooling unit has accumulators for no more', () => {
    const { step } = randomLayer(7);
    const input = { channels: 1, height: 8, width: 600 };
    const wide: ProductStep = {
      ...step,
      op: 'conv',
      input,
      output: { channels: 40, height: 8, width: 600 },
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      weights: Int16Array.from({ length: 40 }, (_, i) => i * 50),
      bias: null,
      shift: 10,
      pool: { mode: 'max', size: [3, 1], stride: [1, 1], output: { channels: 40, height: 6, width: 600 } },
    };
    const image = Int16Array.from({ length: 4800 }, (_, i) => ((i * 31) % 2000) - 1000);
    const runner = new GuptaRunner(guptaSpec({ n: 4 }), [wide], { seed: 1 });
    expect(runner.plans[0]!.panels).toBe(2);
    const run = runner.runLayer(0, image, 0, { stochastic: false, seed: 1 }, 1_000_000);
    const network = {
      name: 'one',
      input,
      flInput: 10,
      output: wide.output,
      flOutput: 10,
      classes: 1,
      steps: [wide],
      saturated: 0,
    };
    expect(run.output).toEqual(runReference(network, image, { rounding: 'nearest' }).outputs[0]);
    const tooWide = {
      ...wide,
      input: { ...input, width: 60_000 },
      output: { ...wide.output, width: 60_000 },
    };
    expect(
      () =>
        new GuptaRunner(guptaSpec({ n: 4 }), [{ ...tooWide, pool: { ...wide.pool!, size: [20, 1] } }], {
          seed: 1,
        }),
    ).toThrow('pool size must be at most 15 each way');
  });
});
