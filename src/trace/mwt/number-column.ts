/** Numbers of a column, in the smallest type that holds them all exactly. The place in this list is the type's code. */
const TYPES = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float64Array,
] as const;

export type Column =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float64Array;

export const U8 = 0;
export const U16 = 2;
export const U32 = 4;
export const F64 = 6;
/** Bytes of an element, by code. */
export const CODE_BYTES: readonly number[] = TYPES.map((type) => type.BYTES_PER_ELEMENT);

/** Code of the smallest type for integers from `min` to `max`, both within ±2^53. */
export function codeFor(min: number, max: number): number {
  if (min >= 0) return max <= 0xff ? U8 : max <= 0xffff ? U16 : max <= 0xffffffff ? U32 : F64;
  if (min >= -0x80 && max <= 0x7f) return 1;
  if (min >= -0x8000 && max <= 0x7fff) return 3;
  return min >= -0x80000000 && max <= 0x7fffffff ? 5 : F64;
}

/** The numbers of a code that stand in `bytes`, wherever they lie in memory. */
export function columnOf(code: number, bytes: Uint8Array): Column {
  // A copy is aligned.
  return new TYPES[code]!(new Uint8Array(bytes).buffer);
}

/** A column as it stands in a payload: code and bytes. */
export type PackedColumn = readonly [code: number, bytes: Uint8Array];

/** Whole numbers in the smallest type, others as they are. */
export function packNumbers(values: ArrayLike<number>): PackedColumn {
  let min = 0;
  let max = 0;
  let isWhole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    isWhole &&= Number.isSafeInteger(value) && !Object.is(value, -0);
  }
  const code = isWhole ? codeFor(min, max) : F64;
  const { buffer } = new TYPES[code]!(values);
  return [code, Buffer.from(buffer)];
}
