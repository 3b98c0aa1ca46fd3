import { ConfigError } from '../kernel/index.js';
import type { PartialFile } from './partial-file.js';

/** A name in the file. Variables of one code are one value under several names, of equal width. */
export interface VcdVariable {
  /** Scopes and name, between dots: `gupta.round[3].in_data`. */
  readonly path: string;
  readonly kind: 'wire' | 'event';
  /** Bits. */
  readonly width: number;
  /** 0 or more, in order of first appearance. */
  readonly code: number;
}

interface Scope {
  readonly scopes: Map<string, Scope>;
  readonly variables: { readonly name: string; readonly variable: VcdVariable }[];
}

const ZERO = 0x30;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const LETTER_B = 0x62;
const HASH = 0x23;

/**
 * Writes a Value Change Dump: the header, then times and value changes, as its caller puts them.
 *
 * The file holds no date and no name of a machine, so equal calls give equal bytes. Names: a scope keeps its brackets
 * (`pe[3][4]`). A variable with an index and more than one bit is written as Verilator writes elements of arrays,
 * `in_data[3] [15:0]`; a single bit with an index, `out_valid[3]`, is what readers take for one bit of the bus `out_valid`,
 * which it is in the Verilog twin.
 *
 * Source   IEEE Std 1364-2005, clause 18.
 */
export class VcdWriter {
  private codes: readonly Uint8Array[] = [];

  constructor(private readonly file: PartialFile) {}

  /** @throws ConfigError for a comment that would end early */
  header(variables: readonly VcdVariable[], comments: readonly string[]): void {
    const { file } = this;
    comments.forEach((line, i) => {
      if (/\$end|[\r\n]/.test(line))
        throw new ConfigError(file.path, `comments[${i}]`, 'one line without $end', line);
    });
    const codes: Uint8Array[] = [];
    const root: Scope = { scopes: new Map(), variables: [] };
    for (const variable of variables) {
      codes[variable.code] ??= identifier(variable.code);
      const names = variable.path.split('.');
      const name = names.pop()!;
      let scope = root;
      for (const at of names) {
        let next = scope.scopes.get(at);
        if (next === undefined) scope.scopes.set(at, (next = { scopes: new Map(), variables: [] }));
        scope = next;
      }
      scope.variables.push({ name, variable });
    }
    this.codes = codes;
    for (const line of comments) file.text(`$comment ${line} $end\n`);
    file.text('$version marblewave $end\n$timescale 1 ps $end\n');
    this.scope(root);
    file.text('$enddefinitions $end\n');
  }

  private scope({ scopes, variables }: Scope): void {
    const { file } = this;
    for (const { name, variable } of variables) {
      const { kind, width, code } = variable;
      const range = kind === 'wire' && width > 1 ? ` [${width - 1}:0]` : '';
      const id = String.fromCharCode(...this.codes[code]!);
      file.text(`$var ${kind} ${kind === 'event' ? 1 : width} ${id} ${name}${range} $end\n`);
    }
    for (const [name, below] of scopes) {
      file.text(`$scope module ${name} $end\n`);
      this.scope(below);
      file.text('$upscope $end\n');
    }
  }

  /** Values at the beginning: what `values` writes. */
  initial(time: number, values: () => void): void {
    this.time(time);
    this.file.text('$dumpvars\n');
    values();
    this.file.text('$end\n');
  }

  /** What follows holds from `time` ps on. Times must not fall. */
  time(time: number): void {
    const { file } = this;
    file.reserve(32);
    file.buffer[file.at++] = HASH;
    file.text(`${time}\n`);
  }

  /** An event happens. */
  event(code: number): void {
    this.bit(code, 1);
  }

  /** A scalar of `width` bits, 1 to 53, is `value` from now on; negative values in two's complement. */
  scalar(code: number, width: number, value: number): void {
    if (width === 1) {
      this.bit(code, value & 1);
      return;
    }
    this.file.reserve(width + 16);
    this.beginBus();
    this.bits(value, width, true);
    this.end(code, true);
  }

  /** A bus of lanes of `width` bits each; lane 0 is the least significant. */
  lanes(code: number, width: number, values: ArrayLike<number>): void {
    if (width * values.length === 1) {
      this.bit(code, values[0]! & 1);
      return;
    }
    this.file.reserve(width * values.length + 16);
    this.beginBus();
    // A value is extended on the left with zeros, so those need no writing.
    let lane = values.length - 1;
    while (lane > 0 && values[lane] === 0) lane -= 1;
    this.bits(values[lane]!, width, true);
    for (lane--; lane >= 0; lane--) this.bits(values[lane]!, width, false);
    this.end(code, true);
  }

  private bit(code: number, value: number): void {
    const { file } = this;
    file.reserve(16);
    file.buffer[file.at++] = ZERO + value;
    this.end(code, false);
  }

  private beginBus(): void {
    this.file.buffer[this.file.at++] = LETTER_B;
  }

  /** The low `width` bits of an integer, most significant first; from the first 1 on, or the last bit, when `trimmed`. */
  private bits(value: number, width: number, trimmed: boolean): void {
    const { buffer } = this.file;
    let { at } = this.file;
    // Bits above 32 are out of reach of the operators; >>> takes an integer of any size modulo 2^32.
    const high = Math.floor(value / 2 ** 32) >>> 0;
    const low = value >>> 0;
    let bit = width - 1;
    if (trimmed) while (bit > 0 && ((bit >= 32 ? high >>> (bit - 32) : low >>> bit) & 1) === 0) bit -= 1;
    for (; bit >= 32; bit--) buffer[at++] = ZERO + ((high >>> (bit - 32)) & 1);
    for (; bit >= 0; bit--) buffer[at++] = ZERO + ((low >>> bit) & 1);
    this.file.at = at;
  }

  private end(code: number, spaced: boolean): void {
    const { file } = this;
    const { buffer } = file;
    if (spaced) buffer[file.at++] = SPACE;
    const id = this.codes[code]!;
    for (let i = 0; i < id.length; i++) buffer[file.at++] = id[i]!;
    buffer[file.at++] = NEWLINE;
  }
}

/** The identifier code: digits in base 94, the printable characters from ! on, least significant first. */
function identifier(code: number): Uint8Array {
  const digits: number[] = [];
  let rest = code;
  do {
    digits.push(33 + (rest % 94));
    rest = Math.floor(rest / 94) - 1;
  } while (rest >= 0);
  return Uint8Array.from(digits);
}
