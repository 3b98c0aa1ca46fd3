import { ConfigError, Timebase, type TransactionRecord } from '../../kernel/index.js';
import type { MwtHead, MwtSignal } from '../mwt/header.js';
import { TraceFile } from '../mwt/trace-file.js';
import { MwtWriter } from '../mwt/writer.js';
import type { WaveChange, WaveClock, WaveFile, WaveSignal, WaveType } from '../waves.js';
import { laneInteger, lanesOf } from './lane-numbers.js';
import { transactionRecords } from './transaction-records.js';

/** Part of a run that goes into a new trace file. */
export interface CopyPart {
  readonly waves: WaveFile;
  /** Places of the signals. Those of clocks that the file knows go by the header. */
  readonly signals: readonly number[];
  /** Stands before each path and name of a clock, with a dot; empty for none. */
  readonly prefix: string;
}

/** Bits of a lane that a trace file can hold. */
const LANE_BITS = 53;

/** A wave of the new file: where it comes from and how it is written. */
interface CopiedWave {
  readonly part: number;
  /** In the file that it comes from. */
  readonly place: number;
  readonly signal: WaveSignal;
  /** In the new file: a bus wider than a lane may be is lanes of bits there. */
  readonly type: WaveType | null;
  readonly lanes: number;
}

/**
 * Copies parts of recorded runs, side by side, into one new trace file.
 *
 * Values   At `from` each signal has the value that it has there. A signal of which a file does not know the type is bits.
 * Configuration  That of the parts if all agree, else none; so with the seed.
 * Transactions  Those under way in the window. What began before it begins with it and says when (`cut_begin_ps`); what ends
 *          later has no end. Ids of later parts are moved up, so that they differ.
 * Storage  A chunk, and the transactions of the window.
 * Errors   ConfigError for what a trace file cannot hold: reals, texts, values with x or z, times that are no whole picoseconds. No file is
 *          left then.
 */
export function writeMwtCopy(file: string, parts: readonly CopyPart[], from: number, to: number): MwtWriter {
  for (const { waves } of parts)
    if (waves.unitFs !== parts[0]!.waves.unitFs || waves.unitFs % 1000 !== 0)
      throw new ConfigError(
        waves.name,
        'time unit',
        waves.unitFs % 1000 === 0 ? `that of ${parts[0]!.waves.name}` : 'whole picoseconds',
        `${waves.unitFs} fs`,
      );
  const scale = parts[0]!.waves.unitFs / 1000;
  const { head, waves, numbers } = headOf(parts, from * scale);
  const records = mergedRecords(parts, from * scale, to * scale)[Symbol.iterator]();
  const writer = new MwtWriter(file, head);
  try {
    let record = records.next();
    const flush = (before: number): void => {
      while (record.done !== true && record.value.time < before) {
        writer.transaction(record.value);
        record = records.next();
      }
    };
    let now = -1;
    let last = -1;
    for (const { part, change } of mergedChanges(parts, waves, from, to)) {
      const wave = numbers[part]!.get(change.signal)!;
      const time = change.time * scale;
      flush(time);
      // Changes of a moment have the order of their waves; what comes in another order is of a later moment.
      if (time !== now || wave < last) writer.time(time);
      now = time;
      last = wave;
      put(writer, wave, waves[wave]!, change, file);
    }
    flush(Infinity);
    writer.commit(
      to * scale,
      parts.some(({ waves: of }) => edgesPending(of, to)),
    );
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer;
}

function put(
  writer: MwtWriter,
  wave: number,
  { signal, type, lanes }: CopiedWave,
  { time, value }: WaveChange,
  file: string,
): void {
  if (signal.kind === 'event') {
    writer.event(wave);
    return;
  }
  const numbers = lanesOf(String(value), lanes).map((bits) => laneInteger(bits, type));
  if (numbers.includes(null))
    throw new ConfigError(file, `${signal.path} at ${time}`, 'of 0 and 1 only, to be in a trace file', value);
  if (lanes === 1) writer.scalar(wave, Number(numbers[0]));
  else writer.lanes(wave, numbers.map(Number));
}

function headOf(
  parts: readonly CopyPart[],
  begin: number,
): { head: MwtHead; waves: CopiedWave[]; numbers: Map<number, number>[] } {
  const waves: CopiedWave[] = [];
  const signals: MwtSignal[] = [];
  const modules = new Set<string>();
  const clocks: WaveClock[] = [];
  const numbers = parts.map(({ waves: source, signals: chosen, prefix }, part) => {
    const named = (path: string): string => (prefix === '' ? path : `${prefix}.${path}`);
    for (const clock of source.clocks) clocks.push({ ...clock, name: named(clock.name) });
    if (prefix !== '') modules.add(prefix);
    for (const path of modulesOf(source)) modules.add(named(path));
    const places = new Map<number, number>();
    const byWave = new Map<string, number>();
    for (const place of stored(source, chosen)) {
      const signal = source.signals[place]!;
      const shape = shapeOf(source, signal);
      const signed = shape.type?.kind === 'int' || shape.type?.kind === 'fixed';
      const key = `${signal.wave} ${signed} ${shape.type?.width} ${shape.lanes}`;
      let wave = byWave.get(key);
      if (wave === undefined) {
        wave = waves.push({ part, place, signal, type: shape.type, lanes: shape.lanes }) - 1;
        byWave.set(key, wave);
        places.set(place, wave);
      }
      const clock = signal.clock === null ? null : named(signal.clock);
      signals.push({ path: named(signal.path), ...shape, wave, clock });
    }
    return places;
  });
  const [configuration, seed] = common(parts);
  return { head: { configuration, seed, clocks, modules: [...modules], signals, begin }, waves, numbers };
}

function shapeOf(file: WaveFile, signal: WaveSignal): Pick<MwtSignal, 'kind' | 'type' | 'lanes'> {
  const { kind, path, width, lanes, type } = signal;
  if (kind === 'event') return { kind, type: null, lanes: 1 };
  if (kind !== 'bits')
    throw new ConfigError(file.name, path, 'bits or an event, to be in a trace file', kind);
  if (type !== null && type.width <= LANE_BITS) return { kind, type, lanes };
  let most = Math.min(width, LANE_BITS);
  while (width % most !== 0) most -= 1;
  return { kind, type: { kind: 'bits', width: most }, lanes: width / most };
}

/** Clocks of a trace file are no waves of it. */
function stored(file: WaveFile, places: readonly number[]): number[] {
  const count = file instanceof TraceFile ? file.header.signals.length : file.signals.length;
  return [...new Set(places)].filter((place) => place < count).sort((a, b) => a - b);
}

function modulesOf(file: WaveFile): Iterable<string> {
  if (file instanceof TraceFile) return file.header.modules;
  const modules = new Set<string>();
  for (const { path } of file.signals)
    for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1))
      modules.add(path.slice(0, dot));
  return modules;
}

function common(parts: readonly CopyPart[]): [MwtHead['configuration'], number | null] {
  const headers = parts.map(({ waves }) => (waves instanceof TraceFile ? waves.header : null));
  const [first] = headers;
  if (first === null || first === undefined) return [null, null];
  const agree = (key: 'configurationHash' | 'seed'): boolean => headers.every((h) => h?.[key] === first[key]);
  return [agree('configurationHash') ? first.configuration : null, agree('seed') ? first.seed : null];
}

/** Changes of all parts in the order of time; at one time, part after part. Of signals with one wave, only the first. */
function* mergedChanges(
  parts: readonly CopyPart[],
  waves: readonly CopiedWave[],
  from: number,
  to: number,
): Generator<{ part: number; change: WaveChange }> {
  const sources = parts.map(({ waves: file }, part) => {
    const signals = waves.filter((wave) => wave.part === part).map(({ place }) => place);
    return file.changes({ signals, from, to })[Symbol.iterator]();
  });
  const next = sources.map((source) => source.next());
  for (;;) {
    let part = -1;
    next.forEach((change, i) => {
      if (change.done === true) return;
      const best = part < 0 ? null : next[part]!;
      if (best === null || best.done === true || change.value.time < best.value.time) part = i;
    });
    const change = next[part];
    if (change === undefined || change.done === true) return;
    yield { part, change: change.value };
    next[part] = sources[part]!.next();
  }
}

function mergedRecords(parts: readonly CopyPart[], from: number, to: number): TransactionRecord[] {
  let above = 0;
  const records: TransactionRecord[] = [];
  for (const { waves, prefix } of parts) {
    if (!(waves instanceof TraceFile)) continue;
    const moved = transactionRecords(waves.transactions({ from, to }), { from, to, above, prefix });
    for (const record of moved) records.push(record);
    above = records.reduce((most, { id }) => Math.max(most, id), above);
  }
  return records.sort((a, b) => a.time - b.time);
}

/** Whether the file ends with this time, before the clock edges of it have been. */
function edgesPending(file: WaveFile, to: number): boolean {
  if (!(file instanceof TraceFile) || to !== file.end) return false;
  return file.signals.some(({ clock }, place) => {
    if (place < file.header.signals.length) return false;
    const known = file.clocks.find(({ name }) => name === clock)!;
    return isEdge(known, to) && file.valueAt(place, to) === '0';
  });
}

function isEdge({ name, hz, phasePs }: WaveClock, time: number): boolean {
  const base = new Timebase(name, hz, phasePs);
  return base.edge(base.firstEdgeFrom(time)) === time;
}
