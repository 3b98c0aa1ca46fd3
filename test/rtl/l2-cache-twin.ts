import { L2Cache } from '../../src/components/l2-cache.js';
import { bankCount } from '../../src/components/l2-layout.js';
import { bitsFor } from '../../src/kernel/index.js';
import { lottery } from '../components/array-bench.js';
import { beatsOf, type Values } from '../components/l2-bench.js';
import { panel, ramp, rowsOf } from '../components/l2-cache-bench.js';
import { closedLoop, type Drive, type Partner, type View } from './closed-loop.js';
import { type Design, rtlSource } from './designs.js';
import { Offers } from './offers.js';
import type { Twin } from './twin-list.js';

const port = (name: string, width = 1) => ({ name, width });

export interface L2Size {
  readonly n: number;
  readonly aSlices: number;
  readonly bWords: number;
}

/** `rtl/l2_cache.v`. Lanes and banks: number 0 least significant. */
export function l2CacheDesign({ n, aSlices, bWords }: L2Size): Design {
  const nb = bankCount(n);
  const cfg = ['w', 'q', 'u', 'wbank', 'hband'].map((field) => port(`cfg_${field}`, 16));
  return {
    files: ['l2_cache', 'l2_row_walk', 'l2_row_step'].map(rtlSource),
    top: 'l2_cache',
    params: { N: n, A_SLICES: aSlices, B_WORDS: bWords },
    inputs: [
      port('rst'),
      port('beat_valid'),
      port('beat_data', 512),
      port('beat_first', 5),
      port('beat_count', 6),
      port('beat_last'),
      port('fill_valid'),
      port('fill_kind'),
      port('fill_half'),
      ...['addr', 'channel', 'row', 'rows'].map((field) => port(`fill_${field}`, 16)),
      ...cfg,
      port('a_re'),
      port('a_half'),
      port('a_addr', bitsFor(aSlices - 1)),
      port('b_re'),
      port('b_half'),
      port('b_addr', nb * bitsFor(bWords - 1)),
      port('b_en', nb),
    ],
    outputs: [
      port('beat_ready'),
      port('fill_ready'),
      port('fill_done'),
      port('fill_done_kind'),
      port('fill_done_half'),
      port('a_data', 16 * n),
      port('b_data', 16 * nb),
    ],
  };
}

/**
 * READ, TOP and the engines around a cache: bursts of commands with their beats in settings of their own, either of which
 * may be late; reads of what is not being written, all the while; now and then a reset in the midst.
 */
class CacheTraffic implements Partner {
  private readonly draw;
  private readonly nb: number;
  private readonly beats = new Offers('beat');
  private readonly fills = new Offers('fill');
  /** Commands that are not reported yet, and cycles until the next burst of them. */
  private open = 0;
  private reported = 0;
  private cut = 0;
  private rest = 3;
  private resets = 2;
  /** Of ten cycles, how many see nothing new of beats and of commands, and no read. */
  private idle = { beats: 0, fills: 0, reads: 0 };
  /** The halves that are filled, and of A the slices. */
  private half = { a: 0, b: 0 };
  private filled = { from: 0, to: 0 };

  constructor(
    private readonly size: L2Size,
    seed: number,
  ) {
    this.draw = lottery(seed);
    this.nb = bankCount(size.n);
  }

  get what(): string {
    return `${this.reported} fills, ${this.cut} bursts of them cut by a reset`;
  }

  next(view: View): Drive {
    const { draw } = this;
    const drive: Record<string, number | ArrayLike<number>> = {};
    this.resets = Math.max(0, this.resets - 1);
    drive['rst'] = this.resets > 0 ? 1 : 0;
    if (view('rst') === 0 && view('fill_done') !== 0) {
      this.open -= 1;
      this.reported += 1;
    }
    const quiet = this.open === 0;
    if (quiet && this.rest > 0) this.rest -= 1;
    else if (quiet) Object.assign(drive, this.burst());
    else if (draw(700) === 0) {
      this.resets = 1 + draw(2);
      this.cut += 1;
      drive['rst'] = 1;
    }
    const beats = this.beats.next(view, draw(10) < this.idle.beats);
    const fills = this.fills.next(view, draw(10) < this.idle.fills);
    if (drive['rst'] !== 0) {
      // What is on the ports now is lost.
      this.beats.clear();
      this.fills.clear();
      this.open = 0;
      this.rest = 2;
    }
    return { ...drive, ...beats, ...fills, ...this.reads() };
  }

  private burst(): Drive {
    const { draw, nb, size } = this;
    const most = Math.min(4 * nb, nb * size.bWords);
    const w = 1 + draw([1, nb, most, most][draw(4)]!);
    const wbank = Math.ceil(w / nb);
    const hband = 1 + draw(Math.min(5, Math.floor(size.bWords / wbank)));
    const u = 1 + draw(Math.max(1, Math.floor(nb / w)));
    const channels = u * (1 + draw(Math.floor(size.bWords / (hband * wbank))));
    this.half = { a: draw(2), b: draw(2) };
    const middle = draw(size.aSlices);
    this.filled = draw(2) === 0 ? { from: 0, to: middle + 1 } : { from: middle, to: size.aSlices };
    const mood = () => [0, 0, 3, 8][draw(4)]!;
    this.idle = { beats: mood(), fills: mood(), reads: mood() };
    for (let left = 1 + draw(9); left > 0; left--)
      if (draw(3) === 0) this.sendPanel();
      else this.sendRows(w, hband, channels);
    this.rest = draw(2) === 0 ? 0 : draw(30);
    return { cfg_w: w, cfg_q: draw(nb), cfg_u: u, cfg_wbank: wbank, cfg_hband: hband };
  }

  private sendPanel(): void {
    const { draw, filled } = this;
    const addr = filled.from + draw(filled.to - filled.from);
    const slices = 1 + draw(Math.min(6, filled.to - addr));
    const words = ramp(slices * 16 * Math.ceil(this.size.n / 16)).map(() => draw(65536) - 32768);
    this.send(panel(this.half.a, addr, slices), beatsOf(words, 16 * draw(2)));
  }

  private sendRows(w: number, hband: number, channels: number): void {
    const { draw } = this;
    const [channel, row] = [draw(channels), draw(hband)];
    const rows = 1 + draw(Math.min((channels - channel) * hband - row, 12));
    const words = ramp(rows * w).map(() => draw(65536) - 32768);
    this.send(rowsOf(this.half.b, channel, row, rows), beatsOf(words, draw(16)));
  }

  private send(command: Values, beats: readonly Values[]): void {
    this.fills.push(command);
    this.beats.push(...beats);
    this.open += 1;
  }

  private reads(): Drive {
    const { draw, half, filled, size } = this;
    const busy = this.open > 0;
    const addr = draw(size.aSlices);
    const isFilled = addr >= filled.from && addr < filled.to;
    return {
      a_re: draw(10) < this.idle.reads ? 0 : 1,
      a_half: busy && isFilled ? 1 - half.a : draw(2),
      a_addr: addr,
      b_re: draw(10) < this.idle.reads ? 0 : 1,
      b_half: busy ? 1 - half.b : draw(2),
      b_addr: ramp(this.nb).map(() => draw(size.bWords)),
      b_en: ramp(this.nb).map(() => draw(2)),
    };
  }
}

export function l2CacheTwin(size: L2Size, Cache: typeof L2Cache = L2Cache): Twin {
  const design = l2CacheDesign(size);
  return {
    name: `l2_cache n=${size.n}, ${size.aSlices} slices, ${size.bWords} words`,
    design,
    play: (cycles) => [
      closedLoop(
        design,
        cycles,
        (sim, clock) => new Cache(sim, 'dut', { clock, ...size }),
        new CacheTraffic(size, 2015),
      ),
    ],
  };
}
