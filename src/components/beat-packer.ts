import {
  bool,
  type Channel,
  type Clock,
  int,
  Module,
  type Signal,
  type Simulator,
  uint,
  vector,
} from '../kernel/index.js';
import { BUS_LANES } from './axi/channels.js';
import { readBeat } from './read-dma.js';

/** 16-bit words of a wide beat: two beats of the 256-bit bus. */
export const WIDE_WORDS = 2 * BUS_LANES;

/**
 * A wide beat: `data[first … first + count − 1]` are the next words of a command (count 1…32), `last` marks the
 * command's last beat. Lanes outside are unspecified.
 */
export const wideBeat = { data: vector(WIDE_WORDS, int(16)), first: uint(5), count: uint(6), last: bool };

/** Wide beats that wait for the consumer. */
const BEATS = 2;

export interface BeatPackerSpec {
  readonly clock: Clock;
}

/**
 * Joins READ's beats of 256 bits in pairs to beats of 512 bits, so that a cache in a slower clock takes half as many of
 * them as the bus brings: 200 MHz × 32 bytes = 6.4 GB/s are 100 million wide beats a second. Twin: `rtl/beat_packer.v`.
 *
 * Ports    sink `in` (read-dma.ts), source `out` ({@link wideBeat}); `rst`. One clock, READ's.
 * Does     The first and second beat of a command become one, the third and fourth, and so on; the last one of an odd number goes alone, in
 *          the lower half. A command's beats follow each other without a hole, so a pair's words are contiguous.
 * Contract The beat that completes a pair, or is its command's last, accepted in cycle c: the wide beat is visible on `out` in
 *          c+1. `in_ready = wide beats waiting ≠ 2`, registered: one beat a cycle while the consumer takes a wide beat every
 *          other cycle; no bypass. `out_valid = wide beats waiting ≠ 0`. Reset drops what is held.
 * Storage  Two wide beats; the half that waits for its other half lies in the second one's place.
 * Errors   None: whatever comes is joined; the consumer holds words against its command.
 * Source   Own derivation; the fill width is left open by the machine contract, section 11. Cycles and phases:
 *          docs/timing-model.md.
 */
export class BeatPacker extends Module {
  readonly rst: Signal;
  readonly in: Channel<typeof readBeat>;
  readonly out: Channel<typeof wideBeat>;
  override state = {
    /** 1 when the lower half of the next wide beat is there: it begins at word `first` and has `words` words. */
    half: 0,
    first: 0,
    words: 0,
    count: 0,
    head: 0,
    data: new Int16Array(BEATS * WIDE_WORDS),
    firsts: new Uint8Array(BEATS),
    counts: new Uint8Array(BEATS),
    lasts: new Uint8Array(BEATS),
  };

  constructor(parent: Module | Simulator, name: string, { clock }: BeatPackerSpec) {
    super(parent, name);
    this.rst = this.input('rst', bool);
    this.in = this.sink('in', readBeat, clock);
    this.out = this.source('out', wideBeat, clock);
    this.in.ready.write(1);
    this.edge(clock, this.tick, [this.rst, this.in.valid, this.out.ready]);
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) return this.reset();
    const comes = s.count !== BEATS && this.in.valid.value !== 0;
    const goes = s.count !== 0 && this.out.ready.value !== 0;
    if (!comes && !goes) return false;
    if (comes) this.join();
    if (goes) {
      s.head = 1 - s.head;
      s.count -= 1;
    }
    this.show();
    return true;
  }

  /** Takes a beat; the wide beat under construction is the one behind those that wait. */
  private join(): void {
    const s = this.state;
    const { data, first, count, last } = this.in.payload;
    const at = (s.head + s.count) % BEATS;
    data.copyTo(s.data, at * WIDE_WORDS + s.half * BUS_LANES);
    if (s.half === 0) {
      s.first = first.value;
      s.words = count.value;
      s.half = 1;
      if (last.value === 0) return;
    } else s.words += count.value;
    s.firsts[at] = s.first;
    s.counts[at] = s.words;
    s.lasts[at] = last.value;
    s.half = 0;
    s.count += 1;
  }

  private show(): void {
    const s = this.state;
    const { payload, valid } = this.out;
    this.in.ready.write(s.count !== BEATS ? 1 : 0);
    valid.write(s.count !== 0 ? 1 : 0);
    if (s.count === 0) return;
    payload.data.writeFrom(s.data, s.head * WIDE_WORDS);
    payload.first.write(s.firsts[s.head]!);
    payload.count.write(s.counts[s.head]!);
    payload.last.write(s.lasts[s.head]!);
  }

  private reset(): boolean {
    const s = this.state;
    const moved = s.half + s.count !== 0;
    s.half = s.count = s.head = 0;
    this.show();
    return moved;
  }
}
