import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { array } from './array.js';
import { ddr3 } from './ddr3.js';
import { functional } from './functional.js';
import type { Bench, BenchResult } from './harness.js';
import { short } from './harness.js';
import { kernelActivations } from './kernel-activations.js';
import { matrixProduct } from './matrix-product.js';
import { rtlEngines } from './rtl-engines.js';
import { traceRecord } from './trace-record.js';
import { traceScale } from './trace-scale.js';
import { traceWriter } from './trace-writer.js';
import { vcd } from './vcd.js';

const HELP = `npm run bench
npm run bench -- --quick kernel

usage: bench [--quick] [--json] [NAME…]
Runs the benches whose names contain one of the words, all when none is given. Exits 1 when a goal that can be judged
on this machine is missed; one that is known to fall short, when less than what is held meanwhile comes out.
`;

/** One question each; see the files. */
const BENCHES: readonly Bench[] = [
  kernelActivations,
  array,
  matrixProduct,
  functional,
  ddr3,
  rtlEngines,
  traceRecord,
  traceWriter,
  traceScale,
  vcd,
];

function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

function print(bench: Bench, result: BenchResult): void {
  const width = Math.max(...result.figures.map((f) => f.name.length));
  const lines = [`${bench.name}: ${bench.question}`];
  for (const { name, value, unit } of result.figures)
    lines.push(`  ${name.padEnd(width)}  ${short(value).padStart(7)} ${unit}`);
  for (const { wanted, got, atLeast } of result.goals)
    lines.push(
      `  ${got >= atLeast ? 'met' : 'FALLS SHORT'}: ${wanted} (wanted at least ${atLeast}, got ${got.toPrecision(3)})`,
    );
  for (const note of result.notes) lines.push(`  ${note}`);
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const chosen = BENCHES.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  if (chosen.length === 0) {
    process.stderr.write(
      `no bench is named like ${positionals.join(' or ')}; there are: ${BENCHES.map((b) => b.name).join(', ')}\n`,
    );
    return 2;
  }
  if (values.json !== true) process.stdout.write(`${machine()}\n\n`);
  const results: { name: string; result: BenchResult }[] = [];
  for (const bench of chosen) {
    process.stderr.write(`${bench.name} …\n`);
    const result = await bench.run(values.quick === true);
    results.push({ name: bench.name, result });
    if (values.json !== true) print(bench, result);
  }
  if (values.json === true)
    process.stdout.write(`${JSON.stringify({ version: 1, machine: machine(), results }, null, 2)}\n`);
  return results.every(({ result }) => result.goals.every((g) => g.got >= (g.held ?? g.atLeast))) ? 0 : 1;
}

process.exitCode = await main();
