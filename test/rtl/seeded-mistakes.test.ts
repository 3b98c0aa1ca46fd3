import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheSideShownBy, isCacheSide } from './cache-side-mutants.js';
import { componentMutants, type ComponentMutant, seedComponentMutant } from './component-mutants.js';
import { engineAvailable } from './engines.js';
import { memoryTwins } from './memory-twins.js';
import { applyMutant, mutants, type Mutant } from './mutants.js';
import { firstDifference } from './replay.js';
import { type CompiledRtl, compileRtl } from './run-rtl.js';
import {
  arrayTwin,
  type Components,
  components,
  fifoTwin,
  lfsrTwin,
  maccTwin,
  type Play,
  roundTwin,
  type Twin,
} from './twin-list.js';

const CYCLES = 2000;
const { available, note } = engineAvailable('icarus');

const twinOf: Record<ComponentMutant['shows'], (from: Components) => Twin> = {
  fifo: (from) => fifoTwin(8, 5, from),
  lfsr: (from) => lfsrTwin(32, 16, 1, from),
  dsp_macc: (from) => maccTwin(2, 20, from),
  dsp_round: (from) => roundTwin(from),
  ticked: (from) => arrayTwin({ n: 3, l: 1, form: 'ticked' }, from),
  shallow: (from) => arrayTwin({ n: 4, l: 1, form: 'ticked', depth: 5 }, from),
  lazy: (from) => arrayTwin({ n: 3, l: 1, form: 'lazy' }, from),
};

const shownBy = (module: Mutant['module']): Twin => {
  // With an accumulator of 20 bits a product extended with zeros is none the wiser.
  if (module === 'dsp_macc') return maccTwin(2, 48);
  if (isCacheSide(module)) return cacheSideShownBy()[module][0];
  if (module in memoryTwins) return memoryTwins[module as keyof typeof memoryTwins]();
  return twinOf[module === 'systolic_array' ? 'lazy' : (module as keyof typeof twinOf)](components);
};

describe.skipIf(!available)(`a comparison with a mistake in the Verilog (${note})`, () => {
  const plays = new Map<Mutant['module'], { twin: Twin; plays: Play[] }>();

  const played = (module: Mutant['module']): { twin: Twin; plays: Play[] } => {
    if (!plays.has(module)) {
      const twin = shownBy(module);
      const cycles = isCacheSide(module) ? cacheSideShownBy()[module][1] : CYCLES;
      plays.set(module, { twin, plays: twin.play(cycles) });
    }
    return plays.get(module)!;
  };

  // Otherwise every mistake would seem to be found.
  it.each([...new Set(mutants.map(({ module }) => module))])('succeeds without one, %s', async (module) => {
    const { twin, plays: right } = played(module);
    const compiled = await compileRtl({ ...twin.design, engine: 'icarus' });
    try {
      const { stimulus, outputs } = right[0]!;
      expect(firstDifference(twin.design.outputs, outputs, await compiled.run(stimulus))).toBeNull();
    } finally {
      await compiled.dispose();
    }
  });

  it.each(mutants)('fails, $module: $name', async (mutant) => {
    const { twin, plays: right } = played(mutant.module);
    const mutated = await applyMutant(mutant, twin.design.files);
    const compiled = await compileRtl({ ...twin.design, files: mutated.files, engine: 'icarus' });
    try {
      // The random inputs alone must do.
      const { stimulus, outputs } = right[0]!;
      expect(firstDifference(twin.design.outputs, outputs, await compiled.run(stimulus))).not.toBeNull();
    } finally {
      await compiled.dispose();
      await mutated.dispose();
    }
  });
});

describe.skipIf(!available)(`a comparison with a mistake in the TypeScript (${note})`, () => {
  const compiled = new Map<string, CompiledRtl>();

  beforeAll(async () => {
    for (const shows of new Set(componentMutants.map((mutant) => mutant.shows)))
      compiled.set(shows, await compileRtl({ ...twinOf[shows](components).design, engine: 'icarus' }));
  });
  afterAll(async () => {
    for (const rtl of compiled.values()) await rtl.dispose();
  });

  it.each(componentMutants)('fails, $shows: $name', async (mutant) => {
    const mutated = seedComponentMutant(mutant);
    try {
      const copy = async (file: string) => mutated.load<Partial<Components>>(`components/${file}.ts`);
      const twin = twinOf[mutant.shows]({
        ...components,
        ...(await copy('fifo')),
        ...(await copy('lfsr')),
        ...(await copy('dsp-macc')),
        ...(await copy('dsp-round')),
        ...(await copy('systolic-array/systolic-array')),
      });
      const found: string[] = [];
      try {
        for (const { stimulus, outputs } of twin.play(mutant.cycles ?? CYCLES)) {
          const its = await compiled.get(mutant.shows)!.run(stimulus);
          const difference = firstDifference(twin.design.outputs, outputs, its);
          if (difference !== null) found.push(difference);
        }
      } catch (error) {
        // A value too wide for its port is noticed by the port itself.
        found.push(String(error));
      }
      expect(found).not.toEqual([]);
    } finally {
      mutated.dispose();
    }
  });
});
