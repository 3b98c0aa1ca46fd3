import fc from 'fast-check';
import { Ddr3Controller } from '../../../src/components/ddr3/controller.js';
import { type Ddr3Config, ddr3Spec } from '../../../src/components/ddr3/spec.js';
import {
  checkerLimits,
  type CheckerLimits,
  Ddr3TimingChecker,
} from '../../../src/components/ddr3/timing-checker.js';
import type { RequestTrace } from '../../../src/components/ddr3/request-trace.js';
import { runTrace } from '../../../src/components/ddr3/trace-run.js';

/** Numbers in 0..1 from a seed (xorshift of 32 bits). */
function random(seed: number): () => number {
  let q = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    q ^= q << 13;
    q ^= q >>> 17;
    q ^= q << 5;
    return (q >>> 0) / 2 ** 32;
  };
}

/** What a random stream is like. */
export interface StreamShape {
  readonly seed: number;
  readonly requests: number;
  /** Share of writes, 0 to 1. */
  readonly writes: number;
  /** Chance that a request follows the one before it in its row. */
  readonly locality: number;
  /** Different rows, and bits of the bank and rank that vary: fewer meet more often. */
  readonly rows: number;
  readonly bankBits: number;
  /** Longest pause before a request, clocks; most have none. */
  readonly pause: number;
}

/** A stream of bursts below `bursts`, for mappings with 7 column bits below everything else. */
export function stream(shape: StreamShape, bursts: number): RequestTrace {
  const next = random(shape.seed);
  const { requests } = shape;
  const trace = {
    count: requests,
    bursts: new Int32Array(requests),
    writes: new Uint8Array(requests),
    stamps: new Float64Array(requests),
  };
  let burst = 0;
  let stamp = 0;
  for (let i = 0; i < requests; i++) {
    if (next() < shape.locality) burst = (burst & ~127) | ((burst + 1) & 127);
    else {
      const bank = Math.floor(next() * 2 ** shape.bankBits);
      const row = Math.floor(next() * shape.rows);
      burst = ((row * 16 + bank) * 128 + Math.floor(next() * 128)) % bursts;
    }
    if (next() < 0.1) stamp += Math.floor(next() * shape.pause);
    trace.bursts[i] = burst;
    trace.writes[i] = next() < shape.writes ? 1 : 0;
    trace.stamps[i] = stamp;
  }
  return trace;
}

export const shapes: fc.Arbitrary<StreamShape> = fc.record({
  seed: fc.nat(2 ** 30),
  requests: fc.integer({ min: 1, max: 400 }),
  writes: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
  locality: fc.constantFrom(0, 0.5, 0.9),
  rows: fc.constantFrom(1, 2, 5, 1000),
  bankBits: fc.integer({ min: 0, max: 4 }),
  pause: fc.constantFrom(0, 20, 500, 20_000),
});

export const configs: fc.Arbitrary<Ddr3Config> = fc.record({
  speed: fc.constantFrom(1066, 1333, 1600, 1866),
  densityGb: fc.constantFrom(1, 2, 4, 8),
  ranks: fc.constantFrom(1, 2, 4),
  channelBits: fc.constantFrom(32, 64),
  mapping: fc.constantFrom(
    'row-rank-bank-col',
    'row-col-rank-bank',
    'row-bank-col',
    'rank-row-col:3-bank-col',
  ),
  bankXor: fc.boolean(),
  pagePolicy: fc.constantFrom('open', 'closed', 'timeout'),
  timeoutClocks: fc.constantFrom(1, 20, 300),
  scheduler: fc.constantFrom('frfcfs', 'fcfs'),
  starvationClocks: fc.constantFrom(1, 100, 4096),
  rowHitLimit: fc.constantFrom(1, 4, 1000),
  readQueue: fc.constantFrom(1, 4, 32),
  writeQueue: fc.constantFrom(1, 4, 32),
  bankQueue: fc.constantFrom(1, 2, 8),
  writeDrainIdle: fc.constantFrom(0, 2, 8),
  refresh: fc.constantFrom('staggered', 'simultaneous'),
  refreshPostpone: fc.constantFrom(0, 1, 8),
  returnClocks: fc.constantFrom(0, 7),
} as const);

/** Runs a stream under the eyes of a checker that knows `limits`. */
export function checked(
  config: Ddr3Config,
  trace: RequestTrace,
  limits: Partial<CheckerLimits> = {},
): { controller: Ddr3Controller; checker: Ddr3TimingChecker; end: number } {
  const spec = ddr3Spec(config);
  const controller = new Ddr3Controller(spec);
  const checker = new Ddr3TimingChecker({ ...checkerLimits(spec.speed, spec.densityGb), ...limits });
  controller.listener = checker;
  const end = runTrace(controller, trace);
  checker.finish(end, spec.ranks);
  return { controller, checker, end };
}
