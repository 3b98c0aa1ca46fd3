/**
 * ±1 vectors packed as bits, 1 for +1, little-endian: element k is bit k mod 32 of word ⌊k/32⌋. Unused bits are 0.
 * Source: Courbariaux et al. 2016 and Rastegari et al. 2016 for the XNOR product; sign(0) = +1.
 */

/** Words that hold `length` elements. */
export function packedWords(length: number): number {
  return Math.ceil(length / 32);
}

/**
 * Packs the signs of `length` values from `start`; zero (−0 too) packs as +1, NaN as −1.
 *
 * @param out at least packedWords(length) words; those are overwritten, the rest left alone
 * @throws RangeError when `values` or `out` is too short
 */
export function packSigns(
  values: ArrayLike<number>,
  out: Uint32Array = new Uint32Array(packedWords(values.length)),
  start = 0,
  length = values.length - start,
): Uint32Array {
  const words = packedWords(length);
  if (start + length > values.length) {
    throw new RangeError(`packSigns: values.length must be at least ${start + length}, got ${values.length}`);
  }
  if (out.length < words) {
    throw new RangeError(`packSigns: out.length must be at least ${words}, got ${out.length}`);
  }
  for (let w = 0; w < words; w++) {
    const bits = Math.min(32, length - 32 * w);
    let word = 0;
    for (let bit = 0; bit < bits; bit++) {
      if (values[start + 32 * w + bit]! >= 0) word |= 1 << bit;
    }
    out[w] = word;
  }
  return out;
}

/** Element k of a packed vector: +1 or −1. */
export function signAt(packed: Uint32Array, k: number): 1 | -1 {
  return (packed[k >>> 5]! >>> (k & 31)) & 1 ? 1 : -1;
}

/** Unpacks the first `length` elements to +1 and −1. */
export function unpackSigns(packed: Uint32Array, length: number): Int8Array {
  return Int8Array.from({ length }, (_, k) => signAt(packed, k));
}

/** Bits set in a 32-bit word, 0..32. */
export function popcount32(word: number): number {
  let v = word - ((word >>> 1) & 0x5555_5555);
  v = (v & 0x3333_3333) + ((v >>> 2) & 0x3333_3333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/**
 * Matches (popcount of XNOR) of the first `length` elements of two packed vectors, which start at words `aWord` and `bWord`.
 * Bits past the length do not count, whatever they hold. Allocates nothing.
 */
export function countMatches(a: Uint32Array, b: Uint32Array, length: number, aWord = 0, bWord = 0): number {
  const whole = length >>> 5;
  let differ = 0;
  for (let w = 0; w < whole; w++) differ += popcount32(a[aWord + w]! ^ b[bWord + w]!);
  const rest = length & 31;
  if (rest !== 0) differ += popcount32((a[aWord + whole]! ^ b[bWord + whole]!) & ((1 << rest) - 1));
  return length - differ;
}

/** The dot product of two packed ±1 vectors of `length` elements: 2 · popcount(xnor) − length. */
export function dotXnor(a: Uint32Array, b: Uint32Array, length: number, aWord = 0, bWord = 0): number {
  return 2 * countMatches(a, b, length, aWord, bWord) - length;
}
