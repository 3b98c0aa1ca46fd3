import { createHash } from 'node:crypto';
import { STALL_CAUSES, type StallCause } from '../components/top/stall-causes.js';
import { type Simulator, WatchdogError } from '../kernel/index.js';
import { FunctionalGupta } from '../machines/gupta/functional.js';
import type { Gupta } from '../machines/gupta/gupta.js';
import { noCounts, sumOfCounts } from '../machines/gupta/memory-counts.js';
import type { LayerPlan, MachineLayer } from '../machines/gupta/plan.js';
import { bram36Use } from '../machines/gupta/spec.js';
import { GuptaRunner, type LayerRun, type RunSettings } from '../machines/gupta/runner.js';
import { type DataSet, imageBytes, imageCodes, imageFloats } from '../networks/data-set.js';
import { bestClass, runFloat } from '../networks/float-forward.js';
import { runHostStep } from '../networks/host-step.js';
import type { LoadedNetwork } from '../networks/network-file.js';
import { type ProductStep, quantise, type QuantisedNetwork } from '../networks/quantise.js';
import { type ReferenceOptions, runReference } from '../networks/reference.js';
import { layerMemory, memoryDocument, type MemoryTally } from './memory-figures.js';
import { type Difference, firstDifference } from './first-difference.js';
import type { RunConfig } from './run-config.js';
import type { LayerDocument, RunDocument } from './run-document.js';

/** Activations, unless a layer says otherwise. */
const ACTIVATION = { il: 6, fl: 10 };
/** Images of a fast run that are compared with the plain reference. */
const FAST_CHECKS = 16;
/** Images between two looks at the host in a fast run. */
const FAST_SLICE = 64;

export interface NetworkRunOptions {
  readonly config: RunConfig;
  readonly loaded: LoadedNetwork;
  readonly data: DataSet;
  readonly images: number;
  /** Functional mode: image 0 in cycle mode, all in the machine's arithmetic without cycles. */
  readonly fast: boolean;
  /** Run the float network on the same images, to compare accuracies. */
  readonly float: boolean;
  /** Watchdog over the whole run, cycles. */
  readonly maxCycles?: number;
  /** One shared word: 2 ends the run at the next cycle boundary. */
  readonly control: Int32Array;
  /** Told before each image and layer. */
  readonly progress?: (at: {
    readonly image: number;
    readonly images: number;
    readonly step: string;
  }) => void;
  /** Called with the simulation before the machine is built, and again once it is. */
  readonly prepare?: (sim: Simulator) => void;
  readonly built?: (sim: Simulator, machine: Gupta) => void;
}

/** Sums over the images of one step. */
interface Tally extends MemoryTally {
  readonly causes: Record<StallCause, number>;
  /** Cycles of the shortest and of the longest image. */
  readonly least: number;
  readonly most: number;
  readonly saturations: number;
  readonly wraps: number;
}

/**
 * Runs a network over images on the fixed-point machine, compares every layer's output with the plain reference, and gives
 * the document that reports and `--json` print.
 * @throws ConfigError, NetworkError before anything runs; DeadlockError, WatchdogError from the machine
 */
export async function runNetwork(options: NetworkRunOptions): Promise<RunDocument> {
  const { config, loaded, data, images, control } = options;
  const { machine, rounding, seed } = config;
  const network = quantise(loaded.network, loaded.weights, { flWeights: config.fl, activation: ACTIVATION });
  const products = network.steps.filter((step): step is ProductStep => step.kind === 'product');
  const settings: RunSettings = { stochastic: rounding === 'stochastic', seed };
  const runner = new GuptaRunner(machine, products, { seed }, options.prepare);
  options.built?.(runner.sim, runner.machine);

  const tallies = network.steps.map(emptyTally);
  const predictions: number[] = [];
  const outputs: Int16Array[] = [];
  let difference: Difference | null = null;
  let checked = 0;
  let stopped = false;
  let used = 0;

  const compare = (image: number): void => {
    const want = runReference(network, codes(image), referenceOptions(config, runner.plans, image));
    checked += 1;
    network.steps.forEach((_, s) => {
      tallies[s] = { ...tallies[s]!, wraps: tallies[s]!.wraps + want.wraps[s]! };
    });
    difference ??= firstDifference(image, network.steps, want.outputs, outputs);
  };
  const codes = (image: number): Int16Array => imageCodes(imageBytes(data, image), network.flInput);

  const cycleImages = options.fast ? Math.min(1, images) : images;
  for (let image = 0; image < cycleImages && !stopped; image++) {
    let values = codes(image);
    let product = 0;
    for (const [s, step] of network.steps.entries()) {
      options.progress?.({ image, images, step: step.name });
      await breathe();
      if (step.kind === 'host') values = runHostStep(step, values);
      else {
        const run: LayerRun | null = await watched(options, used, runner, (limit) =>
          runner.runLayerInSlices(product, values, image, settings, { control, ...limit }),
        );
        if (run === null) {
          stopped = true;
          break;
        }
        used += run.cycles;
        tallies[s] = addRun(tallies[s]!, run);
        values = run.output;
        product += 1;
      }
      outputs[s] = values;
    }
    if (stopped) break;
    predictions.push(bestClass(values));
    compare(image);
  }

  if (options.fast && !stopped) {
    const fast = new FunctionalGupta(machine, products);
    const slow = outputs.slice();
    for (let image = 0; image < images; image++) {
      if (image % FAST_SLICE === 0) {
        options.progress?.({ image, images, step: 'fast' });
        await breathe();
        if (Atomics.load(control, 0) !== 0) {
          stopped = true;
          break;
        }
      }
      let values = codes(image);
      let product = 0;
      for (const [s, step] of network.steps.entries()) {
        if (step.kind === 'host') values = runHostStep(step, values);
        else {
          const run = fast.runLayer(product, values, image, settings);
          // Image 0's saturations were counted in cycle mode.
          if (image > 0)
            tallies[s] = { ...tallies[s]!, saturations: tallies[s]!.saturations + run.saturations };
          values = run.output;
          product += 1;
        }
        outputs[s] = values;
      }
      if (image === 0) {
        difference ??= firstDifference(image, network.steps, slow, outputs);
      } else {
        predictions.push(bestClass(values));
        if (image < FAST_CHECKS) compare(image);
      }
    }
  }

  const done = predictions.length;
  const labels = [...data.labels.subarray(0, done)];
  let float: number | null = null;
  if (options.float && !stopped && labels.length > 0) {
    float = await floatAccuracy(options, done);
    stopped = float === null;
  }
  return assemble(options, network, runner, tallies, {
    predictions,
    labels,
    partial: stopped,
    simulatedCycles: used,
    check: { images: checked, equal: difference === null, firstDifference: difference },
    float: float === null ? null : { accuracy: float },
  });
}

/** Cycles in which the host hands a layer over and takes it back: no layer's own. */
const HAND_OVER_CYCLES = 8;

/**
 * Runs a layer under the watchdog, which counts the cycles that the report counts, all layers and images together.
 * @throws WatchdogError with the limit that was given
 */
async function watched(
  { maxCycles }: NetworkRunOptions,
  used: number,
  runner: GuptaRunner,
  runLayer: (limit: { maxCycles?: number }) => Promise<LayerRun | null>,
): Promise<LayerRun | null> {
  if (maxCycles === undefined) return runLayer({});
  const late = (): WatchdogError => new WatchdogError(runner.clock.name, maxCycles, runner.sim.waits());
  let run: LayerRun | null;
  try {
    run = await runLayer({ maxCycles: Math.max(1, maxCycles - used + HAND_OVER_CYCLES) });
  } catch (error) {
    throw error instanceof WatchdogError ? late() : error;
  }
  if (run !== null && used + run.cycles > maxCycles) throw late();
  return run;
}

/** Lets the host see to its events: an interrupt, a terminal. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function emptyTally(): Tally {
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

function addRun(tally: Tally, run: LayerRun): Tally {
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

function referenceOptions(config: RunConfig, plans: readonly LayerPlan[], image: number): ReferenceOptions {
  if (config.rounding === 'nearest') return { rounding: 'nearest' };
  const { n } = config.machine;
  return {
    rounding: 'stochastic',
    seed: config.seed,
    schedules: plans.map((plan, layerIndex) => ({
      n,
      p: plan.panels,
      bandRows: plan.bandRows,
      bandPixels: plan.bandPixels,
      image,
      layerIndex,
      layers: plans.length,
    })),
  };
}

/** Null when it was stopped: a part of the images would be another figure. */
async function floatAccuracy(options: NetworkRunOptions, images: number): Promise<number | null> {
  const { loaded, data, control } = options;
  let right = 0;
  for (let image = 0; image < images; image++) {
    if (image % FAST_SLICE === 0) {
      options.progress?.({ image, images, step: 'float' });
      await breathe();
      if (Atomics.load(control, 0) !== 0) return null;
    }
    if (
      bestClass(runFloat(loaded.network, loaded.weights, imageFloats(imageBytes(data, image)))) ===
      data.labels[image]
    )
      right += 1;
  }
  return right / images;
}

function assemble(
  options: NetworkRunOptions,
  network: QuantisedNetwork,
  runner: GuptaRunner,
  tallies: readonly Tally[],
  result: Pick<RunDocument, 'predictions' | 'labels' | 'partial' | 'check' | 'float'> & {
    readonly simulatedCycles: number;
  },
): RunDocument {
  const { config, loaded } = options;
  const { plans } = runner;
  const { n, clockHz } = config.machine;
  const cells = n * n;
  let product = 0;
  const layers = network.steps.map((step, s): LayerDocument => {
    const tally = tallies[s]!;
    const { saturations, wraps } = tally;
    if (step.kind === 'host') {
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
      return {
        name: step.name,
        op: 'host',
        input: map(step.input),
        output: map(step.output),
        saturations,
        wraps,
        ...none,
      };
    }
    const plan = plans[product++]!;
    const runs = Math.max(1, tally.runs);
    const cycles = Math.round(tally.cycles / runs);
    return {
      name: step.name,
      op: step.op,
      input: map(step.input),
      output: map(step.pool?.output ?? step.output),
      kernel: [step.kernel[0], step.kernel[1]],
      macs: plan.macs,
      cycles,
      microseconds: (cycles / clockHz) * 1e6,
      utilisation: cycles === 0 ? 0 : plan.macs / (cycles * cells),
      cyclesRange: tally.runs === 0 ? [0, 0] : [tally.least, tally.most],
      stalls: meanCauses(tally, cycles),
      ...layerMemory(config.machine, runner.machine.memory.ddr3?.spec ?? null, tally),
      saturations,
      wraps,
      plan: {
        kprime: plan.kprime,
        panels: plan.panels,
        panelsWanted: plan.panelsWanted,
        bands: plan.bands,
        bandRows: plan.bandRows,
        blownUp: plan.walked !== plan.layer,
        hostPool: plan.walked.pool === null && plan.layer.pool !== null,
      },
    };
  });
  const sum = (of: (layer: LayerDocument) => number): number =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const macs = sum((l) => l.macs);
  const cycles = sum((l) => l.cycles ?? 0);
  const seconds = cycles / clockHz;
  const right = result.predictions.filter((prediction, i) => prediction === result.labels[i]).length;
  const { simulatedCycles, ...shown } = result;
  return {
    schema: 'marblewave.run/1',
    network: loaded.network.name,
    machine: config.machine.machine,
    mode: options.fast ? 'fast' : 'cycle',
    images: result.predictions.length,
    data: options.data.name,
    accuracy: result.labels.length === 0 ? null : right / result.predictions.length,
    ...shown,
    formats: {
      weights: `<${16 - config.fl},${config.fl}>`,
      activations: `<${ACTIVATION.il},${ACTIVATION.fl}>`,
    },
    rounding: config.rounding,
    seed: config.seed,
    n,
    clockHz,
    bram36: bram36Use(config.machine),
    saturatedWeights: network.saturated,
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
      ...layerMemory(config.machine, runner.machine.memory.ddr3?.spec ?? null, totalOf(tallies)),
      saturations: sum((l) => l.saturations),
      simulatedCycles,
    },
    memory: memoryDocument(config.machine, runner.machine.memory),
    hashes: {
      config: sha256(canonical(config)),
      network: sha256(JSON.stringify(sorted([loaded.network.input, loaded.network.layers]))),
      weights: weightsHash(plans.map((plan) => plan.layer)),
    },
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

function map(of: { channels: number; height: number; width: number }): {
  channels: number;
  height: number;
  width: number;
} {
  return { channels: of.channels, height: of.height, width: of.width };
}

/** JSON with sorted keys: equal configurations give equal texts. How the array is simulated changes no result and is left out. */
function canonical(config: RunConfig): string {
  const { array: _, ...machine } = config.machine;
  return JSON.stringify(sorted({ ...config, machine }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function weightsHash(layers: readonly MachineLayer[]): string {
  const hash = createHash('sha256');
  for (const { weights, bias } of layers) {
    hash.update(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));
    if (bias !== null) hash.update(new Uint8Array(bias.buffer, bias.byteOffset, bias.byteLength));
  }
  return hash.digest('hex');
}
