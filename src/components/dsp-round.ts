import {
  bits,
  bool,
  type Channel,
  type Clock,
  int,
  Module,
  type Signal,
  type Simulator,
  uint,
} from '../kernel/index.js';
import { advance16 } from '../numbers/lfsr.js';
import { roundingAddend, roundResult, roundSaturates } from '../numbers/rounding.js';

export interface DspRoundSpec {
  readonly clock: Clock;
}

/**
 * Rounds a 48-bit accumulator to a 16-bit result: `y = clamp16((acc + r) >>> d)`, then ReLU if asked. One stands on each
 * column's output. Twin: `rtl/dsp_round.v`.
 *
 * Ports    sink `in` {data: int48}; source `out` {data: int16, saturated}; settings `shift` (d, 0…31), `stochastic`,
 *          `relu`, to be changed only while empty; `load` and `seed` for the LFSR; `rst`.
 * Numbers  r is the low d bits of the LFSR (stochastic), 2^(d−1) (nearest, d > 0) or 0. The sum has 49 bits.
 *          `saturated` travels with y: the clamp changed the value. ReLU's zeroing is no saturation.
 * Timing   Two elastic stages (sum, result): accepted in cycle c, valid in c+2. Combinational path: `out_ready` to
 *          `in_ready`, `in_ready = !v1 | !v2 | out_ready`. Stages hold their values while stalled.
 * Draws    r uses the LFSR's state from before its advance; the LFSR (32 bit, taps 32, 22, 2, 1) advances 16 shifts on
 *          each result accepted in stochastic mode, and never otherwise. `load` beats the advance.
 * Storage  One DSP48E1 (49th bit beside it), 32 + 49 + 17 + 2 flip-flops.
 * Source   Gupta et al. 2015, section 5; the machine contract, section 4. Cycles and phases: docs/timing-model.md.
 */
export class DspRound extends Module {
  readonly rst: Signal;
  readonly load: Signal;
  readonly seed: Signal;
  readonly stochastic: Signal;
  readonly relu: Signal;
  readonly shift: Signal;
  readonly in: Channel<{ data: ReturnType<typeof int> }>;
  readonly out: Channel<{ data: ReturnType<typeof int>; saturated: typeof bool }>;
  /** LFSR q; the sum s as the accumulator and its addend (s = acc + r); saturations so far, for statistics. */
  override state = { q: 1, acc: 0, r: 0, saturations: 0 };
  private readonly sumValid: Signal;

  constructor(parent: Module | Simulator, name: string, spec: DspRoundSpec) {
    super(parent, name);
    this.rst = this.input('rst', bool);
    this.load = this.input('load', bool);
    this.seed = this.input('seed', bits(32));
    this.stochastic = this.input('stochastic', bool);
    this.relu = this.input('relu', bool);
    this.shift = this.input('shift', uint(5));
    this.in = this.sink('in', { data: int(48) }, spec.clock);
    this.out = this.source('out', { data: int(16), saturated: bool }, spec.clock);
    this.sumValid = this.wire('v1', bool);
    this.probe('q', bits(32), () => this.state.q);
    this.edge(spec.clock, this.tick, [this.rst, this.load, this.in.valid, this.out.ready]);
    this.comb(this.accept, [this.sumValid, this.out.valid, this.out.ready]);
  }

  /** in_ready: a stage behind is free or frees itself. */
  private accept(): void {
    this.in.ready.write(
      this.sumValid.value === 0 || this.out.valid.value === 0 || this.out.ready.value !== 0 ? 1 : 0,
    );
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) {
      s.q = 1;
      s.acc = s.r = 0;
      this.sumValid.write(0);
      this.out.valid.write(0);
      this.out.payload.data.write(0);
      this.out.payload.saturated.write(0);
      return true;
    }
    const v1 = this.sumValid.value;
    const v2 = this.out.valid.value;
    const resultFree = v2 === 0 || this.out.ready.value !== 0;
    const sumFree = v1 === 0 || resultFree;
    const inValid = this.in.valid.value;
    const loading = this.load.value !== 0;
    if (resultFree) {
      if (v1 !== 0) {
        const d = this.shift.value;
        this.out.payload.data.write(roundResult(s.acc, d, s.r, this.relu.value !== 0));
        const saturated = roundSaturates(s.acc, d, s.r) ? 1 : 0;
        s.saturations += saturated;
        this.out.payload.saturated.write(saturated);
      }
      this.out.valid.write(v1);
    }
    if (sumFree) {
      if (inValid !== 0) {
        const stochastic = this.stochastic.value !== 0;
        s.acc = this.in.payload.data.value;
        s.r = roundingAddend(s.q, this.shift.value, stochastic);
        if (stochastic && !loading) s.q = advance16(s.q);
      }
      this.sumValid.write(inValid);
    }
    if (loading) s.q = this.seed.value === 0 ? 1 : this.seed.value;
    return loading || (resultFree && (v1 | v2) !== 0) || (sumFree && inValid !== 0);
  }
}
