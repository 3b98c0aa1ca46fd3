import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { TransactionRecord } from '../../../src/kernel/index.js';
import { writeMwtCopy } from '../../../src/trace/export/mwt-copy.js';
import type { MwtHead } from '../../../src/trace/mwt/header.js';
import { openTrace } from '../../../src/trace/mwt/trace-file.js';
import { MwtWriter } from '../../../src/trace/mwt/writer.js';
import type { WaveFile } from '../../../src/trace/waves.js';
import { bus, plainWaves } from './plain-waves.js';

const folder = mkdtempSync(join(tmpdir(), 'marblewave-copy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const uint4 = { kind: 'uint', width: 4 } as const;
const int4 = { kind: 'int', width: 4 } as const;
const head: MwtHead = {
  configuration: { n: 28 },
  seed: 7,
  clocks: [{ name: 'bus', hz: { num: 1_000_000_000, den: 1 }, phasePs: 0 }],
  modules: ['m', 'm.sub'],
  signals: [
    { path: 'm.a', kind: 'bits', type: uint4, lanes: 1, wave: 0, clock: 'bus' },
    { path: 'm.alias', kind: 'bits', type: { kind: 'bits', width: 4 }, lanes: 1, wave: 0, clock: null },
    { path: 'm.v', kind: 'bits', type: int4, lanes: 2, wave: 1, clock: null },
    { path: 'm.sub.e', kind: 'event', type: null, lanes: 1, wave: 2, clock: null },
  ],
  begin: 0,
};

type Step =
  | {
      readonly do: 'change';
      readonly time: number;
      readonly wave: number;
      readonly value: number;
      readonly fresh: boolean;
    }
  | { readonly do: 'record'; readonly record: TransactionRecord };

interface RecordOptions {
  readonly chunkBytes?: number;
  /** Whether several moments may have one time, where a change says so. */
  readonly moments?: boolean;
  readonly edgesPending?: boolean;
}

/** Writes steps as a recording would. */
function record(file: string, steps: readonly Step[], end: number, more: RecordOptions = {}): void {
  const { chunkBytes = 2 ** 20, moments = false, edgesPending = false } = more;
  const writer = new MwtWriter(file, head, { chunkBytes });
  let now = -1;
  for (const step of steps) {
    if (step.do === 'record') {
      writer.transaction(step.record);
      now = -1;
      continue;
    }
    if (step.time !== now || (moments && step.fresh)) writer.time(step.time);
    now = step.time;
    if (step.wave === 0) writer.scalar(0, step.value);
    else if (step.wave === 1) writer.lanes(1, [step.value - 8, 7 - step.value]);
    else writer.event(2);
  }
  writer.commit(end, edgesPending);
}

/** Random steps of a recording of 100 units: changes, and transactions that begin, are blocked and end in it. */
const recording = fc
  .record({
    changes: fc.array(
      fc.record({ time: fc.nat(100), wave: fc.nat(2), value: fc.nat(15), fresh: fc.boolean() }),
      {
        maxLength: 40,
      },
    ),
    spans: fc.array(fc.record({ begin: fc.nat(90), length: fc.nat(120), note: fc.nat(60) }), {
      maxLength: 12,
    }),
  })
  .map(({ changes, spans }) => {
    const steps: { time: number; step: Step }[] = changes.map((c) => ({
      time: c.time,
      step: { do: 'change', ...c },
    }));
    [...spans]
      .sort((a, b) => a.begin - b.begin)
      .forEach(({ begin, length, note }, i) => {
        const id = i + 1;
        const push = (time: number, r: TransactionRecord): unknown =>
          steps.push({ time, step: { do: 'record', record: r } });
        push(begin, {
          type: 'begin',
          id,
          time: begin,
          kind: 'tile',
          path: 'm',
          parent: i,
          attributes: { i },
        });
        if (note <= length && begin + note <= 100)
          push(begin + note, { type: 'blocked', id, time: begin + note, why: 'memory' });
        if (begin + length <= 100)
          push(begin + length, { type: 'end', id, time: begin + length, attributes: { last: true } });
      });
    return steps.sort((a, b) => a.time - b.time).map(({ step }) => step);
  });

const all = (waves: WaveFile): number[] => [...waves.signals.keys()];
const copyOf = (
  waves: WaveFile,
  file: string,
  from = waves.begin,
  to = waves.end,
  signals = all(waves),
): void => {
  writeMwtCopy(file, [{ waves, signals, prefix: '' }], from, to);
};

describe('a copy of a trace file', () => {
  it('of all of it has the same bytes', () => {
    fc.assert(
      fc.property(recording, fc.boolean(), (steps, edgesPending) => {
        // An edge of the clock is due at the end: 1000 ps.
        record(at('a.mwt'), steps, 1000, { edgesPending });
        const waves = openTrace(at('a.mwt'));
        copyOf(waves, at('b.mwt'));
        waves.close();
        expect(readFileSync(at('b.mwt')).equals(readFileSync(at('a.mwt')))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('of a window has what the file has there, whatever the chunks', () => {
    const window = fc
      .tuple(fc.nat(100), fc.nat(100))
      .map((w) => [...w].sort((a, b) => a - b) as [number, number]);
    fc.assert(
      fc.property(recording, window, fc.constantFrom(1, 2 ** 20), (steps, [from, to], chunkBytes) => {
        record(at('a.mwt'), steps, 100, { chunkBytes, moments: true });
        const waves = openTrace(at('a.mwt'));
        copyOf(waves, at('b.mwt'), from, to);
        const cut = openTrace(at('b.mwt'));
        expect([cut.begin, cut.end, cut.damage]).toEqual([from, to, null]);
        // Values by a plain walk over the steps.
        const changes = steps.flatMap((step) => (step.do === 'change' ? [step] : []));
        for (let time = from; time <= to; time++) {
          const last = (wave: number): number | undefined =>
            changes.filter((c) => c.wave === wave && c.time <= time).at(-1)?.value;
          const bits = (value: number): string => (value & 15).toString(2).padStart(4, '0');
          const a = last(0);
          const v = last(1);
          expect(cut.valueAt(0, time)).toBe(a === undefined ? null : bits(a));
          expect(cut.valueAt(1, time)).toBe(a === undefined ? null : bits(a));
          expect(cut.valueAt(2, time)).toBe(v === undefined ? null : bits(7 - v) + bits(v - 8));
        }
        const events = changes.filter((c) => c.wave === 2 && c.time >= from && c.time <= to);
        expect([...cut.changes({ signals: [3] })].map(({ time }) => time)).toEqual(
          events.map(({ time }) => time),
        );
        expect([...cut.changes()]).toEqual([...waves.changes({ from, to })]);
        const wanted = [...waves.transactions({ from, to })].map((t) => ({
          ...t,
          begin: Math.max(t.begin, from),
          attributes: t.begin < from ? { ...t.attributes, cut_begin_ps: t.begin } : t.attributes,
          ...(t.end !== null && t.end <= to ? {} : { end: null, endAttributes: {} }),
          blocked: t.blocked
            .filter((note) => note.time <= to)
            .map((note) => ({ ...note, time: Math.max(note.time, from) })),
        }));
        const byId = (x: { id: number }, y: { id: number }): number => x.id - y.id;
        expect([...cut.transactions()].sort(byId)).toEqual(wanted.sort(byId));
        waves.close();
        cut.close();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the order of moments at one time', () => {
    const change = (wave: number, value: number): Step => ({
      do: 'change',
      time: 5,
      wave,
      value,
      fresh: true,
    });
    record(at('a.mwt'), [change(1, 3), change(0, 9), change(1, 4)], 10, { moments: true });
    const waves = openTrace(at('a.mwt'));
    copyOf(waves, at('b.mwt'));
    const copied = [...openTrace(at('b.mwt')).changes({ signals: [0, 2] })].map(({ signal }) => signal);
    expect(copied).toEqual([2, 0, 2]);
  });

  it('keeps the configuration, the seed and the clocks, and only the signals asked for', () => {
    record(at('a.mwt'), [{ do: 'change', time: 5, wave: 0, value: 9, fresh: false }], 100);
    const waves = openTrace(at('a.mwt'));
    copyOf(waves, at('b.mwt'), 10, 20, [1, 4]);
    const cut = openTrace(at('b.mwt'));
    expect(cut.header.configurationHash).toBe(waves.header.configurationHash);
    expect([cut.header.seed, cut.header.clocks]).toEqual([7, head.clocks]);
    expect(cut.signals.map(({ path }) => path)).toEqual(['m.alias', 'clocks.bus']);
    expect(cut.valueAt(0, 10)).toBe('1001');
  });
});

describe('a trace file of several runs', () => {
  it('has their signals side by side, prefixed, with transactions whose ids differ', () => {
    const begin = (id: number, time: number, parent = 0): Step => ({
      do: 'record',
      record: { type: 'begin', id, time, kind: 'layer', path: 'm', parent, attributes: {} },
    });
    record(
      at('a.mwt'),
      [begin(1, 0), { do: 'change', time: 3, wave: 0, value: 1, fresh: false }, begin(2, 5, 1)],
      50,
    );
    record(
      at('c.mwt'),
      [{ do: 'change', time: 4, wave: 0, value: 2, fresh: false }, begin(2, 5), begin(3, 5, 2)],
      60,
    );
    const [a, c] = [openTrace(at('a.mwt')), openTrace(at('c.mwt'))];
    writeMwtCopy(
      at('b.mwt'),
      [
        { waves: a, signals: all(a), prefix: 'a' },
        { waves: c, signals: all(c), prefix: 'c' },
      ],
      0,
      60,
    );
    const both = openTrace(at('b.mwt'));
    expect(both.signals.map(({ path }) => path)).toEqual([
      ...['a', 'c'].flatMap((p) => [`${p}.m.a`, `${p}.m.alias`, `${p}.m.v`, `${p}.m.sub.e`]),
      'clocks.a_bus',
      'clocks.c_bus',
    ]);
    expect([both.header.seed, both.header.configuration]).toEqual([7, { n: 28 }]);
    expect([0, 4].map((place) => [both.valueAt(place, 3), both.valueAt(place, 4)])).toEqual([
      ['0001', '0001'],
      [null, '0010'],
    ]);
    expect([...both.transactions()].map((t) => [t.id, t.parent, t.path, t.begin])).toEqual([
      [1, 0, 'a.m', 0],
      [2, 1, 'a.m', 5],
      [4, 0, 'c.m', 5],
      [5, 4, 'c.m', 5],
    ]);
  });

  it('takes a dump beside a trace file, and a bus of more than 53 bits as lanes', () => {
    const dump = plainWaves({
      unitFs: 1000,
      signals: [
        bus('top.wide', 64, { type: { kind: 'int', width: 64 } }),
        bus('top.sub.bit', 1, { wave: 1 }),
      ],
      changes: [
        [2, 0, `1${'0'.repeat(62)}1`],
        [3, 1, '1'],
      ],
    });
    record(at('a.mwt'), [{ do: 'change', time: 3, wave: 0, value: 1, fresh: false }], 50);
    const a = openTrace(at('a.mwt'));
    writeMwtCopy(
      at('b.mwt'),
      [
        { waves: a, signals: all(a), prefix: '' },
        { waves: dump, signals: all(dump), prefix: '' },
      ],
      0,
      50,
    );
    const both = openTrace(at('b.mwt'));
    const wide = both.find('top.wide');
    expect(both.signals[wide]).toMatchObject({ lanes: 2, width: 64 });
    expect(both.valueAt(wide, 2)).toBe(`1${'0'.repeat(62)}1`);
    expect(both.header.modules).toEqual(['m', 'm.sub', 'top', 'top.sub']);
    expect([both.header.seed, both.header.configuration]).toEqual([null, null]);
  });

  it('refuses what a trace file cannot hold, and leaves no file', () => {
    const copy = (waves: WaveFile) => (): void => copyOf(waves, at('none.mwt'));
    const signals = [bus('s', 4)];
    expect(copy(plainWaves({ signals, changes: [[5, 0, '1x00']] }))).toThrow(
      /s at 5 must be of 0 and 1 only, to be in a trace file, got "1x00"/,
    );
    expect(copy(plainWaves({ signals: [bus('r', 64, { kind: 'real' })], changes: [] }))).toThrow(
      'plain: r must be bits or an event, to be in a trace file, got "real"',
    );
    expect(copy(plainWaves({ signals, changes: [], unitFs: 10 }))).toThrow(
      'plain: time unit must be whole picoseconds, got "10 fs"',
    );
    expect(() =>
      writeMwtCopy(
        at('none.mwt'),
        [1000, 1_000_000].map((unitFs) => ({
          waves: plainWaves({ signals, changes: [], unitFs }),
          signals: [0],
          prefix: '',
        })),
        0,
        0,
      ),
    ).toThrow('plain: time unit must be that of plain, got "1000000 fs"');
    expect(readdirSync(folder).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('counts time in ps whatever the unit of a dump', () => {
    const waves = plainWaves({ signals: [bus('s', 1)], changes: [[7, 0, '1']], unitFs: 1_000_000, end: 9 });
    copyOf(waves, at('b.mwt'));
    const copy = openTrace(at('b.mwt'));
    expect([copy.end, ...[...copy.changes()].map(({ time }) => time)]).toEqual([9000, 7000]);
  });
});
