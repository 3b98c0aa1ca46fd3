import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RunDocument, runDocumentSchema } from '../../src/scenario/run-document.js';
import { documentSchemas } from '../../src/scenario/schemas.js';
import { runReport } from '../../src/report/run-report.js';
import { replayRun } from '../../src/scenario/replay.js';
import { openTrace } from '../../src/trace/mwt/trace-file.js';
import { cli } from './run-cli.js';

async function json(...args: string[]): Promise<RunDocument> {
  const result = await cli(['run', 'mnist-cnn', '--json', ...args]);
  // Progress may show where the machine is slow.
  expect(result.stderr).toMatch(/^(image \d+ of \d+, .*\n)*$/);
  expect(result.code).toBe(0);
  return runDocumentSchema.parse(JSON.parse(result.stdout));
}

describe('marblewave run', () => {
  it('classifies 16 digits in cycle mode, bit for bit as the reference, at least 15 of them right', async () => {
    const run = await json('--images', '16');
    expect(run.mode).toBe('cycle');
    expect(run.check).toEqual({ images: 16, equal: true, firstDifference: null });
    expect(run.images).toBe(16);
    expect(run.accuracy).toBeGreaterThanOrEqual(15 / 16);
    for (const layer of run.layers) {
      expect(Object.values(layer.stalls!).reduce((a, b) => a + b, 0)).toBe(layer.cycles);
      const [least, most] = layer.cyclesRange!;
      expect(layer.cycles).toBeGreaterThanOrEqual(least);
      expect(layer.cycles).toBeLessThanOrEqual(most);
    }
    // Refreshes fall differently in each image: what is shown are means, rounded by layer.
    expect(Math.abs(run.totals.simulatedCycles - 16 * run.totals.cycles)).toBeLessThanOrEqual(
      (16 * run.layers.length) / 2,
    );
  });

  it('reports bandwidth, row hits and utilisation of the link, by layer and in all', async () => {
    const run = await json('--images', '2');
    const { ddr3, axi } = run.memory;
    expect(ddr3).toMatchObject({ speed: 1600, channelBits: 64, peakGBps: 12.8 });
    expect(axi).toEqual({ bits: 256, clockHz: 200_000_000, peakGBps: 6.4 });
    const layers = run.layers.filter((layer) => layer.ddr3 !== null);
    const sum = (of: (layer: (typeof layers)[number]) => number): number =>
      layers.reduce((total, layer) => total + of(layer), 0);
    for (const { ddr3: d, axi: a, cycles } of layers) {
      const seconds = cycles! / run.clockHz;
      expect(d!.bandwidthGBps).toBeCloseTo((d!.bytesRead + d!.bytesWritten) / (seconds * 1e9), 2);
      // READ fetches whole beats of 32 bytes.
      expect(a!.readBeats * 32).toBe(d!.bytesRead);
      expect(a!.readUtilisation).toBeCloseTo(a!.readBeats / (seconds * 200e6), 2);
      const { rowHits, rowMisses, rowConflicts, rowHitRate, averageReadLatencyClocks } = d!.banks!;
      expect(rowHitRate).toBeCloseTo(rowHits / (rowHits + rowMisses + rowConflicts), 2);
      expect(averageReadLatencyClocks).toBeGreaterThanOrEqual(15 + 2);
    }
    // Two images; the few writes that still wait in the queues have not reached the DRAM.
    const { commands, forwardedReads, mergedReads, bus, clocks } = ddr3!;
    const accesses = sum(({ ddr3: d }) => d!.banks!.rowHits + d!.banks!.rowMisses + d!.banks!.rowConflicts);
    expect(Math.abs(commands.RD + commands.WR - 2 * accesses)).toBeLessThanOrEqual(16);
    // Two beats of the link share a burst of the DRAM, but where runs of words begin or end in the middle of one.
    const halves = sum(({ axi: a }) => a!.readBeats);
    expect(commands.RD + forwardedReads + mergedReads).toBeGreaterThanOrEqual(halves);
    expect(commands.RD + forwardedReads + mergedReads).toBeLessThan(1.02 * halves);
    expect(Object.values(bus).reduce((a, b) => a + b, 0)).toBe(clocks);
  });

  it('shows an ideal memory without banks', async () => {
    const run = await json('--images', '1', '--set', 'memory.model=ideal');
    expect(run.memory.ddr3).toBeNull();
    expect(run.layers.every((layer) => layer.ddr3 === null || layer.ddr3.banks === null)).toBe(true);
    const text = await cli(['run', 'mnist-cnn', '--images', '1', '--set', 'memory.model=ideal']);
    expect(text.stdout).toMatch(/memory: ideal, one latency and one bandwidth/);
    expect(text.stdout).not.toMatch(/row hits/);
  });

  it('writes the commands of the DRAM, which the independent checker finds nothing wrong with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marblewave-commands-'));
    try {
      const file = join(folder, 'commands.csv');
      const run = await json('--images', '2', '--dram-commands', file);
      const checked = await cli(['dram', '--check-commands', file, '--json']);
      expect(checked.code).toBe(0);
      const { commands, violations } = JSON.parse(checked.stdout) as Record<string, number>;
      const { ACT, PRE, RD, WR, REF } = run.memory.ddr3!.commands;
      expect([commands, violations]).toEqual([ACT + PRE + RD + WR + REF, 0]);
      expect(run).toEqual(await json('--images', '2'));
      // A DDR3-1866 wants more clocks for the same times: held to its limits, the commands come too early.
      const faster = await cli(['dram', '--check-commands', file, '--speed', '1866']);
      expect(faster.code).toBe(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('gives with --ticked the same document as lazily, in every counter, output and cycle', async () => {
    expect(await json('--images', '1', '--ticked')).toEqual(await json('--images', '1'));
  });

  it('gives the same document for the same seed, and other roundings for another', async () => {
    const args = ['--images', '2', '--rounding', 'stochastic', '--n', '8'];
    const [one, two, other] = await Promise.all([json(...args), json(...args), json(...args, '--seed', '2')]);
    expect(two).toEqual(one);
    expect(other.hashes.config).not.toBe(one.hashes.config);
    expect(one.check.equal && other.check.equal).toBe(true);
  });

  it('writes the same trace bytes for the same seed, and the same results with and without a trace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marblewave-trace-'));
    try {
      const file = (name: string): string => join(folder, name);
      const run = (name: string): Promise<RunDocument> =>
        json('--images', '1', '--n', '4', '--rounding', 'stochastic', '--trace', file(name));
      const [a, b, plain] = [
        await run('a.vcd'),
        await run('b.vcd'),
        await json('--images', '1', '--n', '4', '--rounding', 'stochastic'),
      ];
      expect(readFileSync(file('a.vcd')).equals(readFileSync(file('b.vcd')))).toBe(true);
      expect(a).toEqual(plain);
      expect(b).toEqual(plain);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('writes the same .mwt bytes for the same seed, lazily or ticked, of which the report is the one that it printed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marblewave-trace-'));
    try {
      const file = (name: string): string => join(folder, name);
      const args = ['run', 'mnist-cnn', '--images', '2', '--n', '8', '--rounding', 'stochastic'];
      const printed = await cli([...args, '--trace', file('a.mwt')]);
      expect(await cli(args)).toEqual(printed);
      await cli([...args, '--ticked', '--trace', file('b.mwt')]);
      expect(readFileSync(file('b.mwt')).equals(readFileSync(file('a.mwt')))).toBe(true);
      const trace = openTrace(file('a.mwt'));
      expect(`${runReport(replayRun(trace))}\n`).toBe(printed.stdout);
      const document = await json('--images', '2', '--n', '8', '--rounding', 'stochastic');
      expect(replayRun(trace)).toEqual(document);
      expect(trace.header.configurationHash).toBe(document.hashes.config);
      // Nothing of where and how it was written.
      const text = readFileSync(file('a.mwt'), 'latin1');
      for (const word of [folder, '--n', 'a.mwt', process.cwd()]) expect(text).not.toContain(word);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('records what it is told to: signals, a window in units or cycles, from a trigger on and before it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marblewave-trace-'));
    try {
      const file = join(folder, 'part.mwt');
      const record = async (...args: string[]) => {
        const result = await cli(['run', 'mnist-cnn', '--images', '1', '--trace', file, ...args]);
        expect(result.code).toBe(0);
        return { trace: openTrace(file), stderr: result.stderr };
      };
      const { trace: part } = await record(
        '--trace-signals',
        'sa.in_*, ddr3.*',
        '--trace-from',
        '1.5us',
        '--trace-to',
        '1000c',
      );
      // Cycle 1000 of 166 MHz begins with edge 999, at ⌊999 · 10^12 / 166·10^6⌋ ps (docs/timing-model.md).
      expect([part.begin, part.end]).toEqual([1_500_000, 6_018_072]);
      const modules = new Set(part.header.signals.map(({ path }) => path.slice(0, path.lastIndexOf('.'))));
      expect([...modules].sort()).toEqual(['gupta.memory.ddr3', 'gupta.sa']);
      const { trace: all } = await record();
      const cause = all.find('gupta.top.cause');
      const issue = [...all.changes({ signals: [cause] })].find(
        ({ value }) => parseInt(String(value), 2) === 8,
      )!;
      const { trace: late } = await record('--trace-trigger', 'gupta.top.cause == 8', '--trace-pre', '2ns');
      expect(late.begin).toBe(issue.time - 2000);
      rmSync(file);
      const never = await cli(['run', 'mnist-cnn', '--images', '1', '--trace', file, '--trace-from', '1s']);
      expect(never.code).toBe(0);
      expect(never.stderr).toMatch(/part\.mwt: nothing was recorded: the run ended before its window began/);
      expect(() => readFileSync(file)).toThrow(/ENOENT/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('round-trips its configuration', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'marblewave-config-'));
    try {
      const args = [
        'run',
        '--n',
        '12',
        '--set',
        'memory.ddr3.speed=1066',
        '--fl',
        '12',
        '--seed',
        '9',
        '--print-config',
      ];
      const printed = await cli(args);
      expect(printed.code).toBe(0);
      const file = join(folder, 'machine.json');
      writeFileSync(file, printed.stdout);
      const again = await cli(['run', '--config', file, '--print-config']);
      expect(again.stdout).toBe(printed.stdout);
      expect(JSON.parse(printed.stdout)).toMatchObject({
        fl: 12,
        seed: 9,
        machine: { n: 12, memory: { model: 'ddr3', ddr3: { speed: 1066 } } },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says in fast mode what is scaled, and agrees with cycle mode', async () => {
    const fast = await json('--images', '24', '--fast');
    const slow = await json('--images', '24');
    expect(fast.mode).toBe('fast');
    expect(fast.predictions).toEqual(slow.predictions);
    expect(fast.layers.map((l) => l.saturations)).toEqual(slow.layers.map((l) => l.saturations));
    const first = await json('--images', '1');
    expect(fast.layers.map((l) => l.cycles)).toEqual(first.layers.map((l) => l.cycles));
    const text = await cli(['run', 'mnist-cnn', '--images', '2', '--fast']);
    expect(text.stdout).toMatch(/fast mode: the same arithmetic without cycles/);
    expect(text.stdout).toMatch(/bit for bit: every layer's output equalled the reference/);
  });

  it('stops at the first interrupt with partial totals and exit code 130', async () => {
    const result = await cli(['run', 'mnist-cnn', '--images', '10000', '--json'], {
      interruptOn: /image \d+ of 10000/,
    });
    expect(result.code).toBe(130);
    const run = runDocumentSchema.parse(JSON.parse(result.stdout));
    expect(run.partial).toBe(true);
    expect(run.images).toBeLessThan(10000);
  });

  it('runs a user’s own network', async () => {
    const result = await cli([
      'run',
      '--network',
      'examples/your-network/net.json',
      '--images',
      '3',
      '--json',
    ]);
    expect(result.code).toBe(0);
    expect(runDocumentSchema.parse(JSON.parse(result.stdout)).check.equal).toBe(true);
  });

  it('runs AlexNet’s convolution layers on random weights and one random image, in cycle mode, without an accuracy', async () => {
    const result = await cli(['run', 'alexnet-conv', '--weights', 'random', '--json']);
    // Progress may show where the machine is slow.
    expect(result.stderr).toMatch(/^(image \d+ of \d+, .*\n)*$/);
    expect(result.code).toBe(0);
    const run = runDocumentSchema.parse(JSON.parse(result.stdout));
    expect(run).toMatchObject({
      mode: 'cycle',
      images: 1,
      data: 'random (seed 1)',
      labels: [],
      accuracy: null,
    });
    expect(run.check).toEqual({ images: 1, equal: true, firstDifference: null });
    expect(run.totals.macs).toBe(665_784_864);
    expect(run.totals.saturations).toBe(0);
    const { ddr3 } = run.totals;
    expect(ddr3.weightBytesRead + ddr3.activationBytesRead).toBe(ddr3.bytesRead);
  });

  it('gives with --im2col blown-up the same predictions, and says who blew up and pooled', async () => {
    const [direct, blown] = [
      await json('--images', '2'),
      await json('--images', '2', '--im2col', 'blown-up'),
    ];
    expect(blown.predictions).toEqual(direct.predictions);
    expect(blown.check.equal).toBe(true);
    expect(blown.layers.map((l) => [l.plan!.blownUp, l.plan!.hostPool])).toEqual([
      [true, true],
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect(blown.totals.ddr3.weightBytesRead).toBe(direct.totals.ddr3.weightBytesRead);
    expect(blown.totals.ddr3.activationBytesRead).toBeGreaterThan(direct.totals.ddr3.activationBytesRead);
    const text = await cli(['run', 'mnist-cnn', '--images', '1', '--im2col', 'blown-up']);
    expect(text.stdout).toMatch(
      /blown up in DDR3 by the host: conv1, conv2; pooled by the host: conv1, conv2/,
    );
  });

  it('lists, helps and completes', async () => {
    expect((await cli(['list'])).stdout).toMatch(/mnist-cnn/);
    expect((await cli(['--help'])).stdout).toMatch(/^marblewave run mnist-cnn --images 16\n/);
    expect((await cli(['run', '--help'])).stdout).toMatch(/--max-cycles/);
    expect((await cli(['help', 'list'])).stdout).toMatch(/^marblewave list\n/);
    expect((await cli(['completion', 'bash'])).stdout).toMatch(/complete -F/);
  });

  it('publishes the schemas of its documents as they are', () => {
    for (const [file, text] of Object.entries(documentSchemas())) {
      expect(readFileSync(new URL(`../../schemas/${file}`, import.meta.url), 'utf8')).toBe(text);
    }
  });
});
