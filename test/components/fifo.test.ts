import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/components/fifo.js';
import { ConfigError, int, Simulator, uint, vector } from '../../src/kernel/index.js';

function build(depth: number) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const fifo = new Fifo(sim, 'fifo', { clock, depth, fields: { data: int(16) } });
  sim.start();
  /** What the outputs show in a cycle with these inputs; then its edge. */
  const cycle = (push: number | null, pop: boolean, rst = false) => {
    fifo.rst.poke(rst ? 1 : 0);
    fifo.in.valid.poke(push === null ? 0 : 1);
    if (push !== null) fifo.in.payload.data.poke(push);
    fifo.out.ready.poke(pop ? 1 : 0);
    const shown = {
      ready: fifo.in.ready.value,
      valid: fifo.out.valid.value,
      data: fifo.out.payload.data.value,
      count: fifo.count.value,
    };
    sim.step(clock);
    return shown;
  };
  return { fifo, cycle };
}

describe('Fifo', () => {
  it('shows a word one cycle after its push, and no sooner', () => {
    const { cycle } = build(4);
    expect(cycle(11, true)).toMatchObject({ ready: 1, valid: 0, count: 0 });
    expect(cycle(22, true)).toEqual({ ready: 1, valid: 1, data: 11, count: 1 });
    expect(cycle(null, true)).toEqual({ ready: 1, valid: 1, data: 22, count: 1 });
    expect(cycle(null, true)).toMatchObject({ ready: 1, valid: 0, count: 0 });
  });

  it('refuses a push while full, in a cycle in which it pops too, and is ready the cycle after', () => {
    const { cycle } = build(2);
    cycle(1, false);
    cycle(2, false);
    expect(cycle(3, false)).toEqual({ ready: 0, valid: 1, data: 1, count: 2 });
    expect(cycle(3, true)).toEqual({ ready: 0, valid: 1, data: 1, count: 2 });
    expect(cycle(3, false)).toEqual({ ready: 1, valid: 1, data: 2, count: 1 });
    expect(cycle(null, false)).toEqual({ ready: 0, valid: 1, data: 2, count: 2 });
  });

  it('gives one word every two cycles at depth 1, since it never passes through', () => {
    const { cycle } = build(1);
    const shown = [1, 2, 3, 4].map((word) => cycle(word, true));
    expect(shown.map((s) => s.ready)).toEqual([1, 0, 1, 0]);
    expect(shown.filter((s) => s.valid === 1).map((s) => s.data)).toEqual([1, 3]);
  });

  it('is empty after a reset in mid-run and shows the stale word at its first place', () => {
    const { cycle } = build(3);
    for (const word of [5, 6, 7]) cycle(word, false);
    cycle(8, true, true);
    expect(cycle(9, true)).toEqual({ ready: 1, valid: 0, data: 5, count: 0 });
    expect(cycle(null, false)).toEqual({ ready: 1, valid: 1, data: 9, count: 1 });
  });

  it('equals a plain queue in every cycle, for any depth, pushes, pops and resets', () => {
    const step = fc.record({
      push: fc.option(fc.integer({ min: -32768, max: 32767 })),
      pop: fc.boolean(),
      rst: fc.integer({ min: 0, max: 30 }).map((v) => v === 0),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 120 }), (depth, steps) => {
        const { cycle } = build(depth);
        let queue: number[] = [];
        for (const { push, pop, rst } of steps) {
          const shown = cycle(push, pop, rst);
          expect(shown.count).toBe(queue.length);
          expect(shown.ready).toBe(queue.length < depth ? 1 : 0);
          expect(shown.valid).toBe(queue.length > 0 ? 1 : 0);
          if (queue.length > 0) expect(shown.data).toBe(queue[0]);
          const room = queue.length < depth;
          if (pop) queue = queue.slice(1);
          if (push !== null && room) queue = [...queue, push];
          if (rst) queue = [];
        }
      }),
    );
  });

  it('carries several fields and buses as one word', () => {
    const sim = new Simulator({ checkWidths: true });
    const clock = sim.clock('clk', 166_000_000);
    const fifo = new Fifo(sim, 'fifo', {
      clock,
      depth: 2,
      fields: { row: vector(3, int(48)), tag: uint(4) },
    });
    fifo.in.valid.poke(1);
    for (const [tag, row] of [
      [7, [-(2 ** 47), 2 ** 47 - 1, -1]],
      [9, [1, 2, 3]],
    ] as const) {
      fifo.in.payload.tag.poke(tag);
      fifo.in.payload.row.poke(row);
      sim.step(clock);
    }
    fifo.in.valid.poke(0);
    fifo.out.ready.poke(1);
    expect([fifo.out.payload.tag.value, ...fifo.out.payload.row.values]).toEqual([
      7,
      -(2 ** 47),
      2 ** 47 - 1,
      -1,
    ]);
    sim.step(clock);
    expect([fifo.out.payload.tag.value, ...fifo.out.payload.row.values]).toEqual([9, 1, 2, 3]);
  });

  it.each([0, -1, 1.5])('names the part, the field and the value for a depth of %d', (depth) => {
    expect(() => build(depth)).toThrow(new ConfigError('fifo', 'depth', 'an integer of 1 or more', depth));
  });
});
