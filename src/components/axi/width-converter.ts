import {
  bool,
  type Channel,
  type Clock,
  ConfigError,
  type Module,
  type Signal,
  type Simulator,
} from '../../kernel/index.js';
import { type AxiWriteResponse, axiWriteResponseOf, ID_BITS, WORD_BYTES } from './channels.js';
import { AxiModule, type AxiPort, checkInteger, checkLanes } from './link.js';
import { PayloadQueue, SKID_WORDS } from './payload-queue.js';
import { BurstRing, BurstSplitter, FIELD, type Widths } from './width-bursts.js';
import { BeatMerger, BeatSplitter, type DataMover } from './width-data.js';

export interface AxiWidthConverterSpec {
  readonly clock: Clock;
  /** 16-bit words of the slave port's data bus, where the master is: 1, 2, 4, 8 or 16. */
  readonly sLanes: number;
  /** The same of the master port, where the slave is: another of these. */
  readonly mLanes: number;
  /** Bits of the master's IDs, 1 to 16. Default 4. */
  readonly idBits?: number;
  /** Bits of the slave's IDs, all of which are 0. Default as the master's. */
  readonly outIdBits?: number;
  /** Bursts under way at the master port, reads and writes each: 1 to 256. Default 16. */
  readonly outstanding?: number;
  /** Whether an upsizer packs INCR bursts of full beats into wide beats. Default true. */
  readonly pack?: boolean;
}

/**
 * AXI4 data width converter: an upsizer when the master's bus is narrower than the slave's, else a downsizer.
 *
 * Ports    slave port `s` of `sLanes`, master port `m` of `mLanes` words, `rst`.
 * Does     *Upsizer*: an INCR burst of two or more full beats becomes one of full wide beats (addresses and strobes say which bytes; reads fetch
 *          the whole wide beats around them); any other burst, or all with `pack` false, keeps its beats, each on its
 *          lanes of the wide bus.
 *          *Downsizer*: a burst whose beats fit the narrow bus keeps them. Wider beats become several narrow ones: INCR and WRAP as
 *          INCR bursts of at most 256 (a WRAP in two parts, unless it starts at its bottom), FIXED as one INCR burst a beat.
 *          A read beat has the worst response of its narrow beats, a write that of its bursts. Lanes that a merged read
 *          beat does not address are 0.
 *          All bursts go out with ID 0 and are answered in order; the master's IDs are put back. So a slave that answers in any
 *          order answers this port in its own.
 * Timing   Inputs have queues of 2, outputs are registers: no combinational path. AR or AW accepted in cycle c is valid at `m` in c+2, the
 *          further bursts of a split one in the cycles behind. A data beat accepted in c shows on the other side in c+2:
 *          split, its first part, one more each cycle; merged, after its last part. Write data follow the cycle after their AW is
 *          valid, at the earliest. B: c+2 after the last burst's.
 *          The narrow side moves a beat a cycle, and so sets the rate.
 * Storage  2 words at each input, one wide beat where beats are merged, `outstanding` bursts of 8 fields for R, W and B each.
 * Errors   ConfigError for a parameter out of range or two equal widths.
 * Source   ARM IHI 0022 (AXI4), A3.4; the structure is our own. Cycles and phases: docs/timing-model.md.
 */
export class AxiWidthConverter extends AxiModule {
  readonly rst: Signal;
  readonly s: AxiPort;
  readonly m: AxiPort;
  override state: { ar: object; aw: object; r: object; w: object; b: object };
  private readonly reads: BurstRing;
  private readonly writes: BurstRing;
  private readonly responses: BurstRing;
  private readonly ar: BurstSplitter;
  private readonly aw: BurstSplitter;
  private readonly r: DataMover;
  private readonly w: DataMover;
  private readonly b: ResponseMerger;

  constructor(parent: Module | Simulator, name: string, spec: AxiWidthConverterSpec) {
    super(parent, name);
    const { path } = this;
    const { clock, sLanes, mLanes, idBits = ID_BITS, outIdBits = idBits } = spec;
    const { outstanding = 16, pack = true } = spec;
    checkLanes(path, 'sLanes', sLanes);
    checkLanes(path, 'mLanes', mLanes);
    if (sLanes === mLanes)
      throw new ConfigError(path, 'mLanes', `another width than the ${sLanes} words of sLanes`, mLanes);
    checkInteger(path, 'idBits', idBits, 1, 16);
    checkInteger(path, 'outIdBits', outIdBits, 1, 16);
    checkInteger(path, 'outstanding', outstanding, 1, 256);
    this.rst = this.input('rst', bool);
    this.s = this.slavePort('s', { clock, lanes: sLanes, idBits });
    this.m = this.masterPort('m', { clock, lanes: mLanes, idBits: outIdBits });
    const narrow = Math.min(sLanes, mLanes) * WORD_BYTES;
    const wide = Math.max(sLanes, mLanes) * WORD_BYTES;
    const up = sLanes < mLanes;
    const widths: Widths = {
      narrow,
      narrowSize: Math.log2(narrow),
      wide,
      wideSize: Math.log2(wide),
      up,
      pack,
    };
    const { s, m } = this;
    this.reads = new BurstRing(outstanding);
    this.writes = new BurstRing(outstanding);
    this.responses = new BurstRing(outstanding);
    this.ar = new BurstSplitter(widths, s.ar, m.ar, idBits, [this.reads]);
    this.aw = new BurstSplitter(widths, s.aw, m.aw, idBits, [this.writes, this.responses]);
    const back = { kind: 'r', from: m.r, to: s.r } as const;
    const forth = { kind: 'w', from: s.w, to: m.w } as const;
    this.r = up ? new BeatSplitter(widths, back, this.reads) : new BeatMerger(widths, back, this.reads);
    this.w = up ? new BeatMerger(widths, forth, this.writes) : new BeatSplitter(widths, forth, this.writes);
    this.b = new ResponseMerger(m.b, s.b, outIdBits, this.responses);
    this.state = {
      ar: { splitter: this.ar.state, ring: this.reads.state },
      aw: { splitter: this.aw.state, ring: this.writes.state, responses: this.responses.state },
      r: this.r.state,
      w: this.w.state,
      b: this.b.state,
    };
    this.edge(clock, this.tickRead, [this.rst, s.ar.valid, m.ar.ready, m.r.valid, s.r.ready]);
    this.edge(clock, this.tickWrite, [
      this.rst,
      s.aw.valid,
      m.aw.ready,
      s.w.valid,
      m.w.ready,
      m.b.valid,
      s.b.ready,
    ]);
  }

  private tickRead(): boolean {
    if (this.rst.value !== 0) return this.resetRead();
    const room = !this.reads.full;
    // Data first: they read the ring as it was before the edge.
    const moved = this.r.tick();
    return this.ar.tick(room) || moved;
  }

  private tickWrite(): boolean {
    if (this.rst.value !== 0) return this.resetWrite();
    const room = !this.writes.full && !this.responses.full;
    const answered = this.b.tick();
    const moved = this.w.tick();
    return this.aw.tick(room) || moved || answered;
  }

  private resetRead(): boolean {
    const moved = this.reads.count > 0;
    this.reads.clear();
    const address = this.ar.reset();
    return this.r.reset() || address || moved;
  }

  private resetWrite(): boolean {
    const moved = this.writes.count + this.responses.count > 0;
    this.writes.clear();
    this.responses.clear();
    const address = this.aw.reset();
    const data = this.w.reset();
    return this.b.reset() || data || address || moved;
  }
}

/** B of a width converter: the worst response of the bursts that one burst became, once all are there. */
class ResponseMerger {
  readonly state;
  private readonly queue: PayloadQueue<AxiWriteResponse>;

  constructor(
    private readonly from: Channel<AxiWriteResponse>,
    private readonly to: Channel<AxiWriteResponse>,
    idBits: number,
    private readonly ring: BurstRing,
  ) {
    this.queue = new PayloadQueue(axiWriteResponseOf(idBits), SKID_WORDS);
    this.state = { queue: this.queue.state, worst: 0 };
    from.ready.write(1);
  }

  tick(): boolean {
    const { from, to, queue, ring } = this;
    const s = this.state;
    const valid = to.valid.value !== 0;
    const free = !valid || to.ready.value !== 0;
    let moved = false;
    if (valid && free) {
      moved = true;
      to.valid.write(0);
    }
    const final = ring.get(FIELD.final) !== 0;
    if (queue.count > 0 && ring.count > 0 && (free || !final)) {
      moved = true;
      s.worst = Math.max(s.worst, queue.get('resp'));
      if (final) {
        to.payload.id.write(ring.get(FIELD.id));
        to.payload.resp.write(s.worst);
        to.valid.write(1);
        s.worst = 0;
      }
      queue.pop();
      ring.pop();
    }
    if (from.fires) {
      queue.push(from);
      moved = true;
    }
    from.ready.write(queue.full ? 0 : 1);
    return moved;
  }

  reset(): boolean {
    const moved = this.queue.count + this.to.valid.value > 0;
    this.queue.clear();
    this.state.worst = 0;
    this.to.valid.write(0);
    this.from.ready.write(1);
    return moved;
  }
}
