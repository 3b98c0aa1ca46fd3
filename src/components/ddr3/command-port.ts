import type { BankQueues } from './bank-queues.js';
import type { BusAccount } from './bus-account.js';
import type { Ddr3Command, Ddr3Listener } from './commands.js';
import type { Demand } from './demand.js';
import type { Ddr3Device } from './device.js';
import type { PendingRequests } from './pending-requests.js';
import type { RequestQueues } from './request-queues.js';
import type { Ddr3Spec } from './spec.js';
import type { Ddr3Statistics } from './statistics.js';
import { BURST_CLOCKS } from './timing-table.js';

/** What a command changes: the DRAM, the queues of the banks, what is counted, and whom it is told. */
export class CommandPort {
  listener: Ddr3Listener | null = null;
  /** Clock of the latest activate, read or write of each bank. */
  readonly lastUse: Float64Array;
  /** Whether a row was closed for the request that opens the bank next. */
  private readonly conflict: Uint8Array;
  private readonly closedPage: boolean;
  private readonly readClocks: number;
  private readonly writeClocks: number;

  constructor(
    private readonly spec: Ddr3Spec,
    private readonly device: Ddr3Device,
    private readonly requests: PendingRequests,
    private readonly queues: RequestQueues,
    private readonly banks: BankQueues,
    private readonly demand: Demand,
    private readonly account: BusAccount,
    private readonly statistics: Ddr3Statistics,
  ) {
    const { timing, returnClocks, pagePolicy } = spec;
    const n = device.openRow.length;
    this.lastUse = new Float64Array(n);
    this.conflict = new Uint8Array(n);
    this.closedPage = pagePolicy === 'closed';
    this.readClocks = BURST_CLOCKS + timing.CL + returnClocks;
    this.writeClocks = BURST_CLOCKS + timing.CWL;
  }

  /** Opens the row of a request. */
  activate(t: number, b: number, slot: number): void {
    const { device, requests } = this;
    const row = requests.row[slot]!;
    this.account.activate(t, b, device.activateAt[b]!, requests.acceptedAt[slot]!);
    device.activate(t, b, row);
    this.lastUse[b] = t;
    this.banks.opened(b, row);
    this.tell(t, 'ACT', b, row, -1);
  }

  precharge(t: number, b: number): void {
    this.device.precharge(t, b);
    this.banks.closed(b);
    this.tell(t, 'PRE', b, -1, -1);
  }

  /** Closes a row for a request to another one. */
  prechargeForConflict(t: number, b: number): void {
    this.conflict[b] = 1;
    this.listener?.conflict?.();
    this.precharge(t, b);
  }

  refresh(t: number, rank: number): void {
    this.device.refresh(t, rank);
    this.listener?.command?.(t, 'REF', rank, -1, -1, -1);
  }

  /** Reads or writes: the request at `place` of the bank's queue leaves the controller. */
  column(t: number, b: number, place: number): void {
    const { device, banks, requests } = this;
    const slot = banks.at(b, place);
    const write = requests.isWrite[slot]!;
    this.countRow(b);
    this.account.burst(t, b, write);
    banks.remove(b, place);
    const auto = this.closedPage && banks.hits[b] === 0;
    if (write !== 0) device.write(t, b, auto);
    else device.read(t, b, auto);
    this.lastUse[b] = t;
    const command = write !== 0 ? (auto ? 'WRA' : 'WR') : auto ? 'RDA' : 'RD';
    this.tell(t, command, b, requests.row[slot]!, requests.column[slot]!);
    this.demand.leave(device.rankOf[b]!);
    this.queues.mayMove = true;
    requests.issue(slot);
    this.finish(slot, write !== 0, t + (write !== 0 ? this.writeClocks : this.readClocks));
  }

  private countRow(b: number): void {
    const { statistics, conflict } = this;
    if (this.device.accesses[b]! > 0) statistics.rowHits += 1;
    else if (conflict[b] !== 0) statistics.rowConflicts += 1;
    else statistics.rowMisses += 1;
    conflict[b] = 0;
  }

  /** A request and those that were merged into it will be done at `doneAt`. */
  private finish(slot: number, write: boolean, doneAt: number): void {
    const { requests } = this;
    for (let s = slot; s >= 0;) {
      this.statistics.done(write, requests.acceptedAt[s]!, doneAt);
      this.listener?.issued?.(requests.tag[s]!, write, requests.acceptedAt[s]!, doneAt);
      const following = requests.merged[s]!;
      requests.release(s);
      s = following;
    }
  }

  private tell(t: number, command: Ddr3Command, b: number, row: number, col: number): void {
    const { listener } = this;
    if (listener?.command === undefined) return;
    const rank = this.device.rankOf[b]!;
    listener.command(t, command, rank, b - rank * this.spec.banks, row, col);
  }
}
