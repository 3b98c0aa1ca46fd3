import type { Ddr3Controller } from './controller.js';

/** Requests in file order, one burst each. */
export interface RequestTrace {
  readonly count: number;
  /** Burst numbers: byte address over the bytes of a burst. */
  readonly bursts: Int32Array;
  /** 1 for a write. */
  readonly writes: Uint8Array;
  /** Clock from which each may be accepted. */
  readonly stamps: Float64Array;
}

/**
 * Feeds a trace to a controller: in each clock, after its tick, the next request in order is accepted if its stamp has
 * come and its queue has room; at most one a clock. Runs until every request is done, writes in the DRAM too.
 *
 * @returns clock by which the last one is done
 */
export function runTrace(controller: Ddr3Controller, trace: RequestTrace): number {
  const { bursts, writes, stamps, count } = trace;
  let t = 0;
  let next = 0;
  while (next < count) {
    if (controller.nextAt <= t) controller.tick(t);
    const write = writes[next] !== 0;
    const room = controller.canAccept(write);
    if (room && stamps[next]! <= t) {
      controller.accept(t, bursts[next]!, write, next);
      next += 1;
      if (next === count) break;
      // Whether there is room for the following one is seen in its clock.
      t = Math.min(Math.max(t + 1, stamps[next]!), Math.max(t + 1, controller.nextAt));
      continue;
    }
    t = room ? Math.min(stamps[next]!, controller.nextAt) : controller.nextAt;
  }
  while (controller.pending > 0) {
    t = controller.nextAt;
    controller.tick(t);
  }
  return controller.statistics.lastDone;
}
