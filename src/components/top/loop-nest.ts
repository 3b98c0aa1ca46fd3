import type { LayerDescriptor } from './layer-descriptor.js';

/** Counters of one walk through `group → filter block → band`. Loader, compute, store and retirement each have their own. */
export interface NestState {
  group: number;
  block: number;
  band: number;
  /** Blocks and bands since the start of the layer: their lowest bits choose the halves. */
  blocks: number;
  bands: number;
  done: number;
}

export const nestState = (): NestState => ({ group: 0, block: 0, band: 0, blocks: 0, bands: 0, done: 0 });

/** The sizes of a layer's loop nest. Source: the machine contract, section 9. */
export interface NestShape {
  readonly groups: number;
  readonly blocksPerGroup: number;
  readonly bands: number;
  /** Panels of a group. */
  readonly panelsPerGroup: number;
}

export function nestShape(d: LayerDescriptor, n: number): NestShape {
  const panelsPerGroup = Math.ceil(d.filters / n);
  return {
    groups: d.groups,
    panelsPerGroup,
    blocksPerGroup: Math.ceil(panelsPerGroup / d.panels),
    bands: Math.ceil(d.outH / d.bandRows),
  };
}

export function restartNest(s: NestState): void {
  s.group = s.block = s.band = s.blocks = s.bands = s.done = 0;
}

/** Moves on by one band. */
export function nextBand(s: NestState, shape: NestShape): void {
  s.bands += 1;
  s.band += 1;
  if (s.band < shape.bands) return;
  s.band = 0;
  nextBlock(s, shape);
}

function nextBlock(s: NestState, shape: NestShape): void {
  s.blocks += 1;
  s.block += 1;
  if (s.block < shape.blocksPerGroup) return;
  s.block = 0;
  s.group += 1;
  if (s.group === shape.groups) s.done = 1;
}

/** Panels of a block. */
export function blockPanels(d: LayerDescriptor, shape: NestShape, block: number): number {
  return Math.min(d.panels, shape.panelsPerGroup - block * d.panels);
}

/** Filters in the last panel of a block. */
export function lastRows(d: LayerDescriptor, shape: NestShape, block: number, n: number): number {
  return block === shape.blocksPerGroup - 1 ? d.filters - (shape.panelsPerGroup - 1) * n : n;
}

/** Input rows that a band stores: the first, how many, and the (possibly negative) row of its first tap. */
export function bandRows(
  d: LayerDescriptor,
  band: number,
): { row0: number; first: number; rows: number; outRows: number } {
  const outRow = band * d.bandRows;
  const outRows = Math.min(d.bandRows, d.outH - outRow);
  const row0 = outRow * d.strideY - d.padY;
  const end = Math.min(d.inH, row0 + (outRows - 1) * d.strideY + (d.kernelH - 1) * d.dilY + 1);
  const from = Math.max(0, row0);
  return { row0, first: Math.min(from, d.inH - 1), rows: Math.max(0, end - from), outRows };
}
