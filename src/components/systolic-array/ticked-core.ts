import { wrap } from '../../numbers/accumulator.js';
import type { ArrayRegisters, Push } from './registers.js';
import type { LazyCore } from './lazy-core.js';
import type { ArrayShape } from './spec.js';

/** Steps that a window of operands makes before its contents move. */
const STEPS = 64;
/** Slices after which a sum of products may leave 48 bits: 2^47 / 2^30. */
const SAFE_SLICES = 2 ** 17;

/**
 * The inside of the array, stepped every cycle: operands, accumulators and result registers in flat arrays. Operands are
 * kept by the element that they enter, so that element (i, j) finds a, b and P at the same index i·n + j. A step of every
 * operand, A one element to the right and B one row down, is a step of the window through which elements see a longer
 * array; when the window comes to its front, its contents move to the back. The skew triangles are rings of the slices
 * that entered last. Tags are the same along an anti-diagonal i + j, so they are kept once a diagonal.
 */
export class TickedCore implements ArrayRegisters {
  readonly state: {
    /** Through the window at `from`: what element (i, j) reads from its left at i·n + j, its own register at i·n + j + 1. */
    a: Float64Array;
    /** Through the window at `from`·n: what element (i, j) reads from above at i·n + j, its own register at (i+1)·n + j. */
    b: Float64Array;
    from: number;
    /**
     * The last slices or bubbles, n words each, in 2n + 1 rows: 2n and the one that enters. The newest is in row `head`;
     * register s of a lane shows the one s before it.
     */
    skewA: Float64Array;
    skewB: Float64Array;
    head: number;
    m: Float64Array;
    p: Float64Array;
    lr: Float64Array;
    d: Uint8Array;
    /** Flags set in a column. */
    flags: Int32Array;
    /** Tags by age: bit 0 first, bit 1 last, of the slice issued k cycles ago; token likewise. */
    tags: Uint8Array;
    tokenM: Uint8Array;
    tokenNc: Uint8Array;
    /** Slices since the last `first`, to know when a wrap is possible. */
    sinceFirst: number;
    /** Slices with tags or tokens still under way. */
    tagged: number;
  };
  /** Every window on the operands. */
  private readonly windowsA: Float64Array[] = [];
  private readonly windowsB: Float64Array[] = [];
  private readonly n: number;
  private readonly L: number;
  private readonly bits: number;

  constructor(
    { n, L, bits }: ArrayShape,
    private readonly push: Push,
  ) {
    this.n = n;
    this.L = L;
    this.bits = bits;
    const ages = 2 * n + L + 2;
    this.state = {
      a: new Float64Array(n * n + STEPS + 1),
      b: new Float64Array(n * n + (STEPS + 1) * n),
      from: STEPS,
      skewA: new Float64Array((2 * n + 1) * n),
      skewB: new Float64Array((2 * n + 1) * n),
      head: 0,
      m: new Float64Array(n * n),
      p: new Float64Array(n * n),
      lr: new Float64Array(n * n),
      d: new Uint8Array(n * n),
      flags: new Int32Array(n),
      tags: new Uint8Array(ages),
      tokenM: new Uint8Array(ages),
      tokenNc: new Uint8Array(ages),
      sinceFirst: 0,
      tagged: 0,
    };
    for (let from = 0; from <= STEPS + 1; from++) {
      this.windowsA.push(this.state.a.subarray(from, from + n * n));
      this.windowsB.push(this.state.b.subarray(from * n, from * n + n * n));
    }
  }

  reset(): void {
    for (const value of Object.values(this.state)) if (typeof value !== 'number') value.fill(0);
    this.state.from = STEPS;
    this.state.head = 0;
    this.state.sinceFirst = 0;
    this.state.tagged = 0;
  }

  /** Where the next slice's words go in `state.skewA` and `state.skewB` before the step that issues it. */
  get place(): number {
    const row = this.state.head + 1;
    return row > 2 * this.n ? 0 : row * this.n;
  }

  /** One edge. Order matters only in that every update reads what was there before the edge. */
  step(issue: boolean, first: boolean, last: boolean, m: number, nc: number): void {
    const s = this.state;
    if (s.tagged > 0) this.drain();
    this.accumulate();
    this.moveOperands(issue);
    this.age(issue && first, issue && last, m, nc);
    if (issue) s.sinceFirst = first ? 1 : s.sinceFirst + 1;
  }

  /** Takes over the registers that a lazy core works out for its present cycle. */
  materialise(lazy: LazyCore): void {
    const { n } = this;
    const s = this.state;
    s.from = STEPS;
    s.head = 2 * n - 1;
    const a = this.windowsA[s.from]!;
    for (let i = 0; i < n; i++) {
      for (let r = 0; r < 2 * n; r++) {
        s.skewA[(s.head - r) * n + i] = lazy.skewA(i, r);
        s.skewB[(s.head - r) * n + i] = lazy.skewB(i, r);
      }
      a[i * n] = lazy.skewA(i, i);
      s.b[s.from * n + i] = lazy.skewB(i, i);
    }
    s.flags.fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const at = i * n + j;
        if (j < n - 1) a[at + 1] = lazy.a(i, j);
        s.b[(s.from + 1) * n + at] = lazy.b(i, j);
        s.m[at] = lazy.m(i, j);
        s.p[at] = lazy.p(i, j);
        s.lr[at] = lazy.lr(i, j);
        s.d[at] = lazy.d(i, j);
        s.flags[j]! += lazy.d(i, j);
      }
    }
    for (let age = 1; age < s.tags.length; age++) {
      s.tags[age] = lazy.tag(age);
      const token = lazy.tokenAt(lazy.cycle - age);
      s.tokenM[age] = token?.m ?? 0;
      s.tokenNc[age] = token?.nc ?? 0;
    }
    s.sinceFirst = lazy.state.runLength;
    s.tagged = 3 * n + this.L + 4;
  }

  skewA(i: number, s: number): number {
    return this.state.skewA[this.entered(s) + i]!;
  }
  skewB(j: number, s: number): number {
    return this.state.skewB[this.entered(s) + j]!;
  }
  /** Where the rings hold what entered `before` slices or bubbles before the newest. */
  private entered(before: number): number {
    const { n } = this;
    const row = this.state.head - before;
    return (row < 0 ? row + 2 * n + 1 : row) * n;
  }
  a(i: number, j: number): number {
    // Behind the last column, the window has the next row's entry; the ring still has what left.
    if (j === this.n - 1) return this.skewA(i, i + this.n);
    return this.windowsA[this.state.from + 1]![i * this.n + j]!;
  }
  b(i: number, j: number): number {
    return this.windowsB[this.state.from + 1]![i * this.n + j]!;
  }
  /** The slice whose tags element (i, j) holds was issued i + j + 2 cycles before this one. */
  first(i: number, j: number): number {
    return this.state.tags[i + j + 2]! & 1;
  }
  last(i: number, j: number): number {
    return this.state.tags[i + j + 2]! >> 1;
  }
  m(i: number, j: number): number {
    return this.L === 1 ? 0 : this.state.m[i * this.n + j]! + 0; // never −0
  }
  p(i: number, j: number): number {
    return this.state.p[i * this.n + j]!;
  }
  lr(i: number, j: number): number {
    return this.state.lr[i * this.n + j]!;
  }
  d(i: number, j: number): number {
    return this.state.d[i * this.n + j]!;
  }

  /** Result registers and drain flags: bottom rows leave, the chain moves down, finished sums are captured. */
  private drain(): void {
    const { n, L } = this;
    const { lr, p, d, flags, tags, tokenM, tokenNc } = this.state;
    const bottom = (n - 1) * n;
    for (let j = 0; j < n; j++) {
      const m = tokenM[n + L + j]!;
      const set = m > 0 && j < tokenNc[n + L + j]! ? m : 0;
      if (flags[j] === 0 && set === 0) continue;
      let count = 0;
      if (d[bottom + j] !== 0) this.push(j, lr[bottom + j]!);
      for (let i = n - 1; i >= 0; i--) {
        const at = i * n + j;
        const above = i > 0 ? d[at - n]! : 0;
        if (above !== 0) lr[at] = lr[at - n]!;
        const flag = above | (i >= n - set ? 1 : 0);
        d[at] = flag;
        count += flag;
      }
      flags[j] = count;
    }
    // A `last` issued k cycles ago shows its final P on the diagonal i + j = k − 1 − L. Capture beats shift; P is still
    // the one from before the edge.
    for (let k = L + 1; k <= L + 2 * n - 1; k++) {
      if ((tags[k]! & 2) === 0) continue;
      const diagonal = k - 1 - L;
      for (let i = Math.max(0, diagonal - n + 1); i <= Math.min(diagonal, n - 1); i++)
        lr[i * n + diagonal - i] = p[i * n + diagonal - i]!;
    }
  }

  private accumulate(): void {
    const { n, L } = this;
    const s = this.state;
    const { m, p, tags } = s;
    if (s.tagged > 0) {
      // A `first` issued k cycles ago reaches the adders of the diagonal i + j = k − L.
      for (let k = L; k <= L + 2 * n - 2; k++) {
        if ((tags[k]! & 1) === 0) continue;
        const diagonal = k - L;
        for (let i = Math.max(0, diagonal - n + 1); i <= Math.min(diagonal, n - 1); i++)
          p[i * n + diagonal - i] = 0;
      }
    }
    if (L === 1) multiplyAdd(p, this.windowsA[s.from]!, this.windowsB[s.from]!);
    else {
      addProducts(p, m);
      if (L === 2) multiply(m, this.windowsA[s.from]!, this.windowsB[s.from]!);
      else {
        // L = 3 multiplies what the operand registers hold, not what enters.
        const b = this.windowsB[s.from + 1]!;
        multiply(m, this.windowsA[s.from + 1]!, b);
        for (let i = 0; i < n; i++) m[i * n + n - 1] = this.a(i, n - 1) * b[i * n + n - 1]!;
      }
    }
    if (this.bits < 48 || s.sinceFirst >= SAFE_SLICES) {
      const half = 2 ** (this.bits - 1);
      for (let at = 0; at < p.length; at++)
        if (p[at]! >= half || p[at]! < -half) p[at] = wrap(p[at]!, this.bits);
    }
  }

  private moveOperands(issue: boolean): void {
    const { n } = this;
    const s = this.state;
    const { skewA, skewB } = s;
    let at = this.place;
    s.head = at / n;
    if (!issue) {
      skewA.fill(0, at, at + n);
      skewB.fill(0, at, at + n);
    }
    if (s.from === 0) {
      s.from = STEPS;
      s.a.copyWithin(STEPS, 0, n * n);
      s.b.copyWithin(STEPS * n, 0, n * n);
    }
    s.from -= 1;
    const a = this.windowsA[s.from]!;
    const b = this.windowsB[s.from]!;
    // Lane i shows what entered i steps ago.
    for (let i = 0; i < n; i++) {
      a[i * n] = skewA[at]!;
      b[i] = skewB[at]!;
      at += at < n ? 2 * n * n + 1 : 1 - n;
    }
  }

  private age(first: boolean, last: boolean, m: number, nc: number): void {
    const s = this.state;
    if (s.tagged > 0) {
      s.tags.copyWithin(1, 0);
      s.tokenM.copyWithin(1, 0);
      s.tokenNc.copyWithin(1, 0);
      s.tagged -= 1;
    }
    s.tags[1] = (first ? 1 : 0) | (last ? 2 : 0);
    s.tokenM[1] = last ? m : 0;
    s.tokenNc[1] = last ? nc : 0;
    // A token's flags leave the last column's bottom row at the latest 3n + L cycles after its issue.
    if (first || last) s.tagged = 3 * this.n + this.L + 4;
  }
}

// The loops over all elements. They are functions of their own and unrolled, so that the compiler keeps one index and
// its checks are few: 1.5 G elements a second, against 0.65 for two nested loops.

/** p += a·b, element by element. */
function multiplyAdd(p: Float64Array, a: Float64Array, b: Float64Array): void {
  const whole = p.length - 7;
  let at = 0;
  for (; at < whole; at += 8) {
    p[at]! += a[at]! * b[at]!;
    p[at + 1]! += a[at + 1]! * b[at + 1]!;
    p[at + 2]! += a[at + 2]! * b[at + 2]!;
    p[at + 3]! += a[at + 3]! * b[at + 3]!;
    p[at + 4]! += a[at + 4]! * b[at + 4]!;
    p[at + 5]! += a[at + 5]! * b[at + 5]!;
    p[at + 6]! += a[at + 6]! * b[at + 6]!;
    p[at + 7]! += a[at + 7]! * b[at + 7]!;
  }
  for (; at < p.length; at++) p[at]! += a[at]! * b[at]!;
}

/** p += m. */
function addProducts(p: Float64Array, m: Float64Array): void {
  const whole = p.length - 3;
  let at = 0;
  for (; at < whole; at += 4) {
    p[at]! += m[at]!;
    p[at + 1]! += m[at + 1]!;
    p[at + 2]! += m[at + 2]!;
    p[at + 3]! += m[at + 3]!;
  }
  for (; at < p.length; at++) p[at]! += m[at]!;
}

/** m = a·b. */
function multiply(m: Float64Array, a: Float64Array, b: Float64Array): void {
  const whole = m.length - 3;
  let at = 0;
  for (; at < whole; at += 4) {
    m[at] = a[at]! * b[at]!;
    m[at + 1] = a[at + 1]! * b[at + 1]!;
    m[at + 2] = a[at + 2]! * b[at + 2]!;
    m[at + 3] = a[at + 3]! * b[at + 3]!;
  }
  for (; at < m.length; at++) m[at] = a[at]! * b[at]!;
}
