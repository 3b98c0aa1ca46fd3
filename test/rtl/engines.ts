import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A Verilog simulator that the harness can drive. */
export type Engine = 'icarus' | 'verilator';

/** Whether an engine can be used here, and the sentence that says so. */
export interface Availability {
  readonly available: boolean;
  /** Its version when available; otherwise what is missing and how to install it. */
  readonly note: string;
}

/** What an engine compiles: a shell module (see `shell.ts`) with `clk`, `in_word` and `out_word`. */
export interface ShellBuild {
  /** Directory that takes every generated file. */
  readonly dir: string;
  readonly shell: string;
  /** Absolute paths of the design's sources. */
  readonly files: readonly string[];
  /** Widths of the two words, bits; multiples of 32 and at least 96. */
  readonly inBits: number;
  readonly outBits: number;
}

/** A program to run in a directory that holds `stimulus.hex`; it writes `response.hex`. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

const needed: Record<Engine, readonly (readonly [tool: string, versionFlag: string])[]> = {
  icarus: [
    ['iverilog', '-V'],
    ['vvp', '-V'],
  ],
  verilator: [
    ['verilator', '--version'],
    ['g++', '--version'],
    ['make', '--version'],
  ],
};

const debianPackages: Record<Engine, string> = { icarus: 'iverilog', verilator: 'verilator g++ make' };

const known = new Map<Engine, Availability>();

/** Says in words whether `engine` can run here. The answer is remembered for the life of the process. */
export function engineAvailable(engine: Engine): Availability {
  const before = known.get(engine);
  if (before !== undefined) return before;
  const missing: string[] = [];
  let version = '';
  for (const [tool, flag] of needed[engine]) {
    try {
      const said = execFileSync(tool, [flag], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      version ||= said.split('\n', 1)[0] ?? '';
    } catch (error) {
      // Some versions print their banner and then exit non-zero: only a tool that cannot start is missing.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') missing.push(tool);
    }
  }
  const now =
    missing.length === 0
      ? { available: true, note: version.trim() || engine }
      : {
          available: false,
          note: `${engine} cannot run: ${missing.join(', ')} not found on PATH; on Debian or Ubuntu: apt-get install ${debianPackages[engine]}`,
        };
  known.set(engine, now);
  return now;
}

/** Runs a tool; rejects with its command line and what it printed when it fails. Resolves to stdout. */
export function runTool(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        reject(
          new Error(
            `${command} failed (${error.code ?? error.signal ?? 'unknown'}): ${command} ${args.join(' ')}\n${stderr}${stdout}`,
          ),
        );
      }
    });
  });
}

/** Compiles a shell for an engine. Rejects with the tool's own words when it refuses the design. */
export function buildShell(engine: Engine, build: ShellBuild): Promise<Program> {
  return engine === 'icarus' ? buildIcarus(build) : buildVerilator(build);
}

// Both benches: the inputs of a cycle are applied while the clock is low and settled, the outputs sampled just
// before the rising edge, and the next inputs read after it.

async function buildIcarus({ dir, shell, files, inBits, outBits }: ShellBuild): Promise<Program> {
  const bench = `\`timescale 1ns / 1ns
module bench;
    reg clk;
    reg [${inBits - 1}:0] in_word;
    wire [${outBits - 1}:0] out_word;
    integer stimulus, response, got;
    shell shell (.clk(clk), .in_word(in_word), .out_word(out_word));
    initial begin
        clk = 1'b0;
        stimulus = $fopen("stimulus.hex", "r");
        response = $fopen("response.hex", "w");
        got = $fscanf(stimulus, "%h", in_word);
        while (got == 1) begin
            #5 $fwrite(response, "%h\\n", out_word);
            clk = 1'b1;
            #5 clk = 1'b0;
            got = $fscanf(stimulus, "%h", in_word);
        end
        $fclose(response);
        $finish;
    end
endmodule
`;
  await writeFile(join(dir, 'shell.v'), shell);
  await writeFile(join(dir, 'bench.v'), bench);
  const image = join(dir, 'bench.vvp');
  await runTool('iverilog', ['-g2005', '-s', 'bench', '-o', image, 'bench.v', 'shell.v', ...files], dir);
  return { command: 'vvp', args: ['-n', image] };
}

async function buildVerilator({ dir, shell, files, inBits, outBits }: ShellBuild): Promise<Program> {
  const main = `#include <cstdio>
#include <cstring>
#include "Vshell.h"
#include "verilated.h"

static const int IN_WORDS = ${inBits / 32};
static const int OUT_WORDS = ${outBits / 32};

int main() {
    VerilatedContext context;
    context.randReset(2); // registers and memories start random, so that a missing reset shows
    context.randSeed(20150706);
    Vshell top{&context};
    FILE* stimulus = std::fopen("stimulus.hex", "r");
    FILE* response = std::fopen("response.hex", "w");
    if (!stimulus || !response) return 1;
    char line[8 * IN_WORDS + 2];
    top.clk = 0;
    while (std::fgets(line, sizeof line, stimulus)) {
        for (int w = 0; w < IN_WORDS; w++) {
            unsigned value;
            char digits[9] = {0};
            std::memcpy(digits, line + 8 * (IN_WORDS - 1 - w), 8);
            if (std::sscanf(digits, "%8x", &value) != 1) return 2;
            top.in_word[w] = value;
        }
        top.eval();
        for (int w = OUT_WORDS - 1; w >= 0; w--) std::fprintf(response, "%08x", (unsigned)top.out_word[w]);
        std::fputc('\\n', response);
        top.clk = 1;
        top.eval();
        top.clk = 0;
        top.eval();
    }
    std::fclose(response);
    top.final();
    return 0;
}
`;
  await writeFile(join(dir, 'shell.v'), shell);
  await writeFile(join(dir, 'main.cpp'), main);
  // The C++ compiler, not the simulation, takes the time: the design at -O1, Verilator's own runtime at -O0.
  const flags = ['--cc', '--exe', '--build', '-O3', '--x-assign', 'unique', '--x-initial', 'unique'];
  // Split, since g++ needs four times as long for a 28 x 28 array in one file.
  const split = ['--output-split', '20000', '--output-split-cfuncs', '2000'];
  const quiet = ['-Wno-fatal', '-Wno-lint', '-Wno-style', '-CFLAGS', '-O1', '-MAKEFLAGS', 'OPT_GLOBAL=-O0'];
  const sources = [join(dir, 'main.cpp'), join(dir, 'shell.v'), ...files];
  await runTool(
    'verilator',
    [...flags, ...split, ...quiet, '--top-module', 'shell', '--Mdir', 'obj', ...sources],
    dir,
  );
  return { command: join(dir, 'obj', 'Vshell'), args: [] };
}
