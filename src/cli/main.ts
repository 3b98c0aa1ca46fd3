import { readFileSync } from 'node:fs';
import { commands } from './commands.js';
import { completion, completionHelp } from './completion.js';
import { diff, diffHelp } from './diff.js';
import { dram, dramHelp } from './dram.js';
import { list, listHelp } from './list.js';
import { run, runHelp } from './run.js';
import { scenario, scenarioHelp } from './scenario.js';
import { trace, traceHelp } from './trace.js';
import { exitCodeOf, messageOf, UsageError } from './usage-error.js';

interface Command {
  readonly help: () => string;
  readonly run: (args: readonly string[]) => number | Promise<number>;
}

const table: Readonly<Record<keyof typeof commands, Command>> = {
  run: { help: runHelp, run },
  dram: { help: dramHelp, run: dram },
  trace: { help: traceHelp, run: trace },
  diff: { help: diffHelp, run: diff },
  scenario: { help: scenarioHelp, run: scenario },
  list: { help: listHelp, run: list },
  completion: { help: completionHelp, run: completion },
};

function help(): string {
  const lines = Object.entries(commands).map(([name, what]) => `  ${name.padEnd(12)}${what}`);
  return `marblewave run mnist-cnn --images 16
marblewave run mnist-cnn --images 10000 --fast

Event-driven, cycle-accurate hardware co-simulation of CNN accelerators.

usage: marblewave COMMAND [options]; marblewave COMMAND --help

${lines.join('\n')}

  --version   print the version
`;
}

/** The command line. Sets the exit code; see exitCodeOf for what each means. */
export async function marblewave(args: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has gone (`| head`): nothing is wrong and nobody is left to be told.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    process.stderr.write(`marblewave: cannot write the results: ${error.message.split(', ')[0]!}\n`);
    process.exit(1);
  });
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    process.stderr.write(`marblewave: ${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === 'help' && rest[0] !== undefined) return dispatch([rest[0], '--help']);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(help());
    return 0;
  }
  if (name === '--version' || name === '-V') {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    process.stdout.write(`${manifest.version}\n`);
    return 0;
  }
  const command = Object.hasOwn(table, name) ? table[name as keyof typeof commands] : undefined;
  if (command === undefined)
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}; there are ${Object.keys(commands).join(', ')}`,
    );
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help());
    return 0;
  }
  return command.run(rest);
}
