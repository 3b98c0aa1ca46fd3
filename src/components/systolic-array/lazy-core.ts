import { wrap } from '../../numbers/accumulator.js';
import { SliceProduct } from '../../numbers/matrix-product.js';
import type { ArrayRegisters, Push } from './registers.js';
import type { ArrayShape } from './spec.js';

/** Slices that the history holds before it is folded. */
const CAPACITY = 4096;
const SAFE_SLICES = 2 ** 17;

/** A tile whose `last` slice was issued: its token and its n × n sums. */
interface Tile {
  /** Cycle in which `last` was issued. */
  issued: number;
  m: number;
  nc: number;
  readonly sums: Float64Array;
}

/**
 * The inside of the array while nobody looks: the history of issued slices, one exact matrix product a tile, and the
 * cycles at which results leave. The array never freezes, so every register follows from the slices issued and the
 * cycle in closed form; the accessors give it, exactly as a ticked array would have it.
 *
 * With c the present cycle, t the issue cycle of a slice: register s of a skew lane shows t = c−1−s; the operand
 * registers of element (i, j) t = c−2−i−j; P holds the sum up to t = c−1−L−i−j; LR takes P at edge t_last+1+L+i+j and then,
 * with the drain flags set at edge t_last+n+L+j, moves down a row an edge.
 */
export class LazyCore implements ArrayRegisters {
  /** The present cycle. */
  cycle = 0;
  readonly state: {
    count: number;
    /** Index of the newest `first` in the history; −1 when the run began before it. */
    runFirst: number;
    /** Slices of the present run, folded ones included. */
    runLength: number;
    issued: Float64Array;
    tags: Uint8Array;
    /** Sums of the slices of the run that were folded away. */
    folded: Float64Array;
    tiles: Tile[];
    /** Operands of the history, n words a slice. */
    a: Int16Array;
    b: Int16Array;
  };
  private readonly product: SliceProduct;
  private readonly pool: Tile[] = [];
  private readonly n: number;
  private readonly L: number;
  private readonly bits: number;

  constructor({ n, L, bits }: ArrayShape) {
    this.n = n;
    this.L = L;
    this.bits = bits;
    this.product = new SliceProduct(n, CAPACITY);
    this.state = {
      count: 0,
      runFirst: -1,
      runLength: 0,
      issued: new Float64Array(CAPACITY),
      tags: new Uint8Array(CAPACITY),
      folded: new Float64Array(n * n),
      tiles: [],
      a: this.product.a,
      b: this.product.b,
    };
  }

  /** Reset at the edge of `cycle`: only the slices of an accepted run that are still to come are left. */
  reset(cycle: number): void {
    const s = this.state;
    const { product, n } = this;
    const coming = this.newest(cycle) + 1;
    const left = s.count - coming;
    const tokens = s.tiles
      .filter((tile) => tile.issued > cycle)
      .map(({ issued, m, nc }) => ({ issued, m, nc }));
    product.a.copyWithin(0, coming * n, s.count * n);
    product.b.copyWithin(0, coming * n, s.count * n);
    s.issued.copyWithin(0, coming, s.count);
    s.tags.copyWithin(0, coming, s.count);
    s.count = 0;
    s.runFirst = -1;
    s.runLength = 0;
    s.folded.fill(0);
    this.pool.push(...s.tiles);
    s.tiles.length = 0;
    for (let k = 0; k < left; k++) {
      const tag = s.tags[k]!;
      const token = (tag & 2) !== 0 ? tokens.shift() : undefined;
      this.issue(s.issued[k]!, (tag & 1) !== 0, token !== undefined, token?.m ?? 0, token?.nc ?? 0);
    }
  }

  /** For how many more slices there is room, of so many that are wanted, after folding what is over in `cycle`. */
  room(cycle: number, slices: number): number {
    if (this.state.count + slices > CAPACITY) this.fold(cycle, slices);
    return CAPACITY - this.state.count;
  }

  /** Where the next slice's words go in `state.a` and `state.b`; there must be {@link room}. */
  get place(): number {
    return this.state.count * this.n;
  }

  /** Records a slice issued in `cycle`, whose words are in place; with `last`, works out the tile. */
  issue(cycle: number, first: boolean, last: boolean, m: number, nc: number): void {
    const s = this.state;
    const k = s.count;
    s.issued[k] = cycle;
    s.tags[k] = (first ? 1 : 0) | (last ? 2 : 0);
    s.count = k + 1;
    if (first) {
      s.runFirst = k;
      s.runLength = 0;
    }
    s.runLength += 1;
    if (last) this.finish(cycle, m, nc);
  }

  /** Earliest cycle, from `cycle` on, at whose edge a result is pushed; Infinity when none is under way. */
  nextPush(cycle: number): number {
    const { n, L } = this;
    for (const tile of this.state.tiles) {
      const from = tile.issued + n + L + 1;
      if (tile.nc === 0 || tile.m === 0) continue;
      if (cycle < from + tile.nc + tile.m - 1) return Math.max(cycle, from);
    }
    return Infinity;
  }

  /** Pushes what leaves the bottom row at the edge of `cycle`. */
  drain(cycle: number, push: Push): void {
    const { n, L } = this;
    const { tiles } = this.state;
    for (let t = 0; t < tiles.length; t++) {
      const tile = tiles[t]!;
      const age = cycle - (tile.issued + n + L + 1);
      if (age < 0) break;
      const from = Math.max(0, age - tile.m + 1);
      const to = Math.min(tile.nc - 1, age);
      for (let j = from; j <= to; j++) push(j, tile.sums[(n - 1 - (age - j)) * n + j]!);
    }
    // A tile may be forgotten once its successor was captured everywhere.
    while (tiles.length > 1 && tiles[1]!.issued + L + 2 * n < cycle) this.pool.push(tiles.shift()!);
  }

  /**
   * Makes room: older slices become one sum. Those issued within the last 2n + L + 1 cycles may still be on their way, and
   * stay. When it makes room enough to go back to the end of a tile, whose sums are known, nothing is to be multiplied.
   */
  private fold(cycle: number, wanted: number): void {
    const s = this.state;
    const { product, n } = this;
    const horizon = cycle - (2 * n + this.L + 2);
    let keep = s.count;
    while (keep > 0 && s.issued[keep - 1]! > horizon) keep -= 1;
    let tail = keep;
    while (tail > 0 && (s.tags[tail - 1]! & 2) === 0) tail -= 1;
    const tile = tail > 0 ? this.tileAt(s.issued[tail - 1]!) : undefined;
    if (tile !== undefined && s.count - tail + wanted <= CAPACITY) {
      s.folded.set(tile.sums);
      keep = tail;
    } else {
      let first = keep - 1;
      while (first >= 0 && (s.tags[first]! & 1) === 0) first -= 1;
      if (first >= 0) product.sums.fill(0);
      else product.sums.set(s.folded);
      if (keep > Math.max(first, 0)) product.accumulate(Math.max(first, 0), keep);
      s.folded.set(product.sums);
      this.wrapAll(s.folded);
    }
    product.a.copyWithin(0, keep * n, s.count * n);
    product.b.copyWithin(0, keep * n, s.count * n);
    s.issued.copyWithin(0, keep, s.count);
    s.tags.copyWithin(0, keep, s.count);
    s.runFirst = Math.max(-1, s.runFirst - keep);
    s.count -= keep;
  }

  private wrapAll(sums: Float64Array): void {
    const half = 2 ** (this.bits - 1);
    for (let i = 0; i < sums.length; i++)
      if (sums[i]! >= half || sums[i]! < -half) sums[i] = wrap(sums[i]!, this.bits);
  }

  private finish(cycle: number, m: number, nc: number): void {
    const s = this.state;
    const { product, n } = this;
    const tile = this.pool.pop() ?? { issued: 0, m: 0, nc: 0, sums: new Float64Array(n * n) };
    tile.issued = cycle;
    tile.m = m;
    tile.nc = nc;
    if (s.runFirst < 0) product.sums.set(s.folded);
    else product.sums.fill(0);
    product.accumulate(Math.max(0, s.runFirst), s.count);
    tile.sums.set(product.sums);
    if (this.bits < 48 || s.runLength >= SAFE_SLICES) this.wrapAll(tile.sums);
    s.tiles.push(tile);
  }

  /** Index of the newest slice issued in or before `cycle`; −1 when the history has none. */
  private newest(cycle: number): number {
    const s = this.state;
    let k = s.count - 1;
    while (k >= 0 && s.issued[k]! > cycle) k -= 1;
    return k;
  }

  /** Index of the slice issued in `cycle`, or −1: a bubble. */
  sliceAt(cycle: number): number {
    const k = this.newest(cycle);
    return k >= 0 && this.state.issued[k] === cycle ? k : -1;
  }

  private wordA(i: number, age: number): number {
    const k = this.sliceAt(this.cycle - age);
    return k < 0 ? 0 : this.product.a[k * this.n + i]!;
  }
  private wordB(j: number, age: number): number {
    const k = this.sliceAt(this.cycle - age);
    return k < 0 ? 0 : this.product.b[k * this.n + j]!;
  }
  /** Tags of the slice issued `age` cycles ago: bit 0 first, bit 1 last. */
  tag(age: number): number {
    const k = this.sliceAt(this.cycle - age);
    return k < 0 ? 0 : this.state.tags[k]!;
  }

  /** The tile whose `last` issued in `cycle`. */
  tokenAt(cycle: number): { readonly m: number; readonly nc: number } | undefined {
    return this.tileAt(cycle);
  }

  private tileAt(cycle: number): Tile | undefined {
    return this.state.tiles.find((tile) => tile.issued === cycle);
  }

  skewA(i: number, s: number): number {
    return this.wordA(i, 1 + s);
  }
  skewB(j: number, s: number): number {
    return this.wordB(j, 1 + s);
  }
  a(i: number, j: number): number {
    return this.wordA(i, 2 + i + j);
  }
  b(i: number, j: number): number {
    return this.wordB(j, 2 + i + j);
  }
  first(i: number, j: number): number {
    return this.tag(2 + i + j) & 1;
  }
  last(i: number, j: number): number {
    return this.tag(2 + i + j) >> 1;
  }
  m(i: number, j: number): number {
    if (this.L === 1) return 0;
    const k = this.sliceAt(this.cycle - (this.L + i + j));
    return k < 0 ? 0 : this.product.a[k * this.n + i]! * this.product.b[k * this.n + j]! + 0; // never −0
  }

  p(i: number, j: number): number {
    const s = this.state;
    const { n } = this;
    const end = this.newest(this.cycle - 1 - this.L - i - j);
    let begin = end;
    while (begin >= 0 && (s.tags[begin]! & 1) === 0) begin -= 1;
    let sum = begin < 0 ? s.folded[i * n + j]! : 0;
    for (let k = Math.max(0, begin); k <= end; k++)
      sum += this.product.a[k * n + i]! * this.product.b[k * n + j]!;
    return wrap(sum, this.bits);
  }

  lr(i: number, j: number): number {
    const { n, L, cycle } = this;
    const { tiles } = this.state;
    for (let t = tiles.length - 1; t >= 0; t--) {
      const tile = tiles[t]!;
      if (tile.issued + 1 + L + i + j >= cycle) continue;
      const top = n - tile.m;
      const moved =
        j < tile.nc && i >= top ? Math.min(Math.max(0, cycle - 1 - (tile.issued + n + L + j)), i - top) : 0;
      return tile.sums[(i - moved) * n + j]!;
    }
    return 0;
  }

  d(i: number, j: number): number {
    const { n, L, cycle } = this;
    for (const tile of this.state.tiles) {
      const moved = cycle - 1 - (tile.issued + n + L + j);
      if (j < tile.nc && moved >= 0 && i >= n - tile.m + moved) return 1;
    }
    return 0;
  }
}
