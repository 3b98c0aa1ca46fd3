import { ConfigError, type Timebase } from '../../kernel/index.js';
import type { WaveFile } from '../waves.js';
import type { Burst } from './bursts.js';
import { clockEdges } from './clock-edges.js';
import { LineBuffer, type TextSink } from './text-sink.js';
import { laneInteger, lanesOf } from './lane-numbers.js';

export interface SramOptions {
  /** Places of the address signals; each lane is a column. */
  readonly addresses: readonly number[];
  /** Place of a signal that says which addresses count: of one lane for all of them, or of a lane for each. All always do, if null. */
  readonly enable: number | null;
  readonly clock: string;
  /** In units of the file, both included. */
  readonly from: number;
  readonly to: number;
}

/** In the place of an address that is not asked for. */
const NONE = '-1';

/**
 * Address streams as SCALE-Sim's SRAM traces: a row a cycle in which anything is addressed, `cycle,addr,addr,…`, a column a port, −1
 * where the port is idle or its address has bits x or z. What stands in cycle c is what edge c of the clock sees: the value just before it.
 *
 * @returns rows written
 * @throws ConfigError for an enable that does not fit, or a clock that is not there
 */
export function writeSramTrace(waves: WaveFile, sink: TextSink, options: SramOptions): number {
  const { addresses, enable, clock, from, to } = options;
  const lanes = addresses.map((place) => waves.signals[place]!.lanes);
  const columns = lanes.reduce((sum, count) => sum + count, 0);
  checkSram(waves, options, columns);
  const ports: string[] = Array.from({ length: columns }, () => NONE);
  let enabled: readonly string[] = enable === null ? ['1'] : ['0'];
  const starts = new Map(addresses.map((place, i) => [place, lanes.slice(0, i).reduce((a, b) => a + b, 0)]));
  const take = (signal: number, value: string): void => {
    if (signal === enable) enabled = lanesOf(value, value.length);
    const start = starts.get(signal);
    if (start === undefined) return;
    lanesOf(value, waves.signals[signal]!.lanes).forEach((bits, lane) => {
      ports[start + lane] = laneInteger(bits, null)?.toString() ?? NONE;
    });
  };
  const out = new LineBuffer(sink);
  let rows = 0;
  const row = (cycle: number): void => {
    const shown = ports.map((port, i) => (enabled[enabled.length === 1 ? 0 : i] === '1' ? port : NONE));
    if (shown.every((port) => port === NONE)) return;
    out.line(`${cycle},${shown.join(',')}`);
    rows += 1;
  };
  const chosen = [...new Set(enable === null ? addresses : [...addresses, enable])];
  // The value before an edge at `from` is of the time before.
  const begin = Math.max(waves.begin, from - 1);
  const changes = waves.changes({ signals: chosen, from: begin, to })[Symbol.iterator]();
  let next = changes.next();
  const { first, times } = clockEdges(waves, clock, from, to);
  let cycle = first;
  for (const edge of times) {
    while (next.done !== true && next.value.time < edge) {
      take(next.value.signal, String(next.value.value));
      next = changes.next();
    }
    row(cycle);
    cycle += 1;
  }
  out.flush();
  return rows;
}

function checkSram(waves: WaveFile, { addresses, enable }: SramOptions, columns: number): void {
  for (const place of addresses) {
    const { path, kind } = waves.signals[place]!;
    if (kind !== 'bits') throw new ConfigError(waves.name, path, 'bits, to be an address', kind);
  }
  if (enable === null) return;
  const { path, kind, width } = waves.signals[enable]!;
  if (kind !== 'bits' || (width !== 1 && width !== columns))
    throw new ConfigError(
      waves.name,
      path,
      `one bit, or one for each of ${columns} addresses, to enable them`,
      kind === 'bits' ? `${width} bits` : kind,
    );
}

/**
 * Bursts as SCALE-Sim's DRAM traces: a row a burst, `cycle,addr,addr,…`, with the address of each word of `wordBytes` that it
 * moves, filled up with −1 to the longest row. Cycles are those of `clock` in which the bursts' times lie.
 *
 * @returns rows written
 */
export function writeDramTrace(
  bursts: readonly Burst[],
  sink: TextSink,
  clock: Timebase,
  wordBytes: number,
): number {
  const wordsOf = ({ address, bytes }: Burst): { first: number; count: number } => {
    const first = Math.floor(address / wordBytes);
    return { first, count: Math.floor((address + Math.max(1, bytes) - 1) / wordBytes) - first + 1 };
  };
  const columns = bursts.reduce((most, burst) => Math.max(most, wordsOf(burst).count), 0);
  const out = new LineBuffer(sink);
  for (const burst of bursts) {
    const { first, count } = wordsOf(burst);
    const words = Array.from({ length: columns }, (_, i) => (i < count ? String(first + i) : NONE));
    out.line(`${clock.firstEdgeFrom(burst.time)},${words.join(',')}`);
  }
  out.flush();
  return bursts.length;
}
