import { checkAxiLinks } from '../src/components/axi/check-links.js';
import { AxiProtocolChecker } from '../src/components/axi/protocol-checker.js';
import { Simulator } from '../src/kernel/index.js';

/**
 * Puts a protocol checker on every AXI link of every simulation that a test starts, but for links that the test checks
 * itself: a part that breaks a rule ends the run with rule, path and cycle. Set up before each test file (vitest.config.ts).
 */
const { start } = Simulator.prototype;
const begun = new WeakSet<Simulator>();

Simulator.prototype.start = function (this: Simulator): void {
  if (!begun.has(this)) {
    begun.add(this);
    checkAxiLinks(this);
  }
  start.call(this);
};

/** A simulation without checkers: for what a part does about a partner that breaks the rules, or answers unasked. */
export function unchecked<T extends { readonly sim: Simulator }>(rig: T): T {
  begun.add(rig.sim);
  return rig;
}

/**
 * Ends the watch of all checkers of a simulation: what is still open is an error, unless a checker collects.
 * @returns how many there are
 */
export function finishChecks(sim: Simulator): number {
  const checkers = sim.tree.filter((module) => module instanceof AxiProtocolChecker);
  for (const checker of checkers) checker.finish();
  return checkers.length;
}
