import { z } from 'zod';

/** A vertical and a horizontal number: kernel and window sizes, strides, dilations. */
export type Pair = readonly [vertical: number, horizontal: number];

/** A map of `channels` planes, each `height` rows of `width` values; in memory channel, row, column (CHW). */
export interface MapShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Cross-correlation (no kernel flip) with zero padding, as every current framework means by convolution.
 * Output side = floor((side + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 * Weight `<name>.weight` [filters, channels / groups, kernel height, kernel width], bias `<name>.bias` [filters].
 */
export interface ConvLayer {
  readonly kind: 'conv';
  readonly name: string;
  readonly filters: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Rows added above and below, columns added left and right. */
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
}

/** Fully connected. Weight `<name>.weight` [units, inputs], inputs in CHW order, bias `<name>.bias` [units]. */
export interface DenseLayer {
  readonly kind: 'dense';
  readonly name: string;
  readonly units: number;
  readonly bias: boolean;
}

/** max(0, x), element by element. */
export interface ReluLayer {
  readonly kind: 'relu';
}

/** Windows lie wholly inside the map; what is left over at the right and bottom is dropped. */
export interface PoolLayer {
  readonly kind: 'pool';
  readonly mode: 'max' | 'average';
  readonly size: Pair;
  readonly stride: Pair;
}

/** [C, H, W] becomes [C * H * W, 1, 1]; no value moves. */
export interface FlattenLayer {
  readonly kind: 'flatten';
}

/** Scores to probabilities. The last layer, for reports only: it changes no ranking and no machine computes it. */
export interface SoftmaxLayer {
  readonly kind: 'softmax';
}

export type Layer = ConvLayer | DenseLayer | ReluLayer | PoolLayer | FlattenLayer | SoftmaxLayer;

/** The layers that own weights. */
export type ProductLayer = ConvLayer | DenseLayer;

// Every message below completes the sentence "<field> must be ..."; the network parser relies on that.

function whole(least: number, most = 65_536) {
  const wanted = `a whole number from ${least} to ${most}`;
  return z
    .number({ error: wanted })
    .int({ error: wanted })
    .min(least, { error: wanted })
    .max(most, { error: wanted });
}

function pair(least: number) {
  const wanted = `a whole number >= ${least} or a pair [vertical, horizontal] of them`;
  const one = whole(least);
  return z
    .union([one, z.tuple([one, one])], { error: wanted })
    .transform((value): Pair => (typeof value === 'number' ? [value, value] : value));
}

const layerName = z
  .string({ error: 'a text' })
  .regex(/^[A-Za-z][\w-]*$/, { error: 'a letter, then letters, digits, _ or -' });

const flag = z.boolean({ error: 'true or false' });

export const layerSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('conv'),
      name: layerName.optional(),
      filters: whole(1),
      kernel: pair(1),
      stride: pair(1).default([1, 1]),
      padding: pair(0).default([0, 0]),
      dilation: pair(1).default([1, 1]),
      groups: whole(1).default(1),
      bias: flag.default(true),
    }),
    z.strictObject({
      kind: z.literal('dense'),
      name: layerName.optional(),
      units: whole(1),
      bias: flag.default(true),
    }),
    z.strictObject({ kind: z.literal('relu') }),
    z.strictObject({
      kind: z.literal('pool'),
      mode: z.enum(['max', 'average'], { error: '"max" or "average"' }).default('max'),
      size: pair(1),
      stride: pair(1).optional(),
    }),
    z.strictObject({ kind: z.literal('flatten') }),
    z.strictObject({ kind: z.literal('softmax') }),
  ],
  { error: 'one of "conv", "dense", "relu", "pool", "flatten", "softmax"' },
);

/** A layer as written in a file: pairs may be single numbers, names and most numbers may be left out. */
export type LayerText = z.input<typeof layerSchema>;

type ParsedLayer = z.output<typeof layerSchema>;

/** Fills in what depends on more than the layer's own fields: the default name, a pool's stride. */
export function completeLayer(layer: ParsedLayer, defaultName: string): Layer {
  switch (layer.kind) {
    case 'conv':
    case 'dense':
      return { ...layer, name: layer.name ?? defaultName };
    case 'pool':
      return { ...layer, stride: layer.stride ?? layer.size };
    default:
      return layer;
  }
}

/** Number of places a window of `size` taps, `dilation` apart, can take on a side of `length`; 0 or less if none. */
export function placesAlong(length: number, size: number, stride: number, padding = 0, dilation = 1): number {
  return Math.floor((length + 2 * padding - dilation * (size - 1) - 1) / stride) + 1;
}

/** Values in a map. */
export function mapSize(shape: MapShape): number {
  return shape.channels * shape.height * shape.width;
}

/** `8x12x12`, for messages and tables. */
export function showShape(shape: MapShape): string {
  return `${shape.channels}x${shape.height}x${shape.width}`;
}
