import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/kernel/index.js';
import { RtlError } from '../../src/rtl/errors.js';
import { loadRtl, type RtlLoad } from '../../src/rtl/load.js';
import type { RtlModel } from '../../src/rtl/model.js';
import { readVcd } from '../trace/vcd-reader.js';
import { scratchFolder, source, type Way, ways } from './engine-bench.js';

const folder = scratchFolder();
const TIMEOUT = 300_000;

// One design with everything, so that each way compiles it once.
const kitchen = `module kitchen #(parameter [39:0] K = 0, parameter signed [15:0] S = 1, parameter SIZE = 8) (
  input clk, input bus_clk, input rst,
  input [130:0] wide, input flip, input [63:0] q, input [52:0] f, input [32:0] g, input signed [7:0] small_one, input d,
  output [130:0] wide_now, output reg [130:0] wide_was, output [63:0] q_now, output [52:0] f_now, output [32:0] g_now,
  output [39:0] k, output signed [15:0] s, output [SIZE-1:0] sized, output [7:0] small__now,
  output reg [7:0] count, output reg [7:0] seen, output reg fell, output reg never_reset
);
  assign wide_now = wide ^ {131{flip}};
  assign q_now = q; assign f_now = f; assign g_now = g; assign k = K; assign s = S;
  assign sized = {SIZE{flip}}; assign small__now = small_one;
  initial fell = 1'b0;
  always @(posedge clk) begin
    wide_was <= wide_now;
    count <= rst ? 8'd0 : count + 8'd1;
    never_reset <= never_reset ^ d;
  end
  always @(posedge bus_clk) seen <= count;
  always @(negedge clk) fell <= d;
endmodule
`;

function loadKitchen({ load }: Way, more: Partial<RtlLoad> = {}): Promise<RtlModel> {
  return loadRtl({
    files: [source(folder, 'kitchen.v', kitchen)],
    top: 'kitchen',
    parameters: { K: 0x98_7654_3210, S: -5, SIZE: 70 },
    clocks: ['clk', 'bus_clk'],
    trace: true,
    ...load,
    ...more,
  });
}

for (const way of ways) {
  describe.skipIf(way.missing)(`a model in ${way.name} (${way.note})`, () => {
    let model: RtlModel;
    beforeAll(async () => void (model = await loadKitchen(way)), TIMEOUT);
    afterAll(() => model?.close());

    it('names its ports with their widths and directions', () => {
      const shape = (name: string): unknown => {
        const { direction, width } = model.port(name);
        return [direction, width];
      };
      expect(model.ports.length).toBe(23);
      expect(['wide', 'small__now', 'sized', 'clk', 'seen'].map(shape)).toEqual([
        ['input', 131],
        ['output', 8],
        ['output', 70],
        ['input', 1],
        ['output', 8],
      ]);
    });

    it('takes its parameters: wide, negative, and as a width', () => {
      model.reset();
      model.poke('flip', 1);
      model.eval();
      expect([model.peek('k'), model.peek('s'), model.peek('sized')]).toEqual([
        0x98_7654_3210,
        65_531,
        (1n << 70n) - 1n,
      ]);
    });

    it('passes any value of any width, up to 53 bits as a number and beyond as a bigint', () => {
      model.reset();
      const value = fc.tuple(
        fc.bigInt({ min: -(1n << 130n), max: (1n << 131n) - 1n }),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        fc.bigInt({ min: 0n, max: (1n << 53n) - 1n }),
        fc.integer({ min: 0, max: 2 ** 33 - 1 }),
        fc.integer({ min: -128, max: 255 }),
      );
      fc.assert(
        fc.property(value, ([wide, q, f, g, small]) => {
          model.poke('wide', wide);
          model.poke('q', q);
          model.poke('f', f);
          model.poke('g', g);
          model.poke('small_one', small);
          model.eval();
          const got = ['wide_now', 'q_now', 'f_now', 'g_now', 'small__now'].map((port) => model.peek(port));
          expect(got).toEqual([BigInt.asUintN(131, wide), q, Number(f), g, small & 255]);
          expect(model.peekBits('g_now')).toBe(g.toString(2).padStart(33, '0'));
        }),
        { numRuns: 60 },
      );
    });

    it('shows combinational outputs after eval, registered ones after the step', () => {
      model.reset();
      model.poke('wide', 5);
      model.step();
      model.poke('wide', 9);
      model.eval();
      expect([model.peek('wide_now'), model.peek('wide_was')]).toEqual([9n, 5n]);
      model.step();
      expect(model.peek('wide_was')).toBe(9n);
    });

    it('settles what was poked before a step that comes without eval', () => {
      model.reset();
      model.poke('wide', 77);
      model.poke('flip', 0);
      model.step('clk');
      expect(model.peek('wide_was')).toBe(77n);
    });

    it('steps two clocks apart and at the same instant, when each register takes what was there before', () => {
      model.reset();
      model.poke('rst', 1);
      model.step();
      model.poke('rst', 0);
      model.step('clk');
      model.step('clk');
      expect(model.peek('count')).toBe(2);
      model.step('bus_clk');
      expect([model.peek('count'), model.peek('seen')]).toEqual([2, 2]);
      model.step(['clk', 'bus_clk']);
      expect([model.peek('count'), model.peek('seen')]).toEqual([3, 2]);
    });

    it('moves what hangs on the falling edge, on the inputs of its cycle', () => {
      model.reset();
      model.poke('d', 1);
      model.step('clk');
      model.poke('d', 0);
      model.eval();
      expect(model.peek('fell')).toBe(1);
      model.step('clk');
      model.eval();
      expect(model.peek('fell')).toBe(0);
    });

    it('lets clocks be poked by hand', () => {
      model.reset();
      model.poke('wide', 3);
      model.eval();
      model.poke('clk', 1);
      model.eval();
      expect(model.peek('wide_was')).toBe(3n);
      model.poke('wide', 4);
      model.eval();
      expect(model.peek('wide_was')).toBe(3n);
      model.poke('clk', 0);
      model.eval();
      expect(model.peek('wide_was')).toBe(3n);
    });

    it('keeps its inputs in a run that is given none, and goes on from there', () => {
      model.reset();
      model.poke('rst', 1);
      model.step();
      model.poke('rst', 0);
      const outputs = new Uint32Array(100 * model.outputWords);
      model.run({ cycles: 100, outputs, clocks: ['clk'] });
      const at = model.port('count').word - model.inputWords;
      expect([0, 1, 99].map((c) => outputs[c * model.outputWords + at])).toEqual([0, 1, 99]);
      expect([model.peek('count'), model.peek('rst'), model.time]).toEqual([100, 0, 5000 + 101 * 10_000]);
      model.step('clk');
      expect(model.peek('count')).toBe(101);
    });

    it('ignores what rows of a run hold above a port and for a clock', () => {
      model.reset();
      const inputs = new Uint32Array(2 * model.inputWords).fill(0xffff_ffff);
      const outputs = new Uint32Array(2 * model.outputWords);
      model.run({ cycles: 2, inputs, outputs });
      const row = (name: string): number[] => {
        const { word, words } = model.port(name);
        const at = word - model.inputWords;
        return [...outputs.subarray(at, at + words)];
      };
      expect(row('wide_now')).toEqual([0, 0, 0, 0, 0]);
      expect([row('g_now'), row('f_now')]).toEqual([
        [0xffff_ffff, 1],
        [0xffff_ffff, 2 ** 21 - 1],
      ]);
      model.poke('rst', 0);
      model.step('clk');
      expect(model.peek('count')).toBe(1);
    });

    it('says which port, value, clock or array cannot be', () => {
      const port = 'rtl kitchen: port must be';
      expect(() => model.poke('tpyo', 1)).toThrow(`${port} one of`);
      expect(() => model.poke('count', 1)).toThrow(`${port} an input, got "count, an output"`);
      const fit = (name: string, width: number, got: unknown): string =>
        `rtl kitchen.${name}: value must be a whole number that fits ${width} bits, got ${String(got)}`;
      expect(() => model.poke('small_one', 256)).toThrow(fit('small_one', 8, 256));
      expect(() => model.poke('small_one', -129)).toThrow(fit('small_one', 8, -129));
      expect(() => model.poke('small_one', 0.5)).toThrow(fit('small_one', 8, 0.5));
      expect(() => model.poke('q', 1n << 64n)).toThrow('q: value must be a whole number that fits 64 bits');
      expect(() => model.step('rst')).toThrow('clock must be one of clk, bus_clk, got "rst"');
      expect(() => model.run({ cycles: 2, outputs: new Uint32Array(1) })).toThrow(
        `outputs must be at least ${2 * model.outputWords} words, got 1`,
      );
      expect(() => model.run({ cycles: -1 })).toThrow(ConfigError);
    });

    it(
      'goes back to configuration by reset, and is another than a second one',
      { timeout: TIMEOUT },
      async () => {
        const other = await loadKitchen(way);
        for (const each of [model, other]) {
          each.reset();
          each.poke('rst', 1);
          each.step();
          each.poke('rst', 0);
        }
        model.step();
        expect([model.peek('count'), other.peek('count')]).toEqual([1, 0]);
        other.close();
        model.reset();
        expect([model.peek('rst'), model.time]).toEqual([0, 5000]);
        expect(model.peek('count')).not.toBe(1);
      },
    );

    it('dumps what is within, with edges at their times', { timeout: TIMEOUT }, async () => {
      const file = join(folder, `${way.name.replaceAll(' ', '-')}.vcd`);
      const dumping = await loadKitchen(way);
      dumping.dumpVcd(file);
      dumping.poke('rst', 1);
      dumping.step();
      dumping.poke('rst', 0);
      dumping.step();
      dumping.time = 100_000;
      dumping.step('clk');
      dumping.run({ cycles: 200, clocks: ['clk'] });
      expect(() => dumping.dumpVcd(file)).toThrow('at most, got another');
      dumping.close();
      // The reader wants two states.
      const text = readFileSync(file, 'utf8').replaceAll(
        /^(b?)([01xz]+)(?=[^01xz\s]| )/gm,
        (_, b: string, v: string) => `${b}${v.replaceAll(/[xz]/g, '0')}`,
      );
      const { timescale, variables } = readVcd(text);
      expect(timescale.replaceAll(' ', '')).toBe('1ps');
      const changes = (name: string): (readonly [number, bigint | null])[] => {
        const path = [...variables.keys()].find((each) => each.endsWith(`kitchen.${name}`));
        const all = variables.get(path!)!.changes;
        return all.filter(([, value], k) => k > 0 && value !== all[k - 1]![1]);
      };
      const rises = [5000, 15_000, ...Array.from({ length: 201 }, (_, c) => 100_000 + 10_000 * c)];
      expect(changes('clk').filter(([, value]) => value === 1n)).toEqual(rises.map((time) => [time, 1n]));
      expect(changes('count').slice(-202)).toEqual(rises.slice(1).map((time, c) => [time, BigInt(c + 1)]));
      expect(changes('bus_clk').filter(([, value]) => value === 1n).length).toBe(2);
    });

    it(
      'tells file, line and the words of the tool that refuses the Verilog',
      { timeout: TIMEOUT },
      async () => {
        const file = source(
          folder,
          'wrong.v',
          'module wrong (input clk, output q);\n  assign q = clk;\n  asign r = q;\nendmodule\n',
        );
        const error = await loadRtl({ files: [file], top: 'wrong', ...way.load }).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(RtlError);
        const { message, place, output } = error as RtlError;
        expect(message).toMatch(/wrong\.v:3: wrong must be accepted by \w+, got: .*syntax error/);
        expect(place).toEqual({ file, line: 3 });
        expect(output).toContain('syntax error');
      },
    );

    it(
      'refuses a top that is not there, a parameter it has not, and a port of both directions',
      { timeout: TIMEOUT },
      async () => {
        const file = source(
          folder,
          'both.v',
          "module both (input clk, inout pad); assign pad = clk ? 1'bz : 1'b0; endmodule\n",
        );
        await expect(loadRtl({ files: [file], top: 'botch', ...way.load })).rejects.toThrow(RtlError);
        await expect(loadRtl({ files: [file], top: 'both', ...way.load })).rejects.toThrow(
          'both.pad: direction must be input or output, got inout',
        );
        const plain = source(
          folder,
          'plain.v',
          'module plain (input clk, output q); assign q = clk; endmodule\n',
        );
        const load = { files: [plain], top: 'plain', parameters: { WIDTH: 3 }, ...way.load };
        await expect(loadRtl(load)).rejects.toThrow(RtlError);
      },
    );

    it('is closed once and for all', { timeout: TIMEOUT }, async () => {
      const closed = await loadKitchen(way);
      closed.close();
      closed.close();
      expect(() => closed.eval()).toThrow('kitchen: the model must be open, got one that was closed');
    });

    it('compiles anew when the source or what it includes has changed', { timeout: TIMEOUT }, async () => {
      const include = source(folder, 'value.vh', "`define VALUE 8'd3\n");
      const file = source(
        folder,
        'includes.v',
        '`include "value.vh"\nmodule includes (input clk, output [7:0] v); assign v = `VALUE; endmodule\n',
      );
      const value = async (): Promise<unknown> => {
        const loaded = await loadRtl({ files: [file], top: 'includes', ...way.load });
        loaded.eval();
        const got = loaded.peek('v');
        loaded.close();
        return got;
      };
      expect(await value()).toBe(3);
      writeFileSync(include, "`define VALUE 8'd4\n");
      expect(await value()).toBe(4);
    });
  });
}

describe.skipIf(ways[2]!.missing)('four states', () => {
  it('show a register that nothing has set as x, bit by bit, and no x once it is set', async () => {
    const model = await loadKitchen(ways[2]!);
    model.eval();
    expect([model.peek('count'), model.peekBits('count')]).toEqual(['x', 'xxxxxxxx']);
    const unknown = new Uint32Array(model.outputWords);
    model.run({ cycles: 1, unknown });
    expect(unknown[model.port('count').word - model.inputWords]).toBe(255);
    expect(unknown[model.port('q_now').word - model.inputWords]).toBe(0);
    model.poke('rst', 1);
    model.step();
    expect([model.peek('count'), model.peek('never_reset')]).toEqual([0, 'x']);
    model.close();
  });
});

describe.skipIf(ways[1]!.missing)('registers in verilator that nothing sets', () => {
  it('start at bits of the seed, and at zero for seed 0', { timeout: TIMEOUT }, async () => {
    const starts: unknown[] = [];
    for (const seed of [0, 1, 1, 2]) {
      const model = await loadKitchen(ways[1]!, { seed });
      model.eval();
      starts.push(model.peek('wide_was'));
      model.close();
    }
    expect(starts[0]).toBe(0n);
    expect(starts[1]).not.toBe(0n);
    expect(starts[2]).toBe(starts[1]);
    expect(starts[3]).not.toBe(starts[1]);
  });
});

const ending = `module ending (input clk, input go, output reg [3:0] n);
  initial n = 0;
  always @(posedge clk) begin n <= n + 4'd1; if (go) $finish; end
endmodule
`;

for (const way of ways.slice(1)) {
  describe.skipIf(way.missing)(`a design that ends the simulation, in ${way.name}`, () => {
    it('ends in an error, and the process lives', { timeout: TIMEOUT }, async () => {
      const model = await loadRtl({
        files: [source(folder, 'ending.v', ending)],
        top: 'ending',
        ...way.load,
      });
      model.step();
      expect(model.peek('n')).toBe(1);
      model.poke('go', 1);
      expect(() => {
        model.step();
        model.step();
      }).toThrow(/^ending: the simulation must go on, got /);
      model.close();
    });
  });
}

for (const way of ways.slice(0, 2)) {
  describe.skipIf(way.missing)(`logic in a loop, in ${way.name}`, () => {
    it('is an error when it does not settle', { timeout: TIMEOUT }, async () => {
      const loop = "module loopy (input clk, input en, output y); assign y = en ? ~y : 1'b0; endmodule\n";
      const model = await loadRtl({ files: [source(folder, 'loopy.v', loop)], top: 'loopy', ...way.load });
      model.eval();
      model.poke('en', 1);
      expect(() => model.eval()).toThrow(/^loopy: the simulation must go on, got .*(settle|converge)/);
      model.close();
    });
  });
}

describe('loading', () => {
  const file = (): string => source(folder, 'kitchen.v', kitchen);
  it.each([
    ['top', { top: 'no name' }, 'rtl: top must be the name of a module, got "no name"'],
    ['files', { files: [] }, 'rtl kitchen: files must be at least one Verilog file'],
    [
      'files',
      { files: ['gone.v'] },
      'rtl kitchen: files must be files that can be read, got "gone.v (ENOENT)"',
    ],
    ['parameters', { parameters: { 'A B': 1 } }, 'parameters must be named like in Verilog, got "A B"'],
    [
      'parameters',
      { parameters: { K: 1.5 } },
      'parameters.K must be a whole number of -2147483648 or more, got 1.5',
    ],
    [
      'engine',
      { engine: 'modelsim' as 'wasm' },
      'engine must be one of wasm, verilator, icarus, got "modelsim"',
    ],
    ['periodPs', { periodPs: 3 }, 'periodPs must be an even whole number from 4 to 4294967294, got 3'],
    ['seed', { seed: -1 }, 'seed must be a whole number from 0 to 4294967295, got -1'],
  ] as const)('refuses a bad %s', async (_, bad, message) => {
    await expect(loadRtl({ files: [file()], top: 'kitchen', ...bad })).rejects.toThrow(message);
  });

  it.skipIf(ways[2]!.missing)('refuses a clock that is no input of one bit', async () => {
    await expect(loadKitchen(ways[2]!, { clocks: ['clk', 'q'] })).rejects.toThrow(
      'clocks must be inputs of one bit (clk, bus_clk, rst, flip, d), got "q"',
    );
  });

  it.skipIf(ways[2]!.missing)(
    'compiles once for two who load at the same time, and leaves no half-made folder',
    async () => {
      // Relative, as a user may write it.
      const cacheFolder = relative(process.cwd(), join(folder, 'cache'));
      mkdirSync(cacheFolder);
      const both = await Promise.all([1, 2].map(() => loadKitchen(ways[2]!, { cacheFolder })));
      both.forEach((model) => model.close());
      const kept = readdirSync(join(cacheFolder, 'rtl'));
      expect(kept.toSorted().map((name) => name.replace(/-[0-9a-f]{32}$/, ''))).toEqual([
        'icarus',
        'icarus-ports',
      ]);
    },
  );
});

describe('an engine that is not here', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it.each(['verilator', 'icarus'] as const)('%s is refused with what to install', async (engine) => {
    vi.resetModules();
    vi.stubEnv('PATH', folder);
    const fresh = await import('../../src/rtl/load.js');
    const load = { files: [source(folder, 'kitchen.v', kitchen)], top: 'kitchen', engine };
    await expect(fresh.loadRtl(load)).rejects.toThrow(
      new RegExp(
        `rtl kitchen: engine ${engine} must be installed, got: .* not found on PATH; apt-get install .*`,
      ),
    );
  });
});
