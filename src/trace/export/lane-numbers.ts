import type { WaveType } from '../waves.js';

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
  return isSigned(type) ? BigInt.asIntN(bits.length, value) : value;
}

/** The number that the bits of a lane stand for, fraction included; null with an x or z in it. Exact up to 53 bits. */
export function laneNumber(bits: string, type: WaveType | null): number | null {
  const integer = laneInteger(bits, type);
  return integer === null ? null : Number(integer) / 2 ** (type?.fraction ?? 0);
}

const isSigned = (type: WaveType | null): boolean => type?.kind === 'int' || type?.kind === 'fixed';
