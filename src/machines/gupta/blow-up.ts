import type { MachineLayer } from './plan.js';

/**
 * A layer as the matrix product of its blown-up activations: C/g = 1, H = output pixels, W = K, kernel 1×K. Its output is a
 * column of pixels, which knows nothing of the map's rows: pooling is left to the host. Source: the machine contract,
 * section 7.
 */
export function blownUpLayer(layer: MachineLayer): MachineLayer {
  const { output, groups, kernel } = layer;
  const pixels = output.height * output.width;
  const taps = (layer.input.channels / groups) * kernel[0] * kernel[1];
  return {
    ...layer,
    input: { channels: groups, height: pixels, width: taps },
    output: { channels: output.channels, height: pixels, width: 1 },
    kernel: [1, taps],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    pool: null,
  };
}

/**
 * The activation matrix of a layer, blown up by the host: [groups, output pixels, K], K = channels of a group × kernel
 * rows × kernel columns in this order, so that a row is what one output pixel multiplies with a filter. Taps in the
 * padding are stored as zeros. It is what the machine reads from DDR3 in blown-up mode (the machine contract, section 7).
 *
 * @param input [channels, height, width]
 */
export function blowUp(layer: MachineLayer, input: Int16Array): Int16Array {
  const { output, groups, kernel, stride, padding, dilation } = layer;
  const { height, width } = layer.input;
  const channels = layer.input.channels / groups;
  const matrix = new Int16Array(groups * output.height * output.width * channels * kernel[0] * kernel[1]);
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (let oy = 0; oy < output.height; oy++) {
      for (let ox = 0; ox < output.width; ox++) {
        for (let c = group * channels; c < (group + 1) * channels; c++) {
          for (let ky = 0; ky < kernel[0]; ky++) {
            const y = oy * stride[0] - padding[0] + ky * dilation[0];
            for (let kx = 0; kx < kernel[1]; kx++, at++) {
              const x = ox * stride[1] - padding[1] + kx * dilation[1];
              if (y >= 0 && y < height && x >= 0 && x < width)
                matrix[at] = input[(c * height + y) * width + x]!;
            }
          }
        }
      }
    }
  }
  return matrix;
}

/** Pools [channels, height, width] on the host, as the pooling unit would; an average is ⌊sum / count + ½⌋. */
export function hostPool(layer: MachineLayer, values: Int16Array): Int16Array {
  const { pool, output: map } = layer;
  if (pool === null) return values;
  const { mode, size, stride, output } = pool;
  const count = size[0] * size[1];
  const pooled = new Int16Array(output.channels * output.height * output.width);
  let at = 0;
  for (let c = 0; c < output.channels; c++) {
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++, at++) {
        let most = -32_768;
        let sum = 0;
        for (let dy = 0; dy < size[0]; dy++) {
          const row = (c * map.height + y * stride[0] + dy) * map.width + x * stride[1];
          for (let dx = 0; dx < size[1]; dx++) {
            const value = values[row + dx]!;
            sum += value;
            if (value > most) most = value;
          }
        }
        // A doubled numerator keeps the quotient's half exact.
        pooled[at] = mode === 'max' ? most : Math.floor((2 * sum + count) / (2 * count));
      }
    }
  }
  return pooled;
}
