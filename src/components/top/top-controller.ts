import {
  bits,
  bool,
  type Channel,
  type Clock,
  ConfigError,
  enumeration,
  int,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
  type VectorSignal,
  type Wait,
} from '../../kernel/index.js';
import { roundingSeed } from '../../numbers/seeds.js';
import { ADDRESS_BITS, BUS_LANES, WORD_BYTES } from '../axi/channels.js';
import { FILL_KIND } from '../l2-cache.js';
import { readCommand } from '../read-dma.js';
import { collectorWork } from '../row-collector.js';
import { DESCRIPTOR_WORDS, type LayerDescriptor, PAGE_BYTES, unpackDescriptor } from './layer-descriptor.js';
import {
  bandRows,
  blockPanels,
  lastRows,
  nestShape,
  type NestShape,
  nestState,
  nextBand,
  restartNest,
} from './loop-nest.js';
import { causeOf, STALL_CAUSES } from './stall-causes.js';

export const TOP_STATES = ['IDLE', 'CONFIG', 'RUN', 'FLUSH', 'FENCE', 'DONE'] as const;
const [IDLE, CONFIG, RUN, FLUSH, FENCE, DONE] = [0, 1, 2, 3, 4, 5] as const;

/** Settings that the controller drives: name and width; each is an output `cfg_<name>`. */
const SETTINGS = {
  kprime: 16, bias: 1, bias_exp: 4, channels: 16, kh: 16, kw: 16, stride_y: 16, stride_x: 16, dil_y: 16, dil_x: 16,
  pad_x: 16, in_h: 16, in_w: 16, out_w: 16, q: 16, u: 16, wbank: 16, hband: 16, shift: 5, relu: 1, stochastic: 1,
  pool_mode: 2, pool_size_y: 4, pool_size_x: 4, pool_stride_y: 4, pool_stride_x: 4, pool_in_w: 16, pool_in_h: 16,
  pool_out_w: 16, pool_out_h: 16, pool_filters: 10, plane_words: 32,
} as const; // prettier-ignore
type Setting = keyof typeof SETTINGS;

/** Where the loader is within a filter block: first panel, first band, other panels, other bands. */
const [FIRST_PANEL, FIRST_BAND, PANELS, BANDS] = [0, 1, 2, 3] as const;

export const fillCommand = {
  kind: uint(1),
  half: uint(1),
  addr: uint(16),
  channel: uint(16),
  row: uint(16),
  rows: uint(16),
};

/** A layer that was run, as counted in hardware. */
export interface LayerCounts {
  readonly layer: number;
  readonly image: number;
  /** First and last cycle: accept of the descriptor (exclusive) to DONE (inclusive). */
  readonly firstCycle: number;
  readonly cycles: number;
  /** Cycles by cause, in the order of STALL_CAUSES. */
  readonly causes: Float64Array;
}

export interface TopControllerSpec {
  readonly clock: Clock;
  /** Array size, 1 to 63. */
  readonly n: number;
}

/**
 * TOP: runs layers, each from a packed descriptor, by the nest `group → filter block (p·n filters) → band (whole output
 * rows) → pixel tile → panel → k`, of which it does the outer three and the units the rest.
 *
 * Ports    sink `descriptor` {words}; `state`; settings `cfg_*` for all units; `seed` and `load[j]` for rounding unit j;
 *          to READ and L2: sources `read`, `fill`, inputs `fill_done`, `fill_done_kind`, `fill_done_half`; to L2-to-SA: source `work`,
 *          `panels_ready[2]`, inputs `done`, `a_wait`, `b_wait`; to the store path: source `rows` (the collector's work),
 *          inputs `collecting`, `pooled` (a pooled row waits), `idle`, output `flush`; status of the array's input: `a_valid`,
 *          `b_valid`, `sa_ready`, `sa_room`. `layer_done` pulses with DONE.
 * States   IDLE → CONFIG (n cycles: unit j's LFSR is seeded in the j-th) → RUN (loader, compute, store side by side) →
 *          FLUSH (until WRITE holds nothing and every response is there) → FENCE → DONE → IDLE.
 * Loads    In order: first panel of A, first band of B, the block's other panels, its other bands; each when its half is
 *          free. A half of A belongs to one filter block, a half of B to one band; both are freed by the last read. One READ
 *          command a panel; one a channel and band, or one for the whole group where a band is the whole plane.
 * Causes   Each cycle outside IDLE counts for the first true cause of stall-causes.ts; their sum is the layer's cycles.
 * Contract Registered outputs. Values are right in every case; the exact cycles of loads and hand-overs are this
 *          implementation's, until the memory path's contract is complete.
 * Storage  Four loop counters, flags of four halves, one descriptor.
 * Errors   ConfigError for n out of range. The sum of the causes is asserted for every layer.
 * Source   The machine contract, sections 4 (seeds) and 9. Cycles and phases: docs/timing-model.md.
 */
export class TopController extends Module {
  readonly descriptor: Channel<{ words: ReturnType<typeof vector> }>;
  readonly read: Channel<typeof readCommand>;
  readonly fill: Channel<typeof fillCommand>;
  readonly work: Channel<ReturnType<typeof feedWork>>;
  readonly rows: Channel<typeof collectorWork>;
  readonly phase: Signal;
  readonly layerDone: Signal;
  readonly flush: Signal;
  readonly base: Signal;
  readonly seed: Signal;
  readonly load: Signal[] = [];
  readonly panelsReady: VectorSignal;
  readonly cfg: Readonly<Record<Setting, Signal>>;
  readonly fillDone: Signal;
  readonly fillKind: Signal;
  readonly fillHalf: Signal;
  readonly done: Signal;
  readonly aWait: Signal;
  readonly bWait: Signal;
  readonly aValid: Signal;
  readonly bValid: Signal;
  readonly saReady: Signal;
  readonly saRoom: Signal;
  readonly collecting: Signal;
  readonly pooled: Signal;
  readonly idle: Signal;

  override state = {
    descriptor: {} as LayerDescriptor,
    /** Next unit to be seeded. */
    unit: 0,
    loader: { ...nestState(), phase: FIRST_PANEL as number, panel: 0, channel: 0 },
    compute: nestState(),
    store: nestState(),
    retire: nestState(),
    /** Per half: taken by the loader; panels loaded (A); commands given and done, all given, full (B). */
    aTaken: [0, 0],
    aPanels: [0, 0],
    bTaken: [0, 0],
    bGiven: [0, 0],
    bDone: [0, 0],
    bAllGiven: [0, 0],
    transaction: 0,
    /** Statistics: first cycle of the layer, cycle and cause of the latest tick, cycles by cause. */
    firstCycle: 0,
    latest: 0,
    cause: 0,
    causes: new Float64Array(STALL_CAUSES.length),
    finished: [] as LayerCounts[],
  };
  private readonly clock: Clock;
  private readonly n: number;
  private shape: NestShape | null = null;

  constructor(parent: Module | Simulator, name: string, { clock, n }: TopControllerSpec) {
    super(parent, name);
    if (!Number.isInteger(n) || n < 1 || n > 63)
      throw new ConfigError(this.path, 'n', 'an integer from 1 to 63', n);
    this.clock = clock;
    this.n = n;
    this.descriptor = this.sink('descriptor', { words: vector(DESCRIPTOR_WORDS, bits(32)) }, clock);
    this.read = this.source('read', readCommand, clock);
    this.fill = this.source('fill', fillCommand, clock);
    this.work = this.source('work', feedWork(n), clock);
    this.rows = this.source('rows', collectorWork, clock);
    this.phase = this.output('state', enumeration(TOP_STATES));
    this.layerDone = this.output('layer_done', bool);
    this.flush = this.output('flush', bool);
    this.base = this.output('cfg_base', uint(ADDRESS_BITS));
    this.seed = this.output('seed', bits(32));
    for (let j = 0; j < n; j++) this.load.push(this.output(`load[${j}]`, bool));
    this.panelsReady = this.output('panels_ready', vector(2, uint(10)));
    const cfg: Partial<Record<Setting, Signal>> = {};
    for (const [setting, width] of Object.entries(SETTINGS))
      cfg[setting as Setting] = this.output(`cfg_${setting}`, uint(width));
    this.cfg = cfg as Record<Setting, Signal>;
    this.fillDone = this.input('fill_done', bool);
    this.fillKind = this.input('fill_done_kind', uint(1));
    this.fillHalf = this.input('fill_done_half', uint(1));
    this.done = this.input('done', bool);
    this.aWait = this.input('a_wait', bool);
    this.bWait = this.input('b_wait', bool);
    this.aValid = this.input('a_valid', bool);
    this.bValid = this.input('b_valid', bool);
    this.saReady = this.input('sa_ready', bool);
    this.saRoom = this.input('sa_room', bool);
    this.collecting = this.input('collecting', bool);
    this.pooled = this.input('pooled', bool);
    this.idle = this.input('idle', bool);
    this.descriptor.ready.write(1);
    this.edge(clock, this.tick, [
      this.descriptor.valid, this.read.ready, this.fill.ready, this.work.ready, this.rows.ready, this.fillDone, this.done,
      this.aWait, this.bWait, this.aValid, this.bValid, this.saReady, this.saRoom, this.collecting, this.pooled, this.idle,
    ]); // prettier-ignore
  }

  /** Layers finished so far, with their counts. */
  get finished(): readonly LayerCounts[] {
    return this.state.finished;
  }

  override waits(): readonly Wait[] {
    const phase = this.phase.value;
    if (phase === IDLE) return [];
    const s = this.state;
    const loads =
      s.loader.done !== 0
        ? 'all loads given'
        : `loading group ${s.loader.group}, block ${s.loader.block}, band ${s.loader.band}`;
    const why = `${TOP_STATES[phase]} of layer ${s.descriptor.layer}: ${loads}; ${s.retire.bands} bands read of ${s.compute.bands} begun`;
    // Reads that were begun and do not end wait for room behind the array; otherwise the loads are what is missing.
    const whom = s.retire.bands < s.compute.bands || s.retire.done !== 0 ? 'the store path' : 'the load path';
    return [{ who: this.path, whom, why }];
  }

  override loadState(saved: unknown): void {
    super.loadState(saved);
    this.shape = null;
  }

  private tick(): boolean {
    const phase = this.phase.value;
    if (phase === IDLE) return this.accept();
    this.count();
    switch (phase) {
      case CONFIG:
        return this.configure();
      case RUN:
        return this.runLayer();
      case FLUSH:
        if (this.idle.value === 0 || this.pooled.value !== 0) return false;
        this.flush.write(0);
        this.phase.write(FENCE);
        return true;
      case FENCE:
        this.phase.write(DONE);
        this.layerDone.write(1);
        return true;
      default:
        this.finish();
        return true;
    }
  }

  /** Adds the cycles since the latest tick, in which nothing changed, and this one, to their causes. */
  private count(): void {
    const s = this.state;
    const { cycle } = this.clock;
    s.causes[s.cause]! += cycle - s.latest - 1;
    s.latest = cycle;
    const phase = this.phase.value;
    s.cause = causeOf({
      configuring: phase === CONFIG || phase === DONE,
      readsDone: s.retire.done !== 0,
      aValid: this.aValid.value !== 0,
      bValid: this.bValid.value !== 0,
      awaitsPanel: this.aWait.value !== 0,
      awaitsBand: this.bWait.value !== 0,
      ready: this.saReady.value !== 0,
      room: this.saRoom.value !== 0,
    });
    s.causes[s.cause]! += 1;
  }

  private accept(): boolean {
    if (this.layerDone.value !== 0) this.layerDone.write(0);
    if (this.descriptor.valid.value === 0 || this.descriptor.ready.value === 0)
      return this.layerDone.value !== 0;
    const s = this.state;
    const d = unpackDescriptor(this.descriptor.payload.words.values);
    s.descriptor = d;
    this.shape = null;
    restartNest(s.loader);
    s.loader.phase = FIRST_PANEL;
    s.loader.panel = s.loader.channel = 0;
    restartNest(s.compute);
    restartNest(s.store);
    restartNest(s.retire);
    for (const flags of [s.aTaken, s.aPanels, s.bTaken, s.bGiven, s.bDone, s.bAllGiven]) flags.fill(0);
    this.panelsReady.fill(0);
    s.causes.fill(0);
    s.firstCycle = this.clock.cycle + 1;
    s.latest = this.clock.cycle;
    s.cause = 0;
    s.unit = 0;
    s.transaction = this.sim.transactions.begin('layer', this.path, { layer: d.layer, image: d.image });
    this.drive(d);
    this.descriptor.ready.write(0);
    this.phase.write(CONFIG);
    return true;
  }

  /** Settings of all units. */
  private drive(d: LayerDescriptor): void {
    const { cfg } = this;
    cfg.kprime.write(d.kprime);
    cfg.bias.write(d.bias);
    cfg.bias_exp.write(d.biasExp);
    cfg.channels.write(d.channels);
    cfg.kh.write(d.kernelH);
    cfg.kw.write(d.kernelW);
    cfg.stride_y.write(d.strideY);
    cfg.stride_x.write(d.strideX);
    cfg.dil_y.write(d.dilY);
    cfg.dil_x.write(d.dilX);
    cfg.pad_x.write(d.padX);
    cfg.in_h.write(d.inH);
    cfg.in_w.write(d.inW);
    cfg.out_w.write(d.outW);
    cfg.q.write(d.q);
    cfg.u.write(d.u);
    cfg.wbank.write(d.wbank);
    cfg.hband.write(d.hband);
    cfg.shift.write(d.shift);
    cfg.relu.write(d.relu);
    cfg.stochastic.write(d.stochastic);
    cfg.pool_mode.write(d.poolMode);
    cfg.pool_size_y.write(d.poolSizeY);
    cfg.pool_size_x.write(d.poolSizeX);
    cfg.pool_stride_y.write(d.poolStrideY);
    cfg.pool_stride_x.write(d.poolStrideX);
    cfg.pool_in_w.write(d.outW);
    cfg.pool_in_h.write(d.outH);
    cfg.pool_out_w.write(d.poolOutW);
    cfg.pool_out_h.write(d.poolOutH);
    cfg.pool_filters.write(Math.min(d.panels * this.n, d.filters));
    cfg.plane_words.write(d.poolOutH * d.poolOutW);
    this.base.write(d.outputPage * PAGE_BYTES);
  }

  /** Seeds one rounding unit a cycle. */
  private configure(): boolean {
    const s = this.state;
    const { n } = this;
    const { unit } = s;
    if (unit > 0) this.load[unit - 1]!.write(0);
    if (unit === n) {
      this.phase.write(RUN);
      return true;
    }
    const { seed, image, layer, layers } = s.descriptor;
    this.seed.write(roundingSeed({ seed, image, layer, layers, n, unit }));
    this.load[unit]!.write(1);
    s.unit = unit + 1;
    return true;
  }

  private runLayer(): boolean {
    const s = this.state;
    this.shape ??= nestShape(s.descriptor, this.n);
    const { shape } = this;
    let moved = this.noteFill();
    if (this.retire(shape)) moved = true;
    if (this.stepLoader(s.descriptor, shape)) moved = true;
    if (this.stepCompute(s.descriptor, shape)) moved = true;
    if (this.stepStore(s.descriptor, shape)) moved = true;
    const stored = s.store.done !== 0 && this.rows.valid.value === 0 && this.collecting.value === 0;
    if (s.retire.done !== 0 && stored && !moved) {
      this.flush.write(1);
      this.phase.write(FLUSH);
      return true;
    }
    return moved;
  }

  private noteFill(): boolean {
    if (this.fillDone.value === 0) return false;
    const s = this.state;
    const half = this.fillHalf.value;
    if (this.fillKind.value === FILL_KIND.panel) {
      s.aPanels[half]! += 1;
      this.panelsReady.set(half, s.aPanels[half]!);
    } else s.bDone[half]! += 1;
    return true;
  }

  /** The last read of a band frees its half of B; that of a block's last band its half of A too. */
  private retire(shape: NestShape): boolean {
    if (this.done.value === 0) return false;
    const s = this.state;
    const b = s.retire.bands % 2;
    s.bTaken[b] = s.bGiven[b] = s.bDone[b] = s.bAllGiven[b] = 0;
    if (s.retire.band === shape.bands - 1) {
      const a = s.retire.blocks % 2;
      s.aTaken[a] = s.aPanels[a] = 0;
      this.panelsReady.set(a, 0);
    }
    nextBand(s.retire, shape);
    return true;
  }

  /** Gives READ and L2 the next load, when both took the last one and the half is free. */
  private stepLoader(d: LayerDescriptor, shape: NestShape): boolean {
    const s = this.state;
    const { loader } = s;
    let moved = false;
    const readBusy = this.read.valid.value !== 0 && this.read.ready.value === 0;
    const fillBusy = this.fill.valid.value !== 0 && this.fill.ready.value === 0;
    if (this.read.valid.value !== 0 && !readBusy) {
      this.read.valid.write(0);
      moved = true;
    }
    if (this.fill.valid.value !== 0 && !fillBusy) {
      this.fill.valid.write(0);
      moved = true;
    }
    if (readBusy || fillBusy || loader.done !== 0) return moved;
    const wantsPanel = loader.phase === FIRST_PANEL || loader.phase === PANELS;
    return (wantsPanel ? this.loadPanel(d, shape) : this.loadBand(d, shape)) || moved;
  }

  private loadPanel(d: LayerDescriptor, shape: NestShape): boolean {
    const s = this.state;
    const { loader } = s;
    const half = loader.blocks % 2;
    if (loader.panel === 0) {
      if (s.aTaken[half] !== 0) return false;
      s.aTaken[half] = 1;
    }
    if (loader.panel === blockPanels(d, shape, loader.block)) {
      // The block has no other panels than the first.
      loader.phase = BANDS;
      return true;
    }
    const words = d.kprime * BUS_LANES * Math.ceil(this.n / BUS_LANES);
    const index = loader.group * shape.panelsPerGroup + loader.block * d.panels + loader.panel;
    this.give(
      d.weightPage * PAGE_BYTES + index * words * WORD_BYTES,
      words,
      FILL_KIND.panel,
      half,
      loader.panel * d.kprime,
      0,
      0,
    );
    loader.panel += 1;
    if (loader.phase === FIRST_PANEL) loader.phase = FIRST_BAND;
    else if (loader.panel === blockPanels(d, shape, loader.block)) loader.phase = BANDS;
    return true;
  }

  private loadBand(d: LayerDescriptor, shape: NestShape): boolean {
    const s = this.state;
    const { loader } = s;
    if (loader.phase === BANDS && loader.band === 0) {
      // All of the block's bands were begun: its first one in FIRST_BAND, so a single band leaves none.
      loader.band = 1;
      if (shape.bands === 1) this.endBlock(shape);
      return true;
    }
    const half = loader.bands % 2;
    if (loader.channel === 0) {
      if (s.bTaken[half] !== 0) return false;
      s.bTaken[half] = 1;
    }
    const { first, rows } = bandRows(d, loader.band);
    const whole = rows === d.inH && d.hband === d.inH && d.channels * d.inH < 65536;
    if (rows > 0) {
      const plane = d.inH * d.inW;
      const address =
        d.inputPage * PAGE_BYTES +
        WORD_BYTES * ((loader.group * d.channels + loader.channel) * plane + first * d.inW);
      const count = whole ? d.channels * d.inH : rows;
      this.give(address, count * d.inW, FILL_KIND.rows, half, 0, loader.channel, count);
      s.bGiven[half]! += 1;
    }
    loader.channel += 1;
    if (loader.channel < d.channels && !whole && rows > 0) return true;
    s.bAllGiven[half] = 1;
    loader.channel = 0;
    loader.bands += 1;
    if (loader.phase === FIRST_BAND) loader.phase = PANELS;
    else {
      loader.band += 1;
      if (loader.band === shape.bands) this.endBlock(shape);
    }
    return true;
  }

  private endBlock(shape: NestShape): void {
    const { loader } = this.state;
    const { bands } = loader;
    loader.band = shape.bands - 1;
    nextBand(loader, shape);
    // nextBand counts the band that it leaves; the loader has counted its bands itself.
    loader.bands = bands;
    loader.phase = FIRST_PANEL;
    loader.panel = 0;
  }

  private give(
    address: number,
    words: number,
    kind: number,
    half: number,
    slice: number,
    channel: number,
    rows: number,
  ): void {
    const { read, fill } = this;
    read.payload.addr.write(address);
    read.payload.words.write(words);
    read.valid.write(1);
    const { payload } = fill;
    payload.kind.write(kind);
    payload.half.write(half);
    payload.addr.write(slice);
    payload.channel.write(channel);
    payload.row.write(0);
    payload.rows.write(rows);
    fill.valid.write(1);
  }

  /** Gives the address generators the next band once it is loaded. */
  private stepCompute(d: LayerDescriptor, shape: NestShape): boolean {
    const s = this.state;
    const { work } = this;
    let moved = false;
    if (work.valid.value !== 0) {
      if (work.ready.value === 0) return false;
      work.valid.write(0);
      moved = true;
    }
    const half = s.compute.bands % 2;
    if (s.compute.done !== 0 || s.bAllGiven[half] === 0 || s.bDone[half] !== s.bGiven[half]) return moved;
    // The half may still be that of the band before last, until its last read has been made.
    if (s.compute.bands - s.retire.bands > 1) return moved;
    const { row0, first, outRows } = bandRows(d, s.compute.band);
    const { payload } = work;
    payload.half_a.write(s.compute.blocks % 2);
    payload.half_b.write(half);
    payload.panels.write(blockPanels(d, shape, s.compute.block));
    payload.last_rows.write(lastRows(d, shape, s.compute.block, this.n));
    payload.pixels.write(outRows * d.outW);
    payload.row0.write(row0);
    payload.first_row.write(first);
    work.valid.write(1);
    nextBand(s.compute, shape);
    return true;
  }

  /** Tells the collector which rows come next. */
  private stepStore(d: LayerDescriptor, shape: NestShape): boolean {
    const s = this.state;
    const { rows } = this;
    let moved = false;
    if (rows.valid.value !== 0) {
      if (rows.ready.value === 0) return false;
      rows.valid.write(0);
      moved = true;
    }
    if (s.store.done !== 0) return moved;
    const { outRows } = bandRows(d, s.store.band);
    const { payload } = rows;
    payload.panels.write(blockPanels(d, shape, s.store.block));
    payload.last_rows.write(lastRows(d, shape, s.store.block, this.n));
    payload.first_filter.write(s.store.group * d.filters + s.store.block * d.panels * this.n);
    payload.first_pixel.write(s.store.band * d.bandRows * d.outW);
    payload.pixels.write(outRows * d.outW);
    rows.valid.write(1);
    nextBand(s.store, shape);
    return true;
  }

  private finish(): void {
    const s = this.state;
    const cycles = this.clock.cycle - s.firstCycle + 1;
    const sum = s.causes.reduce((a, b) => a + b, 0);
    if (sum !== cycles)
      throw new ConfigError(
        this.path,
        'stall causes',
        `${cycles} cycles in all for layer ${s.descriptor.layer}`,
        sum,
      );
    s.finished.push({
      layer: s.descriptor.layer,
      image: s.descriptor.image,
      firstCycle: s.firstCycle,
      cycles,
      causes: s.causes.slice(),
    });
    this.sim.transactions.end(s.transaction, { cycles });
    this.layerDone.write(0);
    this.phase.write(IDLE);
    this.descriptor.ready.write(1);
  }
}

/** The work entry of the address generators. */
export const feedWork = (n: number) => ({
  half_a: uint(1),
  half_b: uint(1),
  panels: uint(10),
  last_rows: uint(Math.max(6, Math.ceil(Math.log2(n + 1)))),
  pixels: uint(32),
  row0: int(17),
  first_row: uint(16),
});
