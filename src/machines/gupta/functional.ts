import { ConfigError } from '../../kernel/index.js';
import { advance16 } from '../../numbers/lfsr.js';
import { RowProduct } from '../../numbers/matrix-product.js';
import { INT16_MAX, INT16_MIN } from '../../numbers/rounding.js';
import { roundingSeed } from '../../numbers/seeds.js';
import { packDescriptor } from '../../components/top/layer-descriptor.js';
import { describeLayer, type LayerPlan, type MachineLayer, planLayer } from './plan.js';
import type { RunSettings } from './runner.js';
import type { GuptaSpec } from './spec.js';

/** What a layer gives. The record and its array belong to the layer: both are written anew when that layer runs again. */
export interface FunctionalLayerRun {
  /** [channels, height, width] after pooling. */
  readonly output: Int16Array;
  /** Results clamped to 16 bits, as the rounding units count them: before ReLU and pooling. */
  readonly saturations: number;
}

export interface FunctionalOptions {
  /** Operand words of B (int16, after im2col) that one product spans at most; a single band may have more. Default 2^21: 4 MiB. */
  readonly chunkWords?: number;
}

/**
 * The fixed-point machine without its cycles: the same outputs and saturations as {@link GuptaRunner}, bit for bit, from one
 * exact matrix product a filter block. It has no clock, no memory system and no stall; the cycles, too, are the machine's alone.
 *
 * Shapes   As the runner's: input [channels, height, width] int16 codes in, [channels, height, width] after pooling out.
 * Does     im2col, product and bias, rounding to nearest or stochastic, clamp, ReLU, max or average pooling
 *          (⌊sum / count + ½⌋). Stochastic draws are those of the machine's rounding units: unit j rounds the pixel at
 *          place j of each tile, tiles restart at each band, and a unit's draws run through group, filter block, band,
 *          tile, panel, filter. p and bands come from {@link planLayer}, so the spec matters to the draws.
 * Storage  Weights once more, one product's operands and sums a layer; {@link runLayer} makes no array.
 * Errors   ConfigError when a layer does not fit the machine, as the runner would say; for a layer index, an image number or an
 *          input length that is wrong. What depends on the run (pool accumulators that do not suffice) is not checked.
 * Source   The machine contract, sections 3 to 5 and 9. A sum has at most 65,535 slices, so the 48-bit accumulator never wraps.
 */
export class FunctionalGupta {
  readonly plans: readonly LayerPlan[];
  private readonly layers: readonly LayerArithmetic[];
  private readonly units: Uint32Array;

  constructor(spec: GuptaSpec, layers: readonly MachineLayer[], options: FunctionalOptions = {}) {
    const { chunkWords = 2 ** 21 } = options;
    if (!Number.isInteger(chunkWords) || chunkWords < 1)
      throw new ConfigError('functional', 'chunkWords', 'an integer of 1 or more', chunkWords);
    this.plans = layers.map((layer) => planLayer(spec, layer));
    this.units = new Uint32Array(spec.n);
    this.layers = this.plans.map((plan, layer) => {
      // What no descriptor can hold is refused here as the machine refuses it.
      const place = { inputPage: 0, weightPage: 0, outputPage: 0, image: 0, seed: 0, stochastic: false };
      packDescriptor(plan.layer.name, describeLayer(plan, { ...place, layer, layers: layers.length }));
      return new LayerArithmetic(plan, spec.n, chunkWords);
    });
  }

  /**
   * Runs layer `index` on `input`. What it returns stays valid until the same layer runs again; it may be handed to the
   * next layer as it is.
   *
   * @param input [channels, height, width] of the layer; read, not kept
   * @param image number of the image, 0 or more: it seeds the rounding units
   * @throws ConfigError
   */
  runLayer(index: number, input: Int16Array, image: number, settings: RunSettings): FunctionalLayerRun {
    const layer = this.layers[index];
    if (layer === undefined)
      throw new ConfigError('functional', 'layer', `an integer from 0 to ${this.layers.length - 1}`, index);
    const { name, input: map } = layer.plan.layer;
    const size = map.channels * map.height * map.width;
    if (input.length !== size) throw new ConfigError(name, 'input.length', `${size}`, input.length);
    if (!Number.isInteger(image) || image < 0 || image > 0xffff_ffff)
      throw new ConfigError(name, 'image', 'an integer from 0 to 2^32 - 1', image);
    if (!settings.stochastic) return layer.run(input, null);
    const { units } = this;
    const n = units.length;
    const seed = settings.seed >>> 0;
    for (let unit = 0; unit < n; unit++) {
      units[unit] = roundingSeed({ seed, image, layers: this.layers.length, layer: index, n, unit });
    }
    return layer.run(input, units);
  }
}

/** The filters of one group and block, which share the activations in the cache. */
interface Block {
  readonly group: number;
  /** First filter of the layer, and how many. */
  readonly first: number;
  readonly filters: number;
  /** [filters, taps] */
  readonly weights: Int16Array;
}

/** One layer's arithmetic, with room for it. */
class LayerArithmetic {
  private readonly blocks: readonly Block[];
  private readonly product: RowProduct;
  /** Output rows that one product spans: whole bands. */
  private readonly chunkRows: number;
  /** Before pooling. */
  private readonly rounded: Int16Array;
  private readonly result: { output: Int16Array; saturations: number };
  /** Whether operand places outside the image may hold words of another chunk. */
  private readonly stale: boolean;
  /** One pixel whose taps are the whole input, in order. */
  private readonly isVector: boolean;

  constructor(
    readonly plan: LayerPlan,
    private readonly n: number,
    chunkWords: number,
  ) {
    const { layer, filters, bandRows } = plan;
    const { input, output, kernel, padding, groups, pool } = layer;
    const taps = (input.channels / groups) * kernel[0] * kernel[1];
    const blockFilters = plan.panels * n;
    const blocks: Block[] = [];
    for (let group = 0; group < groups; group++) {
      for (let f = 0; f < filters; f += blockFilters) {
        const first = group * filters + f;
        const count = Math.min(blockFilters, filters - f);
        const weights = layer.weights.subarray(first * taps, (first + count) * taps);
        blocks.push({ group, first, filters: count, weights });
      }
    }
    this.blocks = blocks;
    const bandWords = bandRows * output.width * taps;
    // Bands of a blown-up matrix are no whole rows of the map: it is taken in one go.
    this.chunkRows =
      plan.walked !== layer
        ? output.height
        : Math.min(output.height, bandRows * Math.max(1, Math.floor(chunkWords / bandWords)));
    this.product = new RowProduct(Math.min(blockFilters, filters), taps, this.chunkRows * output.width);
    this.stale = this.chunkRows < output.height && padding[0] + padding[1] > 0;
    this.isVector =
      groups === 1 &&
      output.height * output.width === 1 &&
      kernel[0] === input.height &&
      kernel[1] === input.width &&
      padding[0] + padding[1] === 0;
    // Weights that fit all at once are placed here, once and for all.
    if (blocks.length === 1) this.product.a.set(blocks[0]!.weights);
    this.rounded = new Int16Array(output.channels * output.height * output.width);
    const pooled = pool?.output;
    this.result = {
      output:
        pooled === undefined ? this.rounded : new Int16Array(pooled.channels * pooled.height * pooled.width),
      saturations: 0,
    };
  }

  /** @param units states of the rounding units, advanced here; null rounds to nearest */
  run(input: Int16Array, units: Uint32Array | null): FunctionalLayerRun {
    const { blocks, chunkRows, result } = this;
    const { height } = this.plan.layer.output;
    const isWhole = chunkRows >= height;
    let gathered = -1;
    result.saturations = 0;
    for (let at = 0; at < blocks.length; at++) {
      const block = blocks[at]!;
      if (blocks.length > 1) this.product.a.set(block.weights);
      for (let row = 0; row < height; row += chunkRows) {
        const rows = Math.min(chunkRows, height - row);
        // Blocks of a group see the same operands.
        if (!isWhole || gathered !== block.group) this.gather(input, block.group, row, rows);
        gathered = block.group;
        this.multiply(block, rows);
        result.saturations +=
          units === null
            ? this.roundNearest(block, row, rows)
            : this.roundStochastic(block, row, rows, units);
      }
    }
    this.pool();
    return result;
  }

  /** im2col of output rows `row` to row + rows − 1: one row of B an output pixel; outside the image it stays zero. */
  private gather(input: Int16Array, group: number, row: number, rows: number): void {
    const { b, k: taps } = this.product;
    const { input: map, output, groups, kernel, stride, padding, dilation } = this.plan.layer;
    const { height, width } = map;
    if (this.isVector) {
      b.set(input);
      return;
    }
    const columns = output.width;
    if (this.stale) b.fill(0, 0, rows * columns * taps);
    const channels = map.channels / groups;
    const [strideY, strideX] = stride;
    let tap = 0;
    for (let c = group * channels; c < (group + 1) * channels; c++) {
      for (let ky = 0; ky < kernel[0]; ky++) {
        const dy = ky * dilation[0] - padding[0];
        for (let kx = 0; kx < kernel[1]; kx++, tap++) {
          const dx = kx * dilation[1] - padding[1];
          const from = Math.max(0, Math.ceil(-dx / strideX));
          const end = Math.min(columns, Math.floor((width - 1 - dx) / strideX) + 1);
          for (let r = 0; r < rows; r++) {
            const y = (row + r) * strideY + dy;
            if (y < 0 || y >= height) continue;
            let source = (c * height + y) * width + from * strideX + dx;
            let target = (r * columns + from) * taps + tap;
            for (let x = from; x < end; x++) {
              b[target] = input[source]!;
              target += taps;
              source += strideX;
            }
          }
        }
      }
    }
  }

  /** Sums [filters of the block, pixels], bias included. */
  private multiply(block: Block, rows: number): void {
    const { product } = this;
    const { bias, biasExponent, output } = this.plan.layer;
    const pixels = rows * output.width;
    const scale = 2 ** biasExponent;
    for (let f = 0; f < block.filters; f++) {
      const at = f * product.n;
      // Adding 0 keeps −0 out of the sums.
      product.c.fill(bias === null ? 0 : bias[block.first + f]! * scale + 0, at, at + pixels);
    }
    product.accumulate(block.filters, pixels);
  }

  /** Rounds a block's sums to nearest; returns how many were clamped. */
  private roundNearest(block: Block, row: number, rows: number): number {
    const { rounded, product } = this;
    const { c: sums, n: pitch } = product;
    const { shift, relu, output } = this.plan.layer;
    const pixels = rows * output.width;
    const plane = output.height * output.width;
    const half = shift === 0 ? 0 : 2 ** (shift - 1);
    const scale = 2 ** -shift;
    const low = relu ? 0 : INT16_MIN;
    let saturations = 0;
    for (let f = 0; f < block.filters; f++) {
      let to = (block.first + f) * plane + row * output.width;
      for (let at = f * pitch; at < f * pitch + pixels; at++, to++) {
        const y = Math.floor((sums[at]! + half) * scale);
        if (y > INT16_MAX) {
          saturations += 1;
          rounded[to] = INT16_MAX;
        } else if (y < low) {
          if (y < INT16_MIN) saturations += 1;
          rounded[to] = low;
        } else rounded[to] = y;
      }
    }
    return saturations;
  }

  /** The same with each unit's draws in its order: a tile's pixel, then the block's filters panel by panel. */
  private roundStochastic(block: Block, row: number, rows: number, units: Uint32Array): number {
    const { rounded, product, n } = this;
    const { c: sums, n: pitch } = product;
    const { shift, relu, output } = this.plan.layer;
    const plane = output.height * output.width;
    const first = block.first * plane + row * output.width;
    const { bandPixels } = this.plan;
    const pixels = rows * output.width;
    // At most 31 bits, so that `&` is never negative.
    const mask = 2 ** shift - 1;
    const scale = 2 ** -shift;
    const low = relu ? 0 : INT16_MIN;
    let saturations = 0;
    for (let band = 0; band < pixels; band += bandPixels) {
      const end = Math.min(pixels, band + bandPixels);
      // Units work side by side, so the order among them is free: one after the other keeps a state at hand.
      for (let unit = 0; unit < n; unit++) {
        let state = units[unit]!;
        for (let pixel = band + unit; pixel < end; pixel += n) {
          let to = first + pixel;
          let at = pixel;
          for (let f = 0; f < block.filters; f++, to += plane, at += pitch) {
            const y = Math.floor((sums[at]! + (state & mask)) * scale);
            state = advance16(state);
            if (y > INT16_MAX) {
              saturations += 1;
              rounded[to] = INT16_MAX;
            } else if (y < low) {
              if (y < INT16_MIN) saturations += 1;
              rounded[to] = low;
            } else rounded[to] = y;
          }
        }
        units[unit] = state;
      }
    }
    return saturations;
  }

  private pool(): void {
    const { pool, output: map } = this.plan.layer;
    if (pool === null) return;
    const { rounded } = this;
    const { output } = this.result;
    const { channels, height, width } = pool.output;
    const [sizeY, sizeX] = pool.size;
    const [strideY, strideX] = pool.stride;
    const isMax = pool.mode === 'max';
    const count = sizeY * sizeX;
    let to = 0;
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, to++) {
          const corner = (c * map.height + y * strideY) * map.width + x * strideX;
          let most = INT16_MIN;
          let sum = 0;
          for (let dy = 0; dy < sizeY; dy++) {
            const from = corner + dy * map.width;
            for (let at = from; at < from + sizeX; at++) {
              const value = rounded[at]!;
              sum += value;
              if (value > most) most = value;
            }
          }
          // A doubled numerator keeps the quotient's half exact.
          output[to] = isMax ? most : Math.floor((2 * sum + count) / (2 * count));
        }
      }
    }
  }
}
