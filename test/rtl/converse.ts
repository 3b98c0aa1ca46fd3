import { type AnyNet, type Clock, connect, Module, type Signal, Simulator } from '../../src/kernel/index.js';
import type { Design } from './designs.js';
import { type BuildComponent, Pin } from './replay.js';
import type { RtlInputs, RtlOutputs } from './shell.js';

/** All ports of a component in one cycle, inputs too: unsigned, lane 0 least significant. */
export type Wires = RtlOutputs;

/**
 * What stands around a component: told at each edge what all ports showed before it, says what the inputs hold in the
 * coming cycle. An input that is left out keeps its value. In the first cycle all are 0, but resets are 1.
 */
export type Partner = (seen: Wires) => Readonly<Record<string, bigint | number>>;

/** A clock of the component, and who drives the inputs that change at its edges. */
export interface Domain {
  /** Clock port of the twin. */
  readonly port: string;
  readonly hz: number;
  readonly partner: Partner;
}

/** What was said: as {@link Play} has it. */
interface Conversation {
  readonly stimulus: readonly RtlInputs[];
  readonly outputs: readonly RtlOutputs[];
}

/** Drives a component's inputs as its partners say, and notes all ports before each instant that has an edge. */
class Talk extends Module {
  readonly rows: Record<string, bigint>[] = [];
  private readonly inputs = new Map<string, { pin: Pin; drivers: AnyNet[] }>();
  private readonly outputs: Pin[];
  private noted = -1;

  constructor(
    private readonly simulator: Simulator,
    component: Module,
    design: Design,
    domains: readonly (Domain & { readonly clock: Clock })[],
  ) {
    super(simulator, 'partner');
    const clocks = new Set(domains.map(({ port }) => port));
    for (const port of design.inputs) {
      if (clocks.has(port.name)) continue;
      const pin = new Pin(component, port);
      const drivers = pin.nets.map((net, k) => {
        const driver = this.net(`${port.name}[${k}]`, net.type, 'out', 0);
        connect(driver as Signal, net as Signal);
        return driver;
      });
      this.inputs.set(port.name, { pin, drivers });
      pin.write(drivers, port.name.endsWith('rst') ? 1n : 0n);
    }
    this.outputs = design.outputs.map((port) => new Pin(component, port));
    for (const { clock, port, partner } of domains) this.edge(clock, () => this.tick(port, clocks, partner));
  }

  private tick(port: string, clocks: ReadonlySet<string>, partner: Partner): void {
    if (this.noted !== this.simulator.now) {
      this.noted = this.simulator.now;
      const row: Record<string, bigint> = {};
      for (const clock of clocks) row[clock] = 0n;
      for (const { pin } of this.inputs.values()) row[pin.port.name] = pin.read();
      for (const pin of this.outputs) row[pin.port.name] = pin.read();
      this.rows.push(row);
    }
    const row = this.rows.at(-1)!;
    row[port] = 1n;
    for (const [name, value] of Object.entries(partner(row))) {
      const { pin, drivers } = this.inputs.get(name)!;
      pin.write(drivers, BigInt.asUintN(pin.port.width, BigInt(value)));
    }
  }
}

/**
 * Runs a component of several clocks with its partners for so many instants at which any of the clocks has an edge; the first
 * edges of all coincide. The stimulus says of each instant which clocks have an edge in it.
 */
export function converseAcross(
  design: Design,
  instants: number,
  domains: readonly Domain[],
  build: (sim: Simulator, ...clocks: Clock[]) => Module,
): Conversation {
  const sim = new Simulator({ checkWidths: true });
  const clocked = domains.map((domain) => ({ ...domain, clock: sim.clock(domain.port, domain.hz) }));
  const component = build(sim, ...clocked.map(({ clock }) => clock));
  const talk = new Talk(sim, component, design, clocked);
  sim.run({ until: () => talk.rows.length >= instants });
  const those = (ports: readonly { name: string }[]) =>
    talk.rows
      .slice(0, instants)
      .map((row) => Object.fromEntries(ports.map(({ name }) => [name, row[name]!])));
  return { stimulus: those(design.inputs), outputs: those(design.outputs) };
}

/** Runs a component of one clock with its partner for so many cycles. */
export function converse(
  design: Design,
  cycles: number,
  build: BuildComponent,
  partner: Partner,
): Conversation {
  return converseAcross(design, cycles, [{ port: 'clk', hz: 166_000_000, partner }], build);
}
