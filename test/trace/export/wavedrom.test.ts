import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../../src/trace/export/columns.js';
import { DIAGRAM_COLUMNS, waveDiagram } from '../../../src/trace/export/wavedrom.js';
import { waveSvg } from '../../../src/trace/wave-svg.js';
import { bus, type Change, type Plain, plainWaves } from './plain-waves.js';

/** A clock of 100 MHz from 5 ns on: edges at 5000, 15000, … ps. */
const clocks = [{ name: 'bus', hz: { num: 100_000_000, den: 1 }, phasePs: 5000 }];
const signals = [
  bus('m.valid', 1),
  bus('m.data', 8, { type: { kind: 'fixed', width: 8, fraction: 4 } }),
  bus('m.tick', 1, { kind: 'event' }),
  bus('m.state', 0, { kind: 'text' }),
];
const run: Plain = {
  signals,
  clocks,
  changes: [
    [0, 0, '0'],
    [0, 1, 'xxxxxxxx'],
    [15_000, 0, '1'],
    [15_000, 1, '00011000'],
    [15_000, 2, ''],
    [25_000, 1, '11111000'],
    [25_000, 2, ''],
    [25_000, 3, 'RUN'],
    [35_000, 0, 'z'],
    [36_000, 0, 'x'],
    [45_000, 1, 'zzzzzzzz'],
  ],
  end: 50_000,
};

const diagram = (options: Partial<Parameters<typeof waveDiagram>[1]> = {}): ReturnType<typeof waveDiagram> =>
  waveDiagram(plainWaves(run), { signals: [0, 1, 2, 3], from: 0, to: 50_000, ...options });

describe('a WaveDrom diagram', () => {
  it('has a column a cycle of the clock, with what its next edge will see', () => {
    expect(diagram({ clock: 'bus' })).toEqual({
      signal: [
        { name: 'bus', wave: 'p....' },
        { name: 'm.valid', wave: '01.x.' },
        { name: 'm.data', wave: 'x==.z', data: ['1.5', '-0.5'] },
        { name: 'm.tick', wave: '0pp00' },
        { name: 'm.state', wave: 'x.=..', data: ['RUN'] },
      ],
      foot: { tick: '5 15 25 35 45 50 ', text: 'ns' },
      config: { hscale: 1 },
    });
  });

  it('has a column for each time of change without a clock', () => {
    const { signal, foot } = diagram({ signals: [0], title: 'run' });
    expect(signal).toEqual([{ name: 'm.valid', wave: '01zx' }]);
    expect(foot.tick).toBe('0 15 35 36 50 ');
    expect(diagram({ title: 'run' }).head).toEqual({ text: 'run' });
  });

  it('takes the path of a signal for a clock', () => {
    const waves = plainWaves({
      signals: [bus('clk', 1), bus('q', 1)],
      changes: [
        [0, 0, '1'],
        [0, 1, '0'],
        [5, 0, '0'],
        [10, 0, '1'],
        [10, 1, '1'],
        [15, 0, '0'],
        [20, 0, '1'],
        [20, 1, '0'],
        [25, 0, '0'],
        [30, 0, '1'],
      ],
    });
    const at = { signals: [1], clock: 'clk' };
    expect(waveDiagram(waves, { ...at, from: 0, to: 29 }).signal[1]!.wave).toBe('10');
    expect(waveDiagram(waves, { ...at, from: 10, to: 11 }).foot.tick).toBe('0.01 0.011 ');
    expect(waveDiagram(waves, { ...at, from: 11, to: 30 }).foot.tick).toBe('0.02 0.03 0.03 ');
  });

  it('names what is there when the clock is not, and refuses more than 500 columns', () => {
    expect(() => diagram({ clock: 'buss' })).toThrow(
      'plain: clock must be one of bus or the path of a signal of one bit, got "buss"',
    );
    expect(() => diagram({ clock: 'bus', to: 10_000_000 })).toThrow(/at most 500 cycles of bus/);
    expect(() => diagram({ clock: 'bus', from: 6000, to: 7000 })).toThrow(
      /window must be one in which bus rises/,
    );
  });

  it('has up to 500 columns, and where it may stop, stops before the next', () => {
    const wish = { signals: [0], from: 0, clock: 'bus' };
    const last = 5000 + 10_000 * (DIAGRAM_COLUMNS - 1);
    const waves = plainWaves({ ...run, end: last + 10_000 });
    expect(DIAGRAM_COLUMNS).toBe(500);
    expect(waveDiagram(waves, { ...wish, to: last }).signal[0]!.wave.length).toBe(500);
    expect(() => waveDiagram(waves, { ...wish, to: last + 10_000 })).toThrow(/at most 500/);
    // Cycle 2 begins with edge 1, at 15 ns.
    expect(columnsOf(waves, { ...wish, from: 6000, to: 99_000, limit: 2, more: 'stop' })).toEqual({
      times: [15_000, 25_000],
      to: 34_999,
      clock: 'bus',
      firstCycle: 2,
    });
  });

  it('widens its columns so that labels have room', () => {
    expect(diagram({ radix: 'bin' }).config.hscale).toBe(2);
  });

  it('says in each column the last value before the next one, for any changes', () => {
    const change = fc.tuple(fc.nat(60), fc.constantFrom('0', '1', 'x', 'z'));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (raw) => {
        const changes = [...raw].sort((a, b) => a[0] - b[0]).map(([t, v]): Change => [t * 1000, 0, v]);
        const waves = plainWaves({ signals: [bus('s', 1)], clocks, changes, end: 60_000 });
        const { wave } = waveDiagram(waves, { signals: [0], clock: 'bus', from: 0, to: 60_000 }).signal[1]!;
        let shown = '';
        Array.from(wave).forEach((c, i) => {
          if (c !== '.') shown = c;
          const until = i === 5 ? 60_001 : 5000 + 10_000 * (i + 1);
          const last = changes.filter(([t]) => t < until).at(-1);
          expect(shown).toBe(last === undefined ? 'x' : last[2]);
        });
        expect(wave.length).toBe(6);
      }),
    );
  });

  it('is drawn as one whole SVG document, whatever the names', () => {
    const waves = plainWaves({ signals: [bus('a<8>&"c', 8)], changes: [[0, 0, '10100101']] });
    const made = waveDiagram(waves, { signals: [0], from: 0, to: 0 });
    const before = JSON.stringify(made);
    const svg = waveSvg(made);
    expect(svg).toMatch(/^<svg [^>]*xmlns="[^"]+"/);
    expect(svg.trimEnd()).toMatch(/<\/svg>$/);
    // Not toContain: a failure would print the document.
    expect(svg.includes('>0xa5<')).toBe(true);
    expect(svg.includes('a&lt;8&gt;&amp;')).toBe(true);
    expect(JSON.stringify(made)).toBe(before);
    // Tags balance.
    const depth = [...svg.matchAll(/<(\/?)[a-zA-Z][^>]*?(\/?)>/g)].reduce(
      (sum, [, end, empty]) => sum + (end === '/' ? -1 : empty === '/' ? 0 : 1),
      0,
    );
    expect(depth).toBe(0);
  });
});
