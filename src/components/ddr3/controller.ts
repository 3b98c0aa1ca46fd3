import { BankQueues } from './bank-queues.js';
import { Ddr3Device } from './device.js';
import { PendingRequests } from './pending-requests.js';
import { RefreshTimer } from './refresh-timer.js';
import { type Fields, restoreFields, saveFields } from './register-copy.js';
import { type Ddr3Spec, QUEUE_CLOCKS } from './spec.js';
import { BUS, Ddr3Statistics } from './statistics.js';
import { BURST_CLOCKS, type Ddr3Timing } from './timing-table.js';

/** DRAM commands; RDA and WRA precharge the bank by themselves afterwards. */
export const COMMANDS = ['ACT', 'PRE', 'RD', 'RDA', 'WR', 'WRA', 'REF'] as const;
export type Ddr3Command = (typeof COMMANDS)[number];

/** Who is told what the controller does, at once. */
export interface Ddr3Listener {
  /** A command goes to the DRAM at the edge of `cycle`. Fields that it does not have are −1; `col` counts bursts. */
  command?(cycle: number, command: Ddr3Command, rank: number, bank: number, row: number, col: number): void;
  /**
   * The command of a request goes to the DRAM now (requests of one burst in their order of acceptance); it will be done
   * at `doneAt`.
   */
  issued?(tag: number, write: boolean, acceptedAt: number, doneAt: number): void;
  /** A read is answered from a waiting write instead, as it is accepted; it will be done at `doneAt`. */
  forwarded?(tag: number, acceptedAt: number, doneAt: number): void;
}

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
  /** Told what happens; set before the first tick. */
  listener: Ddr3Listener | null = null;
  private readonly timing: Ddr3Timing;
  private readonly requests: PendingRequests;
  private readonly banks: BankQueues;
  private readonly refresh: RefreshTimer;
  private readonly reads: Int32Array;
  private readonly writes: Int32Array;
  private readCount = 0;
  private writeCount = 0;
  /** Writes that are still to go in this drain. */
  private draining = 0;
  /** Whether a request may move into its bank's queue: something changed since it last could not. */
  private mayMove = false;
  /** Earliest clock of a command that was not ready in the latest search. */
  private commandAt = Infinity;
  /** No request in a bank queue starves before. */
  private starvesAt = Infinity;
  /** Reads that wait and requests in bank queues. */
  private active = 0;
  /** Clock at which `active` last became more than 0. */
  private activeSince = 0;
  private readonly activeOfRank: Int32Array;
  private lastWasWrite = 0;
  private lastRank = -1;
  /** Clocks by which tRRD and tFAW put off the latest activate of each bank. */
  private readonly windowWait: Float64Array;
  /** Whether a row was closed for the request that opens the bank next. */
  private readonly conflict: Uint8Array;
  private readonly lastColumn: Float64Array;
  /** For fcfs: slots of the bank queues in order. */
  private readonly line: Int32Array;
  private lineCount = 0;
  private readonly bankCount: number;
  private readonly closed: boolean;
  private readonly timeout: number;
  private readonly fcfs: boolean;

  constructor(readonly spec: Ddr3Spec) {
    const { ranks, banks, timing, readQueue, writeQueue, bankQueue } = spec;
    const n = ranks * banks;
    this.timing = timing;
    this.bankCount = n;
    this.device = new Ddr3Device(timing, ranks, banks);
    this.requests = new PendingRequests(2 * (readQueue + writeQueue) + n * bankQueue);
    this.banks = new BankQueues(n, bankQueue, this.requests, this.device.openRow);
    this.refresh = new RefreshTimer(spec);
    this.reads = new Int32Array(readQueue);
    this.writes = new Int32Array(writeQueue);
    this.line = new Int32Array(n * bankQueue);
    this.activeOfRank = new Int32Array(ranks);
    this.windowWait = new Float64Array(n);
    this.conflict = new Uint8Array(n);
    this.lastColumn = new Float64Array(n);
    this.closed = spec.pagePolicy === 'closed';
    this.timeout = spec.pagePolicy === 'timeout' ? spec.timeoutClocks : Infinity;
    this.fcfs = spec.scheduler === 'fcfs';
    this.nextAt = this.refresh.nextDue;
  }

  /** Requests accepted whose command has not gone to the DRAM. */
  get pending(): number {
    return this.requests.slots - this.requests.freeCount;
  }

  /** Whether a read or a write can be accepted now. */
  canAccept(write: boolean): boolean {
    if (this.requests.freeCount === 0) return false;
    return write ? this.writeCount < this.writes.length : this.readCount < this.reads.length;
  }

  /**
   * Accepts a request in clock t, after that clock's tick; only while {@link canAccept}.
   *
   * @param burst byte address over `burstBytes`; @param tag handed back to the listener
   * @param full whether a write covers every byte of the burst
   */
  accept(t: number, burst: number, write: boolean, tag: number, full = true): void {
    if (this.nextAt > t + 1) this.nextAt = t + 1;
    const { requests } = this;
    const waiting = requests.newest(burst, true);
    if (write) {
      if (waiting >= 0) {
        const read = requests.newest(burst, false);
        if (read < 0 || requests.order[read]! < requests.order[waiting]!) {
          requests.mergeInto(waiting, full, tag, t);
          this.statistics.mergedWrites += 1;
          return;
        }
      }
      const slot = this.place(burst, true, full, tag, t);
      this.writes[this.writeCount++] = slot;
      this.mayMove = true;
      return;
    }
    if (waiting >= 0 && requests.full[waiting] !== 0) {
      this.statistics.forwardedReads += 1;
      const doneAt = t + QUEUE_CLOCKS + this.spec.returnClocks;
      this.finish(false, t, doneAt);
      this.listener?.forwarded?.(tag, t, doneAt);
      return;
    }
    if (waiting < 0) {
      const read = requests.newest(burst, false);
      if (read >= 0) {
        requests.mergeInto(read, true, tag, t);
        this.statistics.mergedReads += 1;
        return;
      }
    }
    const slot = this.place(burst, false, true, tag, t);
    this.reads[this.readCount++] = slot;
    this.enter(slot, t);
    this.mayMove = true;
  }

  /** One clock. To be called in order for every clock from {@link nextAt} on at which something may happen. */
  tick(t: number): void {
    const { refresh } = this;
    if (refresh.nextDue <= t) refresh.due(t);
    if (refresh.owing) refresh.consider(t, this.activeOfRank);
    let next = refresh.wakeAt;
    let issued = false;
    let refused = 0;
    if (refresh.rank >= 0) {
      refused = refresh.banksOf(refresh.rank);
      issued = this.refreshStep(t);
      if (next > this.commandAt) next = this.commandAt;
    }
    if (!issued) {
      this.commandAt = Infinity;
      issued = this.fcfs ? this.searchLine(t, refused) : this.search(t, refused);
      if (next > this.commandAt) next = this.commandAt;
    }
    if (issued) next = t + 1;
    if (this.writeCount > 0 && this.draining === 0) {
      const starved = this.requests.acceptedAt[this.writes[0]!]! + this.spec.starvationClocks;
      if (starved <= t) this.mayMove = true;
      else if (starved < next) next = starved;
    }
    if (this.mayMove) {
      this.mayMove = this.move(t);
      if (this.mayMove) next = t + 1;
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
    const { device, requests, banks, refresh, statistics } = this;
    const { readLatency, writeLatency } = statistics;
    return { controller: this, device, requests, banks, refresh, statistics, readLatency, writeLatency };
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

  /** A request begins to want the DRAM. */
  private enter(slot: number, t: number): void {
    if (this.active === 0) this.activeSince = t;
    this.active += 1;
    this.activeOfRank[this.device.rankOf[this.requests.bank[slot]!]!]! += 1;
  }

  /** Precharges a bank of the rank that is to refresh, or refreshes it. */
  private refreshStep(t: number): boolean {
    const { refresh, device } = this;
    const { rank } = refresh;
    const { banks } = this.spec;
    const first = rank * banks;
    let earliest = Infinity;
    let latest = 0;
    for (let b = first; b < first + banks; b++) {
      if (device.openRow[b]! >= 0) {
        const at = device.prechargeAt[b]!;
        if (at <= t) {
          this.precharge(t, b);
          return true;
        }
        if (at < earliest) earliest = at;
      } else if (device.refreshAt[b]! > latest) latest = device.refreshAt[b]!;
    }
    if (earliest === Infinity) {
      if (latest <= t) {
        device.refresh(t, rank);
        refresh.done(t);
        this.listener?.command?.(t, 'REF', rank, -1, -1, -1);
        return true;
      }
      earliest = latest;
    }
    this.commandAt = earliest;
    return false;
  }

  /** Sends the first ready command, banks in turn. Notes the earliest time of those that are not ready. */
  private search(t: number, refused: number): boolean {
    const { device, banks, requests } = this;
    const { openRow, prechargeAt, columnAt, activateAt, accesses, rankOf, rankRead, rankWrite } = device;
    const { rowHitLimit, starvationClocks } = this.spec;
    // While a request starves, −1 or the only bank whose first request may use the bus.
    const only = t >= this.starvesAt ? this.oldestStarving(t) : -1;
    let best = Math.min(this.commandAt, this.starvesAt > t ? this.starvesAt : Infinity);
    const want = banks.nonEmpty & ~refused;
    const start = banks.last + 1;
    // Banks behind the one that was served last come first.
    const above = start < 32 ? want & (-1 << start) : 0;
    for (let turn = 0; turn < 2; turn++) {
      let rest = turn === 0 ? above : want & ~above;
      while (rest !== 0) {
        const b = 31 - Math.clz32(rest & -rest);
        rest &= rest - 1;
        const rank = rankOf[b]!;
        const row = openRow[b]!;
        if (row < 0) {
          const bankAt = activateAt[b]!;
          const windowAt = device.windowAt(rank);
          const at = bankAt > windowAt ? bankAt : windowAt;
          if (at <= t) {
            banks.last = b;
            this.activate(t, b, banks.first(b), bankAt);
            return true;
          }
          if (at < best) best = at;
          continue;
        }
        const head = banks.first(b);
        if (requests.row[head] !== row) {
          let at = prechargeAt[b]!;
          if (banks.hits[b]! > 0 && accesses[b]! < rowHitLimit && only !== b) {
            const starved = requests.acceptedAt[head]! + starvationClocks;
            if (starved > at) at = starved;
          }
          if (at <= t) {
            banks.last = b;
            this.conflict[b] = 1;
            this.precharge(t, b);
            return true;
          }
          if (at < best) best = at;
          if (only === b) continue;
        }
        if (only >= 0 && only !== b) continue;
        const columnFrom = columnAt[b]!;
        let place = banks.readHit[b]!;
        const writePlace = only === b ? (requests.isWrite[head] !== 0 ? 0 : -1) : banks.writeHit[b]!;
        if (only === b && writePlace === 0) place = -1;
        let at = Infinity;
        if (place >= 0) {
          at = rankRead[rank]!;
          if (columnFrom > at) at = columnFrom;
        }
        if (writePlace >= 0) {
          let writeAt = rankWrite[rank]!;
          if (columnFrom > writeAt) writeAt = columnFrom;
          // The first in the bank's order among those that are ready, else the one that will be ready first.
          if (at <= t ? writeAt <= t && writePlace < place : writeAt < at) {
            at = writeAt;
            place = writePlace;
          }
        }
        if (at <= t) {
          banks.last = b;
          this.column(t, b, place);
          return true;
        }
        if (at < best) best = at;
      }
    }
    if (this.timeout !== Infinity && this.closeUnused(t, refused)) return true;
    if (best < this.commandAt) this.commandAt = best;
    return false;
  }

  /** The bank of the oldest request whose age is past the bound; −1 when there is none. Notes when the next one will be. */
  private oldestStarving(t: number): number {
    const { banks, requests } = this;
    const bound = this.spec.starvationClocks;
    let oldest = Infinity;
    let found = -1;
    for (let rest = banks.nonEmpty; rest !== 0; rest &= rest - 1) {
      const b = 31 - Math.clz32(rest & -rest);
      for (let i = 0; i < banks.length[b]!; i++) {
        const order = requests.order[banks.at(b, i)]!;
        if (order < oldest) {
          oldest = order;
          found = b;
          this.starvesAt = requests.acceptedAt[banks.at(b, i)]! + bound;
        }
      }
    }
    if (found < 0) this.starvesAt = Infinity;
    return this.starvesAt <= t ? found : -1;
  }

  /** The next command of the oldest request alone. */
  private searchLine(t: number, refused: number): boolean {
    if (this.lineCount > 0) {
      const { device, requests } = this;
      const slot = this.line[0]!;
      const b = requests.bank[slot]!;
      const rank = device.rankOf[b]!;
      const row = device.openRow[b]!;
      if ((refused & (1 << b)) === 0) {
        let at: number;
        if (row < 0) at = Math.max(device.activateAt[b]!, device.windowAt(rank));
        else if (row !== requests.row[slot]) at = device.prechargeAt[b]!;
        else
          at = Math.max(
            device.columnAt[b]!,
            requests.isWrite[slot] !== 0 ? device.rankWrite[rank]! : device.rankRead[rank]!,
          );
        if (at <= t) {
          if (row < 0) this.activate(t, b, slot, device.activateAt[b]!);
          else if (row !== requests.row[slot]) {
            this.conflict[b] = 1;
            this.precharge(t, b);
          } else {
            this.line.copyWithin(0, 1, this.lineCount);
            this.lineCount -= 1;
            this.column(t, b, this.banks.placeOf(b, slot));
          }
          return true;
        }
        this.commandAt = at;
      }
    }
    return this.timeout !== Infinity && this.closeUnused(t, refused);
  }

  /** Closes a row that nobody has used for the time-out. */
  private closeUnused(t: number, refused: number): boolean {
    const { device, banks } = this;
    for (let b = 0; b < this.bankCount; b++) {
      if (device.openRow[b]! < 0 || (refused & (1 << b)) !== 0 || banks.length[b]! > 0) continue;
      const at = Math.max(device.prechargeAt[b]!, this.lastColumn[b]! + this.timeout);
      if (at <= t) {
        this.precharge(t, b);
        return true;
      }
      if (at < this.commandAt) this.commandAt = at;
    }
    return false;
  }

  private activate(t: number, b: number, slot: number, bankAt: number): void {
    const row = this.requests.row[slot]!;
    // Without the window it might have come when the bank, and the request, were ready.
    const ready = Math.max(bankAt, this.requests.acceptedAt[slot]! + QUEUE_CLOCKS);
    const windowAt = this.device.windowAt(this.device.rankOf[b]!);
    this.windowWait[b] = Math.max(0, Math.min(t, windowAt) - ready);
    this.device.activate(t, b, row);
    this.lastColumn[b] = t;
    this.banks.opened(b, row);
    this.tell(t, 'ACT', b, row, -1);
  }

  private precharge(t: number, b: number): void {
    this.device.precharge(t, b);
    this.banks.closed(b);
    this.tell(t, 'PRE', b, -1, -1);
  }

  /** Reads or writes: the request at `place` of the bank's queue leaves the controller. */
  private column(t: number, b: number, place: number): void {
    const { device, banks, requests, statistics, timing } = this;
    const slot = banks.at(b, place);
    const write = requests.isWrite[slot]!;
    const rank = device.rankOf[b]!;
    if (device.accesses[b]! > 0) statistics.rowHits += 1;
    else if (this.conflict[b] !== 0) statistics.rowConflicts += 1;
    else statistics.rowMisses += 1;
    this.conflict[b] = 0;
    this.chargeBus(t, b, rank, write);
    banks.remove(b, place);
    const auto = this.closed && banks.hits[b] === 0;
    if (write !== 0) device.write(t, b, auto);
    else device.read(t, b, auto);
    this.lastColumn[b] = t;
    this.tell(
      t,
      write !== 0 ? (auto ? 'WRA' : 'WR') : auto ? 'RDA' : 'RD',
      b,
      requests.row[slot]!,
      requests.column[slot]!,
    );
    this.active -= 1;
    this.activeOfRank[rank]! -= 1;
    this.mayMove = true;
    requests.issue(slot);
    const doneAt = t + BURST_CLOCKS + (write !== 0 ? timing.CWL : timing.CL + this.spec.returnClocks);
    for (let s = slot; s >= 0;) {
      this.finish(write !== 0, requests.acceptedAt[s]!, doneAt);
      this.listener?.issued?.(requests.tag[s]!, write !== 0, requests.acceptedAt[s]!, doneAt);
      const following = requests.merged[s]!;
      requests.release(s);
      s = following;
    }
  }

  private finish(write: boolean, acceptedAt: number, doneAt: number): void {
    const { statistics } = this;
    (write ? statistics.writeLatency : statistics.readLatency).add(doneAt - acceptedAt);
    if (doneAt > statistics.lastDone) statistics.lastDone = doneAt;
  }

  /** Accounts for the data bus up to the end of the burst whose command goes out at t. */
  private chargeBus(t: number, b: number, rank: number, write: number): void {
    const { timing, device, statistics, refresh } = this;
    const { bus } = statistics;
    const latency = write !== 0 ? timing.CWL : timing.CL;
    // In time of this command: where the bus became free.
    let from = statistics.busEnd - latency;
    let until = this.activeSince + QUEUE_CLOCKS;
    if (until > t) until = t;
    if (until > from) {
      bus[BUS.idle]! += until - from;
      from = until;
    }
    until = Math.min(t, refresh.endOf[rank]!);
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
      const cause =
        this.lastWasWrite !== write
          ? BUS.turnaround
          : this.lastRank !== rank
            ? BUS.rankSwitch
            : BUS.scheduling;
      bus[cause]! += until - from;
      from = until;
    }
    if (t > from) bus[BUS.scheduling]! += t - from;
    bus[write !== 0 ? BUS.write : BUS.read]! += BURST_CLOCKS;
    statistics.busEnd = t + latency + BURST_CLOCKS;
    this.lastWasWrite = write;
    this.lastRank = rank;
  }

  /** Moves at most one request into the queue of its bank. Returns whether one moved. */
  private move(t: number): boolean {
    if (this.fcfs) return this.moveOldest(t);
    if (this.draining === 0) this.startDrain(t);
    if (this.draining > 0) {
      const moved = this.moveWrite(t);
      // Unless the writes wait for reads, all that can be done is to wait for room.
      if (moved || this.draining > 0) return moved;
    }
    const { requests, banks } = this;
    let blocked = false;
    for (let i = 0; i < this.readCount; i++) {
      const slot = this.reads[i]!;
      if ((banks.full & (1 << requests.bank[slot]!)) !== 0) continue;
      if (requests.writeBefore(slot)) {
        blocked = true;
        continue;
      }
      this.reads.copyWithin(i, i + 1, this.readCount);
      this.readCount -= 1;
      this.push(slot);
      return true;
    }
    if (blocked && this.writeCount > 0) {
      // A read waits for a write, and nothing else can be done first.
      this.draining = this.writeCount;
      return this.moveWrite(t);
    }
    return false;
  }

  private startDrain(t: number): void {
    const { writeCount } = this;
    if (writeCount === 0) return;
    const { writeDrainHigh, writeDrainLow, writeDrainIdle, starvationClocks } = this.spec;
    if (writeCount >= writeDrainHigh) this.draining = writeCount - writeDrainLow;
    else if (
      (this.banks.nonEmpty === 0 && (writeCount > writeDrainIdle || this.readCount === 0)) ||
      this.requests.acceptedAt[this.writes[0]!]! + starvationClocks <= t
    )
      this.draining = writeCount;
  }

  /** Moves the first write that can be moved. Ends the drain at one that has to wait for a read. */
  private moveWrite(t: number): boolean {
    const { requests, banks } = this;
    for (let i = 0; i < this.writeCount; i++) {
      const slot = this.writes[i]!;
      if ((banks.full & (1 << requests.bank[slot]!)) !== 0) continue;
      if (requests.readBefore(slot)) {
        this.draining = 0;
        return false;
      }
      this.draining -= 1;
      this.takeWrite(i, slot, t);
      return true;
    }
    return false;
  }

  private takeWrite(i: number, slot: number, t: number): void {
    this.writes.copyWithin(i, i + 1, this.writeCount);
    this.writeCount -= 1;
    this.enter(slot, t - 1);
    this.push(slot);
  }

  /** For fcfs: the oldest request of both queues moves, or none. */
  private moveOldest(t: number): boolean {
    const { requests, banks } = this;
    const read = this.readCount > 0 ? this.reads[0]! : -1;
    const write = this.writeCount > 0 ? this.writes[0]! : -1;
    if (read < 0 && write < 0) return false;
    const reads = write < 0 || (read >= 0 && requests.order[read]! < requests.order[write]!);
    const slot = reads ? read : write;
    if ((banks.full & (1 << requests.bank[slot]!)) !== 0) return false;
    this.line[this.lineCount++] = slot;
    if (reads) {
      this.reads.copyWithin(0, 1, this.readCount);
      this.readCount -= 1;
      this.push(slot);
    } else this.takeWrite(0, slot, t);
    return true;
  }

  private push(slot: number): void {
    const starves = this.requests.acceptedAt[slot]! + this.spec.starvationClocks;
    if (starves < this.starvesAt) this.starvesAt = starves;
    this.banks.push(slot);
  }

  private tell(t: number, command: Ddr3Command, b: number, row: number, col: number): void {
    const { listener } = this;
    if (listener?.command === undefined) return;
    const { banks } = this.spec;
    const rank = this.device.rankOf[b]!;
    listener.command(t, command, rank, b - rank * banks, row, col);
  }
}
