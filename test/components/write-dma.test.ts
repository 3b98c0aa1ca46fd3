import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axiAddress, axiWriteData, axiWriteResponse } from '../../src/components/axi/channels.js';
import { AxiMemory, type AxiMemorySpec } from '../../src/components/ddr3/axi-memory.js';
import { rowFields } from '../../src/components/row-channel.js';
import { WriteDma } from '../../src/components/write-dma.js';
import { type Channel, ConfigError, connect, restoreSnapshot, takeSnapshot } from '../../src/kernel/index.js';
import { AxiWatch, bench, Feeder, type Item, pick, random, Staller, Taker } from './memory-bench.js';

interface RigSpec extends Omit<AxiMemorySpec, 'clock'> {
  readonly n: number;
  readonly base: number;
  readonly plane: number;
  readonly rows: Item[];
  readonly rowRate?: number;
  readonly linkRate?: number;
  readonly seed?: number;
  /** False: nobody checks the protocol. Default true. */
  readonly watched?: boolean;
  /** Bursts without a response. */
  readonly unanswered?: number;
}

function rig(spec: RigSpec) {
  const { sim, clock } = bench();
  const {
    n,
    base,
    plane,
    rows,
    rowRate = 1,
    linkRate = 1,
    seed = 1,
    unanswered,
    watched: _,
    ...memorySpec
  } = spec;
  const memory = new AxiMemory(sim, 'ddr', { clock, ...memorySpec });
  const dma = new WriteDma(sim, 'write', {
    clock,
    n,
    ...(unanswered === undefined ? {} : { outstanding: unanswered }),
  });
  const feeder = new Feeder(sim, 'rows', rowFields(n), clock, rows, rowRate, random(seed));
  connect(feeder.out, dma.row);
  if (linkRate === 1) {
    connect(dma.aw, memory.aw);
    connect(dma.w, memory.w);
    connect(memory.b, dma.b);
  } else {
    const aw = new Staller(sim, 'slow_aw', axiAddress, clock, linkRate, random(seed + 2));
    const w = new Staller(sim, 'slow_w', axiWriteData(16), clock, linkRate, random(seed + 3));
    const b = new Staller(sim, 'slow_b', axiWriteResponse, clock, linkRate, random(seed + 4));
    connect(dma.aw, aw.in);
    connect(aw.out, memory.aw);
    connect(dma.w, w.in);
    connect(w.out, memory.w);
    connect(memory.b, b.in);
    connect(b.out, dma.b);
  }
  const as = (channel: unknown): Channel => channel as Channel;
  const channels = { aw: as(dma.aw), w: as(dma.w), b: as(dma.b) };
  // It counts for itself, so what goes on from a snapshot would mislead it.
  const watch = new AxiWatch(sim, 'watch', clock, spec.watched === false ? {} : channels, 4096, 5);
  dma.cfgBase.poke(base);
  dma.cfgPlaneWords.poke(plane);
  /** Feeds all rows, then flushes until WRITE is idle. */
  const run = (maxCycles = 100_000): void => {
    sim.run({ until: () => feeder.done === feeder.items.length, maxCycles });
    dma.flush.poke(1);
    sim.run({ until: () => dma.idle.value !== 0, maxCycles });
    dma.flush.poke(0);
  };
  return { sim, clock, memory, dma, feeder, watch, run };
}

const ramp = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const row = (filter: number, pixel: number, data: number[]): Item => ({
  filter,
  pixel,
  count: data.length,
  data,
});

describe('WriteDma', () => {
  it('sends full beats as one burst two cycles after their row, and keeps the rest for the next', () => {
    const n = 28;
    const { dma, memory, watch, run, clock, sim } = rig({
      n,
      base: 4096,
      plane: 64,
      rows: [row(0, 0, ramp(28)), row(0, 28, ramp(28, 28)), row(0, 56, ramp(8, 56))],
      latencyCycles: 3,
    });
    const seen: (number | string)[][] = [];
    dma.aw.subscribe((t) => seen.push(['aw', t.cycle, t.payload.addr, t.payload.len]));
    dma.w.subscribe((t) => seen.push(['w', t.cycle, t.payload.data[0]!, t.payload.strb, t.payload.last]));
    dma.b.subscribe((t) => seen.push(['b', t.cycle]));
    sim.run({ until: () => dma.rows === 3, maxCycles: 100 });
    expect(dma.idle.value).toBe(0);
    sim.run({ until: () => dma.idle.value !== 0, maxCycles: 100 });
    const all = 2 ** 32 - 1;
    // Rows are accepted in cycles 1, 2 and 3: 28 words are a beat and 12; 40 are two and 8; 16 with the end are one.
    expect(seen).toEqual([
      ['aw', 3, 4096, 0],
      ['w', 3, 0, all, 1],
      ['aw', 4, 4128, 1],
      ['w', 4, 16, all, 0],
      ['w', 5, 32, all, 1],
      ['aw', 6, 4192, 0],
      ['w', 6, 48, all, 1],
      ['b', 6],
      ['b', 8],
      ['b', 9],
    ]);
    expect(clock.cycle).toBe(10);
    expect([...memory.dump(4096, 64)]).toEqual(ramp(64));
    expect([dma.bytesWritten, dma.rows, dma.bursts, dma.beats]).toEqual([128, 3, 3, 4]);
    expect(watch.writes.length).toBe(3);
    run();
    expect(dma.bursts).toBe(3);
  });

  it('leaves the neighbours of a plane alone: they share beats', () => {
    const rows = [0, 1, 2].flatMap((f) => [row(f, 0, [f, f]), row(f, 2, [f, f, f])]);
    const { memory, dma, run, sim, watch } = rig({ n: 3, base: 64 - 6, plane: 5, rows, latencyCycles: 1 });
    memory.load(0, new Int16Array(64).fill(-1));
    sim.run({ until: () => dma.rows === 6, maxCycles: 100 });
    run();
    const want = new Int16Array(64).fill(-1);
    want.set([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2], 29);
    expect([...memory.dump(0, 64)]).toEqual([...want]);
    expect(watch.writes).toEqual([
      { addr: 32, beats: 2 },
      { addr: 64, beats: 1 },
      { addr: 64, beats: 1 },
    ]);
    expect(dma.bytesWritten).toBe(30);
  });

  it('sends what is left on a flush, a buffer a cycle, and goes on behind it', () => {
    const rows = [row(3, 0, [1, 2, 3]), row(511, 0, [4])];
    const { memory, dma, run, sim, feeder, watch } = rig({
      n: 4,
      base: 0,
      plane: 48,
      rows,
      latencyCycles: 1,
    });
    run();
    expect(watch.writes).toEqual([
      { addr: 2 * 48 * 3, beats: 1 },
      { addr: 2 * 48 * 511, beats: 1 },
    ]);
    feeder.items.push(row(3, 3, [7, 8, 9]));
    sim.run({ cycles: 5 });
    expect([dma.idle.value, dma.bytesWritten]).toEqual([0, 8]);
    run();
    expect([...memory.dump(288, 8)]).toEqual([1, 2, 3, 7, 8, 9, 0, 0]);
    expect(dma.bytesWritten).toBe(14);
  });

  it('cuts at 4 KB', () => {
    const rows = [row(0, 0, ramp(48))];
    const { watch, memory, run } = rig({ n: 48, base: 8192 - 32, plane: 1000, rows, latencyCycles: 1 });
    run();
    expect(watch.writes).toEqual([
      { addr: 8160, beats: 1 },
      { addr: 8192, beats: 2 },
    ]);
    expect([...memory.dump(8160, 49)]).toEqual([...ramp(48), 0]);
  });

  it('takes max(1, n / 16) cycles a row while the memory keeps up', () => {
    const n = 28;
    const rows = Array.from({ length: 400 }, (_, i) => row(i % 100, 28 * Math.floor(i / 100), ramp(n, i)));
    const { sim, dma, feeder, clock } = rig({
      n,
      base: 0,
      plane: 128,
      rows,
      latencyCycles: 1,
      unanswered: 16,
    });
    sim.run({ until: () => feeder.done === 400, maxCycles: 2000 });
    // 28 words leave 1, 2, 2 and 2 beats: 700 for 400 rows, made at the edges of cycles 2 to 701. The last two rows have
    // two each, so the one before them is done at the edge of 697, and the last is taken in 698.
    expect(clock.cycle).toBe(699);
    sim.run({ until: () => dma.idle.value !== 0, maxCycles: 100 });
    expect([dma.beats, dma.bursts, dma.stallCycles]).toEqual([700, 400, 298]);
  });

  it('has at most 4 bursts unanswered, and counts the cycles that its rows wait, asleep or not', () => {
    const rows = Array.from({ length: 10 }, (_, i) => row(i, 0, ramp(16)));
    const { sim, dma, watch, feeder, run } = rig({ n: 16, base: 0, plane: 32, rows, latencyCycles: 200 });
    let waited = 0;
    while (feeder.done < 10) {
      sim.step();
      if (dma.row.valid.value !== 0 && dma.row.ready.value === 0) waited += 1;
    }
    expect(dma.stallCycles).toBe(waited);
    // Row 6 comes in cycle 7. The first response comes in 3 + 200; row 4 then goes at the edge of 204.
    expect(waited).toBe(204 - 7 + 1);
    run();
    expect(watch.mostWrites).toBe(4);
    expect(dma.stallCycles).toBe(waited);
  });

  it('sends a buffer first when its filter goes on elsewhere', () => {
    const rows = [row(1, 0, [5, 6]), row(1, 40, [7, 8]), row(513, 1, [9])];
    const { memory, run, watch } = rig({ n: 2, base: 0, plane: 100, rows, latencyCycles: 1 });
    run();
    expect([...memory.dump(200, 3)]).toEqual([5, 6, 0]);
    expect([...memory.dump(280, 3)]).toEqual([7, 8, 0]);
    expect([...memory.dump(2 * 51_300, 3)]).toEqual([0, 9, 0]);
    expect(watch.writes.map((b) => b.addr)).toEqual([192, 256, 102_592]);
  });

  it('equals an array of words for any planes, order of filters, stalls and flushes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const next = random(seed);
        const n = pick(next, 1, 63);
        const plane = pick(next, 1, 150);
        const filters = pick(next, 1, 6);
        const first = pick(next, 0, 40);
        const base = 2 * pick(next, 0, 3000);
        const rate = (): number => (next() < 0.4 ? 1 : 0.15 + 0.85 * next());
        const image = Int16Array.from({ length: 16_384 }, () => pick(next, -32_768, 32_767));
        const rows: Item[] = [];
        const at = Array.from({ length: filters }, () => 0);
        const want = image.slice();
        const stop = next() < 0.3 ? 0.05 : 0;
        while (at.some((p) => p < plane) && next() >= stop) {
          const f = pick(next, 0, filters - 1);
          if (at[f] === plane) continue;
          const count = Math.min(plane - at[f]!, next() < 0.6 ? n : pick(next, 1, n));
          const data = Array.from({ length: count }, () => pick(next, -32_768, 32_767));
          rows.push(row(first + f, at[f]!, data));
          want.set(data, base / 2 + (first + f) * plane + at[f]!);
          at[f]! += count;
        }
        const { memory, run, dma, feeder, sim, watch } = rig({
          n,
          base,
          plane,
          rows: rows.splice(0, pick(next, 0, rows.length)),
          rowRate: rate(),
          linkRate: rate(),
          seed,
          latencyCycles: pick(next, 1, 40),
          bandwidthBytesPerCycle: next() < 0.5 ? 32 : 2 + 30 * next(),
        });
        memory.load(0, image);
        sim.run({ cycles: 3 });
        run();
        const early = memory.dump(0, image.length);
        // The rest after a flush in the middle, which is raised before the last rows are in.
        feeder.items.push(...rows);
        sim.run({ until: () => feeder.done >= feeder.items.length - 3, maxCycles: 100_000 });
        run();
        expect(memory.dump(0, image.length)).toEqual(want);
        expect(watch.mostWrites).toBeLessThanOrEqual(4);
        expect(dma.rows).toBe(feeder.items.length);
        expect(dma.bytesWritten).toBe(
          2 * feeder.items.reduce((sum, item) => sum + (item.count as number), 0),
        );
        expect(dma.bytesWritten).toBe(memory.bytesWritten);
        if (rows.length === 0) expect(early).toEqual(want);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from a snapshot to the same memory', () => {
    const rows = Array.from({ length: 12 }, (_, i) => row(i % 3, 10 * Math.floor(i / 3), ramp(10, 10 * i)));
    const start = () =>
      rig({ n: 10, base: 6, plane: 40, rows: [...rows], latencyCycles: 12, watched: false });
    const one = start();
    one.sim.run({ cycles: 9 });
    const done = one.feeder.done;
    const saved = takeSnapshot(one.sim);
    one.run();
    const two = start();
    restoreSnapshot(two.sim, saved);
    // The test's own feeder keeps its place outside the snapshot: it shows the item on the wires again unless that goes now.
    two.feeder.items.splice(0, done + (two.dma.row.fires ? 1 : 0));
    two.run();
    expect(two.memory.dump(0, 200)).toEqual(one.memory.dump(0, 200));
    expect(two.dma.bytesWritten).toBe(240);
  });

  it('is idle after a reset', () => {
    const rows = Array.from({ length: 9 }, (_, i) => row(i, 0, ramp(16)));
    const { sim, dma } = rig({ n: 16, base: 2, plane: 64, rows, latencyCycles: 500 });
    sim.run({ cycles: 30 });
    expect([dma.idle.value, dma.row.ready.value]).toEqual([0, 0]);
    dma.rst.poke(1);
    sim.step();
    expect([dma.idle.value, dma.aw.valid.value, dma.w.valid.value, dma.row.ready.value]).toEqual([
      1, 0, 0, 1,
    ]);
  });

  it('names the burst that the memory refuses', () => {
    const rows = [row(0, 0, ramp(16)), row(0, 16, ramp(16))];
    const { run } = rig({ n: 16, base: 64, plane: 64, rows, capacityBytes: 96, latencyCycles: 3 });
    expect(() => run()).toThrow('write.b: wanted the response OKAY for address 0x60, got DECERR, in cycle 7');
  });

  it('refuses rows and settings it cannot carry out, by field', () => {
    const fails = (base: number, plane: number, item: Item) => () =>
      rig({ n: 4, base, plane, rows: [item] }).run();
    expect(fails(0, 8, row(0, 0, [1]))).not.toThrow();
    expect(fails(1, 8, row(0, 0, [1]))).toThrow('write: cfg_base must be even, got 1, in cycle 1');
    expect(fails(0, 8, row(0, 6, [1, 2, 3]))).toThrow(
      "write: row_pixel + row_count must be within the plane's 8 words, got 9",
    );
    expect(fails(0, 8, row(0, 0, []))).toThrow('write: row_count must be an integer from 1 to n = 4, got 0');
    expect(fails(2 ** 33 - 8, 8, row(0, 1, [1, 2, 3, 4]))).toThrow('write: row address must be within 8 GiB');
    const { sim, clock } = bench();
    expect(() => new WriteDma(sim, 'w', { clock, n: 1, outstanding: 17 })).toThrow(
      new ConfigError('w', 'outstanding', 'an integer from 1 to 16', 17),
    );
  });

  it('refuses a response that belongs to nothing', () => {
    const answered = (id: number, bursts: number) => () => {
      const { sim, clock } = bench();
      const dma = new WriteDma(sim, 'write', { clock, n: 16 });
      dma.cfgPlaneWords.poke(16);
      dma.row.payload.count.poke(16);
      dma.row.valid.poke(bursts);
      sim.step(clock);
      dma.row.valid.poke(0);
      sim.step(clock);
      dma.b.payload.id.poke(id);
      dma.b.valid.poke(1);
      sim.step(clock);
    };
    expect(answered(0, 1)).not.toThrow();
    expect(answered(0, 0)).toThrow('write.b: a response to no burst, in cycle 2');
    expect(answered(5, 1)).toThrow('write.b: a response to ID 5, not 0, in cycle 2');
  });

  it('tells who waits when the memory never answers', () => {
    const { sim, clock } = bench();
    const dma = new WriteDma(sim, 'write', { clock, n: 16 });
    const taker = new Taker(sim, 'taker', axiAddress, clock);
    connect(dma.aw, taker.in);
    dma.w.ready.poke(1);
    dma.cfgPlaneWords.poke(16);
    dma.row.payload.count.poke(16);
    dma.row.valid.poke(1);
    sim.step(clock);
    dma.row.valid.poke(0);
    sim.run({ cycles: 10 });
    expect(sim.waits().map((w) => w.why)).toEqual(['1 write bursts are unanswered']);
  });
});
