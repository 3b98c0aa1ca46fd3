import type { BankQueues } from './bank-queues.js';
import type { PendingRequests } from './pending-requests.js';

/** Which request in the queues of banks has waited for too long. */
export class Starvation {
  /** None starves before this clock. */
  from = Infinity;

  constructor(
    private readonly bound: number,
    private readonly banks: BankQueues,
    private readonly requests: PendingRequests,
  ) {}

  /** A request has reached the queue of its bank. */
  entered(slot: number): void {
    const starves = this.requests.acceptedAt[slot]! + this.bound;
    if (starves < this.from) this.from = starves;
  }

  /** The bank of the oldest request if that is past the bound; else −1. Notes when the oldest will be. */
  oldest(t: number): number {
    const { banks, requests } = this;
    let oldest = Infinity;
    let found = -1;
    for (let rest = banks.nonEmpty; rest !== 0; rest &= rest - 1) {
      const b = 31 - Math.clz32(rest & -rest);
      for (let i = 0; i < banks.length[b]!; i++) {
        const slot = banks.at(b, i);
        const order = requests.order[slot]!;
        if (order < oldest) {
          oldest = order;
          found = b;
          this.from = requests.acceptedAt[slot]! + this.bound;
        }
      }
    }
    if (found < 0) this.from = Infinity;
    return this.from <= t ? found : -1;
  }
}
