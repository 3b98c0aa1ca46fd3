import fc from 'fast-check';
import {
  asyncScheduler,
  auditTime,
  bufferTime,
  debounceTime,
  delay,
  interval,
  map,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  Subject,
  switchMap,
  take,
  throttleTime,
  timeout,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Clock, connect, GlueLoopError, Module, Simulator, uint } from '../../src/kernel/index.js';
import { Logic, Ticker } from './parts.js';

function bench(hz = 166_000_000) {
  const sim = new Simulator();
  const clock = sim.clock('clk', hz);
  const ticker = new Ticker(sim, 'ticker', { clock });
  return { sim, clock, ticker };
}

/** What an Observable emits, with the number of the edge at which it does (−1: before the first). */
function log<T>(source: Observable<T>, clock: Clock): [number, T][] {
  const seen: [number, T][] = [];
  source.subscribe((value) => seen.push([clock.cycle - 1, value]));
  return seen;
}

/** Changes `q` at the given edges: to the number of the edge plus 1. */
class Bursts extends Module {
  readonly q = this.output('q', uint(32));
  private readonly edges: ReadonlySet<number>;

  constructor(
    sim: Simulator,
    private readonly clock: Clock,
    edges: readonly number[],
  ) {
    super(sim, 'bursts');
    this.edges = new Set(edges);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { cycle } = this.clock;
    if (this.edges.has(cycle)) this.q.write(cycle + 1);
  }
}

describe('clock.scheduler', () => {
  it('delays by whole cycles', () => {
    const { sim, clock, ticker } = bench();
    const seen = log(ticker.q.pipe(delay(3, clock.scheduler)), clock);
    sim.run({ cycles: 6 });
    expect(seen).toEqual([
      [2, 0],
      [3, 1],
      [4, 2],
      [5, 3],
    ]);
  });

  it('says the number of the last edge, −1 before the first', () => {
    const { sim, clock } = bench();
    expect(clock.scheduler.now()).toBe(-1);
    sim.run({ cycles: 5 });
    expect(clock.scheduler.now()).toBe(4);
  });

  it('fires an interval every n-th edge, exactly, over a period of no whole picoseconds', () => {
    const { sim, clock } = bench();
    const seen = log(interval(5, clock.scheduler), clock);
    sim.run({ cycles: 100_000 });
    expect(seen.length).toBe(20_000);
    expect(seen.every(([edge, i]) => edge === 5 * (i + 1) - 1)).toBe(true);
  });

  it('buffers the changes of windows [t, t+n): what changes at the end belongs to the next', () => {
    const { sim, clock, ticker } = bench();
    const seen = log(ticker.q.pipe(bufferTime(4, clock.scheduler)), clock);
    sim.run({ cycles: 12 });
    expect(seen).toEqual([
      [3, [0, 1, 2, 3]],
      [7, [4, 5, 6, 7]],
      [11, [8, 9, 10, 11]],
    ]);
  });

  it('audits: the latest value n cycles after the first of a burst', () => {
    const { sim, clock } = bench();
    const { q } = new Bursts(sim, clock, [2, 3, 5, 20]);
    const seen = log(q.pipe(auditTime(4, clock.scheduler)), clock);
    sim.run({ cycles: 30 });
    expect(seen).toEqual([
      [3, 3],
      [7, 6],
      [24, 21],
    ]);
  });

  it('throttles: the first value, then silence for n cycles', () => {
    const { sim, clock } = bench();
    const { q } = new Bursts(sim, clock, [0, 1, 2, 3, 4, 5, 6, 7]);
    const seen = log(q.pipe(throttleTime(3, clock.scheduler)), clock);
    sim.run({ cycles: 12 });
    expect(seen).toEqual([
      [-1, 0],
      [2, 3],
      [5, 6],
    ]);
  });

  it('debounces: a value that stays for n cycles', () => {
    const { sim, clock } = bench();
    const { q } = new Bursts(sim, clock, [2, 4, 6, 20, 21]);
    const seen = log(q.pipe(debounceTime(3, clock.scheduler)), clock);
    sim.run({ cycles: 30 });
    expect(seen).toEqual([
      [2, 0],
      [9, 7],
      [24, 22],
    ]);
  });

  it('times out when nothing changes for n cycles', () => {
    const { sim, clock } = bench();
    const { q } = new Bursts(sim, clock, [0, 3, 6, 30]);
    const ends: [number, string][] = [];
    q.pipe(timeout({ each: 5, scheduler: clock.scheduler })).subscribe({
      error: (error: Error) => ends.push([clock.cycle - 1, error.name]),
    });
    sim.run({ cycles: 40 });
    expect(ends).toEqual([[11, 'TimeoutError']]);
  });

  it('counts edges from a moment between them', () => {
    const sim = new Simulator();
    const slow = sim.clock('slow', 100_000_000);
    const fast = sim.clock('fast', 300_000_000);
    void new Ticker(sim, 'slow', { clock: slow });
    const t = new Ticker(sim, 'fast', { clock: fast });
    const seen: [number, number][] = [];
    // Edge 4 of the fast clock is at 13,333 ps: the second slow edge after it is at 30,000 ps.
    t.q.pipe(delay(2, slow.scheduler)).subscribe((v) => seen.push([sim.now, v]));
    sim.run({ time: 40_000 });
    expect(seen.find(([, v]) => v === 5)).toEqual([30_000, 5]);
    // What happens at a slow edge comes out two slow edges later.
    expect(seen.find(([, v]) => v === 4)).toEqual([30_000, 4]);
  });

  it('counts from the edge at hand what is emitted within a process, whoever else has an edge then', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const other = sim.clock('other', 100_000_000);
    const subject = new Subject<number>();
    class Emitter extends Module {
      constructor() {
        super(sim, 'emitter');
        this.edge(clock, this.tick);
      }
      private tick(): void {
        if (clock.cycle === 4) subject.next(4);
      }
    }
    void new Emitter();
    const seen: [number, string][] = [];
    subject.pipe(delay(1, clock.scheduler)).subscribe(() => seen.push([sim.now, 'clk']));
    subject.pipe(delay(2, other.scheduler)).subscribe(() => seen.push([sim.now, 'other']));
    sim.run({ cycles: 10 });
    expect(seen).toEqual([
      [50_000, 'clk'],
      [60_000, 'other'],
    ]);
  });

  it('equals virtual time for any bursts, where no timer and no change fall on one edge', () => {
    const operators: Record<string, (n: number, s: SchedulerLike) => OperatorFunction<number, number>> = {
      delay: (n, s) => delay(n, s),
      auditTime: (n, s) => auditTime(n, s),
      debounceTime: (n, s) => debounceTime(n, s),
      throttleTime: (n, s) => throttleTime(n, s),
      switchTimer: (n, s) => switchMap((v) => timer(n, s).pipe(map((i) => v * 10 + i))),
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(operators)),
        fc.integer({ min: 0, max: 6 }).map((n) => 2 * n + 1),
        fc.uniqueArray(fc.nat(40), { maxLength: 15 }).map((cycles) => cycles.map((c) => 2 * c)),
        (name, n, edges) => {
          fc.pre(name !== 'delay' || n > 0);
          const { sim, clock } = bench();
          const { q } = new Bursts(sim, clock, edges);
          sim.start();
          const seen: [number, number][] = [];
          let first = true;
          const changes = new Subject<number>();
          changes
            .pipe(operators[name]!(n, clock.scheduler))
            .subscribe((v) => seen.push([clock.cycle - 1, v]));
          q.subscribe((v) => {
            if (!first) changes.next(v);
            first = false;
          });
          sim.run({ cycles: 150 });

          const virtual = new VirtualTimeScheduler();
          const source = new Subject<number>();
          const want: [number, number][] = [];
          source.pipe(operators[name]!(n, virtual)).subscribe((v) => want.push([virtual.now(), v]));
          for (const edge of edges) virtual.schedule(() => source.next(edge + 1), edge);
          virtual.maxFrames = 149;
          virtual.flush();
          expect(seen).toEqual(want.filter(([t]) => t < 150));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('sim.scheduler', () => {
  it('counts picoseconds, also between the edges of all clocks', () => {
    const { sim, ticker } = bench(100_000_000);
    const seen: [number, number][] = [];
    ticker.q.pipe(delay(12_345, sim.scheduler)).subscribe((v) => seen.push([sim.now, v]));
    sim.run({ time: 40_000 });
    expect(seen).toEqual([
      [12_345, 0],
      [12_345, 1],
      [22_345, 2],
      [32_345, 3],
    ]);
  });

  it('does not keep a run going for observers alone, but fires their timers in a run bounded in time', () => {
    const sim = new Simulator();
    const seen: number[] = [];
    interval(1000, sim.scheduler).subscribe(() => seen.push(sim.now));
    expect(sim.run().reason).toBe('idle');
    expect(seen).toEqual([]);
    sim.run({ time: 3500 });
    expect(seen).toEqual([1000, 2000, 3000]);
  });

  it('drives ports: a timer of glue runs in the glue region and keeps the run going', () => {
    const sim = new Simulator();
    const port = new Logic(sim, 'port', 1, (x) => x);
    connect(
      interval(1000, sim.scheduler).pipe(
        map((i) => i + 1),
        take(4),
      ),
      port.inputs[0]!,
    );
    expect(sim.run()).toMatchObject({ reason: 'idle', time: 4000 });
    expect(port.y.value).toBe(4);
  });

  it('does not wait for a timer that glue took back', () => {
    const quiet = new Simulator();
    const trigger = new Logic(quiet, 'trigger', 1, (x) => x);
    const sink = new Logic(quiet, 'sink', 1, (x) => x);
    connect(
      trigger.y.pipe(
        switchMap((v) => (v === 0 ? timer(1_000_000, quiet.scheduler).pipe(map(() => 7)) : [5])),
      ),
      sink.inputs[0]!,
    );
    quiet.start();
    trigger.inputs[0]!.poke(1);
    expect(quiet.run()).toMatchObject({ reason: 'idle', time: 0 });
    expect(sink.y.value).toBe(5);
  });

  it('fires zero delays within the instant, and reports those that never end', () => {
    const { sim, ticker } = bench();
    const seen: [number, number][] = [];
    ticker.q.pipe(delay(0, sim.scheduler)).subscribe((v) => seen.push([sim.now, v]));
    sim.run({ cycles: 2 });
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [6024, 2],
    ]);
    const glue = bench();
    const port = new Logic(glue.sim, 'port', 1, (x) => x);
    connect(interval(0, glue.sim.scheduler).pipe(map(() => 0)), port.inputs[0]!);
    expect(() => glue.sim.run({ cycles: 2 })).toThrow(GlueLoopError);
    const watched = bench();
    interval(0, watched.sim.scheduler).subscribe(() => {});
    expect(() => watched.sim.run({ cycles: 2 })).toThrow(GlueLoopError);
  });

  it('closes an action that has run and did not schedule itself again', () => {
    const { sim } = bench();
    const once = sim.scheduler.schedule(() => {}, 100);
    let runs = 0;
    const again = sim.scheduler.schedule<number>(function () {
      runs += 1;
      this.schedule(0, 100);
    }, 100);
    sim.run({ time: 1000 });
    expect([once.closed, again.closed, runs]).toEqual([true, false, 10]);
    again.unsubscribe();
    sim.run({ time: 2000 });
    expect(runs).toBe(10);
  });

  it('leaves the timers of the host outside', () => {
    const { sim, ticker } = bench();
    let fired = false;
    const subscription = ticker.q.pipe(delay(0, asyncScheduler)).subscribe(() => (fired = true));
    sim.run({ cycles: 10 });
    expect(fired).toBe(false);
    subscription.unsubscribe();
  });
});
