import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import scalesim from '../../scenarios/scalesim.js';
import { runScenario } from '../../src/scenario/run-scenario.js';

/** SCALE-Sim's results, beside the checkout where they are there at all. */
const file = new URL('../../../shared/data/scalesim/summary.csv', import.meta.url);
const isThere = existsSync(file);
const skipped = isThere ? '' : ' (skipped: its results are not beside the checkout)';

/** Rows of its summary: net, layer, dataflow, M, N, K, macs, folds, cycles per fold, cycles, … */
function summary(): { layer: string; m: number; n: number; k: number; folds: number; cycles: number }[] {
  const rows = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return rows
    .filter(([net, , dataflow]) => net === 'alexnet_padded' && dataflow === 'os')
    .map((cells) => ({
      layer: cells[1]!,
      m: Number(cells[3]),
      n: Number(cells[4]),
      k: Number(cells[5]),
      folds: Number(cells[7]),
      cycles: Number(cells[9]),
    }));
}

describe('scalesim', () => {
  it('differs from SCALE-Sim by the fills that it charges and the drain that it omits, to the cycle', async () => {
    const { document } = await runScenario(scalesim, {
      name: 'scalesim',
      settings: ['layer=["Conv1","Conv3"]'],
    });
    expect(document.expectations).toEqual(
      document.expectations.map(({ that }) => ({ that, holds: true, got: null })),
    );
    expect(document.rows.map((row) => [row['layer'], row['array']])).toEqual([
      ['Conv1', 158_309],
      ['Conv3', 225_841],
    ]);
  });

  it.skipIf(!isThere)(`computes for every AlexNet layer what SCALE-Sim reported${skipped}`, async () => {
    const { document } = await runScenario(scalesim, { name: 'scalesim' });
    expect(
      document.rows.map((row) => ({
        layer: row['layer'],
        m: row['pixels'],
        n: row['filters'],
        k: row['k'],
        folds: row['folds'],
        cycles: row['scalesim'],
      })),
    ).toEqual(summary());
  });
});
