import { ConfigError } from '../../kernel/index.js';
import { PartialFile } from '../partial-file.js';
import { type VcdVariable, VcdWriter } from '../vcd-writer.js';
import type { WaveFile, WaveSelection, WaveSignal } from '../waves.js';

export interface WriteVcdOptions extends WaveSelection {
  /** Lines for the head of the file, without `$end`. */
  readonly comments?: readonly string[];
}

/**
 * Writes a recorded run, or part of it, as a Value Change Dump.
 *
 * Values at the beginning stand in `$dumpvars`, events never do; the last time of the file is that of the selection. The unit of time is the
 * run's own where a dump can say it, else the largest that divides it. What {@link openVcd} reads of the result is what was written,
 * paths and values; the kinds of scopes (task, function) and types are not kept, declarations and ranges of another dump are.
 *
 * Storage  A chunk of the file; it has its name only once it is whole.
 * Errors   TraceFileError for a file that cannot be written; ConfigError for a signal whose name has blanks, a comment of several lines,
 *          and a place that is none of a signal. No file is left then.
 */
export function writeVcd(waves: WaveFile, file: string, options: WriteVcdOptions = {}): void {
  const { from = waves.begin, to = waves.end, comments = [] } = options;
  const places = [...new Set(options.signals ?? waves.signals.keys())];
  for (const place of places)
    if (waves.signals[place] === undefined)
      throw new ConfigError(file, 'signals', `places of signals, 0 to ${waves.signals.length - 1}`, place);
  const { unit, factor } = timescale(waves.unitFs);
  const out = new PartialFile(file);
  try {
    const writer = new VcdWriter(out, unit);
    const codes = new Codes(waves.signals, places);
    writer.header(codes.variables, comments);
    let now = from;
    let initial = true;
    writer.time(from * factor);
    out.text('$dumpvars\n');
    for (const { time, signal, value } of waves.changes({ signals: places, from, to })) {
      const { kind } = waves.signals[signal]!;
      if (initial && (time > from || kind === 'event')) {
        out.text('$end\n');
        initial = false;
      }
      if (time > now) writer.time(time * factor);
      now = time;
      const code = codes.of(signal);
      if (code < 0) continue;
      if (kind === 'event') writer.event(code);
      else if (kind === 'bits') writer.digits(code, value as string);
      else if (kind === 'real') writer.real(code, value as number);
      else writer.string(code, value as string);
    }
    if (initial) out.text('$end\n');
    if (to > now) writer.time(to * factor);
  } catch (error) {
    out.abort();
    throw error;
  }
  out.commit();
}

/** The identifier codes of the chosen signals: one a wave. */
class Codes {
  readonly variables: readonly VcdVariable[];
  /** By place of a signal: its code if it is the first of its wave, else -1. */
  private readonly codes: Int32Array;

  constructor(signals: readonly WaveSignal[], places: readonly number[]) {
    this.codes = new Int32Array(signals.length).fill(-1);
    const waves = new Map<number, number>();
    this.variables = places.map((place) => {
      const signal = signals[place]!;
      let code = waves.get(signal.wave);
      if (code === undefined) {
        code = waves.size;
        waves.set(signal.wave, code);
        this.codes[place] = code;
      }
      return variable(signal, code);
    });
  }

  of(place: number): number {
    return this.codes[place]!;
  }
}

/** Also takes what a signal of another dump says of itself. */
function variable(
  signal: WaveSignal & { readonly declared?: string; readonly range?: VcdVariable['range'] },
  code: number,
): VcdVariable {
  const { path, kind, width } = signal;
  if (kind === 'real') return { path, kind: 'real', width: 64, code };
  if (kind === 'text') return { path, kind: 'string', width: 1, code };
  if (kind === 'event') return { path, kind: 'event', width: 1, code };
  return { path, kind: signal.declared ?? 'wire', width, code, range: signal.range ?? null };
}

const UNITS = ['fs', 'ps', 'ns', 'us', 'ms', 's'] as const;

/** The largest unit of a dump, at most 100 s, that divides `unitFs`; and how many of it `unitFs` is. */
function timescale(unitFs: number): { unit: string; factor: number } {
  let exponent = 0;
  let rest = unitFs;
  while (exponent < 17 && rest % 10 === 0) {
    rest /= 10;
    exponent += 1;
  }
  return { unit: `${10 ** (exponent % 3)} ${UNITS[Math.floor(exponent / 3)]!}`, factor: rest };
}
