import { mapSize, type ConvLayer, type MapShape, type PoolLayer } from './layer.js';
import { placeLayers, type Network } from './network.js';
import type { Tensor, Weights } from './weights.js';

/**
 * The network in floating point (doubles), one image: what the accuracy of the fixed-point machines is held against.
 *
 * @param weights as {@link checkWeights} accepts them
 * @param image [channels, height, width], 0 to 1
 * @returns the last layer's outputs, before any softmax
 */
export function runFloat(network: Network, weights: Weights, image: ArrayLike<number>): Float64Array {
  let values = Float64Array.from(image);
  if (values.length !== mapSize(network.input)) {
    throw new RangeError(
      `${network.name}: image must be ${mapSize(network.input)} values, got ${values.length}`,
    );
  }
  for (const { layer, input, output } of placeLayers(network)) {
    switch (layer.kind) {
      case 'conv':
        values = convolve(
          layer,
          input,
          output,
          values,
          tensor(weights, `${layer.name}.weight`),
          biasOf(weights, layer),
        );
        break;
      case 'dense':
        values = dense(values, tensor(weights, `${layer.name}.weight`), biasOf(weights, layer), layer.units);
        break;
      case 'relu':
        values = values.map((value) => (value > 0 ? value : 0));
        break;
      case 'pool':
        values = pool(layer, input, output, values);
        break;
      case 'flatten':
      case 'softmax':
        break;
    }
  }
  return values;
}

function tensor(weights: Weights, name: string): Tensor {
  const found = weights.get(name);
  if (found === undefined) throw new RangeError(`weights must hold ${name}, got none`);
  return found;
}

function biasOf(
  weights: Weights,
  layer: { readonly name: string; readonly bias: boolean },
): Tensor | undefined {
  return layer.bias ? tensor(weights, `${layer.name}.bias`) : undefined;
}

function convolve(
  layer: ConvLayer,
  input: MapShape,
  output: MapShape,
  values: Float64Array,
  weight: Tensor,
  bias: Tensor | undefined,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(mapSize(output));
  const depth = input.channels / layer.groups;
  const filtersPerGroup = layer.filters / layer.groups;
  const [kernelHeight, kernelWidth] = layer.kernel;
  const plane = output.height * output.width;
  for (let filter = 0; filter < layer.filters; filter++) {
    const firstChannel = Math.floor(filter / filtersPerGroup) * depth;
    const out = result.subarray(filter * plane, (filter + 1) * plane).fill(bias?.data[filter] ?? 0);
    for (let c = 0; c < depth; c++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        for (let kx = 0; kx < kernelWidth; kx++) {
          const w = weight.data[((filter * depth + c) * kernelHeight + ky) * kernelWidth + kx]!;
          for (let y = 0; y < output.height; y++) {
            const row = y * layer.stride[0] + ky * layer.dilation[0] - layer.padding[0];
            if (row < 0 || row >= input.height) continue;
            const from = ((firstChannel + c) * input.height + row) * input.width;
            for (let x = 0; x < output.width; x++) {
              const column = x * layer.stride[1] + kx * layer.dilation[1] - layer.padding[1];
              if (column >= 0 && column < input.width)
                out[y * output.width + x]! += w * values[from + column]!;
            }
          }
        }
      }
    }
  }
  return result;
}

function dense(
  values: Float64Array,
  weight: Tensor,
  bias: Tensor | undefined,
  units: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(units);
  for (let unit = 0; unit < units; unit++) {
    let sum = bias?.data[unit] ?? 0;
    const from = unit * values.length;
    for (let i = 0; i < values.length; i++) sum += weight.data[from + i]! * values[i]!;
    result[unit] = sum;
  }
  return result;
}

function pool(
  layer: PoolLayer,
  input: MapShape,
  output: MapShape,
  values: Float64Array,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(mapSize(output));
  const [height, width] = layer.size;
  let at = 0;
  for (let c = 0; c < output.channels; c++) {
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++) {
        let most = -Infinity;
        let sum = 0;
        for (let dy = 0; dy < height; dy++) {
          const from = (c * input.height + y * layer.stride[0] + dy) * input.width + x * layer.stride[1];
          for (let dx = 0; dx < width; dx++) {
            const value = values[from + dx]!;
            if (value > most) most = value;
            sum += value;
          }
        }
        result[at++] = layer.mode === 'max' ? most : sum / (height * width);
      }
    }
  }
  return result;
}

/** Probabilities from scores. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** Index of the largest score; the first of equals, as hardware that compares in order finds it. */
export function bestClass(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}
