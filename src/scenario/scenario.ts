import type { z } from 'zod';
import type { Plot } from './plot.js';

export type Cell = number | string | boolean | null;
/** One line of a scenario's results. Numbers are finite. */
export type Row = Readonly<Record<string, Cell>>;

/** How a column is shown: title, unit, digits behind the point (default: whole numbers as they are, else three that count). */
export interface ColumnText {
  readonly title?: string;
  readonly unit?: string;
  readonly digits?: number;
}

/** What a scenario holds its results to. `holds` is null where the rows at hand say nothing about it. */
export interface Expectation {
  /** A sentence that is true or not: `p = 1 is memory-bound`. */
  readonly that: string;
  readonly holds: boolean | null;
  /** What was found, in words or numbers. */
  readonly got?: number | string;
}

export interface ScenarioTable {
  readonly title: string;
  readonly columns: readonly (ColumnText & { readonly key: string })[];
  readonly rows: readonly Row[];
}

/** What is shown after the table of all rows: further tables, plots, a closing remark. */
export interface ScenarioReport {
  readonly text?: string;
  readonly tables?: readonly ScenarioTable[];
  readonly plots?: readonly Plot[];
  /** The tables above say it all: the one of all rows is left to files. */
  readonly hidesRows?: boolean;
}

/** What a run of one point is given beside its parameters. */
export interface ScenarioContext {
  /** Number of the point, in the order of the results. */
  readonly point: number;
  /** One shared word, as `runSliced` takes it: 2 asks for the end at the next cycle boundary. */
  readonly control: Int32Array;
  /** Throws {@link ScenarioStopped} once the end was asked for. */
  checkStopped(): void;
}

/** The run of a point ended early at the user's wish. */
export class ScenarioStopped extends Error {
  readonly code = 'E_INTERRUPTED';
  override readonly name = 'ScenarioStopped';
}

type Shape = Readonly<Record<string, z.ZodType>>;
/** The parameters of one point, checked and complete. */
export type ParametersOf<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> };

/** Parameters that are varied together, and their values; the first one varies slowest. */
export type Grid<S extends Shape> = { readonly [K in keyof S]?: readonly z.output<S[K]>[] };

/**
 * A study: typed parameters, what to run at each point of a grid of them, what the outcome must be, how to show it.
 *
 * `run` must depend on its parameters alone (no clock of the host, no Math.random): the same parameters then give the same
 * bytes, with one worker or many. It may be called in another thread than `expect` and `report`.
 */
export interface Scenario<S extends Shape = Shape, R extends Row = Row> {
  readonly title: string;
  /** What is asked, what is predicted and why; printed above the results. */
  readonly doc?: string;
  /** Every parameter has a default. */
  readonly parameters: S;
  /** What is varied: a grid, or several one after the other; points that an earlier grid had are not run again. */
  readonly sweep?: Grid<S> | readonly Grid<S>[];
  readonly columns?: { readonly [K in keyof R]?: ColumnText };
  run(parameters: ParametersOf<S>, context: ScenarioContext): readonly R[] | Promise<readonly R[]>;
  expect?(rows: readonly R[]): readonly Expectation[];
  report?(rows: readonly R[]): ScenarioReport;
}

/** Any scenario, its types forgotten. */
export type AnyScenario = Scenario<Shape, Row>;

/** Declares a scenario: a module's default export. Types of parameters and rows follow from it. */
export function defineScenario<S extends Shape, R extends Row>(scenario: Scenario<S, R>): Scenario<S, R> {
  return scenario;
}
