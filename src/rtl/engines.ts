import { nodeHeaders } from './node-headers.js';
import { toolVersion } from './tool.js';
import { installedPackage } from './wasm-build.js';

/** What can run Verilog. */
export const engineNames = ['wasm', 'verilator', 'icarus'] as const;
export type EngineName = (typeof engineNames)[number];

/** Whether an engine can run here, in words. */
export interface EngineReport {
  readonly engine: EngineName;
  readonly found: boolean;
  /** Versions of what was found. */
  readonly version: string;
  /** How it runs here, or what is missing. */
  readonly note: string;
  /** What to type to have it; empty where nothing is missing. */
  readonly install: string;
}

const known = new Map<EngineName, EngineReport>();

/** Looks for an engine's tools; the answer is kept for the life of the process. */
export function engineReport(engine: EngineName): EngineReport {
  let report = known.get(engine);
  if (report === undefined) known.set(engine, (report = look[engine]()));
  return report;
}

const look: Readonly<Record<EngineName, () => EngineReport>> = {
  wasm: lookForWasm,
  verilator: lookForVerilator,
  icarus: lookForIcarus,
};

function missing(engine: EngineName, tools: readonly string[], packages: string): EngineReport {
  return {
    engine,
    found: false,
    version: '',
    note: `${tools.join(', ')} not found on PATH`,
    install: `apt-get install ${packages}`,
  };
}

function lookForWasm(): EngineReport {
  const engine = 'wasm';
  const names = ['@yowasp/yosys', '@yowasp/clang'];
  const packages = names.map((name) => ({ name, version: installedPackage(name)?.version }));
  const absent = packages.filter(({ version }) => version === undefined).map(({ name }) => name);
  if (absent.length > 0)
    return {
      engine,
      found: false,
      version: '',
      note: `${absent.join(', ')} not installed (optional dependencies)`,
      install: `npm install ${absent.join(' ')}`,
    };
  const version = packages.map(({ name, version: v }) => `${name} ${v}`).join(', ');
  return { engine, found: true, version, note: 'in process', install: '' };
}

function lookForVerilator(): EngineReport {
  const engine = 'verilator';
  const packages = 'verilator g++ make';
  const version = toolVersion('verilator', '--version');
  const absent = [
    ...(version === null ? ['verilator'] : []),
    ...(toolVersion('g++', '--version') === null ? ['g++'] : []),
    ...(toolVersion('make', '--version') === null ? ['make'] : []),
  ];
  if (version === null || absent.length > 0) return missing(engine, absent, packages);
  const major = Number(/Verilator (\d+)/.exec(version)?.[1] ?? 0);
  if (major < 5)
    return {
      engine,
      found: false,
      version,
      note: 'must be Verilator 5 or later',
      install: `apt-get install ${packages}`,
    };
  const headers = nodeHeaders();
  return {
    engine,
    found: true,
    version,
    note:
      headers === null
        ? `behind pipes, since node_api.h is not beside ${process.execPath}; with Node's headers it runs in process`
        : 'in process',
    install: headers === null ? 'npx node-gyp install' : '',
  };
}

function lookForIcarus(): EngineReport {
  const version = toolVersion('iverilog', '-V');
  const runs = toolVersion('vvp', '-V');
  const absent = [...(version === null ? ['iverilog'] : []), ...(runs === null ? ['vvp'] : [])];
  if (version === null || absent.length > 0) return missing('icarus', absent, 'iverilog');
  return { engine: 'icarus', found: true, version, note: 'four-state, behind pipes', install: '' };
}
