import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cached } from './cache.js';
import { RtlError } from './errors.js';
import { directionOf, layOut, type PortShape } from './port.js';
import { copyName, type ReadSource, type SourceFile } from './sources.js';
import { refused } from './tool.js';
import { wasmSource } from './wasm-source.js';
import { type WasmModule, webAssembly } from './web-assembly.js';

interface Tree {
  [name: string]: Tree | string | Uint8Array;
}

/** What both packages export: a program that runs on a tree of files and gives the tree after it. */
type Program = (
  args?: string[],
  files?: Tree,
  options?: {
    readonly stdout?: (bytes: Uint8Array | null) => void;
    readonly stderr?: (bytes: Uint8Array | null) => void;
    readonly fetchProgress?: () => void;
  },
) => Promise<Tree> | Tree | undefined;

export interface WasmModel {
  readonly module: WasmModule;
  readonly ports: readonly PortShape[];
}

/** The folder of an npm package as installed here, and its version; null where it is not. */
export function installedPackage(name: string): { readonly folder: string; readonly version: string } | null {
  for (const modules of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const folder = join(modules, name);
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest))
      return {
        folder,
        version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,
      };
  }
  return null;
}

/** Compiles a source to WebAssembly, or finds it compiled. @throws RtlError in the tools' words */
export async function wasmModel(source: ReadSource, trace: boolean, cacheFolder: string): Promise<WasmModel> {
  const yosys = installedPackage('@yowasp/yosys');
  const clang = installedPackage('@yowasp/clang');
  if (yosys === null || clang === null)
    throw new RtlError(
      `rtl ${source.top}: @yowasp/yosys and @yowasp/clang must be installed, got neither or one`,
    );
  const key = [yosys.version, clang.version, String(trace), harnessVersion, source.hash];
  const folder = await cached(cacheFolder, 'wasm', key, (work) =>
    build(work, source, trace, yosys.folder, clang.folder),
  );
  const [module, ports] = [
    readFileSync(join(folder, 'model.wasm')),
    readFileSync(join(folder, 'ports.json'), 'utf8'),
  ];
  return { module: await webAssembly.compile(module), ports: JSON.parse(ports) as PortShape[] };
}

const CLANG_FLAGS = [
  ...['-std=c++17', '-O2', '-DNDEBUG', '-fno-exceptions', '-fno-rtti', '-mexec-model=reactor'],
  // The logic of a large design is one function with a local for every wire.
  ...['-Wl,-z,stack-size=16777216', '-Wl,--stack-first'],
];

/** Of the generated C++ and how it is compiled: a change of it makes old models stale. */
const harnessVersion = [
  wasmSource('top', { ports: [], inputWords: 0, outputWords: 0 }, false, true),
  CLANG_FLAGS.join(' '),
  yosysScript({ folders: [], files: [], parameters: [], top: 'top', systemVerilog: false }, true),
].join('\n');

async function build(
  work: string,
  source: ReadSource,
  trace: boolean,
  yosysFolder: string,
  clangFolder: string,
): Promise<void> {
  const { model, ports } = await translate(source, trace, yosysFolder);
  const headers = await cxxrtlHeaders(yosysFolder);
  const files = {
    'model.cc': model,
    'driver.cc': wasmSource(source.top, layOut(ports), source.negedge, trace),
    headers,
  };
  const args = ['clang++', ...CLANG_FLAGS, '-Iheaders', 'driver.cc', '-o', 'model.wasm'];
  const { runClang, runLLVM } = await bundle(clangFolder);
  // Loads the compiler first, since what it says of that would go to our stdout.
  await runLLVM!(undefined, {}, { fetchProgress: () => {} });
  const tree = await runOn(runClang!, args, files, (said) =>
    refused('clang', `the model of ${source.top}`, said),
  );
  writeFileSync(join(work, 'model.wasm'), tree['model.wasm'] as Uint8Array);
  writeFileSync(join(work, 'ports.json'), JSON.stringify(ports));
}

const bundle = async (folder: string): Promise<Record<string, Program>> =>
  (await import(pathToFileURL(join(folder, 'gen', 'bundle.js')).href)) as Record<string, Program>;

/** The headers that CXXRTL's output includes, out of Yosys's own files. */
async function cxxrtlHeaders(folder: string): Promise<Tree> {
  const url = pathToFileURL(join(folder, 'gen', 'resources-yosys.js')).href;
  const { filesystem } = (await import(url)) as { filesystem: Tree };
  const at = ['share', 'include', 'backends', 'cxxrtl', 'runtime'];
  return at.reduce<Tree>((tree, name) => tree[name] as Tree, filesystem);
}

async function runOn(
  program: Program,
  args: string[],
  files: Tree,
  failed: (said: string) => RtlError,
): Promise<Tree> {
  const decoder = new TextDecoder();
  let said = '';
  const hear = (bytes: Uint8Array | null): void => {
    if (bytes !== null) said += decoder.decode(bytes, { stream: true });
  };
  try {
    return (await program(args, files, { stdout: hear, stderr: hear })) ?? {};
  } catch (error) {
    // What a program printed says more than how it ended.
    throw failed(said.trim() === '' ? (error as Error).message : said);
  }
}

/** Verilog to C++. */
async function translate(
  source: ReadSource,
  trace: boolean,
  folder: string,
): Promise<{ model: string; ports: PortShape[] }> {
  const files: Tree = {};
  const names = new Map<string, string>();
  for (const file of [...source.files, ...source.others]) {
    const name = virtualName(source, file);
    names.set(name, file.path);
    place(files, name, file.text);
  }
  const { runYosys } = await bundle(folder);
  const tree = await runOn(runYosys!, ['-q', '-p', yosysScript(source, trace)], files, (said) =>
    refused('Yosys', source.top, withPaths(said, names)),
  );
  return { model: textOf(tree['model.cc']), ports: listedPorts(source.top, textOf(tree['ports.txt'])) };
}

const textOf = (file: Tree[string] | undefined): string =>
  typeof file === 'string' ? file : new TextDecoder().decode(file as Uint8Array);

/** Sources stand in a folder each of the user's; what they include, relative to that; what they read, as they name it. */
function virtualName(source: ReadSource, { path, given }: SourceFile): string {
  if (source.files.some((file) => file.path === path)) return copyName(source, path);
  for (const [k, folder] of source.folders.entries()) {
    const within = relative(folder, path);
    if (!within.startsWith('..') && !isAbsolute(within)) return join(`source${k}`, within);
  }
  return given;
}

function place(tree: Tree, name: string, text: string): void {
  const folders = name.split('/').filter((part) => part !== '' && part !== '.');
  const file = folders.pop()!;
  let at = tree;
  for (const folder of folders) at = (at[folder] ??= {}) as Tree;
  at[file] = text;
}

/** The user's own paths in what Yosys says of our copies. */
function withPaths(said: string, names: ReadonlyMap<string, string>): string {
  let text = said;
  for (const [name, path] of names) text = text.replaceAll(name, path);
  return text;
}

function yosysScript(
  source: Pick<ReadSource, 'folders' | 'parameters' | 'top' | 'systemVerilog'> & {
    readonly files: readonly SourceFile[];
  },
  trace: boolean,
): string {
  const folders = source.folders.map((_, k) => `-Isource${k}`);
  const files = source.files.map(({ path }) => `"${copyName(source as ReadSource, path)}"`);
  const read = ['read_verilog', ...(source.systemVerilog ? ['-sv'] : []), ...folders, ...files].join(' ');
  const settings = source.parameters.map(([name, literal]) => `-chparam ${name} ${literal}`);
  return [
    read,
    ['hierarchy', '-check', '-top', source.top, ...settings].join(' '),
    'rename -top model',
    'tee -q -o ports.txt portlist model',
    'proc',
    ...(trace ? [] : ['flatten', 'opt_expr', 'opt_clean']),
    `write_cxxrtl -O6 ${trace ? '-g4' : '-g0'} model.cc`,
  ].join('; ');
}

/** Ports as Yosys lists them: `input [7:0] in_data`. */
function listedPorts(top: string, list: string): PortShape[] {
  return [...list.matchAll(/^(input|output|inout) \[(\d+):(\d+)\] (\S+)$/gm)].map(
    ([, direction, high, low, name]) => ({
      name: name!,
      direction: directionOf(top, name!, direction!),
      width: Number(high) - Number(low) + 1,
    }),
  );
}
