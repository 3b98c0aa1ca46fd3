import type { TransactionRecord } from '../kernel/index.js';
import type { RecordedWave } from './record-selection.js';
import type { RecordSink } from './record-sink.js';

/** Time and wave, before the values of an entry. */
const ENTRY = 2;
/** Records of transactions that are kept, at most. */
const RECORDS = 2 ** 18;

/** Numbers that a history holds unless told: 32 MiB. */
const HISTORY_NUMBERS = 2 ** 22;

/**
 * What happened before a recording begins, kept in a ring of bounded size: changes of waves and records of transactions from
 * {@link begin} on, and the values and the transactions that were open at that time. When the ring is full, or on {@link forget}, the
 * oldest instants go, and `begin` moves on.
 */
export class ChangeHistory {
  private readonly ring: Float64Array;
  /** First and last number in use, counted without end. */
  private head = 0;
  private tail = 0;
  /** Values at `begin`, wave after wave. */
  private readonly base: Float64Array;
  private readonly place: number[] = [];
  private records: TransactionRecord[] = [];
  private firstRecord = 0;
  private readonly open = new Map<number, TransactionRecord & { readonly type: 'begin' }>();

  constructor(
    private readonly waves: readonly RecordedWave[],
    /** Time from which on everything is there, ps. */
    public begin: number,
    numbers = HISTORY_NUMBERS,
  ) {
    let lanes = 0;
    for (const wave of waves) {
      this.place.push(lanes);
      lanes += wave.lanes;
    }
    this.base = new Float64Array(lanes);
    // An instant in which everything changes fits twice.
    this.ring = new Float64Array(Math.max(numbers, 2 * (lanes + ENTRY * waves.length)));
  }

  /** The values at `begin`, wave after wave. */
  setAll(values: Float64Array): void {
    this.base.set(values);
  }

  /** A wave changes now. */
  push(time: number, wave: number, values: ArrayLike<number>): void {
    const { ring } = this;
    while (this.tail - this.head + ENTRY + values.length > ring.length)
      this.forget(ring[this.head % ring.length]!);
    ring[this.tail++ % ring.length] = time;
    ring[this.tail++ % ring.length] = wave;
    for (let lane = 0; lane < values.length; lane++) ring[this.tail++ % ring.length] = values[lane]!;
  }

  pushRecord(record: TransactionRecord): void {
    this.records.push(record);
    if (this.records.length - this.firstRecord > RECORDS) this.forget(this.records[this.firstRecord]!.time);
  }

  /** Takes everything up to and including `time` into the values at the beginning. */
  forget(time: number): void {
    const { ring, base, place, waves } = this;
    while (this.head < this.tail && ring[this.head % ring.length]! <= time) {
      const wave = ring[(this.head + 1) % ring.length]!;
      const { lanes } = waves[wave]!;
      this.head += ENTRY;
      for (let lane = 0; lane < lanes; lane++) base[place[wave]! + lane] = ring[this.head++ % ring.length]!;
    }
    while (this.firstRecord < this.records.length && this.records[this.firstRecord]!.time <= time)
      this.takeRecord(this.records[this.firstRecord++]!);
    if (this.firstRecord > 4096 && 2 * this.firstRecord > this.records.length) {
      this.records = this.records.slice(this.firstRecord);
      this.firstRecord = 0;
    }
    if (time > this.begin) this.begin = time;
  }

  private takeRecord(record: TransactionRecord): void {
    if (record.type === 'begin') this.open.set(record.id, record);
    else if (record.type === 'end') this.open.delete(record.id);
  }

  /** Writes the values at the beginning. */
  writeBase(sink: RecordSink): void {
    this.waves.forEach((wave, i) => {
      if (wave.type.kind !== 'event') this.put(sink, i, this.base, this.place[i]!);
    });
  }

  /** Writes the transactions that are open at the beginning, as beginning there; `begunPs` says when they did. */
  writeOpen(sink: RecordSink): void {
    for (const record of this.open.values())
      sink.transaction?.({
        ...record,
        time: this.begin,
        attributes:
          record.time < this.begin ? { ...record.attributes, begunPs: record.time } : record.attributes,
      });
  }

  /** Writes everything since; returns how many changes. */
  writeChanges(sink: RecordSink): number {
    const { ring } = this;
    const values = new Float64Array(this.waves.reduce((most, { lanes }) => Math.max(most, lanes), 1));
    let last = -1;
    let changes = 0;
    for (let at = this.head; at < this.tail;) {
      const time = ring[at++ % ring.length]!;
      const wave = ring[at++ % ring.length]!;
      if (time !== last) {
        this.writeRecords(sink, time);
        sink.time(time);
        last = time;
      }
      const { lanes } = this.waves[wave]!;
      for (let lane = 0; lane < lanes; lane++) values[lane] = ring[at++ % ring.length]!;
      this.put(sink, wave, values, 0);
      changes += 1;
    }
    this.writeRecords(sink, Infinity);
    return changes;
  }

  private writeRecords(sink: RecordSink, until: number): void {
    for (; this.firstRecord < this.records.length; this.firstRecord++) {
      const record = this.records[this.firstRecord]!;
      if (record.time > until) return;
      sink.transaction?.(record);
    }
  }

  private put(sink: RecordSink, wave: number, values: Float64Array, at: number): void {
    const { type, isVector, lanes } = this.waves[wave]!;
    if (type.kind === 'event') sink.event(wave);
    else if (isVector) sink.lanes(wave, values.subarray(at, at + lanes));
    else sink.scalar(wave, values[at]!);
  }
}
