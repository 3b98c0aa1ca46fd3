import type { Wires } from './converse.js';
import { randomBits } from './random-stimulus.js';

/** Input values by port. */
export type Drive = Record<string, bigint | number>;

/** Random decisions of a component's neighbours, the same for the same seed. */
export class Dice {
  private readonly bits: () => number;

  constructor(seed: number) {
    this.bits = randomBits(seed);
  }

  /** A whole number of 0 … below − 1; below up to 2^53. */
  below(below: number): number {
    return Math.floor(((this.bits() * 2 ** 21 + (this.bits() >>> 11)) / 2 ** 53) * below);
  }

  /** A whole number of min … max. */
  from(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** 16-bit lanes: a few at the extremes, the others anything. */
  lanes(count: number): bigint {
    let packed = 0n;
    for (let k = 0; k < count; k++) {
      const word = this.oneIn(5) ? [0x8000, 0x7fff, 0xffff, 0][this.below(4)]! : this.below(65536);
      packed = (packed << 16n) | BigInt(word);
    }
    return packed;
  }

  /** That many bits. */
  wide(bits: number): bigint {
    return BigInt.asUintN(bits, this.lanes(Math.ceil(bits / 16)));
  }
}

/** How willing a neighbour is: never, always or now and then, for some dozens of cycles at a time. */
export class Mood {
  private left = 0;
  private chance = 0;

  constructor(
    private readonly dice: Dice,
    /** Chances in sixteenths that it chooses from. */
    private readonly chances: readonly number[] = [0, 2, 8, 14, 16],
    private readonly longest = 80,
  ) {}

  next(): boolean {
    if (this.left === 0) {
      this.left = this.dice.from(5, this.longest);
      this.chance = this.chances[this.dice.below(this.chances.length)]!;
    }
    this.left -= 1;
    return this.dice.below(16) < this.chance;
  }
}

/** `rst`: high for two cycles at first, and for one to three every few hundred later. */
export class Resets {
  private left = 2;

  constructor(
    private readonly dice: Dice,
    private readonly every = 700,
  ) {}

  next(): number {
    if (this.left > 0) this.left -= 1;
    else if (this.dice.oneIn(this.every)) this.left = this.dice.from(1, 3);
    return this.left > 0 ? 1 : 0;
  }
}

/** Whether a channel's transfer happens at the edge that ends this cycle. */
export function fires(seen: Wires, channel: string): boolean {
  return seen['rst'] !== 1n && seen[`${channel}_valid`] === 1n && seen[`${channel}_ready`] === 1n;
}

/** Payloads for a sink, one after the other, each held until it is taken. */
export class Offers {
  constructor(
    private readonly channel: string,
    /** The next payload, by field; null while there is none. */
    private readonly make: () => Drive | null,
    private readonly mood: Mood,
  ) {}

  next(seen: Wires): Drive {
    const { channel } = this;
    if (seen[`${channel}_valid`] === 1n && !fires(seen, channel) && seen['rst'] !== 1n) return {};
    const fields = this.mood.next() ? this.make() : null;
    if (fields === null) return { [`${channel}_valid`]: 0 };
    const drive: Drive = { [`${channel}_valid`]: 1 };
    for (const [field, value] of Object.entries(fields)) drive[`${channel}_${field}`] = value;
    return drive;
  }
}
