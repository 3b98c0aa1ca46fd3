import { bool, type Clock, ConfigError, int, Module, type Signal, type Simulator } from '../kernel/index.js';
import { wrap } from '../numbers/accumulator.js';

/** Registers from the operands to P: 1 (P), 2 (M, P) or 3 (A/B, M, P, as a DSP48E1 is clocked fast). */
export type PipelineDepth = 1 | 2 | 3;

export interface DspMaccSpec {
  readonly clock: Clock;
  /** Pipeline depth L. Default 1. */
  readonly pipeline?: PipelineDepth;
  /** Accumulator width, bits, 8 to 48. P wraps. Default 48. Narrower ones serve to test the wrap. */
  readonly accumulatorBits?: number;
}

/** Checks the parameters that a single element and the arrays share. */
export function maccParameters(
  path: string,
  spec: Pick<DspMaccSpec, 'pipeline' | 'accumulatorBits'>,
): { L: PipelineDepth; bits: number } {
  const L = spec.pipeline ?? 1;
  if (L !== 1 && L !== 2 && L !== 3) throw new ConfigError(path, 'pipeline', '1, 2 or 3', L);
  const bits = spec.accumulatorBits ?? 48;
  if (!Number.isInteger(bits) || bits < 8 || bits > 48)
    throw new ConfigError(path, 'accumulatorBits', 'an integer from 8 to 48', bits);
  return { L, bits };
}

/**
 * One element of the wavefront array: a DSP48-style multiply-accumulator with its operand pass-through registers, its
 * local result register LR and its drain flag d. Twin: `rtl/dsp_macc.v`.
 *
 * Ports    `a`, `b` (16 bit), `first`, `last`: this cycle's operands and tags; `a_q`, `b_q`, `first_q`, `last_q`: the
 *          same one register later, for the neighbours; `p`; `d_set` (the drain token reaches this element), `d_in` and
 *          `lr_in` (flag and LR of the element above), `d_out`, `lr_out`; `rst`.
 * Timing   No enable: every register moves on every edge. Operands of cycle c show in P in cycle c+L:
 *          `P ← (first ? 0 : P) + a·b`. On the edge that ends the cycle in which the P of a `last` is visible, LR takes P.
 *          `d ← d_set | d_in`; `LR ← capture ? P : d_in ? lr_in : LR`: capture beats shift.
 * Storage  One DSP48E1; 34 + accumulatorBits + 1 flip-flops beside it.
 * Errors   ConfigError for a pipeline other than 1, 2, 3 or an accumulator outside 8…48 bits.
 * Source   The machine contract, section 2; Xilinx UG479 for the 48-bit P. Cycles and phases: docs/timing-model.md.
 */
export class DspMacc extends Module {
  readonly rst: Signal;
  readonly a: Signal;
  readonly b: Signal;
  readonly first: Signal;
  readonly last: Signal;
  readonly aQ: Signal;
  readonly bQ: Signal;
  readonly firstQ: Signal;
  readonly lastQ: Signal;
  readonly p: Signal;
  readonly dSet: Signal;
  readonly dIn: Signal;
  readonly lrIn: Signal;
  readonly dOut: Signal;
  readonly lrOut: Signal;
  /** The product register M with its tags (L ≥ 2), and the flag that P holds a finished sum. */
  override state = { m: 0, mFirst: 0, mLast: 0, capture: 0 };
  private readonly L: PipelineDepth;
  private readonly width: number;

  constructor(parent: Module | Simulator, name: string, spec: DspMaccSpec) {
    super(parent, name);
    const { L, bits } = maccParameters(this.path, spec);
    this.L = L;
    this.width = bits;
    this.rst = this.input('rst', bool);
    this.a = this.input('a', int(16));
    this.b = this.input('b', int(16));
    this.first = this.input('first', bool);
    this.last = this.input('last', bool);
    this.aQ = this.output('a_q', int(16));
    this.bQ = this.output('b_q', int(16));
    this.firstQ = this.output('first_q', bool);
    this.lastQ = this.output('last_q', bool);
    this.p = this.output('p', int(bits));
    this.dSet = this.input('d_set', bool);
    this.dIn = this.input('d_in', bool);
    this.lrIn = this.input('lr_in', int(bits));
    this.dOut = this.output('d_out', bool);
    this.lrOut = this.output('lr_out', int(bits));
    this.probe('m', int(32), () => this.state.m);
    this.edge(spec.clock, this.tick);
  }

  private tick(): void {
    const s = this.state;
    if (this.rst.value !== 0) {
      s.m = s.mFirst = s.mLast = s.capture = 0;
      for (const register of [this.aQ, this.bQ, this.firstQ, this.lastQ, this.p, this.dOut, this.lrOut])
        register.write(0);
      return;
    }
    const p = this.p.value;
    if (s.capture !== 0) this.lrOut.write(p);
    else if (this.dIn.value !== 0) this.lrOut.write(this.lrIn.value);
    this.dOut.write(this.dSet.value | this.dIn.value);

    const late = this.L === 3;
    const a = late ? this.aQ.value : this.a.value;
    const b = late ? this.bQ.value : this.b.value;
    const first = late ? this.firstQ.value : this.first.value;
    const last = late ? this.lastQ.value : this.last.value;
    const product = Math.imul(a, b);
    if (this.L === 1) {
      this.p.write(wrap((first !== 0 ? 0 : p) + product, this.width));
      s.capture = last;
    } else {
      this.p.write(wrap((s.mFirst !== 0 ? 0 : p) + s.m, this.width));
      s.capture = s.mLast;
      s.m = product;
      s.mFirst = first;
      s.mLast = last;
    }
    this.aQ.write(this.a.value);
    this.bQ.write(this.b.value);
    this.firstQ.write(this.first.value);
    this.lastQ.write(this.last.value);
  }
}
