import fc from 'fast-check';
import { mapSize } from '../../src/networks/layer.js';
import { parseNetwork, placeLayers, type Network, type NetworkText } from '../../src/networks/network.js';
import type { QuantisedNetwork } from '../../src/networks/quantise.js';
import { wantedTensors, type Tensor } from '../../src/networks/weights.js';

const short = fc.integer({ min: 1, max: 3 });
const pair = fc.tuple(short, short);

const layers = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('conv' as const),
      filters: fc.constantFrom(1, 2, 4, 6),
      kernel: pair,
      stride: pair,
      padding: fc.tuple(fc.nat(2), fc.nat(2)),
      dilation: pair,
      groups: fc.constantFrom(1, 1, 2),
      bias: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'relu' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pool' as const),
      mode: fc.constantFrom('max' as const, 'average' as const),
      size: pair,
      stride: pair,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('dense' as const), units: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'flatten' as const }) },
);

/** Small networks of every kind of layer; a layer that does not fit the ones before it is left out. */
export const smallNetworks: fc.Arbitrary<Network> = fc
  .record({
    channels: fc.constantFrom(1, 2, 4),
    height: fc.integer({ min: 1, max: 8 }),
    width: fc.integer({ min: 1, max: 8 }),
    layers: fc.array(layers, { minLength: 1, maxLength: 6 }),
  })
  .map(({ channels, height, width, layers: wanted }) => {
    const text = { name: 'small', input: { channels, height, width } };
    const kept: NetworkText['layers'][number][] = [];
    for (const layer of wanted) {
      try {
        parseNetwork({ ...text, layers: [...kept, layer] });
        kept.push(layer);
      } catch {
        // Too large a kernel, or groups that do not divide: try the next one.
      }
    }
    if (kept.length === 0) kept.push({ kind: 'relu' });
    return parseNetwork({ ...text, layers: kept });
  });

/** A cheap sequence of whole numbers from 0 to `below - 1`, for filling arrays. */
export function sequence(seed: number, below: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Weights between -range and range, multiples of 1/1024. */
export function someWeights(network: Network, seed: number, range = 1): Map<string, Tensor> {
  const next = sequence(seed, 2048 * range + 1);
  return new Map(
    [...wantedTensors(network)].map(([name, shape]) => {
      const data = Float64Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        () => next() / 1024 - range,
      );
      return [name, { shape, data }];
    }),
  );
}

/** Any 16-bit codes, the extremes among them. */
export function someCodes(count: number, seed: number): Int16Array {
  const next = sequence(seed, 65536);
  const codes = Int16Array.from({ length: count }, () => next() - 32768);
  if (count > 0) codes[seed % count] = seed % 2 === 0 ? -32768 : 32767;
  return codes;
}

/** The same network with weights and biases over the whole range of their words. */
export function withWildCodes(network: QuantisedNetwork, seed: number): QuantisedNetwork {
  return {
    ...network,
    steps: network.steps.map((step, index) =>
      step.kind === 'host'
        ? step
        : {
            ...step,
            weights: someCodes(step.weights.length, seed + index),
            bias: step.bias === null ? null : someCodes(step.bias.length, seed + index + 100),
          },
    ),
  };
}

export function inputSize(network: Network): number {
  return mapSize(network.input);
}

export function lastSize(network: Network): number {
  return mapSize(placeLayers(network).at(-1)!.output);
}
