import { defer, from as observableFrom, type Observable } from 'rxjs';
import { ConfigError, PathError } from '../../kernel/index.js';
import type { WaveChange, WaveClock, WaveFile, WaveSelection, WaveSignal, WaveValue } from '../waves.js';
import { ByteSource } from './byte-source.js';
import { ChunkStore } from './chunk-store.js';
import { ClockSignal, hasEdges } from './clock-signal.js';
import { readContents } from './contents.js';
import { Buckets, type Decimated, decimateClock, decimateWave } from './decimate.js';
import { type MwtHeader, wavesOf } from './header.js';
import { KeyframeLayout } from './keyframe.js';
import { countBelow } from './search.js';
import { openTransactions, transactionsIn } from './transaction-search.js';
import type { TraceTransaction } from './transaction-table.js';
import { heldText, type Recorded, windowChanges } from './window-changes.js';

export interface TraceFileOptions {
  /** Bytes of chunks that are kept in memory, about. Default 2^25; one chunk is always kept. */
  readonly cacheBytes?: number;
}

export interface TransactionSelection {
  /** Transactions that were under way at some time from `from` to `to`, ps. */
  readonly from?: number;
  readonly to?: number;
  /** Of this kind only. */
  readonly kind?: string;
}

/**
 * Opens a trace file, or the `.partial` file that a recording left that was cut off.
 *
 * @throws TraceFileError for a file that cannot be read, TraceFormatError for one that is no trace file of this version
 */
export function openTrace(file: string, options: TraceFileOptions = {}): TraceFile {
  const { cacheBytes = 2 ** 25 } = options;
  if (!(cacheBytes >= 0)) throw new ConfigError(file, 'cacheBytes', 'a number of 0 or more', cacheBytes);
  const source = new ByteSource(file);
  try {
    return new TraceFile(source, cacheBytes);
  } catch (error) {
    source.close();
    throw error;
  }
}

/**
 * A trace file, read here and there. Times are ps; what is asked for beyond {@link begin} and {@link end} is not there. Clocks are
 * signals too, `clocks.<name>`, worked out from their frequency.
 *
 * A damaged chunk is found when it is read, or by {@link verify}: the file ends before it from then on, {@link end} moves and {@link damage} says so.
 * So look at `damage` after what was read, too. Nothing that is read is ever wrong.
 */
export class TraceFile implements WaveFile {
  readonly name: string;
  readonly unitFs = 1000;
  readonly header: MwtHeader;
  readonly signals: readonly WaveSignal[];
  readonly clocks: readonly WaveClock[];
  readonly begin: number;
  private readonly recorded: Recorded;
  private readonly store: ChunkStore;

  /** @internal */
  constructor(
    private readonly source: ByteSource,
    cacheBytes: number,
  ) {
    const { header, chunks, damage } = readContents(source);
    const { begin } = header;
    const waves = wavesOf(header.signals);
    this.name = source.path;
    this.header = header;
    this.begin = begin;
    this.clocks = header.clocks;
    const layout = new KeyframeLayout(waves);
    this.store = new ChunkStore(source, chunks, { waves, layout, begin }, cacheBytes, damage);
    const { signals, clocks } = this.allSignals(waves.length);
    this.signals = signals;
    this.recorded = { signals, waves, clocks, store: this.store, begin };
  }

  private allSignals(waves: number): { signals: WaveSignal[]; clocks: Map<number, ClockSignal> } {
    const { header, store, begin } = this;
    const signals: WaveSignal[] = header.signals.map((signal) => ({
      ...signal,
      width: (signal.type?.width ?? 1) * signal.lanes,
    }));
    const paths = new Set(signals.map(({ path }) => path));
    const clocks = new Map<number, ClockSignal>();
    for (const clock of header.clocks.filter(hasEdges)) {
      let path = `clocks.${clock.name.replace(/[^\w]/g, '_')}`;
      while (paths.has(path)) path += '_';
      paths.add(path);
      clocks.set(signals.length, new ClockSignal(clock, begin, () => (store.edgesPending ? store.end : NaN)));
      const type = { kind: 'bool', width: 1 } as const;
      signals.push({
        path,
        kind: 'bits',
        width: 1,
        lanes: 1,
        type,
        wave: waves + clocks.size - 1,
        clock: clock.name,
      });
    }
    return { signals, clocks };
  }

  /** Last time that is known, ps. */
  get end(): number {
    return this.store.end;
  }

  get damage(): string | null {
    return this.store.damage;
  }

  /** Bytes of chunks in memory. */
  get cachedBytes(): number {
    return this.store.bytes;
  }

  /** Number of chunks, and of the changes and transactions in them. */
  get counts(): { readonly chunks: number; readonly changes: number; readonly transactions: number } {
    const { store } = this;
    let changes = 0;
    let transactions = 0;
    for (let number = 0; number < store.count; number++) {
      changes += store.head(number).changes;
      transactions += store.head(number).transactions;
    }
    return { chunks: store.count, changes, transactions };
  }

  /** Place of the signal with this path. @throws PathError */
  find(path: string): number {
    const place = this.signals.findIndex((signal) => signal.path === path);
    if (place < 0)
      throw new PathError(
        path,
        this.signals.map((signal) => signal.path),
      );
    return place;
  }

  changes(selection: WaveSelection = {}): Iterable<WaveChange> {
    const { signals = this.signals.keys(), from = this.begin, to = Infinity } = selection;
    const places = [...new Set(signals)].sort((a, b) => a - b);
    for (const place of places) this.signal(place);
    const [first, last] = this.span(from, to);
    return { [Symbol.iterator]: () => windowChanges(this.recorded, places, first, last) };
  }

  /** The changes as a stream: each subscriber is told of all, one after the other, until it unsubscribes. */
  changes$(selection: WaveSelection = {}): Observable<WaveChange> {
    return defer(() => observableFrom(this.changes(selection)));
  }

  /** What a signal is at `time`, once all moments of that time have been; null for an event, before its first value, and when the file does not say. */
  valueAt(signal: number, time: number): WaveValue | null {
    const { wave } = this.signal(signal);
    const { store, begin, recorded } = this;
    if (!(time >= begin && time <= store.end) || store.count === 0) return null;
    const clock = recorded.clocks.get(signal);
    if (clock !== undefined) return String(clock.level(Math.floor(time)));
    return store.use(store.lastFrom(time), (chunk) =>
      heldText(chunk, recorded.waves, wave, countBelow(chunk.axis, chunk.axis.length, Math.floor(time) + 1)),
    );
  }

  /** The first change after `time`, with the value that its instant ends with; null for none. */
  next(signal: number, time: number): WaveChange | null {
    const { wave } = this.signal(signal);
    const { store, begin, recorded } = this;
    const after = Math.max(begin - 1, Math.floor(time));
    const clock = recorded.clocks.get(signal);
    if (clock !== undefined) {
      const at = clock.next(after);
      return store.count > 0 && at <= store.end ? { time: at, signal, value: String(clock.level(at)) } : null;
    }
    for (let number = store.firstTo(after + 1); number < store.count; number++) {
      if (store.changes(number, [wave]) !== true) continue;
      const at = store.use(number, (chunk) => {
        const { moments } = chunk.column(wave)!;
        const first = countBelow(
          moments,
          moments.length,
          countBelow(chunk.axis, chunk.axis.length, after + 1),
        );
        return first < moments.length ? chunk.axis[moments[first]!]! : Infinity;
      });
      if (at !== null && at <= store.end) return this.changeAt(signal, at);
    }
    return null;
  }

  /** The last change before `time`, with the value that its instant ends with; null for none. */
  previous(signal: number, time: number): WaveChange | null {
    const { wave } = this.signal(signal);
    const { store, recorded } = this;
    const clock = recorded.clocks.get(signal);
    const before = (): number => Math.min(Math.ceil(time), store.end + 1);
    if (clock !== undefined) {
      const at = store.count > 0 ? clock.previous(before()) : -1;
      return at >= 0 ? { time: at, signal, value: String(clock.level(at)) } : null;
    }
    for (let number = store.lastFrom(before() - 1); number >= 0; number--) {
      if (store.changes(number, [wave]) !== true) continue;
      const at = store.use(number, (chunk) => {
        const { moments } = chunk.column(wave)!;
        const count = countBelow(
          moments,
          moments.length,
          countBelow(chunk.axis, chunk.axis.length, before()),
        );
        return count > 0 ? chunk.axis[moments[count - 1]!]! : -1;
      });
      if (at !== null && at >= 0) return this.changeAt(signal, at);
    }
    return null;
  }

  private changeAt(signal: number, time: number): WaveChange {
    return { time, signal, value: this.valueAt(signal, time) ?? '' };
  }

  /**
   * A signal in `buckets` equal spans of the time from `from` to `to`, both included: what to draw of a million changes in a thousand
   * pixels. A bucket has seen what the signal held when it began, unless it changed at that very time, and all that it changed to. Numbers are those
   * of the type, raw ones for 'fixed'.
   */
  decimate(signal: number, from: number, to: number, buckets: number): Decimated {
    const { wave } = this.signal(signal);
    if (!Number.isSafeInteger(buckets) || buckets < 1)
      throw new ConfigError(this.name, 'buckets', 'an integer of 1 or more', buckets);
    for (const [field, value] of [
      ['from', from],
      ['to', to],
    ] as const)
      if (!Number.isSafeInteger(value) || value < 0)
        throw new ConfigError(this.name, field, 'a whole number of picoseconds', value);
    if (to < from) throw new ConfigError(this.name, 'to', `${from} or more`, to);
    const all = new Buckets(from, to, buckets);
    const clock = this.recorded.clocks.get(signal);
    if (clock === undefined) decimateWave(this.recorded, wave, from, to, all);
    else if (this.store.count > 0) decimateClock(clock, this.begin, this.end, all);
    return all;
  }

  /** Transactions in the order in which they ended; those that did not end by the end of the file come last, in the order of their begin. */
  transactions(selection: TransactionSelection = {}): Iterable<TraceTransaction> {
    const { from = this.begin, to = Infinity, kind } = selection;
    const [first, last] = this.span(from, to);
    return { [Symbol.iterator]: () => transactionsIn(this.store, first, last, kind) };
  }

  /** Reads everything; returns {@link damage}. */
  verify(): string | null {
    const { store, recorded } = this;
    for (let number = 0; number < store.count; number++)
      store.use(number, (chunk) => {
        recorded.waves.forEach((_, wave) => {
          chunk.column(wave);
          chunk.held(wave);
        });
        chunk.transactions();
      });
    return store.damage;
  }

  /** Transactions that had not ended when the file does. */
  open(): readonly TraceTransaction[] {
    return openTransactions(this.store);
  }

  close(): void {
    this.source.close();
  }

  private signal(place: number): WaveSignal {
    const signal = this.signals[place];
    if (signal === undefined)
      throw new ConfigError(this.name, 'signal', `an integer from 0 to ${this.signals.length - 1}`, place);
    return signal;
  }

  private span(from: number, to: number): [number, number] {
    for (const [field, value] of [
      ['from', from],
      ['to', to],
    ] as const)
      if (Number.isNaN(value)) throw new ConfigError(this.name, field, 'a time in ps', value);
    return [Math.max(this.begin, Math.ceil(from)), Math.floor(to)];
  }
}
