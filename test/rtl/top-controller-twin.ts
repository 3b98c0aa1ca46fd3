import {
  DESCRIPTOR_WORDS,
  type LayerDescriptor,
  packDescriptor,
} from '../../src/components/top/layer-descriptor.js';
import { SETTINGS } from '../../src/components/top/settings.js';
import { TopController } from '../../src/components/top/top-controller.js';
import { lottery } from '../components/array-bench.js';
import { closedLoop, type Drive, type Partner, type View } from './closed-loop.js';
import { type Design, rtlSource } from './designs.js';
import { Offers } from './offers.js';
import type { Twin } from './twin-list.js';

const port = (name: string, width = 1) => ({ name, width });
const ports = (prefix: string, fields: Readonly<Record<string, number>>) =>
  Object.entries(fields).map(([field, width]) => port(`${prefix}${field}`, width));

const INPUTS = [
  'read_ready', 'fill_ready', 'work_ready', 'rows_ready', 'fill_done', 'fill_done_kind', 'fill_done_half', 'done', 'a_wait',
  'drained', 'a_valid', 'b_valid', 'sa_ready', 'sa_room', 'collecting', 'pooled', 'idle',
]; // prettier-ignore

/** `rtl/top_controller.v`. */
export function topControllerDesign(n: number): Design {
  return {
    files: ['top_controller', 'top_nest', 'top_band'].map(rtlSource),
    top: 'top_controller',
    params: { N: n },
    inputs: [
      port('rst'),
      port('descriptor_valid'),
      port('descriptor_words', 32 * DESCRIPTOR_WORDS),
      ...INPUTS.map((name) => port(name)),
    ],
    outputs: [
      port('descriptor_ready'),
      ...ports('read_', { valid: 1, addr: 33, words: 32 }),
      ...ports('fill_', { valid: 1, kind: 1, half: 1, addr: 16, channel: 16, row: 16, rows: 16 }),
      ...ports('work_', {
        valid: 1, half_a: 1, half_b: 1, panels: 10, last_rows: 8, pixels: 32, row0: 17, first_row: 16, col0: 16, kprime: 16,
        channels: 16, bias: 1, opens: 1, closes: 1,
      }), // prettier-ignore
      ...ports('rows_', {
        valid: 1,
        panels: 10,
        last_rows: 6,
        first_filter: 16,
        first_pixel: 32,
        pixels: 32,
      }),
      ...ports('', { state: 3, layer_done: 1, flush: 1, cfg_base: 33, seed: 32, load: n, panels_ready: 20 }),
      ...ports('cfg_', SETTINGS),
    ],
  };
}

/**
 * Host, READ, cache, engines and store path around TOP, as far as it sees them: every command's fill is reported, every entry
 * is read, every collector's work is done, each after any time.
 */
class LayerTraffic implements Partner {
  private readonly draw;
  private readonly offers = new Offers('descriptor');
  /** Fills that are to be reported, entries to be read, rows to be collected; lastly what is not written yet. */
  private readonly fills: { kind: number; half: number }[] = [];
  private entries = 0;
  private rows = 0;
  private tail = 0;
  private resets = 2;
  private mood = { ready: 16, fill: 2, done: 2, rows: 2 };
  private layers = 0;
  private commands = 0;
  private cut = 0;

  constructor(
    private readonly n: number,
    seed: number,
  ) {
    this.draw = lottery(seed);
  }

  get what(): string {
    return `${this.layers} layers, ${this.commands} commands, ${this.cut} resets`;
  }

  next(view: View): Drive {
    const { draw, mood, fills } = this;
    this.resets = Math.max(0, this.resets - 1);
    const resets = this.resets > 0 || (view('state') !== 0 && draw(1500) === 0);
    if (resets && this.resets === 0) {
      this.resets = 1 + draw(2);
      this.cut += 1;
    }
    if (draw(40) === 0) this.setMood();
    if (view('rst') === 0) this.watch(view);
    if (this.offers.length === 0 && draw(6) === 0) {
      const words = packDescriptor('twin', this.layer());
      this.offers.push({ words });
    }
    const offered = this.offers.next(view, draw(4) === 0);
    const drive: Record<string, number | ArrayLike<number>> = { ...offered, rst: resets ? 1 : 0 };
    for (const name of INPUTS) drive[name] = draw(2);
    for (const name of ['read_ready', 'fill_ready', 'work_ready', 'rows_ready'])
      drive[name] = draw(16) < mood.ready ? 1 : 0;
    const reports = fills.length > 0 && draw(mood.fill) === 0 ? fills.shift()! : null;
    drive['fill_done'] = reports === null ? 0 : 1;
    if (reports !== null)
      Object.assign(drive, { fill_done_kind: reports.kind, fill_done_half: reports.half });
    const reads = this.entries > 0 && draw(mood.done) === 0;
    drive['done'] = reads ? 1 : 0;
    if (reads) this.entries -= 1;
    if (this.rows > 0 && draw(mood.rows) === 0) this.rows -= 1;
    drive['collecting'] = this.rows > 0 || draw(3) === 0 ? 1 : 0;
    if (this.tail > 0) this.tail -= 1;
    drive['idle'] = this.tail === 0 ? 1 : draw(2);
    drive['pooled'] = this.tail > 0 ? draw(2) : 0;
    if (resets) {
      this.fills.length = this.entries = this.rows = this.tail = 0;
      this.offers.clear();
    }
    return drive;
  }

  private setMood(): void {
    const { draw } = this;
    const wait = () => 1 + draw([1, 3, 12][draw(3)]!);
    this.mood = { ready: [16, 16, 8, 2][draw(4)]!, fill: wait(), done: wait(), rows: wait() };
  }

  /** What TOP's neighbours take at the edge. */
  private watch(view: View): void {
    const fires = (name: string) => view(`${name}_valid`) !== 0 && view(`${name}_ready`) !== 0;
    if (fires('fill')) {
      this.commands += 1;
      this.fills.push({ kind: view('fill_kind'), half: view('fill_half') });
    }
    if (fires('work')) this.entries += 1;
    if (fires('rows')) this.rows += 1;
    if (view('layer_done') !== 0) this.layers += 1;
    if (view('state') === 2) this.tail = this.draw(12);
  }

  /** A layer of any shape, whole or parted, with numbers of full width where nothing follows from them. */
  private layer(): LayerDescriptor {
    const { draw, n } = this;
    const any = (bits: number) => draw(2 ** Math.min(bits, 32));
    for (const parted = draw(2); ;) {
      const [inH, inW] = [1 + draw(12), 1 + draw(draw(3) === 0 ? 90 : 9)];
      const [kernelH, kernelW, strideY, dilY, padY] = [
        1 + draw(3),
        1 + draw(3),
        1 + draw(3),
        1 + draw(2),
        draw(4),
      ];
      const outH = Math.floor((inH + 2 * padY - dilY * (kernelH - 1) - 1) / strideY) + 1;
      const outW = inW - kernelW + 1;
      if (outH < 1 || outW < 1) continue;
      const groups = 1 + draw(3);
      const channels = 1 + draw(parted === 0 && draw(5) === 0 ? 400 : 6);
      const filters = 1 + draw(3 * n + 20);
      const bias = draw(2);
      if (parted !== 0 && groups * Math.ceil(filters / n) * outH * outW > 40 * n) continue;
      const bandRows = parted !== 0 ? outH : 1 + draw(outH);
      const [poolOutH, poolOutW] = [any(16), any(16)];
      return {
        inputPage: any(21), groups, channels, inH, inW, kernelH, kernelW, strideY, strideX: any(16), dilY, dilX: any(16), padY,
        padX: any(16), outH, outW, filters, panels: parted !== 0 ? 1 : 1 + draw(draw(4) === 0 ? 9 : 3),
        kprime: bias + channels * kernelH * kernelW, weightPage: any(21), parted,
        partChannels: parted !== 0 ? 1 + draw(Math.max(1, channels - 1)) : channels, bias, biasExp: any(4),
        bandRows, q: any(16), u: any(16), wbank: any(16), hband: draw(2) === 0 ? inH : inH + 1, shift: any(5), relu: any(1),
        stochastic: any(1), seed: any(32), image: any(32), layer: any(16), layers: any(16), poolMode: draw(3), poolSizeY: any(4),
        poolSizeX: any(4), poolStrideY: any(4), poolStrideX: any(4), poolOutH, poolOutW, outputPage: any(21),
      }; // prettier-ignore
    }
  }
}

export function topControllerTwin(n: number, Top: typeof TopController = TopController): Twin {
  const design = topControllerDesign(n);
  return {
    name: `top_controller n=${n}`,
    design,
    play: (cycles) => [
      closedLoop(
        design,
        cycles,
        (sim, clock) => new Top(sim, 'dut', { clock, n }),
        new LayerTraffic(n, 2015),
      ),
    ],
  };
}
