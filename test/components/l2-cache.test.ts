import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressError, Bram, MemoryHazardError } from '../../src/components/bram.js';
import { FillError } from '../../src/components/l2-cache.js';
import { addressOf, bandWords, bankCount, bankOf, bLayout } from '../../src/components/l2-layout.js';
import { ConfigError, restoreSnapshot, takeSnapshot } from '../../src/kernel/index.js';
import { beatsOf, randomFrom, type Values } from './l2-bench.js';
import { bench, panel, ramp, rowsOf } from './l2-cache-bench.js';

describe('L2Cache, filling', () => {
  it('writes the first slice two cycles after its command was accepted, and reports one cycle after the last', () => {
    // Command and beat are offered and accepted in cycle 1; prepared in 2; n = 4: a beat is two slices, written in 3 and 4; reported in 5.
    const t = bench({ n: 4 });
    t.fills.queue.push(panel(1, 7, 2));
    t.beats.queue.push(...beatsOf(ramp(32), 0));
    t.fillAll(1);
    expect(t.fills.accepted).toEqual([1]);
    expect(t.beats.accepted).toEqual([1]);
    expect(t.done).toEqual([5]);
    expect([t.readA(1, 7), t.readA(1, 8), t.readA(1, 9), t.readA(0, 7)]).toEqual([
      [1, 2, 3, 4],
      [17, 18, 19, 20],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it('lets a word be read in the cycle in which its fill is reported', () => {
    const t = bench({ n: 4 });
    t.fills.queue.push(panel(0, 0, 1));
    t.beats.queue.push(...beatsOf(ramp(16), 0));
    while (t.l2.fillDone.value === 0) t.step();
    expect(t.readA(0, 0)).toEqual([1, 2, 3, 4]);
  });

  it('writes a slice of 28 words a cycle, across commands: 3 panels of 4 slices in 12 cycles', () => {
    const t = bench({ n: 28 });
    for (let p = 0; p < 3; p++) {
      t.fills.queue.push(panel(0, 4 * p, 4));
      t.beats.queue.push(...beatsOf(ramp(4 * 32, 1000 * p), 0));
    }
    t.fillAll(3);
    // A beat a cycle, 64 bytes: two are there when writing begins. Written in 3 to 6, 7 to 10, 11 to 14.
    expect(t.beats.accepted).toEqual(ramp(12));
    expect(t.done).toEqual([7, 11, 15]);
    expect(t.readA(0, 9)).toEqual(ramp(28, 2032));
  });

  it('takes a beat every other cycle where it is two slices, once it holds four', () => {
    const t = bench({ n: 16 });
    t.fills.queue.push(panel(0, 0, 15));
    t.beats.queue.push(...beatsOf(ramp(240), 0));
    t.fillAll(1);
    // Slices in 3, 4; 5, 6; …; and the single one of the last beat in 17. Beats 2 to 5 are held in 6, when the second one's last slice goes.
    expect(t.beats.accepted).toEqual([1, 2, 3, 4, 5, 6, 8, 10]);
    expect(t.done).toEqual([18]);
    expect(t.readA(0, 14)).toEqual(ramp(16, 225));
  });

  it('cuts a beat at the end of a slice of 48 words: 32, 16 and 16, 32 of two slices in 4 cycles', () => {
    const t = bench({ n: 40 });
    t.fills.queue.push(panel(0, 3, 2));
    t.beats.queue.push(...beatsOf(ramp(96), 0));
    t.fillAll(1);
    expect(t.beats.accepted).toEqual([1, 2, 3]);
    expect(t.done).toEqual([7]);
    expect([t.readA(0, 3), t.readA(0, 4)]).toEqual([ramp(40), ramp(40, 49)]);
  });

  it('takes a command every cycle when each is one slice long', () => {
    const t = bench({ n: 4 });
    for (let p = 0; p < 5; p++) {
      t.fills.queue.push(panel(0, p, 1));
      t.beats.queue.push(...beatsOf(ramp(16, 100 * p), 0));
    }
    t.fillAll(5);
    expect(t.fills.accepted).toEqual([1, 2, 3, 4, 5]);
    expect(t.beats.accepted).toEqual([1, 2, 3, 4, 5]);
    expect(t.done).toEqual([4, 5, 6, 7, 8]);
  });

  it('goes on with the next channel after the last row of a band', () => {
    // n = 5: 5 banks, 2 channels of 2 words share a row. Three planes of 2 x 2 in one command.
    const layout = bLayout({
      n: 5,
      width: 2,
      bandRows: 2,
      outWidth: 2,
      outHeight: 2,
      strideX: 1,
      strideY: 1,
    });
    const t = bench({ n: 5 }, { w: 2, q: layout.q, u: layout.u, wbank: layout.w, hband: 2 });
    t.fills.queue.push(rowsOf(0, 0, 0, 6));
    t.beats.queue.push(...beatsOf(ramp(12), 3));
    t.fillAll(1);
    let word = 1;
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < 2; y++)
        for (let x = 0; x < 2; x++)
          expect(t.readB(0, bankOf(layout, x, y, c), addressOf(layout, x, y, c))).toBe(word++);
  });

  it('puts every word where the layout says, for random bands, panels, alignments and pauses', () => {
    const layer = fc.record({
      n: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 16, 17, 28, 40, 63),
      c: fc.integer({ min: 1, max: 7 }),
      rows: fc.integer({ min: 1, max: 5 }),
      w: fc.integer({ min: 1, max: 45 }),
      outWidth: fc.integer({ min: 1, max: 45 }),
      kprime: fc.integer({ min: 1, max: 5 }),
      panels: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(layer, ({ n, c: channels, rows, w, outWidth, kprime, panels, seed }) => {
        const random = randomFrom(seed);
        const word = () => Math.floor(random() * 65536) - 32768;
        const layout = bLayout({
          n,
          width: w,
          bandRows: rows,
          outWidth,
          outHeight: rows,
          strideX: 1,
          strideY: 1,
        });
        const bWords = bandWords(layout, channels);
        const t = bench(
          { n, aSlices: kprime * panels, bWords },
          { w, q: layout.q, u: layout.u, wbank: layout.w, hband: rows },
          () => random() < 0.3,
        );
        const b = ramp(channels * rows * w).map(word);
        const stride = 16 * Math.ceil(n / 16);
        const a = ramp(panels * kprime * stride).map(word);
        const work = [
          ...ramp(panels, 0).map((p) => () => {
            t.fills.queue.push(panel(1, p * kprime, kprime));
            t.beats.queue.push(...beatsOf(a.slice(p * kprime * stride, (p + 1) * kprime * stride), 0));
          }),
          ...ramp(channels, 0).map((c) => () => {
            // Each channel in two commands, as the halo of a band may come.
            const first = Math.floor(random() * rows) + 1;
            for (const [row, count] of [
              [0, first],
              [first, rows - first],
            ] as const) {
              if (count === 0) continue;
              t.fills.queue.push(rowsOf(1, c, row, count));
              const from = (c * rows + row) * w;
              t.beats.queue.push(...beatsOf(b.slice(from, from + count * w), Math.floor(random() * 16)));
            }
          }),
        ];
        while (work.length > 0) work.splice(Math.floor(random() * work.length), 1)[0]!();
        t.fillAll(t.fills.queue.length);
        for (let s = 0; s < panels * kprime; s++)
          expect(t.readA(1, s)).toEqual(a.slice(s * stride, s * stride + n));
        for (let c = 0; c < channels; c++)
          for (let y = 0; y < rows; y++)
            for (let x = 0; x < w; x++) {
              const at = (c * rows + y) * w + x;
              const got = t.readB(1, bankOf(layout, x, y, c), addressOf(layout, x, y, c));
              if (got !== b[at]) expect(`c${c} y${y} x${x}: ${got}`).toBe(`c${c} y${y} x${x}: ${b[at]}`);
            }
      }),
      { numRuns: 60 },
    );
  });
});

describe('L2Cache, reading', () => {
  it('equals its structural form, a Bram a bank and one per 16 lanes of A, on every cycle of random traffic', () => {
    for (const [n, seed] of [
      [1, 1],
      [4, 2],
      [7, 3],
      [20, 4],
    ] as const) {
      const random = randomFrom(seed);
      const int16 = () => Math.floor(random() * 65536) - 32768;
      const below = (m: number) => Math.floor(random() * m);
      const [aSlices, bWords, nb] = [6, 4, bankCount(n)];
      const width = nb * bWords;
      const t = bench({ n, aSlices, bWords }, { w: width, wbank: bWords, hband: 1 });
      const { sim, clock, l2 } = t;
      const lanes = (i: number) => Math.min(16, n - 16 * i);
      const a = Array.from(
        { length: Math.ceil(n / 16) },
        (_, i) => new Bram(sim, `a[${i}]`, { clock, words: 2 * aSlices, lanes: lanes(i), laneBits: 16 }),
      );
      const b = Array.from(
        { length: nb },
        (_, i) => new Bram(sim, `b[${i}]`, { clock, words: 2 * bWords, lanes: 1, laneBits: 16 }),
      );
      const step = () => {
        t.step();
        for (const ram of [...a, ...b]) ram.we.poke(0);
      };
      const fill = (half: number) => {
        const slices = Array.from({ length: aSlices * 16 * a.length }, int16);
        const row = Array.from({ length: width }, int16);
        t.fills.queue.push(panel(half, 0, aSlices), rowsOf(half, 0, 0, 1));
        t.beats.queue.push(...beatsOf(slices, 0), ...beatsOf(row, 0));
        for (let s = 0; s < aSlices; s++) {
          a.forEach((ram, i) => {
            const from = (s * a.length + i) * 16;
            ram.we.poke(1);
            ram.waddr.poke(half * aSlices + s);
            ram.wdata.poke(slices.slice(from, from + lanes(i)));
          });
          if (s < bWords)
            b.forEach((ram, k) => {
              ram.we.poke(1);
              ram.waddr.poke(half * bWords + s);
              ram.wdata.poke([row[s * nb + k]!]);
            });
          access(1 - half);
          step();
          compare();
        }
      };
      const access = (half: number) => {
        const aRe = below(2);
        const bRe = below(2);
        const slice = below(aSlices);
        l2.aRe.poke(aRe);
        l2.aHalf.poke(half);
        l2.aAddr.poke(slice);
        for (const ram of a) {
          ram.re.poke(aRe);
          ram.raddr.poke(half * aSlices + slice);
        }
        const addrs = b.map(() => below(bWords));
        const en = b.map(() => below(2));
        l2.bRe.poke(bRe);
        l2.bHalf.poke(half);
        l2.bAddr.poke(addrs);
        l2.bEn.poke(en);
        b.forEach((ram, k) => {
          ram.re.poke(bRe * en[k]!);
          ram.raddr.poke(half * bWords + addrs[k]!);
        });
      };
      const compare = () => {
        expect([...l2.aData.values]).toEqual(a.flatMap((ram) => [...ram.rdata.values]));
        expect([...l2.bData.values]).toEqual(b.map((ram) => ram.rdata.get(0)));
      };
      for (let round = 0; round < 8; round++) {
        fill(round % 2);
        // Until the fill is through, the other half is read; then both are.
        for (let i = 0; i < 60; i++) {
          access(t.done.length < 2 * (round + 1) ? 1 - (round % 2) : below(2));
          step();
          compare();
        }
        expect(t.done.length).toBe(2 * (round + 1));
      }
    }
  });

  it('sleeps when nothing is asked of it', () => {
    const t = bench({ n: 4 });
    t.sim.step(t.clock, 10);
    const before = t.sim.engine.activations;
    t.sim.step(t.clock, 100);
    // The two feeders only.
    expect(t.sim.engine.activations - before).toBe(200);
  });

  it('goes on to the same words after a snapshot within a fill', () => {
    const run = (cut: boolean): number[][] => {
      const build = () => bench({ n: 4 });
      let t = build();
      const load = (b: typeof t) => {
        b.fills.queue.push(panel(0, 0, 6));
        b.beats.queue.push(...beatsOf(ramp(96), 0));
      };
      load(t);
      for (let i = 0; i < 5; i++) t.step();
      if (cut) {
        const saved = takeSnapshot(t.sim);
        const again = build();
        // The feeders are the test's own: their lists are no state of the design.
        again.fills.queue.push(...t.fills.queue);
        again.beats.queue.push(...t.beats.queue);
        restoreSnapshot(again.sim, saved);
        t = again;
      }
      t.fillAll(1);
      return [0, 3, 5].map((s) => t.readA(0, s));
    };
    expect(run(true)).toEqual(run(false));
  });
});

describe('L2Cache, errors', () => {
  it('names the half and address of A that are read and written in one cycle', () => {
    const t = bench({ n: 4 });
    t.fills.queue.push(panel(1, 7, 2));
    t.beats.queue.push(...beatsOf(ramp(32), 0));
    t.l2.aHalf.poke(1);
    t.l2.aAddr.poke(8);
    t.l2.aRe.poke(1);
    expect(() => t.fillAll(1)).toThrow(new MemoryHazardError('l2.a[1]', 8, 4));
  });

  it('names the half, bank and address of B that are read and written in one cycle', () => {
    const t = bench({ n: 4 }, { w: 16, wbank: 4, q: 1, hband: 1 });
    t.fills.queue.push(rowsOf(0, 0, 0, 1));
    t.beats.queue.push(...beatsOf(ramp(16), 0));
    t.l2.bEn.poke([0, 0, 1, 0, 0]);
    t.l2.bAddr.poke([0, 0, 1, 0, 0]);
    t.l2.bRe.poke(1);
    // Five words in each of cycles 3, 4, 5, then 1: word 7 is in bank 2 at address 1.
    expect(() => t.fillAll(1)).toThrow(new MemoryHazardError('l2.b[0] bank 2', 1, 4));
  });

  it('knows the address of a word past a multiple of Nb', () => {
    // Words 0 to 4 in cycle 3, 5 to 9 in cycle 4: word 6 is in bank 1 at address 1.
    const t = bench({ n: 4 }, { w: 16, wbank: 4, hband: 1 });
    t.fills.queue.push(rowsOf(1, 0, 0, 1));
    t.beats.queue.push(...beatsOf(ramp(16), 13));
    t.l2.bHalf.poke(1);
    t.l2.bEn.poke([0, 1, 0, 0, 0]);
    t.l2.bAddr.poke([0, 1, 0, 0, 0]);
    t.l2.bRe.poke(1);
    expect(() => t.fillAll(1)).toThrow(new MemoryHazardError('l2.b[1] bank 1', 1, 4));
  });

  it('lets the other half be read meanwhile', () => {
    const t = bench({ n: 4 });
    t.fills.queue.push(panel(1, 7, 2));
    t.beats.queue.push(...beatsOf(ramp(32), 0));
    t.l2.aAddr.poke(8);
    t.l2.aRe.poke(1);
    t.fillAll(1);
    expect(t.done).toEqual([5]);
  });

  it.each<[string, Values, number[], number, RegExp]>([
    [
      'more data than its command',
      rowsOf(0, 0, 0, 1),
      ramp(12),
      0,
      /l2: a fill command ended before its data/,
    ],
    ['a beat more than its command', rowsOf(0, 0, 0, 3), ramp(24), 14, /command ended before its data/],
    ['less data than its command', rowsOf(0, 0, 0, 2), ramp(6), 0, /data ended 1 slices or rows before/],
    ['no rows', rowsOf(0, 0, 0, 0), ramp(6), 0, /no slices or rows/],
    ['a row beyond the band', rowsOf(0, 0, 4, 1), ramp(6), 0, /from row 4 on, of a band of 4/],
    ['a panel in pieces', panel(0, 0, 1), ramp(8), 0, /beat of 8 words from word 0 on, not multiples of 16/],
    ['a panel off the grid', panel(0, 0, 1), ramp(32), 8, /beat of 24 words from word 8 on, not multiples/],
  ])('refuses %s', (_, command, words, at, message) => {
    const t = bench({ n: 28 }, { w: 6, u: 4, hband: 4 });
    t.fills.queue.push(command);
    t.beats.queue.push(...beatsOf(words, at));
    let caught: unknown;
    try {
      t.fillAll(1);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(FillError);
    expect(String(caught)).toMatch(message);
  });

  it('refuses words past the end of a half', () => {
    const a = bench({ n: 4, aSlices: 8 });
    a.fills.queue.push(panel(0, 5, 4));
    a.beats.queue.push(...beatsOf(ramp(64), 0));
    expect(() => a.fillAll(1)).toThrow(new AddressError('l2', 'fill_addr + fill_rows', 9, 9, 2));
    const b = bench({ n: 4, bWords: 2 }, { w: 16, wbank: 4 });
    b.fills.queue.push(rowsOf(0, 0, 0, 1));
    b.beats.queue.push(...beatsOf(ramp(16), 0));
    expect(() => b.fillAll(1)).toThrow(AddressError);
    const r = bench({ n: 4, aSlices: 5 });
    r.l2.aRe.poke(1);
    r.l2.aAddr.poke(6);
    expect(() => r.step()).toThrow(new AddressError('l2', 'a_addr', 5, 6, 0));
  });

  it('names path, field and value of a bad parameter', () => {
    expect(() => bench({ n: 0 })).toThrow(new ConfigError('l2', 'n', 'an integer from 1 to 255', 0));
    expect(() => bench({ n: 4, aSlices: 65537 })).toThrow(
      new ConfigError('l2', 'aSlices', 'an integer from 1 to 65536', 65537),
    );
    expect(() => bench({ n: 4, bWords: 0.5 })).toThrow(
      new ConfigError('l2', 'bWords', 'an integer from 1 to 65536', 0.5),
    );
  });
});
