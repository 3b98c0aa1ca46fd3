import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../src/networks/errors.js';
import { formatSafetensors, parseSafetensors } from '../../src/networks/safetensors.js';
import { parseWeights } from '../../src/networks/weight-file.js';

/** A file as the format's description has it, made without the writer under test. */
function file(header: Record<string, unknown>, data: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

function one(dtype: string, shape: number[], data: Uint8Array): number[] {
  const bytes = file({ a: { dtype, shape, data_offsets: [0, data.length] } }, data);
  return [...(parseSafetensors(bytes, 'a.safetensors').tensors.get('a')?.data ?? [])];
}

describe('parseSafetensors', () => {
  it('reads every element type, little-endian', () => {
    expect(one('F32', [1], Buffer.from('0000c03f', 'hex'))).toEqual([1.5]);
    expect(one('F64', [1], Buffer.from('182d4454fb210940', 'hex'))).toEqual([Math.PI]);
    expect(one('F16', [2], Buffer.from('003c00c1', 'hex'))).toEqual([1, -2.5]);
    expect(one('BF16', [2], Buffer.from('c03f20c1', 'hex'))).toEqual([1.5, -10]);
    expect(one('I8', [3], Buffer.from('80ff7f', 'hex'))).toEqual([-128, -1, 127]);
    expect(one('U8', [1], Buffer.from('ff', 'hex'))).toEqual([255]);
    expect(one('I16', [2, 1], Buffer.from('0080ff7f', 'hex'))).toEqual([-32768, 32767]);
    expect(one('I32', [1], Buffer.from('00000080', 'hex'))).toEqual([-2147483648]);
    expect(one('I64', [1], Buffer.from('fdffffffffffffff', 'hex'))).toEqual([-3]);
    expect(one('F32', [0, 3], new Uint8Array(0))).toEqual([]);
  });

  it('reads back what the writer wrote, and the writer aligns the data', () => {
    const tensors = fc.dictionary(fc.string({ minLength: 1 }), fc.int16Array({ maxLength: 9 }));
    fc.assert(
      fc.property(tensors, (arrays) => {
        const names = Object.keys(arrays).filter((name) => name !== '__metadata__' && name !== '__proto__');
        const input = new Map(
          names.map((name) => [name, { shape: [arrays[name]!.length], data: arrays[name]! }]),
        );
        const bytes = formatSafetensors(input, { fl: '14' });
        const { tensors: read, metadata } = parseSafetensors(bytes, 'w');
        expect(metadata).toEqual({ fl: '14' });
        expect(new Map([...read].map(([name, { data }]) => [name, [...data]]))).toEqual(
          new Map([...input].map(([name, { data }]) => [name, [...data]])),
        );
        expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
      }),
    );
  });

  it('refuses the file at every length it may be cut to', () => {
    const whole = formatSafetensors(new Map([['a', { shape: [4], data: Int16Array.of(1, 2, 3, 4) }]]), {});
    for (let length = 0; length < whole.length; length++) {
      expect(() => parseSafetensors(whole.subarray(0, length), 'cut')).toThrow(FileFormatError);
    }
  });

  it('never fails with anything but a FileFormatError, whichever byte is changed', () => {
    const whole = formatSafetensors(new Map([['a', { shape: [4], data: Int16Array.of(1, 2, 3, 4) }]]), {
      fl: '3',
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[at]! ^= change;
        try {
          parseSafetensors(bytes, 'changed');
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('names file, tensor and what is wrong', () => {
    const two = new Uint8Array(2);
    expect(() =>
      parseSafetensors(file({ a: { dtype: 'I16', shape: [2], data_offsets: [0, 2] } }, two), 'w'),
    ).toThrow('w: data of a must be 4 bytes for shape [2] of I16, got truncated: 2 bytes');
    expect(() =>
      parseSafetensors(file({ a: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] } }, two), 'w'),
    ).toThrow('w: dtype of a must be one of F16,');
    expect(() =>
      parseSafetensors(file({ a: { dtype: 'I16', shape: [1], data_offsets: [0, 3] } }, two), 'w'),
    ).toThrow('w: data_offsets of a must be inside the 2 bytes of data, got [0, 3]: truncated file');
    expect(() => parseSafetensors(file({}, two), 'w')).toThrow(
      'w: data must be 0 bytes, as many as the tensors',
    );
    expect(() => parseSafetensors(Buffer.alloc(64, 0xff), 'w')).toThrow(
      'w: header must be that of a safetensors file',
    );
    expect(() => parseWeights(Buffer.from('some other file'), 'w')).toThrow(
      'w: contents must be a .npz (zip) or .safetensors file, got neither',
    );
  });

  it('multiplies codes by 2^-fl when weights are loaded', () => {
    const codes = new Map([
      ['a', { shape: [1], data: Int16Array.of(-8192) }],
      ['b', { shape: [1], data: Int16Array.of(5) }],
    ]);
    const weights = parseWeights(formatSafetensors(codes, { fl: '14', 'b.fl': '0', note: 'x' }), 'w');
    expect(weights.get('a')?.data[0]).toBe(-0.5);
    expect(weights.get('b')?.data[0]).toBe(5);
    expect(() => parseWeights(formatSafetensors(codes, { fl: 'many' }), 'w')).toThrow(
      'w: fl must be a whole number from 0 to 31, got NaN',
    );
  });
});
