import type { Ddr3Controller } from './controller.js';
import type { RequestTrace } from './request-trace.js';

/**
 * Feeds a trace to a controller: in each clock, after its tick, the next request in order is accepted if its stamp has
 * come and its queue has room; at most one a clock. Done when every request is, writes in the DRAM too.
 */
export class TraceRun {
  /** Requests accepted so far. */
  accepted = 0;
  private t = 0;

  constructor(
    private readonly controller: Ddr3Controller,
    private readonly trace: RequestTrace,
  ) {}

  /** Goes on for up to `requests` accepts. Returns whether all is done. */
  advance(requests = Infinity): boolean {
    const { controller } = this;
    const { bursts, writes, stamps, count } = this.trace;
    const stop = Math.min(count, this.accepted + requests);
    let { t, accepted: next } = this;
    while (next < stop) {
      if (controller.nextAt <= t) controller.tick(t);
      const write = writes[next] !== 0;
      const stamp = stamps[next]!;
      if (!controller.canAccept(write)) t = controller.nextAt;
      else if (stamp > t) t = Math.min(stamp, controller.nextAt);
      else {
        controller.accept(t, bursts[next]!, write, next);
        next += 1;
        t += 1;
      }
    }
    if (next === count)
      while (controller.pending > 0) {
        t = controller.nextAt;
        controller.tick(t);
      }
    this.t = t;
    this.accepted = next;
    return next === count;
  }
}

/** Runs a whole trace. @returns clock by which the last request is done */
export function runTrace(controller: Ddr3Controller, trace: RequestTrace): number {
  new TraceRun(controller, trace).advance();
  return controller.statistics.lastDone;
}
