import fc from 'fast-check';
import type { Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  bits,
  type Channel,
  type Clock,
  ConfigError,
  connect,
  Module,
  restoreSnapshot,
  Run,
  type RunOffer,
  Simulator,
  takeSnapshot,
  uint,
  vector,
} from '../../src/kernel/index.js';

const BEAT = { data: uint(32), pair: vector(2, uint(32)) } as const;
type Beat = typeof BEAT;

/** A plan of runs: each starts `gap` cycles or more after the one before, `count` beats every `period` cycles. */
interface Plan {
  readonly gap: number;
  readonly count: number;
  readonly period: number;
}

/** The cycle of each beat of a plan. */
function schedule(plans: readonly Plan[]): number[] {
  const cycles: number[] = [];
  let at = 1;
  for (const { gap, count, period } of plans) {
    at += gap;
    for (let i = 0; i < count; i++) cycles.push(at + i * period);
    at = cycles[cycles.length - 1]! + 1;
  }
  return cycles;
}

/** Sends the beats of its plans in bulk where the other end takes it, else beat by beat; sleeps in between. */
class Sender extends Module {
  readonly out: Channel<Beat>;
  override state = { beat: 0, plan: 0, bulk: 0, until: -1 };
  private readonly process: number;
  private readonly beats: readonly number[];
  private readonly firsts: readonly number[];

  constructor(
    sim: Simulator,
    private readonly clock: Clock,
    private readonly plans: readonly Plan[],
    private readonly useBulk: boolean,
  ) {
    super(sim, 'sender');
    this.out = this.source('out', BEAT, clock);
    this.out.showRuns((data, index, field, lanes) => {
      const word = (data as Float64Array)[index]!;
      lanes[0] = word;
      if (field === 'pair') lanes[1] = word + 1;
    });
    this.beats = schedule(plans);
    let first = 0;
    this.firsts = plans.map(({ count }) => (first += count) - count);
    this.process = this.edge(clock, this.tick, []);
  }

  private tick(): boolean {
    const s = this.state;
    const { cycle } = this.clock;
    const next = cycle + 1;
    if (next <= s.until) {
      this.sim.wakeAt(this.process, s.until);
      return false;
    }
    // At the start of each plan, in the cycle before its first beat: try in bulk.
    if (this.useBulk && s.plan < this.plans.length && this.beats[this.firsts[s.plan]!] === next) {
      const { count, period } = this.plans[s.plan]!;
      const data = Float64Array.from({ length: count }, (_, i) => (s.beat + i) * 7);
      const accepted = this.out.offer({ first: next, count, period, data });
      s.plan += 1;
      if (accepted > 0) {
        s.bulk += accepted;
        s.beat += accepted;
        s.until = next + (accepted - 1) * period;
        this.out.valid.write(0);
        if (s.until === next) return true;
        this.sim.wakeAt(this.process, s.until);
        return false;
      }
    }
    const now = s.beat < this.beats.length && this.beats[s.beat] === next;
    this.out.valid.write(now ? 1 : 0);
    if (now) {
      this.out.payload.data.write(s.beat * 7);
      this.out.payload.pair.writeFrom([s.beat * 7, s.beat * 7 + 1]);
      s.beat += 1;
    }
    return true;
  }
}

/** Always ready; takes at most `most` beats of a run; counts what it gets both ways. */
class Receiver extends Module {
  readonly in: Channel<Beat>;
  override state = { counted: 0, sum: 0 };

  constructor(sim: Simulator, clock: Clock, most: number) {
    super(sim, 'receiver');
    this.in = this.sink('in', BEAT, clock);
    this.in.ready.write(1);
    this.in.acceptRuns(({ count, data }: RunOffer) => {
      const taken = Math.min(count, most);
      for (let i = 0; i < taken; i++) this.state.sum += (data as Float64Array)[i]!;
      return taken;
    });
    this.edge(clock, this.tick, [this.in.valid]);
  }

  private tick(): boolean {
    if (!this.in.fires) return false;
    this.state.counted += 1;
    this.state.sum += this.in.payload.data.value;
    return true;
  }
}

function build(plans: readonly Plan[], bulk: boolean, most = Infinity) {
  const sim = new Simulator();
  const clock = sim.clock('clk', 166_000_000);
  const sender = new Sender(sim, clock, plans, bulk);
  const receiver = new Receiver(sim, clock, most);
  connect(sender.out, receiver.in);
  return { sim, clock, sender, receiver };
}

/** The wires by cycle as observers are told them; the payload only where valid. */
function watch(d: ReturnType<typeof build>, from: number, to: number): string[] {
  const rows: string[] = [];
  d.sim.run({ cycles: from });
  const now = { valid: 0, ready: 0, data: 0, pair: '' };
  const { out } = d.sender;
  const open: Subscription[] = [
    out.valid.subscribe((v) => (now.valid = v)),
    d.receiver.in.ready.subscribe((v) => (now.ready = v)),
    d.receiver.in.payload.data.subscribe((v) => (now.data = v)),
    out.payload.pair.subscribe((v) => (now.pair = v.join('+'))),
  ];
  const transfers: string[] = [];
  open.push(
    d.receiver.in.subscribe(({ cycle, payload }) =>
      transfers.push(`${cycle}: ${payload.data} ${payload.pair.join('+')}`),
    ),
  );
  for (let cycle = from; cycle < to; cycle++) {
    rows.push(`${cycle} ${now.valid}${now.ready}${now.valid === 1 ? ` ${now.data} ${now.pair}` : ''}`);
    d.sim.step();
  }
  for (const subscription of open) subscription.unsubscribe();
  return [...rows, ...transfers];
}

const plan = fc.record({
  gap: fc.integer({ min: 0, max: 6 }),
  count: fc.integer({ min: 1, max: 12 }),
  period: fc.integer({ min: 1, max: 3 }),
});
const plansOf = fc.array(plan, { minLength: 1, maxLength: 5 });

describe('bulk runs', () => {
  it('take a handful of events and give the counts of the span', () => {
    const d = build([{ gap: 3, count: 100_000, period: 2 }], true);
    d.sim.run({ cycles: 1000 });
    expect(d.sender.state.bulk).toBe(100_000);
    expect(d.sim.engine.activations).toBeLessThan(20);
    // Beats in cycles 4, 6, …, 998 lie before cycle 1000.
    expect(d.sender.out.run?.doneBefore(1000)).toBe(498);
    expect(d.sender.out.bulkBefore(1000)).toBe(498);
    expect(d.receiver.in.stateAt(4)).toEqual({ valid: true, ready: true, index: 0 });
    expect(d.receiver.in.stateAt(5)).toEqual({ valid: false, ready: true, index: -1 });
    expect(d.receiver.in.stateAt(998)).toEqual({ valid: true, ready: true, index: 497 });
  });

  it('give the same results and counts as beat by beat, for any plans and any prefix accepted', () => {
    fc.assert(
      fc.property(plansOf, fc.integer({ min: 1, max: 15 }), (plans, most) => {
        const bulk = build(plans, true, most);
        const beats = build(plans, false);
        const cycles = schedule(plans).at(-1)! + 3;
        bulk.sim.run({ cycles });
        beats.sim.run({ cycles });
        expect(bulk.receiver.state.sum).toBe(beats.receiver.state.sum);
        expect(bulk.receiver.state.counted + bulk.sender.out.bulkBefore(cycles)).toBe(
          beats.receiver.state.counted,
        );
        expect(beats.receiver.state.counted).toBe(schedule(plans).length);
      }),
    );
  });

  it('show an observer that comes in the middle the same wires and transfers as beat by beat, from then on', () => {
    fc.assert(
      fc.property(plansOf, fc.integer({ min: 1, max: 15 }), fc.nat(40), (plans, most, from) => {
        const to = Math.max(from, schedule(plans).at(-1)!) + 4;
        const bulk = build(plans, true, most);
        const got = watch(bulk, from, to);
        const beats = build(plans, false);
        expect(got).toEqual(watch(beats, from, to));
        expect(bulk.receiver.state.sum).toBe(beats.receiver.state.sum);
      }),
      { numRuns: 300 },
    );
  });

  it('show a tap that comes in the middle the same values, read as it likes, as subscribers', () => {
    fc.assert(
      fc.property(plansOf, fc.nat(40), (plans, from) => {
        const d = build(plans, true);
        d.sim.run({ cycles: from });
        const { valid, payload } = d.sender.out;
        const copy = new Float64Array(2);
        const tapped: string[] = [];
        const subscribed: string[] = [];
        const look = (): void => {
          if (payload.pair.update(copy)) tapped.push(`${d.sim.now} ${copy.join('+')}`);
        };
        payload.pair.update(copy);
        const end = payload.pair.tap({ changed: look }, 0);
        let last = payload.pair.shown.join('+');
        expect(copy.join('+')).toBe(last);
        const subscription = payload.pair.subscribe((pair) => {
          if (pair.join('+') !== last) subscribed.push(`${d.sim.now} ${(last = pair.join('+'))}`);
        });
        d.sim.run({ cycles: 60 });
        end();
        subscription.unsubscribe();
        expect(tapped).toEqual(subscribed);
        expect(valid.isObserved || payload.pair.isObserved).toBe(false);
      }),
    );
  });

  it('span counts equal the transfers that an observer counts', () => {
    fc.assert(
      fc.property(plansOf, fc.nat(30), (plans, from) => {
        const d = build(plans, true);
        d.sim.run({ cycles: from });
        const before = d.sender.out.bulkBefore(from);
        let counted = 0;
        d.sender.out.subscribe(() => (counted += 1));
        const cycles = schedule(plans).at(-1)! + 2;
        d.sim.run({ cycles });
        const end = d.clock.cycle;
        expect(counted).toBe(d.sender.out.bulkBefore(end) - before + d.receiver.state.counted);
      }),
    );
  });

  it('are refused while somebody watches a wire, a transfer or an expression names one, and taken again after', () => {
    for (const begin of [
      (d: ReturnType<typeof build>) => d.sender.out.valid.subscribe(),
      (d: ReturnType<typeof build>) => d.receiver.in.payload.pair.subscribe(),
      (d: ReturnType<typeof build>) => d.receiver.in.subscribe(),
      (d: ReturnType<typeof build>) => {
        const remove = d.sim.breakpoint('sender.out_valid == 2');
        return { unsubscribe: remove };
      },
    ]) {
      const d = build(
        [
          { gap: 0, count: 5, period: 1 },
          { gap: 9, count: 5, period: 1 },
        ],
        true,
      );
      const watching = begin(d);
      d.sim.run({ cycles: 8 });
      expect(d.sender.state.bulk).toBe(0);
      watching.unsubscribe();
      d.sim.run({ cycles: 20 });
      expect(d.sender.state.bulk).toBe(5);
      expect(d.receiver.state.counted).toBe(5);
    }
  });

  it('are refused when a third part reads the wires', () => {
    class Checker extends Module {
      readonly valid = this.input('valid', bits(1));
    }
    const d = build([{ gap: 0, count: 5, period: 1 }], true);
    connect(d.sender.out.valid, new Checker(d.sim, 'checker').valid);
    d.sim.run({ cycles: 10 });
    expect([d.sender.state.bulk, d.receiver.state.counted]).toEqual([0, 5]);
  });

  it('are refused when a process of a third part wakes on the wires, directly', () => {
    const d = build([{ gap: 0, count: 5, period: 1 }], true);
    let seen = 0;
    class Spy extends Module {
      constructor() {
        super(d.sim, 'spy');
        this.comb(this.look, [d.sender.out.payload.data]);
      }
      private look(): void {
        seen += 1;
      }
    }
    void new Spy();
    d.sim.run({ cycles: 10 });
    expect([d.sender.state.bulk, d.receiver.state.counted, seen]).toEqual([0, 5, 5]);
  });

  it('work though the channel was asked for its run before it was connected', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 1_000_000);
    const sender = new Sender(sim, clock, [{ gap: 0, count: 5, period: 1 }], true);
    expect([sender.out.run, sender.out.isWatched]).toEqual([null, false]);
    connect(sender.out, new Receiver(sim, clock, 9).in);
    sim.run({ cycles: 3 });
    expect(sender.state.bulk).toBe(5);
  });

  it('stop a run on a wire: a breakpoint set in the middle sees the beats', () => {
    const d = build([{ gap: 0, count: 10, period: 3 }], true);
    d.sim.run({ cycles: 6 });
    expect(d.sender.state.bulk).toBe(10);
    // Beats in cycles 1, 4, 7: the edge of cycle 6 makes valid high.
    const result = d.sim.run({ until: 'receiver.in_valid && receiver.in_data == 14', maxCycles: 100 });
    expect([result.reason, d.clock.cycle]).toEqual(['until', 7]);
  });

  it('stop a run on a lane of a bus, though nothing else is watched', () => {
    const d = build([{ gap: 0, count: 10, period: 3 }], true);
    d.sim.run({ cycles: 6 });
    const result = d.sim.run({ until: 'receiver.in_pair[1] == 15', cycles: 100 });
    expect([result.reason, d.clock.cycle]).toEqual(['until', 7]);
    // A watched lane is a watched bus: what is offered from then on goes beat by beat.
    const e = build([{ gap: 0, count: 5, period: 1 }], true);
    e.sim.breakpoint('receiver.in_pair[1] == 8', 'second');
    expect(e.sim.run({ cycles: 20 })).toMatchObject({ reason: 'breakpoint', breakpoints: ['second'] });
    expect([e.sender.state.bulk, e.clock.cycle]).toEqual([0, 2]);
  });

  it('are kept by snapshots', () => {
    fc.assert(
      fc.property(plansOf, fc.nat(40), (plans, at) => {
        const to = Math.max(at, schedule(plans).at(-1)!) + 4;
        const first = build(plans, true);
        first.sim.run({ cycles: at });
        const snapshot = structuredClone(takeSnapshot(first.sim));
        const second = build(plans, true);
        restoreSnapshot(second.sim, snapshot);
        expect(watch(second, 0, to - at)).toEqual(watch(first, 0, to - at));
        expect(second.receiver.state).toEqual(first.receiver.state);
        expect(second.sender.out.bulkBefore(to)).toBe(first.sender.out.bulkBefore(to));
      }),
    );
  });

  it('refuse offers in the past, without beats, and over a run that lasts', () => {
    const attempt = (offer: (cycle: number) => RunOffer) => {
      const sim = new Simulator();
      const clock = sim.clock('clk', 1_000_000);
      class Source extends Module {
        readonly out = this.source('out', BEAT, clock);
        constructor() {
          super(sim, 'source');
          this.edge(clock, this.tick);
        }
        private tick(): void {
          this.out.offer(offer(clock.cycle));
        }
      }
      connect(new Source().out, new Receiver(sim, clock, 3).in);
      return () => sim.run({ cycles: 3 });
    };
    const data = new Float64Array(9);
    expect(attempt((c) => ({ first: c, count: 1, period: 1, data }))).toThrow(
      'source.out: run.first must be a coming cycle (1 or later), got 0',
    );
    expect(attempt((c) => ({ first: c + 1, count: 0, period: 1, data }))).toThrow(ConfigError);
    expect(attempt((c) => ({ first: c + 1, count: 1, period: 0.5, data }))).toThrow(ConfigError);
    expect(attempt((c) => ({ first: c + 1, count: 9, period: 1, data }))).toThrow(
      'source.out: run.first must be after the present run (last in 3), got 2',
    );
  });
});

describe('Run', () => {
  it('counts and indexes as its list of cycles does', () => {
    const run = fc.record({
      first: fc.nat(20),
      count: fc.integer({ min: 1, max: 20 }),
      period: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(run, fc.nat(150), ({ first, count, period }, cycle) => {
        const cycles = Array.from({ length: count }, (_, i) => first + i * period);
        const r = new Run({ first, period, data: null }, count);
        expect(r.last).toBe(cycles.at(-1));
        expect(r.indexAt(cycle)).toBe(cycles.indexOf(cycle));
        expect(r.doneBefore(cycle)).toBe(cycles.filter((c) => c < cycle).length);
        expect(r.covers(cycle)).toBe(cycle >= first && cycle <= r.last);
      }),
    );
  });
});
