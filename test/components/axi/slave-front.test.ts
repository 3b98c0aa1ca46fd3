import { describe, expect, it } from 'vitest';
import {
  axiAddress,
  axiReadData,
  axiWriteData,
  axiWriteResponse,
} from '../../../src/components/axi/channels.js';
import { AxiProtocolError } from '../../../src/components/axi/errors.js';
import { AxiMemory } from '../../../src/components/ddr3/axi-memory.js';
import { Ddr3, ddr3Clock } from '../../../src/components/ddr3/ddr3.js';
import { type Clock, connect, Simulator } from '../../../src/kernel/index.js';
import { Feeder, type Item, Taker } from '../memory-bench.js';
import { unchecked } from '../../axi-checkers.js';

const LANES = 4;
const memories = {
  AxiMemory: (sim: Simulator, clock: Clock, outstanding: number) =>
    new AxiMemory(sim, 'm', { clock, lanes: LANES, latencyCycles: 5, outstanding }),
  Ddr3: (sim: Simulator, clock: Clock, outstanding: number) =>
    new Ddr3(sim, 'm', { clock, lanes: LANES, outstanding }),
} as const;

function rig(kind: keyof typeof memories, outstanding = 16) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clock', ddr3Clock());
  const memory = memories[kind](sim, clock, outstanding);
  const ar = new Feeder(sim, 'ar', axiAddress, clock, []);
  const aw = new Feeder(sim, 'aw', axiAddress, clock, []);
  const w = new Feeder(sim, 'w', axiWriteData(LANES), clock, []);
  const r = new Taker(sim, 'r', axiReadData(LANES), clock);
  const b = new Taker(sim, 'b', axiWriteResponse, clock);
  connect(ar.out, memory.ar);
  connect(aw.out, memory.aw);
  connect(w.out, memory.w);
  connect(memory.r, r.in);
  connect(memory.b, b.in);
  const run = (beats: number, responses: number): void => {
    sim.run({ until: () => r.seen.length === beats && b.seen.length === responses, maxCycles: 1000 });
  };
  return { sim, clock, memory, ar, aw, w, r, b, run };
}

const burst = (addr: number, beats: number, size = 3): Item => ({
  id: 0,
  addr,
  len: beats - 1,
  size,
  burst: 1,
});
const beat = (strb: number, last: number): Item => ({ data: [0x1111, 0x2222, 0x3333, 0x4444], strb, last });

describe.each(['AxiMemory', 'Ddr3'] as const)('the AXI4 front of %s', (kind) => {
  it('counts the bytes that narrow and unaligned reads carry, and those whose strobes are set', () => {
    const { memory, ar, aw, w, run } = rig(kind);
    // One byte up to the next word of 4, then whole words; a beat of 8 from 6 on.
    ar.items.push(burst(3, 3, 2), burst(6, 1));
    run(4, 0);
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([1 + 4 + 4 + 2, 0, 4]);
    aw.items.push(burst(8, 4));
    w.items.push(beat(0b0000_0110, 0), beat(0, 0), beat(0xff, 0), beat(0b1000_0000, 1));
    run(4, 1);
    expect([memory.bytesRead, memory.bytesWritten, memory.beats]).toEqual([11, 2 + 0 + 8 + 1, 8]);
    expect([...memory.dump(8, 16)]).toEqual([
      ...[0x1100, 0x0022, 0, 0],
      ...[0, 0, 0, 0],
      ...[0x1111, 0x2222, 0x3333, 0x4444],
      ...[0, 0, 0, 0x4400],
    ]);
  });

  it('refuses a burst without w_last as well as one that has it too early', () => {
    for (const [beats, last, problem] of [
      [1, 0, 'w_last is 0 on beat 0 of a burst of 1 beats'],
      [2, 1, 'w_last is 1 on beat 0 of a burst of 2 beats'],
    ] as const) {
      const { memory, aw, w, run } = unchecked(rig(kind));
      aw.items.push(burst(0, beats));
      w.items.push(beat(0xff, last));
      // Ddr3 takes a beat a cycle after it came.
      expect(() => run(0, 1)).toThrow(new AxiProtocolError('m', problem, memory instanceof Ddr3 ? 2 : 1));
    }
  });

  it('accepts no more writes than `outstanding` before the first response is shown, nor reads before the first is done', () => {
    for (const outstanding of [1, 2, 3]) {
      const { clock, memory, ar, aw, w, r, b, run } = rig(kind, outstanding);
      const accepted: [reads: number[], writes: number[]] = [[], []];
      // Told after the edge, when the next cycle has begun.
      memory.ar.subscribe(() => accepted[0].push(clock.cycle - 1));
      memory.aw.subscribe(() => accepted[1].push(clock.cycle - 1));
      for (let i = 0; i < 6; i++) {
        ar.items.push(burst(64 * i, 1));
        aw.items.push(burst(64 * i, 1));
        w.items.push(beat(0xff, 1));
      }
      run(6, 6);
      // Outputs are registers: what is shown in cycle c makes room for an accept in c itself, never before.
      for (const [k, seen] of [r.seen, b.seen].entries())
        for (let i = outstanding; i < 6; i++)
          expect(accepted[k]![i]).toBeGreaterThanOrEqual(seen[i - outstanding]!.cycle);
      expect(accepted[1][outstanding]).toBe(b.seen[0]!.cycle);
      expect(accepted[0][outstanding]).toBe(r.seen[0]!.cycle);
    }
  });

  it('says what of a write it waits for', () => {
    const first = rig(kind);
    first.aw.items.push(burst(0, 2));
    first.w.items.push(beat(0xff, 0));
    first.sim.run({ cycles: 50 });
    expect(first.memory.waits()).toEqual([
      { who: 'm', whom: 'its master', why: 'beat 1 of a write burst has not come' },
    ]);
    const second = rig(kind);
    second.w.items.push(beat(0xff, 0), beat(0xff, 1));
    second.sim.run({ cycles: 50 });
    expect(second.memory.waits()).toEqual([
      { who: 'm', whom: 'its master', why: 'the address of 2 write beats has not come' },
    ]);
    expect(rig(kind).memory.waits()).toEqual([]);
  });
});
