import { ConfigError } from './errors.js';

/** A frequency as a ratio of integers, in hertz: `{ num: 500_000_000, den: 3 }` is 166.67 MHz exactly. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/**
 * The rising edges of a clock in integer picoseconds. The period is an exact ratio; edge k is
 * `phase + floor(k · period)` exactly, so that a clock whose period is no whole number of picoseconds (166 MHz:
 * 6024.096…) does not drift against another. Exact while the time stays below 2^53 ps (2.5 hours).
 */
export class Timebase {
  /** Period, ps: whole part, and remainder over `den`. */
  readonly whole: number;
  readonly rest: number;
  readonly den: number;

  constructor(
    path: string,
    /** Frequency, Hz. */
    readonly hz: number | Rational,
    /** Time of edge 0, ps. */
    readonly phase = 0,
  ) {
    const ratio = typeof hz === 'number' ? { num: hz, den: 1 } : hz;
    for (const [field, value] of [
      ['hz', ratio.num],
      ['hz.den', ratio.den],
    ] as const) {
      if (!Number.isSafeInteger(value) || value <= 0)
        throw new ConfigError(path, field, 'a whole number of hertz of 1 or more', value);
    }
    if (!Number.isSafeInteger(phase) || phase < 0)
      throw new ConfigError(path, 'phasePs', 'a whole number of picoseconds of 0 or more', phase);
    const num = 1_000_000_000_000n * BigInt(ratio.den);
    const den = BigInt(ratio.num);
    if (num < den)
      throw new ConfigError(path, 'hz', 'at most 1 THz (a period of 1 ps)', ratio.num / ratio.den);
    const g = gcd(num, den);
    this.den = Number(den / g);
    this.whole = Number(num / g / (den / g));
    this.rest = Number((num / g) % (den / g));
  }

  /** Time of edge k, ps. */
  edge(k: number): number {
    const high = Math.floor(k / this.den);
    const low = k - high * this.den;
    return this.phase + k * this.whole + high * this.rest + this.split(low).quotient;
  }

  /** What k·rest leaves over a multiple of `den`: where a clock that steps from edge to edge stands between picoseconds. */
  remainder(k: number): number {
    return this.split(k - Math.floor(k / this.den) * this.den).remainder;
  }

  /** low·rest divided by den, exactly; low is below den. */
  private split(low: number): { quotient: number; remainder: number } {
    const product = low * this.rest;
    if (product <= Number.MAX_SAFE_INTEGER) {
      const quotient = Math.floor(product / this.den);
      return { quotient, remainder: product - quotient * this.den };
    }
    const exact = BigInt(low) * BigInt(this.rest);
    const den = BigInt(this.den);
    return { quotient: Number(exact / den), remainder: Number(exact % den) };
  }

  /** The first edge at or after `time` (ps): its number. */
  firstEdgeFrom(time: number): number {
    if (time <= this.phase) return 0;
    let k = Math.max(0, Math.floor((time - this.phase) / (this.whole + this.rest / this.den)) - 1);
    while (this.edge(k) < time) k += 1;
    while (k > 0 && this.edge(k - 1) >= time) k -= 1;
    return k;
  }

  /** Mean period, ps (for reports; not for edges). */
  get periodPs(): number {
    return this.whole + this.rest / this.den;
  }
}
