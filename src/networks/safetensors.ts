import { z } from 'zod';
import { elementTypes, readElements, type ElementName, type FileTensor } from './element.js';
import { fileError, show } from './errors.js';
import { sizeOf } from './weights.js';

/** A safetensors file: named tensors and the free-text remarks of its header. */
export interface Safetensors {
  readonly tensors: Map<string, FileTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own bound on its header; a longer one is a foreign file. */
const headerLimit = 100_000_000;

const offset = z.number().int().min(0);
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(offset),
  data_offsets: z.tuple([offset, offset]),
});
const metadataSchema = z.record(z.string(), z.string());

function isElementName(name: string): name is ElementName {
  return Object.hasOwn(elementTypes, name);
}

/**
 * Reads a safetensors file: an 8-byte little-endian header length, a JSON header, then the data.
 *
 * @param file name used in messages
 * @throws FileFormatError for foreign or truncated bytes, element types without a reader here, or offsets that do not
 * cover the data exactly
 */
export function parseSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const { header, data } = splitHeader(bytes, file);
  const tensors = new Map<string, FileTensor>();
  let metadata: Record<string, string> = {};
  let covered = 0;
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) throw fileError(file, '__metadata__', 'texts by name', show(value));
      metadata = parsed.data;
      continue;
    }
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success) {
      throw fileError(file, `header of ${name}`, '{ dtype, shape, data_offsets }', show(value));
    }
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const [begin, end] = offsets;
    if (!isElementName(dtype)) {
      throw fileError(file, `dtype of ${name}`, `one of ${Object.keys(elementTypes).join(', ')}`, dtype);
    }
    if (end < begin || end > data.length) {
      const got = `[${begin}, ${end}]${end > data.length ? ': truncated file' : ''}`;
      throw fileError(file, `data_offsets of ${name}`, `inside the ${data.length} bytes of data`, got);
    }
    covered += end - begin;
    tensors.set(name, readElements(data.subarray(begin, end), shape, dtype, true, file, name));
  }
  if (covered !== data.length) {
    throw fileError(
      file,
      'data',
      `${covered} bytes, as many as the tensors of the header`,
      `${data.length} bytes`,
    );
  }
  return { tensors, metadata };
}

function splitHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw fileError(file, 'length', 'at least 8 bytes', `${bytes.length} bytes`);
  const length = Number(view.getBigUint64(0, true));
  if (length > headerLimit)
    throw fileError(file, 'header', 'that of a safetensors file', `a length of ${length}`);
  if (8 + length > bytes.length) {
    throw fileError(file, 'header', `${length} bytes`, `truncated: ${bytes.length - 8} bytes`);
  }
  try {
    const header = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length))));
    return { header, data: bytes.subarray(8 + length) };
  } catch {
    throw fileError(file, 'header', 'a JSON object', 'something else');
  }
}

/** A tensor of 16-bit codes, to be written. */
export interface CodeTensor {
  readonly shape: readonly number[];
  readonly data: Int16Array;
}

/** Writes 16-bit tensors in the given order; the same input gives the same bytes. */
export function formatSafetensors(
  tensors: ReadonlyMap<string, CodeTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`${name}: data must be ${sizeOf(shape)} values, got ${data.length}`);
    }
    header[name] = { dtype: 'I16', shape, data_offsets: [at, at + 2 * data.length] };
    at += 2 * data.length;
  }
  const text = JSON.stringify(header);
  // Spaces after the header let the data begin at a multiple of 8 bytes.
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + head.length + at);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  let to = 8 + head.length;
  for (const { data } of tensors.values()) {
    for (const code of data) {
      view.setInt16(to, code, true);
      to += 2;
    }
  }
  return bytes;
}
