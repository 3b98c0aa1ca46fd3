import { ConfigError } from '../kernel/index.js';
import type { Backend } from './backend.js';
import type { EngineName } from './engines.js';
import { RtlError } from './errors.js';
import { type PortLayout, type RtlPort, topMask } from './port.js';

/** A port's value, unsigned: a number up to 53 bits, a bigint beyond, 'x' with an unknown bit (four-state engines only). */
export type RtlValue = number | bigint | 'x';

/** Cycles in one call. */
export interface RtlRun {
  /** Whole, 0 or more. */
  readonly cycles: number;
  /** `inputWords` words a cycle, laid out as the image; without it, inputs stay as they are. Clocks in it count for nothing. */
  readonly inputs?: Uint32Array;
  /** Takes `outputWords` words a cycle: the outputs just before the rising edge that ends it. */
  readonly outputs?: Uint32Array;
  /** Takes as many words: the bits that were x or z. Zeros from engines of two states. */
  readonly unknown?: Uint32Array;
  /** Clocks that rise in every cycle; all by default. */
  readonly clocks?: readonly string[];
}

/** Where a model's ports and clocks are, and what runs it. */
export interface RtlModelParts {
  readonly top: string;
  readonly engine: EngineName;
  readonly layout: PortLayout;
  readonly clocks: readonly string[];
  /** Picoseconds. */
  readonly period: number;
  readonly backend: Backend;
}

/**
 * Verilog that runs.
 *
 * Ports    By name or by the object in {@link ports}. Inputs start at 0.
 * Timing   {@link poke} inputs, {@link eval}, {@link peek}: outputs as they are before the edge. {@link step} is one rising edge of one or more
 *          clocks at the same instant, and their falling; outputs are then those after it. All calls are synchronous.
 * Time     {@link time} is that of the next rising edge, ps: half a period at first, a period further after each step. It dates the Value
 *          Change Dump and nothing else; whoever steps several clocks sets it, never back.
 * Errors   ConfigError for a port, a value or an array that cannot be; RtlError when the simulation ends ($finish, $stop) or after close.
 */
export class RtlModel {
  readonly top: string;
  readonly engine: EngineName;
  readonly ports: readonly RtlPort[];
  /** Words of a row of inputs. */
  readonly inputWords: number;
  /** Words of a row of outputs. */
  readonly outputWords: number;
  readonly clocks: readonly string[];
  /** Of the next rising edge, ps. */
  time: number;
  private readonly period: number;
  private readonly byName: ReadonlyMap<string, RtlPort>;
  private readonly allClocks: number;
  private state: 'open' | 'closed' = 'open';
  private dumping = false;
  private dumped = false;
  private readonly backend: Backend;

  constructor({ top, engine, layout, clocks, period, backend }: RtlModelParts) {
    this.top = top;
    this.engine = engine;
    this.ports = layout.ports;
    this.inputWords = layout.inputWords;
    this.outputWords = layout.outputWords;
    this.clocks = clocks;
    this.period = period;
    this.time = period / 2;
    this.byName = new Map(layout.ports.map((port) => [port.name, port]));
    this.allClocks = 2 ** clocks.length - 1;
    this.backend = backend;
  }

  /** @throws ConfigError for a name that no port has */
  port(name: string): RtlPort {
    const port = this.byName.get(name);
    if (port === undefined)
      throw new ConfigError(`rtl ${this.top}`, 'port', `one of ${[...this.byName.keys()].join(', ')}`, name);
    return port;
  }

  /** Sets an input; a negative value stands for its two's complement. Nothing moves before {@link eval} or {@link step}. */
  poke(port: string | RtlPort, value: number | bigint): void {
    const at = typeof port === 'string' ? this.port(port) : port;
    if (at.direction !== 'input')
      throw new ConfigError(`rtl ${this.top}`, 'port', 'an input', `${at.name}, an output`);
    const { width, word } = at;
    const { image } = this.backend;
    if (width <= 32 && typeof value === 'number') {
      if (!Number.isInteger(value) || value >= 2 ** width || value < -(2 ** (width - 1)))
        throw this.unfit(at, value);
      image[word] = value & topMask(width);
      return;
    }
    if (typeof value === 'number' && !Number.isInteger(value)) throw this.unfit(at, value);
    const big = BigInt(value);
    if (big >= 1n << BigInt(width) || big < -(1n << BigInt(width - 1))) throw this.unfit(at, value);
    let rest = BigInt.asUintN(width, big);
    for (let k = 0; k < at.words; k++, rest >>= 32n) image[word + k] = Number(rest & 0xffff_ffffn);
  }

  private unfit({ name, width }: RtlPort, value: number | bigint): ConfigError {
    const got = typeof value === 'bigint' ? String(value) : value;
    return new ConfigError(`rtl ${this.top}.${name}`, 'value', `a whole number that fits ${width} bits`, got);
  }

  /** The value of a port as of the last {@link eval} or {@link step}; of an input, as it was poked. */
  peek(port: string | RtlPort): RtlValue {
    const at = typeof port === 'string' ? this.port(port) : port;
    const { word, words, width } = at;
    const { image, unknown } = this.backend;
    if (unknown !== null && at.direction === 'output') {
      for (let k = 0; k < words; k++) if (unknown[word - this.inputWords + k] !== 0) return 'x';
    }
    if (words === 1) return image[word]!;
    if (width <= 53) return image[word + 1]! * 2 ** 32 + image[word]!;
    let value = 0n;
    for (let k = words - 1; k >= 0; k--) value = (value << 32n) | BigInt(image[word + k]!);
    return value;
  }

  /** The bits of a port, highest first: 0, 1, or x for what is unknown or undriven. */
  peekBits(port: string | RtlPort): string {
    const at = typeof port === 'string' ? this.port(port) : port;
    const { image, unknown } = this.backend;
    let bits = '';
    for (let b = at.width - 1; b >= 0; b--) {
      const word = at.word + (b >> 5);
      const mask = at.direction === 'output' ? (unknown?.[word - this.inputWords] ?? 0) : 0;
      bits += ((mask >>> (b & 31)) & 1) === 1 ? 'x' : String((image[word]! >>> (b & 31)) & 1);
    }
    return bits;
  }

  /** Settles the logic for the inputs as poked. Also moves registers if a clock was poked up or down. */
  eval(): void {
    this.mustBeOpen();
    this.backend.eval(this.time);
  }

  /** One rising edge of these clocks, at the same instant; of all, when none is named. Inputs poked since are settled before it. */
  step(clock?: string | readonly string[]): void {
    this.mustBeOpen();
    this.backend.step(clock === undefined ? this.allClocks : this.maskOf(clock), this.time);
    this.time += this.period;
  }

  /** Many cycles in one call: settle a row of inputs, note the outputs, step. */
  run({ cycles, inputs, outputs, unknown, clocks }: RtlRun): void {
    this.mustBeOpen();
    this.mustHold('inputs', inputs, cycles * this.inputWords);
    this.mustHold('outputs', outputs, cycles * this.outputWords);
    this.mustHold('unknown', unknown, cycles * this.outputWords);
    if (this.backend.unknown === null) unknown?.fill(0, 0, cycles * this.outputWords);
    if (cycles === 0) return;
    this.backend.run({
      cycles,
      clocks: clocks === undefined ? this.allClocks : this.maskOf(clocks),
      time: this.time,
      period: this.period,
      inputs: inputs ?? null,
      outputs: outputs ?? null,
      unknown: unknown ?? null,
    });
    this.time += cycles * this.period;
  }

  private maskOf(clocks: string | readonly string[]): number {
    let mask = 0;
    for (const name of typeof clocks === 'string' ? [clocks] : clocks) {
      const c = this.clocks.indexOf(name);
      if (c < 0)
        throw new ConfigError(`rtl ${this.top}`, 'clock', `one of ${this.clocks.join(', ') || 'none'}`, name);
      mask |= 2 ** c;
    }
    return mask >>> 0;
  }

  private mustHold(field: string, words: Uint32Array | undefined, least: number): void {
    if (!Number.isSafeInteger(least) || least < 0)
      throw new ConfigError(`rtl ${this.top}`, 'cycles', 'a whole number of 0 or more', least);
    if (words !== undefined && words.length < least)
      throw new ConfigError(`rtl ${this.top}`, field, `at least ${least} words`, words.length);
  }

  /**
   * Writes a Value Change Dump from now on, in picoseconds: everything within, where the model was loaded with `trace`. The file is whole after
   * {@link close} or {@link reset}. Once a model.
   *
   * @throws RtlError when the engine compiled the model without `trace`
   */
  dumpVcd(file: string): void {
    this.mustBeOpen();
    if (this.dumped)
      throw new RtlError(`${this.top}: a model must write one dump at most, got another: ${file}`);
    this.backend.startVcd(file);
    this.dumped = this.dumping = true;
  }

  /** Back to configuration: memories as `initial` leaves them, registers as when loaded, inputs and time at their start. */
  reset(): void {
    this.mustBeOpen();
    this.endDump();
    this.backend.reset();
    this.time = this.period / 2;
  }

  private endDump(): void {
    if (this.dumping) this.backend.stopVcd();
    this.dumping = false;
  }

  /** Frees what runs the model. May be called again. */
  close(): void {
    if (this.state === 'closed') return;
    try {
      this.endDump();
    } finally {
      this.state = 'closed';
      this.backend.close();
    }
  }

  private mustBeOpen(): void {
    if (this.state === 'closed')
      throw new RtlError(`${this.top}: the model must be open, got one that was closed`);
  }
}
