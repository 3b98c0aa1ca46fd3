import {
  type Channel,
  type Clock,
  ConfigError,
  type Module,
  type Rational,
  type Simulator,
  uint,
  type Wait,
} from '../../kernel/index.js';
import { alignDown } from '../axi/burst.js';
import {
  type AxiAddress,
  type AxiReadData,
  type AxiWriteData,
  type AxiWriteResponse,
  BUS_LANES,
  WORD_BYTES,
} from '../axi/channels.js';
import { AxiModule } from '../axi/link.js';
import { SlaveFront, type SlaveFrontRegisters } from '../axi/slave-front.js';
import type { Ddr3Listener } from './commands.js';
import { ChannelTransactions } from './channel-transactions.js';
import { Ddr3Controller } from './controller.js';
import { ReadPath } from './read-path.js';
import { type Ddr3Report, ddr3Report } from './report.js';
import type { Fields } from './register-copy.js';
import { checkWords, type SavedWords, SparseWords } from './sparse-words.js';
import { type Ddr3Config, ddr3Spec, type Ddr3Spec } from './spec.js';
import { WritePath } from './write-path.js';

/** Lines of the return buffer and of the write buffer, unless given. */
const LINES = 64;

export interface Ddr3ModuleSpec {
  /** The clock of the DRAM: that of the speed bin, see {@link ddr3Clock}. */
  readonly clock: Clock;
  /** 16-bit words of the data bus: a power of two from 1 to 16. Default 16 (256 bit). */
  readonly lanes?: number;
  /** Bits of the IDs. Default 4. */
  readonly idBits?: number;
  /** Bursts it accepts before the first is answered, for reads and for writes: 1 to 256. Default 16. */
  readonly outstanding?: number;
  /** DRAM bursts that are being read or wait to be taken, and that wait to be written: 1 to 1024 each. Default 64. */
  readonly readLines?: number;
  readonly writeLines?: number;
  /** Everything about DRAM and controller; unknown keys are errors. */
  readonly config?: Ddr3Config;
}

interface Registers {
  front: SlaveFrontRegisters;
  reads: ReadPath['state'];
  writes: WritePath['state'];
  transactions: ChannelTransactions['state'];
  /** 1 when the latest request that went to the controller was a write. */
  lastWasWrite: number;
  /** Cycle of the latest wake asked for. */
  wake: number;
}

/** Clock of a configuration's DRAM, Hz: what `sim.clock('ddr3', ddr3Clock(config))` wants. */
export function ddr3Clock(config: Ddr3Config = {}): Rational {
  return ddr3Spec(config).clock;
}

/**
 * AXI4 slave before a DDR3 channel: controller, timing and storage. In place of AxiMemory where cycles count.
 *
 * Ports    sinks `ar`, `aw`, `w`, sources `r`, `b` (axi/channels.ts), `lanes` words wide, in the clock of the DRAM.
 * Does     INCR, FIXED and WRAP, unaligned and narrow bursts, strobes. Consecutive beats within one DRAM burst (64 bytes on
 *          a 64-bit channel) share one access; strobes become the data mask of the DRAM. Read data return in the order of
 *          AR, whatever the IDs; so do responses. Data move with the commands: a write is in the contents once its
 *          command has gone out, and reads take them from there or from the queue, as Ddr3Controller orders them.
 *          A burst from beyond the capacity answers DECERR, a beat that runs beyond it SLVERR; such reads give zeros.
 * Contract AR accepted in cycle c: its first DRAM burst is asked for in c + 1 at the earliest, one a cycle (reads and writes
 *          in turn); that is the accept of Ddr3Controller. A line that is done at clock d is shown from cycle d + 1 on, a
 *          beat a cycle. So an idle controller and an open row give the first beat in c + 1 + (2 + 15) + 1 (DDR3-1600).
 *          A W beat is taken from its queue a cycle after it came, its AW there. B is valid in the cycle after
 *          the one in which the controller took the last DRAM burst of a write: from then on every read sees it. `ar_ready`, `aw_ready`,
 *          `w_ready` are registered: high while there is room.
 * Sleeps   while nothing is asked; refreshes of that time are made up for on waking, at their own clocks.
 * Storage  Pages of 64 KiB, written ones only; `load` and `dump` are the host's back door past the queues.
 * Errors   ConfigError for a parameter out of range or a clock that is not the bin's. AxiProtocolError for a burst of a reserved or oversized kind or across
 *          4 KB, or `w_last` on the wrong beat.
 * Source   ARM IHI 0022 (AXI4), A3; JESD79-3F. Cycles and phases: docs/timing-model.md; parameters: docs/ddr3.md.
 */
export class Ddr3 extends AxiModule {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  override state: Registers;
  readonly spec: Ddr3Spec;
  readonly capacityBytes: number;
  readonly controller: Ddr3Controller;
  private readonly clock: Clock;
  private readonly front: SlaveFront;
  private readonly reads: ReadPath;
  private readonly writes: WritePath;
  private readonly contents = new SparseWords();
  private readonly process: number;
  private readonly transactions: ChannelTransactions;
  private observer: NonNullable<Ddr3Listener['command']> | null = null;

  constructor(parent: Module | Simulator, name: string, spec: Ddr3ModuleSpec) {
    super(parent, name);
    const { path } = this;
    const { clock, lanes = BUS_LANES, idBits = 4, outstanding = 16, config = {} } = spec;
    const { readLines = LINES, writeLines = LINES } = spec;
    if (![1, 2, 4, 8, 16].includes(lanes))
      throw new ConfigError(path, 'lanes', 'a power of two from 1 to 16', lanes);
    for (const [field, value, max] of [
      ['idBits', idBits, 32],
      ['outstanding', outstanding, 256],
      ['readLines', readLines, 1024],
      ['writeLines', writeLines, 1024],
    ] as const)
      if (!Number.isInteger(value) || value < 1 || value > max)
        throw new ConfigError(path, field, `an integer from 1 to ${max}`, value);
    this.spec = ddr3Spec(config, path);
    const { num, den } = this.spec.clock;
    const { hz } = clock.timebase;
    const [hzNum, hzDen] = typeof hz === 'number' ? [hz, 1] : [hz.num, hz.den];
    if (hzNum * den !== num * hzDen)
      throw new ConfigError(path, 'clock', `of ${num / den} Hz, for DDR3-${this.spec.speed}`, hzNum / hzDen);
    const { capacityBytes, burstBytes } = this.spec;
    this.capacityBytes = capacityBytes;
    this.clock = clock;
    this.controller = new Ddr3Controller(this.spec);

    const port = this.slavePort('', { clock, lanes, idBits });
    ({ ar: this.ar, r: this.r, aw: this.aw, w: this.w, b: this.b } = port);
    this.probe('bytes_read', uint(53), () => this.bytesRead);
    this.probe('bytes_written', uint(53), () => this.bytesWritten);
    this.probe('beats', uint(53), () => this.beats);
    this.front = new SlaveFront(path, port, { lanes, outstanding, capacityBytes });
    const shape = { burstBytes, busBytes: lanes * WORD_BYTES, capacityBytes };
    this.reads = new ReadPath(this.r, this.front, this.controller, { ...shape, lines: readLines });
    this.writes = new WritePath(this.front, this.controller, { ...shape, lines: writeLines });
    this.transactions = new ChannelTransactions(this.sim, path, burstBytes, readLines, writeLines);
    this.controller.listener = this.listener();
    this.state = {
      front: this.front.state,
      reads: this.reads.state,
      writes: this.writes.state,
      transactions: this.transactions.state,
      lastWasWrite: 0,
      wake: -1,
    };
    this.process = this.edge(clock, this.tick, this.front.wakeOn);
  }

  /** Bytes that read beats carried: 2^SIZE each, less what an unaligned first beat leaves out. */
  get bytesRead(): number {
    return this.front.state.bytesRead;
  }

  /** Bytes accepted for writing: strobes that were set, within the capacity. */
  get bytesWritten(): number {
    return this.front.state.bytesWritten;
  }

  /** Beats moved, both ways. */
  get beats(): number {
    return this.front.beats;
  }

  /** What controller and DRAM have counted; see Ddr3Statistics for what each figure means. */
  get report(): Ddr3Report {
    return ddr3Report(this.controller);
  }

  /** Has someone told every command to the DRAM: a timing checker, a log. Not part of snapshots. */
  observeCommands(tell: NonNullable<Ddr3Listener['command']>): void {
    const before = this.observer;
    this.observer =
      before === null
        ? tell
        : (...fields) => {
            before(...fields);
            tell(...fields);
          };
  }

  /** Puts words into the memory at once, past what waits in the queues. @param address byte address, even. @throws ConfigError */
  load(address: number, words: Int16Array): void {
    checkWords(this.path, address, words.length, this.capacityBytes);
    this.writes.lines.forget(address / WORD_BYTES, address / WORD_BYTES + words.length);
    this.contents.load(address / WORD_BYTES, words);
  }

  /** A copy of what a read of the memory would give now. @param address byte address, even; @param words how many. @throws ConfigError */
  dump(address: number, words: number): Int16Array {
    checkWords(this.path, address, words, this.capacityBytes);
    const { burstBytes } = this.spec;
    const first = alignDown(address, burstBytes) / WORD_BYTES;
    const end = (Math.ceil((address + words * WORD_BYTES) / burstBytes) * burstBytes) / WORD_BYTES;
    const lines = this.contents.dump(first, end - first);
    this.writes.lines.overlayAll(lines, first);
    return lines.slice(address / WORD_BYTES - first, address / WORD_BYTES - first + words);
  }

  override saveState(): unknown {
    const { state, controller, contents } = this;
    return { registers: structuredClone(state), controller: controller.save(), contents: contents.save() };
  }

  override loadState(saved: unknown): void {
    const { registers, controller, contents } = saved as {
      registers: Registers;
      controller: Fields;
      contents: SavedWords;
    };
    super.loadState(registers);
    this.controller.restore(controller);
    this.contents.restore(contents);
  }

  override waits(): readonly Wait[] {
    return this.front.waits();
  }

  /** Moves data with the commands. */
  private listener(): Ddr3Listener {
    const { contents, transactions } = this;
    const reads = this.reads.lines;
    const writes = this.writes.lines;
    return {
      accepted: (tag, write, t, burst, merged) => transactions.accepted(tag, write, t, burst, merged),
      issued: (tag, write, _accepted, doneAt) => {
        transactions.issued(tag, write, doneAt);
        if (write) writes.store(tag, contents);
        else reads.fetch(tag, contents, doneAt);
      },
      forwarded: (tag, _accepted, doneAt) => {
        transactions.forwarded(tag, doneAt);
        reads.fetch(tag, contents, doneAt);
        writes.overlay(reads.state.burst[tag]!, reads.state.words, reads.base(tag));
      },
      command: (...fields) => {
        transactions.command(...fields);
        this.observer?.(...fields);
      },
      conflict: () => transactions.conflict(),
    };
  }

  private tick(): boolean {
    const { controller, front } = this;
    const now = this.clock.cycle;
    // What fell due while this slept (refreshes) comes first, at its own clock.
    while (controller.nextAt <= now) controller.tick(controller.nextAt);
    const requested = this.request(now);
    const retired = front.retire();
    let moved = requested || retired;
    const { readFree } = front;
    if (readFree && this.reads.lines.due <= now) {
      this.reads.showBeat();
      moved = true;
    }
    if (front.responses.show(now)) moved = true;
    if (this.writes.takeBeat(now)) moved = true;
    if (front.accept(now)) moved = true;
    front.driveReady(this.writes.state.full);
    if (moved) return true;
    this.sleepUntilDue(now, readFree);
    return false;
  }

  /** Asks to be woken when the controller or the next line of data has something to do. */
  private sleepUntilDue(now: number, readFree: boolean): void {
    const s = this.state;
    let due = Infinity;
    if (this.controller.pending > 0) due = this.controller.nextAt;
    if (readFree) due = Math.min(due, this.reads.lines.due);
    if (due === Infinity || due <= now || s.wake === due) return;
    s.wake = due;
    this.sim.wakeAt(this.process, due);
  }

  /** Hands one DRAM burst to the controller: the next read, or the line that is filled. Reads and writes in turn. */
  private request(now: number): boolean {
    const { reads, writes, state: s } = this;
    const { canAsk } = reads;
    if (writes.canHandOver && (!canAsk || s.lastWasWrite === 0)) {
      s.lastWasWrite = 1;
      writes.handOver(now);
      return true;
    }
    if (!canAsk) return false;
    if (reads.ask(now)) s.lastWasWrite = 0;
    return true;
  }
}
