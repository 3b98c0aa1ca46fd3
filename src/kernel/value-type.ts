import { ConfigError } from './errors.js';

/**
 * The type of a scalar signal: how its number is to be read and how many wires it has. Values are exact JavaScript
 * integers, so a scalar has at most 53 bits; wider buses are vectors of lanes.
 */
export interface ValueType {
  readonly kind: 'uint' | 'int' | 'bits' | 'bool' | 'enum' | 'fixed' | 'event';
  /** Wires, 1 to 53. */
  readonly width: number;
  /** Integer bits, for `fixed`; the value is the raw integer, ε = 2^−fl. */
  readonly il?: number;
  /** Fraction bits, for `fixed`. */
  readonly fl?: number;
  /** Names of the values, for `enum`. */
  readonly names?: readonly string[];
}

/** The type of a bus of equal lanes; lane 0 is the least significant. */
export interface VectorType {
  readonly kind: 'vector';
  readonly lanes: number;
  readonly element: ValueType;
}

function scalar(kind: ValueType['kind'], width: number): ValueType {
  if (!Number.isInteger(width) || width < 1 || width > 53)
    throw new ConfigError(kind, 'width', 'an integer from 1 to 53', width);
  return { kind, width };
}

/** Unsigned integer of `width` bits. */
export const uint = (width: number): ValueType => scalar('uint', width);
/** Two's complement integer of `width` bits. */
export const int = (width: number): ValueType => scalar('int', width);
/** A bundle of wires with no arithmetic meaning. */
export const bits = (width: number): ValueType => scalar('bits', width);
/** One wire. */
export const bool: ValueType = { kind: 'bool', width: 1 };
/** A value that only marks that something happened; every write of a new number is an event. */
export const event: ValueType = { kind: 'event', width: 53 };
/** Two's complement fixed point `<il,fl>`; il + fl wires. */
export const fixed = (il: number, fl: number): ValueType => ({ ...scalar('fixed', il + fl), il, fl });
/** An enumeration; the value is the index of its name. */
export const enumeration = (names: readonly string[]): ValueType => ({
  ...scalar('enum', Math.max(1, Math.ceil(Math.log2(Math.max(1, names.length))))),
  names,
});
/** A bus of `lanes` equal lanes. */
export function vector(lanes: number, element: ValueType): VectorType {
  if (!Number.isInteger(lanes) || lanes < 1)
    throw new ConfigError('vector', 'lanes', 'an integer of 1 or more', lanes);
  return { kind: 'vector', lanes, element };
}

/** Smallest value of a type. */
export function typeMin(type: ValueType): number {
  return type.kind === 'int' || type.kind === 'fixed' ? -(2 ** (type.width - 1)) : 0;
}

/** Largest value of a type. */
export function typeMax(type: ValueType): number {
  if (type.kind === 'enum' && type.names !== undefined) return type.names.length - 1;
  return type.kind === 'int' || type.kind === 'fixed' ? 2 ** (type.width - 1) - 1 : 2 ** type.width - 1;
}

/** `uint16`, `int48`, `fixed<6,10>`, `bool`, `int16[28]`. */
export function typeName(type: ValueType | VectorType): string {
  if (type.kind === 'vector') return `${typeName(type.element)}[${type.lanes}]`;
  if (type.kind === 'fixed') return `fixed<${type.il},${type.fl}>`;
  return type.kind === 'bool' || type.kind === 'event' ? type.kind : `${type.kind}${type.width}`;
}

/** Number of bits that hold the integers 0 to `maximum`. */
export function bitsFor(maximum: number): number {
  // Not by a logarithm, which rounds from 2^49 on.
  let width = 1;
  while (2 ** width <= maximum) width += 1;
  return width;
}
