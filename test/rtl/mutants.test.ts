import { describe, expect, it } from 'vitest';
import { type CacheSideModule, cacheSideShownBy, isCacheSide } from './cache-side-mutants.js';
import { arrayDesign, fifoDesign, lfsrDesign, maccDesign, roundDesign, type Design } from './designs.js';
import { engineAvailable } from './engines.js';
import { type MemoryModule, memoryTwins } from './memory-twins.js';
import { applyMutant, mutants, type Mutant } from './mutants.js';
import { randomStimulus } from './random-stimulus.js';
import { runRtl } from './run-rtl.js';
import type { RtlInputs } from './shell.js';

const { available, note } = engineAvailable('icarus');

const exercised: Record<Exclude<Mutant['module'], MemoryModule | CacheSideModule>, Design> = {
  fifo: fifoDesign({ width: 8, depth: 5 }),
  lfsr: lfsrDesign(),
  dsp_macc: maccDesign({ l: 2 }),
  dsp_round: roundDesign(),
  systolic_array: arrayDesign({ n: 3 }),
};
const isMemory = (module: Mutant['module']): module is MemoryModule => module in memoryTwins;
/** The design that holds a module; those without inputs of their own are compared with the component (seeded-mistakes.test.ts). */
const designOf = (module: Mutant['module']): Design => {
  if (isCacheSide(module)) return cacheSideShownBy()[module][0].design;
  return isMemory(module) ? memoryTwins[module]().design : exercised[module];
};
const stimulusOf = (
  module: Exclude<Mutant['module'], CacheSideModule>,
  cycles: number,
): readonly RtlInputs[] =>
  isMemory(module)
    ? memoryTwins[module]().play(cycles)[0]!.stimulus
    : randomStimulus(exercised[module], 1, cycles);

describe('mutants', () => {
  it('has a name of its own for each, and text found exactly once', async () => {
    expect(new Set(mutants.map((m) => m.name)).size).toBe(mutants.length);
    for (const mutant of mutants) {
      const mutated = await applyMutant(mutant, designOf(mutant.module).files);
      await mutated.dispose();
    }
  });
});

// A mutant that behaves like the original would prove nothing: random inputs must tell each apart.
describe.skipIf(!available)(`mutants under random inputs (${note})`, () => {
  it.each(mutants.filter(({ module }) => !isCacheSide(module)))('$module: $name', async (mutant) => {
    const design = designOf(mutant.module);
    const stimulus = stimulusOf(mutant.module as Exclude<Mutant['module'], CacheSideModule>, 2000);
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
