import { type Rule, sameValue } from './equality.js';
import { type Difference, Finding, type Outcome, type Tail } from './findings.js';
import type { SlotValue } from './instants.js';
import type { Rows } from './rows.js';

export interface PointOptions {
  /** By slot, for the slots that are compared: the first ones of the rows. */
  readonly rules: readonly Rule[];
  /** Points are edges or transfers: each counts for each signal, changed or not. Else only times at which one of the two changes. */
  readonly indexed: boolean;
  /** Points of one run alone are a difference in themselves: transfers. */
  readonly everyPoint: boolean;
  /** Cycles that two transfers may be apart; null: any. */
  readonly maxSkew: number | null;
  /** Slot that stands for transfers. */
  readonly transferSlot: number;
}

/** Compares two runs point by point: at each, every signal has the same value in both. Storage: two values a signal. */
export class PointByPoint {
  private readonly findings: Finding[];
  private readonly timing: Finding | null;
  private tail: Tail | null = null;
  private points = 0;
  private readonly valuesA: SlotValue[];
  private readonly valuesB: SlotValue[];
  /** By slot: the point at which an event happened last, counted. */
  private readonly stampsA: number[];
  private readonly stampsB: number[];
  private stamp = 0;
  /** By slot: the count of points when it began to differ; -1 while it does not. */
  private readonly since: number[];
  private afterBlank = false;

  constructor(
    private readonly a: Rows,
    private readonly b: Rows,
    private readonly options: PointOptions,
  ) {
    const { rules, maxSkew } = options;
    this.findings = rules.map(() => new Finding());
    this.timing = maxSkew === null ? null : new Finding();
    this.valuesA = rules.map(() => null);
    this.valuesB = rules.map(() => null);
    this.stampsA = rules.map(() => 0);
    this.stampsB = rules.map(() => 0);
    this.since = rules.map(() => -1);
  }

  run(): Outcome {
    const { a, b } = this;
    let hasA = a.next();
    let hasB = b.next();
    while (hasA || hasB) {
      const at = Math.min(hasA ? a.at : Infinity, hasB ? b.at : Infinity);
      const inA = hasA && a.at === at;
      const inB = hasB && b.at === at;
      if (!inA && at > a.last) this.beyond('b', at);
      else if (!inB && at > b.last) this.beyond('a', at);
      else this.point(at, inA, inB);
      if (inA) hasA = a.next();
      if (inB) hasB = b.next();
    }
    if (this.options.indexed) this.closeCounts();
    return { findings: this.findings, timing: this.timing, tail: this.tail, points: this.points };
  }

  private point(at: number, inA: boolean, inB: boolean): void {
    this.stamp += 1;
    const touched = new Set<number>();
    if (inA) this.take(this.a, this.valuesA, this.stampsA, touched);
    if (inB) this.take(this.b, this.valuesB, this.stampsB, touched);
    if ((inA && this.a.blank) || (inB && this.b.blank)) {
      this.afterBlank = true;
      return;
    }
    const { rules, indexed } = this.options;
    const slots = this.afterBlank ? rules.keys() : touched;
    this.afterBlank = false;
    for (const slot of slots) this.compare(slot, at, inA, inB);
    if (!indexed && touched.size === 0) return;
    this.points += 1;
    this.compareCycles(at);
  }

  private take(rows: Rows, values: SlotValue[], stamps: number[], touched: Set<number>): void {
    for (const slot of rows.changed) {
      if (slot >= values.length) continue;
      values[slot] = rows.values[slot]!;
      stamps[slot] = this.stamp;
      touched.add(slot);
    }
  }

  private compare(slot: number, at: number, inA: boolean, inB: boolean): void {
    const rule = this.options.rules[slot]!;
    const finding = this.findings[slot]!;
    const isEvent = rule.kind === 'event';
    const a = isEvent && this.stampsA[slot] !== this.stamp ? 0 : this.valuesA[slot]!;
    const b = isEvent && this.stampsB[slot] !== this.stamp ? 0 : this.valuesB[slot]!;
    const same = sameValue(rule, a, b);
    if (this.options.indexed && !isEvent) {
      const since = this.since[slot]!;
      if (same && since >= 0) {
        finding.differences += this.points - since;
        this.since[slot] = -1;
      } else if (!same && since < 0) {
        this.since[slot] = this.points;
        finding.first ??= this.difference(slot, at, inA, inB, a, b);
      }
      return;
    }
    if (!this.options.indexed) finding.compared += 1;
    if (!same) finding.add(this.difference(slot, at, inA, inB, a, b));
  }

  private compareCycles(at: number): void {
    const { maxSkew, transferSlot } = this.options;
    const { a, b, timing } = this;
    if (timing === null || maxSkew === null) return;
    timing.compared += 1;
    const apart = Math.abs(a.cycle! - b.cycle!);
    if (apart > maxSkew)
      timing.add({ ...this.difference(transferSlot, at, true, true, a.cycle, b.cycle), what: 'cycle' });
  }

  private beyond(longer: 'a' | 'b', at: number): void {
    const rows = longer === 'a' ? this.a : this.b;
    const { rules, everyPoint, transferSlot } = this.options;
    const tail = (this.tail ??= { longer, points: 0, changes: 0, first: null });
    const changed = rows.changed.filter((slot) => slot < rules.length).sort((x, y) => x - y);
    tail.points += 1;
    tail.changes += changed.length;
    const slot = everyPoint ? transferSlot : changed[0];
    if (slot === undefined) return;
    const isA = longer === 'a';
    const held = isA ? this.valuesB[slot] : this.valuesA[slot];
    const value = everyPoint ? null : rows.values[slot]!;
    const other = everyPoint ? null : (held ?? null);
    tail.first ??= {
      ...this.difference(slot, at, isA, !isA, isA ? value : other, isA ? other : value),
      what: 'missing',
    };
  }

  private difference(
    slot: number,
    at: number,
    inA: boolean,
    inB: boolean,
    a: SlotValue,
    b: SlotValue,
  ): Difference {
    return {
      slot,
      what: 'value',
      at,
      timeA: inA ? this.a.time : null,
      timeB: inB ? this.b.time : null,
      cycleA: inA ? this.a.cycle : null,
      cycleB: inB ? this.b.cycle : null,
      a,
      b,
    };
  }

  private closeCounts(): void {
    for (const [slot, finding] of this.findings.entries()) {
      finding.compared = this.points;
      const since = this.since[slot]!;
      if (since >= 0) finding.differences += this.points - since;
    }
  }
}
