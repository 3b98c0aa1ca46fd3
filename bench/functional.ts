import { FunctionalGupta } from '../src/machines/gupta/functional.js';
import { guptaSpec } from '../src/machines/gupta/spec.js';
import { imageBytes, imageCodes, loadDataSet } from '../src/networks/data-set.js';
import { type ProductStep, quantise, type QuantisedNetwork } from '../src/networks/quantise.js';
import { runReference } from '../src/networks/reference.js';
import { loadNamedNetwork } from '../src/networks/zoo.js';
import { type Bench, type BenchResult, type Figure, median } from './harness.js';

const WANTED = 500;
const CHECKED = 8;
const SEED = 1;

/** Classifies one image; returns the scores. */
function classify(
  machine: FunctionalGupta,
  steps: readonly ProductStep[],
  codes: Int16Array,
  image: number,
  stochastic: boolean,
): Int16Array {
  let values = codes;
  const settings = { stochastic, seed: SEED };
  for (let i = 0; i < steps.length; i++) values = machine.runLayer(i, values, image, settings).output;
  return values;
}

/** Holds the first images' scores against the plain reference. @throws when one differs */
function check(
  machine: FunctionalGupta,
  network: QuantisedNetwork,
  steps: readonly ProductStep[],
  images: readonly Int16Array[],
  n: number,
): void {
  for (const stochastic of [false, true]) {
    for (let image = 0; image < CHECKED; image++) {
      const schedules = machine.plans.map(({ panels, bandRows }, layerIndex) => ({
        n,
        p: panels,
        bandRows,
        image,
        layerIndex,
        layers: steps.length,
      }));
      const { logits } = runReference(
        network,
        images[image]!,
        stochastic ? { rounding: 'stochastic', seed: SEED, schedules } : { rounding: 'nearest' },
      );
      const got = classify(machine, steps, images[image]!, image, stochastic);
      if (got.some((score, i) => score !== logits[i]))
        throw new Error(
          `wrong scores for image ${image}: ${got.join(' ')}, the reference has ${logits.join(' ')}`,
        );
    }
  }
}

export const functional: Bench = {
  name: 'functional',
  question:
    'how many mnist-cnn images a second does the fixed-point machine classify without cycles, on one thread?',
  async run(quick: boolean): Promise<BenchResult> {
    const { network, weights } = loadNamedNetwork('mnist-cnn');
    const quantised = quantise(network, weights, { flWeights: 10 });
    const steps = quantised.steps.filter((step) => step.kind === 'product');
    const data = loadDataSet({ split: 'test' });
    const count = Math.min(data.count, quick ? 1_000 : 10_000);
    const images = Array.from({ length: count }, (_, i) =>
      imageCodes(imageBytes(data, i), quantised.flInput),
    );
    const spec = guptaSpec();
    const machine = new FunctionalGupta(spec, steps);
    check(machine, quantised, steps, images, spec.n);
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const stochastic of [false, true]) {
      const name = stochastic ? 'stochastic' : 'nearest';
      const rates: number[] = [];
      let right = 0;
      for (let repeat = 0; repeat < (quick ? 3 : 5); repeat++) {
        right = 0;
        const start = performance.now();
        for (let image = 0; image < count; image++) {
          const scores = classify(machine, steps, images[image]!, image, stochastic);
          let best = 0;
          for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
          if (best === data.labels[image]) right += 1;
        }
        rates.push((count / (performance.now() - start)) * 1e3);
      }
      figures.push({ name, value: median(rates), unit: 'images/s' });
      notes.push(`${name}: ${right} of ${count} images right`);
    }
    return {
      figures,
      goals: [
        {
          wanted: `nearest, ${WANTED} images a second on one thread`,
          got: figures[0]!.value,
          atLeast: WANTED,
        },
      ],
      notes: [...notes, `scores of the first ${CHECKED} images equal the plain reference, both roundings`],
    };
  },
};
