import { z } from 'zod';
import { DDR3_RULES } from '../components/ddr3/spec.js';
import { ddr3Value } from '../components/ddr3/value-schema.js';
import { ddr3ReportFields } from './ddr3-report-schema.js';

const count = z.int().min(0);

const config = z.strictObject(
  Object.fromEntries(
    Object.entries(DDR3_RULES).map(([key, rule]) => [key, ddr3Value(rule).describe(rule.help)]),
  ),
);

/** What `marblewave dram --json` prints; published as schemas/dram.schema.json. */
export const dramDocumentSchema = z.strictObject({
  schema: z.literal('marblewave.dram/1'),
  trace: z.string().describe('where the requests came from: a file, or stdin'),
  partial: z
    .boolean()
    .describe('the run was interrupted: figures cover the requests that were accepted and done'),
  requests: count,
  reads: count,
  writes: count,
  ...ddr3ReportFields,
  config: config.describe('every setting in force, by the names that --set takes'),
  check: z
    .strictObject({
      commands: count,
      violations: count,
      listed: z.array(z.string()).describe('the first hundred'),
    })
    .nullable()
    .describe('what the independent timing checker found; null when it did not watch'),
});

export type DramDocument = z.output<typeof dramDocumentSchema>;
