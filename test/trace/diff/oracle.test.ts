import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffWaves } from '../../../src/trace/diff/diff-waves.js';
import type { XPolicy } from '../../../src/trace/diff/options.js';
import { damaged, type Table, tables, wavesOf } from './plain-waves.js';

const SIGNALS = [
  ['top.clk', 1],
  ['top.valid', 1],
  ['top.ready', 1],
  ['top.data', 4],
  ['top.state', 2],
] as const;
const PATHS = SIGNALS.map(([path]) => path);
const pairOfTables = tables(SIGNALS, 24).chain((a) => damaged(a).map((b) => ({ a, b })));
const policies = fc.constantFrom<XPolicy>('any', 'difference', 'error');

/** Equality in plain words, character by character. */
function equal(a: string, b: string, policy: XPolicy): boolean {
  for (let i = 0; i < a.length; i++) {
    const p = a[i];
    const q = b[i];
    if (policy === 'any' && (p === 'x' || q === 'x')) continue;
    if (policy === 'error' && (p === 'x' || q === 'x')) return false;
    if (p !== q) return false;
  }
  return true;
}

interface Expected {
  first: { path: string; at: number } | null;
  readonly counts: Record<string, number>;
}

/** Compares lists of samples, all signals of one after those of another. */
function expected(
  a: readonly Record<string, string>[],
  b: readonly Record<string, string>[],
  policy: XPolicy,
): Expected {
  const result: Expected = { first: null, counts: {} };
  for (const path of PATHS) result.counts[path] = 0;
  for (let at = 0; at < Math.min(a.length, b.length); at++)
    for (const path of PATHS)
      if (!equal(a[at]![path]!, b[at]![path]!, policy)) {
        result.first ??= { path, at };
        result.counts[path]! += 1;
      }
  return result;
}

const column = (table: Table, time: number): Record<string, string> =>
  Object.fromEntries(PATHS.map((path) => [path, table[path]![time]!]));

/** The values from before each rise of the clock. A clock that is 1 at the beginning rises there, with nothing known before. */
function samples(table: Table): { values: Record<string, string> | null; cycle: number }[] {
  const clock = table['top.clk']!;
  const found: { values: Record<string, string> | null; cycle: number }[] = [];
  for (let time = 0; time < clock.length; time++)
    if (clock[time] === '1' && clock[time - 1] !== '1')
      found.push({ values: time === 0 ? null : column(table, time - 1), cycle: found.length });
  return found;
}

describe('diffWaves, against plain loops', () => {
  it('finds the first time and signal that differ, and counts the times at which either changes and they do', () => {
    fc.assert(
      fc.property(pairOfTables, policies, ({ a, b }, x) => {
        const found = diffWaves(wavesOf(a), wavesOf(b), { x });
        const times = a['top.clk']!.map((_, time) => time);
        const { first } = expected(
          times.map((t) => column(a, t)),
          times.map((t) => column(b, t)),
          x,
        );
        expect(found.same).toBe(first === null);
        expect(found.first && { path: found.first.pair.name, at: found.first.at }).toEqual(first);
        for (const { pair, differences, compared } of found.signals) {
          const [p, q] = [a[pair.name]!, b[pair.name]!];
          const changes = times.filter((t) => t === 0 || p[t] !== p[t - 1] || q[t] !== q[t - 1]);
          expect(compared).toBe(changes.length);
          expect(differences).toBe(changes.filter((t) => !equal(p[t]!, q[t]!, x)).length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('compares edge with edge whatever the time unit of each, and counts edges', () => {
    fc.assert(
      fc.property(pairOfTables, policies, ({ a, b }, x) => {
        const [p, q] = [samples(a), samples(b)];
        fc.pre(p.length > 0 && q.length > 0);
        const found = diffWaves(wavesOf(a), wavesOf(b, { unitFs: 100, scale: 7 }), {
          x,
          align: { by: 'clock', clock: 'top.clk' },
        });
        const known = p
          .map((_, n) => n)
          .filter((n) => p[n]!.values !== null && q[n] !== undefined && q[n].values !== null);
        const { first, counts } = expected(
          known.map((n) => p[n]!.values!),
          known.map((n) => q[n]!.values!),
          x,
        );
        if (first === null) expect(found.signals.every((s) => s.first === null)).toBe(true);
        else
          expect(found.first).toMatchObject({
            at: known[first.at],
            cycle: known[first.at],
            pair: { name: first.path },
          });
        expect(Object.fromEntries(found.signals.map((s) => [s.pair.name, s.differences]))).toEqual(counts);
        expect(found.points).toBe(known.length);
      }),
      { numRuns: 300 },
    );
  });

  it('compares transfer with transfer, and tells of transfers that one run lacks', () => {
    fc.assert(
      fc.property(pairOfTables, ({ a, b }) => {
        const transfers = (table: Table): { values: Record<string, string>; cycle: number }[] =>
          samples(table).flatMap(({ values, cycle }) =>
            values !== null && values['top.valid'] === '1' && values['top.ready'] === '1'
              ? [{ values, cycle }]
              : [],
          );
        const [p, q] = [transfers(a), transfers(b)];
        fc.pre(p.length + q.length > 0 && samples(a).length > 0 && samples(b).length > 0);
        const found = diffWaves(wavesOf(a), wavesOf(b), {
          align: {
            by: 'handshake',
            clock: 'top.clk',
            valid: 'top.valid',
            ready: 'top.ready',
            payload: ['top.data'],
          },
        });
        const both = Math.min(p.length, q.length);
        const at = p.findIndex((t, n) => n < both && t.values['top.data'] !== q[n]!.values['top.data']);
        if (at >= 0)
          expect(found.first).toMatchObject({ at, cycle: p[at]!.cycle, pair: { name: 'top.data' } });
        else if (p.length !== q.length) expect(found.first).toMatchObject({ at: both, what: 'missing' });
        else expect(found.same).toBe(true);
        expect(found.points).toBe(both);
        expect(found.tail?.points ?? 0).toBe(Math.abs(p.length - q.length));
      }),
      { numRuns: 300 },
    );
  });

  it('finds two runs the same in order exactly when each signal goes through the same values', () => {
    const order = (row: readonly string[]): string[] =>
      row.filter((value, i) => i === 0 || value !== row[i - 1]);
    fc.assert(
      fc.property(pairOfTables, ({ a, b }) => {
        const found = diffWaves(wavesOf(a), wavesOf(b), { mode: { kind: 'order' } });
        for (const { pair, first } of found.signals)
          expect([pair.name, first === null]).toEqual([
            pair.name,
            order(a[pair.name]!).join() === order(b[pair.name]!).join(),
          ]);
      }),
      { numRuns: 300 },
    );
  });

  it('lets each value come up to N later, and no more', () => {
    const row = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        row,
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 0, max: 3 }),
        (times, delays, most) => {
          const sorted = [...times].sort((x, y) => x - y);
          // Values of their own, and late ones that overtake nothing.
          let last = 0;
          const late = sorted.map((time, i) => (last = Math.max(last + 1, time + delays[i]!)));
          const table = (at: readonly number[]): Table => ({
            s: Array.from({ length: 100 }, (_, t) =>
              at
                .filter((time) => time <= t)
                .length.toString(2)
                .padStart(4, '0'),
            ),
          });
          const found = diffWaves(wavesOf(table(sorted)), wavesOf(table(late)), {
            mode: { kind: 'skew', most: most * 1000 },
          });
          const bad = sorted.findIndex((time, i) => late[i]! - time > most);
          if (bad < 0) expect(found.same).toBe(true);
          else expect(found.first).toMatchObject({ at: sorted[bad], pair: { name: 's' } });
        },
      ),
      { numRuns: 300 },
    );
  });
});
