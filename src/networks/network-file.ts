import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileError, NetworkError } from './errors.js';
import { parseNetwork, type Network } from './network.js';
import { loadWeights } from './weight-file.js';
import { checkWeights, type Weights } from './weights.js';

/** A network with weights that fit it. */
export interface LoadedNetwork {
  readonly network: Network;
  readonly weights: Weights;
  /** The file that the weights came from. */
  readonly weightsFile: string;
}

/** Reads and checks a network's JSON file. @throws FileFormatError, NetworkError */
export function readNetwork(file: string): Network {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw fileError(file, 'file', 'readable', cause instanceof Error ? cause.message : 'not readable');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fileError(file, 'contents', 'JSON', cause instanceof Error ? cause.message : 'something else');
  }
  return parseNetwork(value, file);
}

/**
 * Reads a network and its weights.
 *
 * @param weightsFile relative to the working directory; without it the network's own `weights`, relative to `file`
 * @throws FileFormatError, NetworkError
 */
export function loadNetwork(file: string, weightsFile?: string): LoadedNetwork {
  const network = readNetwork(file);
  const from =
    weightsFile ?? (network.weights === undefined ? undefined : resolve(dirname(file), network.weights));
  if (from === undefined) {
    throw new NetworkError([
      { path: file, field: 'weights', wanted: 'named in the file or given beside it', got: 'nothing' },
    ]);
  }
  const weights = loadWeights(from);
  checkWeights(network, weights, from);
  return { network, weights, weightsFile: from };
}
