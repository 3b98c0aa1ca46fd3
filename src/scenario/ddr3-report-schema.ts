import { z } from 'zod';
import { BUS_CAUSES } from '../components/ddr3/statistics.js';

const count = z.number().int().min(0);
const positive = z.number().min(0);
const clocks = z.number().min(0).describe('clocks of the DRAM');

const latency = z.strictObject({
  count,
  average: clocks,
  min: clocks.nullable(),
  max: clocks.nullable(),
  p50: clocks.nullable(),
  p95: clocks.nullable(),
  p99: clocks.nullable(),
  histogram: z
    .array(z.strictObject({ from: count, to: count.describe('exclusive'), count }))
    .readonly()
    .describe('steps of 16 clocks; empty ones are left out'),
});

/** The fields of Ddr3Report (components/ddr3/report.ts), for the documents that carry one. */
export const ddr3ReportFields = {
  clocks: count.describe('from 0 until the last request was done'),
  clockHz: positive,
  seconds: positive,
  bytes: count,
  bandwidthGBps: positive.describe('bytes of requests over time, 10⁹ bytes a second'),
  peakGBps: positive.describe('what the channel moves without a gap'),
  rowHitRate: z
    .number()
    .min(0)
    .max(1)
    .describe('accesses that were not the first after their row was opened, over all'),
  rowHits: count,
  rowMisses: count.describe('first accesses after an activate of a bank that was closed'),
  rowConflicts: count.describe('first accesses after another row had to be closed'),
  averageReadLatencyClocks: clocks,
  averageWriteLatencyClocks: clocks,
  controllerOverheadClocks: count.describe("the controller's part of the latency"),
  readLatency: latency,
  writeLatency: latency,
  commands: z.strictObject({ ACT: count, PRE: count, RD: count, WR: count, REF: count, autoPRE: count }),
  forwardedReads: count,
  mergedReads: count,
  mergedWrites: count,
  bus: z
    .strictObject(
      Object.fromEntries(BUS_CAUSES.map((cause) => [cause, count])) as Record<
        (typeof BUS_CAUSES)[number],
        typeof count
      >,
    )
    .describe('clocks of the data bus by cause; they add up to clocks'),
  busUtilisation: z.number().min(0).max(1).describe('clocks with data over all clocks'),
  energyNanojoules: z.strictObject({
    activate: positive,
    read: positive,
    write: positive,
    refresh: positive,
    activeStandby: positive,
    idleStandby: positive,
    total: positive,
  }),
  averagePowerMilliwatts: positive,
};
