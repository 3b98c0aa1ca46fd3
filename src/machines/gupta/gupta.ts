import {
  type Channel,
  type Clock,
  connect,
  type Fields,
  int,
  Module,
  type Simulator,
} from '../../kernel/index.js';
import { AsyncFifo } from '../../components/axi/async-fifo.js';
import { BeatPacker } from '../../components/beat-packer.js';
import { DspRound } from '../../components/dsp-round.js';
import { Fifo } from '../../components/fifo.js';
import { fillCommand, L2Cache } from '../../components/l2-cache.js';
import { connectL2, L2ToSa } from '../../components/l2-to-sa.js';
import { Pool } from '../../components/pool.js';
import { ReadDma } from '../../components/read-dma.js';
import { RowCollector } from '../../components/row-collector.js';
import { StructuralArray } from '../../components/systolic-array/structural-array.js';
import { SystolicArray } from '../../components/systolic-array/systolic-array.js';
import { TopController } from '../../components/top/top-controller.js';
import { WriteDma } from '../../components/write-dma.js';
import { Host } from './host.js';
import { MemorySide } from './memory-side.js';
import { ReadMeter } from './read-meter.js';
import { SliceJoin } from './slice-join.js';
import { aSlices, bWords, type GuptaSpec } from './spec.js';

/** Fill commands that wait for their data, so that READ can work ahead of the cache. */
const FILLS = 16;
/** Words of a crossing between the two clocks; eight let one move every cycle. */
const CROSSING = 8;

/**
 * The fixed-point machine of Gupta et al. 2015, section 5:
 *
 *     memory ──► read ──► packer ──► l2 ──► feed ──► join ──► sa ──► round[j] ──► c[j] ──► collector ──► pool ──► write ──► memory
 *
 * with `top` over all and `host` handing it layers; fill commands wait in `fills`. Everything runs in the one clock that is given, or, with
 * `busClock`, `read`, `packer` and the link of `memory` in that one, joined to the others by dual-clock FIFOs: `read_crossing`,
 * `fill_crossing`, `aw_crossing`, `w_crossing`, `b_crossing`. `memory` is AXI link, controller and DDR3: see MemorySide.
 * Any part can be replaced by its path (`gupta.sa`, `gupta.round[3]`, …).
 */
export class Gupta extends Module {
  readonly memory: MemorySide;
  readonly read: ReadDma;
  readonly readMeter: ReadMeter;
  readonly packer: BeatPacker;
  readonly fills: Fifo<typeof fillCommand>;
  readonly l2: L2Cache;
  readonly feed: L2ToSa;
  readonly join: SliceJoin;
  readonly sa: SystolicArray | StructuralArray;
  readonly round: DspRound[] = [];
  readonly c: Fifo<{ data: ReturnType<typeof int> }>[] = [];
  readonly collector: RowCollector;
  readonly pool: Pool;
  readonly write: WriteDma;
  readonly top: TopController;
  readonly host: Host;

  constructor(
    parent: Module | Simulator,
    name: string,
    readonly spec: GuptaSpec & { readonly clock: Clock; readonly busClock?: Clock },
  ) {
    super(parent, name);
    const { clock, n, busClock = clock } = spec;
    this.host = this.child('host', (p, c) => new Host(p, c, { clock }));
    this.top = this.child('top', (p, c) => new TopController(p, c, { clock, n }));
    this.memory = this.child(
      'memory',
      (p, c) =>
        new MemorySide(p, c, {
          clock: busClock,
          clockHz: spec.memory.clockHz ?? spec.clockHz,
          memory: spec.memory,
        }),
    );
    this.read = this.child('read', (p, c) => new ReadDma(p, c, { clock: busClock }));
    this.readMeter = this.child('read_meter', (p, c) => new ReadMeter(p, c, { clock }));
    this.packer = this.child('packer', (p, c) => new BeatPacker(p, c, { clock: busClock }));
    this.fills = this.child('fills', (p, c) => new Fifo(p, c, { clock, depth: FILLS, fields: fillCommand }));
    const l2 = { clock, n, aSlices: aSlices(spec), bWords: bWords(spec) };
    this.l2 = this.child('l2', (p, c) => new L2Cache(p, c, l2));
    this.feed = this.child('feed', (p, c) => new L2ToSa(p, c, l2));
    this.join = this.child('join', (p, c) => new SliceJoin(p, c));
    const array = {
      clock,
      n,
      pipeline: spec.pipeline,
      ...(spec.outputDepth === null ? {} : { outputDepth: spec.outputDepth }),
    };
    this.sa = this.child<SystolicArray | StructuralArray>('sa', (p, c) =>
      spec.array === 'structural'
        ? new StructuralArray(p, c, array)
        : new SystolicArray(p, c, { ...array, ticked: spec.array === 'ticked' }),
    );
    this.collector = this.child('collector', (p, c) => new RowCollector(p, c, { clock, n }));
    this.pool = this.child('pool', (p, c) => new Pool(p, c, { clock, n }));
    this.write = this.child('write', (p, c) => new WriteDma(p, c, { clock, n }));
    for (let j = 0; j < n; j++) {
      this.round.push(this.child(`round[${j}]`, (p, c) => new DspRound(p, c, { clock })));
      this.c.push(
        this.child(
          `c[${j}]`,
          (p, c) => new Fifo(p, c, { clock, depth: spec.roundedDepth, fields: { data: int(16) } }),
        ),
      );
    }
    this.wireBus(busClock);
    this.wireLoads();
    this.wireArray();
    this.wireStores();
  }

  /** Results clamped by the rounding units so far. */
  get saturations(): number {
    return this.round.reduce((sum, unit) => sum + unit.state.saturations, 0);
  }

  /** What crosses to the memory's clock and back: directly if it is the machine's own. */
  private wireBus(bus: Clock): void {
    const { top, read, packer, l2, write, memory } = this;
    const { clock } = this.spec;
    if (bus === clock) {
      connect(top.read, read.cmd);
      connect(packer.out, l2.beat);
      connect(write.aw, memory.s.aw);
      connect(write.w, memory.s.w);
      connect(memory.s.b, write.b);
      return;
    }
    const across = <F extends Fields>(name: string, from: Channel<F>, to: Channel<F>): void => {
      const spec = { inClock: from.clock, outClock: to.clock, depth: CROSSING, fields: from.fields };
      const fifo = this.child(`${name}_crossing`, (p, c) => new AsyncFifo(p, c, spec));
      connect(from, fifo.in);
      connect(fifo.out, to);
    };
    across('read', top.read, read.cmd);
    across('fill', packer.out, l2.beat);
    across('aw', write.aw, memory.s.aw);
    across('w', write.w, memory.s.w);
    across('b', memory.s.b, write.b);
  }

  private wireLoads(): void {
    const { host, top, memory, read, readMeter, packer, fills, l2, feed } = this;
    const { cfg } = top;
    connect(host.descriptor, top.descriptor);
    connect(top.read.valid, readMeter.valid);
    connect(top.read.ready, readMeter.ready);
    connect(top.read.payload.addr, readMeter.addr);
    connect(top.read.payload.words, readMeter.words);
    connect(top.fill.payload.kind, readMeter.kind);
    connect(read.ar, memory.s.ar);
    connect(memory.s.r, read.r);
    connect(read.out, packer.in);
    connect(top.fill, fills.in);
    connect(fills.out, l2.fill);
    connect(l2.fillDone, top.fillDone);
    connect(l2.fillDoneKind, top.fillKind);
    connect(l2.fillDoneHalf, top.fillHalf);
    connect(cfg.in_w, l2.cfgW);
    connect(cfg.q, l2.cfgQ);
    connect(cfg.u, l2.cfgU);
    connect(cfg.wbank, l2.cfgWbank);
    connect(cfg.hband, l2.cfgHband);

    connectL2(feed, l2);
    connect(top.work, feed.work);
    connect(top.panelsReady, feed.panelsReady);
    connect(cfg.bias_exp, feed.cfgBiasExp);
    connect(cfg.kh, feed.cfgKh);
    connect(cfg.kw, feed.cfgKw);
    connect(cfg.stride_y, feed.cfgStrideY);
    connect(cfg.stride_x, feed.cfgStrideX);
    connect(cfg.dil_y, feed.cfgDilY);
    connect(cfg.dil_x, feed.cfgDilX);
    connect(cfg.pad_x, feed.cfgPadX);
    connect(cfg.in_h, feed.cfgInH);
    connect(cfg.in_w, feed.cfgInW);
    connect(cfg.out_w, feed.cfgOutW);
    connect(cfg.q, feed.cfgQ);
    connect(cfg.u, feed.cfgU);
    connect(cfg.wbank, feed.cfgWbank);
    connect(cfg.hband, feed.cfgHband);
    connect(feed.done, top.done);
    connect(feed.aWait, top.aWait);
    connect(feed.drained, top.drained);
  }

  private wireArray(): void {
    const { top, feed, join, sa, round, c } = this;
    const slice = sa.in.payload;
    connect(feed.a.valid, join.aValid);
    connect(feed.b.valid, join.bValid);
    connect(join.aReady, feed.a.ready);
    connect(join.bReady, feed.b.ready);
    connect(join.outValid, sa.in.valid);
    connect(sa.in.ready, join.outReady);
    connect(feed.a.payload.first, slice.first);
    connect(feed.a.payload.last, slice.last);
    connect(feed.a.payload.m, slice.m);
    connect(feed.a.payload.nc, slice.nc);
    connect(feed.a.payload.data, slice.a);
    connect(feed.b.payload.data, slice.b);
    connect(feed.a.valid, top.aValid);
    connect(feed.b.valid, top.bValid);
    connect(sa.in.ready, top.saReady);
    connect(sa.room, top.saRoom);
    round.forEach((unit, j) => {
      connect(sa.out[j]!, unit.in);
      connect(top.load[j]!, unit.load);
      connect(top.seed, unit.seed);
      connect(top.cfg.shift, unit.shift);
      connect(top.cfg.relu, unit.relu);
      connect(top.cfg.stochastic, unit.stochastic);
      const fifo = c[j]!;
      connect(unit.out.valid, fifo.in.valid);
      connect(unit.out.payload.data, fifo.in.payload.data);
      connect(fifo.in.ready, unit.out.ready);
    });
  }

  private wireStores(): void {
    const { top, c, collector, pool, write } = this;
    const { cfg } = top;
    c.forEach((fifo, j) => connect(fifo.out, collector.in[j]!));
    connect(top.rows, collector.work);
    connect(collector.busy, top.collecting);
    connect(collector.row, pool.in);
    connect(cfg.pool_mode, pool.cfgMode);
    connect(cfg.pool_size_y, pool.cfgSizeY);
    connect(cfg.pool_size_x, pool.cfgSizeX);
    connect(cfg.pool_stride_y, pool.cfgStrideY);
    connect(cfg.pool_stride_x, pool.cfgStrideX);
    connect(cfg.pool_in_w, pool.cfgInW);
    connect(cfg.pool_in_h, pool.cfgInH);
    connect(cfg.pool_out_w, pool.cfgOutW);
    connect(cfg.pool_out_h, pool.cfgOutH);
    connect(cfg.pool_filters, pool.cfgFilters);
    connect(pool.out, write.row);
    connect(pool.out.valid, top.pooled);
    connect(top.base, write.cfgBase);
    connect(cfg.plane_words, write.cfgPlaneWords);
    connect(top.flush, write.flush);
    connect(write.idle, top.idle);
  }
}
