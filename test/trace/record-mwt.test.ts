import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type AnyNet,
  ConfigError,
  restoreSnapshot,
  type Simulator,
  takeSnapshot,
  type TransactionRecord,
} from '../../src/kernel/index.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import { openTrace, type TraceFile } from '../../src/trace/mwt/trace-file.js';
import { type MwtRecordOptions, recordMwt } from '../../src/trace/record-mwt.js';
import { recordVcd } from '../../src/trace/vcd-recorder.js';
import { randomLayer } from '../machines/random-layer.js';
import { bitsOf, changesOf, countdown } from './record-parts.js';
import { readVcd } from './vcd-reader.js';

const folder = mkdtempSync(join(tmpdir(), 'record-mwt-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.mwt`);

/** Records so many edges of a countdown. */
function record(edges: number, options: MwtRecordOptions = {}): TraceFile {
  const file = newFile();
  const { sim, clock } = countdown();
  const recording = recordMwt(sim, file, options);
  sim.step(clock, edges);
  recording.close();
  expect(recording.hasBegun).toBe(true);
  return openTrace(file);
}

/** One layer of a small machine, recorded when there is a file; every instant is shown to `look`. */
function layer(
  seed: number,
  file: string | null,
  {
    array = 'lazy',
    look,
    options = {},
  }: {
    array?: 'lazy' | 'ticked';
    look?: (sim: Simulator) => void;
    options?: MwtRecordOptions;
  } = {},
) {
  const { step, image } = randomLayer(seed);
  const runner = new GuptaRunner(guptaSpec({ n: 3, array }), [step], { seed: 5 });
  const { sim } = runner;
  const recording = file === null ? null : recordMwt(sim, file, options);
  if (look !== undefined) {
    look(sim);
    sim.breakpoint(() => {
      look(sim);
      return false;
    });
  }
  const run = runner.runLayer(0, image, 3, { stochastic: true, seed: 5 }, 200_000);
  recording?.close();
  return { run, time: sim.now, ids: sim.transactions.lastId };
}

describe('recordMwt', () => {
  it('holds what was worked out by hand: settled values, events, transactions, and clocks in the header only', () => {
    const trace = record(4, { configuration: { n: 3 }, probes: ['*.down.edges'] });
    expect(trace.header).toMatchObject({
      configuration: { n: 3 },
      seed: 7,
      clocks: [{ name: 'main', hz: { num: 100_000_000_000, den: 1 }, phasePs: 0 }],
      modules: ['top', 'top.down', 'top.pe[3]'],
      begin: 0,
    });
    expect(trace.header.signals).toEqual([
      {
        path: 'top.down.count',
        kind: 'bits',
        type: { kind: 'int', width: 8 },
        lanes: 1,
        wave: 0,
        clock: 'main',
      },
      {
        path: 'top.down.lanes[1]',
        kind: 'bits',
        type: { kind: 'int', width: 8 },
        lanes: 2,
        wave: 1,
        clock: 'main',
      },
      { path: 'top.down.struck', kind: 'event', type: null, lanes: 1, wave: 2, clock: 'main' },
      {
        path: 'top.down.loud',
        kind: 'bits',
        type: { kind: 'bool', width: 1 },
        lanes: 1,
        wave: 3,
        clock: 'main',
      },
      {
        path: 'top.pe[3].d',
        kind: 'bits',
        type: { kind: 'int', width: 8 },
        lanes: 1,
        wave: 0,
        clock: 'main',
      },
      {
        path: 'top.down.edges',
        kind: 'bits',
        type: { kind: 'uint', width: 16 },
        lanes: 1,
        wave: 4,
        clock: 'main',
      },
    ]);
    // The first edge is at 0: what was before it and what came of it stand at one time.
    expect(changesOf(trace, 'top.pe[3].d')).toEqual(['0:1', '0:0', '10:-1', '20:-2', '30:-3']);
    expect(changesOf(trace, 'top.down.lanes[1]')).toEqual(['0:0,0', '10:0,-1', '20:0,-2', '30:0,-3']);
    expect(changesOf(trace, 'top.down.struck')).toEqual(['10', '30']);
    expect(changesOf(trace, 'top.down.edges')).toEqual(['0:0', '0:1', '10:2', '20:3', '30:4']);
    expect(changesOf(trace, 'top.down.loud')).toEqual(['0:0']);
    expect(
      [...trace.transactions()].map(({ id, kind, parent, begin, end, attributes, endAttributes }) => [
        id,
        kind,
        parent,
        begin,
        end,
        { ...attributes, ...endAttributes },
      ]),
    ).toEqual([
      [2, 'edge', 1, 0, 0, { number: 0 }],
      [3, 'edge', 1, 10, 10, { number: 1 }],
      [4, 'edge', 1, 20, 20, { number: 2 }],
      [1, 'work', 0, 0, 30, { from: 0, edges: 3 }],
      [6, 'edge', 5, 30, 30, { number: 3 }],
      [5, 'work', 0, 30, null, { from: 3 }],
    ]);
    expect(trace.end).toBe(30);
  });

  it('holds exactly the settled changes of every net of the fixed-point machine', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const nets: AnyNet[] = [];
        const wanted = new Map<AnyNet, [number, string][]>();
        const file = newFile();
        layer(seed, file, {
          look: (sim) => {
            if (nets.length === 0) for (const module of sim.tree) nets.push(...module.nets.values());
            for (const net of nets) {
              const bits = bitsOf(net);
              const changes = wanted.get(net) ?? [];
              if (changes.at(-1)?.[1] !== bits) changes.push([sim.now, bits]);
              wanted.set(net, changes);
            }
          },
        });
        const trace = openTrace(file);
        const got = trace.signals.map((): [number, string][] => []);
        for (const { time, signal, value } of trace.changes()) got[signal]!.push([time, String(value)]);
        for (const net of nets) {
          const place = trace.find(net.path);
          expect(got[place], net.path).toEqual(wanted.get(net));
          const root = trace.signals[trace.find(net.root.path)]!;
          expect(trace.signals[place]!.wave).toBe(root.wave);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('gives the same bytes for the same seed, whether the array is lazy or ticked, and others for another', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const [a, b, c] = [newFile(), newFile(), newFile()];
        layer(seed, a);
        layer(seed, b, { array: 'ticked' });
        layer(seed + 1, c);
        expect(readFileSync(b).equals(readFileSync(a))).toBe(true);
        expect(readFileSync(c).equals(readFileSync(a))).toBe(false);
      }),
      { numRuns: 4 },
    );
  });

  it('changes no output, no cycle, no count and no id of a transaction', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const plain = layer(seed, null);
        expect(layer(seed, newFile())).toEqual(plain);
        expect(layer(seed, newFile(), { options: { trigger: 'top.cause == 8', before: 1e6 } })).toEqual(
          plain,
        );
      }),
      { numRuns: 6 },
    );
  });

  it('knows the clock of a channel on either side of a crossing', () => {
    const file = newFile();
    layer(3, file);
    const clock = (path: string) => openTrace(file).signals.find((s) => s.path === path)!.clock;
    expect(clock('gupta.memory.crossing.s_ar_valid')).toBe('bus');
    expect(clock('gupta.memory.crossing.m_ar_valid')).toBe('ddr3');
    expect(clock('gupta.top.state')).toBe('array');
  });

  it('records what globs choose, at the top or below any module, and probes by their names', () => {
    const paths = (signals: string[]) => {
      const file = newFile();
      layer(3, file, { options: { signals } });
      return openTrace(file).header.signals.map(({ path }) => path);
    };
    const ddr3 = paths(['ddr3.*_valid']);
    expect(ddr3.sort()).toEqual(
      ['ar', 'aw', 'b', 'r', 'w'].map((channel) => `gupta.memory.ddr3.${channel}_valid`),
    );
    expect(paths(['gupta.top.state', 'sa.in_valid'])).toEqual(['gupta.top.state', 'gupta.sa.in_valid']);
    expect(paths(['sa.**']).every((path) => path.startsWith('gupta.sa.'))).toBe(true);
    expect(paths(['pe[1][2].p', 'top.cause', 'meter.*_beats'])).toEqual([
      'gupta.sa.pe[1][2].p',
      'gupta.top.cause',
      'gupta.memory.meter.read_beats',
      'gupta.memory.meter.write_beats',
    ]);
    const file = newFile();
    expect(() => layer(3, file, { options: { signals: ['sa.*', 'as.*'] } })).toThrow(
      new ConfigError(
        file,
        'signals',
        'patterns that match paths of signals, like gupta.top.* or sa.**',
        'as.*',
      ),
    );
    expect(existsSync(file)).toBe(false);
  });

  it('records a register of the array on request as the ticked array has it', () => {
    const [a, b] = [newFile(), newFile()];
    const options = { signals: ['pe[0][0].p'] };
    layer(3, a, { options });
    layer(3, b, { options, array: 'ticked' });
    expect(changesOf(openTrace(a), 'gupta.sa.pe[0][0].p').length).toBeGreaterThan(3);
    expect(readFileSync(b).equals(readFileSync(a))).toBe(true);
  });
});

describe('the window of a recording', () => {
  const count = (trace: TraceFile): string[] => changesOf(trace, 'top.down.count');

  it('begins with the values and the open work of its first time, and ends with its last', () => {
    const trace = record(10, { from: 35, to: 60 });
    expect([trace.begin, trace.end]).toEqual([35, 60]);
    expect(count(trace)).toEqual(['35:-3', '40:-4', '50:-5', '60:-6']);
    expect(
      [...trace.transactions()].map(({ kind, begin, end, attributes }) => [kind, begin, end, attributes]),
    ).toEqual([
      ['edge', 40, 40, { number: 4 }],
      ['edge', 50, 50, { number: 5 }],
      ['work', 35, 60, { from: 3, begunPs: 30 }],
      ['edge', 60, 60, { number: 6 }],
      ['work', 60, null, { from: 6 }],
    ]);
  });

  it('holds an edge at its first time as done, and ends where the run does', () => {
    const trace = record(5, { from: 20, to: 1000 });
    expect([trace.begin, trace.end]).toEqual([20, 40]);
    expect(count(trace)).toEqual(['20:-2', '30:-3', '40:-4']);
  });

  it('is the same in a VCD, clocks included', () => {
    const file = newFile();
    const { sim, clock } = countdown();
    const recording = recordVcd(sim, file, { from: 35, to: 52 });
    sim.step(clock, 10);
    recording.close();
    const { variables } = readVcd(readFileSync(file, 'utf8'));
    expect(
      variables.get('top.down.count')!.changes.map(([time, value]) => [time, BigInt.asIntN(8, value!)]),
    ).toEqual([
      [35, -3n],
      [40, -4n],
      [50, -5n],
    ]);
    expect(variables.get('clocks.main')!.changes.map(([time]) => time)).toEqual([35, 40, 45, 50]);
  });

  it('begins when its trigger first holds, in that very instant', () => {
    const trace = record(10, { trigger: 'top.down.count <= 0 - 4 && top.down.edges > 2' });
    expect(trace.begin).toBe(40);
    expect(count(trace)).toEqual(['40:-4', '50:-5', '60:-6', '70:-7', '80:-8', '90:-9']);
    // It holds in the first instant: everything is recorded.
    expect(record(3, { trigger: 'down.count == 1' }).begin).toBe(0);
  });

  it('has what was before the trigger, as long as it was asked for, with transactions', () => {
    const trace = record(10, { trigger: 'down.count == 0 - 7', before: 25, to: 80 });
    expect([trace.begin, trace.end]).toEqual([45, 80]);
    expect(count(trace)).toEqual(['45:-4', '50:-5', '60:-6', '70:-7', '80:-8']);
    expect(changesOf(trace, 'top.down.struck')).toEqual(['50', '70']);
    expect([...trace.transactions()].map(({ kind, begin, end }) => [kind, begin, end])).toEqual([
      ['edge', 50, 50],
      ['work', 45, 60],
      ['edge', 60, 60],
      ['edge', 70, 70],
      ['edge', 80, 80],
      ['work', 60, null],
    ]);
  });

  it('has from before the trigger exactly what a whole recording has of that time', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 0, max: 3_000_000 }),
        fc.integer({ min: 1, max: 8 }),
        (seed, before, cause) => {
          const [whole, part] = [newFile(), newFile()];
          layer(seed, whole, { options: { probes: ['gupta.top.cause'] } });
          layer(seed, part, {
            options: { probes: ['gupta.top.cause'], trigger: `gupta.top.cause == ${cause}`, before },
          });
          if (!existsSync(part)) return;
          const [a, b] = [openTrace(whole), openTrace(part)];
          const texts = (trace: TraceFile) =>
            [...trace.changes({ from: b.begin })].map(
              ({ time, signal, value }) => `${time} ${signal} ${value}`,
            );
          expect(texts(b)).toEqual(texts(a));
          const cause0 = a.find('gupta.top.cause');
          const at = [...a.changes({ signals: [cause0] })].find(
            ({ value }) => parseInt(String(value), 2) === cause,
          )!;
          expect(b.begin).toBe(Math.max(0, at.time - before));
        },
      ),
      { numRuns: 12 },
    );
  });

  it('keeps what fits into its ring, and begins later when that is less', () => {
    const { begin } = record(60, { trigger: 'down.count == 0 - 50', before: 400, historyNumbers: 1 });
    expect(begin).toBeGreaterThan(100);
    expect(begin).toBeLessThan(500);
    const trace = record(60, { trigger: 'down.count == 0 - 50', before: 400, historyNumbers: 1 });
    expect(count(trace)[0]).toBe(`${begin}:${-begin / 10}`);
    expect(count(trace)).toHaveLength(60 - begin / 10);
  });

  it('leaves no file when its trigger never held, and says so', () => {
    const file = newFile();
    const { sim, clock } = countdown();
    const recording = recordMwt(sim, file, { trigger: 'down.count == 100' });
    sim.step(clock, 5);
    recording.close();
    expect(recording.hasBegun).toBe(false);
    expect(existsSync(file)).toBe(false);
  });

  it('costs nothing while nothing is to be recorded yet', () => {
    const { sim, clock } = countdown();
    const recording = recordMwt(sim, newFile(), { from: 300 });
    sim.step(clock, 5);
    const nets = sim.tree.flatMap((module) => [...module.nets.values()]);
    expect(nets.filter((net) => net.isObserved)).toEqual([]);
    sim.step(clock, 60);
    expect(recording.hasBegun && nets.some((net) => net.isObserved)).toBe(true);
    recording.close();
    expect(nets.filter((net) => net.isObserved)).toEqual([]);
    expect(sim.transactions.isObserved).toBe(false);
  });

  it('refuses times that make no window, triggers that make no sense, and files that cannot be made, before the run', () => {
    const { sim } = countdown();
    const file = newFile();
    expect(() => recordMwt(sim, file, { from: 5, to: 4 })).toThrow(
      new ConfigError(file, 'to', 'at least from = 5 ps', 4),
    );
    expect(() => recordMwt(sim, file, { from: -1 })).toThrow(
      new ConfigError(file, 'from', 'a whole number of 0 or more', -1),
    );
    expect(() => recordMwt(sim, file, { trigger: 'top.down.cuont == 1' })).toThrow(
      expect.objectContaining({ code: 'E_PATH' }),
    );
    expect(() => recordMwt(sim, file, { trigger: 'top.down.count ==' })).toThrow(
      expect.objectContaining({ code: 'E_EXPRESSION' }),
    );
    expect(() => recordMwt(sim, join(folder, 'no', 'such.mwt'), { from: 100 })).toThrow(
      expect.objectContaining({ code: 'E_TRACE_FILE' }),
    );
    expect(sim.tree.flatMap((m) => [...m.nets.values()]).some((net) => net.isObserved)).toBe(false);
  });

  it('has the final name only once it is closed, no file when it is aborted, and none when time goes back', () => {
    const file = newFile();
    writeFileSync(file, 'what was there');
    const { sim, clock } = countdown();
    const early = takeSnapshot(sim);
    const given = recordMwt(sim, file);
    sim.step(clock, 3);
    given.abort();
    expect(readFileSync(file, 'utf8')).toBe('what was there');
    expect(() => given.close()).toThrow(/aborted/);
    recordMwt(sim, file);
    expect(() => restoreSnapshot(sim, early)).toThrow(expect.objectContaining({ code: 'E_TRACE_TIME' }));
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
    expect(sim.transactions.isObserved).toBe(false);
  });
});

describe('transactions of the fixed-point machine', () => {
  it('are layers, tiles, bursts, requests and commands, each within its parent, and all of them end', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const records: TransactionRecord[] = [];
        let lastId = 0;
        const { step, image } = randomLayer(seed);
        const runner = new GuptaRunner(guptaSpec({ n: 3 }), [step], { seed: 5 });
        runner.sim.transactions.subscribe((each) => records.push(each));
        const { machine, plans } = runner;
        const run = runner.runLayer(0, image, 3, { stochastic: true, seed: 5 }, 200_000);
        lastId = runner.sim.transactions.lastId;
        const begun = records.filter((r) => r.type === 'begin');
        const ended = new Set(records.flatMap((r) => (r.type === 'end' ? [r.id] : [])));
        expect(begun.map(({ id }) => id)).toEqual(Array.from({ length: lastId }, (_, i) => i + 1));
        const layerId = begun.find(({ kind }) => kind === 'layer')!.id;
        for (const { id, kind, parent } of begun) {
          if (kind !== 'layer') expect(parent).toBe(layerId);
          // Writes may wait in the controller's queue when the layer is done.
          if (kind !== 'dram.write') expect(ended.has(id), kind).toBe(true);
        }
        const of = (kind: string) => begun.filter((r) => r.kind === kind);
        const sum = (kind: string, name: string) =>
          of(kind).reduce((total, r) => total + Number(r.attributes[name]), 0);
        const ends = records.flatMap((r) => (r.type === 'end' ? [r.attributes] : []));
        const { link } = machine.memory;
        expect([of('axi.read').length, of('axi.write').length]).toEqual([link.readBursts, link.writeBursts]);
        expect([sum('axi.read', 'beats'), sum('axi.write', 'beats')]).toEqual([
          link.readBeats,
          link.writeBeats,
        ]);
        expect(sum('axi.read', 'bytes')).toBe(run.bytesRead);
        expect(ends.reduce((total, { bytes }) => total + Number(bytes ?? 0), 0)).toBe(run.bytesWritten);
        // Every output before pooling is in one tile.
        const { output, filters } = {
          output: plans[0]!.walked.output,
          filters: plans[0]!.walked.output.channels,
        };
        const cells = of('tile').reduce(
          (n, r) => n + Number(r.attributes['filters']) * Number(r.attributes['pixels']),
          0,
        );
        expect(cells).toBe(filters * output.height * output.width);
        const { commands } = machine.memory.ddr3!.report;
        const count = (...kinds: string[]) => kinds.reduce((n, kind) => n + of(`dram.${kind}`).length, 0);
        expect(commands).toMatchObject({
          ACT: count('ACT'),
          PRE: count('PRE'),
          RD: count('RD', 'RDA'),
          WR: count('WR', 'WRA'),
          REF: count('REF'),
        });
      }),
      { numRuns: 8 },
    );
  });
});
