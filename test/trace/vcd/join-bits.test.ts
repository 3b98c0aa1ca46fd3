import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinBits } from '../../../src/trace/vcd/join-bits.js';
import type { WaveFile, WaveValue } from '../../../src/trace/waves.js';
import { changesOf, type RunModel, waveFileOf } from './run-model.js';

/** A run whose signals are named, of bits; changes as `time name value`. */
function run(widths: Record<string, number>, steps: readonly string[]): WaveFile {
  const names = Object.keys(widths);
  const changes = steps.map((step) => {
    const [time, name, value] = step.split(' ') as [string, string, WaveValue];
    return { time: Number(time), wave: names.indexOf(name), value };
  });
  const model: RunModel = {
    waves: names.map((name) => ({ kind: name === 'event' ? 'event' : 'bits', width: widths[name]! })),
    signals: names.map((name, wave) => ({ names: name.split('.'), wave })),
    changes,
    begin: 0,
    end: 100,
  };
  return waveFileOf(model);
}

function shown(waves: WaveFile, selection: Parameters<WaveFile['changes']>[0] = {}): string[] {
  return [...waves.changes(selection)].map(
    ({ time, signal, value }) => `${time} ${waves.signals[signal]!.path} ${value}`,
  );
}

function signals(widths: Record<string, number>): string[] {
  return joinBits(run(widths, [])).signals.map(({ path, width }) => `${path}:${width}`);
}

describe('joinBits', () => {
  it('makes one bus of bits and slices in any order, one change a time', () => {
    const joined = joinBits(
      run({ 'top.d[0]': 1, 'top.clk': 1, 'top.d[3:2]': 2, 'top.d[1]': 1 }, [
        '0 top.d[0] 1',
        '0 top.d[1] 0',
        '0 top.clk 0',
        '0 top.d[3:2] zx',
        '5 top.d[0] 0',
        '5 top.d[3:2] 10',
        '5 top.clk 1',
        '5 top.d[0] 1',
        '6 top.d[1] 1',
        '7 top.clk 0',
        '8 top.d[0] 0',
        '8 top.d[0] 1',
      ]),
    );
    expect(joined.signals.map(({ path, width, wave }) => [path, width, wave])).toEqual([
      ['top.d', 4, 4],
      ['top.clk', 1, 1],
    ]);
    expect(shown(joined)).toEqual([
      '0 top.d zx01',
      '0 top.clk 0',
      '5 top.clk 1',
      '5 top.d 1001',
      '6 top.d 1011',
      '7 top.clk 0',
    ]);
    expect(shown(joined, { signals: [0], from: 5, to: 6 })).toEqual(['5 top.d 1001', '6 top.d 1011']);
    expect(shown(joined, { signals: [1], from: 6 })).toEqual(['6 top.clk 1', '7 top.clk 0']);
  });

  it('takes x for the bits that have no value yet', () => {
    expect(shown(joinBits(run({ 'd[1]': 1, 'd[0]': 1 }, ['3 d[0] 1', '4 d[1] 0'])))).toEqual([
      '3 d x1',
      '4 d 01',
    ]);
  });

  it('puts bit 0 on the left when slices count upwards', () => {
    expect(shown(joinBits(run({ 'd[0:1]': 2, 'd[2]': 1 }, ['0 d[0:1] 10', '0 d[2] z'])))).toEqual([
      '0 d 10z',
    ]);
  });

  it('gives events at the beginning after the values', () => {
    const waves = joinBits(run({ event: 1, 'd[1]': 1, 'd[0]': 1 }, ['0 d[0] 1', '0 event ', '0 d[1] 0']));
    expect(shown(waves)).toEqual(['0 d 01', '0 event ']);
  });

  it.each<[string, Record<string, number>]>([
    ['a bit is missing', { 'd[0]': 1, 'd[2]': 1 }],
    ['a bit is there twice', { 'd[1:0]': 2, 'd[1]': 1 }],
    ['directions differ', { 'd[0:1]': 2, 'd[3:2]': 2 }],
    ['there is one part', { 'd[0]': 1 }],
    ['the bus is there', { d: 2, 'd[0]': 1, 'd[1]': 1 }],
    ['the parts are words of a memory', { 'd[0]': 8, 'd[1]': 8 }],
    ['the scopes differ', { 'a.d[0]': 1, 'b.d[1]': 1 }],
  ])('leaves all as it is when %s', (_, widths) => {
    expect(signals(widths)).toEqual(Object.entries(widths).map(([path, width]) => `${path}:${width}`));
  });

  it('joins the words of an array of buses one by one', () => {
    expect(signals({ 'm[0][1]': 1, 'm[0][0]': 1, 'm[1][0]': 1, 'm[1][1]': 1, 'n[4]': 1, 'n[3]': 1 })).toEqual(
      ['m[0]:2', 'm[1]:2', 'n:2'],
    );
  });

  it('gives any bus back that was split', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(
        cuts,
        fc.array(
          fc.tuple(
            fc.constantFrom(0, 1, 5),
            fc.array(fc.constantFrom('0', '1', 'x', 'z'), { minLength: 30, maxLength: 30 }),
          ),
        ),
        fc.boolean(),
        (widths, steps, mirrored) => {
          const total = widths.reduce((a, b) => a + b, 0);
          let time = 0;
          const whole = steps.map(([step, digits]) => ({
            time: (time += step),
            wave: 0,
            value: digits.join('').slice(0, total),
          }));
          const bus = {
            waves: [{ kind: 'bits' as const, width: total }],
            signals: [{ names: ['d'], wave: 0 }],
            changes: whole,
            begin: 0,
            end: time,
          };
          let left = total;
          const parts = widths.map((width) => {
            left -= width;
            return {
              from: total - left - width,
              width,
              name: width === 1 ? `d[${left}]` : `d[${left + width - 1}:${left}]`,
            };
          });
          if (mirrored) parts.reverse();
          const split: RunModel = {
            ...bus,
            waves: parts.map(({ width }) => ({ kind: 'bits', width })),
            signals: parts.map(({ name }, wave) => ({ names: [name], wave })),
            changes: whole.flatMap(({ time: at, value }) =>
              parts.map(({ from, width }, wave) => ({
                time: at,
                wave,
                value: value.slice(from, from + width),
              })),
            ),
          };
          // Only the last of a time counts, and only if it differs.
          const settled = whole.filter(({ time: at }, i) => whole[i + 1]?.time !== at);
          expect([...joinBits(waveFileOf(split)).changes()]).toEqual(changesOf({ ...bus, changes: settled }));
        },
      ),
    );
  });
});
