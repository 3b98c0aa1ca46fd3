import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  arrayDesign,
  fifoDesign,
  idle,
  lfsrDesign,
  maccDesign,
  roundDesign,
  type Design,
} from './designs.js';
import { engineAvailable, type Engine } from './engines.js';
import {
  asyncFifoDesign,
  bramDesign,
  poolDesign,
  rowCollectorDesign,
  writeDmaDesign,
} from './memory-designs.js';
import { memoryTwins } from './memory-twins.js';
import { l2CacheDesign } from './l2-cache-twin.js';
import { l2ToSaDesign } from './l2-to-sa-twin.js';
import { randomStimulus } from './random-stimulus.js';
import { compileRtl, runRtl } from './run-rtl.js';
import { UNKNOWN } from './shell.js';
import { topControllerDesign } from './top-controller-twin.js';

const scratch = mkdtempSync(join(tmpdir(), 'marblewave-run-rtl-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function design(source: string, ports: Pick<Design, 'inputs' | 'outputs'>): Design {
  const file = join(scratch, `echo-${readdirSync(scratch).length}.v`);
  writeFileSync(file, source);
  return { files: [file], top: 'echo', ...ports };
}

const port = (name: string, width = 1) => ({ name, width });

for (const engine of ['icarus', 'verilator'] satisfies Engine[]) {
  const { available, note } = engineAvailable(engine);
  describe.skipIf(!available)(`runRtl on ${engine} (${note})`, () => {
    it('samples combinational and registered outputs just before the edge, at every width', async () => {
      const echo = design(
        `module echo #(parameter [39:0] K = 0) (input clk, input [130:0] a, input b, output [130:0] now, output reg [4:0] was, output [39:0] k);
           assign now = a ^ {131{b}}; assign k = K; always @(posedge clk) was <= a[4:0]; endmodule`,
        {
          inputs: [port('a', 131), port('b')],
          outputs: [port('now', 131), port('was', 5), port('k', 40)],
        },
      );
      const big = (1n << 130n) | 0x123456789abcdefn;
      const out = await runRtl({
        ...echo,
        engine,
        params: { K: 0x9876543210 },
        stimulus: [
          { a: big, b: 0 },
          { a: 3, b: 1 },
          { a: -1, b: 0 },
        ],
      });
      const ones = (1n << 131n) - 1n;
      expect(out.map((o) => o['now'])).toEqual([big, ones ^ 3n, ones]);
      expect(out.slice(1).map((o) => o['was'])).toEqual([15n, 3n]);
      expect(out.map((o) => o['k'])).toEqual([0x9876543210n, 0x9876543210n, 0x9876543210n]);
    });

    it('gives each of several clocks the edges that the stimulus says, and coincident ones at once', async () => {
      const swap = design(
        `module echo (input left_clk, input right_clk, input set, output reg left, output reg right);
           always @(posedge left_clk) left <= set ? 1'b1 : right;
           always @(posedge right_clk) right <= set ? 1'b0 : left; endmodule`,
        {
          inputs: [port('left_clk'), port('right_clk'), port('set')],
          outputs: [port('left'), port('right')],
        },
      );
      const cycle = (left: number, right: number, set = 0) => ({ left_clk: left, right_clk: right, set });
      const out = await runRtl({
        ...swap,
        clock: ['left_clk', 'right_clk'],
        engine,
        stimulus: [
          cycle(1, 1, 1),
          cycle(1, 1),
          cycle(1, 1),
          cycle(0, 1),
          cycle(1, 1, 1),
          cycle(1, 0),
          cycle(0, 0),
        ],
      });
      expect(out.slice(1).map((o) => `${o['left']}${o['right']}`)).toEqual([
        '10',
        '01',
        '10',
        '11',
        '10',
        '00',
      ]);
    });

    it('runs one compiled design many times, each from configuration', async () => {
      const compiled = await compileRtl({ ...lfsrDesign(), engine });
      try {
        const rest = idle(lfsrDesign());
        const stimulus = [{ ...rest, rst: 1 }, { ...rest, advance: 1 }, rest];
        const [one, two] = await Promise.all([compiled.run(stimulus), compiled.run(stimulus)]);
        expect(one.slice(1)).toEqual([{ q: 1n }, { q: 0x1b6dbn }]);
        expect(two.slice(1)).toEqual(one.slice(1));
      } finally {
        await compiled.dispose();
      }
    });

    it("carries the tool's own words when the source is wrong, and leaves no directory behind", async () => {
      const wrong = design('module echo (input clk, output q); assign q = nonsense; endmodule', {
        inputs: [],
        outputs: [port('q')],
      });
      // A temporary directory of its own: other runs on this machine must not disturb the count.
      const own = mkdtempSync(join(scratch, 'tmp-'));
      vi.stubEnv('TMPDIR', own);
      try {
        await expect(runRtl({ ...wrong, engine, stimulus: [] })).rejects.toThrow(/nonsense/);
        const fifo = fifoDesign();
        await runRtl({ ...fifo, engine, stimulus: [idle(fifo)] });
      } finally {
        vi.unstubAllEnvs();
      }
      expect(readdirSync(own)).toEqual([]);
    });

    it('names port and cycle of a bad input', async () => {
      const fifo = { ...fifoDesign({ width: 8 }), engine };
      const rest = idle(fifo);
      const compiled = await compileRtl(fifo);
      try {
        await expect(compiled.run([rest, { ...rest, in_data: 256 }])).rejects.toThrow(
          'stimulus cycle 1: in_data must fit 8 bits, got 256',
        );
        await expect(compiled.run([{ rst: 1 }])).rejects.toThrow('stimulus cycle 0: in_valid has no value');
        await expect(compiled.run([{ ...rest, tpyo: 1 }])).rejects.toThrow('tpyo is not an input');
      } finally {
        await compiled.dispose();
      }
    });
  });
}

const engines = [engineAvailable('icarus'), engineAvailable('verilator')];
const missing = engines.filter(({ available }) => !available).map(({ note }) => note);

describe.skipIf(!engineAvailable('icarus').available)('runRtl on icarus', () => {
  it('reads x before the first reset edge, and defined values from the cycle after it', async () => {
    const fifo = fifoDesign({ width: 8 });
    const [before, after] = await runRtl({
      ...fifo,
      engine: 'icarus',
      stimulus: [
        { ...idle(fifo), rst: 1 },
        { ...idle(fifo), rst: 1 },
      ],
    });
    expect(before!['count']).toBe(UNKNOWN);
    expect(after).toEqual({ in_ready: 1n, out_valid: 0n, out_data: 0n, count: 0n });
  });
});

describe.skipIf(missing.length > 0)(`both engines ${missing.join('; ')}`, () => {
  it.each([
    ['fifo', fifoDesign({ width: 24, depth: 5 })],
    ['lfsr', lfsrDesign()],
    ['dsp_macc', maccDesign({ l: 3, accw: 40 })],
    ['dsp_round', roundDesign()],
    ['systolic_array', arrayDesign({ n: 3, l: 2 })],
  ] as const)('agree on %s for 2000 random cycles', async (_, module) => {
    const stimulus = randomStimulus(module, 3, 2000);
    const [icarus, verilator] = await Promise.all(
      (['icarus', 'verilator'] as const).map((engine) => runRtl({ ...module, engine, stimulus })),
    );
    expect(verilator!.slice(1)).toEqual(icarus!.slice(1));
    expect(icarus!.slice(1).every((cycle) => Object.values(cycle).every((v) => v !== UNKNOWN))).toBe(true);
  });
});

describe('the Verilog sources', () => {
  const tops: readonly (readonly [string, Design])[] = [
    ['fifo, depth 1', fifoDesign({ depth: 1 })],
    ['fifo, depth 5', fifoDesign({ depth: 5 })],
    ['lfsr', lfsrDesign()],
    ['dsp_macc, L = 1, 20 bits', maccDesign({ accw: 20 })],
    ['dsp_macc, L = 3', maccDesign({ l: 3 })],
    ['dsp_round', roundDesign()],
    ['systolic_array, N = 1', arrayDesign({ n: 1, l: 3 })],
    ['systolic_array, N = 5', arrayDesign({ n: 5, l: 2 })],
    ...Object.entries(memoryTwins).map(([name, twin]) => [name, twin().design] as const),
    ['bram, one word', bramDesign(1, 1, 1)],
    ['async_fifo, depth 2', asyncFifoDesign(1, 2)],
    ['row_collector, N = 1', rowCollectorDesign(1)],
    ['pool, N = 1', poolDesign({ n: 1, accumulators: 1, overlap: 1 })],
    ['write_dma, N = 1', writeDmaDesign(1, 1)],
    ['write_dma, N = 63', writeDmaDesign(63, 16)],
    ['l2_cache, N = 1', l2CacheDesign({ n: 1, aSlices: 1, bWords: 1 })],
    ['l2_cache, N = 4', l2CacheDesign({ n: 4, aSlices: 40, bWords: 65536 })],
    ['l2_to_sa, N = 1', l2ToSaDesign({ n: 1, aSlices: 1, bWords: 1 })],
    ['l2_to_sa, N = 4', l2ToSaDesign({ n: 4, aSlices: 40, bWords: 65536 })],
    ['l2_to_sa, N = 28', l2ToSaDesign({ n: 28, aSlices: 13824, bWords: 2048 })],
    ['top_controller, N = 1', topControllerDesign(1)],
    ['top_controller, N = 28', topControllerDesign(28)],
    ['l2_cache, N = 20', l2CacheDesign({ n: 20, aSlices: 100, bWords: 2048 })],
  ];

  it.skipIf(!engineAvailable('icarus').available)('raise no warning of iverilog -Wall', () => {
    for (const [, { files, top, params }] of tops) {
      const settings = Object.entries(params ?? {}).map(([k, v]) => `-P${top}.${k}=${parameter(v)}`);
      const args = ['-g2005', '-Wall', '-t', 'null', '-s', top, ...settings, ...files];
      expect(execFileSync('sh', ['-c', 'iverilog "$@" 2>&1', 'sh', ...args], { encoding: 'utf8' })).toBe('');
    }
  });

  it.skipIf(!engineAvailable('verilator').available)(
    'raise no warning of verilator -Wall',
    () => {
      for (const [, { files, top, params }] of tops) {
        const settings = Object.entries(params ?? {}).map(([k, v]) => `-G${k}=${parameter(v)}`);
        const args = ['--lint-only', '-Wall', '--top-module', top, ...settings, ...files];
        expect(execFileSync('sh', ['-c', 'verilator "$@" 2>&1', 'sh', ...args], { encoding: 'utf8' })).toBe(
          '',
        );
      }
    },
    300_000,
  );
});

/** A value for a command line: beyond 31 bits both tools want it sized. */
function parameter(value: bigint | number): string {
  return value < 2 ** 31 ? String(value) : `32'h${value.toString(16)}`;
}
