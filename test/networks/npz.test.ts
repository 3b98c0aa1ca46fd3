import { readFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileFormatError } from '../../src/networks/errors.js';
import { parseNpy, parseNpz } from '../../src/networks/npz.js';
import { parseWeights } from '../../src/networks/weight-file.js';

function golden(name: string): Uint8Array {
  return readFileSync(new URL(`golden/${name}`, import.meta.url));
}

/** A .npy file as the format's description has it; version 2 only widens the header length. */
function npy(descr: string, shape: readonly number[], data: Uint8Array, version = 1): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const before = version === 1 ? 10 : 12;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((text.length + 1 + before) / 64) * 64 - before;
  const head = Buffer.alloc(before);
  head.set([0x93, ...Buffer.from('NUMPY'), version, 0]);
  if (version === 1) head.writeUInt16LE(length, 8);
  else head.writeUInt32LE(length, 8);
  return Buffer.concat([head, Buffer.from(`${text.padEnd(length - 1)}\n`), data]);
}

/** A zip archive of stored or deflated entries. */
function zip(entries: readonly [string, Uint8Array][], deflated = false): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, data] of entries) {
    const packed = deflated ? deflateRawSync(data) : Buffer.from(data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflated ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), fields, tail, Buffer.from(name));
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), fields, Buffer.from(name), packed]);
    parts.push(local);
    at += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.set([0x50, 0x4b, 5, 6]);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

function bytesOf(array: Float32Array | Float64Array | Int8Array | Int16Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const kinds = {
  '<f4': fc.float32Array({ maxLength: 12, noNaN: true }),
  '<f8': fc.float64Array({ maxLength: 12, noNaN: true }),
  '|i1': fc.int8Array({ maxLength: 12 }),
  '<i2': fc.int16Array({ maxLength: 12 }),
  '<i4': fc.int32Array({ maxLength: 12 }),
};

describe('parseNpz', () => {
  it.each(['numpy-stored.npz', 'numpy-deflated.npz'])('reads every element type of %s', (name) => {
    const tensors = parseNpz(golden(name), name);
    const plain = Object.fromEntries(
      [...tensors].map(([key, { shape, data }]) => [key, [[...shape], [...data]]]),
    );
    expect(plain).toEqual({
      half: [
        [2, 3],
        [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5],
      ],
      single: [
        [1, 2],
        [1.5, -2.25],
      ],
      double: [[], [Math.PI]],
      byte: [[2], [-128, 127]],
      word: [
        [2, 1],
        [-32768, 32767],
      ],
      long: [[2], [-2147483648, 2147483647]],
      big: [[2], [1.5, -2]],
      empty: [[0, 4], []],
    });
  });

  it('reads what was written, stored or deflated, version 1 or 2', () => {
    for (const [descr, arrays] of Object.entries(kinds)) {
      fc.assert(
        fc.property(arrays, fc.boolean(), fc.constantFrom(1, 2), (array, deflated, version) => {
          const archive = zip([['a.npy', npy(descr, [1, array.length], bytesOf(array), version)]], deflated);
          const tensor = parseNpz(archive, 'a.npz').get('a');
          expect(tensor?.shape).toEqual([1, array.length]);
          expect([...(tensor?.data ?? [])]).toEqual([...array]);
        }),
        { numRuns: 40 },
      );
    }
  });

  it('reads every finite half as sign, exponent and fraction make it', () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const { data } = parseNpy(npy('<f2', [bits.length], new Uint8Array(bits.buffer)), 'h.npz', 'h');
    for (const i of bits) {
      const [exponent, fraction] = [(i >> 10) & 31, i & 1023];
      if (exponent === 31) continue;
      const size = exponent === 0 ? fraction / 1024 / 16384 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      if (data[i] !== (i >= 0x8000 ? -size : size)) expect(`${i}: ${data[i]}`).toBe(`${i}: ${size}`);
    }
  });

  it('refuses the file at every length it may be cut to', () => {
    const whole = golden('numpy-deflated.npz');
    for (let length = 0; length < whole.length; length++) {
      expect(() => parseNpz(whole.subarray(0, length), 'cut.npz')).toThrow(FileFormatError);
    }
  });

  it('never fails with anything but a FileFormatError naming the file, whichever bytes are changed', () => {
    const whole = golden('numpy-stored.npz');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[at]! ^= change;
        try {
          parseNpz(bytes, 'changed.npz');
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
          expect(String(error)).toContain('changed.npz: ');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('finds damaged data by its checksum', () => {
    const bytes = Uint8Array.from(zip([['a.npy', npy('<f4', [2], bytesOf(Float32Array.of(1, 2)))]]));
    bytes[128 + 35 + 3]! ^= 1;
    expect(() => parseNpz(bytes, 'a.npz')).toThrow('a.npz: a.npy must be undamaged, got another checksum');
  });

  it('says what is foreign about an array', () => {
    expect(() => parseNpz(golden('numpy-fortran.npz'), 'f.npz')).toThrow(
      'f.npz: order of fortran must be C order (save numpy.ascontiguousarray(x)), got Fortran order',
    );
    expect(() => parseNpz(golden('numpy-complex.npz'), 'c.npz')).toThrow(
      'c.npz: element type of complex must be one of f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, got c8',
    );
    expect(() => parseNpz(zip([['notes.txt', Buffer.from('hello')]]), 'n.npz')).toThrow(
      'n.npz: entries must be .npy arrays, got "notes.txt"',
    );
    expect(() => parseNpz(Buffer.from('not a zip archive at all'), 'x.npz')).toThrow(
      'x.npz: zip directory must be at the end of the file, got none: not a zip archive, or truncated',
    );
    expect(() => parseNpz(zip([['a.npy', npy('<f4', [3], new Uint8Array(8))]]), 'a.npz')).toThrow(
      'a.npz: data of a must be 12 bytes for shape [3] of F32, got truncated: 8 bytes',
    );
  });
});

describe('parseWeights on .npz', () => {
  it('multiplies codes by 2^-fl where the archive states a fraction length, each tensor its own first', () => {
    const entries: [string, Uint8Array][] = [
      ['a.npy', npy('<i2', [2], bytesOf(Int16Array.of(-16384, 3)))],
      ['b.npy', npy('<i2', [1], bytesOf(Int16Array.of(3)))],
      ['c.npy', npy('<f4', [1], bytesOf(Float32Array.of(3)))],
      ['fl.npy', npy('|i1', [], bytesOf(Int8Array.of(14)))],
      ['b.fl.npy', npy('|i1', [1], bytesOf(Int8Array.of(1)))],
    ];
    const weights = parseWeights(zip(entries), 'w.npz');
    expect([...weights.keys()]).toEqual(['a', 'b', 'c']);
    expect([...(weights.get('a')?.data ?? [])]).toEqual([-1, 3 / 16384]);
    expect([...(weights.get('b')?.data ?? [])]).toEqual([1.5]);
    expect([...(weights.get('c')?.data ?? [])]).toEqual([3]);
  });
});
