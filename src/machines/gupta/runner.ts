import { type Clock, Simulator } from '../../kernel/index.js';
import { STALL_CAUSES, type StallCause } from '../../components/top/stall-causes.js';
import { packDescriptor, PAGE_BYTES } from '../../components/top/layer-descriptor.js';
import { blowUp, hostPool } from './blow-up.js';
import { Gupta } from './gupta.js';
import { countsSince, type MemoryCounts, memoryCounts } from './memory-counts.js';
import { describeLayer, type LayerPlan, type MachineLayer, packWeights, planLayer } from './plan.js';
import type { GuptaSpec } from './spec.js';

/** What the machine did in one layer of one image. */
export interface LayerRun {
  /** [channels, height, width] after pooling. */
  readonly output: Int16Array;
  readonly cycles: number;
  /** Cycles by cause; they add up to `cycles`. */
  readonly causes: Readonly<Record<StallCause, number>>;
  /** From DDR3, whole beats: of weights, of activations, and both together. */
  readonly weightBytesRead: number;
  readonly activationBytesRead: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** What crossed the AXI link and what the DDR3 channel did meanwhile. */
  readonly memory: MemoryCounts;
  readonly saturations: number;
}

export interface RunSettings {
  readonly stochastic: boolean;
  readonly seed: number;
}

const WORD_BYTES = 2;
/** Instants between two looks at the host: some milliseconds. */
const SLICE_INSTANTS = 20_000;
const limit = (maxCycles: number): { maxCycles?: number } => (maxCycles === Infinity ? {} : { maxCycles });

/**
 * A machine with a network in its memory: places weights and tensors in DDR3, and runs layers through TOP. Tensors begin
 * at pages; a layer reads what the one before it wrote.
 */
export class GuptaRunner {
  readonly sim: Simulator;
  readonly clock: Clock;
  readonly machine: Gupta;
  readonly plans: readonly LayerPlan[];
  private readonly weightPages: number[] = [];
  private readonly inputPages: number[] = [];
  private readonly outputPages: number[] = [];

  /**
   * @param prepare called with the simulation before the machine is built: overrides, options of an experiment
   * @throws ConfigError when a layer does not fit the machine
   */
  constructor(
    spec: GuptaSpec,
    layers: readonly MachineLayer[],
    settings: { readonly seed: number; readonly checkWidths?: boolean },
    prepare?: (sim: Simulator) => void,
  ) {
    this.plans = layers.map((layer) => planLayer(spec, layer));
    this.sim = new Simulator({ seed: settings.seed, checkWidths: settings.checkWidths ?? false });
    prepare?.(this.sim);
    this.clock = this.sim.clock('array', spec.clockHz);
    const busHz = spec.memory.clockHz;
    const bus = busHz === null ? {} : { busClock: this.sim.clock('bus', busHz) };
    this.machine = new Gupta(this.sim, 'gupta', { ...spec, clock: this.clock, ...bus });
    let page = 1;
    const take = (words: number): number => {
      const at = page;
      page += Math.ceil((words * WORD_BYTES) / PAGE_BYTES);
      return at;
    };
    for (const plan of this.plans) {
      const { walked } = plan;
      const weights = packWeights(plan, spec.n);
      this.weightPages.push(take(weights.length));
      this.machine.memory.load(this.weightPages.at(-1)! * PAGE_BYTES, weights);
      this.inputPages.push(take(size(walked.input)));
      this.outputPages.push(take(size(walked.pool?.output ?? walked.output)));
    }
  }

  /**
   * Runs layer `index` on `input`. When `input` is the very array that the previous layer's run returned, it is read from
   * where that layer wrote it; otherwise the host writes it first (its time is not counted), in blown-up mode as a matrix.
   * @throws WatchdogError after `maxCycles`; DeadlockError naming who waits for whom
   */
  runLayer(
    index: number,
    input: Int16Array,
    image: number,
    settings: RunSettings,
    maxCycles = Infinity,
  ): LayerRun {
    const run = this.begin(index, input, image, settings);
    this.sim.run({ until: run.done, ...limit(maxCycles) });
    return run.end();
  }

  /**
   * The same in slices, letting the host breathe between them; a control word of 2 ends it at the next cycle boundary,
   * and the answer is then null.
   */
  async runLayerInSlices(
    index: number,
    input: Int16Array,
    image: number,
    settings: RunSettings,
    options: { readonly control: Int32Array; readonly maxCycles?: number },
  ): Promise<LayerRun | null> {
    const run = this.begin(index, input, image, settings);
    const { reason } = await this.sim.runSliced({
      until: run.done,
      instants: SLICE_INSTANTS,
      control: options.control,
      ...limit(options.maxCycles ?? Infinity),
    });
    return reason === 'stopped' ? null : run.end();
  }

  /** Byte addresses of a layer's weights: the first, and the one behind the last. */
  weightAddresses(index: number): { readonly from: number; readonly to: number } {
    return { from: this.weightPages[index]! * PAGE_BYTES, to: this.inputPages[index]! * PAGE_BYTES };
  }

  /** Byte address of a layer's output tensor. */
  outputAddress(index: number): number {
    return this.outputPages[index]! * PAGE_BYTES;
  }

  /** Hands a layer to the machine; the caller runs the simulation until `done`, then takes the results with `end`. */
  begin(
    index: number,
    input: Int16Array,
    image: number,
    settings: RunSettings,
  ): { done: () => boolean; end: () => LayerRun } {
    const { machine } = this;
    const plan = this.plans[index]!;
    const { layer, walked } = plan;
    const isBlownUp = walked !== layer;
    let inputPage = this.inputPages[index]!;
    if (!isBlownUp && index > 0 && input === this.latestOutput && this.latestIndex === index - 1)
      inputPage = this.outputPages[index - 1]!;
    else machine.memory.load(inputPage * PAGE_BYTES, isBlownUp ? blowUp(layer, input) : input);
    const outputPage = this.outputPages[index]!;
    const descriptor = describeLayer(plan, {
      inputPage,
      weightPage: this.weightPages[index]!,
      outputPage,
      layer: index,
      layers: this.plans.length,
      image,
      seed: settings.seed >>> 0,
      stochastic: settings.stochastic,
    });
    const { memory, top, readMeter } = machine;
    const before = {
      weights: readMeter.weightBytes,
      activations: readMeter.activationBytes,
      read: memory.bytesRead,
      written: memory.bytesWritten,
      memory: memoryCounts(memory),
      saturations: machine.saturations,
    };
    const finished = top.finished.length;
    machine.host.submit(packDescriptor(layer.name, descriptor));
    const end = (): LayerRun => {
      const counts = top.finished[finished]!;
      const written = memory.dump(outputPage * PAGE_BYTES, size(walked.pool?.output ?? walked.output));
      const isHostPooled = isBlownUp && layer.pool !== null;
      const output = isHostPooled ? hostPool(layer, written) : written;
      // What the host pooled is not yet in memory.
      this.latestOutput = isHostPooled ? null : output;
      this.latestIndex = index;
      const causes: Partial<Record<StallCause, number>> = {};
      STALL_CAUSES.forEach((cause, i) => (causes[cause] = counts.causes[i]!));
      return {
        output,
        cycles: counts.cycles,
        causes: causes as Record<StallCause, number>,
        weightBytesRead: readMeter.weightBytes - before.weights,
        activationBytesRead: readMeter.activationBytes - before.activations,
        bytesRead: memory.bytesRead - before.read,
        bytesWritten: memory.bytesWritten - before.written,
        memory: countsSince(memoryCounts(memory), before.memory),
        saturations: machine.saturations - before.saturations,
      };
    };
    return { done: () => top.finished.length > finished, end };
  }

  private latestOutput: Int16Array | null = null;
  private latestIndex = -1;
}

function size(map: { channels: number; height: number; width: number }): number {
  return map.channels * map.height * map.width;
}
