import { Blocks } from './blocks.js';
import { VcdError } from './errors.js';
import { HeaderReader, type VcdHeader } from './header.js';
import { realOf, textOf, VALUE_DIGIT } from './values.js';

export type VcdSection = 'dumpvars' | 'dumpall' | 'dumpoff' | 'dumpon';

/** Is told what stands in a dump, in its order. Codes are {@link VcdDeclaration.code}. */
export interface VcdVisitor {
  /** What follows holds from this time on. Never falls. Not called for changes ahead of the first time: those are at 0. */
  time(time: number): void;
  /** A value of one character; `digit` is its byte. For an event, that it happens. */
  scalar(code: number, digit: number): void;
  /** Digits, most significant first, from `from` up to before `to`, as the file has them: neither extended nor checked for width. */
  vector(code: number, buffer: Uint8Array, from: number, to: number): void;
  real(code: number, value: number): void;
  text(code: number, value: string): void;
  /** What follows, up to {@link endSection}, are values of all variables rather than changes. */
  beginSection(section: VcdSection): void;
  endSection(): void;
}

const CR = 0x0d;
const TAB = 0x09;
const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const HIGH_BIT = 0x80;
const FIRST = 33;
const RADIX = 95;
const TWO = RADIX;
const THREE = RADIX + RADIX ** 2;

/** Of a byte that begins a word: what the word is. */
const NOTHING = 0;
const SCALAR = 1;
const VECTOR = 2;
const REAL = 3;
const TEXT = 4;
const TIME = 5;
const COMMAND = 6;
const KIND = new Uint8Array(256).fill(NOTHING);
for (const [letters, kind] of [
  ['01xXzZuUwWlLhH-', SCALAR],
  ['bB', VECTOR],
  ['rR', REAL],
  ['sS', TEXT],
  ['#', TIME],
  ['$', COMMAND],
] as const)
  for (const letter of letters) KIND[letter.charCodeAt(0)] = kind;

/**
 * A dump that is read in one direction, a block at a time.
 *
 * Storage  A block and the definitions.
 * Errors   VcdError, with the line, for what IEEE 1364-2005, clause 18, does not know. `s` and text (GTKWave) and the nine digits of
 *          std_logic (GHDL) are taken beyond that. A file that ends too early is no error: see {@link damage}.
 */
export class VcdScanner {
  readonly header: VcdHeader;
  /** Byte of the file at which the word in hand begins. */
  word = 0;
  /** Where the definitions end, byte of the file. */
  readonly body: number;
  /** Why the file ends early; null while it is being read and when it is whole. */
  damage: string | null = null;
  /** The latest time; -1 before the first. */
  private now = -1;
  private section = false;
  private readonly blocks: Blocks;
  private readonly codes: HeaderReader['codes'];
  /** Number of the code that {@link longCode} found, and where it ends. */
  private codeEnd = 0;

  /** @param first one of the same file, open, whose definitions need not be read again */
  constructor(file: string, blockBytes = 1 << 20, first: VcdScanner | null = null) {
    this.blocks = new Blocks(file, blockBytes, first?.blocks);
    if (first !== null) {
      this.header = first.header;
      this.codes = first.codes;
      this.body = first.body;
      this.blocks.seek(first.body);
      return;
    }
    try {
      const reader = new HeaderReader(this.blocks);
      this.header = reader.read();
      this.codes = reader.codes;
      if (!reader.whole) this.damage = 'it ends within its definitions';
    } catch (error) {
      this.blocks.close();
      throw error;
    }
    this.body = this.blocks.base + this.blocks.at;
  }

  /** Goes on at a word that gives a time, ahead of every word told so far. */
  seek(offset: number): void {
    this.blocks.seek(offset);
  }

  /**
   * Tells of single values.
   *
   * @param places by code: the byte of the file at which its value stands, as {@link word} was then; below 0 for none
   */
  recall(places: Float64Array, visitor: VcdVisitor & { wants(code: number): boolean }): void {
    const codes = [...places.keys()].filter((code) => places[code]! >= 0 && visitor.wants(code));
    codes.sort((a, b) => places[a]! - places[b]!);
    const { blocks } = this;
    for (const code of codes) {
      const start = blocks.wordAt(places[code]!);
      const { buffer } = blocks;
      let end = start + 1;
      while (buffer[end]! > SPACE) end += 1;
      const kind = KIND[buffer[start]!]!;
      if (kind === SCALAR) visitor.scalar(code, buffer[start]!);
      else if (kind === VECTOR) visitor.vector(code, buffer, start + 1, end);
      else if (kind === REAL) visitor.real(code, this.real(start, end));
      else visitor.text(code, textOf(buffer, start + 1, end));
    }
  }

  /** Tells of the changes in the block at hand, and fetches the next. False when that was the last. */
  step(visitor: VcdVisitor): boolean {
    if (this.damage !== null) return false;
    if (this.blocks.at < this.blocks.limit) this.words(visitor);
    if (this.damage !== null) return false;
    if (this.blocks.more()) return true;
    this.damage = this.missing();
    return false;
  }

  close(): void {
    this.blocks.close();
  }

  /** What the file lacks at its end. */
  private missing(): string | null {
    const { at, limit, rest, base } = this.blocks;
    if (at < limit || rest !== '') {
      const line = this.blocks.lineOf(base + at);
      return `it ends within ${at < limit ? 'a value or comment' : 'a word'} in line ${line}`;
    }
    return this.section ? 'it ends within a section of values, before its $end' : null;
  }

  /** Tells of every word of the window that is there with all that belongs to it. */
  private words(visitor: VcdVisitor): void {
    const { blocks } = this;
    const { buffer, limit, base } = blocks;
    const { short } = this.codes;
    let at = blocks.at;
    for (;;) {
      let byte = buffer[at]!;
      while (byte <= SPACE && at < limit) {
        if (byte !== LF && !isSpace(byte)) return this.strange(at);
        byte = buffer[++at]!;
      }
      if (at >= limit) break;
      const start = at;
      this.word = base + start;
      const kind = KIND[byte]!;
      // Where the identifier code begins.
      let from = start + 1;
      let digits = from;
      if (kind === TIME) {
        at = this.time(visitor, from);
        continue;
      }
      if (kind === COMMAND) {
        at = this.keyword(visitor, start, limit);
        if (at < 0) {
          at = start;
          break;
        }
        continue;
      }
      if (kind !== SCALAR) {
        if (kind === VECTOR) while (VALUE_DIGIT[buffer[digits]!] === 1) digits += 1;
        else if (kind === NOTHING) throw this.error(start, 'a value, a time or a keyword');
        else while (buffer[digits]! > SPACE) digits += 1;
        if (buffer[digits]! > SPACE || (digits === from && kind !== TEXT))
          throw this.error(start, kind === VECTOR ? 'b and digits 0, 1, x, z' : 'r and a number');
        from = digits + 1;
        while (from < limit && buffer[from]! <= SPACE) from += 1;
        if (from >= limit) {
          at = start;
          break;
        }
      }
      const first = buffer[from]!;
      const second = buffer[from + 1]!;
      let code: number;
      if (first > SPACE && second <= SPACE && first < HIGH_BIT) {
        code = short[first - FIRST]!;
        at = from + 1;
      } else if (first > SPACE && buffer[from + 2]! <= SPACE && (first | second) < HIGH_BIT) {
        const key = TWO + (first - FIRST) * RADIX + (second - FIRST);
        code = key < short.length ? short[key]! : -1;
        at = from + 2;
      } else {
        code = this.longCode(from);
        at = this.codeEnd;
      }
      if (code < 0) throw this.error(from, 'an identifier code that $var declares');
      if (kind === SCALAR) visitor.scalar(code, byte);
      else if (kind === VECTOR) visitor.vector(code, buffer, start + 1, digits);
      else if (kind === REAL) visitor.real(code, this.real(start, digits));
      else visitor.text(code, textOf(buffer, start + 1, digits));
    }
    blocks.at = at;
  }

  private longCode(from: number): number {
    const { buffer } = this.blocks;
    const { short } = this.codes;
    let end = from;
    let bits = 0;
    while (buffer[end]! > SPACE) bits |= buffer[end++]!;
    this.codeEnd = end;
    if (end - from !== 3 || bits >= HIGH_BIT) return this.codes.find(buffer, from, end);
    const key =
      THREE +
      ((buffer[from]! - FIRST) * RADIX + (buffer[from + 1]! - FIRST)) * RADIX +
      (buffer[from + 2]! - FIRST);
    return key < short.length ? short[key]! : -1;
  }

  /** Takes the time whose digits begin at `from`. Returns where it ends. */
  private time(visitor: VcdVisitor, from: number): number {
    const { buffer } = this.blocks;
    let time = 0;
    let at = from;
    for (let digit = buffer[at]! - ZERO; digit >= 0 && digit <= 9; digit = buffer[++at]! - ZERO)
      time = time * 10 + digit;
    if (at === from || buffer[at]! > SPACE || time > Number.MAX_SAFE_INTEGER)
      throw this.error(from - 1, `# and a time up to ${Number.MAX_SAFE_INTEGER}`);
    if (time < this.now) throw this.error(from - 1, `#${this.now} or later`);
    this.now = time;
    if (this.section) this.closeSection(visitor);
    visitor.time(time);
    return at;
  }

  /** Takes the keyword at `start`. Returns where it ends, -1 when it goes on behind the window. */
  private keyword(visitor: VcdVisitor, start: number, limit: number): number {
    const { buffer } = this.blocks;
    let at = start;
    while (buffer[at]! > SPACE) at += 1;
    const word = buffer.toString('latin1', start + 1, at);
    if (word === 'end') {
      if (this.section) this.closeSection(visitor);
      return at;
    }
    if (word === 'dumpvars' || word === 'dumpall' || word === 'dumpoff' || word === 'dumpon') {
      if (this.section) this.closeSection(visitor);
      this.section = true;
      visitor.beginSection(word);
      return at;
    }
    if (word !== 'comment' && word !== 'vcdclose' && word !== 'attrbegin' && word !== 'attrend')
      throw this.error(start, 'a keyword that stands among values, like $dumpall or $comment');
    for (let end = buffer.indexOf('$end', at); end >= 0 && end < limit; end = buffer.indexOf('$end', end + 1))
      if (buffer[end - 1]! <= SPACE && buffer[end + 4]! <= SPACE) return end + 4;
    return -1;
  }

  private closeSection(visitor: VcdVisitor): void {
    this.section = false;
    visitor.endSection();
  }

  private real(start: number, end: number): number {
    const value = realOf(this.blocks.buffer, start + 1, end);
    if (value === null) throw this.error(start, 'r and a number');
    return value;
  }

  /** A byte that is no printable character and no space. Zeros are what some file systems leave where a write was lost. */
  private strange(at: number): void {
    const { blocks } = this;
    if (blocks.buffer[at] !== 0) throw this.error(at, 'printable characters');
    this.damage = `it ends in zero bytes in line ${blocks.lineOf(blocks.base + at)}`;
  }

  private error(at: number, wanted: string): VcdError {
    const { buffer, base, path } = this.blocks;
    let end = at;
    while (end < at + 40 && buffer[end]! > SPACE) end += 1;
    const got = end > at ? JSON.stringify(buffer.toString('utf8', at, end)) : `byte ${buffer[at]}`;
    return new VcdError(path, this.blocks.lineOf(base + at), wanted, got);
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}

/**
 * Reads a dump from end to end: `begin` is told of the definitions and returns who is told of the rest.
 *
 * @returns why the file ends early; null when it is whole
 * @throws VcdError
 */
export function scanVcd(file: string, begin: (header: VcdHeader) => VcdVisitor): string | null {
  const scanner = new VcdScanner(file);
  try {
    const visitor = begin(scanner.header);
    while (scanner.step(visitor));
    return scanner.damage;
  } finally {
    scanner.close();
  }
}
