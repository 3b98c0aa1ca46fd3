/**
 * Everything inside the array that an observer can name, in one cycle. Two representations give it: `TickedCore`, which
 * steps it every cycle, and `LazyCore`, which works it out from the slices that were issued.
 */
export interface ArrayRegisters {
  /** Register s (0 just entered … i leaving) of skew row i of A, of skew column i of B. */
  skewA(i: number, s: number): number;
  skewB(j: number, s: number): number;
  /** Operand registers of element (i, j). */
  a(i: number, j: number): number;
  b(i: number, j: number): number;
  first(i: number, j: number): number;
  last(i: number, j: number): number;
  /** Product register, for L ≥ 2; 0 otherwise. */
  m(i: number, j: number): number;
  /** Accumulator, local result register, drain flag. */
  p(i: number, j: number): number;
  lr(i: number, j: number): number;
  d(i: number, j: number): number;
}

/** Receives the results that leave the bottom of a column at an edge. */
export type Push = (column: number, value: number) => void;
