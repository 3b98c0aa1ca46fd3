import { z } from 'zod';

const count = z.int().min(0);

/** What `marblewave trace info --json` prints; published as schemas/trace-info.schema.json. */
export const traceInfoDocumentSchema = z.strictObject({
  schema: z.literal('marblewave.trace-info/1'),
  file: z.string(),
  format: z.enum(['mwt', 'vcd']),
  bytes: count,
  configurationHash: z
    .string()
    .nullable()
    .describe("SHA-256 of the machine's configuration as canonical JSON; null where the file has none"),
  seed: z.number().nullable(),
  unitFs: z.int().min(1).describe('femtoseconds of a unit of time'),
  begin: count.describe('in units of time, as all times here but phasePs'),
  end: count,
  clocks: z.array(
    z.strictObject({
      name: z.string(),
      hz: z.strictObject({ num: z.int().min(1), den: z.int().min(1) }),
      phasePs: count.describe('of the first edge'),
    }),
  ),
  signals: count.describe('clocks included'),
  waves: count.describe('values that differ: several signals may be names of one'),
  modules: z
    .array(z.strictObject({ path: z.string(), signals: count }))
    .describe('signals right in each module'),
  chunks: count.nullable().describe('null where the format has none'),
  changes: count.nullable(),
  transactions: z.array(z.strictObject({ kind: z.string(), count })),
  damage: z.string().nullable().describe('why the file ends early; null when it is whole'),
});

export type TraceInfoDocument = z.output<typeof traceInfoDocumentSchema>;
