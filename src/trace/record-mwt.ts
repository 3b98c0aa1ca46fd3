import type { Clock, Module, Simulator, TransactionRecord, ValueType } from '../kernel/index.js';
import { hasWave } from './clock-wave.js';
import type { Json } from './mwt/canonical-json.js';
import type { MwtHead, MwtSignal } from './mwt/header.js';
import { type MwtOptions, MwtWriter } from './mwt/writer.js';
import { Recorder, type Recording, type RecordWindow } from './recorder.js';
import type { RecordSink } from './record-sink.js';
import { select, type Selection, type SelectionOptions } from './record-selection.js';
import type { WaveClock, WaveType } from './waves.js';

export interface MwtRecordOptions extends SelectionOptions, RecordWindow, MwtOptions {
  /** What ran: plain data, canonical, of which nothing differs between two equal runs. Default null. */
  readonly configuration?: Json;
  /** Default: the simulation's. */
  readonly seed?: number | null;
  /** Whether transactions are recorded. Default true. */
  readonly transactions?: boolean;
}

/**
 * Records a simulation into a trace file (docs/trace-format.md), from now on: nets, probes that are named, and transactions.
 *
 * What is written is what observers see, as for {@link recordVcd}: settled values, once an instant. Clocks stand in the header,
 * from which their edges follow, not among the changes. Nets that follow one driver share a wave. A signal's clock is that of its channel,
 * or of the module that drives it where all of that module's edge processes have one.
 *
 * Equal runs give equal bytes. Recording observes and changes nothing: outputs and cycles stay as they are.
 *
 * Storage  The latest value of each wave, a chunk of the file, and with a trigger what is kept of before.
 * Errors   As for recordVcd; ExpressionError and PathError for a trigger that makes no sense.
 */
export function recordMwt(sim: Simulator, file: string, options: MwtRecordOptions = {}): Recording {
  sim.start();
  const selection = select(sim, file, options);
  const makeSink = (begin: number): RecordSink =>
    new MwtSink(sim, new MwtWriter(file, headOf(sim, selection, options, begin), options));
  const recorder = new Recorder(sim, file, selection, options, makeSink, options.transactions ?? true);
  recorder.open();
  return recorder;
}

class MwtSink implements RecordSink {
  constructor(
    private readonly sim: Simulator,
    private readonly writer: MwtWriter,
  ) {}

  get bytes(): number {
    return this.writer.bytes;
  }

  begin(values: () => void): void {
    values();
  }

  time(time: number): void {
    this.writer.time(time);
  }

  scalar(wave: number, value: number): void {
    this.writer.scalar(wave, value);
  }

  lanes(wave: number, values: ArrayLike<number>): void {
    this.writer.lanes(wave, values);
  }

  event(wave: number): void {
    this.writer.event(wave);
  }

  readonly transaction = (record: TransactionRecord): void => this.writer.transaction(record);

  commit(time: number): void {
    this.writer.commit(time, time === this.sim.now && this.sim.clocks.some(isPending));
  }

  abort(): void {
    this.writer.abort();
  }
}

/** Whether a clock has an edge now that has not been. */
const isPending = (clock: Clock): boolean =>
  hasWave(clock) && clock.timebase.edge(clock.coming) <= clock.scheduler.sim.now;

function headOf(
  sim: Simulator,
  selection: Selection,
  { configuration = null, seed = sim.options.seed }: MwtRecordOptions,
  begin: number,
): MwtHead {
  return {
    configuration,
    seed,
    clocks: sim.clocks.map(clockOf),
    modules: sim.tree.map(({ path }) => path),
    signals: signalsOf(sim, selection),
    begin,
  };
}

function clockOf({ name, timebase: { hz, phase } }: Clock): WaveClock {
  return { name, hz: typeof hz === 'number' ? { num: hz, den: 1 } : hz, phasePs: phase };
}

function signalsOf(sim: Simulator, { waves, signals }: Selection): MwtSignal[] {
  const ofChannel = new Map<unknown, string>();
  const ofModule = new Map<Module, string | null>();
  for (const module of sim.tree) {
    const clocks = sim.clocksOf(module);
    ofModule.set(module, clocks.length === 1 ? clocks[0]!.name : null);
    for (const { valid, ready, payload, clock } of module.channels.values())
      for (const net of [valid, ready, ...Object.values(payload)]) ofChannel.set(net.root, clock.name);
  }
  return signals.map(({ path, wave, type, owner }): MwtSignal => {
    const {
      source,
      lanes,
      type: { kind },
    } = waves[wave]!;
    const clock = ofChannel.get(source) ?? (owner === null ? null : ofModule.get(owner)!);
    if (kind === 'event') return { path, kind: 'event', type: null, lanes: 1, wave, clock };
    return { path, kind: 'bits', type: typeOf(type), lanes, wave, clock };
  });
}

function typeOf({ kind, width, fl }: ValueType): WaveType {
  if (kind === 'fixed') return { kind, width, fraction: fl! };
  return { kind: kind === 'enum' || kind === 'event' ? 'uint' : kind, width };
}
