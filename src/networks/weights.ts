import { NetworkError, type Issue } from './errors.js';
import { mapSize } from './layer.js';
import { placeLayers, type Network } from './network.js';

/** A dense array in C order: the last index runs fastest. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** Named tensors, `<layer>.weight` and `<layer>.bias`. */
export type Weights = ReadonlyMap<string, Tensor>;

/** The tensors that a network needs: name to shape, in layer order. */
export function wantedTensors(network: Network): Map<string, readonly number[]> {
  const wanted = new Map<string, readonly number[]>();
  for (const { layer, input } of placeLayers(network)) {
    if (layer.kind === 'conv') {
      wanted.set(`${layer.name}.weight`, [layer.filters, input.channels / layer.groups, ...layer.kernel]);
      if (layer.bias) wanted.set(`${layer.name}.bias`, [layer.filters]);
    } else if (layer.kind === 'dense') {
      wanted.set(`${layer.name}.weight`, [layer.units, mapSize(input)]);
      if (layer.bias) wanted.set(`${layer.name}.bias`, [layer.units]);
    }
  }
  return wanted;
}

/** The product of a shape's sides; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Holds weights against a network.
 *
 * @param source what to call the weights in messages, usually their file
 * @throws NetworkError naming every tensor that is missing, extra, of another shape or not finite
 */
export function checkWeights(network: Network, weights: Weights, source = `${network.name} weights`): void {
  const issues: Issue[] = [];
  const wanted = wantedTensors(network);
  for (const [name, shape] of wanted) {
    const shapeText = `a tensor of shape [${shape.join(', ')}]`;
    const tensor = weights.get(name);
    if (tensor === undefined) {
      issues.push({ path: source, field: name, wanted: shapeText, got: 'no such tensor' });
      continue;
    }
    if (tensor.shape.length !== shape.length || tensor.shape.some((side, axis) => side !== shape[axis])) {
      issues.push({
        path: source,
        field: name,
        wanted: shapeText,
        got: `shape [${tensor.shape.join(', ')}]`,
      });
      continue;
    }
    if (tensor.data.length !== sizeOf(shape)) {
      issues.push({
        path: source,
        field: name,
        wanted: `${sizeOf(shape)} values`,
        got: `${tensor.data.length} values`,
      });
      continue;
    }
    const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      issues.push({
        path: source,
        field: name,
        wanted: 'finite',
        got: `${tensor.data[bad]} at element ${bad}`,
      });
    }
  }
  for (const [name, tensor] of weights) {
    if (!wanted.has(name)) {
      const known = [...wanted.keys()].join(', ');
      issues.push({
        path: source,
        field: name,
        wanted: `one of ${known}`,
        got: `an extra tensor of shape [${tensor.shape.join(', ')}]`,
      });
    }
  }
  if (issues.length > 0) throw new NetworkError(issues);
}
