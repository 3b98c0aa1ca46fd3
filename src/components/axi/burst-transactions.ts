import type { Simulator } from '../../kernel/index.js';
import { sizeBytes } from './burst.js';
import type { AxiPort } from './link.js';

/** Registers of {@link BurstTransactions}. */
export interface BurstTransactionRegisters {
  /** Bursts whose address was accepted and that are not done: ID, transaction, bytes (−1 while data are missing); a row each. */
  reads: number;
  readRows: Float64Array;
  writes: number;
  writeRows: Float64Array;
  /** Bytes of the write burst whose beats come now; of those that are complete before their address came. */
  bytes: number;
  early: number[];
}

const ROW = 3;
/** Set strobes of four bits. */
const SET = Uint8Array.of(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);

/**
 * The bursts of a link as transactions: `axi.read` from the handshake of its address to its last beat, `axi.write` to its
 * response. Attributes: `addr` (bytes), `beats`, `size` (bytes of a beat), `id`; `bytes` is what a read asked for, told at the beginning,
 * and what the strobes of a write had, told at its end. Its owner calls it at each edge at which something is handed over.
 */
export class BurstTransactions {
  readonly state: BurstTransactionRegisters = {
    reads: 0,
    readRows: new Float64Array(16 * ROW),
    writes: 0,
    writeRows: new Float64Array(16 * ROW),
    bytes: 0,
    early: [],
  };

  constructor(
    private readonly sim: Simulator,
    private readonly path: string,
    private readonly port: AxiPort,
  ) {}

  readAddress(): void {
    const s = this.state;
    const { id, addr, len, size } = this.port.ar.payload;
    const { transactions } = this.sim;
    let attributes;
    if (transactions.isObserved) {
      const beat = sizeBytes(size.value);
      const bytes = (len.value + 1) * beat - (addr.value % beat);
      attributes = { addr: addr.value, beats: len.value + 1, size: beat, id: id.value, bytes };
    }
    s.readRows = withRoom(s.readRows, s.reads);
    const at = s.reads * ROW;
    s.readRows[at] = id.value;
    s.readRows[at + 1] = transactions.begin('axi.read', this.path, attributes, transactions.work);
    s.reads += 1;
  }

  readBeat(): void {
    const s = this.state;
    const { id, last } = this.port.r.payload;
    if (last.value === 0) return;
    const at = find(s.readRows, s.reads, id.value);
    if (at < 0) return;
    this.sim.transactions.end(s.readRows[at + 1]!);
    remove(s.readRows, at, s.reads);
    s.reads -= 1;
  }

  writeAddress(): void {
    const s = this.state;
    const { id, addr, len, size } = this.port.aw.payload;
    const { transactions } = this.sim;
    const attributes = transactions.isObserved
      ? { addr: addr.value, beats: len.value + 1, size: sizeBytes(size.value), id: id.value }
      : undefined;
    s.writeRows = withRoom(s.writeRows, s.writes);
    const at = s.writes * ROW;
    s.writeRows[at] = id.value;
    s.writeRows[at + 1] = transactions.begin('axi.write', this.path, attributes, transactions.work);
    s.writeRows[at + 2] = s.early.shift() ?? -1;
    s.writes += 1;
  }

  writeBeat(): void {
    const s = this.state;
    const { strb, last } = this.port.w.payload;
    if (this.sim.transactions.isObserved)
      for (let rest = strb.value; rest > 0; rest = Math.floor(rest / 16)) s.bytes += SET[rest % 16]!;
    if (last.value === 0) return;
    this.completeData(s.bytes);
    s.bytes = 0;
  }

  /** The last beat of the first write whose data are missing has come; data come in the order of addresses. */
  private completeData(bytes: number): void {
    const s = this.state;
    for (let i = 0; i < s.writes; i++) {
      const at = i * ROW + 2;
      if (s.writeRows[at]! >= 0) continue;
      s.writeRows[at] = bytes;
      return;
    }
    s.early.push(bytes);
  }

  writeResponse(): void {
    const s = this.state;
    const at = find(s.writeRows, s.writes, this.port.b.payload.id.value);
    if (at < 0) return;
    const { transactions } = this.sim;
    const bytes = Math.max(0, s.writeRows[at + 2]!);
    transactions.end(s.writeRows[at + 1]!, transactions.isObserved ? { bytes } : undefined);
    remove(s.writeRows, at, s.writes);
    s.writes -= 1;
  }
}

/** Place of the first row of an ID; −1 when there is none. */
function find(rows: Float64Array, count: number, id: number): number {
  for (let at = 0; at < count * ROW; at += ROW) if (rows[at] === id) return at;
  return -1;
}

function remove(rows: Float64Array, at: number, count: number): void {
  rows.copyWithin(at, at + ROW, count * ROW);
}

function withRoom(rows: Float64Array, count: number): Float64Array {
  if ((count + 1) * ROW <= rows.length) return rows;
  const more = new Float64Array(2 * rows.length);
  more.set(rows);
  return more;
}
