import { ConfigError } from '../kernel/index.js';
import type { PartialFile } from './partial-file.js';
import { type BitRange, escaped, splitPath } from './vcd/names.js';

/** A name in the file. Variables of one code are one value under several names, of equal width. */
export interface VcdVariable {
  /** Scopes and name, between dots: `gupta.round[3].in_data`. A dot in a name has a backslash before it. */
  readonly path: string;
  /** The word for the file: `wire`, `reg`, `integer`, … for bits; `real`, `string`, `event`. */
  readonly kind: string;
  /** Bits. */
  readonly width: number;
  /** 0 or more, in order of first appearance. */
  readonly code: number;
  /** Numbers of the bits. Default from width − 1 down to 0, and none for a single bit. */
  readonly range?: BitRange | null;
}

interface Scope {
  readonly scopes: Map<string, Scope>;
  readonly variables: { readonly name: string; readonly variable: VcdVariable }[];
}

const ZERO = 0x30;
const ONE = 0x31;
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
 * which it is in the Verilog twin. Names that are no identifiers of Verilog are escaped: `\a+b`.
 *
 * Source   IEEE Std 1364-2005, clause 18.
 */
export class VcdWriter {
  private codes: readonly Uint8Array[] = [];

  /** @param timescale unit of the times that follow: `1 ps`, `100 ns` */
  constructor(
    private readonly file: PartialFile,
    private readonly timescale = '1 ps',
  ) {}

  /** @throws ConfigError for a comment that would end early, and for a name with blanks or without characters */
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
      const names = splitPath(variable.path);
      if (names.some((name) => !/^[^\p{C}\s]+$/u.test(name)))
        throw new ConfigError(
          file.path,
          'path',
          'names of printable characters other than blanks',
          variable.path,
        );
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
    file.text(`$version marblewave $end\n$timescale ${this.timescale} $end\n`);
    this.scope(root);
    file.text('$enddefinitions $end\n');
  }

  private scope({ scopes, variables }: Scope): void {
    const { file } = this;
    for (const { name, variable } of variables) {
      const { kind, width, code } = variable;
      const id = String.fromCharCode(...this.codes[code]!);
      file.text(
        `$var ${kind} ${kind === 'event' ? 1 : width} ${id} ${escaped(name)}${range(variable)} $end\n`,
      );
    }
    for (const [name, below] of scopes) {
      file.text(`$scope module ${escaped(name)} $end\n`);
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
    const { buffer } = file;
    buffer[file.at++] = HASH;
    let end = file.at + 1;
    for (let rest = time; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
    let at = end;
    for (let rest = time; at > file.at; rest = Math.floor(rest / 10)) buffer[--at] = ZERO + (rest % 10);
    buffer[end] = NEWLINE;
    file.at = end + 1;
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

  /** Digits `0`, `1`, `x`, `z`, most significant first, as many as the variable has bits; written short, as readers extend them. */
  digits(code: number, text: string): void {
    const { length } = text;
    this.file.reserve(length + 16);
    if (length === 1) {
      this.file.buffer[this.file.at++] = text.charCodeAt(0);
      this.end(code, false);
      return;
    }
    this.beginBus();
    const { buffer } = this.file;
    let { at } = this.file;
    for (let i = redundant(text); i < length; i++) buffer[at++] = text.charCodeAt(i);
    this.file.at = at;
    this.end(code, true);
  }

  /** A real, in as many digits as tell it from every other. */
  real(code: number, value: number): void {
    const { file } = this;
    const digits = Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'inf');
    file.text(`r${digits}`);
    file.reserve(16);
    this.end(code, true);
  }

  /** A text; blanks, backslashes and characters that cannot be printed are escaped as in C: `two\040words`. */
  string(code: number, text: string): void {
    const { file } = this;
    // oxlint-disable-next-line no-control-regex
    file.text(`s${text.replace(/[\x00-\x20\x7f\\]/g, octal)}`);
    file.reserve(16);
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

function range({ kind, width, range: given }: VcdVariable): string {
  if (kind === 'event' || kind === 'real' || kind === 'string') return '';
  if (given != null) return ` [${given.left}:${given.right}]`;
  return width > 1 ? ` [${width - 1}:0]` : '';
}

/** How many digits on the left a reader puts back: those alike, but for the one that it goes by. */
function redundant(text: string): number {
  const first = text.charCodeAt(0);
  if (first === ONE) return 0;
  let same = 1;
  while (same < text.length && text.charCodeAt(same) === first) same += 1;
  return first === ZERO && text.charCodeAt(same) === ONE ? same : same - 1;
}

function octal(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
