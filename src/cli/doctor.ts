import { textTable } from '../report/table.js';
import { defaultCacheFolder } from '../rtl/cache.js';
import { engineNames, engineReport } from '../rtl/engines.js';
import { parse } from './options.js';
import { UsageError } from './usage-error.js';

export const doctorHelp = (): string => `marblewave doctor
marblewave doctor --json

Says which engines that run Verilog were found here, and how to install those that were not.

usage: marblewave doctor [--json]                schema marblewave.doctor/1

exit code: 0, whatever was found; 2 bad usage
`;

/** `marblewave doctor`. Returns the exit code. */
export function doctor(args: readonly string[]): number {
  const options = parse('doctor', [{ name: 'json', help: 'print one JSON document' }], args);
  if (options.positionals.length > 0)
    throw new UsageError(`doctor: takes no names, got ${options.positionals.join(' ')}`);
  const engines = engineNames.map(engineReport);
  const cache = defaultCacheFolder();
  if (options.flag('json')) {
    process.stdout.write(
      `${JSON.stringify({ schema: 'marblewave.doctor/1', node: process.version, cache, engines })}\n`,
    );
    return 0;
  }
  const left = (title: string): { title: string; align: 'left' } => ({ title, align: 'left' });
  const table = textTable(
    [left('engine'), left('found'), left('version'), left('note')],
    engines.map(({ engine, found, version, note }) => [engine, found ? 'yes' : 'no', version, note]),
  );
  const wanted = engines.filter(({ install }) => install !== '');
  const advice = wanted.map(({ engine, install }) => `for ${engine}: ${install}\n`);
  process.stdout.write(`${table}\n\n${advice.join('')}compiled models are kept in ${cache}\n`);
  return 0;
}
