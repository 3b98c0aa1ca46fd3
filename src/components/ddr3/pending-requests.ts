/** Buckets of the filter by burst: a power of two. */
const BUCKETS = 4096;

/**
 * The requests that a controller holds, one slot each, in typed arrays. A counting filter by burst number answers "is
 * anything pending here?" at once; only where it says maybe are the slots searched.
 */
export class PendingRequests {
  readonly burst: Int32Array;
  readonly bank: Int32Array;
  readonly row: Int32Array;
  readonly column: Int32Array;
  readonly isWrite: Uint8Array;
  /** Whether a write covers every byte of its burst. */
  readonly full: Uint8Array;
  readonly acceptedAt: Float64Array;
  /** Order of acceptance. */
  readonly order: Float64Array;
  readonly tag: Float64Array;
  /** Next request that was merged into this one; −1. */
  readonly merged: Int32Array;
  /** Last of those; its own number when there is none. */
  readonly mergedTail: Int32Array;
  /** 1 while a request stands in a queue: not free, and not merged into another. */
  private readonly queued: Uint8Array;
  private readonly free: Int32Array;
  freeCount: number;
  private nextOrder = 0;
  private readonly reads = new Uint16Array(BUCKETS);
  private readonly writes = new Uint16Array(BUCKETS);
  /** Writes waiting that do not cover their burst: while there are none, no read can depend on one. */
  partialWrites = 0;

  constructor(readonly slots: number) {
    const ints = (): Int32Array => new Int32Array(slots);
    this.burst = ints();
    this.bank = ints();
    this.row = ints();
    this.column = ints();
    this.isWrite = new Uint8Array(slots);
    this.full = new Uint8Array(slots);
    this.acceptedAt = new Float64Array(slots);
    this.order = new Float64Array(slots);
    this.tag = new Float64Array(slots);
    this.merged = ints().fill(-1);
    this.mergedTail = ints();
    this.queued = new Uint8Array(slots);
    this.free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.freeCount = slots;
  }

  /** Takes a slot for a request that stands in a queue of its own. */
  add(burst: number, write: boolean, full: boolean, tag: number, t: number): number {
    const slot = this.take(burst, write, full, tag, t);
    this.queued[slot] = 1;
    if (write) {
      this.writes[burst & (BUCKETS - 1)]! += 1;
      if (!full) this.partialWrites += 1;
    } else this.reads[burst & (BUCKETS - 1)]! += 1;
    return slot;
  }

  /** Takes a slot for a request that is done with another of the same burst and kind. */
  mergeInto(host: number, full: boolean, tag: number, t: number): void {
    const write = this.isWrite[host] !== 0;
    const slot = this.take(this.burst[host]!, write, full, tag, t);
    this.merged[this.mergedTail[host]!] = slot;
    this.mergedTail[host] = slot;
    if (write && full && this.full[host] === 0) {
      this.full[host] = 1;
      this.partialWrites -= 1;
    }
  }

  /** The request leaves its queue for the DRAM; its slot and those of what was merged into it stay until {@link release}. */
  issue(slot: number): void {
    this.queued[slot] = 0;
    const bucket = this.burst[slot]! & (BUCKETS - 1);
    if (this.isWrite[slot] !== 0) {
      this.writes[bucket]! -= 1;
      if (this.full[slot] === 0) this.partialWrites -= 1;
    } else this.reads[bucket]! -= 1;
  }

  release(slot: number): void {
    this.merged[slot] = -1;
    this.free[this.freeCount++] = slot;
  }

  /** The latest queued request of this burst and kind; −1 when there is none. */
  newest(burst: number, write: boolean): number {
    if ((write ? this.writes : this.reads)[burst & (BUCKETS - 1)] === 0) return -1;
    const kind = write ? 1 : 0;
    let found = -1;
    for (let s = 0; s < this.slots; s++)
      if (
        this.queued[s] !== 0 &&
        this.burst[s] === burst &&
        this.isWrite[s] === kind &&
        (found < 0 || this.order[s]! > this.order[found]!)
      )
        found = s;
    return found;
  }

  /** Whether a queued read of the same burst is older than this write. */
  readBefore(write: number): boolean {
    const burst = this.burst[write]!;
    if (this.reads[burst & (BUCKETS - 1)] === 0) return false;
    return this.olderExists(burst, 0, this.order[write]!);
  }

  /** Whether a queued write of the same burst is older than this read (whose data a waiting write could not give). */
  writeBefore(read: number): boolean {
    if (this.partialWrites === 0) return false;
    const burst = this.burst[read]!;
    if (this.writes[burst & (BUCKETS - 1)] === 0) return false;
    return this.olderExists(burst, 1, this.order[read]!);
  }

  private olderExists(burst: number, kind: number, order: number): boolean {
    for (let s = 0; s < this.slots; s++)
      if (
        this.queued[s] !== 0 &&
        this.burst[s] === burst &&
        this.isWrite[s] === kind &&
        this.order[s]! < order
      )
        return true;
    return false;
  }

  private take(burst: number, write: boolean, full: boolean, tag: number, t: number): number {
    const slot = this.free[--this.freeCount]!;
    this.burst[slot] = burst;
    this.isWrite[slot] = write ? 1 : 0;
    this.full[slot] = full ? 1 : 0;
    this.acceptedAt[slot] = t;
    this.order[slot] = this.nextOrder++;
    this.tag[slot] = tag;
    this.merged[slot] = -1;
    this.mergedTail[slot] = slot;
    return slot;
  }
}
