import { namedNetworks } from '../networks/zoo.js';
import { textTable } from '../report/table.js';
import { namedScenarios } from '../scenario/scenario-loader.js';
import { parse } from './options.js';
import { UsageError } from './usage-error.js';

export const listHelp = (): string => `marblewave list
marblewave list --json

Lists the networks that come with marblewave, the machines that run them, and the scenarios.

usage: marblewave list [--json]
`;

const machines = [
  { name: 'gupta', title: 'fixed point, n×n wavefront array of DSP MACCs (Gupta et al. 2015, section 5)' },
];

/** `marblewave list`. Returns the exit code. */
export function list(args: readonly string[]): number {
  const options = parse('list', [{ name: 'json', help: 'print one JSON document' }], args);
  if (options.positionals.length > 0)
    throw new UsageError(`list: takes no names, got ${options.positionals.join(' ')}`);
  if (options.flag('json')) {
    const networks = namedNetworks.map(({ name, title }) => ({ name, title }));
    process.stdout.write(
      `${JSON.stringify({ schema: 'marblewave.list/1', networks, machines, scenarios: namedScenarios })}\n`,
    );
    return 0;
  }
  const left = (title: string): { title: string; align: 'left' } => ({ title, align: 'left' });
  process.stdout.write(
    `${textTable(
      [left('network'), left('what it is')],
      namedNetworks.map((n) => [n.name, n.title]),
    )}\n\n`,
  );
  process.stdout.write(
    `${textTable(
      [left('machine'), left('what it is')],
      machines.map((m) => [m.name, m.title]),
    )}\n\n`,
  );
  process.stdout.write(
    `${textTable(
      [left('scenario'), left('what it is')],
      namedScenarios.map((s) => [s.name, s.title]),
    )}\n`,
  );
  return 0;
}
