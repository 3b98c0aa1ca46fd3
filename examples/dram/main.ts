import { Ddr3Controller } from '../../src/components/ddr3/controller.js';
import { ddr3Report } from '../../src/components/ddr3/report.js';
import { type Ddr3Config, ddr3Spec } from '../../src/components/ddr3/spec.js';
import { runTrace } from '../../src/components/ddr3/trace-run.js';
import { textTable } from '../../src/report/table.js';

/**
 * A matrix of 512 × 512 blocks of 64 bytes is read by rows, then by columns; each walk is 16,384 reads as fast as they are
 * taken. By rows every mapping streams. By columns a step is 32 KiB, 512 bursts. With the bank above the column that
 * step reaches 4 of the 16 banks, a new row in each: no hits, and the four wait for tRC. XORing the bank with the low
 * row bits has the same misses meet all banks, which hides them. With the bank at the bottom a step stays in one bank and
 * finds its row three times out of four: many hits, and still slow.
 */
const SIDE = 512;
const SOME = 16_384;

const walks = {
  rows: Int32Array.from({ length: SOME }, (_, i) => i),
  columns: Int32Array.from({ length: SOME }, (_, i) => (i % SIDE) * SIDE + Math.floor(i / SIDE)),
};

const settings: readonly (readonly [name: string, config: Ddr3Config])[] = [
  ['row-rank-bank-col', {}],
  ['row-rank-bank-col, bank XOR', { bankXor: true }],
  ['row-col-rank-bank', { mapping: 'row-col-rank-bank' }],
  ['row-col:4-rank-bank-col', { mapping: 'row-col:4-rank-bank-col' }],
];

const rows = settings.flatMap(([name, config]) =>
  Object.entries(walks).map(([walk, bursts]) => {
    const controller = new Ddr3Controller(ddr3Spec(config));
    runTrace(controller, {
      count: SOME,
      bursts,
      writes: new Uint8Array(SOME),
      stamps: new Float64Array(SOME),
    });
    const { bandwidthGBps, rowHitRate, readLatency, commands } = ddr3Report(controller);
    return [
      name,
      walk,
      bandwidthGBps.toFixed(2),
      `${(rowHitRate * 100).toFixed(1)} %`,
      readLatency.average.toFixed(0),
      String(commands.ACT),
    ];
  }),
);

process.stdout.write(
  `${textTable(
    [
      { title: 'mapping', align: 'left' },
      { title: 'walk', align: 'left' },
      { title: 'GB/s' },
      { title: 'row hits' },
      { title: 'read latency, clocks' },
      { title: 'ACT' },
    ],
    rows,
  )}\n`,
);
