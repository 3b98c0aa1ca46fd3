import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type EngineName, engineNames, engineReport } from '../../src/rtl/engines.js';
import { loadRtl, type RtlLoad } from '../../src/rtl/load.js';
import type { RtlModel } from '../../src/rtl/model.js';
import type { Design } from '../rtl/designs.js';
import { type RtlInputs, type RtlOutputs, UNKNOWN } from '../rtl/shell.js';

/** A way to run Verilog: an engine, and how it is reached where there are two ways. */
export interface Way {
  readonly name: string;
  readonly engine: EngineName;
  readonly load: Pick<RtlLoad, 'engine' | 'transport' | 'cacheFolder'>;
  /** For `describe.skipIf`. */
  readonly missing: boolean;
  /** Its version, or what to install. */
  readonly note: string;
}

/** Compiled models stay here from run to run. */
const cacheFolder = fileURLToPath(new URL('../../.cache/marblewave', import.meta.url));

function way(name: string, engine: EngineName, load: Way['load']): Way {
  const { found, version, note, install } = engineReport(engine);
  return {
    name,
    engine,
    load: { ...load, cacheFolder },
    missing: !found,
    note: found ? version : `skipped: ${note}; ${install}`,
  };
}

export const ways: readonly Way[] = [
  ...engineNames.map((engine) => way(engine, engine, { engine })),
  way('verilator behind pipes', 'verilator', { engine: 'verilator', transport: 'pipe' }),
];

/** A folder for sources and dumps, gone after the file's tests. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'marblewave-engines-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a source; returns its path. */
export function source(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

export function loadDesign(design: Design, { load }: Way): Promise<RtlModel> {
  const { files, top, params } = design;
  return loadRtl({ files, top, ...(params === undefined ? {} : { parameters: params }), ...load });
}

/** What the outputs show before each edge, by poke, eval, peek and step. */
export function playSlowly(model: RtlModel, design: Design, stimulus: readonly RtlInputs[]): RtlOutputs[] {
  return stimulus.map((inputs) => {
    for (const [name, value] of Object.entries(inputs)) model.poke(name, value);
    model.eval();
    const row = Object.fromEntries(
      design.outputs.map(({ name }) => {
        const value = model.peek(name);
        return [name, value === 'x' ? UNKNOWN : BigInt(value)];
      }),
    );
    model.step();
    return row;
  });
}

/** The same in one call. */
export function playFast(model: RtlModel, design: Design, stimulus: readonly RtlInputs[]): RtlOutputs[] {
  const cycles = stimulus.length;
  const inputs = new Uint32Array(cycles * model.inputWords);
  stimulus.forEach((row, c) => {
    for (const [name, value] of Object.entries(row)) {
      const { word, words, width } = model.port(name);
      const wires = BigInt.asUintN(width, BigInt(value));
      for (let k = 0; k < words; k++)
        inputs[c * model.inputWords + word + k] = Number((wires >> BigInt(32 * k)) & 0xffff_ffffn);
    }
  });
  const outputs = new Uint32Array(cycles * model.outputWords);
  const unknown = new Uint32Array(cycles * model.outputWords);
  model.run({ cycles, inputs, outputs, unknown });
  return stimulus.map((_, c) =>
    Object.fromEntries(
      design.outputs.map(({ name }) => {
        const { word, words } = model.port(name);
        const at = c * model.outputWords + word - model.inputWords;
        let value = 0n;
        let known = true;
        for (let k = words - 1; k >= 0; k--) {
          value = (value << 32n) | BigInt(outputs[at + k]!);
          known &&= unknown[at + k] === 0;
        }
        return [name, known ? value : UNKNOWN];
      }),
    ),
  );
}
