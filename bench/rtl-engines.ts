import { fileURLToPath } from 'node:url';
import { engineNames, engineReport } from '../src/rtl/engines.js';
import { loadRtl, type RtlLoad } from '../src/rtl/load.js';
import type { RtlModel } from '../src/rtl/model.js';
import type { RtlPort } from '../src/rtl/port.js';
import { type Bench, type BenchResult, type Figure, median } from './harness.js';

const rtl = (name: string): string => fileURLToPath(new URL(`../rtl/${name}.v`, import.meta.url));

const DESIGNS: readonly (readonly [name: string, RtlLoad])[] = [
  ['fifo 16 × 16', { files: [rtl('fifo')], top: 'fifo' }],
  [
    'array 8×8',
    {
      files: ['systolic_array', 'dsp_macc', 'fifo'].map(rtl),
      top: 'systolic_array',
      parameters: { N: 8, L: 3 },
    },
  ],
];

/** Rounds of timing, and what a round of either kind takes about. */
const ROUNDS = 5;

/** Engines list ports in their own orders. */
const byName = (model: RtlModel): RtlPort[] => model.ports.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Numbers for inputs, the same on every engine. */
function inputWords(model: RtlModel, cycles: number): Uint32Array {
  const words = new Uint32Array(cycles * model.inputWords);
  let state = 1;
  for (const { direction, name, word, words: count, width } of byName(model)) {
    if (direction !== 'input' || name === 'clk') continue;
    for (let c = 0; c < cycles; c++)
      for (let k = 0; k < count; k++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const bits = Math.min(32, width - 32 * k);
        const drawn = name === 'rst' ? Number(c < 2) : state >>> (32 - bits);
        words[c * model.inputWords + word + k] = drawn;
      }
  }
  return words;
}

/** Pokes every input and peeks every output in each cycle; returns the sum of what it saw. */
function byPort(model: RtlModel, cycles: number): bigint {
  const inputs = byName(model).filter(({ direction, name }) => direction === 'input' && name !== 'clk');
  const outputs = model.ports.filter(({ direction }) => direction === 'output');
  let sum = 0n;
  for (let c = 0; c < cycles; c++) {
    for (const port of inputs) {
      const { name, width } = port;
      if (name === 'rst') model.poke(port, Number(c < 2));
      else if (width <= 32) model.poke(port, (Math.imul(c, 0x9e37_79b1) >>> 3) % 2 ** width);
      else model.poke(port, BigInt.asUintN(width, 0x1234_5678_9abc_def1n * BigInt(c)));
    }
    model.eval();
    for (const port of outputs) {
      const value = model.peek(port);
      if (value !== 'x' && c > 1) sum += BigInt(value);
    }
    model.step();
  }
  return sum;
}

function inBulk(model: RtlModel, inputs: Uint32Array): bigint {
  const cycles = inputs.length / model.inputWords;
  const outputs = new Uint32Array(cycles * model.outputWords);
  const unknown = new Uint32Array(outputs.length);
  model.run({ cycles, inputs, outputs, unknown });
  // Before the first reset edge registers hold anything.
  return [...outputs.subarray(2 * model.outputWords)].reduce((sum, word) => sum + BigInt(word), 0n);
}

function rate(rounds: number, cycles: number, work: () => unknown): number {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    work();
    rates.push((cycles * 1000) / (performance.now() - start));
  }
  return median(rates);
}

export const rtlEngines: Bench = {
  name: 'rtl-engines',
  question:
    'How many cycles a second does Verilog run, with all ports poked and peeked in each, and in bulk?',
  async run(quick): Promise<BenchResult> {
    const figures: Figure[] = [];
    const notes: string[] = [];
    const found = engineNames.map(engineReport).filter(({ found: here, engine, note, install }) => {
      if (!here) notes.push(`${engine} not measured: ${note}; ${install}`);
      return here;
    });
    for (const [name, load] of DESIGNS) {
      const seen = new Map<string, bigint>();
      for (const { engine } of found) {
        const model = await loadRtl({ ...load, engine });
        const slow = engine === 'icarus' ? 100 : 1;
        const cycles = (quick ? 50_000 : 400_000) / slow;
        const checked = inBulk(model, inputWords(model, 500));
        model.reset();
        seen.set(engine, checked * 1_000_003n + byPort(model, 500));
        const unit = 'cycles/s';
        const ports = rate(ROUNDS, cycles, () => byPort(model, cycles));
        const inputs = inputWords(model, cycles);
        const bulk = rate(ROUNDS, cycles, () => model.run({ cycles, inputs }));
        figures.push({ name: `${name}, ${engine}, every port`, value: ports, unit });
        figures.push({ name: `${name}, ${engine}, in bulk`, value: bulk, unit });
        model.close();
      }
      if (new Set(seen.values()).size > 1)
        throw new Error(
          `${name}: engines differ: ${[...seen].map(([engine, sum]) => `${engine} ${sum}`).join(', ')}`,
        );
    }
    notes.push(
      'The engines give the same outputs for the same 1000 cycles of each design: checked in this run.',
    );
    return { figures, goals: [], notes };
  },
};
