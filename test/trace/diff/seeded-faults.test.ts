import { describe, expect, it } from 'vitest';
import { diffWaves } from '../../../src/trace/diff/diff-waves.js';
import type { Alignment, DiffOptions } from '../../../src/trace/diff/options.js';
import { beats, binary, type Cycles, type Laid, seededRun, SHAPES, wavesOfRun } from './seeded-run.js';

/** What must be found: the signal, and the cycle, transfer or time (ns) of the first divergence. */
interface Fault {
  readonly name: string;
  readonly break: (run: Cycles) => void;
  readonly layout?: Laid;
  readonly options?: DiffOptions;
  readonly signal: string;
  readonly at: number;
}

const BY_CLOCK: Alignment = { by: 'clock', clock: 'dut.clk' };
const BY_BEAT: Alignment = {
  by: 'handshake',
  clock: 'dut.clk',
  valid: 'dut.valid',
  ready: 'dut.ready',
  payload: ['dut.data'],
};
const run = seededRun();
const BEATS = beats(run);
/** The edge before that of cycle c: where its values begin to stand, ns. */
const startOf = (c: number): number => 10 * c - 5;

/** Another value of a signal in one cycle. */
function change(path: string, cycle: number): (run: Cycles) => void {
  return (broken) => {
    const value = broken[path]![cycle]!;
    const { kind } = SHAPES[path]!;
    if (kind === 'real') broken[path]![cycle] = Number(value) + 0.125;
    else broken[path]![cycle] = `${String(value).slice(0, -1)}${String(value).endsWith('1') ? '0' : '1'}`;
  };
}

const value = (path: string, cycle: number): Fault[] => [
  {
    name: `another value of ${path} in cycle ${cycle}, by clock`,
    break: change(path, cycle),
    options: { align: BY_CLOCK },
    signal: path,
    at: cycle,
  },
  {
    name: `another value of ${path} in cycle ${cycle}, by time`,
    break: change(path, cycle),
    signal: path,
    at: startOf(cycle),
  },
];

/** Everything from a cycle on some cycles later. */
function delay(path: string, cycle: number, by = 1): (run: Cycles) => void {
  return (broken) => {
    const values = broken[path]!;
    broken[path] = values.map((now, c) =>
      c < cycle ? now : c < cycle + by ? values[cycle - 1]! : values[c - by]!,
    );
  };
}

/** Removes a beat: those behind it take the place of the one before. */
function drop(beat: number): (run: Cycles) => void {
  return (broken) => {
    const data = BEATS.map((c) => broken['dut.data']![c]!);
    data.splice(beat, 1);
    BEATS.forEach((c, i) => {
      if (i < data.length) broken['dut.data']![c] = data[i]!;
      else broken['dut.valid']![c] = '0';
    });
  };
}

function swap(beat: number): (run: Cycles) => void {
  return (broken) => {
    const [one, other] = [BEATS[beat]!, BEATS[beat + 1]!];
    const data = broken['dut.data']!;
    [data[one], data[other]] = [data[other]!, data[one]!];
  };
}

function set(path: string, cycle: number, to: string | null): (run: Cycles) => void {
  return (broken) => {
    broken[path]![cycle] = to;
  };
}

/** Two states change places. */
function swapStates(cycle: number): (run: Cycles) => void {
  return (broken) => {
    for (let i = 0; i < 3; i++) {
      const state = broken['dut.state']!;
      [state[cycle + i], state[cycle + 3 + i]] = [state[cycle + 3 + i]!, state[cycle + i]!];
    }
  };
}

const byClock = { align: BY_CLOCK };
const unknownData = `${binary(5, 4)}xxxx`;

const faults: readonly Fault[] = [
  ...value('dut.data', 1),
  ...value('dut.data', 60),
  ...value('dut.addr', 119),
  ...value('dut.state', 37),
  ...value('dut.flag', 88),
  ...value('dut.level', 21),

  {
    name: 'flag a cycle late from cycle 48 on',
    break: delay('dut.flag', 48),
    options: byClock,
    signal: 'dut.flag',
    at: 48,
  },
  {
    name: 'valid a cycle late from cycle 16 on',
    break: delay('dut.valid', 16),
    options: byClock,
    signal: 'dut.valid',
    at: 16,
  },
  {
    name: 'state a cycle late from cycle 90 on, by time',
    break: delay('dut.state', 90),
    signal: 'dut.state',
    at: startOf(90),
  },
  {
    name: 'address a cycle late, no skew allowed',
    break: delay('dut.addr', 70),
    options: { align: BY_CLOCK, mode: { kind: 'skew', most: 0 } },
    signal: 'dut.addr',
    at: 70,
  },
  {
    name: 'state three cycles late, two allowed',
    break: delay('dut.state', 30, 3),
    options: { align: BY_CLOCK, mode: { kind: 'skew', most: 2 } },
    signal: 'dut.state',
    at: 30,
  },
  {
    name: 'state 30 ns late, 20 allowed',
    break: delay('dut.state', 30, 3),
    options: { mode: { kind: 'skew', most: 20e6 } },
    signal: 'dut.state',
    at: startOf(30),
  },

  { name: 'the first beat dropped', break: drop(0), options: { align: BY_BEAT }, signal: 'dut.data', at: 0 },
  { name: 'beat 17 dropped', break: drop(17), options: { align: BY_BEAT }, signal: 'dut.data', at: 17 },
  {
    name: 'the last beat dropped',
    break: drop(BEATS.length - 1),
    options: { align: BY_BEAT },
    signal: 'dut.valid',
    at: BEATS.length - 1,
  },
  {
    name: 'a state dropped, in order',
    break: (r) => [51, 52, 53].forEach((c) => (r['dut.state']![c] = r['dut.state']![50]!)),
    options: { align: BY_CLOCK, mode: { kind: 'order' } },
    signal: 'dut.state',
    at: 51,
  },
  {
    name: 'a pulse dropped, a little skew allowed',
    break: (r) => [60, 61].forEach((c) => (r['dut.flag']![c] = '0')),
    options: { align: BY_CLOCK, mode: { kind: 'skew', most: 2 } },
    signal: 'dut.flag',
    at: 60,
  },
  {
    name: 'a beat a cycle late, none allowed',
    break: (r) => {
      r['dut.ready']![28] = '0';
      r['dut.ready']![29] = '1';
      r['dut.data']![29] = r['dut.data']![28]!;
    },
    options: { align: BY_BEAT, mode: { kind: 'skew', most: 0 } },
    signal: 'dut.valid',
    at: BEATS.indexOf(28),
  },

  { name: 'beats 5 and 6 swapped', break: swap(5), options: { align: BY_BEAT }, signal: 'dut.data', at: 5 },
  {
    name: 'the last two beats swapped',
    break: swap(BEATS.length - 2),
    options: { align: BY_BEAT },
    signal: 'dut.data',
    at: BEATS.length - 2,
  },
  {
    name: 'two states swapped, in order',
    break: swapStates(60),
    options: { align: BY_CLOCK, mode: { kind: 'order' } },
    signal: 'dut.state',
    at: 60,
  },
  {
    name: 'two states swapped, two cycles of skew allowed',
    break: swapStates(60),
    options: { align: BY_CLOCK, mode: { kind: 'skew', most: 2 } },
    signal: 'dut.state',
    at: 60,
  },

  {
    name: 'x in data',
    break: set('dut.data', 44, unknownData),
    options: byClock,
    signal: 'dut.data',
    at: 44,
  },
  { name: 'x in flag, by time', break: set('dut.flag', 100, 'x'), signal: 'dut.flag', at: startOf(100) },
  {
    name: 'x in both, which is an error',
    break: set('dut.addr', 33, 'x'.repeat(16)),
    options: { align: BY_CLOCK, x: 'any', xSignals: [{ pattern: 'dut.addr', policy: 'error' }] },
    signal: 'dut.addr',
    at: 33,
  },
  {
    name: 'z instead of x',
    break: set('dut.flag', 12, 'z'),
    options: { align: BY_CLOCK, x: 'any' },
    signal: 'dut.flag',
    at: 12,
  },

  {
    name: 'another value in a file of femtoseconds',
    break: change('dut.data', 71),
    layout: { unitFs: 1, nanosecond: 1e6 },
    signal: 'dut.data',
    at: 1e6 * startOf(71),
  },
  {
    name: 'another value in a file of 100 ps, by clock',
    break: change('dut.state', 71),
    layout: { unitFs: 1e5, nanosecond: 10 },
    options: byClock,
    signal: 'dut.state',
    at: 71,
  },
  {
    name: 'the right numbers in the wrong time unit',
    break: () => {},
    layout: { unitFs: 2e6 },
    signal: 'dut.clk',
    at: 5,
  },

  {
    name: 'an event missing',
    break: set('dut.tick', 61, null),
    options: byClock,
    signal: 'dut.tick',
    at: 61,
  },
  { name: 'an event too many, by time', break: set('dut.tick', 80, ''), signal: 'dut.tick', at: startOf(80) },
  {
    name: 'a level off by more than its tolerance',
    break: change('dut.level', 90),
    options: { align: BY_CLOCK, tolerance: 0.1 },
    signal: 'dut.level',
    at: 90,
  },
  {
    name: 'another value in a bus in bits',
    break: change('dut.addr', 15),
    layout: { split: ['dut.addr', 'dut.state'] },
    options: byClock,
    signal: 'dut.addr',
    at: 15,
  },
  {
    name: 'another value behind the reset',
    break: (r) => [2, 9].forEach((c) => change('dut.data', c)(r)),
    options: { reset: { path: 'dut.rst', level: '1' } },
    signal: 'dut.data',
    at: startOf(9),
  },
];

const missing = ['dut.valid', 'dut.level', 'dut.tick'];

describe('diffWaves, 40 seeded faults', () => {
  it('has 40 of them', () => {
    expect(faults.length + missing.length).toBeGreaterThanOrEqual(40);
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });

  it.each(faults)('finds $name', ({ break: seed, layout = {}, options = {}, signal, at, name }) => {
    const broken = seededRun();
    seed(broken);
    const whole = seededRun();
    // An x on both sides is what only the policy makes a difference of.
    if (name.startsWith('x in both')) seed(whole);
    const found = diffWaves(wavesOfRun(whole), wavesOfRun(broken, layout), options);
    expect(found.same).toBe(false);
    expect({ signal: found.first?.pair.name, at: found.first?.at }).toEqual({ signal, at });
    expect(found.context?.columns[found.context.mark]?.at).toBe(at);
  });

  it.each(missing)('finds that %s is missing', (path) => {
    const found = diffWaves(wavesOfRun(run), wavesOfRun(run, { without: [path] }), { align: BY_CLOCK });
    expect(found).toMatchObject({ same: false, first: null, onlyA: [{ path, counts: true }], onlyB: [] });
  });

  it.each([
    ['in the same file', {}, {}],
    ['in another time unit', { unitFs: 1, nanosecond: 1e6 }, {}],
    ['with a bus in bits', { split: ['dut.addr', 'dut.data'] }, {}],
    ['by clock', { unitFs: 1e5, nanosecond: 10 }, { align: BY_CLOCK }],
    ['by beat', {}, { align: BY_BEAT }],
    ['with skew', {}, { align: BY_CLOCK, mode: { kind: 'skew', most: 3 } }],
    ['in order', {}, { mode: { kind: 'order' } }],
    ['with transfers as late', {}, { align: BY_BEAT, mode: { kind: 'skew', most: 0 } }],
  ] as const)('finds nothing in a run that is the same %s', (_, layout, options) => {
    expect(diffWaves(wavesOfRun(run), wavesOfRun(run, layout), options)).toMatchObject({
      same: true,
      first: null,
    });
  });

  it('finds nothing where a fault is what was allowed', () => {
    const late = seededRun();
    delay('dut.state', 30, 2)(late);
    const unknown = seededRun();
    set('dut.data', 44, unknownData)(unknown);
    unknown['dut.data']![44] = `xx${run['dut.data']![44]!.toString().slice(2)}`;
    const rough = seededRun();
    change('dut.level', 90)(rough);
    const wavesA = wavesOfRun(run);
    const inState = { signals: ['dut.state'] };
    expect(
      diffWaves(wavesA, wavesOfRun(late), { ...inState, align: BY_CLOCK, mode: { kind: 'skew', most: 2 } })
        .same,
    ).toBe(true);
    expect(diffWaves(wavesA, wavesOfRun(unknown), { x: 'any' }).same).toBe(true);
    expect(diffWaves(wavesA, wavesOfRun(rough), { tolerance: 0.125 }).same).toBe(true);
    expect(diffWaves(wavesA, wavesOfRun(rough), { relative: 0.02 }).same).toBe(true);
    expect(diffWaves(wavesA, wavesOfRun(run, { without: ['dut.tick'] }), { common: true }).same).toBe(true);
  });
});
