import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BeatPacker, wideBeat } from '../../src/components/beat-packer.js';
import { readBeat } from '../../src/components/read-dma.js';
import { connect, restoreSnapshot, Simulator, takeSnapshot } from '../../src/kernel/index.js';
import { beatsOf, Drain, Feeder, randomFrom, type Values } from './l2-bench.js';

/** READ's beats of a command, one behind the other: its own definition. */
function narrow(words: readonly number[], address: number): Values[] {
  const beats: Values[] = [];
  const end = address + words.length;
  for (let beat = Math.floor(address / 16); beat * 16 < end; beat++) {
    const from = Math.max(address, beat * 16);
    const to = Math.min(end, beat * 16 + 16);
    const data = Array.from({ length: 16 }, (_, i) => words[beat * 16 + i - address] ?? 77);
    beats.push({ data, first: from % 16, count: to - from, last: to === end ? 1 : 0 });
  }
  return beats;
}

function bench(beats: readonly Values[], pauses: { in?: () => boolean; out?: () => boolean } = {}) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('bus', 200_000_000);
  const packer = new BeatPacker(sim, 'packer', { clock });
  const source = new Feeder(sim, 'read', readBeat, clock, pauses.in);
  const drain = new Drain(sim, 'l2', wideBeat, clock, pauses.out);
  connect(source.out, packer.in);
  connect(packer.out, drain.in);
  source.queue.push(...beats);
  return { sim, clock, packer, source, drain };
}

const ramp = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);
/** The words that beats carry, command by command. */
function commandsOf(beats: readonly { readonly values: Values }[]): number[][] {
  const commands: number[][] = [[]];
  for (const { values } of beats) {
    const first = values.first as number;
    commands.at(-1)!.push(...(values.data as number[]).slice(first, first + (values.count as number)));
    if (values.last !== 0) commands.push([]);
  }
  return commands.slice(0, -1);
}

describe('BeatPacker', () => {
  it('shows a pair in the cycle after its second beat, and the odd beat at the end of a command alone', () => {
    // Words 10 … 15 of one beat, two whole beats, 4 words of a fourth, then a command of a single beat.
    const t = bench([...narrow(ramp(42), 10), ...narrow(ramp(5, 100), 3)]);
    t.sim.step(t.clock, 12);
    expect(t.source.accepted).toEqual([1, 2, 3, 4, 5]);
    expect(
      t.drain.got.map(({ cycle, values: { first, count, last } }) => [cycle, first, count, last]),
    ).toEqual([
      [3, 10, 22, 0],
      [5, 0, 20, 1],
      [6, 3, 5, 1],
    ]);
    expect(commandsOf(t.drain.got)).toEqual([ramp(42), ramp(5, 100)]);
  });

  it('refuses while two wide beats wait, and goes on in the cycle after one left', () => {
    const t = bench(narrow(ramp(160), 0), { out: () => t.clock.cycle < 19 });
    t.drain.in.ready.poke(0);
    t.sim.step(t.clock, 30);
    // Two pairs in 1 to 4; ready falls in 5. The consumer is ready from 20 on: the FIFO takes again from 21.
    expect(t.source.accepted).toEqual([1, 2, 3, 4, ...ramp(6, 21)]);
    expect(t.drain.got.map(({ cycle }) => cycle)).toEqual([20, 21, 23, 25, 27]);
  });

  it('keeps every word of random commands, as L2 expects them, under pauses on either side', () => {
    const command = fc.record({ words: fc.integer({ min: 1, max: 120 }), address: fc.nat(63) });
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 8 }), fc.nat(), (commands, seed) => {
        const random = randomFrom(seed);
        const texts = commands.map(({ words }, i) => ramp(words, 200 * i - 900));
        const t = bench(
          texts.flatMap((words, i) => narrow(words, commands[i]!.address)),
          { in: () => random() < 0.3, out: () => random() < 0.5 },
        );
        t.sim.step(t.clock, 600);
        expect(commandsOf(t.drain.got)).toEqual(texts);
        const shape = ({ first, count, last }: Values) => [first, count, last];
        expect(t.drain.got.map(({ values }) => shape(values))).toEqual(
          texts.flatMap((words, i) => beatsOf(words, commands[i]!.address)).map(shape),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('forgets the half that it holds at a reset', () => {
    const t = bench(narrow(ramp(32), 0).slice(0, 1));
    t.sim.step(t.clock, 4);
    t.packer.rst.poke(1);
    t.sim.step(t.clock, 2);
    t.packer.rst.poke(0);
    t.source.queue.push(...narrow(ramp(32, 500), 0));
    t.sim.step(t.clock, 8);
    expect(commandsOf(t.drain.got)).toEqual([ramp(32, 500)]);
  });

  it('goes on from a snapshot between the halves of a pair', () => {
    const beats = narrow(ramp(96), 0);
    const before = bench(beats);
    before.sim.step(before.clock, 4);
    const after = bench([]);
    after.source.queue.push(...before.source.queue);
    restoreSnapshot(after.sim, takeSnapshot(before.sim));
    after.sim.step(after.clock, 12);
    expect(commandsOf([...before.drain.got, ...after.drain.got])).toEqual([ramp(96)]);
  });

  it('sleeps while nothing comes', () => {
    const t = bench([]);
    t.sim.step(t.clock, 5);
    const before = t.sim.engine.activations;
    t.sim.step(t.clock, 100);
    // Feeder and drain only.
    expect(t.sim.engine.activations - before).toBe(200);
  });
});
