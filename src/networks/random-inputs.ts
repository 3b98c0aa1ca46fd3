import type { DataSet } from './data-set.js';
import { mapSize } from './layer.js';
import type { LoadedNetwork } from './network-file.js';
import type { Network } from './network.js';
import { Random } from './random.js';
import { sizeOf, type Tensor, type Weights, wantedTensors } from './weights.js';

/**
 * Weights to measure with, where none were trained: uniform in ±√(6 / fan-in), so that a ReLU network keeps the mean
 * square of its activations from layer to layer (He et al., ICCV 2015, section 2.2); biases uniform in ±1/16. They
 * recognise nothing. The same seed gives the same weights on every machine.
 *
 * @param seed whole number from 0 to 2^32 − 1
 */
export function randomWeights(network: Network, seed: number): Weights {
  const random = new Random(seed);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of wantedTensors(network)) {
    const limit = shape.length === 1 ? 1 / 16 : Math.sqrt(6 / sizeOf(shape.slice(1)));
    const data = Float32Array.from({ length: sizeOf(shape) }, () => (2 * random.next() - 1) * limit);
    weights.set(name, { shape, data });
  }
  return weights;
}

/** A network with {@link randomWeights}. */
export function withRandomWeights(network: Network, seed: number): LoadedNetwork {
  return { network, weights: randomWeights(network, seed), weightsFile: `random (seed ${seed})` };
}

/** Images of independent, uniform bytes in the shape that a network takes; they have no labels. */
export function randomImages(network: Network, count: number, seed: number): DataSet {
  // Weights and images of one seed are not to be the same draws.
  const random = new Random((seed ^ 0x5f375a86) >>> 0);
  return {
    ...network.input,
    count,
    images: Uint8Array.from({ length: count * mapSize(network.input) }, () => random.below(256)),
    labels: new Uint8Array(0),
    name: `random (seed ${seed})`,
    split: 'test',
  };
}
