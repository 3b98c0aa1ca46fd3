import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connect, Simulator } from '../../src/kernel/index.js';
import type { PipelineDepth } from '../../src/components/dsp-macc.js';
import type { ArrayRegisters } from '../../src/components/systolic-array/registers.js';
import { StructuralArray } from '../../src/components/systolic-array/structural-array.js';
import { SystolicArray } from '../../src/components/systolic-array/systolic-array.js';
import {
  ColumnSink,
  lottery,
  randomSlices,
  registers,
  RunDriver,
  type Slice,
  SliceDriver,
  wireArray,
} from './array-bench.js';

function structuralRegisters(array: StructuralArray): ArrayRegisters {
  const { L } = array.shape;
  const pe = (i: number, j: number) => array.pe[i]![j]!;
  return {
    skewA: (i, s) => array.skewA.register(i, s),
    skewB: (j, s) => array.skewB.register(j, s),
    a: (i, j) => pe(i, j).aQ.value,
    b: (i, j) => pe(i, j).bQ.value,
    first: (i, j) => pe(i, j).firstQ.value,
    last: (i, j) => pe(i, j).lastQ.value,
    m: (i, j) => (L === 1 ? 0 : pe(i, j).state.m),
    p: (i, j) => pe(i, j).p.value,
    lr: (i, j) => pe(i, j).lrOut.value,
    d: (i, j) => pe(i, j).dOut.value,
  };
}

interface Case {
  n: number;
  L: PipelineDepth;
  bits: number;
  depth: number | undefined;
  tiles: number;
  seed: number;
  /** How often columns are not ready: one in this many cycles is; 1 always. */
  patience: number;
}

const someCase: fc.Arbitrary<Case> = fc.record({
  n: fc.integer({ min: 1, max: 8 }),
  L: fc.constantFrom(1, 2, 3) as fc.Arbitrary<PipelineDepth>,
  bits: fc.constantFrom(48, 48, 33, 20),
  depth: fc.constantFrom(undefined, undefined, 8, 11),
  tiles: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(1_000_000),
  patience: fc.constantFrom(1, 1, 2, 9),
});

function build({ n, L, bits, depth, tiles, seed, patience }: Case) {
  const slices = randomSlices(n, tiles, seed);
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('array', 166_000_000);
  const spec = {
    clock,
    n,
    pipeline: L,
    accumulatorBits: bits,
    ...(depth === undefined ? {} : { outputDepth: depth }),
  };
  const structural = new StructuralArray(sim, 'structural', spec);
  const ticked = new SystolicArray(sim, 'ticked', { ...spec, ticked: true });
  const lazy = new SystolicArray(sim, 'lazy', spec);
  const watched = new SystolicArray(sim, 'watched', spec);
  const hidden = new SystolicArray(sim, 'hidden', spec);
  const all = [structural, ticked, lazy, watched, hidden];
  const rigs = all.map((array) => {
    const draw = lottery(seed + 77);
    const plan = Array.from({ length: 6000 }, () => draw(patience) === 0);
    const driver = new SliceDriver(sim, `${array.name}_driver`, clock, n, slices);
    const sink = new ColumnSink(
      sim,
      `${array.name}_sink`,
      clock,
      n,
      bits,
      (cycle, j) => plan[(cycle * n + j) % plan.length]!,
    );
    wireArray(driver, array, sink);
    return { array, driver, sink };
  });
  return { sim, clock, slices, structural, ticked, lazy, watched, hidden, rigs };
}

describe('SystolicArray', () => {
  it('equals the array wired from elements in every register, port and cycle: ticked, lazy, and watched from mid-tile on', () => {
    fc.assert(
      fc.property(someCase, fc.nat(200), (options, lookAt) => {
        const { sim, clock, structural, ticked, lazy, watched, rigs } = build(options);
        const { n } = options;
        const reference = structuralRegisters(structural);
        const seen: number[] = [];
        const wanted: number[] = [];
        for (let quiet = 0; quiet < 4 * n + 40; quiet++) {
          if (!rigs[0]!.driver.done) quiet = 0;
          if (clock.cycle > 5000) throw new Error('the array does not finish');
          if (clock.cycle === lookAt)
            watched.sim.value(`watched.pe[${n - 1}][${n >> 1}].p`).subscribe((v) => seen.push(v));
          if (clock.cycle >= lookAt) {
            const value = reference.p(n - 1, n >> 1);
            if (wanted.at(-1) !== value) wanted.push(value);
          }
          sim.step(clock);
          const want = registers(reference, n);
          const where = `cycle ${clock.cycle}`;
          expect(registers(ticked.registers, n), `ticked, ${where}`).toEqual(want);
          expect(registers(lazy.registers, n), `lazy, ${where}`).toEqual(want);
          expect(registers(watched.registers, n), `watched, ${where}`).toEqual(want);
          const ports = rigs.map(({ array }) =>
            [array.in.ready.value, ...array.out.flatMap((o) => [o.valid.value, o.payload.data.value])].join(
              ' ',
            ),
          );
          expect(new Set(ports).size, `ports, ${where}: ${ports.join(' | ')}`).toBe(1);
        }
        const value = reference.p(n - 1, n >> 1);
        if (clock.cycle > lookAt && wanted.at(-1) !== value) wanted.push(value);
        if (clock.cycle > lookAt) expect(seen).toEqual(wanted);
        for (const rig of rigs) {
          expect(rig.driver.issued).toEqual(rigs[0]!.driver.issued);
          expect(rig.sink.got).toEqual(rigs[0]!.sink.got);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the sums of each tile, bottom row first, wrapped to the accumulator', () => {
    fc.assert(
      fc.property(someCase, (options) => {
        const { sim, slices, rigs } = build(options);
        const { n, bits } = options;
        const rig = rigs[4]!;
        sim.run({ until: () => rig.driver.done, maxCycles: 5000 });
        sim.run({ cycles: 5 * n * (options.patience + 1) + 400 });
        // Plain big-integer sums, tile by tile.
        const want: bigint[][] = Array.from({ length: n }, () => []);
        let sum: bigint[][] = Array.from({ length: n }, () => Array.from({ length: n }, () => 0n));
        for (const slice of slices) {
          if (slice.first) sum = sum.map((row) => row.map(() => 0n));
          sum = sum.map((row, i) => row.map((v, j) => v + BigInt(slice.a[i]! * slice.b[j]!)));
          if (slice.last) {
            for (let f = 0; f < slice.m; f++)
              for (let j = 0; j < slice.nc; j++) want[j]!.push(BigInt.asIntN(bits, sum[n - 1 - f]![j]!));
          }
        }
        for (let j = 0; j < n; j++)
          expect(rig.sink.got.filter((g) => g.column === j).map((g) => BigInt(g.value))).toEqual(want[j]);
      }),
      { numRuns: 40 },
    );
  });

  it('takes bulk runs with the same results and registers in the same cycles as slices one by one, through resets too', () => {
    const drivers = fc.record({
      /** Whether the driver's process runs before the array's at an edge. */
      before: fc.boolean(),
      /** Whether a run is offered before the one before it has ended. */
      early: fc.boolean(),
      bubbles: fc.boolean(),
      resetAt: fc.option(fc.integer({ min: 1, max: 120 })),
    });
    let bulk = 0;
    fc.assert(
      fc.property(someCase, drivers, (options, { before, early, bubbles, resetAt }) => {
        const { n, L, bits, seed, tiles, depth, patience } = options;
        const slices = randomSlices(n, tiles, seed, bubbles);
        const run = (offering: boolean) => {
          const sim = new Simulator();
          const clock = sim.clock('array', 166_000_000);
          const drive = () => new RunDriver(sim, 'driver', clock, n, slices, offering, early);
          const first = before ? drive() : null;
          const size = depth === undefined ? {} : { outputDepth: depth };
          const spec = { clock, n, pipeline: L, accumulatorBits: bits, ...size };
          const array = new SystolicArray(sim, 'sa', spec);
          const driver = first ?? drive();
          const draw = lottery(seed + 5);
          const plan = Array.from({ length: 6000 }, () => draw(patience) === 0);
          const ready = (cycle: number, j: number) => plan[(cycle * n + j) % plan.length]!;
          const sink = new ColumnSink(sim, 'sink', clock, n, bits, ready);
          connect(driver.out, array.in);
          array.out.forEach((out, j) => connect(out, sink.in[j]!));
          const seen: string[][] = [];
          for (let quiet = 0; quiet < 5 * n * patience + 60; quiet++) {
            if (!driver.done) quiet = 0;
            if (clock.cycle > 6000) throw new Error('the array does not finish');
            if (clock.cycle === resetAt) array.rst.poke(1);
            if (clock.cycle === (resetAt ?? 0) + 2) array.rst.poke(0);
            sim.step(clock);
            if (clock.cycle % 5 === 0) seen.push(registers(array.registers, n));
          }
          bulk += driver.accepted;
          return { got: sink.got, seen };
        };
        const one = run(false);
        const many = run(true);
        expect(many.got).toEqual(one.got);
        // The runs may end in different cycles only in that nothing moves any more.
        const shared = Math.min(one.seen.length, many.seen.length);
        expect(many.seen.slice(0, shared)).toEqual(one.seen.slice(0, shared));
      }),
      { numRuns: 80 },
    );
    expect(bulk).toBeGreaterThan(1000);
  });

  it('shows the registers of a ticked one while its history of slices is folded, sums that go on across tiles too', () => {
    for (const [n, tiles, seed] of [
      [3, 2400, 1],
      ...[2, 3, 4, 5, 6, 7].map((other) => [8, 900, other] as const),
    ] as const) {
      const slices = randomSlices(n, tiles, seed);
      const sim = new Simulator();
      const clock = sim.clock('array', 166_000_000);
      const rigs = [true, false].map((ticked) => {
        const array = new SystolicArray(sim, ticked ? 'ticked' : 'lazy', { clock, n, ticked });
        const driver = new SliceDriver(sim, `${array.name}_driver`, clock, n, slices);
        const sink = new ColumnSink(sim, `${array.name}_sink`, clock, n, 48, () => true);
        wireArray(driver, array, sink);
        return { array, driver, sink };
      });
      const [stepped, lazy] = rigs as [(typeof rigs)[0], (typeof rigs)[0]];
      let [held, foldedAt, folds] = [0, -100, 0];
      while (!stepped.driver.done) {
        sim.step(clock);
        const { count } = lazy.array.state.lazy!;
        if (count < held) [foldedAt, folds] = [clock.cycle, folds + 1];
        held = count;
        // Every cycle while what was on its way at the fold can still be seen, now and then otherwise.
        if (clock.cycle % (5 * n) !== 0 && clock.cycle > foldedAt + 2 * n + 3) continue;
        expect(registers(lazy.array.registers, n), `cycle ${clock.cycle}`).toEqual(
          registers(stepped.array.registers, n),
        );
      }
      expect(folds).toBeGreaterThan(1);
      expect(lazy.sink.got).toEqual(stepped.sink.got);
    }
  });

  it('drains nothing for a `last` with m or nc of 0, and refuses one that asks for more than there is', () => {
    for (const ticked of [true, false]) {
      const sim = new Simulator();
      const clock = sim.clock('array', 166_000_000);
      const array = new SystolicArray(sim, 'sa', { clock, n: 2, ticked });
      const slice = (m: number, nc: number, word: number): Slice => ({
        gap: 0,
        first: true,
        last: true,
        m,
        nc,
        a: [word, word],
        b: [1, 1],
      });
      const list = [slice(0, 2, 3), slice(2, 0, 4), slice(1, 1, 5), slice(3, 2, 6)];
      const driver = new SliceDriver(sim, 'driver', clock, 2, list);
      const sink = new ColumnSink(sim, 'sink', clock, 2, 48, () => true);
      wireArray(driver, array, sink);
      sim.run({ cycles: 5 });
      // The third: issued in 4 (two cycles after the second), L = 1, so pushed in 4+2+1+1 = 8 and shown in 9.
      expect(driver.issued).toEqual([1, 2, 4]);
      expect(() => sim.run({ cycles: 20 })).toThrow('sa: in_m must be at most n = 2, got 3, in cycle 5');
    }
  });

  it('names path, field, what was wanted and what came for parameters out of range', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    const make = (name: string, spec: object) => () => new SystolicArray(sim, name, { clock, n: 4, ...spec });
    expect(make('a', { n: 0 })).toThrow('a: n must be an integer from 1 to 64, got 0');
    expect(make('b', { n: 65 })).toThrow('b: n must be an integer from 1 to 64, got 65');
    expect(make('c', { pipeline: 4 })).toThrow('c: pipeline must be 1, 2 or 3, got 4');
    expect(make('d', { accumulatorBits: 49 })).toThrow(
      'd: accumulatorBits must be an integer from 8 to 48, got 49',
    );
    expect(make('e', { outputDepth: 3 })).toThrow(
      'e: outputDepth must be an integer of n = 4 or more (fewer never lets a tile out), got 3',
    );
    expect(() => new StructuralArray(sim, 'f', { clock, n: 4, outputDepth: 3 })).toThrow('f: outputDepth');
  });
});
