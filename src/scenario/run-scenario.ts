import { CONTROL, ConfigError } from '../kernel/index.js';
import type { AnyScenario, ColumnText, Row, ScenarioContext, ScenarioReport } from './scenario.js';
import { ScenarioStopped } from './scenario.js';
import type { ScenarioDocument } from './scenario-document.js';
import { scenarioPoints } from './scenario-points.js';
import { ScenarioWorkers } from './scenario-workers.js';

export interface ScenarioRunOptions {
  /** What to call it in results and messages. */
  readonly name: string;
  /** Settings `path=value`, in order; see scenarioPoints. */
  readonly settings?: readonly string[];
  /** Threads that run points, 1 or more; more than one needs `file`. Changes no byte of the results. Default 1: this thread. */
  readonly workers?: number;
  /** Absolute path of the module whose default export the scenario is. */
  readonly file?: string;
  /** One shared word (SharedArrayBuffer): 2 ends the run at the next cycle boundary. */
  readonly control?: Int32Array;
  /** Told when a point is done. */
  readonly progress?: (done: number, points: number) => void;
}

export interface ScenarioResult {
  readonly document: ScenarioDocument;
  readonly report: ScenarioReport;
}

/**
 * Runs every point of a scenario, judges its expectations, and gives the document that `--json` prints and what its report
 * shows besides. Rows are in the order of the points, however many workers ran them.
 * @throws ConfigError for settings it does not take, or rows that are no plain data; what `run` throws
 */
export async function runScenario(
  scenario: AnyScenario,
  options: ScenarioRunOptions,
): Promise<ScenarioResult> {
  const { name, settings = [], workers = 1, file } = options;
  const control = options.control ?? new Int32Array(new SharedArrayBuffer(4));
  const { fixed, sweep, points } = scenarioPoints(name, scenario, settings);
  const results: (readonly Row[] | undefined)[] = points.map(() => undefined);
  let done = 0;
  const keep = (point: number, rows: readonly Row[]): void => {
    results[point] = rows;
    done += 1;
    options.progress?.(done, points.length);
  };
  if (workers > 1) {
    if (file === undefined) throw new ConfigError(name, 'workers', '1 where no file is given', workers);
    const pool = new ScenarioWorkers(file, Math.min(workers, points.length), control);
    await pool.run([...points], keep);
  } else {
    for (const [point, parameters] of points.entries()) {
      await breathe();
      if (Atomics.load(control, 0) === CONTROL.stop) break;
      const rows = await runPoint(scenario, parameters, point, control);
      if (rows === null) break;
      keep(point, rows);
    }
  }
  // Interrupted workers may have left a hole: what counts is what is there without one.
  const missing = results.findIndex((rows) => rows === undefined);
  const finished = results.slice(0, missing < 0 ? results.length : missing) as (readonly Row[])[];
  const rows = finished.flat();
  const columns = columnsOf(name, scenario, rows);
  const partial = missing >= 0;
  const expectations = (partial ? [] : (scenario.expect?.(rows) ?? [])).map(({ that, holds, got }) => ({
    that,
    holds,
    got: got ?? null,
  }));
  return {
    document: {
      schema: 'marblewave.scenario/1',
      name,
      title: scenario.title,
      doc: scenario.doc ?? null,
      parameters: fixed,
      sweep: Object.fromEntries(Object.entries(sweep).map(([key, values]) => [key, [...values]])),
      columns,
      rows: rows.map((row) => ({ ...row })),
      points: finished.length,
      partial,
      expectations,
      held: expectations.every(({ holds }) => holds !== false),
    },
    report: rows.length === 0 ? {} : (scenario.report?.(rows) ?? {}),
  };
}

/** Runs one point; null when the end was asked for meanwhile. */
export async function runPoint(
  scenario: AnyScenario,
  parameters: Readonly<Record<string, unknown>>,
  point: number,
  control: Int32Array,
): Promise<readonly Row[] | null> {
  const context: ScenarioContext = {
    point,
    control,
    checkStopped: () => {
      if (Atomics.load(control, 0) === CONTROL.stop) throw new ScenarioStopped('stopped');
    },
  };
  try {
    return await scenario.run(parameters as never, context);
  } catch (error) {
    // A scenario that was loaded beside another copy of this class throws that copy's.
    if (error instanceof Error && error.name === 'ScenarioStopped') return null;
    throw error;
  }
}

/** Lets the host see to its events: an interrupt, a terminal. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function columnsOf(name: string, scenario: AnyScenario, rows: readonly Row[]): ScenarioDocument['columns'] {
  const keys = Object.keys(rows[0] ?? {});
  rows.forEach((row, i) => {
    const own = Object.keys(row);
    if (own.length !== keys.length || own.some((key, k) => key !== keys[k]))
      throw new ConfigError(
        name,
        `rows[${i}]`,
        `the columns ${keys.join(', ')} as rows[0] has`,
        own.join(', '),
      );
    for (const key of keys) {
      const value = row[key];
      const fine =
        value === null ||
        typeof value === 'string' ||
        typeof value === 'boolean' ||
        (typeof value === 'number' && Number.isFinite(value));
      if (!fine)
        throw new ConfigError(
          name,
          `rows[${i}].${key}`,
          'a finite number, a text, true, false or null',
          value,
        );
    }
  });
  return keys.map((key) => {
    const text: ColumnText = scenario.columns?.[key] ?? {};
    return { key, title: text.title ?? key, unit: text.unit ?? null, digits: text.digits ?? null };
  });
}
