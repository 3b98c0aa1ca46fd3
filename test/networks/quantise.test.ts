import { describe, expect, it } from 'vitest';
import { NetworkError } from '../../src/networks/errors.js';
import { parseNetwork, type Network, type NetworkText } from '../../src/networks/network.js';
import { quantise, type ProductStep } from '../../src/networks/quantise.js';
import { someWeights } from './generators.js';

function net(...layers: NetworkText['layers'][number][]): Network {
  return parseNetwork({ name: 'tiny', input: { channels: 1, height: 4, width: 4 }, layers });
}

const conv = { kind: 'conv', name: 'c', filters: 2, kernel: 1 } as const;
const relu = { kind: 'relu' } as const;
const max = { kind: 'pool', size: 2 } as const;
const average = { kind: 'pool', mode: 'average', size: 2 } as const;

/** Steps as short texts, `c+relu+max` for a fused one. */
function steps(...layers: NetworkText['layers'][number][]): string[] {
  const network = net(...layers);
  return quantise(network, someWeights(network, 1), { flWeights: 12 }).steps.map((step) => {
    if (step.kind === 'host') return `host ${step.op.kind === 'pool' ? step.op.mode : 'relu'}`;
    return `${step.name}${step.relu ? '+relu' : ''}${step.pool === null ? '' : `+${step.pool.mode}`}`;
  });
}

function codes(flWeights: number, weight: number, bias: number, flOutput?: number): ProductStep {
  const network = net({ ...conv, filters: 1 });
  const weights = new Map([
    ['c.weight', { shape: [1, 1, 1, 1], data: Float64Array.of(weight) }],
    ['c.bias', { shape: [1], data: Float64Array.of(bias) }],
  ]);
  const layers = flOutput === undefined ? {} : { c: { flOutput } };
  const [step] = quantise(network, weights, { flWeights, layers }).steps;
  if (step?.kind !== 'product') throw new Error('no product step');
  return step;
}

describe('quantise: fusing', () => {
  it('fuses ReLU, then pooling, into the product before them', () => {
    expect(steps(conv, relu, max)).toEqual(['c+relu+max']);
    expect(steps(conv, relu, average)).toEqual(['c+relu+average']);
    expect(steps(conv, max)).toEqual(['c+max']);
  });

  it('fuses a ReLU behind max pooling, which commutes, but not one behind an average', () => {
    expect(steps(conv, max, relu)).toEqual(['c+relu+max']);
    expect(steps(conv, average, relu)).toEqual(['c+average', 'host relu']);
    expect(steps(conv, relu, average, relu)).toEqual(['c+relu+average']);
  });

  it('leaves to the host what has no product before it, and a second pool', () => {
    expect(steps(relu, conv)).toEqual(['host relu', 'c']);
    expect(steps(max, conv)).toEqual(['host max', 'c']);
    expect(steps(conv, max, max)).toEqual(['c+max', 'host max']);
    expect(steps(conv, max, average, relu)).toEqual(['c+max', 'host average', 'host relu']);
  });

  it('has no step for flatten and softmax, and dense layers see the map before flatten', () => {
    const network = net(
      conv,
      max,
      { kind: 'flatten' },
      { kind: 'dense', name: 'd', units: 3 },
      { kind: 'softmax' },
    );
    const quantised = quantise(network, someWeights(network, 1), { flWeights: 12 });
    expect(quantised.steps.map(({ name }) => name)).toEqual(['c', 'd']);
    expect(quantised.steps[1]).toMatchObject({
      op: 'dense',
      input: { channels: 2, height: 2, width: 2 },
      output: { channels: 3, height: 1, width: 1 },
      kernel: [2, 2],
    });
    expect(quantised).toMatchObject({
      classes: 3,
      flOutput: 10,
      output: { channels: 3, height: 1, width: 1 },
    });
  });

  it('lets a convolution behind flatten see the flattened map', () => {
    const network = net({ kind: 'flatten' }, { kind: 'conv', name: 'c', filters: 2, kernel: 1, groups: 2 });
    const [step] = quantise(network, someWeights(network, 1), { flWeights: 12 }).steps;
    expect(step?.input).toEqual({ channels: 16, height: 1, width: 1 });
  });
});

describe('quantise: numbers', () => {
  it('rounds weights to nearest, halves up', () => {
    // 0.3 * 64 = 19.2; 1.5 / 64, -1.5 / 64: the half goes up.
    expect(codes(6, 0.3, 0).weights).toEqual(Int16Array.of(19));
    expect(codes(6, 1.5 / 64, 0).weights).toEqual(Int16Array.of(2));
    expect(codes(6, -1.5 / 64, 0).weights).toEqual(Int16Array.of(-1));
  });

  it('gives the bias the fraction length FLa + FLb - e, e = min(d, 14)', () => {
    // d = 10 + 6 - 10 = 6, e = 6: bias of 10 fraction bits.
    expect(codes(6, 1, 0.5)).toMatchObject({ shift: 6, biasExponent: 6, bias: Int16Array.of(512) });
    // Output of 4 fraction bits: d = 10 + 14 - 4 = 20, e = 14, again 10 bits.
    expect(codes(14, 1, 0.5, 4)).toMatchObject({ shift: 20, biasExponent: 14, bias: Int16Array.of(512) });
    // Output of 13 fraction bits: d = 10 + 6 - 13 = 3, e = 3, 13 bits.
    expect(codes(6, 1, 0.5, 13)).toMatchObject({ shift: 3, biasExponent: 3, bias: Int16Array.of(4096) });
  });

  it('saturates and counts what lies outside the word', () => {
    expect(codes(14, 2, 100)).toMatchObject({
      weights: Int16Array.of(32767),
      bias: Int16Array.of(32767),
      saturated: { weights: 1, biases: 1 },
    });
    expect(codes(14, -2, -32)).toMatchObject({
      weights: Int16Array.of(-32768),
      saturated: { weights: 0, biases: 0 },
    });
    expect(codes(14, -2.1, -32.1)).toMatchObject({ saturated: { weights: 1, biases: 1 } });
  });

  it('passes the output format of a layer on to the next', () => {
    const network = net(conv, relu, { ...conv, name: 'e' });
    const quantised = quantise(network, someWeights(network, 1), {
      flWeights: 12,
      layers: { c: { flOutput: 8, flWeights: 11 }, e: { flOutput: 9 } },
    });
    const formats = quantised.steps.map((step) =>
      step.kind === 'product' ? [step.flInput, step.flWeights, step.flOutput, step.shift] : [],
    );
    expect(formats).toEqual([
      [10, 11, 8, 13],
      [8, 12, 9, 11],
    ]);
    expect(quantised.flOutput).toBe(9);
  });
});

describe('quantise: errors', () => {
  const network = net(conv);
  const weights = someWeights(network, 1);

  it('refuses a fraction length outside the word, and a word of other than 16 bits', () => {
    expect(() => quantise(network, weights, { flWeights: 16 })).toThrow(
      'tiny: fraction length of the weights must be a whole number from 0 to 15, to leave a sign bit in a 16-bit word, got 16',
    );
    expect(() => quantise(network, weights, { flWeights: 12, activation: { il: 8, fl: 10 } })).toThrow(
      'tiny: IL + FL of the activations must be 16 bits, got 8 + 10 = 18',
    );
    expect(() => quantise(network, weights, { flWeights: 12, layers: { c: { flOutput: 1.5 } } })).toThrow(
      'tiny.c: fraction length of the outputs must be a whole number',
    );
  });

  it('refuses a shift below 0 and formats of layers that do not exist', () => {
    expect(() => quantise(network, weights, { flWeights: 2, layers: { c: { flOutput: 15 } } })).toThrow(
      'tiny.c: shift must be from 0 to 31, got -3 (fraction lengths: 10 of the input + 2 of the weights - 15 of the output)',
    );
    expect(() => quantise(network, weights, { flWeights: 2, layers: { conv9: {} } })).toThrow(
      'tiny: layer with a format of its own must be one of c, got conv9',
    );
  });

  it('refuses weights that do not fit', () => {
    expect(() => quantise(network, new Map(), { flWeights: 12 })).toThrow(NetworkError);
  });
});
