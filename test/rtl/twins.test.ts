import { describe, expect, it } from 'vitest';
import { roundDesign } from './designs.js';
import { type Engine, engineAvailable } from './engines.js';
import {
  asyncFifoTwin,
  beatPackerTwin,
  bramTwin,
  poolTwin,
  readDmaTwin,
  rowCollectorTwin,
  writeDmaTwin,
} from './memory-twins.js';
import { l2CacheTwin } from './l2-cache-twin.js';
import { l2ToSaTwin } from './l2-to-sa-twin.js';
import { randomStimulus } from './random-stimulus.js';
import { firstDifference } from './replay.js';
import { compileRtl } from './run-rtl.js';
import { topControllerTwin } from './top-controller-twin.js';
import {
  arrayTwin,
  everyRoundSetting,
  fifoTwin,
  lfsrTwin,
  maccTwin,
  roundTwin,
  type Twin,
} from './twin-list.js';

/** Cycles of each kind of input. */
const CYCLES = 10_000;
/** The pool takes 20 seconds, and several times that on a machine with other things to do. */
const TIMEOUT_MS = 300_000;

// A Verilator build takes two to four seconds, so small blocks go through both simulators once and the rest through one.
const compared: readonly (readonly [Twin, ...Engine[]])[] = [
  [fifoTwin(16, 16), 'icarus', 'verilator'],
  [fifoTwin(8, 1), 'icarus'],
  [fifoTwin(53, 5), 'icarus'],
  [fifoTwin(1, 3), 'icarus'],
  [lfsrTwin(8, 3, 0x5a), 'icarus'],
  [lfsrTwin(16, 16, 1), 'icarus'],
  [lfsrTwin(24, 24, 0xabcdef), 'icarus'],
  [lfsrTwin(32, 16, 1), 'icarus', 'verilator'],
  [maccTwin(1, 48), 'icarus', 'verilator'],
  [maccTwin(2, 20), 'icarus'],
  [maccTwin(3, 48), 'icarus'],
  [roundTwin(), 'icarus', 'verilator'],
  [arrayTwin({ n: 1, l: 1, form: 'lazy' }), 'icarus'],
  [arrayTwin({ n: 2, l: 1, form: 'structural' }), 'icarus'],
  [arrayTwin({ n: 2, l: 3, form: 'lazy' }), 'icarus'],
  [arrayTwin({ n: 4, l: 1, form: 'ticked', depth: 5 }), 'icarus'],
  [arrayTwin({ n: 4, l: 2, form: 'lazy', accw: 20 }), 'icarus'],
  [arrayTwin({ n: 4, l: 3, form: 'ticked' }), 'verilator'],
  [arrayTwin({ n: 8, l: 1, form: 'lazy' }), 'verilator'],
  [arrayTwin({ n: 8, l: 3, form: 'ticked' }), 'verilator'],
  [bramTwin(512, 4, 18), 'icarus', 'verilator'],
  [bramTwin(1, 1, 1), 'icarus'],
  [bramTwin(37, 3, 32), 'icarus'],
  [asyncFifoTwin(16, 8, 166e6, 200e6), 'icarus', 'verilator'],
  [asyncFifoTwin(53, 2, 200e6, 166e6), 'icarus'],
  [asyncFifoTwin(8, 8, 166e6, 166e6), 'icarus', 'verilator'],
  [asyncFifoTwin(8, 16, 100e6, 730e6), 'icarus'],
  [asyncFifoTwin(8, 4, 800e6, 200e6), 'icarus', 'verilator'],
  [beatPackerTwin(), 'icarus', 'verilator'],
  [readDmaTwin(), 'icarus', 'verilator'],
  [rowCollectorTwin(1), 'icarus'],
  [rowCollectorTwin(4), 'icarus', 'verilator'],
  [rowCollectorTwin(28), 'icarus'],
  [poolTwin({ n: 1, accumulators: 256, overlap: 15 }), 'icarus'],
  [poolTwin({ n: 4, accumulators: 300, overlap: 3 }), 'icarus'],
  [poolTwin({ n: 3, accumulators: 200, overlap: 2 }), 'icarus', 'verilator'],
  [writeDmaTwin(1, 1), 'icarus'],
  [writeDmaTwin(4, 4), 'icarus', 'verilator'],
  [writeDmaTwin(28, 4), 'icarus', 'verilator'],
  [writeDmaTwin(63, 16), 'verilator'],
  [l2CacheTwin({ n: 2, aSlices: 7, bWords: 33 }), 'icarus'],
  [l2CacheTwin({ n: 4, aSlices: 16, bWords: 64 }), 'verilator'],
  [l2CacheTwin({ n: 20, aSlices: 9, bWords: 16 }), 'verilator'],
  [l2ToSaTwin({ n: 1, aSlices: 20, bWords: 70 }), 'icarus'],
  [l2ToSaTwin({ n: 2, aSlices: 33, bWords: 50 }), 'icarus'],
  [l2ToSaTwin({ n: 4, aSlices: 40, bWords: 40 }), 'icarus', 'verilator'],
  [l2ToSaTwin({ n: 7, aSlices: 50, bWords: 24 }), 'icarus'],
  [topControllerTwin(1), 'icarus'],
  [topControllerTwin(2), 'icarus'],
  [topControllerTwin(4), 'icarus', 'verilator'],
  [topControllerTwin(7), 'icarus'],
];

for (const [twin, ...engines] of compared) {
  const { name, design } = twin;
  describe(`${name} and its Verilog twin`, () => {
    for (const engine of engines) {
      const { available, note } = engineAvailable(engine);
      it.skipIf(!available)(
        `agree on every port in every cycle (${note})`,
        async () => {
          const compiled = await compileRtl({ ...design, engine });
          try {
            for (const { what, stimulus, outputs } of twin.play(CYCLES)) {
              const difference = firstDifference(design.outputs, outputs, await compiled.run(stimulus));
              const ports = design.inputs.length + design.outputs.length;
              console.log(
                `${name}: ${what}: ${outputs.length} cycles, ${ports} ports, ${difference === null ? '0 differences' : `differs in ${difference}`} (${engine})`,
              );
              expect(difference).toBeNull();
            }
          } finally {
            await compiled.dispose();
          }
        },
        TIMEOUT_MS,
      );
    }
  });
}

describe('the inputs of dsp_round', () => {
  it('bring data into it with every shift, in both modes, with and without ReLU', () => {
    const seen = new Set<string>();
    for (const { in_valid, rst, shift, stochastic, relu } of everyRoundSetting(
      randomStimulus(roundDesign(), 2015, CYCLES),
    ))
      if (in_valid === 1n && rst === 0n) seen.add(`${shift} ${stochastic} ${relu}`);
    expect(seen.size).toBe(128);
  });
});
