/**
 * A run of transfers offered in one event: `count` transfers, the first at the edge of cycle `first`, then one every
 * `period` cycles. `data` is whatever the two ends agreed on (typed arrays, one entry a transfer).
 */
export interface RunOffer {
  readonly first: number;
  readonly count: number;
  readonly period: number;
  readonly data: unknown;
}

/** An accepted run. Its counters follow from the span, so nobody has to count beats. */
export class Run {
  readonly first: number;
  readonly period: number;
  /** Cycle of the last accepted transfer. */
  readonly last: number;

  constructor(
    offer: RunOffer,
    readonly count: number,
  ) {
    this.first = offer.first;
    this.period = offer.period;
    this.last = offer.first + (count - 1) * offer.period;
  }

  /** Which transfer happens at the edge of this cycle; −1 when none. */
  indexAt(cycle: number): number {
    const d = cycle - this.first;
    return d >= 0 && d % this.period === 0 && d / this.period < this.count ? d / this.period : -1;
  }

  /** Transfers that happened at edges of cycles before this one. */
  doneBefore(cycle: number): number {
    return Math.min(this.count, Math.max(0, Math.ceil((cycle - this.first) / this.period)));
  }
}
