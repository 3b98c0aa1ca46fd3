import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bool,
  type Clock,
  event,
  fixed,
  int,
  Module,
  Simulator,
  uint,
  vector,
} from '../../../src/kernel/index.js';
import { diffWaves } from '../../../src/trace/diff/diff-waves.js';
import type { DiffOptions } from '../../../src/trace/diff/options.js';
import type { MwtSignal } from '../../../src/trace/mwt/header.js';
import { MwtWriter } from '../../../src/trace/mwt/writer.js';
import { openWaves } from '../../../src/trace/open-waves.js';
import { recordVcd } from '../../../src/trace/vcd-recorder.js';
import type { WaveType } from '../../../src/trace/waves.js';

const folder = mkdtempSync(join(tmpdir(), 'diff-formats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CYCLES = 50;
const HZ = 300e6;

/** Ports of a machine that count in one way and another; `slip` is the cycle in which the sum is wrong, if any. */
class Machine extends Module {
  readonly out_valid = this.output('out_valid', bool);
  readonly sum = this.output('sum', int(12));
  readonly mean = this.output('mean', fixed(4, 4));
  readonly lanes = this.output('lanes', vector(3, uint(5)));
  readonly done = this.output('done', event);
  private cycle = 0;

  constructor(
    parent: Simulator,
    clock: Clock,
    private readonly slip: number,
  ) {
    super(parent, 'm');
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const c = this.cycle++;
    this.out_valid.write(c % 3 === 0 ? 1 : 0);
    this.sum.write(-7 * c + (c === this.slip ? 1 : 0));
    this.mean.write((c % 200) - 100);
    this.lanes.set(c % 3, c % 32);
    if (c % 5 === 2) this.done.write(c);
  }
}

function recordedVcd(name: string, slip = -1): string {
  const file = join(folder, name);
  const sim = new Simulator();
  const clock = sim.clock('core', HZ);
  const machine = new Machine(sim, clock, slip);
  expect(machine.path).toBe('m');
  const recording = recordVcd(sim, file);
  sim.run({ cycles: CYCLES, clock });
  recording.close();
  return file;
}

/** The same run written by hand into a trace file: edge c at ⌊c·10⁴/3⌋ ps. */
function writtenMwt(name: string): string {
  const file = join(folder, name);
  const signal = (path: string, wave: number, type: WaveType, lanes = 1): MwtSignal => ({
    path,
    kind: 'bits',
    type,
    lanes,
    wave,
    clock: 'core',
  });
  const signals = [
    signal('m.out_valid', 0, { kind: 'bool', width: 1 }),
    signal('m.sum', 1, { kind: 'int', width: 12 }),
    signal('m.mean', 2, { kind: 'fixed', width: 8, fraction: 4 }),
    signal('m.lanes', 3, { kind: 'uint', width: 5 }, 3),
    { path: 'm.done', kind: 'event', type: null, lanes: 1, wave: 4, clock: 'core' } as const,
  ];
  const clocks = [{ name: 'core', hz: { num: HZ, den: 1 }, phasePs: 0 }];
  const writer = new MwtWriter(
    file,
    { configuration: null, seed: null, clocks, modules: ['m'], signals, begin: 0 },
    { chunkBytes: 256 },
  );
  const lanes = [0, 0, 0];
  writer.time(0);
  for (const wave of [0, 1, 2]) writer.scalar(wave, 0);
  writer.lanes(3, lanes);
  for (let c = 0; c < CYCLES; c++) {
    writer.time(Math.floor((c * 10_000) / 3));
    writer.scalar(0, c % 3 === 0 ? 1 : 0);
    writer.scalar(1, -7 * c);
    writer.scalar(2, (c % 200) - 100);
    lanes[c % 3] = c % 32;
    writer.lanes(3, lanes);
    if (c % 5 === 2) writer.event(4);
  }
  writer.commit(Math.floor(((CYCLES - 1) * 10_000) / 3));
  return file;
}

const EVERY: [string, DiffOptions][] = [
  ['time', {}],
  ['clock', { align: { by: 'clock', clock: 'clocks.core' } }],
  ['transfer', { align: { by: 'handshake', clock: 'clocks.core', valid: 'm.out_valid' } }],
  ['skew', { align: { by: 'clock', clock: 'clocks.core' }, mode: { kind: 'skew', most: 2 } }],
  ['order', { mode: { kind: 'order' } }],
];

describe('one run as a Value Change Dump and as a trace file', () => {
  const vcd = openWaves(recordedVcd('run.vcd'));
  const mwt = openWaves(writtenMwt('run.mwt'));
  const slipped = openWaves(recordedVcd('slipped.vcd', 20));

  it.each(EVERY)('is the same by %s', (_, options) => {
    for (const [a, b] of [
      [vcd, mwt],
      [mwt, vcd],
    ] as const) {
      const found = diffWaves(a, b, options);
      expect(found).toMatchObject({ same: true, first: null, tail: null, onlyA: [], onlyB: [], notes: [] });
      expect(found.signals.map(({ pair }) => pair.name).sort()).toEqual([
        'clocks.core',
        'm.done',
        'm.lanes',
        'm.mean',
        'm.out_valid',
        'm.sum',
      ]);
    }
  });

  it('differs where it does, at the edge that wrote the value, in the cycle behind it', () => {
    // Edge 20 writes, at 66,666 ps; edge 21 is the first to see it.
    expect(diffWaves(mwt, slipped).first).toMatchObject({
      pair: { name: 'm.sum' },
      timeA: 66_666,
      cycle: 20,
    });
    const byClock = diffWaves(mwt, slipped, EVERY[1]![1]).first!;
    expect(byClock).toMatchObject({ pair: { name: 'm.sum' }, at: 21, timeA: 70_000, timeB: 70_000 });
    const sum = (n: number): string => (4096 + n).toString(2);
    expect([byClock.a, byClock.b]).toEqual([sum(-140), sum(-139)]);
  });
});
