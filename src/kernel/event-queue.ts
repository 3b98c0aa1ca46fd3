const SLOTS = 1024;
const MASK = SLOTS - 1;
/** A slot's width, ps: 1024 slots of 1024 ps span about one microsecond. */
const SLOT_PS = 1024;

/**
 * Future events, ordered by (time, order of insertion). Near ones (within about a microsecond) go to a time wheel, where
 * insertion and removal do not depend on how many there are; far ones to a binary heap, from which they move to the
 * wheel when it reaches them. Nodes live in typed arrays and are reused: nothing is allocated per event once the
 * arrays have grown.
 */
export class EventQueue<T> {
  private time = new Float64Array(64);
  private seq = new Float64Array(64);
  private next = new Int32Array(64);
  private payload: (T | undefined)[] = [];
  private free: number[] = [];
  private used = 0;
  private serial = 0;

  private readonly head = new Int32Array(SLOTS).fill(-1);
  private readonly tail = new Int32Array(SLOTS).fill(-1);
  private readonly occupied = new Int32Array(SLOTS / 32);
  /** Number of the wheel's first slot, counted from time 0. */
  private base = 0;
  private inWheel = 0;
  /** Time of the first event; Infinity when there is none. */
  private earliest = Infinity;
  private readonly heap: number[] = [];

  /** Events waiting. */
  get size(): number {
    return this.inWheel + this.heap.length;
  }

  /** Adds an event at `time` (ps), not before the last popped one. */
  push(time: number, payload: T): void {
    const node = this.free.pop() ?? this.grow();
    this.time[node] = time;
    this.seq[node] = this.serial++;
    this.payload[node] = payload;
    const slot = Math.max(this.base, Math.floor(time / SLOT_PS));
    if (slot < this.base + SLOTS) this.link(node, slot);
    else this.heapPush(node);
    if (time < this.earliest) this.earliest = time;
  }

  /** Time of the earliest event, or Infinity. */
  peekTime(): number {
    return this.earliest;
  }

  /** The earliest event's payload without removing it. */
  peek(): T | undefined {
    const node = this.first();
    return node < 0 ? undefined : this.payload[node];
  }

  /** Removes the earliest event and returns its payload; undefined when there is none. */
  pop(): T | undefined {
    if (this.size === 0) return undefined;
    // Only a pop moves the wheel: it may stand at no slot later than an event that is still to be pushed.
    const at = Math.floor(this.earliest / SLOT_PS);
    if (at > this.base) this.advance(at);
    const slot = this.base & MASK;
    const node = this.head[slot]!;
    const after = this.next[node]!;
    this.head[slot] = after;
    if (after < 0) {
      this.tail[slot] = -1;
      this.occupied[slot >> 5]! &= ~(1 << (slot & 31));
    }
    this.inWheel -= 1;
    const payload = this.payload[node];
    this.payload[node] = undefined;
    this.free.push(node);
    const next = this.first();
    this.earliest = next < 0 ? Infinity : this.time[next]!;
    return payload;
  }

  /** All waiting events in order, for snapshots and reports. */
  entries(): { time: number; payload: T }[] {
    const nodes: number[] = [...this.heap];
    for (let slot = 0; slot < SLOTS; slot++)
      for (let n = this.head[slot]!; n >= 0; n = this.next[n]!) nodes.push(n);
    nodes.sort((a, b) => (this.before(a, b) ? -1 : 1));
    return nodes.map((n) => ({ time: this.time[n]!, payload: this.payload[n] as T }));
  }

  /** Forgets every event. The wheel starts again at `time`. */
  clear(time = 0): void {
    while (this.size > 0) this.pop();
    this.base = Math.floor(time / SLOT_PS);
  }

  private grow(): number {
    if (this.used === this.time.length) {
      const size = this.used * 2;
      const time = new Float64Array(size);
      time.set(this.time);
      this.time = time;
      const seq = new Float64Array(size);
      seq.set(this.seq);
      this.seq = seq;
      const next = new Int32Array(size);
      next.set(this.next);
      this.next = next;
    }
    return this.used++;
  }

  private before(a: number, b: number): boolean {
    const d = this.time[a]! - this.time[b]!;
    return d < 0 || (d === 0 && this.seq[a]! < this.seq[b]!);
  }

  private link(node: number, absolute: number): void {
    const slot = absolute & MASK;
    this.inWheel += 1;
    const last = this.tail[slot]!;
    this.next[node] = -1;
    if (last < 0) {
      this.head[slot] = node;
      this.tail[slot] = node;
      this.occupied[slot >> 5]! |= 1 << (slot & 31);
    } else if (this.before(last, node)) {
      this.next[last] = node;
      this.tail[slot] = node;
    } else {
      let previous = -1;
      let at = this.head[slot]!;
      while (this.before(at, node)) {
        previous = at;
        at = this.next[at]!;
      }
      this.next[node] = at;
      if (previous < 0) this.head[slot] = node;
      else this.next[previous] = node;
    }
  }

  /** The earliest node; -1 when there is none. The heap holds only events beyond the wheel. */
  private first(): number {
    if (this.inWheel === 0) return this.heap.length === 0 ? -1 : this.heap[0]!;
    const start = this.base & MASK;
    let word = start >> 5;
    let mask = this.occupied[word]! & (-1 << (start & 31));
    while (mask === 0) {
      word = (word + 1) & (SLOTS / 32 - 1);
      mask = this.occupied[word]!;
    }
    return this.head[(word << 5) + (31 - Math.clz32(mask & -mask))]!;
  }

  private advance(base: number): void {
    this.base = base;
    const horizon = (base + SLOTS) * SLOT_PS;
    while (this.heap.length > 0 && this.time[this.heap[0]!]! < horizon) {
      const node = this.heapPop();
      this.link(node, Math.floor(this.time[node]! / SLOT_PS));
    }
  }

  private heapPush(node: number): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(node);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(node, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = node;
  }

  private heapPop(): number {
    const { heap } = this;
    const top = heap[0]!;
    const node = heap.pop()!;
    const size = heap.length;
    if (size > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        if (child + 1 < size && this.before(heap[child + 1]!, heap[child]!)) child += 1;
        if (!this.before(heap[child]!, node)) break;
        heap[i] = heap[child]!;
        i = child;
      }
      heap[i] = node;
    }
    return top;
  }
}
