import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DspRound } from '../../src/components/dsp-round.js';
import { Simulator } from '../../src/kernel/index.js';

interface Inputs {
  rst?: number;
  load?: number;
  seed?: number;
  data?: number | null;
  ready?: number;
}
interface Settings {
  shift: number;
  stochastic: number;
  relu: number;
}

function build(settings: Settings) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const round = new DspRound(sim, 'round', { clock });
  round.shift.poke(settings.shift);
  round.stochastic.poke(settings.stochastic);
  round.relu.poke(settings.relu);
  sim.start();
  /** What the outputs show in a cycle with these inputs; then its edge. */
  const cycle = (i: Inputs = {}) => {
    round.rst.poke(i.rst ?? 0);
    round.load.poke(i.load ?? 0);
    round.seed.poke(i.seed ?? 0);
    round.in.valid.poke(i.data === undefined || i.data === null ? 0 : 1);
    if (typeof i.data === 'number') round.in.payload.data.poke(i.data);
    round.out.ready.poke(i.ready ?? 1);
    const shown = {
      ready: round.in.ready.value,
      valid: round.out.valid.value,
      y: round.out.payload.data.value,
      saturated: round.out.payload.saturated.value,
    };
    sim.step(clock);
    return shown;
  };
  return { cycle, round };
}

/** The unit's arithmetic in big integers, and its LFSR bit by bit with the taps as printed. */
function goldenRound(acc: number, q: bigint, { shift, stochastic, relu }: Settings) {
  const d = BigInt(shift);
  const r = stochastic === 1 ? q % (1n << d) : shift > 0 ? 1n << (d - 1n) : 0n;
  const sum = (BigInt(acc) + r) >> d;
  const clamped = sum > 32767n ? 32767n : sum < -32768n ? -32768n : sum;
  return { y: Number(relu === 1 && clamped < 0n ? 0n : clamped), saturated: clamped === sum ? 0 : 1 };
}
function goldenAdvance(q: bigint): bigint {
  let state = q;
  for (let s = 0; s < 16; s++) {
    const bit = [32n, 22n, 2n, 1n].reduce((x, tap) => x ^ ((state >> (tap - 1n)) & 1n), 0n);
    state = ((state << 1n) | bit) & 0xffffffffn;
  }
  return state;
}

const nearest = { shift: 4, stochastic: 0, relu: 0 };

describe('DspRound', () => {
  it('gives a result two cycles after it took the sum: 24, 23 and −24 of 16 round to 2, 1 and −1', () => {
    const { cycle } = build(nearest);
    const shown = [24, 23, -24, null, null, null].map((data) => cycle({ data }));
    expect(shown.map((s) => s.valid)).toEqual([0, 0, 1, 1, 1, 0]);
    expect(shown.slice(2, 5).map((s) => s.y)).toEqual([2, 1, -1]);
  });

  it('holds two results while refused, takes no third, and opens in the cycle in which one leaves', () => {
    const { cycle } = build(nearest);
    expect([16, 32, 48].map((data) => cycle({ data, ready: 0 }).ready)).toEqual([1, 1, 0]);
    expect(cycle({ data: 48, ready: 0 })).toEqual({ ready: 0, valid: 1, y: 1, saturated: 0 });
    // Combinational: out_ready opens in_ready at once.
    expect(cycle({ data: 48, ready: 1 })).toEqual({ ready: 1, valid: 1, y: 1, saturated: 0 });
    expect([cycle(), cycle(), cycle()].map((s) => (s.valid === 1 ? s.y : null))).toEqual([2, 3, null]);
  });

  it('clamps and says so; ReLU zeroes a negative without a word, and a clamped one with it', () => {
    const through = (data: number, settings: Settings) => {
      const { cycle } = build(settings);
      cycle({ data });
      cycle();
      const { y, saturated } = cycle();
      return [y, saturated];
    };
    expect(through(32767, { ...nearest, shift: 0 })).toEqual([32767, 0]);
    expect(through(32768, { ...nearest, shift: 0 })).toEqual([32767, 1]);
    expect(through(-32769, { ...nearest, shift: 0 })).toEqual([-32768, 1]);
    expect(through(-32769, { shift: 0, stochastic: 0, relu: 1 })).toEqual([0, 1]);
    expect(through(-5, { shift: 0, stochastic: 0, relu: 1 })).toEqual([0, 0]);
    // The sum needs its 49th bit: the largest accumulator plus half of 2^31.
    expect(through(2 ** 47 - 1, { ...nearest, shift: 31 })).toEqual([32767, 1]);
    expect(through(-(2 ** 47), { ...nearest, shift: 31 })).toEqual([-32768, 1]);
  });

  it('draws from the state before the advance, sixteen shifts a result, and not at all to nearest', () => {
    const stochastic = build({ shift: 8, stochastic: 1, relu: 0 });
    stochastic.cycle({ load: 1, seed: 0xdeadbeef });
    // 0xef = 239 is added to 17: 256 reaches the next unit; to 16 it would not.
    stochastic.cycle({ data: 17 });
    expect(BigInt(stochastic.round.state.q)).toBe(goldenAdvance(0xdeadbeefn));
    stochastic.cycle();
    expect(stochastic.cycle().y).toBe(1);
    const plain = build(nearest);
    plain.cycle({ load: 1, seed: 0xdeadbeef });
    plain.cycle({ data: 17 });
    expect(plain.round.state.q).toBe(0xdeadbeef);
  });

  it('equals big-integer rounding in order, with a queue of two, for any data, refusals, loads and resets', () => {
    const settings = fc.record({
      shift: fc.integer({ min: 0, max: 31 }),
      stochastic: fc.nat(1),
      relu: fc.nat(1),
    });
    const sum = fc.oneof(
      fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }),
      fc.integer({ min: -70000, max: 70000 }),
      fc.constantFrom(2 ** 47 - 1, -(2 ** 47), 0, -1),
    );
    const rare = (one: number) => fc.integer({ min: 0, max: one }).map((v) => (v === 0 ? 1 : 0));
    const inputs = fc.record({
      rst: rare(40),
      load: rare(15),
      seed: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
      data: fc.option(sum, { freq: 4 }),
      ready: fc.nat(1),
    });
    fc.assert(
      fc.property(settings, fc.array(inputs, { maxLength: 120 }), (s, list) => {
        const { cycle } = build(s);
        let q = 1n;
        // Results on their way, each with the first cycle in which it may show.
        let queue: { y: number; saturated: number; from: number }[] = [];
        for (const [c, i] of list.entries()) {
          const shown = cycle(i);
          const head = queue[0];
          const valid = head !== undefined && head.from <= c;
          expect(shown.valid).toBe(valid ? 1 : 0);
          if (valid) expect(shown).toMatchObject({ y: head.y, saturated: head.saturated });
          const leaves = valid && i.ready === 1;
          expect(shown.ready).toBe(queue.length < 2 || leaves ? 1 : 0);
          if (leaves) queue = queue.slice(1).map((r) => ({ ...r, from: Math.max(r.from, c + 1) }));
          if (i.data !== null && shown.ready === 1) {
            queue = [...queue, { ...goldenRound(i.data, q, s), from: c + 2 }];
            if (s.stochastic === 1) q = goldenAdvance(q);
          }
          if (i.load === 1) q = i.seed === 0 ? 1n : BigInt(i.seed);
          if (i.rst === 1) {
            queue = [];
            q = 1n;
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a shift beyond its five wires by name', () => {
    expect(() => build({ ...nearest, shift: 32 })).toThrow(/round\.shift/);
  });
});
