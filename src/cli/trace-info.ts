import { statSync } from 'node:fs';
import { bytes, textTable, whole } from '../report/table.js';
import type { TraceInfoDocument } from '../scenario/trace-info-document.js';
import { TraceFile } from '../trace/mwt/trace-file.js';
import { timeText } from '../trace/time-text.js';
import type { WaveFile } from '../trace/waves.js';
import type { Option, Parsed } from './options.js';
import { withFile } from './trace-source.js';

export const infoOptions: readonly Option[] = [
  { name: 'json', help: 'print one JSON document (schema marblewave.trace-info/1)' },
];

/** Modules that the table shows. */
const SHOWN = 40;

/** `marblewave trace info`. */
export function traceInfo(options: Parsed): number {
  return withFile(options, 'info', (waves) => {
    const document = documentOf(waves);
    process.stdout.write(options.flag('json') ? `${JSON.stringify(document)}\n` : `${tables(document)}\n`);
    return 0;
  });
}

function documentOf(waves: WaveFile): TraceInfoDocument {
  const trace = waves instanceof TraceFile ? waves : null;
  const modules = new Map<string, number>();
  for (const { path } of waves.signals) {
    const module = path.slice(0, Math.max(0, path.lastIndexOf('.')));
    modules.set(module, (modules.get(module) ?? 0) + 1);
  }
  const kinds = new Map<string, number>();
  for (const { kind } of trace?.transactions() ?? []) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const counts = trace?.counts;
  return {
    schema: 'marblewave.trace-info/1',
    file: waves.name,
    format: trace === null ? 'vcd' : 'mwt',
    bytes: statSync(waves.name).size,
    configurationHash: trace?.header.configurationHash ?? null,
    seed: trace?.header.seed ?? null,
    unitFs: waves.unitFs,
    begin: waves.begin,
    end: waves.end,
    clocks: waves.clocks.map(({ name, hz, phasePs }) => ({ name, hz: { ...hz }, phasePs })),
    signals: waves.signals.length,
    waves: new Set(waves.signals.map(({ wave }) => wave)).size,
    modules: [...modules]
      .map(([path, signals]) => ({ path, signals }))
      .sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path))),
    chunks: counts?.chunks ?? null,
    changes: counts?.changes ?? null,
    transactions: [...kinds]
      .map(([kind, count]) => ({ kind, count }))
      .sort((a, b) => (a.kind < b.kind ? -1 : Number(a.kind > b.kind))),
    damage: waves.damage,
  };
}

function tables(d: TraceInfoDocument): string {
  const time = (at: number): string => timeText(at, d.unitFs);
  const head = [
    `${d.file}: ${d.format === 'mwt' ? 'trace file' : 'Value Change Dump'}, ${bytes(d.bytes)}`,
    `time           ${time(d.begin)} to ${time(d.end)}`,
    `signals        ${whole(d.signals)}, names of ${whole(d.waves)} waves`,
  ];
  if (d.chunks !== null)
    head.push(
      `changes        ${whole(d.changes ?? 0)} in ${whole(d.chunks)} ${d.chunks === 1 ? 'chunk' : 'chunks'}`,
    );
  if (d.configurationHash !== null) head.push(`configuration  ${d.configurationHash}, seed ${d.seed ?? '-'}`);
  head.push(`damage         ${d.damage ?? 'none'}`);
  const parts = [head.join('\n')];
  if (d.clocks.length > 0)
    parts.push(
      textTable(
        [{ title: 'clock', align: 'left' }, { title: 'MHz' }, { title: 'first edge, ps' }],
        d.clocks.map(({ name, hz, phasePs }) => [name, (hz.num / hz.den / 1e6).toFixed(3), whole(phasePs)]),
      ),
    );
  if (d.transactions.length > 0)
    parts.push(
      textTable(
        [{ title: 'transactions', align: 'left' }, { title: 'count' }],
        d.transactions.map(({ kind, count }) => [kind, whole(count)]),
      ),
    );
  const left = d.modules.length - SHOWN;
  parts.push(
    textTable(
      [{ title: 'module', align: 'left' }, { title: 'signals' }],
      d.modules.slice(0, SHOWN).map(({ path, signals }) => [path === '' ? '(top)' : path, whole(signals)]),
    ) + (left > 0 ? `\n… and ${whole(left)} more modules (--json has all)` : ''),
  );
  return parts.join('\n\n');
}
