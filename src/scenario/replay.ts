import { type Ddr3Spec, ddr3Spec } from '../components/ddr3/spec.js';
import { STALL_CAUSES, type StallCause } from '../components/top/stall-causes.js';
import type { z } from 'zod';
import type { MemoryCounts } from '../machines/gupta/memory-counts.js';
import type { TraceTransaction } from '../trace/mwt/transaction-table.js';
import { memoryDocument } from './memory-figures.js';
import { type ChannelCounts, ReplayedChannel } from './replay-channel.js';
import { replaySignals } from './replay-needs.js';
import { numberOf, ReplayError, type ReplaySource } from './replay-source.js';
import { Edges, waveFigures, type WaveFigures } from './replay-waves.js';
import { runConfig } from './run-config.js';
import type { RunDocument } from './run-document.js';
import { addRun, emptyTally, type LayerFigures, runDocument, type Tally } from './run-figures.js';
import { frameSchema, resultSchema, RUN } from './run-record.js';

/** Clock of the machine, and of the link where it has one of its own. */
const MACHINE = 'array';
const LINK = 'bus';

/** A layer of one image, as its transactions tell of it. */
interface ReplayedLayer {
  readonly index: number;
  readonly begin: number;
  readonly end: number;
  readBursts: number;
  writeBursts: number;
  bytesRead: number;
  weightBytesRead: number;
  bytesWritten: number;
  /** Of the channel, since the end of the layer before. */
  channel: ChannelCounts;
}

/**
 * The document of a run, from its trace: what the machine did is worked out anew from events, by code that shares nothing with
 * the counters in the components.
 *
 * cycles                  begin and end of the layer's transaction, in edges of the machine's clock
 * cycles by cause         the probe gupta.top.cause, edge by edge
 * bytes, AXI bursts       transactions axi.read and axi.write; weights are what lies at the layers' weight addresses
 * AXI beats, beats held   valid and ready of the link's data channels, at the edges of its clock
 * saturations             valid, ready and saturated of every rounding unit's output
 * row outcomes, latencies,
 * commands, energy        transactions dram.*
 *
 * Carried as attributes of the run, because no event has them: what it ran (names, plans, hashes), predictions, labels, the
 * comparison with the reference, wraps as the reference counted them, saturations of images that ran without cycles (fast mode), and
 * the clocks of the DRAM's bus without data, by cause (what waited in the controller's queues is not in a trace).
 *
 * @throws ReplayError for a trace that is damaged, or holds a part of a run or of its signals only
 */
export function replayRun(source: ReplaySource): RunDocument {
  const { name, header } = source;
  if (source.damage !== null) throw new ReplayError(name, `a trace that is not whole: ${source.damage}`);
  if (source.begin > 0) throw new ReplayError(name, `one that begins at ${source.begin} ps`);
  const config = runConfig(header.configuration, `${name}: configuration`);
  const { machine } = config;
  const dram = machine.memory.model === 'ddr3' ? ddr3Spec(machine.memory.ddr3, name) : null;
  const run = runOf(source);
  const frame = parsed(source, run, 'frame', frameSchema);
  const result = parsed(source, run, 'result', resultSchema);
  const { layers, channel } = replayLayers(source, frame.weights, dram);
  const link = machine.memory.clockHz === null ? MACHINE : LINK;
  const clocks = { machine: MACHINE, link };
  const waves = waveFigures(source, replaySignals(run.path, machine.n), clocks, layers);
  const edges = new Edges(source, MACHINE);
  const products = frame.steps.flatMap(({ op }, s) => (op === 'host' ? [] : [s]));
  const tallies = frame.steps.map((_, s): Tally => {
    const own = emptyTally();
    return { ...own, wraps: result.wraps[s] ?? 0, saturations: result.unseenSaturations[s] ?? 0 };
  });
  layers.forEach((layer, k) => {
    const s = products[layer.index];
    if (s === undefined)
      throw new ReplayError(name, `a layer ${layer.index} of a network of ${products.length}`);
    const cycles = edges.upTo(layer.end) - edges.upTo(layer.begin);
    tallies[s] = addRun(tallies[s]!, figuresOf(layer, cycles, waves[k]!));
  });
  const { wraps: _, unseenSaturations: __, busGaps, weights: ___, ...rest } = { ...frame, ...result };
  const report = channel === null || busGaps === null ? null : channel.report(busGaps);
  return runDocument(
    rest,
    machine,
    dram,
    tallies,
    rest,
    memoryDocument(machine, report === null ? null : { spec: dram!, report }),
  );
}

/** The one run in the trace. */
function runOf(source: ReplaySource): TraceTransaction {
  let found: TraceTransaction | null = null;
  for (const transaction of source.transactions()) {
    if (transaction.kind !== RUN) continue;
    if (found !== null) throw new ReplayError(source.name, 'two runs');
    found = transaction;
  }
  if (found === null) throw new ReplayError(source.name, 'one without a transaction of the run');
  if (found.end === null)
    throw new ReplayError(source.name, `one that ends at ${source.end} ps, before the run did`);
  return found;
}

/** A JSON text among the run's attributes. */
function parsed<T>(source: ReplaySource, run: TraceTransaction, name: string, schema: z.ZodType<T>): T {
  const text = run.attributes[name] ?? run.endAttributes[name];
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch {
    throw new ReplayError(source.name, `a run whose ${name} is no JSON`);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new ReplayError(
    source.name,
    `a run whose ${name}.${issue.path.join('.')} is wrong: ${issue.message}`,
  );
}

interface Addresses {
  readonly from: number;
  readonly to: number;
}

/** Walks over the transactions: layers that ended, with the traffic since the end of the one before. */
function replayLayers(
  source: ReplaySource,
  weights: readonly Addresses[],
  dram: Ddr3Spec | null,
): { layers: ReplayedLayer[]; channel: ReplayedChannel | null } {
  const layers = layersOf(source);
  const channel = dram === null ? null : new ReplayedChannel(source, dram);
  let at = 0;
  let before = channel?.counts ?? NO_CHANNEL;
  /** What ends in the very instant in which a layer does is the layer's. */
  const closeBefore = (time: number): void => {
    for (; at < layers.length && layers[at]!.end < time; at++) {
      const now = channel?.counts ?? NO_CHANNEL;
      layers[at]!.channel = difference(now, before);
      before = now;
    }
  };
  for (const transaction of source.transactions()) {
    const { kind, end, begin } = transaction;
    closeBefore(end ?? Infinity);
    if (kind.startsWith('dram.')) channel?.add(transaction);
    else if (kind === 'axi.read' || kind === 'axi.write') {
      const layer = layers[at];
      if (layer !== undefined && layer.begin <= begin) addBurst(source, layer, transaction, weights);
    }
  }
  closeBefore(Infinity);
  return { layers, channel };
}

function layersOf(source: ReplaySource): ReplayedLayer[] {
  const layers: ReplayedLayer[] = [];
  for (const transaction of source.transactions()) {
    const { kind, begin, end } = transaction;
    if (kind !== 'layer' || end === null) continue;
    layers.push({
      index: numberOf(source, transaction, 'layer'),
      begin,
      end,
      readBursts: 0,
      writeBursts: 0,
      bytesRead: 0,
      weightBytesRead: 0,
      bytesWritten: 0,
      channel: NO_CHANNEL,
    });
  }
  return layers.sort((a, b) => a.begin - b.begin);
}

function addBurst(
  source: ReplaySource,
  layer: ReplayedLayer,
  transaction: TraceTransaction,
  weights: readonly Addresses[],
): void {
  if (transaction.kind === 'axi.write') {
    layer.writeBursts += 1;
    layer.bytesWritten += numberOf(source, transaction, 'bytes');
    return;
  }
  const bytes = numberOf(source, transaction, 'bytes');
  const addr = numberOf(source, transaction, 'addr');
  layer.readBursts += 1;
  layer.bytesRead += bytes;
  const of = weights[layer.index];
  if (of !== undefined && addr >= of.from && addr < of.to) layer.weightBytesRead += bytes;
}

const NO_CHANNEL: ChannelCounts = {
  rowHits: 0,
  rowMisses: 0,
  rowConflicts: 0,
  dramReads: 0,
  dramWrites: 0,
  activates: 0,
  readLatencySum: 0,
  readLatencyCount: 0,
};

function difference(now: ChannelCounts, before: ChannelCounts): ChannelCounts {
  const names = Object.keys(now) as (keyof ChannelCounts)[];
  return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as ChannelCounts;
}

function figuresOf(layer: ReplayedLayer, cycles: number, waves: WaveFigures): LayerFigures {
  const { readBursts, writeBursts, bytesRead, weightBytesRead, bytesWritten, channel } = layer;
  const { readBeats, readHeld, writeBeats, writeHeld, saturations } = waves;
  const memory: MemoryCounts = {
    readBeats,
    writeBeats,
    readHeld,
    writeHeld,
    readBursts,
    writeBursts,
    ...channel,
  };
  const causes = Object.fromEntries(STALL_CAUSES.map((cause, i) => [cause, waves.causes[i] ?? 0])) as Record<
    StallCause,
    number
  >;
  const activationBytesRead = bytesRead - weightBytesRead;
  return {
    cycles,
    causes,
    weightBytesRead,
    activationBytesRead,
    bytesRead,
    bytesWritten,
    memory,
    saturations,
  };
}
