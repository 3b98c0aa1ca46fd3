/** Bits of a DSP48's accumulator P. */
export const ACCUMULATOR_BITS = 48;

/**
 * An integer wrapped to two's complement, as an accumulator of `width` bits wraps it. Never −0.
 *
 * @param value an integer, |value| < 2^53 (not checked: this is a hot path)
 * @param width bits, an integer in 1..52 (not checked); a test of wrap at 48 bits would need 131,072 full-scale products, so
 *   the width is a parameter (the machine contract, section 10)
 * @returns an integer in −2^(width−1) .. 2^(width−1) − 1
 */
export function wrap(value: number, width: number = ACCUMULATOR_BITS): number {
  const half = 2 ** (width - 1);
  // The common case, and then no division. Adding 0 turns −0 into 0.
  if (value >= -half && value < half) return value + 0;
  const modulus = 2 * half;
  // Never −0 here: a difference of equal numbers is +0.
  const wrapped = value - modulus * Math.floor(value / modulus);
  return wrapped >= half ? wrapped - modulus : wrapped;
}
