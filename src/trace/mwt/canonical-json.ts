import { createHash } from 'node:crypto';
import { ConfigError } from '../../kernel/index.js';

/** Plain data. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON that is one text for one meaning: keys in the order of their UTF-16 units, no spaces; keys without a value are left out.
 *
 * @throws ConfigError for what JSON cannot hold: NaN, infinities, functions, class instances; it names the place
 */
export function canonicalJson(value: Json, path: string, field: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value))
    return `[${value.map((element: Json, i) => canonicalJson(element, path, `${field}[${i}]`)).join(',')}]`;
  if (!isPlain(value)) throw new ConfigError(path, field, 'plain data that JSON can hold', value);
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined)
      members.push(`${JSON.stringify(key)}:${canonicalJson(member, path, `${field}.${key}`)}`);
  }
  return `{${members.join(',')}}`;
}

function isPlain(value: unknown): value is { readonly [key: string]: Json | undefined } {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** SHA-256 of a text, in hexadecimal digits. */
export const hashOf = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
