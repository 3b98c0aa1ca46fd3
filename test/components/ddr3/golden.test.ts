import { describe, expect, it } from 'vitest';
import { Ddr3Controller } from '../../../src/components/ddr3/controller.js';
import { energyOf } from '../../../src/components/ddr3/energy.js';
import { ddr3Spec } from '../../../src/components/ddr3/spec.js';
import { energyCounts } from '../../../src/components/ddr3/report.js';
import { runTrace } from '../../../src/components/ddr3/trace-run.js';
import {
  type CommandRow,
  goldenCommands,
  goldenReads,
  type GoldenRun,
  goldenRuns,
  goldenThere,
  goldenTrace,
} from './golden-runs.js';

interface Outcome {
  readonly controller: Ddr3Controller;
  readonly commands: CommandRow[];
  readonly reads: Map<number, { accepted: number; done: number }>;
  readonly end: number;
}

function replay(run: GoldenRun): Outcome {
  const controller = new Ddr3Controller(ddr3Spec({ tRTRS: run.config === 'A' ? 1 : 2 }));
  const commands: CommandRow[] = [];
  const reads = new Map<number, { accepted: number; done: number }>();
  controller.listener = {
    command: (...row) => commands.push(row),
    issued: (tag, write, accepted, done) => {
      if (!write) reads.set(tag, { accepted, done });
    },
    forwarded: (tag, accepted, done) => reads.set(tag, { accepted, done }),
  };
  const end = runTrace(controller, goldenTrace(run.trace));
  return { controller, commands, reads, end };
}

/** The commands that both sides give before either's last one: ours also flushes the writes that stay behind there. */
function untilLast(rows: readonly CommandRow[], cycle: number): readonly CommandRow[] {
  return rows.filter((row) => row[0] <= cycle);
}

describe.skipIf(!goldenThere)('Ddr3Controller against DRAMsim3', () => {
  for (const run of goldenRuns()) {
    const name = `${run.config}.${run.trace}`;

    it(`meets bandwidth, row-hit rate, activates and refreshes of ${name}`, () => {
      const { controller, end } = replay(run);
      const { statistics, device, spec } = controller;
      const accesses = statistics.rowHits + statistics.rowMisses + statistics.rowConflicts;
      const bandwidth = (run.requests * spec.burstBytes) / (end * spec.clockNs);
      // The file prints three decimals of GB/s and two of the clocks.
      expect(Math.abs(bandwidth - run.gigabytesPerSecond)).toBeLessThan(0.01 * run.gigabytesPerSecond + 5e-4);
      expect(statistics.rowHits / accesses).toBeCloseTo(run.rowHitRate, 3);
      expect(device.activates).toBe(run.activates);
      expect(device.precharges).toBe(run.precharges);
      expect(device.refreshes).toBe(run.refreshes);
      expect(statistics.readLatency.average).toBeCloseTo(run.averageReadLatency, 2);
      expect(statistics.readLatency.min).toBe(run.minReadLatency);
      expect(statistics.readLatency.max).toBe(run.maxReadLatency);
    });

    it(`sends the same commands at the same clocks in ${name}`, () => {
      const { commands } = replay(run);
      const golden = goldenCommands(run);
      const last = Math.min(golden.at(-1)![0], commands.at(-1)![0]);
      const ours = untilLast(commands, last);
      const theirs = untilLast(golden, last);
      const first = theirs.findIndex((row, i) => row.join() !== ours[i]?.join());
      expect(first < 0 ? null : { at: first, wanted: theirs[first], got: ours[first] }).toBeNull();
      expect(ours.length).toBe(theirs.length);
    });

    it(`finishes every read of ${name} at the same clock`, () => {
      const { reads } = replay(run);
      const golden = goldenReads(run);
      const wrong = golden.filter(({ index, accepted, done }) => {
        const mine = reads.get(index);
        return mine?.accepted !== accepted || mine.done !== done;
      });
      expect(wrong).toEqual([]);
    });

    it(`spends the energy of ${name} within 1 %`, () => {
      const { controller, end } = replay(run);
      const { spec } = controller;
      const { total } = energyOf(
        energyCounts(controller, end),
        spec.currents,
        spec.timing,
        spec.devices,
        spec.clockNs,
      );
      // nJ to V·mA·clock.
      const units = (total * 1000) / spec.clockNs;
      expect(Math.abs(units / 1e6 - run.energy)).toBeLessThan(0.01 * run.energy);
    });
  }
});

if (!goldenThere)
  it('is compared with DRAMsim3 where its traces are there: ../shared/data/dram is missing, so this was skipped', () => {
    expect(goldenThere).toBe(false);
  });
