/** The layer's geometry and layout as the address generators are configured with it. */
export interface LayerGeometry {
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilY: number;
  readonly dilX: number;
  readonly padX: number;
  readonly inH: number;
  readonly inW: number;
  readonly outW: number;
  /** Layout of the B half: see l2-layout.ts. */
  readonly q: number;
  readonly u: number;
  readonly w: number;
  readonly hband: number;
}

/**
 * The constants of a layer's walk: the geometry, and the steps of the counters by which it goes. In hardware they
 * settle between the controller's CONFIG state and the first work entry, from configuration registers that then stay.
 */
export interface LayerWalk extends LayerGeometry {
  /** strideX mod Nb and div Nb. */
  readonly strideMod: number;
  readonly strideDiv: number;
  /** Address and bank from one output row to the next: strideY·w, strideY·Q mod Nb. */
  readonly rowStep: number;
  readonly rowBankStep: number;
  /** dilX mod Nb and div Nb. */
  readonly dilMod: number;
  readonly dilDiv: number;
  /** Address and bank from one kernel row to the next: dilY·w, dilY·Q mod Nb. */
  readonly kernelRowStep: number;
  readonly kernelRowBankStep: number;
  /** Address from one row of channels to the next: hband·w. */
  readonly planeStep: number;
}

/** Derives the steps, for Nb banks. */
export function layerWalk(g: LayerGeometry, nb: number): LayerWalk {
  return {
    ...g,
    strideMod: g.strideX % nb,
    strideDiv: Math.floor(g.strideX / nb),
    rowStep: g.strideY * g.w,
    rowBankStep: (g.strideY * g.q) % nb,
    dilMod: g.dilX % nb,
    dilDiv: Math.floor(g.dilX / nb),
    kernelRowStep: g.dilY * g.w,
    kernelRowBankStep: (g.dilY * g.q) % nb,
    planeStep: g.hband * g.w,
  };
}

/** A work entry: see l2-work-queue.ts. */
export interface WorkEntry {
  readonly panels: number;
  readonly lastRows: number;
  readonly pixels: number;
  readonly row0: number;
  readonly firstRow: number;
  readonly col0: number;
  readonly kprime: number;
  readonly channels: number;
  readonly bias: number;
  readonly opens: number;
  readonly closes: number;
}

/** The sizes of the machine, for {@link walkProblem}. */
export interface WalkSizes {
  readonly nb: number;
  readonly n: number;
  readonly aSlices: number;
  readonly biasExp: number;
}

/**
 * Why an entry cannot be walked: a walk that would never end, or read what nobody stored. Null when it can.
 * `field` is the port's name.
 */
export function walkProblem(
  g: LayerWalk,
  sizes: WalkSizes,
  entry: WorkEntry,
): { readonly field: string; readonly wanted: string; readonly got: number } | null {
  const { nb, n, aSlices, biasExp } = sizes;
  const { panels, lastRows, pixels, row0, firstRow, col0, channels, bias } = entry;
  const counts = { kh: g.kernelH, kw: g.kernelW, in_h: g.inH, in_w: g.inW };
  for (const [name, got] of Object.entries({ ...counts, out_w: g.outW, u: g.u, wbank: g.w }))
    if (got < 1) return { field: `cfg_${name}`, wanted: '>= 1', got };
  const kprime = bias + channels * g.kernelH * g.kernelW;
  const most = Math.floor(aSlices / entry.kprime);
  const start = Math.max(0, row0);
  const outRows = Math.ceil((col0 + pixels) / g.outW);
  const end = Math.min(g.inH, row0 + (outRows - 1) * g.strideY + (g.kernelH - 1) * g.dilY + 1);
  const storesNone = start >= end;
  const isPart = entry.opens + entry.closes < 2;
  const checks: readonly (readonly [string, boolean, string, number])[] = [
    ['work_channels', channels >= 1, '>= 1', channels],
    [
      'work_kprime',
      entry.kprime === kprime,
      `work_bias + work_channels·cfg_kh·cfg_kw = ${kprime}`,
      entry.kprime,
    ],
    ['cfg_bias_exp', biasExp <= 14, '<= 14', biasExp],
    ['cfg_q', g.q < nb, `below the number of banks, ${nb}`, g.q],
    ['work_panels', panels >= 1 && panels <= most, `from 1 to the ${most} that an A half holds`, panels],
    ['work_panels', !isPart || panels === 1, '1 where sums are cut', panels],
    ['work_last_rows', lastRows >= 1 && lastRows <= n, `from 1 to ${n}`, lastRows],
    ['work_pixels', pixels >= 1, '>= 1', pixels],
    ['work_pixels', !isPart || pixels <= n, `one tile's ${n} at most where sums are cut`, pixels],
    ['work_bias', bias === 0 || entry.opens === 1, '0 where the sums have begun', bias],
    ['work_col0', col0 < g.outW, `below the output's width, ${g.outW}`, col0],
    ['work_first_row', storesNone || firstRow <= start, `<= ${start}, the first row used`, firstRow],
    ['cfg_hband', storesNone || end - firstRow <= g.hband, `>= the ${end - firstRow} rows used`, g.hband],
  ];
  for (const [field, holds, wanted, got] of checks) if (!holds) return { field, wanted, got };
  return null;
}

/**
 * The tap counters of the B engine: channel, kernel row, kernel column, and what a tap adds to the columns of the
 * table: `dx`, `dy` to the coordinates, `xMod`, `xDiv` to the split of x by Nb, `base` to the address (without xDiv's
 * carry), `bank` to the bank.
 */
export class TapCounter {
  readonly state = {
    c: 0,
    ky: 0,
    kx: 0,
    dx: 0,
    dy: 0,
    xMod: 0,
    xDiv: 0,
    base: 0,
    bank: 0,
    /** The parts of `base` and `bank` that the kernel row and the channel give. */
    rowBase: 0,
    rowBank: 0,
    mod: 0,
    planeBase: 0,
    planeBank: 0,
  };

  constructor(private readonly nb: number) {}

  /** To channel 0, tap (0, 0). */
  reset(): void {
    const s = this.state;
    s.c = s.ky = s.kx = s.dx = s.dy = s.xMod = s.xDiv = s.base = s.bank = 0;
    s.rowBase = s.rowBank = s.mod = s.planeBase = s.planeBank = 0;
  }

  /** One tap on, of an entry of so many channels. Returns true, and is at the first tap again, when that was the last. */
  advance(walk: LayerWalk, channels: number): boolean {
    const s = this.state;
    const { nb } = this;
    s.kx += 1;
    if (s.kx < walk.kernelW) {
      s.dx += walk.dilX;
      s.xMod += walk.dilMod;
      s.xDiv += walk.dilDiv;
      if (s.xMod >= nb) {
        s.xMod -= nb;
        s.xDiv += 1;
      }
      s.base = s.rowBase + s.xDiv;
      s.bank += walk.dilMod;
      if (s.bank >= nb) s.bank -= nb;
      return false;
    }
    s.kx = s.dx = s.xMod = s.xDiv = 0;
    s.ky += 1;
    if (s.ky < walk.kernelH) {
      s.dy += walk.dilY;
      s.rowBase += walk.kernelRowStep;
      s.rowBank += walk.kernelRowBankStep;
      if (s.rowBank >= nb) s.rowBank -= nb;
    } else {
      s.ky = s.dy = 0;
      s.c += 1;
      if (s.c === channels) {
        this.reset();
        return true;
      }
      s.mod += 1;
      s.planeBank += walk.inW;
      if (s.mod === walk.u) {
        s.mod = 0;
        s.planeBank = 0;
        s.planeBase += walk.planeStep;
      }
      s.rowBase = s.planeBase;
      s.rowBank = s.planeBank % nb;
    }
    s.base = s.rowBase;
    s.bank = s.rowBank;
    return false;
  }
}
