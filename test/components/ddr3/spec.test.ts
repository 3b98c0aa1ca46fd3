import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressMap } from '../../../src/components/ddr3/address-map.js';
import { ddr3Spec } from '../../../src/components/ddr3/spec.js';
import { DENSITIES, SPEEDS } from '../../../src/components/ddr3/timing-table.js';
import { checkerLimits } from '../../../src/components/ddr3/timing-checker.js';
import { ConfigError } from '../../../src/kernel/index.js';

describe('ddr3Spec', () => {
  it('gives 8 GB of DDR3-1600K in two ranks by default', () => {
    const spec = ddr3Spec();
    expect(spec.capacityBytes).toBe(2 ** 33);
    expect(spec.clockNs).toBe(1.25);
    expect(spec.timing).toEqual({
      CL: 11,
      CWL: 8,
      tRCD: 11,
      tRP: 11,
      tRAS: 28,
      tRC: 39,
      tRRD: 5,
      tFAW: 24,
      tCCD: 4,
      tRTP: 6,
      tWR: 12,
      tWTR: 6,
      tRTW: 9,
      tRFC: 208,
      tREFI: 6240,
      tRTRS: 2,
    });
  });

  it('comes to the same clocks as the checker by hand, for every bin and density', () => {
    for (const speed of SPEEDS)
      for (const densityGb of DENSITIES)
        expect(ddr3Spec({ speed, densityGb }).timing).toEqual(checkerLimits(speed, densityGb));
  });

  it('lets tRTW follow from what is given, unless it is given itself', () => {
    expect(ddr3Spec({ CL: 10 }).timing.tRTW).toBe(8);
    expect(ddr3Spec({ CL: 10, tRTW: 9 }).timing.tRTW).toBe(9);
  });

  it('halves capacity and burst on a 32-bit channel', () => {
    const { capacityBytes, burstBytes, devices } = ddr3Spec({ channelBits: 32 });
    expect([capacityBytes, burstBytes, devices]).toEqual([2 ** 32, 32, 4]);
  });

  it('refuses unknown keys and names the nearest ones', () => {
    expect(() => ddr3Spec({ tRTSR: 1 } as object, 'mem')).toThrow(
      new ConfigError('mem', 'tRTSR', 'a known key (near it: tRTRS, tRAS, tRP)', 1).message.slice(0, 42),
    );
    expect(() => ddr3Spec({ toString: 1 } as object)).toThrow(ConfigError);
  });

  it.each([
    [{ tRCD: 1.5 }, 'tRCD must be an integer from 1 to 1000, got 1.5'],
    [{ tRCD: '11' }, 'tRCD must be an integer from 1 to 1000, got "11"'],
    [{ speed: 2133 }, 'speed must be one of 1066, 1333, 1600, 1866, got 2133'],
    [{ pagePolicy: 'shut' }, 'pagePolicy must be one of open, closed, timeout, got "shut"'],
    [{ writeQueue: 8, writeDrainHigh: 9 }, 'writeDrainHigh must be at most writeQueue = 8, got 9'],
    [{ writeDrainHigh: 4, writeDrainLow: 4 }, 'writeDrainLow must be less than writeDrainHigh = 4, got 4'],
    [{ tREFI: 400 }, 'tREFI must be at least ranks'],
    [{ mapping: 'row-rank-bnak-col' }, 'mapping must be fields row, rank, bank and col'],
    [{ mapping: 'row-rank-col' }, 'mapping must be fields row, rank, bank and col'],
    [{ mapping: 'row-rank-bank-col:3' }, 'mapping must be one that gives col its 7 bits once'],
    [{ mapping: 'row-row-rank-bank-col' }, 'mapping must be one that gives row its 16 bits once'],
    [{ mapping: 'rochrababgxx' }, 'mapping must be fields'],
  ])('refuses %j', (config, message) => {
    expect(() => ddr3Spec(config as object)).toThrow(message);
    expect(() => ddr3Spec(config as object)).toThrow(ConfigError);
  });
});

describe('AddressMap', () => {
  const bits = { row: 16, rank: 1, bank: 3, col: 7 };
  const at = (mapping: string, burst: number, bankXor = false): number[] => {
    const map = new AddressMap('map', mapping, bits, bankXor);
    return [map.rowOf(burst), map.bankOf(burst) >> 3, map.bankOf(burst) & 7, map.colOf(burst)];
  };

  it('reads fields from the top address bit down', () => {
    const burst = (5 << 11) | (1 << 10) | (6 << 7) | 99;
    expect(at('row-rank-bank-col', burst)).toEqual([5, 1, 6, 99]);
    expect(at('rochrababgco', burst)).toEqual([5, 1, 6, 99]);
    expect(at('col-row-rank-bank', burst)).toEqual([
      (burst >> 4) & 0xffff,
      (burst >> 3) & 1,
      burst & 7,
      burst >> 20,
    ]);
  });

  it('puts a rank that is not named at the top', () => {
    expect(at('row-bank-col', 2 ** 26 + (5 << 10) + (6 << 7) + 99)).toEqual([5, 1, 6, 99]);
  });

  it('splits a field', () => {
    // col: the low 3 bits at the bottom, the upper 4 above bank and rank.
    expect(at('row-col:4-rank-bank-col', (5 << 11) | (9 << 7) | (1 << 6) | (6 << 3) | 3)).toEqual([
      5,
      1,
      6,
      (9 << 3) | 3,
    ]);
  });

  it('XORs the bank with the low bits of the row', () => {
    expect(at('row-rank-bank-col', (5 << 11) | (6 << 7), true)).toEqual([5, 0, 6 ^ 5, 0]);
  });

  it('gives every burst a place of its own', () => {
    const small = { row: 4, rank: 1, bank: 3, col: 3 };
    const mapping = fc.constantFrom(
      'row-rank-bank-col',
      'row-col-rank-bank',
      'row-bank-col',
      'bank-col:1-row:2-rank-row-col',
      'rank-row-col:2-bank-col',
    );
    fc.assert(
      fc.property(mapping, fc.boolean(), (text, bankXor) => {
        const map = new AddressMap('map', text, small, bankXor);
        expect(map.bursts).toBe(2 ** 11);
        const places = new Set<number>();
        for (let burst = 0; burst < map.bursts; burst++) {
          const [row, bank, col] = [map.rowOf(burst), map.bankOf(burst), map.colOf(burst)];
          expect(row < 16 && bank < 16 && col < 8).toBe(true);
          places.add((row * 16 + bank) * 8 + col);
        }
        expect(places.size).toBe(2 ** 11);
      }),
    );
  });
});
