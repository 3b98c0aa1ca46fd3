import { ConfigError } from '../../kernel/index.js';

/**
 * What the top controller needs to know of one layer. Addresses are in units of 4096 bytes; sizes in words, rows, pixels
 * or filters; everything else as named. A group is a layer of C/g channels and M/g filters.
 */
const FIELDS = [
  // Input tensor [groups · channels, inH, inW].
  ['inputPage', 21],
  ['groups', 16],
  ['channels', 16],
  ['inH', 16],
  ['inW', 16],
  // Kernel and walk.
  ['kernelH', 16],
  ['kernelW', 16],
  ['strideY', 16],
  ['strideX', 16],
  ['dilY', 16],
  ['dilX', 16],
  ['padY', 16],
  ['padX', 16],
  ['outH', 16],
  ['outW', 16],
  // Filters: M/g, panels of n filters that one A half holds (p), slices of a panel (K').
  ['filters', 16],
  ['panels', 10],
  ['kprime', 17],
  ['weightPage', 21],
  // 1 when a panel's slices do not fit the cache: sums are then cut at every partChannels channels, p is 1, and bandRows is outH.
  ['parted', 1],
  ['partChannels', 16],
  // Bias slice: 1 if there is one, and its exponent.
  ['bias', 1],
  ['biasExp', 4],
  // Whole output rows of a band, and the layout of the B half.
  ['bandRows', 16],
  ['q', 16],
  ['u', 16],
  ['wbank', 16],
  ['hband', 16],
  // Rounding.
  ['shift', 5],
  ['relu', 1],
  ['stochastic', 1],
  ['seed', 32],
  ['image', 32],
  ['layer', 16],
  ['layers', 16],
  // Pooling: 0 none, 1 max, 2 average.
  ['poolMode', 2],
  ['poolSizeY', 4],
  ['poolSizeX', 4],
  ['poolStrideY', 4],
  ['poolStrideX', 4],
  ['poolOutH', 16],
  ['poolOutW', 16],
  // Output tensor [groups · filters, poolOutH, poolOutW].
  ['outputPage', 21],
] as const;

export type DescriptorField = (typeof FIELDS)[number][0];
export type LayerDescriptor = Readonly<Record<DescriptorField, number>>;

/** Bytes of a page: tensors begin at multiples of it. */
export const PAGE_BYTES = 4096;

/** 32-bit words of a packed descriptor. Fields are packed in order, least significant first; none straddles a word. */
export const DESCRIPTOR_WORDS = place((_field, word) => word).at(-1)! + 1;

function place<T>(visit: (field: (typeof FIELDS)[number], word: number, bit: number) => T): T[] {
  let word = 0;
  let bit = 0;
  return FIELDS.map((field) => {
    if (bit + field[1] > 32) {
      word += 1;
      bit = 0;
    }
    const result = visit(field, word, bit);
    bit += field[1];
    return result;
  });
}

/** Filters of a layer, all groups together: rows of results carry their filter in 16 bits. */
const MOST_FILTERS = 2 ** 16;

/** Packs a descriptor into 32-bit words. @throws ConfigError for a value that does not fit its field, and for too many filters */
export function packDescriptor(path: string, descriptor: LayerDescriptor): Float64Array {
  const words = new Float64Array(DESCRIPTOR_WORDS);
  place(([name, width], word, bit) => {
    const value = descriptor[name];
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** width) {
      throw new ConfigError(path, name, `an integer from 0 to ${2 ** width - 1}`, value);
    }
    words[word]! += value * 2 ** bit;
  });
  const filters = descriptor.groups * descriptor.filters;
  if (filters > MOST_FILTERS)
    throw new ConfigError(path, 'groups · filters', `at most ${MOST_FILTERS}`, filters);
  return words;
}

/** Reads a packed descriptor back. */
export function unpackDescriptor(words: ArrayLike<number>): LayerDescriptor {
  const descriptor: Partial<Record<DescriptorField, number>> = {};
  place(([name, width], word, bit) => {
    descriptor[name] = Math.floor(words[word]! / 2 ** bit) % 2 ** width;
  });
  return descriptor as LayerDescriptor;
}
