import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NetworkError } from '../../src/networks/errors.js';
import { placesAlong } from '../../src/networks/layer.js';
import { countMacs, outputShape, parseNetwork, placeLayers } from '../../src/networks/network.js';
import { checkWeights, wantedTensors, type Tensor } from '../../src/networks/weights.js';

const input = { channels: 3, height: 9, width: 8 };

function problem(value: unknown): NetworkError {
  try {
    parseNetwork(value, 'net.json');
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
  throw new Error('the network was accepted');
}

function withLayers(...layers: unknown[]): unknown {
  return { name: 'tiny', input, layers };
}

describe('parseNetwork', () => {
  it('fills in names, pairs, strides and the rest', () => {
    const network = parseNetwork(
      withLayers(
        { kind: 'conv', filters: 4, kernel: 3 },
        { kind: 'pool', size: [2, 3] },
        { kind: 'dense', units: 2 },
      ),
    );
    expect(network.layers).toEqual([
      {
        kind: 'conv',
        name: 'conv1',
        filters: 4,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
        bias: true,
      },
      { kind: 'pool', mode: 'max', size: [2, 3], stride: [2, 3] },
      { kind: 'dense', name: 'dense1', units: 2, bias: true },
    ]);
  });

  it('gives back a network that parses to itself', () => {
    const network = parseNetwork(withLayers({ kind: 'conv', filters: 2, kernel: [2, 1] }, { kind: 'relu' }));
    expect(parseNetwork(JSON.parse(JSON.stringify(network)))).toEqual(network);
  });

  it('names the layer, the field and the value of a wrong setting', () => {
    const error = problem(withLayers({ kind: 'relu' }, { kind: 'conv', filters: 0, kernel: 3 }));
    expect(error.message).toBe('net.json.layers[1]: filters must be a whole number from 1 to 65536, got 0');
    expect(error).toMatchObject({
      code: 'E_NETWORK',
      path: 'net.json.layers[1]',
      field: 'filters',
      got: '0',
    });
  });

  it('refuses settings that do not exist, each by name', () => {
    const error = problem(withLayers({ kind: 'dense', units: 2, stirde: 2, colour: 'red' }));
    expect(error.issues.map(({ field }) => field)).toEqual(['stirde', 'colour']);
    expect(error.message).toContain('stirde must be left out: no such setting exists here, got 2');
  });

  it('tells of all mistakes at once', () => {
    const error = problem({
      name: '',
      input,
      layers: [{ kind: 'blur' }, { kind: 'pool', mode: 'median', size: -1 }],
    });
    expect(error.issues.map(({ path, field }) => `${path} ${field}`)).toEqual([
      'net.json name',
      'net.json.layers[0] kind',
      'net.json.layers[1] mode',
      'net.json.layers[1] size',
    ]);
  });

  it.each([null, 3, [], 'net', { name: 'a', input, layers: [] }, { name: 'a', layers: [{ kind: 'relu' }] }])(
    'refuses %j as a network',
    (value) => {
      expect(problem(value).code).toBe('E_NETWORK');
    },
  );

  it('refuses a name used for two layers', () => {
    const twice = withLayers({ kind: 'dense', name: 'a', units: 2 }, { kind: 'dense', name: 'a', units: 2 });
    expect(problem(twice).message).toBe('tiny: layer name must be used once only, got "a" again');
  });

  it('refuses class names in another number than the outputs', () => {
    const value = { name: 'tiny', input, layers: [{ kind: 'dense', units: 3 }], classes: ['a', 'b'] };
    expect(problem(value).message).toBe(
      'tiny: classes must be a list of 3 names, as many as the last layer has outputs, got 2 names',
    );
  });
});

describe('shape inference', () => {
  it('follows stride, padding, dilation and groups', () => {
    const network = parseNetwork(
      withLayers(
        {
          kind: 'conv',
          filters: 6,
          kernel: [3, 2],
          stride: [2, 1],
          padding: [1, 0],
          dilation: [1, 3],
          groups: 3,
        },
        { kind: 'pool', size: 2, stride: 1 },
        { kind: 'flatten' },
        { kind: 'dense', units: 5 },
        { kind: 'softmax' },
      ),
    );
    expect(placeLayers(network).map(({ output }) => [output.channels, output.height, output.width])).toEqual([
      [6, 5, 5], // (9 + 2 - 3) / 2 + 1 rows; 8 - 3 = 5 columns
      [6, 4, 4],
      [96, 1, 1],
      [5, 1, 1],
      [5, 1, 1],
    ]);
    expect(countMacs(network)).toBe(6 * 25 * 6 + 5 * 96);
  });

  it('counts as many places as there are in a list of them', () => {
    const sides = fc.record({
      length: fc.integer({ min: 1, max: 20 }),
      size: fc.integer({ min: 1, max: 6 }),
      stride: fc.integer({ min: 1, max: 5 }),
      padding: fc.integer({ min: 0, max: 3 }),
      dilation: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(sides, ({ length, size, stride, padding, dilation }) => {
        let places = 0;
        for (let at = -padding; at + dilation * (size - 1) < length + padding; at += stride) places += 1;
        expect(Math.max(0, placesAlong(length, size, stride, padding, dilation))).toBe(places);
      }),
    );
  });

  it('refuses a kernel larger than its padded map', () => {
    const error = problem(
      withLayers({ kind: 'conv', name: 'wide', filters: 1, kernel: 5, dilation: 3, padding: 1 }),
    );
    expect(error.message).toBe(
      'tiny.wide: kernel must be no larger than its padded input of 11x10, got 5x5, which reaches over 13x13',
    );
  });

  it('refuses groups that divide neither channels nor filters', () => {
    const error = problem(withLayers({ kind: 'conv', filters: 5, kernel: 1, groups: 2 }));
    expect(error.message).toBe(
      'tiny.conv1: groups must be a divisor of the 3 input channels, got 2\n' +
        'tiny.conv1: groups must be a divisor of the 5 filters, got 2',
    );
  });

  it('refuses a pool larger than its map, and a softmax in the middle', () => {
    expect(problem(withLayers({ kind: 'pool', size: [10, 1] })).message).toBe(
      'tiny.layers[0] (pool): size must be no larger than its input of 9x8, got 10x1',
    );
    expect(problem(withLayers({ kind: 'softmax' }, { kind: 'relu' })).message).toContain('the last layer');
  });
});

describe('checkWeights', () => {
  const network = parseNetwork(
    withLayers(
      { kind: 'conv', name: 'c', filters: 2, kernel: [2, 1] },
      { kind: 'dense', name: 'd', units: 4, bias: false },
    ),
  );

  function zeros(): Map<string, Tensor> {
    return new Map(
      [...wantedTensors(network)].map(([name, shape]) => [
        name,
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      ]),
    );
  }

  it('wants one tensor for each weight and bias', () => {
    expect(outputShape(network)).toEqual({ channels: 4, height: 1, width: 1 });
    expect([...wantedTensors(network)]).toEqual([
      ['c.weight', [2, 3, 2, 1]],
      ['c.bias', [2]],
      ['d.weight', [4, 128]],
    ]);
    expect(() => checkWeights(network, zeros())).not.toThrow();
  });

  it('names every tensor that is missing, extra or of another shape', () => {
    const weights = zeros();
    weights.delete('c.bias');
    weights.set('d.weight', { shape: [128, 4], data: new Float32Array(512) });
    weights.set('d.bias', { shape: [4], data: new Float32Array(4) });
    expect(() => checkWeights(network, weights, 'w.npz')).toThrow(
      'w.npz: c.bias must be a tensor of shape [2], got no such tensor\n' +
        'w.npz: d.weight must be a tensor of shape [4, 128], got shape [128, 4]\n' +
        'w.npz: d.bias must be one of c.weight, c.bias, d.weight, got an extra tensor of shape [4]',
    );
  });

  it('refuses values that are not finite', () => {
    const weights = zeros();
    weights.set('c.bias', { shape: [2], data: Float32Array.of(0, NaN) });
    expect(() => checkWeights(network, weights, 'w.npz')).toThrow(
      'w.npz: c.bias must be finite, got NaN at element 1',
    );
  });
});
