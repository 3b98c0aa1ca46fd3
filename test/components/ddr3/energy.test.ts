import { describe, expect, it } from 'vitest';
import { Ddr3Controller } from '../../../src/components/ddr3/controller.js';
import { currentsOf, energyOf } from '../../../src/components/ddr3/energy.js';
import { ddr3Report, energyCounts } from '../../../src/components/ddr3/report.js';
import { ddr3Spec } from '../../../src/components/ddr3/spec.js';
import { runTrace } from '../../../src/components/ddr3/trace-run.js';

const NOTHING = { activates: 0, reads: 0, writes: 0, refreshes: 0, activeClocks: 0, idleClocks: 0 };

describe('the energy of the DRAM', () => {
  it.each([
    // 1.35 V · 8 parts · 1.25 ns = 13.5 pJ a mA and clock. Beyond standby: 55·39 − 38·28 − 32·11 = 729.
    ['activate', { activates: 1 }, 13.5 * 729],
    // Four clocks of data: (157 − 38)·4 and (125 − 38)·4.
    ['read', { reads: 1 }, 13.5 * 476],
    ['write', { writes: 1 }, 13.5 * 348],
    // (235 − 38)·208.
    ['refresh', { refreshes: 1 }, 13.5 * 40_976],
    ['activeStandby', { activeClocks: 1 }, 13.5 * 38],
    ['idleStandby', { idleClocks: 1 }, 13.5 * 32],
  ] as const)('is that of TN-41-01 for one %s, worked by hand', (cause, counts, picojoules) => {
    const { timing } = ddr3Spec();
    const energy = energyOf({ ...NOTHING, ...counts }, currentsOf(1600), timing, 8, 1.25);
    expect(energy[cause]).toBeCloseTo(picojoules / 1000, 9);
    expect(energy.total).toBeCloseTo(picojoules / 1000, 9);
  });

  it('charges both ranks for standby, a rank with a bank open for the open one', () => {
    const controller = new Ddr3Controller(ddr3Spec({ refresh: 'off' }));
    const one = { bursts: Int32Array.of(0), writes: Uint8Array.of(0), stamps: Float64Array.of(1000) };
    const end = runTrace(controller, { count: 1, ...one });
    // Activated at 1002, read at 1013, done at 1028; the other rank stays idle.
    expect(end).toBe(1028);
    expect(energyCounts(controller, end)).toEqual({
      ...NOTHING,
      activates: 1,
      reads: 1,
      activeClocks: 26,
      idleClocks: 2 * 1028 - 26,
    });
    const nanojoules = (13.5 * (729 + 476 + 26 * 38 + 2030 * 32)) / 1000;
    const report = ddr3Report(controller);
    expect(report.energyNanojoules.total).toBeCloseTo(nanojoules, 9);
    // 1028 clocks are 1285 ns; nJ a ns are W.
    expect(report.averagePowerMilliwatts).toBeCloseTo((1000 * nanojoules) / 1285, 6);
  });
});
