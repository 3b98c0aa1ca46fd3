import type { Speed } from './timing-table.js';
import { BURST_CLOCKS, type Ddr3Timing } from './timing-table.js';

/** Supply voltage, V, and currents of one part, mA, as data sheets name them. */
export interface Currents {
  readonly VDD: number;
  /** One bank activates and precharges every tRC. */
  readonly IDD0: number;
  /** Standby, all banks precharged. */
  readonly IDD2N: number;
  /** Standby, a bank open. */
  readonly IDD3N: number;
  /** Reads without gaps. */
  readonly IDD4R: number;
  /** Writes without gaps. */
  readonly IDD4W: number;
  /** Refreshes every tRFC. */
  readonly IDD5: number;
}

export const CURRENT_NAMES = [
  'VDD',
  'IDD0',
  'IDD2N',
  'IDD3N',
  'IDD4R',
  'IDD4W',
  'IDD5',
] as const satisfies readonly (keyof Currents)[];

/**
 * Currents of a 4 Gb ×8 DDR3L part. Source: DRAMsim3 at 29817593, configs/DDR3_4Gb_x8_1600.ini and …_1866.ini, section
 * [power], after Micron's data sheet. There is no file for the two slower bins: they take the figures of 1600, which is
 * too much rather than too little. Other densities take the same figures.
 */
const AT_1600: Currents = {
  VDD: 1.35,
  IDD0: 55,
  IDD2N: 32,
  IDD3N: 38,
  IDD4R: 157,
  IDD4W: 125,
  IDD5: 235,
};
const AT_1866: Currents = {
  VDD: 1.35,
  IDD0: 62,
  IDD2N: 35,
  IDD3N: 41,
  IDD4R: 174,
  IDD4W: 141,
  IDD5: 242,
};

export function currentsOf(speed: Speed): Currents {
  return speed === 1866 ? AT_1866 : AT_1600;
}

/** What energy follows from: commands, and clocks of each kind of standby summed over ranks. */
export interface EnergyCounts {
  readonly activates: number;
  readonly reads: number;
  readonly writes: number;
  readonly refreshes: number;
  /** Clocks with a bank open, ranks added up. */
  readonly activeClocks: number;
  /** Clocks with every bank precharged, ranks added up. */
  readonly idleClocks: number;
}

/** Energy by cause, nanojoules. */
export interface Energy {
  readonly activate: number;
  readonly read: number;
  readonly write: number;
  readonly refresh: number;
  readonly activeStandby: number;
  readonly idleStandby: number;
  readonly total: number;
}

/**
 * Energy of all parts: each command costs what it draws beyond standby, standby is charged by the clock. No power-down,
 * no self-refresh, no I/O and termination power.
 *
 * @param devices parts of one rank; @param clockNs clock period, ns
 * Source: Micron TN-41-01, "Calculating memory system power for DDR3".
 */
export function energyOf(
  counts: EnergyCounts,
  currents: Currents,
  timing: Ddr3Timing,
  devices: number,
  clockNs: number,
): Energy {
  const { VDD, IDD0, IDD2N, IDD3N, IDD4R, IDD4W, IDD5 } = currents;
  // V · mA · ns is pJ.
  const unit = (VDD * devices * clockNs) / 1000;
  const activate =
    unit * counts.activates * (IDD0 * timing.tRC - IDD3N * timing.tRAS - IDD2N * (timing.tRC - timing.tRAS));
  const read = unit * counts.reads * (IDD4R - IDD3N) * BURST_CLOCKS;
  const write = unit * counts.writes * (IDD4W - IDD3N) * BURST_CLOCKS;
  const refresh = unit * counts.refreshes * (IDD5 - IDD3N) * timing.tRFC;
  const activeStandby = unit * counts.activeClocks * IDD3N;
  const idleStandby = unit * counts.idleClocks * IDD2N;
  return {
    activate,
    read,
    write,
    refresh,
    activeStandby,
    idleStandby,
    total: activate + read + write + refresh + activeStandby + idleStandby,
  };
}
