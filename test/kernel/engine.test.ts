import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bitsFor,
  bool,
  CombinationalLoopError,
  connect,
  int,
  Module,
  Simulator,
  uint,
  vector,
  WidthError,
} from '../../src/kernel/index.js';
import { Logic, Register, Ticker } from './parts.js';

function bench(checkWidths = false) {
  const sim = new Simulator({ checkWidths });
  return { sim, clock: sim.clock('clk', 100_000_000) };
}

describe('evaluate and update', () => {
  it('lets two registers swap their values at each edge', () => {
    const { sim, clock } = bench();
    const a = new Register(sim, 'a', { clock, initial: 1 });
    const b = new Register(sim, 'b', { clock, initial: 2 });
    connect(a.q, b.d);
    connect(b.q, a.d);
    const seen = [0, 1, 2].map(() => {
      sim.step();
      return [a.q.value, b.q.value];
    });
    expect(seen).toEqual([
      [2, 1],
      [1, 2],
      [2, 1],
    ]);
  });

  it('moves a value one register a cycle down a chain, whatever the order in which it was built', () => {
    const { sim, clock } = bench();
    const chain = [4, 1, 3, 0, 2].reduce<Register[]>((all, i) => {
      all[i] = new Register(sim, `r${i}`, { clock });
      return all;
    }, []);
    for (let i = 1; i < 5; i++) connect(chain[i - 1]!.q, chain[i]!.d);
    chain[0]!.d.poke(9);
    const rows = Array.from({ length: 5 }, () => {
      sim.step();
      return chain.map((r) => r.q.value).join('');
    });
    expect(rows).toEqual(['90000', '99000', '99900', '99990', '99999']);
  });

  it('keeps the last of several writes of a phase', () => {
    class Twice extends Module {
      readonly q = this.output('q', uint(8));
      constructor(sim: Simulator) {
        super(sim, 'twice');
        this.edge(sim.clocks[0]!, this.tick);
      }
      private tick(): void {
        this.q.write(1);
        this.q.write(2);
        this.q.write(3);
        expect(this.q.value).toBe(0);
        this.q.write(0);
      }
    }
    const { sim } = bench();
    const { q } = new Twice(sim);
    const seen: number[] = [];
    q.subscribe((v) => seen.push(v));
    sim.run({ cycles: 3 });
    expect(q.value).toBe(0);
    expect(seen).toEqual([0]);
  });

  it('runs a combinational process once a delta in which an input changed, and never without a change', () => {
    const { sim, clock } = bench();
    const a = new Register(sim, 'a', { clock });
    const b = new Register(sim, 'b', { clock });
    const sum = new Logic(sim, 'sum', 2, (x, y) => x + y);
    connect(a.q, sum.inputs[0]!);
    connect(b.q, sum.inputs[1]!);
    sim.start();
    expect(sum.runs).toBe(1);
    a.d.poke(3);
    b.d.poke(4);
    expect(sum.runs).toBe(1);
    sim.step();
    expect([sum.runs, sum.y.value]).toEqual([2, 7]);
    sim.run({ cycles: 10 });
    expect(sum.runs).toBe(2);
  });

  it('settles a chain of combinational logic within the instant, longer than the loop limit', () => {
    const { sim, clock } = bench();
    const length = 1500;
    const first = new Register(sim, 'first', { clock });
    const chain = Array.from({ length }, (_, i) => new Logic(sim, `l${i}`, 1, (x) => x + 1));
    connect(first.q, chain[0]!.inputs[0]!);
    for (let i = 1; i < length; i++) connect(chain[i - 1]!.y, chain[i]!.inputs[0]!);
    first.d.poke(10);
    sim.step();
    expect(chain[length - 1]!.y.value).toBe(10 + length);
  });

  it('equals a plain evaluation for any network of registers and logic without loops', () => {
    const node = fc.record({ kind: fc.integer({ min: 0, max: 4 }), a: fc.nat(1000), b: fc.nat(1000) });
    const ops: ((x: number, y: number) => number)[] = [
      (x, y) => (x + y) & 0xff,
      (x, y) => x ^ y,
      (x, y) => (x > y ? x - y : y),
      (x, y) => (x * 3 + y) & 0xff,
      (x) => ~x & 0xff,
    ];
    fc.assert(
      fc.property(
        fc.array(node, { minLength: 1, maxLength: 25 }),
        fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (nodes, registers) => {
          const { sim, clock } = bench();
          const regs = registers.map(([, v], i) => new Register(sim, `r${i}`, { clock, initial: v }));
          const logic = nodes.map((n, i) => new Logic(sim, `n${i}`, 2, ops[n.kind]!));
          const outs = [...regs.map((r) => r.q), ...logic.map((l) => l.y)];
          // A node may read registers and earlier nodes only: no loops.
          nodes.forEach((n, i) => {
            connect(outs[n.a % (regs.length + i)]!, logic[i]!.inputs[0]!);
            connect(outs[n.b % (regs.length + i)]!, logic[i]!.inputs[1]!);
          });
          registers.forEach(([from], i) => connect(outs[from % outs.length]!, regs[i]!.d));

          let values = registers.map(([, v]) => v);
          for (let cycle = 0; cycle < 5; cycle++) {
            const all = [...values];
            nodes.forEach((n, i) => {
              all.push(ops[n.kind]!(all[n.a % (regs.length + i)]!, all[n.b % (regs.length + i)]!));
            });
            sim.start();
            expect(outs.map((o) => o.value)).toEqual(all);
            values = registers.map(([from]) => all[from % all.length]!);
            sim.step();
          }
        },
      ),
    );
  });

  it('names a combinational loop', () => {
    const { sim, clock } = bench();
    const kick = new Ticker(sim, 'kick', { clock });
    const up = new Logic(sim, 'up', 2, (x, y) => (x + y + 1) & 0xff);
    const down = new Logic(sim, 'down', 1, (x) => x);
    const bystander = new Logic(sim, 'bystander', 1, (x) => x);
    connect(kick.q, up.inputs[0]!);
    connect(up.y, down.inputs[0]!);
    connect(down.y, up.inputs[1]!);
    connect(up.y, bystander.inputs[0]!);
    let caught: unknown;
    try {
      sim.step();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CombinationalLoopError);
    const { loop, message } = caught as CombinationalLoopError;
    const steps = loop.map((s) => `${s.process} -> ${s.signal}`).sort();
    expect(steps).toEqual(['down.logic -> down.y', 'up.logic -> up.y']);
    expect(message).toMatch(/combinational loop at 0 ps, not settled after \d+ deltas/);
  });

  it('settles a loop that has a fixed point', () => {
    const { sim, clock } = bench();
    const set = new Register(sim, 'set', { clock });
    const latch = new Logic(sim, 'latch', 2, (s, q) => s | q);
    connect(set.q, latch.inputs[0]!);
    connect(latch.y, latch.inputs[1]!);
    set.d.poke(1);
    sim.step();
    set.d.poke(0);
    sim.step();
    expect([set.q.value, latch.y.value]).toEqual([0, 1]);
  });

  it('wakes on any lane of a bus, and once for several', () => {
    class Sum extends Module {
      readonly a = this.input('a', vector(4, int(8)));
      readonly y = this.output('y', int(16));
      runs = 0;
      constructor(sim: Simulator) {
        super(sim, 'sum');
        this.comb(this.logic, [this.a]);
      }
      private logic(): void {
        this.runs += 1;
        this.y.write(this.a.values.reduce((x, y) => x + y, 0));
      }
    }
    const { sim } = bench();
    const sum = new Sum(sim);
    sim.start();
    sum.a.poke([1, 2, 3, 4]);
    expect([sum.y.value, sum.runs]).toEqual([10, 2]);
    sum.a.poke([1, 2, 3, 4]);
    expect(sum.runs).toBe(2);
    sum.a.poke([1, 0, 3, -4]);
    expect([sum.y.value, sum.runs]).toEqual([0, 3]);
  });

  it('updates a bus of one lane at every write', () => {
    class One extends Module {
      readonly q = this.output('q', vector(1, uint(8)));
      constructor(sim: Simulator) {
        super(sim, 'one');
        this.edge(sim.clocks[0]!, this.tick);
      }
      private tick(): void {
        this.q.set(0, this.q.get(0) + 1);
      }
    }
    const { sim } = bench();
    const one = new One(sim);
    sim.run({ cycles: 5 });
    expect([...one.q.values]).toEqual([5]);
  });

  it('keeps values exact to 53 bits', () => {
    const { sim } = bench();
    class Wide extends Module {
      readonly d = this.input('d', uint(53));
      readonly q = this.output('q', uint(53));
      constructor() {
        super(sim, 'wide');
        this.comb(this.logic, [this.d]);
      }
      private logic(): void {
        this.q.write(this.d.value);
      }
    }
    const wide = new Wide();
    sim.start();
    wide.d.poke(2 ** 53 - 1);
    expect(wide.q.value).toBe(2 ** 53 - 1);
  });
});

describe('bitsFor', () => {
  it('gives the bits of every maximum up to 53 bits', () => {
    for (let width = 1; width <= 52; width++) {
      expect(bitsFor(2 ** width - 1)).toBe(width);
      expect(bitsFor(2 ** width)).toBe(width + 1);
    }
    expect(bitsFor(0)).toBe(1);
  });
});

describe('checkWidths', () => {
  it('refuses a value beyond the declared type, naming path, type, value and time', () => {
    const { sim } = bench(true);
    class Narrow extends Module {
      readonly a = this.input('a', int(8));
      readonly b = this.input('b', vector(2, uint(4)));
      readonly c = this.input('c', bool);
    }
    const narrow = new Narrow(sim, 'narrow');
    narrow.a.poke(-128);
    narrow.a.poke(127);
    expect(() => narrow.a.poke(128)).toThrow('narrow.a: wanted a value of type int8, got 128 at 0 ps');
    expect(() => narrow.a.poke(0.5)).toThrow(WidthError);
    expect(() => narrow.a.poke(NaN)).toThrow(WidthError);
    expect(() => narrow.b.poke([1, 16])).toThrow('narrow.b: wanted a value of type uint4, got 16');
    expect(() => narrow.c.poke(2)).toThrow(WidthError);
  });

  it('is off unless asked for', () => {
    const { sim, clock } = bench();
    const register = new Register(sim, 'r', { clock });
    expect(() => register.d.poke(-1)).not.toThrow();
  });
});
