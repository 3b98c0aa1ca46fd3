import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restoreSnapshot, takeSnapshot } from '../../src/kernel/index.js';
import type { MachineLayer } from '../../src/machines/gupta/plan.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { AXI_WIDTHS, MEMORY_MODELS } from '../../src/machines/gupta/memory-spec.js';
import { guptaSpec, type GuptaSpecInput } from '../../src/machines/gupta/spec.js';
import { lottery } from '../components/array-bench.js';
import { randomLayer } from './random-layer.js';

const nearest = { stochastic: false, seed: 1 };
/** One latency and one bandwidth, in the machine's own clock: cycles that a hand can count. */
const ownClock = { model: 'ideal', clockHz: null } as const;

/** A 1 × 1 convolution of a map, without bias. */
function pointwise(
  channels: number,
  filters: number,
  map: { height: number; width: number },
  seed = 7,
): MachineLayer & { image: Int16Array } {
  const draw = lottery(seed);
  const word = (): number => draw(512) - 256;
  return {
    name: 'pointwise',
    input: { channels, ...map },
    output: { channels: filters, ...map },
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    weights: Int16Array.from({ length: filters * channels }, word),
    bias: null,
    shift: 8,
    biasExponent: 0,
    relu: false,
    pool: null,
    image: Int16Array.from({ length: channels * map.height * map.width }, word),
  };
}

describe('the fixed-point machine, cycle by cycle,', () => {
  it('takes 71 cycles for one multiply on a 2 × 2 array, each for its reason', () => {
    // Counted from the descriptor's accept, cycle 0. Memory: 30 cycles to the first beat, 8 to a response.
    //
    //  1      CONFIG
    //  2 / 3  read and fill commands of A / B                        (TOP: in the second cycle, one a cycle)
    //  4 / 5  AR valid and accepted                                  (READ: 2 after its command)
    // 34 / 35 R beat                                                 (memory: 30 after AR)
    // 35 / 36 READ's output     36 / 37 wide beat, taken by L2       (one register each)
    // 37 / 38 written           38 / 39 fill_done                    (L2)
    // 40      work entry, accepted                                   (TOP: 1 after the fill)
    // 46      A's slice, 48 B's slice, taken by the array            (L2-to-SA: 6, and 7 + ⌈1/2⌉ after the entry)
    // 52      pushed by the drain, 53 in the output FIFO             (array: t + n + L + 1)
    // 55      ROUND's result    56 in the C FIFO    57 row    58 pool's row, taken by WRITE
    // 60      AW and W, taken   68 B    69 idle                      (WRITE: 2; memory: 8)
    // 58      last cycle of RUN: nothing is being collected          (row left in 57)
    // 59 … 69 FLUSH    70 FENCE    71 DONE
    const layer = pointwise(1, 1, { height: 1, width: 1 });
    const run = new GuptaRunner(guptaSpec({ n: 2, memory: ownClock }), [layer], { seed: 1 }).runLayer(
      0,
      layer.image,
      0,
      nearest,
      1000,
    );
    expect(run.cycles).toBe(71);
    expect(run.causes).toEqual({
      control: 2, // 1, 71
      dramA: 37, // 2 to 38: the panel counts as loaded from the cycle after fill_done on
      dramB: 1, // 39
      waitB: 3, // 40: the entry is handed over; 46, 47: B's table was built meanwhile
      waitA: 5, // 41 to 45
      issue: 1, // 48
      tail: 22, // 49 to 70
      output: 0,
      drain: 0,
    });
  });

  it('issues one slice a cycle from the first to the last of a layer whose loads are there in time', () => {
    // 40 slices a panel, two panels, 10 tiles of 4 pixels of one band: from the first slice on nothing is waited for but the
    // second panel, which takes 40 cycles: 40 beats of 32 bytes, as long as the first panel's 40 slices of tile 0.
    const layer = pointwise(40, 8, { height: 8, width: 5 });
    const run = new GuptaRunner(
      guptaSpec({ n: 4, memory: { ...ownClock, bytesPerSecond: 32 * 166_000_000 } }),
      [layer],
      {
        seed: 1,
      },
    ).runLayer(0, layer.image, 0, nearest, 10_000);
    expect(run.causes.issue).toBe(10 * 2 * 40);
    const { control, tail, output, drain } = run.causes;
    expect([control, output, drain]).toEqual([2, 0, 0]);
    // Panel 0: a slice a cycle. The band: 40 · 8 rows of 5 words, one a cycle, for that is all that the banks take.
    const loads = 40 + 320;
    expect(run.causes.dramA + run.causes.dramB).toBeGreaterThan(loads);
    expect(run.cycles - tail - run.causes.issue).toBeLessThan(loads + 100);
  });

  it('issues each slice of each tile once: filters, tiles and slices say how many', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(1, 2, 5, 8, 28),
        fc.constantFrom(null, 200_000_000),
        (seed, n, clockHz) => {
          const { step, image } = randomLayer(seed);
          const spec = guptaSpec({
            n,
            p: 1 + (seed % 2),
            l2: { bram36: 60 + 32 * Math.ceil(n / 4), bramsPerBank: 1 },
            memory: { clockHz },
          });
          const runner = new GuptaRunner(spec, [step], { seed: 1 });
          const plan = runner.plans[0]!;
          const { height, width } = step.output;
          let tiles = 0;
          for (let y = 0; y < height; y += plan.bandRows)
            tiles += Math.ceil((Math.min(plan.bandRows, height - y) * width) / n);
          const { causes, cycles } = runner.runLayer(0, image, 0, nearest, 200_000);
          expect(causes.issue).toBe(step.groups * Math.ceil(plan.filters / n) * tiles * plan.kprime);
          expect(causes.control).toBe(2);
          expect(Object.values(causes).reduce((a, b) => a + b, 0)).toBe(cycles);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('moves 6.4 GB/s from a bus of 200 MHz and 5.31 GB/s from one in its own clock of 166 MHz', () => {
    // 4000 slices of 64 bytes a panel, 5 panels, one position: all there is to do is to load weights.
    const layer = pointwise(4000, 140, { height: 1, width: 1 });
    const bytes = 5 * 4000 * 64 + 8000;
    const seconds = (memory: GuptaSpecInput['memory']): number => {
      const spec = guptaSpec({ memory });
      const runner = new GuptaRunner(spec, [layer], { seed: 1 });
      const run = runner.runLayer(0, layer.image, 0, nearest, 100_000);
      // Without the last panel's slices, which nothing hides, and the ends.
      return (run.cycles - 4000) / 166e6;
    };
    const own = bytes / seconds(ownClock);
    const bus = bytes / seconds({ model: 'ideal' });
    const dram = bytes / seconds({});
    expect(own / 1e9).toBeGreaterThan(5.312 * 0.985);
    expect(own / 1e9).toBeLessThan(5.312);
    expect(bus / 1e9).toBeGreaterThan(6.4 * 0.985);
    expect(bus / 1e9).toBeLessThan(6.4);
    // Refreshes and rows of a DDR3-1600 hide behind a link of half its bandwidth.
    expect(dram / 1e9).toBeGreaterThan(6.4 * 0.985);
    expect(dram / 1e9).toBeLessThan(6.4);
  });

  it('gives the same results from any bus, width and memory', () => {
    const layer = pointwise(20, 9, { height: 9, width: 11 });
    const memories = [null, 200_000_000, 333_000_000, 80_000_000].flatMap((clockHz) =>
      AXI_WIDTHS.flatMap((axiBits) => MEMORY_MODELS.map((model) => ({ clockHz, axiBits, model }))),
    );
    const outputs = memories.map(
      (memory) =>
        new GuptaRunner(guptaSpec({ n: 4, memory }), [layer], {
          seed: 1,
          checkWidths: true,
        }).runLayer(0, layer.image, 0, { stochastic: true, seed: 3 }, 100_000).output,
    );
    for (const output of outputs) expect(output).toEqual(outputs[0]);
  });

  it('continues from a snapshot to the same cycle with two clocks, words on their way from one to the other', () => {
    const layer = pointwise(20, 9, { height: 9, width: 11 });
    const build = () =>
      new GuptaRunner(guptaSpec({ n: 4, memory: { clockHz: 200_000_000 } }), [layer], { seed: 1 });
    const first = build();
    const run = first.begin(0, layer.image, 0, nearest);
    first.sim.run({ cycles: 90 });
    const saved = structuredClone(takeSnapshot(first.sim));
    first.sim.run({ until: run.done, maxCycles: 10_000 });
    const whole = run.end();
    const second = build();
    restoreSnapshot(second.sim, saved);
    second.sim.run({ until: () => second.machine.top.finished.length > 0, maxCycles: 10_000 });
    expect(second.machine.top.finished[0]!.cycles).toBe(whole.cycles);
    expect(second.machine.memory.dump(second.outputAddress(0), whole.output.length)).toEqual(whole.output);
  });
});
