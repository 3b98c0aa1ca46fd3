import { ConfigError } from '../../kernel/index.js';
import { BUS_LANES } from '../../components/axi/channels.js';
import {
  bandRowsOf,
  bandRowsThatFit,
  bLayout,
  type BandSpec,
  cutBands,
  panelsThatFit,
} from '../../components/l2-layout.js';
import { POOL_ACCUMULATORS, poolStorageWords } from '../../components/pool.js';
import { type LayerDescriptor } from '../../components/top/layer-descriptor.js';
import { aSlices, bWords, type GuptaSpec } from './spec.js';

/** Largest side or stride of a pooling window: four bits. */
const POOL_SIDE = 15;

type Pair = readonly [vertical: number, horizontal: number];
interface Map3 {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A layer as the machine takes it: product, bias, rounding, ReLU, pooling. Integer codes throughout. */
export interface MachineLayer {
  readonly name: string;
  readonly input: Map3;
  /** Before pooling. */
  readonly output: Map3;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  /** [filters][channels / groups][kernel height][kernel width] */
  readonly weights: Int16Array;
  readonly bias: Int16Array | null;
  /** Bits dropped by the rounding units, 0 to 31. */
  readonly shift: number;
  /** The bias is multiplied by 2^this. */
  readonly biasExponent: number;
  readonly relu: boolean;
  readonly pool: null | {
    readonly mode: 'max' | 'average';
    readonly size: Pair;
    readonly stride: Pair;
    readonly output: Map3;
  };
}

/** How a layer is cut up for the machine. */
export interface LayerPlan {
  readonly layer: MachineLayer;
  /** Geometry as walked: a dense layer is a row of words under a kernel of the same length. */
  readonly channels: number;
  readonly inH: number;
  readonly inW: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Filters of a group, M/g, and slices of a panel, K'. */
  readonly filters: number;
  readonly kprime: number;
  /** Panels held together, p. */
  readonly panels: number;
  /** Whole output rows of a band. */
  readonly bandRows: number;
  readonly bands: number;
  readonly layout: ReturnType<typeof bLayout>;
  /** Multiply-accumulates of the layer, bias excluded. */
  readonly macs: number;
  /** Words of the packed weights in DDR3. */
  readonly weightWords: number;
}

/** Whether a layer is a plain vector product: its kernel covers its whole input. */
function isDense(layer: MachineLayer): boolean {
  const { input, output, kernel, padding, groups } = layer;
  return (
    groups === 1 &&
    output.height * output.width === 1 &&
    kernel[0] === input.height &&
    kernel[1] === input.width &&
    padding[0] + padding[1] === 0
  );
}

/**
 * Plans a layer for a machine: p, bands and layout by the contract's rules.
 * @throws ConfigError when one panel of weights or one band of activations does not fit, naming the layer.
 */
export function planLayer(spec: GuptaSpec, layer: MachineLayer): LayerPlan {
  const { n } = spec;
  const dense = isDense(layer);
  const vector = layer.input.channels * layer.input.height * layer.input.width;
  const channels = dense ? 1 : layer.input.channels / layer.groups;
  const inH = dense ? 1 : layer.input.height;
  const inW = dense ? vector : layer.input.width;
  const kernel: Pair = dense ? [1, vector] : layer.kernel;
  // A dense layer's single position moves nowhere.
  const stride: Pair = dense ? [1, 1] : layer.stride;
  const dilation: Pair = dense ? [1, 1] : layer.dilation;
  const filters = layer.output.channels / layer.groups;
  const kprime = channels * kernel[0] * kernel[1] + (layer.bias === null ? 0 : 1);

  const fits = panelsThatFit({ n, slices: aSlices(spec), kprime, filters });
  if (fits < 1) {
    throw new ConfigError(
      layer.name,
      "slices of a panel (K')",
      `at most ${aSlices(spec)}, the L2 cache's half for A (longer sums are not blocked yet)`,
      kprime,
    );
  }
  const panels = poolable(layer, n, filters, Math.min(fits, spec.p ?? fits));
  const band: BandSpec = {
    n,
    width: inW,
    height: inH,
    outWidth: layer.output.width,
    outHeight: layer.output.height,
    strideX: stride[1],
    strideY: stride[0],
    channels,
    kernelHeight: kernel[0],
    dilationY: dilation[0],
    padTop: layer.padding[0],
  };
  const bandRows = bandRowsThatFit(band, bWords(spec));
  if (bandRows < 1) {
    throw new ConfigError(
      layer.name,
      'input rows of one output row',
      `no more than one half of the activation banks holds (${bWords(spec)} words a bank; longer sums are not blocked yet)`,
      `${channels} channels of ${inW} words`,
    );
  }
  const bands = cutBands(band, bandRows);
  const layout = bLayout({ ...band, bandRows: bandRowsOf(bands) });
  const panelsPerGroup = Math.ceil(filters / n);
  return {
    layer,
    channels,
    inH,
    inW,
    kernel,
    stride,
    dilation,
    filters,
    kprime,
    panels,
    bandRows,
    bands: bands.length,
    layout,
    macs: layer.output.channels * layer.output.height * layer.output.width * channels * kernel[0] * kernel[1],
    weightWords: layer.groups * panelsPerGroup * kprime * sliceWords(n),
  };
}

/** As many of `panels` as the pooling unit has accumulators for. @throws ConfigError when one panel is too many */
function poolable(layer: MachineLayer, n: number, filters: number, panels: number): number {
  const { pool } = layer;
  if (pool === null) return panels;
  for (const field of ['size', 'stride'] as const) {
    const [vertical, horizontal] = pool[field];
    if (Math.max(vertical, horizontal) > POOL_SIDE) {
      throw new ConfigError(layer.name, `pool ${field}`, `at most ${POOL_SIDE} each way on the machine`, [
        vertical,
        horizontal,
      ]);
    }
  }
  const words = (p: number): number =>
    poolStorageWords(Math.min(p * n, filters), pool.size[0], pool.stride[0], pool.output.width);
  let most = panels;
  while (most > 1 && words(most) > POOL_ACCUMULATORS) most -= 1;
  if (words(most) > POOL_ACCUMULATORS) {
    throw new ConfigError(
      layer.name,
      'pool',
      `within ${POOL_ACCUMULATORS} accumulators for one panel of filters`,
      `${words(most)}`,
    );
  }
  return most;
}

/** Words of DDR3 that a slice of n lanes takes. */
const sliceWords = (n: number): number => BUS_LANES * Math.ceil(n / BUS_LANES);

/**
 * Packs weights as the L2 cache's A half takes them: group, panel, slice (bias first, then channel, kernel row, kernel
 * column), lane; filter f of a panel is in lane n − 1 − f. Source: the machine contract, sections 3, 5 and 6.
 */
export function packWeights(plan: LayerPlan, n: number): Int16Array {
  const { layer, filters, kprime } = plan;
  const taps = plan.channels * plan.kernel[0] * plan.kernel[1];
  const bias = kprime - taps;
  const words = sliceWords(n);
  const packed = new Int16Array(plan.weightWords);
  const panels = Math.ceil(filters / n);
  for (let group = 0; group < layer.groups; group++) {
    for (let f = 0; f < filters; f++) {
      const filter = group * filters + f;
      const lane = n - 1 - (f % n);
      const base = (group * panels + Math.floor(f / n)) * kprime * words + lane;
      if (bias > 0) packed[base] = layer.bias![filter]!;
      for (let k = 0; k < taps; k++) packed[base + (bias + k) * words] = layer.weights[filter * taps + k]!;
    }
  }
  return packed;
}

/** Where a layer's tensors lie, in pages, and what is particular to one run of it. */
export interface LayerPlace {
  readonly inputPage: number;
  readonly weightPage: number;
  readonly outputPage: number;
  readonly layer: number;
  readonly layers: number;
  readonly image: number;
  readonly seed: number;
  readonly stochastic: boolean;
}

/** The descriptor of a planned layer. */
export function describeLayer(plan: LayerPlan, place: LayerPlace): LayerDescriptor {
  const { layer, layout } = plan;
  const { pool } = layer;
  return {
    inputPage: place.inputPage,
    groups: layer.groups,
    channels: plan.channels,
    inH: plan.inH,
    inW: plan.inW,
    kernelH: plan.kernel[0],
    kernelW: plan.kernel[1],
    strideY: plan.stride[0],
    strideX: plan.stride[1],
    dilY: plan.dilation[0],
    dilX: plan.dilation[1],
    padY: layer.padding[0],
    padX: layer.padding[1],
    outH: layer.output.height,
    outW: layer.output.width,
    filters: plan.filters,
    panels: plan.panels,
    kprime: plan.kprime,
    weightPage: place.weightPage,
    bias: layer.bias === null ? 0 : 1,
    biasExp: layer.biasExponent,
    bandRows: plan.bandRows,
    q: layout.q,
    u: layout.u,
    wbank: layout.w,
    hband: layout.bandRows,
    shift: layer.shift,
    relu: layer.relu ? 1 : 0,
    stochastic: place.stochastic ? 1 : 0,
    seed: place.seed,
    image: place.image,
    layer: place.layer,
    layers: place.layers,
    poolMode: pool === null ? 0 : pool.mode === 'max' ? 1 : 2,
    poolSizeY: pool?.size[0] ?? 0,
    poolSizeX: pool?.size[1] ?? 0,
    poolStrideY: pool?.stride[0] ?? 0,
    poolStrideX: pool?.stride[1] ?? 0,
    poolOutH: pool?.output.height ?? layer.output.height,
    poolOutW: pool?.output.width ?? layer.output.width,
    outputPage: place.outputPage,
  };
}
