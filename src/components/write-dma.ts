import {
  bool,
  type Channel,
  type Clock,
  ConfigError,
  Module,
  type Signal,
  type Simulator,
  uint,
  type Wait,
} from '../kernel/index.js';
import {
  ADDRESS_BITS,
  type AxiAddress,
  axiAddress,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponse,
  BEAT_BYTES,
  BEAT_SIZE,
  BOUNDARY_BYTES,
  BURST,
  BUS_LANES,
  RESPONSE,
  WORD_BYTES,
} from './axi/channels.js';
import { AxiProtocolError, AxiResponseError } from './axi/errors.js';
import { CommandError } from './command-error.js';
import { checkColumns, type RowFields, rowFields } from './row-channel.js';

/** Combining buffers of a beat each; filter f uses number f mod 512. */
export const COMBINING_BUFFERS = 512;
/** Rows that wait, the one at work among them; beats that wait for `w`. */
const ROWS = 2;
const BEATS = 2;
/** Beats between two addresses that no burst may cross. */
const BOUNDARY_BEATS = BOUNDARY_BYTES / BEAT_BYTES;
const ALL_WORDS = 2 ** BUS_LANES - 1;
const ALL_BYTES = 2 ** BEAT_BYTES - 1;

export interface WriteDmaSpec {
  readonly clock: Clock;
  /** Lanes of a row, 1 to 63. */
  readonly n: number;
  /** Bursts without a response, at most: 1 to 16. Default 4. */
  readonly outstanding?: number;
}

function registers(n: number, outstanding: number) {
  return {
    /** Waiting rows; of the first, `group` counts the beats that have been made of it. */
    rowCount: 0,
    rowHead: 0,
    rowSlot: new Uint16Array(ROWS),
    /** Beat number (address / 32) and lane of the row's first word. */
    rowBeat: new Float64Array(ROWS),
    rowLane: new Uint8Array(ROWS),
    rowWords: new Uint8Array(ROWS),
    rowEnds: new Uint8Array(ROWS),
    rowData: new Int16Array(ROWS * n),
    group: 0,
    /** Beats still to come of the burst whose address was shown. */
    burstLeft: 0,
    /** Combining buffers: words that are there, the beat they belong to, the words; how many are not empty. */
    mask: new Uint16Array(COMBINING_BUFFERS),
    beat: new Float64Array(COMBINING_BUFFERS),
    words: new Int16Array(COMBINING_BUFFERS * BUS_LANES),
    held: 0,
    /** Next buffer that a flush looks at. */
    scan: 0,
    wCount: 0,
    wHead: 0,
    wData: new Int16Array(BEATS * BUS_LANES),
    wMask: new Uint16Array(BEATS),
    wLast: new Uint8Array(BEATS),
    /** Bursts from AW valid to their response, and their addresses for error messages. */
    pending: 0,
    pendingHead: 0,
    pendingAddress: new Float64Array(outstanding),
    /** Stall bookkeeping over cycles slept through: the last edge, and whether the row was refused then. */
    lastCycle: -1,
    refused: 0,
    stallCycles: 0,
    rows: 0,
    bytesWritten: 0,
    bursts: 0,
    beats: 0,
  };
}

/**
 * WRITE: stores rows of results in DDR3 over AXI4, 256 bits a beat. Twin: `rtl/write_dma.v`.
 *
 * Ports    sink `row` (row-channel.ts); AXI master `aw`, `w`, `b` (ID 0); `cfg_base` (byte address of the tensor, even),
 *          `cfg_plane_words` (words of a filter's plane), sampled when a row is accepted; `flush`; `idle`; `rst`.
 * Does     Pixel p of filter f goes to byte `cfg_base + 2·(f·cfg_plane_words + p)`. Each filter has a combining buffer of 32 bytes. A
 *          row is joined to what its filter's buffer holds; beats whose last word is there leave, and so does the beat
 *          that ends the plane; the rest stays in the buffer. A row's beats are one INCR burst, cut at 4 KB only. Words that
 *          are not there have no strobes: before a plane's start, behind its end, in what a flush sends, and where a filter goes on
 *          elsewhere than it stopped (then the buffer leaves first, as a burst of its own). So planes that share a beat do not disturb each
 *          other. AW is shown when all of its burst's words are at hand; at most `outstanding` bursts are unanswered.
 * Contract `row` is a FIFO of 2: `row_ready = count ≠ 2`. Each cycle makes one beat of the first row: into the FIFO of 2 in
 *          front of `w`, with the burst's first beat also AW. It waits while that FIFO is full, and for a burst's first beat while AW is
 *          stalled or `outstanding` bursts are unanswered. A row takes max(1, beats that leave) cycles: about 1.75 for n = 28; its
 *          rest goes to the buffer with its last beat. Accepted in cycle c, nothing in its way: AW and the first W beat valid in c+2. `b_ready` is 1. `flush`
 *          (a level) looks at one buffer a cycle, from 0 or where an interrupted flush stopped, while no row waits, until all are
 *          empty. `idle`, registered: no row, no
 *          buffered word, no beat, no unanswered burst.
 *          `outstanding` bursts at a time bound the rate where responses are late: about (latency + 3) / outstanding
 *          cycles a burst, and a row is one burst.
 * Storage  512 × (256 data, 16 mask, 28 address bits); 2 rows; 2 beats.
 * Errors   ConfigError for n or `outstanding` out of range. CommandError for a row that is empty, too long, runs beyond its plane or
 *          beyond 8 GiB, and for an odd `cfg_base`. AxiResponseError when the memory answers SLVERR or DECERR.
 * Source   The machine contract, section 8. Cycles and phases: docs/timing-model.md.
 */
export class WriteDma extends Module {
  readonly rst: Signal;
  readonly row: Channel<RowFields>;
  readonly cfgBase: Signal;
  readonly cfgPlaneWords: Signal;
  readonly flush: Signal;
  readonly idle: Signal;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  override state: ReturnType<typeof registers>;
  private readonly clock: Clock;
  private readonly n: number;
  private readonly outstanding: number;

  constructor(parent: Module | Simulator, name: string, spec: WriteDmaSpec) {
    super(parent, name);
    const { clock, n, outstanding = 4 } = spec;
    checkColumns(this.path, n);
    if (!Number.isInteger(outstanding) || outstanding < 1 || outstanding > 16)
      throw new ConfigError(this.path, 'outstanding', 'an integer from 1 to 16', outstanding);
    this.clock = clock;
    this.n = n;
    this.outstanding = outstanding;
    this.state = registers(n, outstanding);
    this.rst = this.input('rst', bool);
    this.row = this.sink('row', rowFields(n), clock);
    this.cfgBase = this.input('cfg_base', uint(ADDRESS_BITS));
    this.cfgPlaneWords = this.input('cfg_plane_words', uint(32));
    this.flush = this.input('flush', bool);
    this.idle = this.output('idle', bool, 1);
    this.aw = this.source('aw', axiAddress, clock);
    this.w = this.source('w', axiWriteData(BUS_LANES), clock);
    this.b = this.sink('b', axiWriteResponse, clock);
    this.probe('bytes_written', uint(53), () => this.state.bytesWritten);
    this.probe('rows', uint(53), () => this.state.rows);
    this.probe('stall_cycles', uint(53), () => this.stallCycles);
    this.probe('held', uint(10), () => this.state.held);
    this.row.ready.write(1);
    this.b.ready.write(1);
    this.aw.payload.size.write(BEAT_SIZE);
    this.aw.payload.burst.write(BURST.incr);
    this.edge(clock, this.tick, [
      this.rst,
      this.flush,
      this.row.valid,
      this.aw.ready,
      this.w.ready,
      this.b.valid,
    ]);
  }

  /** Bytes whose strobes were set in the beats made so far. */
  get bytesWritten(): number {
    return this.state.bytesWritten;
  }

  /** Rows accepted. */
  get rows(): number {
    return this.state.rows;
  }

  /** Bursts and beats made. */
  get bursts(): number {
    return this.state.bursts;
  }

  get beats(): number {
    return this.state.beats;
  }

  /** Cycles that have ended in which `row` was valid and not ready. */
  get stallCycles(): number {
    const { stallCycles, refused, lastCycle } = this.state;
    return stallCycles + refused * (this.clock.cycle - 1 - lastCycle);
  }

  override waits(): readonly Wait[] {
    const { pending, wCount } = this.state;
    if (pending === 0 || this.aw.valid.value !== 0 || wCount > 0) return [];
    const whom = this.b.peer?.module.path ?? 'the memory';
    return [{ who: this.path, whom, why: `${pending} write bursts are unanswered` }];
  }

  private tick(): boolean {
    const s = this.state;
    this.countStalls();
    if (this.rst.value !== 0) return this.reset();
    const taken = s.rowCount !== ROWS && this.row.valid.value !== 0;
    const sent = s.wCount !== 0 && this.w.ready.value !== 0;
    const addressed = this.aw.valid.value !== 0 && this.aw.ready.value !== 0;
    const answered = this.b.valid.value !== 0;
    if (addressed) this.aw.valid.write(0);
    // From the registers of before the edge; what this edge takes in counts from the next one on.
    const worked = s.rowCount > 0 ? this.workOnRow() : this.flush.value !== 0 && this.workOnFlush();
    if (taken) this.accept();
    if (sent) {
      s.wHead = (s.wHead + 1) % BEATS;
      s.wCount -= 1;
    }
    if (answered) this.settle();
    if (!(taken || sent || addressed || answered || worked)) return false;
    this.show();
    return true;
  }

  /** Adds the cycles since the last edge that ran, this one included, in which the row was refused. */
  private countStalls(): void {
    const s = this.state;
    const { cycle } = this.clock;
    // What the wires showed then, they showed while this part slept.
    s.stallCycles += s.refused * (cycle - 1 - s.lastCycle);
    s.refused = this.row.valid.value !== 0 && this.row.ready.value === 0 ? 1 : 0;
    s.stallCycles += s.refused;
    s.lastCycle = cycle;
  }

  private accept(): void {
    const s = this.state;
    const { payload } = this.row;
    const filter = payload.filter.value;
    const pixel = payload.pixel.value;
    const count = payload.count.value;
    const base = this.cfgBase.value;
    const plane = this.cfgPlaneWords.value;
    const word = base / WORD_BYTES + filter * plane + pixel;
    const wrong = (field: string, wanted: string, got: number): CommandError =>
      new CommandError(this.path, field, wanted, got, this.clock.cycle);
    if (base % WORD_BYTES !== 0) throw wrong('cfg_base', 'even', base);
    if (count < 1 || count > this.n) throw wrong('row_count', `an integer from 1 to n = ${this.n}`, count);
    if (pixel + count > plane)
      throw wrong('row_pixel + row_count', `within the plane's ${plane} words`, pixel + count);
    if ((word + count) * WORD_BYTES > 2 ** ADDRESS_BITS)
      throw wrong('row address', 'within 8 GiB', word * WORD_BYTES);
    const i = (s.rowHead + s.rowCount) % ROWS;
    s.rowSlot[i] = filter % COMBINING_BUFFERS;
    s.rowBeat[i] = Math.floor(word / BUS_LANES);
    s.rowLane[i] = word % BUS_LANES;
    s.rowWords[i] = count;
    s.rowEnds[i] = pixel + count === plane ? 1 : 0;
    payload.data.copyTo(s.rowData, i * this.n);
    s.rowCount += 1;
    s.rows += 1;
  }

  /** One cycle's work on the first row. Returns whether it could be done. */
  private workOnRow(): boolean {
    const s = this.state;
    const i = s.rowHead;
    const slot = s.rowSlot[i]!;
    const beat = s.rowBeat[i]!;
    if (s.group === 0 && s.mask[slot] !== 0 && s.beat[slot] !== beat) return this.sendBuffer(slot);
    const end = s.rowLane[i]! + s.rowWords[i]!;
    const groups = Math.ceil(end / BUS_LANES);
    const complete = s.rowEnds[i] !== 0 || end % BUS_LANES === 0;
    const leaving = complete ? groups : groups - 1;
    if (leaving > 0) {
      const at = beat + s.group;
      if (!this.openBeat(at, Math.min(leaving - s.group, BOUNDARY_BEATS - (at % BOUNDARY_BEATS))))
        return false;
      this.sendRowBeat(i, slot);
      s.group += 1;
      if (s.group < leaving) return true;
    }
    if (!complete) this.keep(i, slot, beat + leaving, leaving);
    s.group = 0;
    s.rowHead = (i + 1) % ROWS;
    s.rowCount -= 1;
    return true;
  }

  /** One cycle of a flush: looks at one buffer, and sends what it holds. Returns whether it could be done. */
  private workOnFlush(): boolean {
    const s = this.state;
    if (s.held === 0) return false;
    if (s.mask[s.scan] !== 0 && !this.sendBuffer(s.scan)) return false;
    s.scan = s.held === 0 ? 0 : (s.scan + 1) % COMBINING_BUFFERS;
    return true;
  }

  /** Makes sure that a beat can be made now, opening a burst of `length` beats where none is open. */
  private openBeat(beat: number, length: number): boolean {
    const s = this.state;
    if (s.wCount === BEATS) return false;
    if (s.burstLeft > 0) return true;
    if (s.pending === this.outstanding) return false;
    if (this.aw.valid.value !== 0 && this.aw.ready.value === 0) return false;
    this.aw.valid.write(1);
    this.aw.payload.addr.write(beat * BEAT_BYTES);
    this.aw.payload.len.write(length - 1);
    s.pendingAddress[(s.pendingHead + s.pending) % this.outstanding] = beat * BEAT_BYTES;
    s.pending += 1;
    s.burstLeft = length;
    s.bursts += 1;
    return true;
  }

  /** Sends a buffer as a burst of one beat. Returns whether it could be done. */
  private sendBuffer(slot: number): boolean {
    const s = this.state;
    if (!this.openBeat(s.beat[slot]!, 1)) return false;
    const to = ((s.wHead + s.wCount) % BEATS) * BUS_LANES;
    const from = slot * BUS_LANES;
    for (let lane = 0; lane < BUS_LANES; lane++) s.wData[to + lane] = s.words[from + lane]!;
    this.pushBeat(s.mask[slot]!);
    s.mask[slot] = 0;
    s.held -= 1;
    return true;
  }

  /** Sends beat `group` of row i, the first one joined to the buffer's words. */
  private sendRowBeat(i: number, slot: number): void {
    const s = this.state;
    const to = ((s.wHead + s.wCount) % BEATS) * BUS_LANES;
    let mask = 0;
    if (s.group === 0 && s.mask[slot] !== 0) {
      mask = s.mask[slot]!;
      const from = slot * BUS_LANES;
      for (let lane = 0; lane < BUS_LANES; lane++) s.wData[to + lane] = s.words[from + lane]!;
      s.mask[slot] = 0;
      s.held -= 1;
    }
    this.pushBeat(mask | this.copyGroup(i, s.group, s.wData, to));
  }

  /** Puts the rest of row i, its group `group`, into the buffer. */
  private keep(i: number, slot: number, beat: number, group: number): void {
    const s = this.state;
    if (s.mask[slot] === 0) s.held += 1;
    s.beat[slot] = beat;
    s.mask[slot]! |= this.copyGroup(i, group, s.words, slot * BUS_LANES);
  }

  /** Copies the words of row i that lie in its beat `group` to their lanes of `target`; returns which lanes they are. */
  private copyGroup(i: number, group: number, target: Int16Array, to: number): number {
    const s = this.state;
    const shift = group * BUS_LANES - s.rowLane[i]!;
    const from = Math.max(0, -shift);
    const until = Math.min(BUS_LANES, s.rowWords[i]! - shift);
    const row = i * this.n + shift;
    for (let lane = from; lane < until; lane++) target[to + lane] = s.rowData[row + lane]!;
    return (1 << until) - (1 << from);
  }

  /** Makes the beat whose data were put behind the waiting ones the last of them. */
  private pushBeat(mask: number): void {
    const s = this.state;
    const at = (s.wHead + s.wCount) % BEATS;
    s.burstLeft -= 1;
    s.wMask[at] = mask;
    s.wLast[at] = s.burstLeft === 0 ? 1 : 0;
    s.wCount += 1;
    s.beats += 1;
    for (let rest = mask; rest > 0; rest &= rest - 1) s.bytesWritten += WORD_BYTES;
  }

  private settle(): void {
    const s = this.state;
    const { cycle } = this.clock;
    const { id, resp } = this.b.payload;
    if (s.pending === 0) throw new AxiProtocolError(this.b.path, 'a response to no burst', cycle);
    if (id.value !== 0) throw new AxiProtocolError(this.b.path, `a response to ID ${id.value}, not 0`, cycle);
    if (resp.value !== RESPONSE.okay)
      throw new AxiResponseError(this.b.path, s.pendingAddress[s.pendingHead]!, resp.value, cycle);
    s.pendingHead = (s.pendingHead + 1) % this.outstanding;
    s.pending -= 1;
  }

  private show(): void {
    const s = this.state;
    const { payload } = this.w;
    this.row.ready.write(s.rowCount !== ROWS ? 1 : 0);
    this.w.valid.write(s.wCount !== 0 ? 1 : 0);
    if (s.wCount !== 0) {
      payload.data.writeFrom(s.wData, s.wHead * BUS_LANES);
      payload.strb.write(byteStrobes(s.wMask[s.wHead]!));
      payload.last.write(s.wLast[s.wHead]!);
    }
    this.idle.write(s.rowCount === 0 && s.held === 0 && s.wCount === 0 && s.pending === 0 ? 1 : 0);
  }

  private reset(): boolean {
    const s = this.state;
    const moved = s.rowCount + s.held + s.wCount + s.pending !== 0;
    s.rowCount = s.rowHead = s.group = s.burstLeft = 0;
    s.held = s.scan = s.wCount = s.wHead = 0;
    s.pending = s.pendingHead = 0;
    s.mask.fill(0);
    this.aw.valid.write(0);
    this.show();
    return moved;
  }
}

/** Two strobes a word. @param mask 16 bits; @returns 32 bits, unsigned */
function byteStrobes(mask: number): number {
  if (mask === ALL_WORDS) return ALL_BYTES;
  let strobes = 0;
  for (let lane = 0; lane < BUS_LANES; lane++) if ((mask & (1 << lane)) !== 0) strobes += 3 * 4 ** lane;
  return strobes;
}
