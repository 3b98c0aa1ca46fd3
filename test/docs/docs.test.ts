import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffOptions } from '../../src/cli/diff-options.js';
import { runOptions } from '../../src/cli/run.js';
import { scenarioOptions } from '../../src/cli/scenario.js';
import { dramOptions } from '../../src/cli/dram.js';
import { traceOptions } from '../../src/cli/trace.js';
import { commands as cliCommands } from '../../src/cli/commands.js';
import { anchors, blocks, commands, links, projectFiles, read, root } from './markdown.js';
import { runPicture, withPicture } from './run-picture.js';

const run = promisify(execFile);
const files = projectFiles();
const documents = files.filter((file) => file.endsWith('.md') && existsSync(join(root, file)));
const skipped = files.length === 0 ? ' (skipped: the files are not in a git repository)' : '';

/** The command line from its sources, so that nothing here depends on what was built when. */
const CLI = `node --import tsx ${join(root, 'test/cli/entry.ts')}`;
const fromSources = (script: string): string => script.replaceAll('node bin/marblewave.js', CLI);

/** A folder that looks like the project's root, into which commands may write. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'marblewave-docs-'));
  for (const name of [
    'bin',
    'examples',
    'node_modules',
    'package.json',
    'scenarios',
    'schemas',
    'src',
    'test',
    'tsconfig.json',
    'weights',
  ])
    symlinkSync(join(root, name), join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const shell = (script: string): Promise<{ stdout: string; stderr: string }> =>
  run('sh', ['-ec', fromSources(script)], {
    cwd: folder,
    env: { ...process.env, CI: '1' },
    maxBuffer: 2 ** 26,
  });

describe.skipIf(files.length === 0)(`links${skipped}`, () => {
  for (const file of documents) {
    it(`of ${file} lead somewhere`, () => {
      const dead = links(file).filter(({ target, anchor }) => {
        const to = target === '' ? file : join(dirname(file), target);
        if (!existsSync(join(root, to))) return true;
        return anchor !== '' && !anchors(to).includes(anchor);
      });
      expect(dead).toEqual([]);
    });
  }
});

describe.skipIf(files.length === 0)(`commands in documents${skipped}`, () => {
  const all = documents.flatMap((file) => commands(file).map((command) => ({ file, command })));

  it('of the command line are commands and options that exist', () => {
    const options = new Set([
      '--help',
      '--version',
      '--json',
      ...[...runOptions, ...dramOptions, ...scenarioOptions, ...traceOptions, ...diffOptions].map(
        ({ name }) => `--${name}`,
      ),
    ]);
    const wrong: string[] = [];
    let seen = 0;
    for (const { file, command } of all) {
      const match = /^(?:node bin\/marblewave\.js|marblewave) ([a-z-]+)(.*)$/.exec(command);
      if (match === null) continue;
      seen += 1;
      const used = [...match[2]!.matchAll(/ (--[a-z-]+)/g)].map((option) => option[1]!);
      const unknown = used.filter((option) => !options.has(option));
      if (!Object.hasOwn(cliCommands, match[1]!) || unknown.length > 0) wrong.push(`${file}: ${command}`);
    }
    expect(wrong).toEqual([]);
    expect(seen).toBeGreaterThan(10);
  });

  it('run npm scripts, examples and tests that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const wrong = all.filter(({ command }) => {
      const script = /^npm run ([\w:-]+)/.exec(command)?.[1];
      if (script !== undefined && script.length > 0 && !Object.hasOwn(scripts, script)) return true;
      const paths = /^npx (?:tsx|vitest run) ((?:[\w./-]+ ?)+)/.exec(command)?.[1]?.trim().split(' ') ?? [];
      return paths.some((path) => path.includes('/') && !existsSync(join(root, path)));
    });
    expect(wrong).toEqual([]);
  });

  // Blocks whose fence says `sh run` are run as they stand.
  for (const { file, text } of documents.flatMap(blocks).filter(({ info }) => info === 'sh run')) {
    it(`run as written in ${file}: ${text.replaceAll('\n', '; ')}`, async () => {
      expect((await shell(text)).stdout).not.toBe('');
    });
  }
});

describe('README.md', () => {
  it('names the two commands that are all the set-up', () => {
    const lines = blocks('README.md')
      .filter(({ info }) => info === 'sh')
      .map(({ text }) => text);
    expect(lines).toContain('npm ci && npm start');
    expect(lines).toContain('npm ci && npm test');
  });

  it('shows what `npm start` prints (UPDATE_DOCS=1 writes it anew)', async () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    const want = withPicture(read('README.md'), runPicture((await shell(scripts.start)).stdout));
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(root, 'README.md'), want);
    expect(read('README.md')).toBe(want);
  });

  it('has a script that runs', async () => {
    const [script] = blocks('README.md').filter(({ info }) => info === 'ts');
    const file = join(folder, 'readme.mts');
    writeFileSync(file, script!.text.replace("'marblewave'", `'${join(root, 'src/index.ts')}'`));
    const { stdout } = await run('node', ['--import', 'tsx', file], { cwd: root });
    expect(stdout).toMatch(/^100 slices in 100\n/);
    expect(stdout).toMatch(/; the last sum in element \(15, 4\) was -?[1-9]\d*\n$/);
  });
});

describe('examples', () => {
  it('first-run prints what expected.txt says (UPDATE_DOCS=1 writes it anew)', async () => {
    const { stdout } = await shell('node --import tsx examples/first-run/main.ts');
    const expected = join(root, 'examples/first-run/expected.txt');
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(expected, stdout);
    expect(stdout).toBe(readFileSync(expected, 'utf8'));
  });
});

describe.skipIf(files.length === 0)(`the project's files${skipped}`, () => {
  // Put together here, so that this file does not hold what it looks for.
  const forbidden: readonly (readonly [what: string, pattern: RegExp])[] = [
    ['a path of somebody’s machine', new RegExp(['/(?:wo', 'rk|ro', 'ot|ho', 'me/\\w+)/'].join(''))],
    ['a folder that is not the project’s', new RegExp(['\\bshar', 'ed/'].join(''))],
    ['the host of a package registry', new RegExp(['regis', 'try\\.\\w+\\.\\w+'].join(''))],
  ];
  const text = files.filter((file) =>
    /\.(?:ts|mjs|js|json|md|v|sh|py|wat|cpp|txt)$|^[^.]*$|^\.[\w/]+$/.test(file),
  );

  it('name no machine, no folder elsewhere and no registry', () => {
    const found: string[] = [];
    for (const file of text) {
      if (!existsSync(join(root, file)) || file === 'LICENSE') continue;
      const lines = read(file).split('\n');
      lines.forEach((line, i) => {
        // Tests may compare with peers' results beside the checkout, and skip in words where they are absent.
        const outside =
          file.startsWith('test/') && new RegExp(['\\.\\./shar', 'ed/data'].join('')).test(line);
        for (const [what, pattern] of forbidden)
          if (!outside && pattern.test(line))
            found.push(`${file}:${i + 1}: ${what}: ${line.trim().slice(0, 100)}`);
      });
    }
    expect(found).toEqual([]);
  });
});
