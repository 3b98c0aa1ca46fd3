import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDataSet, imageBytes, imageCodes, loadDataSet } from '../../src/networks/data-set.js';
import { DataSetError, FileFormatError } from '../../src/networks/errors.js';
import { loadIdxFolder, parseIdx } from '../../src/networks/idx.js';
import { parseNetwork } from '../../src/networks/network.js';

function idx(shape: readonly number[], data: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x800 + shape.length);
  shape.forEach((side, axis) => header.writeUInt32BE(side, 4 + 4 * axis));
  return Buffer.concat([header, Uint8Array.from(data)]);
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'marblewave-idx-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, bytes: Uint8Array): void {
  writeFileSync(join(folder, name), bytes);
}

const images = idx([2, 1, 3], [0, 128, 255, 1, 2, 3]);
const labels = idx([2], [1, 0]);

describe('parseIdx', () => {
  it('reads what was written, plain or gzipped', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.boolean(), (shape, zipped) => {
        const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37) & 255);
        const bytes = idx(shape, data);
        const array = parseIdx(zipped ? gzipSync(bytes) : bytes, 'a');
        expect([array.shape, [...array.data]]).toEqual([shape, [...data]]);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses the file at every length it may be cut to, plain or gzipped', () => {
    for (const whole of [images, gzipSync(images)]) {
      for (let length = 0; length < whole.length; length++) {
        expect(() => parseIdx(whole.subarray(0, length), 'cut')).toThrow(FileFormatError);
      }
    }
  });

  it('says what is foreign about a file', () => {
    expect(() => parseIdx(Buffer.from('PNG, say'), 'a.png')).toThrow(
      'a.png: magic number must be 0x000008nn, an IDX file of bytes, got 0x504e472c',
    );
    expect(() => parseIdx(Buffer.from('00000d0100000000', 'hex'), 'f')).toThrow(
      'f: element type must be 0x08, unsigned byte, got 0x0d',
    );
    expect(() => parseIdx(Buffer.concat([labels, Buffer.from([9])]), 'l')).toThrow(
      'l: data must be 2 bytes for shape [2], got 3 bytes',
    );
    expect(() => parseIdx(labels.subarray(0, 9), 'l')).toThrow('got truncated: 1 bytes');
  });
});

describe('loadIdxFolder', () => {
  it.each([
    ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
    ['train-images.idx3-ubyte', 'train-labels.idx1-ubyte.gz'],
    ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte'],
  ])('finds %s and %s', (imageName, labelName) => {
    put(imageName, imageName.endsWith('.gz') ? gzipSync(images) : images);
    put(labelName, labelName.endsWith('.gz') ? gzipSync(labels) : labels);
    const data = loadIdxFolder(folder, 'train');
    expect(data).toMatchObject({ count: 2, channels: 1, height: 1, width: 3 });
    expect([...imageBytes(data, 1)]).toEqual([1, 2, 3]);
    expect([...data.labels]).toEqual([1, 0]);
    expect(() => imageBytes(data, 2)).toThrow(RangeError);
  });

  it('takes images with channels', () => {
    put('t10k-images-idx3-ubyte', idx([1, 3, 1, 2], [1, 2, 3, 4, 5, 6]));
    put('t10k-labels-idx1-ubyte', idx([1], [0]));
    expect(loadIdxFolder(folder, 'test')).toMatchObject({ count: 1, channels: 3, height: 1, width: 2 });
  });

  it('names the folder and the files it looked for', () => {
    expect(() => loadIdxFolder(folder, 'test')).toThrow(
      `${folder}: test images must be a file named t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz or ` +
        't10k-images.idx3-ubyte or t10k-images.idx3-ubyte.gz, got none of them',
    );
  });

  it('notices a label file in the place of the images, and the other way round', () => {
    put('train-images-idx3-ubyte', labels);
    put('train-labels-idx1-ubyte', labels);
    expect(() => loadIdxFolder(folder, 'train')).toThrow('got 1 dimension: this is a label file');
    put('train-images-idx3-ubyte', images);
    put('train-labels-idx1-ubyte', images);
    expect(() => loadIdxFolder(folder, 'train')).toThrow('got 3 dimensions: this is an image file');
  });

  it('refuses images and labels that differ in number', () => {
    put('train-images-idx3-ubyte', images);
    put('train-labels-idx1-ubyte', idx([3], [0, 1, 2]));
    expect(() => loadIdxFolder(folder, 'train')).toThrow(DataSetError);
    expect(() => loadIdxFolder(folder, 'train')).toThrow(/labels must be 2, one for each image of .*, got 3/);
  });
});

describe('loadDataSet', () => {
  const network = parseNetwork({
    name: 'tiny',
    input: { channels: 1, height: 1, width: 3 },
    layers: [{ kind: 'dense', units: 2 }],
  });

  it('brings MNIST along', () => {
    const data = loadDataSet({ split: 'test' });
    expect(data).toMatchObject({ name: 'mnist', count: 10_000, channels: 1, height: 28, width: 28 });
    expect([...data.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it('refuses labels that the network has no output for, and images of another shape', () => {
    put('train-images-idx3-ubyte', images);
    put('train-labels-idx1-ubyte', idx([2], [1, 2]));
    const data = loadDataSet({ dir: folder, split: 'train' });
    expect(() => checkDataSet(network, data)).toThrow(
      `${folder} (train): label of image 1 must be below 2, the number of classes of network tiny, got 2`,
    );
    expect(() => checkDataSet(network, loadDataSet({ split: 'test' }))).toThrow(
      'mnist (test): images must be 1x1x3, the input of network tiny, got 1x28x28',
    );
  });
});

describe('imageCodes', () => {
  it('rounds x / 255 to the nearest multiple of 2^-fl', () => {
    // 128 / 255 * 1024 = 514.007..., 2 / 255 * 1024 = 8.03..., 5 / 255 * 16 = 0.31...
    expect([...imageCodes(Uint8Array.of(0, 2, 128, 255), 10)]).toEqual([0, 8, 514, 1024]);
    expect([...imageCodes(Uint8Array.of(5, 8, 255), 4)]).toEqual([0, 1, 16]);
    expect([...imageCodes(Uint8Array.of(255), 15)]).toEqual([32767]);
  });
});
