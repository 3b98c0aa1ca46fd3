import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { RequestTrace } from '../../../src/components/ddr3/request-trace.js';

/** Traces and results of DRAMsim3, beside the checkout where they are there at all. */
const folder = new URL('../../../../shared/data/dram/', import.meta.url);

export const goldenThere = existsSync(new URL('README.md', folder));

/** One row of the table of results in the README beside the traces. */
export interface GoldenRun {
  /** Configuration: A has tRTRS = 1, D has 2. */
  readonly config: 'A' | 'D';
  readonly trace: string;
  readonly requests: number;
  readonly lastDone: number;
  readonly averageReadLatency: number;
  readonly minReadLatency: number;
  readonly maxReadLatency: number;
  readonly gigabytesPerSecond: number;
  readonly rowHitRate: number;
  readonly activates: number;
  readonly precharges: number;
  readonly refreshes: number;
  /** 10⁶ V·mA·clock. */
  readonly energy: number;
}

/** The table of results, read from the README itself. */
export function goldenRuns(): readonly GoldenRun[] {
  if (!goldenThere) return [];
  const text = readFileSync(new URL('README.md', folder), 'utf8');
  return [...text.matchAll(/^\| ([AD])\.(\w+) \|(.*)\|$/gm)].map((match) => {
    const figures = match[3]!.split('|').map(Number);
    return {
      config: match[1] as 'A' | 'D',
      trace: match[2]!,
      requests: figures[0]!,
      lastDone: figures[1]!,
      averageReadLatency: figures[2]!,
      minReadLatency: figures[3]!,
      maxReadLatency: figures[4]!,
      gigabytesPerSecond: figures[5]!,
      rowHitRate: figures[6]!,
      activates: figures[7]!,
      precharges: figures[8]!,
      refreshes: figures[9]!,
      energy: figures[10]!,
    };
  });
}

function lines(name: string): string[] {
  return gunzipSync(readFileSync(new URL(name, folder)))
    .toString()
    .trimEnd()
    .split('\n');
}

/** Where a trace file lies. */
export function goldenTracePath(trace: string): string {
  return new URL(`traces/${trace}.trace.gz`, folder).pathname;
}

/** A trace's requests, 64 bytes each. */
export function goldenTrace(trace: string): RequestTrace {
  const rows = lines(`traces/${trace}.trace.gz`).map((line) => line.split(' '));
  return {
    count: rows.length,
    bursts: Int32Array.from(rows, (row) => Math.floor(Number(row[0]) / 64)),
    writes: Uint8Array.from(rows, (row) => (row[1] === 'WRITE' ? 1 : 0)),
    stamps: Float64Array.from(rows, (row) => Number(row[2])),
  };
}

/** Clock, command, rank, bank and, for accesses and activates, row; for accesses the column in bursts. */
export type CommandRow = readonly [
  cycle: number,
  command: string,
  rank: number,
  bank: number,
  row: number,
  col: number,
];

/** DRAMsim3's command trace, in our names; what a command does not mean is −1. */
export function goldenCommands(run: GoldenRun): CommandRow[] {
  const names: Record<string, string> = {
    activate: 'ACT',
    precharge: 'PRE',
    read: 'RD',
    write: 'WR',
    refresh: 'REF',
  };
  return lines(`out/${run.config}.${run.trace}.cmd.gz`).map((line) => {
    const [cycle, name, , rank, , bank, row, col] = line.trim().split(/\s+/);
    const command = names[name!]!;
    const access = command === 'RD' || command === 'WR';
    return [
      Number(cycle),
      command,
      Number(rank),
      command === 'REF' ? -1 : Number(bank),
      access || command === 'ACT' ? Number.parseInt(row!, 16) : -1,
      access ? Number.parseInt(col!, 16) : -1,
    ];
  });
}

/** Of each read, in the order of the file: the clock at which DRAMsim3 accepted it, and that at which it was done. */
export function goldenReads(run: GoldenRun): { index: number; accepted: number; done: number }[] {
  return lines(`out/${run.config}.${run.trace}.req.gz`)
    .map((line) => line.split(' '))
    .filter((row) => row[1] === 'R')
    .map((row) => ({ index: Number(row[0]), accepted: Number(row[4]), done: Number(row[5]) }));
}
