import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ddr3Controller } from '../../../src/components/ddr3/controller.js';
import { ddr3Report } from '../../../src/components/ddr3/report.js';
import type { RequestTrace } from '../../../src/components/ddr3/request-trace.js';
import { type Ddr3Config, ddr3Spec } from '../../../src/components/ddr3/spec.js';
import { LatencyHistogram } from '../../../src/components/ddr3/statistics.js';
import { TraceRun, runTrace } from '../../../src/components/ddr3/trace-run.js';
import { checked, configs, shapes, stream } from './streams.js';

type Request = readonly [address: number, kind: 'R' | 'W', stamp: number];

function traceOf(requests: readonly Request[], burstBytes = 64): RequestTrace {
  return {
    count: requests.length,
    bursts: Int32Array.from(requests, ([address]) => Math.floor(address / burstBytes)),
    writes: Uint8Array.from(requests, ([, kind]) => (kind === 'W' ? 1 : 0)),
    stamps: Float64Array.from(requests, ([, , stamp]) => stamp),
  };
}

interface Watched {
  readonly controller: Ddr3Controller;
  /** Latency of each request by its place. */
  readonly latency: number[];
  /** Places in the order in which they were issued. */
  readonly issued: number[];
  readonly commands: string[];
}

function watch(config: Ddr3Config, requests: readonly Request[]): Watched {
  const controller = new Ddr3Controller(ddr3Spec(config));
  const latency: number[] = [];
  const issued: number[] = [];
  const commands: string[] = [];
  controller.listener = {
    command: (...row) => commands.push(row.join(',')),
    issued: (tag, _write, accepted, done) => {
      latency[tag] = done - accepted;
      issued.push(tag);
    },
    forwarded: (tag, accepted, done) => (latency[tag] = done - accepted),
  };
  runTrace(controller, traceOf(requests, controller.spec.burstBytes));
  return { controller, latency, issued, commands };
}

const ROW = 0x20000;

describe('Ddr3Controller', () => {
  it('reads a closed bank in 26, an open row in 15 and another row in 37 clocks, plus 2 of its own', () => {
    const { latency, controller } = watch({}, [
      [0, 'R', 1000],
      [64, 'R', 1200],
      [ROW, 'R', 1400],
    ]);
    expect(latency).toEqual([26 + 2, 15 + 2, 37 + 2]);
    expect(controller.spec.overheadClocks).toBe(2);
  });

  it('adds the return registers to its declared overhead and to every read', () => {
    const { latency, controller } = watch({ returnClocks: 9 }, [
      [0, 'R', 1000],
      [64, 'R', 1200],
    ]);
    expect(controller.spec.overheadClocks).toBe(11);
    expect(latency).toEqual([26 + 11, 15 + 11]);
  });

  it.each([
    [1066, 7 + 4, 7 + 7 + 4, 7 + 7 + 7 + 4],
    [1333, 9 + 4, 9 + 9 + 4, 9 + 9 + 9 + 4],
    [1866, 13 + 4, 13 + 13 + 4, 13 + 13 + 13 + 4],
  ] as const)('reads in the closed forms of DDR3-%i', (speed, hit, closed, conflict) => {
    const { latency } = watch({ speed }, [
      [0, 'R', 1000],
      [64, 'R', 1200],
      [ROW, 'R', 1400],
    ]);
    expect(latency).toEqual([closed + 2, hit + 2, conflict + 2]);
  });

  it('counts a write as done once its last word is written: CWL + 4 after its command', () => {
    // Alone, it leaves the write queue a clock after its accept, so 2 + tRCD + CWL + 4.
    expect(watch({}, [[0, 'W', 1000]]).latency).toEqual([2 + 11 + 8 + 4]);
  });

  it('answers a read from a waiting write in 2 clocks, and reads equal bursts once', () => {
    const { latency, controller } = watch({}, [
      [0, 'R', 0],
      [0, 'R', 0],
      [ROW, 'W', 0],
      [ROW, 'R', 0],
      [ROW, 'W', 0],
    ]);
    expect(latency.slice(0, 4)).toEqual([28, 27, expect.any(Number), 2]);
    const { forwardedReads, mergedReads, mergedWrites } = controller.statistics;
    expect([forwardedReads, mergedReads, mergedWrites]).toEqual([1, 1, 1]);
    expect([controller.device.reads, controller.device.writes]).toEqual([1, 1]);
  });

  it('has a read wait for waiting writes that do not cover its burst, however many they are', () => {
    for (const [parts, forwarded] of [
      [[false, false], 0],
      [[false, true], 1],
      [[true, false], 1],
    ] as const) {
      const controller = new Ddr3Controller(ddr3Spec());
      parts.forEach((full, t) => {
        controller.tick(t);
        controller.accept(t, 5, true, t, full);
      });
      controller.accept(2, 5, false, 2);
      expect(controller.statistics.forwardedReads).toBe(forwarded);
    }
  });

  it('serves requests strictly in order with fcfs', () => {
    const trace: Request[] = Array.from({ length: 60 }, (_, i) => [
      ((i * 7) % 5) * ROW + i * 64 + (i % 3) * 0x2000,
      i % 4 === 0 ? 'W' : 'R',
      0,
    ]);
    const { issued } = watch({ scheduler: 'fcfs' }, trace);
    expect(issued).toEqual(trace.map((_, i) => i));
    expect(watch({}, trace).issued).not.toEqual(issued);
  });

  it('precharges with the last access to a row in a closed page, and reads it again in 26 clocks', () => {
    const requests: Request[] = [
      [0, 'R', 1000],
      [64, 'R', 1000],
      [ROW, 'R', 1400],
      [ROW, 'W', 1800],
    ];
    const { latency, commands } = watch({ pagePolicy: 'closed' }, requests);
    expect(latency[2]).toBe(28);
    expect(commands).toEqual([
      '1002,ACT,0,0,0,-1',
      '1013,RD,0,0,0,0',
      '1017,RDA,0,0,0,1',
      '1402,ACT,0,0,1,-1',
      '1413,RDA,0,0,1,0',
      '1802,ACT,0,0,1,-1',
      '1813,WRA,0,0,1,0',
    ]);
  });

  it('closes a row after the time-out, not before', () => {
    const { commands } = watch({ pagePolicy: 'timeout', timeoutClocks: 100 }, [
      [0, 'R', 1000],
      [64, 'R', 1050],
      [ROW, 'R', 1400],
    ]);
    expect(commands.slice(0, 4)).toEqual([
      '1002,ACT,0,0,0,-1',
      '1013,RD,0,0,0,0',
      '1052,RD,0,0,0,1',
      '1152,PRE,0,0,-1,-1',
    ]);
  });

  it('serves a request that hits never let through once it is starving', () => {
    // A stream of hits in rank 0, and one request to rank 1, whose reads always come second for lack of tRTRS.
    const trace: Request[] = Array.from({ length: 3000 }, (_, i) => [(i % 128) * 64, 'R', 0]);
    trace[40] = [0x10000, 'R', 0];
    const config: Ddr3Config = { refresh: 'off', readQueue: 8 };
    const hits = { ...config, rowHitLimit: 1e9 };
    const patient = watch({ ...hits, starvationClocks: 1e9 }, trace).latency[40]!;
    const bound = watch({ ...hits, starvationClocks: 500 }, trace).latency[40]!;
    expect(patient).toBeGreaterThan(5000);
    // The bound, then at most what it finds on its way: activate, switch of rank, burst.
    expect(bound).toBeGreaterThanOrEqual(500);
    expect(bound).toBeLessThan(500 + 60);
  });

  it('serves a read that drains without end keep waiting once it is starving', () => {
    // Writes as fast as they are taken, row by row, and one read.
    const trace: Request[] = Array.from({ length: 6000 }, (_, i) => [2 ** 24 + i * 64, 'W', 0]);
    for (const victim of [0x10000, ROW]) {
      trace[200] = [victim, 'R', 0];
      for (const [starvationClocks, limit] of [
        [500, 600],
        [2000, 2100],
      ] as const) {
        const latency = watch({ refresh: 'off', starvationClocks }, trace).latency[200]!;
        expect(latency).toBeGreaterThanOrEqual(starvationClocks);
        expect(latency).toBeLessThan(limit);
      }
    }
  });

  it('closes a row for a conflict after rowHitLimit accesses though more hits wait', () => {
    // Hits in two banks in turn, so that tRTP passes between two of one bank; the eleventh request wants another row.
    const trace: Request[] = Array.from({ length: 200 }, (_, i) => [
      (i >> 1) * 64 + (i & 1) * 0x2000,
      'R',
      0,
    ]);
    trace[10] = [ROW, 'R', 0];
    const latency = (rowHitLimit: number): number => watch({ rowHitLimit }, trace).latency[10]!;
    expect(latency(4)).toBeLessThan(150);
    expect(latency(1e9)).toBeGreaterThan(600);
  });

  it('puts refreshes of a busy rank off, at most eight, and makes up for them when it is idle', () => {
    const busy = 9 * 6240;
    const trace: Request[] = Array.from({ length: 15_000 }, (_, i) => [(i % 128) * 64, 'R', 0]);
    trace.push([0, 'R', 20 * 6240]);
    const refreshes = (postpone: number): number[] =>
      watch({ ranks: 1, refreshPostpone: postpone }, trace)
        .commands.filter((line) => line.includes('REF'))
        .map((line) => Number(line.split(',')[0]));
    expect(refreshes(0).filter((t) => t < busy)).toHaveLength(8);
    const late = refreshes(8);
    expect(late[0]).toBeGreaterThan(9 * 6240 - 600);
    expect(late[0]).toBeLessThan(9 * 6240);
    // The rest follows at once when the requests end.
    expect(late.filter((t) => t < 10 * 6240)).toHaveLength(9);
    expect(late).toHaveLength(refreshes(0).length);
  });

  it('writes what waits when there is nothing to read, and drains from the high to the low mark', () => {
    const writes: Request[] = Array.from({ length: 6 }, (_, i) => [i * 64, 'W', 100 + i]);
    expect(watch({}, writes).controller.device.writes).toBe(6);
    // Reads that never end: writes wait for the mark of 4, when two go; the others go once they starve. Hits win over
    // the writes of a drain until those starve, too.
    const mixed: Request[] = [];
    for (let i = 0; i < 400; i++) mixed.push([(i % 128) * 64, 'R', 0]);
    for (let i = 0; i < 4; i++) mixed.splice(40 * i + 20, 0, [0x2000 + i * 64, 'W', 0]);
    const config: Ddr3Config = {
      writeDrainHigh: 4,
      writeDrainLow: 2,
      writeDrainIdle: 32,
      starvationClocks: 800,
      refresh: 'off',
    };
    const { commands } = watch(config, mixed);
    const at = commands.filter((line) => line.includes('WR')).map((line) => Number(line.split(',')[0]));
    expect(at[1]! - at[0]!).toBe(4);
    expect(at[0]).toBeGreaterThan(800);
    expect(at[2]! - at[1]!).toBeGreaterThan(100);
  });

  it('wakes for a write that starves while nothing else happens', () => {
    // Rank 0 refreshes from 3120 to 3328, and a read of it waits for that in the queue of its bank; so a write to rank 1 is
    // not drained at once, but when it has waited for 100 clocks. It moves then, and its row is opened a clock later.
    const { commands, latency } = watch({ starvationClocks: 100 }, [
      [0, 'R', 3121],
      [0x10000, 'W', 3130],
    ]);
    // The read is the older and goes first; then CL + 4 + tRTRS − CWL = 9.
    expect(commands).toEqual([
      '3120,REF,0,-1,-1,-1',
      '3231,ACT,1,0,0,-1',
      '3328,ACT,0,0,0,-1',
      '3339,RD,0,0,0,0',
      '3348,WR,1,0,0,0',
    ]);
    expect(latency).toEqual([3339 + 15 - 3121, 3348 + 12 - 3130]);
  });

  it('starts a drain with the write that makes writeDrainHigh, and not with the one before', () => {
    // Reads that never end; the bank of the writes is opened once they may go, at the latest when they starve.
    const opened = (writes: number): number => {
      const trace: Request[] = Array.from({ length: 400 }, (_, i) => [(i % 128) * 64, 'R', 0]);
      for (let i = 0; i < writes; i++) trace.splice(20, 0, [0x2000 + i * 64, 'W', 0]);
      const config: Ddr3Config = { writeDrainHigh: 4, writeDrainIdle: 32, starvationClocks: 800 };
      const { commands } = watch({ ...config, refresh: 'off' }, trace);
      return Number(commands.find((line) => line.includes('ACT,0,1,'))!.split(',')[0]);
    };
    expect(opened(4)).toBeLessThan(40);
    expect(opened(3)).toBeGreaterThanOrEqual(800);
  });

  it('lets more than writeDrainIdle writes go before a read once the bank queues are empty', () => {
    // The first read leaves its bank at 1013; the second is accepted in the clock before.
    const second = (writes: number): number => {
      const trace: Request[] = [[0, 'R', 1000]];
      for (let i = 0; i < writes; i++) trace.push([0x2000 + i * 64, 'W', 1001]);
      trace.push([0x4000, 'R', 1012]);
      return watch({ writeDrainIdle: 4 }, trace).issued[1]!;
    };
    expect(second(4)).toBe(5);
    expect(second(5)).toBe(1);
  });

  it('charges gaps of the data bus to what their bursts waited for', () => {
    const gaps = (requests: readonly Request[], config: Ddr3Config = {}): Record<string, number> => {
      const { bus } = ddr3Report(watch(config, requests).controller);
      return Object.fromEntries(Object.entries(bus).filter(([, clocks]) => clocks > 0));
    };
    // Idle up to the command at 1002, which leaves the time of the pipe; then tRCD.
    expect(gaps([[0, 'R', 1000]])).toEqual({ read: 4, idle: 1002 + 11, row: 11 });
    // A write leaves its queue a clock after its accept, and is as idle up to there.
    expect(gaps([[0, 'W', 1000]])).toEqual({ write: 4, idle: 1002 + 8, row: 11 });
    // To the other rank tRTRS lies between; the row there was opened meanwhile.
    const ranks: Request[] = [
      [0, 'R', 1000],
      [0x10000, 'R', 1001],
    ];
    expect(gaps(ranks)).toEqual({ read: 8, idle: 1013, row: 11, rankSwitch: 2 });
    // A write 9 clocks after the read's command, its data 3 clocks sooner after it: 2 clocks of turnaround.
    const mixed: Request[] = [
      [0, 'R', 1000],
      [64, 'W', 1001],
    ];
    expect(gaps(mixed, { writeDrainHigh: 1, writeQueue: 1 })).toEqual({
      read: 4,
      write: 4,
      idle: 1013,
      row: 11,
      turnaround: 2,
    });
    // Five rows of one rank: the fifth waits for tFAW = 24 from the first, 4 clocks more than tRRD asks for.
    const five: Request[] = [0, 1, 2, 3, 4].map((bank) => [bank * 0x2000, 'R', 1000]);
    expect(gaps(five)).toEqual({ read: 20, idle: 1013, row: 11, activateWindow: 8 });
    // A tCCD of 6 leaves two clocks between bursts of a rank: neither a turnaround nor a switch.
    const two: Request[] = [
      [0, 'R', 1000],
      [64, 'R', 1000],
    ];
    expect(gaps(two, { tCCD: 6 })).toEqual({ read: 8, idle: 1013, row: 11, scheduling: 2 });
    // Due at 3120, rank 0 precharges at once, refreshes 11 later and may activate 208 after that.
    const late: Request[] = [
      [0, 'R', 1000],
      [64, 'R', 3120],
    ];
    expect(gaps(late)).toEqual({
      read: 8,
      idle: 1013 + (3122 + 11 - 1028),
      row: 11 + 11,
      refresh: 3120 + 11 + 208 - 3122,
    });
  });

  it.each(['frfcfs', 'fcfs'] as const)(
    'tells hits, misses and conflicts of rows apart with %s',
    (scheduler) => {
      // A closed bank, its row twice, another row, its row; then the same bank, closed by the refresh due at 3120.
      const { statistics } = watch({ scheduler }, [
        [0, 'R', 1000],
        [64, 'R', 1200],
        [128, 'W', 1400],
        [ROW, 'R', 1600],
        [ROW + 64, 'R', 1800],
        [ROW, 'R', 3500],
      ]).controller;
      const { rowHits, rowMisses, rowConflicts } = statistics;
      expect({ rowHits, rowMisses, rowConflicts }).toEqual({ rowHits: 3, rowMisses: 2, rowConflicts: 1 });
    },
  );

  it('gives every clock of the data bus one cause, under any configuration', () => {
    fc.assert(
      fc.property(configs, shapes, (config, shape) => {
        const { controller } = checked(config, stream(shape, ddr3Spec(config).map.bursts));
        const { bus, clocks, commands } = ddr3Report(controller);
        expect(Object.values(bus).reduce((a, b) => a + b)).toBe(clocks);
        expect(bus.read).toBe(4 * commands.RD);
        expect(bus.write).toBe(4 * commands.WR);
        expect(Object.values(bus).every((n) => n >= 0)).toBe(true);
      }),
    );
  });

  it('does the same when it is ticked in every clock as when it skips those in which nothing happens', () => {
    const commandsOf = (config: Ddr3Config, trace: RequestTrace, everyClock: boolean): string[] => {
      const controller = new Ddr3Controller(ddr3Spec(config));
      const lines: string[] = [];
      controller.listener = { command: (...row) => lines.push(row.join(',')) };
      if (!everyClock) runTrace(controller, trace);
      else
        for (let t = 0, next = 0; next < trace.count || controller.pending > 0; t++) {
          controller.tick(t);
          if (
            next < trace.count &&
            trace.stamps[next]! <= t &&
            controller.canAccept(trace.writes[next] !== 0)
          ) {
            controller.accept(t, trace.bursts[next]!, trace.writes[next] !== 0, next);
            next += 1;
          }
        }
      return lines;
    };
    fc.assert(
      fc.property(configs, shapes, (config, shape) => {
        const trace = stream({ ...shape, pause: Math.min(shape.pause, 500) }, ddr3Spec(config).map.bursts);
        expect(commandsOf(config, trace, false)).toEqual(commandsOf(config, trace, true));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the order of reads and writes of a burst, whole and in part, with the smallest queues too', () => {
    fc.assert(
      fc.property(configs, fc.nat(1000), fc.integer({ min: 1, max: 4 }), (config, seed, places) => {
        const spec = ddr3Spec(config);
        const controller = new Ddr3Controller(spec);
        const trace = stream(
          { seed, requests: 200, writes: 0.5, locality: 0, rows: 2, bankBits: 1, pause: 40 },
          spec.map.bursts,
        );
        // Few places, so that requests meet.
        const bursts = trace.bursts.map((burst) => (burst & ~127) | (burst % places));
        // What the writes accepted, and those done, leave behind: their tags by burst, a full one replacing all before it.
        const wanted = new Map<number, string>();
        const memory = new Map<number, string>();
        const expected: string[] = [];
        const got: string[] = [];
        const full = (i: number): boolean => (i * 2654435761) % 7 < 4;
        const after = (before: string | undefined, i: number): string =>
          full(i) ? `${i}` : `${before ?? ''}+${i}`;
        controller.listener = {
          issued: (tag, write) => {
            const burst = bursts[tag]!;
            if (write) memory.set(burst, after(memory.get(burst), tag));
            else got[tag] = memory.get(burst) ?? '';
          },
          // Only a write that covers the burst may answer: everything accepted counts.
          forwarded: (tag) => (got[tag] = wanted.get(bursts[tag]!)!),
        };
        for (let t = 0, next = 0; next < trace.count || controller.pending > 0; t++) {
          controller.tick(t);
          if (t > 1e6) throw new Error(`deadlock: ${next} of ${trace.count} accepted`);
          if (next >= trace.count) continue;
          const write = trace.writes[next] !== 0;
          if (trace.stamps[next]! > t || !controller.canAccept(write)) continue;
          const burst = bursts[next]!;
          if (write) wanted.set(burst, after(wanted.get(burst), next));
          else expected[next] = wanted.get(burst) ?? '';
          controller.accept(t, burst, write, next, full(next));
          next += 1;
        }
        expect(got).toEqual(expected);
        expect(memory).toEqual(wanted);
      }),
      { numRuns: 120 },
    );
  });

  it('goes on from saved registers to the same commands and counts', () => {
    const config: Ddr3Config = { refreshPostpone: 2 };
    const spec = ddr3Spec(config);
    const trace = stream(
      { seed: 5, requests: 600, writes: 0.4, locality: 0.5, rows: 3, bankBits: 3, pause: 100 },
      spec.map.bursts,
    );
    const whole = new Ddr3Controller(spec);
    runTrace(whole, trace);
    const first = new Ddr3Controller(spec);
    new TraceRun(first, trace).advance(300);
    const saved = first.save();
    const lines = (controller: Ddr3Controller): string[] => {
      const commands: string[] = [];
      controller.listener = { command: (...row) => commands.push(row.join(',')) };
      for (let t = controller.nextAt; controller.pending > 0; t = controller.nextAt) controller.tick(t);
      return commands;
    };
    const wanted = lines(first);
    const second = new Ddr3Controller(spec);
    second.restore(saved);
    expect(lines(second)).toEqual(wanted);
    expect(ddr3Report(second)).toEqual(ddr3Report(first));
    expect(wanted.length).toBeGreaterThan(10);
  });
});

describe('LatencyHistogram', () => {
  it('gives the least latency that a share of the requests does not exceed', () => {
    const latency = new LatencyHistogram();
    expect([latency.percentile(0.5), latency.average]).toEqual([0, 0]);
    for (const clocks of [40, 10, 30, 20]) latency.add(clocks);
    expect([0.25, 0.26, 0.5, 0.75, 0.99, 1].map((part) => latency.percentile(part))).toEqual([
      10, 20, 20, 30, 40, 40,
    ]);
    expect([latency.count, latency.average, latency.min, latency.max]).toEqual([4, 25, 10, 40]);
    expect(latency.steps(16)).toEqual([
      { from: 0, to: 16, count: 1 },
      { from: 16, to: 32, count: 2 },
      { from: 32, to: 48, count: 1 },
    ]);
  });

  it('keeps sum and extremes exact beyond its buckets', () => {
    const latency = new LatencyHistogram();
    for (const clocks of [100_000, 70_000]) latency.add(clocks);
    expect([latency.average, latency.min, latency.max, latency.percentile(1)]).toEqual([
      85_000, 70_000, 100_000, 100_000,
    ]);
  });
});
