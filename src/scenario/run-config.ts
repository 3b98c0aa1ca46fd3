import { z } from 'zod';
import { guptaSchema, guptaSpec, type GuptaSpec } from '../machines/gupta/spec.js';
import { ConfigError } from '../kernel/index.js';

export const ROUNDINGS = ['nearest', 'stochastic'] as const;

/** A machine and the numbers it computes with: what `--config` reads and `--print-config` writes. */
export const runConfigSchema = z.strictObject({
  schema: z.literal('marblewave.config/1').default('marblewave.config/1'),
  fl: z.int().min(6).max(14).default(10).describe('fraction bits of the weights, in a 16-bit word'),
  rounding: z.enum(ROUNDINGS).default('nearest').describe('how the rounding units round'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('seed of the rounding units'),
  machine: guptaSchema.prefault({}),
});

export interface RunConfig {
  readonly schema: 'marblewave.config/1';
  readonly fl: number;
  readonly rounding: (typeof ROUNDINGS)[number];
  readonly seed: number;
  readonly machine: GuptaSpec;
}

const WANTED: Readonly<Record<string, string>> = {
  schema: "'marblewave.config/1'",
  fl: 'an integer from 6 to 14 (fraction bits of a 16-bit word)',
  rounding: "'nearest' or 'stochastic'",
  seed: 'an integer from 0 to 4294967295',
  machine: 'an object',
};

/** Completes and checks a configuration. @throws ConfigError naming the first field that is wrong. */
export function runConfig(input: unknown, path = 'config'): RunConfig {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new ConfigError(path, 'contents', 'a JSON object', input);
  const { machine, ...rest } = input as Record<string, unknown>;
  const parsed = runConfigSchema.safeParse(rest);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.code === 'unrecognized_keys' ? issue.keys[0]! : String(issue.path[0]);
    throw new ConfigError(
      path,
      field,
      issue.code === 'unrecognized_keys' ? 'a known setting' : (WANTED[field] ?? issue.message),
      rest[field],
    );
  }
  return { ...parsed.data, machine: guptaSpec(machine === undefined ? {} : machine, 'machine') };
}

/** Of a configuration what may change a result: how the array is simulated is left out. */
export function canonicalConfig({ machine, ...rest }: RunConfig): Omit<RunConfig, 'machine'> & {
  readonly machine: Omit<GuptaSpec, 'array'>;
} {
  const { array: _, ...others } = machine;
  return { ...rest, machine: others };
}

/** Sets `path=value` within a configuration's machine part, or another plain object: `memory.ddr3.speed=1066`. The value is JSON, else a text. */
export function applySetting(machine: Record<string, unknown>, setting: string, path = 'machine'): void {
  const at = setting.indexOf('=');
  if (at < 1)
    throw new ConfigError('--set', 'setting', 'path=value, such as memory.ddr3.speed=1066', setting);
  const keys = setting.slice(0, at).split('.');
  const text = setting.slice(at + 1);
  // Not a parameter, and not a key to assign to either.
  if (keys.includes('__proto__')) throw new ConfigError(path, keys.join('.'), 'a known parameter', text);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // A bare word is a text.
  }
  let target = machine;
  for (const key of keys.slice(0, -1)) {
    const next = target[key] ?? {};
    if (typeof next !== 'object' || Array.isArray(next))
      throw new ConfigError(path, keys.join('.'), 'a known parameter', text);
    target[key] = { ...next };
    target = target[key] as Record<string, unknown>;
  }
  target[keys.at(-1)!] = value;
}
