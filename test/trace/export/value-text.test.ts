import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laneNumber, type Radix, valueText } from '../../../src/trace/export/value-text.js';
import type { WaveType } from '../../../src/trace/waves.js';
import { bus } from './plain-waves.js';

const typed = (bits: string, type: WaveType | null, radix: Radix): string =>
  valueText(bus('s', bits.length, { type }), bits, radix);

const uint8: WaveType = { kind: 'uint', width: 8 };
const int8: WaveType = { kind: 'int', width: 8 };
const fixed: WaveType = { kind: 'fixed', width: 8, fraction: 6 };

describe('values as text', () => {
  it.each<[string, WaveType | null, Radix, string]>([
    ['11111110', null, 'auto', '0xfe'],
    ['11111110', uint8, 'auto', '254'],
    ['11111110', int8, 'auto', '-2'],
    ['11111110', fixed, 'auto', '-0.03125'],
    ['11111110', fixed, 'dec', '-2'],
    ['01100000', fixed, 'fixed', '1.5'],
    ['10000000', fixed, 'fixed', '-2'],
    ['11111110', int8, 'fixed', '-2'],
    ['11111110', int8, 'hex', '0xfe'],
    ['11111110', int8, 'bin', '0b11111110'],
    ['111110000', null, 'hex', '0x1f0'],
    ['1', { kind: 'bool', width: 1 }, 'auto', '1'],
    ['x', null, 'auto', 'x'],
    ['xxxxxxxx', uint8, 'auto', 'x'],
    ['zzzzzzzz', null, 'hex', 'z'],
    ['xxxx1111', null, 'hex', '0xxf'],
    ['xx111111', null, 'hex', '0xXf'],
    ['xx0000', null, 'hex', '0xx0'],
    ['x1', null, 'hex', '0xX'],
    ['0000z000', uint8, 'dec', '0b0000z000'],
  ])('writes %s of %j, %s, as %s', (bits, type, radix, text) => {
    expect(typed(bits, type, radix)).toBe(text);
  });

  it('writes lanes from lane 0 on', () => {
    const signal = bus('s', 12, { lanes: 3, type: { kind: 'int', width: 4 } });
    expect(valueText(signal, '000111111000', 'auto')).toBe('[-8 -1 1]');
    expect(valueText({ ...signal, type: null }, '0001xxxx1000', 'auto')).toBe('[0x8 x 0x1]');
  });

  it('writes reals and texts as they are, and nothing for an event', () => {
    expect(valueText(bus('s', 64, { kind: 'real' }), 1.5e-9, 'hex')).toBe('1.5e-9');
    expect(valueText(bus('s', 0, { kind: 'text' }), 'IDLE', 'dec')).toBe('IDLE');
    expect(valueText(bus('s', 1, { kind: 'event' }), '', 'auto')).toBe('');
  });

  it('gives back every two’s complement number and fraction exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(31), (raw, fraction) => {
        let bits = '';
        for (let bit = 31; bit >= 0; bit--) bits += (raw >> bit) & 1;
        const type: WaveType = { kind: 'fixed', width: 32, fraction };
        expect(laneNumber(bits, type)).toBe(raw / 2 ** fraction);
        const text = typed(bits, type, 'auto');
        expect(Number(text)).toBe(raw / 2 ** fraction);
        expect(text).not.toMatch(/e|\.\d*0$|\.$/);
        expect(typed(bits, type, 'dec')).toBe(String(raw));
        expect(typed(bits, type, 'hex')).toBe(`0x${(raw >>> 0).toString(16).padStart(8, '0')}`);
      }),
    );
  });
});
