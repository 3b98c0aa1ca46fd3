import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/kernel/index.js';
import { openVcd } from '../../../src/trace/vcd/open-vcd.js';
import { VcdScanner, type VcdVisitor } from '../../../src/trace/vcd/scanner.js';
import { writeVcd } from '../../../src/trace/vcd/write-vcd.js';
import type { WaveFile, WaveSelection } from '../../../src/trace/waves.js';
import { changesOf, dumpOf, layout, pathOf, type RunModel, runModel, waveFileOf } from './run-model.js';

const folder = mkdtempSync(join(tmpdir(), 'vcd-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'run.vcd');

/** Part of a run: a share of its signals, from and to by share of its time. */
const part = fc.option(
  fc.record({
    signals: fc.option(fc.array(fc.nat(), { maxLength: 8 }), { nil: undefined }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { nil: undefined },
);

type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;

function selection({ signals, begin, end }: RunModel, share: Part): WaveSelection {
  if (share === undefined) return {};
  const span = end - begin;
  return {
    ...(share.signals === undefined ? {} : { signals: share.signals.map((place) => place % signals.length) }),
    from: begin + Math.floor(share.from * span),
    to: begin + Math.ceil(share.to * span),
  };
}

function expectSame(read: WaveFile, model: RunModel): void {
  expect(read.signals.map(({ path, kind, width }) => ({ path, kind, width }))).toEqual(
    model.signals.map(({ names, wave }) => ({ path: pathOf(names), ...model.waves[wave]! })),
  );
  const waveOf = new Map(read.signals.map(({ wave }, i) => [model.signals[i]!.wave, wave]));
  expect(read.signals.map(({ wave }) => wave)).toEqual(model.signals.map(({ wave }) => waveOf.get(wave)));
  expect([read.begin, read.end, read.damage]).toEqual([model.begin, model.end, null]);
}

describe('openVcd', () => {
  it('gives back any hierarchy and any changes, however the words are laid out', () => {
    fc.assert(
      fc.property(runModel, layout, part, (model, how, share) => {
        writeFileSync(file, dumpOf(model, how));
        const read = openVcd(file);
        try {
          expectSame(read, model);
          expect([...read.changes()]).toEqual(changesOf(model));
          const some = selection(model, share);
          expect([...read.changes(some)]).toEqual(
            (some.from ?? 0) <= (some.to ?? Infinity) ? changesOf(model, some) : [],
          );
        } finally {
          read.close();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reads the same by blocks of 16 bytes as by whole files', () => {
    fc.assert(
      fc.property(runModel, layout, fc.integer({ min: 8, max: 90 }), (model, how, block) => {
        writeFileSync(file, dumpOf(model, how));
        expect(told(file, block)).toEqual(told(file, 1 << 20));
      }),
    );
  });

  it('begins a window anywhere in a file of 12 MB with the values that hold there', () => {
    const { model, text } = longRun();
    writeFileSync(file, text);
    const read = openVcd(file);
    expectSame(read, model);
    for (let i = 0; i <= 40; i++) {
      const from = Math.floor((model.end * i) / 40);
      for (const signals of [undefined, [1, 3], [2]]) {
        const some = { from, to: from + 50, ...(signals === undefined ? {} : { signals }) };
        expect([...read.changes(some)]).toEqual(changesOf(window(model, from), some));
      }
    }
    read.close();
  });
});

describe('writeVcd', () => {
  it('writes any run, whole or in part, so that openVcd reads what was written', () => {
    fc.assert(
      fc.property(runModel, part, (model, share) => {
        const some = selection(model, share);
        fc.pre((some.from ?? 0) <= (some.to ?? Infinity));
        const chosen = [...new Set(some.signals ?? model.signals.keys())];
        writeVcd(waveFileOf(model), file, some);
        const read = openVcd(file);
        const paths = read.signals.map(({ path }) => path);
        expect(new Set(paths)).toEqual(new Set(chosen.map((place) => pathOf(model.signals[place]!.names))));
        const named =
          (waves: readonly string[]) => (change: { time: number; signal: number; value: unknown }) => ({
            ...change,
            signal: waves[change.signal]!,
          });
        const wanted = changesOf(model, some).map(named(model.signals.map(({ names }) => pathOf(names))));
        // A scope's signals stand together in the file, so what happens at one time may stand in another order of aliases.
        const sort = (all: typeof wanted): typeof wanted =>
          [...all].sort(
            (a, b) => a.time - b.time || (a.signal < b.signal ? -1 : a.signal > b.signal ? 1 : 0),
          );
        expect(sort([...read.changes()].map(named(paths)))).toEqual(sort(wanted));
        expect([read.begin, read.end, read.unitFs]).toEqual([
          some.from ?? model.begin,
          some.to ?? model.end,
          1000,
        ]);
        read.close();
      }),
      { numRuns: 200 },
    );
  });

  it('writes a dump of a dump to the same bytes', () => {
    fc.assert(
      fc.property(runModel, (model) => {
        const [first, second, third] = [1, 2, 3].map((i) => join(folder, `again-${i}.vcd`)) as [
          string,
          string,
          string,
        ];
        writeVcd(waveFileOf(model), first);
        const once = openVcd(first);
        writeVcd(once, second);
        const twice = openVcd(second);
        writeVcd(twice, third);
        once.close();
        twice.close();
        expect(readFileSync(third, 'utf8')).toBe(readFileSync(second, 'utf8'));
      }),
      { numRuns: 50 },
    );
  });

  it('writes what a reader needs and no more: digits that extension puts back are left out', () => {
    const values = [
      '00000000',
      '00000001',
      '00000x01',
      '0000000z',
      'xxxxxxxx',
      'xxxxxxx1',
      'zzzzzxx0',
      '10000000',
    ];
    const model: RunModel = {
      waves: [{ kind: 'bits', width: 8 }],
      signals: [{ names: ['top', 'a'], wave: 0 }],
      changes: values.map((value, time) => ({ time, wave: 0, value })),
      begin: 0,
      end: 7,
    };
    writeVcd(waveFileOf(model), file);
    const written = readFileSync(file, 'utf8').match(/^b\S*/gm);
    expect(written).toEqual(['b0', 'b1', 'b0x01', 'b0z', 'bx', 'bx1', 'bzxx0', 'b10000000']);
  });

  it('gives times in the largest unit that the run allows', () => {
    const model: RunModel = {
      waves: [{ kind: 'bits', width: 1 }],
      signals: [{ names: ['a'], wave: 0 }],
      changes: [{ time: 3, wave: 0, value: '1' }],
      begin: 0,
      end: 4,
    };
    const wrote = (unitFs: number): string => {
      writeVcd(waveFileOf(model, unitFs), file);
      const text = readFileSync(file, 'utf8');
      return `${/\$timescale (.*) \$end/.exec(text)![1]} ${text.match(/^#\d+/gm)!.join(' ')}`;
    };
    expect(wrote(1)).toBe('1 fs #0 #3 #4');
    expect(wrote(1e5)).toBe('100 ps #0 #3 #4');
    expect(wrote(2500)).toBe('100 fs #0 #75 #100');
    expect(wrote(1e17)).toBe('100 s #0 #3 #4');
  });

  it('says the last time once', () => {
    const bit = { waves: [{ kind: 'bits' as const, width: 1 }], signals: [{ names: ['a'], wave: 0 }] };
    writeVcd(waveFileOf({ ...bit, changes: [{ time: 4, wave: 0, value: '1' }], begin: 2, end: 4 }), file);
    expect(readFileSync(file, 'utf8').split('$enddefinitions $end\n')[1]).toBe(
      '#2\n$dumpvars\n$end\n#4\n1!\n',
    );
  });

  it('keeps what another dump declares, and names that look like slices', () => {
    writeFileSync(
      file,
      '$timescale 10 us $end\n$var reg 4 ! up [0:3] $end\n$var integer 32 " i $end\n$var wire 1 # \\one[3:3] $end\n' +
        '$var wire 2 $ \\two[1:0] $end\n$enddefinitions $end\n#7\n1#\n#9\n',
    );
    const first = openVcd(file);
    const copy = join(folder, 'copy.vcd');
    writeVcd(first, copy, { comments: ['a copy'] });
    expect(readFileSync(copy, 'utf8').split('\n')).toEqual([
      '$comment a copy $end',
      '$version marblewave $end',
      '$timescale 10 us $end',
      '$var reg 4 ! up [0:3] $end',
      '$var integer 32 " i [31:0] $end',
      '$var wire 1 # \\one[3:3] $end',
      '$var wire 2 $ \\two[1:0] [1:0] $end',
      '$enddefinitions $end',
      '#7',
      '$dumpvars',
      '1#',
      '$end',
      '#9',
      '',
    ]);
    const again = openVcd(copy);
    expect(again.signals).toEqual(
      first.signals.map((signal) => ({
        ...signal,
        range:
          signal.width === 32
            ? { left: 31, right: 0 }
            : signal.path === 'two[1:0]'
              ? { left: 1, right: 0 }
              : signal.range,
      })),
    );
    first.close();
    again.close();
  });

  it('leaves no file when a name cannot be written, and names it', () => {
    const model: RunModel = {
      waves: [{ kind: 'bits', width: 1 }],
      signals: [{ names: ['top', 'two words'], wave: 0 }],
      changes: [],
      begin: 0,
      end: 0,
    };
    const there = join(folder, 'none.vcd');
    expect(() => writeVcd(waveFileOf(model), there)).toThrow(
      new ConfigError(there, 'path', 'names of printable characters other than blanks', 'top.two words'),
    );
    expect(() => writeVcd(waveFileOf(model), there, { signals: [1] })).toThrow(
      new ConfigError(there, 'signals', 'places of signals, 0 to 0', 1),
    );
    expect(() => readFileSync(there)).toThrow('ENOENT');
    expect(() => readFileSync(`${there}.partial`)).toThrow('ENOENT');
  });

  it('keeps any text, blanks and all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(' 1', '\n07', '\\40')), {
          minLength: 1,
        }),
        (texts) => {
          const model: RunModel = {
            waves: [{ kind: 'text', width: 0 }],
            signals: [{ names: ['said'], wave: 0 }],
            changes: texts.map((value, time) => ({ time, wave: 0, value })),
            begin: 0,
            end: texts.length,
          };
          writeVcd(waveFileOf(model), file);
          const read = openVcd(file);
          expect([...read.changes()]).toEqual(changesOf(model));
          read.close();
        },
      ),
    );
  });
});

/** All that a scanner tells, by blocks of some bytes. */
function told(path: string, blockBytes: number): unknown[] {
  const all: unknown[] = [];
  const scanner = new VcdScanner(path, blockBytes);
  const visitor: VcdVisitor = {
    time: (time) => all.push(time),
    scalar: (code, digit) => all.push([scanner.word, code, digit]),
    vector: (code, buffer, from, to) =>
      all.push([scanner.word, code, Buffer.from(buffer.subarray(from, to)).toString()]),
    real: (code, value) => all.push([scanner.word, code, value]),
    text: (code, value) => all.push([scanner.word, code, value]),
    beginSection: (section) => all.push(section),
    endSection: () => all.push('end'),
  };
  while (scanner.step(visitor));
  scanner.close();
  return [scanner.header, ...all, scanner.damage];
}

/** A counter, a bit that stays, a slow bit and a wide bus, over 12 MB. */
function longRun(): { model: RunModel; text: string } {
  const waves = [
    { kind: 'bits' as const, width: 32 },
    { kind: 'bits' as const, width: 1 },
    { kind: 'event' as const, width: 1 },
    { kind: 'bits' as const, width: 300 },
  ];
  const changes: { time: number; wave: number; value: string }[] = [{ time: 0, wave: 1, value: '1' }];
  for (let k = 0; k < 40_000; k++) {
    const time = 10 * k;
    changes.push({ time, wave: 0, value: k.toString(2).padStart(32, '0') });
    if (k % 7000 === 6999) changes.push({ time, wave: 1, value: k % 2000 === 999 ? 'x' : '0' });
    if (k % 100 === 0) changes.push({ time, wave: 2, value: '' });
    changes.push({ time, wave: 3, value: (k % 2 === 0 ? '10' : '01').repeat(150) });
  }
  const model: RunModel = {
    waves,
    signals: waves.map((_, wave) => ({ names: ['top', `s${wave}`], wave })),
    changes,
    begin: 0,
    end: 400_000,
  };
  const plain = {
    newline: '\n',
    gap: ' ',
    upperCase: false,
    short: true,
    rangeGap: ' ',
    codeLength: 1,
    comments: false,
  };
  return { model, text: dumpOf(model, plain) };
}

/** The part of a long run that a window of 50 from `from` on needs: the last change of each wave ahead of it, and the changes after. */
function window(model: RunModel, from: number): RunModel {
  const before = new Map<number, (typeof model.changes)[number]>();
  for (const change of model.changes) if (change.time < from) before.set(change.wave, change);
  const near = model.changes.filter(({ time }) => time >= from && time <= from + 50);
  return { ...model, changes: [...[...before.values()].sort((a, b) => a.time - b.time), ...near] };
}
