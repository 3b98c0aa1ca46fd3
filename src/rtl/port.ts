import { RtlError } from './errors.js';

export type PortDirection = 'input' | 'output';

/** A port of a top module as a tool names it. */
export interface PortShape {
  readonly name: string;
  readonly direction: PortDirection;
  /** Bits, at least 1. */
  readonly width: number;
}

/** A port and where its value lies in the image. */
export interface RtlPort extends PortShape {
  /** First of its words in the image. */
  readonly word: number;
  /** Words of 32 bits that it takes, bit 0 of the port in bit 0 of the first. */
  readonly words: number;
}

/**
 * The image of all ports: words of 32 bits, inputs first, then outputs, each in the order in which the tool lists them. Bits
 * above a port's width are zero.
 */
export interface PortLayout {
  readonly ports: readonly RtlPort[];
  readonly inputWords: number;
  readonly outputWords: number;
}

export function layOut(shapes: readonly PortShape[]): PortLayout {
  const ports: RtlPort[] = [];
  let word = 0;
  const place = (direction: PortDirection): number => {
    const from = word;
    for (const shape of shapes) {
      if (shape.direction !== direction) continue;
      const words = Math.ceil(shape.width / 32);
      ports.push({ ...shape, word, words });
      word += words;
    }
    return word - from;
  };
  const inputWords = place('input');
  const outputWords = place('output');
  return { ports, inputWords, outputWords };
}

/** The direction as a tool writes it. @throws RtlError for a port that is both */
export function directionOf(top: string, name: string, direction: string): PortDirection {
  const word = direction.toLowerCase();
  if (word === 'input' || word === 'output') return word;
  throw new RtlError(`${top}.${name}: direction must be input or output, got ${word}`);
}

/** A mask for the highest of a port's words. */
export function topMask(width: number): number {
  return width % 32 === 0 ? 0xffff_ffff : 2 ** (width % 32) - 1;
}
