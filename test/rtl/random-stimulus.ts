import type { Design } from './designs.js';
import type { RtlInputs } from './shell.js';

/** mulberry32: 32-bit integers from a 32-bit seed, the same on every machine. */
export function randomBits(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Ports that are high now and then: the chance changes every few dozen cycles, so that FIFOs fill and run dry. */
const moody = new Set([
  'in_valid',
  'out_ready',
  'advance',
  'd_in',
  'd_set',
  'in_last',
  'last',
  'in_first',
  'first',
]);

/**
 * Open-loop random inputs for a module of `rtl/`, two cycles of reset first and rare resets later.
 *
 * The inputs do not look at `ready`: a refused datum may change or vanish, which the Verilog allows and
 * a comparison of pure cycle behaviour wants. Data words mix extremes, small numbers and any bits.
 * Modes of `dsp_round` (shift, relu, stochastic) change only when nothing has been offered for a few
 * cycles. `in_m` and `in_nc` stay in 1..n, `n` being taken from the width of `out_ready`.
 */
export function randomStimulus(design: Design, seed: number, cycles: number): RtlInputs[] {
  const bits = randomBits(seed);
  const chance = (parts: number) => bits() % 16 < parts;
  const wide = (width: number) => {
    let value = 0n;
    for (let w = 0; w < width; w += 32) value = (value << 32n) | BigInt(bits());
    return BigInt.asUintN(width, value);
  };
  const datum = (width: number): bigint => {
    const top = 1n << BigInt(width - 1);
    const near = BigInt(bits() % 5) - 2n;
    switch (bits() % 6) {
      case 0:
        return BigInt.asUintN(width, top + near); // about both extremes
      case 1:
        return BigInt.asUintN(width, near);
      case 2:
        return wide(width);
      default:
        return BigInt.asUintN(width, BigInt.asIntN(1 + (bits() % width), wide(width))); // any magnitude
    }
  };
  const operand = (width: number) => {
    let packed = 0n;
    for (let w = 0; w < width; w += 16) packed = (packed << 16n) | datum(Math.min(16, width));
    return packed;
  };

  const moods = new Map<string, number>();
  const held = new Map<string, bigint>();
  const modes = new Set(['shift', 'relu', 'stochastic']);
  const n = design.inputs.find((p) => p.name === 'out_ready')?.width ?? 1;

  return Array.from({ length: cycles }, (_, c) => {
    if (c % 40 === 0) for (const { name } of design.inputs) moods.set(name, [1, 4, 8, 14, 16][bits() % 5]!);
    // The last eight of each 40 cycles offer nothing and take everything; the modes change among them.
    const quiet = design.top === 'dsp_round' && c % 40 >= 32;
    const cycle: Record<string, bigint> = {};
    for (const { name, width } of design.inputs) {
      if (name === 'rst') cycle[name] = c < 2 || (c > 60 && bits() % 300 === 0) ? 1n : 0n;
      else if (modes.has(name)) {
        if (c % 40 === 38 || !held.has(name)) held.set(name, wide(width));
        cycle[name] = held.get(name)!;
      } else if (name === 'load') cycle[name] = bits() % 200 === 0 ? 1n : 0n;
      else if (name === 'seed') cycle[name] = chance(4) ? 0n : wide(width);
      else if (name === 'in_m' || name === 'in_nc') cycle[name] = BigInt(1 + (bits() % n));
      else if (moody.has(name)) {
        let lane = 0n;
        for (let k = 0; k < width; k += 1) lane = (lane << 1n) | (chance(moods.get(name)!) ? 1n : 0n);
        cycle[name] = quiet ? (name === 'out_ready' ? 1n : 0n) : lane;
      } else cycle[name] = width % 16 === 0 && width !== 48 ? operand(width) : datum(width);
    }
    return cycle;
  });
}
