import { bool, type Clock, connect, type Module, type Signal, type Simulator } from '../../kernel/index.js';
import { Fifo } from '../fifo.js';
import {
  axiAddressOf,
  axiReadData,
  axiWriteData,
  axiWriteResponseOf,
  BUS_LANES,
  ID_BITS,
} from './channels.js';
import { AxiModule, type AxiPort, checkInteger, checkLanes } from './link.js';

export interface AxiRegisterSliceSpec {
  readonly clock: Clock;
  /** 16-bit words of the data bus. Default 16 (256 bit). */
  readonly lanes?: number;
  /** Bits of an ID, 1 to 16. Default 4. */
  readonly idBits?: number;
  /** Words that each channel buffers: 2 to 1024. Default 2, enough for a transfer a cycle. */
  readonly depth?: number;
}

/**
 * Register slice: cuts every path of an AXI4 link, and buffers it when `depth` says so.
 *
 * Ports    slave port `s`, master port `m`, `rst`.
 * Timing   A FIFO of `depth` on each of the five channels: what is accepted in cycle c is valid beyond it in c+1; one transfer
 *          a cycle.
 * Storage  `depth` words a channel.
 * Errors   ConfigError for a parameter out of range.
 * Source   The machine contract, section 1 (FIFOs). Cycles and phases: docs/timing-model.md.
 */
export class AxiRegisterSlice extends AxiModule {
  readonly rst: Signal;
  readonly s: AxiPort;
  readonly m: AxiPort;

  constructor(parent: Module | Simulator, name: string, spec: AxiRegisterSliceSpec) {
    super(parent, name);
    const { clock, lanes = BUS_LANES, idBits = ID_BITS, depth = 2 } = spec;
    checkLanes(this.path, 'lanes', lanes);
    checkInteger(this.path, 'idBits', idBits, 1, 16);
    checkInteger(this.path, 'depth', depth, 2, 1024);
    this.rst = this.input('rst', bool);
    this.s = this.slavePort('s', { clock, lanes, idBits });
    this.m = this.masterPort('m', { clock, lanes, idBits });
    const { s, m } = this;
    const address = { clock, depth, fields: axiAddressOf(idBits) };
    const ar = this.child('ar', (p, n) => new Fifo(p, n, address));
    const aw = this.child('aw', (p, n) => new Fifo(p, n, address));
    const w = this.child('w', (p, n) => new Fifo(p, n, { clock, depth, fields: axiWriteData(lanes) }));
    const r = this.child('r', (p, n) => new Fifo(p, n, { clock, depth, fields: axiReadData(lanes, idBits) }));
    const b = this.child('b', (p, n) => new Fifo(p, n, { clock, depth, fields: axiWriteResponseOf(idBits) }));
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
    for (const fifo of [ar, aw, w, r, b]) connect(this.rst, fifo.rst);
  }
}
