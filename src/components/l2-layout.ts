import { ConfigError } from '../kernel/index.js';

/**
 * The arithmetic of the L2 cache: which bank and which address hold an activation, and how many filter panels and
 * output rows fit. Pure functions of whole numbers, for the compiler, the controller and the address generators.
 *
 * B half: activations once each, in Nb single-word banks, Nb the smallest odd prime >= n. With y counted from the
 * band's first stored row and c from the group's first channel:
 *
 *     bank = (x + Q·y + W·(c mod u)) mod Nb        u = max(1, ⌊Nb/W⌋) channels share a row of the banks
 *     addr = ((c div u)·Hband + y)·w + x div Nb    w = ⌈W/Nb⌉ words of a row in a bank
 *
 * Q solves Q·strideY ≡ strideX·OW (mod Nb), so that output pixel f (flattened) lands at strideX·f + constant for every
 * tap, dilation and padding; any n consecutive output pixels, across rows too, meet n different banks. For equal
 * strides Q = OW mod Nb.
 *
 * Source: the machine contract, section 6; the solution for unequal strides is our own derivation.
 */

/** 16-bit words of a beat of the memory bus, 256 bits: what slices are padded to in DDR3. */
export const BEAT_WORDS = 16;
/** Words of 16 bits that one BRAM36 gives each half of a B bank: 2K × 18, two halves. */
export const B_WORDS_PER_BRAM = 1024;
/** Slices of four words that one BRAM36 holds for the A halves: 512 × 72. */
const A_SLICES_PER_BRAM = 512;
const A_WORDS_PER_BRAM = 4;

/** How a layer's activations lie in the B half. */
export interface BLayout {
  /** Number of banks: the smallest odd prime >= n. */
  readonly nb: number;
  /** Bank step from one input row to the next, 0 to nb − 1. */
  readonly q: number;
  /** Channels that share one row of the banks, 1 to nb. */
  readonly u: number;
  /** Addresses that a row takes in a bank. */
  readonly w: number;
  /** Input width W, words. */
  readonly width: number;
  /** Rows allocated a channel, Hband: the most rows that any band of the layer stores. */
  readonly bandRows: number;
}

/** What the layout depends on. */
export interface BLayoutSpec {
  /** Array size: columns of the array, pixels of a tile. */
  readonly n: number;
  /** Input width W, words. */
  readonly width: number;
  /** Rows allocated a channel, Hband. */
  readonly bandRows: number;
  /** Output size, pixels. */
  readonly outWidth: number;
  readonly outHeight: number;
  readonly strideX: number;
  readonly strideY: number;
}

/** The geometry of a layer along its height, for cutting it into bands. */
export interface BandSpec extends Omit<BLayoutSpec, 'bandRows'> {
  /** Input height, rows. */
  readonly height: number;
  /** Input channels of a group, C/g. */
  readonly channels: number;
  readonly kernelHeight: number;
  readonly dilationY: number;
  readonly padTop: number;
}

/** One band: some whole output rows and the input rows that they need. */
export interface Band {
  /** First output row and number of output rows. */
  readonly outRow: number;
  readonly outRows: number;
  /** Output pixels. */
  readonly pixels: number;
  /** Input row of the first output row's tap 0; negative in the padding. */
  readonly row0: number;
  /** First input row that is stored, and how many are. */
  readonly firstRow: number;
  readonly rows: number;
}

const ME = 'l2-layout';

function whole(field: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new ConfigError(ME, field, `an integer >= ${least}`, value);
}

/** Number of B banks for an n × n array: the smallest odd prime >= n. @throws ConfigError */
export function bankCount(n: number): number {
  whole('n', n, 1);
  for (let p = Math.max(3, n); ; p++) if (isOddPrime(p)) return p;
}

function isOddPrime(p: number): boolean {
  if (p % 2 === 0) return false;
  for (let d = 3; d * d <= p; d += 2) if (p % d === 0) return false;
  return p >= 3;
}

/**
 * The layout of a layer's activations in the B half.
 * @throws ConfigError when a stride is a multiple of the number of banks (a stride that no step uses does not count:
 * along x when the output is one pixel wide, along y when it is one high; nor any for n = 1).
 */
export function bLayout(spec: BLayoutSpec): BLayout {
  const { n, width, bandRows, outWidth, outHeight, strideX, strideY } = spec;
  whole('width', width, 1);
  whole('bandRows', bandRows, 0);
  whole('outWidth', outWidth, 1);
  whole('outHeight', outHeight, 1);
  whole('strideX', strideX, 1);
  whole('strideY', strideY, 1);
  const nb = bankCount(n);
  const u = Math.max(1, Math.floor(nb / width));
  const w = Math.ceil(width / nb);
  // A multiple of Nb that no step uses may as well be any other number.
  const sx = strideX % nb || (n === 1 || outWidth === 1 ? 1 : 0);
  const sy = strideY % nb || (n === 1 || outHeight === 1 ? 1 : 0);
  const wanted = `no multiple of the number of banks, ${nb}, for an array of ${n} columns`;
  if (sx === 0) throw new ConfigError(ME, 'strideX', wanted, strideX);
  if (sy === 0) throw new ConfigError(ME, 'strideY', wanted, strideY);
  let q = 0;
  while ((q * sy) % nb !== (sx * outWidth) % nb) q += 1;
  return { nb, q, u, w, width, bandRows };
}

/** Bank of the activation at column x, row y of the band's stored rows, channel c of the group. */
export function bankOf(layout: BLayout, x: number, y: number, c: number): number {
  const { nb, q, u, width } = layout;
  return (x + q * y + width * (c % u)) % nb;
}

/** Address of the same activation within its bank's half. */
export function addressOf(layout: BLayout, x: number, y: number, c: number): number {
  const { nb, u, w, bandRows } = layout;
  return (Math.floor(c / u) * bandRows + y) * w + Math.floor(x / nb);
}

/** Addresses that a band takes in each bank, all channels of the group. */
export function bandWords(layout: BLayout, channels: number): number {
  return Math.ceil(channels / layout.u) * layout.bandRows * layout.w;
}

/** Cuts a layer into bands of `outRows` output rows each (the last may have fewer), in order. */
export function cutBands(spec: BandSpec, outRows: number): Band[] {
  const { height, outWidth, outHeight, kernelHeight, strideY, dilationY, padTop } = spec;
  whole('outRows', outRows, 1);
  const bands: Band[] = [];
  for (let outRow = 0; outRow < outHeight; outRow += outRows) {
    const count = Math.min(outRows, outHeight - outRow);
    const row0 = outRow * strideY - padTop;
    const end = Math.min(height, row0 + (count - 1) * strideY + (kernelHeight - 1) * dilationY + 1);
    // A band that lies in the padding altogether stores nothing; its first row is then meaningless but in range.
    const firstRow = Math.min(Math.max(0, row0), height - 1);
    bands.push({
      outRow,
      outRows: count,
      pixels: count * outWidth,
      row0,
      firstRow,
      rows: Math.max(0, end - Math.max(0, row0)),
    });
  }
  return bands;
}

/** Hband of a layer that is cut into these bands: the most rows that one of them stores, at least 1. */
export function bandRowsOf(bands: readonly Band[]): number {
  return bands.reduce((most, band) => Math.max(most, band.rows), 1);
}

/**
 * As many whole output rows a band as fit in `bankWords` words a bank of one B half, with all channels of the group.
 * 0 when not even one fits: the layer must then be blocked over its channels.
 * @throws ConfigError for a size that is no positive integer
 */
export function bandRowsThatFit(spec: BandSpec, bankWords: number): number {
  whole('bankWords', bankWords, 1);
  for (const field of ['height', 'channels', 'kernelHeight', 'dilationY'] as const)
    whole(field, spec[field], 1);
  const fits = (outRows: number): boolean =>
    bandWords(bLayout({ ...spec, bandRows: bandRowsOf(cutBands(spec, outRows)) }), spec.channels) <=
    bankWords;
  let outRows = spec.outHeight;
  while (outRows > 0 && !fits(outRows)) outRows -= 1;
  return outRows;
}

/** Words of DDR3 that one slice of an A panel takes: n lanes padded to whole beats of 16 words. */
export const paddedSliceWords = (n: number): number => BEAT_WORDS * Math.ceil(n / BEAT_WORDS);

/** BRAM36 that both A halves take, of `slices` slices of n words each half: ⌈n/4⌉·⌈2·slices/512⌉. */
export function aBram36(n: number, slices: number): number {
  return Math.ceil(n / A_WORDS_PER_BRAM) * Math.ceil((2 * slices) / A_SLICES_PER_BRAM);
}

/** BRAM36 that the B banks take, with `brams` BRAM36 a bank (1024·brams words a bank a half). */
export function bBram36(n: number, brams: number): number {
  return bankCount(n) * brams;
}

/** Slices a half of A that fit in what `bram36` leaves after the B banks and the buffers. */
export function aSlicesThatFit(spec: {
  readonly n: number;
  /** BRAM36 of the chip (445 in the XC7K325T), of one B bank, and of all other buffers. */
  readonly bram36: number;
  readonly bramsPerBank: number;
  readonly bufferBram36: number;
}): number {
  const { n, bram36, bramsPerBank, bufferBram36 } = spec;
  const left = bram36 - bBram36(n, bramsPerBank) - bufferBram36;
  const groups = Math.floor(left / Math.ceil(n / A_WORDS_PER_BRAM));
  return Math.max(0, Math.floor((groups * A_SLICES_PER_BRAM) / 2));
}

/**
 * Panels p of a filter block: ⌊slices/K'⌋, at most ⌈filters/n⌉ and ⌊512/n⌋ (the write path's combining buffers, one a
 * filter). 0 when not even one panel fits: the layer must then be blocked over its channels.
 */
export function panelsThatFit(spec: {
  readonly n: number;
  /** Slices that one A half holds. */
  readonly slices: number;
  /** Slices of a panel, K', the bias slice included. */
  readonly kprime: number;
  /** Filters of the group, M/g. */
  readonly filters: number;
}): number {
  const { n, slices, kprime, filters } = spec;
  whole('kprime', kprime, 1);
  whole('filters', filters, 1);
  return Math.min(Math.floor(slices / kprime), Math.ceil(filters / n), Math.max(1, Math.floor(512 / n)));
}
