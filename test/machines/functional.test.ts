import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/kernel/index.js';
import { FunctionalGupta } from '../../src/machines/gupta/functional.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import type { ProductStep } from '../../src/networks/quantise.js';
import { runReference } from '../../src/networks/reference.js';
import { lottery } from '../components/array-bench.js';
import { randomLayer } from './random-layer.js';

const sizes = fc.constantFrom(1, 2, 3, 4, 5, 8, 17, 28);
const tightness = fc.constantFrom(1, 2, 3, 100);

/** A machine whose cache is starved below `tight` = 100, so that layers are cut into blocks and bands. */
const starved = (n: number, tight: number) =>
  guptaSpec({
    n,
    l2: { bram36: tight === 100 ? 445 : 60 + 32 * Math.ceil(n / 4) * tight, bramsPerBank: 1 },
    p: tight === 100 ? null : tight,
  });

/** A layer too tall for a small machine's cache, so that it is walked in bands; groups and blocks vary too. */
function tallLayer(seed: number): { step: ProductStep; image: Int16Array } {
  const draw = lottery(seed);
  const groups = 1 + draw(2);
  const channels = groups * (2 + draw(3));
  const input = { channels, height: 40 + draw(30), width: 16 + draw(16) };
  const kernel = [1 + draw(4), 1 + draw(4)] as const;
  const padding = [draw(3), draw(3)] as const;
  const stride = [1 + draw(2), 1 + draw(2)] as const;
  const dilation = [1 + draw(2), 1 + draw(2)] as const;
  const place = (axis: 0 | 1, length: number) =>
    Math.floor((length + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  const filters = groups * (1 + draw(7));
  const output = { channels: filters, height: place(0, input.height), width: place(1, input.width) };
  const word = (): number => draw(4096) - 2048;
  const taps = (channels / groups) * kernel[0] * kernel[1];
  const step: ProductStep = {
    ...randomLayer(0).step,
    op: 'conv',
    input,
    output,
    kernel,
    stride,
    padding,
    dilation,
    groups,
    weights: Int16Array.from({ length: filters * taps }, word),
    bias: draw(3) === 0 ? null : Int16Array.from({ length: filters }, word),
    shift: 10,
    biasExponent: 10,
    relu: draw(2) === 0,
    pool: null,
  };
  return { step, image: Int16Array.from({ length: channels * input.height * input.width }, word) };
}

/** What the plain reference gives for one layer, cut up as `plan` says. */
function reference(
  step: ProductStep,
  image: Int16Array,
  n: number,
  plan: { panels: number; bandRows: number },
  {
    stochastic,
    number,
    layer,
    layers,
  }: { stochastic: boolean; number: number; layer: number; layers: number },
) {
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
  const schedule = { n, p: plan.panels, bandRows: plan.bandRows, image: number, layerIndex: layer, layers };
  const result = runReference(
    network,
    image,
    stochastic ? { rounding: 'stochastic', seed: 5, schedules: [schedule] } : { rounding: 'nearest' },
  );
  return { output: result.outputs[0]!, saturations: result.saturations[0]! };
}

describe('FunctionalGupta', () => {
  it('equals the plain reference bit for bit, whatever the cuts into blocks, bands and products', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        sizes,
        fc.boolean(),
        tightness,
        fc.constantFrom(1, 200, 2_000, 2 ** 21),
        fc.nat(5),
        (seed, n, stochastic, tight, chunkWords, number) => {
          const { step, image } = randomLayer(seed);
          const machine = new FunctionalGupta(starved(n, tight), [step], { chunkWords });
          const how = { stochastic, number, layer: 0, layers: 1 };
          const want = reference(step, image, n, machine.plans[0]!, how);
          // Another image first: nothing of it may be left.
          machine.runLayer(
            0,
            image.map((code) => ~code),
            9,
            { stochastic, seed: 77 },
          );
          const run = machine.runLayer(0, image, number, { stochastic, seed: 5 });
          expect(run.output).toEqual(want.output);
          expect(run.saturations).toBe(want.saturations);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('equals the cycle-accurate machine bit for bit', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), sizes, fc.boolean(), tightness, (seed, n, stochastic, tight) => {
        const { step, image } = randomLayer(seed);
        const spec = starved(n, tight);
        const settings = { stochastic, seed: 5 };
        const want = new GuptaRunner(spec, [step], { seed: 5 }).runLayer(0, image, 3, settings, 200_000);
        const run = new FunctionalGupta(spec, [step]).runLayer(0, image, 3, settings);
        expect(run.output).toEqual(want.output);
        expect(run.saturations).toBe(want.saturations);
      }),
      { numRuns: 60 },
    );
  });

  it('equals the plain reference on layers of several bands, whether a product spans one band or some', () => {
    let most = 0;
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(1, 2, 3, 4),
        fc.boolean(),
        fc.constantFrom(1, 20_000, 2 ** 21),
        (seed, n, stochastic, chunkWords) => {
          const { step, image } = tallLayer(seed);
          const spec = guptaSpec({ n, l2: { bramsPerBank: 1 }, p: 1 });
          const machine = new FunctionalGupta(spec, [step], { chunkWords });
          most = Math.max(most, machine.plans[0]!.bands);
          const how = { stochastic, number: 2, layer: 0, layers: 1 };
          const want = reference(step, image, n, machine.plans[0]!, how);
          machine.runLayer(0, new Int16Array(image.length).fill(-1), 2, { stochastic, seed: 5 });
          const run = machine.runLayer(0, image, 2, { stochastic, seed: 5 });
          expect(run.output).toEqual(want.output);
          expect(run.saturations).toBe(want.saturations);
        },
      ),
      { numRuns: 100 },
    );
    expect(most).toBeGreaterThan(2);
  });

  it('equals the cycle-accurate machine on a layer of several bands, blocks and groups', () => {
    const { step, image } = tallLayer(99999);
    const spec = guptaSpec({ n: 3, l2: { bramsPerBank: 1 }, p: 1 });
    const machine = new FunctionalGupta(spec, [step]);
    const plan = machine.plans[0]!;
    expect([plan.bands > 1, plan.filters > 3, step.groups]).toEqual([true, true, 2]);
    const settings = { stochastic: true, seed: 5 };
    const want = new GuptaRunner(spec, [step], { seed: 5 }).runLayer(0, image, 3, settings, 2_000_000);
    const run = machine.runLayer(0, image, 3, settings);
    expect(run.output).toEqual(want.output);
    expect(run.saturations).toBe(want.saturations);
  });

  it('takes a kernel as large as its padded input for what it is, no plain vector', () => {
    const size = { channels: 1, height: 3, width: 3 };
    const word = (_: unknown, i: number): number => 1 + i;
    const step: ProductStep = {
      ...randomLayer(0).step,
      input: size,
      output: { channels: 1, height: 1, width: 1 },
      kernel: [3, 3],
      stride: [3, 3],
      padding: [1, 1],
      dilation: [1, 1],
      groups: 1,
      weights: Int16Array.from({ length: 9 }, word),
      bias: null,
      shift: 0,
      biasExponent: 0,
      pool: null,
    };
    const machine = new FunctionalGupta(guptaSpec({ n: 2 }), [step]);
    const run = machine.runLayer(0, Int16Array.from({ length: 9 }, word), 0, { stochastic: false, seed: 1 });
    // The upper left 2 x 2 pixels under the lower right of the kernel.
    expect([...run.output]).toEqual([1 * 5 + 2 * 6 + 4 * 8 + 5 * 9]);
  });

  it('seeds each layer of a network by its place and keeps earlier outputs until their layer runs again', () => {
    const [one, two] = [randomLayer(11), randomLayer(12)];
    const settings = { stochastic: true, seed: 5 };
    const machine = new FunctionalGupta(starved(4, 2), [one.step, two.step]);
    const first = machine.runLayer(0, one.image, 6, settings);
    const kept = first.output.slice();
    const second = machine.runLayer(1, two.image, 6, settings);
    const of = (step: ProductStep, image: Int16Array, layer: number) =>
      reference(step, image, 4, machine.plans[layer]!, { stochastic: true, number: 6, layer, layers: 2 });
    expect(first.output).toEqual(kept);
    expect(first.output).toEqual(of(one.step, one.image, 0).output);
    expect(second.output).toEqual(of(two.step, two.image, 1).output);
    expect(machine.runLayer(0, one.image, 7, settings).output).toBe(first.output);
  });

  it('names the layer, the field, what was wanted and what came', () => {
    const { step, image } = randomLayer(3);
    const machine = new FunctionalGupta(guptaSpec({ n: 4 }), [step]);
    const settings = { stochastic: false, seed: 1 };
    expect(() => machine.runLayer(0, image.subarray(1), 0, settings)).toThrow(
      new ConfigError('layer', 'input.length', `${image.length}`, image.length - 1),
    );
    expect(() => machine.runLayer(1, image, 0, settings)).toThrow(
      new ConfigError('functional', 'layer', 'an integer from 0 to 0', 1),
    );
    expect(() => machine.runLayer(0, image, -1, settings)).toThrow(
      new ConfigError('layer', 'image', 'an integer from 0 to 2^32 - 1', -1),
    );
    expect(() => new FunctionalGupta(guptaSpec({ n: 4 }), [{ ...step, shift: 32 }])).toThrow(
      new ConfigError('layer', 'shift', 'an integer from 0 to 31', 32),
    );
  });
});
