import { basename } from 'node:path';
import { ConfigError } from '../kernel/index.js';
import { type CopyPart, writeMwtCopy } from '../trace/export/mwt-copy.js';
import { openWaves } from '../trace/open-waves.js';
import { writeVcd } from '../trace/vcd/write-vcd.js';
import type { WaveFile } from '../trace/waves.js';
import type { Option, Parsed } from './options.js';
import {
  chosenSignals,
  chosenWindow,
  fromOption,
  outFile,
  signalsOption,
  toOption,
  warnOfDamage,
  withFile,
} from './trace-source.js';
import { UsageError } from './usage-error.js';

const outOption: Option = { name: 'out', value: 'FILE', help: 'the file to write' };

export const cutOptions: readonly Option[] = [
  outOption,
  signalsOption,
  fromOption,
  toOption,
  {
    name: 'clock',
    value: 'CLOCK',
    help: 'the clock that cycles of --from and --to count (default: the first)',
  },
];

export const mergeOptions: readonly Option[] = [outOption];

/** `marblewave trace cut`: part of a run as a file of its own. */
export function traceCut(options: Parsed): number {
  const out = outFile(options, 'cut');
  return withFile(options, 'cut', (waves) => {
    const signals = chosenSignals(waves, options);
    const { from, to } = chosenWindow(waves, options);
    if (out.endsWith('.vcd')) writeVcd(waves, out, { signals, from, to });
    else writeMwtCopy(out, [{ waves, signals, prefix: '' }], from, to);
    warnOfDamage(waves);
    process.stdout.write(`${out}: ${signals.length} signals from ${from} to ${to}\n`);
    return 0;
  });
}

/** `marblewave trace merge`: the signals of several files side by side. */
export function traceMerge(options: Parsed): number {
  const out = outFile(options, 'merge');
  const files = options.positionals;
  if (files.length < 2)
    throw new UsageError(
      `trace merge: wanted two files or more, got ${files.length === 0 ? 'none' : files[0]}`,
    );
  const all: WaveFile[] = [];
  try {
    for (const file of files) all.push(openWaves(file));
    const prefixes = prefixesOf(all);
    const parts = all.map((waves, i): CopyPart => {
      const signals = [...waves.signals.keys()];
      return { waves, signals, prefix: prefixes[i]! };
    });
    const from = Math.min(...all.map(({ begin }) => begin));
    const to = Math.max(...all.map(({ end }) => end));
    writeMwtCopy(out, parts, from, to);
    for (const waves of all) warnOfDamage(waves);
    const count = all.reduce((sum, { signals }) => sum + signals.length, 0);
    process.stdout.write(`${out}: ${count} signals of ${files.length} files from ${from} to ${to}\n`);
    return 0;
  } finally {
    for (const waves of all) waves.close();
  }
}

/** None, unless files share a path or a clock: then the names of those files, without their end. */
function prefixesOf(all: readonly WaveFile[]): string[] {
  const seen = new Map<string, Set<number>>();
  all.forEach(({ signals, clocks }, file) => {
    for (const name of [
      ...signals.map(({ path }) => path),
      ...clocks.map((clock) => `clocks.${clock.name}`),
    ]) {
      const files = seen.get(name);
      if (files === undefined) seen.set(name, new Set([file]));
      else files.add(file);
    }
  });
  const clashing = new Set<number>();
  for (const files of seen.values()) if (files.size > 1) for (const file of files) clashing.add(file);
  const prefixes = all.map(({ name }, file) =>
    clashing.has(file) ? basename(name).replace(/\.[^.]*$/, '') : '',
  );
  const used = new Set<string>();
  return prefixes.map((prefix, file) => {
    if (prefix === '') return prefix;
    let name = prefix;
    for (let n = 2; used.has(name); n++) name = `${prefix}_${n}`;
    if (/\s/.test(name))
      throw new ConfigError(all[file]!.name, 'name', 'without blanks, to stand before its signals', name);
    used.add(name);
    return name;
  });
}
