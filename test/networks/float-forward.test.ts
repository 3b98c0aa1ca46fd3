import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestClass, runFloat, softmax } from '../../src/networks/float-forward.js';
import { parseNetwork, placeLayers, type Network } from '../../src/networks/network.js';
import type { Weights } from '../../src/networks/weights.js';
import { inputSize, sequence, smallNetworks, someWeights } from './generators.js';

/**
 * The oracle: every conv or dense layer as one big matrix over the flattened map, made by pushing each input value to
 * the outputs it reaches (the code under test pulls), pools as lists of windows.
 */
function oracle(network: Network, weights: Weights, image: readonly number[]): number[] {
  let x = [...image];
  for (const { layer, input, output } of placeLayers(network)) {
    const [C, H, W] = [input.channels, input.height, input.width];
    const plane = output.height * output.width;
    if (layer.kind === 'relu') x = x.map((v) => Math.max(v, 0));
    if (layer.kind === 'dense') {
      const w = weights.get(`${layer.name}.weight`)!.data;
      const b = weights.get(`${layer.name}.bias`)?.data;
      x = Array.from({ length: layer.units }, (_, u) =>
        x.reduce((sum, v, i) => sum + v * w[u * x.length + i]!, b?.[u] ?? 0),
      );
    }
    if (layer.kind === 'conv') {
      const w = weights.get(`${layer.name}.weight`)!;
      const b = weights.get(`${layer.name}.bias`)?.data;
      const [, depth = 1, kh = 1, kw = 1] = w.shape;
      const y = Array.from({ length: layer.filters * plane }, (_, i) => b?.[Math.floor(i / plane)] ?? 0);
      x.forEach((value, at) => {
        const [c, row, column] = [Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W];
        for (let m = 0; m < layer.filters; m++) {
          if (Math.floor(c / (C / layer.groups)) !== Math.floor(m / (layer.filters / layer.groups))) continue;
          for (let tap = 0; tap < kh * kw; tap++) {
            const oy = (row + layer.padding[0] - Math.floor(tap / kw) * layer.dilation[0]) / layer.stride[0];
            const ox = (column + layer.padding[1] - (tap % kw) * layer.dilation[1]) / layer.stride[1];
            if (!Number.isInteger(oy) || !Number.isInteger(ox)) continue;
            if (oy < 0 || oy >= output.height || ox < 0 || ox >= output.width) continue;
            y[m * plane + oy * output.width + ox]! +=
              value * w.data[(m * depth + (c % depth)) * kh * kw + tap]!;
          }
        }
      });
      x = y;
    }
    if (layer.kind === 'pool') {
      const before = x;
      x = Array.from({ length: output.channels * plane }, (_, i) => {
        const [c, oy, ox] = [
          Math.floor(i / plane),
          Math.floor(i / output.width) % output.height,
          i % output.width,
        ];
        const seen = Array.from({ length: layer.size[0] * layer.size[1] }, (_unused, k) => {
          const row = oy * layer.stride[0] + Math.floor(k / layer.size[1]);
          return before[(c * H + row) * W + ox * layer.stride[1] + (k % layer.size[1])]!;
        });
        return layer.mode === 'max' ? Math.max(...seen) : seen.reduce((a, v) => a + v, 0) / seen.length;
      });
    }
  }
  return x;
}

describe('runFloat', () => {
  it('equals one matrix per layer, for grouped, dilated, strided and padded layers', () => {
    fc.assert(
      fc.property(smallNetworks, fc.nat(1e6), (network, seed) => {
        const weights = someWeights(network, seed);
        const next = sequence(seed + 1, 257);
        const image = Array.from({ length: inputSize(network) }, () => next() / 256);
        const got = runFloat(network, weights, image);
        const want = oracle(network, weights, image);
        expect(got.length).toBe(want.length);
        // Values grow with the layers; the order of summation differs.
        const scale = want.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
        got.forEach((v, i) => expect(Math.abs(v - want[i]!) / scale).toBeLessThan(1e-9));
      }),
      { numRuns: 300 },
    );
  });

  it('computes 1x1 filters by hand', () => {
    const network = parseNetwork({
      name: 'hand',
      input: { channels: 1, height: 2, width: 2 },
      layers: [
        { kind: 'conv', name: 'c', filters: 2, kernel: 1 },
        { kind: 'relu' },
        { kind: 'pool', mode: 'average', size: 2 },
      ],
    });
    const weights = new Map([
      ['c.weight', { shape: [2, 1, 1, 1], data: Float32Array.of(2, -1) }],
      ['c.bias', { shape: [2], data: Float32Array.of(-1, 2) }],
    ]);
    // Filter 0: 2x - 1 of 0, 1, 2, 3 is -1, 1, 3, 5, after ReLU 9 / 4. Filter 1: 2 - x is 2, 1, 0, -1: 3 / 4.
    expect([...runFloat(network, weights, [0, 1, 2, 3])]).toEqual([2.25, 0.75]);
    expect(() => runFloat(network, weights, [0, 1, 2])).toThrow('hand: image must be 4 values, got 3');
  });
});

describe('scores', () => {
  it('give probabilities that sum to 1, and the first of equal classes', () => {
    expect([...softmax([0, Math.log(3)])].map((p) => p.toFixed(12))).toEqual([
      '0.250000000000',
      '0.750000000000',
    ]);
    expect(softmax([1000, 1000])[1]).toBe(0.5);
    expect(bestClass([1, 5, 5, 2])).toBe(1);
    expect(bestClass(Int16Array.of(-3))).toBe(0);
  });
});
