import { describe, expect, it } from 'vitest';
import { AxiInterconnect, type AxiInterconnectSpec } from '../../../src/components/axi/interconnect.js';
import { ConfigError, Simulator } from '../../../src/kernel/index.js';
import { unchecked } from '../../axi-checkers.js';
import { burst, masterAt, slaveAt, times, words } from './bench.js';

const PAGE = 4096;
/** Slave 0 at 0x0000, slave 1 at 0x1000; 0x2000 is nobody's; slave 0 again at 4 GiB. */
const MAP = [
  [
    { base: 0, bytes: PAGE },
    { base: 2 ** 32, bytes: PAGE },
  ],
  [{ base: PAGE, bytes: PAGE }],
];

function rig(spec: Partial<AxiInterconnectSpec> = {}, slaveRate = 1) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 200_000_000);
  const fabric = new AxiInterconnect(sim, 'fabric', { clock, masters: 2, slaves: MAP, lanes: 4, ...spec });
  const masters = fabric.s.map((port, i) => masterAt(sim, `m${i}`, port));
  const slaves = fabric.m.map((port, j) => slaveAt(sim, `s${j}`, port, slaveRate));
  return { sim, clock, fabric, masters, slaves };
}

const data = (from: number, last = 1) => ({ data: words(4, from), strb: 255, last });
const read = (id: number, from: number, last = 1, resp = 0) => ({ id, data: words(4, from), resp, last });

describe('AxiInterconnect', () => {
  it('shows AR and AW two cycles after their handshake, with the master in the ID, W one cycle behind AW', () => {
    const { sim, masters, slaves } = rig();
    masters[1]!.ar.push(burst(0x10, 2, 5));
    masters[1]!.aw.push(burst(0x1020, 1, 6));
    masters[1]!.w.push(data(7));
    sim.step(undefined, 12);
    // Accepted in cycle 1.
    expect(slaves[0]!.ar).toEqual([{ cycle: 3, item: burst(0x10, 2, 16 + 5) }]);
    expect(slaves[1]!.aw).toEqual([{ cycle: 3, item: burst(0x1020, 1, 16 + 6) }]);
    expect(slaves[1]!.w).toEqual([{ cycle: 4, item: data(7) }]);
  });

  it('moves one burst and one beat a cycle at every port', () => {
    const { sim, masters, slaves } = rig();
    for (let i = 0; i < 6; i++) masters[0]!.ar.push(burst(8 * i, 1, i));
    masters[0]!.aw.push(burst(0, 6));
    for (let i = 0; i < 6; i++) masters[0]!.w.push(data(i, i === 5 ? 1 : 0));
    sim.step(undefined, 16);
    expect(slaves[0]!.ar.map((s) => s.cycle)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(slaves[0]!.w.map((s) => s.cycle)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('brings R and B back in two cycles, without the master in the ID', () => {
    const { sim, masters, slaves } = unchecked(rig());
    slaves[0]!.r.push(read(16 + 3, 100, 0), read(16 + 3, 104));
    slaves[1]!.b.push({ id: 9, resp: 2 });
    sim.step(undefined, 12);
    expect(masters[1]!.r).toEqual([
      { cycle: 3, item: read(3, 100, 0) },
      { cycle: 4, item: read(3, 104) },
    ]);
    expect(masters[0]!.b).toEqual([{ cycle: 3, item: { id: 9, resp: 2 } }]);
  });

  it('serves two masters in turn, or the first one first', () => {
    const order = (arbitration: 'round-robin' | 'priority'): unknown[] => {
      const { sim, masters, slaves } = rig({ arbitration });
      for (const master of masters) for (let i = 0; i < 3; i++) master.ar.push(burst(8 * i, 1, i));
      sim.step(undefined, 16);
      return times(slaves[0]!.ar, 'id');
    };
    expect(order('round-robin')).toEqual([
      [3, 0],
      [4, 16],
      [5, 1],
      [6, 17],
      [7, 2],
      [8, 18],
    ]);
    expect(order('priority')).toEqual([
      [3, 0],
      [4, 1],
      [5, 2],
      [6, 16],
      [7, 17],
      [8, 18],
    ]);
  });

  it('serves two masters at two slaves at once', () => {
    const { sim, masters, slaves } = rig();
    masters[0]!.ar.push(burst(0, 1));
    masters[1]!.ar.push(burst(PAGE, 1));
    sim.step(undefined, 8);
    expect([slaves[0]!.ar[0]!.cycle, slaves[1]!.ar[0]!.cycle]).toEqual([3, 3]);
  });

  it('knows every range of a slave, and answers DECERR three cycles after AR where there is none', () => {
    const { sim, masters, slaves } = rig();
    masters[0]!.ar.push(burst(2 ** 32 + 8, 1, 1), burst(2 * PAGE, 3, 2), burst(2 ** 32 + PAGE, 1, 3));
    sim.step(undefined, 20);
    expect(times(slaves[0]!.ar, 'addr')).toEqual([[3, 2 ** 32 + 8]]);
    // Accepted in cycles 2 and 3; one at a time, so the second waits for the first one's last beat.
    expect(masters[0]!.r.map(({ cycle, item }) => [cycle, item.id, item.resp, item.last])).toEqual([
      [5, 2, 3, 0],
      [6, 2, 3, 0],
      [7, 2, 3, 1],
      [9, 3, 3, 1],
    ]);
    expect(masters[0]!.r[0]!.item.data).toEqual([0, 0, 0, 0]);
  });

  it('swallows the data of a write to nobody and answers it DECERR, four cycles after AW and W', () => {
    const { sim, masters, slaves } = rig();
    masters[0]!.aw.push(burst(2 * PAGE, 1, 4), burst(PAGE, 1, 4));
    masters[0]!.w.push(data(1), data(2));
    sim.step(undefined, 20);
    // Both accepted in cycle 1.
    expect(masters[0]!.b).toEqual([{ cycle: 5, item: { id: 4, resp: 3 } }]);
    // The same ID at another slave waits for that response, the data for their address.
    expect(times(slaves[1]!.aw, 'id')).toEqual([[7, 4]]);
    expect(slaves[1]!.w).toEqual([{ cycle: 8, item: data(2) }]);
  });

  it('lets a same-ID read of another slave wait for the last beat of the first, and what stands behind it too', () => {
    const { sim, masters, slaves } = rig();
    masters[0]!.ar.push(burst(0, 2, 1), burst(8, 1, 1), burst(PAGE, 1, 1), burst(16, 1, 2));
    sim.step(undefined, 20);
    expect(times(slaves[0]!.ar, 'addr')).toEqual([
      [3, 0],
      [4, 8],
    ]);
    expect(slaves[1]!.ar).toEqual([]);
    slaves[0]!.r.push(read(1, 0, 0), read(1, 4), read(1, 8));
    sim.step(undefined, 20);
    const last = masters[0]!.r.at(-1)!.cycle;
    expect(slaves[1]!.ar.map((s) => s.cycle)).toEqual([last + 2]);
    expect(times(slaves[0]!.ar, 'addr').at(-1)).toEqual([last + 3, 16]);
  });

  it('goes to two slaves at once with different IDs', () => {
    const { sim, masters, slaves } = rig();
    masters[0]!.ar.push(burst(0, 1, 1), burst(PAGE, 1, 2));
    sim.step(undefined, 8);
    expect([slaves[0]!.ar[0]!.cycle, slaves[1]!.ar[0]!.cycle]).toEqual([3, 4]);
  });

  it('has at most `outstanding` reads and writes of a master under way', () => {
    const { sim, masters, slaves } = rig({ outstanding: 2 });
    for (let i = 0; i < 4; i++) masters[0]!.ar.push(burst(8 * i, 1, i));
    for (let i = 0; i < 4; i++) masters[0]!.aw.push(burst(8 * i, 1, i));
    for (let i = 0; i < 4; i++) masters[0]!.w.push(data(i));
    masters[1]!.ar.push(burst(64, 1, 0));
    sim.step(undefined, 30);
    expect(times(slaves[0]!.ar, 'addr')).toEqual([
      [3, 0],
      [4, 64],
      [5, 8],
    ]);
    expect(slaves[0]!.aw.length).toBe(2);
    expect(slaves[0]!.w.length).toBe(2);
    slaves[0]!.b.push({ id: 1, resp: 0 });
    slaves[0]!.r.push(read(0, 0));
    sim.step(undefined, 30);
    expect([slaves[0]!.ar.length, slaves[0]!.aw.length, slaves[0]!.w.length]).toEqual([4, 3, 3]);
  });

  it('gives a slave the write data in the order of its AWs, whoever sends first', () => {
    const { sim, masters, slaves } = rig({ arbitration: 'priority' });
    masters[1]!.w.push(data(20, 0), data(21));
    masters[0]!.aw.push(burst(0, 2));
    masters[1]!.aw.push(burst(32, 2));
    sim.step(undefined, 10);
    expect(times(slaves[0]!.aw, 'id')).toEqual([
      [3, 0],
      [4, 16],
    ]);
    expect(slaves[0]!.w).toEqual([]);
    expect(sim.waits().map((w) => w.why)).toContain('1 write bursts of fabric.s_w[0] lack data');
    masters[0]!.w.push(data(10, 0), data(11));
    sim.step(undefined, 10);
    expect(slaves[0]!.w.map((s) => (s.item.data as number[])[0])).toEqual([10, 11, 20, 21]);
  });

  it('keeps a read burst together, and lets another slave in where it pauses', () => {
    const { sim, masters, slaves } = unchecked(rig());
    slaves[0]!.r.push(read(1, 0, 0), read(1, 4, 0), read(1, 8));
    slaves[1]!.r.push(read(2, 100, 0), read(2, 104));
    sim.step(undefined, 20);
    expect(masters[0]!.r.map((s) => s.item.id)).toEqual([1, 1, 1, 2, 2]);
    slaves[0]!.r.push(read(1, 0, 0));
    sim.step(undefined, 2);
    slaves[1]!.r.push(read(2, 100));
    sim.step(undefined, 10);
    slaves[0]!.r.push(read(1, 4));
    sim.step(undefined, 10);
    expect(masters[0]!.r.slice(5).map((s) => s.item.id)).toEqual([1, 2, 1]);
  });

  it("keeps to a burst that has begun though the turn is another slave's", () => {
    const { sim, masters, slaves } = unchecked(rig());
    slaves[1]!.r.push(read(2, 100, 0), read(2, 104, 0), read(2, 108));
    sim.step(undefined, 1);
    slaves[0]!.r.push(read(1, 0));
    sim.step(undefined, 12);
    expect(masters[0]!.r.map((s) => s.item.id)).toEqual([2, 2, 2, 1]);
  });

  it('serves answers of two slaves in turn', () => {
    const { sim, masters, slaves } = unchecked(rig());
    for (let i = 0; i < 3; i++) {
      slaves[0]!.r.push(read(1, i));
      slaves[1]!.r.push(read(2, i));
      slaves[0]!.b.push({ id: 1, resp: 0 });
      slaves[1]!.b.push({ id: 2, resp: 0 });
    }
    sim.step(undefined, 12);
    expect(masters[0]!.r.map((s) => s.item.id)).toEqual([1, 2, 1, 2, 1, 2]);
    expect(masters[0]!.b.map((s) => s.item.id)).toEqual([1, 2, 1, 2, 1, 2]);
  });

  it('is as new after a reset in mid-run', () => {
    const { sim, fabric, masters, slaves } = rig({ outstanding: 1 }, 0);
    masters[0]!.ar.push(burst(0, 1, 1), burst(0, 1, 1), burst(2 * PAGE, 9, 3));
    masters[0]!.aw.push(burst(0, 4, 1), burst(2 * PAGE, 4, 1));
    masters[0]!.w.push(data(1, 0), data(2, 0));
    masters[1]!.ar.push(burst(2 * PAGE, 9, 3));
    sim.step(undefined, 8);
    expect(fabric.m[0]!.ar.valid.value + fabric.m[0]!.w.valid.value).toBe(2);
    fabric.rst.poke(1);
    sim.step(undefined, 4);
    for (const port of [...fabric.s, ...fabric.m])
      for (const channel of [port.ar, port.r, port.aw, port.w, port.b])
        if (channel.role === 'source') expect(channel.valid.value, channel.path).toBe(0);
    expect(slaves[0]!.ar).toEqual([]);
    const fresh = new AxiInterconnect(new Simulator(), 'x', {
      clock: new Simulator().clock('c', 1e6),
      masters: 2,
      slaves: MAP,
      lanes: 4,
      outstanding: 1,
    });
    const stale = new Set(['memory', 'idTarget', 'items', 'nobodyId']);
    const keep = (key: string, value: unknown): unknown => (stale.has(key) ? null : value);
    expect(JSON.stringify(fabric.state, keep)).toBe(JSON.stringify(fresh.state, keep));
  });

  it('widens IDs by the bits that the masters need', () => {
    const bits = (masters: number): number => rig({ masters }).fabric.outIdBits;
    expect([1, 2, 3, 4, 5, 16].map(bits)).toEqual([4, 5, 6, 6, 7, 8]);
  });

  it('names what is wrong with its parameters', () => {
    const wrong = (spec: Partial<AxiInterconnectSpec>, message: string): void => {
      expect(() => rig(spec)).toThrow(ConfigError);
      expect(() => rig(spec)).toThrow(message);
    };
    wrong({ masters: 0 }, 'fabric: masters must be an integer from 1 to 16, got 0');
    wrong({ slaves: [] }, 'fabric: slaves.length must be an integer from 1 to 16, got 0');
    wrong({ lanes: 3 }, 'fabric: lanes must be 1, 2, 4, 8 or 16 words of 2 bytes, got 3');
    wrong({ idBits: 9 }, 'fabric: idBits must be an integer from 1 to 8, got 9');
    wrong({ outstanding: 0 }, 'fabric: outstanding must be an integer from 1 to 256, got 0');
    wrong(
      { arbitration: 'fair' as 'priority' },
      'arbitration must be "round-robin" or "priority", got "fair"',
    );
    wrong({ slaves: [[{ base: 100, bytes: PAGE }]] }, 'slaves[0][0].base must be a multiple of 4096');
    wrong({ slaves: [[{ base: 0, bytes: 0 }]] }, 'slaves[0][0].bytes must be a multiple of 4096');
    wrong({ slaves: [[{ base: 2 ** 33 - PAGE, bytes: 2 * PAGE }]] }, 'slaves[0][0] must be within 8 GiB');
    wrong(
      { slaves: [[{ base: PAGE, bytes: PAGE }], [{ base: 0, bytes: 2 * PAGE }]] },
      'slaves[0][0] must be apart from slaves[1][0], which ends at 8192, got "a base of 4096"',
    );
  });
});
