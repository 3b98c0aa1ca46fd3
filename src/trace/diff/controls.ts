import type { WaveFile } from '../waves.js';
import { DiffError } from './errors.js';
import type { DiffOptions } from './options.js';
import { type Pair, type Pairing, unknown } from './pairing.js';

/** The signals that tell where the runs are compared. */
export interface Controls {
  readonly clock: Pair | null;
  readonly valid: Pair | null;
  readonly ready: Pair | null;
  readonly reset: Pair | null;
}

/** @throws DiffError for a path that A has not, that has no partner in B, or that is wider than a bit */
export function findControls(pairing: Pairing, a: WaveFile, b: WaveFile, options: DiffOptions): Controls {
  const { align = { by: 'time' }, reset } = options;
  const find = (option: string, wanted: string | undefined): Pair | null => {
    if (wanted === undefined) return null;
    // A clock that the trace knows goes by its name alone too.
    const path =
      option === '--clock' && a.clocks.some(({ name }) => name === wanted) ? `clocks.${wanted}` : wanted;
    const pair =
      pairing.pairs.find(({ pathA }) => pathA === path) ?? pairing.pairs.find(({ name }) => name === path);
    if (pair === undefined) {
      const inA = pairing.onlyA.find((lonely) => lonely.path === path || lonely.name === path);
      throw unknown(inA === undefined ? a : b, option, path);
    }
    const { kind, width } = pair.signal;
    if (kind !== 'bits' || width !== 1)
      throw new DiffError(
        a.name,
        option,
        'the path of one bit',
        `${path} (${kind === 'bits' ? `${width} bits` : kind})`,
      );
    return pair;
  };
  const isHandshake = align.by === 'handshake';
  return {
    clock: find('--clock', align.by === 'time' ? undefined : align.clock),
    valid: find('--valid', isHandshake ? align.valid : undefined),
    ready: find('--ready', isHandshake ? align.ready : undefined),
    reset: find('--skip-reset', reset?.path),
  };
}
