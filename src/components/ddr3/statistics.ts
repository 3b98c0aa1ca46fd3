/** Latencies up to this many clocks are told apart; longer ones share the last bucket. */
const BUCKETS = 65_536;

/** Why a clock of the data bus carried nothing; see Ddr3Statistics. */
export const BUS_CAUSES = [
  'read',
  'write',
  'idle',
  'refresh',
  'row',
  'activateWindow',
  'turnaround',
  'rankSwitch',
  'scheduling',
] as const;
export type BusCause = (typeof BUS_CAUSES)[number];

/** A latency distribution: exact counts by clock, exact sum, minimum and maximum. */
export class LatencyHistogram {
  count = 0;
  sum = 0;
  min = Infinity;
  max = 0;
  private readonly counts = new Uint32Array(BUCKETS);

  add(clocks: number): void {
    this.count += 1;
    this.sum += clocks;
    if (clocks < this.min) this.min = clocks;
    if (clocks > this.max) this.max = clocks;
    this.counts[clocks < BUCKETS ? clocks : BUCKETS - 1]! += 1;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The least latency that `part` (0 to 1) of the requests do not exceed; 0 without requests. */
  percentile(part: number): number {
    let left = Math.ceil(part * this.count);
    if (this.count === 0) return 0;
    for (let clocks = 0; clocks < BUCKETS - 1; clocks++) {
      left -= this.counts[clocks]!;
      if (left <= 0) return clocks;
    }
    return this.max;
  }

  /** Counts in steps of `width` clocks, empty steps left out. `to` is exclusive; the last step also holds all longer ones. */
  steps(width: number): { from: number; to: number; count: number }[] {
    const steps: { from: number; to: number; count: number }[] = [];
    for (let from = 0; from < BUCKETS; from += width) {
      const to = Math.min(BUCKETS, from + width);
      let count = 0;
      for (let clocks = from; clocks < to; clocks++) count += this.counts[clocks]!;
      if (count > 0) steps.push({ from, to, count });
    }
    return steps;
  }
}

/**
 * What a controller counts. Latency endpoints: from the clock at which a request is accepted to the clock that ends its
 * last word on the data bus, plus the return registers for reads. A write is done when its last word has been written
 * into the DRAM (CWL + 4 clocks after its command), not when it is accepted; one that was merged into a waiting write of
 * the same burst is done with it, a read that was answered from a waiting write two clocks after its accept.
 *
 * Row outcomes count commands: the first access after an activate is a miss, or a conflict when another row had to be
 * closed for it; every further one is a hit.
 *
 * The data bus: every clock from 0 to the end has one cause. `read` and `write` carry data. A gap before a burst is
 * charged to what its request waited for, in this order: `idle` (nothing was waiting; the queues' own clocks count),
 * `refresh` of its rank, `activateWindow` (tRRD, tFAW), `row` (tRP, tRCD), `turnaround` between reads and writes,
 * `rankSwitch`, `scheduling` (the rest: command bus, order). The rest of the run after the last burst is `idle`.
 */
export class Ddr3Statistics {
  readonly readLatency = new LatencyHistogram();
  readonly writeLatency = new LatencyHistogram();
  rowHits = 0;
  rowMisses = 0;
  rowConflicts = 0;
  forwardedReads = 0;
  mergedReads = 0;
  mergedWrites = 0;
  /** Clock by which the latest request is done. */
  lastDone = 0;
  /** Clocks of the data bus by cause, up to {@link busEnd}. */
  readonly bus: Float64Array = new Float64Array(BUS_CAUSES.length);
  /** Clock at which the latest burst ends. */
  busEnd = 0;

  /** A request that was accepted at `acceptedAt` is, or will be, done at `doneAt`. */
  done(write: boolean, acceptedAt: number, doneAt: number): void {
    (write ? this.writeLatency : this.readLatency).add(doneAt - acceptedAt);
    if (doneAt > this.lastDone) this.lastDone = doneAt;
  }
}

/** Places in {@link Ddr3Statistics.bus}. */
export const BUS = {
  read: 0,
  write: 1,
  idle: 2,
  refresh: 3,
  row: 4,
  activateWindow: 5,
  turnaround: 6,
  rankSwitch: 7,
  scheduling: 8,
} as const satisfies Record<BusCause, number>;
