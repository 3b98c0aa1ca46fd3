import type { Channel, Fields } from './channel.js';
import { makeChannel } from './channel.js';
import type { Clock } from './clock.js';
import type { ProcessFn } from './engine.js';
import { type Wait, WiringError } from './errors.js';
import { type AnyNet, type Direction, Signal, VectorSignal } from './net.js';
import { Probe, type ProbeHooks } from './probe.js';
import type { Simulator } from './simulator.js';
import type { ValueType, VectorType } from './value-type.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*(\[\d+\])*$/;

/** Makes a module below `parent`; how the tree is built and what an override replaces. */
export type ModuleFactory<M extends Module = Module> = (parent: Module | Simulator, name: string) => M;

/**
 * A named part of the design. Its typed, width-declared ports are its only interface; its processes are declared in
 * its constructor; its registers that are no signals live in `state` (plain numbers and typed arrays), so that a run
 * can be saved and restored. Children are built with {@link Module.child}, so that any of them can be replaced by path.
 */
export abstract class Module {
  readonly sim: Simulator;
  readonly parent: Module | null;
  /** Full path from the root: `gupta.sa.fifo[3]`. */
  readonly path: string;
  readonly children = new Map<string, Module>();
  /** Ports and internal wires by name. */
  readonly nets = new Map<string, AnyNet>();
  readonly channels = new Map<string, Channel<Fields>>();
  readonly probes = new Map<string, Probe>();
  /** Registers that are no signals: saved and restored by snapshots. Numbers, strings, booleans, typed arrays, arrays and plain objects of these. */
  state: object = {};

  constructor(
    parent: Module | Simulator,
    readonly name: string,
  ) {
    if (parent instanceof Module) {
      this.sim = parent.sim;
      this.parent = parent;
      this.path = `${parent.path}.${name}`;
    } else {
      this.sim = parent;
      this.parent = null;
      this.path = name;
    }
    if (!NAME.test(name))
      throw new WiringError(this.path, `is not a name: letters, digits and _, with indices like [3] behind`);
    const siblings = this.parent?.children ?? this.sim.modules;
    if (siblings.has(name))
      throw new WiringError(this.path, 'is there already; names are unique below a module');
    siblings.set(name, this);
    this.sim.registerModule(this);
  }

  /** Builds a child through the simulation's overrides: `this.child('sa', (p, n) => new SystolicArray(p, n, spec))`. */
  child<M extends Module>(name: string, build: ModuleFactory<M>): M {
    const replacement = this.sim.overrideFor(`${this.path}.${name}`);
    return (replacement ?? build)(this, name) as M;
  }

  protected input(name: string, type: ValueType): Signal;
  protected input(name: string, type: VectorType): VectorSignal;
  protected input(name: string, type: ValueType | VectorType): AnyNet {
    return this.net(name, type, 'in', 0);
  }

  protected output(name: string, type: ValueType, initial?: number): Signal;
  protected output(name: string, type: VectorType, initial?: number): VectorSignal;
  protected output(name: string, type: ValueType | VectorType, initial = 0): AnyNet {
    return this.net(name, type, 'out', initial);
  }

  protected wire(name: string, type: ValueType, initial?: number): Signal;
  protected wire(name: string, type: VectorType, initial?: number): VectorSignal;
  protected wire(name: string, type: ValueType | VectorType, initial = 0): AnyNet {
    return this.net(name, type, 'wire', initial);
  }

  /** A valid/ready port that receives: `name_valid` and the fields are inputs, `name_ready` is an output. */
  protected sink<F extends Fields>(name: string, fields: F, clock: Clock): Channel<F> {
    return makeChannel(this, name, fields, 'sink', clock);
  }

  /** A valid/ready port that sends: `name_valid` and the fields are outputs, `name_ready` is an input. */
  protected source<F extends Fields>(name: string, fields: F, clock: Clock): Channel<F> {
    return makeChannel(this, name, fields, 'source', clock);
  }

  /** Declares a net; used by ports and channels. */
  net(name: string, type: ValueType | VectorType, direction: Direction, initial: number): AnyNet {
    if (!NAME.test(name)) throw new WiringError(`${this.path}.${name}`, 'is not a name');
    if (this.nets.has(name)) throw new WiringError(`${this.path}.${name}`, 'is declared twice');
    const path = `${this.path}.${name}`;
    const net =
      type.kind === 'vector'
        ? new VectorSignal(this.sim, this, path, type, direction, initial)
        : new Signal(this.sim, this, path, type, direction, initial);
    this.nets.set(name, net);
    return net;
  }

  /**
   * Declares an edge process: it reads the values from before the edge, and what it writes is seen after it. When it
   * returns false (nothing moved) and `wakeOn` was given, it sleeps until one of those nets changes or {@link wake}.
   */
  protected edge(
    clock: Clock,
    tick: (this: this) => boolean | void,
    wakeOn?: readonly (AnyNet | Channel<Fields>)[],
  ): number {
    const id = clock.addProcess(this.processName(tick), this, tick as ProcessFn, wakeOn !== undefined);
    this.sim.registerEdge(id, clock, wakeOn ?? []);
    return id;
  }

  /** Declares a combinational process: it runs at the start and in the delta after any of `sensitivity` changes. */
  protected comb(run: (this: this) => void, sensitivity: readonly (AnyNet | Channel<Fields>)[]): number {
    const id = this.sim.engine.addProcess(this.processName(run), this, run as ProcessFn);
    this.sim.registerComb(id, sensitivity);
    return id;
  }

  /** Declares an observable value that is no signal; see {@link Probe}. */
  protected probe(name: string, type: ValueType, read: () => number, hooks: ProbeHooks = {}): Probe {
    const probe = new Probe(this.sim, `${this.path}.${name}`, type, read, hooks);
    this.probes.set(name, probe);
    return probe;
  }

  /** Finds a probe that exists only on request (one of many like it): overridden where `pe[3][4].p` is made up on demand. */
  probeFor(_name: string): Probe | undefined {
    return undefined;
  }

  /** Why this part cannot go on, for deadlock reports: overridden by parts that wait for something their channels don't show. */
  waits(): readonly Wait[] {
    return [];
  }

  /** Copies the registers for a snapshot. */
  saveState(): unknown {
    return structuredClone(this.state);
  }

  /** Puts saved registers back, keeping typed arrays where they are. */
  loadState(saved: unknown): void {
    restoreInto(this.state as Record<string, unknown>, saved as Record<string, unknown>);
  }

  private processName(fn: { name: string }): string {
    return `${this.path}.${fn.name === '' ? 'process' : fn.name}`;
  }
}

function restoreInto(target: Record<string, unknown>, saved: Record<string, unknown>): void {
  for (const key of Object.keys(target)) if (!Object.hasOwn(saved, key)) delete target[key];
  for (const [key, value] of Object.entries(saved)) {
    const now = target[key];
    if (ArrayBuffer.isView(now) && ArrayBuffer.isView(value) && now.byteLength === value.byteLength) {
      new Uint8Array(now.buffer, now.byteOffset, now.byteLength).set(
        new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
      );
    } else if (
      Array.isArray(now) &&
      Array.isArray(value) &&
      now.length === value.length &&
      now.every((v) => typeof v === 'object')
    ) {
      restoreInto(now as never, value as never);
    } else if (isPlain(now) && isPlain(value)) {
      restoreInto(now, value);
    } else {
      target[key] = structuredClone(value);
    }
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
