import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/mwt/trace-file.js';

const folder = mkdtempSync(join(tmpdir(), 'mwt-killed-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a recording whose process is killed', () => {
  it('leaves a partial file that opens up to its last whole chunk and says so, and none of the final name', async () => {
    const file = join(folder, 'run.mwt');
    const script = fileURLToPath(new URL('endless-child.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const [, signal] = (await once(child, 'exit')) as [number | null, string];
    expect(signal).toBe('SIGKILL');
    expect(existsSync(file)).toBe(false);

    const trace = openTrace(`${file}.partial`);
    try {
      expect(trace.damage).toMatch(
        new RegExp(`^byte \\d+: the file ends .*chunk; known up to ${trace.end} ps$`),
      );
      expect(trace.counts.chunks).toBeGreaterThan(10);
      let i = 0;
      for (const change of trace.changes()) {
        const value = (i % 65_521).toString(2).padStart(16, '0');
        if (change.time !== 1000 * i || change.value !== value)
          expect(change).toEqual({ time: 1000 * i, signal: 0, value });
        i += 1;
      }
      expect(1000 * (i - 1)).toBe(trace.end);
    } finally {
      trace.close();
    }
  });
});
