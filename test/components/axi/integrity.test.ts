import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAxiLinks } from '../../../src/components/axi/check-links.js';
import { AxiClockCrossing } from '../../../src/components/axi/clock-crossing.js';
import { AxiInterconnect } from '../../../src/components/axi/interconnect.js';
import type { AxiPort } from '../../../src/components/axi/link.js';
import type { AxiProtocolChecker } from '../../../src/components/axi/protocol-checker.js';
import { AxiWidthConverter } from '../../../src/components/axi/width-converter.js';
import { AxiMemory } from '../../../src/components/ddr3/axi-memory.js';
import { Ddr3 } from '../../../src/components/ddr3/ddr3.js';
import {
  checkerLimits,
  Ddr3TimingChecker,
  violationText,
} from '../../../src/components/ddr3/timing-checker.js';
import { Simulator } from '../../../src/kernel/index.js';
import { random } from '../memory-bench.js';
import {
  type Burst,
  connectStalled,
  legalBurst,
  PlainMemory,
  TrafficMaster,
  TrafficSlave,
  toBytes,
} from './traffic.js';

const KB = 1024;

function bursts(seed: number, count: number, busBytes: number, idBits: number, pages: number[]): Burst[] {
  const next = random(seed);
  return Array.from({ length: count }, () => legalBurst(next, { busBytes, idBits, pages }));
}

/** What the memory holds in the pages, against the plain one. */
function expectEqual(
  memory: AxiMemory | Ddr3 | TrafficSlave,
  base: number,
  plain: PlainMemory,
  pages: number[],
): void {
  for (const page of pages) {
    const got =
      memory instanceof TrafficSlave
        ? Uint8Array.from({ length: 4 * KB }, (_, i) => memory.memory.get(page + i))
        : toBytes(memory.dump(page - base, 2 * KB));
    const want = Uint8Array.from({ length: 4 * KB }, (_, i) => plain.get(page + i));
    expect(Buffer.compare(got, want), `page 0x${page.toString(16)}`).toBe(0);
  }
}

interface Rig {
  readonly sim: Simulator;
  readonly masters: readonly TrafficMaster[];
  /** Checkers on the slaves' side of the stalls; those on the masters' side are put there by {@link finish}. */
  readonly checkers: readonly AxiProtocolChecker[];
  readonly check: () => void;
}

function finish({ sim, masters, checkers, check }: Rig): void {
  const all = [...checkers, ...checkAxiLinks(sim)];
  expect(all.length).toBe(2 * checkers.length);
  sim.run({ until: () => masters.every((m) => m.done), maxCycles: 400_000 });
  for (const checker of all) {
    checker.finish();
    expect(checker.violations).toEqual([]);
  }
  check();
}

/** A master, a converter and a slave of another width, all links stalled. */
function converterRig(seed: number, sLanes: number, mLanes: number, pack: boolean, rate: number): Rig {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 200_000_000);
  const plain = new PlainMemory();
  const shape = { busBytes: 2 * sLanes, idBits: 4, pages: [0, 3 * 4 * KB] };
  const list = bursts(seed, 60, shape.busBytes, 4, shape.pages);
  const master = new TrafficMaster(sim, 'cpu', {
    ...shape,
    lanes: sLanes,
    clock,
    bursts: list,
    plain,
    rate,
    next: random(seed + 1),
  });
  const converter = new AxiWidthConverter(sim, 'width', { clock, sLanes, mLanes, pack, outIdBits: 2 });
  const slave = new TrafficSlave(sim, 'ram', {
    clock,
    lanes: mLanes,
    idBits: 2,
    rate,
    next: random(seed + 2),
  });
  const checkers = [
    connectStalled(sim, 'front', master, converter.s, rate, seed + 3),
    connectStalled(sim, 'back', converter.m, slave, rate, seed + 4),
  ];
  return { sim, masters: [master], checkers, check: () => expectEqual(slave, 0, plain, shape.pages) };
}

/**
 * Two masters of 64 and 256 bit at 166 MHz, an interconnect, and three memories: one behind a downsizer and a crossing to
 * 200 MHz, one behind a crossing to 800 MHz that answers in any order, and the DDR3 with its controller behind another. Pages
 * alternate between the masters.
 */
function systemRig(seed: number, rate: number): Rig {
  const sim = new Simulator({ checkWidths: true });
  const array = sim.clock('array', 166_000_000);
  const axi = sim.clock('axi', 200_000_000);
  const ddr = sim.clock('ddr', 800_000_000);
  const next = random(seed);
  const plain = new PlainMemory();
  const upper = 2 ** 32;
  // From here on the DDR3: the last 64 KB that it has, and rows of two banks.
  const dram = 2 ** 33 - 64 * KB;
  const pages = (m: number): number[] => [
    m * 4 * KB,
    (m + 2) * 4 * KB,
    upper + m * 4 * KB,
    dram + m * 4 * KB,
    dram + (m + 2) * 4 * KB,
  ];
  const hole = 64 * KB;
  const unmapped = (address: number): boolean => address >= hole && address < upper;
  const master = (m: number, lanes: number): TrafficMaster => {
    const shape = { busBytes: 2 * lanes, idBits: 3, pages: [...pages(m), ...pages(m), hole + m * 4 * KB] };
    const list = bursts(seed + 10 + m, 60, shape.busBytes, 3, shape.pages);
    const options = {
      ...shape,
      lanes,
      clock: array,
      bursts: list,
      plain,
      rate,
      next: random(seed + 20 + m),
      unmapped,
    };
    return new TrafficMaster(sim, `master${m}`, options);
  };
  const masters = [master(0, 4), master(1, 16)];
  const up = new AxiWidthConverter(sim, 'up', { clock: array, sLanes: 4, mLanes: 16, idBits: 3 });
  const fabric = new AxiInterconnect(sim, 'fabric', {
    clock: array,
    masters: 2,
    idBits: 3,
    arbitration: next() < 0.5 ? 'priority' : 'round-robin',
    outstanding: next() < 0.5 ? 2 : 16,
    slaves: [[{ base: 0, bytes: hole }], [{ base: upper, bytes: hole }], [{ base: dram, bytes: hole }]],
  });
  const down = new AxiWidthConverter(sim, 'down', { clock: array, sLanes: 16, mLanes: 8 });
  const toAxi = new AxiClockCrossing(sim, 'to_axi', { sClock: array, mClock: axi, lanes: 8 });
  const memory = new AxiMemory(sim, 'memory', { clock: axi, lanes: 8, latencyCycles: 5 });
  const toDdr = new AxiClockCrossing(sim, 'to_ddr', { sClock: array, mClock: ddr, depth: 2, dataDepth: 4 });
  const slave = new TrafficSlave(sim, 'ddr3', {
    clock: ddr,
    lanes: 16,
    idBits: 4,
    rate,
    next: random(seed + 30),
  });
  const toDram = new AxiClockCrossing(sim, 'to_dram', { sClock: array, mClock: ddr });
  const ddr3 = new Ddr3(sim, 'dram', { clock: ddr });
  const timing = new Ddr3TimingChecker(checkerLimits());
  ddr3.observeCommands(timing.command.bind(timing));
  const links: readonly (readonly [AxiPort, AxiPort])[] = [
    [masters[0]!, up.s],
    [up.m, fabric.s[0]!],
    [masters[1]!, fabric.s[1]!],
    [fabric.m[0]!, down.s],
    [down.m, toAxi.s],
    [toAxi.m, memory],
    [fabric.m[1]!, toDdr.s],
    [toDdr.m, slave],
    [fabric.m[2]!, toDram.s],
    [toDram.m, ddr3],
  ];
  const checkers = links.map(([from, to], i) =>
    connectStalled(sim, `link${i}`, from, to, rate, seed + 40 + i),
  );
  const all = [...pages(0), ...pages(1)];
  const within = (from: number): number[] => all.filter((page) => page >= from && page < from + hole);
  return {
    sim,
    masters,
    checkers,
    check: () => {
      expectEqual(memory, 0, plain, within(0));
      expectEqual(slave, 0, plain, within(upper));
      expectEqual(ddr3, 0, plain, within(dram));
      expect(timing.violations.map(violationText)).toEqual([]);
      expect(ddr3.bytesRead + ddr3.bytesWritten).toBeGreaterThan(0);
    },
  };
}

const seeds = fc.integer({ min: 0, max: 2 ** 30 });
const rates = fc.constantFrom(1, 0.8, 0.4);

describe('reads and writes through width converters', () => {
  it('equal a plain memory from any width to any other, packed or not', () => {
    const width = fc.constantFrom(1, 2, 4, 8, 16);
    fc.assert(
      fc.property(seeds, width, width, fc.boolean(), rates, (seed, sLanes, mLanes, pack, rate) => {
        fc.pre(sLanes !== mLanes);
        finish(converterRig(seed, sLanes, mLanes, pack, rate));
      }),
      { numRuns: 120 },
    );
  });
});

describe('reads and writes of two masters through interconnect, converters, crossings and DDR3', () => {
  it('equal a plain memory, with back-pressure on every channel and a checker on every link', () => {
    fc.assert(
      fc.property(seeds, rates, (seed, rate) => finish(systemRig(seed, rate))),
      { numRuns: 60 },
    );
  });
});
