import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { diff as runDiff } from '../../src/cli/diff.js';
import { diffDocumentSchema } from '../../src/scenario/diff-document.js';
import { parseXml } from '../trace/diff/xml.js';
import { cli, type CliResult } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'marblewave-diff-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

interface Words {
  readonly data?: string;
  readonly scope?: string;
  readonly unit?: string;
  readonly per?: number;
}

/** A clock of 10 ns; data counts from 0 in cycle 0, one a cycle, ten of them. */
function dump(
  file: string,
  change: (data: number[]) => void,
  { scope = 'top', unit = '1 ns', per = 1 }: Words = {},
): string {
  const data = Array.from({ length: 10 }, (_, i) => i);
  change(data);
  const lines = data.flatMap((value, c) => [
    `#${c * 10 * per}`,
    '0!',
    `b${value.toString(2)} "`,
    `#${(c * 10 + 5) * per}`,
    '1!',
  ]);
  writeFileSync(
    at(file),
    `$timescale ${unit} $end
$scope module ${scope} $end
$var wire 1 ! clk $end
$var wire 8 " data [7:0] $end
$upscope $end
$enddefinitions $end
${lines.join('\n')}
#${100 * per}
`,
  );
  return at(file);
}

const a = dump('a.vcd', () => {});
const b = dump('b.vcd', (data) => (data[4] = 77));
const fine = dump('fine.vcd', () => {}, { scope: 'tb', unit: '100 ps', per: 10 });
/** The command within this process: for the many ways to get it wrong. */
function inProcess(args: readonly string[]): CliResult {
  const said = { stdout: '', stderr: '' };
  const listen = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  const listeners = [listen('stdout'), listen('stderr')];
  try {
    const code = runDiff(args);
    return { code, ...said };
  } finally {
    for (const listener of listeners) listener.mockRestore();
  }
}

const diff = (...args: string[]): Promise<CliResult> => cli(['diff', ...args]);

describe('marblewave diff', () => {
  it('ends with 0 for the same run, in another time unit and scope too', async () => {
    const [same, scaled] = await Promise.all([
      diff(a, a),
      diff(a, fine, '--strip-a', 'top.', '--strip-b', 'tb.'),
    ]);
    expect([same.code, same.stderr, scaled.code, scaled.stderr]).toEqual([0, '', 0, '']);
    expect(same.stdout).toContain('the same: 2 signals compared, value by value at 20 times\n');
  });

  it('ends with 1 and shows where they part, in time and in cycles', async () => {
    const [time, clock] = await Promise.all([diff(a, b), diff(a, b, '--clock', 'top.clk', '--context', '2')]);
    expect([time.code, clock.code, time.stderr]).toEqual([1, 1, '']);
    expect(time.stdout).toContain('first: top.data at 40 ns: A 0x04, B 0x4d\n');
    expect(clock.stdout).toBe(`A  ${a}, 0 ns to 100 ns
B  ${b}, 0 ns to 100 ns

different: 2 signals compared, value by value at 10 edges; 1 differ
first: top.data in cycle 4 (45 ns): A 0x04, B 0x4d

cycle       2     3     4     5     6
top.clk     ▔▔▔▁▁▁▔▔▔▁▁▁▔▔▔▁▁▁▔▔▔▁▁▁▔▔▔▁▁▁
top.data A  │0x02 │0x03 │0x04 │0x05 │0x06
top.data B  │0x02 │0x03 │0x4d │0x05 │0x06
                        ^^^^^^

signal    differences  compared  first
───────────────────────────────────────────────────
top.data            1        10  in cycle 4 (45 ns)
`);
  });

  it('prints one document with --json, as its schema has it', async () => {
    const { code, stdout } = await diff(a, b, '--clock', 'top.clk', '--json');
    expect(code).toBe(1);
    const document = diffDocumentSchema.parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      same: false,
      a: { file: a, from: 0, to: 100_000 },
      align: 'clock',
      mode: 'strict',
      points: 10,
      first: {
        signal: 'top.data',
        at: 4,
        cycle: 4,
        timeA: 45_000,
        timeB: 45_000,
        a: '00000100',
        b: '01001101',
      },
      signals: [
        { signal: 'top.clk', compared: 10, differences: 0, first: null },
        { signal: 'top.data', compared: 10, differences: 1 },
      ],
      tail: null,
    });
  });

  it('writes pictures and JUnit XML, and takes old pictures away when there is nothing to show', async () => {
    const [out, junit] = [at('out'), at('junit.xml')];
    await diff(a, b, '--clock', 'top.clk', '--out', out, '--junit', junit);
    expect(readdirSync(out).sort()).toEqual(['diff.json', 'first.json', 'first.svg', 'first.txt']);
    expect(readFileSync(join(out, 'first.svg'), 'utf8')).toMatch(/^<svg /);
    const drawing = JSON.parse(readFileSync(join(out, 'first.json'), 'utf8')) as {
      signal: { name: string }[];
    };
    expect(drawing.signal.map(({ name }) => name)).toEqual(['', 'top.clk', 'top.data A', 'top.data B']);
    expect(readFileSync(join(out, 'first.txt'), 'utf8')).toContain('top.data B  │0x00 │0x01');
    expect(parseXml(readFileSync(junit, 'utf8')).attributes).toMatchObject({ tests: '2', failures: '1' });
    diffDocumentSchema.parse(JSON.parse(readFileSync(join(out, 'diff.json'), 'utf8')));
    const again = await diff(a, a, '--out', out);
    expect([again.code, readdirSync(out)]).toEqual([0, ['diff.json']]);
  });

  it('renames by a map file and by a regular expression', async () => {
    writeFileSync(at('map.json'), JSON.stringify({ 'top.data': 'tb.data' }));
    const [map, regex] = await Promise.all([
      diff(a, fine, '--map', at('map.json'), '--common'),
      diff(a, fine, '--map-regex', String.raw`s/^top\.(\w+)$/tb.\1/`),
    ]);
    expect([map.code, regex.code, map.stderr + regex.stderr]).toEqual([0, 0, '']);
    expect(map.stdout).toContain('the same: 1 signal compared');
    expect(map.stdout).toContain('only A has 1 signal (not counted): top.clk');
    expect(regex.stdout).toContain('the same: 2 signals compared');
  });

  it('compares a window, and lets values come late by a time', async () => {
    const late = dump('late.vcd', () => {});
    writeFileSync(
      late,
      readFileSync(late, 'utf8').replace('#40\n0!\nb100 "\n#45\n1!', '#40\n0!\n#45\n1!\nb100 "'),
    );
    const runs = await Promise.all([
      diff(a, b, '--to', '39ns'),
      diff(a, b, '--from', '50ns'),
      diff(a, b, '--from', '45ns'),
      diff(a, late, '--max-skew', '5ns'),
      diff(a, late, '--max-skew', '4999'),
      diff(a, late, '--mode', 'order'),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 1, 0, 1, 0]);
  });

  it('ends with 2 and names what keeps it from comparing', () => {
    writeFileSync(at('text.vcd'), 'no dump at all\n');
    writeFileSync(at('wrong-map.json'), '{"top.data": 5}');
    const link = at('a-folder');
    mkdirSync(link);
    const cases: [string[], string][] = [
      [[], 'diff: wanted two files, got none'],
      [[a], `diff: wanted two files, got ${a}`],
      [[a, at('nothing.vcd')], `${at('nothing.vcd')}: file must be a file that can be read, got ENOENT`],
      [[a, link], `${link}: file must be a file that can be read, got EISDIR`],
      [[a, at('text.vcd')], `${at('text.vcd')}:1: must be a Value Change Dump, got `],
      [
        [a, b, '--clock', 'clk'],
        `${a}: --clock must be the path of a signal, got "clk"; there are: top.clk, top.data`,
      ],
      [[a, fine], 'diff: signals must be signals that both'],
      [[a, b, '--signals', 'bottom.*'], `${a}: --signals must be the path of a signal, got "bottom.*"`],
      [[a, b, '--valid', 'top.clk'], 'diff: --valid must come with --clock, got none'],
      [[a, b, '--ready', 'top.clk'], 'diff: --ready must come with --valid, got none'],
      [[a, b, '--mode', 'loose'], 'diff: --mode must be one of strict, order, got "loose"'],
      [[a, b, '--mode', 'order', '--max-skew', '1'], 'diff: wanted --mode or --max-skew, got both'],
      [
        [a, b, '--clock', 'top.clk', '--max-skew', '1ns'],
        'diff: --max-skew must be a whole number from 0 to 1000000000, got "1ns"',
      ],
      [[a, b, '--from', 'noon'], 'diff: --from must be a time such as 1500 (ps), 1.5ns or 2us, got "noon"'],
      [[a, b, '--x', 'maybe'], 'diff: --x must be one of any, difference, error, got "maybe"'],
      [
        [a, b, '--x-signal', 'top.data'],
        'diff: --x-signal must be GLOB=POLICY with any, difference, error, got "top.data"',
      ],
      [
        [a, b, '--x-signal', 'nobody=any'],
        `${a}: --x-signal must be a pattern that fits a compared signal, got "nobody"`,
      ],
      [[a, b, '--tolerance=-1'], 'diff: --tolerance must be a number of 0 or more, got "-1"'],
      [
        [a, b, '--skip-reset', 'top.clk=2'],
        'diff: --skip-reset must be PATH, PATH=0 or PATH=1, got "top.clk=2"',
      ],
      [
        [a, b, '--map-regex', 's/a/b'],
        'diff: --map-regex must be s/pattern/replacement/ with flags g, i or none, got "s/a/b"',
      ],
      [[a, b, '--map-regex', 's/(/b/'], 'diff: --map-regex must be s/pattern/replacement/'],
      [
        [a, b, '--map', at('wrong-map.json')],
        `${at('wrong-map.json')}: top.data must be the path of a signal in B, got 5`,
      ],
      [[a, b, '--map', at('text.vcd')], `${at('text.vcd')}: contents must be JSON, got `],
      [[a, b, '--junit', b], `diff: --junit must be another file than those compared, got ${b}`],
      [
        [a, b, '--junit', join(at('nowhere'), 'j.xml')],
        `${join(at('nowhere'), 'j.xml')}: must be a file in a folder that can be written`,
      ],
      [[a, b, '--out', a], `${a}: must be a folder that can be written`],
    ];
    const before = readFileSync(b);
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = inProcess(args);
      expect([args, code, stdout]).toEqual([args, 2, '']);
      expect(stderr).toContain(`marblewave: ${message}`);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
    expect(readFileSync(b)).toEqual(before);
    expect(existsSync(at('nowhere'))).toBe(false);
  });

  it('opens a file that was cut off, and says so', async () => {
    const whole = readFileSync(a, 'utf8');
    writeFileSync(at('cut.vcd'), whole.slice(0, whole.lastIndexOf('b1001') + 3));
    const { code, stdout, stderr } = await diff(a, at('cut.vcd'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^marblewave: warning: .*cut\.vcd is not whole: /);
    expect(stdout).toMatch(/A goes on for \d+ times? with \d+ changes? where B has ended/);
  });
});
