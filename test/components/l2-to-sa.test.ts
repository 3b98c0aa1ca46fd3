import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wideBeat as BEAT } from '../../src/components/beat-packer.js';
import { fillCommand as FILL, L2Cache } from '../../src/components/l2-cache.js';
import { bandRowsOf, bandWords, bankCount, bLayout, cutBands } from '../../src/components/l2-layout.js';
import { BankConflictError, connectL2, L2ToSa } from '../../src/components/l2-to-sa.js';
import {
  bitsFor,
  bool,
  ConfigError,
  connect,
  DeadlockError,
  int,
  restoreSnapshot,
  Simulator,
  takeSnapshot,
  uint,
  vector,
} from '../../src/kernel/index.js';
import { beatsOf, Drain, Feeder, randomFrom, type Values } from './l2-bench.js';

/** A layer, and how the test cuts it up. */
interface Layer {
  n: number;
  channels: number;
  h: number;
  w: number;
  kh: number;
  kw: number;
  sy: number;
  sx: number;
  dy: number;
  dx: number;
  py: number;
  px: number;
  filters: number;
  bias: number;
  biasExp: number;
  /** Panels of a filter block, p. */
  p: number;
  /** Output rows of a band. */
  bandRows: number;
}

const DENSE: Layer = {
  n: 4,
  channels: 1,
  h: 1,
  w: 1,
  kh: 1,
  kw: 1,
  sy: 1,
  sx: 1,
  dy: 1,
  dx: 1,
  py: 0,
  px: 0,
  filters: 4,
  bias: 0,
  biasExp: 0,
  p: 1,
  bandRows: 1,
};

const outSize = (size: number, kernel: number, stride: number, dilation: number, pad: number) =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
const outH = (l: Layer) => outSize(l.h, l.kh, l.sy, l.dy, l.py);
const outW = (l: Layer) => outSize(l.w, l.kw, l.sx, l.dx, l.px);
const kprimeOf = (l: Layer) => l.bias + l.channels * l.kh * l.kw;

/** The fields of a work entry with whole sums, from output column 0 on. */
const wholeSums = (l: Layer) => ({
  col0: 0,
  kprime: kprimeOf(l),
  channels: l.channels,
  bias: l.bias,
  opens: 1,
  closes: 1,
});

/** The tensors of a layer. */
interface Tensors {
  image: number[];
  weights: number[];
  biases: number[];
}

function tensors(l: Layer, random: () => number): Tensors {
  const words = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 65536) - 32768);
  return {
    image: words(l.channels * l.h * l.w),
    weights: words(l.filters * l.channels * l.kh * l.kw),
    biases: words(l.filters),
  };
}

interface Slice {
  first: number;
  last: number;
  m: number;
  nc: number;
  a: number[];
  b: number[];
}

/** The slices that the array must see, from the plain definition of a convolution. */
function naiveSlices(l: Layer, t: Tensors): Slice[] {
  const slices: Slice[] = [];
  const [oh, ow, k] = [outH(l), outW(l), kprimeOf(l)];
  for (let block = 0; block * l.p * l.n < l.filters; block++)
    for (let row = 0; row < oh; row += l.bandRows) {
      const pixels = Math.min(l.bandRows, oh - row) * ow;
      for (let tile = 0; tile < pixels; tile += l.n)
        for (let panel = 0; panel < l.p; panel++) {
          const f0 = (block * l.p + panel) * l.n;
          if (f0 >= l.filters) break;
          const m = Math.min(l.n, l.filters - f0);
          const nc = Math.min(l.n, pixels - tile);
          for (let s = 0; s < k; s++) {
            const a = new Array<number>(l.n).fill(0);
            const b = new Array<number>(l.n).fill(0);
            if (l.bias === 1 && s === 0) {
              for (let f = 0; f < m; f++) a[l.n - 1 - f] = t.biases[f0 + f]!;
              for (let j = 0; j < nc; j++) b[j] = 2 ** l.biasExp;
            } else {
              const r = s - l.bias;
              const [c, ky, kx] = [Math.floor(r / (l.kh * l.kw)), Math.floor(r / l.kw) % l.kh, r % l.kw];
              for (let f = 0; f < m; f++)
                a[l.n - 1 - f] = t.weights[(((f0 + f) * l.channels + c) * l.kh + ky) * l.kw + kx]!;
              for (let j = 0; j < nc; j++) {
                const y = (row + Math.floor((tile + j) / ow)) * l.sy - l.py + ky * l.dy;
                const x = ((tile + j) % ow) * l.sx - l.px + kx * l.dx;
                if (y >= 0 && y < l.h && x >= 0 && x < l.w) b[j] = t.image[(c * l.h + y) * l.w + x]!;
              }
            }
            slices.push({ first: s === 0 ? 1 : 0, last: s === k - 1 ? 1 : 0, m, nc, a, b });
          }
        }
    }
  return slices;
}

/** The DDR3 image of one panel: slices padded to beats, filter f in lane n−1−f. */
function packPanel(l: Layer, t: Tensors, f0: number): number[] {
  const stride = 16 * Math.ceil(l.n / 16);
  const packed = new Array<number>(stride * kprimeOf(l)).fill(0);
  const taps = l.channels * l.kh * l.kw;
  for (let f = 0; f < Math.min(l.n, l.filters - f0); f++) {
    const lane = l.n - 1 - f;
    if (l.bias === 1) packed[lane] = t.biases[f0 + f]!;
    for (let k = 0; k < taps; k++) packed[(k + l.bias) * stride + lane] = t.weights[(f0 + f) * taps + k]!;
  }
  return packed;
}

interface Pauses {
  read?: () => boolean;
  a?: () => boolean;
  b?: () => boolean;
}

/** Cache and engines for a layer, sized to hold it exactly, with feeders and drains around them. */
function bench(l: Layer, pauses: Pauses = {}, settings: { q?: number } = {}) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('array', 166_000_000);
  const geometry = {
    n: l.n,
    width: l.w,
    height: l.h,
    channels: l.channels,
    outWidth: outW(l),
    outHeight: outH(l),
    strideX: l.sx,
    strideY: l.sy,
    kernelHeight: l.kh,
    dilationY: l.dy,
    padTop: l.py,
  };
  const bands = cutBands(geometry, l.bandRows);
  const layout = bLayout({ ...geometry, bandRows: bandRowsOf(bands) });
  const spec = { clock, n: l.n, aSlices: l.p * kprimeOf(l), bWords: bandWords(layout, l.channels) };
  const l2 = new L2Cache(sim, 'l2', spec);
  const engines = new L2ToSa(sim, 'l2_to_sa', spec);
  connectL2(engines, l2);
  const beats = new Feeder(sim, 'read', BEAT, clock, pauses.read);
  const fills = new Feeder(sim, 'fills', FILL, clock, pauses.read);
  const work = new Feeder(sim, 'work', engines.work.fields, clock);
  const count = uint(bitsFor(l.n));
  const slice = vector(l.n, int(16));
  const a = new Drain(
    sim,
    'a',
    { first: bool, last: bool, m: count, nc: count, data: slice },
    clock,
    pauses.a,
  );
  const b = new Drain(sim, 'b', { data: slice }, clock, pauses.b);
  connect(beats.out, l2.beat);
  connect(fills.out, l2.fill);
  connect(work.out, engines.work);
  connect(engines.a, a.in);
  connect(engines.b, b.in);
  for (const [port, value] of [
    [l2.cfgW, l.w],
    [l2.cfgQ, settings.q ?? layout.q],
    [l2.cfgU, layout.u],
    [l2.cfgWbank, layout.w],
    [l2.cfgHband, layout.bandRows],
    [engines.cfgBiasExp, l.biasExp],
    [engines.cfgKh, l.kh],
    [engines.cfgKw, l.kw],
    [engines.cfgStrideY, l.sy],
    [engines.cfgStrideX, l.sx],
    [engines.cfgDilY, l.dy],
    [engines.cfgDilX, l.dx],
    [engines.cfgPadX, l.px],
    [engines.cfgInH, l.h],
    [engines.cfgInW, l.w],
    [engines.cfgOutW, outW(l)],
    [engines.cfgQ, settings.q ?? layout.q],
    [engines.cfgU, layout.u],
    [engines.cfgWbank, layout.w],
    [engines.cfgHband, layout.bandRows],
  ] as const)
    port.poke(value);
  return { sim, clock, l2, engines, beats, fills, work, a, b, bands, layout };
}

/** Puts a whole layer through: fills in the controller's order as halves come free, work when they are full. */
function runLayer(l: Layer, t: Tensors, pauses: Pauses, limit = 200_000) {
  const bed = bench(l, pauses);
  const { engines, l2, bands, fills, beats, work } = bed;
  const kprime = kprimeOf(l);
  const blocks = Math.ceil(l.filters / (l.p * l.n));
  const panelsOf = (block: number) => Math.min(l.p, Math.ceil((l.filters - block * l.p * l.n) / l.n));
  const entries = blocks * bands.length;
  let done = 0;
  const ready = [0, 0];
  /** What each fill command in order leads to, once it is done. */
  const outcomes: ((() => void) | null)[] = [];
  const steps: { free: () => boolean; issue: () => void }[] = [];
  for (let block = 0; block < blocks; block++) {
    const half = block % 2;
    const loadPanel = (panel: number) => ({
      free: () => done >= (block - 1) * bands.length,
      issue: () => {
        fills.queue.push({ kind: 0, half, addr: panel * kprime, channel: 0, row: 0, rows: kprime });
        beats.queue.push(...beatsOf(packPanel(l, t, (block * l.p + panel) * l.n), 0));
        if (panel === 0) ready[half] = 0;
        outcomes.push(() => {
          ready[half]! += 1;
          engines.panelsReady.poke(ready);
        });
        if (panel === 0) engines.panelsReady.poke(ready);
      },
    });
    const loadBand = (index: number) => ({
      free: () => done >= block * bands.length + index - 1,
      issue: () => {
        const band = bands[index]!;
        const entry = block * bands.length + index;
        const post = () =>
          work.queue.push({
            half_a: half,
            half_b: entry % 2,
            panels: panelsOf(block),
            last_rows: Math.min(l.n, l.filters - (block * l.p + panelsOf(block) - 1) * l.n),
            pixels: band.pixels,
            row0: band.row0,
            first_row: band.firstRow,
            ...wholeSums(l),
          });
        if (band.rows === 0) {
          // Nothing to fill: full at once, but entries keep their order.
          const before = outcomes.pop();
          if (before === undefined) post();
          else
            outcomes.push(() => {
              before?.();
              post();
            });
          return;
        }
        for (let c = 0; c < l.channels; c++) {
          const from = (c * l.h + band.firstRow) * l.w;
          fills.queue.push({ kind: 1, half: entry % 2, addr: 0, channel: c, row: 0, rows: band.rows });
          beats.queue.push(...beatsOf(t.image.slice(from, from + band.rows * l.w), from));
          outcomes.push(c === l.channels - 1 ? post : null);
        }
      },
    });
    steps.push(loadPanel(0), loadBand(0));
    for (let panel = 1; panel < panelsOf(block); panel++) steps.push(loadPanel(panel));
    for (let index = 1; index < bands.length; index++) steps.push(loadBand(index));
  }
  for (
    let cycle = 0;
    done < entries || bed.b.got.length < bed.a.got.length || engines.busy.value !== 0;
    cycle++
  ) {
    if (cycle === limit) throw new Error(`not done after ${limit} cycles`);
    while (steps.length > 0 && steps[0]!.free()) steps.shift()!.issue();
    if (l2.fillDone.value !== 0) outcomes.shift()?.();
    if (engines.done.value !== 0) done += 1;
    bed.sim.step(bed.clock);
  }
  bed.sim.step(bed.clock, 200);
  return bed;
}

function expectLayer(l: Layer, seed: number, pause = 0): void {
  const random = randomFrom(seed);
  const t = tensors(l, random);
  const coin = (p: number) => () => random() < p;
  const { a, b } = runLayer(
    l,
    t,
    pause === 0 ? {} : { read: coin(pause), a: coin(pause), b: coin(pause * random()) },
  );
  const want = naiveSlices(l, t);
  expect(a.got.length).toBe(want.length);
  expect(b.got.length).toBe(want.length);
  want.forEach(({ first, last, m, nc, a: wantA, b: wantB }, i) => {
    expect(a.got[i]!.values, `A slice ${i}`).toEqual({ first, last, m, nc, data: wantA });
    expect(b.got[i]!.values, `B slice ${i}`).toEqual({ data: wantB });
  });
}

describe('L2ToSa, values', () => {
  it.each<[string, Partial<Layer>]>([
    ['1x1', { channels: 5, h: 6, w: 7, filters: 9, p: 2, bandRows: 3 }],
    [
      '3x3 with padding 1 and bias',
      {
        channels: 3,
        h: 7,
        w: 6,
        kh: 3,
        kw: 3,
        py: 1,
        px: 1,
        bias: 1,
        biasExp: 14,
        p: 3,
        filters: 11,
        bandRows: 2,
      },
    ],
    [
      'stride 2 with dilation 2',
      {
        n: 5,
        channels: 2,
        h: 11,
        w: 12,
        kh: 3,
        kw: 2,
        sy: 2,
        sx: 2,
        dy: 2,
        dx: 2,
        py: 2,
        px: 1,
        filters: 7,
        bandRows: 2,
      },
    ],
    [
      'strides 3 and 1',
      { n: 7, channels: 2, h: 10, w: 9, kh: 2, kw: 4, sy: 3, sx: 1, py: 1, filters: 5, bandRows: 2 },
    ],
    [
      'strides 1 and 4',
      { n: 5, channels: 2, h: 5, w: 19, kh: 2, kw: 3, sx: 4, px: 2, filters: 5, bandRows: 2 },
    ],
    ['5x1 kernel', { channels: 2, h: 9, w: 4, kh: 5, kw: 1, filters: 3, bandRows: 2, py: 2 }],
    ['1x5 kernel wider than the banks', { n: 3, channels: 2, h: 2, w: 13, kw: 5, dx: 2, px: 4, filters: 3 }],
    [
      'a dense layer over a whole map',
      { channels: 3, h: 4, w: 5, kh: 4, kw: 5, filters: 10, p: 3, bias: 1, biasExp: 3 },
    ],
    ['a dense layer over channels', { channels: 40, filters: 9, p: 2, n: 28, bias: 1 }],
    ['a matrix product: W = K, H = columns', { h: 13, w: 20, kw: 20, filters: 12, p: 2, bandRows: 5 }],
    ['output rows that lie in the padding', { h: 2, w: 2, py: 3, px: 3, channels: 2, filters: 2 }],
    ['one multiply: n = 1, K = 1', { n: 1, filters: 3, h: 2, w: 2 }],
    ['a stride of Nb for n = 1', { n: 1, filters: 1, h: 7, w: 7, sx: 3, sy: 3, kh: 2, kw: 2, bandRows: 2 }],
    [
      'the array of the paper',
      {
        n: 28,
        channels: 4,
        h: 12,
        w: 12,
        kh: 5,
        kw: 5,
        filters: 60,
        p: 2,
        bias: 1,
        biasExp: 10,
        bandRows: 4,
      },
    ],
  ])('are those of a naive im2col: %s', (_, layer) => {
    expectLayer({ ...DENSE, ...layer }, 11);
    expectLayer({ ...DENSE, ...layer }, 12, 0.4);
  });

  it('are those of a naive im2col for random layers, with pauses of memory, A and B', () => {
    const size = (most: number) => fc.integer({ min: 1, max: most });
    const layer: fc.Arbitrary<Layer> = fc
      .record({
        n: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 28),
        channels: size(5),
        h: size(9),
        w: size(12),
        kh: size(4),
        kw: size(4),
        sy: size(3),
        sx: size(3),
        dy: size(2),
        dx: size(2),
        py: fc.nat(3),
        px: fc.nat(3),
        filters: size(20),
        bias: fc.nat(1),
        biasExp: fc.nat(14),
        p: size(3),
        bandRows: size(4),
      })
      .filter((l) => outH(l) >= 1 && outW(l) >= 1)
      .filter((l) => l.n === 1 || (l.sx % bankCount(l.n) !== 0 && l.sy % bankCount(l.n) !== 0))
      .filter((l) => Math.ceil(l.filters / l.n) * kprimeOf(l) * outH(l) * Math.ceil(outW(l) / l.n) < 6000);
    fc.assert(
      fc.property(layer, fc.nat(), fc.constantFrom(0, 0.2, 0.6), (l, seed, pause) => {
        expectLayer(l, seed, pause);
      }),
      { numRuns: 120 },
    );
  }, 120_000);
});

/** A bench whose halves hold zeros and whose panels are all there: for timing only. */
function timing(layer: Partial<Layer>, panels = 1, pauses: Pauses = {}) {
  const l = { ...DENSE, ...layer };
  const bed = bench(l, pauses);
  bed.engines.panelsReady.poke([panels, panels]);
  const entry = (over: Values = {}): void => {
    const band = bed.bands[0]!;
    bed.work.queue.push({
      half_a: 0,
      half_b: 0,
      panels: l.p,
      last_rows: l.n,
      pixels: band.pixels,
      row0: band.row0,
      first_row: band.firstRow,
      ...wholeSums(l),
      ...over,
    });
  };
  /** Cycles in which a status output was high, over the next `cycles`. */
  const watch = (cycles: number) => {
    const high: Record<'done' | 'aWait' | 'bWait' | 'busy', number[]> = {
      done: [],
      aWait: [],
      bWait: [],
      busy: [],
    };
    for (let i = 0; i < cycles; i++) {
      for (const key of ['done', 'aWait', 'bWait', 'busy'] as const)
        if (bed.engines[key].value !== 0) high[key].push(bed.clock.cycle);
      bed.sim.step(bed.clock);
    }
    return high;
  };
  const cyclesOf = (drain: { got: readonly { cycle: number }[] }) => drain.got.map((g) => g.cycle);
  return { ...bed, l, entry, watch, cyclesOf };
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('L2ToSa, timing', () => {
  it('shows the first A slice 6 cycles and the first B slice 7 + ceil(nc/2) cycles after the entry was accepted', () => {
    // Accepted in 1. A reads in 2, pushed in 6, seen in 7. Table: set up in 2, built in 3 and 4; B reads in 5, seen in 10.
    const t = timing({ channels: 3, w: 4, kprime: 3 } as Partial<Layer>);
    t.entry();
    const high = t.watch(30);
    expect(t.work.accepted).toEqual([1]);
    expect(t.cyclesOf(t.a)).toEqual([7, 8, 9]);
    expect(t.cyclesOf(t.b)).toEqual([10, 11, 12]);
    // B's last read starts in 7: done in 8, when the entry is no longer outstanding.
    expect(high.done).toEqual([8]);
    expect(high.busy).toEqual(range(2, 6));
    expect(high.bWait).toEqual([0, 1, 2, ...range(9, 21)]);
    expect(high.aWait).toEqual([]);
  });

  it("hides the table when p·K' = ceil(n/2), and not when it is one less", () => {
    // n = 8: four cycles a tile. 5 tiles of 8 pixels; 4 and 3 slices a tile.
    const hidden = timing({ n: 8, channels: 4, h: 5, w: 8, bandRows: 5 });
    hidden.entry();
    hidden.watch(60);
    expect(hidden.cyclesOf(hidden.b)).toEqual(range(12, 20));
    const bare = timing({ n: 8, channels: 3, h: 5, w: 8, bandRows: 5 });
    bare.entry();
    bare.watch(60);
    expect(bare.cyclesOf(bare.b)).toEqual([0, 4, 8, 12, 16].flatMap((c) => range(12 + c, 3)));
  });

  it('goes on to the next entry without a gap when it is there in time', () => {
    const t = timing({ n: 8, channels: 5, h: 2, w: 8, bandRows: 2 });
    t.entry();
    t.entry();
    t.entry();
    const high = t.watch(60);
    expect(t.cyclesOf(t.b)).toEqual(range(12, 30));
    expect(t.cyclesOf(t.a)).toEqual(range(7, 30));
    // Two entries outstanding; the third is accepted in the cycle after the first was done.
    expect(t.work.accepted).toEqual([1, 2, high.done[0]!]);
    expect(high.done).toEqual([17, 27, 37]);
  });

  it('builds into a buffer from the cycle after its tile was last read', () => {
    // n = 8, 3 slices a panel. Nine reads of one tile hide the next table; three of the next do not hide four.
    const t = timing({ n: 8, channels: 3, h: 2, w: 8, bandRows: 2, p: 3, filters: 24 }, 3);
    t.entry({ panels: 3, pixels: 8 });
    t.entry({ panels: 1, pixels: 16 });
    t.watch(60);
    expect(t.cyclesOf(t.b)).toEqual([...range(12, 9), ...range(21, 3), ...range(25, 3)]);
  });

  it('starts no read that the FIFO has no room for: 32 slices, pushed and under way', () => {
    let held = true;
    const t = timing({ channels: 50, w: 4 }, 1, { a: () => held, b: () => held });
    t.a.in.ready.poke(0);
    t.b.in.ready.poke(0);
    t.entry();
    t.watch(80);
    expect(t.sim.value('l2_to_sa.a_level').value).toBe(32);
    expect(t.sim.value('l2_to_sa.b_level').value).toBe(32);
    expect(t.l2.aAddr.value).toBe(31);
    const awake = t.sim.engine.activations;
    t.watch(10);
    // Both drains and the three feeders; cache and engines sleep.
    expect(t.sim.engine.activations - awake).toBe(50);
    held = false;
    const from = t.clock.cycle + 1;
    t.watch(60);
    expect(t.cyclesOf(t.a)).toEqual(range(from, 50));
    expect(t.cyclesOf(t.b)).toEqual(range(from, 50));
  });

  it('waits for a panel of its own half only, and tells', () => {
    const t = timing({ channels: 3, w: 4, p: 2, filters: 8 }, 0);
    t.engines.panelsReady.poke([0, 2]);
    t.entry();
    expect(t.watch(30).aWait).toEqual(range(3, 27));
    expect(t.a.got).toEqual([]);
    t.engines.panelsReady.poke([1, 0]);
    t.watch(20);
    expect(t.cyclesOf(t.a)).toEqual([35, 36, 37]);
    expect(t.engines.aWait.value).toBe(1);
    expect(t.engines.waits().map((w) => w.why)).toEqual([
      'the A engine awaits panel 1 of half 0, 1 are ready',
    ]);
    t.engines.panelsReady.poke([2, 0]);
    const high = t.watch(12);
    expect(t.cyclesOf(t.a)).toEqual([35, 36, 37, 55, 56, 57]);
    expect(high.done).toEqual([53]);
  });

  it('reads nothing for the bias slice and for pixels outside the image', () => {
    // 1 x 1 image, 3 x 3 kernel, padding 1: of 9 taps one is inside; slice 0 is the bias.
    const t = timing({ kh: 3, kw: 3, py: 1, px: 1, bias: 1, biasExp: 4 });
    const reads: number[][] = [];
    t.entry();
    for (let i = 0; i < 30; i++) {
      if (t.engines.l2bRe.value !== 0) reads.push([t.clock.cycle, ...t.engines.l2bEn.values]);
      t.sim.step(t.clock);
    }
    expect(reads.map(([cycle]) => cycle)).toEqual(range(6, 9));
    expect(reads.filter(([, ...en]) => en.includes(1)).map(([cycle]) => cycle)).toEqual([10]);
    expect(t.b.got[0]!.values).toEqual({ data: [16, 0, 0, 0] });
  });
});

describe('L2ToSa, parts of a sum', () => {
  it('tags the first slice of the opening part and the last slice of the closing one, and starts within a row', () => {
    // Output 3 x 3 of a 1 x 1 kernel, n = 4: the second tile has pixels 4 to 7, rows 1 and 2 from column 1 on. Three channels in two parts.
    const l = { ...DENSE, channels: 3, h: 3, w: 3, bias: 1, biasExp: 0, bandRows: 3 };
    const t = bench(l);
    const image = (c: number, y: number, x: number) => 100 * c + 10 * y + x;
    const load = (half: number, from: number, channels: number) => {
      for (let c = 0; c < channels; c++) {
        t.fills.queue.push({ kind: 1, half, addr: 0, channel: c, row: 0, rows: 2 });
        const rows = [1, 2].flatMap((y) => [0, 1, 2].map((x) => image(from + c, y, x)));
        t.beats.queue.push(...beatsOf(rows, 0));
      }
    };
    load(0, 0, 2);
    load(1, 2, 1);
    t.sim.step(t.clock, 40);
    t.engines.panelsReady.poke([1, 1]);
    const tile = { panels: 1, last_rows: 4, pixels: 4, row0: 1, first_row: 1, col0: 1 };
    t.work.queue.push(
      { ...tile, half_a: 0, half_b: 0, kprime: 3, channels: 2, bias: 1, opens: 1, closes: 0 },
      { ...tile, half_a: 1, half_b: 1, kprime: 1, channels: 1, bias: 0, opens: 0, closes: 1 },
    );
    t.sim.step(t.clock, 40);
    expect(t.a.got.map(({ values }) => [values.first, values.last])).toEqual([
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
    const pixels = (c: number) => [image(c, 1, 1), image(c, 1, 2), image(c, 2, 0), image(c, 2, 1)];
    expect(t.b.got.map(({ values }) => values.data)).toEqual([[1, 1, 1, 1], pixels(0), pixels(1), pixels(2)]);
  });

  it('is drained from the cycle after its last slice left until an entry is accepted', () => {
    const t = timing({ channels: 3, w: 4 });
    t.entry();
    const drained: number[] = [];
    for (let i = 0; i < 20; i++) {
      if (t.engines.drained.value !== 0) drained.push(t.clock.cycle);
      t.sim.step(t.clock);
    }
    // Accepted in 1; the last B slice is taken in 12.
    expect(t.cyclesOf(t.b)).toEqual([10, 11, 12]);
    expect(drained).toEqual([0, 1, ...range(13, 7)]);
  });
});

describe('L2ToSa, snapshots', () => {
  it('goes on to the same slices in the same cycles from a snapshot in the midst of a tile', () => {
    const build = () => {
      const t = timing({
        n: 5,
        channels: 3,
        h: 4,
        w: 6,
        kh: 2,
        kw: 3,
        px: 1,
        bias: 1,
        biasExp: 3,
        bandRows: 3,
      });
      t.l2.state.aMemory.forEach((_, i, memory) => (memory[i] = 3 * i + 1));
      t.l2.state.bMemory.forEach((_, i, memory) => (memory[i] = -7 * i - 1));
      return t;
    };
    const whole = build();
    whole.entry();
    whole.watch(300);
    const before = build();
    before.entry();
    before.watch(47);
    const after = build();
    restoreSnapshot(after.sim, takeSnapshot(before.sim));
    after.watch(253);
    expect([...before.a.got, ...after.a.got]).toEqual(whole.a.got);
    expect([...before.b.got, ...after.b.got]).toEqual(whole.b.got);
    expect(whole.b.got.length).toBe(19 * 4);
  });
});

describe('L2ToSa, errors', () => {
  const run = (t: ReturnType<typeof timing>) => () => t.watch(200);

  it('reports two columns that want one bank', () => {
    // Q should be OW mod Nb = 3; with 2, pixel 3 (row 1) of the 3-wide output falls on column 2.
    const l = { ...DENSE, h: 4, w: 3, bandRows: 4 };
    const t = bench(l, {}, { q: 2 });
    t.engines.panelsReady.poke([1, 1]);
    const band = { half_a: 0, half_b: 0, panels: 1, last_rows: 4, pixels: 12, row0: 0, first_row: 0 };
    t.work.queue.push({ ...band, ...wholeSums(l) });
    expect(() => t.sim.step(t.clock, 20)).toThrow(new BankConflictError('l2_to_sa', 2, [2, 3], 5));
  });

  it.each<[string, Values, RegExp]>([
    ['no panels', { panels: 0 }, /l2_to_sa: work_panels must be from 1 to the 1 .* \(cycle 1\), got 0/],
    ['more panels than a half holds', { panels: 2 }, /work_panels .* got 2/],
    ['no rows', { last_rows: 0 }, /work_last_rows must be from 1 to 4/],
    ['more rows than the array has', { last_rows: 5 }, /work_last_rows must be from 1 to 4/],
    ['no pixels', { pixels: 0 }, /work_pixels must be >= 1/],
    ['a first stored row after the first used', { first_row: 1 }, /work_first_row must be <= 0/],
    ['more rows than a band stores', { pixels: 12 }, /cfg_hband must be >= the 3 rows used/],
    ['a start that makes it need more', { pixels: 8, col0: 1 }, /cfg_hband must be >= the 3 rows used/],
    ['a start beyond the row', { col0: 4 }, /work_col0 must be below the output's width, 4/],
    ['no channels', { channels: 0 }, /work_channels must be >= 1/],
    [
      'slices that are not those of its channels',
      { kprime: 1 },
      /work_kprime must be work_bias \+ work_channels·cfg_kh·cfg_kw = 2 \(cycle 1\), got 1/,
    ],
    ['a part of more than a tile', { opens: 0, pixels: 5 }, /work_pixels must be one tile's 4 at most/],
    [
      'a bias in a later part',
      { opens: 0, pixels: 4, bias: 1, channels: 1, kprime: 2 },
      /work_bias must be 0/,
    ],
  ])('refuses an entry with %s', (_, over, message) => {
    const t = timing({ h: 4, w: 4, channels: 2, bandRows: 2 });
    t.entry(over);
    expect(run(t)).toThrow(message);
  });

  it('names who waits when a panel never comes', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    const engines = new L2ToSa(sim, 'l2_to_sa', { clock, n: 4, aSlices: 8, bWords: 8 });
    for (const port of [engines.cfgKh, engines.cfgKw]) port.poke(1);
    for (const port of [engines.cfgInH, engines.cfgInW, engines.cfgOutW, engines.cfgU]) port.poke(1);
    engines.cfgWbank.poke(1);
    engines.cfgHband.poke(1);
    const { panels, pixels, last_rows, kprime, channels } = engines.work.payload;
    for (const port of [engines.work.valid, panels, pixels, last_rows, kprime, channels]) port.poke(1);
    sim.step(clock);
    engines.work.valid.poke(0);
    expect(() => sim.run()).toThrow(DeadlockError);
  });

  it('names path, field and value of a bad parameter', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    expect(() => new L2ToSa(sim, 'engines', { clock, n: 256, aSlices: 1, bWords: 1 })).toThrow(
      new ConfigError('engines', 'n', 'an integer from 1 to 255', 256),
    );
  });
});
