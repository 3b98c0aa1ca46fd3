import {
  type Channel,
  type Clock,
  connect,
  defineScenario,
  guptaSpec,
  GuptaRunner,
  int,
  type MachineLayer,
  Module,
  Simulator,
  type SliceFields,
  sliceFields,
  type SliceRun,
  SystolicArray,
  z,
} from '../src/index.js';

/** AlexNet's layers as SCALE-Sim is given them: padding as part of the input, no groups. */
const LAYERS = [
  { layer: 'Conv1', side: 227, kernel: 11, channels: 3, filters: 96, stride: 4 },
  { layer: 'Conv2', side: 31, kernel: 5, channels: 96, filters: 256, stride: 1 },
  { layer: 'Conv3', side: 15, kernel: 3, channels: 256, filters: 384, stride: 1 },
  { layer: 'Conv4', side: 15, kernel: 3, channels: 384, filters: 384, stride: 1 },
  { layer: 'Conv5', side: 15, kernel: 3, channels: 384, filters: 256, stride: 1 },
] as const;

interface LayerRow {
  readonly [key: string]: number | string;
  readonly layer: string;
  readonly pixels: number;
  readonly filters: number;
  readonly k: number;
  readonly folds: number;
  readonly scalesim: number;
  readonly array: number;
  readonly fills: number;
  readonly drain: number;
  readonly machine: number;
  readonly issued: number;
}

/**
 * Compute cycles of AlexNet's convolution layers, ungrouped, on the n×n output-stationary array, beside what SCALE-Sim
 * reports for the same array and dataflow: F·L − 1 with F = ⌈pixels/n⌉·⌈filters/n⌉ folds of L = K + 2n − 2 cycles.
 *
 * Prediction: our tiles follow each other without a gap, since local result registers take a finished sum off the cell and
 * every cell begins its next sum on the very next slice. So F tiles take F·K cycles and one fill and drain at the end,
 * n + nc + m + L − 1 of the last tile; SCALE-Sim charges every fold its fill anew, 2n − 2 cycles, and none its drain.
 */
export default defineScenario({
  title: 'compute cycles of AlexNet’s layers beside SCALE-Sim’s, output-stationary 28×28 array',
  doc: `SCALE-Sim: F·L − 1 cycles, F = ⌈pixels/n⌉·⌈filters/n⌉ folds of L = K + 2n − 2: each fold waits until operands have crossed the whole
array, and results leave in no time. Here: tiles follow without a gap, and the last one drains: F·K + n + nc + m + L − 1.
Predicted: ours are fewer by F·(2n − 2) less one drain of about 3n. The whole machine adds loads, and a partial tile at the
end of each band: Conv4 and Conv5 without groups, 384 padded planes, exceed the activation banks and run in bands of 3 rows.`,
  parameters: {
    layer: z.enum(LAYERS.map(({ layer }) => layer)).default('Conv1'),
    n: z.int().min(2).max(63).default(28).describe('rows and columns of the array'),
  },
  sweep: { layer: LAYERS.map(({ layer }) => layer) },
  columns: {
    k: { title: 'K' },
    scalesim: { title: 'SCALE-Sim', unit: 'cycles' },
    array: { title: 'array', unit: 'cycles' },
    fills: { title: 'fills it charges' },
    drain: { title: 'drain it omits' },
    machine: { title: 'whole machine', unit: 'cycles' },
    issued: { title: 'of these issuing' },
  },

  async run({ layer: name, n }, { control, checkStopped }): Promise<LayerRow[]> {
    const { side, kernel, channels, filters, stride } = LAYERS.find(({ layer }) => layer === name)!;
    const out = Math.floor((side - kernel) / stride) + 1;
    const pixels = out * out;
    const k = channels * kernel * kernel;
    const folds = Math.ceil(pixels / n) * Math.ceil(filters / n);
    const { cycles, pipeline } = arrayCycles(n, k, pixels, filters);
    checkStopped();
    const layer: MachineLayer = {
      name,
      input: { channels, height: side, width: side },
      output: { channels: filters, height: out, width: out },
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [0, 0],
      dilation: [1, 1],
      groups: 1,
      weights: new Int16Array(filters * k).fill(1),
      bias: null,
      shift: 0,
      biasExponent: 0,
      relu: false,
      pool: null,
    };
    const runner = new GuptaRunner(guptaSpec({ n }), [layer], { seed: 1 });
    const input = new Int16Array(channels * side * side).fill(1);
    const run = await runner.runLayerInSlices(0, input, 0, { stochastic: false, seed: 1 }, { control });
    if (run === null) checkStopped();
    const lastRows = filters % n === 0 ? n : filters % n;
    const lastColumns = pixels % n === 0 ? n : pixels % n;
    return [
      {
        layer: name,
        pixels,
        filters,
        k,
        folds,
        scalesim: folds * (k + 2 * n - 2) - 1,
        array: cycles,
        fills: folds * (2 * n - 2),
        drain: n + lastColumns + lastRows + pipeline - 1,
        machine: run!.cycles,
        issued: run!.causes.issue,
      },
    ];
  },

  expect: (rows) => [
    {
      that: 'the array takes SCALE-Sim’s cycles less a fill for every fold, more one drain',
      holds: rows.every((row) => row.array === row.scalesim + 1 - row.fills + row.drain),
    },
    {
      that: 'the whole machine, memory and all, takes at most 10 % more cycles than it issues slices',
      holds: rows.every((row) => row.machine <= 1.1 * row.issued),
    },
    {
      that: 'it issues the array’s slices where the input fits the cache at once, or in bands of whole tiles (Conv2, Conv3)',
      holds: rows
        .filter((row) => row.layer === 'Conv2' || row.layer === 'Conv3')
        .every((row) => row.issued === row.folds * row.k),
    },
  ],

  report: (rows) => ({
    plots: [
      {
        kind: 'bar',
        name: 'cycles',
        title: 'Cycles of AlexNet’s convolution layers, ungrouped, 28×28 array',
        categories: rows.map((row) => row.layer),
        y: { label: 'cycles' },
        series: [
          { label: 'SCALE-Sim, compute only', values: rows.map((row) => row.scalesim) },
          { label: 'array', values: rows.map((row) => row.array) },
          { label: 'whole machine', values: rows.map((row) => row.machine) },
        ],
      },
    ],
  }),
});

interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** Offers tile after tile, each as one run of K slices, without a gap. */
class TileDriver extends Module {
  readonly out: Channel<SliceFields>;
  override state = { tile: 0, firstIssue: -1 };
  private readonly process: number;

  constructor(
    sim: Simulator,
    private readonly clock: Clock,
    private readonly k: number,
    private readonly tiles: readonly Tile[],
    private readonly slices: SliceRun,
    n: number,
  ) {
    super(sim, 'driver');
    this.out = this.source('out', sliceFields(n), clock);
    this.process = this.edge(clock, this.tick, []);
  }

  private tick(): boolean {
    const { state: s, k, slices } = this;
    const tile = this.tiles[s.tile];
    if (tile === undefined) return false;
    const first = this.clock.cycle + 1;
    slices.m[k - 1] = tile.rows;
    slices.nc[k - 1] = tile.columns;
    const taken = this.out.offer({ first, count: k, period: 1, data: slices });
    if (taken !== k) throw new Error(`a tile of ${k} slices must be taken whole, got ${taken}`);
    if (s.firstIssue < 0) s.firstIssue = first;
    s.tile += 1;
    this.sim.wakeAt(this.process, first + k - 1);
    return false;
  }
}

/** Takes every result at once, and notes when the latest came. */
class Sink extends Module {
  readonly in: Channel<{ data: ReturnType<typeof int> }>[] = [];
  override state = { count: 0, latest: 0 };

  constructor(
    sim: Simulator,
    private readonly clock: Clock,
    n: number,
  ) {
    super(sim, 'sink');
    for (let j = 0; j < n; j++) {
      const channel = this.sink(`in[${j}]`, { data: int(48) }, clock);
      channel.ready.write(1);
      this.in.push(channel);
    }
    this.edge(
      clock,
      this.tick,
      this.in.map((channel) => channel.valid),
    );
  }

  private tick(): boolean {
    let moved = false;
    for (const channel of this.in) {
      if (channel.valid.value === 0) continue;
      this.state.count += 1;
      moved = true;
    }
    if (moved) this.state.latest = this.clock.cycle;
    return moved;
  }
}

/** Cycles from the first slice's issue to the last result's push, both included, as the array takes them. */
function arrayCycles(
  n: number,
  k: number,
  pixels: number,
  filters: number,
): { cycles: number; pipeline: number } {
  const sim = new Simulator();
  const clock = sim.clock('array', 166_000_000);
  const tiles: Tile[] = [];
  for (let pixel = 0; pixel < pixels; pixel += n) {
    for (let filter = 0; filter < filters; filter += n)
      tiles.push({ rows: Math.min(n, filters - filter), columns: Math.min(n, pixels - pixel) });
  }
  const slices: SliceRun = {
    tags: new Uint8Array(k),
    m: new Uint8Array(k),
    nc: new Uint8Array(k),
    a: new Int16Array(k * n).fill(1),
    b: new Int16Array(k * n).fill(1),
  };
  slices.tags[0] = 1;
  slices.tags[k - 1]! |= 2;
  const driver = new TileDriver(sim, clock, k, tiles, slices, n);
  const pipeline = 1;
  const array = new SystolicArray(sim, 'sa', { clock, n, pipeline });
  const sink = new Sink(sim, clock, n);
  connect(driver.out, array.in);
  array.out.forEach((out, j) => connect(out, sink.in[j]!));
  const results = pixels * filters;
  const { state } = sink;
  sim.run({ until: () => state.count === results, maxCycles: tiles.length * k + 8 * n + 100 });
  // A result is shown in the cycle after its push.
  return { cycles: state.latest - 1 - driver.state.firstIssue + 1, pipeline };
}
