import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DESCRIPTOR_WORDS,
  type LayerDescriptor,
  packDescriptor,
  unpackDescriptor,
} from '../../src/components/top/layer-descriptor.js';
import { type Load, Loader } from '../../src/components/top/loader.js';
import { nestShape } from '../../src/components/top/loop-nest.js';
import { causeOf, type IssueView, STALL_CAUSES } from '../../src/components/top/stall-causes.js';
import { TOP_STATES, TopController } from '../../src/components/top/top-controller.js';
import {
  ConfigError,
  restoreSnapshot,
  type Signal,
  Simulator,
  takeSnapshot,
} from '../../src/kernel/index.js';

/** Two channels of 4 x 3, a 1 x 1 kernel, five filters: for n = 2, p = 2 blocks of 2 panels and 1, of 2 bands each. */
const LAYER: LayerDescriptor = {
  inputPage: 3, groups: 1, channels: 2, inH: 4, inW: 3, kernelH: 1, kernelW: 1, strideY: 1, strideX: 1, dilY: 1,
  dilX: 1, padY: 0, padX: 0, outH: 4, outW: 3, filters: 5, panels: 2, kprime: 2, weightPage: 1, parted: 0,
  partChannels: 2, bias: 0, biasExp: 0, bandRows: 2, q: 0, u: 1, wbank: 1, hband: 2, shift: 0, relu: 0,
  stochastic: 1, seed: 9, image: 0, layer: 0, layers: 1, poolMode: 0, poolSizeY: 0, poolSizeX: 0, poolStrideY: 0,
  poolStrideX: 0, poolOutH: 4, poolOutW: 3, outputPage: 5,
}; // prettier-ignore

/** What a test sets in a cycle: inputs by name; pulses fall by themselves. */
interface Script {
  readonly fillA?: number;
  readonly fillB?: number;
  readonly done?: 1;
  readonly set?: Partial<Record<'collecting' | 'pooled' | 'idle' | 'aWait' | 'aValid' | 'bValid', number>> &
    Partial<Record<'drained' | 'saReady' | 'saRoom' | 'readReady' | 'fillReady' | 'workReady', number>>;
}

/** TOP alone, of n = 2: all takers ready, nothing under way; the descriptor is on the port in cycle 0. */
function bench(layer: Partial<LayerDescriptor> = {}) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('array', 166_000_000);
  const top = new TopController(sim, 'top', { clock, n: 2 });
  const inputs = {
    collecting: top.collecting,
    pooled: top.pooled,
    idle: top.idle,
    aWait: top.aWait,
    aValid: top.aValid,
    bValid: top.bValid,
    drained: top.drained,
    saReady: top.saReady,
    saRoom: top.saRoom,
    readReady: top.read.ready,
    fillReady: top.fill.ready,
    workReady: top.work.ready,
  };
  for (const name of ['idle', 'drained', 'saReady', 'saRoom', 'readReady', 'fillReady', 'workReady'] as const)
    inputs[name].poke(1);
  top.rows.ready.poke(1);
  top.descriptor.payload.words.poke([...packDescriptor('test', { ...LAYER, ...layer })]);
  top.descriptor.valid.poke(1);
  /** What was seen: cycle and value. */
  const seen = {
    states: [] as [number, string][],
    reads: [] as [number, number, number][],
    fills: [] as [number, Record<string, number>][],
    works: [] as [number, Record<string, number>][],
    rows: [] as [number, Record<string, number>][],
    loads: [] as [number, number][],
    flush: [] as number[],
    panels: [] as [number, number, number][],
  };
  const values = (payload: Readonly<Record<string, Signal>>) =>
    Object.fromEntries(Object.entries(payload).map(([key, net]) => [key, net.value]));
  /** Runs the cycles up to this one, with what the script says for each. */
  const upTo = (last: number, script: Readonly<Record<number, Script>> = {}) => {
    while (clock.cycle <= last) {
      const c = clock.cycle;
      const now = script[c] ?? {};
      top.fillDone.poke(now.fillA !== undefined || now.fillB !== undefined ? 1 : 0);
      top.fillKind.poke(now.fillB === undefined ? 0 : 1);
      top.fillHalf.poke(now.fillA ?? now.fillB ?? 0);
      top.done.poke(now.done ?? 0);
      for (const [name, value] of Object.entries(now.set ?? {}))
        inputs[name as keyof typeof inputs].poke(value);
      if (c === 1) top.descriptor.valid.poke(0);
      const state = TOP_STATES[top.phase.value]!;
      if (seen.states.at(-1)?.[1] !== state) seen.states.push([c, state]);
      if (top.read.fires) seen.reads.push([c, top.read.payload.addr.value, top.read.payload.words.value]);
      if (top.fill.fires) seen.fills.push([c, values(top.fill.payload)]);
      if (top.work.valid.value !== 0) seen.works.push([c, values(top.work.payload)]);
      if (top.rows.fires) seen.rows.push([c, values(top.rows.payload)]);
      top.load.forEach((net, j) => net.value !== 0 && seen.loads.push([c, j]));
      if (top.flush.value !== 0) seen.flush.push(c);
      const [, was0, was1] = seen.panels.at(-1) ?? [0, 0, 0];
      const [a, b] = [...top.panelsReady.values];
      if (a !== was0 || b !== was1) seen.panels.push([c, a!, b!]);
      sim.step(clock);
    }
  };
  return { sim, clock, top, seen, upTo };
}

const A = (half: number, addr: number, rows: number) => ({ kind: 0, half, addr, channel: 0, row: 0, rows });
const B = (half: number, channel: number, rows: number) => ({
  kind: 1,
  half,
  addr: 0,
  channel,
  row: 0,
  rows,
});
/** First byte of a panel of two slices of 16 words, and of rows of a channel. */
const panelAt = (panel: number) => 4096 + panel * 64;
const rowAt = (channel: number, row: number) => 3 * 4096 + 2 * (channel * 12 + row * 3);

describe('TopController', () => {
  it('gives a load every cycle from the second after the descriptor on: panel 0, band 0, panel 1, band 1, the next block', () => {
    const t = bench();
    t.upTo(30);
    expect(t.seen.states).toEqual([
      [0, 'IDLE'],
      [1, 'CONFIG'],
      [2, 'RUN'],
    ]);
    expect(t.seen.reads).toEqual([
      [2, panelAt(0), 32],
      [3, rowAt(0, 0), 6],
      [4, rowAt(1, 0), 6],
      [5, panelAt(1), 32],
      [6, rowAt(0, 2), 6],
      [7, rowAt(1, 2), 6],
      // Half 1 of A is free; half 0 of B is not.
      [8, panelAt(2), 32],
    ]);
    expect(t.seen.fills).toEqual([
      [2, A(0, 0, 2)],
      [3, B(0, 0, 2)],
      [4, B(0, 1, 2)],
      [5, A(0, 2, 2)],
      [6, B(1, 0, 2)],
      [7, B(1, 1, 2)],
      [8, A(1, 0, 2)],
    ]);
    expect(t.seen.works).toEqual([]);
    expect(t.seen.loads).toEqual([
      [2, 0],
      [3, 1],
    ]);
    const rows = (panels: number, last_rows: number, first_filter: number, first_pixel: number) => ({
      panels,
      last_rows,
      first_filter,
      first_pixel,
      pixels: 6,
    });
    expect(t.seen.rows).toEqual([
      [2, rows(2, 2, 0, 0)],
      [3, rows(2, 2, 0, 6)],
      [4, rows(1, 1, 4, 0)],
      [5, rows(1, 1, 4, 6)],
    ]);
  });

  it('hands over a band in the cycle after its last fill, and loads into freed halves in the cycle after the last read', () => {
    const t = bench();
    t.upTo(40, {
      10: { fillA: 0 },
      11: { fillB: 0 },
      13: { fillB: 0 },
      15: { fillA: 0 },
      16: { fillB: 1 },
      17: { fillB: 1 },
      // Entry 0 is done: half 0 of B is loaded anew. Entry 1 is done: half 1 of B; and half 0 of A, for no further block.
      20: { done: 1 },
      25: { done: 1 },
      26: { fillB: 0 },
      27: { fillB: 0 },
    });
    const entry = { half_a: 0, panels: 2, last_rows: 2, pixels: 6, kprime: 2, channels: 2, bias: 0 };
    const sums = { opens: 1, closes: 1, col0: 0 };
    expect(t.seen.works).toEqual([
      [14, { ...entry, ...sums, half_b: 0, row0: 0, first_row: 0 }],
      [18, { ...entry, ...sums, half_b: 1, row0: 2, first_row: 2 }],
      [28, { ...entry, ...sums, half_a: 1, panels: 1, last_rows: 1, half_b: 0, row0: 0, first_row: 0 }],
    ]);
    expect(t.seen.panels).toEqual([
      [11, 1, 0],
      [16, 2, 0],
      [26, 0, 0],
    ]);
    expect(t.seen.reads.slice(7)).toEqual([
      [21, rowAt(0, 0), 6],
      [22, rowAt(1, 0), 6],
      [26, rowAt(0, 2), 6],
      [27, rowAt(1, 2), 6],
    ]);
  });

  it('holds a third entry until the first is done, and the pair of commands until both are taken', () => {
    // Bands of one row and channel: nothing but entries. Work is not taken before cycle 20.
    const t = bench({
      channels: 1,
      partChannels: 1,
      kprime: 1,
      bandRows: 1,
      hband: 1,
      filters: 2,
      panels: 1,
    });
    t.upTo(40, {
      3: { set: { fillReady: 0 } },
      6: { set: { fillReady: 1 } },
      10: { fillA: 0 },
      11: { fillB: 0, set: { workReady: 0 } },
      12: { fillB: 1 },
      20: { set: { workReady: 1 } },
      30: { done: 1 },
      31: { fillB: 0 },
    });
    // The read of cycle 3 is taken then, its fill in 6; the next pair comes in 7.
    expect(t.seen.reads.map(([c]) => c)).toEqual([2, 3, 7, 31]);
    expect(t.seen.fills.map(([c]) => c)).toEqual([2, 6, 7, 31]);
    const held = Array.from({ length: 9 }, (_, i) => 12 + i);
    expect(t.seen.works.map(([c]) => c)).toEqual([...held, 21, 32]);
    expect(t.seen.works.map(([, w]) => w.row0)).toEqual([...held.map(() => 0), 1, 2]);
  });

  it('flushes when all is read and collected, and ends two cycles after WRITE is idle', () => {
    const one = { channels: 1, partChannels: 1, kprime: 1, bandRows: 4, hband: 4, filters: 2, panels: 1 };
    const t = bench(one);
    t.upTo(60, {
      3: { set: { collecting: 1 } },
      10: { fillA: 0 },
      12: { fillB: 0 },
      // The entry is on the port in 13, taken; slices in 20 to 25, the one of 22 held for room, of 24 for the drain.
      14: { set: { drained: 0 } },
      17: { set: { aValid: 1 } },
      20: { set: { bValid: 1 } },
      22: { set: { saReady: 0, saRoom: 0 } },
      23: { set: { saReady: 1, saRoom: 1 } },
      24: { set: { saReady: 0 } },
      25: { set: { saReady: 1 }, done: 1 },
      26: { set: { aValid: 0, bValid: 0, drained: 1, idle: 0 } },
      40: { set: { collecting: 0 } },
      // A pooled row waits while WRITE holds nothing; then WRITE has it.
      43: { set: { pooled: 1, idle: 1 } },
      45: { set: { pooled: 0, idle: 0 } },
      50: { set: { idle: 1 } },
    });
    expect(t.seen.flush).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect(t.seen.states.slice(2)).toEqual([
      [2, 'RUN'],
      [41, 'FLUSH'],
      [51, 'FENCE'],
      [52, 'DONE'],
      [53, 'IDLE'],
    ]);
    const [counts] = t.top.finished;
    expect([counts!.firstCycle, counts!.cycles]).toEqual([1, 52]);
    expect(Object.fromEntries(STALL_CAUSES.map((cause, i) => [cause, counts!.causes[i]]))).toEqual({
      control: 2,
      // 2 to 10: no panel; 11, 12: no band; 13, the hand-over.
      dramA: 9,
      dramB: 2,
      waitB: 1 + 3,
      waitA: 3,
      issue: 4,
      output: 1,
      drain: 1,
      tail: 26,
    });
  });

  it('ends the run when the causes do not add up to the cycles of the layer', () => {
    for (const [wrong, sum] of [
      [1, 14],
      [-1, 12],
    ] as const) {
      const t = bench({
        channels: 1,
        partChannels: 1,
        kprime: 1,
        bandRows: 4,
        hband: 4,
        filters: 2,
        panels: 1,
      });
      t.upTo(10, { 5: { fillA: 0 }, 6: { fillB: 0 }, 9: { done: 1 } });
      t.top.state.causes[STALL_CAUSES.indexOf('issue')]! += wrong;
      expect(() => t.upTo(20)).toThrow(`top: stall causes must be 13 cycles in all for layer 0, got ${sum}`);
    }
  });

  it('counts a panel that is awaited as DRAM-A, with work or without', () => {
    const t = bench();
    t.upTo(20, {
      5: { set: { drained: 0 } },
      8: { set: { aWait: 1 } },
      12: { set: { aWait: 0 } },
      20: { set: { aValid: 1 } },
    });
    // 1: control. 2 to 4: no panel. 5 to 7: slices under way. 8 to 11: the engine awaits a panel. 12 to 19: slices under way. 20: none of B.
    const at = (cause: (typeof STALL_CAUSES)[number]) => t.top.state.causes[STALL_CAUSES.indexOf(cause)];
    expect([at('control'), at('dramA'), at('waitA'), at('waitB')]).toEqual([1, 3 + 4, 3 + 8, 1]);
  });

  it('takes the next descriptor in the first cycle of IDLE', () => {
    const t = bench({
      channels: 1,
      partChannels: 1,
      kprime: 1,
      bandRows: 4,
      hband: 4,
      filters: 2,
      panels: 1,
    });
    t.upTo(10, { 5: { fillA: 0 }, 6: { fillB: 0 }, 9: { done: 1 } });
    t.top.descriptor.valid.poke(1);
    t.upTo(20);
    expect(t.seen.states.slice(-5)).toEqual([
      [12, 'FENCE'],
      [13, 'DONE'],
      [14, 'IDLE'],
      [15, 'CONFIG'],
      [16, 'RUN'],
    ]);
  });

  it('loads both halves for each part of each tile where sums are parted', () => {
    // Three channels of 4 x 3 in parts of 2 and 1; tiles of two pixels; one panel of bias + 3 slices.
    const t = bench({
      channels: 3,
      partChannels: 2,
      parted: 1,
      panels: 1,
      kprime: 4,
      bias: 1,
      bandRows: 4,
      hband: 2,
      filters: 2,
    });
    t.upTo(20, { 10: { fillA: 0 }, 11: { fillB: 0 }, 12: { fillB: 0 }, 13: { fillA: 1 }, 14: { fillB: 1 } });
    expect(t.seen.fills).toEqual([
      [2, A(0, 0, 3)],
      [3, B(0, 0, 1)],
      [4, B(0, 1, 1)],
      [5, A(1, 0, 1)],
      [6, B(1, 0, 1)],
    ]);
    expect(t.seen.reads.map(([, address, words]) => [address, words])).toEqual([
      [4096, 48],
      [rowAt(0, 0), 3],
      [rowAt(1, 0), 3],
      [4096 + 96, 16],
      [rowAt(2, 0), 3],
    ]);
    const tile = { panels: 1, last_rows: 2, pixels: 2, row0: 0, first_row: 0, col0: 0 };
    expect(t.seen.works).toEqual([
      [13, { ...tile, half_a: 0, half_b: 0, kprime: 3, channels: 2, bias: 1, opens: 1, closes: 0 }],
      [15, { ...tile, half_a: 1, half_b: 1, kprime: 1, channels: 1, bias: 0, opens: 0, closes: 1 }],
    ]);
    // The next tile is pixels 2 and 3: rows 0 and 1. Its halves are free when its predecessors are done.
    t.upTo(40, { 22: { done: 1 }, 26: { done: 1 }, 30: { fillA: 0 }, 31: { fillB: 0 }, 32: { fillB: 0 } });
    expect(t.seen.fills.slice(5)).toEqual([
      [23, A(0, 0, 3)],
      [24, B(0, 0, 2)],
      [25, B(0, 1, 2)],
      [27, A(1, 0, 1)],
      [28, B(1, 0, 2)],
    ]);
    expect(t.seen.works[2]![1]).toMatchObject({ col0: 2, row0: 0, pixels: 2, opens: 1, closes: 0 });
    expect(t.seen.panels).toEqual([
      [11, 1, 0],
      [14, 1, 1],
      [23, 0, 1],
      [27, 0, 0],
      [31, 1, 0],
    ]);
    // One job for the whole plane of the panel.
    expect(t.seen.rows.map(([, r]) => [r.first_pixel, r.pixels, r.panels])).toEqual([[0, 12, 1]]);
  });

  it('goes on from a snapshot with the same commands', () => {
    const t = bench();
    t.upTo(4);
    const after = bench();
    restoreSnapshot(after.sim, takeSnapshot(t.sim));
    after.upTo(12);
    t.upTo(12);
    expect(after.seen.fills).toEqual(t.seen.fills.slice(3));
  });

  it('names path, field and value of a bad parameter', () => {
    const sim = new Simulator();
    const clock = sim.clock('array', 166_000_000);
    expect(() => new TopController(sim, 'top', { clock, n: 64 })).toThrow(
      new ConfigError('top', 'n', 'an integer from 1 to 63', 64),
    );
  });
});

describe('the stall causes', () => {
  it('are exhaustive, and the first true one in the order of the contract counts', () => {
    const flags = [
      'configuring', 'aValid', 'bValid', 'drained', 'allGiven', 'handsOver', 'panelLoaded', 'awaitsPanel', 'ready', 'room',
    ] as const satisfies readonly (keyof IssueView)[]; // prettier-ignore
    const met = new Set<string>();
    for (let code = 0; code < 2 ** flags.length; code++) {
      const v = Object.fromEntries(flags.map((f, i) => [f, ((code >> i) & 1) === 1])) as unknown as IssueView;
      // What cannot be: slices that wait while none is there.
      if (v.drained && (v.aValid || v.bValid)) continue;
      const slicesToCome = !v.drained || v.handsOver || !v.allGiven;
      const given = !v.drained || v.handsOver;
      const rules: [string, boolean][] = [
        ['control', v.configuring],
        ['tail', !slicesToCome],
        ['dramA', !v.aValid && (v.drained ? !given && !v.panelLoaded : v.awaitsPanel)],
        ['waitA', !v.aValid && !v.drained],
        ['dramB', !v.bValid && !given],
        ['waitB', !v.bValid],
        ['output', !v.ready && !v.room],
        ['drain', !v.ready],
        ['issue', true],
      ];
      const want = rules.find(([, holds]) => holds)![0];
      met.add(want);
      expect(STALL_CAUSES[causeOf(v)]).toBe(want);
    }
    expect(met.size).toBe(9);
  });
});

describe('Loader', () => {
  /** The loads of a layer, from loops as the contract writes them. */
  function naive(d: LayerDescriptor, n: number): Load[] {
    const loads: Load[] = [];
    const slice = 16 * Math.ceil(n / 16);
    const taps = d.kernelH * d.kernelW;
    const panelsOfGroup = Math.ceil(d.filters / n);
    let entry = 0;
    let blocks = 0;
    const a = (group: number, panel: number, at: number, from: number, count: number, half: number) =>
      loads.push({
        address: 4096 * d.weightPage + 2 * slice * ((group * panelsOfGroup + panel) * d.kprime + from),
        words: count * slice,
        kind: 0,
        half,
        slice: at * d.kprime,
        channel: 0,
        rows: count,
      });
    const b = (group: number, c0: number, channels: number, top: number, bottom: number, half: number) => {
      const [from, to] = [Math.max(0, top), Math.min(d.inH, bottom)];
      if (to <= from) return;
      const planes = to - from === d.inH && d.hband === d.inH;
      for (let c = 0; c < (planes ? 1 : channels); c++)
        loads.push({
          address: 4096 * d.inputPage + 2 * d.inW * ((group * d.channels + c0 + c) * d.inH + from),
          words: d.inW * (to - from) * (planes ? channels : 1),
          kind: 1,
          half,
          slice: 0,
          channel: c,
          rows: (to - from) * (planes ? channels : 1),
        });
    };
    const top = (y: number) => y * d.strideY - d.padY;
    const bottom = (y: number) => top(y) + (d.kernelH - 1) * d.dilY + 1;
    for (let group = 0; group < d.groups; group++)
      for (let block = 0; block < panelsOfGroup; block += d.panels, blocks++)
        if (d.parted !== 0)
          for (let pixel = 0; pixel < d.outH * d.outW; pixel += n)
            for (let c = 0; c < d.channels; c += d.partChannels, entry++) {
              const channels = Math.min(d.partChannels, d.channels - c);
              const lastPixel = Math.min(pixel + n, d.outH * d.outW) - 1;
              const from = c === 0 ? 0 : d.bias + c * taps;
              a(group, block, 0, from, channels * taps + (c === 0 ? d.bias : 0), entry % 2);
              const rows = [pixel, lastPixel].map((p) => Math.floor(p / d.outW));
              b(group, c, channels, top(rows[0]!), bottom(rows[1]!), entry % 2);
            }
        else {
          const panels = Math.min(d.panels, panelsOfGroup - block);
          for (let y = 0; y < d.outH; y += d.bandRows, entry++) {
            if (y === 0) a(group, block, 0, 0, d.kprime, blocks % 2);
            const last = Math.min(y + d.bandRows, d.outH) - 1;
            b(group, 0, d.channels, top(y), bottom(last), entry % 2);
            if (y === 0) for (let p = 1; p < panels; p++) a(group, block + p, p, 0, d.kprime, blocks % 2);
          }
        }
    return loads;
  }

  it('loads what loops over the nest load, in their order, for random layers', () => {
    const int = (min: number, max: number) => fc.integer({ min, max });
    const layer = fc.record({
      n: fc.constantFrom(1, 2, 3, 16, 17, 28),
      parted: int(0, 1),
      groups: int(1, 3),
      channels: int(1, 9),
      cut: int(1, 9),
      size: fc.tuple(int(1, 9), int(1, 9)),
      kernel: fc.tuple(int(1, 3), int(1, 3)),
      strideY: int(1, 3),
      padY: int(0, 3),
      filters: int(1, 90),
      panels: int(1, 3),
      bandRows: int(1, 4),
      bias: int(0, 1),
      hbandIsWhole: fc.boolean(),
    });
    fc.assert(
      fc.property(layer, (l) => {
        const [inH, inW] = l.size;
        const [kernelH, kernelW] = l.kernel;
        const outH = Math.floor((inH + 2 * l.padY - kernelH) / l.strideY) + 1;
        const outW = inW - kernelW + 1;
        fc.pre(outH >= 1 && outW >= 1);
        fc.pre(l.groups * Math.ceil(l.filters / l.n) * outH * outW * l.channels < 8000);
        const d: LayerDescriptor = {
          ...LAYER,
          ...l,
          inH,
          inW,
          kernelH,
          kernelW,
          outH,
          outW,
          kprime: l.bias + l.channels * kernelH * kernelW,
          panels: l.parted !== 0 ? 1 : l.panels,
          bandRows: l.parted !== 0 ? outH : l.bandRows,
          partChannels: Math.min(l.cut, l.channels),
          hband: l.hbandIsWhole ? inH : inH + 1,
        };
        const loader = new Loader(l.n);
        const shape = nestShape(d, l.n);
        loader.restart();
        const got: Load[] = [];
        for (let step = 0; loader.state.nest.done === 0; step++) {
          expect(step).toBeLessThan(20_000);
          const load = loader.next(d, shape);
          if (load !== null) got.push(load);
          loader.advance(d, shape);
          // Every half is free at once.
          loader.state.aTaken.fill(0);
          loader.state.bTaken.fill(0);
        }
        expect(got).toEqual(naive(d, l.n));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the layer descriptor', () => {
  it('comes out of its 32-bit words as it was put in, whatever the fields, and names one that is too large', () => {
    const most = {
      ...LAYER,
      kprime: 2 ** 17 - 1,
      partChannels: 65_535,
      parted: 1,
      seed: 2 ** 32 - 1,
      panels: 1023,
    };
    for (const d of [LAYER, most]) {
      const words = packDescriptor('test', d);
      expect(words.length).toBe(DESCRIPTOR_WORDS);
      expect(unpackDescriptor(words)).toEqual(d);
    }
    expect(() => packDescriptor('conv1', { ...LAYER, parted: 2 })).toThrow(
      new ConfigError('conv1', 'parted', 'an integer from 0 to 1', 2),
    );
  });

  it('refuses more filters than a row of results can name, all groups together', () => {
    expect(() => packDescriptor('wide', { ...LAYER, groups: 2, filters: 32_768 })).not.toThrow();
    expect(() => packDescriptor('wide', { ...LAYER, groups: 3, filters: 32_768 })).toThrow(
      'wide: groups · filters must be at most 65536, got 98304',
    );
  });
});
