import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laneInteger, laneNumber, lanesOf } from '../../../src/trace/export/lane-numbers.js';

describe('numbers of lanes', () => {
  it('are two’s complement where the type has a sign, with the fraction that it says', () => {
    expect(laneNumber('11111110', null)).toBe(254);
    expect(laneNumber('11111110', { kind: 'uint', width: 8 })).toBe(254);
    expect(laneNumber('11111110', { kind: 'int', width: 8 })).toBe(-2);
    expect(laneNumber('11111110', { kind: 'fixed', width: 8, fraction: 6 })).toBe(-1 / 32);
    expect(laneInteger('1'.repeat(64), null)).toBe(2n ** 64n - 1n);
  });

  it('are none while a bit is x or z', () => {
    expect([laneNumber('1x', null), laneInteger('z0', null)]).toEqual([null, null]);
  });

  it('begin with lane 0, the least significant', () => {
    expect(lanesOf('0001xxxx1000', 3)).toEqual(['1000', 'xxxx', '0001']);
  });

  it('give back every number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(31), (raw, fraction) => {
        let bits = '';
        for (let bit = 31; bit >= 0; bit--) bits += (raw >> bit) & 1;
        expect(laneNumber(bits, { kind: 'fixed', width: 32, fraction })).toBe(raw / 2 ** fraction);
        expect(laneNumber(bits, { kind: 'uint', width: 32 })).toBe(raw >>> 0);
      }),
    );
  });
});
