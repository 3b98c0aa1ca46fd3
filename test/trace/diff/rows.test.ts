import { describe, expect, it } from 'vitest';
import { diffWaves } from '../../../src/trace/diff/diff-waves.js';
import { Instants } from '../../../src/trace/diff/instants.js';
import { ClockRows } from '../../../src/trace/diff/rows.js';
import { type MemorySignal, memoryWaves } from '../../../src/trace/memory-waves.js';

/** Rises at 5, 15, 25, … */
const clock: MemorySignal = {
  path: 'clk',
  changes: Array.from({ length: 12 }, (_, i) => [i * 5, i % 2] as const),
};
const event = (path: string, ...times: number[]): MemorySignal => ({
  path,
  kind: 'event',
  changes: times.map((time) => [time, ''] as const),
});

interface Row {
  readonly time: number;
  readonly cycle: number;
  readonly changed: (number | string | null)[][];
}

function rowsOf(signals: MemorySignal[], gates: readonly number[] = []): Row[] {
  const waves = memoryWaves({ signals });
  const slots = signals.map((_, place) => [place]);
  const instants = new Instants(waves, slots, waves.begin, waves.end);
  const rows = new ClockRows({ instants, scale: 1, clock: 0, from: waves.begin, inclusive: true, gates });
  const found: Row[] = [];
  while (rows.next()) {
    const changed = rows.changed.filter((slot) => slot > 0).map((slot) => [slot, rows.values[slot]!]);
    found.push({ time: rows.time, cycle: rows.cycle, changed });
  }
  return found;
}

describe('points by clock', () => {
  it('have the values from before the edge, and what happens at an edge in the next', () => {
    const data: MemorySignal = {
      path: 'd',
      changes: [
        [0, 0],
        [14, 1],
        [15, 0],
        [15, 1],
        [25, 0],
        [26, 1],
        [27, 0],
      ],
    };
    expect(rowsOf([clock, data])).toEqual([
      { time: 5, cycle: 0, changed: [[1, '0']] },
      { time: 15, cycle: 1, changed: [[1, '1']] },
      { time: 25, cycle: 2, changed: [] },
      { time: 35, cycle: 3, changed: [[1, '0']] },
      { time: 45, cycle: 4, changed: [] },
      { time: 55, cycle: 5, changed: [] },
    ]);
  });

  it('count events since the edge before, those at an edge in the next', () => {
    // Two before the first edge, one at it and one more; none; one at the edge at 25.
    const rows = rowsOf([clock, event('e', 1, 2, 5, 7, 25)]);
    expect(rows.map(({ changed }) => changed)).toEqual([[[1, 2]], [[1, 2]], [], [[1, 1]], [], []]);
  });

  it('count events since the transfer before where edges are gated', () => {
    const valid: MemorySignal = {
      path: 'v',
      changes: [
        [0, 0],
        [12, 1],
        [16, 0],
        [42, 1],
      ],
    };
    const rows = rowsOf([clock, valid, event('e', 1, 7, 15, 20, 30, 46)], [1]);
    expect(rows).toEqual([
      {
        time: 15,
        cycle: 1,
        changed: [
          [1, '1'],
          [2, 2],
        ],
      },
      { time: 45, cycle: 4, changed: [[2, 3]] },
      { time: 55, cycle: 5, changed: [[2, 1]] },
    ]);
  });

  it('take no glitch within one time for an edge', () => {
    const glitch: MemorySignal = {
      path: 'clk',
      changes: [
        [0, 0],
        [3, 1],
        [3, 0],
        [5, 1],
        [8, 1],
      ],
    };
    expect(rowsOf([glitch]).map(({ time }) => time)).toEqual([5]);
  });

  it('begin with an edge where the clock is 1 from the beginning, at which nothing is compared', () => {
    const high: MemorySignal = {
      path: 'clk',
      changes: [
        [0, 1],
        [5, 0],
        [10, 1],
        [15, 0],
        [20, 1],
      ],
    };
    const low: MemorySignal = {
      path: 'clk',
      changes: [
        [0, 0],
        [1, 1],
        [5, 0],
        [10, 1],
        [15, 0],
        [20, 1],
      ],
    };
    const d = (value: number): MemorySignal => ({
      path: 'd',
      width: 2,
      changes: [
        [0, 0],
        [3, value],
      ],
    });
    const a = memoryWaves({ signals: [high, d(1)] });
    const options = { align: { by: 'clock', clock: 'clk' } } as const;
    expect(diffWaves(a, memoryWaves({ signals: [low, d(1)] }), options)).toMatchObject({
      same: true,
      points: 2,
    });
    expect(diffWaves(a, memoryWaves({ signals: [low, d(2)] }), options).first).toMatchObject({
      at: 1,
      cycle: 1,
    });
  });
});

describe('counts of an event that one run lacks', () => {
  it('are those of the cycles, or times, in which it does', () => {
    const a = memoryWaves({ signals: [clock, event('e', 7, 8, 27, 37)] });
    const b = memoryWaves({ signals: [clock, event('e', 7, 37, 47)], end: a.end });
    const [byClock, byTime] = [diffWaves(a, b, { align: { by: 'clock', clock: 'clk' } }), diffWaves(a, b)];
    expect(byClock.signals[1]).toMatchObject({ differences: 3, compared: 6, first: { at: 1, a: 2, b: 1 } });
    expect(byTime.signals[1]).toMatchObject({ differences: 3, compared: 5, first: { at: 8, a: 1, b: 0 } });
  });
});

describe('context', () => {
  it('has N points on each side where there are so many', () => {
    const row = (wrong: number): MemorySignal => ({
      path: 'd',
      width: 6,
      changes: Array.from({ length: 30 }, (_, t) => [t, t === wrong ? 63 : t] as const),
    });
    const around = (wrong: number): number[] => {
      const found = diffWaves(memoryWaves({ signals: [row(-1)] }), memoryWaves({ signals: [row(wrong)] }), {
        context: 3,
      });
      expect(found.context!.columns[found.context!.mark]!.at).toBe(wrong);
      return found.context!.columns.map(({ at }) => at);
    };
    expect(around(12)).toEqual([9, 10, 11, 12, 13, 14, 15]);
    expect(around(1)).toEqual([0, 1, 2, 3, 4]);
    expect(around(28)).toEqual([25, 26, 27, 28, 29]);
  });
});

describe('sequences', () => {
  const bus = (path: string, ...changes: (readonly [number, number | string])[]): MemorySignal => ({
    path,
    width: 4,
    changes,
  });
  const compare = (
    a: MemorySignal,
    b: MemorySignal,
    most: number | null,
    end = 100,
    x: 'any' | 'difference' = 'difference',
  ) =>
    diffWaves(memoryWaves({ signals: [a], end }), memoryWaves({ signals: [b], end }), {
      x,
      mode: most === null ? { kind: 'order' } : { kind: 'skew', most: most * 1000 },
    });

  it('tell what is missing, too many or another, and go on behind it', () => {
    const a = bus('s', [0, 0], [10, 1], [20, 2], [30, 3], [40, 4]);
    const lacking = bus('s', [0, 0], [10, 1], [21, 3], [41, 4]);
    const other = bus('s', [0, 0], [10, 1], [20, 9], [30, 3], [40, 4]);
    for (const most of [null, 15]) {
      expect(compare(a, lacking, most).signals[0]).toMatchObject({
        differences: 1,
        compared: 5,
        first: { what: 'missing', at: 20, timeB: null, a: '0010' },
      });
      expect(compare(lacking, a, most).signals[0]).toMatchObject({
        differences: 1,
        compared: 5,
        first: { what: 'missing', at: 20, timeA: null, b: '0010' },
      });
      expect(compare(a, other, most).signals[0]).toMatchObject({
        differences: 1,
        compared: 5,
        first: { what: 'value', at: 20, a: '0010', b: '1001' },
      });
    }
  });

  it('leave open what could come after the end', () => {
    const a = bus('s', [0, 0], [95, 1]);
    const b = bus('s', [0, 0]);
    expect(compare(a, b, 6)).toMatchObject({ same: true, signals: [{ undecided: 1, differences: 0 }] });
    expect(compare(a, b, 5)).toMatchObject({ same: false, signals: [{ undecided: 0, differences: 1 }] });
    expect(compare(a, b, null).same).toBe(false);
  });

  it('leave values with an x out where x matches anything', () => {
    const a = bus('s', [0, 'xxxx'], [5, 1], [8, '00x1'], [9, 1], [20, 2]);
    const b = bus('s', [0, 1], [22, 2]);
    expect(compare(a, b, null, 100, 'any').same).toBe(true);
    expect(compare(a, b, 5, 100, 'any').same).toBe(true);
    expect(compare(a, b, null).same).toBe(false);
  });

  it('give a signal up that is 65,536 values ahead, as different from its first one', () => {
    const many = bus(
      '',
      [0, 1],
      ...Array.from({ length: 70_000 }, (_, t) => [t + 1, (t % 8) + 8] as const),
    ).changes;
    const few = bus('', [0, 1], [80_000, 2], [80_001, 3]).changes;
    const of = (s: MemorySignal['changes'], t: MemorySignal['changes']): ReturnType<typeof memoryWaves> =>
      memoryWaves({
        signals: [
          { path: 's', width: 4, changes: s },
          { path: 't', width: 4, changes: t },
        ],
      });
    // While each run is ahead in one signal, neither can wait for the other.
    const found = diffWaves(of(many, few), of(few, many), { mode: { kind: 'order' } });
    expect(found.signals).toMatchObject([
      { differences: 70_002, compared: 70_003, first: { at: 1, a: '1000', b: '0001' } },
      { differences: 70_002, compared: 70_003, first: { at: 1, a: '0001', b: '1000' } },
    ]);
  });
});

describe('reals', () => {
  const real = (...values: number[]): ReturnType<typeof memoryWaves> =>
    memoryWaves({
      signals: [{ path: 'r', kind: 'real', changes: values.map((value, time) => [time, value] as const) }],
      end: 9,
    });

  it('are equal within the larger of both tolerances, both included', () => {
    const same = (a: number, b: number, tolerance: number, relative: number): boolean =>
      diffWaves(real(a), real(b), { tolerance, relative }).same;
    expect([same(1, 1.25, 0.25, 0), same(1, 1.25, 0.24, 0)]).toEqual([true, false]);
    // 0.25 is a fifth of the larger one, a fourth of the smaller.
    expect([same(1, 1.25, 0, 0.2), same(1.25, 1, 0, 0.2), same(1, 1.25, 0, 0.19)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([
      same(-0, 0, 0, 0),
      same(NaN, NaN, 0, 0),
      same(NaN, 1, 9, 9),
      same(Infinity, -Infinity, 9, 9),
    ]).toEqual([true, true, false, false]);
    expect(same(Infinity, Infinity, 0, 0)).toBe(true);
  });
});

describe('policies of single signals', () => {
  it('go to the last pattern that fits', () => {
    const of = (value: string): ReturnType<typeof memoryWaves> =>
      memoryWaves({ signals: [{ path: 't.a', changes: [[0, value]] }], end: 1 });
    const same = (...policies: ('any' | 'error')[]): boolean =>
      diffWaves(of('x'), of('1'), {
        xSignals: policies.map((policy, i) => ({ pattern: i === 0 ? 't.*' : '**', policy })),
      }).same;
    expect([same('any'), same('error', 'any'), same('any', 'error')]).toEqual([true, true, false]);
    // Unknown on either side.
    expect(diffWaves(of('1'), of('x'), { x: 'any' }).same).toBe(true);
  });
});

describe('lanes', () => {
  it('are told by number where a vector differs', async () => {
    const { divergenceText } = await import('../../../src/trace/diff/words.js');
    const vector = (value: string): ReturnType<typeof memoryWaves> =>
      memoryWaves({
        signals: [
          { path: 'v', width: 12, lanes: 3, type: { kind: 'uint', width: 4 }, changes: [[0, value]] },
        ],
      });
    const found = diffWaves(vector('000100100011'), vector('111100100111'));
    expect(divergenceText(found, found.first!)).toBe('v at 0 ns: A [3 2 1], B [7 2 15]; lanes 0, 2');
  });
});
