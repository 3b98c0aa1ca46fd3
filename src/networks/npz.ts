import { readElements, type ElementName, type FileTensor } from './element.js';
import { fileError } from './errors.js';
import { unzip } from './zip.js';

const elementNames: Readonly<Record<string, ElementName>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
};

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * Reads one NumPy array file (format versions 1 to 3, C order, either byte order).
 *
 * @param file name used in messages
 * @param tensor name of the array in messages
 * @throws FileFormatError for foreign or truncated bytes, Fortran order, or an element type that is no number
 */
export function parseNpy(bytes: Uint8Array, file: string, tensor: string): FileTensor {
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw fileError(file, tensor, 'a NumPy array (first bytes 93 "NUMPY")', 'something else');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw fileError(file, tensor, 'of npy version 1, 2 or 3', `version ${version}`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw fileError(file, `header of ${tensor}`, 'complete', 'truncated');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length)
    throw fileError(file, `header of ${tensor}`, `${length} bytes`, 'truncated');
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));

  const kind = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(header);
  const element = elementNames[kind?.[2] ?? ''];
  if (kind === null || element === undefined) {
    const got = kind?.[2] ?? header.trim().slice(0, 60);
    throw fileError(file, `element type of ${tensor}`, `one of ${Object.keys(elementNames).join(', ')}`, got);
  }
  if (!/'fortran_order'\s*:\s*False/.test(header)) {
    throw fileError(file, `order of ${tensor}`, 'C order (save numpy.ascontiguousarray(x))', 'Fortran order');
  }
  const sides = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (sides === undefined)
    throw fileError(file, `shape of ${tensor}`, 'a tuple of whole numbers', header.trim());
  const shape = sides
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map((side) => Number.parseInt(side, 10));
  return readElements(bytes.subarray(start + length), shape, element, kind[1] !== '>', file, tensor);
}

/**
 * Reads a NumPy .npz archive: a zip, stored or deflated, of `<tensor>.npy` files.
 *
 * @param file name used in messages
 * @throws FileFormatError
 */
export function parseNpz(bytes: Uint8Array, file: string): Map<string, FileTensor> {
  const tensors = new Map<string, FileTensor>();
  for (const [entry, data] of unzip(bytes, file)) {
    if (!entry.endsWith('.npy')) {
      throw fileError(file, 'entries', '.npy arrays', `"${entry}"`);
    }
    const name = entry.slice(0, -'.npy'.length);
    tensors.set(name, parseNpy(data, file, name));
  }
  return tensors;
}
