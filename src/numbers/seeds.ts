/** Whose seed: a rounding unit at the start of one layer of one image. All are integers of 0 or more. */
export interface RoundingSeedOf {
  /** The run's seed, taken modulo 2^32. */
  readonly seed: number;
  /** Image, from 0. */
  readonly image: number;
  /** Layers that the network has on the machine. */
  readonly layers: number;
  /** Layer, from 0 to layers − 1. */
  readonly layer: number;
  /** Rounding units: the array's columns. */
  readonly n: number;
  /** Unit, from 0 to n − 1. */
  readonly unit: number;
}

/** 2^32 / golden ratio, odd. */
const STRIDE = 0x9e37_79b9;

/** The finaliser of MurmurHash3 (32 bits): a bijection of 0..2^32 − 1 in which each bit in reaches each bit out. */
export function fmix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The LFSR state with which a unit starts a layer of an image: fmix32(seed + STRIDE · ((image·layers + layer)·n + unit + 1))
 * modulo 2^32, where 0, in which an XOR register would stay, becomes 1. It depends on nothing that ran before.
 *
 * @returns 1..2^32 − 1
 * Source   The machine contract, section 4.
 */
export function roundingSeed({ seed, image, layers, layer, n, unit }: RoundingSeedOf): number {
  // Modulo 2^32, as it counts: exact for every image.
  const index = Math.imul(Math.imul(image, layers) + layer, n) + unit + 1;
  return fmix32(seed + Math.imul(STRIDE, index)) || 1;
}
