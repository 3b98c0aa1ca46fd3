/**
 * What becomes of unknown bits. 'any': an x matches anything. 'difference': an x is a value like others, equal to x alone. 'error': an x is a
 * difference whatever stands on the other side. A z is a value like 0 and 1.
 */
export const X_POLICIES = ['any', 'difference', 'error'] as const;
export type XPolicy = (typeof X_POLICIES)[number];

/** Which moments of the two runs face each other. Paths are those of A; in B the signal that is paired with it counts. */
export type Alignment =
  | { readonly by: 'time' }
  /** The n-th rising edge of a clock and the n-th; signals have the values from before the edge. */
  | { readonly by: 'clock'; readonly clock: string }
  /** The n-th transfer and the n-th: rising edges at which `valid`, and `ready` if there is one, are 1. */
  | {
      readonly by: 'handshake';
      readonly clock: string;
      readonly valid: string;
      readonly ready?: string;
      /** Patterns of the signals that are compared; if left out, {@link DiffOptions.signals}. */
      readonly payload?: readonly string[];
    };

/**
 * 'strict': equal values at each point. 'skew': each signal goes through the same values, each at most `most` apart: cycles, or fs when aligned
 * by time; of transfers the cycles must be that near, besides equal values. 'order': the same values, whenever.
 */
export type DiffMode =
  { readonly kind: 'strict' } | { readonly kind: 'skew'; readonly most: number } | { readonly kind: 'order' };

export interface DiffOptions {
  /** Cut from the beginning of paths that have it; what is left is the signal's name. */
  readonly stripA?: string;
  readonly stripB?: string;
  /** Patterns (see pathMatcher) of the paths or names that are compared; all if left out. */
  readonly signals?: readonly string[];
  /** Path in A: path in B. Goes before names. */
  readonly map?: Readonly<Record<string, string>>;
  /** Applied to names of A in order, to get those of B. */
  readonly rename?: readonly { readonly pattern: RegExp; readonly to: string }[];
  /** A signal that only one run has is no difference, unless it was asked for by its full name. */
  readonly common?: boolean;
  readonly align?: Alignment;
  readonly mode?: DiffMode;
  /** Compare from when this signal first leaves its active level, in each run. */
  readonly reset?: { readonly path: string; readonly level: '0' | '1' };
  /** First and last time compared, fs. */
  readonly from?: bigint;
  readonly to?: bigint;
  readonly x?: XPolicy;
  /** The last whose pattern fits a signal decides. */
  readonly xSignals?: readonly { readonly pattern: string; readonly policy: XPolicy }[];
  /** Reals are equal when they differ by at most this, or by at most `relative` of the larger one. */
  readonly tolerance?: number;
  readonly relative?: number;
  /** Columns before and after the first divergence. 8 if left out. */
  readonly context?: number;
}
