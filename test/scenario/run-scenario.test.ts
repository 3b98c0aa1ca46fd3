import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/kernel/index.js';
import { runScenario } from '../../src/scenario/run-scenario.js';
import { type AnyScenario, defineScenario, type Row } from '../../src/scenario/scenario.js';
import { scenarioDocumentSchema } from '../../src/scenario/scenario-document.js';
import { scenarioPoints } from '../../src/scenario/scenario-points.js';
import square from './square.js';

const file = fileURLToPath(new URL('square.ts', import.meta.url));

/** A scenario whose rows are given. */
const rowsOf = (rows: readonly unknown[]): AnyScenario =>
  defineScenario({ title: 'rows', parameters: {}, run: () => rows as readonly Row[] });

describe('scenarioPoints', () => {
  it('multiplies the axes out, the first one slowest, and completes the defaults', () => {
    const { points, fixed, sweep } = scenarioPoints('square', square, []);
    expect(points.map(({ a, b }) => [a, b])).toEqual([
      [1, 10],
      [1, 20],
      [2, 10],
      [2, 20],
      [3, 10],
      [3, 20],
    ]);
    expect(points[0]).toEqual({ a: 1, b: 10, label: 'plain', deep: { shift: 0 }, fault: false });
    expect(fixed).toEqual({ label: 'plain', deep: { shift: 0 }, fault: false });
    expect(sweep).toEqual({ a: [1, 2, 3], b: [10, 20] });
  });

  it('lets a setting take the place of an axis, a list become one, and a path reach into an object', () => {
    const of = (...settings: string[]) => scenarioPoints('square', square, settings);
    expect(of('a=7').points.map(({ a, b }) => [a, b])).toEqual([
      [7, 10],
      [7, 20],
    ]);
    expect(of('a=7').fixed['a']).toBe(7);
    expect(of('a=[7,8]', 'b=0').points.map(({ a }) => a)).toEqual([7, 8]);
    expect(of('label=["x","y"]', 'a=1', 'b=1').sweep).toEqual({ label: ['x', 'y'] });
    expect(of('deep.shift=5').points.every(({ deep }) => (deep as { shift: number }).shift === 5)).toBe(true);
  });

  it('runs a point once that several grids have', () => {
    const scenario = defineScenario({
      title: 'two grids',
      parameters: { x: z.int().default(0), y: z.int().default(0) },
      sweep: [{ x: [0, 1] }, { y: [0, 1] }],
      run: ({ x, y }) => [{ x, y }],
    });
    const { points, sweep } = scenarioPoints('grids', scenario, []);
    expect(points).toEqual([
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ]);
    expect(sweep).toEqual({ x: [0, 1], y: [0, 1] });
  });

  it.each([
    ['c=1', /square: c must be one of a, b, label, deep, fault, got 1/],
    ['a=-1', /square: a must be .*>=\s?0, got -1/],
    ['a=many', /square: a must be number, got "many"/],
    ['a=[1,-1]', /square: a must be .*>=\s?0, got -1/],
    ['a=[]', /square: a must be a list of one value or more, got "\[\]"/],
    ['deep.shove=1', /square: deep.shove must be a known parameter, got 1/],
    ['a', /--set: setting must be path=value/],
  ])('refuses %s and says what is wanted', (setting, says) => {
    expect(() => scenarioPoints('square', square, [setting])).toThrow(says);
  });
});

describe('runScenario', () => {
  it('gives rows in the order of the points, columns as described, and the verdicts', async () => {
    const { document, report } = await runScenario(square, { name: 'square', settings: ['b=[10,30]'] });
    expect(scenarioDocumentSchema.parse(document)).toEqual(document);
    expect(document.rows.map((row) => [row['a'], row['b'], row['i']])).toEqual(
      [
        [1, 10, 0],
        [2, 10, 0],
        [2, 10, 1],
        [3, 10, 0],
        [3, 10, 1],
        [3, 10, 2],
        [1, 30, 0],
        [2, 30, 0],
        [2, 30, 1],
        [3, 30, 0],
        [3, 30, 1],
        [3, 30, 2],
      ].sort((x, y) => x[0]! - y[0]! || x[1]! - y[1]! || x[2]! - y[2]!),
    );
    expect(document.columns.at(-1)).toEqual({ key: 'product', title: 'a · b', unit: 'units', digits: 1 });
    expect(document.expectations).toEqual([
      { that: 'products are below 70', holds: false, got: 12 },
      { that: 'nothing is known of b = 30', holds: true, got: null },
    ]);
    expect(document.held).toBe(false);
    expect(report.plots).toHaveLength(1);
  });

  it('counts what cannot be judged as no failure', async () => {
    const { document } = await runScenario(square, { name: 'square' });
    expect(document.expectations.map(({ holds }) => holds)).toEqual([true, null]);
    expect(document.held).toBe(true);
  });

  it('gives the same bytes with one worker, two or four', async () => {
    const text = async (workers: number): Promise<string> => {
      const { document } = await runScenario(square, { name: 'square', workers, file });
      return JSON.stringify(document);
    };
    const one = await text(1);
    expect(await text(2)).toBe(one);
    expect(await text(4)).toBe(one);
  });

  it('hands on the fault of a point, whoever ran it', async () => {
    for (const workers of [1, 2])
      await expect(
        runScenario(square, { name: 'square', settings: ['fault=true'], workers, file }),
      ).rejects.toThrow('a fault of the model');
  });

  it('stops between points when asked to, and judges nothing then', async () => {
    for (const workers of [1, 2]) {
      const control = new Int32Array(new SharedArrayBuffer(4));
      const { document } = await runScenario(square, {
        name: 'square',
        workers,
        file,
        control,
        progress: (done) => {
          if (done === 2) Atomics.store(control, 0, 2);
        },
      });
      expect(document.partial).toBe(true);
      expect(document.points).toBeLessThan(6);
      expect(document.rows.every((row, i, rows) => i === 0 || row['a']! >= rows[i - 1]!['a']!)).toBe(true);
      expect(document.expectations).toEqual([]);
    }
  });

  it.each([
    [[{ x: 1 }, { y: 1 }], /rows: rows\[1\] must be the columns x as rows\[0\] has, got "y"/],
    [[{ x: NaN }], /rows: rows\[0\]\.x must be a finite number/],
    [[{ x: [1] }], /rows: rows\[0\]\.x must be a finite number, a text, true, false or null/],
  ])('refuses rows that are no plain table: %j', async (rows, says) => {
    await expect(runScenario(rowsOf(rows), { name: 'rows' })).rejects.toThrow(says);
  });

  it('wants a file for more than one worker', async () => {
    await expect(runScenario(square, { name: 'square', workers: 2 })).rejects.toThrow(ConfigError);
  });

  it('keeps every value of any table of numbers and texts', async () => {
    const cell = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ a: cell, b: cell }), { maxLength: 5 }), async (rows) => {
        const { document } = await runScenario(rowsOf(rows), { name: 'rows' });
        expect(document.rows).toEqual(rows);
      }),
      { numRuns: 30 },
    );
  });
});
