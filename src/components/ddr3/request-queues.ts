import type { BankQueues } from './bank-queues.js';
import type { Demand } from './demand.js';
import type { PendingRequests } from './pending-requests.js';
import type { Ddr3Spec } from './spec.js';
import type { Starvation } from './starvation.js';

/** The read queue and the write queue: slots of requests in order of acceptance, on their way to the queues of the banks. */
export class RequestQueues {
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  readCount = 0;
  writeCount = 0;
  /** Whether a request may move into its bank's queue: something changed since it last could not. */
  mayMove = false;

  constructor(
    { readQueue, writeQueue }: Ddr3Spec,
    private readonly requests: PendingRequests,
    private readonly banks: BankQueues,
    private readonly demand: Demand,
    private readonly starvation: Starvation,
    private readonly rankOf: Int32Array,
  ) {
    this.reads = new Int32Array(readQueue);
    this.writes = new Int32Array(writeQueue);
  }

  /** Whether there is room for a read or a write. */
  hasRoom(write: boolean): boolean {
    return write ? this.writeCount < this.writes.length : this.readCount < this.reads.length;
  }

  addRead(slot: number, t: number): void {
    this.reads[this.readCount++] = slot;
    this.enter(slot, t);
    this.mayMove = true;
  }

  addWrite(slot: number): void {
    this.writes[this.writeCount++] = slot;
    this.mayMove = true;
  }

  /** Moves the read at place i into the queue of its bank. */
  moveRead(i: number): void {
    const slot = this.reads[i]!;
    this.reads.copyWithin(i, i + 1, this.readCount);
    this.readCount -= 1;
    this.push(slot);
  }

  /** Moves the write at place i into the queue of its bank. */
  moveWrite(i: number, t: number): void {
    const slot = this.writes[i]!;
    this.writes.copyWithin(i, i + 1, this.writeCount);
    this.writeCount -= 1;
    this.enter(slot, t - 1);
    this.push(slot);
  }

  /** A request begins to want the DRAM. */
  private enter(slot: number, t: number): void {
    this.demand.enter(this.rankOf[this.requests.bank[slot]!]!, t);
  }

  private push(slot: number): void {
    this.starvation.entered(slot);
    this.banks.push(slot);
  }
}
