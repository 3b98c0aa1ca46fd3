import type { Channel, int } from '../../kernel/index.js';
import type { Push } from './registers.js';

/** A column's output: the 48-bit sums that leave it. */
export type ColumnOutput = Channel<{ data: ReturnType<typeof int> }>;

/**
 * The n output FIFOs of the array, as `Fifo` keeps each of them: valid and data are registers, a sum that is pushed in a
 * cycle is visible in the next, data is stale when empty. They are stepped together within the array's process.
 */
export class OutputColumns {
  readonly state: {
    /** Column j's words from j·depth on. */
    memory: Float64Array;
    read: Int32Array;
    write: Int32Array;
    level: Int32Array;
    /** Sum of levels. */
    held: number;
  };
  /** Columns whose outputs are to be shown anew. */
  private readonly touched: Uint8Array;

  constructor(
    private readonly outputs: readonly ColumnOutput[],
    private readonly depth: number,
  ) {
    const n = outputs.length;
    this.touched = new Uint8Array(n);
    this.state = {
      memory: new Float64Array(n * depth),
      read: new Int32Array(n),
      write: new Int32Array(n),
      level: new Int32Array(n),
      held: 0,
    };
  }

  /** Takes a sum; the array has promised that there is room. */
  readonly push: Push = (column, value) => {
    const s = this.state;
    const { depth } = this;
    s.memory[column * depth + s.write[column]!] = value;
    s.write[column] = s.write[column]! + 1 === depth ? 0 : s.write[column]! + 1;
    s.level[column]! += 1;
    s.held += 1;
    this.touched[column] = 1;
  };

  /** Pops every column that shows a sum to a ready consumer, and redeems its promise. Returns whether any did. */
  pop(promises: Int32Array): boolean {
    const s = this.state;
    if (s.held === 0) return false;
    const { outputs, depth } = this;
    let popped = false;
    for (let j = 0; j < outputs.length; j++) {
      if (s.level[j] === 0 || outputs[j]!.ready.value === 0) continue;
      s.read[j] = s.read[j]! + 1 === depth ? 0 : s.read[j]! + 1;
      s.level[j]! -= 1;
      s.held -= 1;
      promises[j]! -= 1;
      this.touched[j] = 1;
      popped = true;
    }
    return popped;
  }

  /** Writes the outputs of the columns that changed. */
  show(): void {
    const s = this.state;
    const { outputs, depth, touched } = this;
    for (let j = 0; j < outputs.length; j++) {
      if (touched[j] === 0) continue;
      touched[j] = 0;
      const out = outputs[j]!;
      out.valid.write(s.level[j] !== 0 ? 1 : 0);
      out.payload.data.write(s.memory[j * depth + s.read[j]!]!);
    }
  }

  /** Empties them; the memory stays as it is. */
  reset(): void {
    const s = this.state;
    s.read.fill(0);
    s.write.fill(0);
    s.level.fill(0);
    s.held = 0;
    this.touched.fill(1);
    this.show();
  }
}
