import { imageBytes, type DataSet } from '../data-set.js';
import { mapSize } from '../layer.js';
import { Model } from './model.js';
import { Random } from '../random.js';

export interface TrainingOptions {
  readonly epochs: number;
  readonly seed: number;
  /** Images per step. */
  readonly batch: number;
  readonly learningRate: number;
  /** Factor on the learning rate after each epoch. */
  readonly decayPerEpoch: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Largest random shift of an image, pixels, each way; vacated pixels are 0. */
  readonly shiftPx: number;
  /** Weights and biases are clipped to +-limit after every step, so that they fit the fixed-point word. */
  readonly weightLimit: number;
}

/** Gupta et al. 2015, section 4: momentum, decay and batch as there, learning rate and shifts tuned for this trainer. */
export const defaultTraining: TrainingOptions = {
  epochs: 20,
  seed: 1,
  batch: 100,
  learningRate: 0.05,
  decayPerEpoch: 0.85,
  momentum: 0.9,
  weightDecay: 5e-4,
  shiftPx: 1,
  weightLimit: 1.99,
};

export interface EpochReport {
  readonly epoch: number;
  /** Mean cross-entropy over the epoch, nats. */
  readonly loss: number;
  /** Share of the (shifted) training images that were right when they came by. */
  readonly accuracy: number;
}

/**
 * Trains by stochastic gradient descent with momentum on shuffled batches. Same options and data, same bits.
 *
 * @param report called after every epoch
 */
export function train(
  model: Model,
  data: DataSet,
  options: TrainingOptions,
  report: (epoch: EpochReport) => void = () => undefined,
): void {
  const random = new Random(options.seed);
  model.initialise(random);
  const velocities = model.parameters.map(({ values }) => new Float64Array(values.length));
  const order = Uint32Array.from({ length: data.count }, (_, i) => i);
  const images = new Float64Array(options.batch * mapSize(data));
  const labels = new Uint8Array(options.batch);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const rate = options.learningRate * options.decayPerEpoch ** epoch;
    random.shuffle(order);
    let loss = 0;
    let correct = 0;
    for (let from = 0; from < data.count; from += options.batch) {
      const count = Math.min(options.batch, data.count - from);
      for (let i = 0; i < count; i++) {
        const index = order[from + i]!;
        labels[i] = data.labels[index]!;
        placeImage(data, index, images, i, options.shiftPx, random);
      }
      const result = model.learn(images, labels, count);
      loss += result.loss * count;
      correct += result.correct;
      model.parameters.forEach((parameter, index) =>
        descend(parameter.values, parameter.gradient, velocities[index]!, rate, parameter.decays, options),
      );
    }
    report({ epoch, loss: loss / data.count, accuracy: correct / data.count });
  }
}

function descend(
  values: Float64Array,
  gradient: Float64Array,
  velocity: Float64Array,
  rate: number,
  decays: boolean,
  options: TrainingOptions,
): void {
  const decay = decays ? options.weightDecay : 0;
  const limit = options.weightLimit;
  for (let i = 0; i < values.length; i++) {
    const step = options.momentum * velocity[i]! - rate * (gradient[i]! + decay * values[i]!);
    velocity[i] = step;
    values[i] = Math.min(limit, Math.max(-limit, values[i]! + step));
  }
}

/** Writes image `index` to place `slot` of a batch, moved by a random whole number of pixels. */
function placeImage(
  data: DataSet,
  index: number,
  images: Float64Array,
  slot: number,
  shiftPx: number,
  random: Random,
): void {
  const { channels, height, width } = data;
  const bytes = imageBytes(data, index);
  const down = shiftPx === 0 ? 0 : random.below(2 * shiftPx + 1) - shiftPx;
  const right = shiftPx === 0 ? 0 : random.below(2 * shiftPx + 1) - shiftPx;
  let to = slot * mapSize(data);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = y - down;
      for (let x = 0; x < width; x++, to++) {
        const column = x - right;
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        images[to] = inside ? bytes[(c * height + row) * width + column]! / 255 : 0;
      }
    }
  }
}

/** What the trained network does on a split. */
export interface Evaluation {
  readonly correct: number;
  readonly count: number;
  /** Largest absolute score, to hold against the range of the activation format. */
  readonly largestScore: number;
}

/** Runs a whole split through the model, in batches. */
export function evaluate(model: Model, data: DataSet, batch = 100): Evaluation {
  const size = mapSize(data);
  const images = new Float64Array(batch * size);
  let correct = 0;
  let largestScore = 0;
  for (let from = 0; from < data.count; from += batch) {
    const count = Math.min(batch, data.count - from);
    for (let i = 0; i < count * size; i++) images[i] = data.images[from * size + i]! / 255;
    const scores = model.forward(images, count);
    for (let i = 0; i < count; i++) {
      let best = 0;
      for (let k = 0; k < model.classes; k++) {
        const score = scores[i * model.classes + k]!;
        largestScore = Math.max(largestScore, Math.abs(score));
        if (score > scores[i * model.classes + best]!) best = k;
      }
      if (best === data.labels[from + i]) correct += 1;
    }
  }
  return { correct, count: data.count, largestScore };
}
