import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PipelineDepth } from '../../src/components/dsp-macc.js';
import { unblockedOutputDepth } from '../../src/components/systolic-array/spec.js';
import { StructuralArray } from '../../src/components/systolic-array/structural-array.js';
import { SystolicArray } from '../../src/components/systolic-array/systolic-array.js';
import { Simulator } from '../../src/kernel/index.js';
import { ColumnSink, lottery, type Slice, SliceDriver, wireArray } from './array-bench.js';

/** T equal tiles back to back. */
interface Tiles {
  readonly n: number;
  readonly L: PipelineDepth;
  /** Slices of a tile, K'. */
  readonly K: number;
  readonly T: number;
  readonly m: number;
  readonly nc: number;
}

interface Result {
  readonly column: number;
  readonly value: number;
  readonly cycle: number;
}

/** What was seen of one array: the cycle in which each slice issued, and each result with the cycle in which it was taken. */
interface Seen {
  readonly issued: readonly number[];
  readonly got: readonly Result[];
}

function slicesOf({ n, K, T, m, nc }: Tiles): Slice[] {
  const draw = lottery(n + 31 * K + 7 * T);
  const words = () => Array.from({ length: n }, () => draw(65536) - 32768);
  return Array.from({ length: K * T }, (_, k) => ({
    gap: 0,
    first: k % K === 0,
    last: k % K === K - 1,
    m,
    nc,
    a: words(),
    b: words(),
  }));
}

/** Runs the tiles through a lazy and a ticked array, and one wired from elements when it is small; every column always ready. */
function run(tiles: Tiles, outputDepth?: number): { slices: Slice[]; seen: Map<string, Seen> } {
  const { n, L } = tiles;
  const slices = slicesOf(tiles);
  const sim = new Simulator();
  const clock = sim.clock('array', 166_000_000);
  const spec = { clock, n, pipeline: L, ...(outputDepth === undefined ? {} : { outputDepth }) };
  const arrays = [
    new SystolicArray(sim, 'lazy', spec),
    new SystolicArray(sim, 'ticked', { ...spec, ticked: true }),
    ...(n <= 3 ? [new StructuralArray(sim, 'structural', spec)] : []),
  ];
  const rigs = arrays.map((array) => {
    const driver = new SliceDriver(sim, `${array.name}_driver`, clock, n, slices);
    const sink = new ColumnSink(sim, `${array.name}_sink`, clock, n, 48, () => true);
    wireArray(driver, array, sink);
    return { array, driver, sink };
  });
  sim.run({ until: () => rigs.every(({ driver }) => driver.done), maxCycles: 100_000 });
  sim.run({ cycles: 4 * n + 10 });
  const seen = new Map(
    rigs.map(({ array, driver, sink }) => [array.name, { issued: driver.issued, got: sink.got }]),
  );
  return { slices, seen };
}

/**
 * Holds what was seen against the contract: the first thing that differs, in words, or null. A result that is pushed in
 * a cycle is shown in the next, and taken in it by a column that is always ready.
 */
function judge({ n, L, K, T, m, nc }: Tiles, slices: readonly Slice[], { issued, got }: Seen): string | null {
  const first = issued[0]!;
  const period = Math.max(K, m);
  const want: Result[] = [];
  for (let t = 0; t < T; t++) {
    const last = first + K - 1 + t * period;
    if (issued[t * K + K - 1] !== last)
      return `tile ${t}: last issued in ${issued[t * K + K - 1]}, not ${last}`;
    for (let j = 0; j < nc; j++) {
      for (let f = 0; f < m; f++) {
        let value = 0;
        for (const slice of slices.slice(t * K, t * K + K)) value += slice.a[n - 1 - f]! * slice.b[j]!;
        want.push({ column: j, value: value + 0, cycle: last + n + L + 1 + j + f + 1 });
      }
    }
  }
  const order = (x: Result, y: Result): number => x.cycle - y.cycle || x.column - y.column;
  want.sort(order);
  const sorted = [...got].sort(order);
  if (sorted.length !== want.length) return `${sorted.length} results, not ${want.length}`;
  const wrong = want.findIndex(
    (w, k) => w.cycle !== sorted[k]!.cycle || w.column !== sorted[k]!.column || w.value !== sorted[k]!.value,
  );
  if (wrong >= 0)
    return `result ${wrong}: ${JSON.stringify(sorted[wrong])}, not ${JSON.stringify(want[wrong])}`;
  const cycles = sorted.at(-1)!.cycle - 1 - first + 1;
  const formula = K + (T - 1) * period + n + nc + m + L - 1;
  return cycles === formula ? null : `${cycles} cycles from first issue to last push, not ${formula}`;
}

function judgeAll(tiles: Tiles): void {
  const { slices, seen } = run(tiles);
  for (const [name, of] of seen)
    expect(judge(tiles, slices, of), `${name} ${JSON.stringify(tiles)}`).toBeNull();
}

describe("the array's cycle contract", () => {
  it("takes K'+(T−1)·max(K',m)+n+nc+m+L−1 cycles and pushes each result in t_last+n+L+1+j+f, on a grid", () => {
    let points = 0;
    for (const n of [1, 2, 3, 5, 8]) {
      const sizes = [...new Set([1, (n + 1) >> 1, n])];
      for (const L of [1, 2, 3] as const)
        for (const K of new Set([1, 2, n, 2 * n + 3]))
          for (const T of [1, 3])
            for (const m of sizes)
              for (const nc of sizes) {
                judgeAll({ n, L, K, T, m, nc });
                points += 1;
              }
    }
    expect(points).toBeGreaterThan(600);
  });

  it('does so at any other point', () => {
    const point = fc
      .record({
        n: fc.integer({ min: 1, max: 13 }),
        L: fc.constantFrom<PipelineDepth[]>(1, 2, 3),
        K: fc.integer({ min: 1, max: 45 }),
        T: fc.integer({ min: 1, max: 7 }),
      })
      .chain((p) =>
        fc.record({ m: fc.integer({ min: 1, max: p.n }), nc: fc.integer({ min: 1, max: p.n }) }).map((q) => ({
          ...p,
          ...q,
        })),
      );
    fc.assert(fc.property(point, judgeAll), { numRuns: 150 });
  });

  it('is judged to the cycle: a result, a `last` or the pipeline one off is noticed', () => {
    const tiles: Tiles = { n: 3, L: 2, K: 4, T: 3, m: 2, nc: 3 };
    const { slices, seen } = run(tiles);
    const right = seen.get('lazy')!;
    expect(judge(tiles, slices, right)).toBeNull();
    for (let k = 0; k < right.got.length; k++) {
      for (const change of [{ cycle: 1 }, { cycle: -1 }, { value: 1 }]) {
        const got = right.got.map((r, i) =>
          i === k ? { ...r, cycle: r.cycle + (change.cycle ?? 0), value: r.value + (change.value ?? 0) } : r,
        );
        expect(judge(tiles, slices, { ...right, got })).not.toBeNull();
      }
    }
    const issued = right.issued.map((c, k) => (k === 7 ? c + 1 : c));
    expect(judge(tiles, slices, { ...right, issued })).not.toBeNull();
    for (const other of [{ L: 1 }, { L: 3 }, { n: 4 }, { m: 1 }, { nc: 2 }, { K: 5 }] as const)
      expect(judge({ ...tiles, ...other }, slices, right)).not.toBeNull();
  });

  it('folds the history of a long sum: one tile of 5,000 slices', () => {
    judgeAll({ n: 4, L: 1, K: 5000, T: 2, m: 4, nc: 4 });
  });
});

describe('the rate of a 28×28 array at 166 MHz', () => {
  it.each([true, false])(
    'reaches 99 % of 2·28²·166 MHz over 100 tiles of 1,152 slices, fill and drain counted (ticked: %s)',
    (ticked) => {
      const [n, K, T] = [28, 1152, 100];
      const tile = slicesOf({ n, L: 1, K, T: 1, m: n, nc: n });
      const sim = new Simulator();
      const clock = sim.clock('array', 166_000_000);
      const array = new SystolicArray(sim, 'sa', { clock, n, ticked });
      const driver = new SliceDriver(sim, 'driver', clock, n, Array.from({ length: T }, () => tile).flat());
      const sink = new ColumnSink(sim, 'sink', clock, n, 48, () => true);
      wireArray(driver, array, sink);
      sim.run({ until: () => sink.got.length === n * n * T, maxCycles: 130_000 });
      // From the start of the first issue's cycle to the edge of the last push, a cycle before it is taken.
      const start = clock.timebase.edge(driver.issued[0]! - 1);
      const end = clock.timebase.edge(sink.got.at(-1)!.cycle - 1);
      const rate = (2 * n * n * K * T) / ((end - start) * 1e-12);
      const peak = 2 * n * n * 166e6;
      console.log(
        `28×28 array, ${T} tiles of ${K} slices, ${ticked ? 'ticked' : 'lazy'}: ${(rate / 1e9).toFixed(1)} G-ops/s, ${((100 * rate) / peak).toFixed(2)} % of ${(peak / 1e9).toFixed(1)}`,
      );
      expect(rate).toBeGreaterThan(0.99 * peak);
      expect(rate).toBeLessThan(peak);
      let sum = 0;
      for (const slice of tile) sum += slice.a[n - 1]! * slice.b[0]!;
      expect(sink.got[0]!.value).toBe(sum);
    },
  );
});

describe('the depth of the output FIFOs', () => {
  const full = (n: number, L: PipelineDepth): Tiles => ({ n, L, K: n, T: 12, m: n, nc: n });
  /** Whether every slice issued in the cycle after the one before it. */
  const runsOn = (tiles: Tiles, depth?: number): boolean =>
    [...run(tiles, depth).seen.values()].every(
      ({ issued }) => issued.at(-1) === issued[0]! + issued.length - 1,
    );

  it('never stalls full tiles while nothing blocks them: by default the least power of two ≥ 3n+L+1', () => {
    for (let n = 1; n <= 10; n++) {
      for (const L of [1, 2, 3] as const) {
        const depth = unblockedOutputDepth(n, L);
        expect(
          Number.isInteger(Math.log2(depth)) && depth >= 3 * n + L + 1 && depth / 2 < 3 * n + L + 1,
        ).toBe(true);
        expect(runsOn(full(n, L)), `n = ${n}, L = ${L}`).toBe(true);
      }
    }
    expect(unblockedOutputDepth(28, 1)).toBe(128);
  });

  it('stalls them when it is one less than 3n+L+1, and not at 3n+L+1', () => {
    for (let n = 2; n <= 10; n++) {
      for (const L of [1, 2, 3] as const) {
        expect(runsOn(full(n, L), 3 * n + L + 1), `n = ${n}, L = ${L}`).toBe(true);
        expect(runsOn(full(n, L), 3 * n + L), `n = ${n}, L = ${L}`).toBe(false);
      }
    }
  });

  it('is refused below n, where no tile could ever leave', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    expect(() => new SystolicArray(sim, 'sa', { clock, n: 8, outputDepth: 7 })).toThrow(
      'sa: outputDepth must be an integer of n = 8 or more (fewer never lets a tile out), got 7',
    );
    expect(new SystolicArray(sim, 'sb', { clock, n: 8, outputDepth: 8 }).shape.outputDepth).toBe(8);
  });
});
