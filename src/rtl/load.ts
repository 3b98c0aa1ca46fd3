import { join } from 'node:path';
import { ConfigError } from '../kernel/index.js';
import { AddonBackend } from './addon-backend.js';
import type { Backend, BackendSettings } from './backend.js';
import { defaultCacheFolder } from './cache.js';
import { type EngineName, engineNames, engineReport } from './engines.js';
import { RtlError } from './errors.js';
import { IcarusBackend } from './icarus-backend.js';
import { icarusImage, icarusPorts } from './icarus-build.js';
import { RtlModel } from './model.js';
import { nodeHeaders } from './node-headers.js';
import { PipeBackend } from './pipe-backend.js';
import { layOut, type PortShape } from './port.js';
import { readSource, type ReadSource, type RtlSource } from './sources.js';
import { WasmBackend } from './wasm-backend.js';
import { wasmModel } from './wasm-build.js';
import { type Transport, verilatorModel } from './verilator-build.js';

export interface RtlLoad extends RtlSource {
  /** Default `wasm`. */
  readonly engine?: EngineName;
  /** Inputs that {@link RtlModel.step} raises, at most 32. Default `clk` where there is one. */
  readonly clocks?: readonly string[];
  /** Between two steps, ps; even. Default 10000. */
  readonly periodPs?: number;
  /** Makes dumps show what is within the top. Compiles another model. Icarus needs it not. */
  readonly trace?: boolean;
  /** Where compiled models are kept. Default: see {@link defaultCacheFolder}. */
  readonly cacheFolder?: string;
  /**
   * 32-bit seed of the bits that Verilator gives to registers that nothing initialises, so that a missing reset shows; 0 for zeros. Default 1.
   * The others do as they must: zeros in `wasm`, x in `icarus`.
   */
  readonly seed?: number;
  /** For `verilator`: in process, or behind pipes. Default `addon` where Node's headers are. */
  readonly transport?: Transport;
}

/** A compiled model, and how to start it. */
interface Compiled {
  readonly ports: readonly PortShape[];
  start(settings: BackendSettings): Promise<Backend> | Backend;
}

/**
 * Compiles Verilog, or finds it compiled, and starts it.
 *
 * @throws ConfigError for a setting that cannot be
 * @throws RtlError when the engine is missing, with what to install, or refuses the Verilog, with file, line and its own words
 */
export async function loadRtl(load: RtlLoad): Promise<RtlModel> {
  const { engine = 'wasm', periodPs = 10_000, seed = 1 } = load;
  const path = `rtl ${load.top}`;
  if (!engineNames.includes(engine))
    throw new ConfigError(path, 'engine', `one of ${engineNames.join(', ')}`, engine);
  if (!Number.isInteger(periodPs) || periodPs < 4 || periodPs % 2 !== 0 || periodPs >= 2 ** 32)
    throw new ConfigError(path, 'periodPs', 'an even whole number from 4 to 4294967294', periodPs);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new ConfigError(path, 'seed', 'a whole number from 0 to 4294967295', seed);
  const source = readSource(load);
  const report = engineReport(engine);
  if (!report.found)
    throw new RtlError(`${path}: engine ${engine} must be installed, got: ${report.note}; ${report.install}`);
  const { ports, start } = await compile(engine, source, load);
  const layout = layOut(ports);
  const clocks = clocksOf(path, ports, load.clocks);
  const clockWords = clocks.map((name) => layout.ports.find((port) => port.name === name)!.word);
  const backend = await start({ layout, clockWords, half: periodPs / 2, seed });
  return new RtlModel({ top: load.top, engine, layout, clocks, period: periodPs, backend });
}

function compile(engine: EngineName, source: ReadSource, load: RtlLoad): Promise<Compiled> {
  const { trace = false, cacheFolder = defaultCacheFolder() } = load;
  switch (engine) {
    case 'verilator':
      return compileVerilator(source, load.transport, trace, cacheFolder);
    case 'icarus':
      return compileIcarus(source, cacheFolder);
    case 'wasm':
      return compileWasm(source, trace, cacheFolder);
  }
}

async function compileWasm(source: ReadSource, trace: boolean, cacheFolder: string): Promise<Compiled> {
  const { module, ports } = await wasmModel(source, trace, cacheFolder);
  return { ports, start: (settings) => new WasmBackend(module, source.top, settings) };
}

async function compileIcarus(source: ReadSource, cacheFolder: string): Promise<Compiled> {
  const ports = await icarusPorts(source, cacheFolder);
  return {
    ports,
    start: async (settings) => {
      const { clockWords, half } = settings;
      const image = await icarusImage(source, ports, clockWords, half, cacheFolder);
      return new IcarusBackend(image, source.top, settings);
    },
  };
}

async function compileVerilator(
  source: ReadSource,
  wanted: Transport | undefined,
  trace: boolean,
  cacheFolder: string,
): Promise<Compiled> {
  const headers = nodeHeaders();
  if (wanted === 'addon' && headers === null)
    throw new RtlError(
      `rtl ${source.top}: transport addon must have node_api.h of Node ${process.version} beside ${process.execPath}, got none; npx node-gyp install`,
    );
  const transport = wanted ?? (headers === null ? 'pipe' : 'addon');
  const { folder, ports } = await verilatorModel(source, transport, trace, cacheFolder);
  return {
    ports,
    start: (settings) =>
      transport === 'addon'
        ? new AddonBackend(join(folder, 'model.node'), source.top, settings)
        : new PipeBackend(join(folder, 'model'), source.top, settings),
  };
}

function clocksOf(
  path: string,
  ports: readonly PortShape[],
  wanted: readonly string[] | undefined,
): readonly string[] {
  const able = ports.filter(({ direction, width }) => direction === 'input' && width === 1);
  if (wanted === undefined) return able.some(({ name }) => name === 'clk') ? ['clk'] : [];
  if (wanted.length > 32) throw new ConfigError(path, 'clocks', 'at most 32', wanted.length);
  const names = able.map(({ name }) => name);
  for (const name of wanted)
    if (!names.includes(name))
      throw new ConfigError(path, 'clocks', `inputs of one bit (${names.join(', ')})`, name);
  return wanted;
}
