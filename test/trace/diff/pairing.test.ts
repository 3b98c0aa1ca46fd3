import { describe, expect, it } from 'vitest';
import { diffWaves, type WaveDiff } from '../../../src/trace/diff/diff-waves.js';
import type { DiffOptions } from '../../../src/trace/diff/options.js';
import { type MemorySignal, memoryWaves } from '../../../src/trace/memory-waves.js';
import type { WaveFile } from '../../../src/trace/waves.js';

const bit = (path: string, value: 0 | 1 = 0): MemorySignal => ({ path, changes: [[0, value]] });
const bus = (path: string, width: number, value: number): MemorySignal => ({
  path,
  width,
  changes: [[0, value]],
});
const file = (name: string, ...signals: MemorySignal[]): WaveFile =>
  memoryWaves({ name, signals, begin: 0, end: 10 });
const pairs = (found: WaveDiff): string[] => found.signals.map(({ pair }) => `${pair.pathA}=${pair.pathB}`);
const compare = (a: MemorySignal[], b: MemorySignal[], options: DiffOptions = {}): WaveDiff =>
  diffWaves(file('a.vcd', ...a), file('b.vcd', ...b), options);

describe('pairing of signals', () => {
  it('goes by path, in the order of A', () => {
    const found = compare([bit('t.b'), bit('t.a')], [bit('t.a'), bit('t.c'), bit('t.b')]);
    expect(pairs(found)).toEqual(['t.b=t.b', 't.a=t.a']);
    expect(found.onlyB).toEqual([{ path: 't.c', counts: true }]);
    expect(found.same).toBe(false);
  });

  it('goes by what is left without the prefixes', () => {
    const found = compare([bit('sim.dut.a')], [bit('tb.u.a'), bit('other')], {
      stripA: 'sim.dut.',
      stripB: 'tb.u.',
      common: true,
    });
    expect(pairs(found)).toEqual(['sim.dut.a=tb.u.a']);
    expect(found).toMatchObject({ same: true, onlyB: [{ path: 'other', counts: false }] });
  });

  it('names both paths when a prefix makes two signals one', () => {
    expect(() => compare([bit('x.a'), bit('a')], [bit('a')], { stripA: 'x.' })).toThrow(
      'a.vcd: --strip-a must be a prefix without which all paths differ ("x.a" and "a" do not), got "x."',
    );
  });

  it('goes by the map first, then by the renaming', () => {
    const found = compare(
      [bit('t.a'), bit('t.q_out'), bit('t.b')],
      [bit('t.z'), bit('t.a'), bit('t.q_o'), bit('t.b')],
      {
        map: { 't.a': 't.z' },
        rename: [{ pattern: /_out$/, to: '_o' }],
        common: true,
      },
    );
    expect(pairs(found)).toEqual(['t.a=t.z', 't.q_out=t.q_o', 't.b=t.b']);
    expect(found.onlyB.map(({ path }) => path)).toEqual(['t.a']);
  });

  it('names what a map names in vain, with what is like it', () => {
    expect(() => compare([bit('t.a')], [bit('t.a')], { map: { 't.b': 't.a' } })).toThrow(
      'a.vcd: --map t.b must be the path of a signal, got "t.b"; there are: t.a',
    );
    expect(() => compare([bit('t.a')], [bit('t.a')], { map: { 't.a': 't.q' } })).toThrow(
      'b.vcd: --map t.a must be the path of a signal, got "t.q"; there are: t.a',
    );
  });

  it.each([
    ['bits from the top down', ['d[3]', 'd[2]', 'd[1]', 'd[0]'], [1, 0, 1, 1]],
    ['bits from the bottom up', ['d[0]', 'd[1]', 'd[2]', 'd[3]'], [1, 1, 0, 1]],
  ] as const)('joins %s into the bus that the other has', (_, paths, values) => {
    const split = paths.map((path, i) => bit(`t.${path}`, values[i] as 0 | 1));
    for (const found of [compare(split, [bus('t.d', 4, 0b1011)]), compare([bus('t.d', 4, 0b1011)], split)]) {
      expect(found).toMatchObject({ same: true, onlyA: [], onlyB: [] });
      expect(pairs(found)).toEqual(['t.d=t.d']);
    }
    expect(compare(split, [bus('t.d', 4, 0b1010)]).first).toMatchObject({ a: '1011', b: '1010' });
  });

  it('joins slices, also with slices of other places, and takes [3:0] for the whole', () => {
    const slices = [bus('t.d[3:2]', 2, 0b10), bus('t.d[1:0]', 2, 0b11)];
    const others = [bit('t.d[0]', 1), bus('t.d[3:1]', 3, 0b101)];
    expect(compare(slices, others)).toMatchObject({ same: true, onlyA: [], onlyB: [] });
    expect(compare(slices, [bus('t.d[3:0]', 4, 0b1011)])).toMatchObject({ same: true, onlyA: [], onlyB: [] });
    expect(compare([bus('t.d[0:1]', 2, 0b10), bus('t.d[2:3]', 2, 0b11)], [bus('t.d', 4, 0b1011)]).same).toBe(
      true,
    );
  });

  it('joins no bus with a gap, and no bit that is there on both sides', () => {
    const gap = [bit('t.d[0]'), bit('t.d[2]')];
    expect(compare([...gap, bit('k')], [bus('t.d', 2, 0), bit('k')]).onlyB).toEqual([
      { path: 't.d', counts: true },
    ]);
    expect(pairs(compare(gap, gap))).toEqual(['t.d[0]=t.d[0]', 't.d[2]=t.d[2]']);
  });

  it('compares only what a pattern fits, and counts what one file lacks of it', () => {
    const a = [bit('t.x.a'), bit('t.x.b'), bit('t.y')];
    expect(pairs(compare(a, a, { signals: ['t.*'] }))).toEqual(['t.y=t.y']);
    expect(pairs(compare(a, a, { signals: ['t.x.*', '*.y'] }))).toEqual([
      't.x.a=t.x.a',
      't.x.b=t.x.b',
      't.y=t.y',
    ]);
    const lacking = compare(a, [bit('t.x.a'), bit('t.y')], { signals: ['t.x.**'] });
    expect(lacking).toMatchObject({ same: false, onlyA: [{ path: 't.x.b', counts: true }] });
    expect(compare(a, [bit('t.x.a')], { signals: ['t.x.*'], common: true }).same).toBe(true);
    // Asked for by its full name, it is missed whatever else is said.
    expect(compare(a, [bit('t.x.a')], { signals: ['t.x.*', 't.y'], common: true })).toMatchObject({
      same: false,
      onlyA: [
        { path: 't.x.b', counts: false },
        { path: 't.y', counts: true },
      ],
    });
  });

  it('names a pattern that fits nothing, and files with nothing in common', () => {
    expect(() => compare([bit('t.a')], [bit('t.a')], { signals: ['t.b'] })).toThrow(
      'a.vcd: --signals must be the path of a signal, got "t.b"; there are: t.a',
    );
    expect(() => compare([bit('t.a')], [bit('t.b')])).toThrow(
      'diff: signals must be signals that both a.vcd and b.vcd have, got "none in common"',
    );
  });

  it('tells of signals of one name and other shape', () => {
    const found = compare(
      [bus('t.a', 4, 0), bit('t.b')],
      [bus('t.a', 5, 0), { ...bit('t.b'), kind: 'real' }],
    );
    expect(found).toMatchObject({
      same: false,
      misfits: [
        { name: 't.a', a: '4 bits', b: '5 bits' },
        { name: 't.b', a: '1 bit', b: 'real' },
      ],
    });
  });

  it('names a control signal that is not there, has no partner, or is no bit', () => {
    const a = [bit('t.clk'), bit('t.a'), bus('t.d', 4, 0)];
    const by = (clock: string): DiffOptions => ({ align: { by: 'clock', clock } });
    expect(() => compare(a, a, by('t.clock'))).toThrow(
      'a.vcd: --clock must be the path of a signal, got "t.clock"; there are: t.clk, t.a, t.d',
    );
    expect(() => compare(a, a.slice(1), by('t.clk'))).toThrow(
      'b.vcd: --clock must be the path of a signal, got "t.clk"',
    );
    expect(() => compare(a, a, by('t.d'))).toThrow(
      'a.vcd: --clock must be the path of one bit, got "t.d (4 bits)"',
    );
    expect(() => compare(a, a, by('t.clk'))).toThrow(
      'a.vcd: --clock must be a signal with rising edges in what is compared, got "t.clk"',
    );
  });
});

describe('the span that is compared', () => {
  const clocked = (changes: MemorySignal['changes'], others: MemorySignal[] = []): MemorySignal[] => [
    { path: 'a', changes },
    ...others,
  ];
  const differ = clocked([
    [0, 0],
    [4, 1],
    [8, 0],
  ]);
  const same = clocked([[0, 0]]);

  it('ends where the first file does; what the other goes on with is a difference only if something changes', () => {
    const short = (end: number): WaveFile => memoryWaves({ name: 'b', signals: same, end });
    expect(diffWaves(file('a', ...differ), short(3))).toMatchObject({
      same: false,
      first: { what: 'missing', at: 4, a: '1', b: '0' },
      tail: { longer: 'a', points: 2, changes: 2 },
    });
    expect(diffWaves(file('a', ...same), short(3))).toMatchObject({ same: true, tail: null });
  });

  it('is cut by from and to', () => {
    const cut = (from?: number, to?: number): boolean =>
      compare(differ, same, {
        ...(from === undefined ? {} : { from: BigInt(from) * 1000n }),
        ...(to === undefined ? {} : { to: BigInt(to) * 1000n }),
      }).same;
    expect([cut(0, 3), cut(0, 4), cut(4), cut(7), cut(8)]).toEqual([true, false, false, false, true]);
    expect(() => cut(11)).toThrow('a.vcd: --from must be in its time, from 0 ns to 10 ps, got "11 ps"');
    expect(() => cut(5, 4)).toThrow(
      'a.vcd: --to must be behind the beginning, from 0 ns to 10 ps, got "4 ps"',
    );
  });

  it('begins where the reset first leaves its level, in each file its own when aligned by clock', () => {
    const run = (late: number, data: number): MemorySignal[] => [
      { path: 'clk', changes: Array.from({ length: 12 }, (_, i) => [i, i % 2 === 0 ? 0 : 1] as const) },
      {
        path: 'rst',
        changes: [
          [0, 'x'],
          [1, 1],
          [late, 0],
        ],
      },
      {
        path: 'd',
        width: 4,
        changes: [
          [0, data],
          [late + 2, 5],
          [late + 4, 6],
        ],
      },
    ];
    const options: DiffOptions = {
      align: { by: 'clock', clock: 'clk' },
      signals: ['d'],
      reset: { path: 'rst', level: '1' },
    };
    // The second leaves reset a cycle later and had another value before: what follows is the same.
    expect(compare(run(2, 5), run(4, 5), { ...options, mode: { kind: 'order' } }).same).toBe(true);
    const found = compare(run(2, 5), run(4, 9), options);
    expect(found.first).toMatchObject({ at: 0, timeA: 3, timeB: 5, a: '0101', b: '1001' });
    expect(() => compare(run(2, 5), run(2, 5), { ...options, reset: { path: 'rst', level: '0' } })).toThrow(
      'a.vcd: --skip-reset must be a signal that is 0 and then not, got "rst"',
    );
  });
});
