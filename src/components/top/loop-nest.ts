import { nextNumber } from '../l2-work-queue.js';
import type { LayerDescriptor } from './layer-descriptor.js';

/**
 * Counters of one walk through `group → filter block → band`; where sums are parted, a band is one tile and each has
 * parts. Loader, compute and retirement each have their own. The store path walks in whole bands always.
 */
export interface NestState {
  group: number;
  block: number;
  band: number;
  part: number;
  /** Numbers, in two bits, of the block and the entry (a band, or a part of a tile): their lowest bits choose the halves. */
  blocks: number;
  entries: number;
  done: number;
}

export const nestState = (): NestState => ({
  group: 0,
  block: 0,
  band: 0,
  part: 0,
  blocks: 0,
  entries: 0,
  done: 0,
});

/** The sizes of a layer's loop nest. Source: the machine contract, section 9; parted sums are section 6, "K too long". */
export interface NestShape {
  readonly groups: number;
  readonly blocksPerGroup: number;
  readonly bands: number;
  readonly parts: number;
  /** Panels of a group. */
  readonly panelsPerGroup: number;
  /** Taps of a channel: kernel rows · kernel columns. */
  readonly taps: number;
}

export function nestShape(d: LayerDescriptor, n: number): NestShape {
  const panelsPerGroup = Math.ceil(d.filters / n);
  const parted = d.parted !== 0;
  return {
    groups: d.groups,
    panelsPerGroup,
    blocksPerGroup: Math.ceil(panelsPerGroup / d.panels),
    bands: parted ? Math.ceil((d.outH * d.outW) / n) : storeBands(d),
    parts: parted ? Math.ceil(d.channels / d.partChannels) : 1,
    taps: d.kernelH * d.kernelW,
  };
}

/** The nest as the store path sees it: the parts of a sum give one result, and tiles follow each other through the plane. */
export function storeShape(d: LayerDescriptor, shape: NestShape): NestShape {
  return { ...shape, bands: storeBands(d), parts: 1 };
}

const storeBands = (d: LayerDescriptor): number => Math.ceil(d.outH / d.bandRows);

export function restartNest(s: NestState): void {
  s.group = s.block = s.band = s.part = s.blocks = s.entries = s.done = 0;
}

/** Moves on by one entry. */
export function nextEntry(s: NestState, shape: NestShape): void {
  s.entries = nextNumber(s.entries);
  s.part += 1;
  if (s.part < shape.parts) return;
  s.part = 0;
  s.band += 1;
  if (s.band < shape.bands) return;
  s.band = 0;
  s.blocks = nextNumber(s.blocks);
  s.block += 1;
  if (s.block < shape.blocksPerGroup) return;
  s.block = 0;
  s.group += 1;
  if (s.group === shape.groups) s.done = 1;
}

/** Half of A that an entry reads: a block's, or its own where sums are parted. */
export const halfA = (s: NestState, d: LayerDescriptor): number =>
  (d.parted !== 0 ? s.entries : s.blocks) % 2;
/** Half of B that an entry reads. */
export const halfB = (s: NestState): number => s.entries % 2;

/** Whether an entry is the last that reads its half of A. */
export const endsHalfA = (s: NestState, d: LayerDescriptor, shape: NestShape): boolean =>
  d.parted !== 0 || s.band === shape.bands - 1;

/** Panels of a block. */
export function blockPanels(d: LayerDescriptor, shape: NestShape, block: number): number {
  return Math.min(d.panels, shape.panelsPerGroup - block * d.panels);
}

/** Filters in the last panel of a block. */
export function lastRows(d: LayerDescriptor, shape: NestShape, block: number, n: number): number {
  return block === shape.blocksPerGroup - 1 ? d.filters - (shape.panelsPerGroup - 1) * n : n;
}

/** The part of a panel's slices that an entry has: channels from `channel` on, slices from `slice` on. */
export interface Part {
  readonly channel: number;
  readonly channels: number;
  readonly slice: number;
  readonly kprime: number;
  readonly bias: number;
}

export function partOf(d: LayerDescriptor, shape: NestShape, part: number): Part {
  const most = d.parted !== 0 ? d.partChannels : d.channels;
  const channel = part * most;
  const channels = Math.min(most, d.channels - channel);
  const bias = part === 0 ? d.bias : 0;
  return {
    channel,
    channels,
    slice: part === 0 ? 0 : d.bias + channel * shape.taps,
    kprime: bias + channels * shape.taps,
    bias,
  };
}

/** The output pixels of a band and the input rows that it stores. */
export interface BandRows {
  readonly pixels: number;
  /** Output column of the first pixel, and the (possibly negative) input row of its tap 0. */
  readonly col0: number;
  readonly row0: number;
  /** First input row stored, and how many are. */
  readonly first: number;
  readonly rows: number;
}

/** What the bands of a layer follow from. */
export type BandFields = Pick<
  LayerDescriptor,
  'parted' | 'bandRows' | 'outH' | 'outW' | 'strideY' | 'padY' | 'inH' | 'kernelH' | 'dilY'
>;

export function bandRows(d: BandFields, n: number, band: number): BandRows {
  const firstPixel = d.parted !== 0 ? band * n : band * d.bandRows * d.outW;
  const left = d.outH * d.outW - firstPixel;
  const pixels = Math.min(left, d.parted !== 0 ? n : d.bandRows * d.outW);
  const col0 = firstPixel % d.outW;
  const outRow = (firstPixel - col0) / d.outW;
  const outRows = Math.ceil((col0 + pixels) / d.outW);
  const row0 = outRow * d.strideY - d.padY;
  const end = Math.min(d.inH, row0 + (outRows - 1) * d.strideY + (d.kernelH - 1) * d.dilY + 1);
  const from = Math.max(0, row0);
  return { pixels, col0, row0, first: Math.min(from, d.inH - 1), rows: Math.max(0, end - from) };
}

/** Pixels of a band of the store path, and its first one. */
export function storePixels(d: LayerDescriptor, band: number): { firstPixel: number; pixels: number } {
  const firstPixel = band * d.bandRows * d.outW;
  return { firstPixel, pixels: Math.min(d.bandRows * d.outW, d.outH * d.outW - firstPixel) };
}
