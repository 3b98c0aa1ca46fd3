import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axiAddress, axiReadData } from '../../src/components/axi/channels.js';
import { AxiMemory, type AxiMemorySpec } from '../../src/components/ddr3/axi-memory.js';
import { readBeat, readCommand, ReadDma } from '../../src/components/read-dma.js';
import { type Channel, connect, DeadlockError } from '../../src/kernel/index.js';
import { AxiWatch, bench, Feeder, type Item, pick, random, Staller, Taker } from './memory-bench.js';

interface RigSpec extends Omit<AxiMemorySpec, 'clock'> {
  readonly commandRate?: number;
  readonly outRate?: number;
  /** Chance that AR and R move in a cycle; 1 wires the memory directly. */
  readonly linkRate?: number;
  readonly seed?: number;
}

function rig(commands: readonly (readonly [addr: number, words: number])[], spec: RigSpec = {}) {
  const { sim, clock } = bench();
  const { commandRate = 1, outRate = 1, linkRate = 1, seed = 1, ...memorySpec } = spec;
  const memory = new AxiMemory(sim, 'ddr', { clock, ...memorySpec });
  const dma = new ReadDma(sim, 'read', { clock });
  const items = commands.map(([addr, words]) => ({ addr, words }));
  const cmd = new Feeder(sim, 'cmd', readCommand, clock, items, commandRate, random(seed));
  const out = new Taker(sim, 'out', readBeat, clock, outRate, random(seed + 1));
  connect(cmd.out, dma.cmd);
  connect(dma.out, out.in);
  if (linkRate === 1) {
    connect(dma.ar, memory.ar);
    connect(memory.r, dma.r);
  } else {
    const ar = new Staller(sim, 'slow_ar', axiAddress, clock, linkRate, random(seed + 2));
    const r = new Staller(sim, 'slow_r', axiReadData(16), clock, linkRate, random(seed + 3));
    connect(dma.ar, ar.in);
    connect(ar.out, memory.ar);
    connect(memory.r, r.in);
    connect(r.out, dma.r);
  }
  const channels = { ar: dma.ar as unknown as Channel, r: dma.r as unknown as Channel };
  const watch = new AxiWatch(sim, 'watch', clock, channels, 512, 16);
  const run = (beats: number, maxCycles = 50_000): void => {
    sim.run({ until: () => out.seen.length === beats, maxCycles });
  };
  return { sim, clock, memory, dma, cmd, out, watch, run };
}

/** The words that the beats give to the command at hand, checked for order and for the places they stand in. */
function wordsOf(beats: readonly Item[]): number[] {
  return beats.flatMap((beat) => {
    const { data, first, count } = beat as { data: number[]; first: number; count: number };
    return data.slice(first, first + count);
  });
}

const ramp = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('ReadDma', () => {
  it('shows AR two cycles after the command and a beat one cycle after it came', () => {
    const { memory, out, watch, run, dma } = rig([[100, 20]], { latencyCycles: 10 });
    memory.load(0, Int16Array.from(ramp(200)));
    const ars: number[] = [];
    dma.ar.subscribe((t) => ars.push(t.cycle));
    run(2);
    // The command is accepted in cycle 1, AR in 3, R comes in 13 and 14.
    expect(ars).toEqual([3]);
    expect(watch.reads).toEqual([{ addr: 96, beats: 2 }]);
    expect(out.seen).toEqual([
      { cycle: 14, item: { data: ramp(16, 48), first: 2, count: 14, last: 0 } },
      { cycle: 15, item: { data: ramp(16, 64), first: 0, count: 6, last: 1 } },
    ]);
  });

  it('cuts at 512 bytes, and sends one address a cycle across commands', () => {
    const { dma, watch, run } = rig(
      [
        [512 - 64, 16 * 20],
        [4096 + 30, 1],
        [8190, 2],
      ],
      { latencyCycles: 40 },
    );
    const ars: number[] = [];
    dma.ar.subscribe((t) => ars.push(t.cycle));
    run(20 + 1 + 2);
    expect(watch.reads).toEqual([
      { addr: 448, beats: 2 },
      { addr: 512, beats: 16 },
      { addr: 1024, beats: 2 },
      { addr: 4096 + 0, beats: 1 },
      { addr: 8160, beats: 1 },
      { addr: 8192, beats: 1 },
    ]);
    expect(ars).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('takes a beat a cycle once the latency has passed', () => {
    const { out, run } = rig([[0, 16 * 640]], { latencyCycles: 30 });
    run(640);
    // 128 beats of room and 8 bursts cover 30 cycles of latency: nothing is lost between the first beat and the last.
    expect(out.seen[0]!.cycle).toBe(34);
    expect(out.seen.at(-1)!.cycle).toBe(34 + 639);
  });

  it('gives each beat its command’s words and marks its last', () => {
    const { memory, out, run } = rig([
      [2, 15],
      [32, 16],
      [62, 2],
      [90, 1],
    ]);
    memory.load(0, Int16Array.from(ramp(100, 1000)));
    run(5);
    const marks = out.seen.map(({ item }) => [item.first, item.count, item.last]);
    expect(marks).toEqual([
      [1, 15, 1],
      [0, 16, 1],
      [15, 1, 0],
      [0, 1, 1],
      [13, 1, 1],
    ]);
    expect(wordsOf(out.seen.map((s) => s.item))).toEqual([...ramp(31, 1001), ...ramp(2, 1031), 1045]);
  });

  it('asks for no more than its FIFO holds while nobody takes the beats, and goes on when somebody does', () => {
    const { sim, out, dma, watch, run } = rig([[0, 16 * 400]], { latencyCycles: 5, outRate: 0 });
    sim.run({ cycles: 500 });
    expect(dma.state.fifoCount).toBe(128);
    expect(watch.reads.length).toBe(8);
    out.rate = 1;
    run(400);
    expect(out.seen.length).toBe(400);
  });

  it('keeps at most 8 bursts under way', () => {
    const commands = ramp(20).map((i) => [i * 1024, 16] as const);
    const { watch, run } = rig(commands, { latencyCycles: 100 });
    run(20);
    expect(watch.mostReads).toBe(8);
  });

  it('equals the memory for any commands, stalls and bandwidth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const next = random(seed);
        const image = Int16Array.from({ length: 30_000 }, () => pick(next, -32_768, 32_767));
        const commands = Array.from({ length: pick(next, 1, 25) }, () => {
          const words = next() < 0.1 ? pick(next, 1, 5000) : pick(next, 1, 60);
          return [2 * pick(next, 0, image.length - words), words] as const;
        });
        const rate = (): number => (next() < 0.4 ? 1 : 0.1 + 0.9 * next());
        const { memory, out, watch, run, dma } = rig(commands, {
          seed,
          commandRate: rate(),
          outRate: rate(),
          linkRate: rate(),
          latencyCycles: pick(next, 1, 60),
          bandwidthBytesPerCycle: next() < 0.5 ? 32 : 4 + 30 * next(),
        });
        memory.load(0, image);
        const beatsOf = commands.map(
          ([addr, words]) => Math.floor((addr + 2 * words - 1) / 32) - Math.floor(addr / 32) + 1,
        );
        run(beatsOf.reduce((a, b) => a + b, 0));
        let at = 0;
        commands.forEach(([addr, words], i) => {
          const beats = out.seen.slice(at, at + beatsOf[i]!).map((s) => s.item);
          at += beatsOf[i]!;
          expect(wordsOf(beats)).toEqual([...image.subarray(addr / 2, addr / 2 + words)]);
          expect(beats.map((b) => b.last)).toEqual(beats.map((_, k) => (k === beats.length - 1 ? 1 : 0)));
          // What a beat carries besides is the memory's too: it is the aligned one.
          expect((beats[0]!.data as number[])[0]).toBe(image[Math.floor(addr / 32) * 16]);
        });
        expect(watch.mostReads).toBeLessThanOrEqual(8);
        expect(dma.beats).toBe(at);
      }),
      { numRuns: 40 },
    );
  });

  it('starts afresh after a reset', () => {
    const { sim, dma, out, cmd, run, memory } = rig([[0, 8 * 16]], { outRate: 0, latencyCycles: 2 });
    memory.load(0, Int16Array.from(ramp(400)));
    sim.run({ cycles: 60 });
    expect(dma.state.fifoCount).toBe(8);
    dma.rst.poke(1);
    sim.step(undefined, 2);
    dma.rst.poke(0);
    expect([dma.out.valid.value, dma.ar.valid.value, dma.cmd.ready.value, dma.r.ready.value]).toEqual([
      0, 0, 1, 1,
    ]);
    cmd.items.push({ addr: 512, words: 3 });
    out.rate = 1;
    run(1);
    expect(wordsOf([out.seen[0]!.item])).toEqual([256, 257, 258]);
  });

  it('names the address that the memory refuses', () => {
    const { run } = rig([[8160, 40]], { capacityBytes: 8192 });
    expect(() => run(9)).toThrow(
      'read.r: wanted the response OKAY for address 0x2000, got DECERR, in cycle 34',
    );
  });

  it('refuses beats that nobody asked for, of another ID, or with a misplaced last', () => {
    const answered = (words: number, beat: { id?: number; last?: number }) => () => {
      const { sim, clock } = bench();
      const dma = new ReadDma(sim, 'read', { clock });
      dma.cmd.payload.words.poke(words);
      dma.cmd.valid.poke(words > 0 ? 1 : 0);
      sim.step(clock);
      dma.cmd.valid.poke(0);
      sim.step(clock);
      dma.r.payload.id.poke(beat.id ?? 0);
      dma.r.payload.last.poke(beat.last ?? 1);
      dma.r.valid.poke(1);
      sim.step(clock);
    };
    expect(answered(16, {})).not.toThrow();
    expect(answered(0, {})).toThrow('read.r: a beat that nobody asked for, in cycle 2');
    expect(answered(16, { id: 1 })).toThrow('read.r: a beat of ID 1; only 0 was asked for, in cycle 2');
    expect(answered(17, {})).toThrow('read.r: r_last is 1 on beat 0 of a burst of 2, in cycle 2');
    expect(answered(16, { last: 0 })).toThrow('read.r: r_last is 0 on beat 0 of a burst of 1');
  });

  it('refuses commands it cannot carry out, by field', () => {
    const fails = (addr: number, words: number) => () => rig([[addr, words]]).run(1);
    expect(fails(0, 0)).toThrow('read.cmd: words must be an integer of 1 or more, got 0, in cycle 1');
    expect(fails(3, 1)).toThrow('read.cmd: addr must be even, got 3, in cycle 1');
    expect(fails(2 ** 33 - 2, 2)).toThrow('read.cmd: words must be at most what 8 GiB hold');
  });

  it('tells who waits when the memory never answers', () => {
    const { sim, clock } = bench();
    const dma = new ReadDma(sim, 'read', { clock });
    dma.cmd.valid.poke(1);
    dma.cmd.payload.words.poke(5);
    dma.ar.ready.poke(1);
    sim.step(clock);
    dma.cmd.valid.poke(0);
    expect(() => sim.run({ until: () => dma.out.valid.value !== 0 })).toThrow(DeadlockError);
    expect(sim.waits().map((w) => w.why)).toEqual(['1 bursts have beats to come']);
  });
});
