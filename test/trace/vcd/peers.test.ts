import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openVcd } from '../../../src/trace/vcd/open-vcd.js';
import { writeVcd } from '../../../src/trace/vcd/write-vcd.js';
import type { WaveFile, WaveValue } from '../../../src/trace/waves.js';
import { type Engine, engineAvailable, runTool } from '../../rtl/engines.js';
import { missingPeer, type PeerTool } from './peer-tools.js';
import { changesOf, pathOf, type RunModel, waveFileOf } from './run-model.js';

const folder = mkdtempSync(join(tmpdir(), 'vcd-peers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** By path: every change, `time=value` between blanks. */
type Timelines = Record<string, string>;

function timelines(waves: WaveFile): Timelines {
  const lines: Record<string, string[]> = Object.fromEntries(waves.signals.map(({ path }) => [path, []]));
  for (const { time, signal, value } of waves.changes())
    lines[waves.signals[signal]!.path]!.push(`${time}=${value}`);
  return Object.fromEntries(Object.entries(lines).map(([path, steps]) => [path, steps.join(' ')]));
}

/** A timeline of the values at some times, unchanged ones left out. */
function line(steps: readonly (readonly [time: number, value: WaveValue])[]): string {
  return steps
    .filter(([, value], i) => i === 0 || !Object.is(steps[i - 1]![1], value))
    .map(([time, value]) => `${time}=${value}`)
    .join(' ');
}

function bits(value: number | bigint, width: number): string {
  return (BigInt(value) & ((1n << BigInt(width)) - 1n)).toString(2).padStart(width, '0');
}

function read(file: string, look: (waves: WaveFile) => void): void {
  const waves = openVcd(file);
  try {
    expect(waves.damage).toBeNull();
    look(waves);
  } finally {
    waves.close();
  }
}

function withEngine(engine: Engine): { timeout: number; skip: boolean } {
  return { timeout: 300_000, skip: !engineAvailable(engine).available };
}

function withPeer(tool: PeerTool): { skip: boolean } {
  return { skip: missingPeer(tool) !== null };
}

describe('a dump of Icarus Verilog', () => {
  it(
    'is read without loss: x, z, reals, events, memories, escaped names, $dumpoff',
    withEngine('icarus'),
    async () => {
      const design = `\`timescale 1ns/1ps
module follow(input clk, input [7:0] d, output reg [7:0] q);
    always @(posedge clk) q <= d;
endmodule
module top;
    reg clk = 0, \\odd.name = 0;
    reg [7:0] count = 0;
    reg [0:3] up = 4'b0001;
    reg signed [4:1] low = -1;
    reg [69:0] wide = 70'bx;
    reg [3:0] mixed = 4'bz;
    reg [3:0] mem [0:1];
    real r = 1.0;
    integer i = 0;
    event struck;
    wire [7:0] q;
    follow f(clk, count, q);
    always #5 clk = ~clk;
    always @(posedge clk) begin
        count <= count + 1;
        up <= {up[1:3], up[0]};
        low <= low - 1;
        wide <= {wide[59:0], 2'bzx, count};
        mixed <= {2'bx1, 1'bz, count[0]};
        mem[count[0]] <= count[3:0];
        \\odd.name <= count[0];
        r = r * -1.5;
        i = i - 1;
        if (count[0]) -> struck;
    end
    genvar g;
    generate for (g = 0; g < 2; g = g + 1) begin : lane
        wire [1:0] part = count[2 * g +: 2];
    end endgenerate
    initial begin
        $dumpfile("icarus.vcd");
        $dumpvars(0, top);
        $dumpvars(0, mem[0], mem[1]);
        #62 $dumpoff;
        #20 $dumpon;
        #25 $dumpall;
        $finish;
    end
endmodule
`;
      writeFileSync(join(folder, 'icarus.v'), design);
      await runTool('iverilog', ['-g2005', '-o', 'icarus.vvp', 'icarus.v'], folder);
      await runTool('vvp', ['-n', 'icarus.vvp'], folder);

      // Edge k rises at 5 + 10 k ns; from 62 to 82 ns all is x.
      const steps = (at: (edges: number) => WaveValue, off: WaveValue): string => {
        const seen: [number, WaveValue][] = [[0, at(0)]];
        for (let k = 0; k < 11; k++) {
          const time = 5000 + 10_000 * k;
          if (time < 62_000 || time > 82_000) seen.push([time, at(k + 1)]);
          if (k === 6) seen.push([62_000, off]);
          if (k === 7) seen.push([82_000, at(8)]);
        }
        return line(seen);
      };
      const bus = (width: number, at: (edges: number) => number): string =>
        steps((edges) => bits(at(edges), width), 'x'.repeat(width));
      let wide = 'x'.repeat(70);
      const wides = [
        wide,
        ...Array.from({ length: 11 }, (_, k) => (wide = `${wide.slice(10)}zx${bits(k, 8)}`)),
      ];
      const clock = line([
        ...Array.from({ length: 13 }, (_, k): [number, WaveValue] => [5000 * k, k % 2]),
        [62_000, 'x'],
        [82_000, 0],
        ...[85, 90, 95, 100, 105].map((ns, k): [number, WaveValue] => [ns * 1000, (k + 1) % 2]),
      ]);
      const previous = steps((edges) => (edges === 0 ? 'x'.repeat(8) : bits(edges - 1, 8)), 'x'.repeat(8));
      read(join(folder, 'icarus.vcd'), (waves) => {
        expect([waves.unitFs, waves.begin, waves.end]).toEqual([1000, 0, 107_000]);
        expect(timelines(waves)).toEqual({
          'top.clk': clock,
          'top.f.clk': clock,
          'top.odd\\.name': bus(1, (edges) => (edges === 0 ? 0 : edges - 1)),
          'top.count': bus(8, (edges) => edges),
          'top.f.d': bus(8, (edges) => edges),
          'top.q': previous,
          'top.f.q': previous,
          'top.up': bus(4, (edges) => 1 << (edges % 4)),
          'top.low': bus(4, (edges) => -1 - edges),
          'top.wide': steps((edges) => wides[edges]!, 'x'.repeat(70)),
          'top.mixed': steps((edges) => (edges === 0 ? 'zzzz' : `x1z${(edges - 1) % 2}`), 'xxxx'),
          'top.mem[0]': steps((edges) => (edges < 1 ? 'xxxx' : bits((edges - 1) & ~1, 4)), 'xxxx'),
          'top.mem[1]': steps((edges) => (edges < 2 ? 'xxxx' : bits(((edges - 2) & ~1) + 1, 4)), 'xxxx'),
          'top.r': steps((edges) => (-1.5) ** edges, NaN),
          'top.i': bus(32, (edges) => -edges),
          'top.struck': '15000= 35000= 55000= 95000=',
          'top.lane[0].part': bus(2, (edges) => edges),
          'top.lane[1].part': bus(2, (edges) => edges >> 2),
        });
      });
    },
  );
});

describe('a dump of Verilator', () => {
  it(
    'is read without loss: structs, arrays, enums, interfaces, parameters, reals',
    withEngine('verilator'),
    async () => {
      const design = `typedef struct packed { logic [3:0] a; logic b; } packed_pair;
typedef struct { logic [3:0] a; logic b; } pair;
typedef enum logic [1:0] { IDLE, RUN, DONE } state_t;
interface link; logic v; endinterface
module follow #(parameter W = 8) (input clk, input [W-1:0] d, output logic [W-1:0] q);
    always @(posedge clk) q <= d;
endmodule
module top(input clk, input [7:0] d, output logic [7:0] q);
    packed_pair p;
    pair u;
    state_t state;
    logic [7:0] mem [0:1];
    logic [1:0] two [1:0][0:1];
    logic [1:0][3:0] halves;
    logic [0:3] up;
    logic [69:0] wide;
    logic \\odd.name ;
    real r;
    link l();
    follow #(8) f(clk, d, q);
    for (genvar g = 0; g < 2; g++) begin : lane
        logic [3:0] part;
        assign part = d[g * 4 +: 4];
    end
    initial r = 1.0;
    always @(posedge clk) begin
        p.a <= d[3:0];
        p.b <= d[4];
        u.a <= d[7:4];
        u.b <= d[0];
        state <= state_t'(d[1:0] % 3);
        mem[d[0]] <= d;
        two[d[0]][d[1]] <= d[3:2];
        halves <= d;
        up <= d[3:0];
        wide <= {wide[61:0], d};
        \\odd.name <= d[5];
        l.v <= d[6];
        r <= r * -1.5;
    end
endmodule
`;
      const main = `#include "Vtop.h"
#include "verilated.h"
#include "verilated_vcd_c.h"
int main() {
    VerilatedContext context;
    context.traceEverOn(true);
    Vtop top{&context};
    VerilatedVcdC trace;
    top.trace(&trace, 99);
    trace.open("verilator.vcd");
    for (int k = 0; k < 12; k++) {
        top.d = k * 37 + 5;
        top.clk = 0;
        top.eval();
        trace.dump((vluint64_t)(10 * k));
        top.clk = 1;
        top.eval();
        trace.dump((vluint64_t)(10 * k + 5));
    }
    trace.close();
    top.final();
    return 0;
}
`;
      writeFileSync(join(folder, 'top.sv'), design);
      writeFileSync(join(folder, 'main.cpp'), main);
      const flags = [
        '--cc',
        '--exe',
        '--build',
        '--trace',
        '--trace-structs',
        '--timescale',
        '1ns/1ns',
        '-Wno-fatal',
        '-Wno-lint',
      ];
      const fast = ['-CFLAGS', '-O0', '-MAKEFLAGS', 'OPT_GLOBAL=-O0'];
      await runTool('verilator', [...flags, ...fast, '--top-module', 'top', 'top.sv', 'main.cpp'], folder);
      await runTool(join(folder, 'obj_dir', 'Vtop'), [], folder);

      const d = Array.from({ length: 12 }, (_, k) => (k * 37 + 5) & 0xff);
      // What an edge makes of the last data; everything is 0 before the first.
      const held = (width: number, next: (data: number, before: bigint) => number | bigint): string => {
        let value = 0n;
        const seen: [number, WaveValue][] = [[0, bits(0, width)]];
        d.forEach((data, k) => {
          value = BigInt.asUintN(width, BigInt(next(data, value)));
          seen.push([10 * k + 5, bits(value, width)]);
        });
        return line(seen);
      };
      const input = (width: number, shift: number): string =>
        line(d.map((data, k): [number, WaveValue] => [10 * k, bits(data >> shift, width)]));
      const clock = line(Array.from({ length: 24 }, (_, k): [number, WaveValue] => [5 * k, k % 2]));
      const ports = (scope: string): Timelines => ({
        [`${scope}.clk`]: clock,
        [`${scope}.d`]: input(8, 0),
        [`${scope}.q`]: held(8, (data) => data),
      });
      const cells: Timelines = {};
      for (const i of [0, 1]) {
        cells[`TOP.top.mem[${i}]`] = held(8, (data, before) => ((data & 1) === i ? data : before));
        for (const j of [0, 1])
          cells[`TOP.top.two[${i}][${j}]`] = held(2, (data, before) =>
            (data & 1) === i && ((data >> 1) & 1) === j ? data >> 2 : before,
          );
        cells[`TOP.top.halves[${i}]`] = held(4, (data) => data >> (4 * i));
        cells[`TOP.top.lane[${i}].part`] = input(4, 4 * i);
      }
      read(join(folder, 'verilator.vcd'), (waves) => {
        expect([waves.begin, waves.end]).toEqual([0, 115]);
        expect(timelines(waves)).toEqual({
          ...ports('TOP'),
          ...ports('TOP.top'),
          ...ports('TOP.top.f'),
          ...cells,
          'TOP.top.f.W': `0=${bits(8, 32)}`,
          'TOP.top.p.a': held(4, (data) => data),
          'TOP.top.p.b': held(1, (data) => data >> 4),
          'TOP.top.u.a': held(4, (data) => data >> 4),
          'TOP.top.u.b': held(1, (data) => data),
          'TOP.top.state': held(2, (data) => (data & 3) % 3),
          'TOP.top.up': held(4, (data) => data),
          'TOP.top.wide': held(70, (data, before) => (before << 8n) | BigInt(data)),
          'TOP.top.odd\\.name': held(1, (data) => data >> 5),
          'TOP.top.l.v': held(1, (data) => data >> 6),
          'TOP.top.r': line([
            [0, 1],
            ...d.map((_, k): [number, WaveValue] => [10 * k + 5, (-1.5) ** (k + 1)]),
          ]),
        });
      });
    },
  );
});

describe('a dump of GHDL', () => {
  it(
    'is read without loss: std_logic of nine values, reals, integers, generics of generate',
    withPeer('ghdl'),
    async () => {
      const design = `library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;
entity top is end entity;
architecture sim of top is
  type pair is record a : std_logic; b : integer; end record;
  signal s : std_logic;
  signal v : std_logic_vector(8 downto 0) := "UX01ZWLH-";
  signal up : std_logic_vector(0 to 3) := "0001";
  signal one : std_logic_vector(0 downto 0) := "1";
  signal r : real := 0.5;
  signal i : integer := -3;
  signal n : natural range 0 to 15 := 7;
  signal b : boolean := false;
  signal bv : bit_vector(3 downto 0) := "1010";
  signal u : unsigned(69 downto 0) := (69 => '1', others => '0');
  signal \\odd.name\\ : std_logic := '0';
  signal rec : pair := ('1', 5);
begin
  process
    constant nine : std_logic_vector(0 to 8) := "UX01ZWLH-";
  begin
    for k in nine'range loop
      wait for 1 ns;
      s <= nine(k);
      v <= v(7 downto 0) & nine(k);
      up <= up(1 to 3) & up(0);
      r <= r * (-1.5);
      i <= i + 1;
      n <= 15 - k;
      b <= not b;
      u <= u rol 1;
    end loop;
    wait for 1 fs;
    \\odd.name\\ <= '1';
    wait for 1 ns;
    wait;
  end process;
  lanes : for k in 0 to 1 generate
    signal x : std_logic;
  begin
    x <= v(k);
  end generate;
end architecture;
`;
      writeFileSync(join(folder, 'top.vhd'), design);
      for (const args of [
        ['-a', '--std=08', 'top.vhd'],
        ['-e', '--std=08', 'top'],
        ['-r', '--std=08', 'top', '--vcd=ghdl.vcd'],
      ])
        await runTool('ghdl', args, folder);

      const nine = 'xx01zx01x';
      const steps = (at: (k: number) => WaveValue): string =>
        line(Array.from({ length: 10 }, (_, k): [number, WaveValue] => [1_000_000 * k, at(k)]));
      const shifted = (k: number): string => (nine + nine).slice(k, k + 9);
      read(join(folder, 'ghdl.vcd'), (waves) => {
        expect([waves.unitFs, waves.begin, waves.end]).toEqual([1, 0, 10_000_001]);
        // Records, and enumerations besides bits and booleans, GHDL leaves out, and says so in comments.
        expect(timelines(waves)).toEqual({
          'top.s': steps((k) => (k === 0 ? 'x' : nine[k - 1]!)),
          'top.v': steps(shifted),
          'top.up': steps((k) => bits(1 << (k % 4), 4)),
          'top.one': '0=1',
          'top.r': steps((k) => 0.5 * (-1.5) ** k),
          'top.i': steps((k) => bits(k - 3, 32)),
          'top.n': steps((k) => bits(k === 0 ? 7 : 16 - k, 32)),
          'top.b': steps((k) => k % 2),
          'top.bv': '0=1010',
          'top.u': steps((k) => bits(k === 0 ? 1n << 69n : 1n << BigInt(k - 1), 70)),
          'top.odd\\.name': '0=0 9000001=1',
          'top.lanes(0).x': steps((k) => shifted(k)[8]!),
          'top.lanes(1).x': steps((k) => shifted(k)[7]!),
        });
      });
    },
  );
});

/** Buses of many widths, reals, events, texts, aliases, names of all kinds. */
function mixedRun(): RunModel {
  const waves: RunModel['waves'] = [
    { kind: 'bits', width: 1 },
    { kind: 'bits', width: 2 },
    { kind: 'bits', width: 33 },
    { kind: 'bits', width: 448 },
    { kind: 'real', width: 64 },
    { kind: 'event', width: 1 },
    { kind: 'text', width: 0 },
  ];
  const places = [
    ['top', 'clk', 0],
    ['top', 'pair', 1],
    ['top', 'odd.name', 2],
    ['top', 'pe[3][4]', 'wide[2]', 3],
    ['top', 'pe[3][4]', 'clk', 0],
    ['top', 'lanes(0)', 'a+b', 1],
    ['top', 'level', 4],
    ['top', 'struck', 5],
    ['top', 'state', 6],
    ['other', 'valid[3]', 0],
  ] as const;
  const changes: { time: number; wave: number; value: WaveValue }[] = [];
  let random = 12345;
  const draw = (below: number): number => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    return (random >> 8) % below;
  };
  for (let k = 0; k < 400; k++) {
    const time = 7 * k * k;
    for (const [wave, { kind, width }] of waves.entries()) {
      if (k > 0 && draw(3) > 0) continue;
      const plain = draw(2) === 0 ? '01' : '01xz';
      let value: WaveValue = '';
      if (kind === 'bits') for (let i = 0; i < width; i++) value += plain[draw(plain.length)]!;
      // Of no more than 16 digits, since fst2vcd prints no more.
      if (kind === 'real') value = (draw(1000) - 500) * 2 ** (draw(20) - 10);
      if (kind === 'text') value = ['idle', 'run', 'two words', ''][draw(4)]!;
      if (kind !== 'event' || k > 0) changes.push({ time, wave, value });
    }
  }
  return {
    waves,
    signals: places.map((place) => ({ names: place.slice(0, -1) as string[], wave: place.at(-1) as number })),
    changes,
    begin: 0,
    end: 7 * 400 * 400,
  };
}

describe('a dump of ours', () => {
  it('goes through vcd2fst and fst2vcd of GTKWave with every change', withPeer('vcd2fst'), async () => {
    const model = mixedRun();
    const [ours, fst, theirs] = ['ours.vcd', 'ours.fst', 'theirs.vcd'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeVcd(waveFileOf(model), ours);
    await runTool('vcd2fst', [ours, fst], folder);
    await runTool('fst2vcd', ['-f', fst, '-o', theirs], folder);
    const wanted = timelines(waveFileOf(model));
    expect(Object.keys(wanted)).toHaveLength(model.signals.length);
    expect(wanted[pathOf(['top', 'pe[3][4]', 'wide[2]'])]!.length).toBeGreaterThan(10_000);
    read(theirs, (waves) => expect(timelines(waves)).toEqual(wanted));
  });

  it('shows sigrok the same single bits, sample by sample', withPeer('sigrok-cli'), async () => {
    const names = ['clk', 'valid', 'ready'];
    const changes: { time: number; wave: number; value: WaveValue }[] = [];
    for (let time = 0; time < 200; time++)
      for (const [wave, every] of [3, 7, 11].entries())
        if (time % every === 0) changes.push({ time, wave, value: String(Math.floor(time / every) % 2) });
    const model: RunModel = {
      waves: names.map(() => ({ kind: 'bits', width: 1 })),
      signals: names.map((name, wave) => ({ names: [name], wave })),
      changes,
      begin: 0,
      end: 200,
    };
    const file = join(folder, 'bits.vcd');
    // In nanoseconds, which sigrok's rates can say.
    writeVcd(waveFileOf(model, 1e6), file);
    const said = await runTool(
      'sigrok-cli',
      ['-I', 'vcd', '-i', file, '-O', 'csv:header=false:label=off'],
      folder,
    );
    const rows = said.split('\n').filter((row) => /^[01](,[01])*$/.test(row));
    const now = ['0', '0', '0'];
    const wanted: string[] = [];
    for (let time = 0; time < 200; time++) {
      for (const change of changesOf(model))
        if (change.time === time) now[change.signal] = String(change.value);
      wanted.push(now.join(','));
    }
    expect(rows).toEqual(wanted);
  });
});
