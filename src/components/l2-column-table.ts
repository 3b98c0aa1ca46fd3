import type { LayerWalk } from './l2-layer-walk.js';
import { nextNumber } from './l2-work-queue.js';

/** What the table needs of a work entry. */
export interface TableEntry {
  /** Output pixels of the band. */
  readonly pixels: number;
  /** Output column of the first one, and the input row of its tap 0. */
  readonly col0: number;
  readonly row0: number;
  /** First stored input row. */
  readonly firstRow: number;
}

/**
 * The double-buffered column table of the B engine: for each column of a pixel tile, where its tap (0, 0) lies. A tap
 * then only adds offsets that all columns share. Built two columns a cycle by counters: one division an entry, in its
 * set-up cycle, none a column.
 *
 * Buffer h of a table of n columns has its columns at h·n. All values refer to channel 0, tap (0, 0), and may be
 * outside the image: `x`, `y` input coordinates; `xMod` = x mod Nb, 0 to Nb − 1; `base` = (y − firstRow)·w + ⌊x/Nb⌋;
 * `bank` = (x + Q·(y − firstRow)) mod Nb.
 *
 * Source: the machine contract, section 7; the split into column and tap parts is our own derivation.
 */
export class ColumnTable {
  readonly state;

  constructor(
    private readonly n: number,
    private readonly nb: number,
  ) {
    this.state = {
      x: new Int32Array(2 * n),
      y: new Int32Array(2 * n),
      xMod: new Int32Array(2 * n),
      base: new Int32Array(2 * n),
      bank: new Int32Array(2 * n),
      /** Columns of each buffer's tile. */
      nc: new Int32Array(2),
      /** 1 while an entry is being worked on, and its pixels not yet in a finished tile. */
      active: 0,
      pixels: 0,
      /** Number of the tile being built: two bits. */
      built: 0,
      /** Columns of the tile being built. */
      columns: 0,
      /** The coming pixel: output column, coordinates, and the parts kept by counters. */
      ox: 0,
      px: 0,
      py: 0,
      pxMod: 0,
      pxDiv: 0,
      pBank: 0,
      /** Of the output row: address of the stored row and bank at its first column. */
      rowBase: 0,
      rowBank: 0,
    };
  }

  /** Drops the entry at hand and the tiles built. */
  clear(): void {
    const s = this.state;
    s.active = s.built = s.columns = 0;
  }

  /** Loads the counters for an entry: its set-up cycle. */
  begin(entry: TableEntry, walk: LayerWalk): void {
    const s = this.state;
    const { nb } = this;
    const yStored = entry.row0 - entry.firstRow;
    s.active = 1;
    s.pixels = entry.pixels;
    s.columns = 0;
    s.ox = entry.col0;
    s.py = entry.row0;
    s.rowBase = yStored * walk.w;
    s.rowBank = modulo(yStored * walk.q - walk.padX, nb);
    const along = entry.col0 * walk.strideX;
    s.px = along - walk.padX;
    s.pxMod = modulo(s.px, nb);
    s.pxDiv = Math.floor(s.px / nb);
    s.pBank = (s.rowBank + along) % nb;
  }

  /** One cycle: at most two columns more. Returns whether that was the entry's last. */
  step(walk: LayerWalk): boolean {
    const s = this.state;
    this.column(walk);
    if (s.columns < this.n && s.columns < s.pixels) this.column(walk);
    if (s.columns < this.n && s.columns < s.pixels) return false;
    s.nc[s.built & 1] = s.columns;
    s.built = nextNumber(s.built);
    s.pixels -= s.columns;
    s.columns = 0;
    if (s.pixels > 0) return false;
    s.active = 0;
    return true;
  }

  private startRow(walk: LayerWalk): void {
    const s = this.state;
    s.px = -walk.padX;
    s.pxMod = modulo(-walk.padX, this.nb);
    s.pxDiv = Math.floor(-walk.padX / this.nb);
    s.pBank = s.rowBank;
  }

  private column(walk: LayerWalk): void {
    const s = this.state;
    const { nb } = this;
    const at = (s.built & 1) * this.n + s.columns;
    s.x[at] = s.px;
    s.y[at] = s.py;
    s.xMod[at] = s.pxMod;
    s.base[at] = s.rowBase + s.pxDiv;
    s.bank[at] = s.pBank;
    s.columns += 1;
    s.ox += 1;
    if (s.ox === walk.outW) {
      s.ox = 0;
      s.py += walk.strideY;
      s.rowBase += walk.rowStep;
      s.rowBank += walk.rowBankStep;
      if (s.rowBank >= nb) s.rowBank -= nb;
      this.startRow(walk);
      return;
    }
    s.px += walk.strideX;
    s.pxMod += walk.strideMod;
    s.pxDiv += walk.strideDiv;
    if (s.pxMod >= nb) {
      s.pxMod -= nb;
      s.pxDiv += 1;
    }
    s.pBank += walk.strideMod;
    if (s.pBank >= nb) s.pBank -= nb;
  }
}

/** The remainder that is never negative. */
function modulo(a: number, m: number): number {
  const r = a % m;
  return r < 0 ? r + m : r;
}
