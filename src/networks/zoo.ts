import { fileURLToPath } from 'node:url';
import { NetworkError, show } from './errors.js';
import { loadNetwork, type LoadedNetwork } from './network-file.js';

/** A network that comes with the package, weights and all. */
export interface NamedNetwork {
  readonly name: string;
  readonly title: string;
}

export const namedNetworks: readonly NamedNetwork[] = [
  {
    name: 'mnist-cnn',
    title: 'digits: 5x5 convolutions of 8 and 16 filters, 128 hidden units (Gupta et al. 2015, section 4)',
  },
];

/**
 * Loads a network of the package. `src/networks` and `dist/networks` are equally deep, so one relative path serves both.
 *
 * @throws NetworkError when no network has that name
 */
export function loadNamedNetwork(name: string): LoadedNetwork {
  if (!namedNetworks.some((known) => known.name === name)) {
    const names = namedNetworks.map((known) => known.name).join(', ');
    throw new NetworkError([{ path: 'networks', field: 'name', wanted: `one of ${names}`, got: show(name) }]);
  }
  return loadNetwork(fileURLToPath(new URL(`../../weights/${name}.json`, import.meta.url)));
}
