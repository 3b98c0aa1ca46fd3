import type { PendingRequests } from './pending-requests.js';

/**
 * A queue of requests for each bank, in their order of arrival, and what the scheduler asks of it: the first read and the
 * first write that hit the open row, and how many hit it. Banks are bits of a 32-bit mask.
 */
export class BankQueues {
  readonly length: Int32Array;
  /** Places of the first read and the first write to the open row; −1. */
  readonly readHit: Int32Array;
  readonly writeHit: Int32Array;
  /** Requests to the open row. */
  readonly hits: Int32Array;
  /** Banks that have requests, and banks that take no more. */
  nonEmpty = 0;
  full = 0;
  /** The bank that was served last. */
  last = 0;
  private readonly slots: Int32Array;

  constructor(
    banks: number,
    private readonly depth: number,
    private readonly requests: PendingRequests,
    private readonly openRow: Int32Array,
  ) {
    this.length = new Int32Array(banks);
    this.readHit = new Int32Array(banks).fill(-1);
    this.writeHit = new Int32Array(banks).fill(-1);
    this.hits = new Int32Array(banks);
    this.slots = new Int32Array(banks * depth);
  }

  /** The request at `place` of a bank's queue. */
  at(bank: number, place: number): number {
    return this.slots[bank * this.depth + place]!;
  }

  first(bank: number): number {
    return this.slots[bank * this.depth]!;
  }

  placeOf(bank: number, slot: number): number {
    return this.slots.indexOf(slot, bank * this.depth) - bank * this.depth;
  }

  /** Appends a request to the queue of its bank, which is not full. */
  push(slot: number): void {
    const bank = this.requests.bank[slot]!;
    const place = this.length[bank]!;
    this.slots[bank * this.depth + place] = slot;
    this.length[bank] = place + 1;
    this.nonEmpty |= 1 << bank;
    if (place + 1 === this.depth) this.full |= 1 << bank;
    if (this.openRow[bank] === this.requests.row[slot]) this.noteHit(bank, place, slot);
  }

  remove(bank: number, place: number): void {
    const base = bank * this.depth;
    const length = this.length[bank]! - 1;
    for (let i = place; i < length; i++) this.slots[base + i] = this.slots[base + i + 1]!;
    this.length[bank] = length;
    this.full &= ~(1 << bank);
    if (length === 0) this.nonEmpty &= ~(1 << bank);
    this.opened(bank, this.openRow[bank]!);
  }

  /** A row of the bank was opened. */
  opened(bank: number, row: number): void {
    this.closed(bank);
    const base = bank * this.depth;
    const length = this.length[bank]!;
    for (let i = 0; i < length; i++) {
      const slot = this.slots[base + i]!;
      if (this.requests.row[slot] === row) this.noteHit(bank, i, slot);
    }
  }

  /** The bank was precharged. */
  closed(bank: number): void {
    this.readHit[bank] = -1;
    this.writeHit[bank] = -1;
    this.hits[bank] = 0;
  }

  private noteHit(bank: number, place: number, slot: number): void {
    this.hits[bank]! += 1;
    const first = this.requests.isWrite[slot] !== 0 ? this.writeHit : this.readHit;
    if (first[bank]! < 0) first[bank] = place;
  }
}
