import { type Attributes, ConfigError, type TransactionRecord } from '../../kernel/index.js';
import { type PackedColumn, packNumbers } from './number-column.js';

/** A transaction as a trace file has it. */
export interface TraceTransaction {
  readonly id: number;
  /** `layer`, `tile`, `axi.read`, `dram.activate`, … */
  readonly kind: string;
  /** Path of the module that began it. */
  readonly path: string;
  /** Id of the transaction that this one is part of; 0 for none. */
  readonly parent: number;
  /** ps. */
  readonly begin: number;
  /** ps; null when it had not ended when the file does. */
  readonly end: number | null;
  /** What was known when it began. */
  readonly attributes: Attributes;
  /** What was told at its end. */
  readonly endAttributes: Attributes;
  /** Why it could not go on, and from when on. */
  readonly blocked: readonly { readonly time: number; readonly why: string }[];
}

/** The transactions of a chunk, column by column: docs/trace-format.md. */
export interface PackedTransactions {
  readonly strings: readonly string[];
  readonly open: PackedColumn;
  readonly id: PackedColumn;
  readonly kind: PackedColumn;
  readonly path: PackedColumn;
  readonly parent: PackedColumn;
  readonly end: PackedColumn;
  readonly length: PackedColumn;
  readonly beginAttributes: PackedColumn;
  readonly endAttributes: PackedColumn;
  readonly keys: PackedColumn;
  readonly kinds: PackedColumn;
  readonly values: PackedColumn;
  readonly notes: PackedColumn;
  readonly noteAges: PackedColumn;
  readonly noteTexts: PackedColumn;
}

/** Kinds of an attribute's value. */
export const NUMBER = 0;
export const STRING = 1;
export const FALSE = 2;
export const TRUE = 3;

interface Open {
  readonly begun: TransactionRecord & { readonly type: 'begin' };
  /** The chunk in which it began. */
  readonly chunk: number;
  readonly blocked: { time: number; why: string }[];
}

/**
 * Collects the transactions of the chunk at hand. A transaction becomes a row when it ends. One that outlives the chunk in
 * which it began has a row there too, marked open, for the case that the file is cut off before its end.
 *
 * Storage  The rows of a chunk, and the transactions that are open.
 */
export class TransactionTable {
  /** Bytes that the rows are likely to take. */
  bytes = 0;
  private readonly open = new Map<number, Open>();
  private rows: TraceTransaction[] = [];
  private chunk = 0;

  constructor(private readonly file: string) {}

  /** Whatever concerns a transaction whose begin was not recorded is left out. */
  add(record: TransactionRecord): void {
    if (record.type === 'begin') {
      if (this.open.has(record.id))
        throw new ConfigError(this.file, 'transaction.id', 'of no transaction that is open', record.id);
      this.open.set(record.id, { begun: record, chunk: this.chunk, blocked: [] });
      this.bytes += 16;
      return;
    }
    const open = this.open.get(record.id);
    if (open === undefined) return;
    if (record.type === 'blocked') {
      open.blocked.push({ time: record.time, why: record.why });
      this.bytes += 4;
      return;
    }
    this.open.delete(record.id);
    this.rows.push(row(open, record.time, record.attributes));
    this.bytes += 32;
  }

  /** Ends the chunk: its rows, or null for none. `all` has every open transaction in them, not only those that began in this chunk. */
  take(to: number, all: boolean): { packed: PackedTransactions; count: number; earliest: number } | null {
    const done = this.rows.length;
    for (const open of this.open.values())
      if (all || open.chunk === this.chunk) this.rows.push(row(open, null, {}));
    const { rows } = this;
    this.rows = [];
    this.bytes = 0;
    this.chunk += 1;
    if (rows.length === 0) return null;
    const earliest = rows.reduce((least, { begin }) => Math.min(least, begin), Infinity);
    return { packed: packed(rows, done, to), count: rows.length, earliest };
  }
}

function row({ begun, blocked }: Open, end: number | null, endAttributes: Attributes): TraceTransaction {
  const { id, kind, path, parent, time, attributes } = begun;
  return { id, kind, path, parent, begin: time, end, attributes, endAttributes, blocked };
}

/** Times are told as ages at the chunk's end, so that they are small. */
function packed(rows: readonly TraceTransaction[], done: number, to: number): PackedTransactions {
  const strings: string[] = [];
  const numbers = new Map<string, number>();
  const text = (string: string): number => {
    let number = numbers.get(string);
    if (number === undefined) {
      number = strings.push(string) - 1;
      numbers.set(string, number);
    }
    return number;
  };
  const keys: number[] = [];
  const kinds: number[] = [];
  const values: number[] = [];
  const noteAges: number[] = [];
  const noteTexts: number[] = [];
  const put = (attributes: Attributes): number => {
    const entries = Object.entries(attributes);
    for (const [key, value] of entries) {
      keys.push(text(key));
      if (typeof value === 'boolean') kinds.push(value ? TRUE : FALSE);
      else kinds.push(typeof value === 'string' ? STRING : NUMBER);
      values.push(typeof value === 'number' ? value : typeof value === 'string' ? text(value) : 0);
    }
    return entries.length;
  };
  const columns = rows.map((r) => ({
    row: r,
    kind: text(r.kind),
    path: text(r.path),
    begun: put(r.attributes),
    ended: put(r.endAttributes),
  }));
  for (const { blocked } of rows)
    for (const { time, why } of blocked) {
      noteAges.push(to - time);
      noteTexts.push(text(why));
    }
  return {
    strings,
    open: packNumbers(rows.map((_, i) => (i < done ? 0 : 1))),
    id: packNumbers(rows.map(({ id }) => id)),
    kind: packNumbers(columns.map(({ kind }) => kind)),
    path: packNumbers(columns.map(({ path }) => path)),
    parent: packNumbers(rows.map(({ parent }) => parent)),
    end: packNumbers(rows.map(({ end }) => to - (end ?? to))),
    length: packNumbers(rows.map(({ begin, end }) => (end ?? to) - begin)),
    beginAttributes: packNumbers(columns.map(({ begun }) => begun)),
    endAttributes: packNumbers(columns.map(({ ended }) => ended)),
    keys: packNumbers(keys),
    kinds: packNumbers(kinds),
    values: packNumbers(values),
    notes: packNumbers(rows.map(({ blocked }) => blocked.length)),
    noteAges: packNumbers(noteAges),
    noteTexts: packNumbers(noteTexts),
  };
}
