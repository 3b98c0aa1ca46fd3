import { hasUnknown, type Rule, sameValue } from './equality.js';
import { type Difference, Finding, type Outcome } from './findings.js';
import type { SlotValue } from './instants.js';
import type { Rows } from './rows.js';

export interface SequenceOptions {
  /** By slot, for the slots that are compared: the first ones of the rows. */
  readonly rules: readonly Rule[];
  /** How far apart, in `at`, two values may be that belong together; Infinity: only their order counts. */
  readonly most: number;
}

/** Values of one signal that wait for the other run before its sequence is given up as another one. */
const WAITING = 65_536;

/** A value that a signal took. */
interface Item {
  readonly at: number;
  readonly time: number;
  readonly cycle: number | null;
  readonly value: SlotValue;
}

interface Slot {
  readonly rule: Rule;
  readonly finding: Finding;
  readonly a: Queue;
  readonly b: Queue;
  /** So far out of step that its values are only counted any more. */
  lost: boolean;
}

/** First in, first out. */
class Queue {
  private items: Item[] = [];
  private head = 0;
  /** Value pushed last, and whether there was one. */
  latest: SlotValue = null;
  /** Value taken last: what the signal had before the first one waiting. */
  held: SlotValue = null;

  get length(): number {
    return this.items.length - this.head;
  }
  peek(place: number): Item | undefined {
    return this.items[this.head + place];
  }
  push(item: Item): void {
    this.items.push(item);
    this.latest = item.value;
  }
  shift(): Item {
    const item = this.items[this.head++]!;
    this.held = item.value;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

/**
 * Compares the values that each signal goes through, one after the other. Values that belong together are at most `most` apart. Where
 * the next two differ, the one after tells whether one is missing, one is too many, or one is another. With unknown bits ignored,
 * values that have some are left out.
 *
 * Storage  The values that wait for their partner: those of the last `most`, and never more than {@link WAITING} a signal and run.
 */
export class Sequences {
  private readonly slots: readonly Slot[];
  private waitingA = 0;
  private waitingB = 0;
  private points = 0;
  /** The runs have been read up to before here; Infinity: to their end. */
  private readUpToA = -Infinity;
  private readUpToB = -Infinity;

  constructor(
    private readonly a: Rows,
    private readonly b: Rows,
    private readonly options: SequenceOptions,
  ) {
    this.slots = options.rules.map((rule) => ({
      rule,
      finding: new Finding(),
      a: new Queue(),
      b: new Queue(),
      lost: false,
    }));
  }

  run(): Outcome {
    const { a, b } = this;
    const sideBySide = Number.isFinite(this.options.most);
    let hasA = a.next();
    let hasB = b.next();
    while (hasA || hasB) {
      const first = !hasB || (hasA && (sideBySide ? a.at <= b.at : this.waitingA <= this.waitingB));
      const touched = this.take(first ? a : b, first);
      if (first) hasA = a.next();
      else hasB = b.next();
      this.readUpToA = hasA ? a.at : Infinity;
      this.readUpToB = hasB ? b.at : Infinity;
      for (const slot of touched) this.settle(this.slots[slot]!, slot);
      this.points += 1;
    }
    for (const [slot, state] of this.slots.entries()) this.settle(state, slot);
    return {
      findings: this.slots.map(({ finding }) => finding),
      timing: null,
      tail: null,
      points: this.points,
    };
  }

  private take(rows: Rows, isA: boolean): number[] {
    const touched: number[] = [];
    for (const slot of rows.changed) {
      const state = this.slots[slot];
      if (state === undefined) continue;
      const value = rows.values[slot]!;
      const queue = isA ? state.a : state.b;
      const { rule } = state;
      if (rule.x === 'any' && hasUnknown(rule, value)) continue;
      if (rule.kind !== 'event' && Object.is(queue.latest, value)) continue;
      if (state.lost) {
        queue.latest = value;
        state.finding.compared += 1;
        state.finding.differences += 1;
        continue;
      }
      queue.push({ at: rows.at, time: rows.time, cycle: rows.cycle, value });
      if (isA) this.waitingA += 1;
      else this.waitingB += 1;
      touched.push(slot);
    }
    return touched;
  }

  private settle(state: Slot, slot: number): void {
    while (this.step(state, slot));
    if (state.a.length > WAITING || state.b.length > WAITING) {
      while (state.a.length + state.b.length > 0) this.drop(state, slot, this.earlier(state));
      state.lost = true;
    }
  }

  /** Decides on the first ones waiting. False when that has to wait, or none is. */
  private step(state: Slot, slot: number): boolean {
    const a = state.a.peek(0);
    const b = state.b.peek(0);
    if (a === undefined && b === undefined) return false;
    if (a === undefined || b === undefined) {
      const only = (a ?? b)!;
      const [other, readUpTo] = a === undefined ? [this.a, this.readUpToA] : [this.b, this.readUpToB];
      const hasEnded = readUpTo === Infinity;
      if (!hasEnded && readUpTo <= only.at + this.options.most) return false;
      if (hasEnded && this.isOpen(only, other)) this.leave(state, a !== undefined);
      else this.drop(state, slot, a !== undefined);
      return true;
    }
    if (Math.abs(a.at - b.at) > this.options.most) {
      this.drop(state, slot, a.at < b.at);
      return true;
    }
    if (sameValue(state.rule, a.value, b.value)) {
      this.shift(state, true);
      this.shift(state, false);
      state.finding.compared += 1;
      return true;
    }
    return this.judge(state, slot, a, b);
  }

  /** The next two differ: one is missing, too many, or another. */
  private judge(state: Slot, slot: number, a: Item, b: Item): boolean {
    const nextA = state.a.peek(1);
    const nextB = state.b.peek(1);
    const latest = Math.max(a.at, b.at) + this.options.most;
    const mayCome = (readUpTo: number): boolean => readUpTo !== Infinity && readUpTo <= latest;
    if (nextA === undefined && mayCome(this.readUpToA)) return false;
    if (nextB === undefined && mayCome(this.readUpToB)) return false;
    const fits = (one: Item | undefined, other: Item): boolean =>
      one !== undefined &&
      sameValue(state.rule, one.value, other.value) &&
      Math.abs(one.at - other.at) <= this.options.most;
    const aMissesOne = fits(nextB, a);
    const bMissesOne = fits(nextA, b);
    if (aMissesOne !== bMissesOne) this.drop(state, slot, bMissesOne);
    else {
      state.finding.compared += 1;
      this.shift(state, true);
      this.shift(state, false);
      state.finding.add(difference(slot, 'value', a, b, a.value, b.value));
    }
    return true;
  }

  /** Whether the partner of a value may stand beyond the end of the other run. */
  private isOpen({ at }: Item, other: Rows): boolean {
    const { most } = this.options;
    return Number.isFinite(most) && at - most <= other.last && other.last < at + most;
  }

  private earlier({ a, b }: Slot): boolean {
    return b.length === 0 || (a.length > 0 && a.peek(0)!.at <= b.peek(0)!.at);
  }

  /** A value that the other run has not. */
  private drop(state: Slot, slot: number, ofA: boolean): void {
    const item = this.shift(state, ofA);
    const { finding, a, b } = state;
    finding.compared += 1;
    finding.add(
      ofA
        ? difference(slot, 'missing', item, null, item.value, b.held)
        : difference(slot, 'missing', null, item, a.held, item.value),
    );
  }

  private leave(state: Slot, ofA: boolean): void {
    this.shift(state, ofA);
    state.finding.undecided += 1;
  }

  private shift(state: Slot, ofA: boolean): Item {
    if (ofA) this.waitingA -= 1;
    else this.waitingB -= 1;
    return (ofA ? state.a : state.b).shift();
  }
}

function difference(
  slot: number,
  what: Difference['what'],
  a: Item | null,
  b: Item | null,
  valueA: SlotValue,
  valueB: SlotValue,
): Difference {
  return {
    slot,
    what,
    at: (a ?? b)!.at,
    timeA: a?.time ?? null,
    timeB: b?.time ?? null,
    cycleA: a?.cycle ?? null,
    cycleB: b?.cycle ?? null,
    a: valueA,
    b: valueB,
  };
}
