import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Ddr3Controller } from '../../../src/components/ddr3/controller.js';
import { ddr3Settings } from '../../../src/components/ddr3/report.js';
import { ddr3Keys, ddr3Spec } from '../../../src/components/ddr3/spec.js';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

describe('examples/dram', () => {
  it('prints what expected.txt says', async () => {
    const options = { cwd: fileURLToPath(root) };
    const { stdout } = await run('node', ['--import', 'tsx', 'examples/dram/main.ts'], options);
    expect(stdout).toBe(read('examples/dram/expected.txt'));
  });
});

describe('docs/ddr3.md', () => {
  it('lists every parameter with its range and default', () => {
    const page = read('docs/ddr3.md').replaceAll(/ +\|/g, ' |');
    const defaults = { ...ddr3Settings(new Ddr3Controller(ddr3Spec())) } as Record<string, unknown>;
    for (const { key, help, wanted } of ddr3Keys())
      expect(page).toContain(`| \`${key}\` | ${help} | ${wanted} | ${String(defaults[key])} |`);
  });

  it('shows what the example prints', () => {
    expect(read('docs/ddr3.md')).toContain(read('examples/dram/expected.txt').trimEnd());
  });
});
