import { idle, type Design } from './designs.js';
import { engineAvailable, type Engine } from './engines.js';
import { compileRtl, runRtl } from './run-rtl.js';
import type { RtlInputs, RtlOutputs } from './shell.js';

/** The engine of the directed checks: it compiles in a blink and shows x where reset was forgotten. */
export const contractEngine: Engine = 'icarus';

/** For `describe.skipIf`: true when the directed checks cannot run. */
export const cannotRun = !engineAvailable(contractEngine).available;

/** For a `describe` title: the simulator's version, or the reason for skipping. */
export const benchNote = engineAvailable(contractEngine).note;

/** Two reset cycles, then the given ones; ports left out are 0. */
export function afterResetStimulus(design: Design, cycles: readonly RtlInputs[]): RtlInputs[] {
  const rest = idle(design);
  return [{ ...rest, rst: 1 }, { ...rest, rst: 1 }, ...cycles.map((cycle) => ({ ...rest, ...cycle }))];
}

/** Runs the cycles after two of reset; entry 0 of the result is the first cycle without reset. */
export async function afterReset(design: Design, cycles: readonly RtlInputs[]): Promise<RtlOutputs[]> {
  const stimulus = afterResetStimulus(design, cycles);
  return (await runRtl({ ...design, engine: contractEngine, stimulus })).slice(2);
}

/** As `afterReset` for several stimuli of one compiled design. */
export async function afterResetEach(
  design: Design,
  stimuli: readonly (readonly RtlInputs[])[],
): Promise<RtlOutputs[][]> {
  const compiled = await compileRtl({ ...design, engine: contractEngine });
  try {
    const results: RtlOutputs[][] = [];
    for (const cycles of stimuli)
      results.push((await compiled.run(afterResetStimulus(design, cycles))).slice(2));
    return results;
  } finally {
    await compiled.dispose();
  }
}

/** One port over all cycles. */
export function wave(outputs: readonly RtlOutputs[], name: string): bigint[] {
  return outputs.map((cycle, c) => {
    const value = cycle[name];
    if (value === undefined) throw new Error(`cycle ${c}: no output ${name}`);
    return value;
  });
}

/** `wave` as plain numbers, for ports narrow enough. */
export function numbers(outputs: readonly RtlOutputs[], name: string): number[] {
  return wave(outputs, name).map(Number);
}
