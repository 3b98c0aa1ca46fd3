import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildShell, engineAvailable, runTool, type Engine } from './engines.js';
import {
  decodeResponse,
  encodeStimulus,
  layOut,
  shellSource,
  type RtlInputs,
  type RtlOutputs,
  type RtlPort,
} from './shell.js';

export interface RtlDesign {
  readonly engine: Engine;
  /** Verilog sources, all that `top` needs. */
  readonly files: readonly string[];
  readonly top: string;
  readonly params?: Readonly<Record<string, bigint | number>>;
  readonly inputs: readonly RtlPort[];
  readonly outputs: readonly RtlPort[];
  /**
   * Name of the clock port. Default `clk`. Several names: each is also an input, 1 in those cycles that end with an edge of
   * that clock; a cycle is then the time between two instants at which any of them has an edge.
   */
  readonly clock?: string | readonly string[];
}

/** A design compiled once, to be run with many stimuli, also at the same time. */
export interface CompiledRtl {
  /**
   * Runs from configuration (nothing is kept from an earlier run). Entry c of the stimulus is what the
   * inputs hold in cycle c, reset included; entry c of the result is what the outputs show just before the
   * rising edge that ends cycle c. Before the first reset edge registers hold anything: x (`UNKNOWN`) in
   * Icarus, random bits in Verilator. Compare from the cycle after it.
   */
  run(stimulus: readonly RtlInputs[]): Promise<RtlOutputs[]>;
  /** Removes the compiled files. */
  dispose(): Promise<void>;
}

/** Compiles a design. Rejects, in the engine's own words, when the engine is missing or refuses it. */
export async function compileRtl(design: RtlDesign): Promise<CompiledRtl> {
  const { available, note } = engineAvailable(design.engine);
  if (!available) throw new Error(note);
  const inputs = layOut(design.inputs);
  const outputs = layOut(design.outputs);
  const shell = shellSource(design.top, design.params ?? {}, design.clock ?? 'clk', inputs, outputs);
  const dir = await mkdtemp(join(tmpdir(), `marblewave-rtl-${design.top}-`));
  const dispose = () => rm(dir, { recursive: true, force: true });
  try {
    const files = design.files.map((file) => resolve(file));
    const program = await buildShell(design.engine, {
      dir,
      shell,
      files,
      inBits: inputs.bits,
      outBits: outputs.bits,
    });
    return {
      dispose,
      async run(stimulus) {
        const text = encodeStimulus(inputs, stimulus);
        const cwd = await mkdtemp(join(dir, 'run-'));
        try {
          await writeFile(join(cwd, 'stimulus.hex'), text);
          await runTool(program.command, program.args, cwd);
          return decodeResponse(outputs, await readFile(join(cwd, 'response.hex'), 'utf8'), stimulus.length);
        } finally {
          await rm(cwd, { recursive: true, force: true });
        }
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Compiles, runs one stimulus and cleans up. */
export async function runRtl(
  design: RtlDesign & { readonly stimulus: readonly RtlInputs[] },
): Promise<RtlOutputs[]> {
  const compiled = await compileRtl(design);
  try {
    return await compiled.run(design.stimulus);
  } finally {
    await compiled.dispose();
  }
}
