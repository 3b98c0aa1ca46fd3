import type { Subscription } from 'rxjs';
import type { Channel } from './channel.js';
import { PathError } from './errors.js';
import type { Module } from './module.js';
import { type AnyNet, Net, Signal, VectorSignal } from './net.js';
import { Probe } from './probe.js';
import type { Simulator } from './simulator.js';
import { typeName } from './value-type.js';

/** Looks things up by path: `gupta.sa.fifo[3].count`. Modules first, then the nets, channels and probes of the last one. */
export class Paths {
  constructor(
    private readonly sim: Simulator,
    private readonly modules: ReadonlyMap<string, Module>,
    private readonly wires: ReadonlyMap<string, Signal>,
  ) {}

  /** The module, signal, bus, channel or probe at a path. @throws PathError with the nearest names that exist */
  find(path: string): Module | AnyNet | Channel | Probe {
    const found = this.lookUp(path);
    if (found === undefined) throw new PathError(path, this.near(path));
    return found;
  }

  /** The same, or undefined when nothing is there. */
  lookUp(path: string): Module | AnyNet | Channel | Probe | undefined {
    const { module, rest } = this.walk(path);
    if (module === null) return this.wires.get(rest);
    if (rest === '') return module;
    return (
      module.nets.get(rest) ?? module.channels.get(rest) ?? module.probes.get(rest) ?? module.probeFor(rest)
    );
  }

  /** The deepest module on a path, and what is left of the path below it. */
  private walk(path: string): { module: Module | null; rest: string } {
    let module = null as Module | null;
    let rest = path;
    while (rest !== '') {
      const dot = rest.indexOf('.');
      const head = dot < 0 ? rest : rest.slice(0, dot);
      const below: ReadonlyMap<string, Module> = module === null ? this.modules : module.children;
      const next = below.get(head);
      if (next === undefined) break;
      module = next;
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    return { module, rest };
  }

  /** What there is below the last module that a wrong path names rightly. */
  near(path: string): string[] {
    const { module } = this.walk(path);
    if (module === null) return [...this.modules.keys(), ...this.wires.keys()];
    return [
      ...module.children.keys(),
      ...module.channels.keys(),
      ...module.nets.keys(),
      ...module.probes.keys(),
    ];
  }

  /** The scalar signal or probe at a path; `bus[3]` is a lane of a bus. @throws PathError when there is none or it is no scalar */
  value(path: string): Signal | Probe {
    const found = this.lookUp(path);
    if (found instanceof Signal || found instanceof Probe) return found;
    if (found === undefined) {
      const lane = this.lane(path);
      if (lane === null) throw new PathError(path, this.near(path));
      return lane;
    }
    const kind =
      found instanceof VectorSignal
        ? `a bus of type ${typeName(found.type)}`
        : found instanceof Net
          ? 'a net'
          : 'no value';
    throw new PathError(path, this.near(path), `${path} is ${kind}, wanted a scalar signal or probe`);
  }

  private lane(path: string): Probe | null {
    const match = /^(.*)\[(\d+)\]$/.exec(path);
    const bus = match === null ? undefined : this.lookUp(match[1]!);
    const lane = Number(match?.[2]);
    if (!(bus instanceof VectorSignal) || lane >= bus.lanes) return null;
    // Who watches a lane watches the bus: a bulk run is then shown beat by beat.
    let watching: Subscription | null = null;
    return new Probe(this.sim, path, bus.type.element, () => bus.shown[lane]!, {
      attach: () => (watching = bus.subscribe()),
      detach: () => watching?.unsubscribe(),
    });
  }
}
