import { Timebase } from '../../kernel/index.js';
import type { WaveClock } from '../waves.js';

/** A clock whose period is below 2 ps has no wave: its half is no picosecond. */
export const hasEdges = ({ name, hz, phasePs }: WaveClock): boolean =>
  new Timebase(name, hz, phasePs).whole >= 2;

/**
 * A clock as a signal, worked out and never stored: high from each edge to half way to the next one, rounded down to a
 * picosecond. What it is when the recording begins is no change.
 */
export class ClockSignal {
  private readonly timebase: Timebase;

  constructor(
    { name, hz, phasePs }: WaveClock,
    private readonly begin: number,
    /** Time at which the recording ended before the edges of that time, if it did; else NaN. */
    private readonly pendingAt: () => number,
  ) {
    this.timebase = new Timebase(name, hz, phasePs);
  }

  level(time: number): 0 | 1 {
    const edge = this.lastEdge(time);
    return edge >= 0 && time < this.fall(edge) ? 1 : 0;
  }

  /** Time of the first change after `time`. */
  next(time: number): number {
    const after = Math.max(time, this.begin);
    const edge = this.lastEdge(after);
    if (edge >= 0 && this.fall(edge) > after) return this.fall(edge);
    const rise = this.timebase.edge(edge + 1);
    return rise === this.pendingAt() ? this.fall(edge + 1) : rise;
  }

  /** Time of the last change before `time`; −1 for none. */
  previous(time: number): number {
    const edge = this.lastEdge(time - 1);
    if (edge < 0) return -1;
    const change = this.fall(edge) < time ? this.fall(edge) : this.timebase.edge(edge);
    return change > this.begin ? change : -1;
  }

  /** How many changes there are after the begin of the recording, up to `time`. */
  count(time: number): number {
    return time <= this.begin ? 0 : this.changesUpTo(time) - this.changesUpTo(this.begin);
  }

  private changesUpTo(time: number): number {
    return 2 * (this.lastEdge(time) + 1) - this.level(time);
  }

  /** The last edge at `time` or before; −1 for none. */
  private lastEdge(time: number): number {
    const edge = this.timebase.firstEdgeFrom(time + 1) - 1;
    return edge >= 0 && this.timebase.edge(edge) === this.pendingAt() ? edge - 1 : edge;
  }

  private fall(edge: number): number {
    const rise = this.timebase.edge(edge);
    return rise + Math.floor((this.timebase.edge(edge + 1) - rise) / 2);
  }
}
