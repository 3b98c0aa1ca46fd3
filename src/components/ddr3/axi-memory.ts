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
  ID_BITS,
  RESPONSE,
  WORD_BYTES,
} from '../axi/channels.js';
import { AxiModule } from '../axi/link.js';
import { SlaveFront, type SlaveFrontRegisters } from '../axi/slave-front.js';
import { checkWords, type SavedWords, SparseWords } from './sparse-words.js';

/** Fraction bits of a bandwidth that is given as a plain number. */
const BANDWIDTH_FRACTION = 2 ** 20;

export interface AxiMemorySpec {
  readonly clock: Clock;
  /** 16-bit words of the data bus: a power of two from 1 to 16. Default 16 (256 bit). */
  readonly lanes?: number;
  /** Cycles from the accept of AR to its first beat at the earliest, and from the last W beat to B. 1 or more; default 30. */
  readonly latencyCycles?: number;
  /** The same for B alone, where the controller acknowledges earlier or later than it reads. Default `latencyCycles`. */
  readonly writeLatencyCycles?: number;
  /**
   * Bytes a cycle that reads and writes move together; each of the two moves at most one beat a cycle in any case. More
   * than 0. A number is rounded to 2^-20; a ratio is exact. Default 32.
   */
  readonly bandwidthBytesPerCycle?: number | Rational;
  /** Bytes there are, from address 0: a multiple of a beat, at most 8 GiB. Default 8 GiB. Only what is written takes room. */
  readonly capacityBytes?: number;
  /** Bursts it accepts before the first is answered, for reads and for writes: 1 or more. Default 16. */
  readonly outstanding?: number;
}

interface Registers {
  front: SlaveFrontRegisters;
  /** What may still be moved, in bytes times the bandwidth's denominator. */
  credit: number;
  /** Cycle up to which credit was added. */
  creditCycle: number;
  /** 1 when the latest beat moved was a write's. */
  lastWasWrite: number;
  /** Cycle of the latest wake asked for. */
  wake: number;
}

/**
 * AXI4 slave with storage: link, controller and DDR3 as one latency and one bandwidth, until those parts stand in its
 * place. Values are really stored; nothing is timed by bank or row.
 *
 * Ports    sinks `ar`, `aw`, `w`, sources `r`, `b` (axi/channels.ts), `lanes` words wide.
 * Does     INCR, FIXED and WRAP, unaligned and narrow bursts, by the address rules of AXI4. A read beat carries the whole
 *          bus word around its address; a write beat stores the bytes of its strobes. In order, whatever the IDs.
 *          A burst from beyond the capacity answers DECERR; a beat that runs beyond it from within answers SLVERR; such
 *          reads give zeros, such writes are dropped.
 * Contract AR accepted in cycle c: first R beat valid in c + latency at the earliest, then a beat a cycle, as the
 *          bandwidth allows. A W beat accepted in cycle c, its AW there, is stored at the edge of c; B is valid
 *          write latency cycles after the cycle in which the last beat was stored. `ar_ready`, `aw_ready`, `w_ready` are
 *          registered: high while there is room. W may come before its AW (4 beats wait). Credit of `bandwidth` bytes a cycle is
 *          spent a whole beat (bus width) at a time, whatever its SIZE, and saves up to less than one beat beyond the next; when it pays for one
 *          beat only, reads and writes take turns. A write is seen by every read beat shown at a later edge.
 * Storage  Pages of 64 KiB, written ones only. `load` and `dump` are the host's back door.
 * Errors   ConfigError for a parameter out of range. AxiProtocolError when a master breaks a rule: a burst of a reserved
 *          or oversized kind or across 4 KB, or `w_last` on the wrong beat.
 * Source   ARM IHI 0022 (AXI4), A3; the model of bandwidth is our own. Cycles and phases: docs/timing-model.md.
 */
export class AxiMemory extends AxiModule {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  override state: Registers;
  readonly capacityBytes: number;
  private readonly clock: Clock;
  private readonly busBytes: number;
  private readonly latency: number;
  private readonly writeLatency: number;
  /** Credit a cycle, and a beat's price, in bytes times the denominator of the bandwidth. */
  private readonly income: number;
  private readonly price: number;
  private readonly front: SlaveFront;
  private readonly contents = new SparseWords();
  private readonly process: number;

  constructor(parent: Module | Simulator, name: string, spec: AxiMemorySpec) {
    super(parent, name);
    const { path } = this;
    const { clock, lanes = BUS_LANES, latencyCycles = 30, outstanding = 16 } = spec;
    const { writeLatencyCycles = latencyCycles, bandwidthBytesPerCycle = 32, capacityBytes = 2 ** 33 } = spec;
    if (![1, 2, 4, 8, 16].includes(lanes))
      throw new ConfigError(path, 'lanes', 'a power of two from 1 to 16', lanes);
    for (const [field, value] of [
      ['latencyCycles', latencyCycles],
      ['writeLatencyCycles', writeLatencyCycles],
      ['outstanding', outstanding],
    ] as const) {
      if (!Number.isInteger(value) || value < 1)
        throw new ConfigError(path, field, 'an integer of 1 or more', value);
    }
    const busBytes = lanes * WORD_BYTES;
    if (!Number.isInteger(capacityBytes) || capacityBytes < busBytes || capacityBytes > 2 ** 33)
      throw new ConfigError(path, 'capacityBytes', 'an integer from one beat to 8 GiB', capacityBytes);
    if (capacityBytes % busBytes !== 0)
      throw new ConfigError(
        path,
        'capacityBytes',
        `a multiple of the beat of ${busBytes} bytes`,
        capacityBytes,
      );
    const bandwidth = ratioOf(path, bandwidthBytesPerCycle);
    this.clock = clock;
    this.busBytes = busBytes;
    this.latency = latencyCycles;
    this.writeLatency = writeLatencyCycles;
    this.capacityBytes = capacityBytes;
    // Two beats a cycle, one each way, are the most that can move; more credit than that buys nothing.
    this.price = busBytes * bandwidth.den;
    this.income = Math.min(bandwidth.num, 2 * this.price);

    const port = this.slavePort('', { clock, lanes, idBits: ID_BITS });
    ({ ar: this.ar, r: this.r, aw: this.aw, w: this.w, b: this.b } = port);
    this.probe('bytes_read', uint(53), () => this.bytesRead);
    this.probe('bytes_written', uint(53), () => this.bytesWritten);
    this.probe('beats', uint(53), () => this.beats);
    this.front = new SlaveFront(path, port, { lanes, outstanding, capacityBytes });
    this.state = { front: this.front.state, credit: 0, creditCycle: 0, lastWasWrite: 0, wake: -1 };
    this.process = this.edge(clock, this.tick, this.front.wakeOn);
  }

  /** Bytes that read beats carried: 2^SIZE each, less what an unaligned first beat leaves out. */
  get bytesRead(): number {
    return this.front.state.bytesRead;
  }

  /** Bytes stored: strobes that were set, within the capacity. */
  get bytesWritten(): number {
    return this.front.state.bytesWritten;
  }

  /** Beats moved, both ways. */
  get beats(): number {
    return this.front.beats;
  }

  /** Puts words into the memory at once. @param address byte address, even. @throws ConfigError */
  load(address: number, words: Int16Array): void {
    checkWords(this.path, address, words.length, this.capacityBytes);
    this.contents.load(address / WORD_BYTES, words);
  }

  /** A copy of what the memory holds now. @param address byte address, even; @param words how many. @throws ConfigError */
  dump(address: number, words: number): Int16Array {
    checkWords(this.path, address, words, this.capacityBytes);
    return this.contents.dump(address / WORD_BYTES, words);
  }

  override saveState(): unknown {
    return { registers: structuredClone(this.state), contents: this.contents.save() };
  }

  override loadState(saved: unknown): void {
    const { registers, contents } = saved as { registers: Registers; contents: SavedWords };
    super.loadState(registers);
    this.contents.restore(contents);
  }

  override waits(): readonly Wait[] {
    return this.front.waits();
  }

  private tick(): boolean {
    const { front, state: s } = this;
    const now = this.clock.cycle;
    const accepted = front.accept(now);
    const retired = front.retire();
    let moved = accepted || retired;
    const most = this.price + this.income - 1;
    s.credit = Math.min(most, s.credit + (now - s.creditCycle) * this.income);
    s.creditCycle = now;

    const { readFree } = front;
    const reads = readFree && this.readDue <= now;
    const writes = front.writeReady;
    let beats = Math.floor(s.credit / this.price);
    const poor = (reads ? 1 : 0) + (writes ? 1 : 0) > beats;
    const readFirst = !writes || s.lastWasWrite !== 0;
    if (reads && beats > 0 && (readFirst || beats > 1)) {
      this.readBeat();
      s.credit -= this.price;
      beats -= 1;
      moved = true;
      s.lastWasWrite = 0;
    }
    if (writes && beats > 0) {
      this.writeBeat(now);
      s.credit -= this.price;
      moved = true;
      s.lastWasWrite = 1;
    }
    if (front.responses.show(now)) moved = true;
    front.driveReady();
    if (moved || poor) return true;
    this.sleepUntilDue(now, readFree);
    return false;
  }

  /** Cycle at whose edge the first read burst may show its first beat; Infinity without one. */
  private get readDue(): number {
    const { reads } = this.front;
    return reads.count > 0 ? reads.acceptedAt + this.latency - 1 : Infinity;
  }

  /** Asks to be woken at the edge at which the next read burst or response falls due. */
  private sleepUntilDue(now: number, readFree: boolean): void {
    const s = this.state;
    const { responses } = this.front;
    let due = readFree ? this.readDue : Infinity;
    if (responses.count > 0 && this.b.valid.value === 0) due = Math.min(due, responses.due);
    if (due === Infinity || due <= now || s.wake === due) return;
    s.wake = due;
    this.sim.wakeAt(this.process, due);
  }

  /** Shows the next beat of the first read burst. */
  private readBeat(): void {
    const { front, contents } = this;
    const address = front.reads.address();
    const resp = front.responseTo(front.reads, address);
    if (resp === RESPONSE.okay) {
      const at = contents.seek(alignDown(address, this.busBytes) / WORD_BYTES);
      this.r.payload.data.writeFrom(contents.page, at);
    }
    front.showRead(address, resp);
  }

  /** Stores the first waiting beat of the first write burst. */
  private writeBeat(now: number): void {
    const { front } = this;
    const { writes } = front;
    front.checkLast(now);
    const address = writes.address();
    const resp = front.responseTo(writes, address);
    if (resp === RESPONSE.okay) this.store(alignDown(address, this.busBytes));
    const { id } = writes;
    const answer = front.endWriteBeat(resp);
    if (answer >= 0) front.responses.push(id, answer, now + this.writeLatency - 1);
  }

  /** Writes the strobed bytes of the first waiting beat to the bus word at byte address `base`. */
  private store(base: number): void {
    const { front, contents } = this;
    if (front.waiting.strobes === 0) return;
    const at = contents.seekForWrite(base / WORD_BYTES);
    front.state.bytesWritten += front.waiting.store(contents.page, at);
  }
}

function ratioOf(path: string, bandwidth: number | Rational): Rational {
  const ratio =
    typeof bandwidth === 'number'
      ? { num: Math.round(bandwidth * BANDWIDTH_FRACTION), den: BANDWIDTH_FRACTION }
      : bandwidth;
  const fits = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 2 ** 40;
  if (!fits(ratio.num) || !fits(ratio.den))
    throw new ConfigError(
      path,
      'bandwidthBytesPerCycle',
      'a number of 2^-20 to 2^20 or a ratio of integers from 1 to 2^40',
      bandwidth,
    );
  return ratio;
}
