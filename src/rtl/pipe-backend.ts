import type { Backend, BackendSettings, Bulk } from './backend.js';
import { PipedProgram } from './piped-program.js';

const WHAT = { eval: 0, step: 1, run: 2, startVcd: 3, stopVcd: 4, reset: 5 } as const;
const ROWS = { none: 0, inputs: 1, outputs: 2 } as const;
/** Bytes of rows that go one way before the other way is served. */
const CHUNK_BYTES = 32_768;

/**
 * A verilated model in a process of its own, for machines without Node's headers. Each call is a frame of seven words, then inputs; each answer
 * is output words.
 */
export class PipeBackend implements Backend {
  readonly image: Uint32Array;
  readonly unknown = null;
  private readonly program: PipedProgram;
  private readonly frame = new Uint32Array(7);
  private readonly frameBytes = new Uint8Array(this.frame.buffer);
  private readonly inputBytes: Uint8Array;
  private readonly outputBytes: Uint8Array;

  constructor(
    file: string,
    top: string,
    private readonly settings: BackendSettings,
  ) {
    const { layout, clockWords, half, seed } = settings;
    this.image = new Uint32Array(layout.inputWords + layout.outputWords);
    this.inputBytes = new Uint8Array(this.image.buffer, 0, 4 * layout.inputWords);
    this.outputBytes = new Uint8Array(this.image.buffer, 4 * layout.inputWords);
    this.program = new PipedProgram(top, file, [seed, half, ...clockWords].map(String));
    this.eval();
  }

  private ask(what: number, cycles = 0, clocks = 0, rows = 0, time = 0, period = 0): void {
    this.frame.set([what, cycles, clocks, rows, time % 2 ** 32, Math.floor(time / 2 ** 32), period]);
    this.program.send(this.frameBytes);
  }

  eval(): void {
    this.ask(WHAT.eval);
    this.program.send(this.inputBytes);
    this.program.fill(this.outputBytes);
  }

  step(clocks: number, time: number): void {
    this.ask(WHAT.step, 0, clocks, 0, time);
    this.program.send(this.inputBytes);
    this.program.fill(this.outputBytes);
    this.lower(clocks);
  }

  /** The clocks are low after a step, here as in the model. */
  private lower(clocks: number): void {
    this.settings.clockWords.forEach((word, c) => {
      if (((clocks >>> c) & 1) === 1) this.image[word] = 0;
    });
  }

  run({ cycles, clocks, time, period, inputs, outputs }: Bulk): void {
    const { inputWords, outputWords } = this.settings.layout;
    const rows = (inputs === null ? ROWS.none : ROWS.inputs) | (outputs === null ? ROWS.none : ROWS.outputs);
    const most = Math.max(1, Math.floor(CHUNK_BYTES / (4 * Math.max(1, inputWords, outputWords))));
    for (let from = 0; from < cycles; from += most) {
      const count = Math.min(most, cycles - from);
      this.ask(WHAT.run, count, clocks, rows, time + from * period, period);
      this.program.send(
        inputs === null ? this.inputBytes : bytesOf(inputs, from * inputWords, count * inputWords),
      );
      if (outputs !== null) this.program.fill(bytesOf(outputs, from * outputWords, count * outputWords));
      this.program.fill(this.outputBytes);
    }
    if (inputs !== null && cycles > 0)
      this.image.set(inputs.subarray((cycles - 1) * inputWords, cycles * inputWords));
    this.lower(clocks);
  }

  startVcd(file: string): void {
    const name = new TextEncoder().encode(file);
    this.ask(WHAT.startVcd, name.length);
    this.program.send(name);
    this.program.fill(this.outputBytes);
  }

  stopVcd(): void {
    this.ask(WHAT.stopVcd);
    this.program.fill(this.outputBytes);
  }

  reset(): void {
    this.ask(WHAT.reset);
    this.image.fill(0);
    this.program.fill(this.outputBytes);
  }

  close(): void {
    this.program.close();
  }
}

const bytesOf = (words: Uint32Array, from: number, count: number): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset + 4 * from, 4 * count);
