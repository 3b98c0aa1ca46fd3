import {
  defineScenario,
  guptaSpec,
  GuptaRunner,
  imageBytes,
  imageCodes,
  namedNetwork,
  quantise,
  randomImages,
  withRandomWeights,
  z,
} from '../../src/index.js';

/**
 * How large an array does MNIST's second convolution keep busy? It has 16 filters and 64 output pixels.
 *
 * Prediction: n = 4, 8 and 16 divide both, so every slice fills the whole array: slices fall by four from one to the next,
 * 64 tiles of 201 to 16 to 4, and with them the share of cycles in which slices issue, for loads and drain remain. n = 28
 * leaves 12 of 28 rows empty and needs 3 tiles instead of 4: it gains a quarter of the slices and loses most of that to a longer drain.
 *
 * In a project of your own the import is `from 'marblewave'`.
 */
export default defineScenario({
  title: 'array size for conv2 of mnist-cnn',
  parameters: {
    n: z.int().min(1).max(63).default(28).describe('rows and columns of the array'),
    seed: z.int().min(0).default(1).describe('seed of weights and image; cycles do not depend on it'),
  },
  sweep: { n: [4, 8, 16, 28] },
  columns: { used: { title: 'array used', unit: '%', digits: 1 }, issue: { title: 'cycles issuing' } },

  run({ n, seed }) {
    const network = namedNetwork('mnist-cnn');
    const quantised = quantise(network, withRandomWeights(network, seed).weights, { flWeights: 10 });
    const steps = quantised.steps.flatMap((step) => (step.kind === 'product' ? [step] : []));
    const runner = new GuptaRunner(guptaSpec({ n }), steps, { seed });
    const settings = { stochastic: false, seed };
    const image = imageCodes(imageBytes(randomImages(network, 1, seed), 0), quantised.flInput);
    const first = runner.runLayer(0, image, 0, settings);
    const { cycles, causes } = runner.runLayer(1, first.output, 0, settings);
    const { macs } = runner.plans[1]!;
    return [{ n, cycles, issue: causes.issue, used: (100 * macs) / (cycles * n * n) }];
  },

  expect: (rows) => {
    const cycles = (n: number): number => rows.find((row) => row.n === n)?.cycles ?? NaN;
    const all = [4, 8, 16, 28].every((n) => rows.some((row) => row.n === n));
    return [
      {
        that: 'from n = 4 to 8 to 16, each is faster than the one before',
        holds: all ? cycles(4) > cycles(8) && cycles(8) > cycles(16) : null,
      },
      {
        that: 'n = 28 is within 10 % of n = 16',
        holds: all ? Math.abs(cycles(28) / cycles(16) - 1) < 0.1 : null,
        ...(all ? { got: `${cycles(28)} and ${cycles(16)} cycles` } : {}),
      },
    ];
  },

  report: (rows) => ({
    plots: [
      {
        kind: 'line',
        name: 'cycles',
        title: 'conv2 of mnist-cnn: cycles against array size',
        x: { label: 'n', scale: 'log2' },
        y: { label: 'cycles' },
        series: [{ label: 'cycles', points: rows.map((row) => [row.n, row.cycles] as const) }],
      },
    ],
  }),
});
