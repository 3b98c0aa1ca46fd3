import { runReport } from '../report/run-report.js';
import { replayRun } from '../scenario/replay.js';
import { openTrace } from '../trace/mwt/trace-file.js';
import { type Option, optionsHelp, parse } from './options.js';
import { UsageError } from './usage-error.js';

const reportOptions: readonly Option[] = [
  { name: 'json', help: 'print the JSON document that run --json printed (schemas/run.schema.json)' },
];

export const traceReportHelp = (): string => `marblewave trace report run.mwt

Prints the very report that the recorded run printed, worked out from the events in its trace.

usage: marblewave trace report FILE.mwt [options]

${optionsHelp(reportOptions)}

exit code: 0 printed; 1 the run had differed from the reference; 2 the trace holds too little: a selection, a window, a part
`;

/** `marblewave trace report FILE.mwt`. Returns the exit code. @throws ReplayError, TraceFileError, TraceFormatError */
export function traceReport(args: readonly string[]): number {
  const options = parse('trace report', reportOptions, args);
  const [file, ...rest] = options.positionals;
  if (file === undefined || rest.length > 0)
    throw new UsageError(`trace report: wanted one FILE.mwt, got ${options.positionals.join(' ') || 'none'}`);
  const trace = openTrace(file);
  try {
    const document = replayRun(trace);
    process.stdout.write(options.flag('json') ? `${JSON.stringify(document)}\n` : `${runReport(document)}\n`);
    return document.check.equal ? 0 : 1;
  } finally {
    trace.close();
  }
}
