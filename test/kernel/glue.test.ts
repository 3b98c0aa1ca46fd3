import {
  BehaviorSubject,
  combineLatest,
  from,
  map,
  merge,
  of,
  pairwise,
  scan,
  startWith,
  Subject,
  throwError,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  AsyncDriveError,
  connect,
  GlueError,
  GlueLoopError,
  int,
  Module,
  register,
  Simulator,
  uint,
  vector,
  WiringError,
} from '../../src/kernel/index.js';
import { Logic, Register, Ticker } from './parts.js';

function bench() {
  const sim = new Simulator();
  const clock = sim.clock('clk', 100_000_000);
  const ticker = new Ticker(sim, 'ticker', { clock });
  return { sim, clock, ticker };
}

describe('glue by operators', () => {
  it('is combinational: a register behind it sees the settled value of the same cycle', () => {
    const { sim, clock, ticker } = bench();
    const reg = new Register(sim, 'reg', { clock });
    connect(ticker.q.pipe(map((q) => q * 10)), reg.d);
    const seen: number[][] = [];
    for (let i = 0; i < 4; i++) {
      sim.step();
      seen.push([ticker.q.value, reg.d.value, reg.q.value]);
    }
    expect(seen).toEqual([
      [1, 10, 0],
      [2, 20, 10],
      [3, 30, 20],
      [4, 40, 30],
    ]);
  });

  it('drives before the first edge', () => {
    const { sim, clock, ticker } = bench();
    const reg = new Register(sim, 'reg', { clock });
    connect(ticker.q.pipe(map((q) => q + 5)), reg.d);
    sim.step();
    expect(reg.q.value).toBe(5);
  });

  it('takes booleans, and lanes for a bus', () => {
    const { sim, ticker } = bench();
    const flag = new Logic(sim, 'flag', 1, (x) => x);
    class Bus extends Module {
      readonly d = this.input('d', vector(2, uint(8)));
    }
    const bus = new Bus(sim, 'bus');
    connect(ticker.q.pipe(map((q) => q > 2)), flag.inputs[0]!);
    connect(ticker.q.pipe(map((q) => [q, q + 1])), bus.d);
    sim.run({ cycles: 2 });
    expect([flag.y.value, ...bus.d.values]).toEqual([0, 2, 3]);
    sim.run({ cycles: 1 });
    expect([flag.y.value, ...bus.d.values]).toEqual([1, 3, 4]);
  });

  it('gives the settled value of a diamond: the port never holds a mixed state at an edge or for an observer', () => {
    const { sim, clock, ticker } = bench();
    const double = new Logic(sim, 'double', 1, (x) => 2 * x);
    connect(ticker.q, double.inputs[0]!);
    const reg = new Register(sim, 'reg', { clock });
    // The difference 2q − q − q is 0 unless one arm lags.
    const arms = combineLatest([ticker.q, double.y, ticker.q.pipe(map((q) => q))]);
    connect(arms.pipe(map(([a, b, c]) => (b - a - c === 0 ? 0 : 1))), reg.d, { stateless: true });
    const seen: number[] = [];
    reg.d.subscribe((v) => seen.push(v));
    sim.run({ cycles: 10 });
    expect(seen).toEqual([0]);
    expect(reg.q.value).toBe(0);
  });

  it('settles through chains of glue, longer than the loop limit', () => {
    const { sim, ticker } = bench();
    const chain = Array.from({ length: 150 }, (_, i) => new Logic(sim, `l${i}`, 1, (x) => x));
    connect(ticker.q.pipe(map((q) => q + 1)), chain[0]!.inputs[0]!);
    for (let i = 1; i < chain.length; i++)
      connect(chain[i - 1]!.y.pipe(map((q) => q + 1)), chain[i]!.inputs[0]!);
    sim.step();
    expect(chain[149]!.y.value).toBe(151);
  });

  it('settles feedback that has a fixed point and reports feedback that has none, naming the port', () => {
    const calm = bench();
    const clamp = new Logic(calm.sim, 'clamp', 2, (a, b) => Math.max(a, b));
    connect(calm.ticker.q, clamp.inputs[0]!);
    connect(clamp.y.pipe(map((y) => Math.min(y, 3))), clamp.inputs[1]!, { stateless: true });
    calm.sim.run({ cycles: 5 });
    expect(clamp.y.value).toBe(5);

    const wild = bench();
    const loop = new Logic(wild.sim, 'loop', 2, (a, b) => a + b);
    connect(wild.ticker.q, loop.inputs[0]!);
    connect(loop.y.pipe(map((y) => (y === 0 ? 0 : (y + 1) & 0xff))), loop.inputs[1]!);
    expect(() => wild.sim.run({ cycles: 5 })).toThrow(GlueLoopError);
    const again = bench();
    const l = new Logic(again.sim, 'loop', 2, (a, b) => a + b);
    connect(again.ticker.q, l.inputs[0]!);
    connect(l.y.pipe(map((y) => (y === 0 ? 0 : (y + 1) & 0xff))), l.inputs[1]!);
    expect(() => again.sim.run({ cycles: 5 })).toThrow(/operator glue at 0 ps.*it drives loop\.a1/);
  });

  it('counts cycles with register(clock) and scan, also while every part sleeps', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const source = new Register(sim, 'source', { clock, initial: 3 });
    const count = new Logic(sim, 'count', 1, (x) => x);
    connect(
      source.q.pipe(
        register(clock),
        scan((n) => n + 1, 0),
      ),
      count.inputs[0]!,
    );
    source.d.poke(3);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      sim.step();
      seen.push(count.y.value);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    sim.run({ cycles: 96 });
    expect(count.y.value).toBe(100);
    expect(source.ran).toEqual([0]);
  });

  it('samples the value from before the edge in register(clock), as a register does', () => {
    const { sim, clock, ticker } = bench();
    const reg = new Register(sim, 'reg', { clock });
    const glued = new Logic(sim, 'glued', 1, (x) => x);
    connect(ticker.q, reg.d);
    connect(ticker.q.pipe(register(clock)), glued.inputs[0]!);
    for (let i = 0; i < 5; i++) {
      sim.step();
      expect(glued.y.value).toBe(reg.q.value);
    }
  });

  it('gives observers each cycle through register(clock), though the model sleeps', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const reg = new Register(sim, 'reg', { clock });
    const seen: number[] = [];
    const subscription = reg.q.pipe(register(clock)).subscribe((v) => seen.push(v));
    sim.start();
    reg.d.poke(4);
    sim.run({ cycles: 5 });
    subscription.unsubscribe();
    sim.run({ cycles: 5 });
    expect(seen).toEqual([0, 4, 4, 4, 4]);
    expect(reg.ran).toEqual([0, 1]);
  });

  it('sees rising edges with register and pairwise', () => {
    const { sim, clock, ticker } = bench();
    const rise = new Logic(sim, 'rise', 1, (x) => x);
    const bit = ticker.q.pipe(map((q) => (q >> 1) & 1));
    connect(
      bit.pipe(
        register(clock),
        startWith(0),
        pairwise(),
        map(([a, b]) => a === 0 && b === 1),
      ),
      rise.inputs[0]!,
    );
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) {
      sim.step();
      seen.push(rise.y.value);
    }
    expect(seen).toEqual([0, 0, 1, 0, 0, 0, 1, 0]);
  });

  it('merges drivers: the last emission of the instant wins', () => {
    const { sim, ticker } = bench();
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(merge(ticker.q.pipe(map((q) => q)), ticker.q.pipe(map((q) => q + 100))), port.inputs[0]!);
    sim.run({ cycles: 3 });
    expect(port.y.value).toBe(103);
  });

  it('may be a constant', () => {
    const { sim } = bench();
    const port = new Logic(sim, 'port', 1, (x) => x + 1);
    connect(of(41), port.inputs[0]!);
    sim.step();
    expect(port.y.value).toBe(42);
  });

  it('is an error when a promise drives a port', async () => {
    const { sim } = bench();
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(from(Promise.resolve(1)), port.inputs[0]!);
    sim.step();
    await Promise.resolve();
    await Promise.resolve();
    expect(() => sim.step()).toThrow(AsyncDriveError);
    expect(port.y.value).toBe(0);
  });

  it('is an error when the host or an observer emits into a port', () => {
    for (const emit of ['host', 'observer']) {
      const { sim, ticker } = bench();
      const port = new Logic(sim, 'port', 1, (x) => x);
      const subject = new Subject<number>();
      connect(subject, port.inputs[0]!);
      if (emit === 'observer') ticker.q.subscribe((v) => subject.next(v));
      expect(() => {
        sim.step();
        subject.next(1);
        sim.step();
      }).toThrow('port.a0: driven by an Observable outside simulated time');
    }
  });

  it('takes what a Subject emits within a process', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const subject = new BehaviorSubject(0);
    class Emitter extends Module {
      constructor() {
        super(sim, 'emitter');
        this.edge(clock, this.tick);
      }
      private tick(): void {
        subject.next(clock.cycle * 2);
      }
    }
    void new Emitter();
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(subject, port.inputs[0]!);
    sim.run({ cycles: 4 });
    expect(port.y.value).toBe(6);
  });

  it('ends the run with the port and the cause when an operator throws', () => {
    const { sim, ticker } = bench();
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(
      ticker.q.pipe(
        map((q) => {
          if (q === 3) throw new RangeError('three is too many');
          return q;
        }),
      ),
      port.inputs[0]!,
    );
    sim.run({ cycles: 2 });
    expect(() => sim.run({ cycles: 5 })).toThrow(
      'port.a0: the Observable that drives it failed: three is too many',
    );
    expect(ticker.q.value).toBe(3);
    const other = bench();
    connect(
      throwError(() => new Error('no')),
      new Logic(other.sim, 'p', 1, (x) => x).inputs[0]!,
    );
    expect(() => other.sim.step()).toThrow(GlueError);
  });

  it('refuses a second driver, other widths, loops of wires and late connections', () => {
    const { sim, clock, ticker } = bench();
    const reg = new Register(sim, 'reg', { clock });
    const other = new Register(sim, 'other', { clock });
    class Small extends Module {
      readonly d = this.input('d', uint(8));
    }
    const small = new Small(sim, 'small');
    connect(ticker.q, reg.d);
    expect(() => connect(other.q, reg.d)).toThrow(
      'reg.d: already driven by ticker.q; a second driver is other.q',
    );
    expect(() => connect(other.q.pipe(map((x) => x)), reg.d)).toThrow('reg.d: already driven by ticker.q');
    connect(of(1), other.d);
    expect(() => connect(ticker.q, other.d)).toThrow('other.d: already driven by an Observable');
    expect(() => connect(ticker.q, small.d)).toThrow('small.d: is uint8; its driver ticker.q is uint32');
    class Signed extends Module {
      readonly d = this.input('d', int(32));
      readonly lane = this.input('lane', vector(1, uint(32)));
    }
    const signed = new Signed(sim, 'signed');
    expect(() => connect(ticker.q, signed.d)).toThrow('signed.d: is int32; its driver ticker.q is uint32');
    expect(() => connect(ticker.q as never, signed.lane)).toThrow('signed.lane: is uint32[1]');
    expect(() => connect(ticker.q, reg.q)).toThrow(
      'reg.q: is driven by its own module; ticker.q, outside it, cannot drive it too',
    );
    const a = new Register(sim, 'a', { clock });
    connect(a.d, small.d.sim === sim ? new Register(sim, 'b', { clock }).d : a.d);
    expect(() => connect(a.d, a.d)).toThrow(/would drive itself/);
    sim.start();
    expect(() => connect(reg.q, a.d)).toThrow(WiringError);
    expect(() => connect(of(1), a.d)).toThrow('after the simulation started');
  });
});
