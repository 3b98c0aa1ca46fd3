import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../kernel/index.js';
import type { Backend, BackendSettings, Bulk } from './backend.js';
import { PipedProgram } from './piped-program.js';
import { PartialFile } from '../trace/partial-file.js';

/** Bytes of answers that may wait while more is asked. */
const CHUNK_BYTES = 32_768;

/** A model in Icarus Verilog, behind the testbench of `icarus-bench.ts`. */
export class IcarusBackend implements Backend {
  readonly image: Uint32Array;
  readonly unknown: Uint32Array;
  private program: PipedProgram;
  /** What came of answers beyond the last whole line. */
  private rest = '';
  private readonly bytes = new Uint8Array(65_536);
  private dump: string | null = null;
  private ended = false;

  constructor(
    private readonly compiled: string,
    private readonly top: string,
    private readonly settings: BackendSettings,
  ) {
    const { inputWords, outputWords } = settings.layout;
    this.image = new Uint32Array(inputWords + outputWords);
    this.unknown = new Uint32Array(outputWords);
    this.program = this.start();
    this.eval();
  }

  private start(): PipedProgram {
    this.rest = '';
    this.ended = false;
    return new PipedProgram(this.top, 'vvp', ['-n', this.compiled]);
  }

  private send(lines: string): void {
    this.program.send(Buffer.from(lines, 'latin1'));
  }

  private inputs(words: Uint32Array, from: number): string {
    const { inputWords } = this.settings.layout;
    let digits = '';
    for (let k = from + inputWords - 1; k >= from; k--) digits += words[k]!.toString(16).padStart(8, '0');
    return digits === '' ? '0' : digits;
  }

  private line(): string {
    let end: number;
    while ((end = this.rest.indexOf('\n')) < 0) {
      const got = this.program.receive(this.bytes);
      this.rest += Buffer.from(this.bytes.buffer, 0, got).toString('latin1');
    }
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 1);
    return line;
  }

  /** An answer into words; x and z bits read 0 there, and 1 in `unknown`. */
  private answer(words: Uint32Array, from: number, unknown: Uint32Array | null, unknownFrom: number): void {
    const { outputWords } = this.settings.layout;
    const line = this.line();
    const binary = line.startsWith('b');
    const digits = binary ? 32 : 8;
    for (let k = 0; k < outputWords; k++) {
      const end = line.length - k * digits;
      const word = line.slice(end - digits, end);
      words[from + k] = binary ? parseInt(word.replaceAll(/[xz]/g, '0'), 2) : parseInt(word, 16);
      if (unknown !== null)
        unknown[unknownFrom + k] = binary
          ? parseInt(word.replaceAll('1', '0').replaceAll(/[xz]/g, '1'), 2)
          : 0;
    }
  }

  private answerIntoImage(): void {
    this.answer(this.image, this.settings.layout.inputWords, this.unknown, 0);
  }

  private lower(clocks: number): void {
    this.settings.clockWords.forEach((word, c) => {
      if (((clocks >>> c) & 1) === 1) this.image[word] = 0;
    });
  }

  eval(): void {
    this.send(`e ${this.inputs(this.image, 0)}\n`);
    this.answerIntoImage();
  }

  step(clocks: number, time: number): void {
    this.send(`s ${clocks.toString(16)} ${time} ${this.inputs(this.image, 0)}\n`);
    this.answerIntoImage();
    this.lower(clocks);
  }

  run({ cycles, clocks, time, period, inputs, outputs, unknown }: Bulk): void {
    const { inputWords, outputWords } = this.settings.layout;
    const most = Math.max(1, Math.floor(CHUNK_BYTES / (32 * outputWords + 2)));
    const rows = outputs ?? new Uint32Array(outputWords);
    for (let from = 0; from < cycles; from += most) {
      const count = Math.min(most, cycles - from);
      let lines = '';
      for (let c = from; c < from + count; c++) {
        const row = inputs === null ? this.inputs(this.image, 0) : this.inputs(inputs, c * inputWords);
        lines += `c ${clocks.toString(16)} ${time + c * period} ${row}\n`;
      }
      this.send(lines);
      for (let c = from; c < from + count; c++) {
        const at = outputs === null ? 0 : c * outputWords;
        this.answer(rows, at, unknown, c * outputWords);
      }
    }
    if (inputs !== null) this.image.set(inputs.subarray((cycles - 1) * inputWords, cycles * inputWords));
    this.lower(clocks);
    this.eval();
  }

  startVcd(file: string): void {
    // Found to be writable now, not when the run is over.
    new PartialFile(file).abort();
    this.send('v\n');
    this.answerIntoImage();
    this.dump = file;
  }

  /** Icarus completes its dump when it ends. */
  stopVcd(): void {
    this.endProgram();
  }

  private endProgram(): void {
    if (this.ended) return;
    this.ended = true;
    const { folder } = this.program;
    this.program.close(() => {
      if (this.dump === null) return;
      try {
        copyFileSync(join(folder, 'dump.vcd'), this.dump);
      } catch (error) {
        throw new ConfigError(
          `rtl ${this.top}`,
          'dump',
          'a file that can be written',
          (error as Error).message,
        );
      }
    });
    this.dump = null;
  }

  reset(): void {
    this.endProgram();
    this.image.fill(0);
    this.program = this.start();
    this.eval();
  }

  close(): void {
    this.endProgram();
  }
}
