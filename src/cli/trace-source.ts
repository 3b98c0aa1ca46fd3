import { PathError, Timebase } from '../kernel/index.js';
import { openWaves } from '../trace/open-waves.js';
import { pathMatcher } from '../trace/path-pattern.js';
import { parseTime } from '../trace/time-text.js';
import type { Radix } from '../trace/value-text.js';
import type { WaveFile } from '../trace/waves.js';
import type { Option, Parsed } from './options.js';
import { UsageError } from './usage-error.js';

export const signalsOption: Option = {
  name: 'signals',
  value: 'GLOBS',
  help: "these signals only, e.g. 'sa.**,ddr3.*': at the top or below any module; repeatable",
  multiple: true,
};
export const fromOption: Option = {
  name: 'from',
  value: 'TIME',
  help: 'begin there: ps, with a unit like 10us, or a cycle of --clock like 1000c (default: the beginning)',
};
export const toOption: Option = { name: 'to', value: 'TIME', help: 'end there (default: the end)' };
export const radixOption: Option = {
  name: 'radix',
  value: 'RADIX',
  help: "type (default: as each signal's type says, fractions included), hex, dec or bin",
};

export const RADICES = ['type', 'hex', 'dec', 'bin'] as const satisfies readonly Radix[];

/** Opens the one file that a command is about, does something, and closes it. @throws UsageError */
export function withFile<T>(options: Parsed, what: string, use: (waves: WaveFile) => T): T {
  const [file, ...more] = options.positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError(
      `trace ${what}: wanted one FILE, got ${file === undefined ? 'none' : options.positionals.join(' ')}`,
    );
  const waves = openWaves(file);
  try {
    return use(waves);
  } finally {
    waves.close();
  }
}

/** Places of the signals that the patterns of `--signals` choose; all without any. @throws PathError for a pattern that chooses none */
export function chosenSignals(waves: WaveFile, options: Parsed): number[] {
  const globs = options.list('signals').flatMap((list) => list.split(',').map((glob) => glob.trim()));
  if (globs.length === 0) return [...waves.signals.keys()];
  const chosen = new Set<number>();
  for (const glob of globs) for (const place of matching(waves, glob)) chosen.add(place);
  return [...chosen].sort((a, b) => a - b);
}

function matching(waves: WaveFile, glob: string): number[] {
  const isWanted = pathMatcher([glob, `**.${glob}`]);
  const places = [...waves.signals.keys()].filter((place) => isWanted(waves.signals[place]!.path));
  if (places.length === 0)
    throw new PathError(
      glob,
      waves.signals.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)),
      `${waves.name}: signals must be patterns that match some, got ${JSON.stringify(glob)}`,
    );
  return places;
}

/** The place of the one signal that an option names by its path, or by its end from a module on. @throws PathError, UsageError */
export function oneSignal(waves: WaveFile, option: string, path: string): number {
  const exact = waves.signals.findIndex((signal) => signal.path === path);
  if (exact >= 0) return exact;
  const places = matching(waves, path);
  if (places.length > 1)
    throw new UsageError(
      `trace: --${option} must be one signal, got ${JSON.stringify(path)}: ${places.map((p) => waves.signals[p]!.path).join(', ')}`,
    );
  return places[0]!;
}

/** The clock that `--clock` names: a clock of the file, or a signal's path; undefined without the option. @throws PathError, UsageError */
export function chosenClock(waves: WaveFile, options: Parsed): string | undefined {
  const text = options.text('clock');
  if (text === undefined || waves.clocks.some(({ name }) => name === text)) return text;
  return waves.signals[oneSignal(waves, 'clock', text)]!.path;
}

/** The window of `--from` and the option for its end, in units of the file; all of it without. @throws UsageError */
export function chosenWindow(
  waves: WaveFile,
  options: Parsed,
  end: 'to' | 'until' = 'to',
): { from: number; to: number } {
  const at = (option: string, otherwise: number): number => {
    const text = options.text(option);
    return text === undefined ? otherwise : timeOf(waves, options, option, text);
  };
  const from = at('from', waves.begin);
  const to = at(end, waves.end);
  const outside = from < waves.begin || to > waves.end || from > to;
  if (outside)
    throw new UsageError(
      `trace: ${waves.name}: --from and --${end} must lie in ${waves.begin} to ${waves.end} (units of ${waves.unitFs} fs), one after the other, got ${from} and ${to}`,
    );
  return { from, to };
}

function timeOf(waves: WaveFile, options: Parsed, option: string, text: string): number {
  const cycle = /^(\d{1,15})c$/.exec(text.trim());
  if (cycle !== null) return cycleTime(waves, options, option, Number(cycle[1]));
  const fs = parseTime(text);
  const unit = BigInt(waves.unitFs);
  if (fs === null || fs % unit !== 0n || fs / unit > BigInt(Number.MAX_SAFE_INTEGER))
    throw new UsageError(
      `trace: --${option} must be a time in whole units of ${waves.unitFs} fs, such as 1500 (ps), 1.5us or 1000c, got ${JSON.stringify(text)}`,
    );
  return Number(fs / unit);
}

/** Cycle c begins with edge c − 1, and cycle 0 with the file: docs/timing-model.md. */
function cycleTime(waves: WaveFile, options: Parsed, option: string, cycle: number): number {
  const name = options.text('clock') ?? waves.clocks[0]?.name;
  const clock = waves.clocks.find((known) => known.name === name);
  if (clock === undefined)
    throw new UsageError(
      `trace: --${option} in cycles wants --clock with a clock of the file, got ${JSON.stringify(name ?? null)}; there are: ${waves.clocks.map((known) => known.name).join(', ') || 'none'}`,
    );
  if (cycle === 0) return waves.begin;
  return (new Timebase(clock.name, clock.hz, clock.phasePs).edge(cycle - 1) * 1000) / waves.unitFs;
}

/** The file that `--out` names. @throws UsageError */
export function outFile(options: Parsed, what: string): string {
  const file = options.text('out');
  if (file === undefined || file === '' || file === '-')
    throw new UsageError(`trace ${what}: --out must be a file, got ${JSON.stringify(file ?? null)}`);
  return file;
}

/** What is said of a file that is not whole. */
export function warnOfDamage(waves: WaveFile): void {
  if (waves.damage !== null)
    process.stderr.write(
      `marblewave: ${waves.name} is not whole: ${waves.damage}; read up to ${waves.end}\n`,
    );
}
