import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { svgPlot } from '../../src/report/svg-plot.js';
import { scaleOf, tickText } from '../../src/report/svg-ticks.js';
import type { BarPlot, LinePlot } from '../../src/scenario/plot.js';

const line: LinePlot = {
  kind: 'line',
  name: 'line',
  title: 'a < b & "c"',
  x: { label: 'p', scale: 'log2' },
  y: { label: 'rate', unit: 'GB/s' },
  series: [
    { label: 'one', points: [[1, 10], [2, 20], [4, 40]] },
    { label: 'two', points: [[1, 5], [2, 7], [4, 9]] },
  ],
  references: [{ label: 'most', y: 50 }],
}; // prettier-ignore

describe('scaleOf', () => {
  it('puts linear axes on 1, 2 or 5 times a power of ten, from zero', () => {
    expect(scaleOf({ label: 'y' }, [3, 47]).ticks).toEqual([0, 10, 20, 30, 40, 50]);
    expect(scaleOf({ label: 'y' }, [0.02, 0.11]).ticks).toEqual([0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12]);
    expect(scaleOf({ label: 'y' }, [-12, 12]).ticks).toEqual([-15, -10, -5, 0, 5, 10, 15]);
    expect(scaleOf({ label: 'y', from: 0, to: 300 }, [1]).ticks).toEqual([0, 50, 100, 150, 200, 250, 300]);
  });

  it('puts logarithmic axes on powers, with 2 and 5 between few powers of ten', () => {
    expect(scaleOf({ label: 'x', scale: 'log2' }, [1, 13]).ticks).toEqual([1, 2, 4, 8, 16]);
    expect(scaleOf({ label: 'x', scale: 'log10' }, [0.5, 4000]).ticks).toEqual([
      0.1, 1, 10, 100, 1000, 10_000,
    ]);
    expect(scaleOf({ label: 'x', scale: 'log10' }, [10, 90]).ticks).toEqual([10, 20, 50, 100]);
    const { at } = scaleOf({ label: 'x', scale: 'log2' }, [1, 16]);
    expect([1, 2, 4, 16].map(at)).toEqual([0, 0.25, 0.5, 1]);
  });

  it('refuses values that a logarithm has none for', () => {
    expect(() => scaleOf({ label: 'x', scale: 'log10' }, [0, 1])).toThrow(/x: .* above 0, got 0/);
  });

  it('holds all values within the axis, in order, whatever they are', () => {
    const number = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 20 }),
        fc.constantFrom('linear', 'log2', 'log10' as const),
        (values, scale) => {
          const { at, ticks } = scaleOf({ label: 'x', scale: scale as 'linear' | 'log2' | 'log10' }, values);
          const sorted = [...values].sort((a, b) => a - b).map(at);
          for (const [i, place] of sorted.entries()) {
            expect(place).toBeGreaterThanOrEqual(-1e-6);
            expect(place).toBeLessThanOrEqual(1 + 1e-6);
            if (i > 0) expect(place).toBeGreaterThanOrEqual(sorted[i - 1]!);
          }
          expect(ticks.length).toBeGreaterThan(1);
          expect(ticks.length).toBeLessThan(14);
        },
      ),
    );
  });
});

describe('tickText', () => {
  it('shortens thousands on long axes only', () => {
    expect(tickText(1000, 2000)).toBe('1,000');
    expect(tickText(1000, 20_000)).toBe('1 k');
    expect(tickText(2_500_000, 5e6)).toBe('2.5 M');
    expect(tickText(0.02, 0.1)).toBe('0.02');
  });
});

describe('svgPlot', () => {
  it('draws a line and its marks where the values are', () => {
    const svg = svgPlot(line);
    // x: 1, 2, 4 over 660 px from 76; y: 0 to 50 down from 378, legend and title above.
    expect(svg).toContain('<path d="M76 317.6L406 257.2L736 136.4"');
    expect(svg.match(/<circle/g)).toHaveLength(3 + 1);
    expect(svg).toContain('stroke-dasharray');
    expect(svg).toContain('rate [GB/s]');
  });

  it('gives well-formed text, escaped', () => {
    const svg = svgPlot(line);
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    const open = [...svg.matchAll(/<(\w+)(?:\s[^>]*[^/])?>/g)].map((m) => m[1]!).sort();
    const close = [...svg.matchAll(/<\/(\w+)>/g)].map((m) => m[1]!).sort();
    expect(open).toEqual(close);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('gives the same bytes for the same plot', () => {
    expect(svgPlot(structuredClone(line))).toBe(svgPlot(line));
  });

  it('draws bars from zero, side by side or stacked', () => {
    const bars: BarPlot = {
      kind: 'bar',
      name: 'bars',
      title: 'bars',
      categories: ['a', 'b'],
      y: { label: 'n' },
      series: [
        { label: 's', values: [1, 2] },
        { label: 't', values: [3, 4] },
      ],
    };
    const heights = (svg: string): number[] =>
      [
        ...svg.matchAll(
          /<rect x="[^"]*" y="[^"]*" width="[^"]*" height="([^"]*)" fill="#(?:0072b2|d55e00)"\/>/g,
        ),
      ]
        .map((m) => Number(m[1]))
        .filter((height) => height !== 12);
    const [a, b, c, d] = heights(svgPlot(bars));
    expect(b! / a!).toBeCloseTo(3, 1);
    expect(c! / a!).toBeCloseTo(2, 1);
    expect(d! / a!).toBeCloseTo(4, 1);
    const stacked = heights(svgPlot({ ...bars, stacked: true }));
    expect(stacked[1]! / stacked[0]!).toBeCloseTo(3, 1);
    expect(svgPlot({ ...bars, stacked: true })).not.toBe(svgPlot(bars));
  });

  it('refuses a plot without values', () => {
    expect(() => svgPlot({ ...line, series: [] })).toThrow(/line: a plot must have points, got none/);
  });
});
