import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { burstFault } from '../../../src/components/axi/burst.js';
import { axiAddressOf, axiReadData } from '../../../src/components/axi/channels.js';
import { checkAxiLinks } from '../../../src/components/axi/check-links.js';
import { AxiProtocolError } from '../../../src/components/axi/errors.js';
import { AxiClockCrossing } from '../../../src/components/axi/clock-crossing.js';
import { AxiModule, type AxiPort, connectAxi } from '../../../src/components/axi/link.js';
import { AXI_RULES, AxiProtocolChecker, type AxiRule } from '../../../src/components/axi/protocol-checker.js';
import { AxiRegisterSlice } from '../../../src/components/axi/register-slice.js';
import { allowedStrobes, brokenBurstRule, strobesOutside } from '../../../src/components/axi/rules.js';
import {
  type Clock,
  ConfigError,
  connect,
  restoreSnapshot,
  Simulator,
  takeSnapshot,
} from '../../../src/kernel/index.js';
import { Feeder, pick, random, Taker } from '../memory-bench.js';
import { beatsOf, legalBurst, PlainMemory, TrafficMaster, TrafficSlave } from './traffic.js';
import { type Cycle, scripted } from './wires.js';

/** A burst of 64-bit beats on the 64-bit bus, as AR and AW show it. */
const incr = (addr: number, beats: number, id = 0, more: Record<string, number> = {}) => ({
  id,
  addr,
  len: beats - 1,
  size: 3,
  burst: 1,
  ...more,
});
const idle: Cycle = {};
const ALL = 0xff;
const beat = (last: number, strb = ALL) => ({ strb, last });

interface Case {
  readonly rule: AxiRule;
  readonly name: string;
  /** From cycle 0 on. */
  readonly cycles: readonly Cycle[];
  readonly cycle: number;
  readonly port: string;
  readonly id: number | null;
  readonly address: number | null;
  readonly finish?: boolean;
  readonly dataAheadBeats?: number;
}

const CASES: readonly Case[] = [
  {
    rule: 'valid-in-reset',
    name: 'a master that shows AR in the second cycle of a reset, and goes on',
    cycles: [idle, { rst: 1 }, { rst: 1, ar: incr(0, 1) }, { rst: 1, ar: incr(8, 1) }, { rst: 1 }],
    cycle: 2,
    port: 'link.ar',
    id: null,
    address: null,
  },
  {
    rule: 'valid-in-reset',
    name: 'a master that shows AW in the first cycle after a reset',
    cycles: [idle, { rst: 1 }, { rst: 1 }, { aw: incr(0, 1, 0, { ready: 0 }) }],
    cycle: 3,
    port: 'link.aw',
    id: null,
    address: null,
  },
  {
    rule: 'valid-in-reset',
    name: 'a master that shows W in cycle 0',
    cycles: [{ w: beat(1) }],
    cycle: 0,
    port: 'link.w',
    id: null,
    address: null,
  },
  {
    rule: 'valid-dropped',
    name: 'a master that takes AW back',
    cycles: [
      idle,
      { aw: incr(0x40, 1, 5, { ready: 0 }) },
      { aw: incr(0x40, 1, 5, { ready: 0 }) },
      idle,
      idle,
    ],
    cycle: 3,
    port: 'link.aw',
    id: 5,
    address: 0x40,
  },
  {
    rule: 'valid-dropped',
    name: 'a slave that takes B back',
    cycles: [idle, { aw: incr(0x40, 1, 5) }, { w: beat(1) }, { b: { id: 5, ready: 0 } }, { aw: incr(0, 1) }],
    cycle: 4,
    port: 'link.b',
    id: 5,
    address: 0x40,
  },
  {
    rule: 'payload-changed',
    name: 'a master that changes an address while it waits',
    cycles: [
      idle,
      { ar: incr(0x40, 1, 2, { ready: 0 }) },
      { ar: incr(0x48, 1, 2, { ready: 0 }) },
      { ar: incr(0x48, 1, 2, { ready: 0 }) },
      { ar: incr(0x48, 1, 2) },
    ],
    cycle: 2,
    port: 'link.ar',
    id: 2,
    address: 0x48,
  },
  {
    rule: 'payload-changed',
    name: 'a slave that changes read data while they wait, after a pause',
    cycles: [
      idle,
      { ar: incr(0x80, 2, 1) },
      { r: { id: 1, data: 7 } },
      ...Array.from({ length: 5 }, () => ({ r: { id: 1, data: 7, last: 1, ready: 0 } })),
      { r: { id: 1, data: 8, last: 1, ready: 0 } },
      { r: { id: 1, data: 8, last: 1 } },
    ],
    cycle: 8,
    port: 'link.r',
    id: 1,
    address: 0x88,
  },
  {
    rule: 'payload-changed',
    name: 'a master that changes strobes at the very edge of the handshake',
    cycles: [idle, { aw: incr(0x80, 1, 9) }, { w: { ...beat(1), ready: 0 } }, { w: beat(1, 0x0f) }],
    cycle: 3,
    port: 'link.w',
    id: 9,
    address: 0x80,
  },
  {
    rule: 'boundary-4k',
    name: 'a master whose burst crosses 4 KB by one beat',
    cycles: [idle, { ar: incr(4096 - 8 * 15, 16, 3) }],
    cycle: 1,
    port: 'link.ar',
    id: 3,
    address: 4096 - 8 * 15,
  },
  {
    rule: 'burst-reserved',
    name: 'a master with AxBURST 3',
    cycles: [idle, { aw: incr(0, 2, 0, { burst: 3 }) }],
    cycle: 1,
    port: 'link.aw',
    id: 0,
    address: 0,
  },
  {
    rule: 'size-over-bus',
    name: 'a master with beats of 16 bytes on a bus of 8',
    cycles: [idle, { ar: incr(0, 2, 0, { size: 4 }) }],
    cycle: 1,
    port: 'link.ar',
    id: 0,
    address: 0,
  },
  {
    rule: 'fixed-length',
    name: 'a master with a FIXED burst of 17',
    cycles: [idle, { ar: incr(0, 17, 0, { burst: 0 }) }],
    cycle: 1,
    port: 'link.ar',
    id: 0,
    address: 0,
  },
  {
    rule: 'wrap-length',
    name: 'a master with a WRAP burst of 6, once though it waits',
    cycles: [
      idle,
      { aw: incr(0, 6, 0, { burst: 2, ready: 0 }) },
      { aw: incr(0, 6, 0, { burst: 2, ready: 0 }) },
      { aw: incr(0, 6, 0, { burst: 2 }) },
    ],
    cycle: 1,
    port: 'link.aw',
    id: 0,
    address: 0,
  },
  {
    rule: 'wrap-alignment',
    name: 'a master with an unaligned WRAP burst',
    cycles: [idle, { ar: incr(0x1004, 4, 0, { burst: 2 }) }],
    cycle: 1,
    port: 'link.ar',
    id: 0,
    address: 0x1004,
  },
  {
    rule: 'strobe-lanes',
    name: 'a master that strobes bytes below an unaligned address',
    cycles: [idle, { aw: incr(0x43, 2, 1) }, { w: beat(0, 0xfc) }, { w: beat(1) }],
    cycle: 2,
    port: 'link.w',
    id: 1,
    address: 0x43,
  },
  {
    rule: 'strobe-lanes',
    name: 'a master that strobes the neighbour of a narrow beat, before its address',
    cycles: [idle, { w: beat(0, 0x03) }, { w: beat(1, 0x05) }, { aw: incr(0x40, 2, 1, { size: 1 }) }],
    cycle: 2,
    port: 'link.w',
    id: 1,
    address: 0x42,
  },
  {
    rule: 'wlast-misplaced',
    name: 'a master with WLAST one beat early',
    cycles: [idle, { aw: incr(0, 3, 4) }, { w: beat(0) }, { w: beat(1) }],
    cycle: 3,
    port: 'link.w',
    id: 4,
    address: 8,
  },
  {
    rule: 'wlast-misplaced',
    name: 'a master without WLAST on the last beat',
    cycles: [idle, { aw: incr(0, 2, 4) }, { w: beat(0) }, { w: beat(0) }],
    cycle: 3,
    port: 'link.w',
    id: 4,
    address: 8,
  },
  {
    rule: 'wlast-misplaced',
    name: 'a master that interleaves the data of two bursts, which AXI4 forbids',
    cycles: [idle, { aw: incr(0, 3, 1) }, { aw: incr(64, 1, 2) }, { w: beat(0) }, { w: beat(1) }],
    cycle: 4,
    port: 'link.w',
    id: 1,
    address: 8,
  },
  {
    rule: 'rlast-misplaced',
    name: 'a slave with RLAST early',
    cycles: [idle, { ar: incr(0, 4, 6) }, { r: { id: 6 } }, { r: { id: 6, last: 1 } }],
    cycle: 3,
    port: 'link.r',
    id: 6,
    address: 8,
  },
  {
    rule: 'rlast-misplaced',
    name: 'a slave without RLAST on the last beat',
    cycles: [idle, { ar: incr(0, 1, 6) }, { r: { id: 6 } }],
    cycle: 2,
    port: 'link.r',
    id: 6,
    address: 0,
  },
  {
    rule: 'missing-beats',
    name: 'a slave that stops in mid-burst',
    cycles: [idle, { ar: incr(0x20, 3, 6) }, { r: { id: 6 } }, idle],
    cycle: 4,
    port: 'link.r',
    id: 6,
    address: 0x20,
    finish: true,
  },
  {
    rule: 'missing-beats',
    name: 'a master that stops in mid-burst',
    cycles: [idle, { aw: incr(0x20, 3, 6) }, { w: beat(0) }, { w: beat(0) }],
    cycle: 4,
    port: 'link.w',
    id: 6,
    address: 0x20,
    finish: true,
  },
  {
    rule: 'w-ahead',
    name: 'a master that sends more data ahead of their address than it may',
    cycles: [idle, { w: beat(0) }, { w: beat(0) }, { w: beat(0) }, { w: beat(1) }],
    cycle: 3,
    port: 'link.w',
    id: null,
    address: null,
    dataAheadBeats: 2,
  },
  {
    rule: 'w-ahead',
    name: 'a master that never sends the address of its data',
    cycles: [idle, { w: beat(1) }],
    cycle: 2,
    port: 'link.w',
    id: null,
    address: null,
    finish: true,
  },
  {
    rule: 'b-early',
    name: 'a slave that answers before the last W beat',
    cycles: [idle, { aw: incr(0x60, 2, 3) }, { w: beat(0) }, { w: beat(1), b: { id: 3, ready: 0 } }],
    cycle: 3,
    port: 'link.b',
    id: 3,
    address: 0x60,
  },
  {
    rule: 'b-early',
    name: 'a slave that answers before it took the address',
    cycles: [
      idle,
      { w: beat(1), aw: incr(0x60, 1, 3, { ready: 0 }) },
      { aw: incr(0x60, 1, 3, { ready: 0 }), b: { id: 3, ready: 0 } },
    ],
    cycle: 2,
    port: 'link.b',
    id: 3,
    address: 0x60,
  },
  {
    rule: 'bid-unknown',
    name: 'a slave that answers with another ID',
    cycles: [idle, { aw: incr(0x60, 1, 3) }, { w: beat(1) }, { b: { id: 2 } }],
    cycle: 3,
    port: 'link.b',
    id: 2,
    address: null,
  },
  {
    rule: 'bid-unknown',
    name: 'a slave that answers twice',
    cycles: [idle, { aw: incr(0x60, 1, 3) }, { w: beat(1) }, { b: { id: 3 } }, { b: { id: 3 } }],
    cycle: 4,
    port: 'link.b',
    id: 3,
    address: null,
  },
  {
    rule: 'rid-unknown',
    name: 'a slave that sends data nobody asked for, in the cycle of their request',
    cycles: [idle, { ar: incr(0, 1, 1), r: { id: 1, last: 1, ready: 0 } }],
    cycle: 1,
    port: 'link.r',
    id: 1,
    address: null,
  },
  {
    rule: 'rid-unknown',
    name: 'a slave that answers a read with another ID, once though it waits',
    cycles: [
      idle,
      { ar: incr(0, 1, 1) },
      { r: { id: 4, last: 1, ready: 0 } },
      { r: { id: 4, last: 1, ready: 0 } },
      { r: { id: 4, last: 1 } },
    ],
    cycle: 2,
    port: 'link.r',
    id: 4,
    address: null,
  },
  {
    rule: 'rid-unknown',
    name: 'a slave with a beat too many, behind RLAST',
    cycles: [idle, { ar: incr(0, 1, 1) }, { r: { id: 1, last: 1 } }, { r: { id: 1, last: 1 } }],
    cycle: 3,
    port: 'link.r',
    id: 1,
    address: null,
  },
  {
    rule: 'read-order',
    name: 'a slave that answers the later, shorter read of an ID first',
    cycles: [
      idle,
      { ar: incr(0, 4, 1) },
      { ar: incr(0x100, 2, 1) },
      { r: { id: 1 } },
      { r: { id: 1, last: 1 } },
      ...[0, 0, 0, 1].map((last) => ({ r: { id: 1, last } })),
    ],
    cycle: 4,
    port: 'link.r',
    id: 1,
    address: 8,
  },
  {
    rule: 'read-order',
    name: 'a slave that answers the later, longer read of an ID first',
    cycles: [
      idle,
      { ar: incr(0, 2, 1) },
      { ar: incr(0x100, 3, 1) },
      ...[0, 0, 1, 0, 1].map((last) => ({ r: { id: 1, last } })),
    ],
    cycle: 4,
    port: 'link.r',
    id: 1,
    address: 8,
  },
  {
    rule: 'exokay',
    name: 'a slave that answers a read EXOKAY',
    cycles: [idle, { ar: incr(0x10, 1, 1) }, { r: { id: 1, last: 1, resp: 1 } }],
    cycle: 2,
    port: 'link.r',
    id: 1,
    address: 0x10,
  },
  {
    rule: 'exokay',
    name: 'a slave that answers a write EXOKAY',
    cycles: [idle, { aw: incr(0x10, 1, 1) }, { w: beat(1) }, { b: { id: 1, resp: 1 } }],
    cycle: 3,
    port: 'link.b',
    id: 1,
    address: 0x10,
  },
  {
    rule: 'missing-response',
    name: 'a slave that never answers a write',
    cycles: [idle, { aw: incr(0x10, 1, 1) }, { w: beat(1) }, idle],
    cycle: 4,
    port: 'link.b',
    id: 1,
    address: 0x10,
    finish: true,
  },
];

/** These come with another fault before them, so they have their own cases below. */
const ELSEWHERE: readonly AxiRule[] = ['extra-beats'];

describe('AxiProtocolChecker', () => {
  it('has a case for every rule', () => {
    const covered = new Set<string>([...CASES.map((c) => c.rule), ...ELSEWHERE]);
    expect([...covered].sort()).toEqual(Object.keys(AXI_RULES).sort());
  });

  describe('catches, once, with cycle, port, ID and address,', () => {
    for (const each of CASES) {
      const { rule, name, cycles, cycle, port, id, address, finish, dataAheadBeats } = each;
      it(`${rule}: ${name}`, () => {
        const { checker, play } = scripted(dataAheadBeats === undefined ? {} : { dataAheadBeats });
        play(...cycles);
        if (finish === true) {
          expect(checker.violations).toEqual([]);
          checker.finish();
        }
        expect(checker.violations).toEqual([
          { rule, cycle, path: port, id, address, problem: expect.any(String) },
        ]);
      });
    }

    it('extra-beats: a master that goes on behind its last beat', () => {
      const { checker, play } = scripted();
      play(idle, { aw: incr(0x20, 2, 4) }, ...[0, 0, 0, 0, 1].map((last) => ({ w: beat(last) })));
      expect(checker.violations).toEqual([
        {
          rule: 'wlast-misplaced',
          cycle: 3,
          path: 'link.w',
          id: 4,
          address: 0x28,
          problem: 'wanted wlast on beat 1, got none on beat 1',
        },
        {
          rule: 'extra-beats',
          cycle: 4,
          path: 'link.w',
          id: 4,
          address: 0x28,
          problem: 'wanted 2 beats, got more',
        },
      ]);
    });

    it('extra-beats: a slave that goes on behind its last beat, whatever others do meanwhile', () => {
      const { checker, play } = scripted();
      play(
        idle,
        { ar: incr(0x20, 1, 4) },
        { ar: incr(0x80, 2, 5) },
        { r: { id: 4 } },
        { r: { id: 5 } },
        { r: { id: 4 } },
        { r: { id: 5, last: 1 } },
        { r: { id: 4, last: 1 } },
      );
      expect(checker.violations.map((v) => [v.rule, v.cycle, v.id])).toEqual([
        ['rlast-misplaced', 3, 4],
        ['extra-beats', 5, 4],
      ]);
      checker.finish();
      expect(checker.count).toBe(2);
    });
  });

  it('takes an answer that came too soon for no answer to what is asked while it waits', () => {
    const { checker, play } = scripted();
    const early = { r: { id: 1, last: 1, ready: 0 }, b: { id: 2, ready: 0 } };
    play(idle, early, { ...early, ar: incr(0, 1, 1), aw: incr(8, 1, 2), w: beat(1) });
    play({ r: { id: 1, last: 1 }, b: { id: 2 } }, { r: { id: 1, last: 1 }, b: { id: 2 } });
    checker.finish();
    expect(checker.violations.map((v) => [v.rule, v.cycle])).toEqual([
      ['rid-unknown', 1],
      ['bid-unknown', 1],
    ]);
  });

  it('says nothing when data come before, with and behind their address, and IDs overtake each other', () => {
    const { checker, play } = scripted();
    play(
      idle,
      { w: beat(0) },
      { w: beat(1), aw: incr(0, 2, 1) },
      { aw: incr(64, 1, 2), w: beat(1), ar: incr(0, 2, 3) },
      { b: { id: 2 }, ar: incr(64, 2, 4) },
      { b: { id: 1, ready: 0 }, r: { id: 4 } },
      { b: { id: 1 }, r: { id: 3 } },
      { r: { id: 4, last: 1 } },
      { r: { id: 3, last: 1 } },
    );
    checker.finish();
    expect(checker.violations).toEqual([]);
    expect(checker.outstanding).toBe(0);
  });

  it('forgets everything in a reset, and lets registers fall in its first cycle', () => {
    const { checker, play } = scripted();
    play(
      idle,
      { ar: incr(0, 4, 1, { ready: 0 }), aw: incr(0, 2) },
      { rst: 1, ar: incr(0, 4, 1, { ready: 0 }), w: beat(0) },
      { rst: 1 },
      idle,
      { ar: incr(8, 1, 2) },
      { r: { id: 2, last: 1 } },
    );
    checker.finish();
    expect(checker.violations).toEqual([]);
  });

  it('reports a valid in each of two resets', () => {
    const { checker, play } = scripted();
    const bad = { rst: 1, ar: incr(0, 1) };
    play(idle, { rst: 1 }, bad, { rst: 1 }, idle, idle, { rst: 1 }, bad, { rst: 1 });
    expect(checker.violations.map((v) => [v.rule, v.cycle])).toEqual([
      ['valid-in-reset', 2],
      ['valid-in-reset', 7],
    ]);
  });

  it('ends the run at the first violation in its default mode, with the whole report in the error', () => {
    const { play } = scripted({ mode: 'throw' });
    play(idle);
    let error: unknown;
    try {
      play({ ar: incr(4088, 2, 7) });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AxiProtocolError);
    expect((error as Error).message).toBe(
      'link.ar: boundary-4k: wanted at most 8 bytes from 0xff8 up to the next 4 KB, got 16, ID 7, address 0xff8, in cycle 1',
    );
    expect((error as AxiProtocolError).violation).toMatchObject({ rule: 'boundary-4k', cycle: 1, id: 7 });
  });

  it('keeps as many violations as it is told and counts the others', () => {
    const { sim, checker, play } = scripted({ keep: 2 });
    play(idle, ...Array.from({ length: 5 }, () => ({ b: { id: 1 } })));
    expect([checker.violations.length, checker.count]).toEqual([2, 5]);
    expect(sim.value('check.violations').value).toBe(5);
  });

  it('remembers what is under way in a snapshot', () => {
    const { sim, clock, checker, play, wires } = scripted();
    play(idle, { ar: incr(0, 2, 1) }, { aw: incr(0, 2, 2) }, { w: beat(0) });
    const saved = takeSnapshot(sim);
    play({ r: { id: 1, last: 1 } });
    expect(checker.count).toBe(1);
    restoreSnapshot(sim, saved);
    expect([clock.cycle, checker.count, checker.outstanding]).toEqual([4, 0, 2]);
    wires.rst.poke(0);
    play({ r: { id: 1 } }, { r: { id: 1, last: 1 } }, { w: beat(1) }, { b: { id: 2 } });
    checker.finish();
    expect(checker.violations).toEqual([]);
  });

  it('sleeps while a stalled link does not change', () => {
    const { sim, play } = scripted();
    play(idle, { ar: incr(0, 1, 0, { ready: 0 }) });
    sim.step(undefined, 2);
    const before = sim.engine.activations;
    sim.step(undefined, 1000);
    expect(sim.engine.activations - before).toBe(0);
  });

  it('names what is wrong with its parameters', () => {
    const wrong = (spec: object, message: string): void => {
      expect(() => scripted(spec)).toThrow(ConfigError);
      expect(() => scripted(spec)).toThrow(message);
    };
    const sim = new Simulator();
    const clock = sim.clock('c', 1e6);
    const { ar, r, aw, w } = scripted().wires;
    wrong({ mode: 'warn' }, 'check: mode must be "throw" or "collect", got "warn"');
    wrong({ dataAheadBeats: -1 }, 'check: dataAheadBeats must be a number of 0 or more, got -1');
    wrong({ keep: 0 }, 'check: keep must be a number of 1 or more, got 0');
    wrong({ link: {} }, 'check: link must be ar with r, or aw with w and b, or all five, got []');
    wrong({ link: { ar } }, 'got ["ar"]');
    wrong({ link: { ar, r, aw, w } }, 'got ["ar", "r", "aw", "w"]');
    wrong({ clock }, 'check: clock must be axi, that of link.ar, got "c"');
  });
});

describe('random legal traffic', () => {
  it('is not caught, in 200 streams of any width, with any stalls, order and interleaving that AXI4 allows', () => {
    let transactions = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 30 }),
        fc.constantFrom(1, 2, 4, 8, 16),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(1, 0.7, 0.3),
        (seed, lanes, idBits, rate) => {
          const sim = new Simulator({ checkWidths: true });
          const clock = sim.clock('axi', 200_000_000);
          const next = random(seed);
          const shape = { busBytes: 2 * lanes, idBits, pages: [0, 8192] };
          const bursts = Array.from({ length: 24 }, () => legalBurst(next, shape));
          const plain = new PlainMemory();
          const master = new TrafficMaster(sim, 'master', {
            ...shape,
            lanes,
            clock,
            bursts,
            plain,
            rate,
            next,
          });
          const slave = new TrafficSlave(sim, 'slave', { lanes, idBits, clock, rate, next });
          connectAxi(master, slave);
          const [checker] = checkAxiLinks(sim);
          sim.run({ until: () => master.done, maxCycles: 100_000 });
          checker!.finish();
          expect(checker!.count).toBe(0);
          transactions += master.answered;
        },
      ),
      { numRuns: 200 },
    );
    expect(transactions).toBe(200 * 24);
  });
});

describe('the rules of a burst', () => {
  it('agree with what slaves refuse, for every address, length, size and kind', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 }), (seed) => {
        const next = random(seed);
        const [len, size, burst] = [pick(next, 0, 255), pick(next, 0, 7), pick(next, 0, 3)];
        const addr = pick(next, 0, 1) * 2 ** 32 + pick(next, 0, 9000);
        for (const busBytes of [2, 4, 8, 16, 32]) {
          const broken = brokenBurstRule(addr, len, size, burst, busBytes);
          expect(broken === null).toBe(burstFault(addr, len + 1, size, burst, busBytes) === null);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('allow the strobes of the lanes that the equations of the specification give', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 30 }),
        fc.constantFrom(2, 4, 8, 16, 32),
        (seed, busBytes) => {
          const next = random(seed);
          const burst = legalBurst(next, { busBytes, idBits: 4, pages: [0, 2 ** 32] });
          for (const { address, lower, upper } of beatsOf(burst, busBytes)) {
            const allowed = allowedStrobes(address, burst.size, busBytes);
            for (let lane = 0; lane < busBytes; lane++)
              expect(strobesOutside(2 ** lane, allowed), `lane ${lane}`).toBe(lane < lower || lane > upper);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** A part whose port is that of a part within it. */
class Board extends AxiModule {
  readonly m: AxiPort;
  constructor(parent: Simulator, name: string, clock: Clock) {
    super(parent, name);
    this.m = this.masterPort('m', { clock, lanes: 4, idBits: 4 });
    connectAxi(new AxiRegisterSlice(this, 'slice', { clock, lanes: 4 }).m, this.m);
  }
}

describe('checkAxiLinks', () => {
  it('names checkers after the masters, follows their reset and leaves other channels alone', () => {
    const sim = new Simulator();
    const clock = sim.clock('axi', 200_000_000);
    const shape = { busBytes: 8, idBits: 4, pages: [0] };
    const options = {
      ...shape,
      lanes: 4,
      clock,
      bursts: [],
      plain: new PlainMemory(),
      rate: 1,
      next: random(1),
    };
    const master = new TrafficMaster(sim, 'cpu', options);
    const lonely = new TrafficMaster(sim, 'lonely', options);
    const slave = new TrafficSlave(sim, 'ram', { lanes: 4, idBits: 4, clock, rate: 1, next: random(2) });
    connectAxi(master, slave);
    const checkers = checkAxiLinks(sim, { mode: 'collect' });
    expect(checkers.map((c) => c.path)).toEqual(['axi_check_cpu_ar']);
    expect(checkers[0]).toBeInstanceOf(AxiProtocolChecker);
    expect(lonely.ar.peer).toBeNull();
  });

  it('follows the reset of the port, where a part has several', () => {
    const sim = new Simulator();
    const [sClock, mClock] = [sim.clock('s', 1e8), sim.clock('m', 2e8)];
    const crossing = new AxiClockCrossing(sim, 'crossing', { sClock, mClock, lanes: 4 });
    const slave = new TrafficSlave(sim, 'ram', {
      lanes: 4,
      idBits: 4,
      clock: mClock,
      rate: 1,
      next: random(2),
    });
    connectAxi(crossing.m, slave);
    const [checker] = checkAxiLinks(sim);
    expect(checker!.rst.driver).toBe(crossing.mRst);
  });

  it('checks wires once that pass the ports of several levels', () => {
    const sim = new Simulator();
    const clock = sim.clock('axi', 200_000_000);
    const board = new Board(sim, 'board', clock);
    const slave = new TrafficSlave(sim, 'ram', { lanes: 4, idBits: 4, clock, rate: 1, next: random(2) });
    connectAxi(board.m, slave);
    expect(checkAxiLinks(sim).map((c) => c.path)).toEqual(['axi_check_board_m_ar']);
  });

  it('checks a slave whose wires come from a FIFO a channel, and names the FIFO at fault', () => {
    const sim = new Simulator();
    const clock = sim.clock('axi', 200_000_000);
    const slave = new TrafficSlave(sim, 'ram', { lanes: 4, idBits: 4, clock, rate: 1, next: random(2) });
    const address = axiAddressOf(4);
    // Two beats up to 4 KB and one beyond.
    const ar = new Feeder(sim, 'ar_fifo', address, clock, [{ id: 1, addr: 4080, len: 2, size: 3, burst: 1 }]);
    connect(ar.out, slave.ar);
    connect(slave.r, new Taker(sim, 'r_fifo', axiReadData(4), clock).in);
    const [checker, ...more] = checkAxiLinks(sim, { mode: 'collect' });
    expect([checker!.path, more.length]).toEqual(['axi_check_ram_ar', 0]);
    sim.step(clock, 2);
    expect(checker!.violations.map((v) => [v.rule, v.path, v.cycle])).toEqual([
      ['boundary-4k', 'ar_fifo.out', 1],
    ]);
  });

  it('leaves alone what has a checker', () => {
    const sim = new Simulator();
    const clock = sim.clock('axi', 200_000_000);
    const slave = new TrafficSlave(sim, 'ram', { lanes: 4, idBits: 4, clock, rate: 1, next: random(2) });
    const board = new Board(sim, 'board', clock);
    connectAxi(board.m, slave);
    const mine = new AxiProtocolChecker(sim, 'mine', { clock, link: slave });
    expect(mine.addresses.map((c) => c.path)).toEqual(['board.slice.ar.out', 'board.slice.aw.out']);
    expect(checkAxiLinks(sim)).toEqual([]);
  });
});
