/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `activations/s`, `cycles/s`, `ratio`, `ms`, … */
  readonly unit: string;
}

/** What a bench is judged by. */
export interface Goal {
  /** In words, with the number: `at least as many activations a second as SystemC`. */
  readonly wanted: string;
  readonly got: number;
  /** Smallest value that meets the goal. */
  readonly atLeast: number;
  /**
   * For a goal that is not met yet, or within the noise of a busy machine: what is held meanwhile. Below the goal the bench says
   * that it falls short, below this it fails.
   */
  readonly held?: number;
}

export interface BenchResult {
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
  /** What the figures rest on, and what could not be measured here and why. */
  readonly notes: readonly string[];
}

/** One question to the stopwatch. A bench checks first that the answers are right. */
export interface Bench {
  readonly name: string;
  readonly question: string;
  /** `quick` measures for some seconds, else as long as steady figures need. */
  run(quick: boolean): Promise<BenchResult>;
}

/** The middle value; the mean of the two in the middle for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number with three digits that count and a unit prefix: `61.3 M`. */
export function short(value: number): string {
  const scales: readonly (readonly [number, string])[] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  const [scale, prefix] = scales.find(([s]) => Math.abs(value) >= s) ?? [1, ''];
  return `${(value / scale).toPrecision(3)}${prefix}`;
}
