import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { parseRequestTrace } from '../components/ddr3/request-trace.js';
import {
  type Ddr3Config,
  ddr3Keys,
  ddr3Spec,
  type Ddr3Spec,
  PAGE_POLICIES,
} from '../components/ddr3/spec.js';
import { SPEEDS } from '../components/ddr3/timing-table.js';
import { BUS_CAUSES } from '../components/ddr3/statistics.js';
import { checkCommandFile, Ddr3TimingChecker, violationText } from '../components/ddr3/timing-checker.js';
import { fileError } from '../networks/errors.js';
import { fixed1, percent, textTable, whole } from '../report/table.js';
import type { DramDocument } from '../scenario/dram-document.js';
import { DramRun, limitsOf } from '../scenario/dram-run.js';
import { Ddr3CommandFile } from '../trace/ddr3-command-file.js';
import { type Option, optionsHelp, parse, type Parsed } from './options.js';
import { Progress } from './progress.js';
import { Interrupted, UsageError } from './usage-error.js';

export const dramOptions: readonly Option[] = [
  { name: 'mapping', value: 'FIELDS', help: 'address fields from the top bit (default row-rank-bank-col)' },
  { name: 'page-policy', value: 'POLICY', help: 'open (default), closed or timeout' },
  { name: 'speed', value: 'MT/S', help: '1066, 1333, 1600 (default) or 1866' },
  {
    name: 'set',
    value: 'KEY=VALUE',
    help: 'any parameter, e.g. tRTRS=1 or scheduler=fcfs; repeatable; --keys lists them',
    multiple: true,
  },
  { name: 'config', value: 'FILE', help: 'JSON object of parameters; options go before it' },
  { name: 'print-config', help: 'print the configuration as JSON, and run nothing' },
  { name: 'keys', help: 'list every parameter, and run nothing' },
  {
    name: 'dram-commands',
    value: 'FILE',
    help: 'write the commands as cycle,command,rank,bank,row,col (col in bursts, -1: none)',
  },
  { name: 'check', help: 'have the independent timing checker watch every command' },
  { name: 'check-commands', value: 'FILE', help: 'check a file of commands instead of running a trace' },
  { name: 'json', help: 'print one JSON document (schema marblewave.dram/1)' },
];

export const dramHelp = (): string => `marblewave dram requests.trace.gz
marblewave dram requests.trace --mapping row-col-rank-bank --set tRTRS=1 --json

Runs a request trace through the DDR3 controller alone and prints bandwidth, row hits, latencies, commands, the data
bus by cause and energy.

usage: marblewave dram TRACE [options]           TRACE: lines "0xADDR READ|WRITE CLOCK", plain or gzip; - reads stdin
       marblewave dram --check-commands FILE [options]

${optionsHelp(dramOptions)}

exit code: 0 done; 1 the timing checker found a violation; 2 bad usage or input; 130 interrupted
`;

/** Requests between two looks at the clock and at interrupts. */
const SLICE = 200_000;
/** Violations shown as text. */
const SHOWN = 20;

/** `marblewave dram`. Returns the exit code. */
export async function dram(args: readonly string[]): Promise<number> {
  const options = parse('dram', dramOptions, args);
  if (options.flag('keys')) {
    const rows = ddr3Keys().map(({ key, wanted, help }) => [key, help, wanted]);
    const left = (title: string): { title: string; align: 'left' } => ({ title, align: 'left' });
    process.stdout.write(`${textTable([left('key'), left('what it is'), left('value')], rows)}\n`);
    return 0;
  }
  const config = configuration(options);
  const spec = ddr3Spec(config, 'dram');
  if (options.flag('print-config')) {
    process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    return 0;
  }
  const commandFile = options.text('check-commands');
  const [file, ...more] = options.positionals;
  if (more.length > 0) throw new UsageError(`dram: wanted one trace, got ${options.positionals.join(' ')}`);
  if (commandFile !== undefined) {
    if (file !== undefined) throw new UsageError('dram: wanted a trace or --check-commands FILE, got both');
    return checkCommands(commandFile, spec, options.flag('json'));
  }
  if (file === undefined)
    throw new UsageError('dram: which trace? e.g. marblewave dram requests.trace; - reads stdin');
  const name = file === '-' ? 'stdin' : file;
  const trace = parseRequestTrace(contents(file), spec, name);
  const target = options.text('dram-commands');
  if (target === '-') throw new UsageError('dram: --dram-commands must be a file, got "-"');
  const writer = target === undefined ? null : new Ddr3CommandFile(target);
  const interrupt = new AbortController();
  const onInterrupt = (): void => {
    // The first asks for a stop at the next slice; the second ends at once.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on('SIGINT', onInterrupt);
  const progress = new Progress();
  try {
    const run = new DramRun({
      spec,
      trace,
      name,
      check: options.flag('check'),
      ...(writer === null ? {} : { onCommand: writer.write }),
    });
    while (!run.advance(SLICE) && !interrupt.signal.aborted) {
      progress.show(`request ${run.accepted} of ${trace.count}`);
      await setImmediate();
    }
    progress.clear();
    const document = run.document();
    writer?.close();
    process.stdout.write(options.flag('json') ? `${JSON.stringify(document)}\n` : `${figures(document)}\n`);
    if (document.partial)
      throw new Interrupted(`interrupted after ${run.accepted} of ${trace.count} requests`);
    return document.check !== null && document.check.violations > 0 ? 1 : 0;
  } finally {
    progress.clear();
    writer?.abort();
    process.off('SIGINT', onInterrupt);
  }
}

/** Option, then file, then default. */
function configuration(options: Parsed): Ddr3Config {
  const file = options.text('config');
  const config: Record<string, unknown> = file === undefined ? {} : configFile(file);
  for (const setting of options.list('set')) {
    const at = setting.indexOf('=');
    if (at < 1)
      throw new UsageError(`dram: --set must be KEY=VALUE, such as tRTRS=1, got ${JSON.stringify(setting)}`);
    config[setting.slice(0, at)] = valueOf(setting.slice(at + 1));
  }
  const mapping = options.text('mapping');
  if (mapping !== undefined) config['mapping'] = mapping;
  const policy = options.choice('page-policy', PAGE_POLICIES);
  if (policy !== undefined) config['pagePolicy'] = policy;
  const speed = options.choice('speed', SPEEDS.map(String));
  if (speed !== undefined) config['speed'] = Number(speed);
  return config;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // A bare word is a text.
    return text;
  }
}

function configFile(file: string): Record<string, unknown> {
  const text = contents(file).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fileError(file, 'contents', 'JSON', (error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fileError(file, 'contents', 'a JSON object of parameters', text.slice(0, 60));
  return { ...value };
}

/** The bytes of a file or of stdin, unpacked where they are gzip. @throws FileFormatError */
function contents(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw fileError(file, 'file', 'readable', (error as NodeJS.ErrnoException).code ?? String(error));
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw fileError(file, 'contents', 'whole gzip', (error as Error).message);
  }
}

function checkCommands(file: string, spec: Ddr3Spec, json: boolean): number {
  const checker = new Ddr3TimingChecker(limitsOf(spec));
  checkCommandFile(contents(file).toString('latin1'), checker, file === '-' ? 'stdin' : file);
  const { violations, violationCount, commandCount } = checker;
  if (json)
    process.stdout.write(
      `${JSON.stringify({ schema: 'marblewave.dram-check/1', file, commands: commandCount, violations: violationCount, listed: violations })}\n`,
    );
  else process.stdout.write(`${checkText(commandCount, violationCount, violations.map(violationText))}\n`);
  return violationCount > 0 ? 1 : 0;
}

function checkText(commands: number, violations: number, lines: readonly string[]): string {
  const head =
    violations === 0
      ? `${whole(commands)} commands, no timing violation`
      : `${whole(commands)} commands, ${whole(violations)} timing violations`;
  const left = violations - Math.min(SHOWN, lines.length);
  return [head, ...lines.slice(0, SHOWN), ...(left > 0 ? [`… and ${whole(left)} more`] : [])].join('\n');
}

/** The document as tables. */
function figures(d: DramDocument): string {
  const ns = 1e9 / d.clockHz;
  const clocks = (value: number | null): string => (value === null ? '-' : whole(value));
  const latency = (name: string, l: DramDocument['readLatency']): string[] => [
    name,
    whole(l.count),
    fixed1(l.average),
    ...[l.min, l.p50, l.p95, l.p99, l.max].map(clocks),
  ];
  const commands = Object.entries(d.commands).map(([name, count]) => `${name} ${whole(count)}`);
  const { energyNanojoules: energy } = d;
  const parts = [
    [
      `${d.trace}: ${whole(d.requests)} requests (${whole(d.reads)} reads, ${whole(d.writes)} writes) in ${whole(d.clocks)} clocks of ${ns.toFixed(3)} ns${d.partial ? ', partial' : ''}`,
      `bandwidth    ${d.bandwidthGBps.toFixed(3)} GB/s of ${d.peakGBps.toFixed(1)}`,
      `row hits     ${percent(d.rowHitRate)} (${whole(d.rowHits)} hits, ${whole(d.rowMisses)} misses, ${whole(d.rowConflicts)} conflicts)`,
      `commands     ${commands.join(', ')}`,
      `queues       ${whole(d.forwardedReads)} reads answered by waiting writes, ${whole(d.mergedReads)} reads and ${whole(d.mergedWrites)} writes merged`,
      `energy       ${(energy.total / 1000).toFixed(2)} µJ, ${d.averagePowerMilliwatts.toFixed(0)} mW on average`,
    ].join('\n'),
    textTable(
      [
        { title: 'latency, clocks', align: 'left' },
        ...['count', 'mean', 'min', 'p50', 'p95', 'p99', 'max'].map((title) => ({ title })),
      ],
      [latency('reads', d.readLatency), latency('writes', d.writeLatency)],
    ),
    `accept to last beat; the controller's part is ${d.controllerOverheadClocks} clocks; writes until written in the DRAM`,
    textTable(
      [{ title: 'data bus', align: 'left' }, { title: 'clocks' }, { title: 'share' }],
      BUS_CAUSES.map((cause) => [
        cause,
        whole(d.bus[cause]),
        percent(d.clocks === 0 ? 0 : d.bus[cause] / d.clocks),
      ]),
    ),
  ];
  if (d.check !== null) parts.push(checkText(d.check.commands, d.check.violations, d.check.listed));
  return parts.join('\n\n');
}
