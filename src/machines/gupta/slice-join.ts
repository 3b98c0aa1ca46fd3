import { bool, Module, type Signal, type Simulator } from '../../kernel/index.js';

/**
 * Joins the A and B slices that pop together: both valid, both taken. Its paths are combinational; the machine contract,
 * section 1, names the join as such.
 *
 * Ports    `a_valid`, `b_valid`, `a_ready`, `b_ready`; `out_valid`, `out_ready`. Cycles and phases: docs/timing-model.md.
 */
export class SliceJoin extends Module {
  readonly aValid: Signal;
  readonly bValid: Signal;
  readonly aReady: Signal;
  readonly bReady: Signal;
  readonly outValid: Signal;
  readonly outReady: Signal;

  constructor(parent: Module | Simulator, name: string) {
    super(parent, name);
    this.aValid = this.input('a_valid', bool);
    this.bValid = this.input('b_valid', bool);
    this.aReady = this.output('a_ready', bool);
    this.bReady = this.output('b_ready', bool);
    this.outValid = this.output('out_valid', bool);
    this.outReady = this.input('out_ready', bool);
    this.comb(this.join, [this.aValid, this.bValid, this.outReady]);
  }

  private join(): void {
    const a = this.aValid.value;
    const b = this.bValid.value;
    const ready = this.outReady.value;
    this.outValid.write(a & b);
    this.aReady.write(ready & b);
    this.bReady.write(ready & a);
  }
}
