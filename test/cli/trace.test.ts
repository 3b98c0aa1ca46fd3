import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { traceInfoDocumentSchema } from '../../src/scenario/trace-info-document.js';
import { openTrace } from '../../src/trace/mwt/trace-file.js';
import { MwtWriter } from '../../src/trace/mwt/writer.js';
import { openVcd } from '../../src/trace/vcd/open-vcd.js';
import { trace as runTrace } from '../../src/cli/trace.js';
import { exitCodeOf, messageOf } from '../../src/cli/usage-error.js';
import { cli, type CliResult } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'marblewave-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const placed = (arg: string): string => (/^[A-Z]+\.\w+$/.test(arg) ? at(arg) : arg);
const trace = (...args: readonly string[]): Promise<CliResult> => cli(['trace', ...args.map(placed)]);
/** What a command prints, without the folder's name; it must succeed. */
async function prints(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await trace(...args);
  expect([stderr, code]).toEqual(['', 0]);
  return stdout.replaceAll(`${folder}/`, '');
}

/** Ten cycles of 10 ns: a counter that counts while `valid`, from edge 2 to edge 5; two bursts. */
function record(file: string, chunkBytes = 2 ** 20): void {
  const fixed = { kind: 'fixed', width: 8, fraction: 4 } as const;
  const writer = new MwtWriter(
    file,
    {
      configuration: { n: 4 },
      seed: 3,
      clocks: [
        { name: 'bus', hz: { num: 100_000_000, den: 1 }, phasePs: 0 },
        { name: 'ddr3', hz: { num: 800_000_000, den: 1 }, phasePs: 0 },
      ],
      modules: ['m', 'm.sub'],
      signals: [
        { path: 'm.valid', kind: 'bits', type: { kind: 'bool', width: 1 }, lanes: 1, wave: 0, clock: 'bus' },
        { path: 'm.sub.count', kind: 'bits', type: fixed, lanes: 1, wave: 1, clock: 'bus' },
        { path: 'm.sub.tick', kind: 'event', type: null, lanes: 1, wave: 2, clock: null },
      ],
      begin: 0,
    },
    { chunkBytes },
  );
  writer.scalar(0, 0);
  writer.scalar(1, -8);
  writer.transaction({ type: 'begin', id: 1, time: 0, kind: 'layer', path: 'm', parent: 0, attributes: {} });
  for (let edge = 2; edge <= 5; edge++) {
    writer.time(edge * 10_000);
    if (edge === 2) writer.scalar(0, 1);
    writer.scalar(1, edge * 8);
    writer.event(2);
    const id = edge;
    const kind = edge % 2 === 0 ? 'axi.read' : 'axi.write';
    const attributes = { addr: edge * 0x100, beats: 4, size: 16 };
    if (edge <= 3)
      writer.transaction({
        type: 'begin',
        id,
        time: edge * 10_000,
        kind,
        path: 'm.sub',
        parent: 1,
        attributes,
      });
  }
  for (const id of [2, 3]) writer.transaction({ type: 'end', id, time: 55_000, attributes: {} });
  writer.time(60_000);
  writer.scalar(0, 0);
  writer.transaction({ type: 'end', id: 1, time: 90_000, attributes: {} });
  writer.commit(100_000);
}

record(at('RUN.mwt'));
const whole = readFileSync(at('RUN.mwt'));

describe('marblewave trace info', () => {
  it('says what a trace file is', async () => {
    const d = traceInfoDocumentSchema.parse(JSON.parse(await prints('info', 'RUN.mwt', '--json')));
    expect(d).toMatchObject({
      format: 'mwt',
      bytes: whole.length,
      seed: 3,
      configurationHash: openTrace(at('RUN.mwt')).header.configurationHash,
      unitFs: 1000,
      begin: 0,
      end: 100_000,
      signals: 5,
      waves: 5,
      chunks: 1,
      changes: 12,
      damage: null,
      modules: [
        { path: 'clocks', signals: 2 },
        { path: 'm', signals: 1 },
        { path: 'm.sub', signals: 2 },
      ],
      transactions: [
        { kind: 'axi.read', count: 1 },
        { kind: 'axi.write', count: 1 },
        { kind: 'layer', count: 1 },
      ],
    });
    const text = await prints('info', 'RUN.mwt');
    expect(text).toContain('time           0 ns to 100 ns\n');
    expect(text).toMatch(/\nddr3 +800\.000 +0\n/);
    expect(text).toMatch(/\nm\.sub +2\n/);
  });
});

describe('marblewave trace show', () => {
  it('draws a column a cycle of a clock, numbered as the timing model numbers them', async () => {
    // Cycle 3 begins with edge 2, at 20 ns.
    expect(
      await prints(
        'show',
        'RUN.mwt',
        '--signals',
        'valid,sub.*',
        '--clock',
        'bus',
        '--from',
        '2c',
        '--to',
        '79ns',
        '--ascii',
      ),
    ).toBe(`             2     3     4     5     6     7     8
bus          """___"""___"""___"""___"""___"""___"""___
m.valid      ______/"""""""""""""""""""""""\\___________
m.sub.count  |-0.5 |1    |1.5  |2    |2.5
m.sub.tick   ______/"""""""""""""""""""""""\\___________

7 cycles of bus, 10 ns to 79 ns
`);
  });

  it('draws a column a time of change without one, and says where it stops', async () => {
    const text = await prints(
      'show',
      'RUN.mwt',
      '--signals',
      'm.sub.count',
      '--radix',
      'hex',
      '--columns',
      '3',
    );
    expect(text).toBe(`             0ns   20ns  30ns
m.sub.count  │0xf8 │0x10 │0x18

3 times of change, 0 ns to 39.999 ns, and more to 100 ns: --columns, --from
`);
  });
});

describe('marblewave trace export', () => {
  it('writes CSV, long and wide', async () => {
    expect(await prints('export', 'RUN.mwt', '--out', 'LONG.csv', '--signals', 'm.valid')).toBe(
      'LONG.csv: 1 signals\n',
    );
    expect(readFileSync(at('LONG.csv'), 'utf8')).toBe(
      'time,signal,value\n0,m.valid,0\n20000,m.valid,1\n60000,m.valid,0\n',
    );
    const window = ['--from', '25ns', '--until', '45000', '--signals', 'valid,count'];
    await prints('export', 'RUN.mwt', '--to', 'csv', '--out', 'WIDE.txt', '--wide', ...window);
    expect(readFileSync(at('WIDE.txt'), 'utf8')).toBe(
      'time,m.valid,m.sub.count\n25000,1,1\n30000,1,1.5\n40000,1,2\n',
    );
  });

  it('writes a Value Change Dump that reads back as what was recorded', async () => {
    await prints('export', 'RUN.mwt', '--out', 'RUN.vcd');
    const [a, b] = [openTrace(at('RUN.mwt')), openVcd(at('RUN.vcd'))];
    const shown = (waves: typeof a | typeof b): string[] =>
      [...waves.changes()].map((c) => `${c.time} ${waves.signals[c.signal]!.path} ${c.value}`).sort();
    expect(shown(b)).toEqual(shown(a));
  });

  it('writes a diagram as WaveDrom and as SVG', async () => {
    const what = [
      '--signals',
      'count',
      '--clock',
      'bus',
      '--from',
      '10ns',
      '--until',
      '39ns',
      '--title',
      'count',
    ];
    await prints('export', 'RUN.mwt', '--out', 'D.json', ...what);
    expect(JSON.parse(readFileSync(at('D.json'), 'utf8'))).toEqual({
      signal: [
        { name: 'bus', wave: 'p..' },
        { name: 'm.sub.count', wave: '===', data: ['-0.5', '1', '1.5'] },
      ],
      head: { text: 'count' },
      foot: { tick: '10 20 30 39 ', text: 'ns' },
      config: { hscale: 1 },
    });
    await prints('export', 'RUN.mwt', '--out', 'D.svg', ...what);
    expect(readFileSync(at('D.svg'), 'utf8').startsWith('<svg ')).toBe(true);
  });

  it('writes a Perfetto trace, with the signals asked for as counters', async () => {
    expect(await prints('export', 'RUN.mwt', '--out', 'RUN.pftrace', '--signals', 'count')).toBe(
      'RUN.pftrace: 3 slices, 0 instants, 5 samples\n',
    );
    // A file of packets: each begins with the tag of field 1, of bytes.
    expect(readFileSync(at('RUN.pftrace'))[0]).toBe(0x0a);
  });

  it('writes bursts as requests that marblewave dram runs', async () => {
    expect(await prints('export', 'RUN.mwt', '--out', 'RUN.trace')).toBe('RUN.trace: 2 requests\n');
    expect(readFileSync(at('RUN.trace'), 'utf8')).toBe('0x200 READ 16\n0x300 WRITE 24\n');
    const { code, stdout } = await cli(['dram', at('RUN.trace'), '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { reads: 1, writes: 1 }]);
  });

  it('writes SCALE-Sim’s forms', async () => {
    const form = ['--to', 'scalesim', '--out', 'OUT.csv'];
    await prints('export', 'RUN.mwt', ...form, '--kind', 'axi.write', '--clock', 'bus', '--word-bytes', '16');
    expect(readFileSync(at('OUT.csv'), 'utf8')).toBe('3,48,49,50,51\n');
    await prints('export', 'RUN.mwt', ...form, '--signals', 'count', '--enable', 'm.valid', '--clock', 'bus');
    // Edge 3 sees what edge 2 wrote.
    expect(readFileSync(at('OUT.csv'), 'utf8')).toBe('3,16\n4,24\n5,32\n6,40\n');
  });
});

describe('marblewave trace cut and merge', () => {
  it('cut a window whose values hold at its beginning', async () => {
    await prints(
      'cut',
      'RUN.mwt',
      '--from',
      '25ns',
      '--to',
      '50ns',
      '--signals',
      'sub.*',
      '--out',
      'CUT.mwt',
    );
    const cut = openTrace(at('CUT.mwt'));
    expect([cut.begin, cut.end, cut.valueAt(0, 25_000), cut.valueAt(0, 50_000)]).toEqual([
      25_000,
      50_000,
      '00010000',
      '00101000',
    ]);
    expect(cut.signals.map(({ path }) => path)).toEqual([
      'm.sub.count',
      'm.sub.tick',
      'clocks.bus',
      'clocks.ddr3',
    ]);
    await prints('cut', 'RUN.mwt', '--from', '25ns', '--signals', 'sub.*', '--out', 'CUT.vcd');
    expect(openVcd(at('CUT.vcd')).begin).toBe(25_000);
  });

  it('merge files side by side, under their names where paths clash', async () => {
    await prints('cut', 'RUN.mwt', '--signals', 'm.valid', '--out', 'PART.mwt');
    writeFileSync(
      at('OTHER.vcd'),
      '$timescale 1ps $end\n$scope module top $end\n$var wire 1 ! q $end\n$upscope $end\n$enddefinitions $end\n#5\n1!\n#7\n0!\n',
    );
    await prints('merge', 'RUN.mwt', 'PART.mwt', 'OTHER.vcd', '--out', 'ALL.mwt');
    const all = openTrace(at('ALL.mwt'));
    expect(all.signals.map(({ path }) => path).slice(0, 5)).toEqual([
      'RUN.m.valid',
      'RUN.m.sub.count',
      'RUN.m.sub.tick',
      'PART.m.valid',
      'top.q',
    ]);
    expect([all.valueAt(0, 30_000), all.valueAt(3, 30_000), all.valueAt(4, 6)]).toEqual(['1', '1', '1']);
  });
});

describe('marblewave trace verify', () => {
  it('ends with 0 for a whole file, 1 for a damaged one, 2 for what is none', async () => {
    expect(await prints('verify', 'RUN.mwt')).toMatch(
      /^RUN\.mwt: whole; \d+ changes of 5 signals up to 100 ns\n$/,
    );
    record(at('MANY.mwt'), 1);
    const many = readFileSync(at('MANY.mwt'));
    writeFileSync(at('CUTOFF.mwt'), many.subarray(0, many.length - 200));
    const flipped = Buffer.from(many);
    flipped[many.length >> 1]! ^= 0x10;
    writeFileSync(at('FLIPPED.mwt'), flipped);
    for (const name of ['CUTOFF.mwt', 'FLIPPED.mwt']) {
      const { code, stdout } = await trace('verify', name);
      expect(code).toBe(1);
      expect(stdout).toMatch(/: damaged: byte \d+: .*; [\d,]+ changes of 5 signals up to \d+/);
    }
    writeFileSync(at('NONE.mwt'), 'no trace');
    const none = await trace('verify', 'NONE.mwt');
    expect([none.code, none.stdout]).toEqual([2, '']);
    expect(none.stderr).toMatch(/NONE\.mwt:1: must be/);
    expect((await trace('verify', 'MISSING.mwt')).code).toBe(2);
  });

  it('warns of damage where part of the file is used', async () => {
    const { code, stderr } = await trace('export', 'CUTOFF.mwt', '--out', 'PART.csv');
    expect(code).toBe(0);
    expect(stderr).toMatch(/CUTOFF\.mwt is not whole: byte \d+: .*; read up to \d+\n$/);
  });
});

describe('marblewave trace', () => {
  it.each([
    [[], 'wanted info, show, report, export, cut, merge, verify, got nothing'],
    [['look', 'RUN.mwt'], 'got "look"'],
    [['info'], 'trace info: wanted one FILE, got none'],
    [['info', 'MISSING.mwt'], 'MISSING.mwt: file must be a file that can be read, got ENOENT'],
    [
      ['show', 'RUN.mwt', '--signals', 'vald'],
      'signals must be patterns that match some, got "vald"; there are: valid',
    ],
    [['show', 'RUN.mwt', '--clock', 'array'], 'got "array"'],
    [['show', 'RUN.mwt', '--from', '1fs'], '--from must be a time in whole units of 1000 fs'],
    [['show', 'RUN.mwt', '--from', '1s'], '--from and --to must lie in 0 to 100000'],
    [['show', 'RUN.mwt', '--from', '20ns', '--to', '10ns'], 'got 20000 and 10000'],
    [['show', 'RUN.mwt', '--radix', 'oct'], '--radix must be one of type, hex, dec, bin, got "oct"'],
    [['show', 'RUN.mwt', '--from', '3c', '--clock', 'valid'], '--from in cycles wants --clock'],
    [['export', 'RUN.mwt'], 'trace export: --out must be a file, got null'],
    [['export', 'RUN.mwt', '--out', '-'], '--out must be a file, got "-"'],
    [
      ['export', 'RUN.mwt', '--out', 'BAD.xyz'],
      '--to must be one of perfetto, vcd, wavedrom, svg, csv, scalesim, dramsim3',
    ],
    [['export', 'RUN.mwt', '--out', 'BAD.trace', '--clock', 'm.valid'], 'clock must be one of bus, ddr3'],
    [['export', 'RUN.mwt', '--out', 'BAD.trace', '--kind', 'layer'], '--kind must be one of axi.read'],
    [
      ['export', 'RUN.mwt', '--out', 'BAD.trace', '--kind', 'dram.read'],
      'transactions must be some of kind dram.read',
    ],
    [
      ['export', 'RUN.mwt', '--to', 'scalesim', '--signals', 'count', '--out', 'BAD.csv'],
      'wants --clock CLOCK, got none',
    ],
    [['export', 'RUN.mwt', '--out', '/nowhere/at/all.csv'], 'must be a file in a folder that can be written'],
    [['export', 'RUN.mwt', '--out', 'BAD.pftrace', '--signals', 'tick'], 'm.sub.tick must be a number'],
    [['cut', 'RUN.mwt'], 'trace cut: --out must be a file, got null'],
    [['merge', 'RUN.mwt', '--out', 'BAD.mwt'], 'trace merge: wanted two files or more'],
  ])('refuses %j with exit code 2, and writes nothing', (args, message) => {
    // In this process, which saves a start for each; the last test here goes the whole way.
    let refused: unknown = null;
    try {
      runTrace(args.map(placed));
    } catch (error) {
      refused = error;
    }
    expect(exitCodeOf(refused)).toBe(2);
    expect(messageOf(refused).replaceAll(`${folder}/`, '')).toContain(message);
    expect(readdirSync(folder).filter((name) => /^BAD|\.partial$/.test(name))).toEqual([]);
  });

  it('does not touch a file that stands there when an export fails', async () => {
    writeFileSync(at('KEPT.csv'), 'mine');
    const { code } = await trace('export', 'RUN.mwt', '--out', 'KEPT.csv', '--from', '1s');
    expect([code, readFileSync(at('KEPT.csv'), 'utf8')]).toEqual([2, 'mine']);
  });
});
