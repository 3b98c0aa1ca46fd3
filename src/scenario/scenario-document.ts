import { z } from 'zod';

const cell = z.union([z.number(), z.string(), z.boolean(), z.null()]);

/** What `marblewave scenario --json` prints; published as schemas/scenario.schema.json. */
export const scenarioDocumentSchema = z.strictObject({
  schema: z.literal('marblewave.scenario/1'),
  name: z.string(),
  title: z.string(),
  doc: z.string().nullable(),
  parameters: z
    .record(z.string(), z.json())
    .describe('those that were the same for all points, defaults included'),
  sweep: z.record(z.string(), z.array(z.json())).describe('those that were varied, and their values'),
  columns: z.array(
    z.strictObject({
      key: z.string(),
      title: z.string(),
      unit: z.string().nullable(),
      digits: z.int().min(0).nullable().describe('behind the point, as tables show them'),
    }),
  ),
  rows: z
    .array(z.record(z.string(), cell))
    .describe('in the order of the points; every row has every column'),
  points: z.int().min(0).describe('points that were run to their end'),
  partial: z.boolean().describe('the run was interrupted: rows are those of the first points only'),
  expectations: z.array(
    z.strictObject({
      that: z.string(),
      holds: z.boolean().nullable().describe('null: these rows say nothing about it'),
      got: z.union([z.number(), z.string()]).nullable(),
    }),
  ),
  held: z.boolean().describe('no expectation failed'),
});

export type ScenarioDocument = z.output<typeof scenarioDocumentSchema>;
