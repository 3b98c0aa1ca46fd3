import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axiAddress,
  axiReadData,
  axiWriteData,
  axiWriteResponse,
} from '../../../src/components/axi/channels.js';
import { AxiProtocolError } from '../../../src/components/axi/errors.js';
import { AxiMemory, type AxiMemorySpec } from '../../../src/components/ddr3/axi-memory.js';
import { ConfigError, connect, restoreSnapshot, takeSnapshot } from '../../../src/kernel/index.js';
import { bench, Feeder, type Item, pick, random, Taker } from '../memory-bench.js';

const ALL = 2 ** 32 - 1;

function rig(spec: Omit<AxiMemorySpec, 'clock'> = {}, rate = 1, seed = 1) {
  const { sim, clock } = bench();
  const lanes = spec.lanes ?? 16;
  const memory = new AxiMemory(sim, 'ddr', { clock, ...spec });
  const ar = new Feeder(sim, 'ar', axiAddress, clock, [], rate, random(seed));
  const aw = new Feeder(sim, 'aw', axiAddress, clock, [], rate, random(seed + 1));
  const w = new Feeder(sim, 'w', axiWriteData(lanes), clock, [], rate, random(seed + 2));
  const r = new Taker(sim, 'r', axiReadData(lanes), clock, rate, random(seed + 3));
  const b = new Taker(sim, 'b', axiWriteResponse, clock, rate, random(seed + 4));
  connect(ar.out, memory.ar);
  connect(aw.out, memory.aw);
  connect(w.out, memory.w);
  connect(memory.r, r.in);
  connect(memory.b, b.in);
  const run = (beats: number, responses: number, cycles = 20_000): void => {
    sim.run({ until: () => r.seen.length === beats && b.seen.length === responses, maxCycles: cycles });
  };
  return { sim, clock, memory, ar, aw, w, r, b, run };
}

const burst = (addr: number, beats: number, size = 5, kind = 1, id = 0): Item => ({
  id,
  addr,
  len: beats - 1,
  size,
  burst: kind,
});
const words = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('AxiMemory', () => {
  it('shows the first beat `latency` cycles after AR and then one a cycle', () => {
    const { memory, ar, r, run } = rig({ latencyCycles: 7 });
    memory.load(64, Int16Array.from(words(48, 100)));
    ar.items.push(burst(64, 3, 5, 1, 9));
    run(3, 0);
    // AR is accepted in cycle 1.
    expect(r.seen.map((s) => s.cycle)).toEqual([8, 9, 10]);
    expect(r.seen.map((s) => s.item)).toEqual([
      { id: 9, data: words(16, 100), resp: 0, last: 0 },
      { id: 9, data: words(16, 116), resp: 0, last: 0 },
      { id: 9, data: words(16, 132), resp: 0, last: 1 },
    ]);
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([96, 0, 3]);
  });

  it('answers a write `latency` cycles after its last beat, and keeps the data', () => {
    const { memory, aw, w, b, run } = rig({ latencyCycles: 5 });
    aw.items.push(burst(4096, 2, 5, 1, 3));
    w.items.push({ data: words(16, 1), strb: ALL, last: 0 }, { data: words(16, 17), strb: ALL, last: 1 });
    run(0, 1);
    // Beats are accepted in cycles 1 and 2.
    expect(b.seen).toEqual([{ cycle: 7, item: { id: 3, resp: 0 } }]);
    expect([...memory.dump(4096, 34)]).toEqual([...words(32, 1), 0, 0]);
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([0, 64, 2]);
  });

  it('answers writes after a latency of their own when given', () => {
    const { aw, w, b, run } = rig({ latencyCycles: 30, writeLatencyCycles: 2 });
    aw.items.push(burst(0, 1));
    w.items.push({ data: words(16), strb: ALL, last: 1 });
    run(0, 1);
    expect(b.seen.map((s) => s.cycle)).toEqual([3]);
  });

  it('takes write data before their address', () => {
    const { sim, memory, aw, w, run } = rig({ latencyCycles: 1 });
    w.items.push({ data: words(16, 5), strb: ALL, last: 1 });
    sim.step(undefined, 20);
    expect(memory.beats).toBe(0);
    aw.items.push(burst(32, 1));
    run(0, 1);
    expect([...memory.dump(32, 16)]).toEqual(words(16, 5));
  });

  it('moves half a beat a cycle at 16 bytes a cycle, and 3 in 5 cycles at 96/5', () => {
    for (const [bandwidth, span] of [
      [16, 2 * 63],
      [{ num: 96, den: 5 }, 105],
    ] as const) {
      const { ar, r, run } = rig({ latencyCycles: 20, bandwidthBytesPerCycle: bandwidth });
      for (let i = 0; i < 4; i++) ar.items.push(burst(512 * i, 16));
      run(64, 0);
      // 63 beats after the first, at 32 bytes each; credit saved up makes the second beat at most one beat's time early.
      const took = r.seen.at(-1)!.cycle - r.seen[0]!.cycle;
      expect(took).toBeLessThanOrEqual(span);
      expect(took).toBeGreaterThanOrEqual(span - 1);
    }
  });

  it('shares its bandwidth evenly between reads and writes, and serves both in full at twice the bus', () => {
    for (const [bandwidth, cycles] of [
      [32, 256],
      [6.4e9 / 166e6, 213],
      [64, 128],
    ] as const) {
      const { memory, ar, aw, w, r, b, run, clock } = rig({
        latencyCycles: 1,
        bandwidthBytesPerCycle: bandwidth,
      });
      for (let i = 0; i < 8; i++) {
        ar.items.push(burst(512 * i, 16));
        aw.items.push(burst(65_536 + 512 * i, 16));
        for (let k = 0; k < 16; k++) w.items.push({ data: words(16, k), strb: ALL, last: k === 15 ? 1 : 0 });
      }
      run(128, 8);
      const end = Math.max(r.seen.at(-1)!.cycle, b.seen.at(-1)!.cycle);
      expect(end, `at ${bandwidth}`).toBeGreaterThanOrEqual(cycles);
      expect(end, `at ${bandwidth}`).toBeLessThanOrEqual(cycles + 4);
      expect(memory.beats).toBe(256);
      expect(clock.cycle).toBeLessThan(cycles + 6);
    }
  });

  it('answers DECERR beyond its capacity and SLVERR where a burst runs out of it', () => {
    const { memory, ar, aw, w, r, b, run } = rig({ capacityBytes: 4096 - 64, latencyCycles: 1 });
    memory.load(3968, Int16Array.from(words(32, 1)));
    ar.items.push(burst(3968, 4), burst(8192, 1));
    // The last one wraps from the end back into the memory.
    aw.items.push(burst(4000, 2), burst(4064, 1), burst(0, 1), burst(4000, 4, 5, 2));
    for (const last of [0, 1, 1, 1, 0, 0, 0, 1]) w.items.push({ data: words(16, 50), strb: ALL, last });
    run(5, 4);
    expect(r.seen.map((s) => s.item.resp)).toEqual([0, 0, 2, 2, 3]);
    expect(r.seen[2]!.item.data).toEqual(Array(16).fill(0));
    expect(b.seen.map((s) => s.item.resp)).toEqual([2, 3, 0, 2]);
    expect(memory.bytesWritten).toBe(128);
    expect(() => memory.load(4000, new Int16Array(17))).toThrow(ConfigError);
    expect(() => memory.dump(3, 1)).toThrow('ddr: address must be an even integer of 0 or more, got 3');
  });

  it('refuses what the protocol forbids, by name and cycle', () => {
    const cases: [Item, string][] = [
      [burst(4064, 2), 'ddr.ar: an INCR burst from 4064 to 4127, across a 4 KB boundary, in cycle 1'],
      [burst(0, 3, 5, 2), 'ddr.ar: a WRAP burst of 3 beats, not 2, 4, 8 or 16, in cycle 1'],
      [burst(16, 4, 5, 2), 'ddr.ar: a WRAP burst from 16, not aligned to its SIZE of 32 bytes, in cycle 1'],
      [burst(0, 17, 5, 0), 'ddr.ar: a FIXED burst of 17 beats, more than 16, in cycle 1'],
      [burst(0, 1, 5, 3), 'ddr.ar: the reserved BURST 3, in cycle 1'],
      [burst(0, 1, 6), 'ddr.ar: SIZE of 64 bytes on a bus of 32, in cycle 1'],
    ];
    for (const [item, message] of cases) {
      const { ar, run } = rig();
      ar.items.push(item);
      expect(() => run(1, 0)).toThrow(message);
    }
    const { aw, w, run } = rig();
    aw.items.push(burst(0, 2));
    w.items.push({ data: words(16), strb: ALL, last: 1 });
    expect(() => run(0, 1)).toThrow(AxiProtocolError);
  });

  it('reaches the last word of 8 GiB and holds only the pages that were written', () => {
    const { memory, ar, r, run } = rig({ latencyCycles: 1 });
    memory.load(2 ** 33 - 4, Int16Array.of(-7, 9));
    ar.items.push(burst(2 ** 33 - 32, 1));
    run(1, 0);
    expect((r.seen[0]!.item.data as number[]).slice(14)).toEqual([-7, 9]);
    memory.load(65_530, Int16Array.from(words(10, 1)));
    expect([...memory.dump(65_528, 12)]).toEqual([0, ...words(10, 1), 0]);
  });

  it('goes on from a snapshot to the same beats, and a later write does not leak into it', () => {
    const start = () => {
      const built = rig({ latencyCycles: 9, bandwidthBytesPerCycle: 20 });
      built.ar.items.push(burst(0, 16), burst(512, 16));
      return built;
    };
    const one = start();
    one.memory.load(0, Int16Array.from(words(512, 3)));
    one.run(5, 0);
    const saved = takeSnapshot(one.sim);
    one.memory.load(0, new Int16Array(512));
    // The test's own modules keep their state outside the snapshot: the wires are what counts here.
    const two = start();
    restoreSnapshot(two.sim, saved);
    two.ar.done = 2;
    two.run(27, 0);
    expect(two.r.seen.at(-1)!.item.data).toEqual(words(16, 3 + 496));
    expect(two.memory.beats).toBe(32);
    expect([...two.memory.dump(0, 4)]).toEqual(words(4, 3));
  });

  it('equals an array of bytes for any bursts, strobes and stalls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(1, 2, 4, 8, 16), (seed, lanes) => {
        const next = random(seed);
        const rate = next() < 0.3 ? 1 : 0.2 + 0.8 * next();
        const busBytes = 2 * lanes;
        const capacity = 16_384;
        const rigged = rig(
          {
            lanes,
            capacityBytes: capacity,
            latencyCycles: pick(next, 1, 20),
            bandwidthBytesPerCycle: 1 + 70 * next(),
            outstanding: pick(next, 1, 5),
          },
          rate,
          seed,
        );
        const { memory, ar, aw, w, r, run } = rigged;
        const bytes = new Uint8Array(capacity);
        let writes = 0;
        for (; writes < 12; writes++) {
          const { item, beats } = anyBurst(next, busBytes, capacity);
          aw.items.push(item);
          beats.forEach((beat, i) => {
            const data = Array.from({ length: lanes }, () => pick(next, -32_768, 32_767));
            let strb = 0;
            for (let lane = beat.from; lane <= beat.to; lane++) {
              if (next() < 0.2) continue;
              strb += 2 ** lane;
              const word = data[lane >> 1]!;
              bytes[beat.base + lane] = lane % 2 === 0 ? word : word >> 8;
            }
            w.items.push({ data, strb, last: i === beats.length - 1 ? 1 : 0 });
          });
        }
        run(0, writes);
        const image = new Int16Array(bytes.buffer);
        expect(memory.dump(0, capacity / 2)).toEqual(image);
        const want: unknown[] = [];
        for (let reads = 0; reads < 12; reads++) {
          const { item, beats } = anyBurst(next, busBytes, capacity);
          ar.items.push(item);
          beats.forEach((beat, i) =>
            want.push({
              id: item.id,
              data: [...image.subarray(beat.base / 2, beat.base / 2 + lanes)],
              resp: 0,
              last: i === beats.length - 1 ? 1 : 0,
            }),
          );
        }
        run(want.length, writes);
        expect(r.seen.map((s) => s.item)).toEqual(want);
      }),
      { numRuns: 40 },
    );
  });

  it('sleeps through its latency', () => {
    const { sim, clock } = bench();
    const memory = new AxiMemory(sim, 'ddr', { clock, latencyCycles: 10_000 });
    memory.r.ready.poke(1);
    memory.ar.valid.poke(1);
    sim.step(clock);
    memory.ar.valid.poke(0);
    const before = sim.engine.activations;
    sim.run({ cycles: 9_998 });
    expect(memory.r.valid.value).toBe(0);
    sim.step(clock);
    expect(memory.r.valid.value).toBe(1);
    expect(clock.cycle).toBe(10_000);
    expect(sim.engine.activations - before).toBeLessThan(10);
  });

  it('names a parameter out of range', () => {
    const { sim, clock } = bench();
    let id = 0;
    const make = (spec: object) => () => new AxiMemory(sim, `m${id++}`, { clock, ...spec });
    expect(make({ lanes: 3 })).toThrow(new ConfigError('m0', 'lanes', 'a power of two from 1 to 16', 3));
    expect(make({ latencyCycles: 0 })).toThrow('m1: latencyCycles must be an integer of 1 or more, got 0');
    expect(make({ capacityBytes: 100 })).toThrow(
      'm2: capacityBytes must be a multiple of the beat of 32 bytes',
    );
    expect(make({ bandwidthBytesPerCycle: 0 })).toThrow('m3: bandwidthBytesPerCycle must be');
    expect(make({ outstanding: 1.5 })).toThrow('m4: outstanding must be');
  });
});

/** A legal burst within the capacity and, by AXI's own prose, the bus word and byte lanes of each of its beats. */
function anyBurst(next: () => number, busBytes: number, capacity: number) {
  const size = pick(next, 0, Math.log2(busBytes));
  const bytes = 2 ** size;
  const kind = pick(next, 0, 2);
  const beatCount = kind === 2 ? 2 ** pick(next, 1, 4) : kind === 0 ? pick(next, 1, 16) : pick(next, 1, 40);
  let addr = pick(next, 0, capacity - 1);
  if (kind === 2) addr -= addr % bytes;
  const page = addr - (addr % 4096);
  let room = kind === 1 ? Math.floor((page + 4096 - (addr - (addr % bytes))) / bytes) : beatCount;
  room = Math.min(room, beatCount);
  const beats: { base: number; from: number; to: number }[] = [];
  let at = addr;
  for (let i = 0; i < room; i++) {
    const base = at - (at % busBytes);
    beats.push({ base, from: at - base, to: at - (at % bytes) + bytes - 1 - base });
    if (kind !== 0) at = at - (at % bytes) + bytes;
    // At the upper end of its container a WRAP burst starts again at the lower one.
    if (kind === 2 && at % (bytes * room) === 0) at -= bytes * room;
  }
  return { item: burst(addr, room, size, kind, pick(next, 0, 15)), beats };
}
