import { ConfigError } from '../../kernel/index.js';
import { BUS_LANES } from '../../components/axi/channels.js';
import {
  bandRowsOf,
  bandRowsThatFit,
  bandWords,
  bLayout,
  type BandSpec,
  cutBands,
  panelsThatFit,
} from '../../components/l2-layout.js';
import { POOL_ACCUMULATORS, poolStorageWords } from '../../components/pool.js';
import { bandRows as rowsOfBand } from '../../components/top/loop-nest.js';
import { type LayerDescriptor } from '../../components/top/layer-descriptor.js';
import { blownUpLayer } from './blow-up.js';
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
  /** The layer as the machine walks it: in blown-up mode its matrix product, else the layer itself. */
  readonly walked: MachineLayer;
  /** Geometry as walked: a dense layer is a row of words, or several, under a kernel of the same length. */
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
  /** p as the configuration asked for it; null: the largest that fits. More than `panels` where that many do not fit. */
  readonly panelsWanted: number | null;
  /** Whole output rows of a band: all of them where sums are parted, since tiles then follow each other through the plane. */
  readonly bandRows: number;
  readonly bands: number;
  /** Output pixels of a band. */
  readonly bandPixels: number;
  /** True where a panel's slices or a band's input do not fit the cache: p is 1, and each tile of n pixels is loaded for itself. */
  readonly parted: boolean;
  /** Pieces that a sum is cut into, and channels of a piece. */
  readonly parts: number;
  readonly partChannels: number;
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

/** A layer's input and kernel as they are walked. */
type Geometry = Pick<LayerPlan, 'channels' | 'inH' | 'inW' | 'kernel' | 'stride' | 'dilation'>;

/** A dense layer of V words as V / width rows of `width` words, each a channel; its single position moves nowhere. */
const rowsOfWords = (words: number, width: number): Geometry => ({
  channels: words / width,
  inH: 1,
  inW: width,
  kernel: [1, width],
  stride: [1, 1],
  dilation: [1, 1],
});

/**
 * Plans a layer for a machine: p, bands and layout by the contract's rules. A layer of which not even one panel, or one
 * output row's input, fits the cache has its sums cut into parts: p = 1, tiles from pixel 0 on through the plane.
 * @throws ConfigError when not even one channel of a panel and a tile fits, naming the layer.
 */
export function planLayer(spec: GuptaSpec, layer: MachineLayer): LayerPlan {
  try {
    return planNamed(spec, layer);
  } catch (error) {
    // The layout does not know whose it is.
    if (error instanceof ConfigError && error.path !== layer.name)
      throw new ConfigError(layer.name, error.field, error.wanted, error.got);
    throw error;
  }
}

function planNamed(spec: GuptaSpec, layer: MachineLayer): LayerPlan {
  const isBlownUp = spec.im2col === 'blown-up' && !isDense(layer);
  const walked = isBlownUp ? blownUpLayer(layer) : layer;
  const plan = planWhole(spec, walked, layer) ?? planParts(spec, walked);
  return { ...plan, layer, panelsWanted: spec.p };
}

/**
 * The plan with whole sums; null when they do not fit the cache. p is what `original` could have, whose pooling takes room
 * even where a blown-up layer leaves it to the host, so that both modes have the same.
 */
function planWhole(spec: GuptaSpec, layer: MachineLayer, original: MachineLayer): LayerPlan | null {
  const { n } = spec;
  const words = inputWords(layer);
  const geometry: Geometry = isDense(layer)
    ? rowsOfWords(words, words)
    : {
        channels: layer.input.channels / layer.groups,
        inH: layer.input.height,
        inW: layer.input.width,
        kernel: layer.kernel,
        stride: layer.stride,
        dilation: layer.dilation,
      };
  const filters = layer.output.channels / layer.groups;
  const fits = panelsThatFit({ n, slices: aSlices(spec), kprime: slicesOf(layer, geometry), filters });
  if (fits < 1) return null;
  const band: BandSpec = {
    ...layoutSpec(n, layer, geometry),
    height: geometry.inH,
    channels: geometry.channels,
    kernelHeight: geometry.kernel[0],
    dilationY: geometry.dilation[0],
    padTop: layer.padding[0],
  };
  const rowsThatFit = bandRowsThatFit(band, bWords(spec));
  if (rowsThatFit < 1) return null;
  const bandRows = rowsOfFewestTiles(n, layer.output, rowsThatFit);
  const bands = cutBands(band, bandRows);
  const layout = bLayout({ ...band, bandRows: bandRowsOf(bands) });
  const panels = poolable(original, n, filters, Math.min(fits, spec.p ?? fits));
  const cut = {
    panels,
    bandRows,
    bands: bands.length,
    parted: false,
    parts: 1,
    partChannels: geometry.channels,
  };
  return finishPlan(n, layer, geometry, { ...cut, layout });
}

/**
 * Output rows of a band: as many as fit, or fewer, down to half, where fewer tiles are then cut off at the ends of bands (113 rows
 * of one pixel on 28 columns are 5 tiles, and 112 are 4).
 */
function rowsOfFewestTiles(n: number, output: Map3, fit: number): number {
  const tilesOf = (rows: number): number => {
    const whole = Math.floor(output.height / rows);
    const rest = output.height - whole * rows;
    return whole * Math.ceil((rows * output.width) / n) + Math.ceil((rest * output.width) / n);
  };
  let best = fit;
  for (let rows = fit - 1; 2 * rows >= fit && rows >= 1; rows--)
    if (tilesOf(rows) < tilesOf(best)) best = rows;
  return best;
}

/** The plan with sums cut at whole channels: the fewest parts, of rows as wide as may be, for those fill fastest. */
function planParts(spec: GuptaSpec, layer: MachineLayer): LayerPlan {
  const { n } = spec;
  const words = inputWords(layer);
  const whole: Geometry = {
    channels: layer.input.channels / layer.groups,
    inH: layer.input.height,
    inW: layer.input.width,
    kernel: layer.kernel,
    stride: layer.stride,
    dilation: layer.dilation,
  };
  const candidates = isDense(layer) ? divisors(words).map((width) => rowsOfWords(words, width)) : [whole];
  const bias = layer.bias === null ? 0 : 1;
  poolable(layer, n, layer.output.channels / layer.groups, 1);
  let best: LayerPlan | null = null;
  for (const geometry of candidates) {
    const { channels, kernel } = geometry;
    if (channels > MOST || geometry.inW > MOST) continue;
    const layout = bLayout({ ...layoutSpec(n, layer, geometry), bandRows: rowsOfTiles(n, layer, geometry) });
    const ofA = Math.floor((aSlices(spec) - bias) / (kernel[0] * kernel[1]));
    const ofB = layout.u * Math.floor(bWords(spec) / bandWords(layout, 1));
    const most = Math.min(channels, ofA, ofB);
    if (most < 1) continue;
    const parts = Math.ceil(channels / most);
    if (best !== null && parts > best.parts) continue;
    // Equal parts load in equal times.
    const cut = { panels: 1, bandRows: layer.output.height, bands: 1, parted: true, parts, layout };
    best = finishPlan(n, layer, geometry, { ...cut, partChannels: Math.ceil(channels / parts) });
  }
  if (best !== null) return best;
  throw new ConfigError(
    layer.name,
    'one channel of a panel and of a tile',
    `no more than the L2 cache's halves hold: ${aSlices(spec)} slices and ${bWords(spec)} words a bank`,
    `${slicesOf(layer, { ...whole, channels: 1 })} slices and rows of ${whole.inW} words`,
  );
}

/** Most that a 16-bit field of the descriptor holds. */
const MOST = 65535;

const inputWords = ({ input }: MachineLayer): number => input.channels * input.height * input.width;

/** Slices of a panel, K'. */
function slicesOf(layer: MachineLayer, { channels, kernel }: Geometry): number {
  return channels * kernel[0] * kernel[1] + (layer.bias === null ? 0 : 1);
}

function layoutSpec(n: number, { output }: MachineLayer, { inW, stride }: Geometry) {
  return {
    n,
    width: inW,
    outWidth: output.width,
    outHeight: output.height,
    strideX: stride[1],
    strideY: stride[0],
  };
}

/** Most input rows that a tile of n output pixels needs; at least 1. */
function rowsOfTiles(n: number, layer: MachineLayer, { inH, kernel, stride, dilation }: Geometry): number {
  const { height: outH, width: outW } = layer.output;
  const fields = {
    parted: 1,
    bandRows: outH,
    outH,
    outW,
    strideY: stride[0],
    padY: layer.padding[0],
    inH,
    kernelH: kernel[0],
    dilY: dilation[0],
  };
  let most = 1;
  for (let tile = 0; tile * n < outH * outW; tile++) most = Math.max(most, rowsOfBand(fields, n, tile).rows);
  return most;
}

/** Divisors of a whole number, in rising order. */
function divisors(of: number): number[] {
  const small: number[] = [];
  const large: number[] = [];
  for (let d = 1; d * d <= of; d++) {
    if (of % d !== 0) continue;
    small.push(d);
    if (d * d < of) large.unshift(of / d);
  }
  return [...small, ...large];
}

/** What both ways of cutting share. */
function finishPlan(
  n: number,
  layer: MachineLayer,
  geometry: Geometry,
  cut: Pick<LayerPlan, 'panels' | 'bandRows' | 'bands' | 'parted' | 'parts' | 'partChannels' | 'layout'>,
): LayerPlan {
  const { output, groups } = layer;
  const filters = output.channels / groups;
  const kprime = slicesOf(layer, geometry);
  const taps = geometry.channels * geometry.kernel[0] * geometry.kernel[1];
  return {
    layer,
    walked: layer,
    panelsWanted: null,
    ...geometry,
    filters,
    kprime,
    ...cut,
    bandPixels: cut.bandRows * output.width,
    macs: output.channels * output.height * output.width * taps,
    weightWords: groups * Math.ceil(filters / n) * kprime * sliceWords(n),
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
  const { walked: layer, layout } = plan;
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
    parted: plan.parted ? 1 : 0,
    partChannels: plan.partChannels,
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
