import {
  bool,
  type Channel,
  type Clock,
  int,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
  type Wait,
} from '../kernel/index.js';
import {
  ADDRESS_BITS,
  type AxiAddress,
  axiAddress,
  type AxiReadData,
  axiReadData,
  BEAT_BYTES,
  BEAT_SIZE,
  BURST,
  BUS_LANES,
  RESPONSE,
  WORD_BYTES,
} from './axi/channels.js';
import { AxiProtocolError, AxiResponseError } from './axi/errors.js';
import { CommandError } from './command-error.js';

/** Beats of the longest burst; its 512 bytes are also what bursts are cut at, so none crosses 4 KB. */
const BURST_BEATS = 16;
/** Bursts under way at most. */
const BURSTS = 8;
/** Beats of the output FIFO. */
const FIFO_BEATS = 128;
/** Commands that wait; the first is the one whose addresses are being issued. */
const COMMANDS = 2;

/** A run of words in memory: `addr` in bytes, even; `words` 1 or more. */
export const readCommand = { addr: uint(ADDRESS_BITS), words: uint(32) };
/**
 * A 32-byte-aligned beat: `data[first … first + count − 1]` belong to the command (count 1…16), `last` marks the
 * command's last beat.
 */
export const readBeat = { data: vector(BUS_LANES, int(16)), first: uint(4), count: uint(5), last: bool };

export interface ReadDmaSpec {
  readonly clock: Clock;
}

/** A burst's first beat is its command's first; its last beat is its command's last. */
const OPENS = 1;
const CLOSES = 2;

/**
 * READ: fetches runs of words from DDR3 over AXI4, 256 bits a beat, in order. Twin: `rtl/read_dma.v`.
 *
 * Ports    sink `cmd` {addr, words}; AXI master `ar`, `r` (ID 0); source `out` {data, first, count, last}; `rst`.
 * Does     A command becomes full-width INCR bursts of 1 to 16 beats from its first 32-byte-aligned beat to its last, cut
 *          at multiples of 512 bytes. At most 8 bursts are under way, and an AR is shown only when the output FIFO has
 *          room for all its beats, so `r_ready` is always 1. Addresses of the next command follow without a gap.
 * Contract `cmd` is a FIFO of 2: `cmd_ready = count ≠ 2`. A command accepted in cycle c, with nothing in its way, has its
 *          first AR valid in c+2; then one AR a cycle, a stalled one held. The 8 bursts count from AR valid to their last R beat,
 *          the room from AR valid to the beat's departure from `out`; a burst or a beat that ends in cycle c makes room
 *          for an AR valid in c+2. An R beat that comes in cycle c is pushed then and visible on `out` in c+1
 *          (`out_valid = count ≠ 0`). Outputs are registered; reset empties everything, and bursts under way are lost,
 *          so the memory must be reset with it.
 * Storage  128 beats of 256 + 10 bits; 2 commands; 8 bursts' lengths and edges.
 * Errors   CommandError when `words` is 0, `addr` odd or the run ends beyond 8 GiB. AxiResponseError with the beat's address
 *          when the memory answers SLVERR or DECERR. AxiProtocolError for a beat nobody asked for or a misplaced `r_last`.
 * Source   The machine contract, section 8. Cycles and phases: docs/timing-model.md.
 */
export class ReadDma extends Module {
  readonly rst: Signal;
  readonly cmd: Channel<typeof readCommand>;
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly out: Channel<typeof readBeat>;
  override state = {
    /** Waiting commands: next beat's number (address / 32), beats left, first word in the first beat, last in the last. */
    cmdCount: 0,
    cmdHead: 0,
    cmdBeat: new Float64Array(COMMANDS),
    cmdLeft: new Float64Array(COMMANDS),
    cmdFirst: new Uint8Array(COMMANDS),
    cmdEnd: new Uint8Array(COMMANDS),
    /** 1 once the first command has had an AR. */
    cmdStarted: 0,
    /** Bursts under way. */
    burstCount: 0,
    burstHead: 0,
    burstBeat: new Float64Array(BURSTS),
    burstLength: new Uint8Array(BURSTS),
    burstFirst: new Uint8Array(BURSTS),
    burstEnd: new Uint8Array(BURSTS),
    burstEdges: new Uint8Array(BURSTS),
    /** Beats of the first burst that have come. */
    arrived: 0,
    /** Beats asked for and not yet gone from the output FIFO. */
    reserved: 0,
    fifoCount: 0,
    fifoHead: 0,
    fifoData: new Int16Array(FIFO_BEATS * BUS_LANES),
    fifoFirst: new Uint8Array(FIFO_BEATS),
    fifoWords: new Uint8Array(FIFO_BEATS),
    fifoLast: new Uint8Array(FIFO_BEATS),
    commands: 0,
    bursts: 0,
    beats: 0,
  };
  private readonly clock: Clock;

  constructor(parent: Module | Simulator, name: string, spec: ReadDmaSpec) {
    super(parent, name);
    const { clock } = spec;
    this.clock = clock;
    this.rst = this.input('rst', bool);
    this.cmd = this.sink('cmd', readCommand, clock);
    this.ar = this.source('ar', axiAddress, clock);
    this.r = this.sink('r', axiReadData(BUS_LANES), clock);
    this.out = this.source('out', readBeat, clock);
    this.probe('beats', uint(53), () => this.state.beats);
    this.probe('bursts_under_way', uint(4), () => this.state.burstCount);
    this.probe('fifo_count', uint(8), () => this.state.fifoCount);
    this.cmd.ready.write(1);
    this.r.ready.write(1);
    this.ar.payload.size.write(BEAT_SIZE);
    this.ar.payload.burst.write(BURST.incr);
    this.edge(clock, this.tick, [this.rst, this.cmd.valid, this.ar.ready, this.r.valid, this.out.ready]);
  }

  /** Commands accepted. */
  get commands(): number {
    return this.state.commands;
  }

  /** AR bursts shown. */
  get bursts(): number {
    return this.state.bursts;
  }

  /** R beats taken. */
  get beats(): number {
    return this.state.beats;
  }

  override waits(): readonly Wait[] {
    const s = this.state;
    const who = this.path;
    if (s.burstCount > 0 && this.ar.valid.value === 0)
      return [
        {
          who,
          whom: this.r.peer?.module.path ?? 'the memory',
          why: `${s.burstCount} bursts have beats to come`,
        },
      ];
    return [];
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) return this.reset();
    const taken = s.cmdCount !== COMMANDS && this.cmd.valid.value !== 0;
    const gone = s.fifoCount !== 0 && this.out.ready.value !== 0;
    const come = this.r.valid.value !== 0;
    const sent = this.ar.valid.value !== 0 && this.ar.ready.value !== 0;
    // From the registers of before the edge; what this edge takes in counts from the next one on.
    const length = this.nextBurst();
    if (length > 0) this.issue(length);
    else if (sent) this.ar.valid.write(0);
    if (come) this.arrive();
    if (taken) this.accept();
    if (gone) {
      s.fifoHead = (s.fifoHead + 1) % FIFO_BEATS;
      s.fifoCount -= 1;
      s.reserved -= 1;
    }
    if (!(taken || gone || come || sent || length > 0)) return false;
    // Otherwise the head of the FIFO is the one already shown.
    if (gone || (come && s.fifoCount === 1)) this.show();
    this.cmd.ready.write(s.cmdCount !== COMMANDS ? 1 : 0);
    return true;
  }

  /** Beats of the burst that may be shown now; 0 when none. */
  private nextBurst(): number {
    const s = this.state;
    if (s.cmdCount === 0 || s.burstCount === BURSTS) return 0;
    if (this.ar.valid.value !== 0 && this.ar.ready.value === 0) return 0;
    const i = s.cmdHead;
    const length = Math.min(s.cmdLeft[i]!, BURST_BEATS - (s.cmdBeat[i]! % BURST_BEATS));
    return s.reserved + length <= FIFO_BEATS ? length : 0;
  }

  private issue(length: number): void {
    const s = this.state;
    const i = s.cmdHead;
    const b = (s.burstHead + s.burstCount) % BURSTS;
    const closes = s.cmdLeft[i] === length;
    s.burstBeat[b] = s.cmdBeat[i]!;
    s.burstLength[b] = length;
    s.burstFirst[b] = s.cmdFirst[i]!;
    s.burstEnd[b] = s.cmdEnd[i]!;
    s.burstEdges[b] = (s.cmdStarted === 0 ? OPENS : 0) + (closes ? CLOSES : 0);
    s.burstCount += 1;
    s.reserved += length;
    s.bursts += 1;
    this.ar.valid.write(1);
    this.ar.payload.addr.write(s.cmdBeat[i]! * BEAT_BYTES);
    this.ar.payload.len.write(length - 1);
    if (closes) {
      s.cmdStarted = 0;
      s.cmdHead = (i + 1) % COMMANDS;
      s.cmdCount -= 1;
    } else {
      s.cmdStarted = 1;
      s.cmdBeat[i]! += length;
      s.cmdLeft[i]! -= length;
    }
  }

  private accept(): void {
    const s = this.state;
    const addr = this.cmd.payload.addr.value;
    const words = this.cmd.payload.words.value;
    const wrong = (field: string, wanted: string, got: number): CommandError =>
      new CommandError(this.cmd.path, field, wanted, got, this.clock.cycle);
    if (words === 0) throw wrong('words', 'an integer of 1 or more', words);
    if (addr % WORD_BYTES !== 0) throw wrong('addr', 'even', addr);
    if (addr + words * WORD_BYTES > 2 ** ADDRESS_BITS)
      throw wrong('words', `at most what 8 GiB hold from byte ${addr} on`, words);
    const i = (s.cmdHead + s.cmdCount) % COMMANDS;
    const first = (addr % BEAT_BYTES) / WORD_BYTES;
    s.cmdBeat[i] = Math.floor(addr / BEAT_BYTES);
    s.cmdLeft[i] = Math.ceil((first + words) / BUS_LANES);
    s.cmdFirst[i] = first;
    s.cmdEnd[i] = (first + words - 1) % BUS_LANES;
    s.cmdCount += 1;
    s.commands += 1;
  }

  /** Pushes the R beat into the output FIFO. */
  private arrive(): void {
    const s = this.state;
    const { payload } = this.r;
    const { cycle } = this.clock;
    const b = s.burstHead;
    const length = s.burstLength[b]!;
    if (s.burstCount === 0) throw new AxiProtocolError(this.r.path, 'a beat that nobody asked for', cycle);
    if (payload.id.value !== 0)
      throw new AxiProtocolError(
        this.r.path,
        `a beat of ID ${payload.id.value}; only 0 was asked for`,
        cycle,
      );
    if (payload.resp.value !== RESPONSE.okay)
      throw new AxiResponseError(
        this.r.path,
        (s.burstBeat[b]! + s.arrived) * BEAT_BYTES,
        payload.resp.value,
        cycle,
      );
    const last = s.arrived === length - 1;
    if ((payload.last.value !== 0) !== last)
      throw new AxiProtocolError(
        this.r.path,
        `r_last is ${payload.last.value} on beat ${s.arrived} of a burst of ${length}`,
        cycle,
      );
    const edges = s.burstEdges[b]!;
    const opens = s.arrived === 0 && (edges & OPENS) !== 0;
    const closes = last && (edges & CLOSES) !== 0;
    const first = opens ? s.burstFirst[b]! : 0;
    const end = closes ? s.burstEnd[b]! : BUS_LANES - 1;
    const at = (s.fifoHead + s.fifoCount) % FIFO_BEATS;
    payload.data.copyTo(s.fifoData, at * BUS_LANES);
    s.fifoFirst[at] = first;
    s.fifoWords[at] = end - first + 1;
    s.fifoLast[at] = closes ? 1 : 0;
    s.fifoCount += 1;
    s.beats += 1;
    if (last) {
      s.arrived = 0;
      s.burstHead = (b + 1) % BURSTS;
      s.burstCount -= 1;
    } else s.arrived += 1;
  }

  /** Drives `out` from the head of the FIFO. */
  private show(): void {
    const s = this.state;
    const { payload } = this.out;
    const at = s.fifoHead;
    payload.data.writeFrom(s.fifoData, at * BUS_LANES);
    payload.first.write(s.fifoFirst[at]!);
    payload.count.write(s.fifoWords[at]!);
    payload.last.write(s.fifoLast[at]!);
    this.out.valid.write(s.fifoCount !== 0 ? 1 : 0);
  }

  private reset(): boolean {
    const s = this.state;
    const moved = s.cmdCount + s.burstCount + s.fifoCount + this.ar.valid.value !== 0;
    s.cmdCount = s.cmdHead = s.cmdStarted = 0;
    s.burstCount = s.burstHead = s.arrived = 0;
    s.reserved = s.fifoCount = s.fifoHead = 0;
    this.ar.valid.write(0);
    this.out.valid.write(0);
    this.cmd.ready.write(1);
    return moved;
  }
}
