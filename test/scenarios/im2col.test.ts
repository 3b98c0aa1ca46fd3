import { describe, expect, it } from 'vitest';
import im2col from '../../scenarios/im2col.js';
import { svgPlot } from '../../src/report/svg-plot.js';
import { runScenario } from '../../src/scenario/run-scenario.js';

/** Kernel side, stride, padding, channels, filters, groups, side of AlexNet's convolutions. */
const ALEXNET = [
  { name: 'conv1', kernel: 11, stride: 4, pad: 0, channels: 3, groups: 1, side: 227 },
  { name: 'conv2', kernel: 5, stride: 1, pad: 2, channels: 96, groups: 2, side: 27 },
  { name: 'conv3', kernel: 3, stride: 1, pad: 1, channels: 256, groups: 1, side: 13 },
  { name: 'conv4', kernel: 3, stride: 1, pad: 1, channels: 384, groups: 2, side: 13 },
  { name: 'conv5', kernel: 3, stride: 1, pad: 1, channels: 384, groups: 2, side: 13 },
];
const beats = (bytes: number): number => 32 * Math.ceil(bytes / 32);

describe('im2col', { timeout: 240_000 }, () => {
  it('reads 5 times fewer bytes of activations on the fly, equal bit for bit at equal p', async () => {
    const { document, report } = await runScenario(im2col, { name: 'im2col' });
    expect(document.expectations.map(({ that, holds }) => ({ that, holds }))).toEqual(
      document.expectations.map(({ that }) => ({ that, holds: true })),
    );
    for (const { name, kernel, stride, pad, channels, groups, side } of ALEXNET) {
      const of = (mode: string) =>
        document.rows.find((row) => row['layer'] === name && row['im2col'] === mode)!;
      const pixels = (Math.floor((side + 2 * pad - kernel) / stride) + 1) ** 2;
      const blown = of('blown-up');
      // Every row of the matrix once a filter block; band by band, whole beats: at most two more a band and block.
      const bytes = Number(blown['blocks']) * pixels * (channels / groups) * kernel ** 2 * 2;
      expect(blown['activationBytes']).toBeGreaterThanOrEqual(beats(bytes));
      expect(blown['activationBytes']).toBeLessThanOrEqual(
        bytes + 64 * Number(blown['blocks']) * Number(blown['bands']),
      );
      // On the fly the map once a block, more where bands share rows (conv1 alone).
      const fly = of('on-the-fly');
      const map = (Number(fly['blocks']) / groups) * channels * side ** 2 * 2;
      expect(Number(fly['activationBytes']) / map).toBeLessThan(name === 'conv1' ? 1.08 : 1.001);
      expect(Number(fly['activationBytes'])).toBeGreaterThanOrEqual(map);
    }
    expect(report.plots!.map(svgPlot).every((svg) => svg.startsWith('<svg'))).toBe(true);
  });
});
