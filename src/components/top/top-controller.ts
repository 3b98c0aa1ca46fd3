import {
  bits,
  bool,
  type Channel,
  type Clock,
  ConfigError,
  enumeration,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
  type VectorSignal,
  type Wait,
} from '../../kernel/index.js';
import { roundingSeed } from '../../numbers/seeds.js';
import { ADDRESS_BITS } from '../axi/channels.js';
import { FILL_KIND, fillCommand } from '../l2-cache.js';
import { ahead, workEntry } from '../l2-work-queue.js';
import { readCommand } from '../read-dma.js';
import { collectorWork } from '../row-collector.js';
import { DESCRIPTOR_WORDS, type LayerDescriptor, PAGE_BYTES, unpackDescriptor } from './layer-descriptor.js';
import { Loader } from './loader.js';
import {
  bandRows,
  blockPanels,
  endsHalfA,
  halfA,
  halfB,
  lastRows,
  nestShape,
  type NestShape,
  nestState,
  nextEntry,
  partOf,
  restartNest,
  storePixels,
  storeShape,
} from './loop-nest.js';
import { type Setting, SETTINGS, settingsOf } from './settings.js';
import { causeOf, STALL_CAUSES } from './stall-causes.js';

export const TOP_STATES = ['IDLE', 'CONFIG', 'RUN', 'FLUSH', 'FENCE', 'DONE'] as const;
const [IDLE, CONFIG, RUN, FLUSH, FENCE, DONE] = [0, 1, 2, 3, 4, 5] as const;

/** A layer that was run, as counted in hardware. */
export interface LayerCounts {
  readonly layer: number;
  readonly image: number;
  /** First cycle, the one after the descriptor's accept, and cycles from there to DONE, both included. */
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

/** Registers; `loader` belongs to the loader. */
const registers = (loader: Loader) => ({
  descriptor: {} as LayerDescriptor,
  /** Next unit to be seeded; n + 1 when all are, and the last load pulse is over. */
  unit: 0,
  loader: loader.state,
  compute: nestState(),
  store: nestState(),
  retire: nestState(),
  /** The layer's transaction, and what it is part of. */
  transaction: 0,
  parent: 0,
  /** Statistics: first cycle of the layer, cycle and cause of the latest tick, cycles by cause. */
  firstCycle: 0,
  latest: 0,
  cause: 0,
  causes: new Float64Array(STALL_CAUSES.length),
  finished: [] as LayerCounts[],
});

/**
 * TOP: runs layers, each from a packed descriptor, by the nest `group → filter block (p·n filters) → band (whole output
 * rows) → pixel tile → panel → k`, of which it does the outer three and the units the rest. Where a panel's sums are too
 * long for the cache: `group → panel → pixel tile → part of the channels → k`, of which the units do the last.
 *
 * Ports    sink `descriptor` {words}; `state`; settings `cfg_*` for all units; `seed` and `load[j]` for rounding unit j;
 *          to READ and L2: sources `read`, `fill` (l2-cache.ts), inputs `fill_done`, `fill_done_kind`, `fill_done_half`;
 *          to L2-to-SA: source `work`, `panels_ready[2]`, inputs `done`, `a_wait`, `drained`; to the store path: source `rows` (the
 *          collector's work), inputs `collecting`, `pooled` (a pooled row waits), `idle`, output `flush`; status of the array's
 *          input: `a_valid`, `b_valid`, `sa_ready`, `sa_room`. `layer_done` pulses with DONE.
 * States   IDLE → CONFIG (1 cycle) → RUN (loader, compute, store side by side) → FLUSH (until WRITE holds nothing and
 *          every response is there) → FENCE (1 cycle) → DONE (1 cycle) → IDLE.
 * Loads    In order: first panel of A, first band of B, the block's other panels, its other bands; of parted sums A's and B's part of each
 *          entry in turn; each when its half is free. A half of A belongs to one filter block (or part), a half of B to one
 *          band (or part); both are freed by the last read. One READ command a panel; one a channel and band, or one for all channels
 *          of the band where it is whole planes.
 * Contract Registered outputs. The descriptor accepted in cycle c: CONFIG and the settings in c+1; the first read and fill commands
 *          and the first collector's work valid in c+2; `load[j]` with unit j's seed in c+2+j.
 *          Loader: while both took the command before, the next one is valid in the cycle after: one a cycle. A band that stores
 *          nothing takes one cycle. Read and fill are given together; the next pair waits for both.
 *          `done` in cycle c: the halves it frees can be loaded by commands valid in c+1; `panels_ready` falls in c+1.
 *          `fill_done` in c: `panels_ready` in c+1; if it completes the band, the work entry is valid in c+1, unless two are
 *          outstanding: then in the cycle after the `done` of the older one.
 *          A unit's next entry is valid in the cycle after the one before was taken. RUN ends with the first cycle in which all
 *          entries are done, all collector's work was taken and `collecting` is low: `flush` is high from the next one
 *          on. FLUSH ends with the first cycle with `idle` and without `pooled`; FENCE, DONE and IDLE follow. The next
 *          descriptor can be accepted in the first cycle of IDLE.
 * Causes   Each cycle outside IDLE counts for the first true cause of stall-causes.ts; their sum is the layer's cycles. The probe
 *          `cause` shows cycle c's after the edge that ends it; in IDLE, `control`.
 * Storage  Four sets of loop counters, each as wide as the field of the descriptor that bounds it (band: 32 bits, for tiles of parted
 *          sums); numbers of blocks and entries in two bits; flags of four halves; one descriptor. Cycles by cause are exact to 53 bits
 *          here; 32 bits of hardware would count 25 s at 166 MHz.
 * Errors   ConfigError for n out of range. The sum of the causes is asserted for every layer.
 * Source   The machine contract, sections 4 (seeds), 6 (sums too long) and 9. Own: the units are seeded beside the first loads, of
 *          which none can give a result earlier than n cycles after its first read. Cycles and phases: docs/timing-model.md.
 */
export class TopController extends Module {
  readonly descriptor: Channel<{ words: ReturnType<typeof vector> }>;
  readonly read: Channel<typeof readCommand>;
  readonly fill: Channel<typeof fillCommand>;
  readonly work: Channel<typeof workEntry>;
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
  readonly drained: Signal;
  readonly aValid: Signal;
  readonly bValid: Signal;
  readonly saReady: Signal;
  readonly saRoom: Signal;
  readonly collecting: Signal;
  readonly pooled: Signal;
  readonly idle: Signal;
  override state: ReturnType<typeof registers>;
  private readonly clock: Clock;
  private readonly n: number;
  private readonly loader: Loader;
  /** Derived from the descriptor: constants of the layer. */
  private shapes: { readonly nest: NestShape; readonly store: NestShape } | null = null;

  constructor(parent: Module | Simulator, name: string, { clock, n }: TopControllerSpec) {
    super(parent, name);
    if (!Number.isInteger(n) || n < 1 || n > 63)
      throw new ConfigError(this.path, 'n', 'an integer from 1 to 63', n);
    this.clock = clock;
    this.n = n;
    this.loader = new Loader(n);
    this.state = registers(this.loader);
    this.descriptor = this.sink('descriptor', { words: vector(DESCRIPTOR_WORDS, bits(32)) }, clock);
    this.read = this.source('read', readCommand, clock);
    this.fill = this.source('fill', fillCommand, clock);
    this.work = this.source('work', workEntry, clock);
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
    this.drained = this.input('drained', bool);
    this.aValid = this.input('a_valid', bool);
    this.bValid = this.input('b_valid', bool);
    this.saReady = this.input('sa_ready', bool);
    this.saRoom = this.input('sa_room', bool);
    this.collecting = this.input('collecting', bool);
    this.pooled = this.input('pooled', bool);
    this.idle = this.input('idle', bool);
    this.descriptor.ready.write(1);
    this.probe('cause', enumeration(STALL_CAUSES), () => this.state.cause);
    this.edge(clock, this.tick, [
      this.descriptor.valid, this.read.ready, this.fill.ready, this.work.ready, this.rows.ready, this.fillDone, this.done,
      this.aWait, this.drained, this.aValid, this.bValid, this.saReady, this.saRoom, this.collecting, this.pooled, this.idle,
    ]); // prettier-ignore
  }

  /** Layers finished so far, with their counts. */
  get finished(): readonly LayerCounts[] {
    return this.state.finished;
  }

  override waits(): readonly Wait[] {
    const phase = this.phase.value;
    if (phase === IDLE) return [];
    const { descriptor, loader, compute, retire } = this.state;
    const { group, block, band, part, done } = loader.nest;
    const loads =
      done !== 0 ? 'all loads given' : `loading group ${group}, block ${block}, band ${band}, part ${part}`;
    const begun = ahead(retire.entries, compute.entries);
    const why = `${TOP_STATES[phase]} of layer ${descriptor.layer}: ${loads}; ${begun} entries begun and not read`;
    // Reads that were begun and do not end wait for room behind the array; otherwise the loads are what is missing.
    const whom = begun > 0 || retire.done !== 0 ? 'the store path' : 'the load path';
    return [{ who: this.path, whom, why }];
  }

  override loadState(saved: unknown): void {
    super.loadState(saved);
    this.shapes = null;
    const { transaction, parent } = this.state;
    this.sim.transactions.work = this.phase.value === IDLE ? parent : transaction;
  }

  private tick(): boolean {
    const phase = this.phase.value;
    if (phase === IDLE) return this.accept();
    this.count();
    switch (phase) {
      case CONFIG:
        this.phase.write(RUN);
        this.runLayer();
        return true;
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
    const { compute, descriptor, loader } = s;
    s.cause = causeOf({
      configuring: phase === CONFIG || phase === DONE,
      aValid: this.aValid.value !== 0,
      bValid: this.bValid.value !== 0,
      drained: this.drained.value !== 0,
      allGiven: compute.done !== 0,
      handsOver: this.work.valid.value !== 0,
      panelLoaded: loader.aPanels[halfA(compute, descriptor)] !== 0,
      awaitsPanel: this.aWait.value !== 0,
      ready: this.saReady.value !== 0,
      room: this.saRoom.value !== 0,
    });
    s.causes[s.cause]! += 1;
  }

  private accept(): boolean {
    this.layerDone.write(0);
    if (!this.descriptor.fires) return false;
    const s = this.state;
    const d = unpackDescriptor(this.descriptor.payload.words.values);
    s.descriptor = d;
    this.shapes = null;
    this.loader.restart();
    restartNest(s.compute);
    restartNest(s.store);
    restartNest(s.retire);
    this.panelsReady.fill(0);
    s.causes.fill(0);
    s.firstCycle = this.clock.cycle + 1;
    s.latest = this.clock.cycle;
    s.cause = 0;
    s.unit = 0;
    const { transactions } = this.sim;
    const attributes = transactions.isObserved ? { layer: d.layer, image: d.image } : undefined;
    s.parent = transactions.work;
    s.transaction = transactions.begin('layer', this.path, attributes, s.parent);
    transactions.work = s.transaction;
    for (const [setting, value] of Object.entries(settingsOf(d, this.n)))
      this.cfg[setting as Setting].write(value);
    this.base.write(d.outputPage * PAGE_BYTES);
    this.descriptor.ready.write(0);
    this.phase.write(CONFIG);
    return true;
  }

  private runLayer(): boolean {
    const s = this.state;
    const { descriptor: d, store, retire } = s;
    this.shapes ??= this.shapesOf(d);
    const { shapes } = this;
    // Registers of before the edge: work that is still on the port has not been taken.
    const stored = store.done !== 0 && this.rows.valid.value === 0 && this.collecting.value === 0;
    if (retire.done !== 0 && stored) {
      this.flush.write(1);
      this.phase.write(FLUSH);
      return true;
    }
    let moved = this.stepSeeds();
    if (this.noteFill()) moved = true;
    if (this.retire(d, shapes.nest)) moved = true;
    if (this.stepLoader(d, shapes.nest)) moved = true;
    if (this.stepCompute(d, shapes.nest)) moved = true;
    if (this.stepStore(d, shapes.store)) moved = true;
    return moved;
  }

  private shapesOf(d: LayerDescriptor): { nest: NestShape; store: NestShape } {
    const nest = nestShape(d, this.n);
    return { nest, store: storeShape(d, nest) };
  }

  /** Seeds one rounding unit a cycle. */
  private stepSeeds(): boolean {
    const s = this.state;
    const { n } = this;
    const { unit } = s;
    if (unit > n) return false;
    s.unit = unit + 1;
    if (unit > 0) this.load[unit - 1]!.write(0);
    if (unit === n) return true;
    const { seed, image, layer, layers } = s.descriptor;
    this.seed.write(roundingSeed({ seed, image, layer, layers, n, unit }));
    this.load[unit]!.write(1);
    return true;
  }

  private noteFill(): boolean {
    if (this.fillDone.value === 0) return false;
    const { loader } = this.state;
    const half = this.fillHalf.value;
    if (this.fillKind.value === FILL_KIND.panel) {
      loader.aPanels[half]! += 1;
      this.panelsReady.set(half, loader.aPanels[half]!);
    } else loader.bDone[half]! += 1;
    return true;
  }

  /** The last read of an entry frees its half of B, and its half of A if no other entry reads it. */
  private retire(d: LayerDescriptor, shape: NestShape): boolean {
    if (this.done.value === 0) return false;
    const { loader, retire } = this.state;
    const b = halfB(retire);
    loader.bTaken[b] = loader.bGiven[b] = loader.bDone[b] = loader.bAllGiven[b] = 0;
    if (endsHalfA(retire, d, shape)) {
      const a = halfA(retire, d);
      loader.aTaken[a] = loader.aPanels[a] = 0;
      this.panelsReady.set(a, 0);
    }
    nextEntry(retire, shape);
    return true;
  }

  /** Gives READ and L2 the next load, when both took the last one and the half is free. */
  private stepLoader(d: LayerDescriptor, shape: NestShape): boolean {
    const { read, fill, loader } = this;
    const readTaken = read.fires;
    const fillTaken = fill.fires;
    const moved = readTaken || fillTaken;
    if (readTaken) read.valid.write(0);
    if (fillTaken) fill.valid.write(0);
    if (read.valid.value !== 0 && !readTaken) return moved;
    if (fill.valid.value !== 0 && !fillTaken) return moved;
    if (loader.state.nest.done !== 0 || loader.awaitsHalf(d)) return moved;
    const load = loader.next(d, shape);
    if (load !== null) {
      read.payload.addr.write(load.address);
      read.payload.words.write(load.words);
      read.valid.write(1);
      const { payload } = fill;
      payload.kind.write(load.kind);
      payload.half.write(load.half);
      payload.addr.write(load.slice);
      payload.channel.write(load.channel);
      payload.row.write(0);
      payload.rows.write(load.rows);
      fill.valid.write(1);
    }
    loader.advance(d, shape);
    return true;
  }

  /** Gives the address generators the next entry once its half of B is loaded. */
  private stepCompute(d: LayerDescriptor, shape: NestShape): boolean {
    const { work } = this;
    const { compute, retire, loader } = this.state;
    const taken = work.fires;
    if (taken) work.valid.write(0);
    else if (work.valid.value !== 0) return false;
    const half = halfB(compute);
    const loaded = loader.bAllGiven[half] !== 0 && loader.bDone[half] === loader.bGiven[half];
    // The half may still be that of the entry before last, until its last read has been made.
    if (compute.done !== 0 || !loaded || ahead(retire.entries, compute.entries) > 1) return taken;
    const band = bandRows(d, this.n, compute.band);
    const part = partOf(d, shape, compute.part);
    const { payload } = work;
    payload.half_a.write(halfA(compute, d));
    payload.half_b.write(half);
    payload.panels.write(blockPanels(d, shape, compute.block));
    payload.last_rows.write(lastRows(d, shape, compute.block, this.n));
    payload.pixels.write(band.pixels);
    payload.row0.write(band.row0);
    payload.first_row.write(band.first);
    payload.col0.write(band.col0);
    payload.kprime.write(part.kprime);
    payload.channels.write(part.channels);
    payload.bias.write(part.bias);
    payload.opens.write(compute.part === 0 ? 1 : 0);
    payload.closes.write(compute.part === shape.parts - 1 ? 1 : 0);
    work.valid.write(1);
    nextEntry(compute, shape);
    return true;
  }

  /** Tells the collector which rows come next. */
  private stepStore(d: LayerDescriptor, shape: NestShape): boolean {
    const { rows } = this;
    const { store } = this.state;
    const taken = rows.fires;
    if (taken) rows.valid.write(0);
    else if (rows.valid.value !== 0) return false;
    if (store.done !== 0) return taken;
    const { firstPixel, pixels } = storePixels(d, store.band);
    const { payload } = rows;
    payload.panels.write(blockPanels(d, shape, store.block));
    payload.last_rows.write(lastRows(d, shape, store.block, this.n));
    payload.first_filter.write(store.group * d.filters + store.block * d.panels * this.n);
    payload.first_pixel.write(firstPixel);
    payload.pixels.write(pixels);
    rows.valid.write(1);
    nextEntry(store, shape);
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
    this.sim.transactions.work = s.parent;
    this.layerDone.write(0);
    this.phase.write(IDLE);
    this.descriptor.ready.write(1);
  }
}
