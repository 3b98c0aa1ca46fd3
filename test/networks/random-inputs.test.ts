import { describe, expect, it } from 'vitest';
import { imageBytes, imageCodes } from '../../src/networks/data-set.js';
import { quantise } from '../../src/networks/quantise.js';
import { randomImages, randomWeights, withRandomWeights } from '../../src/networks/random-inputs.js';
import { runReference } from '../../src/networks/reference.js';
import { checkWeights } from '../../src/networks/weights.js';
import { namedNetwork } from '../../src/networks/zoo.js';

describe('random weights and images', () => {
  it('fit the network, and are those of their seed', () => {
    const network = namedNetwork('mnist-cnn');
    const weights = randomWeights(network, 7);
    expect(() => checkWeights(network, weights)).not.toThrow();
    expect(randomWeights(network, 7)).toEqual(weights);
    expect(randomWeights(network, 8)).not.toEqual(weights);
    expect(randomImages(network, 2, 7)).toEqual(randomImages(network, 2, 7));
    expect(randomImages(network, 2, 7).images).not.toEqual(randomImages(network, 2, 8).images);
    expect(withRandomWeights(network, 7).weightsFile).toBe('random (seed 7)');
  });

  it("keep AlexNet's activations within a few units, far from saturation, layer after layer", () => {
    const network = namedNetwork('alexnet-conv');
    const quantised = quantise(network, randomWeights(network, 1), { flWeights: 10 });
    const image = imageCodes(imageBytes(randomImages(network, 1, 1), 0), quantised.flInput);
    const { outputs, saturations } = runReference(quantised, image, { rounding: 'nearest' });
    expect(quantised.saturated).toBe(0);
    expect(saturations).toEqual([0, 0, 0, 0, 0]);
    for (const output of outputs) {
      const rms = Math.sqrt(output.reduce((sum, code) => sum + code * code, 0) / output.length) / 1024;
      expect(rms).toBeGreaterThan(0.5);
      expect(rms).toBeLessThan(2);
    }
  });
});
