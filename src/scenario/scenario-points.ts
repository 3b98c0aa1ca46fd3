import { z } from 'zod';
import { ConfigError } from '../kernel/index.js';
import { applySetting } from './run-config.js';
import type { AnyScenario } from './scenario.js';

export type Json = z.output<ReturnType<typeof z.json>>;

/** The points of a scenario: every combination of what is varied, grid by grid, each point once. */
export interface ScenarioPoints {
  readonly fixed: Readonly<Record<string, Json>>;
  readonly sweep: Readonly<Record<string, readonly Json[]>>;
  /** Complete, checked parameters of each point. */
  readonly points: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Applies settings `path=value` and multiplies the axes out. A setting of a varied parameter takes the place of its axis;
 * a JSON list, given for a parameter that is none, is an axis: `p=[1,2,4]`.
 * @throws ConfigError for an unknown parameter or a value that it does not take, naming both
 */
export function scenarioPoints(
  name: string,
  scenario: AnyScenario,
  settings: readonly string[],
): ScenarioPoints {
  const schema = z.strictObject(scenario.parameters);
  const given: Record<string, unknown> = {};
  for (const setting of settings) applySetting(given, setting, name);
  const own: Record<string, readonly unknown[]> = {};
  for (const [key, value] of Object.entries(given)) {
    const type = scenario.parameters[key];
    if (type === undefined || !Array.isArray(value) || type.safeParse(value).success) continue;
    if (value.length === 0) throw new ConfigError(name, key, 'a list of one value or more', '[]');
    delete given[key];
    own[key] = value;
  }
  const { sweep = {} } = scenario;
  const grids: readonly Readonly<Record<string, readonly unknown[] | undefined>>[] = Array.isArray(sweep)
    ? sweep
    : [sweep];
  // A point that is there keeps its place.
  const points = new Map<string, Record<string, unknown>>();
  const axes = new Map<string, Map<string, unknown>>();
  for (const grid of grids) {
    const varied = Object.entries({ ...grid, ...own }).filter(([key]) => !(key in given));
    let combinations: Record<string, unknown>[] = [{}];
    for (const [key, values = []] of varied) {
      combinations = combinations.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
      const known = axes.get(key) ?? new Map<string, unknown>();
      for (const value of values) known.set(JSON.stringify(value), value);
      axes.set(key, known);
    }
    for (const combination of combinations) {
      const point = checked(name, schema, { ...given, ...combination });
      points.set(JSON.stringify(point), point);
    }
  }
  const fixed: Record<string, Json> = {};
  const first = [...points.values()][0];
  for (const key of Object.keys(scenario.parameters)) {
    if (!axes.has(key)) fixed[key] = first?.[key] as Json;
  }
  return {
    fixed,
    sweep: Object.fromEntries([...axes].map(([key, values]) => [key, [...values.values()] as Json[]])),
    points: [...points.values()],
  };
}

function checked(name: string, schema: z.ZodObject, value: Record<string, unknown>): Record<string, unknown> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    at.push(issue.keys[0]!);
    const known =
      issue.path.length > 0 ? 'a known parameter' : `one of ${Object.keys(schema.shape).join(', ')}`;
    throw new ConfigError(name, at.join('.'), known, valueAt(value, at));
  }
  // zod says `Invalid input: expected number, received string`: the error says what was received itself.
  const wanted = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  throw new ConfigError(name, at.join('.'), wanted.replace(/^expected /, ''), valueAt(value, at));
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
