import type { Blocks } from './blocks.js';
import { CodeTable } from './code-table.js';
import { VcdError } from './errors.js';
import { type BitRange, joinPath, rangeWidth, splitRange, unescaped } from './names.js';

/** Wider is no signal, but a slip of the file. */
const WIDEST = 1 << 24;

/** A name in a dump. Variables of one code are one value under several names. */
export interface VcdDeclaration {
  /** Unique in the file; see {@link joinPath}. A range stands in it only where it tells two variables apart. */
  readonly path: string;
  /** The word of the file: `wire`, `reg`, `integer`, `real`, `event`, `string`, `parameter`, … */
  readonly kind: string;
  /** As the file has it. */
  readonly width: number;
  /** Number of the identifier code, from 0, in order of first appearance. */
  readonly code: number;
  /** The range that the file gives it, if it is as wide as the variable. */
  readonly range: BitRange | null;
}

export interface VcdHeader {
  readonly path: string;
  readonly date: string;
  readonly version: string;
  readonly comments: readonly string[];
  /** Femtoseconds of a unit of time. 1 ns where the file does not say. */
  readonly unitFs: number;
  readonly variables: readonly VcdDeclaration[];
  /** How many identifier codes there are. */
  readonly codes: number;
}

interface Declared {
  readonly scopes: readonly string[];
  readonly kind: string;
  readonly width: number;
  readonly code: number;
  /** Without its range; with it. */
  readonly name: string;
  readonly whole: string;
  readonly range: BitRange | null;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1e15],
  ['ms', 1e12],
  ['us', 1e9],
  ['ns', 1e6],
  ['ps', 1e3],
  ['fs', 1],
]);

/**
 * Reads the definitions of a dump, up to `$enddefinitions` or, where that is missing, up to what is no definition any more.
 *
 * @throws VcdError for what is no definition as IEEE 1364-2005, clause 18, has them
 */
export class HeaderReader {
  readonly codes = new CodeTable();
  /** False when the file ends before its definitions do. */
  whole = false;
  private date = '';
  private version = '';
  private readonly comments: string[] = [];
  private unitFs = 1e6;
  private scopes: readonly string[] = [];
  private readonly enclosing: (readonly string[])[] = [];
  private readonly declared: Declared[] = [];
  /** Byte of the file at which the command in hand begins. */
  private command = 0;

  constructor(private readonly blocks: Blocks) {}

  read(): VcdHeader {
    this.whole = this.definitions();
    const { date, version, comments, unitFs, declared, codes } = this;
    return {
      path: this.blocks.path,
      date,
      version,
      comments,
      unitFs,
      variables: named(declared),
      codes: codes.size,
    };
  }

  /** True when definitions end; the window then stands at what follows. */
  private definitions(): boolean {
    for (let first = true; ; first = false) {
      const { blocks } = this;
      const word = this.word();
      if (word === null) return false;
      this.command = blocks.base + this.wordAt;
      if (!word.startsWith('$') || word.startsWith('$dump')) {
        if (first && !/^[#$]/.test(word)) throw this.error('a Value Change Dump', word);
        blocks.at = this.wordAt;
        return true;
      }
      // Half an $enddefinitions.
      if (word === '$end' && blocks.bareEnd) return false;
      if (word === '$end') throw this.error('a keyword like $scope, $var or $enddefinitions', word);
      const words = this.untilEnd();
      if (words === null) return false;
      if (word === '$enddefinitions') return true;
      this.define(word, words);
    }
  }

  private define(keyword: string, words: readonly string[]): void {
    if (keyword === '$var') this.variable(words);
    else if (keyword === '$scope') {
      this.enclosing.push(this.scopes);
      // Verilator opens a scope without a name above a design without one.
      if (words.length > 1) this.scopes = [...this.scopes, unescaped(words.slice(1).join(' '))];
    } else if (keyword === '$upscope') {
      const out = this.enclosing.pop();
      if (out === undefined) throw this.error('a $scope before it', '$upscope');
      this.scopes = out;
    } else if (keyword === '$timescale') this.unitFs = this.unit(words.join(''));
    else if (keyword === '$date') this.date = words.join(' ');
    else if (keyword === '$version') this.version = words.join(' ');
    else if (keyword === '$comment') this.comments.push(words.join(' '));
  }

  private variable(words: readonly string[]): void {
    const [kind, width, code, ...reference] = words;
    if (kind === undefined || width === undefined || code === undefined || reference.length === 0)
      throw this.error('$var with kind, width, code and name', words.join(' '));
    const bits = /^\d+$/.test(width) ? Number(width) : NaN;
    const least = isBits(kind) ? 1 : 0;
    if (!(bits >= least && bits <= WIDEST)) throw this.error(`a width of ${least} to ${WIDEST} bits`, width);
    this.declared.push({
      scopes: this.scopes,
      kind: kind.toLowerCase(),
      width: bits,
      code: this.codes.add(Buffer.from(code, 'utf8').toString('latin1')),
      ...refer(reference, kind, bits),
    });
  }

  private unit(text: string): number {
    const found = /^(1|10|100)(s|ms|us|ns|ps|fs)$/.exec(text.toLowerCase());
    if (found === null) throw this.error('a time scale like 1 ns or 100ps', text);
    return Number(found[1]) * UNITS.get(found[2]!)!;
  }

  /** Words up to `$end`, which is taken too; null when the file ends first. */
  private untilEnd(): string[] | null {
    const words: string[] = [];
    for (;;) {
      const word = this.word();
      if (word === null) return null;
      if (word === '$end') return words;
      words.push(word);
    }
  }

  /** Where the last word began in the window. */
  private wordAt = 0;

  private word(): string | null {
    const { blocks } = this;
    for (;;) {
      const { buffer, limit } = blocks;
      let from = blocks.at;
      while (from < limit && buffer[from]! <= 0x20) from += 1;
      blocks.at = from;
      if (from < limit) {
        let to = from + 1;
        while (buffer[to]! > 0x20) to += 1;
        this.wordAt = from;
        blocks.at = to;
        return buffer.toString('utf8', from, to).replace(/^\uFEFF/, '');
      }
      if (!blocks.more()) return null;
    }
  }

  private error(wanted: string, got: string): VcdError {
    const { blocks } = this;
    return new VcdError(blocks.path, blocks.lineOf(this.command), wanted, JSON.stringify(got.slice(0, 64)));
  }
}

/** Whether values of such a variable are bits, as far as its kind says. */
export function isBits(kind: string): boolean {
  return !/^(real|realtime|shortreal|real_parameter|string|event)$/i.test(kind);
}

/** Gives each variable its path: ranges where a name alone is not enough, and a number where even that is not. */
function named(declared: readonly Declared[]): VcdDeclaration[] {
  const short = declared.map(({ scopes, name }) => joinPath([...scopes, name]));
  const long = declared.map(({ scopes, whole }) => joinPath([...scopes, whole]));
  const wholes = new Map<string, string | null>();
  short.forEach((path, i) => {
    const other = wholes.get(path);
    wholes.set(path, other === undefined || other === long[i]! ? long[i]! : null);
  });
  const seen = new Map<string, number>();
  const variables: VcdDeclaration[] = [];
  declared.forEach(({ kind, width, code, range }, i) => {
    const wanted = wholes.get(short[i]!) === null ? long[i]! : short[i]!;
    if (seen.get(wanted) === code) return;
    let path = wanted;
    for (let n = 2; seen.has(path); n++) path = `${wanted}#${n}`;
    seen.set(path, code);
    variables.push({ path, kind, width, code, range });
  });
  return variables;
}

/**
 * Takes the words of a reference apart. An escaped name of Verilog ends at the blank, one of VHDL at its second backslash. What is in
 * brackets at the end is the range when it has a colon and is as wide as the variable; else it belongs to the name.
 */
function refer(
  words: readonly string[],
  kind: string,
  width: number,
): Pick<Declared, 'name' | 'whole' | 'range'> {
  const first = words[0]!;
  const vhdl = /^\\(.+)\\(\[.*\])?$/.exec(first);
  const name = vhdl === null ? unescaped(first) : vhdl[1]!;
  const suffix = (vhdl?.[2] ?? '') + words.slice(1).join('');
  const whole = name + suffix;
  if (!isBits(kind) || (suffix === '' && name !== first)) return { name: whole, whole, range: null };
  const parts = splitRange(whole);
  if (parts.range === null || !/:[^:]*$/.test(whole) || rangeWidth(parts.range) !== width)
    return { name: whole, whole, range: null };
  return { ...parts, whole };
}
