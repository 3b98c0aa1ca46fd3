import fc from 'fast-check';
import { combineLatest, delay, map, scan, switchMap, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type Clock,
  connect,
  Module,
  register,
  restoreSnapshot,
  type Signal,
  Simulator,
  SnapshotError,
  takeSnapshot,
  uint,
  vector,
} from '../../src/kernel/index.js';
import { Logic, Register, Ticker } from './parts.js';

/** A part with registers in `state`, sleep, timed wakes, a bus, and transactions. */
class Machine extends Module {
  readonly d: Signal = this.input('d', uint(32));
  readonly q: Signal = this.output('q', uint(32));
  readonly lanes = this.output('lanes', vector(3, uint(8)));
  override state = { lfsr: 1, memory: new Uint32Array(8), nested: { hits: 0, list: [1, 2] }, note: 'start' };
  private readonly process: number;

  constructor(
    sim: Simulator,
    name: string,
    private readonly clock: Clock,
    seed: number,
  ) {
    super(sim, name);
    this.state.lfsr = seed;
    this.process = this.edge(clock, this.tick, [this.d]);
  }

  private tick(): boolean {
    const s = this.state;
    s.lfsr = (Math.imul(s.lfsr, 1_103_515_245) + 12_345 + this.d.value) >>> 0;
    s.memory[s.lfsr & 7] = s.lfsr >>> 3;
    s.nested.hits += 1;
    s.nested.list = [s.lfsr & 1, s.nested.hits];
    s.note = `at ${this.clock.cycle}`;
    this.q.write((s.memory[(s.lfsr >>> 8) & 7]! + this.q.value) & 0xffff);
    this.lanes.set(s.lfsr % 3, s.lfsr & 0xff);
    if ((s.lfsr & 15) === 3) this.sim.transactions.begin('odd', this.path);
    if ((s.lfsr & 3) !== 0) return true;
    this.sim.wakeAt(this.process, this.clock.cycle + 1 + (s.lfsr & 31));
    return false;
  }
}

interface Design {
  readonly parts: readonly { hz: number; seed: number; from: number }[];
}

const HZ = [100_000_000, 166_000_000, 200_000_000];

function build({ parts }: Design) {
  const sim = new Simulator();
  const clocks = HZ.map((hz, i) => sim.clock(`c${i}`, hz, i * 7));
  const machines = parts.map((p, i) => new Machine(sim, `m${i}`, clocks[p.hz]!, p.seed));
  const logic = machines.map((_, i) => new Logic(sim, `l${i}`, 2, (a, b) => (a ^ (b << 1)) & 0xffff));
  machines.forEach((m, i) => {
    connect(m.q, logic[i]!.inputs[0]!);
    connect(machines[parts[i]!.from % machines.length]!.q, logic[i]!.inputs[1]!);
    connect(logic[i]!.y, m.d);
  });
  // Stateless glue, with a diamond.
  const mixed = new Logic(sim, 'mixed', 1, (x) => x);
  connect(
    combineLatest([machines[0]!.q, logic[0]!.y]).pipe(map(([a, b]) => (a + b) & 0xffff)),
    mixed.inputs[0]!,
    { stateless: true },
  );
  return { sim, machines, logic, mixed };
}

function state({ sim, machines, logic, mixed }: ReturnType<typeof build>) {
  return {
    time: sim.now,
    values: machines.map((m) => [m.q.value, ...m.lanes.values]),
    logic: [...logic, mixed].map((l) => l.y.value),
    states: machines.map((m) => structuredClone(m.state)),
    cycles: sim.clocks.map((c) => c.cycle),
    activations: sim.engine.activations,
    ids: sim.transactions.lastId,
  };
}

const design = fc.record({
  parts: fc.array(fc.record({ hz: fc.nat(2), seed: fc.nat(), from: fc.nat(10) }), {
    minLength: 1,
    maxLength: 5,
  }),
});

describe('snapshots', () => {
  it('restored into a fresh build go on to the same values, times, states and counts', () => {
    fc.assert(
      fc.property(design, fc.nat(300_000), fc.integer({ min: 1, max: 300_000 }), (d, first, more) => {
        const a = build(d);
        if (first > 0) a.sim.run({ time: first });
        const snapshot = structuredClone(takeSnapshot(a.sim));
        const saved = state(a);
        const b = build(d);
        restoreSnapshot(b.sim, snapshot);
        expect(state(b)).toEqual(saved);
        for (let i = 1; i <= 3; i++) {
          a.sim.run({ time: first + i * more });
          b.sim.run({ time: first + i * more });
          expect(state(b)).toEqual(state(a));
        }
      }),
    );
  });

  it('take a simulation back in time', () => {
    const d = { parts: [0, 1, 2].map((i) => ({ hz: i, seed: i + 5, from: i + 1 })) };
    const a = build(d);
    a.sim.run({ time: 100_000 });
    const snapshot = takeSnapshot(a.sim);
    a.sim.run({ time: 300_000 });
    const once = state(a);
    restoreSnapshot(a.sim, snapshot);
    expect(a.sim.now).toBe(100_000);
    a.sim.run({ time: 300_000 });
    expect(state(a)).toEqual(once);
  });

  it('are not changed by the run that goes on', () => {
    const a = build({ parts: [{ hz: 0, seed: 3, from: 0 }] });
    a.sim.run({ time: 50_000 });
    const snapshot = takeSnapshot(a.sim);
    const copy = structuredClone(snapshot);
    a.sim.run({ time: 500_000 });
    expect(snapshot).toEqual(copy);
  });

  it('keep typed arrays where they are, for parts that hold on to them', () => {
    const a = build({ parts: [{ hz: 0, seed: 3, from: 0 }] });
    const { memory } = a.machines[0]!.state;
    a.sim.run({ time: 50_000 });
    restoreSnapshot(a.sim, takeSnapshot(a.sim));
    expect(a.machines[0]!.state.memory).toBe(memory);
  });

  it('do not count observers, and tell them the values that were put back', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    const seen: number[] = [];
    ticker.q.subscribe((v) => seen.push(v));
    const late: [number, number][] = [];
    ticker.q.pipe(delay(2, clock.scheduler)).subscribe((v) => late.push([sim.now, v]));
    sim.run({ cycles: 2 });
    const snapshot = takeSnapshot(sim);
    sim.run({ cycles: 2 });
    restoreSnapshot(sim, snapshot);
    sim.run({ cycles: 2 });
    expect(seen).toEqual([0, 1, 2, 3, 4, 2, 3, 4]);
    // The timers that were pending when time went back still fire, at their times, beside those set anew.
    sim.run({ cycles: 2 });
    expect(late).toEqual([
      [10_000, 0],
      [20_000, 1],
      [30_000, 2],
      [30_000, 2],
      [40_000, 3],
      [40_000, 3],
      [50_000, 4],
      [50_000, 4],
    ]);
  });

  it('drop the glue timers of the simulation they are put into, and those do not count as work any more', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const trigger = new Logic(sim, 'trigger', 1, (x) => x);
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(trigger.y.pipe(switchMap((v) => (v === 1 ? timer(50, clock.scheduler) : [v]))), port.inputs[0]!, {
      stateless: true,
    });
    const machine = new Machine(sim, 'm', clock, 3);
    sim.run({ cycles: 40 });
    const snapshot = takeSnapshot(sim);
    const run = (): unknown => {
      const result = sim.run({ time: 10_000_000, instants: 100 });
      return [result, structuredClone(machine.state), port.y.value];
    };
    trigger.inputs[0]!.poke(2);
    const want = run();
    restoreSnapshot(sim, snapshot);
    trigger.inputs[0]!.poke(1);
    restoreSnapshot(sim, snapshot);
    // Takes the dropped timer back once more, and hands on the new value.
    trigger.inputs[0]!.poke(2);
    expect(sim.nextTime(false)).toBeLessThan(Infinity);
    expect(run()).toEqual(want);
  });

  it('take away what the state got after they were taken', () => {
    const sim = new Simulator();
    class Book extends Module {
      override state: { pages: Record<string, number> } = { pages: { first: 1 } };
    }
    const book = new Book(sim, 'book');
    const snapshot = takeSnapshot(sim);
    book.state.pages['second'] = 2;
    restoreSnapshot(sim, snapshot);
    expect(book.state).toEqual({ pages: { first: 1 } });
  });

  it('refuse, naming the port, when operators that may keep state drive it', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(
      ticker.q.pipe(
        register(clock),
        scan((n) => n + 1, 0),
      ),
      port.inputs[0]!,
    );
    expect(() => takeSnapshot(sim)).toThrow('operators that may keep state drive port.a0');
  });

  it('refuse while a timer of glue is pending, and within an instant', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(ticker.q.pipe(delay(3, clock.scheduler)), port.inputs[0]!, { stateless: true });
    sim.run({ cycles: 5 });
    expect(() => takeSnapshot(sim)).toThrow(/timers of operator glue are pending/);
    const other = new Simulator();
    const t = new Ticker(other, 't', { clock: other.clock('clk', 1_000_000) });
    let caught: unknown;
    t.q.subscribe((v) => {
      if (v !== 1) return;
      try {
        takeSnapshot(other);
      } catch (error) {
        caught = error;
      }
    });
    other.step();
    expect(caught).toBeInstanceOf(SnapshotError);
  });

  it('refuse a design that differs, naming where', () => {
    const make = (names: readonly string[], clocks = ['clk']) => {
      const sim = new Simulator();
      const all = clocks.map((n) => sim.clock(n, 1_000_000));
      for (const name of names) void new Register(sim, name, { clock: all[0]! });
      return sim;
    };
    const snapshot = takeSnapshot(make(['a', 'b']));
    expect(() => restoreSnapshot(make(['a', 'c']), snapshot)).toThrow(
      'snapshot: was taken of a design with module b where this one has c',
    );
    expect(() => restoreSnapshot(make(['a']), snapshot)).toThrow('with module b where this one has (none)');
    expect(() => restoreSnapshot(make(['a', 'b'], ['other']), snapshot)).toThrow(
      'with clock clk where this one has other',
    );
  });
});
