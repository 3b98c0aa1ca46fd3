import {
  bitsFor,
  type Channel,
  type Clock,
  ConfigError,
  type Fields,
  Module,
  type Signal,
  type Simulator,
  bool,
  uint,
  VectorSignal,
} from '../kernel/index.js';

export interface FifoSpec<F extends Fields> {
  readonly clock: Clock;
  /** Words it holds, 1 or more. */
  readonly depth: number;
  /** What a word carries. */
  readonly fields: F;
}

/**
 * FIFO with valid/ready on both sides; the skid buffer between blocks. Twin: `rtl/fifo.v`.
 *
 * Ports    sink `in`, source `out` of the same fields; `rst`; `count`, the words held, 0 to depth.
 * Timing   `in_ready = count ≠ depth`, `out_valid = count ≠ 0`, both from registers only. A word pushed in cycle c is
 *          visible in c+1. No bypass: a full FIFO refuses a push even in a cycle in which it pops.
 * Storage  `depth` words. `out` shows the word at the read pointer, stale when empty; reset clears pointers and
 *          count, not the memory.
 * Errors   ConfigError when `depth` is no integer of 1 or more.
 * Source   The machine contract, section 1. Cycles and phases: docs/timing-model.md.
 */
export class Fifo<F extends Fields> extends Module {
  readonly rst: Signal;
  readonly in: Channel<F>;
  readonly out: Channel<F>;
  readonly count: Signal;
  override state: { count: number; read: number; write: number; memory: Float64Array };
  private readonly depth: number;
  private readonly words: number;
  private readonly inputs: (Signal | VectorSignal)[];
  private readonly outputs: (Signal | VectorSignal)[];

  constructor(parent: Module | Simulator, name: string, spec: FifoSpec<F>) {
    super(parent, name);
    const { clock, depth, fields } = spec;
    if (!Number.isInteger(depth) || depth < 1)
      throw new ConfigError(this.path, 'depth', 'an integer of 1 or more', depth);
    this.depth = depth;
    this.words = Object.values(fields).reduce(
      (sum, type) => sum + (type.kind === 'vector' ? type.lanes : 1),
      0,
    );
    this.state = { count: 0, read: 0, write: 0, memory: new Float64Array(depth * this.words) };
    this.rst = this.input('rst', bool);
    this.in = this.sink('in', fields, clock);
    this.out = this.source('out', fields, clock);
    this.count = this.output('count', uint(bitsFor(depth)));
    this.inputs = Object.values(this.in.payload);
    this.outputs = Object.values(this.out.payload);
    this.in.ready.write(1);
    this.edge(clock, this.tick, [this.rst, this.in.valid, this.out.ready]);
  }

  /** One rising edge. */
  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) {
      const moved = s.count + s.read + s.write !== 0;
      s.count = s.read = s.write = 0;
      if (moved) this.show();
      return moved;
    }
    const push = s.count !== this.depth && this.in.valid.value !== 0;
    const pop = s.count !== 0 && this.out.ready.value !== 0;
    if (!push && !pop) return false;
    if (push) {
      this.copyIn(s.write);
      s.write = s.write + 1 === this.depth ? 0 : s.write + 1;
      s.count += 1;
    }
    if (pop) {
      s.read = s.read + 1 === this.depth ? 0 : s.read + 1;
      s.count -= 1;
    }
    this.show();
    return true;
  }

  private copyIn(word: number): void {
    const { memory } = this.state;
    let at = word * this.words;
    for (const net of this.inputs) {
      if (net instanceof VectorSignal) {
        net.copyTo(memory, at);
        at += net.lanes;
      } else memory[at++] = net.value;
    }
  }

  private show(): void {
    const s = this.state;
    let at = s.read * this.words;
    for (const net of this.outputs) {
      if (net instanceof VectorSignal) {
        net.writeFrom(s.memory, at);
        at += net.lanes;
      } else net.write(s.memory[at++]!);
    }
    this.in.ready.write(s.count !== this.depth ? 1 : 0);
    this.out.valid.write(s.count !== 0 ? 1 : 0);
    this.count.write(s.count);
  }
}
