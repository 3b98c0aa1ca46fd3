import { describe, expect, it } from 'vitest';
import { afterReset, benchNote, cannotRun, numbers, wave } from './contract-bench.js';
import { arrayDesign, lane, lanes, outputDepth } from './designs.js';
import type { RtlInputs, RtlOutputs } from './shell.js';

// Cycle numbers here were worked out on paper from the machine contract, section 3.

interface Tile {
  /** [rows][K'] and [K'][columns]; missing lanes are zero. */
  readonly a: readonly (readonly number[])[];
  readonly b: readonly (readonly number[])[];
  readonly m: number;
  readonly nc: number;
}

/** The slices of a tile for an n-wide array, one a cycle; filter f sits in row lane n-1-f. */
function slices(n: number, { a, b, m, nc }: Tile): RtlInputs[] {
  return b.map((row, k) => ({
    in_valid: 1,
    in_first: k === 0 ? 1 : 0,
    in_last: k === b.length - 1 ? 1 : 0,
    in_m: m,
    in_nc: nc,
    in_a: lanes(
      16,
      Array.from({ length: n }, (_, i) => a[n - 1 - i]?.[k] ?? 0),
    ),
    in_b: lanes(
      16,
      Array.from({ length: n }, (_, j) => row[j] ?? 0),
    ),
    out_ready: (1n << BigInt(n)) - 1n,
  }));
}

const range = (count: number) => Array.from({ length: count }, (_, k) => k);

/** C[f][j] of a tile, exact. */
function product({ a, b, m, nc }: Tile): bigint[][] {
  return range(m).map((f) =>
    range(nc).map((j) => b.reduce((sum, row, k) => sum + BigInt(a[f]?.[k] ?? 0) * BigInt(row[j] ?? 0), 0n)),
  );
}

/** 16-bit numbers from a fixed rule, extremes among them. */
function word(k: number): number {
  if (k % 11 === 0) return -32768;
  if (k % 13 === 0) return 32767;
  return ((k * 40503 + 12345) % 65536) - 32768;
}

function tile(kp: number, m: number, nc: number, salt = 0): Tile {
  return {
    a: range(m).map((f) => range(kp).map((k) => word(salt + 31 * f + 7 * k + 1))),
    b: range(kp).map((k) => range(nc).map((j) => word(salt + 17 * j + 5 * k + 2))),
    m,
    nc,
  };
}

/** Every (cycle, column, value) popped, given the inputs that were applied. */
function pops(n: number, accw: number, stimulus: readonly RtlInputs[], out: readonly RtlOutputs[]) {
  return out.flatMap((cycle, c) =>
    Array.from({ length: n }, (_, j) => j)
      .filter(
        (j) =>
          lane(1, cycle['out_valid']!, j) === 1n && lane(1, BigInt(stimulus[c]!['out_ready'] ?? 0), j) === 1n,
      )
      .map((j) => ({ cycle: c, column: j, value: BigInt.asIntN(accw, lane(accw, cycle['out_data']!, j)) })),
  );
}

const wait = (n: number, cycles: number): RtlInputs[] =>
  Array.from({ length: cycles }, () => ({ out_ready: (1n << BigInt(n)) - 1n }));

describe.skipIf(cannotRun)(`systolic_array.v (${benchNote})`, () => {
  it('multiplies 2x2 by 2x2 and pushes bottom row first: 43 19 in cycles 6 7, 50 22 in 7 8', async () => {
    // [1 2; 3 4] * [5 6; 7 8] = [19 22; 43 50], row i in lane i as written: so row 1 leaves first.
    const slice = (a: number[], b: number[], first: number, last: number) => ({
      in_valid: 1,
      in_first: first,
      in_last: last,
      in_m: 2,
      in_nc: 2,
      in_a: lanes(16, a),
      in_b: lanes(16, b),
      out_ready: 3,
    });
    const stimulus = [slice([1, 3], [5, 6], 1, 0), slice([2, 4], [7, 8], 0, 1), ...wait(2, 8)];
    const out = await afterReset(arrayDesign({ n: 2 }), stimulus);
    // t_last = 1, n = 2, L = 1: column 0 pushes in cycle 1+2+1+1 = 5 and shows it in 6.
    expect(pops(2, 48, stimulus, out)).toEqual([
      { cycle: 6, column: 0, value: 43n },
      { cycle: 7, column: 0, value: 19n },
      { cycle: 7, column: 1, value: 50n },
      { cycle: 8, column: 1, value: 22n },
    ]);
  });

  it.each([
    // n, L, K', m, nc
    [1, 1, 1, 1, 1],
    [1, 3, 2, 1, 1],
    [2, 1, 1, 2, 2],
    [3, 2, 4, 3, 3],
    [4, 1, 1, 4, 4],
    [4, 1, 6, 3, 2],
    [4, 3, 5, 1, 4],
    [4, 2, 2, 4, 1],
    [5, 3, 7, 5, 5],
  ])('pushes row f of column j in t_last+n+L+1+j+f, n=%i L=%i K=%i m=%i nc=%i', async (n, l, kp, m, nc) => {
    const one = tile(kp, m, nc);
    const stimulus = [...slices(n, one), ...wait(n, 4 * n + l + 4)];
    const got = pops(n, 48, stimulus, await afterReset(arrayDesign({ n, l }), stimulus));
    const tLast = kp - 1;
    const want = product(one).flatMap((row, f) =>
      row.map((value, column) => ({ cycle: tLast + n + l + 1 + column + f + 1, column, value })),
    );
    const inOrder = (x: { cycle: number; column: number }, y: { cycle: number; column: number }) =>
      x.cycle - y.cycle || x.column - y.column;
    expect(got).toEqual(want.toSorted(inOrder));
    // From first issue (cycle 0) to last push, both included: the pop is one cycle after the push.
    expect(Math.max(...got.map((p) => p.cycle))).toBe(kp + n + nc + m + l - 1);
    if (m === n && nc === n) expect(Math.max(...got.map((p) => p.cycle))).toBe(kp + 3 * n + l - 1);
  });

  it.each([
    // n, L, K', m, nc, tiles: K' above, at and below m
    [4, 1, 6, 4, 4, 5],
    [4, 2, 4, 4, 4, 6],
    [4, 1, 1, 4, 4, 6],
    [4, 3, 2, 3, 2, 5],
    [3, 1, 1, 1, 3, 8],
    [1, 1, 1, 1, 1, 6],
  ])(
    'takes K+(T-1)*max(K,m)+n+nc+m+L-1 cycles, n=%i L=%i K=%i m=%i nc=%i T=%i',
    async (n, l, kp, m, nc, count) => {
      const tiles = Array.from({ length: count }, (_, t) => tile(kp, m, nc, 100 * t));
      // Hold a refused `last`: its tile starts max(K', m) after the previous one, bubbles between.
      const period = Math.max(kp, m);
      const stimulus = tiles.flatMap((one, t) => {
        const all = slices(n, one);
        const held = t === 0 ? 0 : period - kp;
        return [...all.slice(0, -1), ...Array.from({ length: held + 1 }, () => all.at(-1)!)];
      });
      const input = [...stimulus, ...wait(n, 4 * n + l + 4)];
      const out = await afterReset(arrayDesign({ n, l }), input);
      const refused = numbers(out, 'in_ready').filter((ready) => ready === 0).length;
      expect(refused).toBe((count - 1) * (period - kp));
      const got = pops(n, 48, input, out);
      const last = Math.max(...got.map((p) => p.cycle)); // push cycle + 1 = number of cycles
      expect(last).toBe(kp + (count - 1) * period + n + nc + m + l - 1);
      for (let j = 0; j < n; j += 1) {
        const column = got.filter((p) => p.column === j).map((p) => p.value);
        expect(column).toEqual(j < nc ? tiles.flatMap((one) => product(one).map((row) => row[j])) : []);
      }
    },
  );

  it('holds only `last` slices, until m cycles after the previous one, and none right after reset', async () => {
    const last = (m: number) => ({ in_valid: 1, in_first: 1, in_last: 1, in_m: m, in_nc: 1, out_ready: 15 });
    const plain = { in_valid: 1, in_nc: 1, out_ready: 15 };
    const out = await afterReset(arrayDesign({ n: 4 }), [
      last(3), // cycle 0: issues at once
      plain, // 1: a plain slice is never held
      last(1), // 2: 0 + 3 not reached
      last(1), // 3: issues; its own m = 1
      last(4), // 4: issues
      plain,
      last(2),
      last(2),
      last(2), // 8: issues
      { rst: 1 }, // 9: forgets the spacing
      last(4), // 10
    ]);
    expect(numbers(out, 'in_ready')).toEqual([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
  });

  it('counts a refused `last` as a bubble and keeps its spacing when it is withdrawn', async () => {
    const last = {
      in_valid: 1,
      in_first: 1,
      in_last: 1,
      in_m: 2,
      in_nc: 2,
      in_a: lanes(16, [1, 1]),
      in_b: lanes(16, [1, 1]),
      out_ready: 3,
    };
    const stimulus: RtlInputs[] = [last, last, { ...last, in_valid: 0 }, last, ...wait(2, 12)];
    const out = await afterReset(arrayDesign({ n: 2 }), stimulus);
    expect(numbers(out, 'in_ready').slice(0, 4)).toEqual([1, 0, 1, 1]);
    // Two tiles of four results: the last one was issued in cycle 3, so column 0 shows it from 3+2+1+1+1 = 8.
    expect(
      pops(2, 48, stimulus, out)
        .filter((p) => p.column === 0)
        .map((p) => p.cycle),
    ).toEqual([5, 6, 8, 9]);
  });

  it('promises m results to each column below nc and waits for room for a whole tile', async () => {
    // n = 2, DO = 8: room while every promise is at most 6.
    const last = (out_ready: number) => ({
      in_valid: 1,
      in_first: 1,
      in_last: 1,
      in_m: 2,
      in_nc: 1,
      out_ready,
    });
    const stimulus: RtlInputs[] = [
      ...[0, 1, 2, 3].flatMap(() => [last(0), {}]), // cycles 0 2 4 6: promise of column 0 is 2 4 6 8
      last(0), // 8: no room
      last(2), // 9: column 1 has nothing to pop
      last(1), // 10: the first pop: 8 -> 7, still no room
      last(1), // 11: 7 -> 6
      last(0), // 12: room; 8 again
      {},
      last(0), // 14: none
    ];
    const out = await afterReset(arrayDesign({ n: 2, depth: 8 }), stimulus);
    expect(numbers(out, 'in_ready')).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0]);
  });

  it('never stalls an unblocked stream of full tiles with DO = 3n+L+1, and does with one less', async () => {
    const [n, l] = [4, 1];
    const stimulus = Array.from({ length: 12 }, (_, t) => slices(n, tile(n, n, n, t))).flat();
    const ready = async (depth: number) =>
      numbers(await afterReset(arrayDesign({ n, l, depth }), stimulus), 'in_ready');
    expect(outputDepth(n, l)).toBe(16);
    expect(await ready(3 * n + l + 1)).not.toContain(0);
    expect(await ready(3 * n + l)).toContain(0);
  });

  it('gives the same sums when bubbles fall between slices', async () => {
    const one = tile(5, 3, 3);
    const [n, gaps] = [3, [2, 0, 1, 3, 0]];
    const stimulus = [...slices(n, one).flatMap((slice, k) => [slice, ...wait(n, gaps[k]!)]), ...wait(n, 16)];
    const got = pops(n, 48, stimulus, await afterReset(arrayDesign({ n }), stimulus));
    for (let j = 0; j < n; j += 1) {
      expect(got.filter((p) => p.column === j).map((p) => p.value)).toEqual(
        product(one).map((row) => row[j]),
      );
    }
  });

  it('keeps a partial sum between tiles: `first` in one block, `last` in another', async () => {
    const whole = tile(6, 2, 2);
    const stimulus = [
      ...slices(2, whole).slice(0, 3),
      ...wait(2, 20),
      ...slices(2, whole).slice(3),
      ...wait(2, 12),
    ];
    const got = pops(2, 48, stimulus, await afterReset(arrayDesign({ n: 2 }), stimulus));
    expect(got.filter((p) => p.column === 1).map((p) => p.value)).toEqual(
      product(whole).map((row) => row[1]),
    );
  });

  it('wraps at a narrow accumulator', async () => {
    const one = tile(9, 3, 3);
    const stimulus = [...slices(3, one), ...wait(3, 16)];
    const got = pops(3, 20, stimulus, await afterReset(arrayDesign({ n: 3, accw: 20 }), stimulus));
    const want = product(one).map((row) => BigInt.asIntN(20, row[2]!));
    expect(got.filter((p) => p.column === 2).map((p) => p.value)).toEqual(want);
    expect(want).not.toEqual(product(one).map((row) => row[2]));
  });

  it('drops everything in flight on reset, with nothing pushed afterwards', async () => {
    const full = slices(3, tile(3, 3, 3));
    for (const lead of [1, 3, 5, 8, 11]) {
      const stimulus = [...full, ...full, ...full, ...full].slice(0, lead).concat({ rst: 1 }, wait(3, 20));
      const out = await afterReset(arrayDesign({ n: 3 }), stimulus);
      expect(wave(out.slice(lead + 1), 'out_valid').every((valid) => valid === 0n)).toBe(true);
    }
  });
});
