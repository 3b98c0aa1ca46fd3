import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, Simulator, Timebase } from '../../src/kernel/index.js';
import { Ticker } from './parts.js';

/** The exact floor, by integers of any size. */
function exact(k: number, num: number, den: number): number {
  return Number((BigInt(k) * 1_000_000_000_000n * BigInt(den)) / BigInt(num));
}

describe('Timebase', () => {
  it('gives the exact floor of k periods at 166 MHz and 800 MHz, up to edge 1e10', () => {
    const array = new Timebase('a', 166_000_000);
    const ddr = new Timebase('d', 800_000_000);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (k) => {
        // 1e10 edges of 166 MHz are 6e13 ps: far from 2^53.
        expect(array.edge(k)).toBe(exact(k, 166_000_000, 1));
        expect(ddr.edge(k)).toBe(k * 1250);
      }),
      { numRuns: 2000 },
    );
    expect(array.edge(10_000_000_000)).toBe(exact(10_000_000_000, 166_000_000, 1));
  });

  it('is exact for any ratio of hertz', () => {
    const hertz = fc.record({
      num: fc.integer({ min: 1_000, max: 1_000_000_000 }),
      den: fc.integer({ min: 1, max: 999_983 }),
      k: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(hertz, ({ num, den, k }) => {
        const want = exact(k, num, den);
        fc.pre(want < Number.MAX_SAFE_INTEGER);
        const timebase = new Timebase('t', { num, den });
        expect(timebase.edge(k)).toBe(want);
        expect(timebase.firstEdgeFrom(want + 1)).toBe(k + 1);
      }),
    );
  });

  it('is exact where k times the remainder passes 2^53', () => {
    const near = fc.record({
      num: fc.integer({ min: 500_000_000, max: 1_000_000_000 }),
      k: fc.integer({ min: 100_000_000, max: 1_000_000_000 }),
    });
    fc.assert(
      fc.property(near, ({ num, k }) => {
        const timebase = new Timebase('t', num);
        expect(timebase.edge(k)).toBe(exact(k, num, 1));
        expect(timebase.remainder(k)).toBe(
          Number((BigInt(k) * BigInt(timebase.rest)) % BigInt(timebase.den)),
        );
      }),
    );
  });

  it('finds the first edge at or after a time', () => {
    const timebase = new Timebase('t', 166_000_000, 777);
    expect(timebase.firstEdgeFrom(0)).toBe(0);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (k) => {
        const at = timebase.edge(k);
        expect(timebase.firstEdgeFrom(at)).toBe(k);
        expect(timebase.firstEdgeFrom(at + 1)).toBe(k + 1);
        if (k > 0) expect(timebase.firstEdgeFrom(at - 1)).toBe(k);
      }),
    );
  });

  it('meets 200 MHz every 500 ns at 166 MHz', () => {
    const array = new Timebase('a', 166_000_000);
    const axi = new Timebase('x', 200_000_000);
    const edges = new Set(Array.from({ length: 401 }, (_, k) => axi.edge(k)));
    const meetings = Array.from({ length: 333 }, (_, k) => array.edge(k)).filter((t) => edges.has(t));
    expect(meetings).toEqual([0, 500_000, 1_000_000, 1_500_000, 2_000_000]);
  });

  it('steps from edge to edge as it computes them', () => {
    for (const [hz, phase] of [
      [166_000_000, 0],
      [{ num: 500_000_000, den: 3 }, 1],
      [{ num: 999_999_937, den: 7 }, 12_345],
    ] as const) {
      const sim = new Simulator();
      const clock = sim.clock('c', hz, phase);
      void new Ticker(sim, 'ticker', { clock });
      const reference = new Timebase('c', hz, phase);
      for (let k = 0; k < 2000; k++) {
        sim.step();
        expect(sim.now).toBe(reference.edge(k));
      }
    }
  });

  it('refuses no, negative and fractional hertz, more than 1 THz, and a negative phase', () => {
    for (const hz of [0, -5, 1.5, NaN, 2e12]) expect(() => new Timebase('t', hz)).toThrow(ConfigError);
    expect(() => new Timebase('clock a', 1000, -1)).toThrow(
      'clock a: phasePs must be a whole number of picoseconds of 0 or more, got -1',
    );
  });
});
