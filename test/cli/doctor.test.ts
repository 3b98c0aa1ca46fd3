import { describe, expect, it } from 'vitest';
import { cli } from './run-cli.js';

interface Report {
  readonly schema: string;
  readonly engines: readonly { readonly engine: string; readonly found: boolean; readonly install: string }[];
}

describe('marblewave doctor', () => {
  it('exits 0 where nothing is on PATH, and says what to install', async () => {
    const { code, stdout } = await cli(['doctor'], { env: { PATH: '/nonexistent' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/verilator +no +verilator, g\+\+, make not found on PATH/);
    expect(stdout).toContain('for verilator: apt-get install verilator g++ make');
    expect(stdout).toContain('for icarus: apt-get install iverilog');
  });

  it('says the same in JSON', async () => {
    const { stdout } = await cli(['doctor', '--json'], { env: { PATH: '/nonexistent' } });
    const { schema, engines } = JSON.parse(stdout) as Report;
    expect(schema).toBe('marblewave.doctor/1');
    expect(engines.map(({ engine }) => engine)).toEqual(['wasm', 'verilator', 'icarus']);
    expect(engines.slice(1).map(({ found }) => found)).toEqual([false, false]);
  });

  it('takes no names', async () => {
    const { code, stderr } = await cli(['doctor', 'wasm']);
    expect([code, stderr]).toEqual([2, 'marblewave: doctor: takes no names, got wasm\n']);
  });
});
