import type { Subscription } from 'rxjs';
import {
  compileExpression,
  ConfigError,
  type MarblewaveError,
  PathError,
  Signal,
  type Simulator,
  type TransactionRecord,
  VectorSignal,
} from '../kernel/index.js';
import { TraceTimeError } from './errors.js';
import { PartialFile } from './partial-file.js';
import { ChangeHistory } from './record-history.js';
import type { Selection } from './record-selection.js';
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

interface Value {
  value: number;
  lanes: Float64Array | null;
}

const scalar = new Float64Array(1);

/**
 * Records the chosen waves of a simulation into a sink: settled values, once an instant, in the order of waves. It observes and
 * changes nothing. Within its window nothing is looked at before it begins, unless a trigger wants what was before it.
 */
export class Recorder implements Recording {
  changes = 0;
  private sink: RecordSink | null = null;
  private history: ChangeHistory | null = null;
  private readonly values: Value[];
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
    this.values = waves.map(() => ({ value: 0, lanes: null }));
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
      this.values.forEach((value, wave) => history!.set(wave, valuesOf(value)));
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
        else selection.waves.forEach(({ type }, wave) => type.kind === 'event' || this.put(sink, wave));
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
      const held = this.values[wave]!;
      this.subscriptions.push(
        source instanceof VectorSignal
          ? source.subscribe((lanes) => {
              held.lanes = lanes;
              this.note(wave);
            })
          : source.subscribe((value) => {
              held.value = value;
              this.note(wave);
            }),
      );
    });
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

  private note(wave: number): void {
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
    this.guard(() => {
      if (this.state === 'recording') this.record();
      else if (this.state === 'keeping') this.keep();
      if (this.trigger !== null && this.trigger() !== 0 && !this.isOver()) this.begin();
    });
  };

  private record(): void {
    const { sink, dirty, isDirty, dirtyCount } = this;
    if (this.isOver()) return;
    this.dirtyCount = 0;
    this.moveTo(this.sim.now);
    const waves = dirty.subarray(0, dirtyCount).sort();
    for (let i = 0; i < dirtyCount; i++) {
      isDirty[waves[i]!] = 0;
      this.put(sink!, waves[i]!);
    }
    this.changes += dirtyCount;
  }

  private keep(): void {
    const { sim, window, dirty, isDirty, dirtyCount } = this;
    const history = this.history!;
    this.dirtyCount = 0;
    if (sim.now < this.time) throw new TraceTimeError(this.file, this.time, sim.now);
    this.time = sim.now;
    history.forget(sim.now - window.before!);
    const waves = dirty.subarray(0, dirtyCount).sort();
    for (let i = 0; i < dirtyCount; i++) {
      isDirty[waves[i]!] = 0;
      history.push(sim.now, waves[i]!, valuesOf(this.values[waves[i]!]!));
    }
  }

  /** Whether the window has ended; stops looking then. */
  private isOver(): boolean {
    if (this.sim.now <= (this.window.to ?? Infinity)) return false;
    this.stop('ended');
    return true;
  }

  private put(sink: RecordSink, wave: number): void {
    const { type, isVector } = this.selection.waves[wave]!;
    const { value, lanes } = this.values[wave]!;
    if (type.kind === 'event') sink.event(wave);
    else if (isVector) sink.lanes(wave, lanes!);
    else sink.scalar(wave, value);
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
      this.stop('failed');
      this.sink?.abort();
      this.sim.fail(error as MarblewaveError);
    }
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

function valuesOf({ value, lanes }: Value): ArrayLike<number> {
  if (lanes !== null) return lanes;
  scalar[0] = value;
  return scalar;
}

function checkWindow(file: string, { from, to, before, historyNumbers }: RecordWindow): void {
  for (const [field, value] of Object.entries({ from, to, before, historyNumbers }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new ConfigError(file, field, 'a whole number of 0 or more', value);
  if (from !== undefined && to !== undefined && to < from)
    throw new ConfigError(file, 'to', `at least from = ${from} ps`, to);
}
