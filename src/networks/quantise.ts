import { NetworkError, show, type Issue } from './errors.js';
import { mapSize, showShape, type ConvLayer, type DenseLayer, type MapShape, type Pair } from './layer.js';
import { placeLayers, productLayers, type Network } from './network.js';
import { checkWeights, type Tensor, type Weights } from './weights.js';

/** <IL, FL>: two's complement, IL + FL bits (always 16 here), range [-2^(IL-1), 2^(IL-1) - 2^-FL]. */
export interface FixedFormat {
  readonly il: number;
  readonly fl: number;
}

export interface QuantiseOptions {
  /** Fraction length of the weights in their 16-bit word, 0 to 15. The command line takes 6 to 14. */
  readonly flWeights: number;
  /** Format of input and activations; <6,10> unless given. */
  readonly activation?: FixedFormat;
  /** Other fraction lengths for some layers, by layer name. */
  readonly layers?: Readonly<Record<string, LayerFormat>>;
}

export interface LayerFormat {
  readonly flWeights?: number;
  /** Fraction length of the layer's outputs, and so of what follows. */
  readonly flOutput?: number;
}

/** A pooling unit at work on 16-bit values; average is floor(sum / count + 1/2). */
export interface PoolStep {
  readonly mode: 'max' | 'average';
  readonly size: Pair;
  readonly stride: Pair;
  readonly output: MapShape;
}

/**
 * One layer as the fixed-point machine runs it: product, rounding, ReLU, pooling, in this order.
 *
 * acc = sum of weight x activation + bias 2^biasExponent, then (acc + r) >> shift, saturated to 16 bits, then ReLU
 * (the machine contract, sections 4 and 5). A dense layer is a convolution whose kernel is its whole input map.
 */
export interface ProductStep {
  readonly kind: 'product';
  readonly name: string;
  readonly op: 'conv' | 'dense';
  readonly input: MapShape;
  /** Before pooling. */
  readonly output: MapShape;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  /** Codes [filters][channels / groups][kernel height][kernel width]. */
  readonly weights: Int16Array;
  /** Codes [filters] of fraction length flInput + flWeights - biasExponent. */
  readonly bias: Int16Array | null;
  readonly flWeights: number;
  readonly flInput: number;
  readonly flOutput: number;
  /** Bits dropped after the sum: flInput + flWeights - flOutput, 0 to 31. */
  readonly shift: number;
  /** e = min(shift, 14): the constant that multiplies the bias is 2^e, which must fit a 16-bit operand. */
  readonly biasExponent: number;
  readonly relu: boolean;
  readonly pool: PoolStep | null;
  /** Weights and biases that lay outside their format and were saturated. */
  readonly saturated: { readonly weights: number; readonly biases: number };
}

/** What the machine leaves to its host: bit-exact too, but no cycles are counted for it. */
export interface HostStep {
  readonly kind: 'host';
  readonly name: string;
  readonly op: { readonly kind: 'relu' } | ({ readonly kind: 'pool' } & PoolStep);
  readonly input: MapShape;
  readonly output: MapShape;
}

export type QuantisedStep = ProductStep | HostStep;

/** A network ready for the fixed-point machine. */
export interface QuantisedNetwork {
  readonly name: string;
  readonly input: MapShape;
  /** Fraction length of the image. */
  readonly flInput: number;
  /** Shape and fraction length of the scores. */
  readonly output: MapShape;
  readonly flOutput: number;
  readonly classes: number;
  readonly steps: readonly QuantisedStep[];
  /** Weights and biases saturated in all steps. */
  readonly saturated: number;
}

const wordBits = 16;
const largestShift = 31;
const largestBiasExponent = 14;

/**
 * Quantises a network: weights and biases rounded to nearest and saturated, every conv or dense layer fused with the
 * ReLU and the pool behind it.
 *
 * ReLU before or behind max pooling is the same and is fused either way; ReLU behind average pooling, a second pool,
 * and a pool or ReLU with no product before it become host steps. Flatten moves nothing and softmax changes no
 * ranking: neither is a step.
 *
 * @throws NetworkError for weights that do not fit the network, formats outside the 16-bit word, overrides of unknown
 * layers, and a shift outside 0 to 31
 */
export function quantise(network: Network, weights: Weights, options: QuantiseOptions): QuantisedNetwork {
  checkWeights(network, weights);
  const activation = options.activation ?? { il: 6, fl: 10 };
  checkFormats(network, options, activation);

  const steps: QuantisedStep[] = [];
  const addHost = (op: HostStep['op'], input: MapShape, output: MapShape): void => {
    steps.push({ kind: 'host', name: `host${steps.length + 1}`, op, input, output });
  };
  let fl = activation.fl;
  // A dense layer sees the map as it was before any flatten, so that its kernel is as high and wide as that map.
  let map = network.input;
  for (const { layer, input, output } of placeLayers(network)) {
    const last = steps.at(-1);
    const product = last?.kind === 'product' ? last : undefined;
    switch (layer.kind) {
      case 'conv':
      case 'dense': {
        const step = productStep(
          network,
          layer,
          layer.kind === 'conv' ? input : map,
          output,
          weights,
          options,
          fl,
        );
        steps.push(step);
        fl = step.flOutput;
        map = output;
        break;
      }
      case 'relu':
        // Behind an average the order matters: ReLU of the mean is not the mean of the ReLUs.
        if (product !== undefined && (product.relu || product.pool?.mode !== 'average')) {
          steps[steps.length - 1] = { ...product, relu: true };
        } else {
          addHost({ kind: 'relu' }, map, map);
        }
        break;
      case 'pool': {
        const pool: PoolStep = { mode: layer.mode, size: layer.size, stride: layer.stride, output };
        if (
          product !== undefined &&
          product.pool === null &&
          showShape(product.output) === showShape(input)
        ) {
          steps[steps.length - 1] = { ...product, pool };
        } else {
          addHost({ kind: 'pool', ...pool }, input, output);
        }
        map = output;
        break;
      }
      case 'flatten':
      case 'softmax':
        break;
    }
  }
  const products = steps.filter((step) => step.kind === 'product');
  return {
    name: network.name,
    input: network.input,
    flInput: activation.fl,
    output: map,
    flOutput: fl,
    classes: mapSize(map),
    steps,
    saturated: products.reduce((sum, { saturated }) => sum + saturated.weights + saturated.biases, 0),
  };
}

function checkFormats(network: Network, options: QuantiseOptions, activation: FixedFormat): void {
  const path = network.name;
  const issues: Issue[] = [];
  const checkFl = (field: string, fl: number, where = path): void => {
    if (!Number.isInteger(fl) || fl < 0 || fl >= wordBits) {
      const wanted = `a whole number from 0 to ${wordBits - 1}, to leave a sign bit in a ${wordBits}-bit word`;
      issues.push({ path: where, field, wanted, got: show(fl) });
    }
  };
  checkFl('fraction length of the weights', options.flWeights);
  checkFl('fraction length of the activations', activation.fl);
  if (activation.il + activation.fl !== wordBits) {
    const got = `${activation.il} + ${activation.fl} = ${activation.il + activation.fl}`;
    issues.push({ path, field: 'IL + FL of the activations', wanted: `${wordBits} bits`, got });
  }
  const names = productLayers(network).map(({ name }) => name);
  for (const [name, format] of Object.entries(options.layers ?? {})) {
    if (!names.includes(name)) {
      issues.push({
        path,
        field: 'layer with a format of its own',
        wanted: `one of ${names.join(', ')}`,
        got: name,
      });
      continue;
    }
    const where = `${path}.${name}`;
    if (format.flWeights !== undefined) checkFl('fraction length of the weights', format.flWeights, where);
    if (format.flOutput !== undefined) checkFl('fraction length of the outputs', format.flOutput, where);
  }
  if (issues.length > 0) throw new NetworkError(issues);
}

function productStep(
  network: Network,
  layer: ConvLayer | DenseLayer,
  input: MapShape,
  output: MapShape,
  weights: Weights,
  options: QuantiseOptions,
  flInput: number,
): ProductStep {
  const override = options.layers?.[layer.name];
  const flWeights = override?.flWeights ?? options.flWeights;
  const flOutput = override?.flOutput ?? options.activation?.fl ?? 10;
  const shift = flInput + flWeights - flOutput;
  if (shift < 0 || shift > largestShift) {
    const sum = `${flInput} of the input + ${flWeights} of the weights - ${flOutput} of the output`;
    throw new NetworkError([
      {
        path: `${network.name}.${layer.name}`,
        field: 'shift',
        wanted: `from 0 to ${largestShift}`,
        got: `${shift} (fraction lengths: ${sum})`,
      },
    ]);
  }
  const biasExponent = Math.min(shift, largestBiasExponent);
  const weight = toCodes(weights.get(`${layer.name}.weight`), flWeights);
  const bias = layer.bias
    ? toCodes(weights.get(`${layer.name}.bias`), flInput + flWeights - biasExponent)
    : null;
  const shape =
    layer.kind === 'conv'
      ? {
          kernel: layer.kernel,
          stride: layer.stride,
          padding: layer.padding,
          dilation: layer.dilation,
          groups: layer.groups,
        }
      : {
          kernel: [input.height, input.width] as const,
          stride: [1, 1] as const,
          padding: [0, 0] as const,
          dilation: [1, 1] as const,
          groups: 1,
        };
  return {
    kind: 'product',
    name: layer.name,
    op: layer.kind,
    input,
    output,
    ...shape,
    weights: weight.codes,
    bias: bias?.codes ?? null,
    flWeights,
    flInput,
    flOutput,
    shift,
    biasExponent,
    relu: false,
    pool: null,
    saturated: { weights: weight.saturated, biases: bias?.saturated ?? 0 },
  };
}

/** Nearest codes (floor(x 2^fl + 1/2)), saturated to the word. */
function toCodes(tensor: Tensor | undefined, fl: number): { codes: Int16Array; saturated: number } {
  const scale = 2 ** fl;
  let saturated = 0;
  const codes = Int16Array.from(tensor?.data ?? [], (value) => {
    const code = Math.floor(value * scale + 0.5);
    const held = Math.min(32_767, Math.max(-32_768, code));
    if (held !== code) saturated += 1;
    return held;
  });
  return { codes, saturated };
}
