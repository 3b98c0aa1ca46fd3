import {
  bitsFor,
  bool,
  type Clock,
  ConfigError,
  int,
  MarblewaveError,
  Module,
  type Simulator,
  uint,
  vector,
} from '../kernel/index.js';

/** A memory was read and written at the same address in one cycle; what a block RAM then reads is undefined. */
export class MemoryHazardError extends MarblewaveError {
  constructor(path: string, address: number, cycle: number) {
    super('E_MEMORY_HAZARD', `${path}: address ${address} is read and written in cycle ${cycle}`);
  }
}

/** An address past the end of a memory. */
export class AddressError extends MarblewaveError {
  constructor(path: string, field: string, words: number, address: number, cycle: number) {
    super('E_ADDRESS', `${path}: ${field} must be below ${words}, got ${address} in cycle ${cycle}`);
  }
}

/** Aspect ratios of a BRAM36 as [words, bits]: Xilinx UG473; 512 × 72 is its simple dual-port mode. */
const ASPECTS = [
  [2048, 18],
  [1024, 36],
  [512, 72],
] as const;

/**
 * BRAM36 that a memory of `words` words of `width` bits takes, all built in the one aspect ratio that takes fewest:
 * 2K × 18, 1K × 36 or 512 × 72 (Xilinx UG473).
 * @throws ConfigError when either is no positive integer
 */
export function bram36Count(words: number, width: number): number {
  for (const [field, value] of [
    ['words', words],
    ['width', width],
  ] as const) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError('bram36Count', field, 'an integer >= 1', value);
  }
  return Math.min(...ASPECTS.map(([w, b]) => Math.ceil(words / w) * Math.ceil(width / b)));
}

export interface BramSpec {
  readonly clock: Clock;
  /** Words, 2^24 at most. */
  readonly words: number;
  /** Lanes of a word and bits of a lane (signed, 1 to 32): a word has lanes·laneBits bits. */
  readonly lanes: number;
  readonly laneBits: number;
}

/**
 * Simple dual-port block RAM: one write port, one read port with the output register in use. Twin: `rtl/bram.v`.
 *
 * Ports    we, waddr, wdata [lanes] int(laneBits); re, raddr; rdata [lanes] int(laneBits).
 * Timing   A word written in cycle c is what a read in c+1 or later gives. A read in cycle c shows in rdata from c+2
 *          on, until the next one does: the memory's latch takes the word at edge c, the output register at edge c+1.
 *          See docs/timing-model.md.
 * Storage  words × lanes × laneBits bits; {@link Bram.bram36} BRAM36. Zeroed at configuration only: there is no reset.
 * Errors   ConfigError for bad sizes; MemoryHazardError for a read and a write of one address in one cycle;
 *          AddressError for an address past the end.
 * Source   Xilinx UG473, simple dual-port mode with DOA_REG = 1; the machine contract, section 7.
 */
export class Bram extends Module {
  readonly we;
  readonly waddr;
  readonly wdata;
  readonly re;
  readonly raddr;
  readonly rdata;
  /** BRAM36 that it takes. */
  readonly bram36: number;
  override readonly state: {
    readonly memory: Int32Array;
    readonly latch: Int32Array;
    /** 1 in the cycle in which the latch has a word that the output register has not. */
    fresh: number;
  };
  private readonly lanes: number;
  private readonly words: number;
  private readonly clock: Clock;

  constructor(parent: Module | Simulator, name: string, spec: BramSpec) {
    super(parent, name);
    const { words, lanes, laneBits, clock } = spec;
    if (!Number.isInteger(words) || words < 1 || words > 2 ** 24)
      throw new ConfigError(this.path, 'words', 'an integer from 1 to 2^24', words);
    if (!Number.isInteger(lanes) || lanes < 1)
      throw new ConfigError(this.path, 'lanes', 'an integer >= 1', lanes);
    if (!Number.isInteger(laneBits) || laneBits < 1 || laneBits > 32)
      throw new ConfigError(this.path, 'laneBits', 'an integer from 1 to 32', laneBits);
    this.words = words;
    this.lanes = lanes;
    this.clock = clock;
    this.bram36 = bram36Count(words, lanes * laneBits);
    const address = uint(bitsFor(words - 1));
    const word = vector(lanes, int(laneBits));
    this.we = this.input('we', bool);
    this.waddr = this.input('waddr', address);
    this.wdata = this.input('wdata', word);
    this.re = this.input('re', bool);
    this.raddr = this.input('raddr', address);
    this.rdata = this.output('rdata', word);
    this.state = { memory: new Int32Array(words * lanes), latch: new Int32Array(lanes), fresh: 0 };
    this.edge(clock, this.tick, [this.we, this.re]);
  }

  private tick(): boolean {
    const { state, lanes } = this;
    const { memory, latch } = state;
    const reads = this.re.value !== 0;
    const writes = this.we.value !== 0;
    const moved = reads || writes || state.fresh !== 0;
    if (state.fresh !== 0) this.rdata.writeFrom(latch);
    state.fresh = 0;
    if (reads) {
      const from = this.checked('raddr', this.raddr.value);
      if (writes && from === this.waddr.value) throw new MemoryHazardError(this.path, from, this.clock.cycle);
      for (let i = 0; i < lanes; i++) latch[i] = memory[from * lanes + i]!;
      state.fresh = 1;
    }
    if (writes) {
      const to = this.checked('waddr', this.waddr.value);
      for (let i = 0; i < lanes; i++) memory[to * lanes + i] = this.wdata.get(i);
    }
    return moved;
  }

  private checked(field: string, address: number): number {
    if (address >= this.words)
      throw new AddressError(this.path, field, this.words, address, this.clock.cycle);
    return address;
  }
}
