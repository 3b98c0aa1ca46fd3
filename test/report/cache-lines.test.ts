import { describe, expect, it } from 'vitest';
import { cli } from '../cli/run-cli.js';

describe('the run report', () => {
  it('says how many BRAM36 the cache takes, and where fewer panels fit than were asked for', async () => {
    const args = ['run', 'mnist-cnn', '--images', '1', '--set', 'p=20'];
    const { stdout } = await cli(args);
    // 7 · 54 for A and 29 · 2 for B beside 8.
    expect(stdout).toContain('L2 cache: 444 of 445 BRAM36 (378 for A, 58 for B, 8 for all other buffers)\n');
    expect(stdout).toMatch(/^p = 20 was asked for; held together: conv1 1, /m);
    const run = JSON.parse((await cli([...args, '--json'])).stdout) as {
      bram36: unknown;
      layers: { plan: { panels: number; panelsWanted: number } | null }[];
    };
    expect(run.bram36).toEqual({ a: 378, b: 58, buffers: 8, total: 444, device: 445 });
    expect(run.layers[0]!.plan).toMatchObject({ panels: 1, panelsWanted: 20 });
  });
});
