import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ddr3Config, ddr3Spec } from '../../../src/components/ddr3/spec.js';
import { type Ddr3Timing, TIMING_NAMES } from '../../../src/components/ddr3/timing-table.js';
import {
  checkCommandFile,
  checkerLimits,
  CommandFileError,
  Ddr3TimingChecker,
  violationText,
} from '../../../src/components/ddr3/timing-checker.js';
import { goldenCommands, goldenRuns, goldenThere } from './golden-runs.js';
import { checked, configs, shapes, stream, type StreamShape } from './streams.js';

/** The rules that a stream of commands breaks, in order. */
function broken(text: string): string[] {
  const checker = new Ddr3TimingChecker();
  checkCommandFile(text, checker);
  return checker.violations.map((v) => v.rule);
}

describe('Ddr3TimingChecker', () => {
  // Each pair: the latest stream that breaks the rule by one clock, and the earliest that does not.
  const pairs: readonly (readonly [
    rule: string,
    before: string,
    last: (at: number) => string,
    wanted: number,
  ])[] = [
    ['tRCD', '0,ACT,0,0,5,-1', (t) => `${t},RD,0,0,5,0`, 11],
    ['tRAS', '0,ACT,0,0,5,-1', (t) => `${t},PRE,0,0,-1,-1`, 28],
    ['tRP', '0,ACT,0,0,5,-1\n40,PRE,0,0,-1,-1', (t) => `${t},ACT,0,0,6,-1`, 51],
    ['tRP', '0,ACT,0,0,5,-1\n40,PRE,0,0,-1,-1', (t) => `${t},REF,0,-1,-1,-1`, 51],
    ['tRRD', '0,ACT,0,0,5,-1', (t) => `${t},ACT,0,1,5,-1`, 5],
    [
      'tFAW',
      '0,ACT,0,0,5,-1\n5,ACT,0,1,5,-1\n10,ACT,0,2,5,-1\n15,ACT,0,3,5,-1',
      (t) => `${t},ACT,0,4,5,-1`,
      24,
    ],
    ['tCCD', '0,ACT,0,0,5,-1\n20,RD,0,0,5,0', (t) => `${t},RD,0,0,5,1`, 24],
    ['tCCD', '0,ACT,0,0,5,-1\n20,WR,0,0,5,0', (t) => `${t},WR,0,0,5,1`, 24],
    ['tRTP', '0,ACT,0,0,5,-1\n40,RD,0,0,5,0', (t) => `${t},PRE,0,0,-1,-1`, 46],
    ['tWR', '0,ACT,0,0,5,-1\n40,WR,0,0,5,0', (t) => `${t},PRE,0,0,-1,-1`, 64],
    ['tWTR', '0,ACT,0,0,5,-1\n20,WR,0,0,5,0', (t) => `${t},RD,0,0,5,1`, 38],
    ['tRTW', '0,ACT,0,0,5,-1\n20,RD,0,0,5,0', (t) => `${t},WR,0,0,5,1`, 29],
    ['tRFC', '0,REF,0,-1,-1,-1', (t) => `${t},ACT,0,0,5,-1`, 208],
    ['tRFC', '0,REF,0,-1,-1,-1', (t) => `${t},REF,0,-1,-1,-1`, 208],
    ['tRTRS', '0,ACT,0,0,5,-1\n1,ACT,1,0,5,-1\n20,RD,0,0,5,0', (t) => `${t},RD,1,0,5,0`, 26],
    ['tRTRS', '0,ACT,0,0,5,-1\n1,ACT,1,0,5,-1\n20,RD,0,0,5,0', (t) => `${t},WR,1,0,5,0`, 29],
    ['tRTRS', '0,ACT,0,0,5,-1\n1,ACT,1,0,5,-1\n20,WR,0,0,5,0', (t) => `${t},RD,1,0,5,0`, 23],
    ['tRTRS', '0,ACT,0,0,5,-1\n1,ACT,1,0,5,-1\n20,WR,0,0,5,0', (t) => `${t},WR,1,0,5,0`, 26],
    // By itself after RDA at 12: at 28, when tRAS allows it; after WRA at 12: at 12 + 8 + 4 + 12.
    ['tRP', '0,ACT,0,0,5,-1\n12,RDA,0,0,5,0', (t) => `${t},ACT,0,0,6,-1`, 39],
    ['tRP', '0,ACT,0,0,5,-1\n12,WRA,0,0,5,0', (t) => `${t},ACT,0,0,6,-1`, 47],
    ['tRAS', '0,ACT,0,0,5,-1\n5,ACT,0,1,5,-1', (t) => `${t},PREA,0,-1,-1,-1`, 33],
    ['tRP', '0,ACT,0,0,5,-1\n5,ACT,0,1,5,-1\n40,PREA,0,-1,-1,-1', (t) => `${t},ACT,0,1,6,-1`, 51],
    ['commandBus', '0,ACT,0,0,5,-1', (t) => `${t},ACT,1,0,5,-1`, 1],
  ];
  for (const [rule, before, last, wanted] of pairs) {
    it(`finds ${rule} one clock too early: ${last(wanted - 1)}`, () => {
      expect(broken(`${before}\n${last(wanted - 1)}`)).toContain(rule);
      expect(broken(`${before}\n${last(wanted)}`)).toEqual([]);
    });
  }

  it('finds tRC where tRAS + tRP is shorter', () => {
    const checker = new Ddr3TimingChecker({ ...checkerLimits(), tRAS: 20 });
    checkCommandFile('0,ACT,0,0,5,-1\n20,PRE,0,0,-1,-1\n38,ACT,0,0,6,-1', checker);
    expect(checker.violations.map(violationText)).toEqual([
      'tRC: ACT rank 0 bank 0 row 6 at 38 after ACT rank 0 bank 0 row 5 at 0: wanted 39 clocks, got 38',
    ]);
  });

  it('finds accesses to closed banks and other rows, activates of open banks, refreshes over open banks', () => {
    expect(broken('5,RD,0,0,1,0')).toEqual(['bankClosed']);
    expect(broken('0,ACT,0,0,5,-1\n20,RD,0,0,6,0')).toEqual(['wrongRow']);
    expect(broken('0,ACT,0,0,5,-1\n60,ACT,0,0,6,-1')).toEqual(['bankOpen']);
    expect(broken('0,ACT,0,0,5,-1\n60,REF,0,-1,-1,-1')).toEqual(['refreshOpen']);
    expect(broken('5,PRE,0,0,-1,-1\n4,PRE,0,1,-1,-1')).toEqual(['order']);
  });

  it('finds a gap of more than nine refresh intervals and the ninth refresh owed', () => {
    const at = (cycle: number): string => `${cycle},REF,0,-1,-1,-1`;
    expect(broken(`${at(6240)}\n${at(10 * 6240)}`)).toEqual(['tREFI']);
    expect(broken(at(9 * 6240 - 1))).toEqual([]);
    const checker = new Ddr3TimingChecker();
    checker.finish(9 * 6240, 2);
    expect(checker.violations.map((v) => [v.rule, v.later.rank])).toEqual([
      ['tREFI', 0],
      ['tREFI', 1],
    ]);
  });

  it('names the file, the line and what it wanted there', () => {
    const parse = (text: string) => () => checkCommandFile(text, new Ddr3TimingChecker(), 'a.csv');
    expect(parse('cycle,command,rank,bank,row,col\n0,ACT,0,0,5')).toThrow(
      new CommandFileError('a.csv', 2, 'six fields cycle,command,rank,bank,row,col', '0,ACT,0,0,5'),
    );
    expect(parse('0,NOP,0,0,5,0')).toThrow(CommandFileError);
    expect(parse('x,ACT,0,0,5,0')).toThrow(CommandFileError);
    expect(parse('0,ACT,0,-1,5,0')).toThrow(CommandFileError);
  });

  for (const run of goldenRuns())
    it(`finds nothing in DRAMsim3's commands of ${run.config}.${run.trace}`, () => {
      const checker = new Ddr3TimingChecker({ ...checkerLimits(), tRTRS: run.config === 'A' ? 1 : 2 });
      // It sends writes of two ranks without a gap, which tRTRS does not cover there: the traces hold none.
      for (const row of goldenCommands(run)) checker.command(...row);
      expect(checker.violations.map(violationText)).toEqual([]);
      expect(checker.commandCount).toBeGreaterThan(10);
    });

  it.skipIf(goldenThere)('skips DRAMsim3: ../shared/data/dram is missing', () => {
    expect(goldenThere).toBe(false);
  });

  it('finds nothing in 200 random streams under random configurations', () => {
    fc.assert(
      fc.property(configs, shapes, (config, shape) => {
        const trace = stream(shape, ddr3Spec(config).map.bursts);
        const { checker } = checked(config, trace);
        expect(checker.violations.map(violationText)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a controller with one constraint relaxed by a clock', () => {
  const dense: readonly StreamShape[] = [0, 1, 2, 3, 4, 5].map((seed) => ({
    seed,
    requests: 3000,
    writes: [0.5, 0, 1, 0.1, 0.5, 0.5][seed]!,
    locality: [0.5, 0.7, 0.5, 0, 0.9, 0][seed]!,
    rows: [2, 4, 2, 1000, 3, 1000][seed]!,
    bankBits: [4, 1, 0, 4, 0, 3][seed]!,
    pause: 0,
  }));
  // What makes a constraint the one that binds, for both sides: in JEDEC's bins tRC is no more than tRAS + tRP, and tCCD no
  // more than a burst; a refresh that is late by a clock each time shows only after many.
  const base: Partial<Record<keyof Ddr3Timing, Ddr3Config>> = {
    tRC: { tRAS: 20 },
    tCCD: { tCCD: 5, tRTW: 10 },
    tREFI: { tREFI: 600 },
  };
  const late = {
    count: 1,
    bursts: new Int32Array(1),
    writes: new Uint8Array(1),
    stamps: Float64Array.of(3_600_000),
  };

  for (const name of TIMING_NAMES)
    it(`is caught: ${name}`, () => {
      const common: Ddr3Config = { writeQueue: 8, tRTW: 9, ...base[name] };
      const { timing, map } = ddr3Spec(common);
      const mutant: Ddr3Config = { ...common, [name]: timing[name] + (name === 'tREFI' ? 1 : -1) };
      const streams = name === 'tREFI' ? [late] : dense.map((shape) => stream(shape, map.bursts));
      const rules = new Set<string>();
      for (const trace of streams) {
        expect(checked(common, trace, timing).checker.violationCount).toBe(0);
        for (const { rule } of checked(mutant, trace, timing).checker.violations) rules.add(rule);
      }
      expect(rules.size).toBeGreaterThan(0);
      // CL and CWL stand in distances that carry other names.
      if (name !== 'CL' && name !== 'CWL') expect([...rules]).toContain(name);
    });
});
