import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigError } from '../kernel/index.js';
import { fileError } from '../networks/errors.js';
import type { AnyScenario } from './scenario.js';

/** A scenario that comes with the package, as `scenarios/<name>.ts`. */
export interface NamedScenario {
  readonly name: string;
  readonly title: string;
}

export const namedScenarios: readonly NamedScenario[] = [
  { name: 'im2col', title: 'im2col on the fly against the blown-up matrix, on AlexNet’s conv layers' },
  { name: 'memory-wall', title: 'G-ops/s against p, AXI width and DRAM, for a 1024³ matrix product' },
  { name: 'scalesim', title: 'compute cycles of AlexNet’s layers beside SCALE-Sim’s' },
];

/** Whether this module runs from its TypeScript sources. */
export const isSource = import.meta.url.endsWith('.ts');
/** `src/scenario` and `dist/scenario` are equally deep. */
const root = new URL('../../', import.meta.url);

/** The file that a name or path on the command line means. @throws FileFormatError, ConfigError */
export function scenarioFile(nameOrFile: string): { readonly name: string; readonly file: string } {
  const known = namedScenarios.find(({ name }) => name === nameOrFile);
  if (known !== undefined)
    return { name: known.name, file: fileURLToPath(new URL(`scenarios/${known.name}.ts`, root)) };
  const file = resolve(nameOrFile);
  if (!/\.[cm]?[jt]s$/.test(file)) {
    const names = namedScenarios.map(({ name }) => name).join(', ');
    throw new ConfigError('scenario', 'name', `one of ${names}, or a .ts or .js file`, nameOrFile);
  }
  if (!existsSync(file)) throw fileError(nameOrFile, 'file', 'readable', 'no such file');
  const name = file.replace(/^.*[/\\]/, '').replace(/\.[cm]?[jt]s$/, '');
  return { name, file };
}

/**
 * Loads the module of a scenario. TypeScript goes through tsx, as an ES module whatever its folder says. In it, a bare
 * `marblewave` is the installation that runs it; see {@link hookCode}.
 * @throws FileFormatError when the module does not load, or is TypeScript and tsx is not installed; ConfigError when its
 * default export is no scenario
 */
export async function importScenario(file: string): Promise<AnyScenario> {
  await prepare(file);
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module;
  } catch (error) {
    throw fileError(file, 'module', 'one that loads', error instanceof Error ? error.message : String(error));
  }
  const scenario = module.default as Partial<AnyScenario> | undefined;
  if (
    typeof scenario !== 'object' ||
    typeof scenario.title !== 'string' ||
    typeof scenario.run !== 'function' ||
    typeof scenario.parameters !== 'object'
  )
    throw new ConfigError(file, 'default export', 'a scenario, as defineScenario makes it', typeof scenario);
  return scenario as AnyScenario;
}

let prepared: 'nothing' | 'hook' | 'typescript' = 'nothing';

async function prepare(file: string): Promise<void> {
  if (prepared === 'nothing') {
    register(hookCode());
    prepared = 'hook';
  }
  if (prepared === 'typescript' || isSource || !/\.[cm]?ts$/.test(file)) return;
  let api: { register(): unknown };
  try {
    api = (await import(typescriptApi())) as typeof api;
  } catch {
    throw fileError(file, 'package tsx', 'installed, as this is TypeScript (npm install tsx)', 'not found');
  }
  api.register();
  // The hook has to come before tsx: the one registered last is asked first.
  register(hookCode());
  prepared = 'typescript';
}

/** Where tsx's programming interface lies. @throws when it is not installed */
export function typescriptApi(): string {
  return import.meta.resolve('tsx/esm/api');
}

/**
 * A module-resolution hook, as a data URL: `marblewave` and `marblewave/kernel` become the entry points beside this
 * module, so that a script and the command line that runs it never load two copies; what the package's own scenarios and
 * examples import from its `src/` comes from `dist/` where that is what runs; and TypeScript is taken for an ES module.
 */
export function hookCode(): string {
  const extension = isSource ? 'ts' : 'js';
  const code = `
const entries = ${JSON.stringify({
    marblewave: new URL(`../index.${extension}`, import.meta.url).href,
    'marblewave/kernel': new URL(`../kernel/index.${extension}`, import.meta.url).href,
  })};
const sources = ${JSON.stringify(new URL('src/', root).href)};
const dist = ${JSON.stringify(isSource ? null : new URL('../', import.meta.url).href)};
export async function resolve(specifier, context, next) {
  let found;
  if (Object.hasOwn(entries, specifier)) found = { url: entries[specifier], shortCircuit: true };
  else if (dist !== null && /^\\.\\.?\\//.test(specifier) && new URL(specifier, context.parentURL).href.startsWith(sources))
    found = { url: new URL(specifier, context.parentURL).href.replace(sources, dist), shortCircuit: true };
  else found = await next(specifier, context);
  return /\\.m?ts(\\?|$)/.test(found.url) ? { ...found, format: 'module' } : found;
}`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
