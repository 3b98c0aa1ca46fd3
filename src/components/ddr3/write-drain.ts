import type { BankQueues } from './bank-queues.js';
import type { PendingRequests } from './pending-requests.js';
import type { RequestQueues } from './request-queues.js';
import type { Ddr3Spec } from './spec.js';

/**
 * Which request of the frfcfs scheduler moves into the queue of its bank: reads, until a drain begins; then writes, until
 * as many have moved as it was to take; but a read that starves goes before a drain. Within a kind the oldest whose bank
 * has room. A write that has to wait for a read ends the drain; a read that has to wait for a write begins one, when no
 * other can move.
 */
export class WriteDrain {
  /** Writes that are still to go in this drain. */
  left = 0;

  constructor(
    private readonly spec: Ddr3Spec,
    private readonly requests: PendingRequests,
    private readonly queues: RequestQueues,
    private readonly banks: BankQueues,
  ) {}

  /** Clock at which the oldest read or write begins to starve; Infinity where none waits. */
  get starvesAt(): number {
    const read = this.readStarvesAt;
    const write = this.writeStarvesAt;
    return read < write ? read : write;
  }

  /** Drains that follow each other without end would keep a read from its bank, where its age counts. */
  private get readStarvesAt(): number {
    const { queues } = this;
    if (queues.readCount === 0) return Infinity;
    return this.requests.acceptedAt[queues.reads[0]!]! + this.spec.starvationClocks;
  }

  /** A starving write begins a drain; while one goes on there is nothing to wait for. */
  private get writeStarvesAt(): number {
    const { queues } = this;
    if (queues.writeCount === 0 || this.left > 0) return Infinity;
    return this.requests.acceptedAt[queues.writes[0]!]! + this.spec.starvationClocks;
  }

  /** Moves at most one request. Returns whether one moved. */
  move(t: number): boolean {
    if (this.readStarvesAt <= t && this.moveRead() > 0) return true;
    if (this.left === 0) this.begin(t);
    if (this.left > 0) {
      const moved = this.moveWrite(t);
      // Unless the writes wait for reads, all that can be done is to wait for room.
      if (moved || this.left > 0) return moved;
    }
    const { queues } = this;
    const moved = this.moveRead();
    if (moved < 0 && queues.writeCount > 0) {
      // A read waits for a write, and nothing else can be done first.
      this.left = queues.writeCount;
      return this.moveWrite(t);
    }
    return moved > 0;
  }

  /** Moves the first read that can be moved. Returns 1 when one was, −1 when one waits for a write, else 0. */
  private moveRead(): number {
    const { requests, queues } = this;
    const { reads, readCount } = queues;
    const { bank } = requests;
    const { full } = this.banks;
    let blocked = 0;
    for (let i = 0; i < readCount; i++) {
      const slot = reads[i]!;
      if ((full & (1 << bank[slot]!)) !== 0) continue;
      if (requests.writeBefore(slot)) {
        blocked = -1;
        continue;
      }
      queues.moveRead(i);
      return 1;
    }
    return blocked;
  }

  private begin(t: number): void {
    const { readCount, writeCount } = this.queues;
    if (writeCount === 0) return;
    const { writeDrainHigh, writeDrainLow, writeDrainIdle } = this.spec;
    if (writeCount >= writeDrainHigh) this.left = writeCount - writeDrainLow;
    else if (
      (this.banks.nonEmpty === 0 && (writeCount > writeDrainIdle || readCount === 0)) ||
      this.writeStarvesAt <= t
    )
      this.left = writeCount;
  }

  /** Moves the first write that can be moved. Ends the drain at one that has to wait for a read. */
  private moveWrite(t: number): boolean {
    const { requests, queues } = this;
    const { writes, writeCount } = queues;
    const { bank } = requests;
    const { full } = this.banks;
    for (let i = 0; i < writeCount; i++) {
      const slot = writes[i]!;
      if ((full & (1 << bank[slot]!)) !== 0) continue;
      if (requests.readBefore(slot)) {
        this.left = 0;
        return false;
      }
      this.left -= 1;
      queues.moveWrite(i, t);
      return true;
    }
    return false;
  }
}
