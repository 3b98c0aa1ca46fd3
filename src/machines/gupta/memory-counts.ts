import type { MemorySide } from './memory-side.js';

/** What the off-chip side has counted; each figure only grows, so that a difference of two is what lies between them. */
const COUNTS = [
  'readBeats',
  'writeBeats',
  'readHeld',
  'writeHeld',
  'readBursts',
  'writeBursts',
  'rowHits',
  'rowMisses',
  'rowConflicts',
  'dramReads',
  'dramWrites',
  'activates',
  'readLatencySum',
  'readLatencyCount',
] as const;

/**
 * Traffic of the AXI link (beats, bursts and cycles held, in the clock of the link) and of the DDR3 channel behind it (row
 * outcomes and commands; sum and number of read latencies, in clocks of the DRAM; all 0 with an ideal memory).
 */
export type MemoryCounts = Readonly<Record<(typeof COUNTS)[number], number>>;

/** The counts of now. */
export function memoryCounts({ link, ddr3 }: MemorySide): MemoryCounts {
  const statistics = ddr3?.controller.statistics;
  const device = ddr3?.controller.device;
  return {
    ...link,
    rowHits: statistics?.rowHits ?? 0,
    rowMisses: statistics?.rowMisses ?? 0,
    rowConflicts: statistics?.rowConflicts ?? 0,
    dramReads: device?.reads ?? 0,
    dramWrites: device?.writes ?? 0,
    activates: device?.activates ?? 0,
    readLatencySum: statistics?.readLatency.sum ?? 0,
    readLatencyCount: statistics?.readLatency.count ?? 0,
  };
}

const combine = (a: MemoryCounts, b: MemoryCounts, of: (x: number, y: number) => number): MemoryCounts =>
  Object.fromEntries(COUNTS.map((name) => [name, of(a[name], b[name])])) as MemoryCounts;

export const noCounts: MemoryCounts = Object.fromEntries(COUNTS.map((name) => [name, 0])) as MemoryCounts;

/** What was counted after `before`, up to `now`. */
export const countsSince = (now: MemoryCounts, before: MemoryCounts): MemoryCounts =>
  combine(now, before, (x, y) => x - y);

export const sumOfCounts = (a: MemoryCounts, b: MemoryCounts): MemoryCounts => combine(a, b, (x, y) => x + y);
