import type { PortLayout } from './port.js';

/** One pass of many cycles. */
export interface Bulk {
  readonly cycles: number;
  /** Bit c for the c-th clock. */
  readonly clocks: number;
  /** Picoseconds of the first rising edge, and between two. */
  readonly time: number;
  readonly period: number;
  /** A row of input words a cycle; null keeps the inputs as they are. */
  readonly inputs: Uint32Array | null;
  /** Takes a row of output words a cycle. */
  readonly outputs: Uint32Array | null;
  /** Takes a row of x and z bits a cycle, where the engine has them. */
  readonly unknown: Uint32Array | null;
}

/**
 * What an engine does for a model. All of it is synchronous.
 *
 * Timing   {@link eval} settles the logic for the inputs in the image. {@link step} settles, raises the clocks of a mask, settles,
 *          and lowers them: at once where the design has a `negedge`, else together with the inputs of the next call.
 * Errors   RtlError when the simulation stops, or when what runs it has gone.
 */
export interface Backend {
  /** Inputs, then outputs. May be another array after any call. */
  image: Uint32Array;
  /** One bit for each bit of the outputs that is x or z; null for an engine of two states. */
  readonly unknown: Uint32Array | null;
  eval(time: number): void;
  step(clocks: number, time: number): void;
  run(bulk: Bulk): void;
  /** Begins a Value Change Dump of ports and, where the model was built with `trace`, of everything within. */
  startVcd(file: string): void;
  /** Completes the dump. */
  stopVcd(): void;
  /** Registers and memories as configured. */
  reset(): void;
  close(): void;
}

/** What every backend is made with. */
export interface BackendSettings {
  readonly layout: PortLayout;
  /** Image words of the clocks, in the order of the mask's bits. */
  readonly clockWords: readonly number[];
  /** Half a clock's period, ps. */
  readonly half: number;
  /** 0: registers start at zero. Else they start at bits drawn from it, where the engine can. */
  readonly seed: number;
}
