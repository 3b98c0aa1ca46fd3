import { type Option, optionsHelp, parse, type Parsed } from './options.js';
import { cutOptions, mergeOptions, traceCut, traceMerge } from './trace-copy.js';
import { exportOptions, traceExport } from './trace-export.js';
import { infoOptions, traceInfo } from './trace-info.js';
import { showOptions, traceShow } from './trace-show.js';
import { traceVerify } from './trace-verify.js';
import { UsageError } from './usage-error.js';

interface TraceCommand {
  readonly usage: string;
  readonly what: string;
  readonly options: readonly Option[];
  readonly run: (options: Parsed) => number;
}

const table: Readonly<Record<string, TraceCommand>> = {
  info: {
    usage: 'FILE [--json]',
    what: 'what it is: configuration, clocks, time, signals by module, transactions, damage',
    options: infoOptions,
    run: traceInfo,
  },
  show: {
    usage: 'FILE [options]',
    what: 'draw signals in the terminal',
    options: showOptions,
    run: traceShow,
  },
  export: {
    usage: 'FILE --out FILE [options]',
    what: 'write it in the form of another program',
    options: exportOptions,
    run: traceExport,
  },
  cut: {
    usage: 'FILE --out FILE [options]',
    what: 'part of it as a file of its own (.mwt, or .vcd by the end of --out)',
    options: cutOptions,
    run: traceCut,
  },
  merge: {
    usage: 'FILE FILE … --out FILE.mwt',
    what: 'the signals of several files side by side; where paths clash, under the names of the files',
    options: mergeOptions,
    run: traceMerge,
  },
  verify: {
    usage: 'FILE',
    what: 'read everything: exit code 0 whole, 1 damaged, 2 no trace',
    options: [],
    run: traceVerify,
  },
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

exit code: 0 done; 1 verify found damage; 2 bad usage or input
`;

/** `marblewave trace`. Returns the exit code. */
export function trace(args: readonly string[]): number {
  const [name, ...rest] = args;
  const command = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  if (command === undefined)
    throw new UsageError(
      `trace: wanted ${traceCommands.join(', ')}, got ${name === undefined ? 'nothing' : JSON.stringify(name)}`,
    );
  return command.run(parse(`trace ${name}`, command.options, rest));
}
