import { STALL_CAUSES, type StallCause } from '../components/top/stall-causes.js';
import type { Ddr3Spec } from '../components/ddr3/spec.js';
import { noCounts, sumOfCounts } from '../machines/gupta/memory-counts.js';
import type { LayerRun } from '../machines/gupta/runner.js';
import { bram36Use, type GuptaSpec } from '../machines/gupta/spec.js';
import { layerMemory, type MemoryTally } from './memory-figures.js';
import type { LayerDocument, MemoryDocument, RunDocument } from './run-document.js';

/** Of a step what is known before it runs. */
export type StepFrame = Pick<LayerDocument, 'name' | 'op' | 'input' | 'output' | 'kernel' | 'macs' | 'plan'>;

/** Of a run what is known before it runs. */
export interface RunFrame extends Pick<
  RunDocument,
  'network' | 'machine' | 'mode' | 'data' | 'formats' | 'rounding' | 'seed' | 'saturatedWeights' | 'hashes'
> {
  readonly steps: readonly StepFrame[];
}

/** What came of a run, beside what the machine did. */
export type RunResult = Pick<RunDocument, 'predictions' | 'labels' | 'partial' | 'check' | 'float'>;

/** What the machine did in one layer of one image. */
export type LayerFigures = Omit<LayerRun, 'output'>;

/** Sums over the images of one step. */
export interface Tally extends MemoryTally {
  readonly causes: Record<StallCause, number>;
  /** Cycles of the shortest and of the longest image. */
  readonly least: number;
  readonly most: number;
  readonly saturations: number;
  readonly wraps: number;
}

export function emptyTally(): Tally {
  const causes = Object.fromEntries(STALL_CAUSES.map((cause) => [cause, 0])) as Record<StallCause, number>;
  return {
    runs: 0,
    cycles: 0,
    causes,
    bytesRead: 0,
    weightBytesRead: 0,
    activationBytesRead: 0,
    bytesWritten: 0,
    memory: noCounts,
    least: Infinity,
    most: 0,
    saturations: 0,
    wraps: 0,
  };
}

/** Adds one image. */
export function addRun(tally: Tally, run: LayerFigures): Tally {
  const causes = { ...tally.causes };
  for (const cause of STALL_CAUSES) causes[cause] += run.causes[cause];
  return {
    runs: tally.runs + 1,
    cycles: tally.cycles + run.cycles,
    causes,
    bytesRead: tally.bytesRead + run.bytesRead,
    weightBytesRead: tally.weightBytesRead + run.weightBytesRead,
    activationBytesRead: tally.activationBytesRead + run.activationBytesRead,
    bytesWritten: tally.bytesWritten + run.bytesWritten,
    memory: sumOfCounts(tally.memory, run.memory),
    least: Math.min(tally.least, run.cycles),
    most: Math.max(tally.most, run.cycles),
    saturations: tally.saturations + run.saturations,
    wraps: tally.wraps,
  };
}

/**
 * The document of a run: its frame, what the machine did by step, and what came of it.
 *
 * @param dram null with an ideal memory; @param memory the off-chip side of the whole run
 */
export function runDocument(
  frame: RunFrame,
  machine: GuptaSpec,
  dram: Ddr3Spec | null,
  tallies: readonly Tally[],
  result: RunResult,
  memory: MemoryDocument,
): RunDocument {
  const { n, clockHz } = machine;
  const cells = n * n;
  const { steps, hashes, ...known } = frame;
  const layers = steps.map((step, s) => layerDocument(step, machine, dram, tallies[s]!));
  const sum = (of: (layer: LayerDocument) => number): number =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const macs = sum((l) => l.macs);
  const cycles = sum((l) => l.cycles ?? 0);
  const seconds = cycles / clockHz;
  const right = result.predictions.filter((prediction, i) => prediction === result.labels[i]).length;
  return {
    schema: 'marblewave.run/1',
    network: known.network,
    machine: known.machine,
    mode: known.mode,
    images: result.predictions.length,
    data: known.data,
    accuracy: result.labels.length === 0 ? null : right / result.predictions.length,
    predictions: result.predictions,
    labels: result.labels,
    partial: result.partial,
    check: result.check,
    float: result.float,
    formats: known.formats,
    rounding: known.rounding,
    seed: known.seed,
    n,
    clockHz,
    bram36: bram36Use(machine),
    saturatedWeights: known.saturatedWeights,
    layers,
    totals: {
      macs,
      cycles,
      microseconds: seconds * 1e6,
      utilisation: cycles === 0 ? 0 : macs / (cycles * cells),
      gops: seconds === 0 ? 0 : (2 * macs) / seconds / 1e9,
      stalls: Object.fromEntries(
        STALL_CAUSES.map((cause) => [cause, sum((l) => l.stalls?.[cause] ?? 0)]),
      ) as Record<StallCause, number>,
      ...layerMemory(machine, dram, totalOf(tallies)),
      saturations: sum((l) => l.saturations),
      simulatedCycles: tallies.reduce((total, tally) => total + tally.cycles, 0),
    },
    memory,
    hashes,
  };
}

function layerDocument(
  step: StepFrame,
  machine: GuptaSpec,
  dram: Ddr3Spec | null,
  tally: Tally,
): LayerDocument {
  const { saturations, wraps } = tally;
  const { name, op, input, output, kernel, macs, plan } = step;
  if (op === 'host') {
    const none = {
      kernel: null,
      macs: 0,
      cycles: null,
      microseconds: null,
      utilisation: null,
      cyclesRange: null,
      stalls: null,
      ddr3: null,
      axi: null,
      plan: null,
    };
    return { name, op, input, output, saturations, wraps, ...none };
  }
  const cycles = Math.round(tally.cycles / Math.max(1, tally.runs));
  return {
    name,
    op,
    input,
    output,
    kernel,
    macs,
    cycles,
    microseconds: (cycles / machine.clockHz) * 1e6,
    utilisation: cycles === 0 ? 0 : macs / (cycles * machine.n ** 2),
    cyclesRange: tally.runs === 0 ? [0, 0] : [tally.least, tally.most],
    stalls: meanCauses(tally, cycles),
    ...layerMemory(machine, dram, tally),
    saturations,
    wraps,
    plan,
  };
}

/** Mean cycles by cause as whole numbers that add up to `cycles`: what rounding leaves goes to those that lost most. */
function meanCauses(tally: Tally, cycles: number): Record<StallCause, number> {
  const runs = Math.max(1, tally.runs);
  const exact = STALL_CAUSES.map((cause) => tally.causes[cause] / runs);
  const whole = exact.map(Math.floor);
  const order = STALL_CAUSES.map((_, i) => i).sort((a, b) => exact[b]! - whole[b]! - (exact[a]! - whole[a]!));
  const left = cycles - whole.reduce((sum, value) => sum + value, 0);
  for (let i = 0; i < left; i++) whole[order[i]!]! += 1;
  return Object.fromEntries(STALL_CAUSES.map((cause, i) => [cause, whole[i]!])) as Record<StallCause, number>;
}

/** All layers of an image together; each ran on as many images. */
function totalOf(tallies: readonly Tally[]): MemoryTally {
  const ran = tallies.filter((tally) => tally.runs > 0);
  const sum = (of: (tally: Tally) => number): number => ran.reduce((total, tally) => total + of(tally), 0);
  return {
    runs: ran[0]?.runs ?? 0,
    cycles: sum((tally) => tally.cycles),
    bytesRead: sum((tally) => tally.bytesRead),
    weightBytesRead: sum((tally) => tally.weightBytesRead),
    activationBytesRead: sum((tally) => tally.activationBytesRead),
    bytesWritten: sum((tally) => tally.bytesWritten),
    memory: ran.reduce((total, tally) => sumOfCounts(total, tally.memory), noCounts),
  };
}
