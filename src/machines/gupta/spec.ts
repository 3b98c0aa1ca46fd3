import { z } from 'zod';
import { ConfigError } from '../../kernel/index.js';
import { aSlicesThatFit, B_WORDS_PER_BRAM } from '../../components/l2-layout.js';

const positive = z.int().min(1);
export const IM2COL_MODES = ['on-the-fly', 'blown-up'] as const;

/**
 * The fixed-point machine's parameters: plain data that a file can hold and a worker can build from. Every field has a
 * default; unknown fields are refused.
 */
export const guptaSchema = z.strictObject({
  machine: z.literal('gupta').default('gupta').describe('which machine this configures'),
  n: positive.max(63).default(28).describe('rows and columns of the array'),
  pipeline: z
    .union([z.literal(1), z.literal(2), z.literal(3)])
    .default(1)
    .describe('registers from operands to P: 1, 2 or 3'),
  outputDepth: positive
    .nullable()
    .default(null)
    .describe('depth of an output FIFO, at least n; null: the least power of two >= 3n + pipeline + 1'),
  roundedDepth: positive.default(32).describe('depth of a C FIFO, behind a rounding unit'),
  clockHz: positive.default(166_000_000).describe('clock of the machine, Hz'),
  p: positive.nullable().default(null).describe('panels of n filters held together; null: as many as fit'),
  im2col: z
    .enum(IM2COL_MODES)
    .default('on-the-fly')
    .describe('who lays pixels out as a matrix: the address generators as they read, or the host in DDR3'),
  l2: z
    .strictObject({
      bram36: positive.default(445).describe('BRAM36 of the device (XC7K325T: 445)'),
      bramsPerBank: positive.max(64).default(2).describe('BRAM36 of one activation bank'),
      bufferBram36: z.int().min(0).default(8).describe('BRAM36 of all other buffers'),
    })
    .prefault({}),
  memory: z
    .strictObject({
      clockHz: positive
        .nullable()
        .default(null)
        .describe(
          "clock of the memory, its link and READ, Hz (the board's: 200000000), joined by dual-clock FIFOs; null: the machine's own",
        ),
      latencyCycles: positive
        .default(30)
        .describe("cycles of the memory's clock from an accepted address to the first beat"),
      writeLatencyCycles: positive
        .default(8)
        .describe(
          'cycles of the same from the last beat of a write to its response: the controller answers from its queue',
        ),
      bytesPerSecond: positive
        .default(6_400_000_000)
        .describe(
          'what the DDR3 channel moves; the 256-bit link moves at most 32 bytes a cycle of its clock',
        ),
      outstanding: positive
        .default(16)
        .describe('bursts that the memory accepts before it answers the first'),
    })
    .prefault({}),
  array: z
    .enum(['lazy', 'ticked', 'structural'])
    .default('lazy')
    .describe('how the array is simulated; results and cycles are the same'),
});

export type GuptaSpec = z.output<typeof guptaSchema>;
export type GuptaSpecInput = z.input<typeof guptaSchema>;

/** Completes and checks a configuration. @throws ConfigError naming the first field that is wrong. */
export function guptaSpec(input: unknown = {}, path = 'machine'): GuptaSpec {
  const parsed = guptaSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const at = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') at.push(issue.keys[0]!);
    const got = at.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key],
      input,
    );
    const wanted =
      issue.code === 'unrecognized_keys' ? 'a known parameter' : (wantedText(at) ?? issue.message);
    throw new ConfigError(path, at.join('.') || 'configuration', wanted, got);
  }
  const spec = parsed.data;
  if (spec.outputDepth !== null && spec.outputDepth < spec.n) {
    throw new ConfigError(
      path,
      'outputDepth',
      `an integer of n = ${spec.n} or more, or null`,
      spec.outputDepth,
    );
  }
  if (aSlices(spec) < 1)
    throw new ConfigError(
      path,
      'l2.bram36',
      `more than the activation banks and buffers take`,
      spec.l2.bram36,
    );
  return spec;
}

const RANGES: Readonly<Record<string, string>> = {
  n: 'an integer from 1 to 63',
  pipeline: '1, 2 or 3',
  p: 'an integer of 1 or more, or null',
  outputDepth: 'an integer of n or more, or null',
  array: "'lazy', 'ticked' or 'structural'",
  im2col: "'on-the-fly' or 'blown-up'",
  'l2.bramsPerBank': 'an integer from 1 to 64',
  'l2.bufferBram36': 'an integer of 0 or more',
  machine: "'gupta'",
  l2: 'an object',
  memory: 'an object',
  'memory.clockHz': 'an integer of 1 or more, or null',
};
const INTEGERS = [
  'roundedDepth',
  'clockHz',
  'l2.bram36',
  'memory.latencyCycles',
  'memory.writeLatencyCycles',
  'memory.bytesPerSecond',
  'memory.outstanding',
];

function wantedText(at: readonly string[]): string | undefined {
  const key = at.join('.');
  return RANGES[key] ?? (INTEGERS.includes(key) ? 'an integer of 1 or more' : undefined);
}

/** Slices of n words that one half of the A cache holds; addresses have 16 bits. */
export function aSlices(spec: GuptaSpec): number {
  const { bram36, bramsPerBank, bufferBram36 } = spec.l2;
  return Math.min(65535, aSlicesThatFit({ n: spec.n, bram36, bramsPerBank, bufferBram36 }));
}

/** Words of one half of an activation bank. */
export const bWords = (spec: GuptaSpec): number => B_WORDS_PER_BRAM * spec.l2.bramsPerBank;
