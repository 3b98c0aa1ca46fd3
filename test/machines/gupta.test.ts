import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import { runReference } from '../../src/networks/reference.js';
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
          const runner = new GuptaRunner(spec, [step], { seed: 5 });
          const run = runner.runLayer(0, image, 3, { stochastic, seed: 5 }, 200_000);
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
});
