import { closeSync, openSync, writeSync } from 'node:fs';
import type { Backend, BackendSettings, Bulk } from './backend.js';
import { RtlError } from './errors.js';
import { rowsOf } from './wasm-source.js';
import { type WasmModule, webAssembly } from './web-assembly.js';

/** What the module exports; see `wasm-source.ts`. Addresses are in bytes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  image(): number;
  rows_in(): number;
  rows_out(): number;
  set_half(half: number): void;
  add_clock(word: number): void;
  eval(): number;
  step(clocks: number, time: number): number;
  run(cycles: number, clocks: number, time: number, period: number, inputs: number, outputs: number): number;
  vcd_start?(): void;
  vcd_stop?(): void;
  vcd_data?(): number;
  vcd_size?(): number;
  vcd_clear?(): void;
}

/** Bytes of a dump that wait for one write. */
const DUMP_BYTES = 65_536;
/** Cycles between two looks at the dump. */
const DUMP_CYCLES = 64;

/** A CXXRTL model in WebAssembly: the image lies in its memory. */
export class WasmBackend implements Backend {
  image: Uint32Array = new Uint32Array(0);
  readonly unknown = null;
  private exports!: Exports;
  private dump: number | null = null;

  constructor(
    private readonly module: WasmModule,
    private readonly top: string,
    private readonly settings: BackendSettings,
  ) {
    this.instantiate();
  }

  private instantiate(): void {
    const { layout, clockWords, half } = this.settings;
    const instance = new webAssembly.Instance(this.module, this.imports());
    this.exports = instance.exports as unknown as Exports;
    this.exports._initialize();
    this.exports.set_half(half);
    for (const word of clockWords) this.exports.add_clock(word);
    this.image = this.view(this.exports.image(), layout.inputWords + layout.outputWords);
    this.eval();
  }

  private view(address: number, words: number): Uint32Array {
    return new Uint32Array(this.exports.memory.buffer, address, words);
  }

  /** The system calls that the C++ library names. A model prints ($display), to stderr; all else it asks for in vain. */
  private imports(): object {
    const imports: Record<string, Record<string, () => number>> = {};
    const notSupported = 52;
    for (const { module, name } of webAssembly.Module.imports(this.module))
      (imports[module] ??= {})[name] = () => notSupported;
    const system = (imports['wasi_snapshot_preview1'] ??= {}) as Record<
      string,
      (...args: number[]) => number
    >;
    system['proc_exit'] = () => {
      throw this.stopped('its end');
    };
    system['fd_write'] = (_file, list, count, written) => this.print(list, count, written);
    return imports;
  }

  private print(list: number, count: number, written: number): number {
    const { buffer } = this.exports.memory;
    const pieces = new Uint32Array(buffer, list, 2 * count);
    let bytes = 0;
    for (let k = 0; k < count; k++) {
      const [at, length] = [pieces[2 * k]!, pieces[2 * k + 1]!];
      process.stderr.write(new Uint8Array(buffer, at, length).slice());
      bytes += length;
    }
    new Uint32Array(buffer, written, 1)[0] = bytes;
    return 0;
  }

  private stopped(how: string): RtlError {
    return new RtlError(`${this.top}: the simulation must go on, got ${how}`);
  }

  private done(unsettled: number): void {
    if (unsettled !== 0) throw this.stopped('logic that does not settle');
    // Memory that grew is another buffer.
    if (this.image.length === 0) {
      const { inputWords, outputWords } = this.settings.layout;
      this.image = this.view(this.exports.image(), inputWords + outputWords);
    }
  }

  eval(): void {
    this.done(this.exports.eval());
  }

  step(clocks: number, time: number): void {
    this.done(this.exports.step(clocks, time));
    if (this.dump !== null) this.writeDump(DUMP_BYTES);
  }

  run({ cycles, clocks, time, period, inputs, outputs }: Bulk): void {
    const { layout } = this.settings;
    const { inputWords, outputWords } = layout;
    const rows = this.dump === null ? rowsOf(layout) : Math.min(DUMP_CYCLES, rowsOf(layout));
    const most = inputs === null && outputs === null && this.dump === null ? cycles : rows;
    for (let from = 0; from < cycles; from += most) {
      const count = Math.min(most, cycles - from);
      if (inputs !== null)
        this.view(this.exports.rows_in(), count * inputWords).set(
          inputs.subarray(from * inputWords, (from + count) * inputWords),
        );
      this.done(
        this.exports.run(
          count,
          clocks,
          time + from * period,
          period,
          Number(inputs !== null),
          Number(outputs !== null),
        ),
      );
      outputs?.set(this.view(this.exports.rows_out(), count * outputWords), from * outputWords);
      if (this.dump !== null) this.writeDump(DUMP_BYTES);
    }
  }

  startVcd(file: string): void {
    if (this.exports.vcd_start === undefined)
      throw new RtlError(`${this.top}: a model that dumps must be loaded with trace, got one without`);
    try {
      this.dump = openSync(file, 'w');
    } catch (error) {
      throw new RtlError(
        `${this.top}: the dump must be a file that can be written, got ${(error as Error).message}`,
      );
    }
    this.exports.vcd_start();
    this.done(0);
  }

  /** Writes what there is of the dump if that is `least` bytes or more. */
  private writeDump(least: number): void {
    const { memory, vcd_data, vcd_size, vcd_clear } = this.exports;
    const size = vcd_size!();
    if (size < least) return;
    const bytes = new Uint8Array(memory.buffer, vcd_data!(), size);
    for (let at = 0; at < size;) at += writeSync(this.dump!, bytes, at);
    vcd_clear!();
  }

  stopVcd(): void {
    if (this.dump === null) return;
    this.exports.vcd_stop!();
    this.writeDump(1);
    closeSync(this.dump);
    this.dump = null;
  }

  reset(): void {
    this.instantiate();
  }

  close(): void {
    this.image = new Uint32Array(0);
  }
}
