import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataSet } from '../../src/networks/data-set.js';
import { runFloat } from '../../src/networks/float-forward.js';
import { parseNetwork, type Network } from '../../src/networks/network.js';
import { addProduct, addProductTransposed, transpose } from '../../src/networks/train/matrix-product.js';
import { Model } from '../../src/networks/train/model.js';
import { Random } from '../../src/networks/random.js';
import { defaultTraining, evaluate, train } from '../../src/networks/train/training.js';
import { inputSize, lastSize, sequence, smallNetworks } from './generators.js';

const sides = fc.record({
  m: fc.integer({ min: 1, max: 7 }),
  k: fc.integer({ min: 1, max: 9 }),
  n: fc.integer({ min: 1, max: 7 }),
  at: fc.nat(3),
});

function matrix(rows: number, columns: number, at: number, seed: number): Float64Array {
  const next = sequence(seed, 19);
  return Float64Array.from({ length: at + rows * columns }, (_, i) => (i < at ? NaN : next() - 9));
}

describe('matrix products', () => {
  it('equal the triple loop for every size and offset', () => {
    fc.assert(
      fc.property(sides, fc.nat(1000), ({ m, k, n, at }, seed) => {
        const a = matrix(m, k, at, seed);
        const b = matrix(k, n, at, seed + 1);
        const c = matrix(m, n, at, seed + 2);
        const want = Float64Array.from(c);
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++)
            for (let s = 0; s < k; s++) want[at + i * n + j]! += a[at + i * k + s]! * b[at + s * n + j]!;
        const got = Float64Array.from(c);
        addProduct(a, b, got, m, k, n, at, at, at);
        expect(got).toEqual(want);
        const bTransposed = new Float64Array(at + n * k);
        transpose(b, k, n, bTransposed, at);
        const transposed = Float64Array.from(c);
        addProductTransposed(a, bTransposed, transposed, m, k, n, at, 0, at);
        expect(transposed).toEqual(want);
      }),
    );
  });
});

function images(network: Network, batch: number, seed: number): Float64Array {
  const next = sequence(seed, 257);
  return Float64Array.from({ length: batch * inputSize(network) }, () => next() / 256);
}

describe('Model', () => {
  it('scores as the plain float forward does, for every kind of layer', () => {
    fc.assert(
      fc.property(smallNetworks, fc.nat(1e6), (network, seed) => {
        const model = new Model(network);
        model.initialise(new Random(seed));
        const batch = images(network, 2, seed);
        const scores = model.forward(batch, 2);
        for (let i = 0; i < 2; i++) {
          const image = batch.subarray(i * inputSize(network), (i + 1) * inputSize(network));
          const want = runFloat(network, model.weights(), image);
          want.forEach((v, k) => expect(scores[i * want.length + k]).toBeCloseTo(v, 8));
        }
      }),
      { numRuns: 200 },
    );
  });

  const shapes = [
    { kind: 'conv', filters: 4, kernel: [3, 2], stride: [2, 1], padding: [1, 2], dilation: [1, 2] },
    { kind: 'relu' },
    { kind: 'pool', mode: 'max', size: 2, stride: 1 },
    { kind: 'conv', filters: 6, kernel: 2, groups: 2, bias: false },
    { kind: 'pool', mode: 'average', size: [1, 3], stride: [1, 2] },
    { kind: 'flatten' },
    { kind: 'dense', units: 5 },
    { kind: 'relu' },
    { kind: 'dense', units: 3 },
    { kind: 'softmax' },
  ] as const;

  it('has the gradients that finite differences give', () => {
    const network = parseNetwork({
      name: 'tiny',
      input: { channels: 2, height: 7, width: 6 },
      layers: shapes,
    });
    const model = new Model(network);
    model.initialise(new Random(3));
    const batch = images(network, 3, 4);
    const labels = [2, 0, 1];
    model.learn(batch, labels, 3);
    const gradients = model.parameters.map(({ gradient }) => Float64Array.from(gradient));
    const step = 1e-6;
    model.parameters.forEach(({ name, values }, index) => {
      for (let i = 0; i < values.length; i += 1) {
        const held = values[i]!;
        values[i] = held + step;
        const above = model.learn(batch, labels, 3).loss;
        values[i] = held - step;
        const below = model.learn(batch, labels, 3).loss;
        values[i] = held;
        const difference = (above - below) / (2 * step);
        expect(Math.abs(gradients[index]![i]! - difference), `${name}[${i}]`).toBeLessThan(1e-7);
      }
    });
  });
});

/** Two classes told apart by which half is bright. */
function halves(count: number): DataSet {
  const next = sequence(1, 256);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const pixels = Uint8Array.from({ length: count * 16 }, (_, i) => {
    const bright = (i % 4 < 2 ? 0 : 1) === labels[Math.floor(i / 16)];
    return bright ? 128 + next() / 2 : next() / 2;
  });
  return { name: 'halves', split: 'train', count, channels: 1, height: 4, width: 4, images: pixels, labels };
}

describe('train', () => {
  const network = parseNetwork({
    name: 'tiny',
    input: { channels: 1, height: 4, width: 4 },
    layers: [{ kind: 'conv', filters: 3, kernel: 3 }, { kind: 'relu' }, { kind: 'dense', units: 2 }],
  });
  const options = { ...defaultTraining, epochs: 4, batch: 10, shiftPx: 0, seed: 9 };

  it('learns a simple task', () => {
    const model = new Model(network);
    const losses: number[] = [];
    train(model, halves(205), options, ({ loss }) => losses.push(loss));
    expect(losses[3]).toBeLessThan(losses[0]! / 4);
    expect(evaluate(model, halves(100), 7).correct).toBeGreaterThan(97);
    expect(lastSize(network)).toBe(2);
  });

  it('gives the same bits for the same seed, and others for another', () => {
    const weights = (seed: number): number[] => {
      const model = new Model(network);
      train(model, halves(50), { ...options, epochs: 1, shiftPx: 1, seed });
      return [...model.weights().values()].flatMap(({ data }) => [...data]);
    };
    expect(weights(9)).toEqual(weights(9));
    expect(weights(9)).not.toEqual(weights(10));
  });

  it('descends with momentum, weight decay and a falling rate', () => {
    // With one class the loss is always 0, so that only decay moves the weights: w' = w + m (w - before) - rate d w.
    const single = parseNetwork({
      name: 'single',
      input: { channels: 1, height: 4, width: 4 },
      layers: [{ kind: 'dense', units: 1 }],
    });
    const model = new Model(single);
    const data = { ...halves(2), labels: new Uint8Array(2) };
    model.initialise(new Random(5));
    let [w = 0] = model.parameters[0]!.values;
    let before = w;
    for (const rate of [0.1, 0.1, 0.05, 0.05]) {
      const after = w + 0.9 * (w - before) - rate * 0.5 * w;
      before = w;
      w = after;
    }
    train(model, data, {
      ...options,
      seed: 5,
      epochs: 2,
      batch: 1,
      learningRate: 0.1,
      decayPerEpoch: 0.5,
      weightDecay: 0.5,
    });
    expect(model.parameters[0]!.values[0]).toBeCloseTo(w, 12);
    expect([...model.parameters[1]!.values]).toEqual([0]);
  });

  it('keeps weights within the limit', () => {
    const model = new Model(network);
    train(model, halves(50), { ...options, weightLimit: 0.125 });
    for (const { values } of model.parameters)
      for (const v of values) expect(Math.abs(v)).toBeLessThanOrEqual(0.125);
  });
});

describe('Random', () => {
  it('is uniform and normal enough', () => {
    const random = new Random(1);
    const bins = new Array<number>(10).fill(0);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 20_000; i++) {
      bins[random.below(10)]! += 1;
      const x = random.normal();
      sum += x;
      squares += x * x;
    }
    // Standard deviations: bins 42, mean 0.007, variance about 0.01.
    for (const bin of bins) expect(Math.abs(bin - 2000)).toBeLessThan(4 * 42);
    expect(Math.abs(sum / 20_000)).toBeLessThan(0.03);
    expect(Math.abs(squares / 20_000 - 1)).toBeLessThan(0.04);
  });
});
