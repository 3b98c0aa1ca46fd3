import { mapSize, type ConvLayer, type MapShape, type PoolLayer } from '../layer.js';
import { addProduct, addProductTransposed, transpose } from './matrix-product.js';

/** Values that training changes, with the gradient of the batch's mean loss. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
  readonly gradient: Float64Array;
  /** Whether weight decay applies: weights yes, biases no. */
  readonly decays: boolean;
}

/**
 * One layer at work on batches. Batches are [batch, channels, height, width], contiguous. `backward` belongs to the
 * last `forward`: it sets the parameters' gradients and returns the gradient of the input.
 */
export interface Stage {
  readonly parameters: readonly Parameter[];
  forward(x: Float64Array, batch: number): Float64Array;
  backward(dy: Float64Array, batch: number): Float64Array;
}

function parameter(name: string, shape: readonly number[], decays: boolean): Parameter {
  const size = shape.reduce((product, side) => product * side, 1);
  return { name, shape, values: new Float64Array(size), gradient: new Float64Array(size), decays };
}

/** A buffer that is allocated once for the largest batch seen. */
class Workspace {
  #data = new Float64Array(0);

  take(size: number): Float64Array {
    if (this.#data.length < size) this.#data = new Float64Array(size);
    return this.#data.subarray(0, size);
  }
}

/** Convolution as a matrix product: each image is unrolled to [C kh kw, output pixels] (im2col) per group. */
export class ConvStage implements Stage {
  readonly parameters: readonly Parameter[];
  readonly #weight: Parameter;
  readonly #bias: Parameter | undefined;
  readonly #layer: ConvLayer;
  readonly #input: MapShape;
  readonly #output: MapShape;
  readonly #columns: Float64Array;
  readonly #columnGradients: Float64Array;
  readonly #weightTransposed: Float64Array;
  readonly #y = new Workspace();
  readonly #dx = new Workspace();
  #x: Float64Array = new Float64Array(0);
  /** The first stage has nobody to pass its input's gradient to. */
  readonly #isFirst: boolean;

  constructor(layer: ConvLayer, input: MapShape, output: MapShape, isFirst: boolean) {
    this.#layer = layer;
    this.#input = input;
    this.#output = output;
    this.#isFirst = isFirst;
    const depth = input.channels / layer.groups;
    this.#weight = parameter(`${layer.name}.weight`, [layer.filters, depth, ...layer.kernel], true);
    this.#bias = layer.bias ? parameter(`${layer.name}.bias`, [layer.filters], false) : undefined;
    this.parameters = this.#bias === undefined ? [this.#weight] : [this.#weight, this.#bias];
    const taps = depth * layer.kernel[0] * layer.kernel[1];
    this.#columns = new Float64Array(taps * output.height * output.width);
    this.#columnGradients = new Float64Array(this.#columns.length);
    this.#weightTransposed = new Float64Array((taps * layer.filters) / layer.groups);
  }

  forward(x: Float64Array, batch: number): Float64Array {
    this.#x = x;
    const { groups, filters } = this.#layer;
    const plane = this.#output.height * this.#output.width;
    const taps = this.#columns.length / plane;
    const perGroup = filters / groups;
    const y = this.#y.take(batch * mapSize(this.#output));
    for (let image = 0; image < batch; image++) {
      for (let filter = 0; filter < filters; filter++) {
        const from = (image * filters + filter) * plane;
        y.fill(this.#bias?.values[filter] ?? 0, from, from + plane);
      }
      for (let group = 0; group < groups; group++) {
        this.#unroll(x, image, group);
        const weightAt = group * perGroup * taps;
        const yAt = (image * filters + group * perGroup) * plane;
        addProduct(this.#weight.values, this.#columns, y, perGroup, taps, plane, weightAt, 0, yAt);
      }
    }
    return y;
  }

  backward(dy: Float64Array, batch: number): Float64Array {
    const { groups, filters } = this.#layer;
    const plane = this.#output.height * this.#output.width;
    const taps = this.#columns.length / plane;
    const perGroup = filters / groups;
    const dx = this.#dx.take(batch * mapSize(this.#input)).fill(0);
    this.#weight.gradient.fill(0);
    this.#bias?.gradient.fill(0);
    for (let group = 0; group < groups; group++) {
      const weightAt = group * perGroup * taps;
      transpose(this.#weight.values, perGroup, taps, this.#weightTransposed, weightAt);
      for (let image = 0; image < batch; image++) {
        this.#unroll(this.#x, image, group);
        const dyAt = (image * filters + group * perGroup) * plane;
        addProductTransposed(
          dy,
          this.#columns,
          this.#weight.gradient,
          perGroup,
          plane,
          taps,
          dyAt,
          0,
          weightAt,
        );
        if (this.#isFirst) continue;
        this.#columnGradients.fill(0);
        addProduct(this.#weightTransposed, dy, this.#columnGradients, taps, perGroup, plane, 0, dyAt, 0);
        this.#roll(dx, image, group);
      }
    }
    if (this.#bias !== undefined) sumPlanes(dy, this.#bias.gradient, batch, plane);
    return dx;
  }

  /** Copies what the taps see of one image and group to `#columns` [C/g kh kw, output pixels]. */
  #unroll(x: Float64Array, image: number, group: number): void {
    const columns = this.#columns;
    this.#walk(image, group, (from, to, count, step) => {
      if (step === 1) for (let i = 0; i < count; i++) columns[to + i] = x[from + i]!;
      else for (let i = 0; i < count; i++) columns[to + i] = x[from + i * step]!;
    });
  }

  /** Adds `#columnGradients` back to where `#unroll` took the values from. */
  #roll(dx: Float64Array, image: number, group: number): void {
    const columns = this.#columnGradients;
    this.#walk(image, group, (from, to, count, step) => {
      for (let i = 0; i < count; i++) dx[from + i * step] = dx[from + i * step]! + columns[to + i]!;
    });
  }

  /**
   * Visits every row of the unrolled matrix piece by piece: `count` values from `from` on, `step` apart, belong at
   * `to`. Places that see padding are never visited: they are the same for every image and stay 0.
   */
  #walk(
    image: number,
    group: number,
    visit: (from: number, to: number, count: number, step: number) => void,
  ): void {
    const { kernel, stride, padding, dilation, groups } = this.#layer;
    const { channels, height, width } = this.#input;
    const { height: outHeight, width: outWidth } = this.#output;
    const depth = channels / groups;
    let to = 0;
    for (let c = 0; c < depth; c++) {
      const planeAt = (image * channels + group * depth + c) * height * width;
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const left = kx * dilation[1] - padding[1];
          // First and one past the last output column whose tap lies inside the row.
          const first = Math.min(outWidth, left < 0 ? Math.ceil(-left / stride[1]) : 0);
          const end = Math.max(first, Math.min(outWidth, Math.ceil((width - left) / stride[1])));
          for (let y = 0; y < outHeight; y++, to += outWidth) {
            const row = y * stride[0] + ky * dilation[0] - padding[0];
            if (row < 0 || row >= height) continue;
            visit(planeAt + row * width + first * stride[1] + left, to + first, end - first, stride[1]);
          }
        }
      }
    }
  }
}

function sumPlanes(dy: Float64Array, sums: Float64Array, batch: number, plane: number): void {
  const filters = sums.length;
  for (let image = 0; image < batch; image++) {
    for (let filter = 0; filter < filters; filter++) {
      const from = (image * filters + filter) * plane;
      let sum = 0;
      for (let i = from; i < from + plane; i++) sum += dy[i]!;
      sums[filter] = sums[filter]! + sum;
    }
  }
}

export class DenseStage implements Stage {
  readonly parameters: readonly Parameter[];
  readonly #weight: Parameter;
  readonly #bias: Parameter | undefined;
  readonly #inputs: number;
  readonly #units: number;
  readonly #y = new Workspace();
  readonly #dx = new Workspace();
  readonly #dyTransposed = new Workspace();
  #x: Float64Array = new Float64Array(0);

  constructor(name: string, inputs: number, units: number, bias: boolean) {
    this.#inputs = inputs;
    this.#units = units;
    this.#weight = parameter(`${name}.weight`, [units, inputs], true);
    this.#bias = bias ? parameter(`${name}.bias`, [units], false) : undefined;
    this.parameters = this.#bias === undefined ? [this.#weight] : [this.#weight, this.#bias];
  }

  forward(x: Float64Array, batch: number): Float64Array {
    this.#x = x;
    const y = this.#y.take(batch * this.#units).fill(0);
    if (this.#bias !== undefined) for (let i = 0; i < batch; i++) y.set(this.#bias.values, i * this.#units);
    addProductTransposed(x, this.#weight.values, y, batch, this.#inputs, this.#units);
    return y;
  }

  backward(dy: Float64Array, batch: number): Float64Array {
    const dx = this.#dx.take(batch * this.#inputs).fill(0);
    addProduct(dy, this.#weight.values, dx, batch, this.#units, this.#inputs);
    const dyTransposed = this.#dyTransposed.take(batch * this.#units);
    transpose(dy, batch, this.#units, dyTransposed);
    addProduct(dyTransposed, this.#x, this.#weight.gradient.fill(0), this.#units, batch, this.#inputs);
    if (this.#bias !== undefined) sumPlanes(dy, this.#bias.gradient.fill(0), batch, 1);
    return dx;
  }
}

export class ReluStage implements Stage {
  readonly parameters = [];
  readonly #y = new Workspace();
  readonly #dx = new Workspace();

  forward(x: Float64Array): Float64Array {
    const y = this.#y.take(x.length);
    for (let i = 0; i < x.length; i++) y[i] = x[i]! > 0 ? x[i]! : 0;
    return y;
  }

  backward(dy: Float64Array): Float64Array {
    const y = this.#y.take(dy.length);
    const dx = this.#dx.take(dy.length);
    for (let i = 0; i < dy.length; i++) dx[i] = y[i]! > 0 ? dy[i]! : 0;
    return dx;
  }
}

export class PoolStage implements Stage {
  readonly parameters = [];
  readonly #layer: PoolLayer;
  readonly #input: MapShape;
  readonly #output: MapShape;
  readonly #y = new Workspace();
  readonly #dx = new Workspace();
  /** Max pooling: where each output came from. */
  #winners = new Uint32Array(0);

  constructor(layer: PoolLayer, input: MapShape, output: MapShape) {
    this.#layer = layer;
    this.#input = input;
    this.#output = output;
  }

  forward(x: Float64Array, batch: number): Float64Array {
    const { mode, size, stride } = this.#layer;
    const { height, width } = this.#input;
    const planes = batch * this.#output.channels;
    const y = this.#y.take(batch * mapSize(this.#output));
    if (this.#winners.length < y.length) this.#winners = new Uint32Array(y.length);
    let at = 0;
    for (let plane = 0; plane < planes; plane++) {
      for (let row = 0; row < this.#output.height; row++) {
        for (let column = 0; column < this.#output.width; column++, at++) {
          const corner = (plane * height + row * stride[0]) * width + column * stride[1];
          let winner = corner;
          let sum = 0;
          for (let dy = 0; dy < size[0]; dy++) {
            for (let dx = 0; dx < size[1]; dx++) {
              const from = corner + dy * width + dx;
              sum += x[from]!;
              if (x[from]! > x[winner]!) winner = from;
            }
          }
          this.#winners[at] = winner;
          y[at] = mode === 'max' ? x[winner]! : sum / (size[0] * size[1]);
        }
      }
    }
    return y;
  }

  backward(dy: Float64Array, batch: number): Float64Array {
    const { mode, size, stride } = this.#layer;
    const dx = this.#dx.take(batch * mapSize(this.#input)).fill(0);
    if (mode === 'max') {
      for (let at = 0; at < dy.length; at++) dx[this.#winners[at]!]! += dy[at]!;
      return dx;
    }
    const { height, width } = this.#input;
    const planes = batch * this.#output.channels;
    let at = 0;
    for (let plane = 0; plane < planes; plane++) {
      for (let row = 0; row < this.#output.height; row++) {
        for (let column = 0; column < this.#output.width; column++, at++) {
          const corner = (plane * height + row * stride[0]) * width + column * stride[1];
          const share = dy[at]! / (size[0] * size[1]);
          for (let down = 0; down < size[0]; down++) {
            for (let right = 0; right < size[1]; right++) dx[corner + down * width + right]! += share;
          }
        }
      }
    }
    return dx;
  }
}
