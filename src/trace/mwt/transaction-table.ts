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
  /** The latest chunk in which it began or had a note. */
  chunk: number;
  /** How many of its notes stand in rows of earlier chunks. */
  told: number;
  blocked: readonly { readonly time: number; readonly why: string }[];
}

/** The notes of nearly all transactions. */
const NO_NOTES: Open['blocked'] = [];

/** Numbers that grow, and stay where they are from chunk to chunk. */
class Numbers {
  private values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const values = new Float64Array(2 * this.length);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.length++] = value;
  }

  /** Packs what there is, and begins anew. */
  take(): PackedColumn {
    const packed = packNumbers(this.values.subarray(0, this.length));
    this.length = 0;
    return packed;
  }

  /** The same, of times, as ages at `to`. */
  takeAges(to: number): PackedColumn {
    for (let i = 0; i < this.length; i++) this.values[i] = to - this.values[i]!;
    return this.take();
  }

  least(): number {
    let least = Infinity;
    for (let i = 0; i < this.length; i++) least = Math.min(least, this.values[i]!);
    return least;
  }
}

/**
 * Collects the transactions of the chunk at hand. A transaction becomes a row when it ends. One that outlives the chunk in
 * which it began has a row there too, marked open, for the case that the file is cut off before its end; and one in each later
 * chunk in which it had notes, with these alone.
 *
 * Storage  The rows of a chunk, in columns, and the transactions that are open.
 */
export class TransactionTable {
  /** Bytes that the rows are likely to take. */
  bytes = 0;
  private readonly open = new Map<number, Open>();
  /** The last one that began, where it is not in {@link open} yet: many end at once. */
  private latest: Open | null = null;
  private chunk = 0;
  private strings: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly columns = {
    open: new Numbers(),
    id: new Numbers(),
    kind: new Numbers(),
    path: new Numbers(),
    parent: new Numbers(),
    /** Times; ages in the file, so that they are small. */
    end: new Numbers(),
    begin: new Numbers(),
    length: new Numbers(),
    beginAttributes: new Numbers(),
    endAttributes: new Numbers(),
    keys: new Numbers(),
    kinds: new Numbers(),
    values: new Numbers(),
    notes: new Numbers(),
    noteAges: new Numbers(),
    noteTexts: new Numbers(),
  };

  constructor(private readonly file: string) {}

  /** Whatever concerns a transaction whose begin was not recorded is left out. */
  add(record: TransactionRecord): void {
    const { id } = record;
    if (record.type === 'begin') {
      this.keepLatest();
      if (this.open.has(id))
        throw new ConfigError(this.file, 'transaction.id', 'of no transaction that is open', id);
      this.latest = { begun: record, chunk: this.chunk, told: 0, blocked: NO_NOTES };
      this.bytes += 16;
      return;
    }
    const isLatest = this.latest?.begun.id === id;
    const open = isLatest ? this.latest! : this.open.get(id);
    if (open === undefined) return;
    if (record.type === 'blocked') {
      open.blocked = [...open.blocked, { time: record.time, why: record.why }];
      open.chunk = this.chunk;
      this.bytes += 4;
      return;
    }
    if (isLatest) this.latest = null;
    else this.open.delete(id);
    this.row(open, record.time, record.attributes, 0);
    this.bytes += 32;
  }

  private keepLatest(): void {
    const { latest } = this;
    if (latest !== null) this.open.set(latest.begun.id, latest);
    this.latest = null;
  }

  /** Ends the chunk: its rows, or null for none. `all` has every open transaction in them, whole, not only what is new in this chunk. */
  take(to: number, all: boolean): { packed: PackedTransactions; count: number; earliest: number } | null {
    this.keepLatest();
    for (const open of this.open.values()) {
      if (!all && open.chunk !== this.chunk) continue;
      this.row(open, to, NOTHING, 1, all ? 0 : open.told);
      open.told = open.blocked.length;
    }
    this.bytes = 0;
    this.chunk += 1;
    const { columns, strings } = this;
    const count = columns.id.length;
    if (count === 0) return null;
    const earliest = columns.begin.least();
    columns.begin.length = 0;
    this.strings = [];
    this.numbers.clear();
    const packed: PackedTransactions = {
      strings,
      open: columns.open.take(),
      id: columns.id.take(),
      kind: columns.kind.take(),
      path: columns.path.take(),
      parent: columns.parent.take(),
      end: columns.end.takeAges(to),
      length: columns.length.take(),
      beginAttributes: columns.beginAttributes.take(),
      endAttributes: columns.endAttributes.take(),
      keys: columns.keys.take(),
      kinds: columns.kinds.take(),
      values: columns.values.take(),
      notes: columns.notes.take(),
      noteAges: columns.noteAges.takeAges(to),
      noteTexts: columns.noteTexts.take(),
    };
    return { packed, count, earliest };
  }

  /**
   * @param open 1 for a transaction that has not ended
   * @param firstNote the first note of the row
   */
  private row(
    { begun, blocked }: Open,
    end: number,
    endAttributes: Attributes,
    open: 0 | 1,
    firstNote = 0,
  ): void {
    const { columns } = this;
    columns.open.push(open);
    columns.id.push(begun.id);
    columns.kind.push(this.text(begun.kind));
    columns.path.push(this.text(begun.path));
    columns.parent.push(begun.parent);
    columns.end.push(end);
    columns.begin.push(begun.time);
    columns.length.push(end - begun.time);
    columns.beginAttributes.push(this.put(begun.attributes));
    columns.endAttributes.push(this.put(endAttributes));
    columns.notes.push(blocked.length - firstNote);
    for (let i = firstNote; i < blocked.length; i++) {
      const { time, why } = blocked[i]!;
      columns.noteAges.push(time);
      columns.noteTexts.push(this.text(why));
    }
  }

  /** Appends attributes; returns how many. */
  private put(attributes: Attributes): number {
    const { keys, kinds, values } = this.columns;
    let count = 0;
    for (const key in attributes) {
      const value = attributes[key]!;
      keys.push(this.text(key));
      if (typeof value === 'number') {
        kinds.push(NUMBER);
        values.push(value);
      } else if (typeof value === 'string') {
        kinds.push(STRING);
        values.push(this.text(value));
      } else {
        kinds.push(value ? TRUE : FALSE);
        values.push(0);
      }
      count += 1;
    }
    return count;
  }

  /** The number of a string in this chunk. */
  private text(string: string): number {
    let number = this.numbers.get(string);
    if (number === undefined) {
      number = this.strings.push(string) - 1;
      this.numbers.set(string, number);
    }
    return number;
  }
}

const NOTHING: Attributes = {};
