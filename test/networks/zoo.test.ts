import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageBytes, imageCodes, imageFloats, loadDataSet } from '../../src/networks/data-set.js';
import { NetworkError } from '../../src/networks/errors.js';
import { bestClass, runFloat } from '../../src/networks/float-forward.js';
import { countMacs, describeLayers } from '../../src/networks/network.js';
import { quantise } from '../../src/networks/quantise.js';
import { runReference } from '../../src/networks/reference.js';
import { parseSafetensors } from '../../src/networks/safetensors.js';
import { loadNamedNetwork, namedNetwork, namedNetworks } from '../../src/networks/zoo.js';

describe('mnist-cnn', () => {
  const { network, weights, weightsFile } = loadNamedNetwork('mnist-cnn');

  it('has the layers of Gupta et al. 2015', () => {
    expect(namedNetworks.map(({ name }) => name)).toContain('mnist-cnn');
    expect(describeLayers(network)).toEqual([
      'conv1 5x5 8x24x24',
      'relu 8x24x24',
      'max pool 2x2 8x12x12',
      'conv2 5x5 16x8x8',
      'relu 16x8x8',
      'max pool 2x2 16x4x4',
      'flatten 256x1x1',
      'dense1 128x1x1',
      'relu 128x1x1',
      'dense2 10x1x1',
      'softmax 10x1x1',
    ]);
  });

  it('keeps its weights as 16-bit codes of 14 fraction bits, none of them at the ends of the range', () => {
    const { tensors, metadata } = parseSafetensors(readFileSync(weightsFile), weightsFile);
    expect(metadata['fl']).toBe('14');
    for (const { data } of tensors.values()) {
      for (const code of data) expect(Math.abs(code)).toBeLessThan(32_767);
    }
    expect(quantise(network, weights, { flWeights: 14 }).saturated).toBe(0);
  });

  it('is right on 98.9 % of the first 1,000 test images or more, and as good in fixed point', () => {
    const data = loadDataSet({ split: 'test' });
    const count = 1000;
    const networks = [14, 10].map((flWeights) => quantise(network, weights, { flWeights }));
    let float = 0;
    const fixed = networks.map(() => 0);
    let saturations = 0;
    for (let i = 0; i < count; i++) {
      const bytes = imageBytes(data, i);
      if (bestClass(runFloat(network, weights, imageFloats(bytes))) === data.labels[i]) float += 1;
      networks.forEach((quantised, k) => {
        const result = runReference(quantised, imageCodes(bytes, quantised.flInput), { rounding: 'nearest' });
        if (bestClass(result.logits) === data.labels[i]) fixed[k]! += 1;
        saturations += result.saturations.reduce((a, b) => a + b, 0);
      });
    }
    expect(float).toBeGreaterThanOrEqual(989);
    for (const correct of fixed) expect(Math.abs(correct - float)).toBeLessThanOrEqual(2);
    expect(saturations).toBe(0);
  });
});

describe('alexnet-conv', () => {
  it('has the five convolution layers of AlexNet, two columns in the second, fourth and fifth', () => {
    const network = namedNetwork('alexnet-conv');
    expect(describeLayers(network).filter((line) => !line.startsWith('relu'))).toEqual([
      'conv1 11x11 96x55x55',
      'max pool 3x3 96x27x27',
      'conv2 5x5 256x27x27',
      'max pool 3x3 256x13x13',
      'conv3 3x3 384x13x13',
      'conv4 3x3 384x13x13',
      'conv5 3x3 256x13x13',
      'max pool 3x3 256x6x6',
    ]);
    expect(network.layers.flatMap((layer) => (layer.kind === 'conv' ? [layer.groups] : []))).toEqual([
      1, 2, 1, 2, 2,
    ]);
    // 96·55²·363 + 256·27²·1200 + 384·13²·2304 + 384·13²·1728 + 256·13²·1728
    expect(countMacs(network)).toBe(665_784_864);
  });

  it('has no weights of its own, and says what to do about it', () => {
    expect(() => loadNamedNetwork('alexnet-conv')).toThrow(
      'alexnet-conv: weights must be random (--weights random) or a file, as none come with this network, got nothing',
    );
  });
});

describe('loadNamedNetwork', () => {
  it('lists the names it knows when asked for another', () => {
    expect(() => loadNamedNetwork('alexnet')).toThrow(NetworkError);
    expect(() => loadNamedNetwork('alexnet')).toThrow(
      'networks: name must be one of mnist-cnn, alexnet-conv, got "alexnet"',
    );
  });
});
