import { fileURLToPath } from 'node:url';
import { NetworkError, show } from './errors.js';
import type { Network } from './network.js';
import { loadNetwork, type LoadedNetwork, readNetwork } from './network-file.js';

/** A network that comes with the package. */
export interface NamedNetwork {
  readonly name: string;
  readonly title: string;
  /** Whether trained weights come with it; otherwise they are given, or random. */
  readonly trained: boolean;
}

export const namedNetworks: readonly NamedNetwork[] = [
  {
    name: 'mnist-cnn',
    title: 'digits: 5x5 convolutions of 8 and 16 filters, 128 hidden units (Gupta et al. 2015, section 4)',
    trained: true,
  },
  {
    name: 'alexnet-conv',
    title:
      'the five convolution layers of AlexNet, 3x227x227 (Krizhevsky et al. 2012); no weights: --weights random',
    trained: false,
  },
];

/**
 * Reads a network of the package, without weights. `src/networks` and `dist/networks` are equally deep, so one relative
 * path serves both.
 *
 * @throws NetworkError when no network has that name
 */
export function namedNetwork(name: string): Network {
  return readNetwork(fileOf(name));
}

/**
 * Loads a network of the package and weights: its own, or those of a file.
 *
 * @throws NetworkError when no network has that name, or when it has no weights and none are given
 */
export function loadNamedNetwork(name: string, weightsFile?: string): LoadedNetwork {
  const file = fileOf(name);
  if (weightsFile === undefined && namedNetworks.some((known) => known.name === name && !known.trained)) {
    throw new NetworkError([
      {
        path: name,
        field: 'weights',
        wanted: 'random (--weights random) or a file, as none come with this network',
        got: 'nothing',
      },
    ]);
  }
  return loadNetwork(file, weightsFile);
}

function fileOf(name: string): string {
  if (!namedNetworks.some((known) => known.name === name)) {
    const names = namedNetworks.map((known) => known.name).join(', ');
    throw new NetworkError([{ path: 'networks', field: 'name', wanted: `one of ${names}`, got: show(name) }]);
  }
  return fileURLToPath(new URL(`../../weights/${name}.json`, import.meta.url));
}
