import { type Channel, type Clock, connect, int, Module, type Simulator } from '../../src/kernel/index.js';
import type { ArrayRegisters } from '../../src/components/systolic-array/registers.js';
import { type SliceFields, sliceFields } from '../../src/components/systolic-array/spec.js';

/** One slice to be issued, after `gap` idle cycles. */
export interface Slice {
  readonly gap: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly m: number;
  readonly nc: number;
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Offers slices one after the other, each held until it is taken. */
export class SliceDriver extends Module {
  readonly out: Channel<SliceFields>;
  /** Cycle in which each slice was issued. */
  readonly issued: number[] = [];
  override state: { at: number; wait: number };

  constructor(
    parent: Module | Simulator,
    name: string,
    private readonly clock: Clock,
    n: number,
    private readonly slices: readonly Slice[],
  ) {
    super(parent, name);
    this.out = this.source('out', sliceFields(n), clock);
    this.state = { at: 0, wait: slices[0]?.gap ?? 0 };
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const s = this.state;
    if (this.out.fires) {
      this.issued.push(this.clock.cycle);
      s.at += 1;
      s.wait = this.slices[s.at]?.gap ?? 0;
      this.out.valid.write(0);
    } else if (this.out.valid.value !== 0) return;
    const slice = this.slices[s.at];
    if (slice === undefined) return;
    if (s.wait > 0) {
      s.wait -= 1;
      return;
    }
    const { payload } = this.out;
    this.out.valid.write(1);
    payload.first.write(slice.first ? 1 : 0);
    payload.last.write(slice.last ? 1 : 0);
    payload.m.write(slice.m);
    payload.nc.write(slice.nc);
    payload.a.writeFrom(slice.a);
    payload.b.writeFrom(slice.b);
  }

  get done(): boolean {
    return this.state.at >= this.slices.length;
  }
}

/** Takes results whenever its plan says so; notes column, value and cycle. */
export class ColumnSink extends Module {
  readonly in: Channel<{ data: ReturnType<typeof int> }>[] = [];
  readonly got: { column: number; value: number; cycle: number }[] = [];

  constructor(
    parent: Module | Simulator,
    name: string,
    private readonly clock: Clock,
    n: number,
    bits: number,
    /** Whether column j is ready in this cycle. */
    private readonly ready: (cycle: number, column: number) => boolean,
  ) {
    super(parent, name);
    for (let j = 0; j < n; j++) {
      this.in.push(this.sink(`in[${j}]`, { data: int(bits) }, clock));
      this.in[j]!.ready.write(ready(0, j) ? 1 : 0);
    }
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { cycle } = this.clock;
    for (let j = 0; j < this.in.length; j++) {
      const channel = this.in[j]!;
      if (channel.fires) this.got.push({ column: j, value: channel.payload.data.value, cycle });
      channel.ready.write(this.ready(cycle + 1, j) ? 1 : 0);
    }
  }
}

/** Wires a driver, an array and a sink. */
export function wireArray(
  driver: SliceDriver,
  array: { in: Channel<SliceFields>; out: Channel<{ data: ReturnType<typeof int> }>[] },
  sink: ColumnSink,
): void {
  connect(driver.out, array.in);
  array.out.forEach((out, j) => connect(out, sink.in[j]!));
}

/** A small seeded generator for tests: integers below a bound. */
export function lottery(seed: number): (below: number) => number {
  let x = seed * 2 + 1;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

/** Random tiles: full-scale operands now and then, bubbles, single-slice tiles, tiles that continue a sum. */
export function randomSlices(n: number, tiles: number, seed: number, bubbles = true): Slice[] {
  const draw = lottery(seed);
  const word = (): number => (draw(8) === 0 ? [-32768, 32767, 0, -1][draw(4)]! : draw(65536) - 32768);
  const slices: Slice[] = [];
  for (let t = 0; t < tiles; t++) {
    const length = draw(4) === 0 ? 1 : 1 + draw(3 * n + 4);
    const m = 1 + draw(n);
    const nc = 1 + draw(n);
    const continues = draw(8) === 0;
    for (let k = 0; k < length; k++) {
      slices.push({
        gap: bubbles && draw(5) === 0 ? draw(2 * n + 3) : 0,
        first: k === 0 && !continues,
        last: k === length - 1,
        m,
        nc,
        a: Array.from({ length: n }, word),
        b: Array.from({ length: n }, word),
      });
    }
  }
  return slices;
}

/** Offers all slices up to the next bubble as one run; what is not taken goes slice by slice. */
export class RunDriver extends Module {
  readonly out: Channel<SliceFields>;
  /** Slices that went in runs. */
  accepted = 0;
  /** `readyAt`: first cycle in which the next slice may be shown. */
  override state = { at: 0, readyAt: 1 };

  constructor(
    sim: Simulator,
    name: string,
    private readonly clock: Clock,
    lanes: number,
    private readonly slices: readonly Slice[],
    /** Whether it offers runs at all. */
    private readonly offering: boolean,
    /** Whether it offers a run before the one before it has ended. */
    private readonly early: boolean,
  ) {
    super(sim, name);
    this.out = this.source('out', sliceFields(lanes), clock);
    this.edge(clock, this.tick);
  }

  get done(): boolean {
    return this.state.at >= this.slices.length && this.clock.cycle >= this.state.readyAt;
  }

  private next(count: number, last: number): void {
    this.state.at += count;
    this.state.readyAt = last + 1 + (this.slices[this.state.at]?.gap ?? 0);
  }

  private tick(): void {
    const { cycle } = this.clock;
    if (this.out.fires) {
      this.next(1, cycle);
      this.out.valid.write(0);
    } else if (this.out.valid.value !== 0) return;
    if (this.state.at >= this.slices.length) return;
    if (!this.early && cycle + 1 < this.state.readyAt) return;
    const { slices } = this;
    const { at } = this.state;
    if (this.offering) {
      let end = at + 1;
      while (end < slices.length && slices[end]!.gap === 0) end += 1;
      const run = slices.slice(at, end);
      const first = Math.max(cycle + 1, this.state.readyAt);
      const data = {
        tags: Uint8Array.from(run, (s) => (s.first ? 1 : 0) | (s.last ? 2 : 0)),
        m: Uint8Array.from(run, (s) => s.m),
        nc: Uint8Array.from(run, (s) => s.nc),
        a: Int16Array.from(run.flatMap((s) => s.a)),
        b: Int16Array.from(run.flatMap((s) => s.b)),
      };
      const count = this.out.offer({ first, count: run.length, period: 1, data });
      if (count > 0) {
        this.accepted += count;
        this.next(count, first + count - 1);
        return;
      }
    }
    if (cycle + 1 < this.state.readyAt) return;
    const slice = slices[at]!;
    const { payload } = this.out;
    this.out.valid.write(1);
    payload.first.write(slice.first ? 1 : 0);
    payload.last.write(slice.last ? 1 : 0);
    payload.m.write(slice.m);
    payload.nc.write(slice.nc);
    payload.a.writeFrom(slice.a);
    payload.b.writeFrom(slice.b);
  }
}

const NAMES = ['a', 'b', 'first', 'last', 'm', 'p', 'lr', 'd'] as const;

/** Every register of the array in one list, with its name. */
export function registers(of: ArrayRegisters, n: number): string[] {
  const list: string[] = [];
  for (let i = 0; i < n; i++) {
    for (let s = 0; s <= i; s++)
      list.push(`skew_a[${i}][${s}]=${of.skewA(i, s)}`, `skew_b[${i}][${s}]=${of.skewB(i, s)}`);
    for (let j = 0; j < n; j++)
      for (const name of NAMES) list.push(`pe[${i}][${j}].${name}=${of[name](i, j)}`);
  }
  return list;
}
