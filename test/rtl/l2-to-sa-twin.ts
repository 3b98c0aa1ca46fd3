import {
  type Band,
  bandRowsOf,
  bandWords,
  bankCount,
  bLayout,
  cutBands,
} from '../../src/components/l2-layout.js';
import { L2ToSa } from '../../src/components/l2-to-sa.js';
import { bitsFor } from '../../src/kernel/index.js';
import { lottery } from '../components/array-bench.js';
import type { Values } from '../components/l2-bench.js';
import { ramp } from '../components/l2-cache-bench.js';
import { closedLoop, type Drive, type Partner, type View } from './closed-loop.js';
import { type Design, rtlSource } from './designs.js';
import type { L2Size } from './l2-cache-twin.js';
import { Offers } from './offers.js';
import type { Twin } from './twin-list.js';

const port = (name: string, width = 1) => ({ name, width });

const WORK = {
  half_a: 1, half_b: 1, panels: 10, last_rows: 8, pixels: 32, row0: 17, first_row: 16, col0: 16, kprime: 16, channels: 16,
  bias: 1, opens: 1, closes: 1,
}; // prettier-ignore
const CFG = [
  'kh', 'kw', 'stride_y', 'stride_x', 'dil_y', 'dil_x', 'pad_x', 'in_h', 'in_w', 'out_w', 'q', 'u', 'wbank', 'hband',
]; // prettier-ignore

/** `rtl/l2_to_sa.v`. */
export function l2ToSaDesign({ n, aSlices, bWords }: L2Size): Design {
  const nb = bankCount(n);
  const slice = [port('m', bitsFor(n)), port('nc', bitsFor(n)), port('data', 16 * n)];
  return {
    files: ['l2_to_sa', 'l2_slice_fifo', 'l2_tap_counter', 'l2_column_table'].map(rtlSource),
    top: 'l2_to_sa',
    params: { N: n, A_SLICES: aSlices, B_WORDS: bWords },
    inputs: [
      port('rst'),
      port('work_valid'),
      ...Object.entries(WORK).map(([field, width]) => port(`work_${field}`, width)),
      port('panels_ready', 20),
      port('cfg_bias_exp', 4),
      ...CFG.map((field) => port(`cfg_${field}`, 16)),
      port('l2a_data', 16 * n),
      port('l2b_data', 16 * nb),
      port('a_ready'),
      port('b_ready'),
    ],
    outputs: [
      port('work_ready'),
      port('l2a_re'),
      port('l2a_half'),
      port('l2a_addr', bitsFor(aSlices - 1)),
      port('l2b_re'),
      port('l2b_half'),
      port('l2b_addr', nb * bitsFor(bWords - 1)),
      port('l2b_en', nb),
      port('a_valid'),
      port('a_first'),
      port('a_last'),
      ...slice.map(({ name, width }) => port(`a_${name}`, width)),
      port('b_valid'),
      port('b_data', 16 * n),
      ...['done', 'busy', 'drained', 'a_wait', 'b_wait'].map((name) => port(name)),
    ],
  };
}

/** A layer as settings, and its entries, each with the number of its filter block. */
interface Walk {
  readonly cfg: Drive;
  readonly entries: readonly { readonly block: number; readonly work: Values }[];
}

/**
 * TOP, cache and array around the address generators: random layers, whole or in parts, whose panels come one by one; words
 * that are any; an array that takes slices at once for a while and then refuses them; now and then a reset in the midst.
 */
class EngineTraffic implements Partner {
  private readonly draw;
  private readonly offers = new Offers('work');
  private readonly ready = [0, 0];
  private walk: Walk | null = null;
  /** Entries accepted into the lists above, and done. */
  private given = 0;
  private done = 0;
  private rest = 3;
  private resets = 2;
  private mood = { a: 16, b: 16, panels: 2, work: 0 };
  private layers = 0;
  private entries = 0;
  private cut = 0;

  constructor(
    private readonly size: L2Size,
    seed: number,
  ) {
    this.draw = lottery(seed);
  }

  get what(): string {
    return `${this.layers} layers, ${this.entries} entries, ${this.cut} resets`;
  }

  next(view: View): Drive {
    const { draw, offers, mood, size } = this;
    this.resets = Math.max(0, this.resets - 1);
    let rst = this.resets > 0 ? 1 : 0;
    const drive: Record<string, number | ArrayLike<number>> = {};
    if (view('rst') === 0 && view('done') !== 0) this.finish();
    if (this.walk === null) {
      if (view('drained') !== 0 && this.rest-- <= 0) Object.assign(drive, this.begin());
    } else if (draw(900) === 0) {
      this.resets = 1 + draw(2);
      rst = 1;
      this.cut += 1;
    }
    if (draw(30) === 0) this.setMood();
    this.give();
    this.load();
    Object.assign(drive, offers.next(view, draw(10) < mood.work));
    if (rst !== 0) {
      offers.clear();
      this.walk = null;
      this.ready.fill(0);
      this.rest = draw(4);
    }
    const words = (count: number) => ramp(count).map(() => draw(65536) - 32768);
    return {
      ...drive,
      rst,
      panels_ready: this.ready,
      l2a_data: words(size.n),
      l2b_data: words(bankCount(size.n)),
      a_ready: draw(16) < mood.a ? 1 : 0,
      b_ready: draw(16) < mood.b ? 1 : 0,
    };
  }

  private setMood(): void {
    const { draw } = this;
    const often = () => [0, 3, 8, 14, 16, 16][draw(6)]!;
    this.mood = {
      a: often(),
      b: often(),
      panels: 1 + draw(draw(2) === 0 ? 3 : 20),
      work: [0, 0, 5][draw(3)]!,
    };
  }

  private begin(): Drive {
    this.layers += 1;
    this.given = this.done = 0;
    for (const inParts = this.draw(4) === 0; ;) {
      this.walk = inParts ? this.parts() : this.layer();
      if (this.walk !== null) return this.walk.cfg;
    }
  }

  /** An entry is done: with the last one of a block its half of A is free; with the last one of all, the layer is over. */
  private finish(): void {
    const { entries } = this.walk!;
    this.entries += 1;
    const { block } = entries[this.done]!;
    this.done += 1;
    if (entries[this.done]?.block !== block) this.ready[block % 2] = 0;
    if (this.done < entries.length) return;
    this.walk = null;
    this.rest = this.draw(2) === 0 ? 0 : this.draw(40);
  }

  /** Offers the coming entry once at most two are on their way, so that its half of A is its own. */
  private give(): void {
    if (this.walk === null || this.given === this.walk.entries.length) return;
    if (this.given - this.done >= 2) return;
    this.offers.push(this.walk.entries[this.given]!.work);
    this.given += 1;
  }

  /** Now and then a panel more of the blocks at hand. */
  private load(): void {
    for (const { block, work } of this.walk?.entries.slice(this.done, this.given) ?? [])
      if (this.ready[block % 2]! < (work['panels'] as number) && this.draw(this.mood.panels) === 0)
        this.ready[block % 2]! += 1;
  }

  private geometry() {
    const { draw, size } = this;
    const small = () => 1 + draw(draw(4) === 0 ? 4 : 2);
    const l = {
      h: 1 + draw(9), w: 1 + draw(draw(4) === 0 ? 30 : 9), kh: small(), kw: small(), sy: small(), sx: small(), dy: 1 + draw(2),
      dx: 1 + draw(2), py: draw(3), px: draw(3), channels: small(),
    }; // prettier-ignore
    const out = (length: number, k: number, s: number, d: number, p: number) =>
      Math.floor((length + 2 * p - d * (k - 1) - 1) / s) + 1;
    const outHeight = out(l.h, l.kh, l.sy, l.dy, l.py);
    const outWidth = out(l.w, l.kw, l.sx, l.dx, l.px);
    if (outHeight < 1 || outWidth < 1) return null;
    const shape = {
      n: size.n, width: l.w, height: l.h, channels: l.channels, outWidth, outHeight, strideX: l.sx, strideY: l.sy,
      kernelHeight: l.kh, dilationY: l.dy, padTop: l.py,
    }; // prettier-ignore
    return { l, shape };
  }

  private settle(of: NonNullable<ReturnType<EngineTraffic['geometry']>>, bandRows: number): Drive | null {
    const { l, shape } = of;
    const nb = bankCount(this.size.n);
    const fits = (stride: number, steps: number) => stride % nb !== 0 || steps === 1 || this.size.n === 1;
    if (!fits(l.sx, shape.outWidth) || !fits(l.sy, shape.outHeight)) return null;
    const layout = bLayout({ ...shape, bandRows });
    if (bandWords(layout, l.channels) > this.size.bWords) return null;
    const values = [
      l.kh,
      l.kw,
      l.sy,
      l.sx,
      l.dy,
      l.dx,
      l.px,
      l.h,
      l.w,
      shape.outWidth,
      layout.q,
      layout.u,
      layout.w,
      bandRows,
    ];
    return {
      ...Object.fromEntries(CFG.map((field, i) => [`cfg_${field}`, values[i]!])),
      cfg_bias_exp: this.draw(15),
    };
  }

  /** Filter blocks of some panels, walked through bands of whole output rows. */
  private layer(): Walk | null {
    const { draw, size } = this;
    const drawn = this.geometry();
    if (drawn === null) return null;
    const { l, shape } = drawn;
    const bands = cutBands(shape, 1 + draw(shape.outHeight));
    const cfg = this.settle(drawn, bandRowsOf(bands));
    const bias = draw(2);
    const kprime = bias + l.channels * l.kh * l.kw;
    const most = Math.floor(size.aSlices / kprime);
    if (cfg === null || most < 1) return null;
    const p = 1 + draw(Math.min(3, most));
    const blocks = 1 + draw(3);
    const entries = ramp(blocks, 0).flatMap((block) => {
      const panels = block === blocks - 1 ? 1 + draw(p) : p;
      const lastRows = block === blocks - 1 ? 1 + draw(size.n) : size.n;
      return bands.map((band: Band, i) => ({
        block,
        work: {
          half_a: block % 2, half_b: (block * bands.length + i) % 2, panels, last_rows: lastRows, pixels: band.pixels,
          row0: band.row0, first_row: band.firstRow, col0: 0, kprime, channels: l.channels, bias, opens: 1, closes: 1,
        }, // prettier-ignore
      }));
    });
    return { cfg, entries };
  }

  /** Sums in parts: one panel, tile by tile through the plane, each in two parts of the channels. */
  private parts(): Walk | null {
    const { draw, size } = this;
    const drawn = this.geometry();
    if (drawn === null || drawn.l.channels < 2) return null;
    const { l, shape } = drawn;
    const cfg = this.settle(drawn, l.h);
    const bias = draw(2);
    const cut = 1 + draw(l.channels - 1);
    if (cfg === null || bias + l.channels * l.kh * l.kw > size.aSlices) return null;
    const lastRows = 1 + draw(size.n);
    const entries: { block: number; work: Values }[] = [];
    for (let pixel = 0; pixel < shape.outHeight * shape.outWidth; pixel += size.n) {
      const row = Math.floor(pixel / shape.outWidth);
      const pixels = Math.min(size.n, shape.outHeight * shape.outWidth - pixel);
      const row0 = row * l.sy - l.py;
      for (const [opens, channels] of [
        [1, cut],
        [0, l.channels - cut],
      ] as const) {
        const entry = entries.length;
        const kprime = (opens === 1 ? bias : 0) + channels * l.kh * l.kw;
        entries.push({
          block: entry,
          work: {
            half_a: entry % 2, half_b: entry % 2, panels: 1, last_rows: lastRows, pixels, row0, first_row: 0,
            col0: pixel % shape.outWidth, kprime, channels, bias: opens === 1 ? bias : 0, opens, closes: 1 - opens,
          }, // prettier-ignore
        });
      }
    }
    return { cfg, entries };
  }
}

export function l2ToSaTwin(size: L2Size, Engines: typeof L2ToSa = L2ToSa): Twin {
  const design = l2ToSaDesign(size);
  return {
    name: `l2_to_sa n=${size.n}, ${size.aSlices} slices, ${size.bWords} words`,
    design,
    play: (cycles) => [
      closedLoop(
        design,
        cycles,
        (sim, clock) => new Engines(sim, 'dut', { clock, ...size }),
        new EngineTraffic(size, 2015),
      ),
    ],
  };
}
