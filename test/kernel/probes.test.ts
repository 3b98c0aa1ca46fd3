import { describe, expect, it } from 'vitest';
import {
  type Clock,
  connect,
  Module,
  Probe,
  Simulator,
  type TransactionRecord,
  uint,
} from '../../src/kernel/index.js';
import { Register, Ticker } from './parts.js';

/** A counter whose value follows from the time; a probe makes it tick, else it sleeps. */
class Lazy extends Module {
  readonly stop = this.input('stop', uint(1));
  readonly calls: string[] = [];
  readonly count: Probe;
  private watched = false;
  private readonly process: number;

  constructor(
    sim: Simulator,
    private readonly clock: Clock,
  ) {
    super(sim, 'lazy');
    this.process = this.edge(clock, this.tick, [this.stop]);
    this.count = this.probe('count', uint(32), () => this.clock.cycle * 3, {
      attach: () => {
        this.calls.push('attach');
        this.watched = true;
        this.sim.wake(this.process);
      },
      detach: () => {
        this.calls.push('detach');
        this.watched = false;
      },
    });
  }

  override probeFor(name: string): Probe | undefined {
    const match = /^pe\[(\d)\]\.p$/.exec(name);
    return match === null
      ? undefined
      : new Probe(this.sim, `lazy.${name}`, uint(8), () => Number(match[1]) + this.clock.cycle);
  }

  private tick(): boolean {
    return this.watched;
  }
}

describe('probes', () => {
  it('cost nothing unobserved, and show every cycle from the moment of subscription on', () => {
    const sim = new Simulator();
    const lazy = new Lazy(sim, sim.clock('clk', 100_000_000));
    sim.run({ cycles: 100 });
    expect(sim.engine.activations).toBe(1);
    const seen: number[] = [];
    const subscription = lazy.count.subscribe((v) => seen.push(v));
    sim.run({ cycles: 3 });
    subscription.unsubscribe();
    sim.run({ cycles: 100 });
    expect(seen).toEqual([300, 303, 306, 309]);
    expect(lazy.calls).toEqual(['attach', 'detach']);
    expect(sim.engine.activations).toBeLessThan(10);
  });

  it('attach before the first subscriber is told and detach after the last has gone', () => {
    const sim = new Simulator();
    const lazy = new Lazy(sim, sim.clock('clk', 100_000_000));
    const a = lazy.count.subscribe(() => lazy.calls.push('told'));
    const b = lazy.count.subscribe();
    a.unsubscribe();
    expect(lazy.calls).toEqual(['attach', 'told']);
    b.unsubscribe();
    b.unsubscribe();
    expect(lazy.calls).toEqual(['attach', 'told', 'detach']);
  });

  it('tell each subscriber a value once, also one that comes while others are told', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    const lazy = new Lazy(sim, clock);
    const kept: number[] = [];
    const late: number[] = [];
    lazy.count.subscribe((v) => kept.push(v));
    ticker.q.subscribe((v) => {
      if (v === 2) lazy.count.subscribe((w) => late.push(w));
    });
    sim.run({ cycles: 4 });
    expect(kept).toEqual([0, 3, 6, 9, 12]);
    expect(late).toEqual([6, 9, 12]);
  });

  it('are found by path, also those made on request, and read by expressions, which attach them', () => {
    const sim = new Simulator();
    const lazy = new Lazy(sim, sim.clock('clk', 100_000_000));
    expect(sim.find('lazy.count')).toBe(lazy.count);
    expect(sim.value('lazy.pe[4].p').value).toBe(4);
    expect(sim.run({ until: 'lazy.count > 20 && lazy.pe[2].p > 0', maxCycles: 100 }).reason).toBe('until');
    expect(lazy.calls).toEqual(['attach', 'detach']);
    expect(sim.clocks[0]!.cycle).toBe(7);
  });

  it('do not change results', () => {
    const run = (watched: boolean): string => {
      const sim = new Simulator();
      const clock = sim.clock('clk', 100_000_000);
      const ticker = new Ticker(sim, 'ticker', { clock });
      const reg = new Register(sim, 'reg', { clock });
      const lazy = new Lazy(sim, clock);
      connect(ticker.q, reg.d);
      if (watched) lazy.count.subscribe();
      sim.run({ cycles: 20 });
      return [ticker.q.value, reg.q.value, lazy.count.value, sim.now].join();
    };
    expect(run(true)).toBe(run(false));
  });
});

describe('transactions', () => {
  class Worker extends Module {
    constructor(
      sim: Simulator,
      private readonly clock: Clock,
    ) {
      super(sim, 'worker');
      this.edge(clock, this.tick);
    }

    override state = { layer: 0, tile: 0 };

    private tick(): void {
      const { transactions } = this.sim;
      const s = this.state;
      if (this.clock.cycle === 1) s.layer = transactions.begin('layer', this.path, { index: 0 });
      if (this.clock.cycle === 2) s.tile = transactions.begin('tile', this.path, { row: 3 }, s.layer);
      if (this.clock.cycle === 3) transactions.blocked(s.tile, 'output full');
      if (this.clock.cycle === 5) transactions.end(s.tile, { slices: 28 });
      if (this.clock.cycle === 6) transactions.end(s.layer);
    }
  }

  it('carry begin, parent, attributes, why they were blocked, and end, with their times', () => {
    const sim = new Simulator();
    const worker = new Worker(sim, sim.clock('clk', 100_000_000));
    const seen: TransactionRecord[] = [];
    sim.transactions.subscribe((r) => seen.push(r));
    sim.run({ cycles: 10 });
    expect(seen).toEqual([
      {
        type: 'begin',
        id: 1,
        time: 10_000,
        kind: 'layer',
        path: worker.path,
        parent: 0,
        attributes: { index: 0 },
      },
      {
        type: 'begin',
        id: 2,
        time: 20_000,
        kind: 'tile',
        path: worker.path,
        parent: 1,
        attributes: { row: 3 },
      },
      { type: 'blocked', id: 2, time: 30_000, why: 'output full' },
      { type: 'end', id: 2, time: 50_000, attributes: { slices: 28 } },
      { type: 'end', id: 1, time: 60_000, attributes: {} },
    ]);
  });

  it('have the same ids whether anybody listens or not', () => {
    const sim = new Simulator();
    void new Worker(sim, sim.clock('clk', 100_000_000));
    expect(sim.transactions.isObserved).toBe(false);
    sim.run({ cycles: 2 });
    const ids: number[] = [];
    sim.transactions.subscribe((r) => ids.push(r.id));
    sim.run({ cycles: 10 });
    expect(ids).toEqual([2, 2, 2, 1]);
  });

  it('are told after the instant has settled', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 100_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    void new Worker(sim, clock);
    const seen: number[] = [];
    sim.transactions.subscribe(() => seen.push(ticker.q.value));
    sim.run({ cycles: 3 });
    expect(seen).toEqual([2, 3]);
  });
});
