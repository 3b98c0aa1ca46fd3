import { bitsFor, bool, Module, type Signal, type Simulator, uint } from '../../kernel/index.js';
import type { Clock } from '../../kernel/index.js';
import type { ArrayShape } from './spec.js';

export interface DrainControlSpec extends ArrayShape {
  readonly clock: Clock;
}

/**
 * The array's controller in its structural form: the gate on `last` slices, the delay line of drain tokens, and the
 * promises made for the output FIFOs. The twin's is within `rtl/systolic_array.v`.
 *
 * Ports    `in_valid`, `in_last`, `in_m`, `in_nc`; `in_ready`, `issue`; `popped[j]` (column j's FIFO pops in this
 *          cycle); `d_set[i][j]` (the token reaches element (i, j)); `rst`.
 * Timing   `in_ready = !in_last || (spaced && room)`, combinational from `in_last`. `spaced`: at least m cycles since the
 *          previous `last`, m being that one's. `room`: every promise counter ≤ depth − n; a `last` adds m to columns below
 *          nc, a pop takes one off. A token issued at edge t sets the flags of column j at edge t + n + L + j.
 * Source   The machine contract, section 3. Cycles and phases: docs/timing-model.md.
 */
export class DrainControl extends Module {
  readonly rst: Signal;
  readonly inValid: Signal;
  readonly inLast: Signal;
  readonly inM: Signal;
  readonly inNc: Signal;
  readonly inReady: Signal;
  readonly issue: Signal;
  readonly popped: Signal[] = [];
  readonly dSet: Signal[][] = [];
  /** Every column's FIFO has room for another tile. */
  readonly room: Signal;
  readonly open: Signal;
  /** Token line: stage k (1…) at k; m = 0 where there is no token. */
  override state: { spacing: number; promises: Int32Array; tokenM: Int32Array; tokenNc: Int32Array };
  private readonly shape: ArrayShape;

  constructor(parent: Module | Simulator, name: string, spec: DrainControlSpec) {
    super(parent, name);
    const { n, L } = spec;
    this.shape = spec;
    this.rst = this.input('rst', bool);
    this.inValid = this.input('in_valid', bool);
    this.inLast = this.input('in_last', bool);
    this.inM = this.input('in_m', uint(bitsFor(n)));
    this.inNc = this.input('in_nc', uint(bitsFor(n)));
    this.inReady = this.output('in_ready', bool);
    this.issue = this.output('issue', bool);
    this.open = this.wire('open', bool, 1);
    this.room = this.output('room', bool, 1);
    for (let j = 0; j < n; j++) this.popped.push(this.input(`popped[${j}]`, bool));
    for (let i = 0; i < n; i++)
      this.dSet.push(Array.from({ length: n }, (_, j) => this.output(`d_set[${i}][${j}]`, bool)));
    const stages = 2 * n + L;
    this.state = {
      spacing: 0,
      promises: new Int32Array(n),
      tokenM: new Int32Array(stages + 1),
      tokenNc: new Int32Array(stages + 1),
    };
    this.comb(this.gate, [this.inValid, this.inLast, this.open]);
    this.edge(spec.clock, this.tick);
  }

  private gate(): void {
    const ready = this.inLast.value === 0 || this.open.value !== 0;
    this.inReady.write(ready ? 1 : 0);
    this.issue.write(ready && this.inValid.value !== 0 ? 1 : 0);
  }

  private tick(): void {
    const s = this.state;
    const { n, L, outputDepth } = this.shape;
    if (this.rst.value !== 0) {
      s.spacing = 0;
      s.promises.fill(0);
      s.tokenM.fill(0);
      s.tokenNc.fill(0);
    } else {
      const last = this.issue.value !== 0 && this.inLast.value !== 0;
      const m = this.inM.value;
      const nc = this.inNc.value;
      if (last) s.spacing = Math.max(0, m - 1);
      else if (s.spacing > 0) s.spacing -= 1;
      for (let j = 0; j < n; j++) s.promises[j]! += (last && j < nc ? m : 0) - this.popped[j]!.value;
      for (let k = s.tokenM.length - 1; k > 1; k--) {
        s.tokenM[k] = s.tokenM[k - 1]!;
        s.tokenNc[k] = s.tokenNc[k - 1]!;
      }
      s.tokenM[1] = last ? m : 0;
      s.tokenNc[1] = last ? nc : 0;
    }
    const room = s.promises.every((p) => p <= outputDepth - n);
    this.room.write(room ? 1 : 0);
    this.open.write(room && s.spacing === 0 ? 1 : 0);
    // Visible in the coming cycle, used at its edge: stage n + L + j is the token issued n + L + j edges before that.
    for (let j = 0; j < n; j++) {
      const m = s.tokenM[n + L + j]!;
      const drains = m > 0 && j < s.tokenNc[n + L + j]!;
      for (let i = 0; i < n; i++) this.dSet[i]![j]!.write(drains && i >= n - m ? 1 : 0);
    }
  }
}
