import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNetwork } from '../../src/networks/network.js';
import { quantise, type ProductStep, type QuantisedNetwork } from '../../src/networks/quantise.js';
import {
  referenceAdvance,
  referenceSeed,
  runReference,
  type Schedule,
} from '../../src/networks/reference.js';
import { inputSize, smallNetworks, someCodes, someWeights, withWildCodes } from './generators.js';

/** One layer of 1x1 filters on one channel, codes given. */
function layer(
  filters: readonly number[],
  height: number,
  width: number,
  change: Partial<ProductStep> = {},
): QuantisedNetwork {
  const input = { channels: 1, height, width };
  const output = { channels: filters.length, height, width };
  const step: ProductStep = {
    kind: 'product',
    name: 'c',
    op: 'conv',
    input,
    output,
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
    weights: Int16Array.from(filters),
    bias: null,
    flWeights: 10,
    flInput: 10,
    flOutput: 10,
    shift: 10,
    biasExponent: 10,
    relu: false,
    pool: null,
    saturated: { weights: 0, biases: 0 },
    ...change,
  };
  return { name: 'one', input, flInput: 10, output, flOutput: 10, classes: 1, steps: [step], saturated: 0 };
}

function nearest(network: QuantisedNetwork, image: readonly number[]): number[] {
  return [...runReference(network, Int16Array.from(image), { rounding: 'nearest' }).logits];
}

const schedule: Schedule = { n: 2, p: 1, bandRows: 8, image: 0, layerIndex: 0, layers: 1 };

function stochastic(
  network: QuantisedNetwork,
  image: readonly number[],
  seed: number,
  change: Partial<Schedule> = {},
): number[] {
  const options = { rounding: 'stochastic', seed, schedules: [{ ...schedule, ...change }] } as const;
  return [...runReference(network, Int16Array.from(image), options).logits];
}

describe('runReference, nearest', () => {
  it('adds half an LSB and rounds towards minus infinity', () => {
    // x * 3 / 4: 0.75, 1.5, 2.25, -0.75, -1.5, -2.25; halves go up.
    const network = layer([3], 1, 6, { shift: 2 });
    expect(nearest(network, [1, 2, 3, -1, -2, -3])).toEqual([1, 2, 2, -1, -1, -2]);
    expect(nearest(layer([3], 1, 2, { shift: 0 }), [5, -5])).toEqual([15, -15]);
  });

  it('saturates, counts it, and then applies ReLU', () => {
    const image = Int16Array.of(30_000, -30_000, 16_383, -16_384);
    const plain = runReference(layer([8], 1, 4, { shift: 2 }), image, { rounding: 'nearest' });
    expect([...plain.logits]).toEqual([32_767, -32_768, 32_766, -32_768]);
    expect(plain.saturations).toEqual([2]);
    const rectified = runReference(layer([8], 1, 4, { shift: 2, relu: true }), image, {
      rounding: 'nearest',
    });
    expect([...rectified.logits]).toEqual([32_767, 0, 32_766, 0]);
    expect(rectified.saturations).toEqual([2]);
  });

  it('counts nothing for values at the very ends of the range', () => {
    const ends = runReference(layer([1], 1, 2, { shift: 0 }), Int16Array.of(32_767, -32_768), {
      rounding: 'nearest',
    });
    expect([...ends.logits, ...ends.saturations]).toEqual([32_767, -32_768, 0]);
  });

  it('adds the bias times 2^e', () => {
    const network = layer([1], 1, 1, { bias: Int16Array.of(-3), biasExponent: 4, shift: 4 });
    expect(nearest(network, [16])).toEqual([-2]);
  });

  it('pools after ReLU; an average is floor(sum / count + 1/2)', () => {
    const pool = { size: [1, 2], stride: [1, 2], output: { channels: 1, height: 1, width: 3 } } as const;
    const image = [-7, -8, 3, 4, 5, -6];
    expect(nearest(layer([1], 1, 6, { shift: 0, pool: { mode: 'average', ...pool } }), image)).toEqual([
      -7, 4, 0,
    ]);
    expect(nearest(layer([1], 1, 6, { shift: 0, pool: { mode: 'max', ...pool } }), image)).toEqual([
      -7, 4, 5,
    ]);
    const rectified = { shift: 0, relu: true, pool: { mode: 'average', ...pool } } as const;
    expect(nearest(layer([1], 1, 6, rectified), image)).toEqual([0, 4, 3]);
  });

  it("wraps a sum past 48 bits as two's complement does", () => {
    // 131,072 products of (-32768)^2 = 2^30 sum to 2^47, which wraps to -2^47.
    const taps = 131_072;
    const network = layer([1], 1, 1, {
      input: { channels: taps, height: 1, width: 1 },
      weights: new Int16Array(taps).fill(-32_768),
      shift: 31,
    });
    const wide = { ...network, input: { channels: taps, height: 1, width: 1 } };
    const result = runReference(wide, new Int16Array(taps).fill(-32_768), { rounding: 'nearest' });
    expect([...result.logits]).toEqual([-32_768]);
    expect(result.wraps).toEqual([1]);
    expect(result.saturations).toEqual([1]);
  });

  it('refuses an image of another size', () => {
    expect(() => nearest(layer([1], 1, 2), [1])).toThrow('one: image must be 2 codes, got 1');
  });
});

/**
 * The oracle: BigInt throughout; every output sums over all inputs, asking of each which tap it meets, if any. No
 * loop, bound or index is as in the code under test.
 */
function oracle(network: QuantisedNetwork, image: Int16Array): number[] {
  let x = [...image];
  for (const step of network.steps) {
    const { input, output } = step;
    if (step.kind === 'product') {
      const { kernel, stride, padding, dilation, groups, bias } = step;
      const plane = output.height * output.width;
      const depth = input.channels / groups;
      x = Array.from({ length: output.channels * plane }, (_, i) => {
        const [m, oy, ox] = [
          Math.floor(i / plane),
          Math.floor(i / output.width) % output.height,
          i % output.width,
        ];
        let sum = BigInt(bias?.[m] ?? 0) << BigInt(step.biasExponent);
        x.forEach((value, at) => {
          const c = Math.floor(at / (input.height * input.width));
          const ky =
            ((Math.floor(at / input.width) % input.height) + padding[0] - oy * stride[0]) / dilation[0];
          const kx = ((at % input.width) + padding[1] - ox * stride[1]) / dilation[1];
          const inGroup = Math.floor(c / depth) === Math.floor((m * groups) / output.channels);
          if (!inGroup || !Number.isInteger(ky) || !Number.isInteger(kx)) return;
          if (ky < 0 || ky >= kernel[0] || kx < 0 || kx >= kernel[1]) return;
          const w = step.weights[((m * depth + (c % depth)) * kernel[0] + ky) * kernel[1] + kx]!;
          sum += BigInt(w) * BigInt(value);
        });
        const half = step.shift === 0 ? 0n : 1n << BigInt(step.shift - 1);
        const kept = (BigInt.asIntN(48, sum) + half) >> BigInt(step.shift);
        const held = kept > 32767n ? 32767 : kept < -32768n ? -32768 : Number(kept);
        return step.relu ? Math.max(held, 0) : held;
      });
    } else if (step.op.kind === 'relu') x = x.map((v) => Math.max(v, 0));
    const pool = step.kind === 'product' ? step.pool : step.op.kind === 'pool' ? step.op : null;
    if (pool !== null) {
      const from = step.kind === 'product' ? output : input;
      const before = x;
      const { size, stride, output: to } = pool;
      const plane = to.height * to.width;
      x = Array.from({ length: to.channels * plane }, (_, i) => {
        const [c, oy, ox] = [Math.floor(i / plane), Math.floor(i / to.width) % to.height, i % to.width];
        const seen = before.filter((_v, at) => {
          const dy = (Math.floor(at / from.width) % from.height) - oy * stride[0];
          const dx = (at % from.width) - ox * stride[1];
          const inPlane = Math.floor(at / (from.height * from.width)) === c;
          return inPlane && dy >= 0 && dy < size[0] && dx >= 0 && dx < size[1];
        });
        if (pool.mode === 'max') return Math.max(...seen);
        const sum = seen.reduce((a, v) => a + v, 0);
        // round(sum / count), halves up: shift to positive numbers first, then divide whole numbers.
        const count = BigInt(seen.length);
        return Number((2n * (BigInt(sum) + 40_000n * count) + count) / (2n * count)) - 40_000;
      });
    }
  }
  return x;
}

describe('runReference against BigInt', () => {
  it('agrees for grouped, dilated, strided, padded and pooled layers over the whole range of codes', () => {
    fc.assert(
      fc.property(
        smallNetworks,
        fc.nat(1e6),
        fc.integer({ min: 0, max: 15 }),
        fc.boolean(),
        (network, seed, fl, wild) => {
          const quantised = quantise(network, someWeights(network, seed), { flWeights: fl });
          const tried = wild ? withWildCodes(quantised, seed) : quantised;
          const image = someCodes(inputSize(network), seed + 7);
          expect([...runReference(tried, image, { rounding: 'nearest' }).logits]).toEqual(
            oracle(tried, image),
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** The 32-bit LFSR as a row of bits, bit 1 the lowest: an oracle that shares no operator with the reference. */
function shifted(state: number, times: number): number {
  let bits = state.toString(2).padStart(32, '0').split('').toReversed().map(Number);
  for (let i = 0; i < times; i++) {
    const parity = [32, 22, 2, 1].filter((tap) => bits[tap - 1] === 1).length % 2;
    bits = [parity, ...bits.slice(0, 31)];
  }
  return Number.parseInt(bits.toReversed().join(''), 2);
}

describe("the rounding units' random numbers", () => {
  it('start from the murmur3 finaliser of seed and unit number', () => {
    // MurmurHash3 fmix32(1) = 0x514e28b7 and fmix32(0) = 0 are published test values.
    const first = (1 - 0x9e3779b9) >>> 0;
    expect(referenceSeed(first, schedule, 0)).toBe(0x514e28b7);
    const zero = (2 ** 32 - 0x9e3779b9) >>> 0;
    expect(referenceSeed(zero, schedule, 0)).toBe(1);
  });

  it('number the units by image, layer and column', () => {
    const at = (image: number, layerIndex: number, unit: number): number =>
      referenceSeed(5, { n: 28, p: 1, bandRows: 1, image, layerIndex, layers: 4 }, unit);
    // Unit number ((image * 4 + layer) * 28 + j + 1): 2 * 4 * 28 = 224 and 8 * 28.
    expect(at(2, 0, 0)).toBe(at(0, 8, 0));
    expect(at(0, 1, 0)).toBe(at(0, 0, 28));
    expect(referenceSeed(5 + 0x9e3779b9, { ...schedule, n: 28 }, 0)).toBe(
      referenceSeed(5, { ...schedule, n: 28 }, 1),
    );
  });

  it('advance by 16 shifts', () => {
    expect(referenceAdvance(1)).toBe(shifted(1, 16));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), (state) => {
        expect(referenceAdvance(state)).toBe(shifted(state, 16));
      }),
    );
  });
});

describe('runReference, stochastic', () => {
  /** The successive draws of unit j for shift d. */
  function drawsOf(
    seed: number,
    unit: number,
    d: number,
    count: number,
    change: Partial<Schedule> = {},
  ): number[] {
    let state = referenceSeed(seed, { ...schedule, ...change }, unit);
    return Array.from({ length: count }, () => {
      const draw = Number(BigInt(state) & ((1n << BigInt(d)) - 1n));
      state = shifted(state, 16);
      return draw;
    });
  }

  it('uses the low d bits of the state before its advance', () => {
    // n = 1: unit 0 draws for each of three pixels in turn.
    const network = layer([1], 1, 3, { shift: 8 });
    const r = drawsOf(42, 0, 8, 3, { n: 1 });
    expect(stochastic(network, [1000, -1000, 77], 42, { n: 1 })).toEqual([
      Math.floor((1000 + r[0]!) / 256),
      Math.floor((-1000 + r[1]!) / 256),
      Math.floor((77 + r[2]!) / 256),
    ]);
  });

  it('draws tile by tile, filter by filter, for column j by unit j; a partial tile leaves units idle', () => {
    // 1 x 3 pixels, n = 2, 3 filters with p = 2: panels {0, 1} and {2}; tiles {0, 1} and {2}.
    // Unit 0: f0 x0, f1 x0, f2 x0, then f0 x2, f1 x2, f2 x2. Unit 1: f0 x1, f1 x1, f2 x1.
    const network = layer([1, 1, 1], 1, 3, { shift: 12 });
    const image = [3000, 2000, 1000];
    const u0 = drawsOf(9, 0, 12, 6);
    const u1 = drawsOf(9, 1, 12, 3);
    const draws = [u0[0], u1[0], u0[3], u0[1], u1[1], u0[4], u0[2], u1[2], u0[5]];
    const want = draws.map((r, i) => Math.floor((image[i % 3]! + r!) / 4096));
    expect(stochastic(network, image, 9, { p: 2 })).toEqual(want);
  });

  it('takes filter blocks before tiles when only p panels are resident', () => {
    // As above with p = 1: block {0, 1} runs over both tiles before block {2}.
    const network = layer([1, 1, 1], 1, 3, { shift: 12 });
    const image = [3000, 2000, 1000];
    const u0 = drawsOf(9, 0, 12, 6);
    const u1 = drawsOf(9, 1, 12, 3);
    const draws = [u0[0], u1[0], u0[2], u0[1], u1[1], u0[3], u0[4], u1[2], u0[5]];
    const want = draws.map((r, i) => Math.floor((image[i % 3]! + r!) / 4096));
    expect(stochastic(network, image, 9, { p: 1 })).toEqual(want);
  });

  it('runs tiles across the rows of a band and starts one afresh with each band', () => {
    // 3 rows of 3, n = 4. One band: tiles of 4, 4, 1 pixels. Bands of 1 row: a tile of 3 for each row, unit 3 idle.
    const network = layer([1], 3, 3, { shift: 12 });
    const image = Array.from({ length: 9 }, (_, i) => 400 * i);
    const units = [0, 1, 2, 3].map((unit) => drawsOf(3, unit, 12, 3, { n: 4 }));
    const whole = image.map((x, i) => Math.floor((x + units[i % 4]![Math.floor(i / 4)]!) / 4096));
    const rows = image.map((x, i) => Math.floor((x + units[i % 3]![Math.floor(i / 3)]!) / 4096));
    expect(stochastic(network, image, 3, { n: 4, bandRows: 3 })).toEqual(whole);
    expect(stochastic(network, image, 3, { n: 4, bandRows: 1 })).toEqual(rows);
    expect(whole).not.toEqual(rows);
  });

  it('takes groups first of all', () => {
    // Two groups of one filter on two channels, n = 1, 2 pixels: g0 x0, g0 x1, g1 x0, g1 x1.
    const grouped = layer([1, 1], 1, 2, {
      shift: 12,
      groups: 2,
      input: { channels: 2, height: 1, width: 2 },
    });
    const network = { ...grouped, input: { channels: 2, height: 1, width: 2 } };
    const image = [100, 900, 1700, 2500];
    const u0 = drawsOf(11, 0, 12, 4, { n: 1 });
    expect(stochastic(network, image, 11, { n: 1, p: 4 })).toEqual(
      image.map((x, i) => Math.floor((x + u0[i]!) / 4096)),
    );
  });

  it('rounds up as often as the dropped fraction says', () => {
    // 300 / 1024 = 0.29: of 20,000 roundings 5,859 go up, standard deviation 64.
    const network = layer([1], 1, 20_000, { shift: 10 });
    const ups = stochastic(
      network,
      Array.from({ length: 20_000 }, () => 300),
      1,
      { n: 28 },
    );
    const total = ups.reduce((a, b) => a + b, 0);
    expect(Math.abs(total - (20_000 * 300) / 1024)).toBeLessThan(4 * 64);
  });

  it('refuses to run without a schedule for every product', () => {
    expect(() =>
      runReference(layer([1], 1, 1), Int16Array.of(1), { rounding: 'stochastic', seed: 1, schedules: [] }),
    ).toThrow('c: schedules must hold one for product step 0, got none');
  });

  it('does not depend on host steps in between: schedules count products', () => {
    const network = parseNetwork({
      name: 'hosted',
      input: { channels: 1, height: 2, width: 2 },
      layers: [{ kind: 'relu' }, { kind: 'conv', filters: 1, kernel: 1 }],
    });
    const quantised = quantise(network, someWeights(network, 3), { flWeights: 10 });
    const options = { rounding: 'stochastic', seed: 1, schedules: [schedule] } as const;
    expect(runReference(quantised, Int16Array.of(1, -2, 3, -4), options).outputs).toHaveLength(2);
  });
});
