import { namedNetworks } from '../networks/zoo.js';
import { commands } from './commands.js';
import { namedScenarios } from '../scenario/scenario-loader.js';
import { diffOptions } from './diff-options.js';
import { dramOptions } from './dram.js';
import { runOptions } from './run.js';
import { scenarioOptions } from './scenario.js';
import { traceCommands, traceOptions } from './trace.js';
import { UsageError } from './usage-error.js';

export const completionHelp = (): string => `source <(marblewave completion bash)
marblewave completion zsh > ~/.zfunc/_marblewave

Prints a completion script.

usage: marblewave completion bash|zsh|fish
`;

/** `marblewave completion`. Returns the exit code. */
export function completion(args: readonly string[]): number {
  const words = Object.keys(commands).join(' ');
  const run = [...namedNetworks.map((n) => n.name), ...runOptions.map((o) => `--${o.name}`)].join(' ');
  const scenario = [...namedScenarios.map((s) => s.name), ...scenarioOptions.map((o) => `--${o.name}`)].join(
    ' ',
  );
  const diff = diffOptions.map((o) => `--${o.name}`).join(' ');
  const dram = dramOptions.map((o) => `--${o.name}`).join(' ');
  const trace = [...traceCommands, ...traceOptions.map((o) => `--${o.name}`)].join(' ');
  switch (args[0]) {
    case 'bash':
    case 'zsh':
      process.stdout
        .write(`${args[0] === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_marblewave() {
  local cur=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${words}" -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = run ]; then COMPREPLY=($(compgen -W "${run}" -f -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = scenario ]; then COMPREPLY=($(compgen -W "${scenario}" -f -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = diff ]; then COMPREPLY=($(compgen -W "${diff}" -f -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = dram ]; then COMPREPLY=($(compgen -W "${dram}" -f -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = trace ]; then COMPREPLY=($(compgen -W "${trace}" -f -- "$cur"))
  else COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -F _marblewave marblewave
`);
      return 0;
    case 'fish':
      process.stdout.write(`complete -c marblewave -n __fish_use_subcommand -a "${words}"
complete -c marblewave -n "__fish_seen_subcommand_from run" -a "${run}"
complete -c marblewave -n "__fish_seen_subcommand_from scenario" -a "${scenario}"
complete -c marblewave -n "__fish_seen_subcommand_from diff" -a "${diff}"
complete -c marblewave -n "__fish_seen_subcommand_from dram" -a "${dram}"
complete -c marblewave -n "__fish_seen_subcommand_from trace" -a "${trace}"
`);
      return 0;
    default:
      throw new UsageError(`completion: wanted bash, zsh or fish, got ${args[0] ?? 'nothing'}`);
  }
}
