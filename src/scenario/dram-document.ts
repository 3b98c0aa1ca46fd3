import { z } from 'zod';
import { DDR3_RULES, type Ddr3Rule } from '../components/ddr3/spec.js';
import { BUS_CAUSES, type BusCause } from '../components/ddr3/statistics.js';

const count = z.int().min(0);
const amount = z.number().min(0);
const share = z.number().min(0).max(1);

const latency = z.strictObject({
  count,
  average: amount.describe('clocks; 0 without requests'),
  min: count.nullable().describe('null without requests, like the other clocks here'),
  max: count.nullable(),
  p50: count.nullable(),
  p95: count.nullable(),
  p99: count.nullable(),
  histogram: z
    .array(z.strictObject({ from: count, to: count.describe('excluded'), count: z.int().min(1) }))
    .describe('steps of 16 clocks; empty ones are left out, the last also holds all longer ones'),
});

const commands = z.strictObject({
  ACT: count,
  PRE: count,
  RD: count.describe('those with auto-precharge too'),
  WR: count.describe('those with auto-precharge too'),
  REF: count,
  autoPRE: count.describe('reads and writes with auto-precharge'),
});

const bus = z.strictObject(
  Object.fromEntries(BUS_CAUSES.map((cause) => [cause, count])) as Record<BusCause, typeof count>,
);

const energy = z.strictObject({
  activate: z.number(),
  read: z.number(),
  write: z.number(),
  refresh: z.number(),
  activeStandby: amount,
  idleStandby: amount,
  total: z.number(),
});

const config = z.strictObject(
  Object.fromEntries(
    Object.entries(DDR3_RULES).map(([key, rule]) => [key, valueOf(rule).describe(rule.help)]),
  ),
);

function valueOf(rule: Ddr3Rule): z.ZodType {
  switch (rule.kind) {
    case 'whole':
      return z.int().min(rule.min).max(rule.max);
    case 'real':
      return z.number().min(rule.min).max(rule.max);
    case 'one':
      return z.literal(rule.of);
    default:
      return z.string();
  }
}

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
  clocks: count.describe('from 0 until the last request was done'),
  clockHz: z.number().positive(),
  seconds: amount,
  bytes: count,
  bandwidthGBps: amount.describe('bytes of requests over time, 10⁹ bytes a second'),
  peakGBps: z.number().positive().describe('what the channel moves without a gap'),
  rowHitRate: share.describe('accesses that were not the first after their row was opened, over all'),
  rowHits: count,
  rowMisses: count.describe('first accesses after an activate of a bank that was closed'),
  rowConflicts: count.describe('first accesses after another row had to be closed'),
  averageReadLatencyClocks: amount.describe('from the accept to the end of the last word'),
  averageWriteLatencyClocks: amount.describe('from the accept until written in the DRAM'),
  controllerOverheadClocks: count.describe('what the controller adds to the latency of the DRAM'),
  readLatency: latency,
  writeLatency: latency,
  commands,
  forwardedReads: count.describe('answered from waiting writes'),
  mergedReads: count,
  mergedWrites: count,
  bus: bus.describe('clocks of the data bus by cause; they add up to clocks'),
  busUtilisation: share.describe('clocks with data over all clocks'),
  energyNanojoules: energy,
  averagePowerMilliwatts: z.number(),
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
