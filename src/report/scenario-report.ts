import type { Cell, ScenarioReport, ScenarioTable } from '../scenario/scenario.js';
import type { ScenarioDocument } from '../scenario/scenario-document.js';
import { type Column, textTable, whole } from './table.js';

/** Longest value of a parameter that is printed, letters; the JSON document has all of them. */
const LONGEST = 60;
const short = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= LONGEST ? text : Array.isArray(value) ? '[…]' : '{…}';
};

/** A scenario's results as people read them: question, parameters, rows, further tables, expectations. */
export function scenarioReport(document: ScenarioDocument, report: ScenarioReport): string {
  const { title, doc, parameters, sweep } = document;
  const fixed = Object.entries(parameters).map(([key, value]) => `${key} ${short(value)}`);
  const varied = Object.entries(sweep).map(
    ([key, values]) => `${key} ${values.map((value) => JSON.stringify(value)).join(', ')}`,
  );
  const rows: ScenarioTable = {
    title: `${document.points} ${document.points === 1 ? 'point' : 'points'}`,
    columns: document.columns.map(({ key, title: head, unit, digits }) => ({
      key,
      title: head,
      ...(unit === null ? {} : { unit }),
      ...(digits === null ? {} : { digits }),
    })),
    rows: document.rows,
  };
  const blocks = [
    `${title}${doc === null ? '' : `\n\n${doc.trim()}`}`,
    [
      fixed.length > 0 ? `fixed   ${fixed.join('; ')}` : '',
      varied.length > 0 ? `varied  ${varied.join('; ')}` : '',
    ]
      .filter((line) => line !== '')
      .join('\n'),
    ...(document.rows.length > 0
      ? [...(report.hidesRows === true ? [] : [rows]), ...(report.tables ?? [])]
      : []
    ).map(table),
    report.text?.trim() ?? '',
    expectations(document),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function table({ title, columns, rows }: ScenarioTable): string {
  const heads = columns.map(({ key, title: head, unit }): Column => {
    const isText = rows.every((row) => typeof row[key] === 'string');
    return {
      title: `${head ?? key}${unit === undefined ? '' : ` [${unit}]`}`,
      align: isText ? 'left' : 'right',
    };
  });
  const cells = rows.map((row) => columns.map(({ key, digits }) => cell(row[key] ?? null, digits)));
  return `${title}\n${textTable(heads, cells)}`;
}

/** Digits as asked for; else whole numbers as they are and others with three that count. */
function cell(value: Cell, digits: number | undefined): string {
  if (value === null) return '·';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (digits !== undefined) return value.toFixed(digits);
  if (Number.isInteger(value)) return whole(value);
  return String(Number(value.toPrecision(3)));
}

function expectations({ expectations: all, partial }: ScenarioDocument): string {
  if (partial)
    return 'partial: the run was interrupted; the rows are those of the first points, and nothing was judged';
  if (all.length === 0) return '';
  return all
    .map(({ that, holds, got }) => {
      const verdict = holds === null ? 'not judged' : holds ? 'holds' : 'DOES NOT HOLD';
      return `${verdict.padEnd(13)}  ${that}${got === null ? '' : `: ${typeof got === 'number' ? cell(got, undefined) : got}`}`;
    })
    .join('\n');
}
