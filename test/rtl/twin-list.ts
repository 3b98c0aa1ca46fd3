import { DspMacc, type PipelineDepth } from '../../src/components/dsp-macc.js';
import { DspRound } from '../../src/components/dsp-round.js';
import { Fifo } from '../../src/components/fifo.js';
import { Lfsr } from '../../src/components/lfsr.js';
import { StructuralArray } from '../../src/components/systolic-array/structural-array.js';
import { SystolicArray } from '../../src/components/systolic-array/systolic-array.js';
import { bits, bool, type Clock, connect, Module, type Signal, Simulator } from '../../src/kernel/index.js';
import { type LfsrWidth, MAXIMAL_TAPS } from '../../src/numbers/lfsr.js';
import { ColumnSink, lottery, type Slice, SliceDriver, wireArray } from '../components/array-bench.js';
import { arrayDesign, type Design, fifoDesign, lfsrDesign, maccDesign, roundDesign } from './designs.js';
import { randomStimulus } from './random-stimulus.js';
import { Recorder, replay } from './replay.js';
import type { RtlInputs, RtlOutputs } from './shell.js';

/** What a component was given and what it answered, a row a cycle. */
export interface Play {
  readonly what: string;
  readonly stimulus: readonly RtlInputs[];
  readonly outputs: readonly RtlOutputs[];
}

/** A component, its Verilog twin, and the inputs under which they are compared. */
export interface Twin {
  readonly name: string;
  readonly design: Design;
  /** Runs the component for so many cycles of each kind of input. */
  play(cycles: number): Play[];
}

/** The classes that twins are built from: the project's, or a copy with a mistake in it. */
export const components = { Fifo, Lfsr, DspMacc, DspRound, SystolicArray, StructuralArray };
export type Components = typeof components;

const SEED = 2015;

function randomPlay(design: Design, cycles: number, build: (sim: Simulator, clock: Clock) => Module): Play {
  const stimulus = randomStimulus(design, SEED, cycles);
  return { what: 'random', stimulus, outputs: replay(design, build, stimulus) };
}

export function fifoTwin(width: number, depth: number, from = components): Twin {
  const design = fifoDesign({ width, depth });
  return {
    name: `fifo ${width} bits x ${depth}`,
    design,
    play: (cycles) => [
      randomPlay(
        design,
        cycles,
        (sim, clock) => new from.Fifo(sim, 'dut', { clock, depth, fields: { data: bits(width) } }),
      ),
    ],
  };
}

export function lfsrTwin(width: LfsrWidth, steps: number, seed: number, from = components): Twin {
  const taps = MAXIMAL_TAPS[width].reduce((mask, tap) => mask + 2 ** (tap - 1), 0);
  const design = lfsrDesign({ width, taps, steps, seed });
  return {
    name: `lfsr ${width} bits, ${steps} shifts`,
    design,
    play: (cycles) => [
      randomPlay(design, cycles, (sim, clock) => new from.Lfsr(sim, 'dut', { clock, width, steps, seed })),
    ],
  };
}

export function maccTwin(l: PipelineDepth, accw: number, from = components): Twin {
  const design = maccDesign({ l, accw });
  return {
    name: `dsp_macc L=${l} ${accw} bits`,
    design,
    play: (cycles) => [
      randomPlay(
        design,
        cycles,
        (sim, clock) => new from.DspMacc(sim, 'dut', { clock, pipeline: l, accumulatorBits: accw }),
      ),
    ],
  };
}

/**
 * All 128 settings of `dsp_round`, 40 cycles each, shift by shift, in both modes soon; the random inputs are quiet where
 * they change.
 */
export function everyRoundSetting(stimulus: readonly RtlInputs[]): RtlInputs[] {
  return stimulus.map((cycle, c) => {
    const block = Math.floor((c + 2) / 40);
    const stochastic = (block ^ (block >> 5)) & 1;
    const relu = ((block >> 1) ^ (block >> 6)) & 1;
    return { ...cycle, shift: block % 32, stochastic, relu };
  });
}

export function roundTwin(from = components): Twin {
  const design = roundDesign();
  return {
    name: 'dsp_round',
    design,
    play: (cycles) => {
      const stimulus = everyRoundSetting(randomStimulus(design, SEED, cycles));
      const outputs = replay(design, (sim, clock) => new from.DspRound(sim, 'dut', { clock }), stimulus);
      return [{ what: 'random, every setting', stimulus, outputs }];
    },
  };
}

export interface ArrayTwinOptions {
  readonly n: number;
  readonly l: PipelineDepth;
  readonly form: 'lazy' | 'ticked' | 'structural';
  readonly accw?: number;
  readonly depth?: number;
}

export function arrayTwin({ n, l, form, accw = 48, depth }: ArrayTwinOptions, from = components): Twin {
  const design = arrayDesign({ n, l, accw, ...(depth === undefined ? {} : { depth }) });
  const build = (sim: Simulator, clock: Clock): SystolicArray | StructuralArray => {
    const size = depth === undefined ? {} : { outputDepth: depth };
    const spec = { clock, n, pipeline: l, accumulatorBits: accw, ...size };
    return form === 'structural'
      ? new from.StructuralArray(sim, 'dut', spec)
      : new from.SystolicArray(sim, 'dut', { ...spec, ticked: form === 'ticked' });
  };
  return {
    name: `systolic_array n=${n} L=${l}${accw === 48 ? '' : ` ${accw} bits`}${depth === undefined ? '' : ` depth ${depth}`}, ${form}`,
    design,
    play: (cycles) => [randomPlay(design, cycles, build), closedLoop(design, n, accw, cycles, build)],
  };
}

/** Holds `rst` for two cycles. */
class PowerOn extends Module {
  readonly rst: Signal;
  private cycle = 0;

  constructor(sim: Simulator, clock: Clock) {
    super(sim, 'power_on');
    this.rst = this.output('rst', bool);
    this.rst.write(1);
    this.edge(clock, this.tick);
  }

  private tick(): boolean {
    this.cycle += 1;
    if (this.cycle === 2) this.rst.write(0);
    return this.cycle < 2;
  }
}

/**
 * As the machine drives the array: tiles back to back, each slice held until it is taken, columns that take results
 * at once for a while and then refuse them for a while, each by itself.
 */
function closedLoop(
  design: Design,
  n: number,
  accw: number,
  cycles: number,
  build: (sim: Simulator, clock: Clock) => SystolicArray | StructuralArray,
): Play {
  const draw = lottery(SEED);
  const word = (): number => (draw(6) === 0 ? [-32768, 32767, 0, -1][draw(4)]! : draw(65536) - 32768);
  const slices: Slice[] = [];
  while (slices.length < cycles) {
    const length = 1 + draw(draw(3) === 0 ? 3 : 3 * n);
    const tile = { m: draw(2) === 0 ? n : 1 + draw(n), nc: draw(2) === 0 ? n : 1 + draw(n) };
    for (let k = 0; k < length; k++) {
      const a = Array.from({ length: n }, word);
      const b = Array.from({ length: n }, word);
      const gap = slices.length === 0 ? 4 : 0;
      slices.push({ gap, first: k === 0, last: k === length - 1, ...tile, a, b });
    }
  }
  const open = Array.from({ length: n * (cycles + 1) }, () => true);
  for (let j = 0; j < n; j++) {
    for (let c = 0; c < cycles;) {
      const chance = [1, 1, 2, 5, 0][draw(5)]!;
      const end = c + 1 + draw(12 * n);
      for (; c < end; c++) open[c * n + j] = chance > 0 && draw(chance) === 0;
    }
  }
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const array = build(sim, clock);
  const driver = new SliceDriver(sim, 'driver', clock, n, slices);
  const sink = new ColumnSink(sim, 'sink', clock, n, accw, (c, j) => open[c * n + j] ?? true);
  wireArray(driver, array, sink);
  connect(new PowerOn(sim, clock).rst, array.rst);
  const recorder = new Recorder(sim, clock, array, design);
  sim.run({ cycles });
  return {
    what: `back to back, ${sink.got.length} results`,
    stimulus: recorder.stimulus,
    outputs: recorder.outputs,
  };
}
