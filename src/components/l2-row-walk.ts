import type { Signal } from '../kernel/index.js';

/** The settings of a layer that say where a word of B lies (l2-layout.ts), as the cache's inputs. */
export interface RowSettings {
  readonly w: Signal;
  readonly q: Signal;
  readonly u: Signal;
  readonly wbank: Signal;
  readonly hband: Signal;
}

/**
 * Where the words of a B command belong: from its first row on word by word, past the last row of the band with row 0 of the
 * next channel. Bank and address come by addition alone. Source: the machine contract, section 6.
 */
export class RowWalk {
  readonly state = {
    /** Rows left, the present one included; 0 when all words have their place. */
    todo: 0,
    /** Row of the band, bank and address of its word 0. */
    row: 0,
    rowBank: 0,
    rowAddr: 0,
    /** Column of the coming word, its remainder and quotient by Nb. */
    x: 0,
    xMod: 0,
    xDiv: 0,
    /** Channel within its row of the banks, bank and address of the channel's row 0. */
    mod: 0,
    planeBank: 0,
    planeAddr: 0,
  };

  constructor(
    private readonly banks: number,
    private readonly settings: RowSettings,
  ) {}

  /** Goes to word 0 of row `row` of channel div·u + mod, for `rows` rows. */
  begin(div: number, mod: number, row: number, rows: number): void {
    const s = this.state;
    const { w, q, wbank, hband } = this.settings;
    s.todo = rows;
    s.row = row;
    s.mod = mod;
    s.planeBank = (mod * w.value) % this.banks;
    s.planeAddr = div * hband.value * wbank.value;
    s.rowBank = (s.planeBank + row * q.value) % this.banks;
    s.rowAddr = s.planeAddr + row * wbank.value;
    s.x = s.xMod = s.xDiv = 0;
  }

  /** Banks and addresses of the coming `count` words, from element `to` on. Returns how many the command has of them. */
  place(count: number, bank: Uint16Array, addr: Int32Array, to: number): number {
    const s = this.state;
    const width = this.settings.w.value;
    let placed = 0;
    while (placed < count && s.todo !== 0) {
      const run = Math.min(count - placed, width - s.x);
      this.placeRun(run, bank, addr, to + placed);
      placed += run;
      s.x += run;
      if (s.x === width) this.nextRow();
    }
    return placed;
  }

  /** Words of one row. */
  private placeRun(count: number, bank: Uint16Array, addr: Int32Array, to: number): void {
    const s = this.state;
    const { banks } = this;
    let at = (s.rowBank + s.xMod) % banks;
    for (let i = to; i < to + count; i++) {
      bank[i] = at;
      addr[i] = s.rowAddr + s.xDiv;
      if (++at === banks) at = 0;
      if (++s.xMod === banks) {
        s.xMod = 0;
        s.xDiv += 1;
      }
    }
  }

  private nextRow(): void {
    const s = this.state;
    const { w, q, u, wbank, hband } = this.settings;
    s.x = s.xMod = s.xDiv = 0;
    s.todo -= 1;
    s.row += 1;
    if (s.row < hband.value) {
      s.rowAddr += wbank.value;
      s.rowBank = (s.rowBank + q.value) % this.banks;
      return;
    }
    s.row = 0;
    s.mod += 1;
    s.planeBank += w.value;
    if (s.mod === u.value) {
      s.mod = 0;
      s.planeBank = 0;
      s.planeAddr += hband.value * wbank.value;
    }
    s.rowBank = s.planeBank % this.banks;
    s.rowAddr = s.planeAddr;
  }
}
