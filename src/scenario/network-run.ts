import { createHash } from 'node:crypto';
import { type Simulator, WatchdogError } from '../kernel/index.js';
import { FunctionalGupta } from '../machines/gupta/functional.js';
import type { Gupta } from '../machines/gupta/gupta.js';
import type { LayerPlan, MachineLayer } from '../machines/gupta/plan.js';
import { GuptaRunner, type LayerRun, type RunSettings } from '../machines/gupta/runner.js';
import { type DataSet, imageBytes, imageCodes, imageFloats } from '../networks/data-set.js';
import { bestClass, runFloat } from '../networks/float-forward.js';
import { runHostStep } from '../networks/host-step.js';
import type { LoadedNetwork } from '../networks/network-file.js';
import { type ProductStep, quantise, type QuantisedNetwork } from '../networks/quantise.js';
import { type ReferenceOptions, runReference } from '../networks/reference.js';
import { memoryDocument } from './memory-figures.js';
import { type Difference, firstDifference } from './first-difference.js';
import { canonicalConfig, type RunConfig } from './run-config.js';
import type { RunDocument } from './run-document.js';
import {
  addRun,
  emptyTally,
  runDocument,
  type RunFrame,
  type RunResult,
  type StepFrame,
} from './run-figures.js';
import { beginRun, endRun } from './run-record.js';

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
  const frame = frameOf(options, network, runner);
  const transaction = beginRun(frame, runner);

  const tallies = network.steps.map(emptyTally);
  const predictions: number[] = [];
  const outputs: Int16Array[] = [];
  let difference: Difference | null = null;
  let checked = 0;
  let stopped = false;
  let used = 0;
  /** Saturations by step in images that the machine did not run. */
  const unseen = network.steps.map(() => 0);

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
          if (image > 0) {
            tallies[s] = { ...tallies[s]!, saturations: tallies[s]!.saturations + run.saturations };
            unseen[s]! += run.saturations;
          }
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
  const result: RunResult = {
    predictions,
    labels,
    partial: stopped,
    check: { images: checked, equal: difference === null, firstDifference: difference },
    float: float === null ? null : { accuracy: float },
  };
  const side = runner.machine.memory;
  endRun(transaction, runner, result, tallies, unseen);
  return runDocument(
    frame,
    machine,
    side.ddr3?.spec ?? null,
    tallies,
    result,
    memoryDocument(machine, side.ddr3 === null ? null : { spec: side.ddr3.spec, report: side.ddr3.report }),
  );
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

/** What is known of a run before its first cycle. */
function frameOf(options: NetworkRunOptions, network: QuantisedNetwork, runner: GuptaRunner): RunFrame {
  const { config, loaded } = options;
  const { plans } = runner;
  let product = 0;
  const steps = network.steps.map((step): StepFrame => {
    const { name } = step;
    const input = map(step.input);
    if (step.kind === 'host')
      return { name, op: 'host', input, output: map(step.output), kernel: null, macs: 0, plan: null };
    const plan = plans[product++]!;
    return {
      name,
      op: step.op,
      input,
      output: map(step.pool?.output ?? step.output),
      kernel: [step.kernel[0], step.kernel[1]],
      macs: plan.macs,
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
  return {
    network: loaded.network.name,
    machine: config.machine.machine,
    mode: options.fast ? 'fast' : 'cycle',
    data: options.data.name,
    formats: {
      weights: `<${16 - config.fl},${config.fl}>`,
      activations: `<${ACTIVATION.il},${ACTIVATION.fl}>`,
    },
    rounding: config.rounding,
    seed: config.seed,
    saturatedWeights: network.saturated,
    steps,
    hashes: {
      config: sha256(JSON.stringify(sorted(canonicalConfig(config)))),
      network: sha256(JSON.stringify(sorted([loaded.network.input, loaded.network.layers]))),
      weights: weightsHash(plans.map((plan) => plan.layer)),
    },
  };
}

function map(of: { channels: number; height: number; width: number }): {
  channels: number;
  height: number;
  width: number;
} {
  return { channels: of.channels, height: of.height, width: of.width };
}

/** With sorted keys: equal values give equal texts. */
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
