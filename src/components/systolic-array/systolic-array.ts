import {
  bool,
  type Channel,
  type Clock,
  int,
  Module,
  Probe,
  type RunOffer,
  type Signal,
  type Simulator,
} from '../../kernel/index.js';
import { CommandError } from '../command-error.js';
import { LazyCore } from './lazy-core.js';
import { type ColumnOutput, OutputColumns } from './output-columns.js';
import type { ArrayRegisters } from './registers.js';
import {
  type ArrayShape,
  arrayShape,
  type SliceFields,
  sliceFields,
  type SystolicArraySpec,
} from './spec.js';
import { TickedCore } from './ticked-core.js';

/** What a bulk run of slices carries: one entry a slice; `m`, `nc` count where bit 1 of the tag is set. */
export interface SliceRun {
  /** Bit 0 first, bit 1 last. */
  readonly tags: Uint8Array;
  readonly m: Uint8Array;
  readonly nc: Uint8Array;
  /** [count, n] words. */
  readonly a: Int16Array;
  readonly b: Int16Array;
}

export interface SystolicArrayOptions extends SystolicArraySpec {
  /** Step every register in every cycle, whoever looks. Default false: only while somebody does. */
  readonly ticked?: boolean;
}

/**
 * n×n output-stationary wavefront array for C = A·B: skew triangles, n² DSP multiply-accumulators with local result
 * registers, drain chains and n output FIFOs. Twin: `rtl/systolic_array.v`; structural form: {@link StructuralArray}.
 *
 * Ports    sink `in`, a slice a cycle: `a[n]`, `b[n]` (int16), `first`, `last`, and with `last` the rows m and columns nc to
 *          drain; sources `out[0]` … `out[n−1]` (48-bit sums), one a column; `rst`.
 * Timing   A slice issues when valid && ready; every other cycle is a bubble, and the array never freezes. Issued in cycle
 *          t, it reaches element (i, j) in t+1+i+j. After a `last` issued in t, column j < nc pushes its lowest m rows, bottom
 *          row first, row f in cycle t+n+L+1+j+f; `out[j]` shows it one later. T equal tiles of K' slices take
 *          K'+(T−1)·max(K', m)+n+nc+m+L−1 cycles from first issue to last push, both included.
 *          `in_ready = !in_last || (spaced && room)`, the one combinational path: at least m cycles since the previous
 *          `last`, and every column's promised results ≤ outputDepth − n.
 * Storage  n² DSP48E1; skew n(n+1) words; 48 bits a result register; n FIFOs of `outputDepth` sums.
 * Lazy     While nobody observes the inside, a tile is one exact matrix product and the pushes that follow from its
 *          `last`. The registers are probes (`pe[3][4].p`, `.a`, `.b`, `.first`, `.last`, `.m`, `.lr`, `.d`, `skew_a[i][s]`,
 *          `skew_b[j][s]`): when the first one is subscribed to, in mid-tile too, the state of that cycle is worked out and
 *          stepped from there on. Results, cycles and ports do not depend on it.
 * Errors   ConfigError for n outside 1…64, a pipeline other than 1, 2, 3, an output FIFO shallower than n. CommandError for
 *          a `last` that would drain more than n rows or columns (0 drains nothing).
 * Source   Gupta et al. 2015, section 5; the machine contract, sections 2, 3 and 5. Cycles and phases:
 *          docs/timing-model.md.
 */
export class SystolicArray extends Module {
  readonly rst: Signal;
  readonly in: Channel<SliceFields>;
  readonly out: ColumnOutput[] = [];
  /** Status for the controller: every column's FIFO has room for another tile (else a `last` is held for it). */
  readonly room: Signal;
  readonly shape: ArrayShape;
  readonly ticked: boolean;
  override state: {
    /** Edges until a `last` may issue for spacing. */
    spacing: number;
    promises: Int32Array;
    columns: OutputColumns['state'];
    /** `last` slices of accepted runs whose cycle has not come. */
    coming: { cycle: number; m: number; nc: number }[];
    /** Cycle of the latest issue. */
    latest: number;
    /** Cycle for which the process last asked to be woken. */
    alarm: number;
    /** The inside, in the form that carries this array. */
    lazy: LazyCore['state'] | null;
    stepped: TickedCore['state'] | null;
  };

  private readonly lazy: LazyCore | null;
  private stepped: TickedCore | null;
  private watchers = 0;
  private readonly clock: Clock;
  private readonly open: Signal;
  private readonly process: number;
  private readonly columns: OutputColumns;
  /** Latest cycle at whose edge the process ran, and at whose edge the slice on the wires was recorded. */
  private ranAt = -1;
  private recordedAt = -1;

  constructor(parent: Module | Simulator, name: string, spec: SystolicArrayOptions) {
    super(parent, name);
    const { clock } = spec;
    const shape = arrayShape(this.path, spec);
    const { n, bits, outputDepth } = shape;
    this.shape = shape;
    this.clock = clock;
    this.ticked = spec.ticked ?? false;
    this.rst = this.input('rst', bool);
    this.in = this.sink('in', sliceFields(n), clock);
    for (let j = 0; j < n; j++) this.out.push(this.source(`out[${j}]`, { data: int(bits) }, clock));
    this.columns = new OutputColumns(this.out, outputDepth);
    this.lazy = this.ticked ? null : new LazyCore(shape);
    this.stepped = this.ticked ? new TickedCore(shape, this.columns.push) : null;
    this.state = {
      spacing: 0,
      promises: new Int32Array(n),
      columns: this.columns.state,
      coming: [],
      latest: -1e9,
      alarm: -1,
      lazy: this.lazy?.state ?? null,
      stepped: this.stepped?.state ?? null,
    };
    this.open = this.wire('open', bool, 1);
    this.room = this.output('room', bool, 1);
    this.comb(this.gate, [this.in.payload.last, this.open]);
    // `in.ready` too: a refused `last` may be withdrawn for a slice that issues at once, while `in.valid` stays high.
    const wakeOn = [this.rst, this.in.valid, this.in.ready, ...this.out.map((o) => o.ready)];
    this.process = this.edge(clock, this.tick, wakeOn);
    this.in.acceptRuns((offer) => this.acceptRun(offer));
  }

  /** The registers as they are in the present cycle. */
  get registers(): ArrayRegisters {
    if (this.stepped !== null) return this.stepped;
    this.lazy!.cycle = this.clock.cycle;
    return this.lazy!;
  }

  override probeFor(name: string): Probe | undefined {
    const existing = this.probes.get(name);
    if (existing !== undefined) return existing;
    const element = /^pe\[(\d+)\]\[(\d+)\]\.(a|b|first|last|m|p|lr|d)$/.exec(name);
    const skew = /^skew_([ab])\[(\d+)\]\[(\d+)\]$/.exec(name);
    const { n, bits } = this.shape;
    if (element !== null) {
      const [i, j] = [Number(element[1]), Number(element[2])];
      const register = element[3] as 'a' | 'b' | 'first' | 'last' | 'm' | 'p' | 'lr' | 'd';
      if (i >= n || j >= n) return undefined;
      const types = {
        a: int(16),
        b: int(16),
        first: bool,
        last: bool,
        m: int(32),
        p: int(bits),
        lr: int(bits),
        d: bool,
      };
      return this.probe(name, types[register], () => this.registers[register](i, j), this.hooks);
    }
    if (skew !== null) {
      const [lane, s] = [Number(skew[2]), Number(skew[3])];
      if (lane >= n || s > lane) return undefined;
      const side = skew[1] === 'a' ? 'skewA' : 'skewB';
      return this.probe(name, int(16), () => this.registers[side](lane, s), this.hooks);
    }
    return undefined;
  }

  private readonly hooks = { attach: (): void => this.look(), detach: (): void => this.lookAway() };

  /** Somebody looks inside: from here on the registers are stepped beside the lazy history. */
  private look(): void {
    this.watchers += 1;
    if (this.watchers > 1 || this.ticked) return;
    this.materialise();
  }

  private materialise(): void {
    const lazy = this.lazy!;
    lazy.cycle = this.clock.cycle;
    this.stepped = new TickedCore(this.shape, () => {});
    this.stepped.materialise(lazy);
    this.state.latest = Math.max(this.state.latest, lazy.cycle);
    this.sim.wake(this.process);
  }

  private lookAway(): void {
    this.watchers -= 1;
    if (this.watchers === 0 && !this.ticked) this.stepped = null;
  }

  private gate(): void {
    this.in.ready.write(this.in.payload.last.value === 0 || this.open.value !== 0 ? 1 : 0);
  }

  /** One rising edge. */
  private tick(): boolean {
    const s = this.state;
    const { n } = this.shape;
    const { cycle } = this.clock;
    this.ranAt = cycle;
    if (this.rst.value !== 0) {
      this.reset(cycle);
      return true;
    }
    const { payload } = this.in;
    const issue = this.in.valid.value !== 0 && this.in.ready.value !== 0;
    const first = issue && payload.first.value !== 0;
    const last = issue && payload.last.value !== 0;
    let m = last ? payload.m.value : 0;
    let nc = last ? payload.nc.value : 0;
    if (m > n || nc > n) this.refuseToken(m, nc, cycle);

    const popped = this.columns.pop(s.promises);
    const heldBefore = s.columns.held;
    if (issue) s.latest = cycle;
    if (this.lazy !== null) {
      const { lazy } = this;
      if (issue && this.recordedAt !== cycle) this.record(cycle);
      lazy.drain(cycle, this.columns.push);
      if (this.stepped !== null) this.stepBeside(cycle);
    } else {
      const stepped = this.stepped!;
      if (issue) {
        payload.a.copyTo(stepped.state.skewA, stepped.place);
        payload.b.copyTo(stepped.state.skewB, stepped.place);
      }
      stepped.step(issue, first, last, m, nc);
    }
    const pushed = s.columns.held > heldBefore;

    const { coming, spacing } = s;
    const arrives = coming.length > 0 && coming[0]!.cycle === cycle;
    if (arrives) ({ m, nc } = coming.shift()!);
    if (last || arrives) {
      s.spacing = Math.max(0, m - 1);
      for (let j = 0; j < nc; j++) s.promises[j]! += m;
    } else if (spacing > 0) s.spacing = spacing - 1;
    if (last || arrives || popped || s.spacing === 0) this.showOpen();
    if (popped || pushed) this.columns.show();
    return this.awake(cycle, issue || arrives || popped || pushed || spacing > 0);
  }

  /** Whether the process must run at the next edge; else it is woken for the next push or by its ports. */
  private awake(cycle: number, moved: boolean): boolean {
    const { n, L } = this.shape;
    // Operands and sums are at rest once everything has run out on the right and at the bottom.
    if (this.stepped !== null && cycle - this.state.latest <= 4 * n + L + 4) return true;
    if (moved || this.lazy === null) return moved;
    const { coming } = this.state;
    const due = Math.min(this.lazy.nextPush(cycle + 1), coming.length > 0 ? coming[0]!.cycle : Infinity);
    if (due === cycle + 1) return true;
    if (due !== Infinity && this.state.alarm !== due) {
      this.state.alarm = due;
      this.sim.wakeAt(this.process, due);
    }
    return false;
  }

  /** Takes the slice on the wires into the history. */
  private record(cycle: number): void {
    const { payload } = this.in;
    const lazy = this.lazy!;
    lazy.room(cycle, 1);
    const { a, b } = lazy.state;
    payload.a.copyTo(a, lazy.place);
    payload.b.copyTo(b, lazy.place);
    const last = payload.last.value !== 0;
    lazy.issue(cycle, payload.first.value !== 0, last, payload.m.value, payload.nc.value);
    this.recordedAt = cycle;
  }

  private refuseToken(m: number, nc: number, cycle: number): never {
    const { n } = this.shape;
    const most = `at most n = ${n}`;
    if (m > n) throw new CommandError(this.path, 'in_m', most, m, cycle);
    throw new CommandError(this.path, 'in_nc', most, nc, cycle);
  }

  private stepBeside(cycle: number): void {
    const { lazy, stepped } = this;
    const slice = lazy!.sliceAt(cycle);
    const { n } = this.shape;
    if (slice >= 0) {
      const { a, b } = lazy!.state;
      const { skewA, skewB } = stepped!.state;
      const at = stepped!.place;
      for (let i = 0; i < n; i++) {
        skewA[at + i] = a[slice * n + i]!;
        skewB[at + i] = b[slice * n + i]!;
      }
    }
    const tags = slice >= 0 ? lazy!.state.tags[slice]! : 0;
    const token = (tags & 2) !== 0 ? lazy!.tokenAt(cycle) : undefined;
    stepped!.step(slice >= 0, (tags & 1) !== 0, token !== undefined, token?.m ?? 0, token?.nc ?? 0);
  }

  private showOpen(): void {
    const s = this.state;
    const { n, outputDepth } = this.shape;
    let room = true;
    for (let j = 0; room && j < n; j++) room = s.promises[j]! <= outputDepth - n;
    this.room.write(room ? 1 : 0);
    this.open.write(room && s.spacing === 0 ? 1 : 0);
  }

  private reset(cycle: number): void {
    const s = this.state;
    s.spacing = 0;
    s.promises.fill(0);
    // Slices of a run that are still to come issue after the reset, as they would one by one.
    while (s.coming.length > 0 && s.coming[0]!.cycle <= cycle) s.coming.shift();
    this.lazy?.reset(cycle);
    this.stepped?.reset();
    this.columns.reset();
    this.open.write(1);
    this.room.write(1);
  }

  /**
   * Takes as much of an offered run as certainly issues without a stall. The producer's process may run before or after
   * this array's at the same edge: what happens at that edge counts either way.
   */
  private acceptRun(offer: RunOffer): number {
    const { lazy } = this;
    if (lazy === null || this.stepped !== null || offer.period !== 1 || this.rst.value !== 0) return 0;
    const s = this.state;
    const { n, outputDepth } = this.shape;
    const { cycle } = this.clock;
    const run = offer.data as SliceRun;
    const promised = s.promises.slice();
    let spacedFrom = cycle + s.spacing + (this.ranAt === cycle ? 1 : 0);
    const promise = (issued: number, m: number, nc: number): void => {
      spacedFrom = Math.max(spacedFrom, issued + m);
      for (let j = 0; j < nc; j++) promised[j]! += m;
    };
    if (this.ranAt !== cycle && this.in.fires) {
      const { last, m, nc } = this.in.payload;
      this.record(cycle);
      if (last.value !== 0) promise(cycle, m.value, nc.value);
    }
    for (const last of s.coming) promise(last.cycle, last.m, last.nc);
    const limit = Math.min(offer.count, lazy.room(cycle, offer.count));
    let accepted = 0;
    for (; accepted < limit; accepted++) {
      if ((run.tags[accepted]! & 2) === 0) continue;
      const issued = offer.first + accepted;
      // Pops to come are not counted: a run must be certain.
      if (issued < spacedFrom || promised.some((p) => p > outputDepth - n)) break;
      const [m, nc] = [run.m[accepted]!, run.nc[accepted]!];
      if (m > n || nc > n) this.refuseToken(m, nc, issued);
      promise(issued, m, nc);
    }
    if (accepted === 0) return 0;
    lazy.state.a.set(run.a.subarray(0, accepted * n), lazy.place);
    lazy.state.b.set(run.b.subarray(0, accepted * n), lazy.place);
    for (let k = 0; k < accepted; k++) {
      const tag = run.tags[k]!;
      const last = (tag & 2) !== 0;
      lazy.issue(offer.first + k, (tag & 1) !== 0, last, run.m[k]!, run.nc[k]!);
      if (last) s.coming.push({ cycle: offer.first + k, m: run.m[k]!, nc: run.nc[k]! });
    }
    s.latest = offer.first + accepted - 1;
    this.sim.wake(this.process);
    return accepted;
  }

  override loadState(saved: unknown): void {
    super.loadState(saved);
    // Nothing has happened yet at the edge to come.
    this.ranAt = this.recordedAt = -1;
    if (this.stepped !== null && !this.ticked) this.materialise();
  }
}
