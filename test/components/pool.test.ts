import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pool, type PoolSpec, poolStorageWords } from '../../src/components/pool.js';
import { rowFields } from '../../src/components/row-channel.js';
import { ConfigError, connect } from '../../src/kernel/index.js';
import { bench, Feeder, type Item, pick, random, Taker } from './memory-bench.js';

interface Settings {
  readonly mode: 0 | 1 | 2;
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly input: readonly [height: number, width: number];
  readonly output: readonly [height: number, width: number];
  readonly filters: number;
}

const whole = (s: Omit<Settings, 'output'>): Settings => ({
  ...s,
  output: [0, 1].map((i) => Math.floor((s.input[i]! - s.size[i]!) / s.stride[i]!) + 1) as [number, number],
});

function configure(pool: Pool, s: Settings): void {
  pool.cfgMode.poke(s.mode);
  pool.cfgSizeY.poke(s.size[0]);
  pool.cfgSizeX.poke(s.size[1]);
  pool.cfgStrideY.poke(s.stride[0]);
  pool.cfgStrideX.poke(s.stride[1]);
  pool.cfgInH.poke(s.input[0]);
  pool.cfgInW.poke(s.input[1]);
  pool.cfgOutH.poke(s.output[0]);
  pool.cfgOutW.poke(s.output[1]);
  pool.cfgFilters.poke(s.filters);
}

function rig(
  n: number,
  settings: Settings,
  rows: Item[],
  rates = { in: 1, out: 1, seed: 1 },
  spec: Partial<PoolSpec> = {},
) {
  const { sim, clock } = bench();
  const pool = new Pool(sim, 'pool', { clock, n, ...spec });
  const feeder = new Feeder(sim, 'rows', rowFields(n), clock, rows, rates.in, random(rates.seed));
  const taker = new Taker(sim, 'pooled', rowFields(n), clock, rates.out, random(rates.seed + 1));
  connect(feeder.out, pool.in);
  connect(pool.out, taker.in);
  configure(pool, settings);
  const run = (): void => {
    sim.run({ until: () => feeder.done === feeder.items.length, maxCycles: 100_000 });
    taker.rate = 1;
    sim.run({ cycles: 8 });
  };
  const got = (): Item[] =>
    taker.seen.map(({ item }) => ({ ...item, data: (item.data as number[]).slice(0, item.count as number) }));
  return { sim, clock, pool, feeder, taker, run, got };
}

/** The planes of the filters, cut into rows of random lengths that take turns in random order. */
function shuffle(next: () => number, n: number, planes: ReadonlyMap<number, readonly number[]>): Item[] {
  const rows: Item[] = [];
  const at = new Map([...planes.keys()].map((f) => [f, 0]));
  while (at.size > 0) {
    const filter = [...at.keys()][pick(next, 0, at.size - 1)]!;
    const plane = planes.get(filter)!;
    const pixel = at.get(filter)!;
    const count = Math.min(plane.length - pixel, next() < 0.5 ? n : pick(next, 1, n));
    rows.push({ filter, pixel, count, data: plane.slice(pixel, pixel + count) });
    if (pixel + count === plane.length) at.delete(filter);
    else at.set(filter, pixel + count);
  }
  return rows;
}

/** Pools a plane window by window, in fractions of whole numbers. */
function naive(s: Settings, plane: readonly number[]): number[] {
  const pooled: number[] = [];
  for (let oy = 0; oy < s.output[0]; oy++) {
    for (let ox = 0; ox < s.output[1]; ox++) {
      const window: number[] = [];
      for (let dy = 0; dy < s.size[0]; dy++)
        for (let dx = 0; dx < s.size[1]; dx++)
          window.push(plane[(oy * s.stride[0] + dy) * s.input[1] + ox * s.stride[1] + dx]!);
      if (s.mode === 1) pooled.push(window.sort((a, b) => b - a)[0]!);
      else {
        const count = BigInt(window.length);
        const twice = window.reduce((sum, v) => sum + 2n * BigInt(v), 0n) + count;
        const down = twice / (2n * count);
        pooled.push(Number(down * 2n * count > twice ? down - 1n : down));
      }
    }
  }
  return pooled;
}

describe('Pool', () => {
  it('gives a row one cycle after the row that completes its windows, and nothing for others', () => {
    const settings = whole({ mode: 1, size: [2, 2], stride: [2, 2], input: [3, 5], filters: 1 });
    const rows = [
      { filter: 7, pixel: 0, count: 4, data: [1, 9, 3, 4] },
      { filter: 7, pixel: 4, count: 4, data: [50, 2, 5, -8] },
      { filter: 7, pixel: 8, count: 4, data: [6, 60, 70, 70] },
      { filter: 7, pixel: 12, count: 3, data: [70, 70, 70] },
    ];
    const { taker, run, got, pool } = rig(4, settings, rows);
    run();
    // Rows are accepted in cycles 1 to 4.
    expect(taker.seen.map((s) => s.cycle)).toEqual([3, 4]);
    expect(got()).toEqual([
      { filter: 7, pixel: 0, count: 1, data: [9] },
      { filter: 7, pixel: 1, count: 1, data: [6] },
    ]);
    expect([pool.rowsIn, pool.rowsOut, pool.storageWords]).toEqual([4, 2, 2]);
  });

  it('hands rows through in bypass, one a cycle', () => {
    const rows = Array.from({ length: 6 }, (_, i) => ({
      filter: 65_535 - i,
      pixel: 2 ** 32 - 9 + i,
      count: 2,
      data: [i, -i],
    }));
    const { taker, run, got, pool } = rig(
      2,
      { mode: 0, size: [0, 0], stride: [0, 0], input: [0, 0], output: [0, 0], filters: 0 },
      rows,
    );
    run();
    expect(got()).toEqual(rows.map((r) => ({ ...r, data: r.data.map((v) => v + 0) })));
    expect(taker.seen.map((s) => s.cycle)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(pool.storageWords).toBe(0);
  });

  it('rounds averages half up, towards plus infinity', () => {
    const settings = whole({ mode: 2, size: [1, 2], stride: [1, 2], input: [1, 12], filters: 1 });
    const data = [1, 2, -1, -2, -3, -4, 32_767, 32_767, -32_768, -32_768, -1, 0];
    const { run, got } = rig(12, settings, [{ filter: 0, pixel: 0, count: 12, data }]);
    run();
    expect(got()[0]!.data).toEqual([2, -1, -3, 32_767, -32_768, 0]);
  });

  it('gives windows of several pooled rows in one row', () => {
    const settings = whole({ mode: 1, size: [1, 1], stride: [1, 2], input: [3, 3], filters: 1 });
    const { run, got } = rig(9, settings, [
      { filter: 0, pixel: 0, count: 9, data: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    ]);
    run();
    expect(got()).toEqual([{ filter: 0, pixel: 0, count: 6, data: [1, 3, 4, 6, 7, 9] }]);
  });

  it('takes a row a cycle and refuses the third while nobody takes its own', () => {
    const settings = whole({ mode: 2, size: [1, 1], stride: [1, 1], input: [1, 40], filters: 1 });
    const rows = Array.from({ length: 40 }, (_, i) => ({ filter: 0, pixel: i, count: 1, data: [i] }));
    const { sim, pool, feeder, taker } = rig(1, settings, rows, { in: 1, out: 0, seed: 1 });
    sim.run({ cycles: 20 });
    expect([feeder.done, pool.in.ready.value, pool.out.valid.value]).toEqual([2, 0, 1]);
    taker.rate = 1;
    sim.run({ cycles: 45 });
    expect(taker.seen.map((s) => s.item.pixel)).toEqual(rows.map((r) => r.pixel));
    expect(taker.seen.at(-1)!.cycle - taker.seen[0]!.cycle).toBe(39);
  });

  it('equals naive pooling for any windows, planes, order of filters and stalls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const next = random(seed);
        const n = pick(next, 1, 12);
        const size = [pick(next, 1, 5), pick(next, 1, 5)] as const;
        const stride = next() < 0.4 ? size : ([pick(next, 1, 6), pick(next, 1, 6)] as const);
        const input = [pick(next, size[0], 14), pick(next, size[1], 14)] as const;
        const filters = pick(next, 1, 6);
        const settings = whole({ mode: pick(next, 1, 2) as 1 | 2, size, stride, input, filters });
        const first = pick(next, 0, 65_536 - 3 * filters);
        const extreme = next() < 0.2;
        const blocks = [0, 1, 2].map((block) => {
          const planes = new Map<number, number[]>();
          for (let f = 0; f < filters; f++)
            planes.set(
              first + block * filters + f,
              Array.from({ length: input[0] * input[1] }, () =>
                extreme ? (next() < 0.5 ? -32_768 : 32_767) : pick(next, -32_768, 32_767),
              ),
            );
          return planes;
        });
        const rows = blocks.flatMap((planes) => shuffle(next, n, planes));
        const rate = (): number => (next() < 0.4 ? 1 : 0.2 + 0.8 * next());
        const { run, got, pool } = rig(n, settings, rows, { in: rate(), out: rate(), seed });
        run();
        for (const planes of blocks) {
          for (const [filter, plane] of planes) {
            const mine = got().filter((r) => r.filter === filter);
            let pixel = 0;
            for (const row of mine) {
              expect(row.pixel).toBe(pixel);
              pixel += row.count as number;
            }
            expect(mine.flatMap((r) => r.data as number[])).toEqual(naive(settings, plane));
          }
        }
        expect(pool.rowsOut).toBe(got().length);
        expect(pool.storageWords).toBe(filters * Math.ceil(size[0] / stride[0]) * settings.output[1]);
      }),
      { numRuns: 80 },
    );
  });

  it('takes windows that leave whole rows and columns unused when asked to', () => {
    const settings: Settings = {
      mode: 1,
      size: [2, 2],
      stride: [2, 2],
      input: [6, 6],
      output: [2, 1],
      filters: 1,
    };
    const plane = Array.from({ length: 36 }, (_, i) => i);
    const { run, got } = rig(36, settings, [{ filter: 0, pixel: 0, count: 36, data: plane }]);
    run();
    expect(got()).toEqual([{ filter: 0, pixel: 0, count: 2, data: [7, 19] }]);
  });

  it('goes on at the first pixel after a reset', () => {
    const settings = whole({ mode: 1, size: [2, 2], stride: [2, 2], input: [2, 2], filters: 1 });
    const { sim, pool, feeder, run, got } = rig(2, settings, [
      { filter: 0, pixel: 0, count: 2, data: [100, 1] },
    ]);
    run();
    pool.rst.poke(1);
    sim.step();
    pool.rst.poke(0);
    feeder.items.push(
      { filter: 0, pixel: 0, count: 2, data: [3, 4] },
      { filter: 0, pixel: 2, count: 2, data: [5, 2] },
    );
    run();
    expect(got()).toEqual([{ filter: 0, pixel: 0, count: 1, data: [5] }]);
  });

  it('refuses settings that do not fit together and pixels out of order', () => {
    const good = whole({ mode: 1, size: [3, 3], stride: [2, 2], input: [9, 9], filters: 4 });
    const row = { filter: 0, pixel: 0, count: 1, data: [0] };
    const fails =
      (change: Partial<Settings>, rows: Item[] = [row], spec: Partial<PoolSpec> = {}) =>
      () =>
        rig(4, { ...good, ...change }, rows, undefined, spec).run();
    expect(fails({})).not.toThrow();
    expect(fails({ mode: 3 as 2 })).toThrow(
      'pool: cfg_mode must be 0 (bypass), 1 (max) or 2 (average), got 3, in cycle 1',
    );
    expect(fails({ size: [0, 3] })).toThrow('pool: cfg_size_y must be an integer of 1 or more, got 0');
    expect(fails({ output: [4, 5] })).toThrow(
      'pool: cfg_out_w must be at most the 4 windows in a row, got 5',
    );
    expect(fails({ output: [5, 4] })).toThrow(
      'pool: cfg_out_h must be at most the 4 windows in a column, got 5',
    );
    expect(fails({ filters: 513 })).toThrow('pool: cfg_filters must be at most 512, got 513');
    expect(fails({}, [row], { accumulatorWords: 31 })).toThrow('pool: cfg_filters must be so small that 31');
    expect(fails({}, [row], { accumulatorWords: 32 })).not.toThrow();
    expect(poolStorageWords(4, 3, 2, 4)).toBe(32);
    expect(fails({}, [row, { ...row, pixel: 2 }])).toThrow(
      "pool: pixel must be filter 0's next in raster order, 1, got 2",
    );
    expect(fails({}, [{ ...row, count: 5, data: [0] }])).toThrow(
      'pool: count must be an integer from 1 to n = 4, got 5',
    );
    const { sim, clock } = bench();
    expect(() => new Pool(sim, 'p', { clock, n: 0 })).toThrow(ConfigError);
    expect(() => new Pool(sim, 'q', { clock, n: 1, accumulatorWords: 0 })).toThrow(
      'q: accumulatorWords must be',
    );
  });
});
