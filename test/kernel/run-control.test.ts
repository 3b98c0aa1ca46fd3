import { filter, map, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  CONTROL,
  connect,
  DeadlockError,
  Module,
  Simulator,
  uint,
  vector,
  WatchdogError,
} from '../../src/kernel/index.js';
import { Consumer, Producer } from './channel-parts.js';
import { Register, Ticker } from './parts.js';

function bench() {
  const sim = new Simulator();
  const clock = sim.clock('clk', 100_000_000);
  return { sim, clock, ticker: new Ticker(sim, 'ticker', { clock }) };
}

describe('run', () => {
  it('steps cycles of a clock, and runs until a time, inclusive', () => {
    const { sim, clock, ticker } = bench();
    const slow = sim.clock('slow', 10_000_000);
    expect(sim.step()).toEqual({ reason: 'cycles', time: 0, breakpoints: [] });
    expect(ticker.q.value).toBe(1);
    sim.step(clock, 4);
    expect([ticker.q.value, clock.cycle]).toEqual([5, 5]);
    expect(sim.run({ time: 100_000 })).toMatchObject({ reason: 'time', time: 100_000 });
    expect(ticker.q.value).toBe(11);
    sim.run({ clock: slow, cycles: 2 });
    expect([sim.now, ticker.q.value]).toEqual([300_000, 31]);
    expect(sim.run({ cycles: 0 })).toMatchObject({ reason: 'cycles', time: 300_000 });
  });

  it('never goes back in time', () => {
    const { sim, ticker } = bench();
    sim.run({ cycles: 10 });
    expect(sim.run({ time: 5 })).toMatchObject({ reason: 'time', time: 90_000 });
    sim.step();
    expect([sim.now, ticker.q.value]).toEqual([100_000, 11]);
  });

  it('runs until a predicate or an expression holds, at once when it holds already', () => {
    const { sim, ticker } = bench();
    expect(sim.run({ until: () => ticker.q.value === 7 })).toMatchObject({ reason: 'until', time: 60_000 });
    expect(sim.run({ until: 'ticker.q >= 12' })).toMatchObject({ reason: 'until', time: 110_000 });
    expect(sim.run({ until: 'ticker.q == 12' })).toMatchObject({ reason: 'until', time: 110_000 });
    expect(sim.run({ until: 'ticker.q == 99', cycles: 3 }).reason).toBe('cycles');
  });

  it('reads lanes of buses in expressions', () => {
    const { sim, clock } = bench();
    class Ring extends Module {
      readonly q = this.output('q', vector(4, uint(8)));
      constructor() {
        super(sim, 'ring');
        this.edge(clock, this.tick);
      }
      private tick(): void {
        for (let i = 0; i < 4; i++) this.q.set(i, clock.cycle % 4 === i ? 1 : 0);
      }
    }
    void new Ring();
    expect(sim.run({ until: 'ring.q[2]', maxCycles: 9 })).toMatchObject({ reason: 'until', time: 20_000 });
    expect(() => sim.run({ until: 'ring.q[4]' })).toThrow('nothing is named "ring.q[4]"');
    expect(() => sim.run({ until: 'ring.q' })).toThrow(
      'ring.q is a bus of type uint8[4], wanted a scalar signal or probe',
    );
  });

  it('barks after maxCycles cycles, not one more', () => {
    const { sim, ticker } = bench();
    expect(sim.run({ until: 'ticker.q == 10', maxCycles: 10 }).reason).toBe('until');
    expect(() => sim.run({ until: 'ticker.q == 21', maxCycles: 10 })).toThrow(WatchdogError);
    expect(ticker.q.value).toBe(20);
    expect(() => sim.run({ until: () => false, maxCycles: 1 })).toThrow(
      'watchdog: not done after 1 cycles of clk',
    );
  });

  it('names who waits for whom when the watchdog barks', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const producer = new Producer(sim, 'producer', clock);
    const consumer = new Consumer(sim, 'consumer', clock, () => false);
    connect(producer.out, consumer.in);
    expect(() => sim.run({ until: () => false, maxCycles: 50 })).toThrow(
      /producer waits for consumer: consumer\.in is valid and not ready/,
    );
  });

  it('stops after slices, and after stop()', () => {
    const { sim, ticker } = bench();
    expect(sim.run({ instants: 3 }).reason).toBe('slice');
    expect(ticker.q.value).toBe(3);
    ticker.q.subscribe((v) => {
      if (v === 5) sim.stop();
    });
    expect(sim.run({ cycles: 100 }).reason).toBe('stopped');
    expect(ticker.q.value).toBe(5);
    expect(sim.run({ cycles: 2 }).reason).toBe('cycles');
  });

  it('obeys the control word', () => {
    const { sim, ticker } = bench();
    const control = new Int32Array(new SharedArrayBuffer(4));
    ticker.q.subscribe((v) => {
      if (v === 3) Atomics.store(control, 0, CONTROL.pause);
    });
    expect(sim.run({ cycles: 10, control }).reason).toBe('paused');
    expect(ticker.q.value).toBe(3);
    Atomics.store(control, 0, CONTROL.stop);
    expect(sim.run({ cycles: 10, control }).reason).toBe('stopped');
    Atomics.store(control, 0, CONTROL.go);
    expect(sim.run({ cycles: 10, control }).reason).toBe('cycles');
    expect(ticker.q.value).toBe(13);
  });

  it('in slices gives the same as in one go, and lets the host in between', async () => {
    const { sim, ticker } = bench();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    expect(await sim.runSliced({ cycles: 1000, instants: 100 })).toMatchObject({ reason: 'cycles' });
    clearInterval(timer);
    expect(ticker.q.value).toBe(1000);
    expect(turns).toBeGreaterThan(0);
  });

  it('in slices waits while paused and ends when stopped by another hand', async () => {
    const { sim, ticker } = bench();
    const control = new Int32Array(new SharedArrayBuffer(4));
    Atomics.store(control, 0, CONTROL.pause);
    const running = sim.runSliced({ cycles: 1_000_000_000, instants: 10, control });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ticker.q.value).toBe(0);
    Atomics.store(control, 0, CONTROL.go);
    await new Promise((resolve) => setTimeout(resolve, 20));
    Atomics.store(control, 0, CONTROL.stop);
    expect((await running).reason).toBe('stopped');
    expect(ticker.q.value).toBeGreaterThan(0);
  });

  it('in slices ends on stop(), also while paused', async () => {
    const { sim } = bench();
    const control = new Int32Array(new SharedArrayBuffer(4));
    Atomics.store(control, 0, CONTROL.pause);
    const running = sim.runSliced({ cycles: 1000, instants: 10, control });
    sim.stop();
    expect((await running).reason).toBe('stopped');
  });

  it('in slices keeps one watchdog', async () => {
    const { sim, ticker } = bench();
    await expect(sim.runSliced({ until: () => false, instants: 10, maxCycles: 55 })).rejects.toThrow(
      WatchdogError,
    );
    expect(ticker.q.value).toBe(55);
  });

  it('ends idle when nothing can happen any more', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const reg = new Register(sim, 'reg', { clock });
    sim.start();
    reg.d.poke(3);
    expect(sim.run()).toMatchObject({ reason: 'idle', time: 10_000 });
    expect(reg.q.value).toBe(3);
  });
});

describe('breakpoints', () => {
  it('stop after the instant in which a condition becomes true, once, and again when it becomes true again', () => {
    const { sim, ticker } = bench();
    const remove = sim.breakpoint('(ticker.q & 7) > 5', 'high');
    const stops: number[] = [];
    for (let i = 0; i < 3; i++) {
      expect(sim.run({ cycles: 100 })).toMatchObject({ reason: 'breakpoint', breakpoints: ['high'] });
      stops.push(ticker.q.value);
    }
    expect(stops).toEqual([6, 14, 22]);
    remove();
    remove();
    expect(sim.run({ cycles: 100 }).reason).toBe('cycles');
  });

  it('may be functions or Observables, and name themselves', () => {
    const { sim, ticker } = bench();
    sim.breakpoint(() => ticker.q.value === 4, 'four');
    const remove = sim.breakpoint(ticker.q.pipe(filter((v) => v % 4 === 0)), 'stream');
    sim.breakpoint('ticker.q == 4');
    expect(sim.run({ cycles: 100 })).toMatchObject({
      reason: 'breakpoint',
      time: 30_000,
      breakpoints: ['stream', 'four', 'ticker.q == 4'],
    });
    expect(sim.run({ cycles: 100 })).toMatchObject({ time: 70_000, breakpoints: ['stream'] });
    remove();
    expect(sim.run({ cycles: 10 }).reason).toBe('cycles');
  });

  it('do not stop for the value that an Observable has when it is set', () => {
    const { sim, ticker } = bench();
    sim.breakpoint(ticker.q.pipe(map((q) => q >> 2)));
    sim.run({ cycles: 1 });
    expect(ticker.q.value).toBe(1);
  });

  it('do not change what a run does', () => {
    const { sim, ticker } = bench();
    sim.breakpoint('ticker.q % 3 == 0');
    let stops = 0;
    while (sim.run({ time: 200_000 }).reason === 'breakpoint') stops += 1;
    expect([stops, ticker.q.value]).toEqual([7, 21]);
  });

  it('end the run when their Observable fails, and refuse a wrong path or expression at once', () => {
    const { sim } = bench();
    sim.breakpoint(
      throwError(() => new Error('broken')),
      'odd',
    );
    expect(() => sim.step()).toThrow('breakpoint odd: the Observable that drives it failed: broken');
    expect(() => sim.breakpoint('ticker.x == 1')).toThrow('nothing is named "ticker.x"; there are: q');
    expect(() => sim.breakpoint('ticker.q ==')).toThrow('column 12: ends too early');
  });
});

describe('deadlock', () => {
  it('names two parts that wait for each other', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const fields = { data: uint(8) };
    /** Wants a word on `in` before it takes its own partner's next; both ends stay valid and unready for ever. */
    class Stubborn extends Module {
      readonly in = this.sink('in', fields, clock);
      readonly out = this.source('out', fields, clock);
      constructor(name: string) {
        super(sim, name);
        this.edge(clock, this.tick, [this.in, this.out]);
      }
      private tick(): boolean {
        // Takes nothing before its own word is gone.
        if (this.out.valid.value === 0) {
          this.out.valid.write(1);
          return true;
        }
        return false;
      }
    }
    const left = new Stubborn('left');
    const right = new Stubborn('right');
    connect(left.out, right.in);
    connect(right.out, left.in);
    let caught: unknown;
    try {
      sim.run();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(DeadlockError);
    expect((caught as DeadlockError).waits).toEqual([
      { who: 'left', whom: 'right', why: 'right.in is valid and not ready' },
      { who: 'right', whom: 'left', why: 'left.in is valid and not ready' },
    ]);
    expect((caught as Error).message).toMatch(
      /^deadlock at 10000 ps: nothing can advance, and\n {2}left waits for right/,
    );
  });

  it('reports what a part says of itself, and an unmet condition', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    class Waiting extends Module {
      constructor() {
        super(sim, 'waiting');
        this.edge(clock, this.tick, []);
      }
      private tick(): boolean {
        return false;
      }
      override waits() {
        return [{ who: this.path, whom: 'dram', why: 'tile 3 of A' }];
      }
    }
    void new Waiting();
    expect(() => sim.run()).toThrow('waiting waits for dram: tile 3 of A');
    const quiet = new Simulator();
    void new Register(quiet, 'r', { clock: quiet.clock('clk', 1_000_000) });
    expect(() => quiet.run({ until: 'r.q == 1' })).toThrow('all parts sleep, and no event is queued');
  });

  it('names the modules at the ends of wires through hierarchy, once', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    class Wrapper extends Module {
      readonly out = this.source('out', { data: uint(16) }, clock);
      constructor() {
        super(sim, 'wrapper');
        connect(this.child('inner', (p, n) => new Producer(p, n, clock)).out, this.out);
      }
    }
    const consumer = new Consumer(sim, 'consumer', clock, () => false);
    connect(new Wrapper().out, consumer.in);
    sim.run({ cycles: 5 });
    expect(sim.waits()).toEqual([
      { who: 'wrapper.inner', whom: 'consumer', why: 'consumer.in is valid and not ready' },
    ]);
  });
});
