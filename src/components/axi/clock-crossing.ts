import {
  bool,
  type Clock,
  connect,
  type Fields,
  type Module,
  type Signal,
  type Simulator,
} from '../../kernel/index.js';
import { AsyncFifo } from './async-fifo.js';
import {
  axiAddressOf,
  axiReadData,
  axiWriteData,
  axiWriteResponseOf,
  BUS_LANES,
  ID_BITS,
} from './channels.js';
import { AxiModule, type AxiPort, checkInteger, checkLanes } from './link.js';

export interface AxiClockCrossingSpec {
  /** Clock of the slave port, where the master is. */
  readonly sClock: Clock;
  /** Clock of the master port, where the slave is. */
  readonly mClock: Clock;
  /** 16-bit words of the data bus. Default 16 (256 bit). */
  readonly lanes?: number;
  /** Bits of an ID, 1 to 16. Default 4. */
  readonly idBits?: number;
  /** Words of the FIFOs of AR, AW and B: a power of two, 2 to 1024. Default 8. */
  readonly depth?: number;
  /** Words of the FIFOs of R and W. Default 16, a burst of the READ engine. */
  readonly dataDepth?: number;
}

/**
 * AXI4 clock crossing: a dual-clock FIFO on each of the five channels, so that array clock, AXI clock and DDR3 clock may be what they like.
 *
 * Ports    slave port `s` with `s_rst` in `sClock`, master port `m` with `m_rst` in `mClock`.
 * Does     Passes every transfer on unchanged and in the order of its channel. Channels do not wait for each other: W may
 *          overtake AW by the difference of their FIFOs, as AXI4 allows.
 * Timing   Each channel as {@link AsyncFifo}: two edges of the receiving clock after the handshake. A transfer a cycle of the
 *          slower clock, from 8 words on.
 * Storage  3 FIFOs of `depth`, 2 of `dataDepth` words.
 * Errors   ConfigError for a parameter out of range.
 * Source   The machine contract, section 8 (crossing only in dual-clock FIFOs). Cycles and phases: docs/timing-model.md.
 */
export class AxiClockCrossing extends AxiModule {
  readonly sRst: Signal;
  readonly mRst: Signal;
  readonly s: AxiPort;
  readonly m: AxiPort;

  constructor(parent: Module | Simulator, name: string, spec: AxiClockCrossingSpec) {
    super(parent, name);
    const { sClock, mClock, lanes = BUS_LANES, idBits = ID_BITS, depth = 8, dataDepth = 16 } = spec;
    checkLanes(this.path, 'lanes', lanes);
    checkInteger(this.path, 'idBits', idBits, 1, 16);
    this.sRst = this.input('s_rst', bool);
    this.mRst = this.input('m_rst', bool);
    this.s = this.slavePort('s', { clock: sClock, lanes, idBits });
    this.m = this.masterPort('m', { clock: mClock, lanes, idBits });
    const { s, m } = this;
    const ar = this.down('ar', axiAddressOf(idBits), depth, sClock, mClock);
    const aw = this.down('aw', axiAddressOf(idBits), depth, sClock, mClock);
    const w = this.down('w', axiWriteData(lanes), dataDepth, sClock, mClock);
    const r = this.up('r', axiReadData(lanes, idBits), dataDepth, sClock, mClock);
    const b = this.up('b', axiWriteResponseOf(idBits), depth, sClock, mClock);
    connect(s.ar, ar.in);
    connect(ar.out, m.ar);
    connect(s.aw, aw.in);
    connect(aw.out, m.aw);
    connect(s.w, w.in);
    connect(w.out, m.w);
    connect(m.r, r.in);
    connect(r.out, s.r);
    connect(m.b, b.in);
    connect(b.out, s.b);
  }

  /** A FIFO from the master's side to the slave's. */
  private down<F extends Fields>(name: string, fields: F, depth: number, s: Clock, m: Clock): AsyncFifo<F> {
    const spec = { inClock: s, outClock: m, depth, fields };
    const fifo = this.child(name, (p, n) => new AsyncFifo(p, n, spec));
    connect(this.sRst, fifo.inRst);
    connect(this.mRst, fifo.outRst);
    return fifo;
  }

  /** A FIFO from the slave's side to the master's. */
  private up<F extends Fields>(name: string, fields: F, depth: number, s: Clock, m: Clock): AsyncFifo<F> {
    const spec = { inClock: m, outClock: s, depth, fields };
    const fifo = this.child(name, (p, n) => new AsyncFifo(p, n, spec));
    connect(this.mRst, fifo.inRst);
    connect(this.sRst, fifo.outRst);
    return fifo;
  }
}
