import { describe, expect, it } from 'vitest';
import {
  AxiClockCrossing,
  AxiInterconnect,
  AxiModule,
  type AxiPort,
  AxiRegisterSlice,
  AxiWidthConverter,
  checkAxiLinks,
  checkerLimits,
  type Clock,
  connectAxi,
  Ddr3,
  ddr3Clock,
  type Ddr3Config,
  ddr3Spec,
  Ddr3TimingChecker,
  Simulator,
} from '../src/index.js';

/** Reads two beats of 8 words from address 64, and notes what comes. */
class Reader extends AxiModule {
  readonly m: AxiPort;
  readonly words: number[] = [];
  private asked = false;

  constructor(parent: Simulator, name: string, clock: Clock) {
    super(parent, name);
    this.m = this.masterPort('m', { clock, lanes: 8, idBits: 3 });
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { ar, r } = this.m;
    if (ar.fires) this.asked = true;
    ar.valid.write(this.asked || ar.fires ? 0 : 1);
    ar.payload.addr.write(64);
    ar.payload.len.write(1);
    ar.payload.size.write(4);
    ar.payload.burst.write(1);
    r.ready.write(1);
    if (r.fires) this.words.push(...r.payload.data.values);
  }
}

describe('the package', () => {
  it('has what a design of AXI4 parts and DDR3 needs: a read through all of them, with a checker on every link', () => {
    const config: Ddr3Config = { speed: 1333 };
    const sim = new Simulator();
    const clock = sim.clock('bus', 200_000_000);
    const ddr = sim.clock('ddr3', ddr3Clock(config));
    const reader = new Reader(sim, 'reader', clock);
    const slice = new AxiRegisterSlice(sim, 'slice', { clock, lanes: 8, idBits: 3 });
    const fabric = new AxiInterconnect(sim, 'fabric', {
      clock,
      lanes: 8,
      masters: 1,
      idBits: 3,
      slaves: [[{ base: 0, bytes: ddr3Spec(config).capacityBytes }]],
    });
    const wide = new AxiWidthConverter(sim, 'wide', {
      clock,
      sLanes: 8,
      mLanes: 16,
      idBits: fabric.outIdBits,
      outIdBits: 4,
    });
    const crossing = new AxiClockCrossing(sim, 'crossing', { sClock: clock, mClock: ddr });
    const memory = new Ddr3(sim, 'memory', { clock: ddr, config });
    connectAxi(reader.m, slice.s);
    connectAxi(slice.m, fabric.s[0]!);
    connectAxi(fabric.m[0]!, wide.s);
    connectAxi(wide.m, crossing.s);
    connectAxi(crossing.m, memory);
    const timing = new Ddr3TimingChecker(checkerLimits(1333));
    memory.observeCommands(timing.command.bind(timing));
    const checkers = checkAxiLinks(sim);
    expect(checkers).toHaveLength(5);
    const words = Int16Array.from({ length: 16 }, (_, i) => 300 - i);
    memory.load(64, words);
    sim.run({ until: () => reader.words.length === 16, maxCycles: 1000 });
    expect(reader.words).toEqual([...words]);
    for (const checker of checkers) checker.finish();
    expect([timing.commandCount, timing.violationCount]).toEqual([2, 0]);
  });
});
