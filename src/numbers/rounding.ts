/**
 * The arithmetic of a DSP ROUND unit: add r, drop d bits, clamp to 16 bits, rectify.
 * Sums are integers in doubles, exact to 2^53; no operator here works in 32 bits on a sum.
 * Source: the machine contract, section 4.
 */

/** How a rounding unit fills the addend r. */
export type RoundingMode = 'nearest' | 'stochastic';

export const INT16_MIN = -32_768;
export const INT16_MAX = 32_767;

/** 2^d for d in 0..31. */
const POWER = Float64Array.from({ length: 32 }, (_, d) => 2 ** d);
/** 2^−d for d in 0..31; multiplying by it is exact, and quicker than a division. */
const INVERSE_POWER = Float64Array.from({ length: 32 }, (_, d) => 2 ** -d);

/** A format conversion that the rounding units cannot do. */
export class RoundingShiftError extends RangeError {
  readonly code = 'E_ROUNDING_SHIFT';

  constructor(
    readonly path: string,
    readonly got: number,
  ) {
    super(`${path}: FLa + FLb - FLo (bits that rounding drops) must be an integer in 0..31, got ${got}`);
    this.name = 'RoundingShiftError';
  }
}

/**
 * d = FLa + FLb − FLo: bits that rounding drops from a sum of products with FLa + FLb fractional bits.
 *
 * @throws RoundingShiftError when d is not an integer in 0..31. The functions below do not check d again.
 */
export function roundingShift(flA: number, flB: number, flOut: number, path = 'rounding'): number {
  const d = flA + flB - flOut;
  if (!Number.isInteger(d) || d < 0 || d > 31) throw new RoundingShiftError(path, d);
  return d;
}

/**
 * The addend r in 0..2^d − 1: the low d bits of the LFSR's state q if stochastic, half an LSB if nearest, 0 for d = 0.
 *
 * @param q the unit's LFSR state before its advance, 0..2^32 − 1; not used when rounding to nearest
 * @param d dropped bits, 0..31
 */
export function roundingAddend(q: number, d: number, stochastic: boolean): number {
  if (d === 0) return 0;
  // At most 31 bits, so the result of & is never negative.
  return stochastic ? q & (POWER[d]! - 1) : POWER[d - 1]!;
}

/** ⌊(acc + r) / 2^d⌋, not clamped; never −0. @param acc an integer of 48 bits; @param d 0..31 */
export function roundShift(acc: number, d: number, r: number): number {
  return Math.floor((acc + r) * INVERSE_POWER[d]!);
}

/** The nearest of −32768..32767. */
export function clamp16(value: number): number {
  return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
}

/** A whole pass through the unit: clamp16(roundShift(acc, d, r)), and 0 for a negative result if `relu`. Never −0. */
export function roundResult(acc: number, d: number, r: number, relu: boolean): number {
  const y = Math.floor((acc + r) * INVERSE_POWER[d]!);
  if (y > INT16_MAX) return INT16_MAX;
  if (y < 0) return relu ? 0 : y < INT16_MIN ? INT16_MIN : y;
  return y;
}

/** Whether the clamp changes the result. A clamped negative counts even when ReLU then makes it 0, as in the hardware. */
export function roundSaturates(acc: number, d: number, r: number): boolean {
  const y = Math.floor((acc + r) * INVERSE_POWER[d]!);
  return y > INT16_MAX || y < INT16_MIN;
}
