import fc from 'fast-check';
import { combineLatest, map, type Subscription, switchMap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connect, Module, settled, Simulator, uint, vector, WiringError } from '../../src/kernel/index.js';
import { Logic, Register, Ticker } from './parts.js';

function design() {
  const sim = new Simulator();
  const clock = sim.clock('clk', 100_000_000);
  const ticker = new Ticker(sim, 'ticker', { clock });
  // y = q + (q >> 1) over two paths of different depth: within an instant it takes intermediate values.
  const half = new Logic(sim, 'half', 1, (x) => x >> 1);
  const same = new Logic(sim, 'same', 1, (x) => x);
  const sum = new Logic(sim, 'sum', 3, (a, b, c) => a + b * 1000 + c * 1_000_000);
  connect(ticker.q, half.inputs[0]!);
  connect(half.y, same.inputs[0]!);
  connect(ticker.q, sum.inputs[0]!);
  connect(half.y, sum.inputs[1]!);
  connect(same.y, sum.inputs[2]!);
  return { sim, clock, ticker, half, same, sum };
}

describe('observers of signals', () => {
  it('are told the present value, then each settled change once an instant, never a glitch', () => {
    const { sim, sum } = design();
    const seen: [number, number][] = [];
    sum.y.subscribe((v) => seen.push([sim.now, v]));
    sim.run({ cycles: 4 });
    const at = (q: number): number => q + (q >> 1) * 1000 + (q >> 1) * 1_000_000;
    expect(seen).toEqual([
      [0, 0],
      [0, at(1)],
      [10_000, at(2)],
      [20_000, at(3)],
      [30_000, at(4)],
    ]);
    expect(sum.runs).toBeGreaterThan(5);
  });

  it('are not told a value that changed and changed back within the instant', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const t = new Ticker(sim, 't', { clock });
    const copy = new Logic(sim, 'copy', 1, (x) => x);
    const equal = new Logic(sim, 'equal', 2, (a, b) => (a === b ? 1 : 0));
    connect(t.q, copy.inputs[0]!);
    connect(t.q, equal.inputs[0]!);
    connect(copy.y, equal.inputs[1]!);
    sim.start();
    const seen: number[] = [];
    equal.y.subscribe((v) => seen.push(v));
    sim.run({ cycles: 5 });
    expect(seen).toEqual([1]);
    expect(equal.runs).toBeGreaterThan(10);
  });

  it('see a connected input as its driver', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const a = new Register(sim, 'a', { clock, initial: 7 });
    const b = new Register(sim, 'b', { clock });
    const seen: number[] = [];
    b.d.subscribe((v) => seen.push(v));
    connect(a.q, b.d);
    sim.start();
    a.d.poke(9);
    sim.run({ cycles: 3 });
    expect(seen).toEqual([0, 7, 9]);
    expect(b.q.value).toBe(9);
  });

  it('may come and go in mid-run', () => {
    const { sim, ticker } = design();
    const seen: number[] = [];
    sim.run({ cycles: 3 });
    const subscription = ticker.q.subscribe((v) => seen.push(v));
    sim.run({ cycles: 2 });
    subscription.unsubscribe();
    sim.run({ cycles: 5 });
    expect(seen).toEqual([3, 4, 5]);
  });

  it('that subscribe while others are told hear each value once', () => {
    const { sim, ticker } = design();
    const outer: number[] = [];
    const inner: number[] = [];
    ticker.q.subscribe((v) => {
      outer.push(v);
      if (v === 2) ticker.q.subscribe((w) => inner.push(w));
    });
    sim.run({ cycles: 4 });
    expect(outer).toEqual([0, 1, 2, 3, 4]);
    expect(inner).toEqual([2, 3, 4]);
  });

  it('that subscribe to a second signal before it was told in this instant hear it once', () => {
    const { sim, ticker, half } = design();
    const kept: number[] = [];
    half.y.subscribe(() => {});
    const got: number[] = [];
    half.y.subscribe((v) => kept.push(v));
    ticker.q.pipe(switchMap((q) => half.y.pipe(map((h) => q * 100 + h)))).subscribe((v) => got.push(v));
    sim.run({ cycles: 4 });
    expect(kept).toEqual([0, 1, 2]);
    expect(got).toEqual([0, 100, 201, 301, 402]);
  });

  it('that unsubscribe while told do not disturb the others', () => {
    const { sim, ticker } = design();
    const seen: string[] = [];
    const list: Subscription[] = [];
    for (const name of ['a', 'b', 'c'])
      list.push(
        ticker.q.subscribe((v) => {
          seen.push(name + v);
          if (name === 'a' && v === 1) list[1]!.unsubscribe();
        }),
      );
    sim.run({ cycles: 2 });
    expect(seen.join(' ')).toBe('a0 b0 c0 a1 c1 a2 c2');
  });

  it('of several signals see joint states through settled()', () => {
    const { sim, ticker, half } = design();
    const raw: string[] = [];
    const joint: string[] = [];
    const pair = combineLatest([ticker.q, half.y]).pipe(map(([q, h]) => `${q}:${h}`));
    pair.subscribe((v) => raw.push(v));
    pair.pipe(settled(sim)).subscribe((v) => joint.push(v));
    sim.run({ cycles: 4 });
    expect(joint).toEqual(['0:0', '1:0', '2:1', '3:1', '4:2']);
    expect(raw.length).toBeGreaterThan(joint.length);
  });

  it('are told buses as copies', () => {
    class Shifter extends Module {
      readonly q = this.output('q', vector(3, uint(8)));
      constructor(sim: Simulator) {
        super(sim, 'shifter');
        this.edge(sim.clocks[0]!, this.tick);
      }
      private tick(): void {
        this.q.set(2, this.q.get(1));
        this.q.set(1, this.q.get(0));
        this.q.set(0, this.q.get(0) + 1);
      }
    }
    const sim = new Simulator();
    sim.clock('clk', 1_000_000);
    const { q } = new Shifter(sim);
    const seen: Float64Array[] = [];
    q.subscribe((v) => seen.push(v));
    sim.run({ cycles: 3 });
    expect(seen.map((v) => [...v])).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [2, 1, 0],
      [3, 2, 1],
    ]);
  });

  it('may not write: the run ends with an error that names the signal', () => {
    const { sim, ticker, half } = design();
    ticker.q.subscribe((v) => {
      if (v === 2) half.inputs[0]!.write(99);
    });
    expect(() => sim.run({ cycles: 5 })).toThrow('ticker.q: written by an observer; observers are read-only');
    expect(ticker.q.value).toBe(2);
    // The write is taken back: the run may go on as if it had not been.
    sim.run({ cycles: 1 });
    expect([ticker.q.value, half.y.value]).toEqual([3, 1]);
  });

  it('may not write a bus either', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const { q } = new Ticker(sim, 't', { clock });
    class Bus extends Module {
      readonly d = this.input('d', vector(3, uint(8)));
    }
    const { d } = new Bus(sim, 'bus');
    const subscription = q.subscribe((v) => {
      if (v === 1) d.writeFrom([1, 2, 3]);
    });
    expect(() => sim.step()).toThrow('bus.d: written by an observer');
    subscription.unsubscribe();
    sim.step();
    expect([...d.values]).toEqual([0, 0, 0]);
    d.poke([1, 2, 3]);
    expect([...d.values]).toEqual([1, 2, 3]);
  });

  it('may not poke', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const t = new Ticker(sim, 't', { clock });
    const r = new Register(sim, 'r', { clock });
    let caught: unknown;
    t.q.subscribe((v) => {
      if (v !== 2) return;
      try {
        r.d.poke(1);
      } catch (error) {
        caught = error;
      }
    });
    sim.run({ cycles: 5 });
    expect(caught).toBeInstanceOf(WiringError);
  });

  it('never change results: any set of them, coming and going at any cycle', () => {
    const watch = fc.record({ what: fc.nat(4), from: fc.nat(20), to: fc.nat(40) });
    const run = (watches: readonly { what: number; from: number; to: number }[]) => {
      const d = design();
      const other = d.sim.clock('other', 166_000_000);
      const register = new Register(d.sim, 'reg', { clock: other });
      connect(d.sum.y, register.d);
      const nets = [d.ticker.q, d.half.y, d.same.y, d.sum.y, register.q];
      const open = new Map<number, Subscription>();
      const states: string[] = [];
      for (let cycle = 0; cycle < 30; cycle++) {
        watches.forEach(({ what, from, to }, i) => {
          if (from === cycle)
            open.set(
              i,
              nets[what]!.subscribe(() => {}),
            );
          if (to === cycle) open.get(i)?.unsubscribe();
        });
        d.sim.run({ cycles: 1, clock: d.clock });
        states.push(nets.map((n) => n.value).join(','));
      }
      return { states, activations: d.sim.engine.activations, time: d.sim.now };
    };
    const bare = run([]);
    fc.assert(
      fc.property(fc.array(watch, { maxLength: 8 }), (watches) => {
        expect(run(watches)).toEqual(bare);
      }),
    );
  });
});
