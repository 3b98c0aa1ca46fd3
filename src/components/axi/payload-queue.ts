import type { AnyNet, Channel, Fields, Signal, VectorSignal } from '../../kernel/index.js';

/** Registers of a queue: part of the state of the module that owns it. */
export interface QueueRegisters {
  count: number;
  head: number;
  memory: Float64Array;
}

interface Place {
  readonly name: string;
  readonly at: number;
  /** Lanes of a bus; 0 for a scalar. */
  readonly lanes: number;
}

/** How deep the queues behind registered `ready` outputs are: two words let one move every cycle. */
export const SKID_WORDS = 2;

/**
 * Payloads that wait inside a part, in order: the memory of a FIFO without ports of its own. The owner tells it to push
 * and pop at an edge, keeps `state` among its registers, and drives `ready` from `full` after the edge.
 */
export class PayloadQueue<F extends Fields> {
  readonly state: QueueRegisters;
  private readonly words: number;
  private readonly places: readonly Place[];
  private readonly offsets: Readonly<Record<string, number>>;

  constructor(
    fields: F,
    readonly depth: number,
  ) {
    const places: Place[] = [];
    let at = 0;
    for (const [name, type] of Object.entries(fields)) {
      const lanes = type.kind === 'vector' ? type.lanes : 0;
      places.push({ name, at, lanes });
      at += Math.max(1, lanes);
    }
    this.words = at;
    this.places = places;
    this.offsets = Object.fromEntries(places.map((p) => [p.name, p.at]));
    this.state = { count: 0, head: 0, memory: new Float64Array(depth * at) };
  }

  get count(): number {
    return this.state.count;
  }

  get full(): boolean {
    return this.state.count === this.depth;
  }

  /** Takes what the channel shows in behind the others. */
  push(from: Channel<F>): void {
    const s = this.state;
    this.store(from, (s.head + s.count) % this.depth);
    s.count += 1;
  }

  /** Writes what the channel shows to word `index` of the memory: for owners that count for themselves. */
  store(from: Channel<F>, index: number): void {
    const { places } = this;
    const { memory } = this.state;
    const base = index * this.words;
    const payload = from.payload as unknown as Readonly<Record<string, AnyNet>>;
    for (let i = 0; i < places.length; i++) {
      const { name, at, lanes } = places[i]!;
      const net = payload[name]!;
      if (lanes > 0) (net as VectorSignal).copyTo(memory, base + at);
      else memory[base + at] = (net as Signal).value;
    }
  }

  /** A scalar field of the first word, or lane `lane` of a bus. */
  get(field: keyof F & string, lane = 0): number {
    const s = this.state;
    return s.memory[s.head * this.words + this.offsets[field]! + lane]!;
  }

  /** Replaces a scalar field of the first word. */
  set(field: keyof F & string, value: number): void {
    const s = this.state;
    s.memory[s.head * this.words + this.offsets[field]!] = value;
  }

  /** Where the first word's field stands in `state.memory`. */
  place(field: keyof F & string): number {
    return this.state.head * this.words + this.offsets[field]!;
  }

  /** Drives a channel's payload from the first word. */
  show(to: Channel<F>): void {
    this.showAt(to, this.state.head);
  }

  /** Drives a channel's payload from word `index` of the memory. */
  showAt(to: Channel<F>, index: number): void {
    const { places } = this;
    const { memory } = this.state;
    const base = index * this.words;
    const payload = to.payload as unknown as Readonly<Record<string, AnyNet>>;
    for (let i = 0; i < places.length; i++) {
      const { name, at, lanes } = places[i]!;
      const net = payload[name]!;
      if (lanes > 0) (net as VectorSignal).writeFrom(memory, base + at);
      else (net as Signal).write(memory[base + at]!);
    }
  }

  pop(): void {
    const s = this.state;
    s.head = s.head + 1 === this.depth ? 0 : s.head + 1;
    s.count -= 1;
  }

  /** Forgets everything; the memory stays as a memory does in a reset. */
  clear(): void {
    this.state.count = this.state.head = 0;
  }
}
