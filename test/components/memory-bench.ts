import { expect } from 'vitest';
import {
  type AnyNet,
  type Channel,
  type Clock,
  type Fields,
  Module,
  Signal,
  Simulator,
} from '../../src/kernel/index.js';

/** A payload as tests write it down and read it back. */
export type Item = Readonly<Record<string, number | readonly number[]>>;
export interface Seen {
  readonly cycle: number;
  readonly item: Item;
}

/** Numbers in 0..1 from a seed (xorshift of 32 bits). */
export function random(seed: number): () => number {
  let q = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    q ^= q << 13;
    q ^= q >>> 17;
    q ^= q << 5;
    return (q >>> 0) / 2 ** 32;
  };
}

/** A whole number of min..max. */
export function pick(next: () => number, min: number, max: number): number {
  return min + Math.floor(next() * (max - min + 1));
}

export function bench(): { sim: Simulator; clock: Clock } {
  const sim = new Simulator({ checkWidths: true });
  return { sim, clock: sim.clock('array', 166_000_000) };
}

function drive(payload: Channel['payload'], item: Item): void {
  for (const [key, net] of Object.entries<AnyNet>(payload)) {
    const value = item[key];
    if (value === undefined) continue;
    if (net instanceof Signal) net.write(value as number);
    else (value as readonly number[]).forEach((v, lane) => net.set(lane, v));
  }
}

function read(channel: Channel): Item {
  const item: Record<string, number | readonly number[]> = {};
  for (const [key, net] of Object.entries<AnyNet>(channel.payload))
    item[key] = net instanceof Signal ? net.value : [...net.values];
  return item;
}

/** Sends items in order, each after a pause of random length: with chance `rate` an item is offered in a free cycle. */
export class Feeder<F extends Fields> extends Module {
  readonly out: Channel<F>;
  done = 0;
  private offered = false;
  constructor(
    parent: Simulator,
    name: string,
    fields: F,
    clock: Clock,
    readonly items: Item[],
    private readonly rate = 1,
    private readonly next: () => number = random(0),
  ) {
    super(parent, name);
    this.out = this.source('out', fields, clock);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    if (this.offered && this.out.fires) {
      this.done += 1;
      this.offered = false;
      this.out.valid.write(0);
    }
    if (this.offered || this.done === this.items.length || this.next() >= this.rate) return;
    this.offered = true;
    drive(this.out.payload, this.items[this.done]!);
    this.out.valid.write(1);
  }
}

/** Takes what comes, ready with chance `rate` in each cycle, and notes it. */
export class Taker<F extends Fields> extends Module {
  readonly in: Channel<F>;
  readonly seen: Seen[] = [];
  constructor(
    parent: Simulator,
    name: string,
    fields: F,
    private readonly clock: Clock,
    public rate = 1,
    private readonly next: () => number = random(0),
  ) {
    super(parent, name);
    this.in = this.sink('in', fields, clock);
    this.in.ready.write(rate === 1 ? 1 : 0);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    if (this.in.fires) this.seen.push({ cycle: this.clock.cycle, item: read(this.in) });
    this.in.ready.write(this.next() < this.rate ? 1 : 0);
  }
}

/** Passes a channel on through two registers and stalls it on either side at random. */
export class Staller<F extends Fields> extends Module {
  readonly in: Channel<F>;
  readonly out: Channel<F>;
  private readonly waiting: Item[] = [];
  private offered = false;
  constructor(
    parent: Simulator,
    name: string,
    fields: F,
    clock: Clock,
    private readonly rate: number,
    private readonly next: () => number,
  ) {
    super(parent, name);
    this.in = this.sink('in', fields, clock);
    this.out = this.source('out', fields, clock);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    if (this.in.fires) this.waiting.push(read(this.in));
    if (this.offered && this.out.fires) {
      this.waiting.shift();
      this.offered = false;
      this.out.valid.write(0);
    }
    if (!this.offered && this.waiting.length > 0 && this.next() < this.rate) {
      this.offered = true;
      drive(this.out.payload, this.waiting[0]!);
      this.out.valid.write(1);
    }
    this.in.ready.write(this.waiting.length < 2 && this.next() < this.rate ? 1 : 0);
  }
}

/** What a stalled channel shows must stay; checked on every cycle. */
class Hold {
  private last: Item | null = null;
  constructor(readonly channel: Channel) {}
  check(cycle: number): void {
    const { channel } = this;
    if (this.last !== null) {
      expect(channel.valid.value, `${channel.path} dropped valid in cycle ${cycle}`).toBe(1);
      expect(read(channel), `${channel.path} changed its payload in cycle ${cycle}`).toEqual(this.last);
    }
    this.last = channel.valid.value !== 0 && channel.ready.value === 0 ? read(channel) : null;
  }
}

interface Burst {
  readonly addr: number;
  readonly beats: number;
}

/**
 * Watches a READ or WRITE master's wires on every cycle: stable payloads, bursts of aligned full beats that cross no
 * `boundary`, few enough of them under way, `last` where it belongs, AW no later than its first W beat.
 */
export class AxiWatch extends Module {
  readonly reads: Burst[] = [];
  readonly writes: Burst[] = [];
  mostReads = 0;
  mostWrites = 0;
  private readonly holds: Hold[];
  private arrived = 0;
  private readsDone = 0;
  private beat = 0;
  private writesSent = 0;
  private writesDone = 0;
  private shownAw = 0;
  constructor(
    parent: Simulator,
    name: string,
    private readonly clock: Clock,
    private readonly watched: {
      readonly ar?: Channel;
      readonly r?: Channel;
      readonly aw?: Channel;
      readonly w?: Channel;
      readonly b?: Channel;
    },
    private readonly boundary: number,
    private readonly mostBeats: number,
  ) {
    super(parent, name);
    this.holds = Object.values<Channel>(watched).map((c) => new Hold(c));
    this.edge(clock, this.tick);
  }

  private burst(channel: Channel): Burst {
    const item = read(channel) as Record<string, number>;
    const burst = { addr: item.addr!, beats: item.len! + 1 };
    expect([item.id, item.size, item.burst], channel.path).toEqual([0, 5, 1]);
    expect(burst.addr % 32, channel.path).toBe(0);
    expect(burst.beats, channel.path).toBeLessThanOrEqual(this.mostBeats);
    const last = burst.addr + 32 * burst.beats - 1;
    expect(Math.floor(burst.addr / this.boundary), `${channel.path} at ${burst.addr}`).toBe(
      Math.floor(last / this.boundary),
    );
    return burst;
  }

  private tick(): void {
    const { ar, r, aw, w, b } = this.watched;
    for (const hold of this.holds) hold.check(this.clock.cycle);
    if (ar?.fires) this.reads.push(this.burst(ar));
    if (r !== undefined) expect(r.ready.value, 'r_ready').toBe(1);
    if (r?.fires) {
      this.arrived += 1;
      const burst = this.reads[this.readsDone]!;
      expect((read(r) as Record<string, number>).last).toBe(this.arrived === burst.beats ? 1 : 0);
      if (this.arrived === burst.beats) {
        this.arrived = 0;
        this.readsDone += 1;
      }
    }
    if (ar !== undefined)
      this.mostReads = Math.max(
        this.mostReads,
        this.reads.length - this.readsDone + (ar.valid.value && !ar.fires ? 1 : 0),
      );
    if (aw?.fires) this.writes.push(this.burst(aw));
    if (aw !== undefined) {
      this.shownAw = this.writes.length + (aw.valid.value !== 0 && !aw.fires ? 1 : 0);
      this.mostWrites = Math.max(this.mostWrites, this.shownAw - this.writesDone);
    }
    if (w !== undefined && w.valid.value !== 0) {
      expect(this.shownAw, 'AW no later than W').toBeGreaterThan(this.writesSent);
      expect((read(w) as Record<string, number>).strb).toBeGreaterThan(0);
      if (w.fires) {
        const item = read(w) as Record<string, number>;
        this.beat += 1;
        const beats = this.writes[this.writesSent]?.beats;
        if (beats !== undefined) expect(item.last).toBe(this.beat === beats ? 1 : 0);
        if (item.last === 1) {
          this.beat = 0;
          this.writesSent += 1;
        }
      }
    }
    if (b?.fires) {
      this.writesDone += 1;
      expect(this.writesDone).toBeLessThanOrEqual(this.writesSent);
    }
  }
}
