import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  connect,
  Module,
  type Probe,
  type Signal,
  Simulator,
  uint,
} from '../src/kernel/index.js';
import { type Bench, type BenchResult, median, short } from './harness.js';

const MODULES = 1000;
const WARM_UP = 200;
const MASK = 0xffffff;

/**
 * A register and the combinational process that it wakes. The register adds an odd step and twice the low byte of its
 * neighbour's y, so it changes at every edge. Eight classes, so that calls of processes are megamorphic as in a real design.
 */
abstract class Stage extends Module {
  readonly d = this.input('d', uint(24));
  readonly q: Signal = this.output('q', uint(24));
  readonly y: Signal = this.output('y', uint(24));
  /** Compiled in, watched by nobody. */
  readonly low: Probe = this.probe('low', uint(8), () => this.q.value & 0xff);

  constructor(simulator: Simulator, name: string, clock: Clock) {
    super(simulator, name);
    this.edge(clock, this.tick);
    this.comb(this.logic, [this.q]);
  }

  protected abstract tick(): void;
  protected abstract logic(): void;
}

class Adder extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 1 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write((this.q.value + 77) & MASK);
  }
}

class Inverter extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 3 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write(this.q.value ^ MASK);
  }
}

class Shifter extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 5 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write((this.q.value << 3) & MASK);
  }
}

class Halver extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 7 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write(this.q.value >> 1);
  }
}

class Rotator extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 9 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    const v = this.q.value;
    this.y.write(((v << 5) | (v >> 19)) & MASK);
  }
}

class Masker extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 11 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write(this.q.value & 0x5a5a5a);
  }
}

class Gray extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 13 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    const v = this.q.value;
    this.y.write(v ^ (v >> 1));
  }
}

class Tripler extends Stage {
  protected tick(): void {
    this.q.write((this.q.value + 15 + 2 * (this.d.value & 0xff)) & MASK);
  }
  protected logic(): void {
    this.y.write((this.q.value * 3) & MASK);
  }
}

const CLASSES = [Adder, Inverter, Shifter, Halver, Rotator, Masker, Gray, Tripler] as const;

interface Round {
  readonly perSecond: number;
  readonly activations: number;
  readonly checksum: number;
}

/** One timed round of a freshly built design, in CPU seconds: both programs have one thread, and the machine may be shared. */
export function marblewaveRound(cycles: number): Round {
  const sim = new Simulator();
  const clock = sim.clock('clk', 100_000_000);
  const stages: Stage[] = [];
  for (let i = 0; i < MODULES; i++) stages.push(new CLASSES[i % 8]!(sim, `stage${i}`, clock));
  for (let i = 0; i < MODULES; i++) connect(stages[(i + MODULES - 1) % MODULES]!.y, stages[i]!.d);
  sim.run({ cycles: WARM_UP });
  const before = sim.engine.activations;
  const start = process.cpuUsage();
  sim.run({ cycles });
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  const activations = sim.engine.activations - before;
  let checksum = 0;
  for (const stage of stages) checksum = (Math.imul(checksum, 31) + stage.y.value) >>> 0;
  return { perSecond: activations / seconds, activations, checksum };
}

/** The compiled SystemC program, or why there is none. */
function buildSystemC(folder: string): { program: string } | { skipped: string } {
  if (spawnSync('g++', ['--version']).status !== 0) return { skipped: 'there is no g++ here' };
  const home = process.env['SYSTEMC_HOME'];
  const include = home === undefined ? '/usr/include' : join(home, 'include');
  if (!existsSync(join(include, 'systemc.h'))) return { skipped: `there is no systemc.h in ${include}` };
  const program = join(folder, 'activations');
  const source = new URL('systemc/activations.cpp', import.meta.url).pathname;
  const paths =
    home === undefined ? [] : [`-I${include}`, `-L${join(home, 'lib')}`, `-Wl,-rpath,${join(home, 'lib')}`];
  const built = spawnSync('g++', ['-O3', '-o', program, source, ...paths, '-lsystemc'], { encoding: 'utf8' });
  if (built.status !== 0) return { skipped: `g++ failed: ${built.stderr.split('\n')[0]}` };
  return { program };
}

function systemCRound(program: string, cycles: number): Round {
  const out = execFileSync(program, [String(MODULES), String(WARM_UP), String(cycles)], {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [seconds, activations, checksum] = out.trim().split('\n').at(-1)!.split(' ').map(Number);
  return { perSecond: activations! / seconds!, activations: activations!, checksum: checksum! };
}

async function run(quick: boolean): Promise<BenchResult> {
  const cycles = 12_000;
  const rounds = quick ? 5 : 21;
  const folder = mkdtempSync(join(tmpdir(), 'marblewave-bench-'));
  try {
    const built = buildSystemC(folder);
    const first = marblewaveRound(cycles);
    const ours: number[] = [];
    const theirs: number[] = [];
    const notes = [
      `${MODULES} registers and ${MODULES} combinational processes in 8 classes, ${cycles} cycles a round, ${rounds} rounds`,
    ];
    for (let i = 0; i < rounds; i++) {
      // Alternating which goes first, so that a machine that slows down or speeds up favours neither.
      const order = i % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours'];
      for (const who of order) {
        if (who === 'theirs' && !('program' in built)) continue;
        const round =
          who === 'ours' || !('program' in built)
            ? marblewaveRound(cycles)
            : systemCRound(built.program, cycles);
        if (round.checksum !== first.checksum || round.activations !== first.activations)
          throw new Error(
            `${who}: checksum ${round.checksum} and ${round.activations} activations, not ${first.checksum} and ${first.activations}`,
          );
        (who === 'ours' ? ours : theirs).push(round.perSecond);
      }
    }
    const figures = [{ name: 'marblewave', value: median(ours), unit: 'activations/s' }];
    if ('skipped' in built) {
      notes.push(`comparison with SystemC skipped: ${built.skipped}`);
      return { figures, goals: [], notes };
    }
    const ratios = ours.map((value, i) => value / theirs[i]!);
    figures.push({ name: 'SystemC', value: median(theirs), unit: 'activations/s' });
    figures.push({ name: 'marblewave / SystemC', value: median(ratios), unit: 'ratio, median of pairs' });
    notes.push(
      `pairs: ${ratios.map((r) => r.toFixed(2)).join(' ')}; both end with checksum ${first.checksum} after ${short(first.activations)} activations a round`,
    );
    const wanted = 'as many process activations a second as SystemC, same design';
    return { figures, goals: [{ wanted, got: median(ratios), atLeast: 1 }], notes };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Is the kernel as quick as SystemC's on the same design? */
export const kernelActivations: Bench = {
  name: 'kernel-activations',
  question: 'How many processes a second does the kernel run, and how many does SystemC on the same design?',
  run,
};
