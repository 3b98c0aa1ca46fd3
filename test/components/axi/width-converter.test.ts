import { describe, expect, it } from 'vitest';
import {
  AxiWidthConverter,
  type AxiWidthConverterSpec,
} from '../../../src/components/axi/width-converter.js';
import { ConfigError, Simulator } from '../../../src/kernel/index.js';
import type { Item } from '../memory-bench.js';
import { unchecked } from '../../axi-checkers.js';
import { burst, masterAt, slaveAt, words } from './bench.js';

function rig(sLanes: number, mLanes: number, spec: Partial<AxiWidthConverterSpec> = {}) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 200_000_000);
  const converter = new AxiWidthConverter(sim, 'width', { clock, sLanes, mLanes, ...spec });
  const master = masterAt(sim, 'master', converter.s);
  const slave = slaveAt(sim, 'slave', converter.m);
  const run = (cycles = 40): void => void sim.step(undefined, cycles);
  return { sim, converter, master, slave, run };
}

const write = (data: number[], strb: number, last: number): Item => ({ data, strb, last });
const read = (data: number[], last: number, resp = 0, id = 0): Item => ({ id, data, resp, last });
/** What the slave saw of its addresses, in short. */
const shown = (seen: readonly { cycle: number; item: Item }[]): unknown[] =>
  seen.map(({ cycle, item: { id, addr, len, size, burst: kind } }) => [
    cycle,
    id,
    addr,
    Number(len) + 1,
    size,
    kind,
  ]);

describe('AxiWidthConverter from 64 to 256 bit', () => {
  it('packs an INCR burst into full beats, valid two cycles after AW and after the last data of each', () => {
    const { master, slave, run } = rig(4, 16);
    master.aw.push(burst(0x113, 6, 9));
    for (let i = 0; i < 6; i++)
      master.w.push(write(words(4, 10 * i), i === 0 ? 0xf8 : 0xff, i === 5 ? 1 : 0));
    run();
    expect(shown(slave.aw)).toEqual([[3, 0, 0x113, 2, 5, 1]]);
    // Six narrow beats from 0x110 on: two in the first wide beat, four in the second. Data wait for the burst: from cycle 3 on.
    expect(slave.w).toEqual([
      {
        cycle: 5,
        item: write([...new Array<number>(8).fill(0), ...words(4, 0), ...words(4, 10)], 0xfff8_0000, 0),
      },
      {
        cycle: 9,
        item: write(
          [20, 30, 40, 50].flatMap((from) => words(4, from)),
          0xffff_ffff,
          1,
        ),
      },
    ]);
    slave.b.push({ id: 0, resp: 2 });
    run(10);
    expect(master.b).toEqual([{ cycle: 43, item: { id: 9, resp: 2 } }]);
  });

  it('takes read data apart, a narrow beat a cycle, with the response of the wide one', () => {
    const { master, slave, run } = unchecked(rig(4, 16));
    master.ar.push(burst(0x18, 3, 7));
    slave.r.push(read(words(16, 0), 0), read(words(16, 100), 1, 2));
    run();
    expect(shown(slave.ar)).toEqual([[3, 0, 0x18, 2, 5, 1]]);
    expect(master.r).toEqual([
      { cycle: 4, item: read(words(4, 12), 0, 0, 7) },
      { cycle: 5, item: read(words(4, 100), 0, 2, 7) },
      { cycle: 6, item: read(words(4, 104), 1, 2, 7) },
    ]);
  });

  it('keeps the beats of WRAP, FIXED, narrow and single bursts, each on its lanes of the wide bus', () => {
    const { master, slave, run } = rig(4, 16);
    master.aw.push(burst(0x38, 2, 1, 3, 2), burst(0x0b, 2, 2, 3, 0), burst(0x0a, 2, 3, 1), burst(0x10, 1, 4));
    const beats = [0xff, 0xff, 0xf8, 0xf8, 0x0c, 0x30, 0xff];
    beats.forEach((strb, i) =>
      master.w.push(write(words(4, 10 * i), strb, [1, 3, 5, 6].includes(i) ? 1 : 0)),
    );
    run();
    expect(shown(slave.aw)).toEqual([
      [3, 0, 0x38, 2, 3, 2],
      [4, 0, 0x0b, 2, 3, 0],
      [5, 0, 0x0a, 2, 1, 1],
      [6, 0, 0x10, 1, 3, 1],
    ]);
    const at = (lane: number, from: number): number[] =>
      Array.from({ length: 16 }, (_, i) => (i >= lane && i < lane + 4 ? from + i - lane : 0));
    expect(slave.w.map((s) => s.item)).toEqual([
      write(at(12, 0), 0xff00_0000, 0),
      write(at(8, 10), 0x00ff_0000, 1),
      write(at(4, 20), 0xf800, 0),
      write(at(4, 30), 0xf800, 1),
      write(at(4, 40), 0x0c00, 0),
      write(at(4, 50), 0x3000, 1),
      write(at(8, 60), 0x00ff_0000, 1),
    ]);
  });

  it('keeps all beats without packing', () => {
    const { master, slave, run } = rig(4, 16, { pack: false });
    master.ar.push(burst(0, 8, 1));
    run();
    expect(shown(slave.ar)).toEqual([[3, 0, 0, 8, 3, 1]]);
  });
});

describe('AxiWidthConverter from 256 to 64 bit', () => {
  it('splits wide beats into narrow ones, one a cycle, valid two cycles after AW and W', () => {
    const { master, slave, run } = rig(16, 4);
    master.aw.push(burst(0x113, 2, 9, 5));
    master.w.push(write(words(16, 0), 0xfff8_0000, 0), write(words(16, 100), 0xffff_ffff, 1));
    run();
    // From 0x110 to the end of its beat, and the whole next one.
    expect(shown(slave.aw)).toEqual([[3, 0, 0x113, 6, 3, 1]]);
    expect(slave.w).toEqual([
      { cycle: 4, item: write(words(4, 8), 0xf8, 0) },
      { cycle: 5, item: write(words(4, 12), 0xff, 0) },
      { cycle: 6, item: write(words(4, 100), 0xff, 0) },
      { cycle: 7, item: write(words(4, 104), 0xff, 0) },
      { cycle: 8, item: write(words(4, 108), 0xff, 0) },
      { cycle: 9, item: write(words(4, 112), 0xff, 1) },
    ]);
  });

  it('puts read data together and keeps the worst response', () => {
    const { master, slave, run } = unchecked(rig(16, 4));
    master.ar.push(burst(0x28, 2, 3, 5));
    for (let i = 0; i < 7; i++) slave.r.push(read(words(4, 10 * i), i === 6 ? 1 : 0, i === 1 ? 2 : 0));
    run();
    expect(shown(slave.ar)).toEqual([[3, 0, 0x28, 7, 3, 1]]);
    expect(master.r).toEqual([
      { cycle: 6, item: read([0, 0, 0, 0, ...words(4, 0), ...words(4, 10), ...words(4, 20)], 0, 2, 3) },
      {
        cycle: 10,
        item: read(
          [30, 40, 50, 60].flatMap((from) => words(4, from)),
          1,
          0,
          3,
        ),
      },
    ]);
  });

  it('cuts a burst of more than 256 narrow beats where a wide beat ends, and answers it once with the worst response', () => {
    const { master, slave, run } = unchecked(rig(16, 4));
    // 128 wide beats from 0x18 on: 1 + 127·4 narrow ones; the first part stops at a multiple of 32 bytes.
    master.aw.push(burst(0x18, 128, 3, 5), burst(0x1000, 1, 4, 5));
    run(10);
    expect(shown(slave.aw)).toEqual([
      [3, 0, 0x18, 253, 3, 1],
      [4, 0, 0x800, 256, 3, 1],
      [5, 0, 0x1000, 4, 3, 1],
    ]);
    slave.b.push({ id: 0, resp: 3 }, { id: 0, resp: 0 }, { id: 0, resp: 0 });
    run(10);
    // Valid at the slave in 11, 12 and 13.
    expect(master.b).toEqual([
      { cycle: 14, item: { id: 3, resp: 3 } },
      { cycle: 15, item: { id: 4, resp: 0 } },
    ]);
  });

  it('turns a WRAP into INCR bursts up to its top and from its bottom, one when it starts there', () => {
    const { master, slave, run } = unchecked(rig(16, 4));
    master.ar.push(burst(0x1c0, 4, 1, 5, 2), burst(0x180, 4, 2, 5, 2));
    for (let i = 0; i < 32; i++) slave.r.push(read(words(4, i), [7, 15, 31].includes(i) ? 1 : 0));
    run(60);
    expect(shown(slave.ar)).toEqual([
      [3, 0, 0x1c0, 8, 3, 1],
      [4, 0, 0x180, 8, 3, 1],
      [5, 0, 0x180, 16, 3, 1],
    ]);
    expect(master.r.map((s) => s.item.last)).toEqual([0, 0, 0, 1, 0, 0, 0, 1]);
    expect(master.r.map((s) => s.item.id)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('turns each beat of a FIXED burst into an INCR burst', () => {
    const { master, slave, run } = rig(16, 4);
    master.aw.push(burst(0x55, 3, 1, 5, 0));
    for (let i = 0; i < 3; i++) master.w.push(write(words(16, 100 * i), 0xffe0_0000, i === 2 ? 1 : 0));
    run();
    expect(shown(slave.aw)).toEqual([
      [3, 0, 0x55, 2, 3, 1],
      [4, 0, 0x55, 2, 3, 1],
      [5, 0, 0x55, 2, 3, 1],
    ]);
    expect(slave.w.map((s) => [s.item.strb, s.item.last])).toEqual([
      [0xe0, 0],
      [0xff, 1],
      [0xe0, 0],
      [0xff, 1],
      [0xe0, 0],
      [0xff, 1],
    ]);
  });

  it('keeps beats that fit', () => {
    const { master, slave, run } = rig(16, 4);
    master.aw.push(burst(0x1a, 4, 1, 1, 2));
    [0x0c00_0000, 0x3000_0000, 0xc000_0000, 0x0300_0000].forEach((strb, i) =>
      master.w.push(write(words(16, 0), strb, i === 3 ? 1 : 0)),
    );
    run();
    expect(shown(slave.aw)).toEqual([[3, 0, 0x1a, 4, 1, 2]]);
    expect(slave.w.map((s) => [s.item.strb, (s.item.data as number[])[0]])).toEqual([
      [0x0c, 12],
      [0x30, 12],
      [0xc0, 12],
      [0x03, 12],
    ]);
  });
});

describe('AxiWidthConverter', () => {
  it('has at most `outstanding` bursts under way', () => {
    const { master, slave, run } = rig(16, 4, { outstanding: 2 });
    for (let i = 0; i < 4; i++) master.ar.push(burst(32 * i, 1, i, 5));
    run();
    expect(slave.ar.length).toBe(2);
    for (let i = 0; i < 4; i++) slave.r.push(read(words(4, i), i === 3 ? 1 : 0));
    run();
    expect(slave.ar.length).toBe(3);
  });

  it('is as new after a reset in mid-run', () => {
    const { sim, converter, master, slave, run } = unchecked(rig(16, 4));
    master.ar.push(burst(0x1c0, 4, 1, 5, 2));
    master.aw.push(burst(0x1c0, 4, 1, 5, 2), burst(0, 4, 1, 5));
    master.w.push(write(words(16, 0), 0, 0));
    slave.r.push(read(words(4, 5), 0, 2));
    slave.b.push({ id: 0, resp: 3 });
    run(6);
    converter.rst.poke(1);
    run(3);
    converter.rst.poke(0);
    const before = [slave.ar.length, slave.aw.length, master.r.length, master.b.length, slave.w.length];
    run(20);
    expect([slave.ar.length, slave.aw.length, master.r.length, master.b.length, slave.w.length]).toEqual(
      before,
    );
    const now = sim.clocks[0]!.cycle;
    master.ar.push(burst(0, 1, 2, 5));
    master.aw.push(burst(0x40, 1, 6, 5));
    master.w.push(write(words(16, 50), 0xf00f_00ff, 1));
    slave.w.length = 0;
    for (let i = 0; i < 4; i++) slave.r.push(read(words(4, 10 * i), i === 3 ? 1 : 0));
    run(20);
    expect(shown(slave.aw).at(-1)).toEqual([now + 3, 0, 0x40, 4, 3, 1]);
    expect(slave.w.map((s) => [s.cycle - now, s.item.strb, s.item.last])).toEqual([
      [4, 0xff, 0],
      [5, 0, 0],
      [6, 0x0f, 0],
      [7, 0xf0, 1],
    ]);
    slave.b.push({ id: 0, resp: 0 });
    run(20);
    expect(master.b.at(-1)!.item).toEqual({ id: 6, resp: 0 });
    expect(shown(slave.ar).at(-1)).toEqual([now + 3, 0, 0, 4, 3, 1]);
    expect(master.r.at(-1)!.item).toEqual(
      read(
        [0, 10, 20, 30].flatMap((from) => words(4, from)),
        1,
        0,
        2,
      ),
    );
  });

  it('names what is wrong with its parameters', () => {
    const wrong = (sLanes: number, mLanes: number, spec: object, message: string): void => {
      expect(() => rig(sLanes, mLanes, spec)).toThrow(ConfigError);
      expect(() => rig(sLanes, mLanes, spec)).toThrow(message);
    };
    wrong(5, 4, {}, 'width: sLanes must be 1, 2, 4, 8 or 16 words of 2 bytes, got 5');
    wrong(4, 32, {}, 'width: mLanes must be 1, 2, 4, 8 or 16 words of 2 bytes, got 32');
    wrong(8, 8, {}, 'width: mLanes must be another width than the 8 words of sLanes, got 8');
    wrong(4, 8, { idBits: 0 }, 'width: idBits must be an integer from 1 to 16, got 0');
    wrong(4, 8, { outIdBits: 17 }, 'width: outIdBits must be an integer from 1 to 16, got 17');
    wrong(4, 8, { outstanding: 300 }, 'width: outstanding must be an integer from 1 to 256, got 300');
  });
});
