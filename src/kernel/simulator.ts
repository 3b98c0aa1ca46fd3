import { Observable, type Subscription } from 'rxjs';
import { Clock } from './clock.js';
import type { Channel } from './channel.js';
import { Engine, GLUED, OBSERVED } from './engine.js';
import { DeadlockError, GlueLoopError, PathError, type Wait, WatchdogError, WiringError } from './errors.js';
import { EventQueue } from './event-queue.js';
import { compileExpression } from './expression.js';
import type { Module, ModuleFactory } from './module.js';
import { type AnyNet, Net, type NetHandle, Signal } from './net.js';
import { Probe } from './probe.js';
import { SimScheduler, type TimedAction } from './scheduler.js';
import type { Rational } from './time.js';
import { Transactions } from './transactions.js';
import type { ValueType } from './value-type.js';

/** Passes of the glue region in one instant before a loop through operators is reported. */
const GLUE_LIMIT = 100;
/** Words of the shared control array that the run loop polls. */
export const CONTROL = { go: 0, pause: 1, stop: 2 } as const;

export interface SimulatorOptions {
  /** Seed that parts may derive their own from. Default 1. */
  readonly seed?: number;
  /** Check every write against the signal's declared width (slower). Default false. */
  readonly checkWidths?: boolean;
}

export interface RunOptions {
  /** Run this many cycles of `clock` from now. */
  readonly cycles?: number;
  /** Clock that `cycles` and `maxCycles` count; default: the first one declared. */
  readonly clock?: Clock;
  /** Run until this time, ps (inclusive). */
  readonly time?: number;
  /** Stop after the instant in which this holds: a predicate, or an expression of paths such as `top.state == 5 && fifo.count > 3`. */
  readonly until?: string | (() => boolean);
  /** Watchdog: an error when `until` does not hold after this many cycles. */
  readonly maxCycles?: number;
  /** Stop after this many instants (a slice). */
  readonly instants?: number;
  /** One shared word, polled after each instant: 0 go, 1 pause, 2 stop. */
  readonly control?: Int32Array;
}

export interface RunResult {
  readonly reason: 'cycles' | 'time' | 'until' | 'breakpoint' | 'paused' | 'stopped' | 'slice' | 'idle';
  /** Simulated time, ps. */
  readonly time: number;
  /** Names of the breakpoints that were hit. */
  readonly breakpoints: readonly string[];
}

interface Breakpoint {
  readonly name: string;
  readonly test: () => boolean;
  held: boolean;
}

/**
 * The simulation: modules, clocks, the event queue and the run loop. An instant is one moment of simulated time, in
 * three regions (docs/timing-model.md): edge processes and their deltas; operator glue on settled values; observers.
 * Everything is ordered by (time, region, delta, process id), so equal programs give equal runs.
 */
export class Simulator {
  readonly engine = new Engine();
  readonly options: Required<SimulatorOptions>;
  /** Top modules by name. */
  readonly modules = new Map<string, Module>();
  readonly clocks: Clock[] = [];
  /** Simulated time in picoseconds, for RxJS operators. */
  readonly scheduler: SimScheduler;
  readonly transactions: Transactions;
  /** Ports driven by operators that may keep state: a snapshot refuses with these names. */
  readonly statefulGlue: string[] = [];
  /** Present time, ps. */
  now = 0;
  started = false;

  private readonly allModules: Module[] = [];
  private readonly nets: NetHandle[] = [];
  private readonly links: { source: Channel; sink: Channel }[] = [];
  private readonly overrides = new Map<string, ModuleFactory>();
  private readonly combs: { id: number; sensitivity: readonly (AnyNet | Channel)[] }[] = [];
  private readonly edges: { id: number; wakeOn: readonly (AnyNet | Channel)[] }[] = [];
  /** Clock of each edge process, by process id. */
  private readonly clockOf: (Clock | undefined)[] = [];
  private readonly queue = new EventQueue<number | TimedAction>();
  /** Pending events that belong to the model (wakes, glue timers): while there are none and no clock runs, nothing can advance. */
  private modelEvents = 0;

  private region: 0 | 1 | 2 | 3 = 0;
  private glueDepth = 0;
  /** A clock that wakes now has its first edge at or after this time. */
  resumeFrom = 0;
  private readonly watchers: NetHandle[][] = [];
  private readonly activeProbes: Probe[] = [];
  private glueTimers: TimedAction[] = [];
  private observerTimers: TimedAction[] = [];
  private edgeActions: (() => void)[] = [];
  private settledActions: (() => void)[] = [];
  private failure: Error | null = null;
  /** Clocks that have an edge in the present instant. */
  private readonly edged: Clock[] = [];
  private readonly breakpoints: Breakpoint[] = [];
  private readonly hits: string[] = [];
  private stopRequested = false;

  constructor(options: SimulatorOptions = {}) {
    this.options = { seed: options.seed ?? 1, checkWidths: options.checkWidths ?? false };
    this.scheduler = new SimScheduler(
      this,
      () => this.now,
      (delay) => this.now + Math.ceil(delay),
    );
    this.transactions = new Transactions(this);
    this.engine.onWake = (process) => this.wake(process);
  }

  // --- construction ---------------------------------------------------------------------------------------------

  /** Declares a clock domain: frequency in hertz (an integer or a ratio), time of its first edge in ps. */
  clock(name: string, hz: number | Rational, phasePs = 0): Clock {
    if (this.clocks.some((c) => c.name === name)) throw new WiringError(`clock ${name}`, 'is there already');
    const clock = new Clock(this, name, hz, phasePs);
    this.clocks.push(clock);
    return clock;
  }

  /** Replaces the module at `path`, whatever builds it; to be called before the tree is built. */
  override(path: string, build: ModuleFactory): void {
    this.overrides.set(path, build);
  }

  overrideFor(path: string): ModuleFactory | undefined {
    return this.overrides.get(path);
  }

  /** A signal of the simulation's own, driven by an Observable: its subscribers see settled values only. */
  wire(name: string, type: ValueType): Signal {
    return new Signal(this, null, name, type, 'wire');
  }

  registerModule(module: Module): void {
    if (this.started) throw new WiringError(module.path, 'built after the simulation started');
    this.allModules.push(module);
  }

  registerNet(net: NetHandle): void {
    if (this.started) throw new WiringError(net.path, 'declared after the simulation started');
    this.nets.push(net);
  }

  registerLink(source: Channel, sink: Channel): void {
    this.links.push({ source, sink });
  }

  registerComb(id: number, sensitivity: readonly (AnyNet | Channel)[]): void {
    this.combs.push({ id, sensitivity });
  }

  registerEdge(id: number, clock: Clock, wakeOn: readonly (AnyNet | Channel)[]): void {
    this.edges.push({ id, wakeOn });
    this.clockOf[id] = clock;
  }

  /** Resolves wires, builds sensitivity lists and lets combinational logic settle. Called by the first run. */
  start(): void {
    if (this.started) return;
    this.started = true;
    for (const net of this.nets) if (net.driver !== null) net.slot = net.root.slot;
    for (const net of this.nets) if (net.isObserved) this.rewatch(net);
    const { engine } = this;
    const slotsOf = (list: readonly (AnyNet | Channel)[]): number[] => [
      ...new Set(list.flatMap((item) => (item instanceof Net ? [item.slot] : item.nets.map((n) => n.slot)))),
    ];
    for (const { id, sensitivity } of this.combs) {
      for (const slot of slotsOf(sensitivity)) engine.addSensitivity(slot, id);
      engine.trigger(id);
    }
    for (const { id, wakeOn } of this.edges) for (const slot of slotsOf(wakeOn)) engine.addWaker(slot, id);
    this.region = 1;
    engine.settle();
    this.glueRegion(0);
    this.observerRegion();
  }

  // --- looking things up ----------------------------------------------------------------------------------------

  /** Every module, in the order of building. */
  get tree(): readonly Module[] {
    return this.allModules;
  }

  /** The module, signal, bus, channel or probe at a path. @throws PathError */
  find(path: string): Module | AnyNet | Channel | Probe {
    let siblings: ReadonlyMap<string, Module> = this.modules;
    let module: Module | null = null;
    let rest = path;
    for (;;) {
      const dot = rest.indexOf('.');
      const head = dot < 0 ? rest : rest.slice(0, dot);
      const next = siblings.get(head);
      if (next === undefined) break;
      module = next;
      siblings = next.children;
      if (dot < 0) return module;
      rest = rest.slice(dot + 1);
    }
    const found =
      module?.nets.get(rest) ??
      module?.channels.get(rest) ??
      module?.probes.get(rest) ??
      module?.probeFor(rest);
    if (found !== undefined) return found;
    const known =
      module === null
        ? [...this.modules.keys()]
        : [...module.children.keys(), ...module.nets.keys(), ...module.probes.keys()];
    throw new PathError(path, known);
  }

  /** The scalar signal or probe at a path. @throws PathError when there is none or it is no scalar. */
  value(path: string): Signal | Probe {
    const found = this.find(path);
    if (found instanceof Signal || found instanceof Probe) return found;
    throw new PathError(path, []);
  }

  // --- observers and glue (used by nets, probes, channels and schedulers) -----------------------------------------

  /** True while what subscribes is glue: within connect(), or in the glue region. */
  get subscribingGlue(): boolean {
    return this.glueDepth > 0 || this.region === 2;
  }

  /** True while an Observable may drive a port. */
  get acceptsGlue(): boolean {
    return this.glueDepth > 0 || this.region === 1 || this.region === 2;
  }

  asGlue<T>(subscribe: () => T): T {
    this.glueDepth += 1;
    try {
      return subscribe();
    } finally {
      this.glueDepth -= 1;
    }
  }

  watch(net: NetHandle, region: number): void {
    if (!this.started) return;
    this.engine.flags[net.slot]! |= region;
    const list = (this.watchers[net.slot] ??= []);
    if (!list.includes(net)) list.push(net);
  }

  unwatch(net: NetHandle, _region: number): void {
    const list = this.watchers[net.slot];
    if (list === undefined || net.isObserved) return;
    list.splice(list.indexOf(net), 1);
    if (list.length === 0) this.engine.flags[net.slot]! &= ~(OBSERVED | GLUED);
  }

  private rewatch(net: NetHandle): void {
    this.watch(net, OBSERVED);
    this.watch(net, GLUED);
  }

  addProbe(probe: Probe): void {
    this.activeProbes.push(probe);
  }

  removeProbe(probe: Probe): void {
    this.activeProbes.splice(this.activeProbes.indexOf(probe), 1);
  }

  /** Queues an RxJS timer at a time in ps. */
  schedule(time: number, action: TimedAction): void {
    if (action.glue) this.modelEvents += 1;
    this.queue.push(time, action);
  }

  /** Runs an edge process at the edge of `cycle`, though it sleeps. For the process itself, before it returns false. */
  wakeAt(process: number, cycle: number): void {
    const clock = this.clockOf[process]!;
    this.modelEvents += 1;
    this.queue.push(clock.timebase.edge(cycle), process);
  }

  /** Wakes a sleeping edge process: it runs at the next edge. */
  wake(process: number): void {
    this.clockOf[process]?.wake(process);
  }

  /** Runs `emit` in the glue region of this instant. */
  afterEdges(emit: () => void): void {
    this.edgeActions.push(emit);
  }

  /** Tells an observer once this instant has settled; at once when it has. */
  afterSettled(tell: () => void): void {
    if (this.region === 0) tell();
    else this.settledActions.push(tell);
  }

  /** Ends the run with an error after the present region; outside a run, the next one. */
  fail(error: Error): void {
    this.failure ??= error;
  }

  /** A write from outside. @throws WiringError within an observer. */
  poke(write: () => void, net: NetHandle): void {
    if (this.region !== 0)
      throw new WiringError(net.path, 'poked from within an instant; observers are read-only');
    if (net.driver !== null)
      throw new WiringError(net.path, `poked though it is driven by ${net.driver.path}`);
    if (!this.started) {
      write();
      return;
    }
    this.region = 1;
    try {
      write();
      this.engine.settle();
      this.glueRegion(this.now);
      this.observerRegion();
    } finally {
      this.region = 0;
    }
  }

  // --- running --------------------------------------------------------------------------------------------------

  /** Adds a breakpoint: it stops a run after the instant in which its condition becomes true. Returns its remover. */
  breakpoint(
    condition: string | (() => boolean) | Observable<unknown>,
    name = typeof condition === 'string' ? condition : 'breakpoint',
  ): () => void {
    if (condition instanceof Observable) {
      let first = true;
      const subscription: Subscription = condition.subscribe(() => {
        if (!first) this.hits.push(name);
      });
      first = false;
      return () => subscription.unsubscribe();
    }
    const point = { name, test: this.predicate(condition), held: false };
    this.breakpoints.push(point);
    return () => {
      const at = this.breakpoints.indexOf(point);
      if (at >= 0) this.breakpoints.splice(at, 1);
    };
  }

  /** Asks a run to stop after the present instant. */
  stop(): void {
    this.stopRequested = true;
  }

  /** Runs one cycle of a clock (the first one by default). */
  step(clock?: Clock, cycles = 1): RunResult {
    return this.run(clock === undefined ? { cycles } : { cycles, clock });
  }

  /**
   * Runs until the first of the given ends. With none, until nothing can happen any more.
   * @throws DeadlockError when nothing can advance though work is pending; WatchdogError past `maxCycles`.
   */
  run(options: RunOptions = {}): RunResult {
    if (this.failure !== null) this.throwFailure();
    this.start();
    const clock = options.clock ?? this.clocks[0];
    const start = clock?.cycle ?? 0;
    const { cycles } = options;
    let limit = options.time ?? Infinity;
    if (cycles !== undefined) {
      if (clock === undefined) throw new WiringError('run', 'counts cycles, but there is no clock');
      if (cycles === 0) return this.result('cycles');
      limit = Math.min(limit, clock.timebase.edge(start + cycles - 1));
    }
    const until = options.until === undefined ? null : this.predicate(options.until);
    if (until?.() === true) return this.result('until');
    this.hits.length = 0;
    this.stopRequested = false;
    const { control } = options;
    const watchdog =
      options.maxCycles === undefined || clock === undefined
        ? Infinity
        : clock.timebase.edge(start + options.maxCycles);
    for (let instants = 0; ; instants++) {
      if (control !== undefined) {
        const word = Atomics.load(control, 0);
        if (word !== CONTROL.go) return this.result(word === CONTROL.pause ? 'paused' : 'stopped');
      }
      if (instants === options.instants) return this.result('slice');
      const time = this.nextTime(limit < Infinity);
      if (time > limit) {
        this.now = this.engine.now = limit;
        this.resumeFrom = limit + 1;
        return this.result(cycles !== undefined && limit !== options.time ? 'cycles' : 'time');
      }
      if (time === Infinity) return this.idle(until !== null);
      if (time > watchdog) throw new WatchdogError(clock!.name, options.maxCycles!, this.waits());
      this.instant(time);
      if (until?.() === true) return this.result('until');
      for (const point of this.breakpoints) {
        const holds = point.test();
        if (holds && !point.held) this.hits.push(point.name);
        point.held = holds;
      }
      if (this.hits.length > 0) return this.result('breakpoint');
      if (this.stopRequested) return this.result('stopped');
    }
  }

  /** Runs in slices of `instants`, letting the host breathe between them; obeys the control word (1 waits, 2 ends). */
  async runSliced(options: RunOptions & { readonly instants: number }): Promise<RunResult> {
    const clock = options.clock ?? this.clocks[0];
    const end = options.cycles !== undefined && clock !== undefined ? clock.cycle + options.cycles : null;
    for (;;) {
      const cycles = end === null ? {} : { cycles: Math.max(0, end - clock!.cycle) };
      const result = this.run({ ...options, ...cycles });
      if (result.reason !== 'slice' && result.reason !== 'paused') return result;
      await new Promise((resolve) => setTimeout(resolve, result.reason === 'paused' ? 5 : 0));
    }
  }

  /** Who waits for whom now: stalled channels, and what parts say of themselves. */
  waits(): Wait[] {
    const waits: Wait[] = [];
    for (const { source, sink } of this.links) {
      if (source.valid.value !== 0 && source.ready.value === 0) {
        waits.push({
          who: source.module.path,
          whom: sink.module.path,
          why: `${sink.path} is valid and not ready`,
        });
      }
    }
    for (const module of this.allModules) waits.push(...module.waits());
    return waits;
  }

  private idle(pending: boolean): RunResult {
    const waits = this.waits();
    if (waits.length > 0) throw new DeadlockError(waits, this.now);
    if (pending) {
      throw new DeadlockError(
        [
          {
            who: 'run',
            whom: 'every part',
            why: 'the condition does not hold, all parts sleep, and no event is queued',
          },
        ],
        this.now,
      );
    }
    return this.result('idle');
  }

  private result(reason: RunResult['reason']): RunResult {
    return { reason, time: this.now, breakpoints: [...this.hits] };
  }

  private predicate(condition: string | (() => boolean)): () => boolean {
    if (typeof condition === 'function') return condition;
    const compiled = compileExpression(condition, (path) => {
      const found = this.value(path);
      return () => found.value;
    });
    return () => compiled() !== 0;
  }

  /**
   * Time of the next thing to happen; Infinity when the model cannot advance any more. Observers' timers alone keep a
   * run going only when it is bounded in time.
   */
  private nextTime(bounded: boolean): number {
    let time = this.queue.peekTime();
    let running = this.modelEvents > 0;
    for (const clock of this.clocks) {
      if (clock.awakeCount > 0) {
        running = true;
        if (clock.nextEdge < time) time = clock.nextEdge;
      }
    }
    return running || bounded ? time : Infinity;
  }

  private instant(time: number): void {
    const { engine, clocks } = this;
    this.now = engine.now = time;
    this.resumeFrom = time;
    this.region = 1;
    try {
      this.takeDue(time);
      for (let i = 0; i < clocks.length; i++) {
        const clock = clocks[i]!;
        if (clock.awakeCount > 0 && clock.nextEdge === time) {
          clock.evaluate();
          this.edged.push(clock);
        }
      }
      this.resumeFrom = time + 1;
      for (let i = 0; i < this.edged.length; i++) this.edged[i]!.advance();
      this.edged.length = 0;
      engine.settle();
      if (engine.touched.length > 0 || this.glueTimers.length > 0 || this.edgeActions.length > 0)
        this.glueRegion(time);
      this.observerRegion();
    } finally {
      this.region = 0;
    }
  }

  /** Takes due events off the queue: wakes act at once, timers go to their regions. */
  private takeDue(time: number): void {
    while (this.queue.peekTime() <= time) {
      const event = this.queue.pop()!;
      if (typeof event === 'number') {
        this.modelEvents -= 1;
        this.wake(event);
      } else if (event.glue) {
        this.modelEvents -= 1;
        this.glueTimers.push(event);
      } else {
        this.observerTimers.push(event);
      }
    }
  }

  private glueRegion(time: number): void {
    const { engine } = this;
    for (let pass = 0; ; pass++) {
      this.region = 2;
      const timers = this.glueTimers;
      if (timers.length > 0) this.glueTimers = [];
      for (const timer of timers) if (timer.live) timer.fire();
      const actions = this.edgeActions;
      if (actions.length > 0) this.edgeActions = [];
      for (const emit of actions) emit();
      for (let i = 0; i < engine.touched.length; i++) this.tell(engine.touched[i]!, GLUED);
      if (this.failure !== null) this.throwFailure();
      this.takeDue(time);
      if (engine.dirtyCount === 0 && this.glueTimers.length === 0 && this.edgeActions.length === 0) return;
      if (pass >= GLUE_LIMIT) {
        const ports = [...engine.dirty.subarray(0, engine.dirtyCount)].map((slot) => engine.names[slot]!);
        throw new GlueLoopError(ports, pass, time);
      }
      this.region = 1;
      engine.settle();
    }
  }

  private observerRegion(): void {
    const { engine } = this;
    this.region = 3;
    for (let i = 0; i < this.observerTimers.length; i++) {
      const timer = this.observerTimers[i]!;
      if (timer.live) timer.fire();
      if (i === this.observerTimers.length - 1) this.takeDue(this.now);
    }
    this.observerTimers.length = 0;
    if (engine.touched.length > 0) {
      for (let i = 0; i < engine.touched.length; i++) this.tell(engine.touched[i]!, OBSERVED);
      engine.clearTouched();
    }
    if (this.activeProbes.length > 0) for (const probe of [...this.activeProbes]) probe.deliver();
    for (let i = 0; i < this.settledActions.length; i++) this.settledActions[i]!();
    this.settledActions.length = 0;
    this.region = 0;
    if (engine.dirtyCount > 0)
      throw new WiringError(
        engine.names[engine.dirty[0]!]!,
        'written by an observer; observers are read-only',
      );
    if (this.failure !== null) this.throwFailure();
  }

  private tell(slot: number, region: number): void {
    const list = this.watchers[slot];
    if (list === undefined) return;
    for (const net of [...list]) net.deliver(region);
  }

  private throwFailure(): never {
    const { failure } = this;
    this.failure = null;
    throw failure!;
  }

  // --- for snapshots --------------------------------------------------------------------------------------------

  /** The events that a snapshot must keep: processes to wake. Glue timers make it refuse. */
  pendingWakes(): { wakes: { time: number; process: number }[]; timers: number } {
    const wakes: { time: number; process: number }[] = [];
    let timers = 0;
    for (const { time, payload } of this.queue.entries()) {
      if (typeof payload === 'number') wakes.push({ time, process: payload });
      else if (payload.glue && payload.live) timers += 1;
    }
    return { wakes, timers };
  }

  /** Puts a saved moment back; see snapshot.ts. */
  restoreMoment(now: number, resumeFrom: number, wakes: readonly { time: number; process: number }[]): void {
    this.queue.clear(now);
    this.modelEvents = 0;
    this.now = this.engine.now = now;
    this.resumeFrom = resumeFrom;
    for (const { time, process } of wakes) {
      this.modelEvents += 1;
      this.queue.push(time, process);
    }
  }
}
