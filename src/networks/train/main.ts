import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkDataSet, imageBytes, imageCodes, imageFloats, loadDataSet } from '../data-set.js';
import { bestClass, runFloat } from '../float-forward.js';
import { loadNetwork, readNetwork } from '../network-file.js';
import { countMacs, type Network } from '../network.js';
import { quantise } from '../quantise.js';
import { runReference } from '../reference.js';
import { formatSafetensors, type CodeTensor } from '../safetensors.js';
import { Model } from './model.js';
import { defaultTraining, evaluate, train, type TrainingOptions } from './training.js';

const help = `Trains a network and writes its weights as 16-bit codes.

  npm run train -- --out runs/mnist-cnn
  npm run train -- --evaluate

  --network FILE   network as JSON (default: the package's mnist-cnn)
  --data DIR       folder of IDX files (default: MNIST)
  --out DIR        writes DIR/<name>.safetensors; without it nothing is written
  --epochs N       passes over the training set (default ${defaultTraining.epochs})
  --seed N         seed of initial weights, order and shifts (default ${defaultTraining.seed})
  --rate X         learning rate of the first epoch (default ${defaultTraining.learningRate})
  --decay X        factor on the learning rate after each epoch (default ${defaultTraining.decayPerEpoch})
  --shift N        largest random shift of an image, pixels (default ${defaultTraining.shiftPx})
  --fl N           fraction length of the codes written or evaluated, 0 to 15 (default 14)
  --evaluate       trains nothing: accuracy of existing weights on the test set, float and fixed-point
  --weights FILE   the weights to evaluate (default: those that the network names)
`;

class UsageError extends Error {}

function readFlags(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      network: {
        type: 'string',
        default: fileURLToPath(new URL('../../../weights/mnist-cnn.json', import.meta.url)),
      },
      data: { type: 'string' },
      out: { type: 'string' },
      weights: { type: 'string' },
      epochs: { type: 'string' },
      seed: { type: 'string' },
      rate: { type: 'string' },
      decay: { type: 'string' },
      shift: { type: 'string' },
      fl: { type: 'string', default: '14' },
      evaluate: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

function number(
  flag: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most)) {
    throw new UsageError(`--${flag}: must be a number from ${least} to ${most}, got ${text}`);
  }
  return value;
}

function whole(
  flag: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  const value = number(flag, text, fallback, least, most);
  if (!Number.isInteger(value)) throw new UsageError(`--${flag}: must be a whole number, got ${text}`);
  return value;
}

function percent(correct: number, count: number): string {
  return `${((100 * correct) / count).toFixed(2)} % (${correct} of ${count})`;
}

/** The parameters as codes of `fl` fraction bits, nearest, saturated to 16 bits. */
function codesOf(model: Model, fl: number): { codes: Map<string, CodeTensor>; saturated: number } {
  let saturated = 0;
  const codes = new Map<string, CodeTensor>();
  for (const { name, shape, values } of model.parameters) {
    const data = Int16Array.from(values, (value) => {
      const code = Math.floor(value * 2 ** fl + 0.5);
      const held = Math.min(32_767, Math.max(-32_768, code));
      if (held !== code) saturated += 1;
      return held;
    });
    codes.set(name, { shape, data });
  }
  return { codes, saturated };
}

function evaluateFile(flags: ReturnType<typeof readFlags>): void {
  const flWeights = whole('fl', flags.fl, 14, 0, 15);
  const { network, weights, weightsFile } = loadNetwork(flags.network, flags.weights);
  const data = loadDataSet({ split: 'test', ...(flags.data === undefined ? {} : { dir: flags.data }) });
  checkDataSet(network, data);
  const quantised = quantise(network, weights, { flWeights });
  let float = 0;
  let fixed = 0;
  for (let i = 0; i < data.count; i++) {
    const bytes = imageBytes(data, i);
    const label = data.labels[i];
    if (bestClass(runFloat(network, weights, imageFloats(bytes))) === label) float += 1;
    const { logits } = runReference(quantised, imageCodes(bytes, quantised.flInput), { rounding: 'nearest' });
    if (bestClass(logits) === label) fixed += 1;
  }
  const what = `weights of ${flWeights} fraction bits (${quantised.saturated} saturated), activations <6,10>, nearest`;
  process.stdout.write(`${network.name} (${weightsFile}), test set\n`);
  process.stdout.write(`float:       ${percent(float, data.count)}\n`);
  process.stdout.write(`fixed point: ${percent(fixed, data.count)}, ${what}\n`);
}

function trainFile(network: Network, flags: ReturnType<typeof readFlags>): void {
  const options: TrainingOptions = {
    ...defaultTraining,
    epochs: whole('epochs', flags.epochs, defaultTraining.epochs, 1, 10_000),
    seed: whole('seed', flags.seed, defaultTraining.seed, 0, 0xffff_ffff),
    learningRate: number('rate', flags.rate, defaultTraining.learningRate, 0, 10),
    decayPerEpoch: number('decay', flags.decay, defaultTraining.decayPerEpoch, 0, 1),
    shiftPx: whole('shift', flags.shift, defaultTraining.shiftPx, 0, 16),
  };
  const fl = whole('fl', flags.fl, 14, 0, 15);
  const dir = flags.data === undefined ? {} : { dir: flags.data };
  const training = loadDataSet({ split: 'train', ...dir });
  const test = loadDataSet({ split: 'test', ...dir });
  checkDataSet(network, training);
  checkDataSet(network, test);
  const model = new Model(network);
  process.stderr.write(
    `${network.name}: ${countMacs(network)} multiply-accumulates an image, seed ${options.seed}\n`,
  );
  train(model, training, options, ({ epoch, loss, accuracy }) => {
    const right = `${(100 * accuracy).toFixed(2)} % of training images right`;
    process.stderr.write(`epoch ${epoch + 1} of ${options.epochs}: loss ${loss.toFixed(4)}, ${right}\n`);
  });
  const { correct, count, largestScore } = evaluate(model, test);
  process.stdout.write(`${network.name}, float, test set: ${percent(correct, count)}\n`);
  process.stdout.write(`largest score on the test set: ${largestScore.toFixed(2)}\n`);
  const { codes, saturated } = codesOf(model, fl);
  process.stdout.write(`weights saturated at fraction length ${fl}: ${saturated}\n`);
  if (flags.out === undefined) return;
  mkdirSync(flags.out, { recursive: true });
  const file = join(flags.out, `${network.name}.safetensors`);
  const metadata = {
    fl: String(fl),
    training: `seed ${options.seed}, ${options.epochs} epochs`,
    accuracy: `float ${correct} of ${count} on the test set`,
  };
  writeFileSync(file, formatSafetensors(codes, metadata));
  process.stdout.write(`wrote ${file}\n`);
}

function main(): number {
  try {
    const flags = readFlags(process.argv.slice(2));
    if (flags.help) process.stdout.write(help);
    else if (flags.evaluate) evaluateFile(flags);
    else trainFile(readNetwork(flags.network), flags);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`train: ${error.message}\n`);
    return 2;
  }
}

process.exitCode = main();
