import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BankWriteError } from '../../src/components/l2-cache.js';
import { beatsOf, randomFrom } from './l2-bench.js';
import { bench, type Config, panel, ramp, rowsOf } from './l2-cache-bench.js';
import { PlainFill } from './l2-plain-fill.js';

/** Settings of rows of `w` words on 29 banks, Q apart, `hband` of them a channel. */
const on29 = (w: number, q: number, hband: number): Config => ({
  w,
  q,
  u: Math.max(1, Math.floor(29 / w)),
  wbank: Math.ceil(w / 29),
  hband,
});

/** Fills `rows` rows from word `first` of a beat on; command and beats are offered from cycle 1 on, so writing begins in 3. */
function fillRows(config: Config, rows: number, first = 0) {
  const t = bench({ n: 28, bWords: 4096 }, config);
  t.fills.queue.push(rowsOf(0, 0, 0, rows));
  t.beats.queue.push(...beatsOf(ramp(rows * config.w!), first));
  t.fillAll(1);
  return { accepted: t.beats.accepted, done: t.done[0]!, t };
}

describe('L2Cache, cycles of filling B', () => {
  it.each<[string, Config, number, number]>([
    // Rows that go on bank by bank, Q ≡ W: ⌈N/29⌉ cycles from 3 on, reported one after.
    ['2 cycles for 58 rows of 1 word', on29(1, 1, 58), 58, 5],
    ['6 cycles for 13 rows of 13: 169 words', on29(13, 13, 13), 13, 9],
    ['3 cycles for 4 rows of 15: 60 words', on29(15, 15, 4), 4, 6],
    ['1 cycle for a row of 28', on29(28, 28, 1), 1, 4],
    ['28 cycles for 29 rows of 28: 812 words', on29(28, 28, 29), 29, 31],
    ['5 cycles for 5 rows of 29', on29(29, 0, 5), 5, 8],
    ['30 cycles for 29 rows of 30: 870 words', on29(30, 1, 29), 29, 33],
    ['32 cycles for 29 rows of 32: 928 words', on29(32, 3, 29), 29, 35],
    ['4 cycles for 2 rows of 58', on29(58, 0, 2), 2, 7],
    ['24 cycles for 3 rows of 224: 672 words', on29(224, 21, 3), 3, 27],
    ['36 cycles for a row of 1024', on29(1024, 9, 1), 1, 39],
    // Rows of a single-row band all begin in bank 0: a row a cycle, for bank 0 has a word of each.
    ['4 cycles for 4 channels of a row of 15', on29(15, 15, 1), 4, 7],
    // Channels of 13 words share the banks two by two: 26 words a cycle.
    ['3 cycles for 6 channels of a row of 13', on29(13, 13, 1), 6, 6],
  ])('takes %s', (_, config, rows, done) => {
    expect(fillRows(config, rows).done).toBe(done);
  });

  it('writes one word a bank and cycle on the fewest banks too: 16 words of a row in 6 cycles on 3', () => {
    const t = bench({ n: 1 }, { w: 16, wbank: 6 });
    t.fills.queue.push(rowsOf(0, 0, 0, 1));
    t.beats.queue.push(...beatsOf(ramp(16), 0));
    t.fillAll(1);
    expect(t.done).toEqual([9]);
    expect([t.readB(0, 0, 5), t.readB(0, 1, 1)]).toEqual([16, 5]);
  });

  it('lets words overtake others into other banks: two rows of 28, 24 banks apart, take 29 and 27 words', () => {
    // Row 0 in banks 0 to 27, row 1 in 24 to 28 and 0 to 22. Cycle 3: row 0, and word 4 of row 1 into bank 28. Cycle 4: the rest.
    const { t, done } = fillRows(on29(28, 24, 28), 2);
    expect(done).toBe(5);
    expect([t.readB(0, 28, 1), t.readB(0, 24, 1), t.readB(0, 22, 1), t.readB(0, 27, 0)]).toEqual([
      33, 29, 56, 28,
    ]);
  });

  it('holds beats while a bank has words of them: six rows of 31 that begin in bank 0 take 12 cycles', () => {
    // Word x of a row lies in bank x mod 29, so banks 0 and 1 have two of each row, and 12 in all. Beat 1 is words 0 to 31: 0 to 28 go
    // in 3, 29 and 30 in 4, 31 in 5. Beat 2: 33 to 59 in 4, for banks 2 to 28 have nothing older; 32 in 5, 60 and 61 in 6, 62 and 63 in 7.
    // So the fifth beat comes in 5 and the sixth in 7.
    const { accepted, done } = fillRows(on29(31, 0, 6), 6);
    expect(accepted).toEqual([1, 2, 3, 4, 5, 7]);
    expect(done).toBe(15);
  });

  it('accepts a beat for each one emptied: a row of 1024 words, from whatever word of the first beat on', () => {
    // 29 words a cycle: 29·(c−2) are gone at the end of cycle c. In 24 that is 19 beats of the 23 that came: the next waits for 25.
    expect(fillRows(on29(1024, 9, 1), 1).accepted.slice(0, 24)).toEqual([...ramp(23), 25]);
    for (let first = 0; first < 16; first++) expect(fillRows(on29(1024, 9, 1), 1, first).done).toBe(39);
  });

  it('writes what is there when the next beat is late: 29, 3, nothing, 29, 3', () => {
    const t = bench({ n: 28, bWords: 64 }, on29(64, 0, 1));
    t.fills.queue.push(rowsOf(0, 0, 0, 1));
    const [one, two] = beatsOf(ramp(64), 0);
    t.beats.queue.push(one!);
    while (t.clock.cycle < 4) t.step();
    t.beats.queue.push(two!);
    t.fillAll(1);
    // Accepted in 5, written in 6 and 7.
    expect(t.beats.accepted).toEqual([1, 5]);
    expect(t.done).toEqual([8]);
  });

  it('writes nothing of a command before the last word of the one before it', () => {
    // Rows of 30 words: 29 and 1, then 29 and 1; the second one's words are there in cycle 4 and wait.
    const t = bench({ n: 28 }, on29(30, 1, 4));
    t.fills.queue.push(rowsOf(0, 0, 0, 1), rowsOf(1, 0, 1, 1));
    t.beats.queue.push(...beatsOf(ramp(30), 3), ...beatsOf(ramp(30, 100), 5));
    t.fillAll(2);
    expect(t.done).toEqual([5, 7]);
    expect(t.readB(1, 1, 2)).toBe(100);
  });

  it('goes from A to B and back without a gap', () => {
    const t = bench({ n: 28 }, on29(13, 13, 13));
    t.fills.queue.push(panel(0, 0, 1), rowsOf(0, 0, 0, 2), panel(0, 1, 2), rowsOf(0, 0, 2, 1));
    t.beats.queue.push(...beatsOf(ramp(32), 0), ...beatsOf(ramp(26), 7));
    t.beats.queue.push(...beatsOf(ramp(64), 0), ...beatsOf(ramp(13), 12));
    t.fillAll(4);
    // A in 3; B's 26 words in 4, for both of its beats are there; A in 5, 6; B in 7.
    expect(t.done).toEqual([4, 5, 7, 8]);
  });

  it('says which of command and data it waits for', () => {
    const t = bench({ n: 28 }, on29(13, 13, 13));
    t.fills.queue.push(rowsOf(0, 0, 0, 1));
    while (t.clock.cycle < 4) t.step();
    expect(t.l2.waits()).toEqual([{ who: 'l2', whom: 'read', why: 'a fill command awaits its data' }]);
    t.beats.queue.push(...beatsOf(ramp(13), 0), ...beatsOf(ramp(13), 0));
    while (t.clock.cycle < 9) t.step();
    expect(t.done).toHaveLength(1);
    expect(t.l2.waits()).toEqual([{ who: 'l2', whom: 'top', why: 'data await their fill command' }]);
  });

  it('refuses to write a bank twice in a cycle', () => {
    const t = bench({ n: 28 }, on29(15, 15, 1));
    t.fills.queue.push(rowsOf(1, 0, 0, 2));
    t.beats.queue.push(...beatsOf(ramp(30), 0));
    while (t.clock.cycle < 3) t.step();
    // Word 15 lies in bank 0, as word 0 does, and is not chosen: whoever chose both would lose one of them.
    const { goes } = t.l2.state.held;
    expect([goes[0], goes[15]]).toEqual([1, 0]);
    goes[15] = 1;
    expect(() => t.step()).toThrow(new BankWriteError('l2.b[1]', 0, 3));
  });
});

describe('L2Cache, against a plain model', () => {
  const traffic = fc.record({
    n: fc.constantFrom(1, 2, 4, 7, 16, 17, 28, 40, 63),
    w: fc.integer({ min: 1, max: 70 }),
    q: fc.nat({ max: 66 }),
    hband: fc.integer({ min: 1, max: 6 }),
    commands: fc.integer({ min: 1, max: 12 }),
    /** Of beats and commands, how many cycles in ten nothing new is offered. */
    idle: fc.constantFrom(0, 0, 3, 8),
    seed: fc.nat(),
  });

  it('shows the same ready and fill_done in every cycle, and fills every bank alike', () => {
    fc.assert(
      fc.property(traffic, ({ n, w, q: anyQ, hband, commands, idle, seed }) => {
        const random = randomFrom(seed);
        const below = (m: number) => Math.floor(random() * m);
        const size = { n, aSlices: 16, bWords: 1024 };
        const model = new PlainFill(n, { w, q: anyQ, hband });
        const { q, u, wbank } = model;
        const t = bench(size, { w, q, u, wbank, hband }, () => random() * 10 < idle);
        for (let i = 0; i < commands; i++) {
          const half = below(2);
          if (below(4) === 0) {
            const [addr, slices] = [below(8), 1 + below(6)];
            const words = ramp(slices * 16 * Math.ceil(n / 16)).map(() => below(65536) - 32768);
            t.fills.queue.push(panel(half, addr, slices));
            t.beats.queue.push(...beatsOf(words, 0));
            model.expectPanel(half, addr, slices, words);
          } else {
            const [channel, row, rows] = [below(4), below(hband), 1 + below(8)];
            const words = ramp(rows * w).map(() => below(65536) - 32768);
            const first = below(16);
            t.fills.queue.push(rowsOf(half, channel, row, rows));
            t.beats.queue.push(...beatsOf(words, first));
            model.expectRows(half, channel, row, rows, words, first);
          }
        }
        const { beat, fill, fillDone } = t.l2;
        // Nothing is offered in cycle 0.
        t.step();
        for (let cycle = 1; t.done.length < commands; cycle++) {
          if (cycle === 20_000) throw new Error('not filled');
          const shown = [cycle, beat.ready.value, fill.ready.value, fillDone.value];
          const wanted = [cycle, ...model.outputs()];
          if (String(shown) !== String(wanted)) expect(shown).toEqual(wanted);
          model.edge(beat.valid.value !== 0, fill.valid.value !== 0);
          t.step();
        }
        const { aMemory, bMemory } = t.l2.state;
        const [a, b] = [model.aMemory(size.aSlices), model.bMemory(size.bWords)];
        expect(aMemory.findIndex((word, i) => word !== a[i])).toBe(-1);
        expect(bMemory.findIndex((word, i) => word !== b[i])).toBe(-1);
      }),
      { numRuns: 80 },
    );
  });
});
