import { BURST_CLOCKS, type Ddr3Timing } from './timing-table.js';

/** Long before the first clock. */
const NEVER = -1e9;
/** Activates that fit into tFAW. */
const WINDOW = 4;

/**
 * The DRAM at command level: the state machine of every bank and rank, kept as the earliest clock at which each command
 * may come. Who calls a command before its time breaks a constraint; nothing here checks (an independent checker does).
 *
 * A bank's number is rank · banks + bank. Row −1: precharged. A rank's `rankRead` and `rankWrite` hold what bursts of any
 * rank demand: the bus, its turnaround, the strobes. Clocks are whole numbers below 2^53.
 *
 * Source   JESD79-3F section 4 (commands), tables 67 and 68 (limits); see timing-table.ts.
 */
export class Ddr3Device {
  readonly openRow: Int32Array;
  /** Earliest activate, precharge, read or write, and refresh of each bank. */
  readonly activateAt: Float64Array;
  readonly prechargeAt: Float64Array;
  readonly columnAt: Float64Array;
  readonly refreshAt: Float64Array;
  /** Accesses to the open row since it was opened. */
  readonly accesses: Int32Array;
  /** Earliest activate (tRRD), read and write in each rank. */
  readonly rankActivate: Float64Array;
  readonly rankRead: Float64Array;
  readonly rankWrite: Float64Array;
  /** The four latest activates of each rank, oldest at `windowHead`. */
  private readonly window: Float64Array;
  private readonly windowHead: Int32Array;
  private readonly openBanks: Int32Array;
  private readonly openSince: Float64Array;
  private readonly closedAt: Float64Array;
  private readonly activeClocks: Float64Array;
  readonly rankOf: Int32Array;
  activates = 0;
  precharges = 0;
  autoPrecharges = 0;
  reads = 0;
  writes = 0;
  refreshes = 0;
  private readonly readToRead: number;
  private readonly readToReadOther: number;
  private readonly readToWriteOther: number;
  private readonly writeToReadSame: number;
  private readonly writeToReadOther: number;
  private readonly writeToPrecharge: number;

  constructor(
    private readonly timing: Ddr3Timing,
    readonly ranks: number,
    readonly banks: number,
  ) {
    const n = ranks * banks;
    this.openRow = new Int32Array(n).fill(-1);
    this.activateAt = new Float64Array(n);
    this.prechargeAt = new Float64Array(n);
    this.columnAt = new Float64Array(n);
    this.refreshAt = new Float64Array(n);
    this.accesses = new Int32Array(n);
    this.rankActivate = new Float64Array(ranks);
    this.rankRead = new Float64Array(ranks);
    this.rankWrite = new Float64Array(ranks);
    this.window = new Float64Array(ranks * WINDOW).fill(NEVER);
    this.windowHead = new Int32Array(ranks);
    this.openBanks = new Int32Array(ranks);
    this.openSince = new Float64Array(ranks);
    this.closedAt = new Float64Array(ranks);
    this.activeClocks = new Float64Array(ranks);
    this.rankOf = Int32Array.from({ length: n }, (_, b) => Math.floor(b / banks));
    const { CL, CWL, tCCD, tRTRS, tWTR, tWR } = timing;
    this.readToRead = Math.max(BURST_CLOCKS, tCCD);
    this.readToReadOther = BURST_CLOCKS + tRTRS;
    this.readToWriteOther = CL + BURST_CLOCKS + tRTRS - CWL;
    this.writeToReadSame = CWL + BURST_CLOCKS + tWTR;
    this.writeToReadOther = CWL + BURST_CLOCKS + tRTRS - CL;
    this.writeToPrecharge = CWL + BURST_CLOCKS + tWR;
  }

  /** Earliest activate that tRRD and tFAW leave a rank. */
  windowAt(rank: number): number {
    const four = this.window[rank * WINDOW + this.windowHead[rank]!]! + this.timing.tFAW;
    const pair = this.rankActivate[rank]!;
    return four > pair ? four : pair;
  }

  activate(t: number, bank: number, row: number): void {
    const { tRC, tRAS, tRCD, tRRD } = this.timing;
    const rank = this.rankOf[bank]!;
    this.openRow[bank] = row;
    this.accesses[bank] = 0;
    this.activateAt[bank] = t + tRC;
    this.refreshAt[bank] = t + tRC;
    this.prechargeAt[bank] = t + tRAS;
    this.columnAt[bank] = t + tRCD;
    this.rankActivate[rank] = t + tRRD;
    const head = this.windowHead[rank]!;
    this.window[rank * WINDOW + head] = t;
    this.windowHead[rank] = (head + 1) & (WINDOW - 1);
    if (this.openBanks[rank] === 0) this.openSince[rank] = Math.max(t, this.closedAt[rank]!);
    this.openBanks[rank]! += 1;
    this.activates += 1;
  }

  precharge(t: number, bank: number): void {
    this.close(t, bank);
    this.precharges += 1;
  }

  /** @param auto whether the row closes by itself afterwards */
  read(t: number, bank: number, auto: boolean): void {
    const { tRTP, tRTW } = this.timing;
    this.accesses[bank]! += 1;
    this.reads += 1;
    const own = this.rankOf[bank]!;
    for (let rank = 0; rank < this.ranks; rank++) {
      const same = rank === own;
      later(this.rankRead, rank, t + (same ? this.readToRead : this.readToReadOther));
      later(this.rankWrite, rank, t + (same ? tRTW : this.readToWriteOther));
    }
    later(this.prechargeAt, bank, t + tRTP);
    if (auto) this.closeByItself(bank);
  }

  write(t: number, bank: number, auto: boolean): void {
    this.accesses[bank]! += 1;
    this.writes += 1;
    const own = this.rankOf[bank]!;
    for (let rank = 0; rank < this.ranks; rank++) {
      const same = rank === own;
      later(this.rankWrite, rank, t + (same ? this.readToRead : this.readToReadOther));
      later(this.rankRead, rank, t + (same ? this.writeToReadSame : this.writeToReadOther));
    }
    later(this.prechargeAt, bank, t + this.writeToPrecharge);
    if (auto) this.closeByItself(bank);
  }

  /** Refreshes a rank, all of whose banks are precharged. */
  refresh(t: number, rank: number): void {
    const end = t + this.timing.tRFC;
    for (let b = rank * this.banks; b < (rank + 1) * this.banks; b++) {
      later(this.activateAt, b, end);
      later(this.refreshAt, b, end);
    }
    this.refreshes += 1;
  }

  /** Clocks up to `now` in which the ranks had a bank open, ranks added up. */
  activeUntil(now: number): number {
    let sum = 0;
    for (let rank = 0; rank < this.ranks; rank++) {
      sum += this.activeClocks[rank]!;
      if (this.openBanks[rank]! > 0) sum += Math.max(0, now - this.openSince[rank]!);
    }
    return sum;
  }

  /** Auto-precharge: the bank precharges itself as soon as tRAS, tRTP and tWR let it. */
  private closeByItself(bank: number): void {
    this.close(this.prechargeAt[bank]!, bank);
    this.autoPrecharges += 1;
  }

  private close(t: number, bank: number): void {
    const { tRP } = this.timing;
    const rank = this.rankOf[bank]!;
    this.openRow[bank] = -1;
    later(this.activateAt, bank, t + tRP);
    later(this.refreshAt, bank, t + tRP);
    later(this.closedAt, rank, t);
    this.openBanks[rank]! -= 1;
    if (this.openBanks[rank] === 0)
      this.activeClocks[rank]! += Math.max(0, this.closedAt[rank]! - this.openSince[rank]!);
  }
}

function later(times: Float64Array, at: number, t: number): void {
  if (times[at]! < t) times[at] = t;
}
