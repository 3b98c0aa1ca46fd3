/** A word of B on its way, or a slice's of A, and the memory cell that it belongs to. */
interface Word {
  readonly half: number;
  /** B: bank. A: lane of the padded slice. */
  readonly bank: number;
  readonly addr: number;
  readonly value: number;
}

interface Command {
  readonly isPanel: boolean;
  readonly words: number;
}

interface Beat {
  readonly command: number;
  words: Word[];
}

/** The smallest odd prime from n on. */
const primeFrom = (n: number): number => {
  for (let p = n < 3 ? 3 : n; ; p++) if (![...Array(p).keys()].some((d) => d > 1 && p % d === 0)) return p;
};

/**
 * What machine contract, section 6, says of filling, as lists of words: banks and addresses by its formulas, and in each cycle the
 * first word of each bank among the active command's. Told of all commands beforehand, then of what is valid cycle by cycle.
 */
export class PlainFill {
  readonly nb: number;
  readonly q: number;
  readonly u: number;
  readonly wbank: number;
  private readonly commands: Command[] = [];
  private readonly coming: Beat[] = [];
  private readonly written: { readonly isPanel: boolean; readonly word: Word }[] = [];
  private held: Beat[] = [];
  private accepted = 0;
  private preparing: number | null = null;
  private active: number | null = null;
  private writtenOfActive = 0;
  private reports = false;

  constructor(
    private readonly n: number,
    private readonly layer: { readonly w: number; readonly q: number; readonly hband: number },
  ) {
    this.nb = primeFrom(n);
    this.q = layer.q % this.nb;
    this.u = layer.w > this.nb ? 1 : Math.floor(this.nb / layer.w);
    this.wbank = Math.ceil(layer.w / this.nb);
  }

  expectPanel(half: number, addr: number, slices: number, values: readonly number[]): void {
    const padded = values.length / slices;
    const words = values.map((value, i) => ({
      half,
      bank: i % padded,
      addr: addr + Math.floor(i / padded),
      value,
    }));
    this.expect(true, words, 0);
  }

  expectRows(
    half: number,
    channel: number,
    row: number,
    rows: number,
    values: readonly number[],
    first: number,
  ): void {
    const { w, hband } = this.layer;
    const words = values.map((value, i) => {
      const x = i % w;
      const line = row + Math.floor(i / w);
      const y = line % hband;
      const c = channel + Math.floor(line / hband);
      return {
        half,
        bank: (x + this.q * y + w * (c % this.u)) % this.nb,
        addr: (Math.floor(c / this.u) * hband + y) * this.wbank + Math.floor(x / this.nb),
        value,
      };
    });
    if (words.length !== rows * w) throw new Error('rows of another length');
    this.expect(false, words, first);
  }

  private expect(isPanel: boolean, words: readonly Word[], first: number): void {
    const command = this.commands.push({ isPanel, words: words.length }) - 1;
    for (let from = 0, to = 32 - first; from < words.length; from = to, to += 32)
      this.coming.push({ command, words: words.slice(from, to) });
  }

  /** beat_ready, fill_ready and fill_done of the present cycle. */
  outputs(): number[] {
    const after = this.heldAfterWrites();
    const free = this.preparing === null || this.active === null || this.finishes();
    return [after.length < 4, free, this.reports].map(Number);
  }

  /** The edge that ends the cycle. */
  edge(beatValid: boolean, fillValid: boolean): void {
    const [beatReady, fillReady] = this.outputs();
    const finishes = this.finishes();
    for (const word of this.writes()) {
      this.written.push({ isPanel: this.commands[this.active!]!.isPanel, word });
      this.writtenOfActive += 1;
    }
    this.held = this.heldAfterWrites();
    this.reports = finishes;
    if (finishes) this.active = null;
    if (this.active === null && this.preparing !== null) {
      this.active = this.preparing;
      this.preparing = null;
      this.writtenOfActive = 0;
    }
    if (fillValid && fillReady === 1) this.preparing = this.accepted++;
    if (beatValid && beatReady === 1) this.held.push(this.coming.shift()!);
  }

  private writes(): Word[] {
    if (this.active === null) return [];
    const mine = this.held.filter(({ command }) => command === this.active);
    if (this.commands[this.active]!.isPanel) {
      const [oldest] = mine;
      return oldest === undefined ? [] : oldest.words.filter(({ addr }) => addr === oldest.words[0]!.addr);
    }
    const ofBank = new Map<number, Word>();
    for (const word of mine.flatMap(({ words }) => words))
      if (!ofBank.has(word.bank)) ofBank.set(word.bank, word);
    return [...ofBank.values()];
  }

  private heldAfterWrites(): Beat[] {
    const gone = new Set(this.writes());
    return this.held
      .map(({ command, words }) => ({ command, words: words.filter((word) => !gone.has(word)) }))
      .filter(({ words }) => words.length > 0);
  }

  private finishes(): boolean {
    if (this.active === null) return false;
    return this.writtenOfActive + this.writes().length === this.commands[this.active]!.words;
  }

  /** A as the cache keeps it: lanes from 0 to n − 1 of each slice, half after half. */
  aMemory(slices: number): Int16Array {
    const memory = new Int16Array(2 * slices * this.n);
    for (const { isPanel, word } of this.written)
      if (isPanel && word.bank < this.n)
        memory[(word.half * slices + word.addr) * this.n + word.bank] = word.value;
    return memory;
  }

  /** B as the cache keeps it: bank after bank, half after half. */
  bMemory(words: number): Int16Array {
    const memory = new Int16Array(2 * words * this.nb);
    for (const { isPanel, word } of this.written)
      if (!isPanel) memory[(2 * word.bank + word.half) * words + word.addr] = word.value;
    return memory;
  }
}
