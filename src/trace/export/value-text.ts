import type { WaveSignal, WaveType, WaveValue } from '../waves.js';

/** How a value is written: by its type (the default), or all in one way. `fixed` is decimal with the fraction where the type has one. */
export type Radix = 'auto' | 'hex' | 'dec' | 'bin' | 'fixed';

export const RADICES: readonly Radix[] = ['auto', 'hex', 'dec', 'bin', 'fixed'];

/**
 * A value as text without commas. A bus of lanes is `[lane0 lane1 …]`; hexadecimal has `0x` and a digit for each four bits, of which
 * `X` is partly unknown, `x` and `z` wholly so; a decimal of which any bit is x or z is `x`, `z` or its bits, `0b1x0`. An event is nothing.
 */
export function valueText(signal: WaveSignal, value: WaveValue, radix: Radix): string {
  if (signal.kind !== 'bits') return String(value);
  const bits = String(value);
  if (signal.lanes === 1) return laneText(bits, signal.type, radix);
  const parts = lanesOf(bits, signal.lanes).map((lane) => laneText(lane, signal.type, radix));
  return `[${parts.join(' ')}]`;
}

/** The bits of each lane, lane 0 first. */
export function lanesOf(bits: string, lanes: number): string[] {
  const width = bits.length / lanes;
  return Array.from({ length: lanes }, (_, lane) => {
    const end = bits.length - lane * width;
    return bits.slice(end - width, end);
  });
}

/** The integer that the bits of a lane stand for: two's complement where the type has a sign. Null with an x or z in it. */
export function laneInteger(bits: string, type: WaveType | null): bigint | null {
  if (/[^01]/.test(bits)) return null;
  const value = BigInt(`0b${bits}`);
  return isSigned(type) && bits.startsWith('1') ? value - (1n << BigInt(bits.length)) : value;
}

/** The number that the bits of a lane stand for, fraction included; null with an x or z in it. Exact up to 53 bits. */
export function laneNumber(bits: string, type: WaveType | null): number | null {
  const integer = laneInteger(bits, type);
  return integer === null ? null : Number(integer) / 2 ** (type?.fraction ?? 0);
}

const isSigned = (type: WaveType | null): boolean => type?.kind === 'int' || type?.kind === 'fixed';

function laneText(bits: string, type: WaveType | null, radix: Radix): string {
  if (bits.length === 1 && (radix === 'auto' || radix === 'hex')) return bits;
  switch (radix) {
    case 'bin':
      return bits.length === 1 ? bits : `0b${bits}`;
    case 'hex':
      return hexadecimal(bits);
    case 'auto':
      return type === null || type.kind === 'bits' ? hexadecimal(bits) : decimal(bits, type, true);
    default:
      return decimal(bits, type, radix === 'fixed');
  }
}

function decimal(bits: string, type: WaveType | null, scaled: boolean): string {
  const integer = laneInteger(bits, type);
  if (integer === null) return sameBits(bits) ? bits[0]! : `0b${bits}`;
  const fraction = scaled ? (type?.fraction ?? 0) : 0;
  return fraction > 0 ? withFraction(integer, fraction) : integer.toString();
}

/** integer · 2^−fraction, exactly. */
function withFraction(integer: bigint, fraction: number): string {
  const sign = integer < 0n ? '-' : '';
  const magnitude = integer < 0n ? -integer : integer;
  const whole = magnitude >> BigInt(fraction);
  const rest = (magnitude & ((1n << BigInt(fraction)) - 1n)) * 5n ** BigInt(fraction);
  const digits = rest.toString().padStart(fraction, '0').replace(/0+$/, '');
  return `${sign}${whole}${digits === '' ? '' : `.${digits}`}`;
}

function hexadecimal(bits: string): string {
  if (sameBits(bits) && /[xz]/.test(bits[0]!)) return bits[0]!;
  const digits = Math.ceil(bits.length / 4);
  const padded = bits.padStart(4 * digits, /[xz]/.test(bits[0]!) ? bits[0]! : '0');
  let text = '0x';
  for (let at = 0; at < padded.length; at += 4) text += hexDigit(padded.slice(at, at + 4));
  return text;
}

function hexDigit(bits: string): string {
  if (!/[xz]/.test(bits)) return Number.parseInt(bits, 2).toString(16);
  return sameBits(bits) ? bits[0]! : 'X';
}

const sameBits = (bits: string): boolean => bits === bits[0]!.repeat(bits.length);
