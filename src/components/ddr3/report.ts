import type { Ddr3Controller } from './controller.js';
import type { EnergyCounts } from './energy.js';

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
