import {
  bitsFor,
  bool,
  type Channel,
  type Clock,
  ConfigError,
  type Fields,
  Module,
  type Signal,
  type Simulator,
  uint,
} from '../../kernel/index.js';
import { PayloadQueue } from './payload-queue.js';

export interface AsyncFifoSpec<F extends Fields> {
  /** Clock of the side that pushes. */
  readonly inClock: Clock;
  /** Clock of the side that pops. */
  readonly outClock: Clock;
  /** Words it holds: a power of two, 2 to 1024. Eight let a word move every cycle of equal clocks. */
  readonly depth: number;
  /** What a word carries. */
  readonly fields: F;
}

/** The reflected binary (Gray) code of n: codes of neighbours differ in one bit. */
export function toGray(n: number): number {
  return n ^ (n >> 1);
}

/** The number of a Gray code. */
export function fromGray(code: number): number {
  let n = code;
  for (let shift = 1; shift < 32; shift *= 2) n ^= n >> shift;
  return n;
}

/**
 * FIFO between two clocks. Each side counts in its own clock and shows the other its pointer in Gray code, which takes it in
 * through two flip-flops. Twin: `rtl/async_fifo.v`.
 *
 * Ports    sink `in` (clock `inClock`), source `out` (clock `outClock`) of the same fields; `in_rst`, `out_rst`, each in its clock;
 *          `write_gray`, `read_gray`, the pointers as they cross.
 * Timing   Pushed at time t: of the `outClock` edges after t, the first takes the pointer into the first flip-flop, the second into
 *          the second, and the word is valid from then on, in the second cycle that begins after t. A word popped at t
 *          makes room likewise after two edges of `inClock`. Edges of both clocks at one instant sample before either side
 *          changes, so an edge at t itself does not count. `in_ready = written − (read as known here) ≠ depth`,
 *          `out_valid = (written as known here) ≠ read`, from registers only. Metastability is not modelled: a flip-flop
 *          takes the value from before its edge, always.
 *          Both resets are to be high together for at least three edges of each clock.
 * Storage  `depth` words, written in `inClock`, read in `outClock`: a word's place is never written while it is valid.
 * Errors   ConfigError when `depth` is no power of two from 2 to 1024.
 * Source   C. E. Cummings, "Simulation and Synthesis Techniques for Asynchronous FIFO Design", SNUG 2002, style 1, with the
 *          flags compared behind the registers. Cycles and phases: docs/timing-model.md.
 */
export class AsyncFifo<F extends Fields> extends Module {
  readonly inRst: Signal;
  readonly outRst: Signal;
  readonly in: Channel<F>;
  readonly out: Channel<F>;
  readonly writeGray: Signal;
  readonly readGray: Signal;
  override state: {
    memory: Float64Array;
    /** Pointers modulo 2·depth. */
    written: number;
    read: number;
    /** The other side's pointer in Gray code, behind the first and the second flip-flop. */
    readSync1: number;
    readSync2: number;
    writeSync1: number;
    writeSync2: number;
  };
  private readonly depth: number;
  private readonly words: PayloadQueue<F>;

  constructor(parent: Module | Simulator, name: string, spec: AsyncFifoSpec<F>) {
    super(parent, name);
    const { inClock, outClock, depth, fields } = spec;
    if (!Number.isInteger(depth) || depth < 2 || depth > 1024 || (depth & (depth - 1)) !== 0)
      throw new ConfigError(this.path, 'depth', 'a power of two from 2 to 1024', depth);
    this.depth = depth;
    this.words = new PayloadQueue(fields, depth);
    this.state = {
      memory: this.words.state.memory,
      written: 0,
      read: 0,
      readSync1: 0,
      readSync2: 0,
      writeSync1: 0,
      writeSync2: 0,
    };
    this.inRst = this.input('in_rst', bool);
    this.outRst = this.input('out_rst', bool);
    this.in = this.sink('in', fields, inClock);
    this.out = this.source('out', fields, outClock);
    const pointer = uint(bitsFor(2 * depth - 1));
    this.writeGray = this.output('write_gray', pointer);
    this.readGray = this.output('read_gray', pointer);
    this.in.ready.write(1);
    this.edge(inClock, this.tickIn, [this.inRst, this.in.valid, this.readGray]);
    this.edge(outClock, this.tickOut, [this.outRst, this.out.ready, this.writeGray]);
  }

  /** One edge of the side that pushes. */
  private tickIn(): boolean {
    const s = this.state;
    if (this.inRst.value !== 0) {
      const moved = s.written + s.readSync1 + s.readSync2 !== 0;
      s.written = s.readSync1 = s.readSync2 = 0;
      this.writeGray.write(0);
      this.in.ready.write(1);
      return moved;
    }
    const code = this.readGray.value;
    let moved = s.readSync1 !== code || s.readSync2 !== s.readSync1;
    if (this.in.fires) {
      this.words.store(this.in, s.written % this.depth);
      s.written = (s.written + 1) % (2 * this.depth);
      this.writeGray.write(toGray(s.written));
      moved = true;
    }
    s.readSync2 = s.readSync1;
    s.readSync1 = code;
    const held = (s.written - fromGray(s.readSync2) + 2 * this.depth) % (2 * this.depth);
    this.in.ready.write(held === this.depth ? 0 : 1);
    return moved;
  }

  /** One edge of the side that pops. */
  private tickOut(): boolean {
    const s = this.state;
    if (this.outRst.value !== 0) {
      const moved = s.read + s.writeSync1 + s.writeSync2 !== 0;
      s.read = s.writeSync1 = s.writeSync2 = 0;
      this.readGray.write(0);
      this.out.valid.write(0);
      return moved;
    }
    const code = this.writeGray.value;
    let moved = s.writeSync1 !== code || s.writeSync2 !== s.writeSync1;
    if (this.out.fires) {
      s.read = (s.read + 1) % (2 * this.depth);
      this.readGray.write(toGray(s.read));
      moved = true;
    }
    s.writeSync2 = s.writeSync1;
    s.writeSync1 = code;
    const some = fromGray(s.writeSync2) !== s.read;
    if (moved && some) this.words.showAt(this.out, s.read % this.depth);
    this.out.valid.write(some ? 1 : 0);
    return moved;
  }
}
