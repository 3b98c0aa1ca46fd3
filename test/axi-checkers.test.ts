import { describe, expect, it } from 'vitest';
import { AxiProtocolError } from '../src/components/axi/errors.js';
import { AxiProtocolChecker } from '../src/components/axi/protocol-checker.js';
import { ReadDma } from '../src/components/read-dma.js';
import { WriteDma } from '../src/components/write-dma.js';
import type { Clock, Module, Simulator } from '../src/kernel/index.js';
import { GuptaRunner } from '../src/machines/gupta/runner.js';
import { guptaSpec } from '../src/machines/gupta/spec.js';
import { finishChecks, unchecked } from './axi-checkers.js';
import { randomLayer } from './machines/random-layer.js';

const N = 4;
const { step, image } = randomLayer(7);

function machine(clockHz: number | null, prepare?: (sim: Simulator) => void): GuptaRunner {
  return new GuptaRunner(guptaSpec({ n: N, memory: { clockHz } }), [step], { seed: 1 }, prepare);
}
const run = (runner: GuptaRunner): unknown =>
  runner.runLayer(0, image, 0, { stochastic: false, seed: 1 }, 100_000);

/** A READ engine that asks for something before its reset is over. */
class HastyRead extends ReadDma {
  constructor(parent: Module | Simulator, name: string, clock: Clock) {
    super(parent, name, { clock });
    this.ar.valid.write(1);
  }
}

/** A WRITE engine that speaks of beats of a word, and sends what it has. */
class NarrowWrite extends WriteDma {
  constructor(parent: Module | Simulator, name: string, clock: Clock) {
    super(parent, name, { clock, n: N });
    this.aw.payload.size.write(1);
  }
}

describe('the machines that tests build', () => {
  it.each([null, 200_000_000])('have a checker on each AXI link, the memory at %s Hz', (clockHz) => {
    const runner = machine(clockHz);
    run(runner);
    const checkers = runner.sim.tree.filter((module) => module instanceof AxiProtocolChecker);
    const looked = new Set(
      checkers.flatMap((checker) => checker.addresses.map((channel) => channel.module.path)),
    );
    expect([...looked]).toContain('gupta.read');
    expect([...looked]).toContain('gupta.write');
    expect(finishChecks(runner.sim)).toBe(checkers.length);
  });

  it('end with rule, path and cycle when an engine breaks a rule', () => {
    const [reads, writes] = [
      machine(null, (sim) =>
        sim.override('gupta.read', (parent, name) => new HastyRead(parent, name, sim.clocks[0]!)),
      ),
      machine(null, (sim) =>
        sim.override('gupta.write', (parent, name) => new NarrowWrite(parent, name, sim.clocks[0]!)),
      ),
    ].map((runner) => {
      try {
        run(runner);
      } catch (error) {
        if (error instanceof AxiProtocolError) return error.message;
      }
      return 'nothing';
    });
    expect(reads).toMatch(/^gupta\.read\.ar: valid-in-reset: .* in cycle 0$/);
    expect(writes).toMatch(/^gupta\.write\.w: strobe-lanes: .* in cycle \d+$/);
  });

  it('have none where a test wants none', () => {
    const runner = machine(null);
    unchecked(runner);
    run(runner);
    expect(finishChecks(runner.sim)).toBe(0);
  });
});
