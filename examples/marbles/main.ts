import { combineLatest, filter, map, pairwise, throttleTime } from 'rxjs';
import { type Clock, connect, Module, type Signal, Simulator, uint } from '../../src/kernel/index.js';

/**
 * The smallest run: two counters in two clock domains, joined by glue. Every port is a stream, every stream a waveform.
 *
 *     npx tsx examples/marbles/main.ts
 *
 * The `slow` counter is held while the `fast` one is 2 or 3: `connect(fast.q.pipe(map(…)), slow.hold)` is that logic, a wire
 * with an operator in it. Prediction: fast counts 0…7 at 200 MHz, one step each 5 ns; slow, at 100 MHz, sees hold once in
 * four of its edges (fast is 2 or 3 for 10 ns of every 40) and stands still there.
 */
interface CounterSpec {
  readonly clock: Clock;
  /** Wires of `q`, bits; it counts modulo 2^width. */
  readonly width: number;
}

/** A counter with a hold input. Timing: `q` is registered; with `hold` high in cycle c, it is the same in c and c + 1. */
class Counter extends Module {
  readonly hold: Signal;
  readonly q: Signal;

  constructor(parent: Module | Simulator, name: string, { clock, width }: CounterSpec) {
    super(parent, name);
    this.hold = this.input('hold', uint(1));
    this.q = this.output('q', uint(width));
    this.modulus = 2 ** width;
    this.edge(clock, this.tick, [this.hold]);
  }

  private readonly modulus: number;

  private tick(): boolean {
    if (this.hold.value !== 0) return false;
    this.q.write((this.q.value + 1) % this.modulus);
    return true;
  }
}

const sim = new Simulator();
const fastClock = sim.clock('fast', 200_000_000);
const slowClock = sim.clock('slow', 100_000_000);
const fast = new Counter(sim, 'fast', { clock: fastClock, width: 3 });
const slow = new Counter(sim, 'slow', { clock: slowClock, width: 4 });

// Glue: combinational logic in operators. It is evaluated on settled values, in the same instant.
connect(fast.q.pipe(map((q) => q === 2 || q === 3)), slow.hold, { stateless: true });
const equal = sim.wire('equal', uint(1));
connect(combineLatest([fast.q, slow.q]).pipe(map(([a, b]) => a === b)), equal, { stateless: true });

/** One column of the picture, ps. */
const STEP = 5_000;
const END = 120_000;

/** Values over time: `0··1··2`, each value where it begins. */
function waveform(): (value: number) => void {
  const row = Array.from({ length: END / STEP + 1 }, () => '·');
  rows.push(row);
  return (value) => (row[Math.floor(sim.now / STEP)] = value.toString(16));
}

/** Events over time: `--o----o--`. */
function marbles(): () => void {
  const row = Array.from({ length: END / STEP + 1 }, () => '-');
  rows.push(row);
  return () => (row[Math.floor(sim.now / STEP)] = 'o');
}

const rows: string[][] = [];
const names = ['fast.q', 'slow.hold', 'slow.q', 'equal', 'wraps of fast', 'throttled'];
// A signal tells its value on subscription and then each settled change: a waveform as it is.
fast.q.subscribe(waveform());
slow.hold.subscribe(waveform());
slow.q.subscribe(waveform());
equal.subscribe(waveform());
// Any operator works on hardware time: wraps of a counter; at most one step in 4 cycles of the slow clock.
fast.q
  .pipe(
    pairwise(),
    filter(([before, after]) => after < before),
  )
  .subscribe(marbles());
slow.q.pipe(throttleTime(4, slowClock.scheduler)).subscribe(marbles());

sim.run({ time: END });

const width = Math.max(...names.map((n) => n.length));
const ruler = Array.from({ length: END / STEP + 1 }, (_, i) =>
  i % 4 === 0 ? String((i * STEP) / 1000).padEnd(4) : '',
);
process.stdout.write(`${'ns'.padEnd(width)}  ${ruler.join('').trimEnd()}\n`);
names.forEach((name, i) => process.stdout.write(`${name.padEnd(width)}  ${rows[i]!.join('')}\n`));
process.stdout.write(
  `${fastClock.cycle} cycles of fast, ${slowClock.cycle} of slow, ${sim.engine.activations} process activations\n`,
);
