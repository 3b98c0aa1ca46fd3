import { beatAddress } from './burst.js';

/** Registers of {@link OpenBursts}. */
export interface OpenBurstRegisters {
  count: number;
  /** A row a burst: ID, address, AxLEN, AxSIZE, AxBURST, beats so far, 1 when extra beats were reported. */
  rows: Float64Array;
}

const ROW = 7;

/** Bursts whose address was accepted and that are not done, in the order of their addresses. */
export class OpenBursts {
  readonly state: OpenBurstRegisters = { count: 0, rows: new Float64Array(16 * ROW) };

  get count(): number {
    return this.state.count;
  }

  add(id: number, addr: number, len: number, size: number, burst: number): void {
    const s = this.state;
    const at = s.count * ROW;
    if (at === s.rows.length) {
      const rows = new Float64Array(at * 2);
      rows.set(s.rows);
      s.rows = rows;
    }
    const { rows } = s;
    rows[at] = id;
    rows[at + 1] = addr;
    rows[at + 2] = len;
    rows[at + 3] = size;
    rows[at + 4] = burst;
    rows[at + 5] = rows[at + 6] = 0;
    s.count += 1;
  }

  /** The first burst of an ID among `from` … `to` − 1; −1 when there is none. */
  find(id: number, from: number, to: number): number {
    const { rows } = this.state;
    for (let i = from; i < to; i++) if (rows[i * ROW] === id) return i;
    return -1;
  }

  id(i: number): number {
    return this.state.rows[i * ROW]!;
  }

  addr(i: number): number {
    return this.state.rows[i * ROW + 1]!;
  }

  len(i: number): number {
    return this.state.rows[i * ROW + 2]!;
  }

  size(i: number): number {
    return this.state.rows[i * ROW + 3]!;
  }

  beat(i: number): number {
    return this.state.rows[i * ROW + 5]!;
  }

  /** Byte address of the beat to come; of the last one when all have come. */
  beatAddress(i: number): number {
    const { rows } = this.state;
    const at = i * ROW;
    const len = rows[at + 2]!;
    return beatAddress(rows[at + 1]!, Math.min(rows[at + 5]!, len), len + 1, rows[at + 3]!, rows[at + 4]!);
  }

  advance(i: number): void {
    this.state.rows[i * ROW + 5]! += 1;
  }

  /** Whether extra beats of this burst are news. */
  noteExtra(i: number): boolean {
    const at = i * ROW + 6;
    const news = this.state.rows[at] === 0;
    this.state.rows[at] = 1;
    return news;
  }

  /** Lets two bursts change places, each keeping its place's beats so far. */
  swap(i: number, j: number): void {
    const { rows } = this.state;
    for (let k = 1; k < 5; k++) {
      const a = rows[i * ROW + k]!;
      rows[i * ROW + k] = rows[j * ROW + k]!;
      rows[j * ROW + k] = a;
    }
  }

  remove(i: number): void {
    const s = this.state;
    s.rows.copyWithin(i * ROW, (i + 1) * ROW, s.count * ROW);
    s.count -= 1;
  }

  clear(): void {
    this.state.count = 0;
  }
}
