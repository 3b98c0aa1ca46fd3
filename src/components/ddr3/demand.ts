/** Reads that wait and requests in the queues of banks: what wants the DRAM now. Writes that wait for a drain do not. */
export class Demand {
  /** Clock at which {@link count} last became more than 0. */
  since = 0;
  readonly ofRank: Int32Array;
  private count = 0;

  constructor(ranks: number) {
    this.ofRank = new Int32Array(ranks);
  }

  enter(rank: number, t: number): void {
    if (this.count === 0) this.since = t;
    this.count += 1;
    this.ofRank[rank]! += 1;
  }

  leave(rank: number): void {
    this.count -= 1;
    this.ofRank[rank]! -= 1;
  }
}
