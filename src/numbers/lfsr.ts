/**
 * Linear feedback shift registers, Fibonacci form with XOR: one shift moves every bit of the state q up by one, and
 * bit 0 becomes the XOR of bits tap − 1. All zeros is the one state that leads nowhere else.
 * Source: the machine contract, section 4.
 */

/** Register widths, in bits, that have taps here. */
export type LfsrWidth = 8 | 16 | 24 | 32;

/** Taps that give the full period of 2^width − 1. A test proves it. */
export const MAXIMAL_TAPS: Readonly<Record<LfsrWidth, readonly [number, number, number, number]>> = {
  8: [8, 6, 5, 4],
  16: [16, 15, 13, 4],
  24: [24, 23, 22, 17],
  32: [32, 22, 2, 1],
};

/** Shifts a rounding unit makes for a draw: its draws of up to 16 bits then share none with the draw before. */
export const SHIFTS_PER_DRAW = 16;

/** One shift. @param q state, 0..2^width − 1; @returns the next state, unsigned */
export function lfsrStep(q: number, width: LfsrWidth): number {
  const [t0, t1, t2, t3] = MAXIMAL_TAPS[width];
  const bit = ((q >>> (t0 - 1)) ^ (q >>> (t1 - 1)) ^ (q >>> (t2 - 1)) ^ (q >>> (t3 - 1))) & 1;
  return (((q << 1) | bit) & (0xffff_ffff >>> (32 - width))) >>> 0;
}

/** `steps` shifts. @param steps an integer of 0 or more; @returns the state after them, unsigned */
export function lfsrAdvance(q: number, steps: number, width: LfsrWidth): number {
  let left = steps;
  let state = q >>> 0;
  if (width === 32) {
    for (; left >= SHIFTS_PER_DRAW; left -= SHIFTS_PER_DRAW) state = advance16(state);
  }
  for (; left > 0; left--) state = lfsrStep(state, width);
  return state;
}

/**
 * Sixteen shifts of the 32-bit register at once: a rounding unit's advance.
 *
 * The s-th new bit is n_s = q[31−s] ^ q[21−s] ^ n_(s−1) ^ n_(s−2), where n_(−1) = q[0] and n_(−2) = q[1]. As a power series
 * over GF(2) that is N = U / (1 + x + x²) = U · (1 + x) · (1 + x³) · (1 + x⁶) · (1 + x¹²) up to x^15, and with n_0 in bit 15 a
 * product by 1 + x^m is one shift to the right and one XOR.
 */
export function advance16(q: number): number {
  let n = ((q >>> 16) ^ (q >>> 6)) & 0xffff;
  n ^= ((q ^ (q >>> 1)) & 1) << 15; // n_(−1) and n_(−2) enter n_0,
  n ^= (q & 1) << 14; // and n_(−1) enters n_1.
  n ^= n >>> 1;
  n ^= n >>> 3;
  n ^= n >>> 6;
  n ^= n >>> 12;
  return ((q << 16) | n) >>> 0;
}
