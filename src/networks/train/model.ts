import { mapSize } from '../layer.js';
import { placeLayers, type Network } from '../network.js';
import type { Tensor } from '../weights.js';
import type { Random } from '../random.js';
import { ConvStage, DenseStage, PoolStage, ReluStage, type Parameter, type Stage } from './stages.js';

/** What one batch gave. */
export interface BatchResult {
  /** Mean cross-entropy, nats. */
  readonly loss: number;
  readonly correct: number;
}

/** A network in training: its layers as stages, its weights as parameters, in doubles throughout. */
export class Model {
  readonly network: Network;
  readonly parameters: readonly Parameter[];
  readonly classes: number;
  readonly #stages: readonly Stage[];

  constructor(network: Network) {
    this.network = network;
    const placed = placeLayers(network);
    this.#stages = placed.flatMap(({ layer, input, output }, index): Stage[] => {
      switch (layer.kind) {
        case 'conv':
          return [new ConvStage(layer, input, output, index === 0)];
        case 'dense':
          return [new DenseStage(layer.name, mapSize(input), layer.units, layer.bias)];
        case 'relu':
          return [new ReluStage()];
        case 'pool':
          return [new PoolStage(layer, input, output)];
        default:
          return [];
      }
    });
    this.classes = mapSize(placed.at(-1)?.output ?? network.input);
    this.parameters = this.#stages.flatMap((stage) => stage.parameters);
  }

  /** Weights normal with variance 2 / inputs per output (He et al. 2015, eq. 10), biases 0. */
  initialise(random: Random): void {
    for (const { values, shape, decays } of this.parameters) {
      const spread = Math.sqrt(2 / (values.length / (shape[0] ?? 1)));
      for (let i = 0; i < values.length; i++) values[i] = decays ? spread * random.normal() : 0;
    }
  }

  /** Scores [batch, classes] of images [batch, channels, height, width]; the array is reused by the next call. */
  forward(images: Float64Array, batch: number): Float64Array {
    let values = images;
    for (const stage of this.#stages) values = stage.forward(values, batch);
    return values;
  }

  /** Sets the gradients of the mean cross-entropy of a batch. */
  learn(images: Float64Array, labels: ArrayLike<number>, batch: number): BatchResult {
    const scores = this.forward(images, batch);
    const gradient = new Float64Array(scores.length);
    let loss = 0;
    let correct = 0;
    for (let i = 0; i < batch; i++) {
      const from = i * this.classes;
      const label = labels[i]!;
      let best = 0;
      for (let k = 1; k < this.classes; k++) if (scores[from + k]! > scores[from + best]!) best = k;
      if (best === label) correct += 1;
      const most = scores[from + best]!;
      let sum = 0;
      for (let k = 0; k < this.classes; k++) sum += Math.exp(scores[from + k]! - most);
      loss += Math.log(sum) + most - scores[from + label]!;
      for (let k = 0; k < this.classes; k++) {
        const probability = Math.exp(scores[from + k]! - most) / sum;
        gradient[from + k] = (probability - (k === label ? 1 : 0)) / batch;
      }
    }
    let back: Float64Array = gradient;
    for (const stage of this.#stages.toReversed()) back = stage.backward(back, batch);
    return { loss: loss / batch, correct };
  }

  /** A copy of the parameters as named tensors. */
  weights(): Map<string, Tensor> {
    return new Map(
      this.parameters.map(({ name, shape, values }) => [name, { shape, data: Float64Array.from(values) }]),
    );
  }
}
