import type { Channel } from '../../kernel/index.js';
import { beatAddress, burstFault } from './burst.js';
import { type AxiAddress, type AxiWriteData, type AxiWriteResponse, WORD_BYTES } from './channels.js';
import { AxiProtocolError } from './errors.js';

/** Registers of {@link BurstQueue}. */
export interface BurstRegisters {
  count: number;
  head: number;
  /** Beat of the first burst that is next. */
  beat: number;
  acceptedAt: Float64Array;
  id: Float64Array;
  addr: Float64Array;
  len: Float64Array;
  size: Float64Array;
  burst: Float64Array;
}

/**
 * Bursts that a slave has accepted from AR or AW, in order, and the beat that the first of them has come to. The owner
 * keeps `state` among its registers, and drives `ready` so that nothing is accepted while it is full.
 */
export class BurstQueue {
  readonly state: BurstRegisters;

  constructor(
    private readonly channel: Channel<AxiAddress>,
    private readonly depth: number,
    private readonly busBytes: number,
  ) {
    const ring = (): Float64Array => new Float64Array(depth);
    this.state = {
      count: 0,
      head: 0,
      beat: 0,
      acceptedAt: ring(),
      id: ring(),
      addr: ring(),
      len: ring(),
      size: ring(),
      burst: ring(),
    };
  }

  get count(): number {
    return this.state.count;
  }

  /** Takes the burst that is handed over at the edge of cycle `now`, if one is. @throws AxiProtocolError */
  accept(now: number): boolean {
    const { channel } = this;
    if (channel.valid.value === 0 || channel.ready.value === 0) return false;
    const { id, addr, len, size, burst } = channel.payload;
    const fault = burstFault(addr.value, len.value + 1, size.value, burst.value, this.busBytes);
    if (fault !== null) throw new AxiProtocolError(channel.path, fault, now);
    const s = this.state;
    const slot = this.slot(s.count);
    s.acceptedAt[slot] = now;
    s.id[slot] = id.value;
    s.addr[slot] = addr.value;
    s.len[slot] = len.value;
    s.size[slot] = size.value;
    s.burst[slot] = burst.value;
    s.count += 1;
    return true;
  }

  /** Cycle at whose edge the first burst was accepted. */
  get acceptedAt(): number {
    return this.state.acceptedAt[this.state.head]!;
  }

  get id(): number {
    return this.state.id[this.state.head]!;
  }

  /** Byte address that the first burst starts from. */
  get start(): number {
    return this.state.addr[this.state.head]!;
  }

  /** AxSIZE of the first burst. */
  get size(): number {
    return this.state.size[this.state.head]!;
  }

  /** Whether the next beat is the first burst's last. */
  get atLast(): boolean {
    return this.state.beat === this.state.len[this.state.head];
  }

  /** Beats of the burst that stands `place` behind the first. */
  beats(place = 0): number {
    return this.state.len[this.slot(place)]! + 1;
  }

  /** Byte address of a beat, of the burst that stands `place` behind the first; unless given, of the next beat of the first. */
  address(beat = this.state.beat, place = 0): number {
    const s = this.state;
    const slot = this.slot(place);
    return beatAddress(s.addr[slot]!, beat, s.len[slot]! + 1, s.size[slot]!, s.burst[slot]!);
  }

  /** The next beat is done. Its burst leaves if it was the last; returns whether it was. */
  advance(): boolean {
    const s = this.state;
    if (!this.atLast) {
      s.beat += 1;
      return false;
    }
    s.beat = 0;
    s.head = this.slot(1);
    s.count -= 1;
    return true;
  }

  private slot(place: number): number {
    const slot = this.state.head + place;
    return slot < this.depth ? slot : slot - this.depth;
  }
}

/** Registers of {@link WriteBeatQueue}. */
export interface WriteBeatRegisters {
  count: number;
  head: number;
  data: Int16Array;
  strb: Float64Array;
  last: Uint8Array;
}

/** Beats of W that wait for their turn or for their address, in order. */
export class WriteBeatQueue {
  readonly state: WriteBeatRegisters;
  private readonly allStrobes: number;

  constructor(
    private readonly channel: Channel<AxiWriteData>,
    private readonly depth: number,
    private readonly lanes: number,
  ) {
    this.allStrobes = 2 ** (lanes * WORD_BYTES) - 1;
    this.state = {
      count: 0,
      head: 0,
      data: new Int16Array(depth * lanes),
      strb: new Float64Array(depth),
      last: new Uint8Array(depth),
    };
  }

  get count(): number {
    return this.state.count;
  }

  get full(): boolean {
    return this.state.count === this.depth;
  }

  /** Takes the beat that is handed over at this edge, if one is. */
  accept(): boolean {
    const { channel } = this;
    if (channel.valid.value === 0 || channel.ready.value === 0) return false;
    const s = this.state;
    const slot = (s.head + s.count) % this.depth;
    channel.payload.data.copyTo(s.data, slot * this.lanes);
    s.strb[slot] = channel.payload.strb.value;
    s.last[slot] = channel.payload.last.value;
    s.count += 1;
    return true;
  }

  /** `w_last` of the first beat. */
  get last(): number {
    return this.state.last[this.state.head]!;
  }

  /** Strobes of the first beat. */
  get strobes(): number {
    return this.state.strb[this.state.head]!;
  }

  /**
   * Writes the strobed bytes of the first beat over `words` from `at` on, a bus word.
   *
   * @param masks gets the bits of those bytes set, 0xff low and 0xff00 high, at the same places
   * @returns how many bytes they are
   */
  store(words: Int16Array, at: number, masks: Uint16Array | null = null): number {
    const { lanes } = this;
    const { data, head } = this.state;
    const from = head * lanes;
    let strobes = this.strobes;
    if (strobes === this.allStrobes) {
      for (let j = 0; j < lanes; j++) words[at + j] = data[from + j]!;
      masks?.fill(0xffff, at, at + lanes);
      return lanes * WORD_BYTES;
    }
    let bytes = 0;
    for (let j = 0; strobes > 0; j++) {
      const pair = strobes % 4;
      strobes = (strobes - pair) / 4;
      if (pair === 0) continue;
      const mask = (pair % 2) * 0xff + (pair >= 2 ? 0xff00 : 0);
      words[at + j] = (words[at + j]! & ~mask) | (data[from + j]! & mask);
      if (masks !== null) masks[at + j]! |= mask;
      bytes += pair === 3 ? 2 : 1;
    }
    return bytes;
  }

  pop(): void {
    const s = this.state;
    s.head = (s.head + 1) % this.depth;
    s.count -= 1;
  }
}

/** Registers of {@link ResponseQueue}. */
export interface ResponseRegisters {
  count: number;
  head: number;
  due: Float64Array;
  id: Float64Array;
  resp: Float64Array;
}

/** Responses that wait for B, in order, each with the cycle at whose edge it may be shown at the earliest. */
export class ResponseQueue {
  readonly state: ResponseRegisters;

  constructor(
    private readonly channel: Channel<AxiWriteResponse>,
    private readonly depth: number,
  ) {
    const ring = (): Float64Array => new Float64Array(depth);
    this.state = { count: 0, head: 0, due: ring(), id: ring(), resp: ring() };
  }

  get count(): number {
    return this.state.count;
  }

  /** When the first may be shown. */
  get due(): number {
    return this.state.due[this.state.head]!;
  }

  push(id: number, resp: number, due: number): void {
    const s = this.state;
    const slot = (s.head + s.count) % this.depth;
    s.due[slot] = due;
    s.id[slot] = id;
    s.resp[slot] = resp;
    s.count += 1;
  }

  /** Shows the first at the edge of cycle `now`, if it is due and B is free. Returns whether it was shown. */
  show(now: number): boolean {
    const s = this.state;
    const { valid, ready, payload } = this.channel;
    const free = valid.value === 0 || ready.value !== 0;
    if (!free || s.count === 0 || this.due > now) return false;
    payload.id.write(s.id[s.head]!);
    payload.resp.write(s.resp[s.head]!);
    valid.write(1);
    s.head = (s.head + 1) % this.depth;
    s.count -= 1;
    return true;
  }
}
