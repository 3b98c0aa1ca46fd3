import type { Channel } from '../../kernel/index.js';
import { alignDown, beatAddress, sizeBytes } from './burst.js';
import { type AxiAddress, axiAddressOf, BURST } from './channels.js';
import { PayloadQueue, SKID_WORDS } from './payload-queue.js';

/** Most beats of an INCR burst. */
const MOST_BEATS = 256;

/** What a width converter is, in bytes: fixed at construction. */
export interface Widths {
  /** Bytes of a beat at the narrower port, and log2 of them. */
  readonly narrow: number;
  readonly narrowSize: number;
  readonly wide: number;
  readonly wideSize: number;
  /** True when the slave port is the narrower one. */
  readonly up: boolean;
  /** Whether an upsizer packs INCR bursts of full narrow beats into wide beats. */
  readonly pack: boolean;
}

/** What the data of one burst at the master port need to know; fields of a row of {@link BurstRing}. */
export const FIELD = {
  /** 1 when several narrow beats share a wide beat; 0 when beats correspond one to one. */
  packed: 0,
  addr: 1,
  /** Narrow beats. */
  count: 2,
  /** AxSIZE and AxBURST at both ports; of the one-to-one kind only. */
  size: 3,
  burst: 4,
  /** Bytes of a wide beat's part that narrow beats fill: a wide beat is over at each multiple. 1 when not packed. */
  unit: 5,
  /** 1 for the last of the bursts that one burst was split into. */
  final: 6,
  id: 7,
} as const;
const ROW = 8;

/** Bursts shown at the master port whose data or responses are to come, in order: registers of a FIFO. */
export class BurstRing {
  readonly state: { count: number; head: number; rows: Float64Array };

  constructor(private readonly depth: number) {
    this.state = { count: 0, head: 0, rows: new Float64Array(depth * ROW) };
  }

  get count(): number {
    return this.state.count;
  }

  get full(): boolean {
    return this.state.count === this.depth;
  }

  /** A field of the first burst. */
  get(field: number): number {
    return this.state.rows[this.state.head * ROW + field]!;
  }

  push(row: Float64Array): void {
    const s = this.state;
    s.rows.set(row, ((s.head + s.count) % this.depth) * ROW);
    s.count += 1;
  }

  pop(): void {
    const s = this.state;
    s.head = s.head + 1 === this.depth ? 0 : s.head + 1;
    s.count -= 1;
  }

  clear(): void {
    this.state.count = this.state.head = 0;
  }
}

/**
 * One address channel of a width converter: a queue of 2, and an output register that shows, burst by burst, what the
 * first burst of the queue becomes at the master port.
 */
export class BurstSplitter {
  readonly state;
  private readonly queue: PayloadQueue<AxiAddress>;
  private readonly row = new Float64Array(ROW);

  constructor(
    private readonly widths: Widths,
    private readonly from: Channel<AxiAddress>,
    private readonly to: Channel<AxiAddress>,
    idBits: number,
    /** Who is told of each burst shown. */
    private readonly rings: readonly BurstRing[],
  ) {
    this.queue = new PayloadQueue(axiAddressOf(idBits), SKID_WORDS);
    this.state = {
      queue: this.queue.state,
      /** Of the first burst: 1 once part of it was shown; where the next part starts; its beat, for FIXED. */
      started: 0,
      position: 0,
      beat: 0,
    };
    from.ready.write(1);
  }

  /** One rising edge. `room`: whether the rings had room before it. Returns whether anything moved. */
  tick(room: boolean): boolean {
    const { from, to, queue } = this;
    let moved = false;
    const valid = to.valid.value !== 0;
    if (!valid || to.ready.value !== 0) {
      if (valid) {
        moved = true;
        to.valid.write(0);
      }
      if (queue.count > 0 && room) {
        this.show();
        moved = true;
      }
    }
    if (from.fires) {
      queue.push(from);
      moved = true;
    }
    from.ready.write(queue.full ? 0 : 1);
    return moved;
  }

  reset(): boolean {
    const moved = this.queue.count + this.to.valid.value > 0;
    this.queue.clear();
    this.state.started = 0;
    this.to.valid.write(0);
    this.from.ready.write(1);
    return moved;
  }

  private show(): void {
    const { queue, row, to } = this;
    const { narrow } = this.widths;
    const size = queue.get('size');
    row[FIELD.id] = queue.get('id');
    row[FIELD.addr] = queue.get('addr');
    row[FIELD.count] = queue.get('len') + 1;
    row[FIELD.size] = size;
    row[FIELD.burst] = queue.get('burst');
    row[FIELD.packed] = row[FIELD.final] = row[FIELD.unit] = 1;
    if (this.widths.up) this.showUp();
    else if (sizeBytes(size) > narrow) this.showPart();
    else this.showSame();
    to.valid.write(1);
    for (let i = 0; i < this.rings.length; i++) this.rings[i]!.push(row);
    if (row[FIELD.final] !== 0) {
      queue.pop();
      this.state.started = 0;
    } else this.state.started = 1;
  }

  /** The burst as it is. */
  private showSame(): void {
    const { row } = this;
    row[FIELD.packed] = 0;
    this.drive(row[FIELD.addr]!, row[FIELD.count]! - 1, row[FIELD.size]!, row[FIELD.burst]!);
  }

  /** A burst from the narrow port: full INCR beats share wide beats. */
  private showUp(): void {
    const { row } = this;
    const { narrow, wide, narrowSize, wideSize, pack } = this.widths;
    const count = row[FIELD.count]!;
    const packed = pack && row[FIELD.burst] === BURST.incr && row[FIELD.size] === narrowSize && count > 1;
    if (!packed) {
      this.showSame();
      return;
    }
    const addr = row[FIELD.addr]!;
    const end = alignDown(addr, narrow) + count * narrow;
    row[FIELD.unit] = wide;
    const beats = (alignDown(end - 1, wide) - alignDown(addr, wide)) / wide + 1;
    this.drive(addr, beats - 1, wideSize, BURST.incr);
  }

  /** The next INCR burst of narrow beats of a burst whose beats are wider than that. */
  private showPart(): void {
    const s = this.state;
    const { queue, row } = this;
    const { narrow, narrowSize } = this.widths;
    const bytes = sizeBytes(row[FIELD.size]!);
    const start = queue.get('addr');
    const burst = queue.get('burst');
    const total = (queue.get('len') + 1) * bytes;
    if (s.started === 0) {
      s.position = start;
      s.beat = 0;
    }
    const from = s.position;
    const first = alignDown(from, narrow);
    let limit = alignDown(start, bytes) + total;
    let final = true;
    if (burst === BURST.fixed) {
      limit = alignDown(start, bytes) + bytes;
      final = s.beat === queue.get('len');
      s.beat += 1;
    } else if (burst === BURST.wrap) {
      const bottom = alignDown(start, total);
      const upper = from >= start;
      limit = upper ? bottom + total : start;
      final = !upper || start === bottom;
      s.position = bottom;
    }
    // A part ends where a beat of the wide port does.
    const end = Math.min(limit, alignDown(first + MOST_BEATS * narrow, bytes));
    if (burst === BURST.incr) {
      final = end === limit;
      s.position = end;
    }
    const count = (end - first) / narrow;
    row[FIELD.addr] = from;
    row[FIELD.count] = count;
    row[FIELD.unit] = bytes;
    row[FIELD.final] = final ? 1 : 0;
    this.drive(from, count - 1, narrowSize, BURST.incr);
  }

  private drive(addr: number, len: number, size: number, burst: number): void {
    const { payload } = this.to;
    payload.addr.write(addr);
    payload.len.write(len);
    payload.size.write(size);
    payload.burst.write(burst);
  }
}

/** Byte address of narrow beat k of a ring's first burst; of a packed one's, that of its narrow word. */
export function narrowAddress(ring: BurstRing, k: number, narrow: number): number {
  const addr = ring.get(FIELD.addr);
  if (ring.get(FIELD.packed) !== 0) return alignDown(addr, narrow) + k * narrow;
  return beatAddress(addr, k, ring.get(FIELD.count), ring.get(FIELD.size), ring.get(FIELD.burst));
}

/** Whether the narrow beat k, at this address, is the last of its wide beat. */
export function endsWideBeat(ring: BurstRing, k: number, address: number, narrow: number): boolean {
  if (k === ring.get(FIELD.count) - 1) return true;
  const unit = ring.get(FIELD.unit);
  const next = alignDown(address, narrow) + narrow;
  return next === alignDown(next, unit);
}
