import { z } from 'zod';
import { STALL_CAUSES } from '../components/top/stall-causes.js';
import { MEMORY_MODELS } from '../machines/gupta/memory-spec.js';
import { ddr3ReportFields } from './ddr3-report-schema.js';
import { ROUNDINGS } from './run-config.js';

const count = z.number().int().min(0);
const map = z.strictObject({ channels: count, height: count, width: count });
const causes = z.strictObject(
  Object.fromEntries(STALL_CAUSES.map((cause) => [cause, count])) as Record<
    (typeof STALL_CAUSES)[number],
    typeof count
  >,
);
const share = z.number().min(0).max(1);
const ddr3 = z.strictObject({
  bytesRead: count.describe('weights and activations together'),
  weightBytesRead: count,
  activationBytesRead: count,
  bytesWritten: count,
  bandwidthGBps: z.number().min(0).describe('bytes read and written over the time, 10⁹ bytes a second'),
  banks: z
    .strictObject({
      rowHits: count,
      rowMisses: count,
      rowConflicts: count,
      rowHitRate: share.nullable().describe('hits over hits, misses and conflicts; null without accesses'),
      activates: count,
      averageReadLatencyClocks: z
        .number()
        .nullable()
        .describe('clocks of the DRAM from accept to the last word; null without reads'),
      busUtilisation: z.number().min(0).describe('clocks with data on the DRAM bus over all clocks'),
    })
    .nullable()
    .describe('the DDR3 channel; null with an ideal memory'),
});
const axi = z.strictObject({
  readBursts: count,
  writeBursts: count,
  readBeats: count.describe('beats on the link at its width'),
  writeBeats: count,
  readHeld: count.describe("cycles of the link's clock in which a read beat was not taken"),
  writeHeld: count.describe('the same of a write beat'),
  readUtilisation: z.number().min(0).describe("read beats over cycles of the link's clock"),
  writeUtilisation: z.number().min(0).describe('write beats over the same'),
});

export const layerDocumentSchema = z.strictObject({
  name: z.string(),
  op: z.enum(['conv', 'dense', 'host']),
  input: map,
  output: map.describe('after pooling'),
  kernel: z.tuple([count, count]).nullable(),
  macs: count.describe('multiply-accumulates of one image, bias excluded'),
  cycles: z.number().nullable().describe('of one image (the mean over images, rounded); null for host steps'),
  cyclesRange: z
    .tuple([count, count])
    .nullable()
    .describe('of the shortest and of the longest image: refreshes of the DRAM fall differently'),
  microseconds: z.number().nullable().describe('cycles at the configured clock'),
  utilisation: z.number().nullable().describe('MACs over cycles times n², 0 to 1'),
  stalls: causes.nullable().describe('cycles of one image by cause; they add up to cycles'),
  ddr3: ddr3.nullable().describe('traffic of one image at the memory'),
  axi: axi.nullable().describe('traffic of one image on the AXI link'),
  saturations: count.describe('results clamped to 16 bits, all images together'),
  wraps: count.describe(
    'sums that left the 48-bit accumulator, in the images that were compared with the reference',
  ),
  plan: z
    .strictObject({
      kprime: count.describe("slices a panel, K'"),
      panels: count.describe('held together, p'),
      panelsWanted: count
        .nullable()
        .describe('p as configured, which may be more than fits; null: as many as fit'),
      bands: count,
      bandRows: count.describe('output rows of a band; output pixels where blown up'),
      blownUp: z.boolean().describe('the activations lay in DDR3 as a matrix, one row an output pixel'),
      hostPool: z.boolean().describe('the host pooled what the machine wrote'),
    })
    .nullable(),
});

const memory = z.strictObject({
  model: z.enum(MEMORY_MODELS),
  axi: z.strictObject({
    bits: count,
    clockHz: count,
    peakGBps: z.number().describe('a beat a cycle, one way'),
  }),
  ddr3: z
    .strictObject({ speed: count.describe('MT/s'), channelBits: count, ...ddr3ReportFields })
    .nullable()
    .describe('what the DDR3 channel has done; null with an ideal memory'),
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
  bram36: z
    .strictObject({
      a: count.describe('halves of A'),
      b: count.describe('banks of B'),
      buffers: count.describe('set aside for all other buffers'),
      total: count,
      device: count.describe('what there are'),
    })
    .describe('block RAMs of the L2 cache'),
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
    axi,
    saturations: count,
    simulatedCycles: count.describe('cycles that were simulated in all'),
  }),
  memory: memory.describe('the off-chip side, all images together'),
  hashes: z.strictObject({
    config: z.string().describe('SHA-256 of the canonical configuration'),
    network: z.string().describe('SHA-256 of the input shape and the layers, as completed'),
    weights: z.string().describe('SHA-256 of the quantised weights and biases'),
  }),
});

export type RunDocument = z.output<typeof runDocumentSchema>;
export type LayerDocument = z.output<typeof layerDocumentSchema>;
export type Ddr3Document = z.output<typeof ddr3>;
export type AxiDocument = z.output<typeof axi>;
export type MemoryDocument = z.output<typeof memory>;
