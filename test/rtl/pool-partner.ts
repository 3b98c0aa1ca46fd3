import type { Partner, Wires } from './converse.js';
import type { PoolSize } from './memory-designs.js';
import { Dice, type Drive, Mood, Offers, Resets } from './traffic.js';

/** Settings of a block of filters, and how far each of its planes has come. */
interface Block {
  readonly settings: Drive;
  readonly firstFilter: number;
  readonly inPixels: number;
  readonly next: number[];
}

/** Rows of whole planes, in turns of the block's filters, in pieces of any length; then other settings. */
class PlaneSource {
  private block: Block;
  private changed = true;
  private readonly offers: Offers;

  constructor(
    private readonly size: PoolSize,
    private readonly dice: Dice,
    mood: Mood,
  ) {
    this.block = this.newBlock();
    this.offers = new Offers('in', () => this.row(), mood);
  }

  /** Forgets the planes that are half done. */
  restart(): void {
    this.block = this.newBlock();
    this.changed = true;
  }

  next(seen: Wires): Drive {
    const drive = this.offers.next(seen);
    if (!this.changed || drive['in_valid'] !== 1) return drive;
    this.changed = false;
    return { ...drive, ...this.block.settings };
  }

  private row(): Drive {
    const { dice, size } = this;
    if (this.block.next.every((pixel) => pixel === this.block.inPixels)) this.restart();
    const { next, firstFilter, inPixels } = this.block;
    const open = next.flatMap((pixel, f) => (pixel < inPixels ? [f] : []));
    // The same one again, more often than not: its accumulators are read right after they were written.
    const f = dice.oneIn(3) ? open[dice.below(open.length)]! : open[0]!;
    if (dice.oneIn(60)) next[f] = 0;
    const pixel = next[f]!;
    const count = Math.min(inPixels - pixel, dice.oneIn(3) ? dice.from(1, size.n) : size.n);
    next[f] = pixel + count;
    return { filter: firstFilter + f, pixel, count, data: dice.lanes(size.n) };
  }

  private newBlock(): Block {
    const { dice, size } = this;
    const strideY = dice.from(1, 4);
    const strideX = dice.from(1, 4);
    const sizeY = dice.from(1, Math.min(15, strideY * size.overlap));
    const sizeX = dice.from(1, Math.min(15, strideX * size.overlap));
    const inW = sizeX + dice.below(2 * strideX + 3);
    const inH = sizeY + dice.below(2 * strideY + 2);
    const most = { w: Math.floor((inW - sizeX) / strideX) + 1, h: Math.floor((inH - sizeY) / strideY) + 1 };
    const outW = dice.oneIn(4) ? dice.from(1, most.w) : most.w;
    const outH = dice.oneIn(4) ? dice.from(1, most.h) : most.h;
    const filters = Math.min(
      dice.from(1, 5),
      Math.floor(size.accumulators / (Math.ceil(sizeY / strideY) * outW)),
    );
    return {
      settings: {
        cfg_mode: dice.oneIn(6) ? 0 : dice.from(1, 2),
        cfg_size_y: sizeY,
        cfg_size_x: sizeX,
        cfg_stride_y: strideY,
        cfg_stride_x: strideX,
        cfg_in_w: inW,
        cfg_in_h: inH,
        cfg_out_w: outW,
        cfg_out_h: outH,
        cfg_filters: filters,
      },
      firstFilter: dice.oneIn(3) ? 65536 - filters : dice.below(65536 - filters),
      inPixels: inW * inH,
      next: Array.from({ length: filters }, () => 0),
    };
  }
}

/** The array's rows in, WRITE behind, which takes them when it likes. */
export function poolTraffic(size: PoolSize, seed: number): Partner {
  const dice = new Dice(seed);
  const resets = new Resets(dice);
  const takes = new Mood(dice, [0, 4, 14, 16, 16]);
  const planes = new PlaneSource(size, dice, new Mood(dice, [2, 14, 16, 16]));
  return (seen) => {
    const rst = resets.next();
    // What a reset cuts off begins anew behind it.
    if (rst !== 0) planes.restart();
    return {
      rst,
      ...(rst !== 0 ? { in_valid: 0 } : planes.next(seen)),
      out_ready: takes.next() ? 1 : 0,
    };
  };
}
