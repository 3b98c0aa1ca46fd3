import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';
import { BENCH, icarusBench } from './icarus-bench.js';
import { RtlError } from './errors.js';
import { directionOf, layOut, type PortShape } from './port.js';
import type { ReadSource } from './sources.js';
import { runTool, toolVersion } from './tool.js';

const language = ({ systemVerilog }: ReadSource): string => (systemVerilog ? '-g2012' : '-g2005');
const sources = ({ folders, files }: ReadSource): string[] => [
  ...folders.map((folder) => `-I${folder}`),
  ...files.map(({ path }) => path),
];

const version = (): string => toolVersion('iverilog', '-V') ?? '';

/** Of what is kept about ports; another for every change of it. */
const FORMAT = '2';

/** The ports that Icarus gives a top. @throws RtlError in its words */
export async function icarusPorts(source: ReadSource, cacheFolder: string): Promise<PortShape[]> {
  const { top } = source;
  const folder = await cached(cacheFolder, 'icarus-ports', [version(), FORMAT, source.hash], async (work) => {
    const image = join(work, 'top.vvp');
    const settings = source.parameters.map(([name, literal]) => `-P${top}.${name}=${literal}`);
    const args = [language(source), '-s', top, ...settings, '-o', image, ...sources(source)];
    const said = await runTool('iverilog', args, process.cwd(), top);
    // Only a warning to Icarus, and a mistake to all others.
    const absent = /parameter (\w+) not found/.exec(said)?.[1];
    if (absent !== undefined)
      throw new RtlError(`rtl ${top}: parameters must be those of ${top}, got ${absent}`, null, said);
    writeFileSync(join(work, 'ports.json'), JSON.stringify(imagePorts(top, readFileSync(image, 'utf8'))));
    rmSync(image);
  });
  return JSON.parse(readFileSync(join(folder, 'ports.json'), 'utf8')) as PortShape[];
}

function imagePorts(top: string, image: string): PortShape[] {
  const start = image.search(new RegExp(`^S_\\w+ \\.scope module, "${top}"`, 'm'));
  const next = image.indexOf('\nS_', start + 1);
  const scope = image.slice(start, next < 0 ? undefined : next);
  return [...scope.matchAll(/\.port_info \d+ \/(\w+) (\d+) "([^"]+)"/g)].map(
    ([, direction, width, name]) => ({
      name: name!,
      direction: directionOf(top, name!, direction!),
      width: Number(width),
    }),
  );
}

/** Compiles the testbench around a source, or finds it compiled; returns the file for vvp. @throws RtlError in Icarus's words */
export async function icarusImage(
  source: ReadSource,
  ports: readonly PortShape[],
  clockWords: readonly number[],
  half: number,
  cacheFolder: string,
): Promise<string> {
  const bench = icarusBench(source, layOut(ports), clockWords, half);
  const folder = await cached(cacheFolder, 'icarus', [version(), bench, source.hash], async (work) => {
    const file = join(work, 'bench.v');
    writeFileSync(file, bench);
    const args = [language(source), '-s', BENCH, '-o', join(work, 'bench.vvp'), file, ...sources(source)];
    await runTool('iverilog', args, process.cwd(), source.top);
  });
  return join(folder, 'bench.vvp');
}
