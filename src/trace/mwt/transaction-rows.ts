import type { Attributes } from '../../kernel/index.js';
import type { ChunkHead } from './layout.js';
import type { Column } from './number-column.js';
import { type Fields, fieldsOf, numbersOf, PayloadError, wholesOf } from './payload.js';
import { FALSE, NUMBER, STRING, type TraceTransaction, TRUE } from './transaction-table.js';

const MOST = Number.MAX_SAFE_INTEGER;

/** The transactions of a chunk: those that ended in it, in order, then those that it leaves open. @throws PayloadError */
export function transactionRows(fields: Fields, head: ChunkHead, begin: number): TraceTransaction[] {
  const count = head.transactions;
  if (fields['transactions'] === null) {
    if (count > 0) throw new PayloadError(`wanted ${count} transactions, got none`);
    return [];
  }
  return new Rows(fieldsOf(fields['transactions'], 'transactions'), count, head.to, begin).all();
}

class Rows {
  private readonly strings: readonly string[];
  /** How much of the attributes and notes was read. */
  private attribute = 0;
  private note = 0;
  private readonly keys: Column;
  private readonly kinds: Column;
  private readonly values: Column;
  private readonly noteAges: Column;
  private readonly noteTexts: Column;

  constructor(
    private readonly fields: Fields,
    private readonly count: number,
    private readonly to: number,
    private readonly begin: number,
  ) {
    const { strings } = fields;
    if (!Array.isArray(strings) || !strings.every((text): text is string => typeof text === 'string'))
      throw new PayloadError('wanted strings, got something else');
    this.strings = strings;
    this.keys = this.texts('keys');
    this.kinds = wholesOf(fields, 'kinds', NUMBER, TRUE, this.keys.length);
    this.values = numbersOf(fields, 'values', this.keys.length);
    this.noteAges = wholesOf(fields, 'noteAges', 0, to - begin);
    this.noteTexts = this.texts('noteTexts', this.noteAges.length);
  }

  private texts(name: string, count?: number): Column {
    return wholesOf(this.fields, name, 0, this.strings.length - 1, count);
  }

  all(): TraceTransaction[] {
    const { fields, count, to, begin, strings } = this;
    const open = wholesOf(fields, 'open', 0, 1, count);
    const id = wholesOf(fields, 'id', -MOST, MOST, count);
    const kind = this.texts('kind', count);
    const path = this.texts('path', count);
    const parent = wholesOf(fields, 'parent', -MOST, MOST, count);
    const age = wholesOf(fields, 'end', 0, to - begin, count);
    const length = wholesOf(fields, 'length', 0, to - begin, count);
    const begun = wholesOf(fields, 'beginAttributes', 0, this.keys.length, count);
    const ended = wholesOf(fields, 'endAttributes', 0, this.keys.length, count);
    const notes = wholesOf(fields, 'notes', 0, this.noteAges.length, count);
    const rows: TraceTransaction[] = [];
    for (let i = 0; i < count; i++) {
      const end = to - age[i]!;
      if (end - length[i]! < begin)
        throw new PayloadError('wanted a transaction of the recording, got an earlier one');
      rows.push({
        id: id[i]!,
        kind: strings[kind[i]!]!,
        path: strings[path[i]!]!,
        parent: parent[i]!,
        begin: end - length[i]!,
        end: open[i] === 1 ? null : end,
        attributes: this.attributes(begun[i]!),
        endAttributes: this.attributes(ended[i]!),
        blocked: this.blocked(notes[i]!),
      });
    }
    if (this.attribute !== this.keys.length || this.note !== this.noteAges.length)
      throw new PayloadError('wanted the attributes and notes of the transactions, got more');
    return rows;
  }

  private attributes(count: number): Attributes {
    const entries: [string, number | string | boolean][] = [];
    const end = this.attribute + count;
    if (end > this.keys.length) throw new PayloadError('wanted more attributes, got the end');
    for (; this.attribute < end; this.attribute++)
      entries.push([this.strings[this.keys[this.attribute]!]!, this.value(this.attribute)]);
    return Object.fromEntries(entries);
  }

  private value(at: number): number | string | boolean {
    const value = this.values[at]!;
    switch (this.kinds[at]!) {
      case STRING: {
        const text = this.strings[value];
        if (text === undefined) throw new PayloadError(`wanted the number of a string, got ${value}`);
        return text;
      }
      case FALSE:
        return false;
      case TRUE:
        return true;
      default:
        return value;
    }
  }

  private blocked(count: number): { time: number; why: string }[] {
    const notes: { time: number; why: string }[] = [];
    const end = this.note + count;
    if (end > this.noteAges.length) throw new PayloadError('wanted more notes, got the end');
    for (; this.note < end; this.note++)
      notes.push({
        time: this.to - this.noteAges[this.note]!,
        why: this.strings[this.noteTexts[this.note]!]!,
      });
    return notes;
  }
}
