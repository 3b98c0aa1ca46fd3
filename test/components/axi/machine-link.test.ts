import { describe, expect, it } from 'vitest';
import { checkAxiLinks } from '../../../src/components/axi/check-links.js';
import { AxiClockCrossing } from '../../../src/components/axi/clock-crossing.js';
import { AxiInterconnect } from '../../../src/components/axi/interconnect.js';
import { connectAxi } from '../../../src/components/axi/link.js';
import { AxiRegisterSlice } from '../../../src/components/axi/register-slice.js';
import { AxiWidthConverter } from '../../../src/components/axi/width-converter.js';
import { AxiMemory } from '../../../src/components/ddr3/axi-memory.js';
import { ReadDma } from '../../../src/components/read-dma.js';
import { WriteDma } from '../../../src/components/write-dma.js';
import { connect, restoreSnapshot, Simulator, takeSnapshot } from '../../../src/kernel/index.js';

/**
 * Two READ engines and a WRITE engine in the array clock, an interconnect, a converter to 128 bit, a crossing to 200 MHz
 * and a memory: the machine's link with everything on it.
 */
function build() {
  const sim = new Simulator({ checkWidths: true });
  const array = sim.clock('array', 166_000_000);
  const axi = sim.clock('axi', 200_000_000);
  const readA = new ReadDma(sim, 'read_a', { clock: array });
  const readB = new ReadDma(sim, 'read_b', { clock: array });
  const write = new WriteDma(sim, 'write', { clock: array, n: 16 });
  const fabric = new AxiInterconnect(sim, 'fabric', {
    clock: array,
    masters: 2,
    slaves: [[{ base: 0, bytes: 2 ** 33 }]],
  });
  const slice = new AxiRegisterSlice(sim, 'slice', { clock: array, idBits: 5 });
  const converter = new AxiWidthConverter(sim, 'width', {
    clock: array,
    sLanes: 16,
    mLanes: 8,
    idBits: 5,
    outIdBits: 4,
  });
  const crossing = new AxiClockCrossing(sim, 'crossing', { sClock: array, mClock: axi, lanes: 8 });
  const memory = new AxiMemory(sim, 'memory', { clock: axi, lanes: 8, latencyCycles: 12 });
  const [port, other] = [fabric.s[0]!, fabric.s[1]!];
  connect(readA.ar, port.ar);
  connect(port.r, readA.r);
  connect(write.aw, port.aw);
  connect(write.w, port.w);
  connect(port.b, write.b);
  connect(readB.ar, other.ar);
  connect(other.r, readB.r);
  connectAxi(fabric.m[0]!, slice.s);
  connectAxi(slice.m, converter.s);
  connectAxi(converter.m, crossing.s);
  connectAxi(crossing.m, memory);
  const checkers = checkAxiLinks(sim);
  const got: { a: number[]; b: number[] } = { a: [], b: [] };
  for (const [list, engine] of [
    [got.a, readA],
    [got.b, readB],
  ] as const)
    engine.out.subscribe(({ payload }) => {
      const { first, count, data } = payload;
      list.push(...data.subarray(first, first + count));
    });
  return { sim, array, readA, readB, write, memory, checkers, got };
}

type Design = ReturnType<typeof build>;

const WORDS = 700;
const BASE_B = 2 ** 32 + 10;

function start({ sim, array, readA, readB, write, memory }: Design): void {
  memory.load(
    6,
    Int16Array.from({ length: WORDS }, (_, i) => i),
  );
  memory.load(
    BASE_B,
    Int16Array.from({ length: WORDS }, (_, i) => -i),
  );
  sim.start();
  for (const [engine, addr] of [
    [readA, 6],
    [readB, BASE_B],
  ] as const) {
    engine.out.ready.poke(1);
    engine.cmd.payload.addr.poke(addr);
    engine.cmd.payload.words.poke(WORDS);
    engine.cmd.valid.poke(1);
  }
  write.cfgBase.poke(2 ** 20);
  write.cfgPlaneWords.poke(64);
  sim.step(array);
  readA.cmd.valid.poke(0);
  readB.cmd.valid.poke(0);
}

describe('the engines of the machine behind interconnect, converter and crossing', () => {
  it('read what the memory holds, with nothing for the checkers to say', () => {
    const design = build();
    start(design);
    const { sim, got, memory, checkers } = design;
    sim.run({ until: () => got.a.length === WORDS && got.b.length === WORDS, maxCycles: 5000 });
    expect(got.a).toEqual(Array.from({ length: WORDS }, (_, i) => i));
    expect(got.b).toEqual(Array.from({ length: WORDS }, (_, i) => (i === 0 ? 0 : -i)));
    expect(memory.bytesRead).toBeGreaterThanOrEqual(4 * WORDS);
    // The links of read_a, write, read_b, fabric, slice, width and crossing.
    expect(checkers.map((c) => c.path)).toEqual([
      'axi_check_read_a_ar',
      'axi_check_read_b_ar',
      'axi_check_write_aw',
      'axi_check_fabric_m_ar_0',
      'axi_check_slice_m_ar',
      'axi_check_width_m_ar',
      'axi_check_crossing_m_ar',
    ]);
    for (const checker of checkers) {
      checker.finish();
      expect(checker.violations).toEqual([]);
    }
  });

  it('go on to the same end, in the same cycles, from a snapshot in mid-run', () => {
    const trace = ({ sim, array, got, memory, checkers }: Design): unknown[] => {
      const cycles: unknown[] = [];
      for (let i = 0; i < 40; i++) {
        sim.step(array, 10);
        cycles.push([got.a.length, got.b.length, memory.beats, checkers.map((c) => c.outstanding)]);
      }
      return [...cycles, got.a, got.b];
    };
    const design = build();
    start(design);
    design.sim.step(design.array, 70);
    const saved = takeSnapshot(design.sim);
    design.got.a.length = design.got.b.length = 0;
    const straight = structuredClone(trace(design));
    const again = build();
    restoreSnapshot(again.sim, saved);
    expect(trace(again)).toEqual(straight);
    expect(again.got.a.length).toBeGreaterThan(300);
  });
});
