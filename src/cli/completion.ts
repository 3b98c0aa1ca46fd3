import { namedNetworks } from '../networks/zoo.js';
import { commands } from './commands.js';
import { runOptions } from './run.js';
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
  switch (args[0]) {
    case 'bash':
    case 'zsh':
      process.stdout
        .write(`${args[0] === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_marblewave() {
  local cur=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${words}" -- "$cur"))
  elif [ "\${COMP_WORDS[1]}" = run ]; then COMPREPLY=($(compgen -W "${run}" -f -- "$cur"))
  else COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -F _marblewave marblewave
`);
      return 0;
    case 'fish':
      process.stdout.write(`complete -c marblewave -n __fish_use_subcommand -a "${words}"
complete -c marblewave -n "__fish_seen_subcommand_from run" -a "${run}"
`);
      return 0;
    default:
      throw new UsageError(`completion: wanted bash, zsh or fish, got ${args[0] ?? 'nothing'}`);
  }
}
