import { z } from 'zod';
import { defineScenario } from '../../src/scenario/scenario.js';

/** A scenario for tests: multiplies; no simulation. */
export default defineScenario({
  title: 'products of small numbers',
  doc: 'Predicted: a · b.',
  parameters: {
    a: z.int().min(0).default(3).describe('one factor'),
    b: z.int().min(0).default(4).describe('the other'),
    label: z.string().default('plain'),
    deep: z.strictObject({ shift: z.int().default(0) }).prefault({}),
    fault: z.boolean().default(false),
  },
  sweep: { a: [1, 2, 3], b: [10, 20] },
  columns: { product: { title: 'a · b', unit: 'units', digits: 1 } },
  run({ a, b, label, deep, fault }, { point }) {
    if (fault && a === 2) throw new Error('a fault of the model');
    return Array.from({ length: a }, (_, i) => ({
      a,
      b,
      i,
      label,
      point,
      product: a * b + deep.shift + i / 4,
    }));
  },
  expect: (rows) => [
    { that: 'products are below 70', holds: rows.every((row) => row.product < 70), got: rows.length },
    { that: 'nothing is known of b = 30', holds: rows.some((row) => row.b === 30) ? true : null },
  ],
  report: (rows) => ({
    text: `${rows.length} rows`,
    plots: [
      {
        kind: 'line',
        name: 'lines',
        title: 'products',
        x: { label: 'a' },
        y: { label: 'a · b' },
        series: [{ label: 'all', points: rows.map((row) => [row.a, row.product] as const) }],
      },
    ],
  }),
});
