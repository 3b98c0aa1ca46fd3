import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestTrace } from '../../../src/components/ddr3/request-trace.js';
import { Timebase } from '../../../src/kernel/index.js';
import { BURST_KINDS, burstsOf } from '../../../src/trace/export/bursts.js';
import { writeDramsim3 } from '../../../src/trace/export/dramsim3.js';
import { writeDramTrace, writeSramTrace } from '../../../src/trace/export/scalesim.js';
import { bus, type Change, plainWaves, Text, transaction } from './plain-waves.js';

/** 800 MHz: edges at 0, 1250, 2500, … ps. */
const ddr3 = new Timebase('ddr3', 800_000_000);
const axi = (id: number, kind: string, begin: number, attributes: Record<string, number>) =>
  transaction({ id, kind, begin, end: begin + 10_000, attributes });

describe('DRAMsim3’s requests', () => {
  it('are one for each 64 bytes that a burst touches, in the cycle that its time lies in', () => {
    const source = plainWaves({
      signals: [],
      changes: [],
      end: 100_000,
      transactions: [
        axi(1, 'axi.write', 5001, { addr: 0x1030, bytes: 0x20 }),
        axi(2, 'axi.read', 5000, { addr: 0x80, beats: 8, size: 16, id: 1 }),
        transaction({ id: 3, kind: 'layer', begin: 0 }),
        axi(4, 'axi.read', 0, { addr: 0xfff_ffff_ffc0, bytes: 1 }),
      ],
    });
    const out = new Text();
    expect(writeDramsim3(burstsOf(source, ['axi.read', 'axi.write'], 0, 100_000), out, ddr3)).toBe(5);
    expect(out.written).toBe(
      '0xfffffffffc0 READ 0\n0x80 READ 4\n0xc0 READ 4\n0x1000 WRITE 5\n0x1040 WRITE 5\n',
    );
  });

  it('take what the DDR3 controller accepted as bursts of 64 bytes, and only the kinds and the window asked for', () => {
    const transactions = [
      axi(1, 'dram.read', 1250, { addr: 64, bank: 3 }),
      axi(2, 'dram.write', 2500, { addr: 128 }),
      axi(3, 'axi.read', 2500, { addr: 0, bytes: 64 }),
      axi(4, 'dram.read', 9000, { addr: 0 }),
    ];
    const source = plainWaves({ signals: [], changes: [], transactions });
    const out = new Text();
    writeDramsim3(burstsOf(source, ['dram.read', 'dram.write'], 1000, 8000), out, ddr3);
    expect(out.written).toBe('0x40 READ 1\n0x80 WRITE 2\n');
  });

  it('are read back by the DDR3 controller, byte for byte what the bursts touch', () => {
    const burst = fc.record({
      addr: fc.nat(10_000),
      beats: fc.integer({ min: 1, max: 16 }),
      size: fc.constantFrom(1, 2, 4, 8, 16),
      begin: fc.nat(50_000),
      kind: fc.constantFrom('axi.read', 'axi.write'),
    });
    fc.assert(
      fc.property(fc.array(burst, { minLength: 1, maxLength: 20 }), (bursts) => {
        const transactions = bursts.map(({ addr, beats, size, begin, kind }, i) =>
          axi(i + 1, kind, begin, { addr, beats, size }),
        );
        const out = new Text();
        const source = plainWaves({ signals: [], changes: [], transactions });
        writeDramsim3(burstsOf(source, BURST_KINDS, 0, 50_000), out, ddr3);
        const read = parseRequestTrace(Buffer.from(out.written), { burstBytes: 64, capacityBytes: 2 ** 33 });
        const got: string[] = [];
        for (let i = 0; i < read.count; i++) {
          got.push(`${read.stamps[i]} ${read.writes[i]} ${read.bursts[i]}`);
          if (i > 0) expect(read.stamps[i]!).toBeGreaterThanOrEqual(read.stamps[i - 1]!);
        }
        const want: string[] = [];
        for (const { addr, beats, size, begin, kind } of bursts) {
          const touched = new Set<number>();
          for (let byte = addr; byte < addr + beats * size - (addr % size); byte++) touched.add(byte >> 6);
          let cycle = 0;
          while (cycle * 1250 < begin) cycle += 1;
          for (const line of touched) want.push(`${cycle} ${kind === 'axi.write' ? 1 : 0} ${line}`);
        }
        expect(got.sort()).toEqual(want.sort());
      }),
    );
  });

  it('say what a trace lacks', () => {
    const bursts = (...transactions: ReturnType<typeof axi>[]) =>
      burstsOf(plainWaves({ signals: [], changes: [], transactions }), ['axi.read'], 0, 1e6);
    expect(() => bursts()).toThrow('plain: transactions must be some of kind axi.read, got "none"');
    expect(() => bursts(axi(7, 'axi.read', 0, { bytes: 64 }))).toThrow(
      'plain: attribute addr of axi.read 7 must be an integer of 0 or more, got undefined',
    );
    expect(() => bursts(axi(7, 'axi.read', 0, { addr: 1, beats: 2 }))).toThrow(
      'attribute bytes (or beats and size)',
    );
    expect(() => bursts(axi(7, 'axi.read', 0, { addr: -1, bytes: 2 }))).toThrow('got -1');
  });
});

describe('SCALE-Sim’s DRAM trace', () => {
  it('has a row a burst with the words that it moves, filled up to the longest', () => {
    const bursts = [
      { time: 0, isWrite: false, address: 6, bytes: 4 },
      { time: 1251, isWrite: false, address: 7, bytes: 2 },
      { time: 2500, isWrite: false, address: 100, bytes: 8 },
    ];
    const out = new Text();
    expect(writeDramTrace(bursts, out, ddr3, 2)).toBe(3);
    expect(out.written).toBe('0,3,4,-1,-1\n2,3,4,-1,-1\n2,50,51,52,53\n');
  });
});

describe('SCALE-Sim’s SRAM trace', () => {
  const clocks = [{ name: 'array', hz: { num: 1_000_000_000, den: 1 }, phasePs: 500 }];

  it('has a row a cycle with what the edge sees, and nothing for idle cycles', () => {
    const waves = plainWaves({
      clocks,
      signals: [
        bus('re', 1),
        bus('addr', 4),
        bus('bank', 8, { lanes: 2 }),
        bus('en', 3),
        bus('text', 0, { kind: 'text' }),
      ],
      changes: [
        [0, 0, '0'],
        [0, 1, '0101'],
        [0, 2, '00010010'],
        [0, 3, '011'],
        [500, 0, '1'],
        [1500, 1, '0110'],
        [1500, 2, '1111xxxx'],
        [2500, 0, '0'],
        [4500, 0, '1'],
        [4500, 3, '000'],
      ],
      end: 6000,
    });
    const trace = (addresses: readonly number[], enable: number | null, window = {}): string => {
      const out = new Text();
      writeSramTrace(waves, out, { addresses, enable, clock: 'array', from: 0, to: 6000, ...window });
      return out.written;
    };
    // Edges 0 … 5 at 500 … 5500. Edge 0 sees re low; 1 and 2 see it high, with the addresses before and after 1500.
    expect(trace([1, 2], 0)).toBe('1,5,2,1\n2,6,-1,15\n5,6,-1,15\n');
    expect(trace([1, 2], 3)).toBe('0,5,2,-1\n1,5,2,-1\n2,6,-1,-1\n3,6,-1,-1\n4,6,-1,-1\n');
    expect(trace([1], null, { from: 1500, to: 2500 })).toBe('1,5\n2,6\n');
    expect(() => trace([4], 0)).toThrow('plain: text must be bits, to be an address, got "text"');
    expect(() => trace([1], 3)).toThrow('plain: en must be one bit, or one for each of 1 addresses');
  });

  it('equals a plain walk over the cycles for any changes', () => {
    const change = fc.tuple(fc.nat(80), fc.nat(1), fc.nat(7));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (raw, from) => {
        const changes = [...raw]
          .sort((a, b) => a[0] - b[0])
          .map(([t, s, v]): Change => [t * 100, s, s === 0 ? String(v & 1) : v.toString(2).padStart(3, '0')]);
        const signals = [bus('re', 1), bus('addr', 3)];
        const waves = plainWaves({ clocks, signals, changes, end: 8000 });
        const out = new Text();
        writeSramTrace(waves, out, { addresses: [1], enable: 0, clock: 'array', from: from * 100, to: 8000 });
        let want = '';
        for (let c = 0; 500 + 1000 * c <= 8000; c++) {
          const edge = 500 + 1000 * c;
          const at = (s: number) => changes.filter((x) => x[1] === s && x[0] < edge).at(-1)?.[2];
          if (edge >= from * 100 && at(0) === '1' && at(1) !== undefined)
            want += `${c},${Number.parseInt(String(at(1)), 2)}\n`;
        }
        expect(out.written).toBe(want);
      }),
    );
  });
});
