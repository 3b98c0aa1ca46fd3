import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr, unpackMultiple } from 'msgpackr';
import { openTrace } from '../src/trace/mwt/trace-file.js';
import { MwtWriter } from '../src/trace/mwt/writer.js';
import { PartialFile } from '../src/trace/partial-file.js';
import { type Bench, type BenchResult, median } from './harness.js';
import { play, randomStream, type Stream, streamHead } from './trace-stream.js';

const SIGNALS = 256;

/** One change, as somebody would pack it who has no columns. */
interface Change {
  time: number;
  signal: number;
  value: number;
}

/** Ways to pack a change by itself. */
const RIVALS: readonly { readonly name: string; readonly packr: () => Packr }[] = [
  { name: 'as msgpackr does by default', packr: () => new Packr() },
  { name: 'a map each', packr: () => new Packr({ useRecords: false }) },
  { name: 'a record each, its structure told once', packr: () => new Packr({ structures: [] }) },
];

/** How much faster are columns than one record after the other? */
export const traceWriter: Bench = {
  name: 'trace-writer',
  question:
    'changes of 256 signals into a .mwt file, against msgpackr packing one {time, signal, value} at a time into a file',
  run(quick): Promise<BenchResult> {
    const folder = mkdtempSync(join(tmpdir(), 'trace-writer-'));
    try {
      return Promise.resolve(measure(folder, quick ? 5 : 15, quick ? 500_000 : 2_000_000));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function measure(folder: string, rounds: number, count: number): BenchResult {
  const stream = randomStream(SIGNALS, count, 1);
  const columns = join(folder, 'columns.mwt');
  const records = RIVALS.map((_, i) => join(folder, `records-${i}`));
  const times: number[] = [];
  const rivals: number[][] = RIVALS.map(() => []);
  const ratios: number[] = [];
  let sizes: number[] = [];
  for (let round = -2; round < rounds; round++) {
    let columnBytes = 0;
    const own = cpuOf(() => (columnBytes = writeColumns(columns, stream)));
    const recordBytes: number[] = [];
    const others = RIVALS.map(({ packr }, i) =>
      cpuOf(() => (recordBytes[i] = writeRecords(records[i]!, packr(), stream))),
    );
    sizes = [columnBytes, ...recordBytes];
    if (round < 0) continue;
    times.push(own);
    others.forEach((time, i) => rivals[i]!.push(time));
    // Against the fastest of them, in this round.
    ratios.push(Math.min(...others) / own);
  }
  check(columns, records[1]!, stream);
  const perSecond = (milliseconds: number): number => (1000 * count) / milliseconds;
  const ratio = median(ratios);
  return {
    figures: [
      { name: 'columns', value: perSecond(median(times)), unit: 'changes/s' },
      ...RIVALS.map(({ name }, i) => ({
        name,
        value: perSecond(median(rivals[i]!)),
        unit: 'changes/s',
      })),
      { name: 'columns, a change', value: sizes[0]! / count, unit: 'B' },
      ...RIVALS.map(({ name }, i) => ({
        name: `${name}, a change`,
        value: sizes[i + 1]! / count,
        unit: 'B',
      })),
      ...RIVALS.map(({ name }, i) => ({
        name: `columns over: ${name}`,
        value: median(rivals[i]!) / median(times),
        unit: 'ratio',
      })),
      { name: 'columns over the fastest record', value: ratio, unit: 'ratio' },
    ],
    goals: [{ wanted: 'columns at least 20 times as fast as records', got: ratio, atLeast: 20, held: 5 }],
    notes: [
      `${count} changes, ${rounds} rounds of each in turn, CPU time (user and system), medians; all end in a file in the temporary folder`,
    ],
  };
}

/** CPU time, ms. */
function cpuOf(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

function writeColumns(file: string, stream: Stream): number {
  const writer = new MwtWriter(file, streamHead(SIGNALS));
  play(writer, stream);
  writer.commit(stream.times.at(-1)!);
  return writer.bytes;
}

function writeRecords(file: string, packr: Packr, { times, waves, values }: Stream): number {
  const out = new PartialFile(file);
  for (let i = 0; i < times.length; i++) {
    const bytes = packr.pack({ time: times[i]!, signal: waves[i]!, value: values[i]! } satisfies Change);
    out.reserve(bytes.length);
    out.buffer.set(bytes, out.at);
    out.at += bytes.length;
  }
  out.commit();
  return out.bytes;
}

/** Both files hold the stream. */
function check(columns: string, records: string, { times, waves, values }: Stream): void {
  const few = Math.min(times.length, 100_000);
  const packed: Buffer = readFileSync(records);
  const trace = openTrace(columns);
  try {
    if (trace.counts.changes !== times.length || trace.verify() !== null)
      throw new Error('the trace file has not all changes');
    let i = 0;
    // The first instant comes as the values that hold at the begin, which is the same here.
    for (const { time, signal, value } of trace.changes({ to: times[few - 1]! })) {
      if (time !== times[i] || signal !== waves[i] || parseInt(String(value), 2) !== values[i])
        throw new Error(`the trace file has another change ${i}`);
      i += 1;
    }
    if (i < few) throw new Error('the trace file has too few changes');
  } finally {
    trace.close();
  }
  let i = 0;
  unpackMultiple(packed, (change: Change) => {
    if (change.time !== times[i] || change.signal !== waves[i] || change.value !== values[i])
      throw new Error(`the records have another change ${i}`);
    i += 1;
  });
  if (i !== times.length) throw new Error('the records have not all changes');
}
