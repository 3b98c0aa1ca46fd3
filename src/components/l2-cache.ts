import {
  bitsFor,
  bool,
  type Clock,
  ConfigError,
  int,
  MarblewaveError,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
  type Wait,
} from '../kernel/index.js';
import { wideBeat, WIDE_WORDS } from './beat-packer.js';
import { AddressError, MemoryHazardError } from './bram.js';
import { HeldBeats } from './l2-held-beats.js';
import { bankCount, BEAT_WORDS, paddedSliceWords } from './l2-layout.js';
import { RowWalk } from './l2-row-walk.js';

/** A fill command and the data that came with it disagree. */
export class FillError extends MarblewaveError {
  constructor(path: string, problem: string, cycle: number) {
    super('E_FILL', `${path}: ${problem} in cycle ${cycle}`);
  }
}

/** A bank of B would take two words in one cycle; a block RAM has one port to write by. */
export class BankWriteError extends MarblewaveError {
  constructor(path: string, bank: number, cycle: number) {
    super('E_BANK_WRITE', `${path}: bank ${bank} is written twice in cycle ${cycle}`);
  }
}

/** Fill commands, by `kind`. */
export const FILL_KIND = { panel: 0, rows: 1 } as const;

/** A fill command: what a READ command's words are, and where they belong. */
export const fillCommand = {
  kind: uint(1),
  half: uint(1),
  addr: uint(16),
  channel: uint(16),
  row: uint(16),
  rows: uint(16),
};

export interface L2Spec {
  readonly clock: Clock;
  /** Array size, 1 to 255: words of an A slice; Nb B banks, the smallest odd prime >= n. */
  readonly n: number;
  /** Slices of n words that each A half holds, 1 to 65536. */
  readonly aSlices: number;
  /** Words that each half of a B bank holds (1024 a BRAM36), 1 to 65536. */
  readonly bWords: number;
}

/** @throws ConfigError for a size out of range */
export function checkL2Spec(path: string, spec: L2Spec): void {
  for (const [field, most] of [
    ['n', 255],
    ['aSlices', 65536],
    ['bWords', 65536],
  ] as const) {
    const value = spec[field];
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new ConfigError(path, field, `an integer from 1 to ${most}`, value);
  }
}

/**
 * The L2 cache: two halves of A (filter panels, one slice of n words an address) and two halves of B (activations, in
 * Nb single-word banks), filled from DDR3 while the other half is read. Where things lie: l2-layout.ts.
 *
 * Ports    beat: 32 int16 words (beat-packer.ts); `count` of them from word `first` on belong to the command; `last` marks
 *          its last.
 *          fill: one command per READ command, in the same order. kind 0, an A panel: `rows` slices from slice `addr` of
 *          the half on, each padded in DDR3 to a multiple of 16 words, lanes 0 to n−1 kept; words come in whole multiples
 *          of 16. kind 1, B rows: `rows` rows of cfg_w words of channel `channel`, contiguous, the first being row `row`
 *          of the band's stored rows. Rows past cfg_hband go on with row 0 of the next channel, so that one command may
 *          fill several whole planes.
 *          cfg_*: constant while anything is under way. cfg_q is below Nb; cfg_u from 1 to Nb, with cfg_u·cfg_w <= Nb unless it is 1.
 *          a_re, a_half, a_addr → a_data[n]; b_re, b_half, b_addr[Nb], b_en[Nb] → b_data[Nb]: a bank whose b_en is low
 *          keeps its word.
 *          fill_done pulses for one cycle with fill_done_kind and fill_done_half. rst drops commands and beats; memories and
 *          what was read of them stay as they are.
 * Timing   Four wide beats are held (l2-held-beats.ts). A beat accepted in cycle c is written from c+1 on, once its command is the
 *          active one. Of A one segment a cycle: the rest of the oldest beat or of the slice (n = 28: a beat is a slice;
 *          n <= 16: a beat is two slices, two cycles). Of B each bank writes, in each cycle, the first held word of the active
 *          command that is its own: older beats before younger ones, a beat's words in their order. So N words that lie
 *          bank by bank take ⌈N/Nb⌉ cycles, and any N words as many as one bank has of them, or more where four beats do
 *          not hold enough for the others. beat_ready = with what this cycle's writes empty, fewer than four beats are held:
 *          one beat a cycle at best, 64 bytes. A command accepted in c is divided into row and address in c+1 and writes
 *          from c+2 on; the next one is prepared meanwhile, and its first writes follow the last of the one before without a
 *          gap, never in the same cycle. fill_ready = no command is being prepared, or it becomes the active one at this
 *          edge. Both readys depend on registers only. fill_done comes in the cycle after the last write: a read
 *          address may be presented in that very cycle. A read presented in c shows in the data from c+2 on, as in
 *          {@link Bram}. See docs/timing-model.md.
 * Storage  2·aSlices·n + 2·bWords·Nb words, kept here as two typed arrays for speed; the structural form is one
 *          {@link Bram} a bank and one per 16 lanes of A. Zeroed at configuration only. Four beats, each placed word with
 *          its bank and address.
 * Errors   ConfigError; MemoryHazardError when a half is read and written at one address in one cycle; BankWriteError
 *          when a bank would take two words in one cycle; AddressError past the end of a memory; FillError when a command's words and its beats do not end together, when a
 *          panel's words do not come in multiples of 16, and for an empty command or a row beyond the band.
 * Source   The machine contract, section 6, 10 and 11 (the wide fill). Own: rows running on into the next channel, the
 *          preparing stage, banks that write out of order.
 */
export class L2Cache extends Module {
  readonly rst: Signal;
  readonly beat;
  readonly fill;
  readonly fillDone;
  readonly fillDoneKind;
  readonly fillDoneHalf;
  readonly cfgW;
  readonly cfgQ;
  readonly cfgU;
  readonly cfgWbank;
  readonly cfgHband;
  readonly aRe;
  readonly aHalf;
  readonly aAddr;
  readonly aData;
  readonly bRe;
  readonly bHalf;
  readonly bAddr;
  readonly bEn;
  readonly bData;
  /** Number of B banks. */
  readonly nb: number;
  override readonly state;
  private readonly spec: L2Spec;
  /** Words of DDR3 that a slice takes. */
  private readonly sliceWords: number;
  /** Bank addresses that the present edge writes in a B half, −1 for none. Scratch, no register. */
  private readonly written: Int32Array;
  private readonly held: HeldBeats;
  private readonly walk: RowWalk;

  constructor(parent: Module | Simulator, name: string, spec: L2Spec) {
    super(parent, name);
    checkL2Spec(this.path, spec);
    const { clock, n, aSlices, bWords } = spec;
    this.spec = spec;
    this.nb = bankCount(n);
    this.sliceWords = paddedSliceWords(n);
    const word = int(16);
    this.rst = this.input('rst', bool);
    this.beat = this.sink('beat', wideBeat, clock);
    this.fill = this.sink('fill', fillCommand, clock);
    this.fillDone = this.output('fill_done', bool);
    this.fillDoneKind = this.output('fill_done_kind', uint(1));
    this.fillDoneHalf = this.output('fill_done_half', uint(1));
    this.cfgW = this.input('cfg_w', uint(16));
    this.cfgQ = this.input('cfg_q', uint(16));
    this.cfgU = this.input('cfg_u', uint(16));
    this.cfgWbank = this.input('cfg_wbank', uint(16));
    this.cfgHband = this.input('cfg_hband', uint(16));
    this.aRe = this.input('a_re', bool);
    this.aHalf = this.input('a_half', uint(1));
    this.aAddr = this.input('a_addr', uint(bitsFor(aSlices - 1)));
    this.aData = this.output('a_data', vector(n, word));
    this.bRe = this.input('b_re', bool);
    this.bHalf = this.input('b_half', uint(1));
    this.bAddr = this.input('b_addr', vector(this.nb, uint(bitsFor(bWords - 1))));
    this.bEn = this.input('b_en', vector(this.nb, bool));
    this.bData = this.output('b_data', vector(this.nb, word));
    this.written = new Int32Array(this.nb).fill(-1);
    this.held = new HeldBeats(this.nb);
    this.walk = new RowWalk(this.nb, {
      w: this.cfgW,
      q: this.cfgQ,
      u: this.cfgU,
      wbank: this.cfgWbank,
      hband: this.cfgHband,
    });
    this.state = {
      aMemory: new Int16Array(2 * aSlices * n),
      /** Bank k, half h, address a at (2·k + h)·bWords + a. */
      bMemory: new Int16Array(2 * bWords * this.nb),
      aLatch: new Int16Array(n),
      bLatch: new Int16Array(this.nb),
      /** 1 in the cycle in which a latch has words that the output register has not. */
      aFresh: 0,
      bFresh: 0,
      held: this.held.state,
      /** The command being prepared. */
      next: { have: 0, kind: 0, half: 0, addr: 0, div: 0, mod: 0, row: 0, rows: 0 },
      /** The active command. */
      active: 0,
      kind: 0,
      half: 0,
      /** A: slices left, slice address and lane of the coming word. */
      todo: 0,
      addr: 0,
      lane: 0,
      walk: this.walk.state,
      /** Words that the coming cycle writes; 0 when beat or command is missing. */
      writes: 0,
    };
    this.beat.ready.write(1);
    this.fill.ready.write(1);
    this.edge(clock, this.tick, [this.rst, this.beat.valid, this.fill.valid, this.aRe, this.bRe]);
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) return this.reset();
    const beats = this.beat.valid.value !== 0 && this.beat.ready.value !== 0;
    const fills = this.fill.valid.value !== 0 && this.fill.ready.value !== 0;
    const writes = s.writes > 0;
    if (writes && s.kind === FILL_KIND.rows) this.noteWrites();
    const reads = this.read(writes);
    const done = this.fillDone.value !== 0;
    if (!(beats || fills || writes || s.next.have !== 0 || done)) return reads;
    const finished = writes && (s.kind === FILL_KIND.panel ? this.writeSlicePart() : this.writeBanks());
    this.fillDone.write(finished ? 1 : 0);
    if (finished) {
      this.fillDoneKind.write(s.kind);
      this.fillDoneHalf.write(s.half);
      s.active = 0;
    }
    if (s.next.have !== 0 && s.active === 0) this.activate();
    if (fills) this.prepare();
    if (beats) this.takeBeat();
    s.writes = this.choose();
    this.beat.ready.write(this.held.ready ? 1 : 0);
    this.fill.ready.write(s.next.have === 0 || s.active === 0 || this.endsCommand(s.writes) ? 1 : 0);
    return true;
  }

  // --- reading ---------------------------------------------------------------------------------------------------

  /** The read side of an edge. Returns whether anything moved. */
  private read(writes: boolean): boolean {
    const s = this.state;
    const { n, aSlices, bWords } = this.spec;
    let moved = false;
    if (s.aFresh !== 0) {
      this.aData.writeFrom(s.aLatch);
      s.aFresh = 0;
      moved = true;
    }
    if (s.bFresh !== 0) {
      this.bData.writeFrom(s.bLatch);
      s.bFresh = 0;
      moved = true;
    }
    if (this.aRe.value !== 0) {
      const half = this.aHalf.value;
      const addr = this.aAddr.value;
      if (addr >= aSlices) throw this.beyond('a_addr', aSlices, addr);
      if (writes && s.kind === FILL_KIND.panel && s.half === half && s.addr === addr)
        throw new MemoryHazardError(`${this.path}.a[${half}]`, addr, this.spec.clock.cycle);
      const from = (half * aSlices + addr) * n;
      const { aLatch, aMemory } = s;
      for (let i = 0; i < n; i++) aLatch[i] = aMemory[from + i]!;
      s.aFresh = 1;
      moved = true;
    }
    if (this.bRe.value !== 0) {
      const half = this.bHalf.value;
      const collides = writes && s.kind === FILL_KIND.rows && s.half === half;
      const { bLatch, bMemory } = s;
      const { bEn, bAddr, nb } = this;
      for (let k = 0, base = half * bWords; k < nb; k++, base += 2 * bWords) {
        if (bEn.get(k) === 0) continue;
        const addr = bAddr.get(k);
        if (addr >= bWords) throw this.beyond(`b_addr[${k}]`, bWords, addr);
        if (collides && this.written[k] === addr)
          throw new MemoryHazardError(`${this.path}.b[${half}] bank ${k}`, addr, this.spec.clock.cycle);
        bLatch[k] = bMemory[base + addr]!;
      }
      s.bFresh = 1;
      moved = true;
    }
    return moved;
  }

  /** Notes what this edge writes, bank by bank. */
  private noteWrites(): void {
    const { written } = this;
    const { order, count, placed, at, left, goes, bank, addr } = this.held.state;
    written.fill(-1);
    for (let i = 0; i < count; i++) {
      const r = order[i]!;
      if (placed[r] === 0) break;
      const from = r * WIDE_WORDS + at[r]!;
      for (let k = from; k < from + left[r]!; k++) {
        if (goes[k] === 0) continue;
        if (written[bank[k]!] !== -1)
          throw new BankWriteError(`${this.path}.b[${this.state.half}]`, bank[k]!, this.spec.clock.cycle);
        written[bank[k]!] = addr[k]!;
      }
    }
  }

  // --- filling ---------------------------------------------------------------------------------------------------

  private takeBeat(): void {
    const { first, count } = this.beat.payload;
    if (count.value === 0 || first.value + count.value > WIDE_WORDS)
      throw this.mismatch(`a beat of ${count.value} words from word ${first.value} on, of ${WIDE_WORDS}`);
    this.held.take(this.beat.payload);
  }

  /** Accepts a command into the preparing stage; the division, by 1 to Nb, is a product with a reciprocal from a table (one DSP). */
  private prepare(): void {
    const { next } = this.state;
    const { kind, half, addr, channel, row, rows } = this.fill.payload;
    const u = this.cfgU.value;
    next.have = 1;
    next.kind = kind.value;
    next.half = half.value;
    next.addr = addr.value;
    next.row = row.value;
    next.rows = rows.value;
    if (next.rows === 0) throw this.mismatch('a fill command of no slices or rows');
    if (next.kind === FILL_KIND.panel) return;
    if (u === 0 || this.cfgW.value === 0)
      throw this.mismatch(`B rows with cfg_u = ${u}, cfg_w = ${this.cfgW.value}`);
    next.mod = channel.value % u;
    next.div = (channel.value - next.mod) / u;
    if (next.row >= this.cfgHband.value)
      throw this.mismatch(`B rows from row ${next.row} on, of a band of ${this.cfgHband.value}`);
  }

  /** The prepared command becomes the active one. */
  private activate(): void {
    const s = this.state;
    const { next } = s;
    next.have = 0;
    s.active = 1;
    s.kind = next.kind;
    s.half = next.half;
    if (next.kind === FILL_KIND.rows) {
      this.walk.begin(next.div, next.mod, next.row, next.rows);
      return;
    }
    s.todo = next.rows;
    s.lane = 0;
    s.addr = next.addr;
    if (next.addr + next.rows > this.spec.aSlices)
      throw this.beyond('fill_addr + fill_rows', this.spec.aSlices + 1, next.addr + next.rows);
  }

  /** Chooses what the coming cycle writes, as a function of registers. Returns the number of words. */
  private choose(): number {
    const s = this.state;
    const { held, walk } = this;
    if (s.active === 0 || s.held.count === 0) {
      held.chooseNone();
      return 0;
    }
    if (s.kind === FILL_KIND.panel) {
      const words = Math.min(s.held.left[held.oldest]!, this.sliceWords - s.lane);
      held.chooseOldest(words);
      return words;
    }
    const problem = held.place(walk);
    if (problem !== '') throw this.mismatch(problem);
    held.chooseByBank();
    return s.held.going;
  }

  /** Whether writing this many words, which were chosen, finishes the active command. */
  private endsCommand(words: number): boolean {
    const s = this.state;
    if (words === 0) return false;
    return s.kind === FILL_KIND.panel
      ? s.todo === 1 && s.lane + words === this.sliceWords
      : s.walk.todo === 0 && words === s.held.waiting;
  }

  /** Writes a part of the oldest beat into its lanes of a slice. Returns whether the command is finished. */
  private writeSlicePart(): boolean {
    const s = this.state;
    const { n, aSlices } = this.spec;
    const { writes, aMemory } = s;
    const r = this.held.oldest;
    const at = s.held.at[r]!;
    if (at % BEAT_WORDS !== 0 || writes % BEAT_WORDS !== 0)
      throw this.mismatch(
        `a panel's beat of ${s.held.left[r]} words from word ${at} on, not multiples of ${BEAT_WORDS},`,
      );
    const finished = this.endsCommand(writes);
    const dataEnd = writes === s.held.left[r] && s.held.last[r] !== 0;
    const to = (s.half * aSlices + s.addr) * n;
    const end = Math.min(n, s.lane + writes);
    const from = r * WIDE_WORDS + at - s.lane;
    for (let i = s.lane; i < end; i++) aMemory[to + i] = s.held.word[from + i]!;
    this.held.dropOldest(writes);
    s.lane += writes;
    if (s.lane === this.sliceWords) {
      s.lane = 0;
      s.addr += 1;
      s.todo -= 1;
    }
    if (finished && !dataEnd) throw this.mismatch('a fill command ended before its data');
    if (dataEnd && !finished) throw this.mismatch(`data ended ${s.todo} slices or rows before their command`);
    return finished;
  }

  /** Writes the chosen words into their banks. Returns whether the command is finished. */
  private writeBanks(): boolean {
    const s = this.state;
    const { bWords } = this.spec;
    const { order, count, placed, at, left, goes, bank, addr, word } = s.held;
    const finished = this.endsCommand(s.writes);
    for (let i = 0; i < count; i++) {
      const r = order[i]!;
      if (placed[r] === 0) break;
      const from = r * WIDE_WORDS + at[r]!;
      for (let k = from; k < from + left[r]!; k++) {
        if (goes[k] === 0) continue;
        if (addr[k]! >= bWords) throw this.beyond('the address of a filled word', bWords, addr[k]!);
        s.bMemory[(2 * bank[k]! + s.half) * bWords + addr[k]!] = word[k]!;
      }
    }
    this.held.dropChosen();
    return finished;
  }

  /** Forgets commands and beats. Reads go on: memories and their read registers know no reset. */
  private reset(): boolean {
    const s = this.state;
    const reads = this.read(false);
    const moved = s.next.have + s.active + s.held.count + this.fillDone.value !== 0;
    s.next.have = s.active = s.writes = 0;
    this.held.clear();
    this.fillDone.write(0);
    this.fillDoneKind.write(0);
    this.fillDoneHalf.write(0);
    this.beat.ready.write(1);
    this.fill.ready.write(1);
    return reads || moved;
  }

  // --- reports ---------------------------------------------------------------------------------------------------

  override waits(): readonly Wait[] {
    const s = this.state;
    const who = this.path;
    if (s.active !== 0 && s.held.count === 0)
      return [{ who, whom: this.beat.peer?.module.path ?? 'READ', why: 'a fill command awaits its data' }];
    if (s.held.count !== 0 && s.active === 0)
      return [{ who, whom: this.fill.peer?.module.path ?? 'TOP', why: 'data await their fill command' }];
    return [];
  }

  private mismatch(problem: string): FillError {
    return new FillError(this.path, problem, this.spec.clock.cycle);
  }

  private beyond(field: string, words: number, addr: number): AddressError {
    return new AddressError(this.path, field, words, addr, this.spec.clock.cycle);
  }
}
