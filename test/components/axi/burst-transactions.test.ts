import { describe, expect, it } from 'vitest';
import { AxiLinkMeter } from '../../../src/components/axi/link-meter.js';
import { type AnyNet, Simulator, type TransactionRecord } from '../../../src/kernel/index.js';
import { type Cycle, Wires } from './wires.js';

/** Plays cycles of a link with a meter on it; what transactions tell, with cycles for times. */
function play(cycles: readonly Cycle[], observed = true) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 1_000_000_000);
  const wires = new Wires(sim, clock, 4, 4);
  const meter = new AxiLinkMeter(sim, 'meter', { clock });
  meter.attach(wires);
  const told: unknown[] = [];
  if (observed)
    sim.transactions.subscribe((r: TransactionRecord) => {
      const cycle = r.time / 1000;
      if (r.type === 'begin') told.push([cycle, r.id, r.kind, r.attributes]);
      else if (r.type === 'end') told.push([cycle, r.id, 'end', r.attributes]);
    });
  sim.transactions.work = 0;
  for (const cycle of cycles) {
    for (const name of ['ar', 'r', 'aw', 'w', 'b'] as const) {
      const shown = cycle[name];
      const channel = wires[name];
      channel.valid.poke(shown === undefined ? 0 : (shown['valid'] ?? 1));
      channel.ready.poke(shown?.['ready'] ?? 1);
      for (const [field, net] of Object.entries<AnyNet>(channel.payload as never))
        if ('poke' in net && net.lanes === 1) (net.poke as (v: number) => void)(shown?.[field] ?? 0);
    }
    sim.step(clock);
  }
  return { told, last: sim.transactions.lastId, state: meter.state.bursts! };
}

describe('the bursts of a link as transactions', () => {
  it('reads from the handshake of the address to the last beat, by their IDs', () => {
    const { told, state } = play([
      { ar: { id: 1, addr: 10, len: 1, size: 3, ready: 0 } },
      { ar: { id: 1, addr: 10, len: 1, size: 3 } },
      { ar: { id: 2, addr: 64, len: 0, size: 3 } },
      { r: { id: 1 } },
      { r: { id: 2, last: 1, ready: 0 } },
      { r: { id: 2, last: 1 } },
      { r: { id: 1, last: 1 } },
    ]);
    expect(told).toEqual([
      // Two beats of eight bytes, the first without its two.
      [1, 1, 'axi.read', { addr: 10, beats: 2, size: 8, id: 1, bytes: 14 }],
      [2, 2, 'axi.read', { addr: 64, beats: 1, size: 8, id: 2, bytes: 8 }],
      [5, 2, 'end', {}],
      [6, 1, 'end', {}],
    ]);
    expect(state.reads).toBe(0);
  });

  it('writes to the response, with the bytes that their strobes had, also where data come before the address', () => {
    const { told, state } = play([
      { w: { strb: 0xff } },
      { w: { strb: 0x03, last: 1 } },
      { aw: { id: 5, addr: 0, len: 1, size: 3 }, w: { strb: 0x10, last: 1 } },
      { aw: { id: 6, addr: 32, len: 0, size: 3 } },
      { aw: { id: 5, addr: 64, len: 0, size: 3 }, b: { id: 6, ready: 0 } },
      { b: { id: 6 }, w: { strb: 0x00, last: 1 } },
      { b: { id: 5 } },
      { b: { id: 5 } },
    ]);
    expect(told).toEqual([
      [2, 1, 'axi.write', { addr: 0, beats: 2, size: 8, id: 5 }],
      [3, 2, 'axi.write', { addr: 32, beats: 1, size: 8, id: 6 }],
      [4, 3, 'axi.write', { addr: 64, beats: 1, size: 8, id: 5 }],
      [5, 2, 'end', { bytes: 1 }],
      [6, 1, 'end', { bytes: 10 }],
      [7, 3, 'end', { bytes: 0 }],
    ]);
    expect([state.writes, state.early]).toEqual([0, []]);
  });

  it('counts ids whether anybody listens or not, and keeps any number of bursts', () => {
    const many: Cycle[] = Array.from({ length: 40 }, (_, i) => ({ ar: { id: i % 16, addr: 64 * i } }));
    expect(play(many, false).last).toBe(40);
    const { told, last } = play([...many, { r: { id: 3, last: 1 } }]);
    expect(last).toBe(40);
    expect(told.at(-1)).toEqual([40, 4, 'end', {}]);
  });
});
