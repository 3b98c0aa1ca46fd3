import {
  type AnyNet,
  type Clock,
  connect,
  Module,
  type Signal,
  Simulator,
  VectorSignal,
} from '../../src/kernel/index.js';
import type { Design } from './designs.js';
import { type BuildComponent, Recorder } from './replay.js';
import type { Play } from './twin-list.js';

/** Values of a component's inputs by port; a vector's as a list. A port that is left out keeps what it has. */
export type Drive = Readonly<Record<string, number | ArrayLike<number>>>;

/** The present value of a one-word port, input or output, just before an edge. */
export type View = (port: string) => number;

/** Decides, at each edge, what the inputs hold in the coming cycle: as the component's neighbours would. */
export interface Partner {
  /** What to call this kind of input. */
  readonly what: string;
  next(view: View): Drive;
}

/** Drives a component's inputs as its partner says. */
class ClosedLoop extends Module {
  private readonly drivers = new Map<string, AnyNet>();

  constructor(
    sim: Simulator,
    clock: Clock,
    private readonly component: Module,
    design: Design,
    private readonly partner: Partner,
  ) {
    super(sim, 'partner');
    for (const { name } of design.inputs) {
      const net = component.nets.get(name);
      if (net === undefined) throw new Error(`${component.path} has no port ${name}`);
      const driver = this.net(name, net.type, 'out', 0);
      connect(driver as Signal, net as Signal);
      this.drivers.set(name, driver);
    }
    this.set({ rst: 1 });
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { nets } = this.component;
    this.set(
      this.partner.next((port) => {
        const net = nets.get(port);
        if (net === undefined || net instanceof VectorSignal) throw new Error(`no one-word port ${port}`);
        return net.value;
      }),
    );
  }

  private set(drive: Drive): void {
    for (const [name, value] of Object.entries(drive)) {
      const net = this.drivers.get(name);
      if (net === undefined) throw new Error(`${this.component.path} has no input ${name}`);
      if (net instanceof VectorSignal) net.writeFrom(value as ArrayLike<number>);
      else net.write(value as number);
    }
  }
}

/** What a component and its partner do in so many cycles, the first of which has `rst` high. */
export function closedLoop(design: Design, cycles: number, build: BuildComponent, partner: Partner): Play {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('clk', 166_000_000);
  const component = build(sim, clock);
  const loop = new ClosedLoop(sim, clock, component, design, partner);
  const recorder = new Recorder(sim, clock, component, design);
  sim.run({ cycles });
  void loop;
  return { what: partner.what, stimulus: recorder.stimulus, outputs: recorder.outputs };
}
