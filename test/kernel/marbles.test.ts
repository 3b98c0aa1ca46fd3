import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('examples/marbles', () => {
  it('prints what expected.txt says', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'examples/marbles/main.ts'],
      { cwd: root },
    );
    expect(stdout).toBe(readFileSync(`${root}examples/marbles/expected.txt`, 'utf8'));
  });

  it('holds what its comment predicts: slow stands still at one of its edges in four', () => {
    const text = readFileSync(`${root}examples/marbles/expected.txt`, 'utf8');
    const row = (name: string): string =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))!
        .slice(name.length)
        .trim();
    // By hand: before the slow edge at 10k ns fast shows (2k) mod 8, and holds at 2: k = 1, 5, 9.
    let slow = 0;
    const want = Array.from({ length: 25 }, (_, column) => {
      if (column % 2 === 1) return '·';
      const held = column % 8 === 2;
      if (!held) slow += 1;
      return held ? '·' : slow.toString(16);
    });
    expect(row('slow.q')).toBe(want.join(''));
    expect(row('fast.q')).toBe(Array.from({ length: 25 }, (_, i) => (i + 1) % 8).join(''));
  });
});
