import { createRequire } from 'node:module';
import type { Backend, BackendSettings, Bulk } from './backend.js';
import { RtlError } from './errors.js';

interface Native {
  eval(): void;
  step(clocks: number, time: number): void;
  run(
    cycles: number,
    clocks: number,
    time: number,
    period: number,
    inputs: Uint32Array | null,
    outputs: Uint32Array | null,
  ): void;
  startVcd(file: string): void;
  stopVcd(): void;
  reset(): void;
  close(): void;
}

interface Addon {
  create(image: Uint32Array, clockWords: Uint32Array, half: number, seed: number): Native;
}

/** A verilated model in this process: image and calls are shared with C++. */
export class AddonBackend implements Backend {
  readonly image: Uint32Array;
  readonly unknown = null;
  private readonly native: Native;

  /** @param file the addon @throws RtlError when it cannot be loaded */
  constructor(
    file: string,
    private readonly top: string,
    { layout, clockWords, half, seed }: BackendSettings,
  ) {
    this.image = new Uint32Array(layout.inputWords + layout.outputWords);
    try {
      const addon = createRequire(import.meta.url)(file) as Addon;
      this.native = addon.create(this.image, Uint32Array.from(clockWords), half, seed);
    } catch (error) {
      throw this.failed(error);
    }
  }

  private failed(error: unknown): RtlError {
    return new RtlError(`${this.top}: the simulation must go on, got ${(error as Error).message}`);
  }

  eval(): void {
    try {
      this.native.eval();
    } catch (error) {
      throw this.failed(error);
    }
  }

  step(clocks: number, time: number): void {
    try {
      this.native.step(clocks, time);
    } catch (error) {
      throw this.failed(error);
    }
  }

  run({ cycles, clocks, time, period, inputs, outputs }: Bulk): void {
    try {
      this.native.run(cycles, clocks, time, period, inputs, outputs);
    } catch (error) {
      throw this.failed(error);
    }
  }

  startVcd(file: string): void {
    try {
      this.native.startVcd(file);
    } catch (error) {
      throw this.failed(error);
    }
  }

  stopVcd(): void {
    this.native.stopVcd();
  }

  reset(): void {
    this.image.fill(0);
    this.native.reset();
  }

  close(): void {
    this.native.close();
  }
}
