import { describe, expect, it } from 'vitest';
import { arrayDesign, fifoDesign, lfsrDesign, maccDesign, roundDesign, type Design } from './designs.js';
import { engineAvailable } from './engines.js';
import { l2CacheDesign } from './l2-cache-twin.js';
import { applyMutant, mutants, type Mutant } from './mutants.js';
import { randomStimulus } from './random-stimulus.js';
import { runRtl } from './run-rtl.js';

const { available, note } = engineAvailable('icarus');

const exercised: Record<Mutant['module'], Design> = {
  fifo: fifoDesign({ width: 8, depth: 5 }),
  lfsr: lfsrDesign(),
  dsp_macc: maccDesign({ l: 2 }),
  dsp_round: roundDesign(),
  systolic_array: arrayDesign({ n: 3 }),
  l2_cache: l2CacheDesign({ n: 2, aSlices: 7, bWords: 33 }),
  l2_row_step: l2CacheDesign({ n: 2, aSlices: 7, bWords: 33 }),
};
/** Not driven by open-loop random inputs; the comparison with the component shows their mistakes (seeded-mistakes.test.ts). */
const closedLoop: ReadonlySet<Mutant['module']> = new Set(['l2_cache', 'l2_row_step']);

describe('mutants', () => {
  it('has a name of its own for each, and text found exactly once', async () => {
    expect(new Set(mutants.map((m) => m.name)).size).toBe(mutants.length);
    for (const mutant of mutants) {
      const mutated = await applyMutant(mutant, exercised[mutant.module].files);
      await mutated.dispose();
    }
  });
});

// A mutant that behaves like the original would prove nothing: random inputs must tell each apart.
describe.skipIf(!available)(`mutants under random inputs (${note})`, () => {
  it.each(mutants.filter(({ module }) => !closedLoop.has(module)))('$module: $name', async (mutant) => {
    const design = exercised[mutant.module];
    const stimulus = randomStimulus(design, 1, 2000);
    const right = await runRtl({ ...design, engine: 'icarus', stimulus });
    const mutated = await applyMutant(mutant, design.files);
    try {
      const wrong = await runRtl({ ...design, files: mutated.files, engine: 'icarus', stimulus });
      expect(wrong.slice(2)).not.toEqual(right.slice(2));
    } finally {
      await mutated.dispose();
    }
  });
});
