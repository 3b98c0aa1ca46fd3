import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { type DramDocument, dramDocumentSchema } from '../../src/scenario/dram-document.js';
import { goldenRuns, goldenThere, goldenTracePath } from '../components/ddr3/golden-runs.js';
import { cli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'marblewave-dram-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** A closed bank, an open row, another row, a write to it. */
const TEXT = '0x0 READ 1000\n0x40 READ 1200\n0x20000 READ 1400\n0x20040 WRITE 1600\n';
writeFileSync(at('small.trace'), TEXT);
writeFileSync(at('small.trace.gz'), gzipSync(TEXT));

async function document(args: readonly string[]): Promise<DramDocument> {
  const { code, stdout, stderr } = await cli(['dram', ...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return dramDocumentSchema.parse(JSON.parse(stdout));
}

describe('marblewave dram', () => {
  it('prints one document with --json, the same from a plain file and from gzip', async () => {
    const [plain, packed] = await Promise.all([
      document([at('small.trace')]),
      document([at('small.trace.gz')]),
    ]);
    expect({ ...packed, trace: plain.trace }).toEqual(plain);
    expect(plain).toMatchObject({
      schema: 'marblewave.dram/1',
      partial: false,
      requests: 4,
      reads: 3,
      writes: 1,
      rowHitRate: 0.5,
      averageReadLatencyClocks: (28 + 17 + 39) / 3,
      averageWriteLatencyClocks: 2 + 8 + 4,
      controllerOverheadClocks: 2,
      clocks: 1614,
      commands: { ACT: 2, PRE: 1, RD: 3, WR: 1, REF: 0, autoPRE: 0 },
      check: null,
    });
    expect(plain.readLatency.histogram).toEqual([
      { from: 16, to: 32, count: 2 },
      { from: 32, to: 48, count: 1 },
    ]);
    expect(Object.values(plain.bus).reduce((a, b) => a + b)).toBe(1614);
  });

  it('reads stdin for -', async () => {
    const entry = fileURLToPath(new URL('entry.ts', import.meta.url));
    const stdout = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', entry, 'dram', '-', '--json']);
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
      child.on('error', reject).on('close', () => resolve(text));
      child.stdin.end(TEXT);
    });
    expect(JSON.parse(stdout)).toMatchObject({ trace: 'stdin', requests: 4 });
  });

  it('takes settings from options before those of a file, and prints them', async () => {
    writeFileSync(at('config.json'), '{"tRTRS": 1, "pagePolicy": "closed", "speed": 1333}');
    const settings = ['--config', at('config.json'), '--set', 'tRTRS=0', '--set', 'scheduler=fcfs'];
    const options = [...settings, '--speed', '1066', '--page-policy', 'timeout', '--mapping', 'row-col-bank'];
    const { config } = await document([at('small.trace'), ...options]);
    expect(config).toMatchObject({
      tRTRS: 0,
      scheduler: 'fcfs',
      speed: 1066,
      pagePolicy: 'timeout',
      mapping: 'row-col-bank',
    });
    const { stdout } = await cli(['dram', ...options, '--print-config']);
    writeFileSync(at('printed.json'), stdout);
    expect((await document([at('small.trace'), '--config', at('printed.json')])).config).toEqual(config);
  });

  it('writes the commands, whole or not at all, and finds nothing wrong in them', async () => {
    const file = at('commands.csv');
    const run = await cli(['dram', at('small.trace'), '--dram-commands', file, '--check']);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('7 commands, no timing violation');
    expect(readFileSync(file, 'utf8')).toBe(
      'cycle,command,rank,bank,row,col\n1002,ACT,0,0,0,-1\n1013,RD,0,0,0,0\n1202,RD,0,0,0,1\n1402,PRE,0,0,-1,-1\n' +
        '1413,ACT,0,0,1,-1\n1424,RD,0,0,1,0\n1602,WR,0,0,1,1\n',
    );
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
    const check = await cli(['dram', '--check-commands', file]);
    expect([check.code, check.stdout]).toEqual([0, '7 commands, no timing violation\n']);
  });

  it('ends with 1 and names both commands when a file breaks a constraint', async () => {
    writeFileSync(at('early.csv'), 'cycle,command,rank,bank,row,col\n0,ACT,0,3,7,-1\n10,RD,0,3,7,0\n');
    const { code, stdout } = await cli(['dram', '--check-commands', at('early.csv')]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      '2 commands, 1 timing violations\ntRCD: RD rank 0 bank 3 row 7 col 0 at 10 after ACT rank 0 bank 3 row 7 at 0: wanted 11 clocks, got 10\n',
    );
    // With a part that allows it, it is legal.
    expect((await cli(['dram', '--check-commands', at('early.csv'), '--set', 'tRCD=10'])).code).toBe(0);
  });

  it.each([
    [['nothing.trace'], 'nothing.trace: file must be readable, got ENOENT'],
    [['SMALL', '--set', 'tRCDD=3'], 'dram: tRCDD must be a known key (near it: tRCD'],
    [['SMALL', '--set', 'tRCD'], '--set must be KEY=VALUE'],
    [['SMALL', '--set', 'tRCD=-1'], 'dram: tRCD must be an integer from 1 to 1000, got -1'],
    [['SMALL', '--mapping', 'row-col'], 'dram: mapping must be fields row, rank, bank and col'],
    [['SMALL', '--page-policy', 'half'], '--page-policy must be one of open, closed, timeout, got "half"'],
    [['SMALL', '--speed', '2133'], '--speed must be one of 1066, 1333, 1600, 1866, got "2133"'],
    [['SMALL', 'SMALL'], 'wanted one trace'],
    [[], 'which trace?'],
    [['SMALL', '--check-commands', 'SMALL'], 'got both'],
    [
      ['SMALL', '--dram-commands', '/nowhere/at/all.csv'],
      '/nowhere/at/all.csv: must be a file in a folder that can be written',
    ],
    [['BAD0'], 'BAD0, line 2: the line must be 0xADDR READ|WRITE CLOCK, got "0x40 READ"'],
    [['BAD1'], 'BAD1, line 1: the address must be hexadecimal, such as 0x1f40, got "64"'],
    [['BAD2'], 'BAD2, line 1: the kind must be READ or WRITE, got "FETCH"'],
    [['BAD3'], 'BAD3, line 1: the clock must be an integer of 0 or more, got "-4"'],
    [
      ['BAD4'],
      'BAD4, line 1: the address must be below the capacity of 0x200000000 bytes, got "0x200000000"',
    ],
    [['BAD5'], 'BAD5: contents must be whole gzip'],
  ])('refuses %j with exit code 2', async (args, message) => {
    writeFileSync(at('BAD0'), '0x0 READ 0\n0x40 READ\n');
    writeFileSync(at('BAD1'), '64 READ 0\n');
    writeFileSync(at('BAD2'), '0x0 FETCH 0\n');
    writeFileSync(at('BAD3'), '0x0 READ -4\n');
    writeFileSync(at('BAD4'), '0x200000000 READ 0\n');
    writeFileSync(at('BAD5'), gzipSync(TEXT).subarray(0, 30));
    const named = args.map((arg) => (arg === 'SMALL' ? at('small.trace') : /^BAD/.test(arg) ? at(arg) : arg));
    const { code, stdout, stderr } = await cli(['dram', ...named]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.replaceAll(`${folder}/`, '')).toContain(message);
  });

  for (const run of goldenRuns().filter((r) => r.config === 'D' || r.trace.startsWith('b2')))
    it(`prints the figures of ${run.config}.${run.trace}`, async () => {
      const tRTRS = run.config === 'A' ? 1 : 2;
      const found = await document([goldenTracePath(run.trace), '--set', `tRTRS=${tRTRS}`]);
      const near = (got: number, wanted: number, part: number): void =>
        expect(Math.abs(got / wanted - 1)).toBeLessThan(part);
      near(found.bandwidthGBps, run.gigabytesPerSecond, 0.002);
      expect(Math.abs(found.rowHitRate - run.rowHitRate)).toBeLessThan(0.001);
      near(found.averageReadLatencyClocks, run.averageReadLatency, 0.001);
      expect([found.commands.ACT, found.commands.REF]).toEqual([run.activates, run.refreshes]);
    });

  it.skipIf(goldenThere)('skips the figures of DRAMsim3: ../shared/data/dram is missing', () => {
    expect(goldenThere).toBe(false);
  });
});
