import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lfsr, type LfsrSpec } from '../../src/components/lfsr.js';
import { ConfigError, Simulator } from '../../src/kernel/index.js';
import type { LfsrWidth } from '../../src/numbers/lfsr.js';

function build(spec: Omit<LfsrSpec, 'clock'>) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const lfsr = new Lfsr(sim, 'lfsr', { clock, ...spec });
  /** One cycle with these inputs; returns q after its edge. */
  const cycle = (inputs: { rst?: number; load?: number; seed?: number; advance?: number } = {}): number => {
    lfsr.rst.poke(inputs.rst ?? 0);
    lfsr.load.poke(inputs.load ?? 0);
    lfsr.seed.poke(inputs.seed ?? 0);
    lfsr.advance.poke(inputs.advance ?? 0);
    sim.step(clock);
    return lfsr.q.value;
  };
  return { lfsr, cycle };
}

/** Taps as printed in the contract; bits in an array, number by number: nothing of the component's arithmetic. */
const TAPS: Record<LfsrWidth, number[]> = {
  8: [8, 6, 5, 4],
  16: [16, 15, 13, 4],
  24: [24, 23, 22, 17],
  32: [32, 22, 2, 1],
};

function plainShifts(q: number, width: LfsrWidth, shifts: number): number {
  let bits = Array.from({ length: width }, (_, k) => Math.floor(q / 2 ** k) % 2);
  for (let s = 0; s < shifts; s++) {
    const fresh = TAPS[width].reduce((sum, tap) => sum + bits[tap - 1]!, 0) % 2;
    bits = [fresh, ...bits.slice(0, -1)];
  }
  return bits.reduce((sum, bit, k) => sum + bit * 2 ** k, 0);
}

describe('Lfsr', () => {
  it('shows its seed until it advances, one cycle later the next state: 1, 2, 4, 8, 17 for eight bits', () => {
    const { lfsr, cycle } = build({ width: 8, steps: 1 });
    expect(lfsr.q.value).toBe(1);
    expect(cycle()).toBe(1);
    // Bit 3 (tap 4) is the first that feeds back: 8 → 16 + 1.
    expect([1, 1, 1, 1].map((advance) => cycle({ advance }))).toEqual([2, 4, 8, 17]);
    expect(cycle()).toBe(17);
  });

  it('makes all its shifts in one advance: sixteen of 32 bits take 1 to 0x1b6db', () => {
    const { cycle } = build({ width: 32, steps: 16 });
    expect(cycle({ advance: 1 })).toBe(0x1b6db);
  });

  it('lets reset beat load and load beat advance, and makes a seed of 0 a 1', () => {
    const { cycle } = build({ width: 16, steps: 3, seed: 0xbeef });
    expect(cycle({ load: 1, seed: 0x1234, advance: 1 })).toBe(0x1234);
    expect(cycle({ load: 1, seed: 0, advance: 1 })).toBe(1);
    expect(cycle({ load: 1, seed: 0x777 })).toBe(0x777);
    expect(cycle({ rst: 1, load: 1, seed: 0x1234, advance: 1 })).toBe(0xbeef);
    expect(build({ width: 16, steps: 3, seed: 0 }).lfsr.q.value).toBe(1);
  });

  it('sleeps through cycles without a request and still answers the next one', () => {
    const { cycle } = build({ width: 24, steps: 1 });
    for (let c = 0; c < 20; c++) expect(cycle()).toBe(1);
    expect(cycle({ advance: 1 })).toBe(2);
  });

  it('equals shifts made bit by bit for any requests, resets in mid-run too', () => {
    const request = fc.record({
      rst: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
      load: fc.constantFrom(0, 0, 0, 1),
      seed: fc.nat(255),
      advance: fc.nat(1),
    });
    const spec = fc.record({
      width: fc.constantFrom<LfsrWidth[]>(8, 16, 24, 32),
      steps: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(255),
    });
    fc.assert(
      fc.property(spec, fc.array(request, { maxLength: 60 }), (s, requests) => {
        const { cycle } = build(s);
        let q = s.seed === 0 ? 1 : s.seed;
        for (const r of requests) {
          if (r.rst === 1) q = s.seed === 0 ? 1 : s.seed;
          else if (r.load === 1) q = r.seed === 0 ? 1 : r.seed;
          else if (r.advance === 1) q = plainShifts(q, s.width, s.steps);
          expect(cycle(r)).toBe(q);
        }
      }),
    );
  });

  it('names the part, the field and the value of a bad parameter', () => {
    const wrong = (width: number, rest: { steps: number; seed?: number }) => () =>
      build({ width: width as LfsrWidth, ...rest });
    expect(wrong(12, { steps: 1 })).toThrow(new ConfigError('lfsr', 'width', 'one of 8, 16, 24, 32', 12));
    expect(wrong(8, { steps: 0 })).toThrow(new ConfigError('lfsr', 'steps', 'an integer of 1 or more', 0));
    expect(wrong(8, { steps: 1, seed: 256 })).toThrow(
      'lfsr: seed must be an integer from 0 to 2^8 − 1, got 256',
    );
  });
});
