import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blowUp } from '../../src/machines/gupta/blow-up.js';
import { FunctionalGupta } from '../../src/machines/gupta/functional.js';
import { planLayer } from '../../src/machines/gupta/plan.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec, type GuptaSpec } from '../../src/machines/gupta/spec.js';
import type { ProductStep, QuantisedNetwork } from '../../src/networks/quantise.js';
import { runReference } from '../../src/networks/reference.js';
import { randomLayer } from './random-layer.js';

const sizes = fc.constantFrom(1, 2, 3, 5, 8, 17, 28);
const tightness = fc.constantFrom(1, 2, 3, 100);

/** A machine that reads blown-up matrices; its cache is starved below `tight` = 100. */
const machine = (n: number, tight: number, im2col: GuptaSpec['im2col'] = 'blown-up'): GuptaSpec =>
  guptaSpec({
    n,
    im2col,
    l2: { bram36: tight === 100 ? 445 : 60 + 32 * Math.ceil(n / 4) * tight, bramsPerBank: 1 },
    p: tight === 100 ? null : tight,
  });

const networkOf = (...steps: ProductStep[]): QuantisedNetwork => ({
  name: 'some',
  input: steps[0]!.input,
  flInput: 10,
  output: steps.at(-1)!.output,
  flOutput: 10,
  classes: 1,
  steps,
  saturated: 0,
});

describe('blown-up mode', () => {
  it('equals the plain reference bit for bit on random layers, both roundings, with and without cycles', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), sizes, fc.boolean(), tightness, (seed, n, stochastic, tight) => {
        const { step, image } = randomLayer(seed);
        const spec = machine(n, tight);
        const runner = new GuptaRunner(spec, [step], { seed: 5 });
        const run = runner.runLayer(0, image, 3, { stochastic, seed: 5 }, 400_000);
        const plan = runner.plans[0]!;
        const schedule = {
          n,
          p: plan.panels,
          bandRows: plan.bandRows,
          bandPixels: plan.bandPixels,
          image: 3,
          layerIndex: 0,
          layers: 1,
        };
        const want = runReference(
          networkOf(step),
          image,
          stochastic ? { rounding: 'stochastic', seed: 5, schedules: [schedule] } : { rounding: 'nearest' },
        );
        expect(run.output).toEqual(want.outputs[0]);
        expect(run.saturations).toBe(want.saturations[0]);
        expect(Object.values(run.causes).reduce((a, b) => a + b, 0)).toBe(run.cycles);
        const fast = new FunctionalGupta(spec, [step]).runLayer(0, image, 3, { stochastic, seed: 5 });
        expect(fast.output).toEqual(run.output);
        expect(fast.saturations).toBe(run.saturations);
      }),
      { numRuns: 80 },
    );
  });

  it('draws as the reference does where the matrix is cut into bands of whole tiles, or of less than one', () => {
    const { step } = randomLayer(5);
    for (const [n, channels, bandPixels] of [
      [3, 20, 6],
      [5, 80, 2],
    ] as const) {
      const layer: ProductStep = {
        ...step,
        op: 'conv',
        input: { channels, height: 9, width: 9 },
        output: { channels: 11, height: 9, width: 9 },
        kernel: [5, 5],
        stride: [1, 1],
        padding: [2, 2],
        dilation: [1, 1],
        groups: 1,
        weights: Int16Array.from({ length: 11 * channels * 25 }, (_, i) => ((i * 37) % 400) - 200),
        bias: null,
        shift: 10,
        pool: null,
      };
      const spec = machine(n, 2);
      const image = Int16Array.from({ length: channels * 81 }, (_, i) => ((i * 71) % 2000) - 1000);
      const settings = { stochastic: true, seed: 9 };
      const runner = new GuptaRunner(spec, [layer], { seed: 9 });
      const plan = runner.plans[0]!;
      expect(plan.bandPixels).toBe(bandPixels);
      const run = runner.runLayer(0, image, 0, settings);
      const { panels: p, bandRows } = plan;
      const schedule = { n, p, bandRows, bandPixels, image: 0, layerIndex: 0, layers: 1 };
      const want = runReference(networkOf(layer), image, {
        rounding: 'stochastic',
        seed: 9,
        schedules: [schedule],
      });
      expect(run.output).toEqual(want.outputs[0]);
      expect(new FunctionalGupta(spec, [layer]).runLayer(0, image, 0, settings).output).toEqual(run.output);
    }
  });

  it('holds no more panels than the pooling of the on-the-fly mode leaves room for', () => {
    const { step } = randomLayer(7);
    const wide: ProductStep = {
      ...step,
      op: 'conv',
      input: { channels: 1, height: 8, width: 600 },
      output: { channels: 40, height: 8, width: 600 },
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      weights: new Int16Array(40),
      bias: null,
      pool: { mode: 'max', size: [3, 1], stride: [1, 1], output: { channels: 40, height: 6, width: 600 } },
    };
    for (const im2col of ['on-the-fly', 'blown-up'] as const)
      expect(planLayer(guptaSpec({ n: 4, im2col }), wide).panels).toBe(2);
  });

  it('holds as many panels as the on-the-fly mode and reads the same weights, each once', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), sizes, tightness, (seed, n, tight) => {
        const { step, image } = randomLayer(seed);
        const [blown, direct] = (['blown-up', 'on-the-fly'] as const).map((im2col) => {
          const runner = new GuptaRunner(machine(n, tight, im2col), [step], { seed: 1 });
          const run = runner.runLayer(0, image, 0, { stochastic: false, seed: 1 }, 400_000);
          expect(run.weightBytesRead + run.activationBytesRead).toBe(run.bytesRead);
          return { run, plan: runner.plans[0]! };
        });
        expect(blown!.plan.panels).toBe(direct!.plan.panels);
        expect(blown!.run.weightBytesRead).toBe(blown!.plan.weightWords * 2);
        expect(direct!.run.weightBytesRead).toBe(blown!.plan.weightWords * 2);
        expect(blown!.run.output).toEqual(direct!.run.output);
      }),
      { numRuns: 40 },
    );
  });

  it('reads every row of the matrix once a filter block, in whole beats', () => {
    const { step } = randomLayer(11);
    const one: ProductStep = {
      ...step,
      op: 'conv',
      input: { channels: 4, height: 9, width: 9 },
      output: { channels: 12, height: 9, width: 9 },
      kernel: [3, 3],
      stride: [1, 1],
      padding: [1, 1],
      dilation: [1, 1],
      groups: 1,
      weights: new Int16Array(12 * 36).fill(3),
      bias: null,
      pool: null,
    };
    const runner = new GuptaRunner(guptaSpec({ n: 4, p: 1, im2col: 'blown-up' }), [one], { seed: 1 });
    const run = runner.runLayer(0, new Int16Array(4 * 81).fill(1), 0, { stochastic: false, seed: 1 });
    // Three blocks of one panel; 81 pixels of 36 words, 72 bytes each, in one band.
    expect(runner.plans[0]!.bands).toBe(1);
    expect(run.activationBytesRead).toBe(3 * Math.ceil((81 * 72) / 32) * 32);
  });

  it('feeds a layer with what the host pooled, and with what was not pooled', () => {
    for (const pool of [null, { mode: 'max', size: [2, 2], stride: [2, 2] } as const]) {
      const map = { channels: 5, height: 8, width: 8 };
      const pooled = { channels: 5, height: pool === null ? 8 : 4, width: pool === null ? 8 : 4 };
      const { step } = randomLayer(3);
      const first: ProductStep = {
        ...step,
        op: 'conv',
        input: { channels: 2, height: 8, width: 8 },
        output: map,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 1,
        weights: Int16Array.from({ length: 5 * 18 }, (_, i) => ((i * 37) % 1000) - 500),
        bias: null,
        shift: 8,
        pool: pool === null ? null : { ...pool, output: pooled },
      };
      const size = pooled.channels * pooled.height * pooled.width;
      const second: ProductStep = {
        ...first,
        op: 'dense',
        input: pooled,
        output: { channels: 6, height: 1, width: 1 },
        kernel: [pooled.height, pooled.width],
        padding: [0, 0],
        weights: Int16Array.from({ length: 6 * size }, (_, i) => ((i * 53) % 700) - 350),
        pool: null,
      };
      const image = Int16Array.from({ length: 128 }, (_, i) => ((i * 71) % 2000) - 1000);
      const runner = new GuptaRunner(guptaSpec({ n: 4, im2col: 'blown-up' }), [first, second], { seed: 1 });
      const settings = { stochastic: false, seed: 1 };
      const middle = runner.runLayer(0, image, 0, settings).output;
      const end = runner.runLayer(1, middle, 0, settings).output;
      const want = runReference(networkOf(first, second), image, { rounding: 'nearest' });
      expect(middle).toEqual(want.outputs[0]);
      expect(end).toEqual(want.outputs[1]);
    }
  });
});

describe('blowUp', () => {
  it('lays a 2×2 kernel over a 3×3 map with a border as written by hand', () => {
    const { step } = randomLayer(1);
    const layer = {
      ...step,
      input: { channels: 1, height: 3, width: 3 },
      output: { channels: 1, height: 2, width: 2 },
      kernel: [2, 2] as const,
      stride: [2, 2] as const,
      padding: [1, 1] as const,
      dilation: [1, 1] as const,
      groups: 1,
    };
    expect([...blowUp(layer, Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))]).toEqual([
      0, 0, 0, 1, 0, 0, 2, 3, 0, 4, 0, 7, 5, 6, 8, 9,
    ]);
  });
});
