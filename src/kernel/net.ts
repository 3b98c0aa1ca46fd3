import { Observable, type Subscriber } from 'rxjs';
import { type Engine, GLUED, OBSERVED, TAPPED } from './engine.js';
import { WidthError, WiringError } from './errors.js';
import type { Module } from './module.js';
import type { Simulator } from './simulator.js';
import { typeMax, typeMin, typeName, type ValueType, type VectorType } from './value-type.js';

/** `in` and `out` are ports of a module; a `wire` is internal. */
export type Direction = 'in' | 'out' | 'wire';

/** A net, whatever its values: what the simulator needs of it. */
export interface NetHandle {
  slot: number;
  readonly path: string;
  readonly type: ValueType | VectorType;
  readonly driver: NetHandle | null;
  readonly root: NetHandle;
  readonly isObserved: boolean;
  /** The regions in which somebody waits for its changes, as flags of the engine. */
  readonly watchedIn: number;
  readonly taps: readonly TapEntry[];
  deliver(region: number): void;
  bind(): void;
}

/** What a net shows to observers instead of its slots while a bulk run lasts: see channel-run.ts. */
export interface RunView {
  /** Whether a run lasts. */
  readonly lasts: boolean;
  /** Fills `lanes` with what the field `key` shows now and returns true; false while no run lasts. */
  show(key: string, lanes: Float64Array): boolean;
  /** Somebody began to watch one of the wires. */
  watched(): void;
}

/** Who looks at many nets and reads what it wants itself; see {@link Net.tap}. */
export interface Tap {
  /** Net number `index` has changed in this instant, or a bulk run of its channel has moved on. */
  changed(index: number): void;
}

export interface TapEntry {
  readonly tap: Tap;
  readonly index: number;
}

interface Listener<T> {
  readonly subscriber: Subscriber<T>;
  /** The settle pass in which it was last told. */
  pass: number;
}

/**
 * What a signal and a bus have in common: a run of slots in the engine, at most one driver, and subscribers. As an
 * Observable it emits the present value on subscription and then each *settled* change: once per instant, after all
 * deltas, never a value that hardware would show only as a glitch. See docs/timing-model.md.
 */
export abstract class Net<T> extends Observable<T> implements NetHandle {
  // What reads and writes need comes first: large designs are bound by how many cache lines a process touches.
  /** First slot in the engine's arrays; a connected input shares its driver's. */
  slot: number;
  /** The engine's present values: kept here as well, since reads are hot. */
  protected present: Float64Array<ArrayBuffer>;
  readonly engine: Engine;
  protected readonly checked: boolean;

  readonly sim: Simulator;
  /** The module that declares it; null for a wire of the simulation itself. */
  readonly owner: Module | null;
  /** Full path: `gupta.sa.in_valid`. */
  readonly path: string;
  readonly direction: Direction;
  readonly lanes: number;
  /** The net that this one follows, once connected. */
  driver: Net<T> | null = null;
  /** True once operator glue drives this net. */
  glueDriven = false;
  /** For a wire of a channel: what shows a bulk run beat by beat, and the wire's part in it. */
  runView: RunView | null = null;
  runKey = '';
  private observers: readonly Listener<T>[] = [];
  private glue: readonly Listener<T>[] = [];
  taps: readonly TapEntry[] = [];

  constructor(
    sim: Simulator,
    owner: Module | null,
    path: string,
    direction: Direction,
    lanes: number,
    initial: number,
  ) {
    super((subscriber) => this.attach(subscriber));
    this.engine = sim.engine;
    this.slot = this.engine.addSignal(path, lanes, initial);
    this.present = this.engine.present;
    this.checked = sim.options.checkWidths;
    this.sim = sim;
    this.owner = owner;
    this.path = path;
    this.direction = direction;
    this.lanes = lanes;
    sim.registerNet(this);
  }

  /** The settled value, as handed to subscribers; within a bulk run, what the wires would show beat by beat. */
  protected abstract current(): T;
  /** Whether the value differs from what this kind of subscriber was last told; notes it as told. */
  protected abstract news(region: number): boolean;
  abstract readonly type: ValueType | VectorType;

  /** Takes the engine's arrays anew, after they grew. */
  bind(): void {
    this.present = this.engine.present;
  }

  /** The net at the end of the chain of drivers. */
  get root(): Net<T> {
    return this.driver === null ? this : this.driver.root;
  }

  /** True while anybody outside the kernel looks. */
  get isObserved(): boolean {
    return this.observers.length + this.glue.length + this.taps.length > 0;
  }

  get watchedIn(): number {
    return (
      (this.observers.length > 0 ? OBSERVED : 0) |
      (this.glue.length > 0 ? GLUED : 0) |
      (this.taps.length > 0 ? TAPPED : 0)
    );
  }

  /** Tells the subscribers of one region, if the value is new to them. Called by the simulator. */
  deliver(region: number): void {
    const list = region === GLUED ? this.glue : this.observers;
    if (list.length === 0 || !this.news(region)) return;
    const value = this.current();
    const { pass } = this.sim;
    for (const listener of list) {
      // Who subscribed since the last delta was handed this value then.
      if (listener.pass === pass) continue;
      listener.pass = pass;
      listener.subscriber.next(value);
    }
  }

  /**
   * Has `tap` told of each instant in which this net may have changed, among the observers, without its value: for who looks at
   * thousands of nets. Returns what ends it.
   */
  tap(tap: Tap, index: number): () => void {
    const entry = { tap, index };
    this.taps = [...this.taps, entry];
    this.sim.watch(this, TAPPED);
    this.runView?.watched();
    return () => {
      this.taps = this.taps.filter((t) => t !== entry);
      this.sim.unwatch(this);
    };
  }

  /** Tells the taps, where a bulk run moves on without a change of the wires. */
  tellTaps(): void {
    for (const { tap, index } of this.taps) tap.changed(index);
  }

  /** Makes this net follow `driver`. */
  follow(driver: Net<T>): void {
    if (this.sim.started)
      throw new WiringError(this.path, `connected to ${driver.path} after the simulation started`);
    if (this.driver !== null)
      throw new WiringError(
        this.path,
        `already driven by ${this.driver.path}; a second driver is ${driver.path}`,
      );
    if (this.glueDriven)
      throw new WiringError(this.path, `already driven by an Observable; a second driver is ${driver.path}`);
    if (wires(this) !== wires(driver)) {
      throw new WiringError(
        this.path,
        `is ${typeName(this.type)}; its driver ${driver.path} is ${typeName(driver.type)}`,
      );
    }
    if (this.direction !== 'in' && this.owner !== null && !contains(this.owner, driver.owner))
      throw new WiringError(
        this.path,
        `is driven by its own module; ${driver.path}, outside it, cannot drive it too`,
      );
    for (let net: Net<T> | null = driver; net !== null; net = net.driver) {
      if (net === this) throw new WiringError(this.path, `would drive itself through ${driver.path}`);
    }
    this.driver = driver;
  }

  private attach(subscriber: Subscriber<T>): () => void {
    const region = this.sim.subscribingGlue ? GLUED : OBSERVED;
    const listener: Listener<T> = { subscriber, pass: this.sim.pass };
    const first = (this.watchedIn & region) === 0;
    if (region === GLUED) this.glue = [...this.glue, listener];
    else this.observers = [...this.observers, listener];
    if (first) {
      this.news(region);
      this.sim.watch(this, region);
      this.runView?.watched();
    }
    subscriber.next(this.current());
    return () => {
      if (region === GLUED) this.glue = this.glue.filter((l) => l !== listener);
      else this.observers = this.observers.filter((l) => l !== listener);
      if ((this.watchedIn & region) === 0) this.sim.unwatch(this);
    };
  }
}

/** Whether a module is another or lies within it. */
function contains(outer: Module, module: Module | null): boolean {
  for (let at = module; at !== null; at = at.parent) if (at === outer) return true;
  return false;
}

/** How wires are to be read: lanes, sign, width. A net and its driver must agree, or −1 on one would be 65,535 in hardware. */
function wires(net: NetHandle): string {
  const { type } = net;
  const element = type.kind === 'vector' ? type.element : type;
  const lanes = type.kind === 'vector' ? `${type.lanes} × ` : '';
  return `${lanes}${typeMin(element) < 0 ? 'signed' : 'unsigned'} ${element.width}`;
}

/** What a bulk run shows on a scalar wire. */
const scratch = new Float64Array(1);

/** A scalar signal: an exact integer of at most 53 bits. */
export class Signal extends Net<number> {
  private told = NaN;
  private toldGlue = NaN;
  private readonly min: number;
  private readonly max: number;

  constructor(
    sim: Simulator,
    owner: Module | null,
    path: string,
    readonly type: ValueType,
    direction: Direction,
    initial = 0,
  ) {
    super(sim, owner, path, direction, 1, initial);
    this.min = typeMin(type);
    this.max = typeMax(type);
  }

  /** The value that processes read now. */
  get value(): number {
    return this.present[this.slot]!;
  }

  /** The value that observers see: within a bulk run of a channel, what this wire would show beat by beat. */
  get shown(): number {
    const { runView } = this;
    if (runView === null || !runView.lasts) return this.value;
    return runView.show(this.runKey, scratch) ? scratch[0]! : this.value;
  }

  /** Writes from within a process: visible in the next delta. */
  write(value: number): void {
    if (this.checked) this.check(value);
    this.engine.write(this.slot, value);
  }

  private check(value: number): void {
    if (!(value >= this.min && value <= this.max && Number.isInteger(value)))
      throw new WidthError(this.path, typeName(this.type), value, this.engine.now);
  }

  /** Writes from outside, between runs, and lets combinational logic settle: a testbench's hand on an input. */
  poke(value: number): void {
    this.sim.poke(() => this.write(value), this);
  }

  protected current(): number {
    return this.shown;
  }

  protected news(region: number): boolean {
    const value = this.shown;
    if (region === GLUED) {
      if (this.toldGlue === value) return false;
      this.toldGlue = value;
    } else {
      if (this.told === value) return false;
      this.told = value;
    }
    return true;
  }
}

/** A bus of equal lanes, each an exact integer of at most 53 bits. Emits a copy of all lanes. */
export class VectorSignal extends Net<Float64Array> {
  private told: Float64Array | null = null;
  private toldGlue: Float64Array | null = null;
  private readonly min: number;
  private readonly max: number;

  constructor(
    sim: Simulator,
    owner: Module | null,
    path: string,
    readonly type: VectorType,
    direction: Direction,
    initial = 0,
  ) {
    super(sim, owner, path, direction, type.lanes, initial);
    this.min = typeMin(type.element);
    this.max = typeMax(type.element);
  }

  /** Lane i as processes read it now. */
  get(i: number): number {
    return this.present[this.slot + i]!;
  }

  /** Copies the lanes as processes read them now to `target` from `offset` on. */
  copyTo(target: Float64Array | Int16Array, offset = 0): void {
    const { present, slot, lanes } = this;
    for (let i = 0; i < lanes; i++) target[offset + i] = present[slot + i]!;
  }

  /** Writes lane i from within a process. */
  set(i: number, value: number): void {
    if (this.checked) this.check(value);
    const { engine } = this;
    const s = this.slot + i;
    if (engine.next[s] === value) return;
    engine.next[s] = value;
    engine.mark(this.slot);
  }

  /** Writes every lane from `source`, starting at `offset`, within a process. */
  writeFrom(source: ArrayLike<number>, offset = 0): void {
    const { next } = this.engine;
    const { slot, lanes } = this;
    let changed = false;
    for (let i = 0; i < lanes; i++) {
      const value = source[offset + i]!;
      if (this.checked) this.check(value);
      if (next[slot + i] !== value) {
        next[slot + i] = value;
        changed = true;
      }
    }
    if (changed) this.engine.mark(slot);
  }

  /** Writes the same value to every lane within a process. */
  fill(value: number): void {
    for (let i = 0; i < this.lanes; i++) this.set(i, value);
  }

  /** Writes from outside, between runs, and lets combinational logic settle. */
  poke(values: ArrayLike<number>): void {
    this.sim.poke(() => this.writeFrom(values), this);
  }

  /** A copy of the lanes. */
  get values(): Float64Array {
    return this.present.slice(this.slot, this.slot + this.lanes);
  }

  /** A copy of the lanes that observers see: within a bulk run of a channel, what these wires would show beat by beat. */
  get shown(): Float64Array {
    const values = this.values;
    this.runView?.show(this.runKey, values);
    return values;
  }

  /** Brings a copy of the lanes that observers see up to date; returns whether any differed. */
  update(copy: Float64Array): boolean {
    if (this.runView?.lasts === true) return refresh(copy, this.shown, 0);
    return refresh(copy, this.present, this.slot);
  }

  protected current(): Float64Array {
    return this.shown;
  }

  protected news(region: number): boolean {
    const values = this.shown;
    const last = region === GLUED ? this.toldGlue : this.told;
    if (last !== null && last.every((v, i) => v === values[i])) return false;
    if (region === GLUED) this.toldGlue = values;
    else this.told = values;
    return true;
  }

  private check(value: number): void {
    if (!(value >= this.min && value <= this.max && Number.isInteger(value))) {
      throw new WidthError(this.path, typeName(this.type.element), value, this.engine.now);
    }
  }
}

function refresh(copy: Float64Array, values: Float64Array, from: number): boolean {
  let differs = false;
  for (let i = 0; i < copy.length; i++) {
    const value = values[from + i]!;
    if (copy[i] === value) continue;
    copy[i] = value;
    differs = true;
  }
  return differs;
}

/** Any net, whatever it carries. */
export type AnyNet = Signal | VectorSignal;
