/** Printable characters and the one after them, from `!` on. */
const RADIX = 95;
const FIRST = 33;
/** Codes shorter than the place in this list plus one are looked up by their digits alone. */
const SIZES = [0, RADIX, RADIX + RADIX ** 2, RADIX + RADIX ** 2 + RADIX ** 3] as const;

/**
 * Identifier codes of a file, numbered from 0 in order of first declaration.
 *
 * Storage  3.5 MB when codes of three characters occur; next to nothing below, and a map for longer ones.
 */
export class CodeTable {
  /** Number of a code of up to three characters, by {@link shortKey}; -1 for none. */
  short = new Int32Array(SIZES[1]).fill(-1);
  private readonly long = new Map<string, number>();
  size = 0;

  /** The number of `code`, a new one at first sight. */
  add(code: string): number {
    const key = shortKey(code);
    const known = key < 0 ? (this.long.get(code) ?? -1) : key < this.short.length ? this.short[key]! : -1;
    if (known >= 0) return known;
    const number = this.size++;
    if (key < 0) this.long.set(code, number);
    else {
      if (key >= this.short.length) {
        const wider = new Int32Array(SIZES[code.length]!).fill(-1);
        wider.set(this.short);
        this.short = wider;
      }
      this.short[key] = number;
    }
    return number;
  }

  /** The number of a code of any length; -1 for none. */
  find(buffer: Buffer, from: number, to: number): number {
    const code = buffer.toString('latin1', from, to);
    const key = shortKey(code);
    if (key < 0) return this.long.get(code) ?? -1;
    return key < this.short.length ? this.short[key]! : -1;
  }
}

/** The place of a code in {@link CodeTable.short}: base 95, shorter ones first. -1 for other codes. */
function shortKey(code: string): number {
  if (code.length === 0 || code.length > 3) return -1;
  let key = 0;
  for (let i = 0; i < code.length; i++) {
    const digit = code.charCodeAt(i) - FIRST;
    if (digit >= RADIX) return -1;
    key = key * RADIX + digit;
  }
  return SIZES[code.length - 1]! + key;
}
