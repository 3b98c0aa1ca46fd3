import {
  type AnyNet,
  bool,
  type Clock,
  connect,
  event,
  int,
  Module,
  Signal,
  Simulator,
  uint,
  vector,
} from '../../src/kernel/index.js';
import type { TraceFile } from '../../src/trace/mwt/trace-file.js';

/** Counts down from 1 at each edge, with a bus, an event and a probe beside; each third edge begins a transaction, each edge a point. */
class Countdown extends Module {
  readonly count = this.output('count', int(8), 1);
  readonly lanes = this.output('lanes[1]', vector(2, int(8)));
  readonly struck = this.output('struck', event);
  readonly loud = this.wire('loud', bool);
  override state = { edges: 0, work: 0 };

  constructor(parent: Module | Simulator, name: string, clock: Clock) {
    super(parent, name);
    this.probe('edges', uint(16), () => this.state.edges);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const s = this.state;
    const { transactions } = this.sim;
    const next = this.count.value - 1;
    this.lanes.set(1, next);
    this.count.write(next);
    if (next % 2 !== 0) this.struck.write(this.struck.value + 1);
    if (s.edges % 3 === 0) {
      if (s.work > 0) transactions.end(s.work, { edges: s.edges });
      s.work = transactions.begin('work', this.path, { from: s.edges });
    }
    transactions.point('edge', this.path, { number: s.edges }, s.work);
    s.edges += 1;
  }
}

class Follower extends Module {
  readonly d = this.input('d', int(8));
}

/** A countdown at 100 GHz: edges at 0, 10, 20 … ps. */
export function countdown(): { sim: Simulator; clock: Clock } {
  const sim = new Simulator({ seed: 7 });
  const clock = sim.clock('main', 100_000_000_000);
  class Top extends Module {
    readonly down = this.child('down', (p, n) => new Countdown(p, n, clock));
    readonly follower = this.child('pe[3]', (p, n) => new Follower(p, n));
  }
  const top = new Top(sim, 'top');
  connect(top.down.count, top.follower.d);
  return { sim, clock };
}

/** Changes of a signal, as `time:value` with the value in decimal, two's complement where its type says so. */
export function changesOf(trace: TraceFile, path: string): string[] {
  const place = trace.find(path);
  const { type, kind, lanes } = trace.signals[place]!;
  const texts: string[] = [];
  for (const { time, value } of trace.changes({ signals: [place] })) {
    if (kind === 'event') texts.push(`${time}`);
    else {
      const numbers = Array.from({ length: lanes }, (_, lane) => {
        const width = type!.width;
        const bits = String(value).slice(width * (lanes - 1 - lane), width * (lanes - lane));
        const number = parseInt(bits, 2);
        return type!.kind === 'int' && bits[0] === '1' ? number - 2 ** width : number;
      });
      texts.push(`${time}:${numbers.join(',')}`);
    }
  }
  return texts;
}

/** A net's bits, most significant first, from the kernel's own values. */
export function bitsOf(net: AnyNet): string {
  const text = (value: number, width: number): string =>
    BigInt.asUintN(width, BigInt(value)).toString(2).padStart(width, '0');
  if (net instanceof Signal) return text(net.value, net.type.width);
  const { width } = net.type.element;
  return [...net.values]
    .reverse()
    .map((lane) => text(lane, width))
    .join('');
}
