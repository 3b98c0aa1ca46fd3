import { Worker } from 'node:worker_threads';
import type { Row } from './scenario.js';
import { hookCode, isSource, typescriptApi } from './scenario-loader.js';

/** What a worker is told, and what it answers. */
export interface WorkerTask {
  readonly point: number;
  readonly parameters: Readonly<Record<string, unknown>>;
}
export type WorkerAnswer =
  | { readonly point: number; readonly rows: readonly Row[] | null }
  | {
      readonly point: number;
      readonly error: { readonly name: string; readonly message: string; readonly code?: string };
    };
export interface WorkerSetup {
  readonly file: string;
  readonly control: Int32Array;
}

/** A fault in a worker, as the thread that waits for it sees it: message and code of the original. */
class WorkerFault extends Error {
  readonly code: string | undefined;

  constructor(error: { readonly name: string; readonly message: string; readonly code?: string }) {
    super(error.message);
    this.name = error.name;
    this.code = error.code;
  }
}

/** Threads that each load the scenario's module and run the points that they are handed, one at a time. */
export class ScenarioWorkers {
  constructor(
    private readonly file: string,
    private readonly count: number,
    private readonly control: Int32Array,
  ) {}

  /** Runs all points; `keep` is told as they are done, in any order. A fault in one ends all. */
  async run(
    points: readonly Readonly<Record<string, unknown>>[],
    keep: (point: number, rows: readonly Row[]) => void,
  ): Promise<void> {
    let next = 0;
    const workers = Array.from({ length: this.count }, () => this.start());
    const drive = (worker: Worker): Promise<void> =>
      new Promise((resolve, reject) => {
        const hand = (): void => {
          if (next >= points.length || Atomics.load(this.control, 0) !== 0) return resolve();
          const point = next++;
          worker.postMessage({ point, parameters: points[point]! } satisfies WorkerTask);
        };
        worker.on('message', (answer: WorkerAnswer) => {
          if ('error' in answer) return reject(new WorkerFault(answer.error));
          if (answer.rows === null) return resolve();
          keep(answer.point, answer.rows);
          hand();
        });
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`a worker ended with code ${code}`)));
        hand();
      });
    try {
      await Promise.all(workers.map(drive));
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  }

  private start(): Worker {
    const entry = new URL(isSource ? './scenario-worker.ts' : './scenario-worker.js', import.meta.url);
    const workerData: WorkerSetup = { file: this.file, control: this.control };
    if (!isSource) return new Worker(entry, { workerData });
    // `--import tsx` does not reach into worker threads: this one registers it before it loads anything.
    const boot = `import(${JSON.stringify(typescriptApi())}).then((tsx) => {
      tsx.register();
      require('node:module').register(${JSON.stringify(hookCode())});
      return import(${JSON.stringify(entry.href)});
    });`;
    return new Worker(boot, { eval: true, workerData });
  }
}
