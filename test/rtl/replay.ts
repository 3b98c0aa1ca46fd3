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
import { type RtlInputs, type RtlOutputs, type RtlPort, UNKNOWN } from './shell.js';

/** Makes the component that is to be compared, named `dut`. */
export type BuildComponent = (sim: Simulator, clock: Clock) => Module;

/**
 * The nets of a component that make up one port of its twin: the net of that name, the indexed nets `port[0]`,
 * `port[1]`, …, or those that the port names; lane 0 is least significant.
 */
export class Pin {
  readonly nets: readonly AnyNet[];
  private readonly widths: readonly number[];

  constructor(
    module: Module,
    readonly port: RtlPort,
  ) {
    const whole = module.nets.get(port.name);
    if (whole !== undefined) this.nets = [whole];
    else if (port.nets !== undefined) this.nets = port.nets.map((name) => module.nets.get(name)!);
    else {
      const lanes: AnyNet[] = [];
      for (let net; (net = module.nets.get(`${port.name}[${lanes.length}]`)) !== undefined;) lanes.push(net);
      this.nets = lanes;
    }
    this.widths = this.nets.map((net) =>
      net.type.kind === 'vector' ? net.type.element.width : net.type.width,
    );
    const wires = this.nets.reduce((sum, net, k) => sum + net.lanes * this.widths[k]!, 0);
    if (wires !== port.width)
      throw new Error(`${module.path}.${port.name}: has ${wires} wires, its twin has ${port.width}`);
  }

  /** The port's present value, unsigned. */
  read(): bigint {
    let value = 0n;
    for (let k = this.nets.length - 1; k >= 0; k--) {
      const net = this.nets[k]!;
      const width = this.widths[k]!;
      if (net instanceof VectorSignal) {
        for (let i = net.lanes - 1; i >= 0; i--)
          value = (value << BigInt(width)) | BigInt.asUintN(width, BigInt(net.get(i)));
      } else value = (value << BigInt(width)) | BigInt.asUintN(width, BigInt(net.value));
    }
    return value;
  }

  /** Spreads a port value over `drivers`, which are of the same types as {@link nets}. */
  write(drivers: readonly AnyNet[], value: bigint): void {
    let rest = value;
    for (let k = 0; k < drivers.length; k++) {
      const net = drivers[k]!;
      const width = this.widths[k]!;
      const type = net.type.kind === 'vector' ? net.type.element : net.type;
      const take = (): number => {
        const wires = BigInt.asUintN(width, rest);
        rest >>= BigInt(width);
        return Number(type.kind === 'int' ? BigInt.asIntN(width, wires) : wires);
      };
      if (net instanceof VectorSignal) for (let i = 0; i < net.lanes; i++) net.set(i, take());
      else net.write(take());
    }
  }
}

/** Drives a component's inputs from a table, a row a cycle, and notes its outputs just before each edge. */
class Replay extends Module {
  readonly outputs: RtlOutputs[] = [];
  private readonly driven: { pin: Pin; drivers: AnyNet[] }[];
  private readonly seen: Pin[];
  private row = 0;

  constructor(
    sim: Simulator,
    clock: Clock,
    component: Module,
    design: Design,
    private readonly stimulus: readonly RtlInputs[],
  ) {
    super(sim, 'replay');
    this.driven = design.inputs.map((port) => {
      const pin = new Pin(component, port);
      const drivers = pin.nets.map((net, k) => {
        const driver = this.net(`${port.name}[${k}]`, net.type, 'out', 0);
        connect(driver as Signal, net as Signal);
        return driver;
      });
      return { pin, drivers };
    });
    this.seen = design.outputs.map((port) => new Pin(component, port));
    this.drive();
    this.edge(clock, this.tick);
  }

  private drive(): void {
    const row = this.stimulus[this.row];
    if (row === undefined) return;
    for (const { pin, drivers } of this.driven)
      pin.write(drivers, BigInt.asUintN(pin.port.width, BigInt(row[pin.port.name]!)));
  }

  private tick(): void {
    const row: Record<string, bigint> = {};
    for (const pin of this.seen) row[pin.port.name] = pin.read();
    this.outputs.push(row);
    this.row += 1;
    this.drive();
  }
}

/**
 * The component's outputs, port by port and cycle by cycle, as `runRtl` gives its twin's: entry c holds what the outputs
 * show just before the edge that ends cycle c, in which the inputs hold entry c of the stimulus.
 */
export function replay(
  design: Design,
  build: BuildComponent,
  stimulus: readonly RtlInputs[],
  options: { readonly checkWidths?: boolean } = { checkWidths: true },
): RtlOutputs[] {
  const sim = new Simulator(options);
  const clock = sim.clock('clk', 166_000_000);
  const player = new Replay(sim, clock, build(sim, clock), design, stimulus);
  sim.run({ cycles: stimulus.length });
  return player.outputs;
}

/** Notes a component's inputs and outputs in every cycle, whoever drives it: what to play to its twin, and what it answered. */
export class Recorder extends Module {
  readonly stimulus: RtlInputs[] = [];
  readonly outputs: RtlOutputs[] = [];
  private readonly inputPins: Pin[];
  private readonly outputPins: Pin[];

  constructor(sim: Simulator, clock: Clock, component: Module, design: Design) {
    super(sim, 'recorder');
    this.inputPins = design.inputs.map((port) => new Pin(component, port));
    this.outputPins = design.outputs.map((port) => new Pin(component, port));
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const sample = (pins: readonly Pin[]): Record<string, bigint> =>
      Object.fromEntries(pins.map((pin) => [pin.port.name, pin.read()]));
    this.stimulus.push(sample(this.inputPins));
    this.outputs.push(sample(this.outputPins));
  }
}

/**
 * The first difference in a port at or after cycle `from`, in words, or null. Before the first reset edge (cycle 0)
 * registers hold anything, so comparisons begin at 1. Bits without a meaning are left out, as {@link RtlPort.meaning} says of
 * the component's cycle.
 */
export function firstDifference(
  outputs: readonly RtlPort[],
  component: readonly RtlOutputs[],
  twin: readonly RtlOutputs[],
  from = 1,
): string | null {
  if (component.length !== twin.length)
    return `the component gave ${component.length} cycles, its twin ${twin.length}`;
  for (let c = from; c < component.length; c++) {
    for (const { name, meaning } of outputs) {
      const [mine, its] = [component[c]![name]!, twin[c]![name]!];
      const mask = meaning === undefined ? -1n : meaning(component[c]!);
      if (mask !== 0n && (its === UNKNOWN || (mine & mask) !== (its & mask)))
        return `cycle ${c}, ${name}: the component shows 0x${mine.toString(16)}, its twin ${its < 0n ? 'x' : `0x${its.toString(16)}`}`;
    }
  }
  return null;
}
