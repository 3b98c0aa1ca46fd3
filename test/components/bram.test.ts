import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressError, Bram, bram36Count, MemoryHazardError } from '../../src/components/bram.js';
import { ConfigError, Simulator } from '../../src/kernel/index.js';

function bench(words: number, lanes = 1) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('array', 166_000_000);
  const bram = new Bram(sim, 'bram', { clock, words, lanes, laneBits: 16 });
  const cycle = (write: [number, number[]] | null, read: number | null): number[] => {
    bram.we.poke(write === null ? 0 : 1);
    if (write !== null) {
      bram.waddr.poke(write[0]);
      bram.wdata.poke(write[1]);
    }
    bram.re.poke(read === null ? 0 : 1);
    if (read !== null) bram.raddr.poke(read);
    const seen = [...bram.rdata.values];
    sim.step(clock);
    return seen;
  };
  return { sim, bram, cycle };
}

describe('Bram', () => {
  it('shows a word read in cycle 1 from cycle 3 on, and keeps it', () => {
    const { cycle } = bench(8);
    const seen = [cycle([5, [77]], null), cycle(null, 5), cycle(null, null), cycle(null, null)];
    expect([...seen, cycle(null, null)]).toEqual([[0], [0], [0], [77], [77]]);
  });

  it('gives a word per cycle, two cycles behind the addresses', () => {
    const { cycle } = bench(4);
    for (let a = 0; a < 4; a++) cycle([a, [10 + a]], null);
    expect([3, 2, 1, 0, null, null].map((a) => cycle(null, a)[0])).toEqual([0, 0, 13, 12, 11, 10]);
  });

  it('equals a plain array that is read two cycles ago, for random traffic', () => {
    const op = fc.record({
      w: fc.option(fc.tuple(fc.nat(6), fc.integer({ min: -32768, max: 32767 })), { nil: null }),
      r: fc.option(fc.nat(6), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
        const { cycle } = bench(7, 2);
        const memory = Array.from({ length: 7 }, () => [0, 0]);
        const shown: number[][] = [];
        const want = [
          [0, 0],
          [0, 0],
        ];
        ops.forEach(({ w, r }, c) => {
          const reads = r !== null && r !== w?.[0];
          shown[c] = cycle(w === null ? null : [w[0], [w[1], -1]], reads ? r : null);
          want[c + 2] = reads ? [...memory[r]!] : want[c + 1]!;
          if (w !== null) memory[w[0]] = [w[1], -1];
        });
        expect(shown).toEqual(want.slice(0, ops.length));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a read and a write of one address in one cycle, naming path, address and cycle', () => {
    const { cycle } = bench(8);
    cycle(null, 0);
    expect(() => cycle([3, [1]], 3)).toThrow(new MemoryHazardError('bram', 3, 1));
  });

  it('refuses an address past the end', () => {
    const { cycle } = bench(5);
    expect(() => cycle(null, 6)).toThrow(new AddressError('bram', 'raddr', 5, 6, 0));
  });

  it('names path, field and value of a bad parameter', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    const build = (spec: object) => () =>
      new Bram(sim, 'bram', { clock, words: 8, lanes: 1, laneBits: 16, ...spec });
    expect(build({ words: 0 })).toThrow(new ConfigError('bram', 'words', 'an integer from 1 to 2^24', 0));
    sim.modules.clear();
    expect(build({ lanes: 1.5 })).toThrow(new ConfigError('bram', 'lanes', 'an integer >= 1', 1.5));
    sim.modules.clear();
    expect(build({ laneBits: 33 })).toThrow(
      new ConfigError('bram', 'laneBits', 'an integer from 1 to 32', 33),
    );
  });
});

describe('bram36Count', () => {
  it.each([
    [2048, 18, 1],
    [2049, 18, 2],
    [2048, 19, 2],
    [1024, 36, 1],
    [512, 72, 1],
    [512, 73, 2],
    [513, 72, 2],
    [4096, 16, 2],
    [1, 1, 1],
    [27648, 448, 14 * 25],
  ])('takes %i words of %i bits in %i', (words, width, count) => {
    expect(bram36Count(words, width)).toBe(count);
  });

  it('refuses a memory of no bits', () => {
    expect(() => bram36Count(16, 0)).toThrow(new ConfigError('bram36Count', 'width', 'an integer >= 1', 0));
  });
});
