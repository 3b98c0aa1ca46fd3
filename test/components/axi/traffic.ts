import { expect } from 'vitest';
import {
  type AxiAddress,
  axiAddressOf,
  type AxiReadData,
  axiReadData,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponseOf,
} from '../../../src/components/axi/channels.js';
import type { AxiPort } from '../../../src/components/axi/link.js';
import { AxiProtocolChecker } from '../../../src/components/axi/protocol-checker.js';
import { type Channel, type Clock, connect, Module, type Simulator } from '../../../src/kernel/index.js';
import { pick, random, Staller } from '../memory-bench.js';

/** A burst as a master wants it. */
export interface Burst {
  readonly write: boolean;
  readonly id: number;
  readonly addr: number;
  readonly len: number;
  readonly size: number;
  readonly burst: number;
}

/** One beat of a burst: its address, and the first and last byte lane it uses; by the equations of IHI 0022, A3.4.1–2. */
export interface Lanes {
  readonly address: number;
  readonly lower: number;
  readonly upper: number;
}

export function beatsOf(b: Burst, busBytes: number): Lanes[] {
  const numberBytes = 2 ** b.size;
  const length = b.len + 1;
  const aligned = Math.floor(b.addr / numberBytes) * numberBytes;
  const container = numberBytes * length;
  const wrapBoundary = Math.floor(b.addr / container) * container;
  const beats: Lanes[] = [];
  for (let n = 1; n <= length; n++) {
    let address = n === 1 || b.burst === 0 ? b.addr : aligned + (n - 1) * numberBytes;
    if (b.burst === 2 && address >= wrapBoundary + container) address -= container;
    const word = Math.floor(address / busBytes) * busBytes;
    // The first beat, and every beat of a FIXED burst, starts at the address itself.
    const unit = Math.floor(address / numberBytes) * numberBytes;
    beats.push({ address, lower: address - word, upper: unit - word + numberBytes - 1 });
  }
  return beats;
}

export interface TrafficShape {
  readonly busBytes: number;
  readonly idBits: number;
  /** First bytes of the 4 KB pages that bursts may touch. */
  readonly pages: readonly number[];
}

/** A random burst that AXI4 allows: any kind, any size, mostly short, at times as long as a page lets it be. */
export function legalBurst(next: () => number, { busBytes, idBits, pages }: TrafficShape): Burst {
  const size = pick(next, 0, Math.log2(busBytes));
  const bytes = 2 ** size;
  const burst = pick(next, 0, 2);
  const page = pages[pick(next, 0, pages.length - 1)]!;
  const common = { write: next() < 0.5, id: pick(next, 0, 2 ** idBits - 1), size, burst };
  // Few places, so that bursts meet.
  const place = next() < 0.7 ? pick(next, 0, 255) : pick(next, 0, 4095);
  if (burst === 0) return { ...common, addr: page + place, len: pick(next, 0, next() < 0.2 ? 15 : 3) };
  if (burst === 2)
    return { ...common, addr: page + place - (place % bytes), len: [1, 3, 7, 15][pick(next, 0, 3)]! };
  const most = Math.min(256, (4096 - (place - (place % bytes))) / bytes);
  const wanted = next() < 0.05 ? 256 : next() < 0.3 ? 24 : 6;
  return { ...common, addr: page + place, len: pick(next, 0, Math.min(most, wanted) - 1) };
}

interface Pending {
  readonly burst: Burst;
  readonly beats: readonly Lanes[];
  /** Bytes it touches: first and one past the last. */
  readonly from: number;
  readonly to: number;
  /** Read: what each beat must carry in its lanes, by beat. Write: data and strobes. */
  readonly data: readonly Uint8Array[];
  readonly strobes: readonly number[];
  readonly resp: number;
  beat: number;
}

/** Bytes by address; what was never written is 0. Plain on purpose: it is what the design is held against. */
export class PlainMemory {
  readonly bytes = new Map<number, number>();
  get(address: number): number {
    return this.bytes.get(address) ?? 0;
  }
}

export interface MasterOptions extends TrafficShape {
  readonly lanes: number;
  readonly clock: Clock;
  readonly bursts: readonly Burst[];
  readonly plain: PlainMemory;
  /** Chance of showing valid, and ready, in a cycle. */
  readonly rate: number;
  readonly next: () => number;
  /** Addresses for which DECERR is wanted. */
  readonly unmapped?: (address: number) => boolean;
  readonly outstanding?: number;
}

/**
 * A master that issues bursts in order as fast as hazards allow: a burst waits while it overlaps one under way of which
 * AXI4 does not give the order. W and AW are shown independently, so either may come first.
 */
export class TrafficMaster extends Module implements AxiPort {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  private issued = 0;
  private readonly flight: Pending[] = [];
  private readonly arQueue: Pending[] = [];
  private readonly awQueue: Pending[] = [];
  private readonly wQueue: Pending[] = [];
  answered = 0;

  constructor(
    parent: Module | Simulator,
    name: string,
    readonly options: MasterOptions,
  ) {
    super(parent, name);
    const { lanes, clock, idBits } = options;
    this.ar = this.source('ar', axiAddressOf(idBits), clock);
    this.r = this.sink('r', axiReadData(lanes, idBits), clock);
    this.aw = this.source('aw', axiAddressOf(idBits), clock);
    this.w = this.source('w', axiWriteData(lanes), clock);
    this.b = this.sink('b', axiWriteResponseOf(idBits), clock);
    this.edge(clock, this.tick);
  }

  get done(): boolean {
    return this.answered === this.options.bursts.length;
  }

  private tick(): void {
    const { options } = this;
    if (this.r.fires) this.takeRead();
    if (this.b.fires) this.takeResponse();
    this.issue();
    this.showAddress(this.ar, this.arQueue);
    this.showAddress(this.aw, this.awQueue);
    this.showData();
    this.r.ready.write(options.next() < options.rate ? 1 : 0);
    this.b.ready.write(options.next() < options.rate ? 1 : 0);
  }

  private issue(): void {
    const { bursts, busBytes, plain, next, unmapped, outstanding = 12 } = this.options;
    const burst = bursts[this.issued];
    if (burst === undefined || this.flight.length >= outstanding) return;
    const beats = beatsOf(burst, busBytes);
    const word = (l: Lanes): number => l.address - l.lower;
    const from = Math.min(...beats.map((l) => word(l) + l.lower));
    const to = Math.max(...beats.map((l) => word(l) + l.upper)) + 1;
    for (const other of this.flight) {
      if (other.to <= from || other.from >= to) continue;
      const ordered = other.burst.write === burst.write && (!burst.write || other.burst.id === burst.id);
      if (!ordered) return;
    }
    this.issued += 1;
    const missing = unmapped?.(burst.addr) === true;
    const data: Uint8Array[] = [];
    const strobes: number[] = [];
    for (const l of beats) {
      const bytes = new Uint8Array(busBytes);
      let strobe = 0;
      for (let lane = l.lower; lane <= l.upper; lane++) {
        if (!burst.write) {
          bytes[lane] = missing ? 0 : plain.get(word(l) + lane);
          continue;
        }
        bytes[lane] = pick(next, 0, 255);
        if (next() < 0.2) continue;
        strobe += 2 ** lane;
        if (!missing) plain.bytes.set(word(l) + lane, bytes[lane]!);
      }
      data.push(bytes);
      strobes.push(strobe);
    }
    const pending = { burst, beats, from, to, data, strobes, resp: missing ? 3 : 0, beat: 0 };
    this.flight.push(pending);
    if (burst.write) {
      this.awQueue.push(pending);
      this.wQueue.push(pending);
    } else this.arQueue.push(pending);
  }

  private showAddress(channel: Channel<AxiAddress>, queue: Pending[]): void {
    if (channel.valid.value !== 0) {
      if (channel.ready.value === 0) return;
      channel.valid.write(0);
      queue.shift();
    }
    const head = queue[0];
    if (head === undefined || this.options.next() >= this.options.rate) return;
    const { id, addr, len, size, burst } = head.burst;
    channel.payload.id.write(id);
    channel.payload.addr.write(addr);
    channel.payload.len.write(len);
    channel.payload.size.write(size);
    channel.payload.burst.write(burst);
    channel.valid.write(1);
  }

  private showData(): void {
    const { w, wQueue } = this;
    if (w.valid.value !== 0) {
      if (w.ready.value === 0) return;
      w.valid.write(0);
      const head = wQueue[0]!;
      head.beat += 1;
      if (head.beat === head.beats.length) wQueue.shift();
    }
    const head = wQueue[0];
    if (head === undefined || this.options.next() >= this.options.rate) return;
    w.payload.data.writeFrom(toWords(head.data[head.beat]!));
    w.payload.strb.write(head.strobes[head.beat]!);
    w.payload.last.write(head.beat === head.beats.length - 1 ? 1 : 0);
    w.valid.write(1);
  }

  private takeRead(): void {
    const { payload } = this.r;
    const id = payload.id.value;
    const at = this.flight.findIndex((p) => !p.burst.write && p.burst.id === id);
    const where = `${this.path} in cycle ${this.options.clock.cycle}`;
    expect(at, `read data of ID ${id} nobody waits for: ${where}`).toBeGreaterThanOrEqual(0);
    const head = this.flight[at]!;
    const { lower, upper, address } = head.beats[head.beat]!;
    const got = toBytes(payload.data.values).slice(lower, upper + 1);
    const want = head.data[head.beat]!.slice(lower, upper + 1);
    expect([...got], `beat ${head.beat} at ${address} of ${JSON.stringify(head.burst)}: ${where}`).toEqual([
      ...want,
    ]);
    const last = head.beat === head.beats.length - 1;
    expect([payload.resp.value, payload.last.value], where).toEqual([head.resp, last ? 1 : 0]);
    head.beat += 1;
    if (!last) return;
    this.flight.splice(at, 1);
    this.answered += 1;
  }

  private takeResponse(): void {
    const id = this.b.payload.id.value;
    const at = this.flight.findIndex((p) => p.burst.write && p.burst.id === id);
    expect(at, `a response of ID ${id} nobody waits for: ${this.path}`).toBeGreaterThanOrEqual(0);
    expect(this.b.payload.resp.value).toBe(this.flight[at]!.resp);
    this.flight.splice(at, 1);
    this.answered += 1;
  }
}

export interface SlaveOptions {
  readonly lanes: number;
  readonly idBits: number;
  readonly clock: Clock;
  readonly rate: number;
  readonly next: () => number;
}

/** A slave that does all that AXI4 lets it: answers IDs in any order, interleaves read data, takes W before AW. */
export class TrafficSlave extends Module implements AxiPort {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
  readonly memory = new PlainMemory();
  private readonly reads: { burst: Burst; beats: Lanes[]; beat: number }[] = [];
  private readonly writes: Burst[] = [];
  private readonly beats: { data: Uint8Array; strobes: number; last: boolean }[] = [];
  private readonly stored: number[] = [];

  constructor(
    parent: Module | Simulator,
    name: string,
    readonly options: SlaveOptions,
  ) {
    super(parent, name);
    const { lanes, clock, idBits } = options;
    this.ar = this.sink('ar', axiAddressOf(idBits), clock);
    this.r = this.source('r', axiReadData(lanes, idBits), clock);
    this.aw = this.sink('aw', axiAddressOf(idBits), clock);
    this.w = this.sink('w', axiWriteData(lanes), clock);
    this.b = this.source('b', axiWriteResponseOf(idBits), clock);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { next, rate, lanes } = this.options;
    const chance = (): boolean => next() < rate;
    if (this.ar.fires) {
      const burst = burstOf(this.ar, false);
      this.reads.push({ burst, beats: beatsOf(burst, 2 * lanes), beat: 0 });
    }
    if (this.aw.fires) this.writes.push(burstOf(this.aw, true));
    if (this.w.fires)
      this.beats.push({
        data: toBytes(this.w.payload.data.values),
        strobes: this.w.payload.strb.value,
        last: this.w.payload.last.value !== 0,
      });
    if (this.writes.length > 0 && this.beats.some((beat) => beat.last)) this.store();
    if (this.r.fires) this.r.valid.write(0);
    if ((this.r.valid.value === 0 || this.r.fires) && chance()) this.showRead();
    if (this.b.fires) this.b.valid.write(0);
    if ((this.b.valid.value === 0 || this.b.fires) && this.stored.length > 0 && chance()) {
      this.b.payload.id.write(this.stored.splice(pick(next, 0, this.stored.length - 1), 1)[0]!);
      this.b.valid.write(1);
    }
    this.ar.ready.write(this.reads.length < 8 && chance() ? 1 : 0);
    this.aw.ready.write(this.writes.length < 8 && chance() ? 1 : 0);
    this.w.ready.write(this.beats.length < 400 && chance() ? 1 : 0);
  }

  private store(): void {
    const burst = this.writes.shift()!;
    const busBytes = 2 * this.options.lanes;
    for (const l of beatsOf(burst, busBytes)) {
      const { data, strobes } = this.beats.shift()!;
      for (let lane = 0; lane < busBytes; lane++)
        if (Math.floor(strobes / 2 ** lane) % 2 === 1)
          this.memory.bytes.set(l.address - l.lower + lane, data[lane]!);
    }
    this.stored.push(burst.id);
  }

  private showRead(): void {
    const ready = this.reads.filter((a, i) => this.reads.findIndex((b) => b.burst.id === a.burst.id) === i);
    const chosen = ready[pick(this.options.next, 0, ready.length - 1)];
    if (chosen === undefined) return;
    const { address, lower } = chosen.beats[chosen.beat]!;
    const word = address - lower;
    const bytes = Uint8Array.from({ length: 2 * this.options.lanes }, (_, i) => this.memory.get(word + i));
    chosen.beat += 1;
    const last = chosen.beat === chosen.beats.length;
    this.r.payload.id.write(chosen.burst.id);
    this.r.payload.data.writeFrom(toWords(bytes));
    this.r.payload.last.write(last ? 1 : 0);
    this.r.valid.write(1);
    if (last) this.reads.splice(this.reads.indexOf(chosen), 1);
  }
}

function burstOf({ payload }: Channel<AxiAddress>, write: boolean): Burst {
  const { id, addr, len, size, burst } = payload;
  return {
    write,
    id: id.value,
    addr: addr.value,
    len: len.value,
    size: size.value,
    burst: burst.value,
  };
}

/** Bytes in the order of their addresses, as signed words. */
export function toWords(bytes: Uint8Array): Int16Array {
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! + 256 * bytes[2 * i + 1]!);
}

export function toBytes(words: ArrayLike<number>): Uint8Array {
  return Uint8Array.from({ length: 2 * words.length }, (_, i) => words[i >> 1]! >> (8 * (i % 2)));
}

/** Connects a master to a slave through registers that stall every channel on either side at random; a checker sits behind them. */
export function connectStalled(
  sim: Simulator,
  name: string,
  master: AxiPort,
  slave: AxiPort,
  rate: number,
  seed: number,
): AxiProtocolChecker {
  const { clock } = master.ar;
  const { lanes } = master.w.payload.data;
  const idBits = master.ar.payload.id.type.width;
  const next = random(seed);
  const address = axiAddressOf(idBits);
  const ar = new Staller(sim, `${name}_stall_ar`, address, clock, rate, next);
  const aw = new Staller(sim, `${name}_stall_aw`, address, clock, rate, next);
  const w = new Staller(sim, `${name}_stall_w`, axiWriteData(lanes), clock, rate, next);
  const r = new Staller(sim, `${name}_stall_r`, axiReadData(lanes, idBits), clock, rate, next);
  const b = new Staller(sim, `${name}_stall_b`, axiWriteResponseOf(idBits), clock, rate, next);
  connect(master.ar, ar.in);
  connect(ar.out, slave.ar);
  connect(master.aw, aw.in);
  connect(aw.out, slave.aw);
  connect(master.w, w.in);
  connect(w.out, slave.w);
  connect(slave.r, r.in);
  connect(r.out, master.r);
  connect(slave.b, b.in);
  connect(b.out, master.b);
  return new AxiProtocolChecker(sim, `${name}_check`, { clock, link: slave });
}
