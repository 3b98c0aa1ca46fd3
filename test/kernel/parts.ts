import { type Clock, Module, type Signal, type Simulator, uint } from '../../src/kernel/index.js';

export interface Clocked {
  readonly clock: Clock;
}

/** Counts edges of its clock on `q`; never sleeps. */
export class Ticker extends Module {
  readonly q: Signal = this.output('q', uint(32));

  constructor(parent: Module | Simulator, name: string, { clock }: Clocked) {
    super(parent, name);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    this.q.write(this.q.value + 1);
  }
}

/** A register from `d` to `q`; `initial` is what it holds before the first edge. Sleeps while `d` stays. */
export class Register extends Module {
  readonly d: Signal = this.input('d', uint(32));
  readonly q: Signal;
  /** Cycles in which it ran. */
  readonly ran: number[] = [];

  constructor(
    parent: Module | Simulator,
    name: string,
    { clock, initial = 0 }: Clocked & { initial?: number },
  ) {
    super(parent, name);
    this.q = this.output('q', uint(32), initial);
    this.clock = clock;
    this.edge(clock, this.tick, [this.d]);
  }

  private readonly clock: Clock;

  private tick(): boolean {
    this.ran.push(this.clock.cycle);
    if (this.q.value === this.d.value) return false;
    this.q.write(this.d.value);
    return true;
  }
}

/** Combinational logic of any function of its inputs. */
export class Logic extends Module {
  readonly inputs: Signal[];
  readonly y: Signal;
  runs = 0;

  constructor(
    parent: Module | Simulator,
    name: string,
    inputs: number,
    private readonly apply: (...values: number[]) => number,
  ) {
    super(parent, name);
    this.inputs = Array.from({ length: inputs }, (_, i) => this.input(`a${i}`, uint(32)));
    this.y = this.output('y', uint(32));
    this.comb(this.logic, this.inputs);
  }

  private logic(): void {
    this.runs += 1;
    this.y.write(this.apply(...this.inputs.map((a) => a.value)));
  }
}
