import { z } from 'zod';
import { NetworkError, show, type Issue } from './errors.js';
import {
  completeLayer,
  layerSchema,
  mapSize,
  placesAlong,
  showShape,
  type Layer,
  type LayerText,
  type MapShape,
  type ProductLayer,
} from './layer.js';

/** A feed-forward chain of layers: plain data, and JSON as it stands. */
export interface Network {
  readonly name: string;
  readonly input: MapShape;
  readonly layers: readonly Layer[];
  /** Names of the output classes, in order of the last layer's outputs. */
  readonly classes?: readonly string[];
  /** Weights file, relative to the file that holds the network. */
  readonly weights?: string;
}

/** A network as people write it; see docs/your-network.md. */
export interface NetworkText {
  readonly name: string;
  readonly input: MapShape;
  readonly layers: readonly LayerText[];
  readonly classes?: readonly string[];
  readonly weights?: string;
}

/** A layer with the shapes that inference found for it. */
export interface PlacedLayer {
  readonly layer: Layer;
  readonly input: MapShape;
  readonly output: MapShape;
}

const text = z.string({ error: 'a text' }).min(1, { error: 'a text of at least one character' });
const side = z
  .number({ error: 'a whole number >= 1' })
  .int({ error: 'a whole number >= 1' })
  .min(1, { error: 'a whole number >= 1' })
  .max(65_536, { error: 'at most 65536' });

const networkSchema = z.strictObject(
  {
    name: text,
    input: z.strictObject(
      { channels: side, height: side, width: side },
      { error: '{ channels, height, width }' },
    ),
    layers: z
      .array(layerSchema, { error: 'a list of layers' })
      .min(1, { error: 'a list of at least one layer' }),
    classes: z.array(text, { error: 'a list of names' }).optional(),
    weights: text.optional(),
  },
  { error: 'an object { name, input, layers }' },
);

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    const inner: unknown = Reflect.get(here, key);
    here = inner;
  }
  return here;
}

function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (sofar, key) => (typeof key === 'number' ? `${sofar}[${key}]` : `${sofar}.${String(key)}`),
    root,
  );
}

function issuesFromZod(error: z.ZodError, value: unknown, root: string): Issue[] {
  return error.issues.flatMap((issue): Issue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pathText(root, issue.path),
        field: key,
        wanted: 'left out: no such setting exists here',
        got: show(valueAt(value, [...issue.path, key])),
      }));
    }
    // A wrong element of a pair or of the shape is told with the name of the field that holds it.
    const last = issue.path.at(-1);
    const parent = issue.path.slice(0, -1);
    return [
      {
        path: pathText(root, parent),
        field: last === undefined ? 'network' : typeof last === 'number' ? `entry ${last}` : String(last),
        wanted: issue.message,
        got: show(valueAt(value, issue.path)),
      },
    ];
  });
}

/**
 * Checks a network from a file or from code and fills in its defaults.
 *
 * @param value what `JSON.parse` gave, or a {@link NetworkText}
 * @param source what to call the network in messages when it has no name yet, usually its file
 * @throws NetworkError naming every mistake: unknown keys, wrong types, names used twice, shapes that do not fit
 */
export function parseNetwork(value: unknown, source = 'network'): Network {
  const parsed = networkSchema.safeParse(value);
  if (!parsed.success) throw new NetworkError(issuesFromZod(parsed.error, value, source));
  const counts = { conv: 0, dense: 0 };
  const { name, input, classes, weights } = parsed.data;
  const layers = parsed.data.layers.map((layer) => {
    if (layer.kind !== 'conv' && layer.kind !== 'dense') return completeLayer(layer, '');
    counts[layer.kind] += 1;
    return completeLayer(layer, `${layer.kind}${counts[layer.kind]}`);
  });
  const network: Network = {
    name,
    input,
    layers,
    ...(classes === undefined ? {} : { classes }),
    ...(weights === undefined ? {} : { weights }),
  };
  checkNames(network);
  const output = outputShape(network);
  if (classes !== undefined && classes.length !== mapSize(output)) {
    throw new NetworkError([
      {
        path: name,
        field: 'classes',
        wanted: `a list of ${mapSize(output)} names, as many as the last layer has outputs`,
        got: `${classes.length} names`,
      },
    ]);
  }
  return network;
}

function checkNames(network: Network): void {
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const layer of productLayers(network)) {
    if (seen.has(layer.name)) {
      issues.push({
        path: network.name,
        field: 'layer name',
        wanted: 'used once only',
        got: `"${layer.name}" again`,
      });
    }
    seen.add(layer.name);
  }
  if (issues.length > 0) throw new NetworkError(issues);
}

/** The layers that own weights, in order. */
export function productLayers(network: Network): ProductLayer[] {
  return network.layers.filter((layer) => layer.kind === 'conv' || layer.kind === 'dense');
}

/**
 * Shape inference: every layer with the shape that enters and the shape that leaves it.
 *
 * @throws NetworkError when a kernel or window is larger than its map, groups do not divide channels or filters, or a
 * softmax is not the last layer
 */
export function placeLayers(network: Network): PlacedLayer[] {
  let shape = network.input;
  return network.layers.map((layer, index) => {
    const label = 'name' in layer ? layer.name : `layers[${index}] (${layer.kind})`;
    const input = shape;
    shape = outputOf(layer, input, `${network.name}.${label}`, index === network.layers.length - 1);
    return { layer, input, output: shape };
  });
}

/** The shape that the network ends with. */
export function outputShape(network: Network): MapShape {
  return placeLayers(network).at(-1)?.output ?? network.input;
}

function outputOf(layer: Layer, input: MapShape, path: string, isLast: boolean): MapShape {
  switch (layer.kind) {
    case 'conv': {
      const { kernel, stride, padding, dilation, groups, filters } = layer;
      const issues: Issue[] = [];
      if (input.channels % groups !== 0) {
        issues.push({
          path,
          field: 'groups',
          wanted: `a divisor of the ${input.channels} input channels`,
          got: show(groups),
        });
      }
      if (filters % groups !== 0) {
        issues.push({
          path,
          field: 'groups',
          wanted: `a divisor of the ${filters} filters`,
          got: show(groups),
        });
      }
      const height = placesAlong(input.height, kernel[0], stride[0], padding[0], dilation[0]);
      const width = placesAlong(input.width, kernel[1], stride[1], padding[1], dilation[1]);
      if (height < 1 || width < 1) {
        const reach = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
        const padded = [input.height + 2 * padding[0], input.width + 2 * padding[1]];
        issues.push({
          path,
          field: 'kernel',
          wanted: `no larger than its padded input of ${padded.join('x')}`,
          got: `${kernel.join('x')}, which reaches over ${reach.join('x')}`,
        });
      }
      if (issues.length > 0) throw new NetworkError(issues);
      return { channels: filters, height, width };
    }
    case 'dense':
      return { channels: layer.units, height: 1, width: 1 };
    case 'pool': {
      const height = placesAlong(input.height, layer.size[0], layer.stride[0]);
      const width = placesAlong(input.width, layer.size[1], layer.stride[1]);
      if (height < 1 || width < 1) {
        throw new NetworkError([
          {
            path,
            field: 'size',
            wanted: `no larger than its input of ${input.height}x${input.width}`,
            got: layer.size.join('x'),
          },
        ]);
      }
      return { channels: input.channels, height, width };
    }
    case 'flatten':
      return { channels: mapSize(input), height: 1, width: 1 };
    case 'softmax':
      if (!isLast) {
        throw new NetworkError([
          { path, field: 'softmax', wanted: 'the last layer', got: 'one with layers after it' },
        ]);
      }
      return input;
    default:
      return input;
  }
}

/** Multiply-accumulates of one image, taps in the zero padding included, biases not. */
export function countMacs(network: Network): number {
  return placeLayers(network).reduce((sum, { layer, input, output }) => {
    if (layer.kind === 'conv') {
      return sum + mapSize(output) * (input.channels / layer.groups) * layer.kernel[0] * layer.kernel[1];
    }
    return layer.kind === 'dense' ? sum + layer.units * mapSize(input) : sum;
  }, 0);
}

/** A one-line description of every layer: `conv1 5x5 8x24x24`. */
export function describeLayers(network: Network): string[] {
  return placeLayers(network).map(({ layer, output }) => {
    const what =
      layer.kind === 'conv'
        ? `${layer.name} ${layer.kernel.join('x')}`
        : layer.kind === 'dense'
          ? layer.name
          : layer.kind === 'pool'
            ? `${layer.mode} pool ${layer.size.join('x')}`
            : layer.kind;
    return `${what} ${showShape(output)}`;
  });
}
