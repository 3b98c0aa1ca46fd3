import { openTrace } from '../src/trace/mwt/trace-file.js';
import { median } from './harness.js';

/** What a process that reads a large file finds. */
export interface Looked {
  readonly openMs: number;
  readonly windowMs: number;
  readonly worstMs: number;
  /** CPU time, of this process alone. */
  readonly windowCpuMs: number;
  readonly worstCpuMs: number;
  readonly valueMs: number;
  readonly drawMs: number;
  readonly residentBytes: number;
  /** On average. */
  readonly windowChanges: number;
}

const WINDOWS = 200;
const WINDOW_PS = 1000 * 6024;
const WINDOW_SIGNALS = 20;

let state = 12_345;
/** A number from 0 to below `limit`. */
function draw(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

let resident = 0;
function timed<T>(work: () => T): { ms: number; cpuMs: number; result: T } {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - begun;
  resident = Math.max(resident, process.memoryUsage.rss());
  return { ms, cpuMs: (user + system) / 1000, result };
}

const { ms: openMs, result: trace } = timed(() => openTrace(process.argv[2]!));
const windows: number[] = [];
const windowsCpu: number[] = [];
const values: number[] = [];
let changes = 0;
for (let i = 0; i < WINDOWS; i++) {
  const from = draw(trace.end);
  const signals = Array.from({ length: WINDOW_SIGNALS }, () => draw(trace.signals.length));
  const window = timed(() => {
    let count = 0;
    for (const _ of trace.changes({ signals, from, to: from + WINDOW_PS })) count += 1;
    return count;
  });
  changes += window.result;
  windows.push(window.ms);
  windowsCpu.push(window.cpuMs);
  values.push(timed(() => trace.valueAt(draw(trace.signals.length), draw(trace.end))).ms);
}
const from = draw(trace.end / 2);
const draws = timed(() => trace.decimate(17, from, from + Math.floor(trace.end / 100), 1000)).ms;
if (trace.damage !== null) throw new Error(trace.damage);
trace.close();
const looked: Looked = {
  openMs,
  windowMs: median(windows),
  worstMs: Math.max(...windows),
  windowCpuMs: median(windowsCpu),
  worstCpuMs: Math.max(...windowsCpu),
  valueMs: median(values),
  drawMs: draws,
  residentBytes: resident,
  windowChanges: changes / WINDOWS,
};
process.stdout.write(JSON.stringify(looked));
