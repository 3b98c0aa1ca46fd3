import { readFileSync } from 'node:fs';
import type { FileTensor } from './element.js';
import { fileError } from './errors.js';
import { parseNpz } from './npz.js';
import { parseSafetensors } from './safetensors.js';
import type { Tensor } from './weights.js';

/**
 * Loads weights from a .npz or .safetensors file, told apart by their first bytes.
 *
 * Tensors of whole numbers may be fixed-point codes: where the file states a fraction length, they are multiplied by
 * 2^-fl. A safetensors file states it in its metadata, a .npz file as a one-element array; `<tensor>.fl` holds for
 * one tensor, `fl` for all of them. Without it whole numbers are taken as they are.
 *
 * @throws FileFormatError naming the file
 */
export function loadWeights(file: string): Map<string, Tensor> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw fileError(file, 'file', 'readable', cause instanceof Error ? cause.message : 'not readable');
  }
  return parseWeights(bytes, file);
}

/** As {@link loadWeights}, from bytes. */
export function parseWeights(bytes: Uint8Array, file: string): Map<string, Tensor> {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const tensors = parseNpz(bytes, file);
    const fractionLengths = new Map<string, number>();
    for (const [name, { data }] of tensors) {
      if (name !== 'fl' && !name.endsWith('.fl')) continue;
      if (data.length !== 1) throw fileError(file, name, 'one number', `${data.length} numbers`);
      fractionLengths.set(name, data[0]!);
      tensors.delete(name);
    }
    return scale(tensors, fractionLengths, file);
  }
  // A safetensors header is JSON, so the ninth byte opens an object.
  if (bytes.length > 8 && bytes[8] !== 0x7b) {
    throw fileError(file, 'contents', 'a .npz (zip) or .safetensors file', 'neither');
  }
  const { tensors, metadata } = parseSafetensors(bytes, file);
  const fractionLengths = new Map<string, number>();
  for (const [name, text] of Object.entries(metadata)) {
    if (name === 'fl' || name.endsWith('.fl'))
      fractionLengths.set(name, text.trim() === '' ? NaN : Number(text));
  }
  return scale(tensors, fractionLengths, file);
}

function scale(
  tensors: ReadonlyMap<string, FileTensor>,
  fractionLengths: ReadonlyMap<string, number>,
  file: string,
): Map<string, Tensor> {
  for (const [name, fl] of fractionLengths) {
    if (!Number.isInteger(fl) || fl < 0 || fl > 31)
      throw fileError(file, name, 'a whole number from 0 to 31', `${fl}`);
  }
  const scaled = new Map<string, Tensor>();
  for (const [name, { shape, data, isInteger }] of tensors) {
    const fl = fractionLengths.get(`${name}.fl`) ?? fractionLengths.get('fl') ?? 0;
    scaled.set(name, { shape, data: isInteger && fl > 0 ? data.map((code) => code * 2 ** -fl) : data });
  }
  return scaled;
}
