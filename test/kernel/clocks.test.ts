import { describe, expect, it } from 'vitest';
import {
  type Clock,
  connect,
  Module,
  Simulator,
  Timebase,
  uint,
  WiringError,
} from '../../src/kernel/index.js';
import { Logic, Register, Ticker } from './parts.js';

/** Sleeps at once; notes the cycles in which it runs, and asks to be woken as told. */
class Sleeper extends Module {
  readonly kick = this.input('kick', uint(32));
  readonly ran: number[] = [];
  readonly process: number;

  constructor(
    sim: Simulator,
    name: string,
    private readonly clock: Clock,
    private readonly next: (cycle: number) => number | null = () => null,
  ) {
    super(sim, name);
    this.process = this.edge(clock, this.tick, [this.kick]);
  }

  private tick(): boolean {
    const { cycle } = this.clock;
    this.ran.push(cycle);
    const at = this.next(cycle);
    if (at !== null) this.sim.wakeAt(this.process, at);
    return false;
  }
}

describe('clocks', () => {
  it('run several domains, each at its own edges', () => {
    const sim = new Simulator();
    const clocks = [166_000_000, 200_000_000, 800_000_000].map((hz, i) => sim.clock(`c${i}`, hz, i * 100));
    const tickers = clocks.map((clock, i) => new Ticker(sim, `t${i}`, { clock }));
    sim.run({ time: 2_000_000 });
    expect(tickers.map((t) => t.q.value)).toEqual(clocks.map((c) => c.timebase.firstEdgeFrom(2_000_001)));
    expect(clocks.map((c) => c.cycle)).toEqual(tickers.map((t) => t.q.value));
  });

  it('sample all registers of coincident edges before any is updated, whatever the order of the domains', () => {
    for (const order of [
      ['slow', 'fast'],
      ['fast', 'slow'],
    ]) {
      const sim = new Simulator();
      const hz: Record<string, number> = { slow: 100_000_000, fast: 200_000_000 };
      const clocks = new Map(order.map((name) => [name, sim.clock(name, hz[name]!)]));
      const slow = new Register(sim, 'slow', { clock: clocks.get('slow')!, initial: 1 });
      const fast = new Register(sim, 'fast', { clock: clocks.get('fast')!, initial: 2 });
      connect(slow.q, fast.d);
      connect(fast.q, slow.d);
      const seen = [0, 5_000, 10_000, 15_000, 20_000].map((time) => {
        sim.run({ time });
        return [slow.q.value, fast.q.value];
      });
      expect(seen).toEqual([
        [2, 1],
        [2, 2],
        [2, 2],
        [2, 2],
        [2, 2],
      ]);
    }
  });

  it('meet at 166 and 200 MHz every 500 ns in one instant', () => {
    const sim = new Simulator();
    const a = sim.clock('a', 166_000_000);
    const x = sim.clock('x', 200_000_000);
    const ta = new Ticker(sim, 'ta', { clock: a });
    const tx = new Ticker(sim, 'tx', { clock: x });
    const both = new Logic(sim, 'both', 2, (p, q) => p * 1000 + q);
    connect(ta.q, both.inputs[0]!);
    connect(tx.q, both.inputs[1]!);
    const seen: [number, number][] = [];
    both.y.subscribe((v) => seen.push([sim.now, v]));
    sim.run({ time: 1_000_000 });
    const at = new Map(seen);
    // Edge 83 of one is edge 100 of the other: subscribers see both counts move at once.
    expect(at.get(500_000)).toBe(84 * 1000 + 101);
    expect(seen.length).toBe(1 + new Set([...edges(a, 1_000_000), ...edges(x, 1_000_000)]).size);
  });

  it('count cycles while they sleep, without an instant', () => {
    const sim = new Simulator();
    const awake = sim.clock('awake', 100_000_000);
    const idle = sim.clock('idle', 166_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock: awake });
    const sleeper = new Sleeper(sim, 'sleeper', idle);
    sim.run({ cycles: 1 });
    expect(idle.ticks).toBe(false);
    let instants = 0;
    ticker.q.subscribe(() => (instants += 1));
    sim.run({ cycles: 999 });
    expect(instants).toBe(1000);
    expect(idle.cycle).toBe(new Timebase('i', 166_000_000).firstEdgeFrom(sim.now + 1));
    sleeper.kick.poke(1);
    sim.run({ clock: idle, cycles: 1 });
    expect(sleeper.ran).toEqual([0, idle.cycle - 1]);
  });

  it('skip the time in which all sleep: a million cycles cost one instant', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 166_000_000);
    const sleeper = new Sleeper(sim, 's', clock, (cycle) => (cycle === 0 ? 1_000_000 : null));
    let steps = 0;
    while (sim.run({ instants: 1, cycles: 2_000_000 }).reason === 'slice') steps += 1;
    expect(sleeper.ran).toEqual([0, 1_000_000]);
    expect(steps).toBe(2);
  });

  it('wake a process in the cycle after a signal that it named changed', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    class Late extends Module {
      readonly q = this.output('q', uint(32));
      constructor() {
        super(sim, 'late');
        this.edge(clock, this.tick);
      }
      private tick(): void {
        if (clock.cycle === 5) this.q.write(1);
      }
    }
    const late = new Late();
    const register = new Register(sim, 'r', { clock });
    connect(late.q, register.d);
    sim.run({ cycles: 10 });
    // It ran in cycle 0, slept, was woken by edge 5, moved in 6 and found nothing to do in 7.
    expect(register.ran).toEqual([0, 6, 7]);
  });

  it('do not wake on a signal that was written without a change', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    const register = new Register(sim, 'r', { clock });
    sim.step();
    register.d.poke(0);
    sim.run({ cycles: 3 });
    expect(register.ran).toEqual([0]);
  });

  it('never sleep without a list of nets to wake on, even when nothing moved', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    let ran = 0;
    class Restless extends Module {
      constructor() {
        super(sim, 'restless');
        this.edge(clock, this.tick);
      }
      private tick(): boolean {
        ran += 1;
        return false;
      }
    }
    void new Restless();
    sim.run({ cycles: 7 });
    expect(ran).toBe(7);
  });

  it('take a wake for a cycle that has passed at the next edge', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    const sleeper = new Sleeper(sim, 's', clock, (cycle) => (cycle < 3 ? 0 : null));
    sim.run({ cycles: 10 });
    expect(sleeper.ran).toEqual([0, 1, 2, 3]);
  });

  it('wake at the next edge what a process of the same instant wakes directly, whichever clock comes first', () => {
    for (const first of ['a', 'b']) {
      const sim = new Simulator();
      const clocks = (first === 'a' ? ['a', 'b'] : ['b', 'a']).map((n) => sim.clock(n, 100_000_000));
      const [a, b] = first === 'a' ? [clocks[0]!, clocks[1]!] : [clocks[1]!, clocks[0]!];
      const sleeper = new Sleeper(sim, 's', b);
      class Waker extends Module {
        constructor() {
          super(sim, 'waker');
          this.edge(a, this.tick);
        }
        private tick(): void {
          if (a.cycle === 4) this.sim.wake(sleeper.process);
        }
      }
      void new Waker();
      sim.run({ cycles: 10 });
      expect(sleeper.ran).toEqual([0, 5]);
    }
  });

  it('tell a process the cycle that its edge ends, also in a domain that falls asleep at it', () => {
    const sim = new Simulator();
    const fast = sim.clock('fast', 200_000_000);
    const slow = sim.clock('slow', 100_000_000);
    const cycles: number[][] = [];
    class Reader extends Module {
      constructor() {
        super(sim, 'reader');
        this.edge(fast, this.tick);
      }
      private tick(): void {
        cycles.push([fast.cycle, slow.cycle]);
      }
    }
    void new Sleeper(sim, 's', slow);
    void new Reader();
    sim.run({ clock: fast, cycles: 4 });
    expect(cycles).toEqual([
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
  });

  it('wake and sleep in any number, in the order of declaration', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    const order: [number, number][] = [];
    const n = 100;
    for (let i = 0; i < n; i++) {
      const period = 1 + (i % 7);
      class Part extends Module {
        readonly process: number;
        constructor() {
          super(sim, `p${i}`);
          this.process = this.edge(clock, this.tick, []);
        }
        private tick(): boolean {
          order.push([clock.cycle, i]);
          this.sim.wakeAt(this.process, clock.cycle + period);
          return false;
        }
      }
      void new Part();
    }
    sim.run({ cycles: 50 });
    const want: [number, number][] = [];
    for (let c = 0; c < 50; c++) for (let i = 0; i < n; i++) if (c % (1 + (i % 7)) === 0) want.push([c, i]);
    expect(order).toEqual(want);
  });

  it('do not repeat a cycle when a timer without delay makes a second instant at one time', () => {
    const sim = new Simulator();
    const clock = sim.clock('c', 100_000_000);
    const ticker = new Ticker(sim, 't', { clock: sim.clock('d', 100_000_000) });
    const sleeper = new Sleeper(sim, 's', clock);
    const seen: [number, number][] = [];
    ticker.q.subscribe((v) => {
      if (v > 0) sim.scheduler.schedule(() => seen.push([sim.now, clock.cycle]), 0);
    });
    sim.run({ time: 20_000 });
    expect(seen).toEqual([
      [0, 1],
      [10_000, 2],
      [20_000, 3],
    ]);
    expect(sleeper.ran).toEqual([0]);
  });

  it('refuse a name that is taken', () => {
    const sim = new Simulator();
    sim.clock('a', 1000);
    expect(() => sim.clock('a', 2000)).toThrow(WiringError);
  });
});

function edges(clock: Clock, until: number): number[] {
  const times: number[] = [];
  for (let k = 0; clock.timebase.edge(k) <= until; k++) times.push(clock.timebase.edge(k));
  return times;
}
