import { parentPort, workerData } from 'node:worker_threads';
import { runPoint } from './run-scenario.js';
import { importScenario } from './scenario-loader.js';
import type { WorkerAnswer, WorkerSetup, WorkerTask } from './scenario-workers.js';

/** The thread's side of scenario-workers.ts. */
const { file, control } = workerData as WorkerSetup;
const scenario = importScenario(file);

async function answer({ point, parameters }: WorkerTask): Promise<WorkerAnswer> {
  try {
    return { point, rows: await runPoint(await scenario, parameters, point, control) };
  } catch (error) {
    if (!(error instanceof Error)) return { point, error: { name: 'Error', message: String(error) } };
    const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
    // Without a code it is a fault of ours or the scenario's, and its stack is what helps.
    const message = 'code' in code ? error.message : (error.stack ?? error.message);
    return { point, error: { name: error.name, message, ...code } };
  }
}

parentPort!.on('message', (task: WorkerTask) => {
  void answer(task).then((result) => parentPort!.postMessage(result));
});
