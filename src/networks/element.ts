import { fileError } from './errors.js';
import { sizeOf, type Tensor } from './weights.js';

/** How one element of a weights file is read. */
export interface ElementType {
  readonly bytes: number;
  readonly isInteger: boolean;
  /** Whether every value of the type is exact in 32-bit floating point. */
  readonly fitsFloat32: boolean;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

/** A tensor as read, knowing whether its file held whole numbers, which may stand for fixed-point codes. */
export interface FileTensor extends Tensor {
  readonly isInteger: boolean;
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a binary32. */
function brain(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function type(
  bytes: number,
  isInteger: boolean,
  fitsFloat32: boolean,
  read: (view: DataView, at: number, littleEndian: boolean) => number,
): ElementType {
  return { bytes, isInteger, fitsFloat32, read };
}

/** Element types by their safetensors name; the npy names are mapped to these. 64-bit integers must be below 2^53. */
export const elementTypes = {
  F16: type(2, false, true, (view, at, little) => half(view.getUint16(at, little))),
  BF16: type(2, false, true, (view, at, little) => brain(view.getUint16(at, little))),
  F32: type(4, false, true, (view, at, little) => view.getFloat32(at, little)),
  F64: type(8, false, false, (view, at, little) => view.getFloat64(at, little)),
  I8: type(1, true, true, (view, at) => view.getInt8(at)),
  U8: type(1, true, true, (view, at) => view.getUint8(at)),
  I16: type(2, true, true, (view, at, little) => view.getInt16(at, little)),
  U16: type(2, true, true, (view, at, little) => view.getUint16(at, little)),
  I32: type(4, true, false, (view, at, little) => view.getInt32(at, little)),
  U32: type(4, true, false, (view, at, little) => view.getUint32(at, little)),
  I64: type(8, true, false, (view, at, little) => Number(view.getBigInt64(at, little))),
} as const;

export type ElementName = keyof typeof elementTypes;

/**
 * Reads `shape` elements from `bytes`, which must hold exactly those.
 *
 * @throws FileFormatError naming file and tensor when the bytes are too few or too many, or a whole number is too large
 */
export function readElements(
  bytes: Uint8Array,
  shape: readonly number[],
  name: ElementName,
  littleEndian: boolean,
  file: string,
  tensor: string,
): FileTensor {
  const element = elementTypes[name];
  const count = sizeOf(shape);
  const wanted = count * element.bytes;
  if (bytes.length !== wanted) {
    const kind = bytes.length < wanted ? 'truncated: ' : '';
    const what = `${wanted} bytes for shape [${shape.join(', ')}] of ${name}`;
    throw fileError(file, `data of ${tensor}`, what, `${kind}${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = element.fitsFloat32 ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = element.read(view, i * element.bytes, littleEndian);
    if (element.isInteger && !Number.isSafeInteger(value)) {
      throw fileError(file, `element ${i} of ${tensor}`, 'below 2^53', String(value));
    }
    data[i] = value;
  }
  return { shape, data, isInteger: element.isInteger };
}
