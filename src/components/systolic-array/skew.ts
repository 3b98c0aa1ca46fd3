import {
  bool,
  type Clock,
  int,
  Module,
  type Signal,
  type Simulator,
  type VectorSignal,
  vector,
} from '../../kernel/index.js';

export interface SkewSpec {
  readonly clock: Clock;
  readonly n: number;
}

/**
 * A triangle of registers: lane i leaves i + 1 cycles after it enters, with its tags. Part of `StructuralArray`; the
 * twin's is within `rtl/systolic_array.v`.
 *
 * Ports    `issue` (else a bubble enters: zeros), `first`, `last`, `data[n]`; per lane i: `q[i]`, `first_q[i]`, `last_q[i]`;
 *          `rst`.
 * Timing   Every register moves on every edge.
 * Storage  n(n+1)/2 words of 18 bits.
 * Source   The machine contract, section 3. Cycles and phases: docs/timing-model.md.
 */
export class Skew extends Module {
  readonly rst: Signal;
  readonly issue: Signal;
  readonly first: Signal;
  readonly last: Signal;
  readonly data: VectorSignal;
  readonly q: Signal[] = [];
  readonly firstQ: Signal[] = [];
  readonly lastQ: Signal[] = [];
  /** Register s of lane i at i·n + s, for s < i; the last one of a lane is its output. */
  override state: { data: Int16Array; first: Uint8Array; last: Uint8Array };
  private readonly n: number;

  constructor(parent: Module | Simulator, name: string, { clock, n }: SkewSpec) {
    super(parent, name);
    this.n = n;
    this.rst = this.input('rst', bool);
    this.issue = this.input('issue', bool);
    this.first = this.input('first', bool);
    this.last = this.input('last', bool);
    this.data = this.input('data', vector(n, int(16)));
    for (let i = 0; i < n; i++) {
      this.q.push(this.output(`q[${i}]`, int(16)));
      this.firstQ.push(this.output(`first_q[${i}]`, bool));
      this.lastQ.push(this.output(`last_q[${i}]`, bool));
    }
    this.state = { data: new Int16Array(n * n), first: new Uint8Array(n * n), last: new Uint8Array(n * n) };
    this.edge(clock, this.tick);
  }

  /** The register s of lane i, s from 0 (just entered) to i (leaving). */
  register(i: number, s: number): number {
    return s === i ? this.q[i]!.value : this.state.data[i * this.n + s]!;
  }

  private tick(): void {
    const { n } = this;
    const { data, first, last } = this.state;
    if (this.rst.value !== 0) {
      data.fill(0);
      first.fill(0);
      last.fill(0);
      for (let i = 0; i < n; i++) {
        this.q[i]!.write(0);
        this.firstQ[i]!.write(0);
        this.lastQ[i]!.write(0);
      }
      return;
    }
    const issue = this.issue.value !== 0;
    for (let i = 0; i < n; i++) {
      const entering = issue ? this.data.get(i) : 0;
      const f = issue ? this.first.value : 0;
      const l = issue ? this.last.value : 0;
      const base = i * n;
      this.q[i]!.write(i === 0 ? entering : data[base + i - 1]!);
      this.firstQ[i]!.write(i === 0 ? f : first[base + i - 1]!);
      this.lastQ[i]!.write(i === 0 ? l : last[base + i - 1]!);
      for (let s = i - 1; s > 0; s--) {
        data[base + s] = data[base + s - 1]!;
        first[base + s] = first[base + s - 1]!;
        last[base + s] = last[base + s - 1]!;
      }
      if (i > 0) {
        data[base] = entering;
        first[base] = f;
        last[base] = l;
      }
    }
  }
}
