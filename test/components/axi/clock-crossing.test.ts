import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AsyncFifo, fromGray, toGray } from '../../../src/components/axi/async-fifo.js';
import { AxiClockCrossing, type AxiClockCrossingSpec } from '../../../src/components/axi/clock-crossing.js';
import { AxiRegisterSlice, type AxiRegisterSliceSpec } from '../../../src/components/axi/register-slice.js';
import { ConfigError, connect, int, Simulator } from '../../../src/kernel/index.js';
import { Feeder, type Item, random, Taker } from '../memory-bench.js';
import { unchecked } from '../../axi-checkers.js';
import { burst, masterAt, slaveAt, words } from './bench.js';

const MHZ = 1_000_000;
const PAIRS = [
  [166, 200],
  [200, 166],
  [200, 800],
  [800, 200],
  [166, 800],
  [200, 200],
  [100, 200],
  [933, 200],
] as const;

/** Time of edge k of a clock, ps: what the kernel documents, worked out anew. */
const edge = (k: number, mhz: number): number => Number((BigInt(k) * 1_000_000n) / BigInt(mhz));

function fifoRig(inMhz: number, outMhz: number, depth = 8, inRate = 1, outRate = 1, seed = 1) {
  const sim = new Simulator({ checkWidths: true });
  const inClock = sim.clock('in', inMhz * MHZ);
  const outClock = sim.clock('out', outMhz * MHZ);
  const fields = { data: int(16) };
  const fifo = new AsyncFifo(sim, 'fifo', { inClock, outClock, depth, fields });
  const items: Item[] = [];
  const feeder = new Feeder(sim, 'feeder', fields, inClock, items, inRate, random(seed));
  const taker = new Taker(sim, 'taker', fields, outClock, outRate, random(seed + 1));
  connect(feeder.out, fifo.in);
  connect(fifo.out, taker.in);
  const pushes: number[] = [];
  fifo.in.subscribe(({ cycle }) => pushes.push(cycle));
  return { sim, fifo, inClock, outClock, items, taker, pushes };
}

/** The first cycle of a clock in which a word is valid that the other side pushed at its edge `pushed`. */
function firstValid(pushed: number, inMhz: number, outMhz: number): number {
  const time = edge(pushed, inMhz);
  let k = 0;
  while (edge(k, outMhz) <= time) k += 1;
  return k + 2;
}

describe('the Gray code', () => {
  it('changes one bit from each number to the next, round the end too, and comes back', () => {
    for (let n = 0; n < 2048; n++) {
      const flips = toGray(n) ^ toGray((n + 1) % 2048);
      expect(flips & (flips - 1)).toBe(0);
      expect(flips).not.toBe(0);
      expect(fromGray(toGray(n))).toBe(n);
    }
  });
});

describe('AsyncFifo', () => {
  it('shows a word in the second cycle that begins after its push, whatever the clocks', () => {
    for (const [inMhz, outMhz] of PAIRS) {
      const { sim, items, taker, pushes, outClock } = fifoRig(inMhz, outMhz, 8, 0.05);
      for (let i = 0; i < 60; i++) items.push({ data: i });
      sim.run({ until: () => taker.seen.length === 60, maxCycles: 1e6, clock: outClock });
      let before = -1;
      const want = pushes.map((cycle) => (before = Math.max(before + 1, firstValid(cycle, inMhz, outMhz))));
      expect(
        taker.seen.map((s) => s.cycle),
        `${inMhz} to ${outMhz} MHz`,
      ).toEqual(want);
      expect(taker.seen.map((s) => s.item.data)).toEqual(items.map((item) => item.data));
    }
  });

  it('does not count an edge at the very moment of the push', () => {
    const { sim, items, taker, pushes } = fifoRig(200, 200);
    items.push({ data: 5 });
    sim.step(undefined, 10);
    // Pushed at edge 1; edges 2 and 3 fill the flip-flops.
    expect([pushes, taker.seen]).toEqual([[1], [{ cycle: 4, item: { data: 5 } }]]);
  });

  it('moves a word every cycle of equal clocks from depth 8 on, and of the slower clock', () => {
    const pace = (inMhz: number, outMhz: number, depth: number): number => {
      const { sim, items, taker, pushes } = fifoRig(inMhz, outMhz, depth);
      for (let i = 0; i < 400; i++) items.push({ data: i });
      sim.run({ until: () => taker.seen.length === 400, maxCycles: 1e6 });
      const slow = inMhz <= outMhz ? pushes : taker.seen.map((s) => s.cycle);
      return (slow[300]! - slow[100]!) / 200;
    };
    for (const [inMhz, outMhz] of PAIRS) expect(pace(inMhz, outMhz, 8), `${inMhz} to ${outMhz}`).toBe(1);
    expect(pace(200, 200, 4)).toBe(1.5);
    expect(pace(200, 200, 2)).toBe(3);
  });

  it('takes `depth` words and no more, and has room again two edges after a pop', () => {
    for (const [inMhz, outMhz] of PAIRS) {
      const { sim, fifo, items, taker, pushes, inClock } = fifoRig(inMhz, outMhz, 4, 1, 0);
      for (let i = 0; i < 9; i++) items.push({ data: i });
      sim.step(inClock, 60);
      expect(pushes.length).toBe(4);
      const pops: number[] = [];
      fifo.out.subscribe(({ cycle }) => pops.push(cycle));
      taker.rate = 1;
      sim.run({ until: () => pushes.length === 5, maxCycles: 1e6 });
      expect(pushes[4], `${inMhz} to ${outMhz}`).toBe(firstValid(pops[0]!, outMhz, inMhz));
    }
  });

  it('equals a plain queue for any depth, clocks, pushes and pops, and never holds more than its depth', () => {
    const mhz = fc.integer({ min: 50, max: 1000 });
    const rate = fc.constantFrom(1, 0.6, 0.2);
    const depth = fc.constantFrom(2, 4, 8, 16);
    fc.assert(
      fc.property(
        mhz,
        mhz,
        depth,
        rate,
        rate,
        fc.integer({ min: 0, max: 1e6 }),
        (a, b, d, inRate, outRate, seed) => {
          const { sim, fifo, items, taker } = fifoRig(a, b, d, inRate, outRate, seed);
          for (let i = 0; i < 100; i++) items.push({ data: i });
          let held = 0;
          let most = 0;
          fifo.in.subscribe(() => (most = Math.max(most, ++held)));
          fifo.out.subscribe(() => (held -= 1));
          sim.run({ until: () => taker.seen.length === 100, maxCycles: 1e6 });
          expect(taker.seen.map((s) => s.item.data)).toEqual(items.map((item) => item.data));
          expect(most).toBeLessThanOrEqual(d);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('sleeps when nothing moves', () => {
    const sim = new Simulator();
    const [inClock, outClock] = [sim.clock('in', 166 * MHZ), sim.clock('out', 200 * MHZ)];
    const fifo = new AsyncFifo(sim, 'fifo', { inClock, outClock, depth: 4, fields: { data: int(16) } });
    sim.start();
    fifo.in.valid.poke(1);
    sim.step(inClock);
    fifo.in.valid.poke(0);
    sim.step(inClock, 20);
    expect([fifo.out.valid.value, fifo.writeGray.value]).toEqual([1, 1]);
    const before = sim.engine.activations;
    sim.step(inClock, 1000);
    expect(sim.engine.activations).toBe(before);
  });

  it('is empty after a reset of both sides in mid-run', () => {
    const { sim, fifo, items, taker, inClock } = fifoRig(166, 200, 4, 1, 0);
    for (let i = 0; i < 3; i++) items.push({ data: i });
    sim.step(inClock, 10);
    fifo.inRst.poke(1);
    fifo.outRst.poke(1);
    sim.step(inClock, 4);
    expect([fifo.out.valid.value, fifo.in.ready.value, fifo.writeGray.value, fifo.readGray.value]).toEqual([
      0, 1, 0, 0,
    ]);
    fifo.inRst.poke(0);
    fifo.outRst.poke(0);
    taker.rate = 1;
    items.push({ data: 77 });
    sim.step(inClock, 20);
    expect(taker.seen.map((s) => s.item.data)).toEqual([77]);
  });

  it('names what is wrong with its depth', () => {
    for (const depth of [1, 3, 2048, 2.5]) {
      expect(() => fifoRig(1, 2, depth)).toThrow(ConfigError);
      expect(() => fifoRig(1, 2, depth)).toThrow(
        `fifo: depth must be a power of two from 2 to 1024, got ${depth}`,
      );
    }
  });
});

const data = (from: number, last = 1) => ({ data: words(8, from), strb: 0xffff, last });
const read = (id: number, from: number, last = 1, resp = 0) => ({ id, data: words(8, from), resp, last });

describe('AxiClockCrossing', () => {
  function rig(spec: Partial<AxiClockCrossingSpec> = {}, mMhz = 200) {
    const sim = new Simulator({ checkWidths: true });
    const sClock = sim.clock('array', 166 * MHZ);
    const mClock = sim.clock('axi', mMhz * MHZ);
    const crossing = new AxiClockCrossing(sim, 'crossing', { sClock, mClock, lanes: 8, ...spec });
    const master = masterAt(sim, 'master', crossing.s);
    const slave = slaveAt(sim, 'slave', crossing.m);
    return { sim, sClock, mClock, crossing, master, slave };
  }

  it('brings all five channels over unchanged, two edges of the far clock after their handshake', () => {
    for (const mMhz of [200, 800]) {
      const { sim, sClock, master, slave } = unchecked(rig({}, mMhz));
      master.ar.push(burst(0x10, 2, 5, 4));
      master.aw.push(burst(2 ** 33 - 16, 1, 6, 4));
      master.w.push(data(7));
      slave.r.push(read(3, 100, 0), read(3, 104, 1, 2));
      slave.b.push({ id: 9, resp: 3 });
      sim.step(sClock, 20);
      const forth = firstValid(1, 166, mMhz);
      expect(slave.ar).toEqual([{ cycle: forth, item: burst(0x10, 2, 5, 4) }]);
      expect(slave.aw).toEqual([{ cycle: forth, item: burst(2 ** 33 - 16, 1, 6, 4) }]);
      expect(slave.w).toEqual([{ cycle: forth, item: data(7) }]);
      const back = firstValid(1, mMhz, 166);
      expect(master.b).toEqual([{ cycle: back, item: { id: 9, resp: 3 } }]);
      expect(master.r.map((s) => s.item)).toEqual([read(3, 100, 0), read(3, 104, 1, 2)]);
      expect(master.r.map((s) => s.cycle)).toEqual([back, Math.max(back + 1, firstValid(2, mMhz, 166))]);
    }
  });

  it('resets both sides', () => {
    const { sim, sClock, crossing, slave, master } = unchecked(rig());
    master.ar.push(burst(0, 1));
    slave.b.push({ id: 0, resp: 0 });
    sim.step(sClock, 2);
    crossing.sRst.poke(1);
    crossing.mRst.poke(1);
    sim.step(sClock, 20);
    crossing.sRst.poke(0);
    crossing.mRst.poke(0);
    sim.step(sClock, 20);
    expect([slave.ar, master.b]).toEqual([[], []]);
  });

  it('names what is wrong with its parameters', () => {
    const wrong = (spec: Partial<AxiClockCrossingSpec>, message: string): void => {
      expect(() => rig(spec)).toThrow(ConfigError);
      expect(() => rig(spec)).toThrow(message);
    };
    wrong({ lanes: 7 }, 'crossing: lanes must be 1, 2, 4, 8 or 16 words of 2 bytes, got 7');
    wrong({ idBits: 0 }, 'crossing: idBits must be an integer from 1 to 16, got 0');
    wrong({ depth: 6 }, 'crossing.ar: depth must be a power of two from 2 to 1024, got 6');
    wrong({ dataDepth: 1 }, 'crossing.w: depth must be a power of two from 2 to 1024, got 1');
  });
});

describe('AxiRegisterSlice', () => {
  function rig(spec: Partial<AxiRegisterSliceSpec> = {}) {
    const sim = new Simulator({ checkWidths: true });
    const clock = sim.clock('axi', 200 * MHZ);
    const slice = new AxiRegisterSlice(sim, 'slice', { clock, lanes: 8, ...spec });
    const master = masterAt(sim, 'master', slice.s);
    const slave = slaveAt(sim, 'slave', slice.m);
    return { sim, slice, master, slave };
  }

  it('passes a transfer a cycle on every channel, each one cycle later', () => {
    const { sim, master, slave } = unchecked(rig());
    for (let i = 0; i < 5; i++) {
      master.ar.push(burst(16 * i, 1, i, 4));
      master.aw.push(burst(16 * i, 1, i, 4));
      master.w.push(data(i));
      slave.r.push(read(i, i));
      slave.b.push({ id: i, resp: 0 });
    }
    sim.step(undefined, 12);
    for (const seen of [slave.ar, slave.aw, slave.w, master.r, master.b])
      expect(seen.map((s) => s.cycle)).toEqual([2, 3, 4, 5, 6]);
    expect(slave.w.map((s) => s.item)).toEqual([0, 1, 2, 3, 4].map((i) => data(i)));
    expect(master.r.map((s) => s.item)).toEqual([0, 1, 2, 3, 4].map((i) => read(i, i)));
  });

  it('is empty after a reset', () => {
    const { sim, slice, slave, master } = rig();
    master.ar.push(burst(0, 1));
    sim.step(undefined, 1);
    slice.rst.poke(1);
    sim.step(undefined, 3);
    slice.rst.poke(0);
    sim.step(undefined, 5);
    expect(slave.ar).toEqual([]);
  });

  it('names what is wrong with its parameters', () => {
    const wrong = (spec: Partial<AxiRegisterSliceSpec>, message: string): void => {
      expect(() => rig(spec)).toThrow(ConfigError);
      expect(() => rig(spec)).toThrow(message);
    };
    wrong({ lanes: 7 }, 'slice: lanes must be 1, 2, 4, 8 or 16 words of 2 bytes, got 7');
    wrong({ depth: 1 }, 'slice: depth must be an integer from 2 to 1024, got 1');
    wrong({ idBits: 17 }, 'slice: idBits must be an integer from 1 to 16, got 17');
  });
});
