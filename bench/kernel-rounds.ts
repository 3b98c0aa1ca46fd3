import {
  type Clock,
  connect,
  Module,
  type Probe,
  type Signal,
  Simulator,
  uint,
} from '../src/kernel/index.js';

export const MODULES = 1000;
export const WARM_UP = 200;
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

export interface Round {
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

// As a process of its own: a round for each number of cycles that it is sent.
process.on('message', (cycles: number) => process.send?.(marblewaveRound(cycles)));
