import { afterEach, describe, expect, it, vi } from 'vitest';
import { AxiMemory } from '../../src/components/ddr3/axi-memory.js';
import { PAGE_BYTES } from '../../src/components/top/layer-descriptor.js';
import { WatchdogError } from '../../src/kernel/index.js';
import { run } from '../../src/cli/run.js';
import { FunctionalGupta } from '../../src/machines/gupta/functional.js';
import { loadDataSet } from '../../src/networks/data-set.js';
import type { LoadedNetwork } from '../../src/networks/network-file.js';
import { loadNamedNetwork } from '../../src/networks/zoo.js';
import { runReport } from '../../src/report/run-report.js';
import { runConfig } from '../../src/scenario/run-config.js';
import type { RunDocument } from '../../src/scenario/run-document.js';
import { type NetworkRunOptions, runNetwork } from '../../src/scenario/network-run.js';

const loaded = loadNamedNetwork('mnist-cnn');
const data = loadDataSet({ split: 'test' });
const go = (options: Partial<NetworkRunOptions> = {}): Promise<RunDocument> =>
  runNetwork({
    config: runConfig({}),
    loaded,
    data,
    images: 1,
    fast: false,
    float: false,
    control: new Int32Array(new SharedArrayBuffer(4)),
    ...options,
  });

/** Makes one element of one layer's fast output wrong, for the images given. */
function spoilFast(spoils: (image: number) => boolean): void {
  const right = FunctionalGupta.prototype.runLayer;
  vi.spyOn(FunctionalGupta.prototype, 'runLayer').mockImplementation(function (
    this: FunctionalGupta,
    index,
    input,
    image,
    settings,
  ) {
    const result = right.call(this, index, input, image, settings);
    if (index === 1 && spoils(image)) result.output[7] = result.output[7]! + 1;
    return result;
  });
}

afterEach(() => vi.restoreAllMocks());

describe('a run of a network', () => {
  it('finds a machine that computes something else, and says where first', async () => {
    const document = await go({
      built: (sim) => {
        // The first page holds conv1's weights; lane 27 is filter 0, and slice 13 its middle tap.
        const memory = sim.find('gupta.memory') as AxiMemory;
        const at = PAGE_BYTES + 2 * (13 * 32 + 27);
        memory.load(at, Int16Array.of(memory.dump(at, 1)[0]! + 500));
      },
    });
    expect(document.check.equal).toBe(false);
    expect(document.check.firstDifference).toMatchObject({ image: 0, layer: 'conv1' });
    expect(runReport(document)).toMatch(
      /NOT EQUAL to the reference: image 0, layer conv1, element \d+: wanted -?\d+, got -?\d+/,
    );
    expect(runReport(document)).not.toMatch(/bit for bit/);
  });

  it('finds a fast mode that differs from cycle mode on image 0, or from the reference on another', async () => {
    spoilFast((image) => image === 0);
    expect((await go({ fast: true, images: 3 })).check.firstDifference).toMatchObject({
      image: 0,
      layer: 'conv2',
      index: 7,
    });
    vi.restoreAllMocks();
    spoilFast((image) => image === 2);
    expect((await go({ fast: true, images: 3 })).check.firstDifference).toMatchObject({
      image: 2,
      layer: 'conv2',
      index: 7,
    });
  });

  it('ends the command with exit code 1 when a layer differs', async () => {
    spoilFast((image) => image === 1);
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    expect(await run(['mnist-cnn', '--images', '2', '--fast', '--no-float'])).toBe(1);
    expect(written.join('')).toMatch(/NOT EQUAL to the reference: image 1, layer conv2, element 7/);
  });

  it('counts saturations in fast mode as in cycle mode', async () => {
    const weights = new Map(
      [...loaded.weights].map(([name, tensor]) => [
        name,
        { ...tensor, data: Float64Array.from(tensor.data, (w) => 20 * w) },
      ]),
    );
    const loud: LoadedNetwork = { ...loaded, weights };
    const [slow, fast] = [
      await go({ loaded: loud, images: 3 }),
      await go({ loaded: loud, images: 3, fast: true }),
    ];
    expect(slow.totals.saturations).toBeGreaterThan(0);
    expect(fast.layers.map((l) => l.saturations)).toEqual(slow.layers.map((l) => l.saturations));
  });

  it('gives G-ops/s and utilisation that follow from MACs, cycles and clock', async () => {
    const { totals, n, clockHz } = await go();
    expect(totals.gops).toBeCloseTo((2 * totals.macs * clockHz) / totals.cycles / 1e9, 9);
    expect(totals.utilisation).toBeCloseTo(totals.macs / (totals.cycles * n * n), 12);
  });

  it('holds the watchdog to the cycles that it reports, all images together', async () => {
    const { simulatedCycles } = (await go({ images: 2 })).totals;
    expect((await go({ images: 2, maxCycles: simulatedCycles })).totals.simulatedCycles).toBe(
      simulatedCycles,
    );
    for (const maxCycles of [simulatedCycles - 1, Math.floor(simulatedCycles / 2), 100]) {
      await expect(go({ images: 2, maxCycles })).rejects.toThrow(WatchdogError);
      await expect(go({ images: 2, maxCycles })).rejects.toThrow(`not done after ${maxCycles} cycles`);
    }
  });

  it('is partial when it is stopped while the float network runs', async () => {
    const control = new Int32Array(new SharedArrayBuffer(4));
    const document = await go({
      images: 200,
      fast: true,
      float: true,
      control,
      progress: ({ step }) => {
        if (step === 'float') Atomics.store(control, 0, 2);
      },
    });
    expect(document.partial).toBe(true);
    expect(document.float).toBeNull();
  });

  it('hashes what the network is made of, not its weights alone', async () => {
    const layers = loaded.network.layers.map((l) =>
      l.kind === 'pool' ? { ...l, mode: 'average' as const } : l,
    );
    const other = await go({ loaded: { ...loaded, network: { ...loaded.network, layers } } });
    const { hashes } = await go();
    expect(other.hashes.weights).toBe(hashes.weights);
    expect(other.hashes.network).not.toBe(hashes.network);
  });
});
