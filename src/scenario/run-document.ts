import { z } from 'zod';
import { STALL_CAUSES } from '../components/top/stall-causes.js';
import { ROUNDINGS } from './run-config.js';

const count = z.number().int().min(0);
const map = z.strictObject({ channels: count, height: count, width: count });
const causes = z.strictObject(
  Object.fromEntries(STALL_CAUSES.map((cause) => [cause, count])) as Record<
    (typeof STALL_CAUSES)[number],
    typeof count
  >,
);
const ddr3 = z.strictObject({
  bytesRead: count.describe('weights and activations together'),
  weightBytesRead: count,
  activationBytesRead: count,
  bytesWritten: count,
});

export const layerDocumentSchema = z.strictObject({
  name: z.string(),
  op: z.enum(['conv', 'dense', 'host']),
  input: map,
  output: map.describe('after pooling'),
  kernel: z.tuple([count, count]).nullable(),
  macs: count.describe('multiply-accumulates of one image, bias excluded'),
  cycles: z
    .number()
    .nullable()
    .describe('of one image (the mean over images, which is whole where all are equal); null for host steps'),
  microseconds: z.number().nullable().describe('cycles at the configured clock'),
  utilisation: z.number().nullable().describe('MACs over cycles times n², 0 to 1'),
  stalls: causes.nullable().describe('cycles of one image by cause; they add up to cycles'),
  ddr3: ddr3.nullable().describe('bytes of one image'),
  saturations: count.describe('results clamped to 16 bits, all images together'),
  wraps: count.describe(
    'sums that left the 48-bit accumulator, in the images that were compared with the reference',
  ),
  plan: z
    .strictObject({
      kprime: count.describe("slices a panel, K'"),
      panels: count.describe('held together, p'),
      bands: count,
      bandRows: count.describe('output rows of a band; output pixels where blown up'),
      blownUp: z.boolean().describe('the activations lay in DDR3 as a matrix, one row an output pixel'),
      hostPool: z.boolean().describe('the host pooled what the machine wrote'),
    })
    .nullable(),
});

/** What `marblewave run --json` prints; published as schemas/run.schema.json. */
export const runDocumentSchema = z.strictObject({
  schema: z.literal('marblewave.run/1'),
  network: z.string(),
  machine: z.string(),
  mode: z
    .enum(['cycle', 'fast'])
    .describe("'fast': the same arithmetic without cycles; those shown are image 0's, run in cycle mode"),
  partial: z.boolean().describe('the run was interrupted: figures cover the images that were finished'),
  images: count,
  data: z.string().describe('the data set: its name, its folder, or random'),
  accuracy: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('right predictions over images; null without images or labels'),
  predictions: z.array(count),
  labels: z.array(count).describe('empty for images without labels'),
  check: z.strictObject({
    images: count.describe('images whose every layer was compared with the plain reference'),
    equal: z.boolean(),
    firstDifference: z
      .strictObject({ image: count, layer: z.string(), index: count, wanted: z.number(), got: z.number() })
      .nullable(),
  }),
  float: z
    .strictObject({ accuracy: z.number().min(0).max(1) })
    .nullable()
    .describe('the same images through the float network'),
  formats: z.strictObject({ weights: z.string(), activations: z.string() }),
  rounding: z.enum(ROUNDINGS),
  seed: count,
  n: count,
  clockHz: count,
  saturatedWeights: count.describe('weights and biases outside their format'),
  layers: z.array(layerDocumentSchema),
  totals: z.strictObject({
    macs: count,
    cycles: z.number().describe('of one image'),
    microseconds: z.number(),
    utilisation: z.number(),
    gops: z.number().describe('2·MACs over time, 10⁹/s'),
    stalls: causes,
    ddr3,
    saturations: count,
    simulatedCycles: count.describe('cycles that were simulated in all'),
  }),
  hashes: z.strictObject({
    config: z.string().describe('SHA-256 of the canonical configuration'),
    network: z.string().describe('SHA-256 of the input shape and the layers, as completed'),
    weights: z.string().describe('SHA-256 of the quantised weights and biases'),
  }),
});

export type RunDocument = z.output<typeof runDocumentSchema>;
export type LayerDocument = z.output<typeof layerDocumentSchema>;
