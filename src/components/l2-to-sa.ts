import {
  bitsFor,
  bool,
  ConfigError,
  connect,
  int,
  MarblewaveError,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
  type Wait,
} from '../kernel/index.js';
import { checkL2Spec, type L2Cache, type L2Spec } from './l2-cache.js';
import { ColumnTable } from './l2-column-table.js';
import { type LayerGeometry, layerWalk, TapCounter, walkProblem } from './l2-layer-walk.js';
import { bankCount } from './l2-layout.js';
import { FIFO_DEPTH, FIFO_DID, SliceFifo } from './l2-slice-fifo.js';
import { ahead, nextNumber, WORK_ENTRIES, workEntry, WorkQueue } from './l2-work-queue.js';

/** Two columns of one slice want the same bank: the layout and the walk disagree. */
export class BankConflictError extends MarblewaveError {
  constructor(path: string, bank: number, columns: readonly [number, number], cycle: number) {
    super(
      'E_BANK_CONFLICT',
      `${path}: columns ${columns[0]} and ${columns[1]} both read bank ${bank} in cycle ${cycle}`,
    );
  }
}

/** What a column of a slice gets: the word of a bank, or one of these. */
const ZERO = -1;
const BIAS = -2;

/**
 * The address generators between the L2 cache and the array's input FIFOs: im2col on the fly. Two engines walk alike
 * and independently, A through the panels of a half, B through the bands of activations.
 *
 *     work entry (filter block, band) → tile of n output pixels → panel → k = bias, channel, kernel row, kernel column
 *
 * A sum that is longer than the cache comes in several entries of one tile and one panel each, with some of the channels:
 * only the first has the tag `first` (and the bias slice), only the last one `last`; between them P keeps the partial sums.
 *
 * Ports    work: {@link workEntry}. Sent once the B half is filled. At most two are outstanding.
 *          panels_ready [2]: per A half, how many panels are loaded. It may only fall while no entry of that half is
 *          outstanding.
 *          cfg_*: constant from an entry's accept until drained. cfg_u·cfg_in_w <= Nb unless cfg_u is 1. cfg_bias 1: slice 0 is the bias slice, B constant 2^cfg_bias_exp (0 to 14).
 *          l2a_*, l2b_*: to the L2 cache's read side ({@link connectL2}).
 *          a: {first, last, m, nc, data[n]}, the slice of A with its tags: m filters of the panel, nc pixels of the
 *          tile. b: {data[n]}. Columns nc to n − 1 and pixels outside the image are zero, and not read.
 *          done pulses when both engines have made the last read of an entry: its B half is free. busy: an entry is
 *          outstanding. drained: none is, and no slice is under way or waits in a FIFO. a_wait: the A engine has an
 *          entry and awaits a panel; b_wait: the B engine has no entry. rst drops entries, reads and slices.
 * Timing   All outputs are registered. A read started in cycle c puts its address on the ports in c+1, has its data on
 *          l2a_data/l2b_data in c+3, is pushed in c+4 and shows at the FIFO's output in c+5. A read starts only if the
 *          FIFO's level and the reads under way make less than 32. Pops are those of a FIFO with registered outputs
 *          (the machine contract, section 1).
 *          An entry accepted in c: A's first read starts in c+1 if its panel is there. The column table is set up in
 *          c+1, built two columns a cycle from c+2 on; B's first read of a tile of nc columns starts in
 *          c+2+⌈nc/2⌉. Later tiles are built ahead, into the other buffer: hidden if p·K' >= ⌈n/2⌉, and across
 *          entries if p·K' >= ⌈n/2⌉ + 1. done, and the waits, report the cycle before; busy and drained are registers of
 *          the present one. See docs/timing-model.md.
 * Storage  Two FIFOs of 32 slices; two tables of n columns; two work entries.
 * Errors   ConfigError for bad sizes, and, when an entry is accepted, for a configuration that contradicts itself or an
 *          entry whose rows are not all stored; BankConflictError when two columns want one bank.
 * Source   The machine contract, sections 6 and 7. Own: a count of ready panels for each half instead of one that the
 *          controller has to switch, so that no engine ever sees the other half's count.
 */
export class L2ToSa extends Module {
  readonly rst: Signal;
  readonly work;
  readonly panelsReady;
  readonly cfgBiasExp;
  readonly cfgKh;
  readonly cfgKw;
  readonly cfgStrideY;
  readonly cfgStrideX;
  readonly cfgDilY;
  readonly cfgDilX;
  readonly cfgPadX;
  readonly cfgInH;
  readonly cfgInW;
  readonly cfgOutW;
  readonly cfgQ;
  readonly cfgU;
  readonly cfgWbank;
  readonly cfgHband;
  readonly l2aRe;
  readonly l2aHalf;
  readonly l2aAddr;
  readonly l2aData;
  readonly l2bRe;
  readonly l2bHalf;
  readonly l2bAddr;
  readonly l2bEn;
  readonly l2bData;
  readonly a;
  readonly b;
  readonly done;
  readonly busy;
  readonly drained;
  readonly aWait;
  readonly bWait;
  /** Number of B banks. */
  readonly nb: number;
  override readonly state;
  private readonly n: number;
  private readonly spec: L2Spec;
  private readonly queue: WorkQueue;
  private readonly table: ColumnTable;
  private readonly tap: TapCounter;
  private readonly aFifo: SliceFifo;
  private readonly bFifo: SliceFifo;
  /** Addresses, and column + 1 of each bank's reader, of the slice being started. Scratch, no registers. */
  private readonly bankAddr: Int32Array;
  private readonly bankUser: Uint8Array;
  private readonly bankEn: Uint8Array;

  constructor(parent: Module | Simulator, name: string, spec: L2Spec) {
    super(parent, name);
    checkL2Spec(this.path, spec);
    const { clock, n, aSlices, bWords } = spec;
    this.n = n;
    this.spec = spec;
    const nb = bankCount(n);
    this.nb = nb;
    const word = int(16);
    const cfg = (field: string, width = 16) => this.input(`cfg_${field}`, uint(width));
    this.rst = this.input('rst', bool);
    this.work = this.sink('work', workEntry, clock);
    this.panelsReady = this.input('panels_ready', vector(2, uint(10)));
    this.cfgBiasExp = cfg('bias_exp', 4);
    this.cfgKh = cfg('kh');
    this.cfgKw = cfg('kw');
    this.cfgStrideY = cfg('stride_y');
    this.cfgStrideX = cfg('stride_x');
    this.cfgDilY = cfg('dil_y');
    this.cfgDilX = cfg('dil_x');
    this.cfgPadX = cfg('pad_x');
    this.cfgInH = cfg('in_h');
    this.cfgInW = cfg('in_w');
    this.cfgOutW = cfg('out_w');
    this.cfgQ = cfg('q');
    this.cfgU = cfg('u');
    this.cfgWbank = cfg('wbank');
    this.cfgHband = cfg('hband');
    this.l2aRe = this.output('l2a_re', bool);
    this.l2aHalf = this.output('l2a_half', uint(1));
    this.l2aAddr = this.output('l2a_addr', uint(bitsFor(aSlices - 1)));
    this.l2aData = this.input('l2a_data', vector(n, word));
    this.l2bRe = this.output('l2b_re', bool);
    this.l2bHalf = this.output('l2b_half', uint(1));
    this.l2bAddr = this.output('l2b_addr', vector(nb, uint(bitsFor(bWords - 1))));
    this.l2bEn = this.output('l2b_en', vector(nb, bool));
    this.l2bData = this.input('l2b_data', vector(nb, word));
    const count = uint(bitsFor(n));
    this.a = this.source('a', { first: bool, last: bool, m: count, nc: count, data: vector(n, word) }, clock);
    this.b = this.source('b', { data: vector(n, word) }, clock);
    this.done = this.output('done', bool);
    this.busy = this.output('busy', bool);
    this.drained = this.output('drained', bool, 1);
    this.aWait = this.output('a_wait', bool);
    this.bWait = this.output('b_wait', bool, 1);
    this.queue = new WorkQueue(this.work);
    this.table = new ColumnTable(n, nb);
    this.tap = new TapCounter(nb);
    this.aFifo = new SliceFifo(n);
    this.bFifo = new SliceFifo(n);
    this.bankAddr = new Int32Array(nb);
    this.bankUser = new Uint8Array(nb);
    this.bankEn = new Uint8Array(nb);
    this.state = {
      queue: this.queue.state,
      /** Numbers of the entries at which A, B and the table are. */
      aEntries: 0,
      bEntries: 0,
      tableEntries: 0,
      /** A engine: pixels of finished tiles, panel, slice, address. */
      aPixels: 0,
      aPanel: 0,
      aSlice: 0,
      aAddr: 0,
      /** B engine: number of its tile, pixels of finished tiles of the entry, panel, 1 past the bias slice. */
      bTiles: 0,
      bPixels: 0,
      bPanel: 0,
      bPastBias: 0,
      walk: layerWalk(this.geometry(), nb),
      table: this.table.state,
      tap: this.tap.state,
      aFifo: this.aFifo.state,
      bFifo: this.bFifo.state,
      /** first + 2·last, m, nc of each slot of A's FIFO. */
      flags: new Uint8Array(FIFO_DEPTH),
      m: new Uint8Array(FIFO_DEPTH),
      nc: new Uint8Array(FIFO_DEPTH),
      /** Bank of each column of a slot of B's FIFO, or ZERO or BIAS: the crossbar's selection, travelling with the read. */
      select: new Int16Array(FIFO_DEPTH * n),
    };
    this.probe('a_level', uint(6), () => this.state.aFifo.level);
    this.probe('b_level', uint(6), () => this.state.bFifo.level);
    this.work.ready.write(1);
    this.edge(clock, this.tick, [this.rst, this.work.valid, this.a.ready, this.b.ready, this.panelsReady]);
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) return this.reset();
    const accepts = this.work.valid.value !== 0 && this.work.ready.value !== 0;
    // What the engines have before the edge: the table's progress and the new entry show in the next cycle.
    const { bTiles } = s;
    let moved = this.stepA();
    if (this.stepB()) moved = true;
    if (this.stepTable(bTiles)) moved = true;
    if (this.moveA()) moved = true;
    if (this.moveB()) moved = true;
    // The pulse of done is over while the last read is still under way.
    if (!(moved || accepts)) return false;
    const q = s.queue;
    const finishes = s.aEntries !== q.finished && s.bEntries !== q.finished;
    if (finishes) q.finished = nextNumber(q.finished);
    if (accepts) this.accept();
    const busy = q.accepted !== q.finished;
    this.done.write(finishes ? 1 : 0);
    this.busy.write(busy ? 1 : 0);
    this.drained.write(busy || s.aFifo.reserved + s.bFifo.reserved !== 0 ? 0 : 1);
    this.work.ready.write(this.queue.hasRoom ? 1 : 0);
    return true;
  }

  /** Drops entries, reads under way and slices. */
  private reset(): boolean {
    const s = this.state;
    s.queue.accepted = s.queue.finished = 0;
    s.aEntries = s.bEntries = s.tableEntries = 0;
    s.aPixels = s.aPanel = s.aSlice = s.aAddr = 0;
    s.bTiles = s.bPixels = s.bPanel = s.bPastBias = 0;
    this.table.clear();
    this.tap.reset();
    this.aFifo.clear();
    this.bFifo.clear();
    const { a, b } = this;
    for (const net of [
      this.l2aRe, this.l2aHalf, this.l2aAddr, this.l2bRe, this.l2bHalf, a.valid, a.payload.first, a.payload.last, a.payload.m,
      a.payload.nc, b.valid, this.done, this.busy, this.aWait,
    ]) net.write(0); // prettier-ignore
    for (const net of [this.l2bAddr, this.l2bEn, a.payload.data, b.payload.data]) net.fill(0);
    for (const net of [this.drained, this.bWait, this.work.ready]) net.write(1);
    return false;
  }

  // --- the work queue ----------------------------------------------------------------------------------------------

  private accept(): void {
    const s = this.state;
    const { accepted, finished } = s.queue;
    if (accepted === finished) s.walk = layerWalk(this.geometry(), this.nb);
    this.queue.accept();
    this.checkEntry(accepted);
  }

  private geometry(): LayerGeometry {
    return {
      kernelH: this.cfgKh.value,
      kernelW: this.cfgKw.value,
      strideY: this.cfgStrideY.value,
      strideX: this.cfgStrideX.value,
      dilY: this.cfgDilY.value,
      dilX: this.cfgDilX.value,
      padX: this.cfgPadX.value,
      inH: this.cfgInH.value,
      inW: this.cfgInW.value,
      outW: this.cfgOutW.value,
      q: this.cfgQ.value,
      u: this.cfgU.value,
      w: this.cfgWbank.value,
      hband: this.cfgHband.value,
    };
  }

  private checkEntry(number: number): void {
    const sizes = {
      nb: this.nb,
      n: this.n,
      aSlices: this.spec.aSlices,
      biasExp: this.cfgBiasExp.value,
    };
    const problem = walkProblem(this.state.walk, sizes, this.queue.entry(number));
    if (problem === null) return;
    const cycle = this.spec.clock.cycle;
    throw new ConfigError(this.path, problem.field, `${problem.wanted} (cycle ${cycle})`, problem.got);
  }

  // --- the A engine --------------------------------------------------------------------------------------------------

  /** Starts A's next read if it may. Returns whether it did. */
  private stepA(): boolean {
    const s = this.state;
    const q = s.queue;
    const has = s.aEntries !== q.accepted;
    const e = s.aEntries % WORK_ENTRIES;
    const awaits = has && s.aPanel >= this.panelsReady.get(q.halfA[e]!);
    const starts = has && !awaits && this.aFifo.hasRoom;
    this.aWait.write(awaits ? 1 : 0);
    this.l2aRe.write(starts ? 1 : 0);
    if (!starts) return false;
    this.l2aHalf.write(q.halfA[e]!);
    this.l2aAddr.write(s.aAddr);
    const { n } = this;
    const slot = this.aFifo.start();
    const left = q.pixels[e]! - s.aPixels;
    const lastSlice = s.aSlice === q.kprime[e]! - 1;
    const lastPanel = s.aPanel === q.panels[e]! - 1;
    s.flags[slot] = (s.aSlice === 0 ? q.opens[e]! : 0) + (lastSlice ? 2 * q.closes[e]! : 0);
    s.m[slot] = lastPanel ? q.lastRows[e]! : n;
    s.nc[slot] = left < n ? left : n;
    s.aSlice += 1;
    s.aAddr += 1;
    if (!lastSlice) return true;
    s.aSlice = 0;
    s.aPanel += 1;
    if (!lastPanel) return true;
    s.aPanel = 0;
    s.aAddr = 0;
    s.aPixels += n;
    if (left <= n) {
      s.aPixels = 0;
      s.aEntries = nextNumber(s.aEntries);
    }
    return true;
  }

  /** The rest of A's edge: pipeline, FIFO and output. */
  private moveA(): boolean {
    const { aFifo, n } = this;
    const did = aFifo.edge(this.a.ready.value !== 0);
    const { data, level, show } = aFifo.state;
    if ((did & FIFO_DID.data) !== 0) this.l2aData.copyTo(data, aFifo.arriving * n);
    if ((did & FIFO_DID.head) !== 0) {
      const { flags, m, nc } = this.state;
      const { payload, valid } = this.a;
      valid.write(level === 0 ? 0 : 1);
      if (level === 0) return true;
      payload.first.write(flags[show]! & 1);
      payload.last.write(flags[show]! >> 1);
      payload.m.write(m[show]!);
      payload.nc.write(nc[show]!);
      payload.data.writeFrom(data, show * n);
    }
    return did !== 0;
  }

  // --- the B engine --------------------------------------------------------------------------------------------------

  /** Starts B's next read if it may. Returns whether it did. */
  private stepB(): boolean {
    const s = this.state;
    const q = s.queue;
    const e = s.bEntries % WORK_ENTRIES;
    const starts = s.bTiles !== s.table.built && this.bFifo.hasRoom;
    const isBias = q.bias[e] === 1 && s.bPastBias === 0;
    const reads = starts && !isBias ? 1 : 0;
    this.bWait.write(s.bEntries === q.accepted ? 1 : 0);
    this.l2bRe.write(reads);
    if (!starts) return false;
    const slot = this.bFifo.start();
    const buffer = s.bTiles & 1;
    const nc = s.table.nc[buffer]!;
    if (isBias) {
      const to = slot * this.n;
      s.select.fill(BIAS, to, to + nc);
      s.select.fill(ZERO, to + nc, to + this.n);
      s.bPastBias = 1;
      return true;
    }
    this.l2bHalf.write(q.halfB[e]!);
    this.address(slot, buffer, nc);
    if (!this.tap.advance(s.walk, q.channels[e]!)) return true;
    s.bPastBias = 0;
    s.bPanel += 1;
    if (s.bPanel !== q.panels[e]!) return true;
    s.bPanel = 0;
    s.bTiles = nextNumber(s.bTiles);
    s.bPixels += nc;
    if (s.bPixels === q.pixels[e]!) {
      s.bPixels = 0;
      s.bEntries = nextNumber(s.bEntries);
    }
    return true;
  }

  /** Addresses, enables and selection of one tap for a tile's columns. */
  private address(slot: number, buffer: number, nc: number): void {
    const { n, nb, bankAddr, bankUser, bankEn } = this;
    const { table, walk, select } = this.state;
    const { x, y, xMod, base, bank } = table;
    const { inW, inH } = walk;
    const tap = this.tap.state;
    const { dx, dy, xMod: tapMod, base: tapBase, bank: tapBank } = tap;
    const to = slot * n;
    bankAddr.fill(0);
    bankEn.fill(0);
    for (let j = 0, at = buffer * n; j < nc; j++, at++) {
      const px = x[at]! + dx;
      const py = y[at]! + dy;
      if (px < 0 || px >= inW || py < 0 || py >= inH) {
        select[to + j] = ZERO;
        continue;
      }
      let k = bank[at]! + tapBank;
      if (k >= nb) k -= nb;
      if (bankEn[k] !== 0)
        throw new BankConflictError(this.path, k, [bankUser[k]!, j], this.spec.clock.cycle);
      bankEn[k] = 1;
      bankUser[k] = j;
      bankAddr[k] = base[at]! + tapBase + (xMod[at]! + tapMod >= nb ? 1 : 0);
      select[to + j] = k;
    }
    for (let j = nc; j < n; j++) select[to + j] = ZERO;
    this.l2bAddr.writeFrom(bankAddr);
    this.l2bEn.writeFrom(bankEn);
  }

  /** The rest of B's edge: pipeline, crossbar, FIFO and output. */
  private moveB(): boolean {
    const { bFifo, n, l2bData } = this;
    const did = bFifo.edge(this.b.ready.value !== 0);
    const { data, level, show } = bFifo.state;
    if ((did & FIFO_DID.data) !== 0) {
      const { select } = this.state;
      const one = 2 ** this.cfgBiasExp.value;
      const from = bFifo.arriving * n;
      for (let i = from; i < from + n; i++) {
        const k = select[i]!;
        data[i] = k >= 0 ? l2bData.get(k) : k === BIAS ? one : 0;
      }
    }
    if ((did & FIFO_DID.head) !== 0) {
      this.b.valid.write(level === 0 ? 0 : 1);
      if (level !== 0) this.b.payload.data.writeFrom(data, show * n);
    }
    return did !== 0;
  }

  // --- the column table ----------------------------------------------------------------------------------------------

  /** One cycle of the table: set-up of the next entry, or two columns into a buffer that is free before the edge. */
  private stepTable(bTiles: number): boolean {
    const s = this.state;
    if (s.table.active === 0) {
      if (s.tableEntries === s.queue.accepted) return false;
      this.table.begin(this.queue.entry(s.tableEntries), s.walk);
      return true;
    }
    if (ahead(bTiles, s.table.built) >= 2) return false;
    if (this.table.step(s.walk)) s.tableEntries = nextNumber(s.tableEntries);
    return true;
  }

  // --- reports -------------------------------------------------------------------------------------------------------

  override waits(): readonly Wait[] {
    const s = this.state;
    if (s.aEntries === s.queue.accepted) return [];
    const half = s.queue.halfA[s.aEntries % WORK_ENTRIES]!;
    const ready = this.panelsReady.get(half);
    if (s.aPanel < ready) return [];
    const whom = this.panelsReady.root.owner?.path ?? 'TOP';
    return [
      {
        who: this.path,
        whom,
        why: `the A engine awaits panel ${s.aPanel} of half ${half}, ${ready} are ready`,
      },
    ];
  }
}

/** Wires the address generators to the cache's read side. */
export function connectL2(engines: L2ToSa, cache: L2Cache): void {
  connect(engines.l2aRe, cache.aRe);
  connect(engines.l2aHalf, cache.aHalf);
  connect(engines.l2aAddr, cache.aAddr);
  connect(cache.aData, engines.l2aData);
  connect(engines.l2bRe, cache.bRe);
  connect(engines.l2bHalf, cache.bHalf);
  connect(engines.l2bAddr, cache.bAddr);
  connect(engines.l2bEn, cache.bEn);
  connect(cache.bData, engines.l2bData);
}
