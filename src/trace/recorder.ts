import type { Subscription } from 'rxjs';
import {
  compileExpression,
  ConfigError,
  type MarblewaveError,
  PathError,
  Probe,
  Signal,
  type Simulator,
  type Tap,
  type TransactionRecord,
  VectorSignal,
} from '../kernel/index.js';
import { TraceTimeError } from './errors.js';
import { PartialFile } from './partial-file.js';
import { ChangeHistory } from './record-history.js';
import type { RecordedWave, Selection } from './record-selection.js';
import type { RecordSink } from './record-sink.js';

/** When a recording begins and ends. */
export interface RecordWindow {
  /** First and last time that is recorded, ps. Default: from now on, to the end. */
  readonly from?: number;
  readonly to?: number;
  /** Recording begins in the first instant, from `from` on, in which this expression on signals and probes is not 0. */
  readonly trigger?: string;
  /** Time before the trigger that is recorded too, ps, as far as it fits into `historyNumbers`. Default 0. */
  readonly before?: number;
  /** Numbers of 8 bytes that are kept for it. Default 2^22. */
  readonly historyNumbers?: number;
}

/** A recording in progress. */
export interface Recording {
  readonly file: string;
  /** Bytes and value changes so far. */
  readonly bytes: number;
  readonly changes: number;
  /** Whether it has begun: its window was reached, its trigger held. */
  readonly hasBegun: boolean;
  /** Ends the recording at the present time, and gives the file its name, if it has begun; else there is none. @throws TraceFileError */
  close(): void;
  /** Ends it and leaves no file behind. Does nothing after {@link close}. */
  abort(): void;
}

/**
 * Records the chosen waves of a simulation into a sink: settled values, once an instant, in the order of waves. It observes and
 * changes nothing. Within its window nothing is looked at before it begins, unless a trigger wants what was before it.
 */
export class Recorder implements Recording, Tap {
  changes = 0;
  private sink: RecordSink | null = null;
  private history: ChangeHistory | null = null;
  /** Values that were recorded last, wave after wave, and by wave where they stand there. */
  private readonly last: Float64Array;
  private readonly values: readonly Float64Array[];
  private readonly place: Int32Array;
  private readonly forms: Uint8Array;
  private readonly subscriptions: { unsubscribe(): void }[] = [];
  private triggers: Subscription[] = [];
  /** Not 0 while the trigger holds; null without one, or once it has held. */
  private trigger: (() => number) | null = null;
  /** Waves that changed since the last flush. */
  private readonly dirty: Int32Array;
  private readonly isDirty: Uint8Array;
  private dirtyCount = 0;
  private flushes = false;
  private state: 'waiting' | 'starting' | 'keeping' | 'recording' | 'ended' | 'closed' | 'failed' = 'waiting';
  /** The time that the recording is at, ps. */
  private time: number;

  constructor(
    private readonly sim: Simulator,
    readonly file: string,
    private readonly selection: Selection,
    private readonly window: RecordWindow,
    /** @param begin first time of the recording, ps */
    private readonly makeSink: (begin: number) => RecordSink,
    /** Whether transactions are recorded. */
    private readonly hasTransactions: boolean,
  ) {
    checkWindow(file, window);
    const { waves } = selection;
    this.place = new Int32Array(waves.length);
    let lanes = 0;
    waves.forEach((wave, i) => {
      this.place[i] = lanes;
      lanes += wave.lanes;
    });
    this.last = new Float64Array(lanes);
    this.values = waves.map((wave, i) => this.last.subarray(this.place[i]!, this.place[i]! + wave.lanes));
    this.forms = Uint8Array.from(waves, formOf);
    this.dirty = new Int32Array(waves.length);
    this.isDirty = new Uint8Array(waves.length);
    this.time = sim.now;
  }

  get bytes(): number {
    return this.sink?.bytes ?? 0;
  }

  get hasBegun(): boolean {
    return this.sink !== null;
  }

  /** Begins, now or when the window says so. */
  open(): void {
    const { sim, window } = this;
    const { from = sim.now } = window;
    const compiled = window.trigger === undefined ? null : this.compile(window.trigger);
    if (from <= sim.now && compiled === null) {
      this.begin();
      return;
    }
    // What is wrong with the file is told now, not in the middle of the run.
    new PartialFile(this.file).abort();
    const keeps = (window.before ?? 0) > 0;
    this.history = new ChangeHistory(keeps ? this.selection.waves : [], sim.now, window.historyNumbers);
    this.watchTransactions();
    if (from <= sim.now) this.arm(compiled);
    else
      this.subscriptions.push(
        sim.scheduler.schedule(() => this.guard(() => this.arm(compiled)), from - sim.now),
      );
  }

  /** The trigger's expression, and whom to watch for it. */
  private compile(text: string): { readonly holds: () => number; readonly watched: readonly string[] } {
    const { sim } = this;
    const watched: string[] = [];
    const holds = compileExpression(text, (path) => {
      const full = this.atAnyTop(path);
      const signal = sim.value(full);
      watched.push(full);
      return signal instanceof Signal ? () => signal.shown : () => signal.value;
    });
    return { holds, watched };
  }

  /** The path itself, or below the one top module that has it. */
  private atAnyTop(path: string): string {
    for (const full of [path, ...[...this.sim.modules.keys()].map((top) => `${top}.${path}`)]) {
      try {
        this.sim.value(full);
        return full;
      } catch (error) {
        if (!(error instanceof PathError)) throw error;
      }
    }
    return path;
  }

  /** The window is open: waits for the trigger, if there is one. */
  private arm(trigger: { readonly holds: () => number; readonly watched: readonly string[] } | null): void {
    const { sim, window, history } = this;
    if (trigger === null || trigger.holds() !== 0) {
      this.begin();
      return;
    }
    this.trigger = trigger.holds;
    if ((window.before ?? 0) > 0) {
      history!.forget(sim.now);
      this.state = 'starting';
      this.watchWaves();
      history!.setAll(this.last);
      this.state = 'keeping';
    }
    this.triggers = trigger.watched.map((path) => sim.value(path).subscribe(() => this.askForFlush()));
  }

  /** Writes the head, the values at the beginning and what is kept of before, and looks from then on. */
  private begin(): void {
    const { sim, selection, history, window } = this;
    const isKeeping = this.state === 'keeping';
    this.trigger = null;
    for (const subscription of this.triggers) subscription.unsubscribe();
    this.triggers = [];
    history?.forget(sim.now - (isKeeping ? (window.before ?? 0) : 0));
    const at = history?.begin ?? sim.now;
    const sink = this.makeSink(at);
    this.sink = sink;
    try {
      if (!isKeeping) {
        this.state = 'starting';
        this.watchWaves();
      }
      sink.begin(() => {
        if (isKeeping) history!.writeBase(sink);
        else
          selection.waves.forEach((wave, i) => {
            if (wave.type.kind !== 'event') put(sink, i, wave, this.values[i]!);
          });
      });
      history?.writeOpen(sink);
      if (isKeeping) this.changes += history!.writeChanges(sink);
    } catch (error) {
      this.stop('failed');
      sink.abort();
      throw error;
    }
    this.time = sim.now;
    if (history === null) this.watchTransactions();
    this.history = null;
    this.state = 'recording';
  }

  private watchWaves(): void {
    this.selection.waves.forEach(({ source }, wave) => {
      this.subscriptions.push(
        source instanceof Probe
          ? source.subscribe(() => this.changed(wave))
          : { unsubscribe: source.tap(this, wave) },
      );
      this.take(wave);
    });
  }

  /** Reads a wave; returns whether it differs from what was recorded last. */
  private take(wave: number): boolean {
    const { source } = this.selection.waves[wave]!;
    if (this.forms[wave] === BUS) return (source as VectorSignal).update(this.values[wave]!);
    const value = this.forms[wave] === PROBE ? (source as Probe).value : (source as Signal).shown;
    const at = this.place[wave]!;
    if (this.last[at] === value) return false;
    this.last[at] = value;
    return true;
  }

  private watchTransactions(): void {
    if (!this.hasTransactions) return;
    this.subscriptions.push(
      this.sim.transactions.subscribe((record) => this.guard(() => this.transaction(record))),
    );
  }

  private transaction(record: TransactionRecord): void {
    if (this.state === 'recording') {
      if (!this.isOver()) this.sink!.transaction?.(record);
      return;
    }
    this.history?.pushRecord(record);
    if (this.state === 'waiting') this.history?.forget(record.time);
  }

  /** A wave may have changed in this instant. */
  changed(wave: number): void {
    if ((this.state !== 'recording' && this.state !== 'keeping') || this.isDirty[wave] === 1) return;
    this.isDirty[wave] = 1;
    this.dirty[this.dirtyCount++] = wave;
    this.askForFlush();
  }

  private askForFlush(): void {
    if (this.flushes) return;
    this.flushes = true;
    this.sim.afterSettled(this.flush);
  }

  /** Takes what changed in this instant, and sees whether the trigger holds. */
  private readonly flush = (): void => {
    this.flushes = false;
    try {
      if (this.state === 'recording') this.record();
      else if (this.state === 'keeping') this.keep();
      if (this.trigger !== null && this.trigger() !== 0 && !this.isOver()) this.begin();
    } catch (error) {
      this.fail(error);
    }
  };

  private record(): void {
    if (this.isOver()) return;
    const { values, last, place, forms, dirty } = this;
    const sink = this.sink!;
    const count = this.sortDirty();
    let changes = 0;
    for (let i = 0; i < count; i++) {
      const wave = dirty[i]!;
      if (!this.take(wave)) continue;
      if (changes === 0) this.moveTo(this.sim.now);
      changes += 1;
      if (forms[wave] === BUS) sink.lanes(wave, values[wave]!);
      else if (forms[wave] === EVENT) sink.event(wave);
      else sink.scalar(wave, last[place[wave]!]!);
    }
    this.changes += changes;
  }

  private keep(): void {
    const { sim, window } = this;
    const history = this.history!;
    if (sim.now < this.time) throw new TraceTimeError(this.file, this.time, sim.now);
    this.time = sim.now;
    history.forget(sim.now - window.before!);
    const { dirty } = this;
    const count = this.sortDirty();
    for (let i = 0; i < count; i++)
      if (this.take(dirty[i]!)) history.push(sim.now, dirty[i]!, this.values[dirty[i]!]!);
  }

  /** Sorts the waves that may have changed, and returns how many; none may have from now on. */
  private sortDirty(): number {
    const { dirty, isDirty, dirtyCount } = this;
    this.dirtyCount = 0;
    // Few, and nearly in order: an insertion is quicker than the library's sort.
    for (let i = 0; i < dirtyCount; i++) {
      const wave = dirty[i]!;
      isDirty[wave] = 0;
      let at = i;
      for (; at > 0 && dirty[at - 1]! > wave; at--) dirty[at] = dirty[at - 1]!;
      dirty[at] = wave;
    }
    return dirtyCount;
  }

  /** Whether the window has ended; stops looking then. */
  private isOver(): boolean {
    if (this.sim.now <= (this.window.to ?? Infinity)) return false;
    this.stop('ended');
    return true;
  }

  private moveTo(time: number): void {
    if (time < this.time) throw new TraceTimeError(this.file, this.time, time);
    this.sink!.time(time);
    this.time = time;
  }

  /** What is thrown in an observer would be lost: it ends the run instead. */
  private guard(act: () => void): void {
    if (this.state === 'closed' || this.state === 'failed') return;
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.stop('failed');
    this.sink?.abort();
    this.sim.fail(error as MarblewaveError);
  }

  close(): void {
    if (this.state === 'closed') return;
    if (this.state === 'failed')
      throw new ConfigError(this.file, 'recording', 'open to be closed', 'aborted');
    this.stop('closed');
    const { sink, sim, window } = this;
    if (sink === null) return;
    try {
      const end = Math.min(sim.now, window.to ?? Infinity);
      this.moveTo(Math.max(end, this.time));
      sink.commit(this.time);
    } catch (error) {
      sink.abort();
      throw error;
    }
  }

  abort(): void {
    if (this.state === 'closed' || this.state === 'failed') return;
    this.stop('failed');
    this.sink?.abort();
  }

  private stop(state: 'ended' | 'closed' | 'failed'): void {
    this.state = state;
    for (const subscription of [...this.subscriptions, ...this.triggers]) subscription.unsubscribe();
    this.subscriptions.length = this.triggers.length = 0;
    this.trigger = null;
  }
}

/** How a wave is read and written. */
const SCALAR = 0;
const BUS = 1;
const EVENT = 2;
const PROBE = 3;

function formOf({ source, type, isVector }: RecordedWave): number {
  if (source instanceof Probe) return PROBE;
  return isVector ? BUS : type.kind === 'event' ? EVENT : SCALAR;
}

/** Writes what a wave holds, or that its event happens. */
function put(sink: RecordSink, number: number, wave: RecordedWave, values: Float64Array): void {
  if (wave.type.kind === 'event') sink.event(number);
  else if (wave.isVector) sink.lanes(number, values);
  else sink.scalar(number, values[0]!);
}

function checkWindow(file: string, { from, to, before, historyNumbers }: RecordWindow): void {
  for (const [field, value] of Object.entries({ from, to, before, historyNumbers }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new ConfigError(file, field, 'a whole number of 0 or more', value);
  if (from !== undefined && to !== undefined && to < from)
    throw new ConfigError(file, 'to', `at least from = ${from} ps`, to);
}
