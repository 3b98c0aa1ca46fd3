import { inflateSync } from 'node:zlib';
import { Unpackr } from 'msgpackr';
import { type ChunkHead, DEFLATED } from './layout.js';
import { CODE_BYTES, type Column, columnOf, F64 } from './number-column.js';

/** What is wrong with a payload. */
export class PayloadError extends Error {}

/** Bytes of a payload that a reader unpacks at most. */
const MOST_BYTES = 2 ** 31;

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

export type Fields = Readonly<Record<string, unknown>>;

/** The payload's fields. @throws PayloadError */
export function unpackPayload(stored: Buffer, { flags, rawBytes }: ChunkHead): Fields {
  if (rawBytes > MOST_BYTES)
    throw new PayloadError(`wanted a payload of at most 2 GiB, got ${rawBytes} bytes`);
  let raw = stored;
  let fields: unknown;
  try {
    if ((flags & DEFLATED) !== 0) raw = inflateSync(stored, { maxOutputLength: Math.max(1, rawBytes) });
    fields = raw.length === rawBytes ? unpackr.unpack(raw) : null;
  } catch (error) {
    throw new PayloadError(
      `wanted a payload, got ${error instanceof Error ? error.message : 'something else'}`,
    );
  }
  return fieldsOf(fields, 'payload');
}

/** @throws PayloadError unless it is a map */
export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    throw new PayloadError(`wanted a map as ${name}, got something else`);
  return value as Fields;
}

/** @throws PayloadError unless it is bytes, `length` of them where that is given */
export function bytesOf(fields: Fields, name: string, length?: number): Uint8Array {
  const value = fields[name];
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new PayloadError(`wanted ${length ?? 'some'} bytes as ${name}, got something else`);
  return value;
}

/** A column of numbers, `count` of them where that is given, each from `min` to `max` and whole. @throws PayloadError */
export function wholesOf(fields: Fields, name: string, min: number, max: number, count?: number): Column {
  const column = numbersOf(fields, name, count);
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    if (!(value >= min && value <= max && Number.isInteger(value)))
      throw new PayloadError(`wanted integers from ${min} to ${max} as ${name}, got ${value}`);
  }
  return column;
}

/** A column of any numbers. @throws PayloadError */
export function numbersOf(fields: Fields, name: string, count?: number): Column {
  const value = fields[name];
  if (Array.isArray(value) && value.length === 2) {
    const code: unknown = value[0];
    const bytes: unknown = value[1];
    if (isCode(code) && bytes instanceof Uint8Array && bytes.length % CODE_BYTES[code]! === 0) {
      const column = columnOf(code, bytes);
      if (count === undefined || column.length === count) return column;
    }
  }
  throw new PayloadError(`wanted a column of ${count ?? 'some'} numbers as ${name}, got something else`);
}

const isCode = (code: unknown): code is number =>
  typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= F64;
