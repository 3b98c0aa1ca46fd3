import type { Ddr3Spec } from './spec.js';

/** Refreshes that JEDEC lets a controller put off: JESD79-3F section 4.13. */
const MOST_POSTPONED = 8;
/** Clocks before the ninth would fall due at which a rank is stopped, to precharge its banks and refresh in time. */
const LEAD = 512;

/**
 * When each rank refreshes. Refresh k of rank r falls due at (k + (r + 1)/ranks)·tREFI when staggered, at (k + 1)·tREFI
 * together. With nothing postponed a due refresh stops the rank at once. Else it waits until the rank has no request, or
 * until more than `refreshPostpone` are owed; the eighth is not put off until the ninth falls due, so that
 * the gap between two refreshes stays below 9·tREFI. Ranks that are stopped refresh one after the other.
 *
 * Source   JESD79-3F section 4.13.
 */
export class RefreshTimer {
  /** Clock at which the next refresh falls due. */
  nextDue: number;
  /** The rank that is stopped to refresh; −1 for none. */
  rank = -1;
  /** Clock up to which the latest refresh keeps each rank. */
  readonly endOf: Float64Array;
  /** Refreshes due and not done, of each rank. */
  readonly owed: Int32Array;
  private owedTotal = 0;
  private index = 1;
  /** Stopped ranks in order. */
  private readonly line: Int32Array;
  private lineCount = 0;
  private readonly inLine: Uint8Array;
  private readonly dueOf: Float64Array;
  private readonly postpone: number;
  private readonly steps: number;

  constructor(private readonly spec: Ddr3Spec) {
    const { ranks, refresh } = spec;
    this.steps = refresh === 'staggered' ? ranks : 1;
    this.postpone = spec.refreshPostpone;
    this.endOf = new Float64Array(ranks).fill(-1e9);
    this.owed = new Int32Array(ranks);
    this.line = new Int32Array(ranks);
    this.inLine = new Uint8Array(ranks);
    this.dueOf = new Float64Array(ranks);
    this.nextDue = refresh === 'off' ? Infinity : this.timeOf(1);
    for (let r = 0; r < ranks; r++) this.dueOf[r] = this.timeOf(refresh === 'staggered' ? r + 1 : 1);
  }

  /** Whether a refresh may wait: {@link consider} decides which goes now. */
  get owing(): boolean {
    return this.owedTotal > 0 && this.postpone > 0;
  }

  /** All banks of a rank, as a mask. */
  banksOf(rank: number): number {
    const { banks } = this.spec;
    return ((1 << banks) - 1) << (rank * banks);
  }

  /** The refresh that falls due at clock t. */
  due(t: number): void {
    const { ranks } = this.spec;
    while (this.nextDue <= t) {
      for (let r = 0; r < ranks; r++) {
        if (this.steps > 1 && r !== (this.index - 1) % ranks) continue;
        this.owed[r]! += 1;
        this.owedTotal += 1;
        this.dueOf[r] = this.timeOf(this.index + this.steps);
        if (this.owed[r]! > this.postpone) this.stop(r);
      }
      this.index += 1;
      this.nextDue = this.timeOf(this.index);
    }
  }

  /** Stops ranks that owe refreshes and have nothing else to do, or can put them off no longer. */
  consider(t: number, activeOfRank: Int32Array): void {
    for (let r = 0; r < this.spec.ranks; r++)
      if (this.owed[r]! > 0 && (activeOfRank[r] === 0 || t >= this.forcedAt(r))) this.stop(r);
  }

  /** First clock at which the timer has something to do by itself. */
  get wakeAt(): number {
    let at = this.nextDue;
    if (this.owing) for (let r = 0; r < this.spec.ranks; r++) at = Math.min(at, this.forcedAt(r));
    return at;
  }

  /** The stopped rank was refreshed at clock t. */
  done(t: number): void {
    const r = this.rank;
    this.endOf[r] = t + this.spec.timing.tRFC;
    this.owed[r]! -= 1;
    this.owedTotal -= 1;
    this.inLine[r] = 0;
    this.line.copyWithin(0, 1, this.lineCount);
    this.lineCount -= 1;
    this.rank = this.lineCount > 0 ? this.line[0]! : -1;
    if (this.owed[r]! > this.postpone) this.stop(r);
  }

  private forcedAt(r: number): number {
    return this.inLine[r] === 0 && this.owed[r]! >= MOST_POSTPONED ? this.dueOf[r]! - LEAD : Infinity;
  }

  private stop(r: number): void {
    if (this.inLine[r] !== 0) return;
    this.inLine[r] = 1;
    this.line[this.lineCount++] = r;
    this.rank = this.line[0]!;
  }

  private timeOf(index: number): number {
    return Math.floor((index * this.spec.timing.tREFI) / this.steps);
  }
}
