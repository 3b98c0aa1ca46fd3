import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DataSetError, fileError } from './errors.js';

/** Images and labels that belong together, as the bytes of the files. */
export interface LabelledImages {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [count, channels, height, width], 0 to 255. */
  readonly images: Uint8Array;
  /** [count] class numbers. */
  readonly labels: Uint8Array;
}

export type Split = 'train' | 'test';

/** An array of unsigned bytes out of an IDX file. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads the bytes of an IDX file: two zero bytes, the element type, the number of dimensions, each dimension as a
 * big-endian 32-bit number, then the elements. Only type 0x08, unsigned byte, is accepted. A gzip stream is unpacked.
 *
 * @param file name used in messages
 * @throws FileFormatError for a wrong magic number, another element type, missing or left-over bytes
 */
export function parseIdx(bytes: Uint8Array, file: string): IdxArray {
  const raw = unpack(bytes, file);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (raw.length < 4) throw fileError(file, 'length', 'at least 4 bytes', `${raw.length} bytes`);
  const magic = view.getUint32(0);
  if (magic >>> 16 !== 0) {
    throw fileError(file, 'magic number', '0x000008nn, an IDX file of bytes', `0x${hex(magic)}`);
  }
  if (((magic >>> 8) & 0xff) !== 0x08) {
    throw fileError(file, 'element type', '0x08, unsigned byte', `0x${hex(magic).slice(4, 6)}`);
  }
  const dimensions = magic & 0xff;
  const header = 4 + 4 * dimensions;
  if (dimensions === 0 || raw.length < header) {
    throw fileError(file, 'header', 'complete', `${raw.length} bytes for ${dimensions} dimensions`);
  }
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const wanted = shape.reduce((product, side) => product * side, 1);
  const got = raw.length - header;
  if (got !== wanted) {
    const kind = got < wanted ? 'truncated: ' : '';
    throw fileError(file, 'data', `${wanted} bytes for shape [${shape.join(', ')}]`, `${kind}${got} bytes`);
  }
  return { shape, data: raw.subarray(header) };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function unpack(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not readable';
    throw fileError(file, 'gzip stream', 'complete and undamaged', reason);
  }
}

function readIdxFile(file: string): IdxArray {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not readable';
    throw fileError(file, 'file', 'readable', reason);
  }
  return parseIdx(bytes, file);
}

const prefix: Record<Split, string> = { train: 'train', test: 't10k' };

/** The names under which a part of a data set is looked for, best first. */
export function idxFileNames(split: Split, part: 'images' | 'labels'): string[] {
  const rank = part === 'images' ? 'idx3' : 'idx1';
  const stems = [`${prefix[split]}-${part}-${rank}-ubyte`, `${prefix[split]}-${part}.${rank}-ubyte`];
  return stems.flatMap((stem) => [stem, `${stem}.gz`]);
}

function findFile(folder: string, split: Split, part: 'images' | 'labels'): string {
  const names = idxFileNames(split, part);
  const found = names.map((name) => join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw fileError(folder, `${split} ${part}`, `a file named ${names.join(' or ')}`, 'none of them');
}

/**
 * Loads one split of a data set kept as IDX files (the format of MNIST, Fashion-MNIST, KMNIST): `train-` or `t10k-`
 * images and labels, plain or gzipped, names with `-idx3-ubyte` or `.idx3-ubyte`. Images have 3 dimensions (count,
 * rows, columns) or 4 (count, channels, rows, columns).
 *
 * @throws FileFormatError naming the file, DataSetError when images and labels do not go together
 */
export function loadIdxFolder(folder: string, split: Split): LabelledImages {
  const imageFile = findFile(folder, split, 'images');
  const labelFile = findFile(folder, split, 'labels');
  const images = readIdxFile(imageFile);
  if (images.shape.length !== 3 && images.shape.length !== 4) {
    const got =
      images.shape.length === 1 ? '1 dimension: this is a label file' : `${images.shape.length} dimensions`;
    throw fileError(imageFile, 'images', 'of 3 or 4 dimensions (magic 0x00000803 or 0x00000804)', got);
  }
  const labels = readIdxFile(labelFile);
  if (labels.shape.length !== 1) {
    const got =
      labels.shape.length === 3 ? '3 dimensions: this is an image file' : `${labels.shape.length} dimensions`;
    throw fileError(labelFile, 'labels', 'of 1 dimension (magic 0x00000801)', got);
  }
  const [count = 0] = images.shape;
  const [labelCount = 0] = labels.shape;
  if (labelCount !== count) {
    throw new DataSetError([
      {
        path: labelFile,
        field: 'labels',
        wanted: `${count}, one for each image of ${imageFile}`,
        got: `${labelCount}`,
      },
    ]);
  }
  const [channels = 1, height = 0, width = 0] =
    images.shape.length === 4 ? images.shape.slice(1) : [1, ...images.shape.slice(1)];
  return { count, channels, height, width, images: images.data, labels: labels.data };
}
