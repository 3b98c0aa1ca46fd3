import { bits, bool, type Clock, ConfigError, Module, type Signal, type Simulator } from '../kernel/index.js';
import { lfsrAdvance, type LfsrWidth, MAXIMAL_TAPS } from '../numbers/lfsr.js';

export interface LfsrSpec {
  readonly clock: Clock;
  /** Bits: 8, 16, 24 or 32, each with its maximal taps. */
  readonly width: LfsrWidth;
  /** Single shifts an advance makes, 1 or more. */
  readonly steps: number;
  /** State after reset, 0 to 2^width − 1; 0 becomes 1. Default 1. */
  readonly seed?: number;
}

/**
 * Linear feedback shift register, XOR form, shifting left; the new bit is the XOR of the taps. Twin: `rtl/lfsr.v`.
 *
 * Ports    `rst`; `load` and `seed`; `advance`; `q`.
 * Timing   On an edge: `rst` gives the reset seed; else `load` gives `seed` (0 becomes 1); else `advance` makes `steps`
 *          shifts. `q` is the register itself, so a draw reads the state from before its advance.
 * Storage  `width` flip-flops.
 * Errors   ConfigError for a width without taps, `steps` below 1, a seed beyond the width.
 * Source   Taps (8,6,5,4), (16,15,13,4), (24,23,22,17), (32,22,2,1), all of maximal length; the machine contract,
 *          section 4. Cycles and phases: docs/timing-model.md.
 */
export class Lfsr extends Module {
  readonly rst: Signal;
  readonly load: Signal;
  readonly seed: Signal;
  readonly advance: Signal;
  readonly q: Signal;

  constructor(
    parent: Module | Simulator,
    name: string,
    private readonly spec: LfsrSpec,
  ) {
    super(parent, name);
    const { width, steps, clock } = spec;
    if (!(width in MAXIMAL_TAPS)) throw new ConfigError(this.path, 'width', 'one of 8, 16, 24, 32', width);
    if (!Number.isInteger(steps) || steps < 1)
      throw new ConfigError(this.path, 'steps', 'an integer of 1 or more', steps);
    const seed = spec.seed ?? 1;
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** width)
      throw new ConfigError(this.path, 'seed', `an integer from 0 to 2^${width} − 1`, seed);
    this.rst = this.input('rst', bool);
    this.load = this.input('load', bool);
    this.seed = this.input('seed', bits(width));
    this.advance = this.input('advance', bool);
    this.q = this.output('q', bits(width), this.resetSeed);
    this.edge(clock, this.tick, [this.rst, this.load, this.advance]);
  }

  private get resetSeed(): number {
    const seed = this.spec.seed ?? 1;
    return seed === 0 ? 1 : seed;
  }

  private tick(): boolean {
    if (this.rst.value !== 0) this.q.write(this.resetSeed);
    else if (this.load.value !== 0) this.q.write(this.seed.value === 0 ? 1 : this.seed.value);
    else if (this.advance.value !== 0)
      this.q.write(lfsrAdvance(this.q.value, this.spec.steps, this.spec.width));
    else return false;
    return true;
  }
}
