import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fmix32, roundingSeed } from '../../src/numbers/seeds.js';

const M = 2n ** 32n;

function finaliser(value: bigint): bigint {
  let h = value % M;
  h ^= h >> 16n;
  h = (h * 0x85ebca6bn) % M;
  h ^= h >> 13n;
  h = (h * 0xc2b2ae35n) % M;
  return h ^ (h >> 16n);
}

/** The word that the finaliser maps to `target`: its steps undone, last first. */
function unmix(target: bigint): bigint {
  const inverse = (odd: bigint) => {
    let x = odd; // Newton: each round doubles the right bits
    for (let i = 0; i < 5; i++) x = (x * (2n - ((odd * x) % M) + M)) % M;
    return x;
  };
  let h = target;
  h ^= h >> 16n;
  h = (h * inverse(0xc2b2ae35n)) % M;
  h = h ^ (h >> 13n) ^ (h >> 26n);
  h = (h * inverse(0x85ebca6bn)) % M;
  return h ^ (h >> 16n);
}

const places = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 40 }),
  image: fc.integer({ min: 0, max: 1_000_000 }),
  layers: fc.integer({ min: 1, max: 100 }),
  layer: fc.integer({ min: 0, max: 99 }),
  n: fc.integer({ min: 1, max: 64 }),
  unit: fc.integer({ min: 0, max: 63 }),
});

describe('roundingSeed', () => {
  it('is the murmur3 finaliser of seed + 0x9E3779B9·((image·layers + layer)·n + unit + 1) modulo 2^32', () => {
    fc.assert(
      fc.property(places, (place) => {
        const { seed, image, layers, layer, n, unit } = place;
        const index = BigInt((image * layers + layer) * n + unit + 1);
        const want = finaliser((BigInt(seed) + 0x9e3779b9n * index) % M);
        expect(BigInt(roundingSeed(place))).toBe(want === 0n ? 1n : want);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the published values of the finaliser', () => {
    // the finaliser at work in MurmurHash3_x86_32 of the empty string, seeds 1 and 0xffffffff
    expect(fmix32(1)).toBe(0x514e28b7);
    expect(fmix32(0xffff_ffff)).toBe(0x81f16f39);
    expect(fmix32(0)).toBe(0);
  });

  it('replaces the one state in which a register would stay, 0, by 1', () => {
    // seed + STRIDE·1 = 0 modulo 2^32
    const seed = 2 ** 32 - 0x9e37_79b9;
    expect(roundingSeed({ seed, image: 0, layers: 1, layer: 0, n: 1, unit: 0 })).toBe(1);
    // and a place whose state is 1 of itself
    const other = Number((unmix(1n) + M - 0x9e3779b9n) % M);
    expect(roundingSeed({ seed: other, image: 0, layers: 1, layer: 0, n: 1, unit: 0 })).toBe(1);
  });

  it('differs between all units, layers and images of a run', () => {
    const seen = new Set<number>();
    for (let image = 0; image < 20; image++) {
      for (let layer = 0; layer < 5; layer++) {
        for (let unit = 0; unit < 28; unit++) {
          seen.add(roundingSeed({ seed: 7, image, layers: 5, layer, n: 28, unit }));
        }
      }
    }
    expect(seen.size).toBe(20 * 5 * 28);
  });
});
