import {
  type Channel,
  type Clock,
  ConfigError,
  Module,
  type Rational,
  type Simulator,
  uint,
  type Wait,
} from '../../kernel/index.js';
import { alignDown, beatAddress, burstFault, sizeBytes } from '../axi/burst.js';
import {
  type AxiAddress,
  axiAddress,
  type AxiReadData,
  axiReadData,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponse,
  BUS_LANES,
  RESPONSE,
  WORD_BYTES,
} from '../axi/channels.js';
import { AxiProtocolError } from '../axi/errors.js';
import { type SavedWords, SparseWords } from './sparse-words.js';

/** Fraction bits of a bandwidth that is given as a plain number. */
const BANDWIDTH_FRACTION = 2 ** 20;
/** Beats of write data that wait for their turn or for their address. */
const WRITE_BEATS = 4;

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
  /** Accepted read bursts; the first field of each is the cycle at whose edge its first beat may be shown. */
  arCount: number;
  arHead: number;
  arDue: Float64Array;
  arId: Float64Array;
  arAddr: Float64Array;
  arLen: Float64Array;
  arSize: Float64Array;
  arBurst: Float64Array;
  /** Next beat of the first read burst. */
  arBeat: number;
  awCount: number;
  awHead: number;
  awId: Float64Array;
  awAddr: Float64Array;
  awLen: Float64Array;
  awSize: Float64Array;
  awBurst: Float64Array;
  awBeat: number;
  /** Worst response of the first write burst so far. */
  awResp: number;
  wCount: number;
  wHead: number;
  wData: Int16Array;
  wStrb: Float64Array;
  wLast: Uint8Array;
  bCount: number;
  bHead: number;
  bDue: Float64Array;
  bId: Float64Array;
  bResp: Float64Array;
  /** What may still be moved, in bytes times the bandwidth's denominator. */
  credit: number;
  /** Cycle up to which credit was added. */
  creditCycle: number;
  /** 1 when the latest beat moved was a write's. */
  lastWasWrite: number;
  /** Cycle of the latest wake asked for. */
  wake: number;
  readBeats: number;
  writeBeats: number;
  bytesRead: number;
  bytesWritten: number;
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
export class AxiMemory extends Module {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  override state: Registers;
  readonly capacityBytes: number;
  private readonly clock: Clock;
  private readonly lanes: number;
  private readonly busBytes: number;
  private readonly latency: number;
  private readonly writeLatency: number;
  private readonly depth: number;
  /** Credit a cycle, and a beat's price, in bytes times the denominator of the bandwidth. */
  private readonly income: number;
  private readonly price: number;
  private readonly allStrobes: number;
  private readonly contents = new SparseWords();
  private readonly zeros: Int16Array;
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
    this.lanes = lanes;
    this.busBytes = busBytes;
    this.latency = latencyCycles;
    this.writeLatency = writeLatencyCycles;
    this.depth = outstanding;
    this.capacityBytes = capacityBytes;
    // Two beats a cycle, one each way, are the most that can move; more credit than that buys nothing.
    this.price = busBytes * bandwidth.den;
    this.income = Math.min(bandwidth.num, 2 * this.price);
    this.allStrobes = 2 ** busBytes - 1;
    this.zeros = new Int16Array(lanes);
    this.state = emptyRegisters(outstanding, lanes);

    this.ar = this.sink('ar', axiAddress, clock);
    this.r = this.source('r', axiReadData(lanes), clock);
    this.aw = this.sink('aw', axiAddress, clock);
    this.w = this.sink('w', axiWriteData(lanes), clock);
    this.b = this.source('b', axiWriteResponse, clock);
    this.probe('bytes_read', uint(53), () => this.state.bytesRead);
    this.probe('bytes_written', uint(53), () => this.state.bytesWritten);
    this.probe('beats', uint(53), () => this.beats);
    this.ar.ready.write(1);
    this.aw.ready.write(1);
    this.w.ready.write(1);
    this.process = this.edge(clock, this.tick, [
      this.ar.valid,
      this.aw.valid,
      this.w.valid,
      this.r.ready,
      this.b.ready,
    ]);
  }

  /** Bytes that read beats carried: 2^SIZE each, less what an unaligned first beat leaves out. */
  get bytesRead(): number {
    return this.state.bytesRead;
  }

  /** Bytes stored: strobes that were set, within the capacity. */
  get bytesWritten(): number {
    return this.state.bytesWritten;
  }

  /** Beats moved, both ways. */
  get beats(): number {
    return this.state.readBeats + this.state.writeBeats;
  }

  /** Puts words into the memory at once. @param address byte address, even. @throws ConfigError */
  load(address: number, words: Int16Array): void {
    this.checkRange(address, words.length);
    this.contents.load(address / WORD_BYTES, words);
  }

  /** A copy of what the memory holds now. @param address byte address, even; @param words how many. @throws ConfigError */
  dump(address: number, words: number): Int16Array {
    this.checkRange(address, words);
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
    const s = this.state;
    const who = this.path;
    if (s.awCount > 0 && s.wCount === 0)
      return [{ who, whom: 'its master', why: `beat ${s.awBeat} of a write burst has not come` }];
    if (s.wCount > 0 && s.awCount === 0)
      return [{ who, whom: 'its master', why: `the address of ${s.wCount} write beats has not come` }];
    return [];
  }

  private tick(): boolean {
    const s = this.state;
    const now = this.clock.cycle;
    let moved = this.accept(now);
    if (this.r.valid.value !== 0 && this.r.ready.value !== 0) {
      this.r.valid.write(0);
      moved = true;
    }
    if (this.b.valid.value !== 0 && this.b.ready.value !== 0) {
      this.b.valid.write(0);
      moved = true;
    }
    const most = this.price + this.income - 1;
    s.credit = Math.min(most, s.credit + (now - s.creditCycle) * this.income);
    s.creditCycle = now;

    const rFree = this.r.valid.value === 0 || this.r.ready.value !== 0;
    const reads = s.arCount > 0 && rFree && s.arDue[s.arHead]! <= now;
    const writes = s.awCount > 0 && s.wCount > 0;
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
    if (this.respond(now)) moved = true;
    this.ar.ready.write(s.arCount < this.depth ? 1 : 0);
    this.aw.ready.write(s.awCount + s.bCount < this.depth ? 1 : 0);
    this.w.ready.write(s.wCount < WRITE_BEATS ? 1 : 0);
    if (moved || poor) return true;
    this.sleepUntilDue(now, rFree);
    return false;
  }

  /** Asks to be woken at the edge at which the next read burst or response falls due. */
  private sleepUntilDue(now: number, rFree: boolean): void {
    const s = this.state;
    let due = Infinity;
    if (s.arCount > 0 && rFree) due = s.arDue[s.arHead]!;
    if (s.bCount > 0 && this.b.valid.value === 0) due = Math.min(due, s.bDue[s.bHead]!);
    if (due === Infinity || due <= now || s.wake === due) return;
    s.wake = due;
    this.sim.wakeAt(this.process, due);
  }

  /** Takes what the three sinks offer. */
  private accept(now: number): boolean {
    const s = this.state;
    let moved = false;
    const { ar, aw, w } = this;
    if (ar.valid.value !== 0 && ar.ready.value !== 0) {
      const i = (s.arHead + s.arCount) % this.depth;
      this.checkBurst(ar, now);
      s.arDue[i] = now + this.latency - 1;
      s.arId[i] = ar.payload.id.value;
      s.arAddr[i] = ar.payload.addr.value;
      s.arLen[i] = ar.payload.len.value;
      s.arSize[i] = ar.payload.size.value;
      s.arBurst[i] = ar.payload.burst.value;
      s.arCount += 1;
      moved = true;
    }
    if (aw.valid.value !== 0 && aw.ready.value !== 0) {
      const i = (s.awHead + s.awCount) % this.depth;
      this.checkBurst(aw, now);
      s.awId[i] = aw.payload.id.value;
      s.awAddr[i] = aw.payload.addr.value;
      s.awLen[i] = aw.payload.len.value;
      s.awSize[i] = aw.payload.size.value;
      s.awBurst[i] = aw.payload.burst.value;
      s.awCount += 1;
      moved = true;
    }
    if (w.valid.value !== 0 && w.ready.value !== 0) {
      const i = (s.wHead + s.wCount) % WRITE_BEATS;
      w.payload.data.copyTo(s.wData, i * this.lanes);
      s.wStrb[i] = w.payload.strb.value;
      s.wLast[i] = w.payload.last.value;
      s.wCount += 1;
      moved = true;
    }
    return moved;
  }

  /** Shows the next beat of the first read burst. */
  private readBeat(): void {
    const s = this.state;
    const { payload } = this.r;
    const i = s.arHead;
    const start = s.arAddr[i]!;
    const len = s.arLen[i]!;
    const size = s.arSize[i]!;
    const addr = beatAddress(start, s.arBeat, len + 1, size, s.arBurst[i]!);
    const resp = this.responseFor(start, addr);
    if (resp === RESPONSE.okay) {
      const at = this.contents.seek(alignDown(addr, this.busBytes) / WORD_BYTES);
      payload.data.writeFrom(this.contents.page, at);
      const bytes = sizeBytes(size);
      s.bytesRead += bytes - (addr - alignDown(addr, bytes));
    } else payload.data.writeFrom(this.zeros);
    const last = s.arBeat === len;
    payload.id.write(s.arId[i]!);
    payload.resp.write(resp);
    payload.last.write(last ? 1 : 0);
    this.r.valid.write(1);
    s.readBeats += 1;
    if (last) {
      s.arBeat = 0;
      s.arHead = (i + 1) % this.depth;
      s.arCount -= 1;
    } else s.arBeat += 1;
  }

  /** Stores the first waiting beat of the first write burst. */
  private writeBeat(now: number): void {
    const s = this.state;
    const i = s.awHead;
    const from = s.wHead;
    const start = s.awAddr[i]!;
    const len = s.awLen[i]!;
    const last = s.awBeat === len;
    if ((s.wLast[from] !== 0) !== last)
      throw new AxiProtocolError(
        this.path,
        `w_last is ${s.wLast[from]} on beat ${s.awBeat} of a burst of ${len + 1} beats`,
        now,
      );
    const addr = beatAddress(start, s.awBeat, len + 1, s.awSize[i]!, s.awBurst[i]!);
    const resp = this.responseFor(start, addr);
    if (resp === RESPONSE.okay) this.store(alignDown(addr, this.busBytes), from);
    s.awResp = Math.max(s.awResp, resp);
    s.writeBeats += 1;
    s.wHead = (from + 1) % WRITE_BEATS;
    s.wCount -= 1;
    if (!last) {
      s.awBeat += 1;
      return;
    }
    const tail = (s.bHead + s.bCount) % this.depth;
    s.bDue[tail] = now + this.writeLatency - 1;
    s.bId[tail] = s.awId[i]!;
    s.bResp[tail] = s.awResp;
    s.bCount += 1;
    s.awBeat = 0;
    s.awResp = RESPONSE.okay;
    s.awHead = (i + 1) % this.depth;
    s.awCount -= 1;
  }

  /** Writes the strobed bytes of waiting beat `from` to the bus word at byte address `base`. */
  private store(base: number, from: number): void {
    const s = this.state;
    let strobes = s.wStrb[from]!;
    if (strobes === 0) return;
    const at = this.contents.seekForWrite(base / WORD_BYTES);
    const { page } = this.contents;
    const { lanes } = this;
    const data = from * lanes;
    if (strobes === this.allStrobes) {
      for (let j = 0; j < lanes; j++) page[at + j] = s.wData[data + j]!;
      s.bytesWritten += this.busBytes;
      return;
    }
    for (let j = 0; strobes > 0; j++) {
      const pair = strobes % 4;
      strobes = (strobes - pair) / 4;
      if (pair === 0) continue;
      const mask = (pair % 2) * 0xff + (pair >= 2 ? 0xff00 : 0);
      page[at + j] = (page[at + j]! & ~mask) | (s.wData[data + j]! & mask);
      s.bytesWritten += pair === 3 ? 2 : 1;
    }
  }

  /** Shows the first response once it is due. */
  private respond(now: number): boolean {
    const s = this.state;
    const { b } = this;
    const free = b.valid.value === 0 || b.ready.value !== 0;
    if (!free || s.bCount === 0 || s.bDue[s.bHead]! > now) return false;
    b.payload.id.write(s.bId[s.bHead]!);
    b.payload.resp.write(s.bResp[s.bHead]!);
    b.valid.write(1);
    s.bHead = (s.bHead + 1) % this.depth;
    s.bCount -= 1;
    return true;
  }

  private responseFor(start: number, addr: number): number {
    if (addr < this.capacityBytes) return RESPONSE.okay;
    return start < this.capacityBytes ? RESPONSE.slaveError : RESPONSE.decodeError;
  }

  private checkBurst(channel: Channel<AxiAddress>, now: number): void {
    const { addr, len, size, burst } = channel.payload;
    const fault = burstFault(addr.value, len.value + 1, size.value, burst.value, this.busBytes);
    if (fault !== null) throw new AxiProtocolError(channel.path, fault, now);
  }

  private checkRange(address: number, words: number): void {
    if (!Number.isInteger(address) || address < 0 || address % WORD_BYTES !== 0)
      throw new ConfigError(this.path, 'address', 'an even integer of 0 or more', address);
    if (address + words * WORD_BYTES > this.capacityBytes)
      throw new ConfigError(
        this.path,
        'address + words',
        `within the capacity of ${this.capacityBytes} bytes`,
        `${address} + ${words} words`,
      );
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

function emptyRegisters(depth: number, lanes: number): Registers {
  const ring = (): Float64Array => new Float64Array(depth);
  return {
    arCount: 0,
    arHead: 0,
    arDue: ring(),
    arId: ring(),
    arAddr: ring(),
    arLen: ring(),
    arSize: ring(),
    arBurst: ring(),
    arBeat: 0,
    awCount: 0,
    awHead: 0,
    awId: ring(),
    awAddr: ring(),
    awLen: ring(),
    awSize: ring(),
    awBurst: ring(),
    awBeat: 0,
    awResp: RESPONSE.okay,
    wCount: 0,
    wHead: 0,
    wData: new Int16Array(WRITE_BEATS * lanes),
    wStrb: new Float64Array(WRITE_BEATS),
    wLast: new Uint8Array(WRITE_BEATS),
    bCount: 0,
    bHead: 0,
    bDue: ring(),
    bId: ring(),
    bResp: ring(),
    credit: 0,
    creditCycle: 0,
    lastWasWrite: 0,
    wake: -1,
    readBeats: 0,
    writeBeats: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
}
