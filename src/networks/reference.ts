import type { HostStep, PoolStep, ProductStep, QuantisedNetwork } from './quantise.js';

/**
 * The plain fixed-point reference: what every machine's outputs are held against, bit for bit.
 *
 * Written from the machine contract, sections 4 and 5, in exact whole numbers (doubles stay exact below 2^53, and a
 * sum of 2^22 products of 16-bit operands stays below that), with its own shift, saturation and random sequence. It
 * imports no arithmetic from elsewhere, on purpose: a mistake shared with the components would go unseen.
 */

/** How one product step is cut up in time; it decides which draw of which rounding unit meets which output. */
export interface Schedule {
  /** Columns of the array, one rounding unit each. */
  readonly n: number;
  /** Panels of n filters that are resident together. */
  readonly p: number;
  /** Whole output rows (before pooling) of a band; the last band may have fewer. */
  readonly bandRows: number;
  /** Output pixels of a band where bands are no whole rows: a layer run on its blown-up matrix. */
  readonly bandPixels?: number;
  /** Number of the image, of the layer within the network, and of layers: they seed the units. */
  readonly image: number;
  readonly layerIndex: number;
  readonly layers: number;
}

export type ReferenceOptions =
  | { readonly rounding: 'nearest' }
  | {
      readonly rounding: 'stochastic';
      readonly seed: number;
      /** One for each product step, in order. */
      readonly schedules: readonly Schedule[];
    };

export interface ReferenceResult {
  /** Each step's output [channels, height, width], after its pooling. */
  readonly outputs: readonly Int16Array[];
  /** The last step's output. */
  readonly logits: Int16Array;
  /** For each step, how many roundings were clamped to the 16-bit range (counted before ReLU and pooling). */
  readonly saturations: readonly number[];
  /** For each step, how many sums left the 48-bit accumulator's range. */
  readonly wraps: readonly number[];
}

/**
 * Runs one image.
 *
 * @param image codes [channels, height, width] of fraction length `network.flInput`
 * @throws RangeError when the image has another size, or a stochastic run lacks a schedule
 */
export function runReference(
  network: QuantisedNetwork,
  image: Int16Array,
  options: ReferenceOptions,
): ReferenceResult {
  const { channels, height, width } = network.input;
  if (image.length !== channels * height * width) {
    throw new RangeError(
      `${network.name}: image must be ${channels * height * width} codes, got ${image.length}`,
    );
  }
  const outputs: Int16Array[] = [];
  const saturations: number[] = [];
  const wraps: number[] = [];
  let values = image;
  let productIndex = 0;
  for (const step of network.steps) {
    if (step.kind === 'host') {
      values = runHost(step, values);
      saturations.push(0);
      wraps.push(0);
    } else {
      const draws = drawsFor(step, options, productIndex);
      productIndex += 1;
      const sums = accumulate(step, values);
      const rounded = roundAll(step, sums.values, draws);
      const { output } = step;
      values =
        step.pool === null ? rounded.values : pool(step.pool, rounded.values, output.height, output.width);
      saturations.push(rounded.saturations);
      wraps.push(sums.wraps);
    }
    outputs.push(values);
  }
  return { outputs, logits: values, saturations, wraps };
}

/** What is added to each sum before bits are dropped: [filters, output pixels]. */
function drawsFor(step: ProductStep, options: ReferenceOptions, productIndex: number): Float64Array {
  const { shift, output } = step;
  const size = output.channels * output.height * output.width;
  if (options.rounding === 'nearest') return new Float64Array(size).fill(shift === 0 ? 0 : 2 ** (shift - 1));
  const schedule = options.schedules[productIndex];
  if (schedule === undefined) {
    throw new RangeError(`${step.name}: schedules must hold one for product step ${productIndex}, got none`);
  }
  return stochasticDraws(step, schedule, options.seed);
}

/** The 32-bit murmur3 finaliser. */
function finalise(value: number): number {
  let mixed = value >>> 0;
  mixed = (mixed ^ (mixed >>> 16)) >>> 0;
  mixed = Math.imul(mixed, 0x85ebca6b) >>> 0;
  mixed = (mixed ^ (mixed >>> 13)) >>> 0;
  mixed = Math.imul(mixed, 0xc2b2ae35) >>> 0;
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The state that rounding unit `unit` starts a layer of an image with (contract, section 4). */
export function referenceSeed(seed: number, schedule: Schedule, unit: number): number {
  const { image, layers, layerIndex, n } = schedule;
  const unitNumber = BigInt(image * layers + layerIndex) * BigInt(n) + BigInt(unit) + 1n;
  const sum = BigInt(seed) + 0x9e3779b9n * unitNumber;
  const state = finalise(Number(BigInt.asUintN(32, sum)));
  return state === 0 ? 1 : state;
}

/** One advance: 16 shifts to the left, each bringing in the XOR of taps 32, 22, 2 and 1. */
export function referenceAdvance(state: number): number {
  let q = state;
  for (let i = 0; i < 16; i++) {
    const bit = ((q >>> 31) ^ (q >>> 21) ^ (q >>> 1) ^ q) & 1;
    q = ((q << 1) | bit) >>> 0;
  }
  return q;
}

/**
 * Replays the rounding units. Unit j rounds the pixels at place j of the tiles; a tile is n consecutive output pixels
 * of a band, counted across its rows, and each band starts a tile afresh. Columns and lanes without an output draw
 * nothing. The draw is the low `shift` bits of the state before its advance.
 */
function stochasticDraws(step: ProductStep, schedule: Schedule, seed: number): Float64Array {
  const { n, p } = schedule;
  const { channels: filters, height, width } = step.output;
  const bandPixels = schedule.bandPixels ?? schedule.bandRows * width;
  const filtersPerGroup = filters / step.groups;
  const states = Array.from({ length: n }, (_, unit) => referenceSeed(seed, schedule, unit));
  const draws = new Float64Array(filters * height * width);
  for (let group = 0; group < step.groups; group++) {
    for (let block = 0; block < filtersPerGroup; block += p * n) {
      const blockEnd = Math.min(block + p * n, filtersPerGroup);
      for (let bandStart = 0; bandStart < height * width; bandStart += bandPixels) {
        const bandEnd = Math.min(bandStart + bandPixels, height * width);
        for (let tile = bandStart; tile < bandEnd; tile += n) {
          const columns = Math.min(n, bandEnd - tile);
          for (let panel = block; panel < blockEnd; panel += n) {
            const panelEnd = Math.min(panel + n, blockEnd);
            for (let f = panel; f < panelEnd; f++) {
              for (let j = 0; j < columns; j++) {
                const state = states[j]!;
                draws[(group * filtersPerGroup + f) * height * width + tile + j] = state % 2 ** step.shift;
                states[j] = referenceAdvance(state);
              }
            }
          }
        }
      }
    }
  }
  return draws;
}

/** The 48-bit sums [filters, output pixels], as two's complement wraps them. */
function accumulate(step: ProductStep, values: Int16Array): { values: Float64Array; wraps: number } {
  const { input, output, groups, weights, bias, biasExponent } = step;
  const [kernelHeight, kernelWidth] = step.kernel;
  const [strideY, strideX] = step.stride;
  const [top, left] = step.padding;
  const [dilationY, dilationX] = step.dilation;
  const { height, width } = input;
  const depth = input.channels / groups;
  const filtersPerGroup = output.channels / groups;
  const sums = new Float64Array(output.channels * output.height * output.width);
  let wraps = 0;
  let at = 0;
  for (let filter = 0; filter < output.channels; filter++) {
    const firstChannel = Math.floor(filter / filtersPerGroup) * depth;
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++) {
        let sum = bias === null ? 0 : bias[filter]! * 2 ** biasExponent;
        for (let c = 0; c < depth; c++) {
          for (let ky = 0; ky < kernelHeight; ky++) {
            const row = y * strideY + ky * dilationY - top;
            if (row < 0 || row >= height) continue;
            const rowAt = ((firstChannel + c) * height + row) * width;
            const tapAt = ((filter * depth + c) * kernelHeight + ky) * kernelWidth;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const column = x * strideX + kx * dilationX - left;
              if (column < 0 || column >= width) continue;
              sum += weights[tapAt + kx]! * values[rowAt + column]!;
            }
          }
        }
        if (sum < -(2 ** 47) || sum >= 2 ** 47) {
          wraps += 1;
          sum -= 2 ** 48 * Math.floor((sum + 2 ** 47) / 2 ** 48);
        }
        sums[at++] = sum;
      }
    }
  }
  return { values: sums, wraps };
}

/** Adds the draws, drops `shift` bits towards minus infinity, saturates, applies ReLU. */
function roundAll(
  step: ProductStep,
  sums: Float64Array,
  draws: Float64Array,
): { values: Int16Array; saturations: number } {
  const values = new Int16Array(sums.length);
  let saturations = 0;
  for (let i = 0; i < sums.length; i++) {
    let value = Math.floor((sums[i]! + draws[i]!) / 2 ** step.shift);
    if (value > 32_767) {
      value = 32_767;
      saturations += 1;
    } else if (value < -32_768) {
      value = -32_768;
      saturations += 1;
    }
    values[i] = step.relu && value < 0 ? 0 : value;
  }
  return { values, saturations };
}

function pool(unit: PoolStep, values: Int16Array, height: number, width: number): Int16Array {
  const { mode, size, stride, output } = unit;
  const result = new Int16Array(output.channels * output.height * output.width);
  let at = 0;
  for (let c = 0; c < output.channels; c++) {
    for (let y = 0; y < output.height; y++) {
      for (let x = 0; x < output.width; x++) {
        let most = -32_768;
        let sum = 0;
        for (let dy = 0; dy < size[0]; dy++) {
          for (let dx = 0; dx < size[1]; dx++) {
            const value = values[(c * height + y * stride[0] + dy) * width + x * stride[1] + dx]!;
            if (value > most) most = value;
            sum += value;
          }
        }
        const count = size[0] * size[1];
        // floor(sum / count + 1/2) in whole numbers: a quotient that is a hair off would round the wrong way.
        result[at++] = mode === 'max' ? most : floorDivide(2 * sum + count, 2 * count);
      }
    }
  }
  return result;
}

function floorDivide(dividend: number, divisor: number): number {
  const remainder = ((dividend % divisor) + divisor) % divisor;
  return (dividend - remainder) / divisor;
}

function runHost(step: HostStep, values: Int16Array): Int16Array {
  if (step.op.kind === 'relu') return values.map((value) => (value < 0 ? 0 : value));
  return pool(step.op, values, step.input.height, step.input.width);
}
