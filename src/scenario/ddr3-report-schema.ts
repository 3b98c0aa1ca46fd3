import { z } from 'zod';
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
    .readonly()
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

/** The fields of Ddr3Report (components/ddr3/report.ts), for the documents that carry one. */
export const ddr3ReportFields = {
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
};
