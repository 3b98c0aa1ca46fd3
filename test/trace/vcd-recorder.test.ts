import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type AnyNet,
  bool,
  type Clock,
  ConfigError,
  connect,
  event,
  int,
  Module,
  restoreSnapshot,
  Signal,
  Simulator,
  takeSnapshot,
  uint,
  vector,
} from '../../src/kernel/index.js';
import { GuptaRunner } from '../../src/machines/gupta/runner.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';
import { recordVcd, type VcdOptions } from '../../src/trace/vcd-recorder.js';
import { randomLayer } from '../machines/random-layer.js';
import { type Change, readVcd } from './vcd-reader.js';

const folder = mkdtempSync(join(tmpdir(), 'vcd-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.vcd`);

/** Counts down from 1, with a bus, an indexed port and an event beside. */
class Countdown extends Module {
  readonly count = this.output('count', int(4), 1);
  readonly odd = this.output('odd[0]', bool, 1);
  readonly lanes = this.output('lanes[1]', vector(2, int(4)));
  readonly struck = this.output('struck', event);

  constructor(parent: Module | Simulator, name: string, clock: Clock) {
    super(parent, name);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const next = this.count.value - 1;
    // Against the order of declaration, which is that of the file.
    this.lanes.set(1, next);
    this.odd.write(next & 1);
    this.count.write(next);
    if (next < 0) this.struck.write(this.struck.value + 1);
  }
}

class Follower extends Module {
  readonly d = this.input('d', int(4));
}

class Top extends Module {
  readonly down: Countdown;
  readonly follower: Follower;

  constructor(parent: Module | Simulator, name: string, clock: Clock) {
    super(parent, name);
    this.down = this.child('down', (p, n) => new Countdown(p, n, clock));
    this.follower = this.child('pe[3][4]', (p, n) => new Follower(p, n));
    connect(this.down.count, this.follower.d);
  }
}

function small(): { sim: Simulator; clock: Clock; top: Top } {
  const sim = new Simulator();
  const clock = sim.clock('main', 100_000_000_000);
  return { sim, clock, top: new Top(sim, 'top', clock) };
}

/** One layer of a small machine, recorded (when `file` is given); every instant is shown to `look`. */
function layer(
  seed: number,
  file: string | null,
  {
    array = 'lazy',
    look,
    options = {},
    runSeed = 5,
  }: {
    array?: 'lazy' | 'ticked';
    look?: (sim: Simulator) => void;
    options?: VcdOptions;
    runSeed?: number;
  } = {},
) {
  const { step, image } = randomLayer(seed);
  const runner = new GuptaRunner(guptaSpec({ n: 3, array }), [step], { seed: runSeed });
  const { sim } = runner;
  const recording = file === null ? null : recordVcd(sim, file, options);
  if (look !== undefined) {
    look(sim);
    sim.breakpoint(() => {
      look(sim);
      return false;
    });
  }
  const run = runner.runLayer(0, image, 3, { stochastic: true, seed: runSeed }, 200_000);
  recording?.close();
  return { run, time: sim.now, text: file === null ? '' : readFileSync(file, 'latin1') };
}

/** A net's bits, from the kernel's own values. */
function bitsOf(net: AnyNet): bigint {
  if (net instanceof Signal) return BigInt.asUintN(net.type.width, BigInt(net.value));
  const { width } = net.type.element;
  return [...net.values].reduceRight(
    (all, lane) => (all << BigInt(width)) | BigInt.asUintN(width, BigInt(lane)),
    0n,
  );
}

describe('recordVcd', () => {
  it('writes the text that was worked out by hand', () => {
    const file = newFile();
    const { sim, clock } = small();
    const recording = recordVcd(sim, file, { comments: ['a countdown', 'seed 1'] });
    sim.step(clock, 3);
    recording.close();
    expect(readFileSync(file, 'utf8')).toBe(`$comment a countdown $end
$comment seed 1 $end
$version marblewave $end
$timescale 1 ps $end
$scope module top $end
$scope module down $end
$var wire 4 ! count [3:0] $end
$var wire 1 " odd[0] $end
$var wire 8 # lanes[1] [7:0] $end
$var event 1 $ struck $end
$upscope $end
$scope module pe[3][4] $end
$var wire 4 ! d [3:0] $end
$upscope $end
$upscope $end
$scope module clocks $end
$var wire 1 % main $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
b1 !
1"
b0 #
0%
$end
1%
b0 !
0"
#5
0%
#10
1%
b1111 !
1"
b11110000 #
1$
#15
0%
#20
1%
b1110 !
0"
b11100000 #
1$
`);
    expect(recording.bytes).toBe(readFileSync(file).length);
    expect(recording.changes).toBe(2 + 4 + 4);
  });

  it('holds exactly the settled changes of every net of the fixed-point machine', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const nets: AnyNet[] = [];
        const wanted = new Map<AnyNet, Change[]>();
        const { text } = layer(seed, newFile(), {
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
        const { timescale, variables } = readVcd(text);
        expect(timescale).toBe('1 ps');
        // Beside the nets the clocks of array, link and DRAM.
        expect(variables.size).toBe(nets.length + 3);
        for (const net of nets) {
          const variable = variables.get(net.path)!;
          expect(variable.changes, net.path).toEqual(wanted.get(net));
          expect(variable, net.path).toBe(variables.get(net.root.path));
        }
      }),
      { numRuns: 4 },
    );
  });

  it('gives the same bytes for the same seed, and others for another', () => {
    const first = layer(3, newFile());
    expect(layer(3, newFile()).text).toBe(first.text);
    expect(layer(3, newFile(), { runSeed: 6 }).text).not.toBe(first.text);
  });

  it('gives the same bytes whether the array is lazy or ticked', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        expect(layer(seed, newFile(), { array: 'ticked' }).text).toBe(layer(seed, newFile()).text);
      }),
      { numRuns: 6 },
    );
  });

  it('changes no output, no cycle and no count of the run', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const plain = layer(seed, null);
        const recorded = layer(seed, newFile());
        expect(recorded.run).toEqual(plain.run);
        expect(recorded.time).toBe(plain.time);
      }),
      { numRuns: 10 },
    );
  });

  it('records the modules that its patterns match, and no others', () => {
    const scopes = (modules: string | string[]) => {
      const { variables } = readVcd(layer(3, newFile(), { options: { modules, clocks: false } }).text);
      return new Set([...variables.keys()].map((path) => path.slice(0, path.lastIndexOf('.'))));
    };
    expect(scopes('gupta.sa')).toEqual(new Set(['gupta.sa']));
    expect(scopes('gupta.r*[1]')).toEqual(new Set(['gupta.round[1]']));
    expect(scopes(['*.top', 'gupta.c[*]'])).toEqual(
      new Set(['gupta.top', 'gupta.c[0]', 'gupta.c[1]', 'gupta.c[2]']),
    );
  });

  it('takes * for one level of modules and ** for any', () => {
    const paths = (modules: string) => {
      const file = newFile();
      const recording = recordVcd(deep(), file, { modules, clocks: false });
      recording.close();
      return [...readVcd(readFileSync(file, 'utf8')).variables.keys()];
    };
    const deep = (): Simulator => {
      const { sim } = small();
      const outer = sim.child('outer', (p, n) => new Follower(p, n));
      outer.child('inner', (p, n) => new Follower(p, n)).child('most', (p, n) => new Follower(p, n));
      return sim;
    };
    expect(paths('*')).toEqual(['outer.d']);
    expect(paths('outer.*')).toEqual(['outer.inner.d']);
    expect(paths('outer.**')).toEqual(['outer.inner.d', 'outer.inner.most.d']);
    expect(paths('top.pe[*][4]')).toEqual(['top.pe[3][4].d']);
    expect(() => paths('o.ter')).toThrow(ConfigError);
  });

  it('shows pokes before the first edge, and no edge that was not run', () => {
    const file = newFile();
    const sim = new Simulator();
    sim.clock('main', 1_000_000_000);
    const follower = sim.child('follower', (p, n) => new Follower(p, n));
    const recording = recordVcd(sim, file);
    follower.d.poke(-8);
    recording.close();
    const { variables } = readVcd(readFileSync(file, 'utf8'));
    expect(variables.get('follower.d')!.changes).toEqual([
      [0, 0n],
      [0, 8n],
    ]);
    expect(variables.get('clocks.main')!.changes).toEqual([[0, 0n]]);
  });

  it('begins in the middle of a run with the values of that moment, and holds the changes of later ones', () => {
    const file = newFile();
    const { sim, clock } = small();
    sim.step(clock, 2);
    const recording = recordVcd(sim, file);
    sim.step(clock);
    recording.close();
    sim.step(clock);
    const { variables } = readVcd(readFileSync(file, 'utf8'));
    expect(variables.get('top.pe[3][4].d')!.changes).toEqual([
      [10, 15n],
      [20, 14n],
    ]);
    expect(variables.get('top.down.struck')!.changes).toEqual([[20, null]]);
    expect(variables.get('clocks.main')!.changes).toEqual([
      [10, 1n],
      [15, 0n],
      [20, 1n],
    ]);
  });

  it('draws clocks from their edge times, asleep or not, and none faster than a picosecond can show', () => {
    const file = newFile();
    const sim = new Simulator();
    const slow = sim.clock('slow', { num: 1_000_000_000_000, den: 7 }, 3);
    sim.clock('fast', 1_000_000_000_000);
    sim.clock('odd one', { num: 2_000_000_000_000, den: 5 });
    sim.child('top', (p, n) => new Top(p, n, slow));
    const recording = recordVcd(sim, file);
    sim.run({ time: 20 });
    recording.close();
    const { variables } = readVcd(readFileSync(file, 'utf8'));
    const times = (path: string) => variables.get(path)!.changes.map(([time]) => time);
    expect(times('clocks.slow')).toEqual([0, 3, 6, 10, 13, 17, 20]);
    // Edges at the whole picoseconds below k · 2.5: 0, 2, 5, 7, …
    expect(times('clocks.odd_one')).toEqual([0, 0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 20]);
    expect(variables.has('clocks.fast')).toBe(false);
  });

  it('writes all 53 bits of a scalar, and the sign of a negative one', () => {
    const file = newFile();
    const sim = new Simulator();
    class Wide extends Module {
      readonly u = this.input('u', uint(53));
      readonly i = this.input('i', int(48));
    }
    const wide = new Wide(sim, 'wide');
    const recording = recordVcd(sim, file);
    const values = [2 ** 53 - 1, 2 ** 52, 2 ** 32, 2 ** 32 - 1, 2 ** 31, 1, 0];
    const signed = [-1, -(2 ** 47), 2 ** 47 - 1, -(2 ** 32), -(2 ** 31) - 1, 5, 0];
    values.forEach((value, k) => {
      wide.u.poke(value);
      wide.i.poke(signed[k]!);
    });
    recording.close();
    const { variables } = readVcd(readFileSync(file, 'utf8'));
    const got = (path: string) => variables.get(path)!.changes.map(([, value]) => value);
    expect(got('wide.u')).toEqual([0n, ...values.map(BigInt)]);
    expect(got('wide.i')).toEqual([0n, ...signed.map((value) => BigInt.asUintN(48, BigInt(value)))]);
  });

  it('has the final name only once it is closed, and no file at all when it is aborted', () => {
    const file = newFile();
    writeFileSync(file, 'what was there');
    const { sim, clock } = small();
    const given = recordVcd(sim, file);
    sim.step(clock);
    given.abort();
    given.abort();
    expect(readFileSync(file, 'utf8')).toBe('what was there');
    expect(existsSync(`${file}.partial`)).toBe(false);
    expect(() => given.close()).toThrow(/aborted/);
    const kept = recordVcd(sim, file);
    sim.step(clock);
    expect(readFileSync(file, 'utf8')).toBe('what was there');
    kept.close();
    kept.close();
    kept.abort();
    expect(readVcd(readFileSync(file, 'utf8')).variables.size).toBe(6);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  it('names the file and the cause when it cannot be made', () => {
    const { sim } = small();
    const file = join(folder, 'nowhere', 'a.vcd');
    expect(() => recordVcd(sim, file)).toThrow(
      expect.objectContaining({
        code: 'E_TRACE_FILE',
        path: file,
        message: `${file}: must be a file in a folder that can be written, got ENOENT: no such file or directory`,
      }),
    );
  });

  it.skipIf(!existsSync('/dev/full'))(
    'ends the run with the cause when the disk is full, and leaves no file',
    () => {
      const file = newFile();
      symlinkSync('/dev/full', `${file}.partial`);
      const { sim, clock } = small();
      const recording = recordVcd(sim, file);
      expect(() => sim.step(clock, 10_000)).toThrow(
        expect.objectContaining({
          code: 'E_TRACE_FILE',
          message: `${file}: must be a file that can be written, got ENOSPC: no space left on device`,
        }),
      );
      expect(() => recording.close()).toThrow();
      expect(readdirSync(folder).filter((name) => join(folder, name).startsWith(file))).toEqual([]);
      // The simulation itself is none the worse.
      sim.step(clock, 10);
    },
  );

  it('refuses patterns that match nothing, comments that end early, and time that goes back', () => {
    const { sim, clock } = small();
    const file = newFile();
    expect(() => recordVcd(sim, file, { modules: ['top', 'topp.**'] })).toThrow(
      new ConfigError(
        file,
        'modules',
        'patterns that match paths of modules, like gupta.sa or gupta.**',
        'topp.**',
      ),
    );
    expect(() => recordVcd(sim, file, { comments: ['fine', 'not $end'] })).toThrow(
      new ConfigError(file, 'comments[1]', 'one line without $end', 'not $end'),
    );
    const early = takeSnapshot(sim);
    sim.step(clock, 5);
    recordVcd(sim, file);
    expect(() => restoreSnapshot(sim, early)).toThrow(expect.objectContaining({ code: 'E_TRACE_TIME' }));
    expect(readdirSync(folder).filter((name) => join(folder, name).startsWith(file))).toEqual([]);
  });
});

const hasVcd2fst = spawnSync('vcd2fst', ['--help']).error === undefined;

describe('a VCD in GTKWave', () => {
  it.skipIf(!hasVcd2fst)(
    'comes back from its FST with the same values (skipped without vcd2fst of GTKWave)',
    () => {
      const file = newFile();
      const { text } = layer(3, file);
      execFileSync('vcd2fst', [file, `${file}.fst`]);
      execFileSync('fst2vcd', ['-f', `${file}.fst`, '-o', `${file}.back`]);
      const back = readVcd(readFileSync(`${file}.back`, 'latin1')).variables;
      const there = readVcd(text).variables;
      expect([...back.keys()].sort()).toEqual([...there.keys()].sort());
      for (const [path, { changes }] of there) {
        const last = new Map(changes.map(([time, value]) => [time, value]));
        expect(new Map(back.get(path)!.changes), path).toEqual(last);
      }
    },
  );
});
