import { fileURLToPath } from 'node:url';
import type { RtlDesign } from './run-rtl.js';
import type { RtlInputs } from './shell.js';

/** A design without the engine that is to run it. */
export type Design = Omit<RtlDesign, 'engine'>;

/** Absolute path of a source in `rtl/`, by module name. */
export function rtlSource(name: string): string {
  return fileURLToPath(new URL(`../../rtl/${name}.v`, import.meta.url));
}

const sources = (...names: string[]) => names.map(rtlSource);
const port = (name: string, width = 1) => ({ name, width });
const bitsFor = (values: number) => Math.max(1, Math.ceil(Math.log2(values)));

/** `rtl/fifo.v`. `depth` words (any integer >= 1) of `width` bits. */
export function fifoDesign({ width = 16, depth = 16 } = {}): Design {
  return {
    files: sources('fifo'),
    top: 'fifo',
    params: { WIDTH: width, DEPTH: depth },
    inputs: [port('rst'), port('in_valid'), port('in_data', width), port('out_ready')],
    outputs: [
      port('in_ready'),
      port('out_valid'),
      port('out_data', width),
      port('count', bitsFor(depth + 1)),
    ],
  };
}

/** `rtl/lfsr.v`. `taps` is the mask with bit t-1 set for tap t. */
export function lfsrDesign({ width = 32, taps = 0x80200003, steps = 16, seed = 1 } = {}): Design {
  return {
    files: sources('lfsr'),
    top: 'lfsr',
    params: { WIDTH: width, TAPS: taps, STEPS: steps, SEED: seed },
    inputs: [port('rst'), port('load'), port('seed', width), port('advance')],
    outputs: [port('q', width)],
  };
}

/** `rtl/dsp_macc.v`. */
export function maccDesign({ l = 1, accw = 48 } = {}): Design {
  return {
    files: sources('dsp_macc'),
    top: 'dsp_macc',
    params: { L: l, ACCW: accw },
    inputs: [
      port('rst'),
      port('a', 16),
      port('b', 16),
      port('first'),
      port('last'),
      port('d_set'),
      port('d_in'),
      port('lr_in', accw),
    ],
    outputs: [
      port('a_q', 16),
      port('b_q', 16),
      port('first_q'),
      port('last_q'),
      port('p', accw),
      port('d_out'),
      port('lr_out', accw),
    ],
  };
}

/** `rtl/dsp_round.v`. */
export function roundDesign(): Design {
  return {
    files: sources('dsp_round', 'lfsr'),
    top: 'dsp_round',
    inputs: [
      port('rst'),
      port('load'),
      port('seed', 32),
      port('stochastic'),
      port('relu'),
      port('shift', 5),
      port('in_valid'),
      port('in_data', 48),
      port('out_ready'),
    ],
    outputs: [port('in_ready'), port('out_valid'), port('out_data', 16), port('out_saturated')],
  };
}

/** The output FIFO depth of an n-wide array with MACC depth l: the least power of two >= 3n + l + 1. */
export function outputDepth(n: number, l: number): number {
  let depth = 1;
  while (depth < 3 * n + l + 1) depth *= 2;
  return depth;
}

/** `rtl/systolic_array.v`. Words of `in_a`, `in_b` and `out_data`: lane 0 least significant. */
export function arrayDesign({ n = 4, l = 1, accw = 48, depth = outputDepth(n, l) } = {}): Design {
  return {
    files: sources('systolic_array', 'dsp_macc', 'fifo'),
    top: 'systolic_array',
    params: { N: n, L: l, ACCW: accw, DO: depth },
    inputs: [
      port('rst'),
      port('in_valid'),
      port('in_first'),
      port('in_last'),
      port('in_m', bitsFor(n + 1)),
      port('in_nc', bitsFor(n + 1)),
      port('in_a', 16 * n),
      port('in_b', 16 * n),
      port('out_ready', n),
    ],
    outputs: [port('in_ready'), port('room'), port('out_valid', n), port('out_data', accw * n)],
  };
}

/** All inputs of a design at zero, to spread the interesting ones over. */
export function idle(design: Design): RtlInputs {
  return Object.fromEntries(design.inputs.map(({ name }) => [name, 0]));
}

/** Packs words into one port value, lane 0 least significant; negative words as two's complement. */
export function lanes(width: number, words: readonly (bigint | number)[]): bigint {
  return words.reduceRight<bigint>(
    (packed, word) => (packed << BigInt(width)) | BigInt.asUintN(width, BigInt(word)),
    0n,
  );
}

/** Lane `index` of a port value, unsigned. */
export function lane(width: number, value: bigint, index: number): bigint {
  return BigInt.asUintN(width, value >> BigInt(width * index));
}
