import type { Ddr3Controller } from './controller.js';
import { CURRENT_NAMES, type Currents, type Energy, type EnergyCounts, energyOf } from './energy.js';
import { ddr3OptionNames, type Ddr3Options } from './spec.js';
import { BUS_CAUSES, type BusCause, type LatencyHistogram } from './statistics.js';
import type { Ddr3Timing } from './timing-table.js';

/** Clocks of a step of the histogram in a report. */
const STEP_CLOCKS = 16;

/** A latency distribution in a report, clocks of the DRAM. */
export interface LatencyReport {
  readonly count: number;
  readonly average: number;
  /** Null without requests. */
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Steps of 16 clocks from `from` on, `to` excluded; empty steps are left out. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}

/** What a controller has counted, in units that people read. */
export interface Ddr3Report {
  /** Clocks from 0 until the last request was done. */
  readonly clocks: number;
  readonly clockHz: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Bytes of requests over time, 10⁹ bytes a second. */
  readonly bandwidthGBps: number;
  /** What the channel moves without a gap. */
  readonly peakGBps: number;
  /** Accesses that were not the first after their row was opened, over all. */
  readonly rowHitRate: number;
  readonly rowHits: number;
  /** First accesses after an activate of a bank that was closed. */
  readonly rowMisses: number;
  /** First accesses after another row had to be closed. */
  readonly rowConflicts: number;
  readonly averageReadLatencyClocks: number;
  readonly averageWriteLatencyClocks: number;
  /** Clocks that the controller adds to the latency of the DRAM. */
  readonly controllerOverheadClocks: number;
  readonly readLatency: LatencyReport;
  readonly writeLatency: LatencyReport;
  /** Commands; RD and WR with auto-precharge are among RD and WR, and counted in `autoPRE` too. */
  readonly commands: {
    readonly ACT: number;
    readonly PRE: number;
    readonly RD: number;
    readonly WR: number;
    readonly REF: number;
    readonly autoPRE: number;
  };
  readonly forwardedReads: number;
  readonly mergedReads: number;
  readonly mergedWrites: number;
  /** Clocks of the data bus by cause; they add up to `clocks`. */
  readonly bus: Readonly<Record<BusCause, number>>;
  /** Clocks with data over all clocks. */
  readonly busUtilisation: number;
  readonly energyNanojoules: Energy;
  readonly averagePowerMilliwatts: number;
}

/** What energy follows from, in a run that ends at clock `end`. */
export function energyCounts(controller: Ddr3Controller, end: number): EnergyCounts {
  const { device, spec } = controller;
  const active = device.activeUntil(end);
  return {
    activates: device.activates,
    reads: device.reads,
    writes: device.writes,
    refreshes: device.refreshes,
    activeClocks: active,
    idleClocks: Math.max(0, spec.ranks * end - active),
  };
}

/** Everything that a configuration decides, by the names that it may be given with. */
export function ddr3Settings(controller: Ddr3Controller): Ddr3Options & Ddr3Timing & Currents {
  const { spec } = controller;
  const options = Object.fromEntries(
    ddr3OptionNames.map((name) => [name, spec[name]]),
  ) as unknown as Ddr3Options;
  const currents = Object.fromEntries(CURRENT_NAMES.map((name) => [name, spec.currents[name]]));
  return { ...options, ...spec.timing, ...(currents as unknown as Currents) };
}

/** The figures of a run that has ended: every request accepted is done. */
export function ddr3Report(controller: Ddr3Controller): Ddr3Report {
  const { statistics, device, spec } = controller;
  const { readLatency, writeLatency, rowHits, rowMisses, rowConflicts } = statistics;
  const clocks = statistics.lastDone;
  const seconds = (clocks * spec.clockNs) / 1e9;
  const bytes = (readLatency.count + writeLatency.count) * spec.burstBytes;
  const accesses = rowHits + rowMisses + rowConflicts;
  const bus = Object.fromEntries(BUS_CAUSES.map((cause, i) => [cause, statistics.bus[i]!])) as Record<
    BusCause,
    number
  >;
  bus.idle += Math.max(0, clocks - statistics.busEnd);
  const energy = energyOf(
    energyCounts(controller, clocks),
    spec.currents,
    spec.timing,
    spec.devices,
    spec.clockNs,
  );
  return {
    clocks,
    clockHz: spec.clock.num / spec.clock.den,
    seconds,
    bytes,
    bandwidthGBps: ratio(bytes, seconds * 1e9),
    peakGBps: (2 * (spec.channelBits / 8)) / spec.clockNs,
    rowHitRate: ratio(rowHits, accesses),
    rowHits,
    rowMisses,
    rowConflicts,
    averageReadLatencyClocks: readLatency.average,
    averageWriteLatencyClocks: writeLatency.average,
    controllerOverheadClocks: spec.overheadClocks,
    readLatency: latencyReport(readLatency),
    writeLatency: latencyReport(writeLatency),
    commands: {
      ACT: device.activates,
      PRE: device.precharges,
      RD: device.reads,
      WR: device.writes,
      REF: device.refreshes,
      autoPRE: device.autoPrecharges,
    },
    forwardedReads: statistics.forwardedReads,
    mergedReads: statistics.mergedReads,
    mergedWrites: statistics.mergedWrites,
    bus,
    busUtilisation: ratio(bus.read + bus.write, clocks),
    energyNanojoules: energy,
    averagePowerMilliwatts: ratio(energy.total * 1e-6, seconds),
  };
}

function latencyReport(latency: LatencyHistogram): LatencyReport {
  const some = latency.count > 0;
  const or = (value: number): number | null => (some ? value : null);
  return {
    count: latency.count,
    average: latency.average,
    min: or(latency.min),
    max: or(latency.max),
    p50: or(latency.percentile(0.5)),
    p95: or(latency.percentile(0.95)),
    p99: or(latency.percentile(0.99)),
    histogram: latency.steps(STEP_CLOCKS),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
