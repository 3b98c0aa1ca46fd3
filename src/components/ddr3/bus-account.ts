import type { Demand } from './demand.js';
import type { Ddr3Device } from './device.js';
import type { RefreshTimer } from './refresh-timer.js';
import { QUEUE_CLOCKS } from './spec.js';
import { BUS, type Ddr3Statistics } from './statistics.js';
import { BURST_CLOCKS, type Ddr3Timing } from './timing-table.js';

/** Gives every clock of the data bus its cause, as Ddr3Statistics defines them, burst by burst. */
export class BusAccount {
  private lastWasWrite = 0;
  private lastRank = -1;
  /** Clocks by which tRRD and tFAW put off the latest activate of each bank. */
  private readonly windowWait: Float64Array;

  constructor(
    private readonly timing: Ddr3Timing,
    private readonly device: Ddr3Device,
    private readonly demand: Demand,
    private readonly refresh: RefreshTimer,
    private readonly statistics: Ddr3Statistics,
  ) {
    this.windowWait = new Float64Array(device.openRow.length);
  }

  /** An activate is about to go out for a request accepted at `acceptedAt`; without tRRD and tFAW the bank could have taken it at `bankAt`. */
  activate(t: number, b: number, bankAt: number, acceptedAt: number): void {
    const ready = Math.max(bankAt, acceptedAt + QUEUE_CLOCKS);
    const windowAt = this.device.windowAt(this.device.rankOf[b]!);
    this.windowWait[b] = Math.max(0, Math.min(t, windowAt) - ready);
  }

  /** The command of a burst is about to go out: accounts for the bus up to the burst's end. */
  burst(t: number, b: number, write: number): void {
    const { timing, device, statistics } = this;
    const { bus } = statistics;
    const rank = device.rankOf[b]!;
    const latency = write !== 0 ? timing.CWL : timing.CL;
    // In time of this command: where the bus became free.
    let from = statistics.busEnd - latency;
    let until = this.demand.since + QUEUE_CLOCKS;
    if (until > t) until = t;
    if (until > from) {
      bus[BUS.idle]! += until - from;
      from = until;
    }
    until = Math.min(t, this.refresh.endOf[rank]!);
    if (until > from) {
      bus[BUS.refresh]! += until - from;
      from = until;
    }
    until = Math.min(t, device.columnAt[b]!);
    if (until > from) {
      const window = Math.min(this.windowWait[b]!, until - from);
      bus[BUS.activateWindow]! += window;
      bus[BUS.row]! += until - from - window;
      from = until;
    }
    this.windowWait[b] = 0;
    until = Math.min(t, write !== 0 ? device.rankWrite[rank]! : device.rankRead[rank]!);
    if (until > from) {
      bus[this.switchCause(rank, write)]! += until - from;
      from = until;
    }
    if (t > from) bus[BUS.scheduling]! += t - from;
    bus[write !== 0 ? BUS.write : BUS.read]! += BURST_CLOCKS;
    statistics.busEnd = t + latency + BURST_CLOCKS;
    this.lastWasWrite = write;
    this.lastRank = rank;
  }

  /** Why a rank whose row was open let a burst wait. */
  private switchCause(rank: number, write: number): number {
    if (this.lastWasWrite !== write) return BUS.turnaround;
    return this.lastRank !== rank ? BUS.rankSwitch : BUS.scheduling;
  }
}
