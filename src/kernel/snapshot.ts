import type { SavedRun } from './channel-run.js';
import { SnapshotError } from './errors.js';
import type { Simulator } from './simulator.js';

/** A saved moment of a simulation: plain data that `structuredClone` and msgpack can carry. */
export interface Snapshot {
  readonly version: 1;
  /** Number of signal slots, paths of modules, names of processes: to be matched on restoring. */
  readonly signals: number;
  readonly processes: readonly string[];
  readonly modules: readonly string[];
  readonly time: number;
  readonly resumeFrom: number;
  readonly values: Float64Array;
  readonly clocks: readonly { readonly name: string; readonly processes: number[] }[];
  readonly wakes: readonly { readonly time: number; readonly process: number }[];
  readonly states: readonly unknown[];
  /** Bulk runs on channels that are in progress or were the latest. */
  readonly runs: readonly SavedRun[];
  readonly transactions: number;
  readonly activations: number;
}

/**
 * Saves a simulation between runs (a settled instant). Observers do not count. Restored into a simulation built from
 * the same configuration, the run goes on to the same bytes.
 * @throws SnapshotError naming the port, when operator glue that may keep state drives one, or has timers pending; within
 * an instant.
 */
export function takeSnapshot(sim: Simulator): Snapshot {
  if (!sim.isSettled)
    throw new SnapshotError(`asked for within the instant at ${sim.now} ps; take it between runs`);
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
    processes: [...sim.engine.processName],
    modules: sim.tree.map((m) => m.path),
    time: sim.now,
    resumeFrom: sim.resumeFrom,
    values: sim.engine.present.slice(0, sim.engine.slots),
    clocks: sim.clocks.map((c) => ({ name: c.name, ...c.save() })),
    wakes,
    states: sim.tree.map((m) => m.saveState()),
    runs: sim.channelLinks.flatMap((link) => link.save() ?? []),
    transactions: sim.transactions.lastId,
    activations: sim.engine.activations,
  };
}

/**
 * Puts a saved moment into a simulation of the same design (freshly built or already run).
 * @throws SnapshotError when the designs differ.
 */
export function restoreSnapshot(sim: Simulator, snapshot: Snapshot): void {
  if (!sim.isSettled)
    throw new SnapshotError(`restored within the instant at ${sim.now} ps; do it between runs`);
  sim.start();
  const { engine } = sim;
  same(
    'module',
    snapshot.modules,
    sim.tree.map((m) => m.path),
  );
  same('process', snapshot.processes, engine.processName);
  same(
    'clock',
    snapshot.clocks.map((c) => c.name),
    sim.clocks.map((c) => c.name),
  );
  if (snapshot.signals !== engine.slots)
    throw new SnapshotError(
      `was taken of a design with ${snapshot.signals} signals; this one has ${engine.slots}`,
    );
  engine.load(snapshot.values);
  sim.restoreMoment(snapshot.time, snapshot.resumeFrom, snapshot.wakes);
  snapshot.clocks.forEach((saved, i) => sim.clocks[i]!.restore(saved));
  sim.tree.forEach((module, i) => module.loadState(snapshot.states[i]));
  const runs = new Map(snapshot.runs.map((run) => [run.channel, run]));
  for (const link of sim.channelLinks) link.restore(runs.get(link.ends.source.path));
  sim.transactions.lastId = snapshot.transactions;
  sim.retell();
  engine.activations = snapshot.activations;
}

function same(what: string, saved: readonly string[], here: readonly string[]): void {
  for (let i = 0; i < Math.max(saved.length, here.length); i++) {
    if (saved[i] === here[i]) continue;
    throw new SnapshotError(
      `was taken of a design with ${what} ${saved[i] ?? '(none)'} where this one has ${here[i] ?? '(none)'}`,
    );
  }
}
