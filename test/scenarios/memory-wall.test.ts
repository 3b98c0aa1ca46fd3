import { describe, expect, it } from 'vitest';
import memoryWall from '../../scenarios/memory-wall.js';
import { svgPlot } from '../../src/report/svg-plot.js';
import { runScenario } from '../../src/scenario/run-scenario.js';

const run = (...settings: string[]) => runScenario(memoryWall, { name: 'memory-wall', settings });

describe('memory-wall', { timeout: 240_000 }, () => {
  it('reaches 98 % of the ceiling with the p that the BRAM holds, and is memory-bound at p = 1', async () => {
    const { document, report } = await run(
      'axiBits=256',
      'channelBits=64',
      'megaTransfers=1600',
      'p=[1,null]',
    );
    expect(document.points).toBe(2);
    expect(document.held).toBe(true);
    const judged = document.expectations.filter(({ holds }) => holds === true);
    expect(judged).toHaveLength(document.expectations.length);
    const [one, budget] = document.rows;
    expect([one!['p'], budget!['p']]).toEqual([1, 13]);
    // (1024 / (37·28))² of 2·28²·166e6, less the first panel and band at 6.4 GB/s: by hand 253.4.
    expect(budget!['ceiling']).toBeCloseTo(253.4, 1);
    expect(budget!['gops']).toBeGreaterThan(0.98 * 253.4);
    // A once, 37 panels of 1024 slices of 64 bytes; B once a panel at p = 1, and 3 times at p = 13.
    const a = 37 * 1024 * 64;
    const b = 2 * 1024 ** 2;
    expect(one!['bytesRead']).toBe(a + 37 * b);
    expect(budget!['bytesRead']).toBe(a + 3 * b);
    expect(report.plots!.map(svgPlot).every((svg) => svg.startsWith('<svg'))).toBe(true);
  });

  it('follows the bandwidth at p = 1, on a smaller product', async () => {
    const { document } = await run(
      'size=168',
      'p=1',
      'axiBits=[64,128]',
      'channelBits=64',
      'megaTransfers=1600',
    );
    const [narrow, wide] = document.rows.map((row) => Number(row['gops']));
    expect(document.rows.every((row) => row['right'])).toBe(true);
    expect(wide! / narrow!).toBeGreaterThan(1.8);
    expect(wide! / narrow!).toBeLessThan(2.05);
  });

  it('sees no difference in channels that are faster than the link', async () => {
    const { document } = await run(
      'size=84',
      'p=2',
      'axiBits=64',
      'megaTransfers=[1066,1866]',
      'channelBits=64',
    );
    const [slow, fast] = document.rows.map((row) => Number(row['cycles']));
    expect(Math.abs(slow! - fast!)).toBeLessThan(0.005 * fast!);
  });
});
