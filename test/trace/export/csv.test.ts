import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeCsv } from '../../../src/trace/export/csv.js';
import { bus, type Change, type Plain, plainWaves, Text } from './plain-waves.js';

const small: Plain = {
  signals: [
    bus('m.valid', 1),
    bus('m.a,b', 8, { type: { kind: 'int', width: 8 } }),
    bus('m.pulse', 1, { kind: 'event' }),
  ],
  changes: [
    [0, 0, '0'],
    [10, 0, '1'],
    [10, 1, '11111111'],
    [20, 2, ''],
    [30, 1, '0000000x'],
    [30, 2, ''],
    [40, 0, '0'],
  ],
};
const all = [0, 1, 2];

function csv(plain: Plain, options: Partial<Parameters<typeof writeCsv>[2]> = {}): string {
  const waves = plainWaves(plain);
  const out = new Text();
  writeCsv(waves, out, { signals: all, from: waves.begin, to: waves.end, ...options });
  return out.written;
}

describe('CSV', () => {
  it('has a line a change in the long form', () => {
    expect(csv(small)).toBe(
      'time,signal,value\n0,m.valid,0\n10,m.valid,1\n10,"m.a,b",-1\n20,m.pulse,\n30,"m.a,b",0x0X\n30,m.pulse,\n40,m.valid,0\n',
    );
  });

  it('has a column a signal in the wide form, holding what does not change', () => {
    expect(csv(small, { wide: true })).toBe(
      'time,m.valid,"m.a,b",m.pulse\n0,0,,\n10,1,-1,\n20,1,-1,1\n30,1,0x0X,1\n40,0,0x0X,\n',
    );
  });

  it('begins a window with what holds there', () => {
    expect(csv(small, { from: 15, to: 35, signals: [0, 1] })).toBe(
      'time,signal,value\n15,m.valid,1\n15,"m.a,b",-1\n30,"m.a,b",0x0X\n',
    );
  });

  it('tells time in ps whatever the unit', () => {
    expect(csv({ ...small, unitFs: 1 }, { signals: [0] })).toBe(
      'time,signal,value\n0,m.valid,0\n0.01,m.valid,1\n0.04,m.valid,0\n',
    );
    expect(csv({ ...small, unitFs: 1_000_000 }, { signals: [0] })).toContain('\n10000,m.valid,1\n');
  });

  it('holds in each line of the wide form the last value of every signal', () => {
    const change = fc.tuple(fc.nat(20), fc.nat(2), fc.nat(15));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (raw) => {
        const signals = all.map((i) => bus(`s${i}`, 4, { type: { kind: 'uint', width: 4 } }));
        const changes = [...raw]
          .sort((a, b) => a[0] - b[0])
          .map(([t, s, v]): Change => [t, s, v.toString(2).padStart(4, '0')]);
        const lines = csv({ signals, changes }, { wide: true, radix: 'dec' }).trimEnd().split('\n').slice(1);
        const shown = lines.map((line) => line.split(','));
        expect(new Set(shown.map(([time]) => Number(time)))).toEqual(
          new Set([
            ...raw.filter(([t]) => t > 0).map(([t]) => t),
            ...raw.filter(([t]) => t === 0).map(() => 0),
          ]),
        );
        for (const [time, ...values] of shown)
          values.forEach((value, s) => {
            const last = changes.filter((c) => c[1] === s && c[0] <= Number(time)).at(-1);
            expect(value).toBe(last === undefined ? '' : String(Number.parseInt(String(last[2]), 2)));
          });
      }),
    );
  });
});
