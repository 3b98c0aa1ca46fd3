import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './usage-error.js';

/** An option of a command: how it is given, what it means, where else it may come from. */
export interface Option {
  readonly name: string;
  /** What stands for the value in help; none for a flag. */
  readonly value?: string;
  readonly help: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** Environment variable that stands in where the option is not given. */
  readonly env?: string;
}

export interface Parsed {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  /** A whole number in a range. @throws UsageError */
  whole(name: string, low: number, high: number): number | undefined;
  /** One of a few words. @throws UsageError */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
}

/** Parses a command's arguments. @throws UsageError naming what is unknown or wrong */
export function parse(command: string, options: readonly Option[], args: readonly string[]): Parsed {
  const config: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const o of options)
    config[o.name] = {
      type: o.value === undefined ? 'boolean' : 'string',
      ...(o.multiple === true ? { multiple: true } : {}),
    };
  let result;
  try {
    result = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    const text = (error as Error).message.split('. ')[0]!.replace(/^(.)/, (c) => c.toLowerCase());
    throw new UsageError(`${command}: ${text}; see marblewave ${command} --help`);
  }
  const { values, positionals } = result;
  const from = (name: string): string | undefined => {
    const given = values[name];
    if (typeof given === 'string') return given;
    const env = options.find((o) => o.name === name)?.env;
    return env === undefined ? undefined : process.env[env];
  };
  /** What the user has to change: the option, or the variable that stood in for it. */
  const origin = (name: string): string =>
    typeof values[name] === 'string' ? `--${name}` : options.find((o) => o.name === name)!.env!;
  return {
    positionals,
    flag: (name) => values[name] === true,
    text: from,
    list: (name) => (values[name] as string[] | undefined) ?? [],
    whole: (name, low, high) => {
      const text = from(name);
      if (text === undefined) return undefined;
      const value = Number(text);
      if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high) {
        throw new UsageError(
          `${command}: ${origin(name)} must be a whole number from ${low} to ${high}, got ${JSON.stringify(text)}`,
        );
      }
      return value;
    },
    choice: <T extends string>(name: string, choices: readonly T[]): T | undefined => {
      const text = from(name);
      if (text === undefined) return undefined;
      if (!choices.includes(text as T))
        throw new UsageError(
          `${command}: ${origin(name)} must be one of ${choices.join(', ')}, got ${JSON.stringify(text)}`,
        );
      return text as T;
    },
  };
}

/** The options as help lists them. */
export function optionsHelp(options: readonly Option[]): string {
  const heads = options.map((o) => `--${o.name}${o.value === undefined ? '' : ` ${o.value}`}`);
  const width = Math.max(...heads.map((h) => h.length));
  return options
    .map((o, i) => `  ${heads[i]!.padEnd(width)}  ${o.help}${o.env === undefined ? '' : ` [${o.env}]`}`)
    .join('\n');
}
