import { type Option, optionsHelp, parse, type Parsed } from './options.js';
import { cutOptions, mergeOptions, traceCut, traceMerge } from './trace-copy.js';
import { exportOptions, traceExport } from './trace-export.js';
import { infoOptions, traceInfo } from './trace-info.js';
import { traceReport } from './trace-report.js';
import { showOptions, traceShow } from './trace-show.js';
import { traceVerify } from './trace-verify.js';
import { UsageError } from './usage-error.js';

interface TraceCommand {
  readonly usage: string;
  readonly what: string;
  readonly options: readonly Option[];
  readonly run: (args: readonly string[]) => number;
}

/** A command whose options are parsed for it. */
function command(
  name: string,
  usage: string,
  what: string,
  options: readonly Option[],
  run: (options: Parsed) => number,
): TraceCommand {
  return { usage, what, options, run: (args) => run(parse(`trace ${name}`, options, args)) };
}

const table: Readonly<Record<string, TraceCommand>> = {
  info: command(
    'info',
    'FILE [--json]',
    'what it is: configuration, clocks, time, signals by module, transactions, damage',
    infoOptions,
    traceInfo,
  ),
  show: command('show', 'FILE [options]', 'draw signals in the terminal', showOptions, traceShow),
  report: {
    usage: 'FILE.mwt [--json]',
    what: 'the report that the recorded run printed, worked out from the events in the trace',
    options: [],
    run: traceReport,
  },
  export: command(
    'export',
    'FILE --out FILE [options]',
    'write it in the form of another program',
    exportOptions,
    traceExport,
  ),
  cut: command(
    'cut',
    'FILE --out FILE [options]',
    'part of it as a file of its own (.mwt, or .vcd by the end of --out)',
    cutOptions,
    traceCut,
  ),
  merge: command(
    'merge',
    'FILE FILE … --out FILE.mwt',
    'the signals of several files side by side; where paths clash, under the names of the files',
    mergeOptions,
    traceMerge,
  ),
  verify: command(
    'verify',
    'FILE',
    'read everything: exit code 0 whole, 1 damaged, 2 no trace',
    [],
    traceVerify,
  ),
};

/** Names of the commands, and every option of any of them. */
export const traceCommands: readonly string[] = Object.keys(table);
export const traceOptions: readonly Option[] = [
  ...new Map(
    Object.values(table).flatMap(({ options }) => options.map((o) => [o.name, o] as const)),
  ).values(),
];

export const traceHelp =
  (): string => `marblewave trace show run.mwt --signals 'top.*' --clock array --from 1000c
marblewave trace export run.mwt --out run.pftrace

Looks into recorded runs: trace files (.mwt) and Value Change Dumps (.vcd).

${Object.entries(table)
  .map(([name, { usage, what, options }]) =>
    [
      `marblewave trace ${name} ${usage}`,
      `  ${what}`,
      ...(options.length > 0 ? [optionsHelp(options)] : []),
    ].join('\n'),
  )
  .join('\n\n')}

exit code: 0 done; 1 verify found damage, or the run in report had differed from the reference; 2 bad usage or input
`;

/** `marblewave trace`. Returns the exit code. */
export function trace(args: readonly string[]): number {
  const [name, ...rest] = args;
  const found = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined)
    throw new UsageError(
      `trace: wanted ${traceCommands.join(', ')}, got ${name === undefined ? 'nothing' : JSON.stringify(name)}`,
    );
  return found.run(rest);
}
