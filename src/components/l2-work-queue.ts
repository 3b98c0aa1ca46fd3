import { type Channel, int, uint } from '../kernel/index.js';
import type { WorkEntry } from './l2-layer-walk.js';

/** Work entries that may be outstanding: one a B half. */
export const WORK_ENTRIES = 2;
/** Entries and tiles are numbered in two bits: enough to tell apart the two that may be outstanding, and none. */
const NUMBERS = 4;

/** The number after this one. */
export const nextNumber = (number: number): number => (number + 1) % NUMBERS;

/** How many numbers `to` is ahead of `from`, 0 to 3. */
export const ahead = (from: number, to: number): number => (to - from + NUMBERS) % NUMBERS;

/**
 * A work entry of the address generators: one filter block and band of a layer; or, where sums are too long for the cache, one panel,
 * one tile and some of its channels.
 *
 * `half_a`, `half_b`: the halves of the cache. `panels` of the block, `last_rows` filters in its last one. `pixels`: output
 * pixels. `row0` = oy·strideY − padY of the first pixel's output row oy, `col0` its output column; `first_row`: first input row
 * stored. `kprime` slices a panel = `bias` + `channels` · kernel size. `opens`, `closes`: the sums begin and end with this entry; where
 * one is 0 the entry is one tile of one panel, whose partial sums stay in the array.
 */
export const workEntry = {
  half_a: uint(1),
  half_b: uint(1),
  panels: uint(10),
  last_rows: uint(8),
  pixels: uint(32),
  row0: int(17),
  first_row: uint(16),
  col0: uint(16),
  kprime: uint(16),
  channels: uint(16),
  bias: uint(1),
  opens: uint(1),
  closes: uint(1),
};

/** The entries that wait and are worked on: entry e is at place e mod 2. Registers, by field. */
export class WorkQueue {
  readonly state = {
    halfA: new Uint8Array(WORK_ENTRIES),
    halfB: new Uint8Array(WORK_ENTRIES),
    panels: new Int32Array(WORK_ENTRIES),
    lastRows: new Int32Array(WORK_ENTRIES),
    pixels: new Float64Array(WORK_ENTRIES),
    row0: new Int32Array(WORK_ENTRIES),
    firstRow: new Int32Array(WORK_ENTRIES),
    col0: new Int32Array(WORK_ENTRIES),
    kprime: new Int32Array(WORK_ENTRIES),
    channels: new Int32Array(WORK_ENTRIES),
    bias: new Uint8Array(WORK_ENTRIES),
    opens: new Uint8Array(WORK_ENTRIES),
    closes: new Uint8Array(WORK_ENTRIES),
    /** Numbers of the entry to be accepted next, and to be finished by both engines next. */
    accepted: 0,
    finished: 0,
  };

  constructor(private readonly work: Channel<typeof workEntry>) {}

  /** Whether an entry may be accepted at the coming edge. */
  get hasRoom(): boolean {
    return ahead(this.state.finished, this.state.accepted) < WORK_ENTRIES;
  }

  /** Stores the entry on the port. */
  accept(): void {
    const s = this.state;
    const { payload } = this.work;
    const at = s.accepted % WORK_ENTRIES;
    s.halfA[at] = payload.half_a.value;
    s.halfB[at] = payload.half_b.value;
    s.panels[at] = payload.panels.value;
    s.lastRows[at] = payload.last_rows.value;
    s.pixels[at] = payload.pixels.value;
    s.row0[at] = payload.row0.value;
    s.firstRow[at] = payload.first_row.value;
    s.col0[at] = payload.col0.value;
    s.kprime[at] = payload.kprime.value;
    s.channels[at] = payload.channels.value;
    s.bias[at] = payload.bias.value;
    s.opens[at] = payload.opens.value;
    s.closes[at] = payload.closes.value;
    s.accepted = nextNumber(s.accepted);
  }

  /** The entry of a number, for checks and for the table's set-up. */
  entry(number: number): WorkEntry {
    const s = this.state;
    const at = number % WORK_ENTRIES;
    return {
      panels: s.panels[at]!,
      lastRows: s.lastRows[at]!,
      pixels: s.pixels[at]!,
      row0: s.row0[at]!,
      firstRow: s.firstRow[at]!,
      col0: s.col0[at]!,
      kprime: s.kprime[at]!,
      channels: s.channels[at]!,
      bias: s.bias[at]!,
      opens: s.opens[at]!,
      closes: s.closes[at]!,
    };
  }
}
