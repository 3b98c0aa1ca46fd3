import { BankQueues } from './bank-queues.js';
import { BusAccount } from './bus-account.js';
import { CommandPort } from './command-port.js';
import type { Ddr3Listener } from './commands.js';
import { Demand } from './demand.js';
import { Ddr3Device } from './device.js';
import { HitsFirst } from './hits-first.js';
import { InOrder } from './in-order.js';
import { PendingRequests } from './pending-requests.js';
import { RankRefresh } from './rank-refresh.js';
import { RefreshTimer } from './refresh-timer.js';
import { type Fields, restoreFields, saveFields } from './register-copy.js';
import { RequestQueues } from './request-queues.js';
import { RowTimeout } from './row-timeout.js';
import { type Ddr3Spec, QUEUE_CLOCKS } from './spec.js';
import { Starvation } from './starvation.js';
import { Ddr3Statistics } from './statistics.js';
import { WriteDrain } from './write-drain.js';

/**
 * DDR3 controller and device of one channel, without ports: requests of one burst each go in, commands go to the DRAM.
 *
 * Clock t  first {@link tick}(t), which may send one command and move one request into the queue of its bank, then
 *          at most one {@link accept}. A tick before {@link nextAt} would change nothing and may be left out.
 * Paths    accept → read or write queue → (a clock) queue of the bank → (a clock) command. So an idle controller adds two
 *          clocks to the DRAM's latency, plus `returnClocks` for reads.
 * Order    frfcfs: banks in turn, in each the first request in order of its queue whose command is ready, so hits go before
 *          conflicts; a conflict closes a row when no more hits wait or after `rowHitLimit` accesses. Once a request
 *          that reached its bank is older than `starvationClocks`, only the oldest may use the data bus until it is done.
 *          fcfs: strictly the oldest request's commands.
 *          Requests of one burst keep their order: a read is answered from a waiting write that covers the burst, waits
 *          for one that does not; a write waits for older reads; equal reads are read once, equal writes written once.
 * Writes   wait until `writeDrainHigh` of them do (or more than `writeDrainIdle` and every bank queue is empty, or there
 *          is no read at all, or the oldest is starving), then go down to `writeDrainLow`.
 * Refresh  see refresh-timer.ts: a due rank takes no more requests, its banks are precharged one by one, then REF.
 * Storage  Typed arrays; nothing is allocated by requests. {@link save} and {@link restore} copy them.
 */
export class Ddr3Controller {
  readonly statistics: Ddr3Statistics = new Ddr3Statistics();
  readonly device: Ddr3Device;
  /** First clock at which a tick may do something. */
  nextAt = 0;
  private readonly requests: PendingRequests;
  private readonly queues: RequestQueues;
  private readonly banks: BankQueues;
  private readonly demand: Demand;
  private readonly starvation: Starvation;
  private readonly refresh: RefreshTimer;
  private readonly account: BusAccount;
  private readonly port: CommandPort;
  private readonly drain: WriteDrain;
  private readonly rankRefresh: RankRefresh;
  private readonly scheduler: HitsFirst | InOrder;
  /** Who moves requests into the queues of their banks. */
  private readonly mover: WriteDrain | InOrder;
  private readonly rowTimeout: RowTimeout | null;

  constructor(readonly spec: Ddr3Spec) {
    const { ranks, banks, timing, readQueue, writeQueue, bankQueue } = spec;
    const n = ranks * banks;
    const device = new Ddr3Device(timing, ranks, banks);
    const requests = new PendingRequests(2 * (readQueue + writeQueue) + n * bankQueue);
    const ofBanks = new BankQueues(n, bankQueue, requests, device.openRow);
    const demand = new Demand(ranks);
    const starvation = new Starvation(spec.starvationClocks, ofBanks, requests);
    const queues = new RequestQueues(spec, requests, ofBanks, demand, starvation, device.rankOf);
    const refresh = new RefreshTimer(spec);
    const account = new BusAccount(timing, device, demand, refresh, this.statistics);
    const port = new CommandPort(spec, device, requests, queues, ofBanks, demand, account, this.statistics);
    const drain = new WriteDrain(spec, requests, queues, ofBanks);
    const inOrder =
      spec.scheduler === 'fcfs' ? new InOrder(n * bankQueue, device, requests, queues, ofBanks, port) : null;
    this.device = device;
    this.requests = requests;
    this.queues = queues;
    this.banks = ofBanks;
    this.demand = demand;
    this.starvation = starvation;
    this.refresh = refresh;
    this.account = account;
    this.port = port;
    this.drain = drain;
    this.rankRefresh = new RankRefresh(refresh, device, port);
    this.scheduler = inOrder ?? new HitsFirst(spec, device, requests, ofBanks, starvation, port);
    this.mover = inOrder ?? drain;
    this.rowTimeout =
      spec.pagePolicy === 'timeout' ? new RowTimeout(spec.timeoutClocks, device, ofBanks, port) : null;
    this.nextAt = refresh.nextDue;
  }

  /** Told what happens; set before the first tick. */
  get listener(): Ddr3Listener | null {
    return this.port.listener;
  }

  set listener(listener: Ddr3Listener | null) {
    this.port.listener = listener;
  }

  /** Requests accepted whose command has not gone to the DRAM. */
  get pending(): number {
    return this.requests.slots - this.requests.freeCount;
  }

  /** Whether a read or a write can be accepted now. */
  canAccept(write: boolean): boolean {
    return this.requests.freeCount > 0 && this.queues.hasRoom(write);
  }

  /**
   * Accepts a request in clock t, after that clock's tick; only while {@link canAccept}.
   *
   * @param burst byte address over `burstBytes`; @param tag handed back to the listener
   * @param full whether a write covers every byte of the burst
   */
  accept(t: number, burst: number, write: boolean, tag: number, full = true): void {
    if (this.nextAt > t + 1) this.nextAt = t + 1;
    const { requests, queues, statistics } = this;
    const waiting = requests.newest(burst, true);
    if (write) {
      if (waiting >= 0) {
        const read = requests.newest(burst, false);
        if (read < 0 || requests.order[read]! < requests.order[waiting]!) {
          requests.mergeInto(waiting, full, tag, t);
          statistics.mergedWrites += 1;
          this.listener?.accepted?.(tag, true, t, burst, true);
          return;
        }
      }
      queues.addWrite(this.place(burst, true, full, tag, t));
      this.listener?.accepted?.(tag, true, t, burst, false);
      return;
    }
    if (waiting >= 0 && requests.full[waiting] !== 0) {
      statistics.forwardedReads += 1;
      const doneAt = t + QUEUE_CLOCKS + this.spec.returnClocks;
      statistics.done(false, t, doneAt);
      this.listener?.accepted?.(tag, false, t, burst, false);
      this.listener?.forwarded?.(tag, t, doneAt);
      return;
    }
    if (waiting < 0) {
      const read = requests.newest(burst, false);
      if (read >= 0) {
        requests.mergeInto(read, true, tag, t);
        statistics.mergedReads += 1;
        this.listener?.accepted?.(tag, false, t, burst, true);
        return;
      }
    }
    queues.addRead(this.place(burst, false, true, tag, t), t);
    this.listener?.accepted?.(tag, false, t, burst, false);
  }

  /** One clock. To be called in order for every clock from {@link nextAt} on at which something may happen. */
  tick(t: number): void {
    const { refresh, queues } = this;
    if (refresh.nextDue <= t) refresh.due(t);
    if (refresh.owing) refresh.consider(t, this.demand.ofRank);
    let next = refresh.wakeAt;
    let issued = false;
    let refused = 0;
    if (refresh.rank >= 0) {
      refused = refresh.banksOf(refresh.rank);
      issued = this.rankRefresh.send(t);
      if (next > this.rankRefresh.readyAt) next = this.rankRefresh.readyAt;
    }
    if (!issued) {
      issued = this.scheduler.send(t, refused);
      if (next > this.scheduler.readyAt) next = this.scheduler.readyAt;
    }
    if (!issued && this.rowTimeout !== null) {
      issued = this.rowTimeout.send(t, refused);
      if (next > this.rowTimeout.readyAt) next = this.rowTimeout.readyAt;
    }
    if (issued) next = t + 1;
    if (queues.readCount + queues.writeCount > 0 && this.mover === this.drain) {
      const starved = this.drain.starvesAt;
      if (starved <= t) queues.mayMove = true;
      else if (starved < next) next = starved;
    }
    if (queues.mayMove) {
      queues.mayMove = this.mover.move(t);
      if (queues.mayMove) next = t + 1;
    }
    this.nextAt = next;
  }

  /** Copies the registers for a snapshot. */
  save(): Fields {
    return Object.fromEntries(Object.entries(this.parts()).map(([name, part]) => [name, saveFields(part)]));
  }

  /** Puts saved registers back. */
  restore(saved: Fields): void {
    for (const [name, part] of Object.entries(this.parts())) restoreFields(part, saved[name] as Fields);
  }

  /** Everything that holds registers. */
  private parts(): Readonly<Record<string, object>> {
    const { device, requests, queues, banks, demand, starvation, refresh, account, port, drain } = this;
    const { statistics, scheduler } = this;
    const { readLatency, writeLatency } = statistics;
    const latencies = { readLatency, writeLatency };
    const held = { device, requests, queues, banks, demand, starvation, refresh, account, port, drain };
    return { controller: this, ...held, scheduler, statistics, ...latencies };
  }

  private place(burst: number, write: boolean, full: boolean, tag: number, t: number): number {
    const { requests } = this;
    const { map } = this.spec;
    const slot = requests.add(burst, write, full, tag, t);
    requests.bank[slot] = map.bankOf(burst);
    requests.row[slot] = map.rowOf(burst);
    requests.column[slot] = map.colOf(burst);
    return slot;
  }
}
