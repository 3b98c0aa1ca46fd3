import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROL } from '../kernel/index.js';
import { csv } from '../report/csv.js';
import { scenarioReport } from '../report/scenario-report.js';
import { svgPlot } from '../report/svg-plot.js';
import { runScenario, type ScenarioResult } from '../scenario/run-scenario.js';
import { importScenario, namedScenarios, scenarioFile } from '../scenario/scenario-loader.js';
import { type Option, optionsHelp, parse } from './options.js';
import { Progress } from './progress.js';
import { Interrupted, UsageError } from './usage-error.js';

export const scenarioOptions: readonly Option[] = [
  {
    name: 'set',
    value: 'PATH=VALUE',
    help: 'a parameter, or a list of values to vary it over, e.g. p=[1,2,4]; repeatable',
    multiple: true,
  },
  { name: 'workers', value: 'N', help: 'threads that run points (default 1); changes no result' },
  { name: 'out', value: 'DIR', help: 'write NAME.json, NAME.csv, NAME.txt and NAME-*.svg there' },
  { name: 'json', help: 'print one JSON document (schemas/scenario.schema.json)' },
  { name: 'csv', help: 'print the rows as CSV' },
];

export const scenarioHelp = (): string => `marblewave scenario memory-wall --workers 2 --out runs
marblewave scenario my-study.ts --set p=[1,2,4] --json

Runs a study: a grid of parameters, a table of results, plots, and what the outcome must be (docs/scenarios.md).

usage: marblewave scenario NAME|FILE [options]     NAME: ${namedScenarios.map((s) => s.name).join(', ')}

${optionsHelp(scenarioOptions)}

exit code: 0 every expectation held; 1 one did not, or the model faulted; 2 bad usage or scenario; 130 interrupted
`;

/** `marblewave scenario`. Returns the exit code. */
export async function scenario(args: readonly string[]): Promise<number> {
  const options = parse('scenario', scenarioOptions, args);
  const [which, ...rest] = options.positionals;
  if (which === undefined || rest.length > 0)
    throw new UsageError(
      `scenario: wanted one scenario, got ${options.positionals.join(' ') || 'none'}; see marblewave list`,
    );
  if (options.flag('json') && options.flag('csv'))
    throw new UsageError('scenario: wanted --json or --csv, got both');
  const workers = options.whole('workers', 1, 64) ?? 1;
  const out = options.text('out');
  const { name, file } = scenarioFile(which);

  const control = new Int32Array(new SharedArrayBuffer(4));
  const onInterrupt = (): void => {
    // The first asks for a stop at the next cycle boundary; the second ends at once.
    if (Atomics.load(control, 0) === CONTROL.stop) process.exit(130);
    Atomics.store(control, 0, CONTROL.stop);
  };
  process.on('SIGINT', onInterrupt);
  const progress = new Progress();
  try {
    const result = await runScenario(await importScenario(file), {
      name,
      settings: options.list('set'),
      workers,
      file,
      control,
      progress: (done, points) => progress.show(`${name}: ${done} of ${points} points`),
    });
    progress.clear();
    const { document } = result;
    const text = `${scenarioReport(document, result.report)}\n`;
    if (out !== undefined) writeResults(out, result, text);
    if (options.flag('json')) process.stdout.write(`${JSON.stringify(document)}\n`);
    else process.stdout.write(options.flag('csv') ? csv(document.columns, document.rows) : text);
    if (document.partial) throw new Interrupted(`interrupted after ${document.points} points`);
    return document.held ? 0 : 1;
  } finally {
    progress.clear();
    process.off('SIGINT', onInterrupt);
  }
}

function writeResults(folder: string, { document, report }: ScenarioResult, text: string): void {
  const files = [
    [`${document.name}.json`, `${JSON.stringify(document, null, 2)}\n`],
    [`${document.name}.csv`, csv(document.columns, document.rows)],
    [`${document.name}.txt`, text],
    ...(report.plots ?? []).map((plot) => [`${document.name}-${plot.name}.svg`, svgPlot(plot)] as const),
  ] as const;
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, contents] of files) writeFileSync(join(folder, file), contents);
  } catch (error) {
    throw new UsageError(
      `scenario: --out ${folder} must be a folder that can be written, got ${(error as NodeJS.ErrnoException).code ?? 'an error'}`,
    );
  }
  process.stderr.write(`wrote ${files.map(([file]) => join(folder, file)).join(', ')}\n`);
}
