import type { Clock, Simulator } from '../kernel/index.js';
import { canonicalConfig, type RunConfig } from '../scenario/run-config.js';
import { REPLAY_PROBES } from '../scenario/replay-needs.js';
import { recordMwt } from '../trace/record-mwt.js';
import type { Recording } from '../trace/recorder.js';
import { recordVcd } from '../trace/vcd-recorder.js';
import type { Option, Parsed } from './options.js';
import { UsageError } from './usage-error.js';

/** Options of `run` that say what is recorded, and when. */
export const traceOptions: readonly Option[] = [
  {
    name: 'trace',
    value: 'FILE',
    help: 'record every port of the machine: .mwt (with transactions, for marblewave trace) or .vcd',
  },
  {
    name: 'trace-signals',
    value: 'GLOBS',
    help: "record these signals only, e.g. 'sa.**,ddr3.*': at the top or below any module",
  },
  { name: 'trace-from', value: 'TIME', help: 'begin at this time: ps, or with a unit 10us, or cycles 1000c' },
  { name: 'trace-to', value: 'TIME', help: 'end there' },
  {
    name: 'trace-trigger',
    value: 'EXPR',
    help: "begin in the first instant in which it holds, e.g. 'gupta.top.cause == 7'",
  },
  { name: 'trace-pre', value: 'TIME', help: 'with a trigger: record so much before it too' },
];

/** What the options of a recording ask for. */
export interface TraceRequest {
  readonly file: string;
  readonly format: 'mwt' | 'vcd';
  readonly signals: readonly string[] | null;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly trigger: string | undefined;
  readonly pre: string | undefined;
}

/** What is to be recorded; null for nothing. @throws UsageError */
export function traceRequest(options: Parsed): TraceRequest | null {
  const file = options.text('trace');
  const others = traceOptions.slice(1).filter(({ name }) => options.text(name) !== undefined);
  if (file === undefined) {
    if (others.length > 0) throw new UsageError(`run: --${others[0]!.name} wants --trace FILE, got none`);
    return null;
  }
  const extension = /\.(mwt|vcd)$/i.exec(file)?.[1]?.toLowerCase();
  if (extension === undefined)
    throw new UsageError(`run: --trace must be a file of .mwt or .vcd, got ${JSON.stringify(file)}`);
  const signals = options.text('trace-signals');
  const globs = signals?.split(',').map((glob) => glob.trim()) ?? null;
  if (globs?.includes('') === true)
    throw new UsageError(
      `run: --trace-signals must be patterns between commas, got ${JSON.stringify(signals)}`,
    );
  const trigger = options.text('trace-trigger');
  const pre = options.text('trace-pre');
  if (pre !== undefined && trigger === undefined)
    throw new UsageError('run: --trace-pre wants --trace-trigger EXPR, got none');
  for (const name of ['trace-from', 'trace-to', 'trace-pre']) {
    const text = options.text(name);
    if (text !== undefined && parseTime(text) === null)
      throw new UsageError(
        `run: --${name} must be a time: ps, or with a unit like 10us, or cycles like 1000c, got ${JSON.stringify(text)}`,
      );
  }
  return {
    file,
    format: extension as 'mwt' | 'vcd',
    signals: globs,
    from: options.text('trace-from'),
    to: options.text('trace-to'),
    trigger,
    pre,
  };
}

/** Begins the recording of a machine that is built. @throws ConfigError, ExpressionError, PathError, TraceFileError */
export function beginTrace(request: TraceRequest, sim: Simulator, config: RunConfig): Recording {
  const { file, format, signals, trigger } = request;
  const time = (text: string): number => toPs(text, (cycle) => beginOf(cycle, sim));
  const span = (text: string): number => toPs(text, (cycles) => cycleClock(sim).timebase.edge(cycles));
  const window = {
    ...(request.from === undefined ? {} : { from: time(request.from) }),
    ...(request.to === undefined ? {} : { to: time(request.to) }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(request.pre === undefined ? {} : { before: span(request.pre) }),
  };
  const what = { ...window, ...(signals === null ? { probes: REPLAY_PROBES } : { signals }) };
  if (format === 'vcd') return recordVcd(sim, file, what);
  return recordMwt(sim, file, {
    ...what,
    configuration: canonicalConfig(config),
    seed: config.seed,
  });
}

/** ps of each unit. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ps: 1,
  ns: 1e3,
  us: 1e6,
  µs: 1e6,
  ms: 1e9,
  s: 1e12,
};

function parseTime(text: string): { readonly value: number; readonly unit: string } | null {
  const match = /^(\d+(?:\.\d+)?)\s*(|ps|ns|us|µs|ms|s|c)$/.exec(text.trim());
  if (match === null) return null;
  const value = Number(match[1]);
  const unit = match[2]!;
  const isWhole = Number.isInteger(value) || (unit !== 'c' && Number.isInteger(round(value * UNITS[unit]!)));
  return isWhole && value * (UNITS[unit] ?? 1e6) <= Number.MAX_SAFE_INTEGER ? { value, unit } : null;
}

/** Takes away what a decimal fraction in binary leaves: 1.1 us are 1,100,000 ps. */
const round = (ps: number): number => (Math.abs(ps - Math.round(ps)) < 1e-6 ? Math.round(ps) : ps);

/** A text in ps; `cycles` says what a number of cycles is. */
function toPs(text: string, cycles: (count: number) => number): number {
  const { value, unit } = parseTime(text)!;
  return unit === 'c' ? cycles(value) : round(value * UNITS[unit]!);
}

/** Cycles are those of the machine's clock. */
const cycleClock = (sim: Simulator): Clock => sim.clocks[0]!;

/** When a cycle begins: behind the edge that ends the one before (docs/timing-model.md). */
const beginOf = (cycle: number, sim: Simulator): number =>
  cycle === 0 ? 0 : cycleClock(sim).timebase.edge(cycle - 1);
