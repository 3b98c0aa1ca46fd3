import { z } from 'zod';
import { ConfigError } from '../../kernel/index.js';
import { AXI_WIDTHS, memorySchema, MEMORY_MODELS, ONLY_IDEAL } from './memory-spec.js';
import { type Ddr3Config, ddr3Spec } from '../../components/ddr3/spec.js';
import { aBram36, aSlicesThatFit, B_WORDS_PER_BRAM, bBram36 } from '../../components/l2-layout.js';

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
  memory: memorySchema.prefault({}),
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
    // The DDR3 channel says best itself what is wrong with its own configuration.
    if (at[0] === 'memory' && at[1] === 'ddr3' && at.length > 2)
      ddr3Spec((input as { memory: { ddr3: Ddr3Config } }).memory.ddr3, `${path}.memory.ddr3`);
    const got = at.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key],
      input,
    );
    const wanted = issue.code === 'unrecognized_keys' ? knownText(at) : (wantedText(at) ?? issue.message);
    throw new ConfigError(path, at.join('.') || 'configuration', wanted, got);
  }
  const spec = parsed.data;
  if (spec.memory.model === 'ddr3') ddr3Spec(spec.memory.ddr3, `${path}.memory.ddr3`);
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
  'memory.model': MEMORY_MODELS.map((model) => `'${model}'`).join(' or '),
  'memory.axiBits': `${AXI_WIDTHS.slice(0, -1).join(', ')} or ${AXI_WIDTHS.at(-1)}`,
  'memory.ddr3': 'an object',
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

/** What an unknown key should have been: one that only the other kind of memory knows is told apart. */
function knownText([part, key, ...rest]: readonly string[]): string {
  if (part === 'memory' && rest.length === 0 && ONLY_IDEAL.includes(key!))
    return "left out: only memory.model 'ideal' knows it";
  if (part === 'memory' && key === 'ddr3' && rest.length === 0)
    return "left out: only memory.model 'ddr3' knows it";
  return 'a known parameter';
}

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

/** BRAM36 of the machine and what there are: the A halves, the B banks, and what is set aside for all other buffers. */
export function bram36Use(spec: GuptaSpec) {
  const a = aBram36(spec.n, aSlices(spec));
  const b = bBram36(spec.n, spec.l2.bramsPerBank);
  const buffers = spec.l2.bufferBram36;
  return { a, b, buffers, total: a + b + buffers, device: spec.l2.bram36 };
}
