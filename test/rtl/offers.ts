import type { Values } from '../components/l2-bench.js';
import type { Drive, View } from './closed-loop.js';

/** Payloads for a sink, each held until it is taken. */
export class Offers {
  private readonly queue: Values[] = [];

  constructor(private readonly sink: string) {}

  get length(): number {
    return this.queue.length;
  }

  push(...values: Values[]): void {
    this.queue.push(...values);
  }

  clear(): void {
    this.queue.length = 0;
  }

  /** What the sink's ports hold in the coming cycle. */
  next(view: View, pauses: boolean): Drive {
    const waits = view(`${this.sink}_valid`) !== 0;
    const taken = waits && view(`${this.sink}_ready`) !== 0 && view('rst') === 0;
    if (taken) this.queue.shift();
    const value = this.queue[0];
    if (value === undefined || (pauses && !(waits && !taken))) return { [`${this.sink}_valid`]: 0 };
    const drive: Record<string, number | ArrayLike<number>> = { [`${this.sink}_valid`]: 1 };
    for (const [field, part] of Object.entries(value)) drive[`${this.sink}_${field}`] = part;
    return drive;
  }
}
