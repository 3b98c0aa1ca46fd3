import { ConfigError } from '../../kernel/index.js';
import type { WaveFile, WaveSignal } from '../waves.js';
import { PerfettoPackets } from './perfetto-packets.js';
import { TrackTree } from './track-tree.js';
import type { TraceTransaction, TransactionSource } from './transaction-source.js';
import { laneNumber, lanesOf } from './lane-numbers.js';

export interface PerfettoOptions {
  /** Places of the signals that become counters. */
  readonly counters: readonly number[];
  /** In units of the file, both included. */
  readonly from: number;
  readonly to: number;
}

/** What a Perfetto trace takes in. */
export interface PerfettoCounts {
  readonly slices: number;
  readonly instants: number;
  readonly samples: number;
}

/**
 * Transactions as slices and signals as counters, in Perfetto's protobuf: what ui.perfetto.dev and trace_processor open.
 *
 * Tracks   One for each module, in that of its parent; in it one for each kind of transaction, and more of them where transactions of a kind
 *          overlap (`axi.read`, `axi.read 2`). A counter is a track of its signal's name; a bus of lanes is one for each lane.
 * Times    ns, rounded down; `begin_ps` and `end_ps` are the exact ones. A transaction of no length is an instant, one
 *          without an end a slice that does not end.
 * Notes    `id` and `parent` (0: none), attributes of begin and end (of one name: `end.name`), `blocked` with the reasons and times.
 * Values   A counter keeps its value while bits of the signal are x or z: Perfetto has nothing to say that it has none.
 * Storage  What is written goes out at once; a number for each track stays.
 * Errors   ConfigError for a counter that is no number of at most 53 bits a lane
 */
export function writePerfetto(
  waves: WaveFile & Partial<TransactionSource>,
  put: (bytes: Uint8Array) => void,
  { counters, from, to }: PerfettoOptions,
): PerfettoCounts {
  for (const place of counters) checkCounter(waves, waves.signals[place]!);
  const packets = new PerfettoPackets(put);
  const tracks = new TrackTree(packets);
  const counts = { slices: 0, instants: 0, samples: 0 };
  const psOf = (time: number): number => (time * waves.unitFs) / 1000;
  for (const transaction of waves.transactions?.({ from: psOf(from), to: psOf(to) }) ?? [])
    counts[transact(packets, tracks, transaction)] += 1;
  if (counters.length === 0) return counts;
  const uuids = new Map(counters.map((place) => [place, counterTracks(tracks, waves.signals[place]!)]));
  const nsOf = (time: number): number => Number((BigInt(time) * BigInt(waves.unitFs)) / 1_000_000n);
  for (const { time, signal, value } of waves.changes({ signals: counters, from, to })) {
    const numbers = numbersOf(waves.signals[signal]!, value);
    uuids.get(signal)!.forEach((uuid, lane) => {
      const number = numbers[lane]!;
      if (number === null || Number.isNaN(number)) return;
      packets.counter(nsOf(time), uuid, number);
      counts.samples += 1;
    });
  }
  return counts;
}

function transact(
  packets: PerfettoPackets,
  tracks: TrackTree,
  transaction: TraceTransaction,
): 'slices' | 'instants' {
  const { kind, path, begin, end } = transaction;
  const track = tracks.slice(path, kind, begin, end ?? Infinity);
  const start = { track, name: nameOf(transaction), category: kind, annotations: [notesOf(transaction)] };
  const ns = Math.floor(begin / 1000);
  if (end === begin) {
    packets.instant(ns, start);
    return 'instants';
  }
  packets.sliceBegin(ns, start);
  if (end !== null) packets.sliceEnd(Math.floor(end / 1000), track);
  return 'slices';
}

/** `layer conv1` where an attribute says the name; else the kind. */
function nameOf({ kind, attributes }: TraceTransaction): string {
  const { name } = attributes;
  return typeof name === 'string' && name !== '' ? `${kind} ${name}` : kind;
}

function notesOf(transaction: TraceTransaction): Record<string, number | string | boolean> {
  const { id, parent, begin, end, attributes, endAttributes, blocked } = transaction;
  const notes: Record<string, number | string | boolean> = { id, parent, begin_ps: begin };
  if (end !== null) notes['end_ps'] = end;
  for (const [key, value] of Object.entries(attributes)) notes[key in notes ? `begin.${key}` : key] = value;
  for (const [key, value] of Object.entries(endAttributes)) notes[key in notes ? `end.${key}` : key] = value;
  if (blocked.length > 0) notes['blocked'] = blocked.map(({ time, why }) => `${time} ps: ${why}`).join('; ');
  return notes;
}

function checkCounter(waves: WaveFile, { path, kind, width, lanes }: WaveSignal): void {
  const isNumber = kind === 'real' || (kind === 'bits' && width / lanes <= 53);
  if (!isNumber)
    throw new ConfigError(
      waves.name,
      path,
      'a number of at most 53 bits a lane, to be a counter',
      kind === 'bits' ? `${width / lanes} bits` : kind,
    );
}

function counterTracks(tracks: TrackTree, { path, lanes }: WaveSignal): number[] {
  return Array.from({ length: lanes }, (_, lane) => tracks.counter(lanes === 1 ? path : `${path}[${lane}]`));
}

function numbersOf({ kind, lanes, type }: WaveSignal, value: string | number): (number | null)[] {
  if (kind === 'real') return [Number(value)];
  return lanesOf(String(value), lanes).map((bits) => laneNumber(bits, type));
}
