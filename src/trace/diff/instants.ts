import type { WaveChange, WaveFile, WaveValue } from '../waves.js';

/** What a signal has: null before its first value. Of an event, how often it happened. */
export type SlotValue = WaveValue | null;

/**
 * A recorded run instant by instant: what stands once all changes of a time have been. A slot is a signal, or a bus out of several.
 * Glitches within one time do not show; events count.
 *
 * Storage  Two values a slot and one for each place; the iterator's.
 */
export class Instants {
  /** Of the instant at hand, in units of the file. */
  time = 0;
  /** By slot. Of an event: how often it happened at this instant. */
  readonly values: SlotValue[];
  /** By slot, valid for those in {@link changed}: the value ahead of this instant. */
  readonly before: SlotValue[];
  /** Slots whose value is not the one of the instant before; events that happened. */
  changed: number[] = [];
  /** Whether the slot is in {@link changed}: equal to {@link stamp}. */
  readonly stamps: number[];
  stamp = 0;
  readonly isEvent: readonly boolean[];

  private readonly changes: Iterator<WaveChange>;
  private coming: IteratorResult<WaveChange>;
  private readonly slotsOf = new Map<number, number[]>();
  private readonly parts = new Map<number, string>();
  private readonly touchedAt: number[];

  constructor(
    private readonly waves: WaveFile,
    private readonly slots: readonly (readonly number[])[],
    from: number,
    to: number,
  ) {
    for (const [slot, places] of slots.entries())
      for (const place of places) {
        const others = this.slotsOf.get(place);
        if (others === undefined) this.slotsOf.set(place, [slot]);
        else others.push(slot);
      }
    this.values = slots.map(() => null);
    this.before = slots.map(() => null);
    this.stamps = slots.map(() => 0);
    this.touchedAt = slots.map(() => 0);
    this.isEvent = slots.map((places) => waves.signals[places[0]!]!.kind === 'event');
    const signals = [...this.slotsOf.keys()].sort((a, b) => a - b);
    this.changes = waves.changes({ signals, from, to })[Symbol.iterator]();
    this.coming = this.changes.next();
  }

  /** Moves to the next instant with a change. False when there is none. */
  next(): boolean {
    for (const slot of this.changed) if (this.isEvent[slot] === true) this.values[slot] = 0;
    this.changed = [];
    if (this.coming.done === true) return false;
    this.stamp += 1;
    this.time = this.coming.value.time;
    const touched: number[] = [];
    while (this.coming.done !== true && this.coming.value.time === this.time) {
      const { signal, value } = this.coming.value;
      for (const slot of this.slotsOf.get(signal)!) this.apply(slot, signal, value, touched);
      this.coming = this.changes.next();
    }
    for (const slot of touched) this.settle(slot);
    return true;
  }

  /** Ends the reading early. */
  close(): void {
    this.changes.return?.();
  }

  private apply(slot: number, place: number, value: WaveValue, touched: number[]): void {
    if (this.touchedAt[slot] !== this.stamp) {
      this.touchedAt[slot] = this.stamp;
      this.before[slot] = this.values[slot]!;
      touched.push(slot);
    }
    if (this.isEvent[slot] === true) this.values[slot] = Number(this.values[slot]) + 1;
    else if (this.slots[slot]!.length === 1) this.values[slot] = value;
    else this.parts.set(place, value as string);
  }

  private settle(slot: number): void {
    const places = this.slots[slot]!;
    if (places.length > 1)
      this.values[slot] = places
        .map((place) => this.parts.get(place) ?? 'x'.repeat(this.waves.signals[place]!.width))
        .join('');
    if (this.isEvent[slot] === true || !Object.is(this.values[slot], this.before[slot])) {
      this.stamps[slot] = this.stamp;
      this.changed.push(slot);
    }
  }
}
