import { MarblewaveError } from '../kernel/index.js';

/** Where in the user's Verilog a tool found fault. */
export interface VerilogPlace {
  readonly file: string;
  readonly line: number;
}

/** Verilog that a tool refuses, a simulation that failed, or an engine that is not installed. */
export class RtlError extends MarblewaveError {
  constructor(
    message: string,
    /** Present where the tool named a file and a line. */
    readonly place: VerilogPlace | null = null,
    /** What the tool printed, whole. */
    readonly output = '',
  ) {
    super('E_RTL', message);
  }
}
