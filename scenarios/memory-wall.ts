import {
  defineScenario,
  type Expectation,
  guptaSchema,
  guptaSpec,
  GuptaRunner,
  type GuptaSpecInput,
  type MachineLayer,
  type Plot,
  z,
} from '../src/index.js';

const AXI_HZ = 200_000_000;
/** tRFC / tREFI of 4 Gb parts: the share of time in which refresh blocks the channel (JESD79-3: 260 ns of 7.8 µs). */
const REFRESH = 260 / 7800;
/** The board: 256-bit AXI at 200 MHz, a 64-bit DDR3-1600 SO-DIMM. */
const BOARD = { axiBits: 256, channelBits: 64, megaTransfers: 1600 } as const;

interface MemoryParameters {
  readonly axiBits: 64 | 128 | 256;
  readonly channelBits: 32 | 64;
  readonly megaTransfers: 1066 | 1333 | 1600 | 1866;
}

/** The memory side for a link and a channel. */
function memoryOf({ axiBits, channelBits, megaTransfers }: MemoryParameters): GuptaSpecInput['memory'] {
  return { model: 'ddr3', clockHz: AXI_HZ, axiBits, ddr3: { channelBits, speed: megaTransfers } };
}

/** What link and channel let through at most, bytes a second: the slower of the link, one way, and the channel's peak less refresh. */
function boundOf({ axiBits, channelBits, megaTransfers }: MemoryParameters): number {
  const link = (axiBits / 8) * AXI_HZ;
  const channel = (channelBits / 8) * megaTransfers * 1e6 * (1 - REFRESH);
  return Math.min(link, channel);
}

interface WallRow {
  readonly [key: string]: number | boolean | string;
  readonly p: number;
  readonly budget: boolean;
  readonly axiBits: number;
  readonly channelBits: number;
  readonly megaTransfers: number;
  readonly size: number;
  readonly boundGBps: number;
  readonly cycles: number;
  readonly gops: number;
  readonly ceiling: number;
  readonly ofCeiling: number;
  readonly movedGBps: number;
  readonly rowHitRate: number;
  readonly readLatencyNs: number;
  readonly linkUsed: number;
  readonly awaitsDram: number;
  readonly bytesRead: number;
  readonly right: boolean;
}

/**
 * The memory wall of a 1024³ matrix product on the 28×28 array at 166 MHz.
 *
 * Ceiling. C has ⌈1024/28⌉ = 37 panels of rows by 37 tiles of columns (bands of the cache are whole tiles), each tile
 * issues K = 1024 slices: 37² · 1024 = 1,401,856 cycles, against 1024³/28² = 1,369,569 of a full array: edges leave
 * (1024 / (37 · 28))² = 97.7 % of 2·28²·166e6 = 260.3 G-ops/s, 254.3. Nothing can be issued before the first panel of A (K slices
 * of 64 bytes) and the first band of B (56 columns of 2,048 bytes, what half of the banks hold) are there: 180,224 bytes, 4,675
 * cycles at 6.4 GB/s, which leaves 253.4.
 *
 * Wall. A panel of A is read once, a band of B once for every p panels: per issued cycle about 2n/p bytes of B and 2 · 2n²/1024
 * of A and C. p = 1 wants 59 bytes a cycle, 9.8 GB/s: more than any link here gives, so G-ops/s follow the memory. p = 4
 * wants 17 (2.8 GB/s), p = 13 wants 7.4 (1.2 GB/s). What BRAM holds is p = ⌊13,824 / 1024⌋ = 13.
 */
export default defineScenario({
  title: 'memory wall: G-ops/s of a 1024³ matrix product against p, AXI width and DRAM',
  doc: `Ceiling: 37 × 37 tiles (⌈1024/28⌉ = 37) of K = 1024 slices are 1,401,856 cycles: edges leave (1024 / (37·28))² = 97.7 % of
260.3 G-ops/s, 254.3. The first panel of A and band of B, 180,224 bytes, come before the first slice: 4,675 cycles at 6.4 GB/s
leave 253.4.
Wall: per cycle the array wants about 2n/p bytes of B, and 2·2n²/1024 of A and C: 59 bytes at p = 1 (9.8 GB/s), 31 at p = 2,
17 at p = 4, 7.4 (1.2 GB/s) at p = 13, the most that the BRAM holds.
Predicted: at p = 1 every link is too slow and G-ops/s follow its bandwidth: the cache writes up to 29 words of B a
cycle, one a bank, and so takes all that a 256-bit link at 200 MHz brings. At the board (256-bit AXI, 64-bit DDR3-1600) the p of the BRAM
budget reaches at least 98 % of the ceiling; a wider channel behind a narrow link buys nothing. What is lost below the ceiling
at large p is the first filter block's panels, 64 KiB each, which load slower than the first band computes.`,
  parameters: {
    p: z
      .int()
      .min(1)
      .nullable()
      .default(null)
      .describe('panels held together; null: as many as the BRAM holds'),
    axiBits: z
      .union([z.literal(64), z.literal(128), z.literal(256)])
      .default(BOARD.axiBits)
      .describe('width of the AXI link, at 200 MHz'),
    channelBits: z
      .union([z.literal(32), z.literal(64)])
      .default(BOARD.channelBits)
      .describe('width of the DDR3 channel'),
    megaTransfers: z
      .union([z.literal(1066), z.literal(1333), z.literal(1600), z.literal(1866)])
      .default(BOARD.megaTransfers)
      .describe('speed of the DDR3, 10⁶ transfers a second'),
    size: z.int().min(1).max(4096).default(1024).describe('rows, columns and depth of the product'),
    machine: guptaSchema
      .prefault({})
      .describe('the machine; its p and memory are set by the parameters above'),
  },
  sweep: [
    { axiBits: [64, 128, 256], p: [1, 2, 4, 8, null] },
    { channelBits: [32, 64], megaTransfers: [1066, 1333, 1600, 1866], p: [1, 4, null] },
  ],
  columns: {
    budget: { title: 'as BRAM holds' },
    axiBits: { title: 'AXI', unit: 'bit' },
    channelBits: { title: 'channel', unit: 'bit' },
    megaTransfers: { title: 'DDR3', unit: 'MT/s' },
    boundGBps: { title: 'bound, one way', unit: 'GB/s', digits: 2 },
    gops: { title: 'G-ops/s', digits: 1 },
    ceiling: { digits: 1 },
    ofCeiling: { title: 'of ceiling', unit: '%', digits: 1 },
    movedGBps: { title: 'moved, both ways', unit: 'GB/s', digits: 2 },
    rowHitRate: { title: 'row hits', unit: '%', digits: 1 },
    readLatencyNs: { title: 'read latency', unit: 'ns', digits: 0 },
    linkUsed: { title: 'AXI read', unit: '%', digits: 1 },
    awaitsDram: { title: 'cycles awaiting DRAM', unit: '%', digits: 1 },
    bytesRead: { title: 'read', unit: 'B' },
  },

  async run(parameters, { control, checkStopped }): Promise<WallRow[]> {
    const { p, axiBits, channelBits, megaTransfers, size, machine } = parameters;
    const spec = guptaSpec({ ...machine, p, memory: memoryOf(parameters) });
    const bound = boundOf(parameters);
    const { layer, columns } = product(size);
    const runner = new GuptaRunner(spec, [layer], { seed: 1 });
    const run = await runner.runLayerInSlices(0, columns, 0, { stochastic: false, seed: 1 }, { control });
    if (run === null) checkStopped();
    const { cycles, causes, bytesRead, bytesWritten, output, memory } = run!;
    const accesses = memory.rowHits + memory.rowMisses + memory.rowConflicts;
    const plan = runner.plans[0]!;
    const seconds = cycles / spec.clockHz;
    const operations = 2 * size ** 3;
    const tiles = Math.ceil(size / spec.n) * Math.ceil(size / spec.n);
    const sliceBytes = 32 * Math.ceil(spec.n / 16);
    const firstBytes = size * sliceBytes + Math.min(plan.bandRows, size) * size * 2;
    const firstCycles = (firstBytes / bound) * spec.clockHz;
    const ceiling = (operations / (tiles * size + firstCycles)) * spec.clockHz;
    return [
      {
        axiBits,
        channelBits,
        megaTransfers,
        p: plan.panels,
        budget: p === null,
        size,
        boundGBps: bound / 1e9,
        cycles,
        gops: operations / seconds / 1e9,
        ceiling: ceiling / 1e9,
        ofCeiling: (100 * operations) / seconds / ceiling,
        movedGBps: (bytesRead + bytesWritten) / seconds / 1e9,
        rowHitRate: (100 * memory.rowHits) / accesses,
        readLatencyNs: (memory.readLatencySum / memory.readLatencyCount / (megaTransfers / 2)) * 1e3,
        linkUsed: (100 * memory.readBeats) / (seconds * AXI_HZ),
        awaitsDram: (100 * (causes.dramA + causes.dramB)) / cycles,
        bytesRead,
        right: samplesAreRight(layer, columns, output, size),
      },
    ];
  },

  expect(rows): Expectation[] {
    // Smaller products are mostly first load and tail.
    const large = rows.filter((row) => row.size >= 1024);
    const board = large.filter(isBoard);
    const one = board.find((row) => row.p === 1);
    const budget = board.find((row) => row.budget);
    const ones = large.filter((row) => row.p === 1);
    return [
      {
        that: 'sampled elements of the product are right at every point',
        holds: rows.every((row) => row.right),
      },
      { that: 'no point is above its ceiling', holds: rows.every((row) => row.ofCeiling <= 100) },
      {
        that: 'p = 1 is memory-bound on the board: at least 90 % of the cycles of the link bring a beat, and G-ops/s stay below 70 % of the ceiling',
        holds: one === undefined ? null : one.linkUsed >= 90 && one.ofCeiling < 70,
        ...(one === undefined
          ? {}
          : {
              got: `${one.linkUsed.toFixed(1)} %, ${one.gops.toFixed(1)} G-ops/s`,
            }),
      },
      {
        that: 'p = 1 is memory-bound at every link and channel: the array awaits DRAM in 30 % of the cycles or more',
        holds: ones.length === 0 ? null : ones.every((row) => row.awaitsDram >= 30),
      },
      {
        that: 'the p that the BRAM holds reaches at least 98 % of the ceiling on the board',
        holds: budget === undefined ? null : budget.ofCeiling >= 98,
        ...(budget === undefined
          ? {}
          : { got: `p = ${budget.p}, ${budget.gops.toFixed(1)} G-ops/s, ${budget.ofCeiling.toFixed(2)} %` }),
      },
      {
        that: 'more panels are never slower by more than 1 %, at the same memory',
        holds:
          large.length === 0
            ? null
            : large.every((row) =>
                large.every(
                  (other) => !sameMemory(row, other) || row.p <= other.p || row.gops >= 0.99 * other.gops,
                ),
              ),
      },
    ];
  },

  report(rows) {
    const links = rows.filter(
      (row) => row.channelBits === BOARD.channelBits && row.megaTransfers === BOARD.megaTransfers,
    );
    const channels = rows
      .filter((row) => row.axiBits === BOARD.axiBits)
      .sort((a, b) => a.channelBits - b.channelBits || a.megaTransfers - b.megaTransfers);
    const plots: Plot[] = [];
    const ceiling = rows.reduce((most, row) => Math.max(most, row.ceiling), 0);
    const references = [{ label: `ceiling ${ceiling.toFixed(1)}`, y: ceiling }];
    const y = { label: 'G-ops/s', to: 300 };
    const widths = distinct(links.map((row) => row.axiBits));
    if (distinct(links.map((row) => row.p)).length > 1)
      plots.push({
        kind: 'line',
        name: 'links',
        title: 'Matrix product against p, by AXI width (64-bit DDR3-1600)',
        x: { label: 'p, panels of A held together', scale: 'log2' },
        y,
        series: widths.map((bits) => ({
          label: `${bits} bit, ${links.find((row) => row.axiBits === bits)!.boundGBps.toFixed(1)} GB/s`,
          points: links
            .filter((row) => row.axiBits === bits)
            .map((row) => [row.p, row.gops] as const)
            .sort((a, b) => a[0] - b[0]),
        })),
        references,
      });
    const name = (row: WallRow): string => `${row.channelBits}×${row.megaTransfers}`;
    const names = distinct(channels.map(name));
    // Only panels that every channel was run with make whole groups.
    const panels = distinct(channels.map((row) => row.p))
      .filter((p) => names.every((n) => channels.some((row) => name(row) === n && row.p === p)))
      .sort((a, b) => a - b);
    if (names.length > 1 && panels.length > 0)
      plots.push({
        kind: 'bar',
        name: 'channels',
        title: 'Matrix product by DDR3 channel (bits × 10⁶ transfers/s), 256-bit AXI',
        categories: names,
        y,
        series: panels.map((p) => ({
          label: `p = ${p}`,
          values: names.map((n) => channels.find((row) => name(row) === n && row.p === p)!.gops),
        })),
        references,
      });
    return { plots };
  },
});

const isBoard = (row: WallRow): boolean =>
  row.axiBits === BOARD.axiBits &&
  row.channelBits === BOARD.channelBits &&
  row.megaTransfers === BOARD.megaTransfers;

const sameMemory = (a: WallRow, b: WallRow): boolean =>
  a.axiBits === b.axiBits && a.channelBits === b.channelBits && a.megaTransfers === b.megaTransfers;

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** C = A·B as the machine takes it: A the weights, the columns of B rows of a map, the kernel as long as a row. */
function product(size: number): { layer: MachineLayer; columns: Int16Array } {
  const words = (seed: number): Int16Array => {
    let state = seed;
    return Int16Array.from({ length: size * size }, () => {
      // A 32-bit xorshift (Marsaglia, 2003).
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >> 20;
    });
  };
  return {
    columns: words(0x2545f491),
    layer: {
      name: 'product',
      input: { channels: 1, height: size, width: size },
      output: { channels: size, height: size, width: 1 },
      kernel: [1, size],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      weights: words(0x1234567),
      bias: null,
      shift: SHIFT,
      biasExponent: 0,
      relu: false,
      pool: null,
    },
  };
}

/** Bits that results drop: sums of 1024 products of 12-bit words stay within 16. */
const SHIFT = 12;
const SAMPLES = 512;

/** Elements here and there, by plain sums, rounded to nearest. */
function samplesAreRight(
  layer: MachineLayer,
  columns: Int16Array,
  output: Int16Array,
  size: number,
): boolean {
  for (let s = 0; s < SAMPLES; s++) {
    const at = Math.floor((s * size * size) / SAMPLES);
    const row = Math.floor(at / size);
    const column = (at + s * 7) % size;
    let sum = 0;
    for (let k = 0; k < size; k++) sum += layer.weights[row * size + k]! * columns[column * size + k]!;
    const want = Math.max(-32768, Math.min(32767, Math.floor((sum + 2 ** (SHIFT - 1)) / 2 ** SHIFT)));
    if (output[row * size + column] !== want) return false;
  }
  return true;
}
