import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axiAddress,
  axiReadData,
  axiWriteData,
  axiWriteResponse,
} from '../../../src/components/axi/channels.js';
import { checkAxiLinks } from '../../../src/components/axi/check-links.js';
import { AxiClockCrossing } from '../../../src/components/axi/clock-crossing.js';
import { AxiProtocolError } from '../../../src/components/axi/errors.js';
import { AxiInterconnect } from '../../../src/components/axi/interconnect.js';
import { Ddr3, ddr3Clock, type Ddr3ModuleSpec } from '../../../src/components/ddr3/ddr3.js';
import {
  checkerLimits,
  Ddr3TimingChecker,
  violationText,
} from '../../../src/components/ddr3/timing-checker.js';
import { ConfigError, connect, restoreSnapshot, Simulator, takeSnapshot } from '../../../src/kernel/index.js';
import { unchecked } from '../../axi-checkers.js';
import { connectStalled, legalBurst, PlainMemory, toBytes, TrafficMaster } from '../axi/traffic.js';
import { Feeder, type Item, random, Taker } from '../memory-bench.js';
import { configs } from './streams.js';

const ALL = 2 ** 32 - 1;

function rig(spec: Omit<Ddr3ModuleSpec, 'clock'> = {}, rate = 1, seed = 1) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('ddr3', ddr3Clock(spec.config));
  const lanes = spec.lanes ?? 16;
  const memory = new Ddr3(sim, 'ddr', { clock, ...spec });
  const checker = new Ddr3TimingChecker(checkerLimits(memory.spec.speed, memory.spec.densityGb));
  memory.observeCommands(checker.command.bind(checker));
  const ar = new Feeder(sim, 'ar', axiAddress, clock, [], rate, random(seed));
  const aw = new Feeder(sim, 'aw', axiAddress, clock, [], rate, random(seed + 1));
  const w = new Feeder(sim, 'w', axiWriteData(lanes), clock, [], rate, random(seed + 2));
  const r = new Taker(sim, 'r', axiReadData(lanes), clock, rate, random(seed + 3));
  const b = new Taker(sim, 'b', axiWriteResponse, clock, rate, random(seed + 4));
  connect(ar.out, memory.ar);
  connect(aw.out, memory.aw);
  connect(w.out, memory.w);
  connect(memory.r, r.in);
  connect(memory.b, b.in);
  const run = (beats: number, responses: number, cycles = 20_000): void => {
    sim.run({ until: () => r.seen.length === beats && b.seen.length === responses, maxCycles: cycles });
  };
  return { sim, clock, memory, checker, ar, aw, w, r, b, run };
}

const burst = (addr: number, beats: number, size = 5, kind = 1, id = 0): Item => ({
  id,
  addr,
  len: beats - 1,
  size,
  burst: kind,
});
const words = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('Ddr3', () => {
  it('shows the first beat of a closed row 1 + (2 + 26) + 1 cycles after AR, of an open one 11 earlier', () => {
    const { memory, ar, r, run } = rig();
    memory.load(0, Int16Array.from(words(64, 100)));
    ar.items.push(burst(0, 4, 5, 1, 9));
    run(4, 0);
    // AR is accepted in cycle 1; two beats a DRAM burst, bursts 4 cycles apart.
    expect(r.seen.map((s) => s.cycle)).toEqual([1 + 30, 1 + 31, 1 + 34, 1 + 35]);
    expect(r.seen.map((s) => s.item)).toEqual(
      [0, 1, 2, 3].map((i) => ({ id: 9, data: words(16, 100 + 16 * i), resp: 0, last: i === 3 ? 1 : 0 })),
    );
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([128, 0, 4]);
    ar.items.push(burst(128, 1));
    const accepted = memory.ar.clock.cycle + 1;
    run(5, 0);
    expect(r.seen[4]!.cycle).toBe(accepted + 19);
  });

  it('answers a write from the queue of the controller, and writes it to the DRAM later', () => {
    const { memory, aw, w, b, run } = rig();
    aw.items.push(burst(4096, 2, 5, 1, 3));
    w.items.push({ data: words(16, 1), strb: ALL, last: 0 }, { data: words(16, 17), strb: ALL, last: 1 });
    run(0, 1);
    // Beats come in cycles 1 and 2; the second is taken in 3, its line goes to the controller in 4.
    expect(b.seen).toEqual([{ cycle: 5, item: { id: 3, resp: 0 } }]);
    expect(memory.report.commands.WR).toBe(0);
    expect([...memory.dump(4096, 34)]).toEqual([...words(32, 1), 0, 0]);
    memory.sim.run({ cycles: 100 });
    expect(memory.report.commands.WR).toBe(1);
    expect([...memory.dump(4096, 34)]).toEqual([...words(32, 1), 0, 0]);
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([0, 64, 2]);
  });

  it('answers a write 3 cycles after its last beat, and accepts no further one than `outstanding` before', () => {
    const { memory, aw, w, b, run } = rig({ outstanding: 1 });
    const accepted: number[] = [];
    // Told after the edge, when the next cycle has begun.
    memory.aw.subscribe(() => accepted.push(memory.aw.clock.cycle - 1));
    for (const addr of [0, 64, 128]) {
      aw.items.push(burst(addr, 2));
      w.items.push({ data: words(16), strb: ALL, last: 0 }, { data: words(16), strb: ALL, last: 1 });
    }
    run(0, 3);
    // AW and two beats in 1 and 2; the second is taken in 3, the line in 4. AW again in the cycle in which B is shown.
    expect(b.seen.map((s) => s.cycle)).toEqual([5, 9, 13]);
    expect(accepted).toEqual([1, 5, 9]);
  });

  it('hands reads and writes to the controller in turn while there are both', () => {
    // A burst of the DRAM is one beat of the bus, so either could go in every cycle.
    const { memory, ar, aw, w, run } = rig({ config: { channelBits: 32 } });
    const order: string[] = [];
    const { controller } = memory;
    const accept = controller.accept.bind(controller);
    controller.accept = (t, at, write, ...rest) => {
      order.push(write ? 'W' : 'R');
      accept(t, at, write, ...rest);
    };
    ar.items.push(burst(0, 24));
    aw.items.push(burst(0x20000, 8));
    for (let i = 0; i < 8; i++) w.items.push({ data: words(16), strb: ALL, last: i === 7 ? 1 : 0 });
    run(24, 1);
    expect(order.join('')).toMatch(/^R+(WR){7}WR+$/);
    expect(order).toHaveLength(32);
  });

  it('lets the host write past what waits in the queue', () => {
    const { memory, aw, w, run } = rig();
    aw.items.push(burst(0, 2));
    w.items.push({ data: words(16, 1), strb: ALL, last: 0 }, { data: words(16, 17), strb: ALL, last: 1 });
    run(0, 1);
    memory.load(4, Int16Array.of(-1, -2));
    const want = [1, 2, -1, -2, 5];
    expect([...memory.dump(0, 5)]).toEqual(want);
    memory.sim.run({ cycles: 100 });
    expect(memory.report.commands.WR).toBe(1);
    expect([...memory.dump(0, 5)]).toEqual(want);
  });

  describe('with rows that keep the DRAM busy', () => {
    const ROW = 0x20000;
    const X = 0x40;
    /** Eight reads of as many rows of one bank: 39 clocks each. */
    const busy = (): ReturnType<typeof rig> => {
      const dut = rig();
      dut.memory.load(X, Int16Array.from(words(32, 500)));
      for (let i = 1; i <= 8; i++) dut.ar.items.push(burst(i * ROW, 1));
      dut.sim.run({ cycles: 20 });
      return dut;
    };
    const write = ({ aw, w }: ReturnType<typeof rig>, from: number, strb = ALL): void => {
      aw.items.push(burst(X, 2));
      w.items.push({ data: words(16, from), strb, last: 0 }, { data: words(16, from + 16), strb, last: 1 });
    };
    const dataOf = ({ r }: ReturnType<typeof rig>, beat: number): unknown => r.seen[beat]!.item['data'];

    it('answers a read from the write that waits', () => {
      const dut = busy();
      write(dut, 1000);
      dut.run(dut.r.seen.length, 1);
      dut.ar.items.push(burst(X, 2));
      dut.run(10, 1);
      expect(dataOf(dut, 8)).toEqual(words(16, 1000));
      expect(dataOf(dut, 9)).toEqual(words(16, 1016));
      expect(dut.memory.controller.statistics.forwardedReads).toBe(1);
    });

    it('answers it from the latest of two', () => {
      const dut = busy();
      write(dut, 1000);
      write(dut, 2000);
      dut.run(dut.r.seen.length, 2);
      dut.ar.items.push(burst(X, 2));
      dut.run(10, 2);
      expect([dataOf(dut, 8), dataOf(dut, 9)]).toEqual([words(16, 2000), words(16, 2016)]);
      expect(dut.memory.controller.statistics.mergedWrites).toBe(1);
    });

    it('answers it from a whole write and a half one that came later', () => {
      const dut = busy();
      write(dut, 1000);
      write(dut, 2000, 0xffff);
      dut.run(dut.r.seen.length, 2);
      dut.ar.items.push(burst(X, 2));
      dut.run(10, 2);
      expect(dataOf(dut, 8)).toEqual([...words(8, 2000), ...words(8, 1008)]);
      expect(dut.memory.controller.statistics.forwardedReads).toBe(1);
    });

    it('has a read wait for a write that covers half of it', () => {
      const dut = busy();
      write(dut, 1000, 0xffff);
      dut.run(dut.r.seen.length, 1);
      dut.ar.items.push(burst(X, 2));
      dut.run(10, 1);
      expect(dataOf(dut, 8)).toEqual([...words(8, 1000), ...words(8, 508)]);
      expect(dataOf(dut, 9)).toEqual([...words(8, 1016), ...words(8, 524)]);
      expect(dut.memory.controller.statistics.forwardedReads).toBe(0);
      expect(dut.memory.report.commands.WR).toBe(1);
    });

    it('has a write wait for a read that came before it', () => {
      const dut = busy();
      dut.ar.items.push(burst(X, 2));
      dut.sim.run({ cycles: 12 });
      // Writes without end fill the write queue, so that a drain begins while the read waits.
      for (let i = 0; i < 8; i++) write(dut, 1000 * (i + 1));
      for (let i = 1; i <= 40; i++) {
        dut.aw.items.push(burst(0x2000 + 64 * i, 1));
        dut.w.items.push({ data: words(16), strb: 3, last: 1 });
      }
      dut.run(10, 48);
      expect([dataOf(dut, 8), dataOf(dut, 9)]).toEqual([words(16, 500), words(16, 516)]);
      dut.sim.run({ cycles: 2000 });
      expect(dut.memory.controller.pending).toBe(0);
      expect([...dut.memory.dump(X, 32)]).toEqual(words(32, 8000));
    });
  });

  it('moves about 12.3 GB/s in long reads, what refreshes and the switch of banks leave', () => {
    const { memory, ar, run } = rig();
    for (let i = 0; i < 600; i++) ar.items.push(burst(i * 512, 16));
    run(9600, 0, 100_000);
    const { bandwidthGBps, rowHitRate, bus, clocks } = memory.report;
    expect(bandwidthGBps).toBeGreaterThan(12);
    expect(bandwidthGBps).toBeLessThan(12.8);
    expect(rowHitRate).toBeGreaterThan(0.98);
    expect(Object.values(bus).reduce((a, c) => a + c)).toBe(clocks);
  });

  it('sleeps through idle time, and makes up for the refreshes on waking', () => {
    const { sim, clock, memory, checker } = rig();
    const idle = new Simulator();
    const quiet = new Ddr3(idle, 'ddr', { clock: idle.clock('ddr3', ddr3Clock()) });
    idle.run({ cycles: 10_000_000 });
    expect(idle.engine.activations).toBeLessThan(10);
    expect(quiet.report.commands.REF).toBe(0);
    // In the rig feeders tick, but the DRAM sleeps till asked.
    sim.run({ cycles: 50_000 });
    expect(memory.report.commands.REF).toBe(0);
    const { ar, r, run } = { ar: sim.modules.get('ar') as Feeder<typeof axiAddress>, ...rigOf(sim) };
    ar.items.push(burst(0, 1));
    run();
    expect(r.seen.length).toBe(1);
    expect(memory.report.commands.REF).toBe(Math.floor(clock.cycle / 3120));
    checker.finish(clock.cycle, 2);
    expect(checker.violations.map(violationText)).toEqual([]);
  });

  it('goes on from a snapshot to the same beats at the same cycles', () => {
    const config = { refreshPostpone: 1, writeDrainIdle: 32 };
    const first = rig({ config, outstanding: 64 });
    for (let i = 0; i < 40; i++) {
      first.ar.items.push(burst((i * 7919 * 64) % 2 ** 30, 1 + (i % 2), 5, 1, i % 16));
      first.aw.items.push(burst((i * 104_729 * 32) % 2 ** 30, 1));
      first.w.items.push({ data: words(16, i), strb: ALL, last: 1 });
    }
    // Everything is asked for, and much of it under way.
    first.sim.run({ until: () => first.ar.done === 40 && first.w.done === 40, maxCycles: 1000 });
    const { cycle } = first.clock;
    expect(first.r.seen.length).toBeLessThan(30);
    const snapshot = takeSnapshot(first.sim);
    const second = rig({ config, outstanding: 64 });
    restoreSnapshot(second.sim, snapshot);
    for (const { sim } of [first, second]) sim.run({ cycles: 20_000 });
    const after = ({ r, b }: typeof first): unknown =>
      [r, b].map(({ seen }) => seen.filter((s) => s.cycle >= cycle));
    expect(after(second)).toEqual(after(first));
    expect(first.r.seen.length).toBe(60);
    expect(second.memory.saveState()).toEqual(first.memory.saveState());
    expect(second.memory.report).toEqual(first.memory.report);
  });

  it('answers DECERR beyond the capacity', () => {
    const { ar, aw, w, r, b, run } = rig({ config: { channelBits: 32 } });
    ar.items.push(burst(2 ** 32, 2, 5, 1, 5), burst(2 ** 32 - 32, 1, 5, 1, 6));
    aw.items.push(burst(2 ** 32 + 64, 1, 5, 1, 7));
    w.items.push({ data: words(16), strb: ALL, last: 1 });
    run(3, 1);
    expect(r.seen.map(({ item }) => [item['id'], item['resp'], item['last']])).toEqual([
      [5, 3, 0],
      [5, 3, 1],
      [6, 0, 1],
    ]);
    expect(b.seen.map(({ item }) => item)).toEqual([{ id: 7, resp: 3 }]);
  });

  it('names broken rules of AXI with path and cycle', () => {
    const late = unchecked(rig());
    late.aw.items.push(burst(0, 2));
    late.w.items.push({ data: words(16), strb: ALL, last: 1 });
    expect(() => late.run(0, 1)).toThrow(
      new AxiProtocolError('ddr', 'w_last is 1 on beat 0 of a burst of 2 beats', 2),
    );
    const wide = unchecked(rig());
    wide.ar.items.push(burst(4000, 16));
    expect(() => wide.run(16, 0)).toThrow(/^ddr\.ar: an INCR burst from 4000 to .* across a 4 KB boundary/);
  });

  it('refuses a clock that is not the bin’s, and bad parameters', () => {
    const sim = new Simulator();
    const clock = sim.clock('ddr3', 800_000_000);
    expect(() => new Ddr3(sim, 'a', { clock, config: { speed: 1866 } })).toThrow(/^a: clock must be of 9333/);
    expect(() => new Ddr3(sim, 'b', { clock, lanes: 3 })).toThrow(
      new ConfigError('b', 'lanes', 'a power of two from 1 to 16', 3),
    );
    expect(() => new Ddr3(sim, 'c', { clock, readLines: 0 })).toThrow(
      new ConfigError('c', 'readLines', 'an integer from 1 to 1024', 0),
    );
    expect(() => new Ddr3(sim, 'd', { clock, config: { tRDC: 3 } as object })).toThrow(
      /^d: tRDC must be a known key/,
    );
    const { memory } = rig();
    expect(() => memory.load(1, new Int16Array(1))).toThrow(ConfigError);
    expect(() => memory.dump(2 ** 33 - 2, 2)).toThrow(ConfigError);
  });
});

function rigOf(sim: Simulator) {
  const r = sim.modules.get('r') as Taker<ReturnType<typeof axiReadData>>;
  return { r, run: (): void => void sim.run({ until: () => r.seen.length === 1, maxCycles: 20_000 }) };
}

const KB = 1024;

/** Two masters, an interconnect, a crossing to the DRAM's clock and the DDR3, stalled everywhere and checked everywhere. */
function system(seed: number, rate: number, spec: Omit<Ddr3ModuleSpec, 'clock'>): void {
  const sim = new Simulator({ checkWidths: true });
  const axi = sim.clock('axi', 200_000_000);
  const ddr = sim.clock('ddr3', ddr3Clock(spec.config));
  const next = random(seed);
  const plain = new PlainMemory();
  const pages = (m: number): number[] => [m * 4 * KB, (m + 2) * 4 * KB, 0x20000 + m * 4 * KB];
  const masters = [0, 1].map((m) => {
    const shape = { busBytes: 32, idBits: 3, pages: pages(m) };
    return new TrafficMaster(sim, `master${m}`, {
      ...shape,
      lanes: 16,
      clock: axi,
      bursts: Array.from({ length: 60 }, () => legalBurst(next, shape)),
      plain,
      rate,
      next: random(seed + 20 + m),
    });
  });
  const fabric = new AxiInterconnect(sim, 'fabric', {
    clock: axi,
    masters: 2,
    idBits: 3,
    slaves: [[{ base: 0, bytes: 2 ** 32 }]],
  });
  const crossing = new AxiClockCrossing(sim, 'crossing', { sClock: axi, mClock: ddr });
  const memory = new Ddr3(sim, 'ddr3_dram', { clock: ddr, ...spec });
  const { speed, densityGb } = memory.spec;
  const timing = new Ddr3TimingChecker(checkerLimits(speed, densityGb));
  memory.observeCommands(timing.command.bind(timing));
  const links = [
    [masters[0]!, fabric.s[0]!],
    [masters[1]!, fabric.s[1]!],
    [fabric.m[0]!, crossing.s],
    [crossing.m, memory],
  ] as const;
  const checkers = links.map(([from, to], i) =>
    connectStalled(sim, `link${i}`, from, to, rate, seed + 40 + i),
  );
  const all = [...checkers, ...checkAxiLinks(sim)];
  sim.run({ until: () => masters.every((m) => m.done), maxCycles: 400_000 });
  for (const checker of all) {
    checker.finish();
    expect(checker.violations).toEqual([]);
  }
  expect(timing.violations.map(violationText)).toEqual([]);
  const compare = (): void => {
    for (const page of [...pages(0), ...pages(1)]) {
      const want = Uint8Array.from({ length: 4 * KB }, (_, i) => plain.get(page + i));
      expect(Buffer.compare(toBytes(memory.dump(page, 2 * KB)), want), `page 0x${page.toString(16)}`).toBe(0);
    }
  };
  compare();
  // Once more, when nothing waits in queues.
  sim.run({ cycles: 20_000 });
  expect(memory.controller.pending).toBe(0);
  compare();
}

describe('reads and writes through interconnect, crossing and DDR3', () => {
  it('equal a plain memory, with back-pressure on every channel and checkers on every link and on the DRAM', () => {
    const spec = fc.record({
      config: configs,
      outstanding: fc.constantFrom(1, 4, 16),
      readLines: fc.constantFrom(1, 3, 64),
      writeLines: fc.constantFrom(1, 3, 64),
    });
    fc.assert(
      fc.property(fc.nat(2 ** 30), fc.constantFrom(1, 0.8, 0.4), spec, (seed, rate, parameters) =>
        system(seed, rate, parameters),
      ),
      { numRuns: 40 },
    );
  });
});
