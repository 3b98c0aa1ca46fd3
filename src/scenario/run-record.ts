import { z } from 'zod';
import { BUS } from '../components/ddr3/statistics.js';
import type { GuptaRunner } from '../machines/gupta/runner.js';
import { runDocumentSchema } from './run-document.js';
import type { RunFrame, RunResult, Tally } from './run-figures.js';

/**
 * A run as a transaction: `run`, around its layers. Its attributes have what a report says beside figures of the machine: JSON texts
 * `frame` at its beginning and `result` at its end.
 */
export const RUN = 'run';

const shape = runDocumentSchema.shape;
const layer = shape.layers.element.shape;

/** What stands in the attribute `frame`: RunFrame, and where the weights of each layer of the machine lie, byte addresses. */
export const frameSchema = z.strictObject({
  network: shape.network,
  machine: shape.machine,
  mode: shape.mode,
  data: shape.data,
  formats: shape.formats,
  rounding: shape.rounding,
  seed: shape.seed,
  saturatedWeights: shape.saturatedWeights,
  hashes: shape.hashes,
  steps: z.array(
    z.strictObject({
      name: layer.name,
      op: layer.op,
      input: layer.input,
      output: layer.output,
      kernel: layer.kernel,
      macs: layer.macs,
      plan: layer.plan,
    }),
  ),
  weights: z.array(z.strictObject({ from: z.number(), to: z.number() })),
});

const count = z.int().min(0);

/** What stands in the attribute `result`: RunResult, and what no event of the machine tells. */
export const resultSchema = z.strictObject({
  predictions: shape.predictions,
  labels: shape.labels,
  partial: shape.partial,
  check: shape.check,
  float: shape.float,
  /** By step: wrapped sums as the reference counted them; saturations in images that were not run in cycle mode. */
  wraps: z.array(count),
  unseenSaturations: z.array(count),
  /** Clocks of the DRAM's bus without data, by cause, up to the last burst; null with an ideal memory. */
  busGaps: z
    .strictObject({
      idle: count,
      refresh: count,
      row: count,
      activateWindow: count,
      turnaround: count,
      rankSwitch: count,
      scheduling: count,
    })
    .nullable(),
});

/** The run begins; returns its transaction. */
export function beginRun(frame: RunFrame, runner: GuptaRunner): number {
  const { transactions } = runner.sim;
  let attributes;
  if (transactions.isObserved) {
    const weights = runner.plans.map((_, index) => runner.weightAddresses(index));
    const record: z.input<typeof frameSchema> = { ...frame, steps: [...frame.steps], weights };
    attributes = { frame: JSON.stringify(record) };
  }
  transactions.work = transactions.begin(RUN, runner.machine.path, attributes);
  return transactions.work;
}

/** The run ends. @param unseenSaturations by step, of images that the machine did not run */
export function endRun(
  transaction: number,
  { sim, machine }: GuptaRunner,
  result: RunResult,
  tallies: readonly Tally[],
  unseenSaturations: readonly number[],
): void {
  const { transactions } = sim;
  transactions.work = 0;
  if (!transactions.isObserved) return;
  const bus = machine.memory.ddr3?.controller.statistics.bus;
  const gap = (cause: keyof typeof BUS): number => bus![BUS[cause]]!;
  const record: z.input<typeof resultSchema> = {
    ...result,
    wraps: tallies.map(({ wraps }) => wraps),
    unseenSaturations: [...unseenSaturations],
    busGaps:
      bus === undefined
        ? null
        : {
            idle: gap('idle'),
            refresh: gap('refresh'),
            row: gap('row'),
            activateWindow: gap('activateWindow'),
            turnaround: gap('turnaround'),
            rankSwitch: gap('rankSwitch'),
            scheduling: gap('scheduling'),
          },
  };
  transactions.end(transaction, { result: JSON.stringify(record) });
}
