import { describe, expect, it } from 'vitest';
import { AxiLinkMeter } from '../../../src/components/axi/link-meter.js';
import { Simulator } from '../../../src/kernel/index.js';
import { Wires } from './wires.js';

/** Plays cycles of [valid, ready] by channel; a channel that is left out shows nothing. */
type Shown = Partial<Record<'ar' | 'aw' | 'r' | 'w', readonly [number, number]>>;

function play(...cycles: readonly Shown[]) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 200_000_000);
  const wires = new Wires(sim, clock, 4, 4);
  const meter = new AxiLinkMeter(sim, 'meter', { clock });
  meter.attach(wires);
  sim.start();
  for (const cycle of cycles) {
    for (const name of ['ar', 'aw', 'r', 'w'] as const) {
      const [valid, ready] = cycle[name] ?? [0, 1];
      wires[name].valid.poke(valid);
      wires[name].ready.poke(ready);
    }
    sim.step(clock);
  }
  return meter.counts;
}

describe('the meter of an AXI link', () => {
  it('counts transfers in the cycles in which both sides agree, and what is held in the others', () => {
    const taken = [1, 1] as const;
    const held = [1, 0] as const;
    const counts = play(
      { ar: held },
      { ar: taken, aw: taken },
      { r: held, w: taken },
      { r: held, w: held },
      { r: taken, w: taken },
      {},
      { r: taken },
      {},
    );
    expect(counts).toEqual({
      readBursts: 1,
      writeBursts: 1,
      readBeats: 2,
      writeBeats: 2,
      readHeld: 2,
      writeHeld: 1,
    });
  });

  it('counts nothing on a link that nothing crosses, whatever its readys do', () => {
    expect(Object.values(play({ r: [0, 1] }, { w: [0, 0] }, {}))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
