import type { ByteScratch } from './byte-scratch.js';
import { CODE_BYTES, codeFor, U16, U32, U8 } from './number-column.js';
import type { WaveColumn } from './wave-column.js';

/** Moments of a column that are evenly spaced: the first and the step, each in 32 bits. Other forms are 0, 1, 2: bytes as a power. */
export const EVEN = 3;
/** Code of the values of an event: there are none. */
export const NO_VALUES = 7;

/** What the last pass over a column found: the largest distance, or the range of values. */
const found = { largest: 0, isEven: false, min: 0, max: 0, isWhole: true };

/**
 * Appends the moments of a column: the first, then the distance to each next one, in 1, 2 or 4 bytes; or, where all distances
 * are equal and there are more than 8, the first and that. Returns the form.
 */
export function encodeMoments(out: ByteScratch, { moments, count }: WaveColumn): number {
  const before = out.at;
  let form = 0;
  // A byte is nearly always enough: one pass writes and measures.
  const at = out.take(count, 1);
  distances8(out.u8, at, moments, count);
  if (found.isEven && count > 8) form = EVEN;
  else if (found.largest > 0xff) form = found.largest <= 0xffff ? 1 : 2;
  if (form === 0) return 0;
  out.at = before;
  if (form === EVEN) {
    const pair = out.take(2, 4);
    out.u32[pair] = moments[0]!;
    out.u32[pair + 1] = moments[1]! - moments[0]!;
    return EVEN;
  }
  const place = out.take(count, 1 << form);
  if (form === 1) distances16(out.u16, place, moments, count);
  else distances32(out.u32, place, moments, count);
  return form;
}

// One loop for each kind of array: a loop that meets several is many times slower.

function distances8(to: Uint8Array, at: number, moments: Uint32Array, count: number): void {
  let last = moments[0]!;
  const step = count > 1 ? moments[1]! - last : 1;
  let largest = last;
  let uneven = 0;
  to[at] = last;
  for (let i = 1; i < count; i++) {
    const moment = moments[i]!;
    const distance = moment - last;
    to[at + i] = distance;
    if (distance > largest) largest = distance;
    uneven |= distance ^ step;
    last = moment;
  }
  found.largest = largest;
  found.isEven = uneven === 0;
}

function distances16(to: Uint16Array, at: number, moments: Uint32Array, count: number): void {
  for (let i = 0, last = 0; i < count; i++) {
    const moment = moments[i]!;
    to[at + i] = moment - last;
    last = moment;
  }
}

function distances32(to: Uint32Array, at: number, moments: Uint32Array, count: number): void {
  for (let i = 0, last = 0; i < count; i++) {
    const moment = moments[i]!;
    to[at + i] = moment - last;
    last = moment;
  }
}

/** Appends the values of a column and returns their code; −1 when one is no value of the wave's type. */
export function encodeValues(out: ByteScratch, column: WaveColumn): number {
  const { values, count, stride, shape } = column;
  if (stride === 0) return NO_VALUES;
  const before = out.at;
  const total = count * stride;
  // What was enough for the last chunk nearly always is for this one.
  let code = column.code;
  put(out, code, values, total);
  if (!(found.isWhole && found.min >= shape.min && found.max <= shape.max)) return -1;
  const smallest = codeFor(found.min, found.max);
  if (smallest === code) return code;
  code = column.code = smallest;
  out.at = before;
  put(out, code, values, total);
  return code;
}

/** A negative number has the same bits in an unsigned element. */
function put(out: ByteScratch, code: number, values: Float64Array, total: number): void {
  const size = CODE_BYTES[code]!;
  const at = out.take(total, size);
  if (size === CODE_BYTES[U8]) values8(out.u8, at, values, total);
  else if (size === CODE_BYTES[U16]) values16(out.u16, at, values, total);
  else if (size === CODE_BYTES[U32]) values32(out.u32, at, values, total);
  else values64(out.f64, at, values, total);
}

/** Place of the first lane that is no value of the column's type. */
export function firstWrong({ values, count, stride, shape }: WaveColumn): number {
  return values
    .subarray(0, count * stride)
    .findIndex((value) => !(value >= shape.min && value <= shape.max && Number.isInteger(value)));
}

function values8(to: Uint8Array, at: number, values: Float64Array, total: number): void {
  let min = values[0]!;
  let max = min;
  let isWhole = true;
  for (let i = 0; i < total; i++) {
    const value = values[i]!;
    to[at + i] = value;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  found.min = min;
  found.max = max;
  found.isWhole = isWhole;
}

function values16(to: Uint16Array, at: number, values: Float64Array, total: number): void {
  let min = values[0]!;
  let max = min;
  let isWhole = true;
  for (let i = 0; i < total; i++) {
    const value = values[i]!;
    to[at + i] = value;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  found.min = min;
  found.max = max;
  found.isWhole = isWhole;
}

function values32(to: Uint32Array, at: number, values: Float64Array, total: number): void {
  let min = values[0]!;
  let max = min;
  let isWhole = true;
  for (let i = 0; i < total; i++) {
    const value = values[i]!;
    to[at + i] = value;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  found.min = min;
  found.max = max;
  found.isWhole = isWhole;
}

function values64(to: Float64Array, at: number, values: Float64Array, total: number): void {
  let min = values[0]!;
  let max = min;
  let isWhole = true;
  for (let i = 0; i < total; i++) {
    const value = values[i]!;
    // Adding 0 makes −0 the 0 that it means.
    to[at + i] = value + 0;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  found.min = min;
  found.max = max;
  found.isWhole = isWhole;
}

/** Writes the times of moments as distances, the first from `from`; returns the code of their elements. */
export function encodeAxis(out: ByteScratch, times: Float64Array, count: number, from: number): number {
  let largest = 0;
  for (let i = 0, last = from; i < count; i++) {
    const time = times[i]!;
    if (time - last > largest) largest = time - last;
    last = time;
  }
  const code = codeFor(0, largest);
  const at = out.take(count, CODE_BYTES[code]!);
  const to = code === U8 ? out.u8 : code === U16 ? out.u16 : code === U32 ? out.u32 : out.f64;
  for (let i = 0, last = from; i < count; i++) {
    const time = times[i]!;
    to[at + i] = time - last;
    last = time;
  }
  return code;
}
