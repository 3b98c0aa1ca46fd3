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
  axiAddressOf,
  type AxiReadData,
  axiReadData,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponseOf,
  BUS_LANES,
  RESPONSE,
  WORD_BYTES,
} from '../axi/channels.js';
import { AxiProtocolError } from '../axi/errors.js';
import { Ddr3Controller, type Ddr3Listener } from './controller.js';
import { type Ddr3Report, ddr3Report } from './report.js';
import type { Fields } from './register-copy.js';
import { type SavedWords, SparseWords } from './sparse-words.js';
import { type Ddr3Config, ddr3Spec, type Ddr3Spec } from './spec.js';
import { WriteLines } from './write-lines.js';

/** Beats of write data that wait for their turn or for their address. */
const WRITE_BEATS = 4;
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
  arCount: number;
  arHead: number;
  arId: Float64Array;
  arAddr: Float64Array;
  arLen: Float64Array;
  arSize: Float64Array;
  arBurst: Float64Array;
  /** Beat of the first read burst that is shown next. */
  arBeat: number;
  /** Read bursts, from the first, all of whose DRAM bursts were asked for, and the next beat of the one after them. */
  askCount: number;
  askBeat: number;
  awCount: number;
  awHead: number;
  awId: Float64Array;
  awAddr: Float64Array;
  awLen: Float64Array;
  awSize: Float64Array;
  awBurst: Float64Array;
  awBeat: number;
  awResp: number;
  wCount: number;
  wHead: number;
  wData: Int16Array;
  wStrb: Float64Array;
  wLast: Uint8Array;
  bCount: number;
  bHead: number;
  bId: Float64Array;
  bResp: Float64Array;
  /** Return buffer: a ring of lines in order of the bursts. */
  lineCount: number;
  lineHead: number;
  lineData: Int16Array;
  /** Clock from which a line may be shown; Infinity while the DRAM has not been asked for it. */
  lineDue: Float64Array;
  lineBurst: Int32Array;
  /** Beats that are shown from it. */
  lineBeats: Float64Array;
  /** The line that write beats are filling; −1. A full one waits for the controller. */
  filling: number;
  fillingDone: number;
  /** The response that its accept completes; −1 when its burst goes on. */
  fillingResp: number;
  fillingId: number;
  /** 1 when the latest request that went to the controller was a write. */
  lastWasWrite: number;
  /** Cycle of the latest wake asked for. */
  wake: number;
  readBeats: number;
  writeBeats: number;
  bytesRead: number;
  bytesWritten: number;
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
 *          A W beat is taken from its queue a cycle after it came, its AW there. B is valid two cycles after the cycle in
 *          which the controller took the last DRAM burst of a write: from then on every read sees it. `ar_ready`, `aw_ready`,
 *          `w_ready` are registered: high while there is room.
 * Sleeps   while nothing is asked; refreshes of that time are made up for on waking, at their own clocks.
 * Storage  Pages of 64 KiB, written ones only; `load` and `dump` are the host's back door past the queues.
 * Errors   ConfigError for a parameter out of range or a clock that is not the bin's. AxiProtocolError for a burst of a reserved or oversized kind or across
 *          4 KB, or `w_last` on the wrong beat.
 * Source   ARM IHI 0022 (AXI4), A3; JESD79-3F. Cycles and phases: docs/timing-model.md; parameters: docs/ddr3.md.
 */
export class Ddr3 extends Module {
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
  private readonly lanes: number;
  private readonly busBytes: number;
  private readonly depth: number;
  private readonly readLines: number;
  private readonly lineWords: number;
  private readonly contents = new SparseWords();
  private readonly writeLines: WriteLines;
  private readonly process: number;
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
    this.capacityBytes = this.spec.capacityBytes;
    this.clock = clock;
    this.lanes = lanes;
    this.busBytes = lanes * WORD_BYTES;
    this.depth = outstanding;
    this.readLines = readLines;
    this.lineWords = this.spec.burstBytes / WORD_BYTES;
    this.writeLines = new WriteLines(writeLines, this.lineWords);
    this.controller = new Ddr3Controller(this.spec);
    this.controller.listener = {
      issued: (tag, write, _accepted, doneAt) => {
        if (write) this.writeLines.store(tag, this.contents);
        else this.fetch(tag, doneAt);
      },
      forwarded: (tag, _accepted, doneAt) => {
        this.fetch(tag, doneAt);
        this.writeLines.overlay(this.state.lineBurst[tag]!, this.state.lineData, tag * this.lineWords);
      },
      command: (...fields) => this.observer?.(...fields),
    };
    this.state = emptyRegisters(outstanding, lanes, readLines, this.lineWords);

    this.ar = this.sink('ar', axiAddressOf(idBits), clock);
    this.r = this.source('r', axiReadData(lanes, idBits), clock);
    this.aw = this.sink('aw', axiAddressOf(idBits), clock);
    this.w = this.sink('w', axiWriteData(lanes), clock);
    this.b = this.source('b', axiWriteResponseOf(idBits), clock);
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

  /** Bytes accepted for writing: strobes that were set, within the capacity. */
  get bytesWritten(): number {
    return this.state.bytesWritten;
  }

  /** Beats moved, both ways. */
  get beats(): number {
    return this.state.readBeats + this.state.writeBeats;
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
    this.checkRange(address, words.length);
    this.writeLines.forget(address / WORD_BYTES, address / WORD_BYTES + words.length);
    this.contents.load(address / WORD_BYTES, words);
  }

  /** A copy of what a read of the memory would give now. @param address byte address, even; @param words how many. @throws ConfigError */
  dump(address: number, words: number): Int16Array {
    this.checkRange(address, words);
    const from = Math.floor(address / this.spec.burstBytes);
    const to = Math.ceil((address + words * WORD_BYTES) / this.spec.burstBytes);
    const first = from * this.lineWords;
    const lines = this.contents.dump(first, (to - from) * this.lineWords);
    this.writeLines.overlayAll(lines, first);
    return lines.slice(address / WORD_BYTES - first, address / WORD_BYTES - first + words);
  }

  override saveState(): unknown {
    return {
      registers: structuredClone(this.state),
      lines: structuredClone(this.writeLines.state),
      controller: this.controller.save(),
      contents: this.contents.save(),
    };
  }

  override loadState(saved: unknown): void {
    const { registers, lines, controller, contents } = saved as {
      registers: Registers;
      lines: WriteLines['state'];
      controller: Fields;
      contents: SavedWords;
    };
    super.loadState(registers);
    this.writeLines.state = structuredClone(lines);
    this.controller.restore(controller);
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
    const { controller } = this;
    const s = this.state;
    const now = this.clock.cycle;
    // What fell due while this slept (refreshes) comes first, at its own clock.
    while (controller.nextAt <= now) controller.tick(controller.nextAt);
    let moved = this.request(now);
    if (this.r.valid.value !== 0 && this.r.ready.value !== 0) {
      this.r.valid.write(0);
      moved = true;
    }
    if (this.b.valid.value !== 0 && this.b.ready.value !== 0) {
      this.b.valid.write(0);
      moved = true;
    }
    const rFree = this.r.valid.value === 0 || this.r.ready.value !== 0;
    if (rFree && s.lineCount > 0 && s.lineDue[s.lineHead]! <= now) {
      this.readBeat();
      moved = true;
    }
    if (this.respond()) moved = true;
    if (s.awCount > 0 && s.wCount > 0 && this.writeBeat(now)) moved = true;
    if (this.accept(now)) moved = true;
    this.ar.ready.write(s.arCount < this.depth ? 1 : 0);
    this.aw.ready.write(s.awCount + s.bCount + s.fillingDone < this.depth ? 1 : 0);
    this.w.ready.write(s.wCount < WRITE_BEATS ? 1 : 0);
    if (moved) return true;
    this.sleepUntilDue(now, rFree);
    return false;
  }

  /** Asks to be woken when the controller or the next line of data has something to do. */
  private sleepUntilDue(now: number, rFree: boolean): void {
    const s = this.state;
    let due = Infinity;
    if (this.controller.pending > 0) due = this.controller.nextAt;
    if (s.lineCount > 0 && rFree) due = Math.min(due, s.lineDue[s.lineHead]!);
    if (due === Infinity || due <= now || s.wake === due) return;
    s.wake = due;
    this.sim.wakeAt(this.process, due);
  }

  /** Hands one DRAM burst to the controller: the next read, or the line that is filled. Reads and writes in turn. */
  private request(now: number): boolean {
    const s = this.state;
    const reads = s.askCount < s.arCount && s.lineCount < this.readLines && this.controller.canAccept(false);
    const writes = s.fillingDone !== 0 && this.controller.canAccept(true);
    if (writes && (!reads || s.lastWasWrite === 0)) {
      const line = s.filling;
      s.filling = -1;
      s.fillingDone = 0;
      s.lastWasWrite = 1;
      this.writeLines.queue(line);
      const full = this.writeLines.coverage(line) === 'all';
      this.controller.accept(now, this.writeLines.state.burst[line]!, true, line, full);
      if (s.fillingResp >= 0) this.answer(s.fillingId, s.fillingResp);
      return true;
    }
    if (!reads) return false;
    this.ask(now);
    return true;
  }

  /** Asks for the DRAM burst of the next beats of the read burst whose turn it is. */
  private ask(now: number): void {
    const s = this.state;
    const { burstBytes } = this.spec;
    const i = (s.arHead + s.askCount) % this.depth;
    const beats = s.arLen[i]! + 1;
    const at = (beat: number): number => beatAddress(s.arAddr[i]!, beat, beats, s.arSize[i]!, s.arBurst[i]!);
    const burst = Math.floor(at(s.askBeat) / burstBytes);
    let next = s.askBeat + 1;
    while (next < beats && Math.floor(at(next) / burstBytes) === burst) next += 1;
    const line = (s.lineHead + s.lineCount) % this.readLines;
    s.lineBeats[line] = next - s.askBeat;
    s.lineBurst[line] = burst;
    s.lineCount += 1;
    if (burst * burstBytes < this.capacityBytes) {
      s.lineDue[line] = Infinity;
      s.lastWasWrite = 0;
      this.controller.accept(now, burst, false, line);
    } else s.lineDue[line] = now;
    s.askBeat = next;
    if (next === beats) {
      s.askBeat = 0;
      s.askCount += 1;
    }
  }

  /** Takes a line's data from the contents as they are now: the command of its read goes out. */
  private fetch(line: number, doneAt: number): void {
    const s = this.state;
    const { lineWords } = this;
    const at = this.contents.seek(s.lineBurst[line]! * lineWords);
    const { page } = this.contents;
    const base = line * lineWords;
    for (let j = 0; j < lineWords; j++) s.lineData[base + j] = page[at + j]!;
    s.lineDue[line] = doneAt;
  }

  /** Takes what the three sinks offer. */
  private accept(now: number): boolean {
    const s = this.state;
    const { ar, aw, w } = this;
    let moved = false;
    if (ar.valid.value !== 0 && ar.ready.value !== 0) {
      const i = (s.arHead + s.arCount) % this.depth;
      this.checkBurst(ar, now);
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

  /** Shows the next beat of the first read burst, whose line is there. */
  private readBeat(): void {
    const s = this.state;
    const { payload } = this.r;
    const i = s.arHead;
    const line = s.lineHead;
    const start = s.arAddr[i]!;
    const len = s.arLen[i]!;
    const size = s.arSize[i]!;
    const addr = beatAddress(start, s.arBeat, len + 1, size, s.arBurst[i]!);
    const resp = this.responseFor(start, addr);
    if (resp === RESPONSE.okay) {
      const within = alignDown(addr, this.busBytes) - s.lineBurst[line]! * this.spec.burstBytes;
      payload.data.writeFrom(s.lineData, line * this.lineWords + within / WORD_BYTES);
      const bytes = sizeBytes(size);
      s.bytesRead += bytes - (addr - alignDown(addr, bytes));
    } else payload.data.fill(0);
    const last = s.arBeat === len;
    payload.id.write(s.arId[i]!);
    payload.resp.write(resp);
    payload.last.write(last ? 1 : 0);
    this.r.valid.write(1);
    s.readBeats += 1;
    s.lineBeats[line]! -= 1;
    if (s.lineBeats[line] === 0) {
      s.lineHead = (line + 1) % this.readLines;
      s.lineCount -= 1;
    }
    if (last) {
      s.arBeat = 0;
      s.arHead = (i + 1) % this.depth;
      s.arCount -= 1;
      s.askCount -= 1;
    } else s.arBeat += 1;
  }

  /** Puts the first waiting write beat into its line. Returns whether it could. */
  private writeBeat(now: number): boolean {
    const s = this.state;
    if (s.fillingDone !== 0 || (s.filling < 0 && !this.writeLines.anyFree)) return false;
    const { burstBytes } = this.spec;
    const i = s.awHead;
    const from = s.wHead;
    const start = s.awAddr[i]!;
    const len = s.awLen[i]!;
    const size = s.awSize[i]!;
    const last = s.awBeat === len;
    if ((s.wLast[from] !== 0) !== last)
      throw new AxiProtocolError(
        this.path,
        `w_last is ${s.wLast[from]} on beat ${s.awBeat} of a burst of ${len + 1} beats`,
        now,
      );
    const addr = beatAddress(start, s.awBeat, len + 1, size, s.awBurst[i]!);
    const burst = Math.floor(addr / burstBytes);
    const resp = this.responseFor(start, addr);
    if (resp === RESPONSE.okay) {
      if (s.filling < 0) s.filling = this.writeLines.begin(burst);
      this.fill(alignDown(addr, this.busBytes) - burst * burstBytes, from);
    }
    s.awResp = Math.max(s.awResp, resp);
    s.writeBeats += 1;
    s.wHead = (from + 1) % WRITE_BEATS;
    s.wCount -= 1;
    const ends =
      last ||
      Math.floor(beatAddress(start, s.awBeat + 1, len + 1, size, s.awBurst[i]!) / burstBytes) !== burst;
    if (ends && s.filling >= 0) this.closeLine(last ? s.awResp : -1, s.awId[i]!);
    else if (last) this.answer(s.awId[i]!, s.awResp);
    if (last) {
      s.awBeat = 0;
      s.awResp = RESPONSE.okay;
      s.awHead = (i + 1) % this.depth;
      s.awCount -= 1;
    } else s.awBeat += 1;
    return true;
  }

  /** The line that is being filled is whole, as far as its burst goes: on to the controller, unless no strobe was set. */
  private closeLine(resp: number, id: number): void {
    const s = this.state;
    if (this.writeLines.coverage(s.filling) === 'none') {
      this.writeLines.drop(s.filling);
      s.filling = -1;
      if (resp >= 0) this.answer(id, resp);
      return;
    }
    s.fillingDone = 1;
    s.fillingResp = resp;
    s.fillingId = id;
  }

  /** Puts the strobed bytes of waiting beat `from` at byte `at` of the line that is being filled. */
  private fill(at: number, from: number): void {
    const s = this.state;
    let strobes = s.wStrb[from]!;
    const data = from * this.lanes;
    for (let j = 0; strobes > 0; j++) {
      const pair = strobes % 4;
      strobes = (strobes - pair) / 4;
      if (pair === 0) continue;
      const mask = (pair % 2) * 0xff + (pair >= 2 ? 0xff00 : 0);
      this.writeLines.put(s.filling, at / WORD_BYTES + j, s.wData[data + j]!, mask);
      s.bytesWritten += pair === 3 ? 2 : 1;
    }
  }

  private answer(id: number, resp: number): void {
    const s = this.state;
    const tail = (s.bHead + s.bCount) % s.bId.length;
    s.bId[tail] = id;
    s.bResp[tail] = resp;
    s.bCount += 1;
  }

  /** Shows the first response. */
  private respond(): boolean {
    const s = this.state;
    const { b } = this;
    if ((b.valid.value !== 0 && b.ready.value === 0) || s.bCount === 0) return false;
    b.payload.id.write(s.bId[s.bHead]!);
    b.payload.resp.write(s.bResp[s.bHead]!);
    b.valid.write(1);
    s.bHead = (s.bHead + 1) % s.bId.length;
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

function emptyRegisters(depth: number, lanes: number, lines: number, lineWords: number): Registers {
  const ring = (): Float64Array => new Float64Array(depth);
  return {
    arCount: 0,
    arHead: 0,
    arId: ring(),
    arAddr: ring(),
    arLen: ring(),
    arSize: ring(),
    arBurst: ring(),
    arBeat: 0,
    askCount: 0,
    askBeat: 0,
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
    bId: new Float64Array(depth + 1),
    bResp: new Float64Array(depth + 1),
    lineCount: 0,
    lineHead: 0,
    lineData: new Int16Array(lines * lineWords),
    lineDue: new Float64Array(lines),
    lineBurst: new Int32Array(lines),
    lineBeats: new Float64Array(lines),
    filling: -1,
    fillingDone: 0,
    fillingResp: -1,
    fillingId: 0,
    lastWasWrite: 0,
    wake: -1,
    readBeats: 0,
    writeBeats: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
}
