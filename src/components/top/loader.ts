import { BUS_LANES, WORD_BYTES } from '../axi/channels.js';
import { FILL_KIND } from '../l2-cache.js';
import { type LayerDescriptor, PAGE_BYTES } from './layer-descriptor.js';
import {
  bandRows,
  blockPanels,
  halfA,
  halfB,
  type NestShape,
  nestState,
  nextEntry,
  partOf,
  restartNest,
} from './loop-nest.js';

/** A run of words to be read, and where in the cache it belongs: the pair of commands that READ and L2 get. */
export interface Load {
  readonly address: number;
  readonly words: number;
  readonly kind: number;
  readonly half: number;
  /** A: first slice. B: channel of the entry. */
  readonly slice: number;
  readonly channel: number;
  /** A: slices. B: rows. */
  readonly rows: number;
}

/**
 * The order of a layer's loads: of each filter block panel 0 of A, band 0 of B, the other panels, the other bands; where
 * sums are parted, A's part and B's part of each entry in turn. One command a panel; one a channel of a band, or one for
 * all its channels where whole planes lie one behind the other.
 *
 * One step a cycle: {@link next} says what the present step loads, {@link advance} goes on. A band that lies in the padding
 * altogether is a step without a load. Source: the machine contract, section 9.
 */
export class Loader {
  readonly state = {
    nest: nestState(),
    /** 1 while a panel is to be loaded, 0 for a band; the panel, and the channel. */
    isPanel: 1,
    panel: 0,
    channel: 0,
    /** Per half: taken by the loader; panels loaded (A); commands given, done, all given (B). */
    aTaken: [0, 0],
    aPanels: [0, 0],
    bTaken: [0, 0],
    bGiven: [0, 0],
    bDone: [0, 0],
    bAllGiven: [0, 0],
  };

  constructor(private readonly n: number) {}

  restart(): void {
    const s = this.state;
    restartNest(s.nest);
    s.isPanel = 1;
    s.panel = s.channel = 0;
    for (const flags of [s.aTaken, s.aPanels, s.bTaken, s.bGiven, s.bDone, s.bAllGiven]) flags.fill(0);
  }

  /** Whether the present step must wait until its half is free. */
  awaitsHalf(d: LayerDescriptor): boolean {
    const s = this.state;
    if (s.isPanel !== 0) return s.panel === 0 && s.aTaken[halfA(s.nest, d)] !== 0;
    return s.channel === 0 && s.bTaken[halfB(s.nest)] !== 0;
  }

  /** What the present step loads; null for a band without rows. */
  next(d: LayerDescriptor, shape: NestShape): Load | null {
    const s = this.state;
    const { nest } = s;
    const part = partOf(d, shape, nest.part);
    if (s.isPanel !== 0) {
      const sliceWords = BUS_LANES * Math.ceil(this.n / BUS_LANES);
      const panel = nest.group * shape.panelsPerGroup + nest.block * d.panels + s.panel;
      return {
        address: d.weightPage * PAGE_BYTES + (panel * d.kprime + part.slice) * sliceWords * WORD_BYTES,
        words: part.kprime * sliceWords,
        kind: FILL_KIND.panel,
        half: halfA(nest, d),
        slice: s.panel * d.kprime,
        channel: 0,
        rows: part.kprime,
      };
    }
    const { first, rows } = bandRows(d, this.n, nest.band);
    if (rows === 0) return null;
    const count = this.takesPlanes(d, rows, part.channels) ? part.channels * rows : rows;
    const plane = nest.group * d.channels + part.channel + s.channel;
    return {
      address: d.inputPage * PAGE_BYTES + WORD_BYTES * (plane * d.inH + first) * d.inW,
      words: count * d.inW,
      kind: FILL_KIND.rows,
      half: halfB(nest),
      slice: 0,
      channel: s.channel,
      rows: count,
    };
  }

  /** The step at hand was taken: to the next one. */
  advance(d: LayerDescriptor, shape: NestShape): void {
    const s = this.state;
    const { nest } = s;
    const panels = blockPanels(d, shape, nest.block);
    if (s.isPanel !== 0) {
      s.aTaken[halfA(nest, d)] = 1;
      s.panel += 1;
      // After panel 0 comes the first band; after the others, the second.
      if (s.panel === 1) s.isPanel = 0;
      else if (s.panel === panels) this.leaveBand(d, shape);
      return;
    }
    const half = halfB(nest);
    const { channels } = partOf(d, shape, nest.part);
    const { rows } = bandRows(d, this.n, nest.band);
    s.bTaken[half] = 1;
    if (rows > 0) s.bGiven[half]! += 1;
    s.channel += 1;
    if (rows > 0 && s.channel < channels && !this.takesPlanes(d, rows, channels)) return;
    s.channel = 0;
    s.bAllGiven[half] = 1;
    if (s.panel < panels) s.isPanel = 1;
    else this.leaveBand(d, shape);
  }

  /** Whether one command takes a band's channels all at once. */
  private takesPlanes(d: LayerDescriptor, rows: number, channels: number): boolean {
    return rows === d.inH && d.hband === d.inH && channels * rows < 2 ** 16;
  }

  /** To the next entry, and to its panels if its half of A is another. */
  private leaveBand(d: LayerDescriptor, shape: NestShape): void {
    const s = this.state;
    const { blocks } = s.nest;
    nextEntry(s.nest, shape);
    if (d.parted === 0 && s.nest.blocks === blocks) {
      s.isPanel = 0;
      return;
    }
    s.isPanel = 1;
    s.panel = 0;
  }
}
