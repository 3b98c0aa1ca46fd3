import { describe, expect, it } from 'vitest';
import { afterReset, afterResetEach, benchNote, cannotRun, numbers, wave } from './contract-bench.js';
import { fifoDesign, lfsrDesign, maccDesign, roundDesign } from './designs.js';
import type { RtlInputs } from './shell.js';

// Every expected number here was worked out on paper from the machine contract.

describe.skipIf(cannotRun)(`fifo.v (${benchNote})`, () => {
  it('shows a word one cycle after its push, refuses when full even while popping, and goes stale when empty', async () => {
    const out = await afterReset(fifoDesign({ width: 8, depth: 3 }), [
      { in_valid: 1, in_data: 0x11 },
      { in_valid: 1, in_data: 0x22 },
      { in_valid: 1, in_data: 0x33 },
      { in_valid: 1, in_data: 0x44, out_ready: 1 }, // full: the pop happens, the push does not
      { out_ready: 1 },
      { out_ready: 1 },
      { in_valid: 1, in_data: 0x55, out_ready: 1 }, // empty: no bypass; rd has wrapped to the stale 0x11
      { in_valid: 1, in_data: 0x66, out_ready: 1 }, // push and pop together: count stays 1
      {},
    ]);
    expect(numbers(out, 'count')).toEqual([0, 1, 2, 3, 2, 1, 0, 1, 1]);
    expect(numbers(out, 'in_ready')).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1]);
    expect(numbers(out, 'out_valid')).toEqual([0, 1, 1, 1, 1, 1, 0, 1, 1]);
    expect(numbers(out, 'out_data')).toEqual([0, 0x11, 0x11, 0x11, 0x22, 0x33, 0x11, 0x55, 0x66]);
  });

  it('alternates between full and empty at depth 1', async () => {
    const cycle = (k: number) => ({ in_valid: 1, in_data: 0x10 + k, out_ready: 1 });
    const out = await afterReset(fifoDesign({ width: 8, depth: 1 }), [0, 1, 2, 3, 4].map(cycle));
    expect(numbers(out, 'count')).toEqual([0, 1, 0, 1, 0]);
    expect(numbers(out, 'in_ready')).toEqual([1, 0, 1, 0, 1]);
    expect(numbers(out, 'out_data')).toEqual([0, 0x10, 0x10, 0x12, 0x12]);
  });

  it('loses its words in reset but neither clears nor writes its memory', async () => {
    const out = await afterReset(fifoDesign({ width: 8, depth: 4 }), [
      { in_valid: 1, in_data: 0x77 },
      { in_valid: 1, in_data: 0x78, out_ready: 1 },
      { rst: 1, in_valid: 1, in_data: 0x99, out_ready: 1 }, // would be written at address 2
      { in_valid: 1, in_data: 1 },
      { in_valid: 1, in_data: 2 },
      { out_ready: 1 },
      { out_ready: 1 },
      {},
    ]);
    expect(numbers(out, 'count')).toEqual([0, 1, 1, 0, 1, 2, 1, 0]);
    expect(numbers(out, 'out_data')).toEqual([0, 0x77, 0x78, 0x77, 1, 1, 2, 0]);
  });
});

describe.skipIf(cannotRun)(`lfsr.v (${benchNote})`, () => {
  const go: RtlInputs = { advance: 1 };

  it('steps 1 3 6 13 27 54 109 219 438 one shift at a time (taps 32, 22, 2, 1)', async () => {
    const out = await afterReset(
      lfsrDesign({ steps: 1 }),
      Array.from({ length: 9 }, () => go),
    );
    expect(numbers(out, 'q')).toEqual([1, 3, 6, 13, 27, 54, 109, 219, 438]);
  });

  it('advances 16 shifts in one edge, from 1 to 0x1b6db', async () => {
    const out = await afterReset(lfsrDesign(), [{}, go, {}]);
    expect(numbers(out, 'q')).toEqual([1, 1, 0x1b6db]);
  });

  it('makes one 16-shift advance equal to 16 single ones, from any seed', async () => {
    const seeds = [1, 2, 0x80000000, 0xffffffff, 0x00200000, 0xdeadbeef, 0x12345678];
    const stimuli = (perSeed: number) =>
      seeds.map((seed) => [{ load: 1, seed }, ...Array.from({ length: perSeed }, () => go), {}]);
    const single = await afterResetEach(lfsrDesign({ steps: 1 }), stimuli(160));
    const sixteen = await afterResetEach(lfsrDesign(), stimuli(10));
    for (const [k, seed] of seeds.entries()) {
      const every16th = wave(single[k]!, 'q').filter((_, c) => c % 16 === 1);
      expect(every16th[0]).toBe(BigInt(seed));
      expect(wave(sixteen[k]!, 'q').slice(1)).toEqual(every16th);
    }
  });

  it('visits all 255 states of 8 bits (taps 8, 6, 5, 4), whether it steps by 1 or by 16', async () => {
    for (const steps of [1, 16]) {
      const design = lfsrDesign({ width: 8, taps: 0xb8, steps });
      const q = numbers(
        await afterReset(
          design,
          Array.from({ length: 256 }, () => go),
        ),
        'q',
      );
      expect(new Set(q.slice(0, 255)).size).toBe(255);
      expect(q).not.toContain(0);
      expect(q[255]).toBe(q[0]);
    }
  });

  it('lets reset beat load, load beat advance, holds otherwise, and turns a seed of 0 into 1', async () => {
    const out = await afterReset(lfsrDesign({ seed: 5 }), [
      { load: 1, seed: 9, advance: 1 },
      {},
      { load: 1, seed: 0 },
      { load: 1, seed: 9, rst: 1 },
      {},
    ]);
    expect(numbers(out, 'q')).toEqual([5, 9, 9, 1, 5]);
    expect(numbers(await afterReset(lfsrDesign({ seed: 0 }), [{}]), 'q')).toEqual([1]);
  });
});

describe.skipIf(cannotRun)(`dsp_macc.v (${benchNote})`, () => {
  it.each([1, 2, 3])(
    'shows a product in P after L = %i edges and passes operands on after one',
    async (l) => {
      const out = await afterReset(maccDesign({ l }), [
        { a: 3, b: 4, first: 1 },
        { a: -2, b: 5, last: 1 }, // P = 12 - 10 = 2
        { a: 7, b: 7, first: 1, last: 1 }, // P = 49 at once: the 2 must be captured as it goes
        {},
        {},
        {},
        {},
        {},
      ]);
      const later = (...values: number[]) => [...Array.from({ length: l }, () => 0), ...values];
      expect(numbers(out, 'a_q')).toEqual([0, 3, 0xfffe, 7, 0, 0, 0, 0]);
      expect(numbers(out, 'b_q')).toEqual([0, 4, 5, 7, 0, 0, 0, 0]);
      expect(numbers(out, 'first_q')).toEqual([0, 1, 0, 1, 0, 0, 0, 0]);
      expect(numbers(out, 'last_q')).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
      expect(numbers(out, 'p')).toEqual(later(12, 2, 49, 49, 49, 49, 49, 49).slice(0, 8));
      expect(numbers(out, 'lr_out')).toEqual(later(0, 0, 2, 49, 49, 49, 49, 49).slice(0, 8));
    },
  );

  it('lets capture beat the shift, shifts on d_in, and registers d_set or d_in into d', async () => {
    const out = await afterReset(maccDesign(), [
      { a: 5, b: 5, first: 1, last: 1 },
      { d_in: 1, lr_in: 111 }, // P of the last is visible in this cycle: LR takes 25, not 111
      { d_set: 1, lr_in: 222 }, // d_set alone moves nothing
      { d_in: 1, lr_in: 333 },
      {},
    ]);
    expect(numbers(out, 'lr_out')).toEqual([0, 0, 25, 25, 333]);
    expect(numbers(out, 'd_out')).toEqual([0, 0, 1, 1, 1]);
  });

  it('sign-extends the product and wraps P at ACCW bits', async () => {
    const lowest = [
      { a: -32768, b: -32768, first: 1 },
      { a: -32768, b: -32768 },
      { a: -32768, b: 32767, first: 1 },
      {},
    ];
    const p48 = wave(await afterReset(maccDesign(), lowest), 'p');
    expect(p48).toEqual([0n, 2n ** 30n, 2n ** 31n, 2n ** 48n - 1073709056n]);
    // 32 bits: 2^31 is the most negative number; the bits are the same as above.
    const p32 = wave(await afterReset(maccDesign({ accw: 32 }), lowest), 'p');
    expect(p32).toEqual([0n, 2n ** 30n, 2n ** 31n, 2n ** 32n - 1073709056n]);
    // 20 bits: 10^6 fits unsigned; 2*10^6 - 2^20 = 951424; 951424 + 10^6 - 2^20 = 902848.
    const million = { a: 1000, b: 1000 };
    const p20 = numbers(await afterReset(maccDesign({ accw: 20 }), [million, million, million, {}]), 'p');
    expect(p20).toEqual([0, 1000000, 951424, 902848]);
  });

  it('forgets everything in flight on reset', async () => {
    const busy = { a: 100, b: 100, first: 1, last: 1, d_set: 1, d_in: 1, lr_in: 77 };
    const out = await afterReset(maccDesign({ l: 3 }), [
      busy,
      busy,
      busy,
      busy,
      busy,
      { rst: 1 },
      {},
      {},
      {},
      {},
    ]);
    for (const cycle of out.slice(6)) expect(Object.values(cycle).every((value) => value === 0n)).toBe(true);
    expect(numbers(out.slice(5, 6), 'p')).toEqual([10000]);
  });
});

describe.skipIf(cannotRun)(`dsp_round.v (${benchNote})`, () => {
  /** One datum each cycle, never stalled; result k is out in cycle k + 2. */
  async function rounded(settings: RtlInputs, data: readonly (number | bigint)[]) {
    const feed = data.map((in_data) => ({ ...settings, in_valid: 1, in_data, out_ready: 1 }));
    const out = await afterReset(roundDesign(), [
      ...feed,
      { ...settings, out_ready: 1 },
      { ...settings, out_ready: 1 },
    ]);
    expect(numbers(out, 'out_valid')).toEqual([0, 0, ...data.map(() => 1)]);
    return {
      y: wave(out.slice(2), 'out_data').map((v) => Number(BigInt.asIntN(16, v))),
      saturated: numbers(out.slice(2), 'out_saturated'),
    };
  }

  it('rounds half an LSB up when nearest, two cycles after accepting', async () => {
    const { y, saturated } = await rounded({ shift: 4 }, [7, 8, 23, 24, -8, -9, -24, -25]);
    expect(y).toEqual([0, 1, 1, 2, 0, -1, -1, -2]);
    expect(saturated).toEqual(y.map(() => 0));
  });

  it('adds nothing at d = 0 and half of 2^31 at d = 31', async () => {
    expect((await rounded({ shift: 0 }, [5, -5, 32767, -32768])).y).toEqual([5, -5, 32767, -32768]);
    const half = 2 ** 30;
    expect((await rounded({ shift: 31 }, [half - 1, half, -half, -half - 1, -(2 ** 46)])).y).toEqual([
      0, 1, 0, -1, -32768,
    ]);
  });

  it('clamps at both ends and says so, also when the sum needs the 49th bit', async () => {
    const { y, saturated } = await rounded({ shift: 4 }, [
      32767 * 16 + 7, // just 32767
      32767 * 16 + 8, // rounds to 32768
      -32768 * 16 - 8, // just -32768
      -32768 * 16 - 9, // rounds to -32769
      2n ** 47n - 1n, // + 8 overflows 48 bits: must clamp up, not wrap down
      -(2n ** 47n),
    ]);
    expect(y).toEqual([32767, 32767, -32768, -32768, 32767, -32768]);
    expect(saturated).toEqual([0, 1, 0, 1, 1, 1]);
  });

  it('zeroes negative results under ReLU without calling that a saturation', async () => {
    const { y, saturated } = await rounded({ shift: 1, relu: 1 }, [10, -10, -1, 80000, -80000]);
    expect(y).toEqual([5, 0, 0, 32767, 0]);
    expect(saturated).toEqual([0, 0, 0, 1, 1]); // the last was clamped before ReLU zeroed it
  });

  it('adds the low d bits of the LFSR of before its advance: 1, then 0xdb at d = 8', async () => {
    // 255 + 1 = 256; 36 + 0xdb = 255; a second run checks 37 + 0xdb = 256.
    expect((await rounded({ stochastic: 1, shift: 8 }, [255, 36])).y).toEqual([1, 0]);
    expect((await rounded({ stochastic: 1, shift: 8 }, [254, 37])).y).toEqual([0, 1]);
  });

  it('draws on accepted stochastic results only, at d = 0 too, and lets load win over a draw', async () => {
    const probe = { stochastic: 1, shift: 8, in_valid: 1, out_ready: 1 };
    const first = (outs: Awaited<ReturnType<typeof afterReset>>, c: number) => Number(outs[c]!['out_data']);
    const [nearest, zeroShift, relu, idleCycles, loaded] = await afterResetEach(roundDesign(), [
      // a nearest result does not draw: the next r is still 1, and 37 + 1 rounds to 0
      [
        { shift: 8, in_valid: 1, out_ready: 1 },
        { shift: 8, out_ready: 1 },
        { ...probe, in_data: 37 },
        probe,
        probe,
      ],
      // one at d = 0 does: the next r is 0xdb
      [{ ...probe, shift: 0 }, { shift: 0, out_ready: 1 }, { ...probe, in_data: 37 }, probe, probe],
      // so does one that ReLU zeroes
      [
        { ...probe, relu: 1, in_data: -500 },
        { relu: 1, shift: 8, out_ready: 1 },
        { ...probe, in_data: 37 },
        probe,
        probe,
      ],
      // a cycle without a datum does not
      [{ ...probe, in_valid: 0 }, { ...probe, in_valid: 0 }, { ...probe, in_data: 37 }, probe, probe],
      // load with an accept: that result still used r = 1, the next uses the seed 0x40
      [
        { ...probe, in_data: 255, load: 1, seed: 0x40 },
        { ...probe, in_data: 191 },
        { ...probe, in_data: 191, load: 1, seed: 0x40 },
        { ...probe, in_data: 192 },
        probe,
        probe,
      ],
    ]);
    expect(first(nearest!, 4)).toBe(0);
    expect(first(zeroShift!, 4)).toBe(1);
    expect(first(relu!, 4)).toBe(1);
    expect(first(idleCycles!, 4)).toBe(0);
    expect([first(loaded!, 2), first(loaded!, 3), first(loaded!, 5)]).toEqual([1, 0, 1]);
  });

  it('fills both stages under back-pressure, and passes out_ready to in_ready in the same cycle', async () => {
    const feed = (in_data: number, out_ready: number) => ({ shift: 0, in_valid: 1, in_data, out_ready });
    const out = await afterReset(roundDesign(), [
      feed(10, 0),
      feed(11, 0),
      feed(12, 0), // both stages full: refused
      feed(12, 1), // the consumer takes 10, so 12 is accepted in this very cycle
      { out_ready: 1 },
      { out_ready: 1 },
      { out_ready: 1 }, // empty: y holds its stale value
    ]);
    expect(numbers(out, 'in_ready')).toEqual([1, 1, 0, 1, 1, 1, 1]);
    expect(numbers(out, 'out_valid')).toEqual([0, 0, 1, 1, 1, 1, 0]);
    expect(numbers(out, 'out_data')).toEqual([0, 0, 10, 10, 11, 12, 12]);
  });

  it('does not draw while refusing, but does take a seed', async () => {
    const probe = { stochastic: 1, shift: 8, in_valid: 1 };
    // r is 1, 0xdb, then 0xa3 (32 shifts from 1, on paper): 0xa3 + 92 = 255 and 0xa3 + 93 = 256.
    const third = (in_data: number, refused: RtlInputs) => [
      { ...probe, in_data: 0 },
      { ...probe, in_data: 37 },
      { ...probe, in_data: 0 },
      { ...probe, in_data: 0, ...refused },
      { ...probe, in_data, out_ready: 1 },
      { out_ready: 1, shift: 8 },
      { out_ready: 1, shift: 8 },
    ];
    const runs = [
      third(92, {}),
      third(93, {}),
      third(127, { load: 1, seed: 0x80 }),
      third(128, { load: 1, seed: 0x80 }),
    ];
    const results = await afterResetEach(roundDesign(), runs);
    expect(results.map((out) => numbers(out, 'out_data').slice(4))).toEqual([
      [0, 1, 0],
      [0, 1, 1],
      [0, 1, 0],
      [0, 1, 1],
    ]);
    expect(numbers(results[0]!, 'in_ready')).toEqual([1, 1, 0, 0, 1, 1, 1]);
  });

  it('zeroes its registers and reseeds in reset', async () => {
    const probe = { stochastic: 1, shift: 8, in_valid: 1, out_ready: 1 };
    const out = await afterReset(roundDesign(), [
      { ...probe, in_data: 2 ** 40 },
      { ...probe, in_data: 2 ** 40 },
      { ...probe, in_data: 2 ** 40 },
      { ...probe, in_data: 2 ** 40, rst: 1 },
      { ...probe, in_data: 255 }, // r = 1 again
      { shift: 8, out_ready: 1 },
      { shift: 8, out_ready: 1 },
    ]);
    expect(numbers(out, 'out_valid')).toEqual([0, 0, 1, 1, 0, 0, 1]);
    expect(numbers(out, 'out_data')).toEqual([0, 0, 32767, 32767, 0, 0, 1]);
    expect(numbers(out, 'out_saturated')).toEqual([0, 0, 1, 1, 0, 0, 0]);
  });
});
