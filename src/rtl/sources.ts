import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../kernel/index.js';

/** Verilog to be loaded, and with which parameters. */
export interface RtlSource {
  /** Verilog files, all that `top` needs; `.sv` is SystemVerilog. */
  readonly files: readonly string[];
  /** Name of the module to run. */
  readonly top: string;
  /** Parameters of `top`, whole numbers from −2³¹ up. */
  readonly parameters?: Readonly<Record<string, number | bigint>>;
}

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** As the user wrote it. */
  readonly given: string;
  readonly text: string;
}

/** A source with the text of its files and of what they include or read. */
export interface ReadSource {
  readonly top: string;
  readonly parameters: readonly (readonly [name: string, literal: string])[];
  readonly files: readonly SourceFile[];
  /** Files named by `include and $readmemh in the files, found beside them or in the working directory. */
  readonly others: readonly SourceFile[];
  /** Folders of the files. */
  readonly folders: readonly string[];
  /** Something happens on a falling edge. */
  readonly negedge: boolean;
  readonly systemVerilog: boolean;
  /** Of all texts, names, the top and its parameters; not of folders. */
  readonly hash: string;
}

/** Reads what a source names. @throws ConfigError for a name or a parameter that cannot be, or a file that cannot be read */
export function readSource({ files, top, parameters = {} }: RtlSource): ReadSource {
  if (!/^[A-Za-z_]\w*$/.test(top)) throw new ConfigError('rtl', 'top', 'the name of a module', top);
  if (files.length === 0)
    throw new ConfigError(`rtl ${top}`, 'files', 'at least one Verilog file', 'no files');
  const read = files.map((file) => readFile(top, file));
  const others = namedWithin(read);
  const settings = Object.entries(parameters).map(
    ([name, value]) => [name, parameterLiteral(top, name, value)] as const,
  );
  const hash = createHash('sha256');
  hash.update(JSON.stringify([top, settings]));
  for (const { path, text } of [...read, ...others])
    hash.update(`\0${basename(path)}\0${text.length}\0${text}`);
  return {
    top,
    parameters: settings,
    files: read,
    others,
    folders: [...new Set(read.map(({ path }) => dirname(path)))],
    negedge: [...read, ...others].some(({ text }) => /\bnegedge\b/.test(text)),
    systemVerilog: read.some(({ path }) => path.endsWith('.sv')),
    hash: hash.digest('hex'),
  };
}

function readFile(top: string, given: string): SourceFile {
  const path = resolve(given);
  try {
    return { path, given, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    throw new ConfigError(`rtl ${top}`, 'files', 'files that can be read', `${given} (${code})`);
  }
}

function namedWithin(files: readonly SourceFile[]): SourceFile[] {
  const found = new Map<string, SourceFile>();
  const look = (from: SourceFile, folders: readonly string[]): void => {
    for (const [, name] of from.text.matchAll(/(?:`include\s*|\$readmem[hb]\s*\(\s*)"([^"\n]+)"/g)) {
      const path = folders.map((folder) => resolve(folder, name!)).find((each) => existsSync(each));
      if (path === undefined || found.has(path)) continue;
      const file = { path, given: name!, text: readFileSync(path, 'utf8') };
      found.set(path, file);
      look(file, [dirname(path), ...folders]);
    }
  };
  const folders = [...new Set(files.map(({ path }) => dirname(path)))];
  for (const file of files) look(file, [dirname(file.path), ...folders, process.cwd()]);
  return [...found.values()];
}

/** Small numbers are plain decimals; others are sized hexadecimal, since a bare decimal has 32 bits. */
function parameterLiteral(top: string, name: string, value: number | bigint): string {
  const path = `rtl ${top}`;
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new ConfigError(path, 'parameters', 'named like in Verilog', name);
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!whole || BigInt(value) < -(2n ** 31n))
    throw new ConfigError(path, `parameters.${name}`, 'a whole number of -2147483648 or more', value);
  const big = BigInt(value);
  if (big < 0n) return `32'sh${BigInt.asUintN(32, big).toString(16)}`;
  if (big < 2n ** 31n) return big.toString();
  const hex = big.toString(16);
  return `${4 * hex.length}'h${hex}`;
}

/** Where a source stands in a folder that holds copies: one sub-folder for each folder of the user's. */
export function copyName(source: ReadSource, path: string): string {
  const folder = source.folders.indexOf(dirname(path));
  return join(`source${folder}`, basename(path));
}
