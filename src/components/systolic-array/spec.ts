import { bitsFor, bool, type Clock, ConfigError, int, uint, vector } from '../../kernel/index.js';
import { maccParameters, type PipelineDepth } from '../dsp-macc.js';

/** Parameters of the wavefront array, in either form. */
export interface SystolicArraySpec {
  readonly clock: Clock;
  /** Rows and columns, 1 to 64. */
  readonly n: number;
  /** Registers from an element's operands to P: L. Default 1. */
  readonly pipeline?: PipelineDepth;
  /** Accumulator width, bits. Default 48. */
  readonly accumulatorBits?: number;
  /** Depth of each column's output FIFO, at least n. Default: the least power of two ≥ 3n + L + 1. */
  readonly outputDepth?: number;
}

/** The parameters, checked and completed. */
export interface ArrayShape {
  readonly n: number;
  readonly L: PipelineDepth;
  readonly bits: number;
  readonly outputDepth: number;
}

/**
 * Output FIFO depth at which full tiles never stall an array whose outputs are not blocked.
 * Source: the machine contract, section 3.
 */
export const unblockedOutputDepth = (n: number, L: number): number =>
  2 ** Math.ceil(Math.log2(3 * n + L + 1));

/** @throws ConfigError naming the parameter. */
export function arrayShape(path: string, spec: SystolicArraySpec): ArrayShape {
  const { n } = spec;
  if (!Number.isInteger(n) || n < 1 || n > 64) throw new ConfigError(path, 'n', 'an integer from 1 to 64', n);
  const { L, bits } = maccParameters(path, spec);
  const outputDepth = spec.outputDepth ?? unblockedOutputDepth(n, L);
  if (!Number.isInteger(outputDepth) || outputDepth < n) {
    throw new ConfigError(
      path,
      'outputDepth',
      `an integer of n = ${n} or more (fewer never lets a tile out)`,
      outputDepth,
    );
  }
  return { n, L, bits, outputDepth };
}

/** The payload of a slice: tags, drain size (with `last` only) and n words each of A and B. */
export const sliceFields = (n: number) => ({
  first: bool,
  last: bool,
  m: uint(bitsFor(n)),
  nc: uint(bitsFor(n)),
  a: vector(n, int(16)),
  b: vector(n, int(16)),
});
export type SliceFields = ReturnType<typeof sliceFields>;
