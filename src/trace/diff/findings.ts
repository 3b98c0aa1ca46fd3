import type { SlotValue } from './instants.js';

/** How two runs differ at one point in one signal. */
export interface Difference {
  readonly slot: number;
  /**
   * 'value': both values are there and differ. 'missing': one run has a value or transfer that the other has not. 'cycle': a transfer is too
   * early or too late; the values are cycles.
   */
  readonly what: 'value' | 'missing' | 'cycle';
  /** Time, number of the edge, or number of the transfer. */
  readonly at: number;
  /** Null where the run has no point there. */
  readonly timeA: number | null;
  readonly timeB: number | null;
  readonly cycleA: number | null;
  readonly cycleB: number | null;
  readonly a: SlotValue;
  readonly b: SlotValue;
}

/** What is found of one signal. */
export class Finding {
  /** Points, or values of a sequence, that were compared. */
  compared = 0;
  differences = 0;
  /** Values at the end of one run whose partner could have come after the end of the other. */
  undecided = 0;
  first: Difference | null = null;

  add(difference: Difference): void {
    this.differences += 1;
    const { first } = this;
    if (first === null || difference.at < first.at) this.first = difference;
  }
}

/** What the longer run has beyond the end of the other. */
export interface Tail {
  readonly longer: 'a' | 'b';
  /** Times with a change, edges, or transfers. */
  points: number;
  /** Changes of compared signals. */
  changes: number;
  /** The first that counts as a difference. */
  first: Difference | null;
}

export interface Outcome {
  /** By slot. */
  readonly findings: readonly Finding[];
  /** Of transfers that may be so many cycles apart: those that are further. */
  readonly timing: Finding | null;
  readonly tail: Tail | null;
  /** Points that both runs have, or that either has when aligned by time. */
  readonly points: number;
}
