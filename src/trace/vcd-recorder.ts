import type { Simulator } from '../kernel/index.js';
import { ClockWave, hasWave } from './clock-wave.js';
import { PartialFile } from './partial-file.js';
import { Recorder, type Recording, type RecordWindow } from './recorder.js';
import type { RecordSink } from './record-sink.js';
import { select, type Selection, type SelectionOptions } from './record-selection.js';
import { type VcdVariable, VcdWriter } from './vcd-writer.js';

export interface VcdOptions extends SelectionOptions, RecordWindow {
  /** Lines for the head of the file: what ran, with which settings and seed. Without `$end`. */
  readonly comments?: readonly string[];
  /** Whether clocks are recorded, as `clocks.<name>`: two changes a cycle. Default true. */
  readonly clocks?: boolean;
}

/**
 * Records the nets of a simulation into a Value Change Dump, from now on, for GTKWave and its like.
 *
 * Every scalar and vector net of the chosen modules is in it, and nets that follow one driver share one identifier code.
 * What is written is what observers see: settled values, once an instant, changes sorted by code; so a change at the edge that
 * ends cycle c stands at that edge's time, and the values before the first instant stand in `$dumpvars`. Within an
 * instant, several moments (a poke between two runs at one time) follow each other under the same time. Scopes are the
 * module tree; vectors are one wire with lane 0 least significant; `int` and `fixed` are two's complement; `event` nets
 * are events. Clocks are waves of their own in the scope `clocks`, high for the first half of a cycle, worked out from
 * their edge times (a sleeping clock is drawn all the same), unless a period is below 2 ps. Wires of the simulation's own
 * (`sim.wire`), which belong to no module, are left out, and probes unless they are named. There are no transactions in it.
 *
 * Equal runs give equal bytes: the file has no date, no path and no host. Recording observes and changes nothing: outputs and
 * cycles stay as they are, though bulk runs of a channel go beat by beat while they are watched. See docs/timing-model.md.
 *
 * Call it once the design is wired, before or between runs: it starts the simulation, so nothing can be connected afterwards.
 *
 * Storage  The latest value of each net, and a chunk of the file; the file itself is at `<file>.partial` until it is closed.
 * Errors   TraceFileError for a file that cannot be written: here, or as the end of the run in which writing fails.
 *          ConfigError for a pattern that matches no module, and for a comment of several lines. TraceTimeError
 *          from what comes next when a snapshot of an earlier time is restored. After an error no file is left.
 */
export function recordVcd(sim: Simulator, file: string, options: VcdOptions = {}): Recording {
  sim.start();
  const selection = select(sim, file, options);
  const makeSink = (begin: number): RecordSink => new VcdSink(sim, file, selection, options, begin);
  const recorder = new Recorder(sim, file, selection, options, makeSink, false);
  recorder.open();
  return recorder;
}

/** Draws the clocks between the changes. */
class VcdSink implements RecordSink {
  readonly transaction = null;
  private readonly out: PartialFile;
  private readonly writer: VcdWriter;
  private readonly variables: VcdVariable[];
  private readonly clocks: { readonly wave: ClockWave; readonly code: number }[] = [];
  /** Bits of a lane of each wave. */
  private readonly widths: readonly number[];
  /** The time that the file is at, ps. */
  private at: number;

  constructor(
    sim: Simulator,
    file: string,
    { waves, signals }: Selection,
    private readonly options: VcdOptions,
    begin: number,
  ) {
    this.at = begin;
    this.widths = waves.map(({ type }) => type.width);
    this.variables = signals.map(({ path, wave }): VcdVariable => {
      const { type, lanes } = waves[wave]!;
      const kind = type.kind === 'event' ? 'event' : 'wire';
      return { path, kind, width: type.width * lanes, code: wave };
    });
    if (options.clocks ?? true) this.addClocks(sim, waves.length, begin);
    this.out = new PartialFile(file);
    this.writer = new VcdWriter(this.out);
  }

  private addClocks(sim: Simulator, first: number, begin: number): void {
    for (const clock of sim.clocks) {
      if (!hasWave(clock)) continue;
      const code = first + this.clocks.length;
      const path = `clocks.${clock.name.replace(/[^\w]/g, '_')}`;
      this.variables.push({ path, kind: 'wire', width: 1, code });
      this.clocks.push({ wave: new ClockWave(clock, begin), code });
    }
  }

  get bytes(): number {
    return this.out.bytes;
  }

  begin(values: () => void): void {
    const { writer, clocks } = this;
    writer.header(this.variables, this.options.comments ?? []);
    writer.initial(this.at, () => {
      values();
      for (const { wave, code } of clocks) writer.scalar(code, 1, wave.level);
    });
  }

  time(time: number): void {
    const { clocks } = this;
    for (;;) {
      let next: (typeof clocks)[number] | null = null;
      for (const clock of clocks) {
        const { wave } = clock;
        if (wave.isDue(time) && (next === null || wave.nextTime < next.wave.nextTime)) next = clock;
      }
      if (next === null) break;
      const { wave, code } = next;
      this.moveTo(wave.nextTime);
      this.writer.scalar(code, 1, wave.nextLevel);
      wave.advance();
    }
    this.moveTo(time);
  }

  private moveTo(time: number): void {
    if (time > this.at) this.writer.time(time);
    this.at = time;
  }

  scalar(wave: number, value: number): void {
    this.writer.scalar(wave, this.widths[wave]!, value);
  }

  lanes(wave: number, values: ArrayLike<number>): void {
    this.writer.lanes(wave, this.widths[wave]!, values);
  }

  event(wave: number): void {
    this.writer.event(wave);
  }

  commit(time: number): void {
    this.time(time);
    this.out.commit();
  }

  abort(): void {
    this.out.abort();
  }
}
