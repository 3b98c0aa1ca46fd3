const ZERO = 0x30;
const ONE = 0x31;
const X = 0x78;
const Z = 0x7a;

/**
 * Digits of a value to 0, 1, x and z, in bytes; 0 for what is none. The nine values of std_logic go as To_X01Z of IEEE 1164 has them: weak
 * ones as strong, and uninitialised, weak unknown and do-not-care as x.
 */
const NORMAL = new Uint8Array(256);
for (const [digits, normal] of [
  ['0lL', ZERO],
  ['1hH', ONE],
  ['xXuUwW-', X],
  ['zZ', Z],
] as const)
  for (const digit of digits) NORMAL[digit.charCodeAt(0)] = normal;

/** 1 for the bytes that may be digits of a value. */
export const VALUE_DIGIT = NORMAL.map((digit) => (digit === 0 ? 0 : 1));

/** One of `0`, `1`, `x`, `z` for each byte that is a digit. */
const DIGITS: readonly string[] = Array.from(NORMAL, (digit) =>
  digit === 0 ? '' : String.fromCharCode(digit),
);

let scratch = Buffer.alloc(64);

/**
 * The digits from `from` up to before `to` as exactly `width` of `0`, `1`, `x`, `z`. Fewer digits are extended on the left as IEEE 1364-2005,
 * 18.2.1, says: x by x, z by z, 0 and 1 by 0. Of more, the last `width` count.
 */
export function bitsOf(buffer: Uint8Array, from: number, to: number, width: number): string {
  if (width === 1) return DIGITS[buffer[to - 1]!]!;
  if (width > scratch.length) scratch = Buffer.alloc(2 * width);
  const given = Math.min(to - from, width);
  let at = width - given;
  const first = NORMAL[buffer[to - given]!]!;
  scratch.fill(first === ONE ? ZERO : first, 0, at);
  for (let i = to - given; i < to; i++) scratch[at++] = NORMAL[buffer[i]!]!;
  return scratch.toString('latin1', 0, width);
}

/**
 * The digits as unsigned numbers of `width` bits (1 to 53), lane 0 from the least significant ones; lanes beyond the digits are 0.
 *
 * @returns false when an x or z is among the digits that count; `lanes` then holds nothing of use
 */
export function lanesOf(
  buffer: Uint8Array,
  from: number,
  to: number,
  width: number,
  lanes: Float64Array | Int32Array,
): boolean {
  let end = to;
  for (let lane = 0; lane < lanes.length; lane++) {
    let start = end - width;
    if (start < from) start = from;
    let value = 0;
    let unknown = 0;
    // Above 31 bits the operators are of no use.
    const high = end - 31;
    let at = start;
    if (high > start) {
      let upper = 0;
      for (; at < high; at++) {
        const digit = NORMAL[buffer[at]!]!;
        unknown |= digit;
        upper = upper * 2 + (digit & 1);
      }
      value = upper * 2 ** 31;
    }
    let lower = 0;
    for (; at < end; at++) {
      const digit = NORMAL[buffer[at]!]!;
      unknown |= digit;
      lower = (lower << 1) | (digit & 1);
    }
    if ((unknown & 0x40) !== 0) return false;
    lanes[lane] = value + lower;
    end = start;
  }
  return true;
}

/** A real number as C prints it, `inf` and `nan` too; null for anything else. */
export function realOf(buffer: Buffer, from: number, to: number): number | null {
  const text = buffer.toString('latin1', from, to);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special === null) return null;
  if (/^nan$/i.test(special[2]!)) return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  '?': 0x3f,
};

/** A text in UTF-8, in which blanks and the like are escaped as in C: `two\040words`, `two\x20words`. */
export function textOf(buffer: Buffer, from: number, to: number): string {
  if (buffer.subarray(from, to).indexOf(0x5c) < 0) return buffer.toString('utf8', from, to);
  const bytes = buffer
    .toString('latin1', from, to)
    .replace(
      /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))/g,
      (whole: string, octal?: string, hex?: string, letter?: string) => {
        const byte =
          octal !== undefined
            ? parseInt(octal, 8)
            : hex !== undefined
              ? parseInt(hex, 16)
              : (ESCAPES[letter ?? ''] ?? -1);
        return byte < 0 ? whole : String.fromCharCode(byte & 0xff);
      },
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
