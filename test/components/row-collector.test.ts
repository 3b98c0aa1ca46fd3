import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowFields } from '../../src/components/row-channel.js';
import { collectorWork, RowCollector } from '../../src/components/row-collector.js';
import { ConfigError, connect, DeadlockError, int } from '../../src/kernel/index.js';
import { bench, Feeder, type Item, pick, random, Taker } from './memory-bench.js';

interface Work {
  readonly panels: number;
  readonly last_rows: number;
  readonly first_filter: number;
  readonly first_pixel: number;
  readonly pixels: number;
}

interface Rates {
  readonly column?: number;
  readonly work?: number;
  readonly row?: number;
  readonly seed?: number;
}

/** Value of a filter's pixel: tells misplaced ones apart. */
const value = (filter: number, pixel: number): number => ((filter * 1009 + pixel * 31) % 65_536) - 32_768;

/** Rows in the order of the contract, and what each column's FIFO receives for them. */
function plan(n: number, works: readonly Work[]): { rows: Item[]; columns: number[][] } {
  const rows: Item[] = [];
  const columns: number[][] = Array.from({ length: n }, () => []);
  for (const work of works) {
    for (let done = 0; done < work.pixels; done += n) {
      const nc = Math.min(n, work.pixels - done);
      for (let filter = 0; filter < (work.panels - 1) * n + work.last_rows; filter++) {
        const data = Array.from({ length: nc }, (_, j) =>
          value(work.first_filter + filter, work.first_pixel + done + j),
        );
        data.forEach((v, j) => columns[j]!.push(v));
        rows.push({ filter: work.first_filter + filter, pixel: work.first_pixel + done, count: nc, data });
      }
    }
  }
  return { rows, columns };
}

function rig(n: number, works: readonly Work[], rates: Rates = {}) {
  const { column = 1, work = 1, row = 1, seed = 1 } = rates;
  const { sim, clock } = bench();
  const collector = new RowCollector(sim, 'collect', { clock, n });
  const { rows, columns } = plan(n, works);
  const feeders = columns.map((values, j) => {
    const items = values.map((data) => ({ data }));
    const feeder = new Feeder(sim, `c_${j}`, { data: int(16) }, clock, items, column, random(seed + 10 + j));
    connect(feeder.out, collector.in[j]!);
    return feeder;
  });
  const commands = new Feeder(
    sim,
    'work',
    collectorWork,
    clock,
    works.map((w) => ({ ...w })),
    work,
    random(seed),
  );
  const taker = new Taker(sim, 'rows', rowFields(n), clock, row, random(seed + 1));
  connect(commands.out, collector.work);
  connect(collector.row, taker.in);
  const run = (): void => {
    sim.run({ until: () => taker.seen.length === rows.length, maxCycles: 50_000 });
  };
  /** What came, without the lanes that mean nothing. */
  const got = (): Item[] =>
    taker.seen.map(({ item }) => ({ ...item, data: (item.data as number[]).slice(0, item.count as number) }));
  return { sim, clock, collector, feeders, commands, taker, rows, run, got };
}

describe('RowCollector', () => {
  it('gives tile by tile, panel by panel, filter by filter, one row a cycle', () => {
    const work = { panels: 2, last_rows: 1, first_filter: 10, first_pixel: 100, pixels: 4 };
    const { taker, run, got, rows, collector } = rig(3, [work]);
    run();
    expect(got()).toEqual(rows);
    expect(rows.map((r) => [r.filter, r.pixel, r.count])).toEqual([
      [10, 100, 3],
      [11, 100, 3],
      [12, 100, 3],
      [13, 100, 3],
      [10, 103, 1],
      [11, 103, 1],
      [12, 103, 1],
      [13, 103, 1],
    ]);
    // Work is accepted in cycle 1; rows are popped from cycle 2 on and visible from 3.
    expect(taker.seen.map((s) => s.cycle)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(collector.rows).toBe(8);
  });

  it('pops columns jointly, and only those of the row', () => {
    const { sim, clock } = bench();
    const n = 3;
    const collector = new RowCollector(sim, 'collect', { clock, n });
    const ready = (): number[] => collector.in.map((c) => c.ready.value);
    sim.start();
    collector.work.payload.panels.poke(1);
    collector.work.payload.last_rows.poke(3);
    collector.work.payload.pixels.poke(2);
    for (const c of collector.in) c.valid.poke(1);
    expect(ready()).toEqual([0, 0, 0]);
    collector.work.valid.poke(1);
    expect([collector.work.ready.value, collector.busy.value]).toEqual([1, 0]);
    sim.step(clock);
    collector.work.valid.poke(0);
    expect([collector.work.ready.value, collector.busy.value]).toEqual([0, 1]);
    expect(ready()).toEqual([1, 1, 0]);
    collector.in[1]!.valid.poke(0);
    expect(ready()).toEqual([0, 0, 0]);
    collector.in[1]!.valid.poke(1);
    collector.in[0]!.payload.data.poke(-5);
    // Nobody takes the rows: two are popped, then it stops.
    sim.step(clock);
    expect([ready(), collector.row.valid.value, collector.row.payload.data.get(0)]).toEqual([
      [1, 1, 0],
      1,
      -5,
    ]);
    sim.step(clock);
    expect(ready()).toEqual([0, 0, 0]);
    sim.step(clock, 5);
    expect(collector.rows).toBe(2);
    collector.row.ready.poke(1);
    expect(ready()).toEqual([0, 0, 0]);
    sim.step(clock);
    expect(ready()).toEqual([1, 1, 0]);
    sim.step(clock);
    expect([collector.work.ready.value, collector.busy.value, ready()]).toEqual([1, 1, [0, 0, 0]]);
    sim.step(clock);
    expect([collector.row.valid.value, collector.busy.value]).toEqual([0, 0]);
  });

  it('gives every row once, in order, for any work and stalls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const next = random(seed);
        const n = pick(next, 1, 9);
        const works = Array.from({ length: pick(next, 1, 3) }, () => ({
          panels: pick(next, 1, 3),
          last_rows: pick(next, 1, n),
          first_filter: pick(next, 0, 65_000),
          first_pixel: pick(next, 0, 2 ** 32 - 100),
          pixels: pick(next, 1, 3 * n + 1),
        }));
        const rate = (): number => (next() < 0.4 ? 1 : 0.15 + 0.85 * next());
        const { run, got, rows, sim, feeders, collector } = rig(n, works, {
          column: rate(),
          work: rate(),
          row: rate(),
          seed,
        });
        run();
        sim.run({ cycles: 20 });
        expect(got()).toEqual(rows);
        expect(feeders.every((f) => f.done === f.items.length)).toBe(true);
        expect([collector.busy.value, collector.work.ready.value]).toEqual([0, 1]);
      }),
      { numRuns: 60 },
    );
  });

  it('is empty after a reset', () => {
    const { sim, collector, taker } = rig(
      2,
      [{ panels: 1, last_rows: 2, first_filter: 0, first_pixel: 0, pixels: 40 }],
      {
        row: 0,
      },
    );
    sim.run({ cycles: 20 });
    expect([collector.busy.value, collector.row.valid.value]).toEqual([1, 1]);
    collector.rst.poke(1);
    sim.step(undefined, 2);
    collector.rst.poke(0);
    sim.run({ cycles: 5 });
    expect([collector.busy.value, collector.row.valid.value, collector.work.ready.value]).toEqual([0, 0, 1]);
    expect(taker.seen).toEqual([]);
  });

  it('tells which column it waits for', () => {
    const { sim, clock } = bench();
    const collector = new RowCollector(sim, 'collect', { clock, n: 2 });
    collector.work.payload.panels.poke(1);
    collector.work.payload.last_rows.poke(1);
    collector.work.payload.pixels.poke(2);
    collector.work.valid.poke(1);
    sim.step(clock);
    collector.work.valid.poke(0);
    collector.in[0]!.valid.poke(1);
    expect(() => sim.run()).toThrow(DeadlockError);
    expect(sim.waits()[0]).toMatchObject({ who: 'collect', whom: 'the C FIFO of column 1' });
  });

  it('refuses work without a row in it and parameters out of range', () => {
    const good = { panels: 1, last_rows: 1, first_filter: 0, first_pixel: 0, pixels: 1 };
    const fails = (change: Partial<Work>) => () => {
      const { sim, commands } = rig(4, []);
      commands.items.push({ ...good, ...change });
      sim.run({ cycles: 5 });
    };
    expect(fails({})).not.toThrow();
    expect(fails({ panels: 0 })).toThrow(
      'collect.work: panels must be an integer of 1 or more, got 0, in cycle 1',
    );
    expect(fails({ last_rows: 5 })).toThrow(
      'collect.work: last_rows must be an integer from 1 to n = 4, got 5',
    );
    expect(fails({ pixels: 0 })).toThrow('collect.work: pixels must be an integer of 1 or more, got 0');
    expect(fails({ first_filter: 65_535, last_rows: 2 })).toThrow(
      'collect.work: first_filter must be at most',
    );
    expect(fails({ first_pixel: 2 ** 32 - 1, pixels: 2 })).toThrow(
      'collect.work: first_pixel must be at most',
    );
    const { sim, clock } = bench();
    expect(() => new RowCollector(sim, 'c', { clock, n: 64 })).toThrow(
      new ConfigError('c', 'n', 'an integer from 1 to 63', 64),
    );
  });
});
