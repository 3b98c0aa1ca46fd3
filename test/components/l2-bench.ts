import {
  type Channel,
  type Clock,
  type Fields,
  Module,
  type Signal,
  Simulator,
  type VectorSignal,
} from '../../src/kernel/index.js';

/** A payload as a test writes it: numbers and arrays by field. */
export type Values = Readonly<Record<string, number | ArrayLike<number>>>;

/** A small generator of random numbers in [0, 1), so that a test repeats from its seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sends the payloads of a list, each once its coin has come up `gap` times at most; valid is registered. */
export class Feeder<F extends Fields> extends Module {
  readonly out: Channel<F>;
  /** Payloads still to be sent; a test may add more between steps. */
  readonly queue: Values[] = [];
  /** Cycles in which a payload was accepted. */
  readonly accepted: number[] = [];

  constructor(
    sim: Simulator,
    name: string,
    fields: F,
    private readonly clk: Clock,
    /** True: offers nothing new in this cycle. */
    private readonly pauses: () => boolean = () => false,
  ) {
    super(sim, name);
    this.out = this.source('out', fields, clk);
    this.edge(clk, this.tick);
  }

  private tick(): void {
    const { out, queue } = this;
    const waits = out.valid.value !== 0;
    if (waits && out.ready.value === 0) return;
    if (waits) {
      queue.shift();
      this.accepted.push(this.clk.cycle);
    }
    const next = queue[0];
    if (next === undefined || this.pauses()) {
      out.valid.write(0);
      return;
    }
    out.valid.write(1);
    for (const [field, value] of Object.entries(next)) {
      const net = out.payload[field] as Signal | VectorSignal;
      if (typeof value === 'number') (net as Signal).write(value);
      else (net as VectorSignal).writeFrom(value);
    }
  }
}

/** Takes what comes, unless it pauses, and keeps it with its cycle. */
export class Drain<F extends Fields> extends Module {
  readonly in: Channel<F>;
  readonly got: { readonly cycle: number; readonly values: Readonly<Record<string, number | number[]>> }[] =
    [];

  constructor(
    sim: Simulator,
    name: string,
    fields: F,
    private readonly clk: Clock,
    private readonly pauses: () => boolean = () => false,
  ) {
    super(sim, name);
    this.in = this.sink('in', fields, clk);
    this.in.ready.write(1);
    this.edge(clk, this.tick);
  }

  private tick(): void {
    if (this.in.fires) {
      const values: Record<string, number | number[]> = {};
      for (const [field, net] of Object.entries<Signal | VectorSignal>(this.in.payload))
        values[field] = 'values' in net ? [...net.values] : net.value;
      this.got.push({ cycle: this.clk.cycle, values });
    }
    this.in.ready.write(this.pauses() ? 0 : 1);
  }
}

/** Wide beats of 32 words that carry `words` from a word address on; the other lanes hold what a reader must not use. */
export function beatsOf(words: ArrayLike<number>, address: number): Values[] {
  const beats: Values[] = [];
  for (let at = 0; at < words.length;) {
    // Pairs of 16 words are counted from the command's first, wherever that lies in memory.
    const first = at === 0 ? address % 16 : 0;
    const count = Math.min(32 - first, words.length - at);
    const data = new Int16Array(32).fill(-21846);
    for (let i = 0; i < count; i++) data[first + i] = words[at + i]!;
    at += count;
    beats.push({ data, first, count, last: at === words.length ? 1 : 0 });
  }
  return beats;
}
