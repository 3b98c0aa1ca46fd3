import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ddr3Controller } from '../src/components/ddr3/controller.js';
import { ddr3Report } from '../src/components/ddr3/report.js';
import type { RequestTrace } from '../src/components/ddr3/request-trace.js';
import { ddr3Spec } from '../src/components/ddr3/spec.js';
import { checkerLimits, Ddr3TimingChecker } from '../src/components/ddr3/timing-checker.js';
import { runTrace } from '../src/components/ddr3/trace-run.js';
import { type Bench, type BenchResult, type Figure, type Goal, median } from './harness.js';

const METHODS = 1000;
const WARM_UP = 200;
/** DRAMsim3's figures beside SystemC's on one machine: requests, and clocks of a nearly idle trace, a second. */
const SYSTEMC = 7.5e7;
const THEIRS = { sequential: 370e3, random: 199e3, idle: 8.3e6 } as const;
/** Clocks between two requests of the nearly idle trace. */
const PAUSE = 10_000;

type Kind = keyof typeof THEIRS;

/** Requests of a kind; reads, saturated but for the idle one. */
function traceOf(kind: Kind, count: number, bursts: number): RequestTrace {
  let q = 0x2545f491;
  const next = (): number => {
    q ^= q << 13;
    q ^= q >>> 17;
    q ^= q << 5;
    return q >>> 0;
  };
  return {
    count,
    bursts: Int32Array.from({ length: count }, (_, i) =>
      kind === 'sequential' ? i % bursts : next() % bursts,
    ),
    writes: new Uint8Array(count),
    stamps: Float64Array.from({ length: count }, (_, i) => (kind === 'idle' ? i * PAUSE : 0)),
  };
}

/** What must hold before anything is timed: legal commands, every request done, figures as the kind of trace makes them. */
function check(kind: Kind): void {
  const spec = ddr3Spec();
  const controller = new Ddr3Controller(spec);
  const checker = new Ddr3TimingChecker(checkerLimits());
  controller.listener = checker;
  const trace = traceOf(kind, 5_000, spec.map.bursts);
  const end = runTrace(controller, trace);
  checker.finish(end, spec.ranks);
  const { readLatency, rowHitRate, bandwidthGBps } = ddr3Report(controller);
  const hits = kind === 'sequential' ? rowHitRate > 0.98 : rowHitRate < 0.01;
  const fast = kind === 'idle' || bandwidthGBps > (kind === 'sequential' ? 12 : 10);
  if (checker.violationCount > 0 || readLatency.count !== trace.count || !hits || !fast)
    throw new Error(
      `${kind}: ${checker.violationCount} violations, ${readLatency.count} of ${trace.count} reads, hit rate ${rowHitRate}, ${bandwidthGBps} GB/s`,
    );
}

/** Requests and clocks a CPU second of a whole run. */
function round(trace: RequestTrace): { requests: number; clocks: number } {
  const controller = new Ddr3Controller(ddr3Spec());
  const start = process.cpuUsage();
  const clocks = runTrace(controller, trace);
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  return { requests: trace.count / seconds, clocks: clocks / seconds };
}

/** The compiled yardstick, or why there is none. */
function buildYardstick(folder: string): { program: string } | { skipped: string } {
  if (spawnSync('g++', ['--version']).status !== 0) return { skipped: 'there is no g++ here' };
  const home = process.env['SYSTEMC_HOME'];
  const include = home === undefined ? '/usr/include' : join(home, 'include');
  if (!existsSync(join(include, 'systemc.h'))) return { skipped: `there is no systemc.h in ${include}` };
  const program = join(folder, 'clocked-methods');
  const source = new URL('systemc/clocked-methods.cpp', import.meta.url).pathname;
  const paths =
    home === undefined ? [] : [`-I${include}`, `-L${join(home, 'lib')}`, `-Wl,-rpath,${join(home, 'lib')}`];
  const built = spawnSync('g++', ['-O3', '-o', program, source, ...paths, '-lsystemc'], { encoding: 'utf8' });
  if (built.status !== 0) return { skipped: `g++ failed: ${built.stderr.split('\n')[0]}` };
  return { program };
}

/** Activations of SC_METHODs a CPU second. */
function yardstick(program: string, cycles: number): number {
  const out = execFileSync(program, [String(METHODS), String(WARM_UP), String(cycles)], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [seconds, activations, checksum] = out.trim().split('\n').at(-1)!.split(' ').map(Number);
  // The first edge is at time 0: a counter ends at the edges that there were.
  if (checksum! % METHODS !== 0) throw new Error(`SystemC: counters differ, sum ${checksum}`);
  return activations! / seconds!;
}

async function run(quick: boolean): Promise<BenchResult> {
  const kinds = ['sequential', 'random', 'idle'] as const;
  const counts = { sequential: 200_000, random: 100_000, idle: 20_000 };
  const rounds = quick ? 3 : 9;
  const { bursts } = ddr3Spec().map;
  const traces = {
    sequential: traceOf('sequential', counts.sequential, bursts),
    random: traceOf('random', counts.random, bursts),
    idle: traceOf('idle', counts.idle, bursts),
  };
  for (const kind of kinds) {
    check(kind);
    round(traces[kind]);
  }
  const folder = mkdtempSync(join(tmpdir(), 'marblewave-bench-'));
  try {
    const built = buildYardstick(folder);
    const rates: Record<Kind, number[]> = { sequential: [], random: [], idle: [] };
    const ratios: Record<Kind, number[]> = { sequential: [], random: [], idle: [] };
    const theirs: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const systemC = 'program' in built ? yardstick(built.program, 4_000) : NaN;
      theirs.push(systemC);
      for (const kind of kinds) {
        const { requests, clocks } = round(traces[kind]);
        const rate = kind === 'idle' ? clocks : requests;
        rates[kind].push(rate);
        ratios[kind].push(rate / systemC);
      }
    }
    const figures: Figure[] = [
      { name: 'sequential reads', value: median(rates.sequential), unit: 'requests/s' },
      { name: 'random reads', value: median(rates.random), unit: 'requests/s' },
      { name: `a read every ${PAUSE} clocks`, value: median(rates.idle), unit: 'clocks/s' },
    ];
    const notes = [
      `${counts.sequential}, ${counts.random} and ${counts.idle} requests a round, ${rounds} rounds, CPU seconds; goals: DRAMsim3's figures over SystemC's 7.5e7 activations/s`,
    ];
    if ('skipped' in built) {
      notes.push(`comparison with SystemC skipped: ${built.skipped}`);
      return { figures, goals: [], notes };
    }
    figures.push({ name: `SystemC, ${METHODS} SC_METHODs`, value: median(theirs), unit: 'activations/s' });
    const goals: Goal[] = kinds.map((kind) => ({
      wanted: `${kind === 'idle' ? 'clocks of a nearly idle trace' : `${kind} requests`} over SystemC activations`,
      got: median(ratios[kind]),
      atLeast: THEIRS[kind] / SYSTEMC,
    }));
    return { figures, goals, notes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Is the busy DDR3 controller as quick as DRAMsim3's, and does idle time cost nothing? */
export const ddr3: Bench = {
  name: 'ddr3',
  question: 'How many requests a second does the DDR3 controller serve, and what does idle time cost?',
  run,
};
