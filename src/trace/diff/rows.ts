import { Instants, type SlotValue } from './instants.js';

/** One run as a sequence of points at which it is compared. */
export interface Rows {
  /** Of the point at hand: what it is aligned by. Increasing. */
  readonly at: number;
  /** In the unit of both runs. */
  readonly time: number;
  /** Rising edges of the clock before this one; null without a clock. */
  readonly cycle: number | null;
  /** By slot. Of an event: how often it happened, valid if it is in {@link changed}. */
  readonly values: readonly SlotValue[];
  /** Slots whose value is not the one of the point before; events that happened. */
  readonly changed: readonly number[];
  /** Nothing is known at this point: the clock's first edge is the first thing there is. */
  readonly blank: boolean;
  /** The last point that the run speaks of; Infinity while that is not known. */
  readonly last: number;
  next(): boolean;
  close(): void;
}

/** A point for each time with a change; `at` is that time. */
export class TimeRows implements Rows {
  at = 0;
  readonly cycle = null;
  readonly blank = false;

  constructor(
    private readonly instants: Instants,
    private readonly scale: number,
    private readonly first: number,
    readonly last: number,
  ) {}

  get time(): number {
    return this.at;
  }
  get values(): readonly SlotValue[] {
    return this.instants.values;
  }
  get changed(): readonly number[] {
    return this.instants.changed;
  }

  next(): boolean {
    if (!this.instants.next()) return false;
    this.at = Math.max(this.first, this.instants.time * this.scale);
    return true;
  }

  close(): void {
    this.instants.close();
  }
}

export interface ClockRowsOptions {
  readonly instants: Instants;
  /** Units of both runs in one of the file. */
  readonly scale: number;
  readonly clock: number;
  /** Edges count from this time of the file on, or behind it only: a clock that is 1 where the run begins has an edge there. */
  readonly from: number;
  readonly inclusive: boolean;
  /** Slots that must be 1 at an edge for it to count. None: every edge counts. */
  readonly gates: readonly number[];
}

/** A point for each rising edge of a clock, or for each at which all gates are 1; values are those from before the edge. */
export class ClockRows implements Rows {
  at = -1;
  time = 0;
  cycle = -1;
  blank = false;
  last = Infinity;
  readonly values: SlotValue[];
  changed: number[] = [];

  private readonly instants: Instants;
  private readonly isEvent: readonly boolean[];
  /** Slots that changed since the last edge, that edge's instant included. */
  private readonly dirty = new Set<number>();
  /** Slots that changed at edges that do not count. */
  private readonly passed = new Set<number>();
  private readonly shown: SlotValue[];
  private readonly events: number[];

  constructor(private readonly options: ClockRowsOptions) {
    this.instants = options.instants;
    this.isEvent = this.instants.isEvent;
    this.values = this.instants.values.map(() => null);
    this.shown = this.instants.values.map(() => null);
    this.events = this.instants.values.map(() => 0);
  }

  next(): boolean {
    while (this.edge()) if (this.counts()) return this.point();
    this.last = this.at;
    this.changed = [];
    return false;
  }

  close(): void {
    this.instants.close();
  }

  /** Moves to the next rising edge, and takes over the values from before it. */
  private edge(): boolean {
    const { instants, dirty } = this;
    const { clock, from, inclusive, scale } = this.options;
    while (instants.next()) {
      const rises =
        instants.stamps[clock] === instants.stamp &&
        instants.values[clock] === '1' &&
        (inclusive || instants.time > from);
      if (rises) {
        this.cycle += 1;
        this.time = instants.time * scale;
        this.blank = instants.stamp === 1;
        for (const slot of dirty) this.takeOver(slot);
        dirty.clear();
      }
      for (const slot of instants.changed) {
        dirty.add(slot);
        if (this.isEvent[slot] === true) this.events[slot]! += Number(instants.values[slot]);
      }
      if (rises) return true;
    }
    return false;
  }

  private takeOver(slot: number): void {
    const { instants } = this;
    this.passed.add(slot);
    if (this.isEvent[slot] === true) this.values[slot] = this.events[slot]!;
    else
      this.values[slot] =
        instants.stamps[slot] === instants.stamp ? instants.before[slot]! : instants.values[slot]!;
  }

  private counts(): boolean {
    return this.options.gates.every((gate) => this.values[gate] === '1');
  }

  private point(): true {
    this.at += 1;
    this.changed = [];
    for (const slot of this.passed) {
      if (this.isEvent[slot] === true) this.events[slot]! -= Number(this.values[slot]);
      else if (Object.is(this.shown[slot], this.values[slot])) continue;
      this.shown[slot] = this.values[slot]!;
      this.changed.push(slot);
    }
    this.passed.clear();
    return true;
  }
}
