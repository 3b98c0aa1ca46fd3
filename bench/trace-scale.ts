import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MwtWriter } from '../src/trace/mwt/writer.js';
import type { Bench, BenchResult } from './harness.js';
import { play, randomStream, streamHead } from './trace-stream.js';
import type { Looked } from './trace-scale-child.js';

const SIGNALS = 4096;
const BYTES = 2 ** 30;
const child = fileURLToPath(new URL('trace-scale-child.ts', import.meta.url));

/** Is a file of a gibibyte as quick to look at as a small one? */
export const traceScale: Bench = {
  name: 'trace-scale',
  question: 'a .mwt file of 1 GiB, 4096 signals: opening it, and 200 windows of 20 signals anywhere in it',
  run(quick): Promise<BenchResult> {
    if (quick)
      return Promise.resolve({ figures: [], goals: [], notes: ['left out with --quick: it writes 1 GiB'] });
    const folder = mkdtempSync(join(tmpdir(), 'trace-scale-'));
    try {
      return Promise.resolve(measure(join(folder, 'large.mwt')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function measure(file: string): BenchResult {
  const begun = performance.now();
  const { bytes, changes } = writeLarge(file);
  const seconds = (performance.now() - begun) / 1000;
  const {
    openMs,
    windowMs,
    worstMs,
    windowCpuMs,
    worstCpuMs,
    valueMs,
    drawMs,
    residentBytes,
    windowChanges,
  } = look(file);
  const megabytes = residentBytes / 1e6;
  return {
    figures: [
      { name: 'file', value: bytes, unit: 'B' },
      { name: 'changes', value: changes, unit: '' },
      { name: 'written', value: bytes / 1e6 / seconds, unit: 'MB/s' },
      { name: 'open', value: openMs, unit: 'ms' },
      { name: 'window, median', value: windowMs, unit: 'ms' },
      { name: 'window, worst', value: worstMs, unit: 'ms' },
      { name: 'window, median, CPU time', value: windowCpuMs, unit: 'ms' },
      { name: 'window, worst, CPU time', value: worstCpuMs, unit: 'ms' },
      { name: 'changes a window', value: windowChanges, unit: '' },
      { name: 'value at a time, median', value: valueMs, unit: 'ms' },
      { name: 'a hundredth of the run in 1000 buckets', value: drawMs, unit: 'ms' },
      { name: 'resident, most', value: megabytes, unit: 'MB' },
    ],
    goals: [
      { wanted: 'opens in under a second', got: 1000 / openMs, atLeast: 1 },
      { wanted: 'a window in under 50 ms, in the median', got: 50 / windowMs, atLeast: 1 },
      { wanted: 'the worst window in under 50 ms of CPU time', got: 50 / worstCpuMs, atLeast: 1 },
      { wanted: 'resident memory under 300 MB', got: 300 / megabytes, atLeast: 1 },
    ],
    notes: [
      'windows of 1,000 cycles at random; a process of its own opens the file, wall-clock time unless it says otherwise, first calls included; the worst window is judged by CPU time, since other processes make it wait',
    ],
  };
}

function writeLarge(file: string): { bytes: number; changes: number } {
  const stream = randomStream(SIGNALS, 4_000_000, 3);
  const span = stream.times.at(-1)! + 6024;
  const writer = new MwtWriter(file, streamHead(SIGNALS));
  let offset = 0;
  for (; writer.bytes < BYTES; offset += span) play(writer, stream, offset);
  writer.commit(offset);
  return { bytes: writer.bytes, changes: writer.changes };
}

function look(file: string): Looked {
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', child, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the process that reads the file ended with ${status}`);
  return JSON.parse(stdout) as Looked;
}
