import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { cached } from './cache.js';
import { nodeHeaders } from './node-headers.js';
import { layOut, type PortShape } from './port.js';
import type { ReadSource } from './sources.js';
import { runTool, toolVersion } from './tool.js';
import { addonSource, headerPorts, pipeSource } from './verilator-source.js';

/** How a verilated model is reached: in process, or as a program behind two pipes. */
export type Transport = 'addon' | 'pipe';

export interface VerilatorModel {
  readonly folder: string;
  readonly ports: readonly PortShape[];
}

const CXX_FLAGS = [
  '-fPIC',
  // The runtime's own would end the process, which is ours.
  '-DVL_USER_FINISH',
  '-DVL_USER_STOP',
  '-DVL_USER_FATAL',
  // Two addons in one process share no symbols.
  '-fvisibility=hidden',
  '-fno-gnu-unique',
];
/** What a model prints ($display) goes to stderr: our stdout carries results. */
const PRINTING = `#include <cstdarg>
#include <cstdio>
static inline int print_to_stderr(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vfprintf(stderr, format, arguments);
  va_end(arguments);
  return length;
}
#define VL_PRINTF print_to_stderr
`;
const jobs = `-j${availableParallelism()}`;

/** Compiles a source, or finds it compiled: `model.node` or `model` in the folder. @throws RtlError in the tools' words */
export async function verilatorModel(
  source: ReadSource,
  transport: Transport,
  trace: boolean,
  cacheFolder: string,
): Promise<VerilatorModel> {
  const versions = [toolVersion('verilator', '--version') ?? '', toolVersion('g++', '--version') ?? ''];
  const node = transport === 'addon' ? process.versions.modules : '';
  const key = [...versions, node, transport, String(trace), harnessVersion, source.hash];
  const folder = await cached(cacheFolder, 'verilator', key, (work) =>
    build(work, source, transport, trace, cacheFolder, versions),
  );
  return { folder, ports: JSON.parse(readFileSync(join(folder, 'ports.json'), 'utf8')) as PortShape[] };
}

/** Of the generated C++: a change of it makes old models stale. */
const harnessVersion = [
  addonSource({ ports: [], inputWords: 0, outputWords: 0 }, false, true),
  pipeSource({ ports: [], inputWords: 0, outputWords: 0 }, false, true),
  CXX_FLAGS.join(' '),
  PRINTING,
].join('\n');

async function build(
  work: string,
  source: ReadSource,
  transport: Transport,
  trace: boolean,
  cacheFolder: string,
  versions: readonly string[],
): Promise<void> {
  const { top } = source;
  const out = join(work, 'obj');
  await runTool('verilator', verilatorArguments(source, out, trace), process.cwd(), top);
  writeFileSync(join(out, 'printing.h'), PRINTING);
  const ports = headerPorts(top, readFileSync(join(out, 'Vmodel.h'), 'utf8'));
  const layout = layOut(ports);
  const text = (transport === 'addon' ? addonSource : pipeSource)(layout, source.negedge, trace);
  writeFileSync(join(work, 'driver.cpp'), text);
  const runtime = await runtimeObjects(out, trace, cacheFolder, versions);
  await make(out, ['Vmodel__ALL.a']);
  const include = dirname(runtimeSource(out));
  const headers = transport === 'addon' ? ['-I', nodeHeaders()!] : [];
  const shape = transport === 'addon' ? ['-shared', '-Wl,-Bsymbolic'] : [];
  await runTool(
    'g++',
    [
      ...['-std=gnu++17', '-O2', ...CXX_FLAGS, ...shape, ...headers, '-I', out, '-I', include],
      ...['-I', join(include, 'vltstd'), '-o', join(work, transport === 'addon' ? 'model.node' : 'model')],
      ...[join(work, 'driver.cpp'), join(out, 'Vmodel__ALL.a'), ...runtime, '-pthread'],
    ],
    work,
    `the model of ${top}`,
  );
  writeFileSync(join(work, 'ports.json'), JSON.stringify(ports));
  rmSync(out, { recursive: true });
}

function verilatorArguments(source: ReadSource, out: string, trace: boolean): string[] {
  return [
    ...['--cc', '-O3', '--Mdir', out, '--prefix', 'Vmodel', '--top-module', source.top, '--no-timing'],
    ...['--x-assign', 'unique', '--x-initial', 'unique', '-Wno-fatal', '-Wno-lint', '-Wno-style'],
    // A large array in one file takes the compiler four times as long.
    ...['--output-split', '20000', '--output-split-cfuncs', '2000', '+1364-2005ext+v'],
    ...(trace ? ['--trace', '--trace-max-width', '65536', '--trace-max-array', '65536'] : []),
    ...[...CXX_FLAGS, '-include printing.h'].flatMap((flag) => ['-CFLAGS', flag]),
    ...source.folders.map((folder) => `-I${folder}`),
    ...source.parameters.map(([name, literal]) => `-G${name}=${literal}`),
    ...source.files.map(({ path }) => path),
  ];
}

const make = (out: string, targets: readonly string[]): Promise<string> =>
  runTool(
    'make',
    ['-C', out, '-f', 'Vmodel.mk', jobs, 'OPT_FAST=-O2', 'OPT_SLOW=-O0', 'OPT_GLOBAL=-O2', ...targets],
    out,
    'the model',
  );

/** Verilator's own objects, compiled once for all models. */
async function runtimeObjects(
  out: string,
  trace: boolean,
  cacheFolder: string,
  versions: readonly string[],
): Promise<string[]> {
  const listed = /VM_GLOBAL_FAST \+= \\\n((?:\s+\w+ \\\n)*)/.exec(
    readFileSync(join(out, 'Vmodel_classes.mk'), 'utf8'),
  );
  const objects = (listed?.[1]?.match(/\w+/g) ?? ['verilated']).map((name) => `${name}.o`);
  const key = [...versions, String(trace), CXX_FLAGS.join(' '), PRINTING, ...objects];
  const folder = await cached(cacheFolder, 'verilated', key, async (work) => {
    await make(out, objects);
    for (const object of objects) copyFileSync(join(out, object), join(work, object));
  });
  return objects.map((object) => join(folder, object));
}

/** A file in Verilator's folder of headers, as the generated makefile has it. */
function runtimeSource(out: string): string {
  const root = /^VERILATOR_ROOT = (.*)$/m.exec(readFileSync(join(out, 'Vmodel.mk'), 'utf8'))?.[1];
  return join(root ?? '/usr/share/verilator', 'include', 'verilated.cpp');
}
