import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/components/fifo.js';
import { STALL_CAUSES } from '../../src/components/top/stall-causes.js';
import { DeadlockError, int, restoreSnapshot, takeSnapshot, WatchdogError } from '../../src/kernel/index.js';
import { GuptaRunner, type LayerRun } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import type { MachineLayer } from '../../src/machines/gupta/plan.js';
import { lottery } from '../components/array-bench.js';

const settings = { stochastic: true, seed: 11 };

/** A padded convolution of several tiles, two filter blocks and several bands on a 4×4 machine with little cache. */
const draw = lottery(4242);
const word = (): number => draw(4096) - 2048;
const step: MachineLayer = {
  name: 'layer',
  input: { channels: 6, height: 30, width: 30 },
  output: { channels: 7, height: 30, width: 30 },
  kernel: [3, 3],
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  weights: Int16Array.from({ length: 7 * 54 }, word),
  bias: Int16Array.from({ length: 7 }, word),
  shift: 10,
  biasExponent: 10,
  relu: true,
  pool: { mode: 'max', size: [2, 2], stride: [2, 2], output: { channels: 7, height: 15, width: 15 } },
};
const image = Int16Array.from({ length: 6 * 900 }, word);
const spec = { n: 4, p: 1, l2: { bram36: 14, bramsPerBank: 1 } };

function runOnce(array: 'lazy' | 'ticked' | 'structural'): LayerRun {
  return new GuptaRunner(guptaSpec({ ...spec, array }), [step], { seed: 11 }).runLayer(
    0,
    image,
    0,
    settings,
    100_000,
  );
}

describe('the fixed-point machine, however it is simulated,', () => {
  const lazy = runOnce('lazy');

  it('cuts this layer into blocks and bands', () => {
    const [plan] = new GuptaRunner(guptaSpec(spec), [step], { seed: 11 }).plans;
    expect(plan!.bands).toBeGreaterThan(1);
    expect(Math.ceil(plan!.filters / (4 * plan!.panels))).toBeGreaterThan(1);
  });

  it('equals itself with the array ticked, in every counter, output and cycle', () => {
    expect(runOnce('ticked')).toEqual(lazy);
  });

  it('equals itself with the array wired from elements', () => {
    expect(runOnce('structural')).toEqual(lazy);
  });

  it('equals itself while elements are watched from the middle of the layer on', () => {
    const runner = new GuptaRunner(guptaSpec(spec), [step], { seed: 11 });
    const seen: number[] = [];
    const remove = runner.sim.breakpoint('gupta.top.state == 2 && gupta.sa.in_valid', 'running');
    const run = runner.begin(0, image, 0, settings);
    expect(runner.sim.run({ until: run.done }).reason).toBe('breakpoint');
    remove();
    runner.sim.run({ cycles: 37 });
    const subscription = runner.sim.value('gupta.sa.pe[1][2].p').subscribe((v) => seen.push(v));
    runner.sim.run({ until: run.done, maxCycles: 100_000 });
    subscription.unsubscribe();
    expect(run.end()).toEqual(lazy);
    expect(seen.length).toBeGreaterThan(10);
  });

  it('continues from a snapshot taken in the middle of a layer to the same end', () => {
    for (const array of ['lazy', 'ticked'] as const) {
      const first = new GuptaRunner(guptaSpec({ ...spec, array }), [step], { seed: 11 });
      const run = first.begin(0, image, 0, settings);
      first.sim.run({ cycles: Math.floor(lazy.cycles / 2) });
      expect(run.done()).toBe(false);
      const snapshot = structuredClone(takeSnapshot(first.sim));
      first.sim.run({ until: run.done, maxCycles: 100_000 });
      expect(run.end()).toEqual(lazy);

      const second = new GuptaRunner(guptaSpec({ ...spec, array }), [step], { seed: 11 });
      restoreSnapshot(second.sim, snapshot);
      const { top } = second.machine;
      second.sim.run({ until: () => top.finished.length > 0, maxCycles: 100_000 });
      const counts = top.finished[0]!;
      expect(counts.cycles).toBe(lazy.cycles);
      expect(STALL_CAUSES.map((_, i) => counts.causes[i])).toEqual(
        STALL_CAUSES.map((cause) => lazy.causes[cause]),
      );
      expect(second.machine.memory.dump(first.outputAddress(0), lazy.output.length)).toEqual(lazy.output);
    }
  });

  it('reports a deadlock by who waits for whom', () => {
    const runner = new GuptaRunner(guptaSpec(spec), [step], { seed: 11 }, (sim) => {
      // A C FIFO that is wired but deaf: it takes nothing.
      sim.override('gupta.c[2]', (parent, name) => {
        const fifo = new Fifo(parent, name, { clock: sim.clocks[0]!, depth: 4, fields: { data: int(16) } });
        fifo.rst.write(1);
        return fifo;
      });
    });
    let error: unknown;
    try {
      runner.runLayer(0, image, 0, settings, 1_000_000);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DeadlockError);
    expect((error as Error).message).toMatch(/gupta\.collector waits for/);
    expect((error as Error).message).toMatch(/gupta\.top waits for the store path/);
  });

  it('stops at the watchdog, naming the clock and the limit', () => {
    const runner = new GuptaRunner(guptaSpec(spec), [step], { seed: 11 });
    expect(() => runner.runLayer(0, image, 0, settings, 50)).toThrow(WatchdogError);
  });
});
