import { whole } from '../report/table.js';
import { TraceFile } from '../trace/mwt/trace-file.js';
import { timeText } from '../trace/time-text.js';
import type { WaveFile } from '../trace/waves.js';
import type { Parsed } from './options.js';
import { withFile } from './trace-source.js';

/** `marblewave trace verify`: reads everything. Returns 0 for a whole file, 1 for a damaged one. */
export function traceVerify(options: Parsed): number {
  return withFile(options, 'verify', (waves) => {
    const found = readAll(waves);
    const wrong = found.wrong ?? waves.damage;
    const read = `${whole(found.changes)} changes of ${whole(waves.signals.length)} signals up to ${timeText(waves.end, waves.unitFs)}`;
    process.stdout.write(`${waves.name}: ${wrong === null ? 'whole' : `damaged: ${wrong}`}; ${read}\n`);
    return wrong === null ? 0 : 1;
  });
}

/** Counts all changes and looks at their order; the reader looks at CRCs and values. */
function readAll(waves: WaveFile): { changes: number; wrong: string | null } {
  let changes = 0;
  if (waves instanceof TraceFile) waves.verify();
  let last = waves.begin;
  for (const { time, signal } of waves.changes()) {
    if (time < last || time > waves.end)
      return { changes, wrong: `${waves.signals[signal]?.path} changes at ${time}, after ${last}` };
    last = time;
    changes += 1;
  }
  if (waves instanceof TraceFile)
    for (const { id, begin, end } of waves.transactions())
      if (end !== null && end < begin) return { changes, wrong: `transaction ${id} ends before it begins` };
  return { changes, wrong: null };
}
