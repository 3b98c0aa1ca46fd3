import { ConfigError } from '../../kernel/index.js';

/** Fields of an address above the bytes of a burst. */
export const FIELDS = ['row', 'rank', 'bank', 'col'] as const;
export type Field = (typeof FIELDS)[number];
export type FieldBits = Readonly<Record<Field, number>>;

/** Two-letter fields of DRAMsim3's mappings; `null`: has no bits in a single channel of DDR3. */
const PAIRS: Readonly<Record<string, Field | null>> = {
  ro: 'row',
  ra: 'rank',
  ba: 'bank',
  co: 'col',
  ch: null,
  bg: null,
};

interface Piece {
  readonly field: Field;
  readonly bits: number;
}

const WANTED =
  'fields row, rank, bank and col joined by "-" from the top address bit down, such as row-rank-bank-col or row-col:4-bank-rank-col';

/**
 * Where a burst lies in the DRAM. The mapping names fields from the top address bit down: `row-rank-bank-col`. A field
 * may be split (`row-col:4-bank-rank-col`: all its pieces but one give their bits). `rank` may be left out: it then stands at
 * the top. DRAMsim3's form is understood too: `rochrababgco`. With `bankXor` the bank is XORed with the lowest row
 * bits, so that rows that would meet in one bank spread over all.
 *
 * A burst number is the byte address over the bytes of a burst, below 2^31: `col` counts bursts, not words.
 */
export class AddressMap {
  /** Bursts that there are. */
  readonly bursts: number;
  private readonly shifts: Record<Field, Int32Array>;
  private readonly masks: Record<Field, Int32Array>;
  private readonly simple: boolean;
  private readonly shift = { row: 0, rank: 0, bank: 0, col: 0 };
  private readonly mask = { row: 0, rank: 0, bank: 0, col: 0 };
  private readonly rankShift: number;
  private readonly xorMask: number;

  /** @throws ConfigError for a mapping that does not cover each field once */
  constructor(
    path: string,
    readonly mapping: string,
    bits: FieldBits,
    bankXor: boolean,
  ) {
    const pieces = parseMapping(path, mapping, bits);
    const shifts: Record<Field, number[]> = { row: [], rank: [], bank: [], col: [] };
    const masks: Record<Field, number[]> = { row: [], rank: [], bank: [], col: [] };
    let at = 0;
    // From the bottom up, so that the first piece of a field holds its low bits.
    for (const { field, bits: width } of [...pieces].reverse()) {
      const below = masks[field].reduce((sum, mask) => sum + bitCount(mask), 0);
      shifts[field].push(at - below);
      masks[field].push(((1 << width) - 1) << below);
      at += width;
    }
    this.bursts = 2 ** at;
    const ints = (lists: Record<Field, number[]>): Record<Field, Int32Array> => ({
      row: Int32Array.from(lists.row),
      rank: Int32Array.from(lists.rank),
      bank: Int32Array.from(lists.bank),
      col: Int32Array.from(lists.col),
    });
    this.shifts = ints(shifts);
    this.masks = ints(masks);
    this.simple = FIELDS.every((f) => shifts[f].length <= 1);
    for (const f of FIELDS) {
      this.shift[f] = shifts[f][0] ?? 0;
      this.mask[f] = masks[f][0] ?? 0;
    }
    this.rankShift = bits.bank;
    this.xorMask = bankXor ? 2 ** bits.bank - 1 : 0;
  }

  /** Rank and bank as one number: rank · banks + bank. */
  bankOf(burst: number): number {
    const rank = this.field(burst, 'rank');
    const bank = this.field(burst, 'bank') ^ (this.rowOf(burst) & this.xorMask);
    return (rank << this.rankShift) | bank;
  }

  rowOf(burst: number): number {
    return this.field(burst, 'row');
  }

  /** Column in bursts. */
  colOf(burst: number): number {
    return this.field(burst, 'col');
  }

  private field(burst: number, field: Field): number {
    if (this.simple) return shiftBy(burst, this.shift[field]) & this.mask[field];
    const shifts = this.shifts[field];
    const masks = this.masks[field];
    let value = 0;
    for (let i = 0; i < shifts.length; i++) value |= shiftBy(burst, shifts[i]!) & masks[i]!;
    return value;
  }
}

function shiftBy(value: number, by: number): number {
  return by >= 0 ? value >>> by : value << -by;
}

function bitCount(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n += 1;
  return n;
}

function parseMapping(path: string, mapping: string, bits: FieldBits): readonly Piece[] {
  const wrong = (): ConfigError => new ConfigError(path, 'mapping', WANTED, mapping);
  const tokens = /^([a-z]{2}){4,6}$/.test(mapping)
    ? mapping.match(/../g)!.flatMap((pair) => {
        if (!Object.hasOwn(PAIRS, pair)) throw wrong();
        return PAIRS[pair] ?? [];
      })
    : mapping.split('-');
  const found = tokens.map((token) => {
    const match = /^(row|rank|bank|col)(?::(\d+))?$/.exec(token);
    if (match === null) throw wrong();
    return { field: match[1] as Field, bits: match[2] === undefined ? null : Number(match[2]) };
  });
  if (!found.some(({ field }) => field === 'rank')) found.unshift({ field: 'rank', bits: null });
  const pieces: Piece[] = [];
  for (const { field, bits: width } of found) {
    const same = found.filter((piece) => piece.field === field);
    const open = same.filter((piece) => piece.bits === null).length;
    const given = same.reduce((sum, piece) => sum + (piece.bits ?? 0), 0);
    if (open > 1 || given > bits[field] || (open === 0 && given !== bits[field]))
      throw new ConfigError(
        path,
        'mapping',
        `one that gives ${field} its ${bits[field]} bits once (${WANTED})`,
        mapping,
      );
    pieces.push({ field, bits: width ?? bits[field] - given });
  }
  for (const field of FIELDS) if (!pieces.some((piece) => piece.field === field)) throw wrong();
  return pieces;
}
