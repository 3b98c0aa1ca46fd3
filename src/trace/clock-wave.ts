import type { Clock } from '../kernel/index.js';

/**
 * A clock as a wave: high from each edge to half way to the next one (rounded down to a picosecond). Clocks are no nets and may
 * sleep, so the wave is worked out from their edge times. It must be asked in the order of time.
 */
export class ClockWave {
  /** Time of the next change, ps. */
  nextTime: number;
  /** Level after it. */
  nextLevel: 0 | 1;
  /** Edge that the next change belongs to: its rise, or the fall behind it. */
  private edge: number;

  /** @param from where it begins, ps, if that is before the present */
  constructor(
    private readonly clock: Clock,
    from = Infinity,
  ) {
    const { timebase } = clock;
    const { now: present } = clock.scheduler.sim;
    const now = Math.min(from, present);
    const coming = now < present ? timebase.firstEdgeFrom(now + 1) : clock.coming;
    this.edge = coming;
    this.nextLevel = 1;
    this.nextTime = timebase.edge(coming);
    if (coming > 0 && now < this.fallOf(coming - 1)) {
      this.edge = coming - 1;
      this.nextLevel = 0;
      this.nextTime = this.fallOf(this.edge);
    }
  }

  /** The level until the next change. */
  get level(): 0 | 1 {
    return this.nextLevel === 1 ? 0 : 1;
  }

  /** Whether the next change has happened by `time`: an edge that is due now but was not run yet has not. */
  isDue(time: number): boolean {
    return this.nextTime <= time && (this.nextLevel === 0 || this.edge < this.clock.coming);
  }

  /** Moves on by one change. */
  advance(): void {
    if (this.nextLevel === 1) {
      this.nextLevel = 0;
      this.nextTime = this.fallOf(this.edge);
    } else {
      this.nextLevel = 1;
      this.edge += 1;
      this.nextTime = this.clock.timebase.edge(this.edge);
    }
  }

  private fallOf(edge: number): number {
    const { timebase } = this.clock;
    const rise = timebase.edge(edge);
    return rise + Math.floor((timebase.edge(edge + 1) - rise) / 2);
  }
}

/** Clocks whose half period is below a picosecond have no wave to draw. */
export const hasWave = (clock: Clock): boolean => clock.timebase.whole >= 2;
