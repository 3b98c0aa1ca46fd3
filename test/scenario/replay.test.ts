import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataSet } from '../../src/networks/data-set.js';
import { loadNetwork } from '../../src/networks/network-file.js';
import { randomImages, withRandomWeights } from '../../src/networks/random-inputs.js';
import { parseNetwork } from '../../src/networks/network.js';
import type { Weights } from '../../src/networks/weights.js';
import { loadNamedNetwork } from '../../src/networks/zoo.js';
import { runReport } from '../../src/report/run-report.js';
import { type NetworkRunOptions, runNetwork } from '../../src/scenario/network-run.js';
import { replayRun } from '../../src/scenario/replay.js';
import { REPLAY_PROBES } from '../../src/scenario/replay-needs.js';
import type { ReplaySource } from '../../src/scenario/replay-source.js';
import { canonicalConfig, runConfig } from '../../src/scenario/run-config.js';
import type { RunDocument } from '../../src/scenario/run-document.js';
import { openTrace, type TraceFile } from '../../src/trace/mwt/trace-file.js';
import type { TraceTransaction } from '../../src/trace/mwt/transaction-table.js';
import { type MwtRecordOptions, recordMwt } from '../../src/trace/record-mwt.js';
import type { WaveChange } from '../../src/trace/waves.js';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Runs a network and records it; mnist-cnn on an 8×8 array, unless told. */
async function recorded(
  config: Record<string, unknown> = {},
  options: Partial<NetworkRunOptions> = {},
  what: MwtRecordOptions = { probes: REPLAY_PROBES },
): Promise<{ document: RunDocument; trace: TraceFile }> {
  const complete = runConfig({ machine: { n: 8 }, ...config });
  const file = join(folder, `${files++}.mwt`);
  const close: (() => void)[] = [];
  const document = await runNetwork({
    config: complete,
    loaded: loadNamedNetwork('mnist-cnn'),
    data: loadDataSet({ split: 'test' }),
    images: 1,
    fast: false,
    float: false,
    control: new Int32Array(new SharedArrayBuffer(4)),
    built: (sim) => {
      const recording = recordMwt(sim, file, { configuration: canonicalConfig(complete), ...what });
      close.push(() => recording.close());
    },
    ...options,
  });
  for (const end of close) end();
  return { document, trace: openTrace(file) };
}

function expectSame(document: RunDocument, source: ReplaySource): void {
  const replayed = replayRun(source);
  expect(replayed).toEqual(document);
  expect(JSON.stringify(replayed)).toBe(JSON.stringify(document));
  expect(runReport(replayed)).toBe(runReport(document));
}

/** The trace with something else where `change` says so; null leaves a transaction out. */
function altered(
  trace: TraceFile,
  change: (transaction: TraceTransaction) => TraceTransaction | null,
  wave: (change: WaveChange) => WaveChange | null = (same) => same,
): ReplaySource {
  const { name, signals, clocks, begin, end, damage, header } = trace;
  return {
    name,
    signals,
    clocks,
    begin,
    end,
    damage,
    header,
    *transactions() {
      for (const each of trace.transactions()) {
        const changed = change(each);
        if (changed !== null) yield changed;
      }
    },
    *changes(selection) {
      for (const each of trace.changes(selection)) {
        const changed = wave(each);
        if (changed !== null) yield changed;
      }
    },
  };
}

describe('a report from a trace', () => {
  let two: { document: RunDocument; trace: TraceFile };
  beforeAll(async () => {
    two = await recorded({ machine: {} }, { images: 2 });
  });

  it('is the very report and document of mnist-cnn on two images', () => {
    expect(two.document.check.equal).toBe(true);
    expectSame(two.document, two.trace);
  });

  it('is that of a small network with stochastic rounding', async () => {
    const loaded = loadNetwork('examples/your-network/net.json');
    const { document, trace } = await recorded({ rounding: 'stochastic', seed: 9 }, { loaded, images: 3 });
    expect(document.rounding).toBe('stochastic');
    expectSame(document, trace);
  });

  it('is that of a network whose results saturate', async () => {
    const network = parseNetwork({
      name: 'loud',
      input: { channels: 2, height: 9, width: 9 },
      layers: [
        { kind: 'conv', name: 'c', filters: 10, kernel: 5 },
        { kind: 'relu' },
        { kind: 'dense', name: 'd', units: 5 },
      ],
    });
    const loaded = withRandomWeights(network, 3);
    const weights: Weights = new Map(
      [...loaded.weights].map(([name, tensor]) => [
        name,
        { ...tensor, data: tensor.data.map((x) => 60 * x) },
      ]),
    );
    const data = randomImages(network, 2, 3);
    const { document, trace } = await recorded({}, { loaded: { ...loaded, weights }, data, images: 2 });
    expect(document.totals.saturations).toBeGreaterThan(0);
    expectSame(document, trace);
  });

  it.each([
    ['an ideal memory', { machine: { n: 8, memory: { model: 'ideal' } } }, {}],
    [
      'a link of 64 bit in the clock of the machine',
      { machine: { n: 8, memory: { axiBits: 64, clockHz: null } } },
      {},
    ],
    ['pixels blown up', { machine: { n: 8, im2col: 'blown-up' } }, { images: 2 }],
    [
      'rows that close by themselves, in order, two ranks',
      { machine: { n: 8, memory: { ddr3: { pagePolicy: 'closed', scheduler: 'fcfs', ranks: 2 } } } },
      {},
    ],
    ['rows that close after a time', { machine: { n: 8, memory: { ddr3: { pagePolicy: 'timeout' } } } }, {}],
    ['fast mode', {}, { fast: true, float: true, images: 20 }],
    ['an array that steps every register', { machine: { n: 8, array: 'ticked' } }, {}],
  ])('is that of a run with %s', async (_, config, options) => {
    const { document, trace } = await recorded(config, options);
    expectSame(document, trace);
  });

  it('is that of a run that was interrupted in its second image', async () => {
    const control = new Int32Array(new SharedArrayBuffer(4));
    const { document, trace } = await recorded(
      {},
      {
        images: 3,
        control,
        progress: ({ image, step }) => {
          if (image === 1 && step === 'conv2') Atomics.store(control, 0, 2);
        },
      },
    );
    expect([document.partial, document.images]).toEqual([true, 1]);
    expectSame(document, trace);
  });

  it('follows the events: what is altered in the trace shows in the report', () => {
    const { trace, document } = two;
    const text = runReport(document);
    const dropped = (kind: string): RunDocument => {
      const is = new Set<number>();
      return replayRun(
        altered(trace, (each) => {
          if (each.kind !== kind || (is.size > 0 && !is.has(each.id))) return each;
          is.add(each.id);
          return null;
        }),
      );
    };
    const totals = ({ totals: t }: RunDocument) => t;
    const layers = document.layers;
    // One DRAM read less is one hit less of two images' mean; its command and its latency are events of their own.
    const noRead = dropped('dram.RD');
    expect(noRead.memory.ddr3!.commands.RD).toBe(document.memory.ddr3!.commands.RD - 1);
    expect(runReport(noRead)).not.toBe(text);
    const noBurst = dropped('axi.read');
    expect(noBurst.layers[0]!.ddr3!.bytesRead).toBeLessThan(layers[0]!.ddr3!.bytesRead);
    expect(runReport(noBurst)).not.toBe(text);
    const noWrite = dropped('axi.write');
    expect(totals(noWrite).ddr3.bytesWritten).toBeLessThan(totals(document).ddr3.bytesWritten);
    expect(dropped('dram.ACT').memory.ddr3!.commands.ACT).toBe(document.memory.ddr3!.commands.ACT - 1);
    expect(dropped('dram.read').memory.ddr3!.readLatency.count).toBe(
      document.memory.ddr3!.readLatency.count - 1,
    );

    const longer = replayRun(
      altered(trace, (each) => {
        const is = each.kind === 'layer' && each.attributes['layer'] === 1 && each.attributes['image'] === 1;
        // 100 cycles of 6,024 ps and a bit.
        return is ? { ...each, begin: each.begin - 602_410 } : each;
      }),
    );
    expect(totals(longer).simulatedCycles).toBe(totals(document).simulatedCycles + 100);

    const place = trace.find('gupta.top.cause');
    const otherCause = replayRun(
      altered(
        trace,
        (same) => same,
        (change) =>
          change.signal === place && parseInt(String(change.value), 2) === 2
            ? { ...change, value: '0011' }
            : change,
      ),
    );
    expect(document.totals.stalls.dramA).toBeGreaterThan(0);
    expect(otherCause.totals.stalls.dramA).toBe(0);
    expect(otherCause.totals.stalls.waitA).toBe(document.totals.stalls.waitA + document.totals.stalls.dramA);

    const ready = trace.find('gupta.memory.meter.r_ready');
    const held = replayRun(
      altered(
        trace,
        (same) => same,
        (change) => (change.signal === ready ? { ...change, value: '0' } : change),
      ),
    );
    expect(held.totals.axi.readBeats).toBe(0);
    expect(held.totals.axi.readHeld).toBeGreaterThanOrEqual(document.totals.axi.readBeats);
    const saturated = trace.find('gupta.round[0].out_saturated');
    const loud = replayRun(
      altered(
        trace,
        (same) => same,
        (change) => (change.signal === saturated ? { ...change, value: '1' } : change),
      ),
    );
    // Unit 0 gives the results of the first pixel of each tile: one a filter.
    const results = [...trace.transactions()]
      .filter(({ kind }) => kind === 'tile')
      .reduce((sum, { attributes }) => sum + Number(attributes['filters']), 0);
    expect(document.totals.saturations).toBe(0);
    expect(loud.totals.saturations).toBe(results);
  });

  it('says what is missing where a part of the run or of its signals was recorded', async () => {
    const fails = async (what: MwtRecordOptions): Promise<string> => {
      const { trace } = await recorded({}, {}, what);
      try {
        replayRun(trace);
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_REPLAY' });
        return (error as Error).message;
      }
      return 'nothing';
    };
    const probes = REPLAY_PROBES;
    expect(await fails({ signals: ['gupta.top.**'] })).toMatch(
      /got a trace without gupta\.top\.cause, gupta\.memory\.meter\.r_valid, gupta\.memory\.meter\.r_ready and 26 more$/,
    );
    expect(await fails({})).toMatch(/got a trace without gupta\.top\.cause$/);
    expect(await fails({ probes, from: 1_000_000 })).toMatch(/got one that begins at 1000000 ps$/);
    expect(await fails({ probes, to: 1_000_000 })).toMatch(
      /got one that ends at 1000000 ps, before the run did$/,
    );
    expect(await fails({ probes, transactions: false })).toMatch(/got one without a transaction of the run$/);
    const { name, signals, clocks, begin, end, header } = two.trace;
    const damaged = {
      ...altered(two.trace, (same) => same),
      name,
      signals,
      clocks,
      begin,
      end,
      header,
      damage: 'cut off',
    };
    expect(() => replayRun(damaged)).toThrow(/got a trace that is not whole: cut off/);
  });
});
