import { z } from 'zod';
import { diffDocumentSchema } from './diff-document.js';
import { dramDocumentSchema } from './dram-document.js';
import { runConfigSchema } from './run-config.js';
import { runDocumentSchema } from './run-document.js';
import { scenarioDocumentSchema } from './scenario-document.js';
import { traceInfoDocumentSchema } from './trace-info-document.js';

/** The JSON schemas of the documents that are read and printed, by file name in `schemas/`. */
export function documentSchemas(): Readonly<Record<string, string>> {
  const text = (schema: z.ZodType, title: string): string =>
    `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'output' }) }, null, 2)}\n`;
  return {
    'config.schema.json': text(runConfigSchema, 'marblewave.config/1'),
    'diff.schema.json': text(diffDocumentSchema, 'marblewave.diff/1'),
    'dram.schema.json': text(dramDocumentSchema, 'marblewave.dram/1'),
    'run.schema.json': text(runDocumentSchema, 'marblewave.run/1'),
    'scenario.schema.json': text(scenarioDocumentSchema, 'marblewave.scenario/1'),
    'trace-info.schema.json': text(traceInfoDocumentSchema, 'marblewave.trace-info/1'),
  };
}
