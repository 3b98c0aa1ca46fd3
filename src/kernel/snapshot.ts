import { SnapshotError } from './errors.js';
import type { Simulator } from './simulator.js';

/** A saved moment of a simulation: plain data that `structuredClone` and msgpack can carry. */
export interface Snapshot {
  readonly version: 1;
  /** Names of the signals and modules, to be matched on restoring. */
  readonly signals: number;
  readonly modules: readonly string[];
  readonly time: number;
  readonly resumeFrom: number;
  readonly values: Float64Array;
  readonly clocks: readonly { readonly name: string; readonly processes: number[] }[];
  readonly wakes: readonly { readonly time: number; readonly process: number }[];
  readonly states: readonly unknown[];
  readonly transactions: number;
}

/**
 * Saves a simulation between runs (a settled instant). Observers do not count. Restored into a simulation built from
 * the same configuration, the run goes on to the same bytes.
 * @throws SnapshotError naming the port, when operator glue that may keep state drives one, or has timers pending.
 */
export function takeSnapshot(sim: Simulator): Snapshot {
  sim.start();
  if (sim.statefulGlue.length > 0) {
    throw new SnapshotError(
      `operators that may keep state drive ${sim.statefulGlue.join(', ')}; connect(…, { stateless: true }) where they keep none`,
    );
  }
  const { wakes, timers } = sim.pendingWakes();
  if (timers > 0) throw new SnapshotError(`${timers} timers of operator glue are pending`);
  return {
    version: 1,
    signals: sim.engine.slots,
    modules: sim.tree.map((m) => m.path),
    time: sim.now,
    resumeFrom: sim.resumeFrom,
    values: sim.engine.present.slice(0, sim.engine.slots),
    clocks: sim.clocks.map((c) => ({ name: c.name, ...c.save() })),
    wakes,
    states: sim.tree.map((m) => m.saveState()),
    transactions: sim.transactions.lastId,
  };
}

/**
 * Puts a saved moment into a simulation of the same design (freshly built or already run).
 * @throws SnapshotError when the designs differ.
 */
export function restoreSnapshot(sim: Simulator, snapshot: Snapshot): void {
  sim.start();
  if (snapshot.signals !== sim.engine.slots) {
    throw new SnapshotError(
      `was taken of a design with ${snapshot.signals} signals; this one has ${sim.engine.slots}`,
    );
  }
  const here = sim.tree.map((m) => m.path);
  const differs = here.findIndex((path, i) => path !== snapshot.modules[i]);
  if (differs >= 0 || here.length !== snapshot.modules.length) {
    const at = differs >= 0 ? differs : here.length;
    throw new SnapshotError(
      `was taken of a design with module ${snapshot.modules[at]} where this one has ${here[at]}`,
    );
  }
  sim.engine.present.set(snapshot.values);
  sim.engine.next.set(snapshot.values);
  sim.restoreMoment(snapshot.time, snapshot.resumeFrom, snapshot.wakes);
  snapshot.clocks.forEach((saved, i) => {
    const clock = sim.clocks[i];
    if (clock?.name !== saved.name)
      throw new SnapshotError(`has clock ${saved.name} where this design has ${clock?.name}`);
    clock.restore(saved);
  });
  sim.tree.forEach((module, i) => module.loadState(snapshot.states[i]));
  sim.transactions.lastId = snapshot.transactions;
}
