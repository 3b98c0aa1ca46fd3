import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataSet } from '../src/networks/data-set.js';
import { loadNamedNetwork } from '../src/networks/zoo.js';
import { runNetwork } from '../src/scenario/network-run.js';
import { REPLAY_PROBES } from '../src/scenario/replay-needs.js';
import { canonicalConfig, runConfig } from '../src/scenario/run-config.js';
import type { RunDocument } from '../src/scenario/run-document.js';
import { recordMwt } from '../src/trace/record-mwt.js';
import type { Recording } from '../src/trace/recorder.js';
import { type Bench, type BenchResult, type Figure, type Goal, median } from './harness.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const child = fileURLToPath(new URL('trace-record-child.ts', import.meta.url));

/** Files that make transactions, and what stands in their place in a build without. */
const WITHOUT: Readonly<Record<string, string>> = {
  'components/axi/burst-transactions.ts': `export class BurstTransactions {
  readonly state = {};
  readAddress(): void {}
  readBeat(): void {}
  writeAddress(): void {}
  writeBeat(): void {}
  writeResponse(): void {}
}
`,
  'components/ddr3/channel-transactions.ts': `export class ChannelTransactions {
  readonly state = {};
  accepted(): void {}
  issued(): void {}
  forwarded(): void {}
  conflict(): void {}
  command(): void {}
}
`,
  'kernel/transactions.ts': `export class Transactions {
  work = 0;
  lastId = 0;
  readonly isObserved = false;
  begin(): number { return 0; }
  point(): number { return 0; }
  blocked(): void {}
  end(): void {}
}
`,
};

const PROCESS_PAIRS = 3;

/** What does a recording cost, and what does it cost that there could be one? */
export const traceRecord: Bench = {
  name: 'trace-record',
  question:
    'mnist-cnn in cycle mode: every port recorded into .mwt, and nothing recorded, against a run without',
  async run(quick): Promise<BenchResult> {
    const folder = mkdtempSync(join(tmpdir(), 'trace-record-'));
    try {
      const recorded = await recording(join(folder, 'run.mwt'), quick ? 9 : 15, quick ? 8 : 16);
      const idle = await nothing(folder, quick ? 4 : 16);
      return {
        figures: [...recorded.figures, ...idle.figures],
        goals: [...recorded.goals, ...idle.goals],
        notes: [
          'CPU time (user and system) of alternating pairs, medians',
          'without: the same sources with the three files that make transactions emptied, in a folder of their own; src/trace is not loaded there. What few calls TOP and the collector make of empty methods stay in',
        ],
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** One process, runs with and without a recording in turn. */
async function recording(
  file: string,
  pairs: number,
  images: number,
): Promise<{ figures: Figure[]; goals: Goal[] }> {
  const plain: number[] = [];
  const ratios: number[] = [];
  let written: Recording | null = null;
  for (let pair = -2; pair < pairs; pair++) {
    const without = await timed(images, null);
    const with_ = await timed(images, file);
    if (JSON.stringify(with_.document) !== JSON.stringify(without.document))
      throw new Error('the recorded run gave another document');
    written = with_.recording;
    if (pair < 0) continue;
    plain.push(without.milliseconds);
    ratios.push(with_.milliseconds / without.milliseconds);
  }
  const ratio = median(ratios);
  const { changes, bytes } = written!;
  return {
    figures: [
      { name: 'a run without, an image', value: median(plain) / images, unit: 'ms' },
      { name: 'changes recorded, an image', value: changes / images, unit: '' },
      { name: 'bytes of trace, an image', value: bytes / images, unit: 'B' },
      { name: 'recorded over not', value: ratio, unit: 'ratio' },
    ],
    goals: [
      {
        wanted: 'a run takes at most twice the time when every port is recorded',
        got: 1 / ratio,
        atLeast: 0.5,
      },
    ],
  };
}

async function timed(
  images: number,
  file: string | null,
): Promise<{ milliseconds: number; document: RunDocument; recording: Recording | null }> {
  const config = runConfig({});
  let recording: Recording | null = null;
  const loaded = loadNamedNetwork('mnist-cnn');
  const data = loadDataSet({ split: 'test' });
  const begun = process.cpuUsage();
  const document = await runNetwork({
    config,
    loaded,
    data,
    images,
    fast: false,
    float: false,
    control: new Int32Array(new SharedArrayBuffer(4)),
    built: (sim) => {
      if (file === null) return;
      const configuration = canonicalConfig(config);
      recording = recordMwt(sim, file, { configuration, seed: config.seed, probes: REPLAY_PROBES });
    },
  });
  (recording as Recording | null)?.close();
  const { user, system } = process.cpuUsage(begun);
  return { milliseconds: (user + system) / 1000, document, recording };
}

/** Pairs of processes, one from the sources as they are and one from those without transactions, asked in turn. */
async function nothing(folder: string, images: number): Promise<{ figures: Figure[]; goals: Goal[] }> {
  const without = buildWithout(join(folder, 'without'));
  const ratios: number[] = [];
  for (let pair = 0; pair < PROCESS_PAIRS; pair++) {
    const sides = [runner(join(root, 'src'), true), runner(join(without, 'src'), false)] as const;
    try {
      for (let warm = 0; warm < 3; warm++) for (const side of sides) await side.ask(images);
      for (let turn = 0; turn < 5; turn++) {
        // Who goes first changes.
        const order = turn % 2 === 0 ? [0, 1] : [1, 0];
        const times = [0, 0];
        for (const side of order) times[side] = await sides[side]!.ask(images);
        ratios.push(times[0]! / times[1]!);
      }
    } finally {
      for (const side of sides) side.stop();
    }
  }
  const ratio = median(ratios);
  return {
    figures: [{ name: 'recording nothing over a build without', value: ratio, unit: 'ratio' }],
    goals: [
      {
        wanted: 'a run takes at most 5 % more when nothing is recorded than in a build without',
        got: 1 / ratio,
        atLeast: 1 / 1.05,
      },
    ],
  };
}

function buildWithout(folder: string): string {
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true });
  for (const [file, text] of Object.entries(WITHOUT)) writeFileSync(join(folder, 'src', file), text);
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['node_modules', 'weights']) symlinkSync(join(root, name), join(folder, name), 'dir');
  return folder;
}

interface Side {
  /** Milliseconds of CPU for so many images. */
  ask(images: number): Promise<number>;
  stop(): void;
}

function runner(src: string, loadsTrace: boolean): Side {
  const process: ChildProcess = fork(child, [src, loadsTrace ? 'trace' : 'plain'], {
    execArgv: ['--import', 'tsx'],
    cwd: root,
  });
  return {
    ask: (images) =>
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void => reject(new Error(`a child ended with ${code}`));
        process.once('exit', failed);
        process.once('message', (milliseconds) => {
          process.off('exit', failed);
          resolve(milliseconds as number);
        });
        process.send(images);
      }),
    stop: () => process.disconnect(),
  };
}
