import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenarioDocumentSchema } from '../../src/scenario/scenario-document.js';
import { namedScenarios } from '../../src/scenario/scenario-loader.js';
import { cli } from './run-cli.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const square = 'test/scenario/square.ts';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'marblewave-scenario-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file of a user's, outside the project, in a folder that has no package.json. */
function userFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('marblewave scenario', () => {
  it('knows every scenario of the package by name, with its title', async () => {
    const files = readdirSync(join(root, 'scenarios'))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace('.ts', ''))
      .sort();
    expect(namedScenarios.map(({ name }) => name).sort()).toEqual(files);
    const { stdout } = await cli(['list']);
    for (const { name, title } of namedScenarios)
      expect(stdout).toContain(`${name}${' '.repeat(11 - name.length)}  ${title}`);
  });

  it('runs one of the package by name', async () => {
    const { code, stdout, stderr } = await cli([
      'scenario', 'memory-wall', '--set', 'size=28', '--set', 'p=[1]', '--set', 'axiBits=64', '--set', 'channelBits=64', '--set', 'megaTransfers=1600', '--json',
    ]); // prettier-ignore
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const document = scenarioDocumentSchema.parse(JSON.parse(stdout));
    expect(document).toMatchObject({ name: 'memory-wall', points: 1, sweep: { p: [1] }, held: true });
    expect(document.parameters).toMatchObject({ size: 28, axiBits: 64 });
  });

  it('prints what the example’s expected.txt says', async () => {
    const { code, stdout } = await cli(['scenario', 'examples/your-scenario/array-size.ts']);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync(join(root, 'examples/your-scenario/expected.txt'), 'utf8'));
  });

  it('runs a user’s TypeScript, which imports marblewave without having installed it', async () => {
    const file = userFile(
      'my-study.ts',
      `import { defineScenario, guptaSpec, z } from 'marblewave';
       enum Size { small = 4 }
       export default defineScenario({
         title: 'mine',
         parameters: { n: z.int().default(Size.small) },
         sweep: { n: [4, 8] },
         run: ({ n }: { n: number }) => [{ n, cells: guptaSpec({ n }).n ** 2 }],
       });`,
    );
    for (const workers of ['1', '2']) {
      const { code, stdout, stderr } = await cli(['scenario', file, '--csv', '--workers', workers]);
      expect(stderr).toBe('');
      expect([code, stdout]).toEqual([0, 'n,cells\n4,16\n8,64\n']);
    }
  });

  it('exits with 1 when an expectation fails, and says which', async () => {
    const { code, stdout } = await cli(['scenario', square, '--set', 'b=30']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/DOES NOT HOLD  products are below 70: 6/);
    expect(stdout).toMatch(/holds          nothing is known of b = 30/);
  });

  it('writes the same files with one worker and two', async () => {
    const files = async (workers: string): Promise<Record<string, string>> => {
      const out = join(folder, `out-${workers}`);
      const { code, stderr } = await cli(['scenario', square, '--out', out, '--workers', workers]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/wrote .*square\.json, .*square\.csv, .*square\.txt, .*square-lines\.svg/);
      return Object.fromEntries(
        readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'utf8')]),
      );
    };
    const one = await files('1');
    expect(Object.keys(one).sort()).toEqual(['square-lines.svg', 'square.csv', 'square.json', 'square.txt']);
    expect(await files('2')).toEqual(one);
    expect(one['square-lines.svg']).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(one['square.csv']!.split('\n')).toHaveLength(1 + 12 + 1);
  });

  it('stops at the first interrupt with the finished points and exit code 130', async () => {
    const file = userFile(
      'slow.ts',
      `import { defineScenario, z } from 'marblewave';
       export default defineScenario({
         title: 'slow',
         parameters: { i: z.int().default(0) },
         sweep: { i: Array.from({ length: 1000 }, (_, i) => i) },
         run: async ({ i }: { i: number }) => {
           process.stderr.write('point ' + i + '\\n');
           await new Promise((resolve) => setTimeout(resolve, 20));
           return [{ i }];
         },
       });`,
    );
    const result = await cli(['scenario', file, '--json'], { interruptOn: /point 3/ });
    expect(result.code).toBe(130);
    const document = scenarioDocumentSchema.parse(JSON.parse(result.stdout));
    expect(document.partial).toBe(true);
    expect(document.points).toBeGreaterThanOrEqual(3);
    expect(document.rows).toEqual(Array.from({ length: document.points }, (_, i) => ({ i })));
  });

  it('hands on the fault of a model as exit code 1', async () => {
    for (const workers of ['1', '2']) {
      const { code, stderr } = await cli(['scenario', square, '--set', 'fault=true', '--workers', workers]);
      expect([code, /a fault of the model/.test(stderr)]).toEqual([1, true]);
    }
  });

  const cases: [what: string, args: () => string[], says: RegExp][] = [
    ['no scenario', () => [], /scenario: wanted one scenario, got none/],
    ['an unknown name', () => ['memory-moat'], /scenario: name must be one of im2col, memory-wall, scalesim, or a \.ts or \.js file, got "memory-moat"/],
    ['a file that is not there', () => ['none.ts'], /none\.ts: file must be readable, got no such file/],
    ['an unknown parameter', () => ['memory-wall', '--set', 'q=1'], /memory-wall: q must be one of p, axiBits, .*, got 1/],
    ['a value that a parameter does not take', () => ['memory-wall', '--set', 'axiBits=32'], /memory-wall: axiBits must be .*, got 32/],
    ['a nested value that it does not take', () => ['memory-wall', '--set', 'machine.n=0'], /memory-wall: machine\.n must be .*, got 0/],
    ['no workers', () => ['im2col', '--workers', '0'], /--workers must be a whole number from 1 to 64, got "0"/],
    ['two forms of output', () => ['im2col', '--json', '--csv'], /wanted --json or --csv, got both/],
    ['a module that is no scenario', () => ['src/cli/commands.ts'], /commands\.ts: default export must be a scenario, as defineScenario makes it/],
    ['a folder that cannot be written', () => [square, '--out', `${square}/x`], /--out .* must be a folder that can be written, got ENOTDIR/],
    ['a syntax error', () => [userFile('broken.ts', 'export default {{')], /broken\.ts/],
  ]; // prettier-ignore
  it.each(cases)('refuses %s with exit code 2', async (_, args, says) => {
    mkdirSync(folder, { recursive: true });
    const { code, stdout, stderr } = await cli(['scenario', ...args()]);
    expect(stderr).toMatch(says);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
