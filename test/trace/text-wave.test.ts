import { describe, expect, it } from 'vitest';
import { memoryWaves } from '../../src/trace/memory-waves.js';
import { textWave, type WaveRow } from '../../src/trace/text-wave.js';
import { parseTime, timeText } from '../../src/trace/time-text.js';
import { valueText } from '../../src/trace/value-text.js';
import { waveJson } from '../../src/trace/diff/wave-json.js';
import { waveSvg } from '../../src/trace/wave-svg.js';
import { parseXml } from './diff/xml.js';

const rows: readonly WaveRow[] = [
  { label: 'clk', kind: 'clock', values: [null, null, null, null, null, null] },
  { label: 'ready', kind: 'bit', values: ['0', '1', '1', '0', 'x', 'z'] },
  { label: 'data', kind: 'bus', values: ['00', '1f', '1f', null, '20', '21'] },
];

describe('textWave', () => {
  it('draws levels, edges, values, what is unknown, and what there is not', () => {
    expect(textWave(rows, { heads: ['0', '1', '2', '3', '4', '5'], headLabel: 'cycle', mark: 3 })).toBe(
      [
        'cycle  0   1   2   3   4   5',
        'clk    ▔▔▁▁▔▔▁▁▔▔▁▁▔▔▁▁▔▔▁▁▔▔▁▁',
        'ready  ▁▁▁▁╱▔▔▔▔▔▔▔╲▁▁▁░░░░┄┄┄┄',
        'data   │00 │1f         │20 │21',
        '                   ^^^^',
      ].join('\n'),
    );
  });

  it('goes on below where a line is full, and says again what stands there', () => {
    expect(textWave(rows, { width: 19, ascii: true })).toBe(
      [
        'clk    ""__""__""__',
        'ready  ____/"""""""',
        'data   |00 |1f',
        '',
        'clk    ""__""__""__',
        'ready  \\___xxxx----',
        'data       |20 |21',
      ].join('\n'),
    );
    for (const line of textWave(rows, { width: 19 }).split('\n')) expect(line.length).toBeLessThanOrEqual(19);
  });

  it('cuts what is too long for its columns', () => {
    const long = '0x0123456789abcdef0123456789abcdef';
    const drawn = textWave([{ label: 's', kind: 'bus', values: [long, '1'] }]);
    expect(drawn).toBe(`s  │${long.slice(0, 18)}…│1`);
  });
});

describe('waveJson and waveSvg', () => {
  const drawing = waveJson(rows, { title: 'A & B < C', heads: ['0', '1', '2', '3', '4', '5'] });

  it('says the same in the language of WaveDrom', () => {
    expect(drawing.signal).toEqual([
      { name: '', wave: '222222', data: ['0', '1', '2', '3', '4', '5'] },
      { name: 'clk', wave: 'p.....' },
      { name: 'ready', wave: '01.0xz' },
      { name: 'data', wave: '==.x==', data: ['00', '1f', '20', '21'] },
    ]);
  });

  it('draws an SVG document that has the labels, the values and the title', () => {
    const svg = waveSvg(drawing);
    expect(svg).toMatch(/^<svg /);
    // The style sheet of WaveDrom is text of no concern here.
    const texts: string[] = [];
    const walk = (e: ReturnType<typeof parseXml>): void => {
      if (e.tag === 'tspan') texts.push(e.text);
      e.children.forEach(walk);
    };
    walk(parseXml(svg.replace(/<style[\s\S]*?<\/style>/g, '')));
    expect(texts).toEqual(
      expect.arrayContaining(['A & B < C', 'clk', 'ready', 'data', '00', '1f', '20', '21']),
    );
  });
});

describe('valueText', () => {
  const of = (width: number, type: Parameters<typeof valueText>[0]['type'] = null, lanes = 1) => ({
    kind: 'bits' as const,
    width,
    lanes,
    type,
  });
  it.each([
    [of(1), '1', '1'],
    [of(8), '00111111', '0x3f'],
    [of(9), '100111111', '0x13f'],
    [of(8), 'xxxx1x1z', '0xxX'],
    [of(8), 'zzzz1111', '0xzf'],
    [of(8, { kind: 'uint', width: 8 }), '11111011', '251'],
    [of(8, { kind: 'int', width: 8 }), '11111011', '-5'],
    [of(8, { kind: 'int', width: 8 }), '1111101x', '0xfX'],
    [of(8, { kind: 'fixed', width: 8, fraction: 2 }), '11111011', '-1.25'],
    [of(12, { kind: 'int', width: 4 }, 3), '000111110010', '[2 -1 1]'],
    [of(4), null, '?'],
    [{ kind: 'real' as const, width: 64, lanes: 1, type: null }, 0.5, '0.5'],
    [{ kind: 'text' as const, width: 0, lanes: 1, type: null }, 'a b', '"a b"'],
  ])('writes %o %s as %s', (signal, value, text) => {
    expect(valueText(signal, value)).toBe(text);
  });

  it('writes bits in the radix asked for', () => {
    const signal = of(8, { kind: 'int', width: 8 });
    expect(['hex', 'dec', 'bin'].map((radix) => valueText(signal, '11111011', radix as 'hex'))).toEqual([
      '0xfb',
      '-5',
      '11111011',
    ]);
  });
});

describe('times', () => {
  it.each([
    [0, 1000, '0 ns'],
    [6024, 1000, '6.024 ns'],
    [29_156_626, 1000, '29156.626 ns'],
    [1500, 1e6, '1.5 us'],
    [7, 1, '7 fs'],
    [3, 1e15, '3 s'],
  ])('writes %d units of %d fs as %s', (time, unit, text) => {
    expect(timeText(time, unit)).toBe(text);
  });

  it.each([
    ['1500', 1_500_000n],
    ['1.5ns', 1_500_000n],
    ['2 us', 2_000_000_000n],
    ['3s', 3_000_000_000_000_000n],
    ['0.0001ps', null],
    ['1e3', null],
    ['-1', null],
    ['', null],
    ['1 min', null],
  ])('reads %s', (text, fs) => {
    expect(parseTime(text)).toBe(fs);
  });
});

describe('memoryWaves', () => {
  it('gives the values at the beginning of a window, then its changes; of events only those within', () => {
    const waves = memoryWaves({
      signals: [
        {
          path: 'b',
          width: 4,
          changes: [
            [0, 1],
            [5, -1],
            [9, 2],
          ],
        },
        {
          path: 'e',
          kind: 'event',
          changes: [
            [3, ''],
            [5, ''],
          ],
        },
        { path: 'a', changes: [[7, 'x']] },
      ],
    });
    expect([...waves.changes({ from: 5, to: 8 })]).toEqual([
      { time: 5, signal: 0, value: '1111' },
      { time: 5, signal: 1, value: '' },
      { time: 7, signal: 2, value: 'x' },
    ]);
    expect([waves.begin, waves.end]).toEqual([0, 9]);
  });

  it('names a value that its signal cannot have, and a time that goes back', () => {
    const of = (changes: [number, string][]) => (): unknown =>
      memoryWaves({ name: 'm', signals: [{ path: 's', width: 2, changes }] });
    expect(of([[0, '012']])).toThrow('m: s must be 2 characters of 0, 1, x, z, got "012"');
    expect(
      of([
        [5, '01'],
        [4, '00'],
      ]),
    ).toThrow('m: s.changes[1] must be at 5 or later, got 4');
  });
});
