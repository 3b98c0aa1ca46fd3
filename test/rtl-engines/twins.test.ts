import { describe, expect, it } from 'vitest';
import { firstDifference } from '../rtl/replay.js';
import { arrayTwin, fifoTwin, lfsrTwin, maccTwin, roundTwin, type Twin } from '../rtl/twin-list.js';
import { loadDesign, playFast, playSlowly, ways } from './engine-bench.js';

/** Cycles of each kind of input in one call, and by single pokes. */
const FAST = 5_000;
const SLOW = 500;

const twins: readonly Twin[] = [
  fifoTwin(16, 16),
  lfsrTwin(32, 16, 1),
  maccTwin(1, 48),
  maccTwin(2, 48),
  maccTwin(3, 48),
  roundTwin(),
  arrayTwin({ n: 4, l: 3, form: 'lazy' }),
];
/** Compiles take seconds, so the second way to reach Verilator gets one small and one wide design. */
const forPipes = new Set([twins[0], twins[3]]);

for (const way of ways) {
  describe.skipIf(way.missing)(`${way.name} (${way.note})`, () => {
    for (const twin of twins) {
      if (way.load.transport === 'pipe' && !forPipes.has(twin)) continue;
      it(
        `gives what the component ${twin.name} gives, on every port in every cycle`,
        { timeout: 300_000 },
        async () => {
          const { design } = twin;
          const model = await loadDesign(design, way);
          try {
            for (const { what, stimulus, outputs } of twin.play(FAST)) {
              model.reset();
              const fast = playFast(model, design, stimulus);
              expect(`${what}: ${firstDifference(design.outputs, outputs, fast)}`).toBe(`${what}: null`);
              model.reset();
              const slow = playSlowly(model, design, stimulus.slice(0, SLOW));
              expect(`${what}: ${firstDifference(design.outputs, outputs.slice(0, SLOW), slow)}`).toBe(
                `${what}: null`,
              );
            }
          } finally {
            model.close();
          }
        },
      );
    }
  });
}
