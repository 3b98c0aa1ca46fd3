import { z } from 'zod';
import { type Ddr3Config, DDR3_RULES } from '../../components/ddr3/spec.js';
import { ddr3Value } from '../../components/ddr3/value-schema.js';

const positive = z.int().min(1);
export const MEMORY_MODELS = ['ddr3', 'ideal'] as const;
export const AXI_WIDTHS = [64, 128, 256] as const;

/** What lies between the machine's AXI port and the memory, whatever that is. */
const link = {
  clockHz: positive
    .nullable()
    .default(200_000_000)
    .describe(
      "clock of the AXI link and of READ, Hz, joined to the machine's by dual-clock FIFOs; null: the machine's own",
    ),
  axiBits: z
    .union([z.literal(64), z.literal(128), z.literal(256)])
    .default(256)
    .describe('width of the AXI link; below 256 a width converter stands before it'),
};

/** The DDR3 channel's own configuration; it says itself what is wrong with one (ddr3Spec). */
const ddr3Schema = z.strictObject(
  Object.fromEntries(
    Object.entries(DDR3_RULES).map(([key, rule]) => [key, ddr3Value(rule).optional().describe(rule.help)]),
  ),
) as unknown as z.ZodType<Ddr3Config, Ddr3Config>;

const ddr3Memory = z.strictObject({
  model: z
    .literal('ddr3')
    .default('ddr3')
    .describe('a DDR3 channel: every bank, every constraint, a controller that reorders'),
  ...link,
  outstanding: positive
    .max(256)
    .default(16)
    .describe('bursts that the controller accepts before it answers the first'),
  ddr3: ddr3Schema
    .prefault({})
    .describe('DRAM and controller: what is not given follows from the speed bin (docs/ddr3.md)'),
});

const idealMemory = z.strictObject({
  model: z.literal('ideal').describe('one latency and one bandwidth: no banks, rows or refresh'),
  ...link,
  outstanding: positive.default(16).describe('bursts that the memory accepts before it answers the first'),
  latencyCycles: positive
    .default(30)
    .describe("cycles of the link's clock from an accepted address to the first beat"),
  writeLatencyCycles: positive
    .default(8)
    .describe(
      'cycles of the same from the last beat of a write to its response: the controller answers from its queue',
    ),
  bytesPerSecond: positive
    .default(6_400_000_000)
    .describe('what the memory moves; the link moves at most a beat a cycle of its clock'),
});

/** The off-chip side of the machine: an AXI link, and a memory behind it of one of two kinds. */
export const memorySchema = z.discriminatedUnion('model', [ddr3Memory, idealMemory]);

export type MemorySpec = z.output<typeof memorySchema>;

/** Parameters of the other kind of memory than the one that was chosen: the error for one says so. */
export const ONLY_IDEAL: readonly string[] = ['latencyCycles', 'writeLatencyCycles', 'bytesPerSecond'];
