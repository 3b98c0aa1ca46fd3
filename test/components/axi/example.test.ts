import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { AXI_RULES } from '../../../src/components/axi/protocol-checker.js';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

describe('examples/axi', () => {
  it('prints what expected.txt says', async () => {
    const options = { cwd: fileURLToPath(root) };
    const { stdout } = await run('node', ['--import', 'tsx', 'examples/axi/main.ts'], options);
    expect(stdout).toBe(read('examples/axi/expected.txt'));
  });
});

describe('docs/axi.md', () => {
  it('lists every rule of the checker, in its words', () => {
    const page = read('docs/axi.md');
    for (const [rule, says] of Object.entries(AXI_RULES)) expect(page).toContain(`| \`${rule}\` | ${says} |`);
  });

  it('shows what the example prints', () => {
    expect(read('docs/axi.md')).toContain(read('examples/axi/expected.txt'));
  });
});
