import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DspMacc, type PipelineDepth } from '../../src/components/dsp-macc.js';
import { ConfigError, Simulator } from '../../src/kernel/index.js';

interface Inputs {
  rst?: number;
  a?: number;
  b?: number;
  first?: number;
  last?: number;
  dSet?: number;
  dIn?: number;
  lrIn?: number;
}

function build(pipeline?: number, accumulatorBits?: number) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const macc = new DspMacc(sim, 'macc', {
    clock,
    ...(pipeline === undefined ? {} : { pipeline: pipeline as PipelineDepth }),
    ...(accumulatorBits === undefined ? {} : { accumulatorBits }),
  });
  sim.start();
  const show = () => ({
    a: macc.aQ.value,
    b: macc.bQ.value,
    first: macc.firstQ.value,
    last: macc.lastQ.value,
    p: macc.p.value,
    d: macc.dOut.value,
    lr: macc.lrOut.value,
  });
  /** What the registers show in a cycle with these inputs; then its edge. */
  const cycle = (i: Inputs = {}) => {
    macc.rst.poke(i.rst ?? 0);
    macc.a.poke(i.a ?? 0);
    macc.b.poke(i.b ?? 0);
    macc.first.poke(i.first ?? 0);
    macc.last.poke(i.last ?? 0);
    macc.dSet.poke(i.dSet ?? 0);
    macc.dIn.poke(i.dIn ?? 0);
    macc.lrIn.poke(i.lrIn ?? 0);
    const shown = show();
    sim.step(clock);
    return shown;
  };
  return { cycle };
}

/**
 * The contract read off a history, not stepped: entry c of the history is the inputs of cycle c since the last reset.
 * P in cycle c is the sum of the products of the run that ends L cycles earlier; LR the latest of captures and shifts.
 */
function golden(history: readonly Inputs[], L: number, bits: number) {
  const at = (c: number): Inputs => history[c] ?? {};
  const p = (c: number): number => {
    let sum = 0n;
    for (let k = c - L; k >= 0; k--) {
      sum += BigInt((at(k).a ?? 0) * (at(k).b ?? 0));
      if (at(k).first === 1) break;
    }
    return Number(BigInt.asIntN(bits, sum));
  };
  const c = history.length;
  let lr = 0;
  for (let edge = 0; edge < c; edge++) {
    // A `last` of cycle e − L shows its P in cycle e, and LR takes it on the edge that ends e.
    if (at(edge - L).last === 1) lr = p(edge);
    else if (at(edge).dIn === 1) lr = at(edge).lrIn ?? 0;
  }
  const before = at(c - 1);
  return {
    a: before.a ?? 0,
    b: before.b ?? 0,
    first: before.first ?? 0,
    last: before.last ?? 0,
    p: p(c),
    d: (before.dSet ?? 0) | (before.dIn ?? 0),
    lr,
  };
}

describe('DspMacc', () => {
  it.each([1, 2, 3])(
    'shows a product in P L = %i cycles after its operands, and captures it a cycle later',
    (L) => {
      const { cycle } = build(L);
      cycle({ a: 7, b: 9, first: 1 });
      cycle({ a: -3, b: 5, last: 1 });
      const shown = [cycle(), cycle(), cycle(), cycle()];
      const p = [63, 48, 48, 48];
      // Cycle 2 is the first of `shown`; the first product is visible in cycle L, the second in L + 1.
      expect(shown.map((s) => s.p)).toEqual([2, 3, 4, 5].map((c) => (c < L ? 0 : p[Math.min(c - L, 1)])));
      expect(shown.map((s) => s.lr)).toEqual([2, 3, 4, 5].map((c) => (c < L + 2 ? 0 : 48)));
    },
  );

  it('passes operands and tags on one cycle later, whatever L', () => {
    for (const L of [1, 2, 3]) {
      const { cycle } = build(L);
      cycle({ a: -32768, b: 32767, first: 1, last: 1 });
      expect(cycle()).toMatchObject({ a: -32768, b: 32767, first: 1, last: 1 });
      expect(cycle()).toMatchObject({ a: 0, b: 0, first: 0, last: 0 });
    }
  });

  it('captures its own sum when one comes down the chain at the same edge', () => {
    const { cycle } = build(1);
    cycle({ a: 6, b: 7, first: 1, last: 1 });
    // Cycle 1: P shows 42 and is captured on its edge, though the flag above is set.
    cycle({ dIn: 1, lrIn: 99 });
    expect(cycle({ dIn: 1, lrIn: 123 })).toMatchObject({ lr: 42, d: 1 });
    expect(cycle()).toMatchObject({ lr: 123, d: 1 });
    expect(cycle()).toMatchObject({ lr: 123, d: 0 });
  });

  it('adds (−32768)² twice without losing a bit, and wraps only at its own width', () => {
    const { cycle } = build(1, 33);
    for (let k = 0; k < 4; k++) cycle({ a: -32768, b: -32768, first: k === 0 ? 1 : 0 });
    // Four times 2^30 is 2^32, the sign bit of 33.
    expect(cycle().p).toBe(-(2 ** 32));
    const wide = build(1);
    for (let k = 0; k < 4; k++) wide.cycle({ a: -32768, b: -32768, first: k === 0 ? 1 : 0 });
    expect(wide.cycle().p).toBe(2 ** 32);
  });

  it('never shows −0', () => {
    const { cycle } = build(2);
    cycle({ a: 0, b: -5, first: 1, last: 1 });
    for (let k = 0; k < 4; k++) {
      const { p, lr } = cycle();
      expect([Object.is(p, -0), Object.is(lr, -0)]).toEqual([false, false]);
    }
  });

  it('equals sums read off the history of its inputs, in every register and cycle, resets in mid-run too', () => {
    const word = fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.constantFrom(-32768, 32767, 0, -1));
    const flag = fc.constantFrom(0, 0, 1);
    const inputs = fc.record({
      rst: fc.integer({ min: 0, max: 30 }).map((v) => (v === 0 ? 1 : 0)),
      a: word,
      b: word,
      first: flag,
      last: flag,
      dSet: flag,
      dIn: flag,
      lrIn: fc.integer({ min: -(2 ** 19), max: 2 ** 19 - 1 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3),
        fc.constantFrom(48, 33, 20),
        fc.array(inputs, { maxLength: 60 }),
        (L, bits, list) => {
          const { cycle } = build(L, bits);
          let history: Inputs[] = [];
          for (const i of list) {
            expect(cycle(i)).toEqual(golden(history, L, bits));
            history = i.rst === 1 ? [] : [...history, i];
          }
        },
      ),
    );
  });

  it('names the part, the field and the value of a bad parameter', () => {
    expect(() => build(4)).toThrow(new ConfigError('macc', 'pipeline', '1, 2 or 3', 4));
    for (const bits of [7, 49, 33.5])
      expect(() => build(1, bits)).toThrow(
        new ConfigError('macc', 'accumulatorBits', 'an integer from 8 to 48', bits),
      );
  });
});
