import type { Observable } from 'rxjs';
import { Clock } from './clock.js';
import type { Channel } from './channel.js';
import type { ChannelLink } from './channel-run.js';
import { Engine, GLUED, OBSERVED, TAPPED } from './engine.js';
import { GlueLoopError, PathError, type Wait, WiringError } from './errors.js';
import { EventQueue } from './event-queue.js';
import type { Module, ModuleFactory } from './module.js';
import { type AnyNet, Net, type NetHandle, Signal, type TapEntry } from './net.js';
import { Paths } from './paths.js';
import type { Probe } from './probe.js';
import { RunControl, type RunOptions, type RunResult } from './run-control.js';
import { SimScheduler, type TimedAction } from './scheduler.js';
import type { Rational } from './time.js';
import { Transactions } from './transactions.js';
import type { ValueType } from './value-type.js';

/** Passes of the glue region in one instant before a loop through operators is reported, at least; a chain of glue needs one a link. */
const GLUE_LIMIT = 100;
/** Observers' timers that may fire in one instant. */
const TIMER_LIMIT = 1_000_000;

export interface SimulatorOptions {
  /** Seed that parts may derive their own from. Default 1. */
  readonly seed?: number;
  /** Check every write against the signal's declared width (slower). Default false. */
  readonly checkWidths?: boolean;
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
  /** Ports driven by operators. */
  glueCount = 0;
  /** Present time, ps. */
  now = 0;
  started = false;

  private readonly paths: Paths;
  private readonly allModules: Module[] = [];
  private readonly nets: NetHandle[] = [];
  /** Wires of the simulation's own, by name. */
  private readonly wires = new Map<string, Signal>();
  /** From producers to consumers, once started. */
  private links: readonly ChannelLink[] = [];
  private readonly overrides = new Map<string, ModuleFactory>();
  private readonly usedOverrides = new Set<string>();
  private readonly combs: { id: number; sensitivity: readonly (AnyNet | Channel)[] }[] = [];
  private readonly edges: { id: number; wakeOn: readonly (AnyNet | Channel)[] }[] = [];
  /** Clock of each edge process, by process id. */
  private readonly clockOf: (Clock | undefined)[] = [];
  private readonly queue = new EventQueue<number | TimedAction>();
  /** Pending events that belong to the model (wakes, glue timers): while there are none and no clock runs, nothing can advance. */
  private modelEvents = 0;

  private region: 0 | 1 | 2 | 3 = 0;
  private glueDepth = 0;
  /** Counts settlings: what was told since the last one is not told again. */
  pass = 0;
  /** A clock that wakes now has its first edge at or after this time. */
  resumeFrom = 0;
  /** A clock that sleeps is in the cycle of its first edge at or after this time. */
  cycleFrom = 0;
  private readonly watchers: NetHandle[][] = [];
  /** Taps by slot. */
  private readonly taps: (readonly TapEntry[])[] = [];
  private activeProbes: readonly Probe[] = [];
  private glueTimers: TimedAction[] = [];
  private observerTimers: TimedAction[] = [];
  private edgeActions: (() => void)[] = [];
  /** What waits for the instant to settle: the first {@link settledCount} places. */
  private readonly settledActions: (() => void)[] = [];
  private settledCount = 0;
  private failure: Error | null = null;
  /** Clocks that have an edge in the present instant. */
  private readonly edged: Clock[] = [];
  private edgedCount = 0;
  private readonly control = new RunControl(this);

  constructor(options: SimulatorOptions = {}) {
    this.options = { seed: options.seed ?? 1, checkWidths: options.checkWidths ?? false };
    this.scheduler = new SimScheduler(
      this,
      () => this.now,
      (delay) => this.now + Math.ceil(delay),
    );
    this.transactions = new Transactions(this);
    this.paths = new Paths(this, this.modules, this.wires);
    this.engine.onWake = (process) => this.wake(process);
    this.engine.onGrow = () => {
      for (const net of this.nets) net.bind();
    };
  }

  // --- construction ---------------------------------------------------------------------------------------------

  /** Declares a clock domain: frequency in hertz (an integer or a ratio), time of its first edge in ps. */
  clock(name: string, hz: number | Rational, phasePs = 0): Clock {
    if (this.clocks.some((c) => c.name === name)) throw new WiringError(`clock ${name}`, 'is there already');
    const clock = new Clock(this, name, hz, phasePs);
    this.clocks.push(clock);
    return clock;
  }

  /**
   * Replaces the module at `path`, whatever builds it (RTL, a structural form); to be called before the tree is built. The
   * replacement has the same ports. The first run throws a PathError when nothing was built at that path.
   */
  override(path: string, build: ModuleFactory): void {
    if (this.paths.lookUp(path) !== undefined) throw new WiringError(path, 'overridden after it was built');
    this.overrides.set(path, build);
  }

  overrideFor(path: string): ModuleFactory | undefined {
    const build = this.overrides.get(path);
    if (build !== undefined) this.usedOverrides.add(path);
    return build;
  }

  /** Builds a top module through the overrides, as {@link Module.child} does below one. */
  child<M extends Module>(name: string, build: ModuleFactory<M>): M {
    return (this.overrideFor(name) ?? build)(this, name) as M;
  }

  /** A signal of the simulation's own, driven by an Observable: its subscribers see settled values only. */
  wire(name: string, type: ValueType): Signal {
    if (this.wires.has(name) || this.modules.has(name)) throw new WiringError(name, 'is there already');
    const wire = new Signal(this, null, name, type, 'wire');
    this.wires.set(name, wire);
    return wire;
  }

  registerModule(module: Module): void {
    if (this.started) throw new WiringError(module.path, 'built after the simulation started');
    this.allModules.push(module);
  }

  registerNet(net: NetHandle): void {
    if (this.started) throw new WiringError(net.path, 'declared after the simulation started');
    this.nets.push(net);
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
    for (const path of this.overrides.keys())
      if (!this.usedOverrides.has(path)) throw new PathError(path, this.paths.near(path));
    this.started = true;
    for (const net of this.nets) if (net.driver !== null) net.slot = net.root.slot;
    for (const net of this.nets) if (net.isObserved) this.watch(net, net.watchedIn);
    const channels = this.allModules.flatMap((m) => [...m.channels.values()]);
    this.links = channels.filter((c) => c.chain[0] === c).map((c) => c.links);
    const { engine } = this;
    for (const { id, sensitivity } of this.combs) {
      for (const slot of slotsOf(sensitivity)) engine.addSensitivity(slot, id);
      engine.trigger(id);
    }
    for (const { id, wakeOn } of this.edges) for (const slot of slotsOf(wakeOn)) engine.addWaker(slot, id);
    this.settleOutside(() => this.touchWatched());
  }

  /** Has every watched net looked at: after a start or a restored snapshot, values may be new without a change. */
  private touchWatched(): void {
    for (const net of this.nets) if (net.isObserved) this.engine.touch(net.slot);
  }

  /** Does something to the wires in a moment of its own, between instants, and lets everything settle. */
  private settleOutside(act: () => void): void {
    this.region = 1;
    try {
      act();
      this.settle();
      this.glueRegion(this.now);
      this.observerRegion();
    } finally {
      this.region = 0;
    }
  }

  private settle(): void {
    this.engine.settle();
    this.pass += 1;
  }

  // --- looking things up ----------------------------------------------------------------------------------------

  /** Every module, in the order of building. */
  get tree(): readonly Module[] {
    return this.allModules;
  }

  /** The module, signal, bus, channel or probe at a path. @throws PathError with the nearest names that exist */
  find(path: string): Module | AnyNet | Channel | Probe {
    return this.paths.find(path);
  }

  /** The same, or undefined when nothing is there. */
  lookUp(path: string): Module | AnyNet | Channel | Probe | undefined {
    return this.paths.lookUp(path);
  }

  /** The clocks of a module's own edge processes, each once. */
  clocksOf(module: Module): readonly Clock[] {
    const { processSelf } = this.engine;
    return [
      ...new Set(
        this.edges.filter(({ id }) => processSelf[id] === module).map(({ id }) => this.clockOf[id]!),
      ),
    ];
  }

  /** The scalar signal or probe at a path; `bus[3]` is a lane of a bus. @throws PathError when there is none or it is no scalar */
  value(path: string): Signal | Probe {
    return this.paths.value(path);
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

  watch(net: NetHandle, regions: number): void {
    if (!this.started) return;
    this.engine.raise(net.slot, regions);
    const list = (this.watchers[net.slot] ??= []);
    if (!list.includes(net)) list.push(net);
    if ((regions & TAPPED) !== 0) this.taps[net.slot] = list.flatMap((each) => each.taps);
  }

  unwatch(net: NetHandle): void {
    const list = this.watchers[net.slot];
    if (list === undefined) return;
    const at = list.indexOf(net);
    if (at >= 0 && !net.isObserved) list.splice(at, 1);
    let regions = 0;
    for (const other of list) regions |= other.watchedIn;
    this.engine.lower(net.slot, OBSERVED | GLUED | TAPPED);
    this.engine.raise(net.slot, regions);
    this.taps[net.slot] = list.flatMap((each) => each.taps);
  }

  /** Whether a process or port outside these modules reads one of these nets. */
  isTapped(nets: readonly AnyNet[], modules: readonly Module[]): boolean {
    const slots = new Set(nets.map((net) => net.slot));
    const own = new Set<NetHandle>(nets);
    const insiders = new Set<object>(modules);
    const reads = ({ id, nets: list }: { id: number; nets: readonly (AnyNet | Channel)[] }): boolean =>
      !insiders.has(this.engine.processSelf[id]!) && slotsOf(list).some((slot) => slots.has(slot));
    return (
      this.nets.some((net) => slots.has(net.slot) && !own.has(net)) ||
      this.combs.some(({ id, sensitivity }) => reads({ id, nets: sensitivity })) ||
      this.edges.some(({ id, wakeOn }) => reads({ id, nets: wakeOn }))
    );
  }

  addProbe(probe: Probe): void {
    this.activeProbes = [...this.activeProbes, probe];
  }

  removeProbe(probe: Probe): void {
    this.activeProbes = this.activeProbes.filter((p) => p !== probe);
  }

  /** Queues an RxJS timer at a time in ps. */
  schedule(time: number, action: TimedAction): void {
    if (action.glue) this.modelEvents += 1;
    this.queue.push(time, action);
  }

  /** Takes back a timer: it stays queued, but is no work to wait for. */
  unschedule(action: TimedAction): void {
    if (action.live && action.glue) this.modelEvents -= 1;
    action.live = false;
  }

  /**
   * Runs an edge process at the edge of `cycle`, though it sleeps; at the next edge when that has passed. For the process
   * itself, before it returns false.
   */
  wakeAt(process: number, cycle: number): void {
    const clock = this.clockOf[process]!;
    this.modelEvents += 1;
    this.queue.push(clock.timebase.edge(Math.max(cycle, clock.coming)), process);
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
    else this.settledActions[this.settledCount++] = tell;
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
    this.settleOutside(write);
  }

  // --- running --------------------------------------------------------------------------------------------------

  /**
   * Adds a breakpoint: it stops a run after the instant in which its condition becomes true (the first instant, when it
   * is true already), or in which the Observable emits. Returns its remover.
   */
  breakpoint(
    condition: string | (() => boolean) | Observable<unknown>,
    name = typeof condition === 'string' ? condition : 'breakpoint',
  ): () => void {
    return this.control.breakpoint(condition, name);
  }

  /** Asks a run to stop after the present instant. */
  stop(): void {
    this.control.stop();
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
    return this.control.run(options);
  }

  /** Runs in slices of `instants`, letting the host breathe between them; obeys the control word (1 waits, 2 ends). */
  runSliced(options: RunOptions & { readonly instants: number }): Promise<RunResult> {
    return this.control.runSliced(options);
  }

  /** Who waits for whom now: stalled channels, and what parts say of themselves. */
  waits(): Wait[] {
    const waits: Wait[] = [];
    for (const { ends } of this.links) {
      const { source, sink } = ends;
      if (source === sink || source.valid.value === 0 || source.ready.value !== 0) continue;
      const why = `${sink.path} is valid and not ready`;
      waits.push({ who: source.module.path, whom: sink.module.path, why });
    }
    for (const module of this.allModules) waits.push(...module.waits());
    return waits;
  }

  // --- used by the run loop -------------------------------------------------------------------------------------

  /**
   * Time of the next thing to happen; Infinity when the model cannot advance any more. Observers' timers and edges alone
   * keep a run going only when it is bounded in time.
   */
  nextTime(bounded: boolean): number {
    let time = this.queue.peekTime();
    let running = this.modelEvents > 0;
    const { clocks } = this;
    for (let i = 0; i < clocks.length; i++) {
      const clock = clocks[i]!;
      if (!clock.ticks) continue;
      if (clock.awakeCount > 0) running = true;
      if (clock.nextEdge < time) time = clock.nextEdge;
    }
    return running || bounded ? time : Infinity;
  }

  /** Lets time pass in which nothing happens, up to and including `time`. */
  passTo(time: number): void {
    this.now = this.engine.now = time;
    this.resumeFrom = this.cycleFrom = time + 1;
  }

  /** Runs the instant at `time`: everything that happens then, in the three regions. */
  instant(time: number): void {
    const { clocks, edged } = this;
    this.now = this.engine.now = time;
    // A second instant at one time (a timer that an observer set without delay) has no edges left.
    if (this.resumeFrom <= time) this.resumeFrom = this.cycleFrom = time;
    this.region = 1;
    try {
      this.takeDue(time);
      this.resumeFrom = time + 1;
      for (let i = 0; i < clocks.length; i++) {
        const clock = clocks[i]!;
        if (clock.nextEdge === time && clock.ticks) {
          clock.open();
          edged[this.edgedCount++] = clock;
        }
      }
      for (let i = 0; i < this.edgedCount; i++) edged[i]!.evaluate();
      this.closeEdges();
      this.settle();
      if (this.engine.touchedCount > 0 || this.glueTimers.length > 0 || this.edgeActions.length > 0)
        this.glueRegion(time);
      this.observerRegion();
    } finally {
      this.closeEdges();
      this.region = 0;
    }
  }

  private closeEdges(): void {
    for (let i = 0; i < this.edgedCount; i++) this.edged[i]!.close();
    this.edgedCount = 0;
    this.cycleFrom = this.resumeFrom;
  }

  /** Takes due events off the queue: wakes act at once, timers go to their regions. */
  private takeDue(time: number): void {
    while (this.queue.peekTime() <= time) {
      const event = this.queue.pop()!;
      if (typeof event === 'number') {
        this.modelEvents -= 1;
        this.wake(event);
      } else if (event.live) {
        if (event.glue) this.glueTimers.push(event);
        else this.observerTimers.push(event);
      }
    }
  }

  private glueRegion(time: number): void {
    const { engine } = this;
    for (let pass = 0; ; pass++) {
      this.region = 2;
      const timers = this.glueTimers;
      if (timers.length > 0) this.glueTimers = [];
      for (const timer of timers) this.fire(timer);
      const actions = this.edgeActions;
      if (actions.length > 0) this.edgeActions = [];
      for (const emit of actions) emit();
      for (let i = 0; i < engine.touchedCount; i++) {
        const slot = engine.touched[i]!;
        if ((engine.flags[slot]! & GLUED) !== 0) this.tell(slot, GLUED);
      }
      this.throwIfFailed();
      this.takeDue(time);
      if (engine.dirtyCount === 0 && this.glueTimers.length === 0 && this.edgeActions.length === 0) return;
      if (pass >= GLUE_LIMIT && pass > this.glueCount + 1) {
        const ports = [...new Set(engine.dirty.subarray(0, engine.dirtyCount))].map(
          (slot) => engine.names[slot]!,
        );
        throw new GlueLoopError(ports, pass, time);
      }
      this.region = 1;
      this.settle();
    }
  }

  private fire(timer: TimedAction): void {
    if (!timer.live) return;
    this.unschedule(timer);
    timer.fire();
  }

  private observerRegion(): void {
    const { engine } = this;
    this.region = 3;
    if (this.observerTimers.length > 0) this.fireObserverTimers();
    if (engine.touchedCount > 0) {
      this.tellObservers();
      engine.clearTouched();
    }
    if (this.activeProbes.length > 0) for (const probe of this.activeProbes) probe.deliver();
    for (let i = 0; i < this.settledCount; i++) this.settledActions[i]!();
    this.settledCount = 0;
    this.region = 0;
    const written = engine.discard();
    if (written !== null) throw new WiringError(written, 'written by an observer; observers are read-only');
    this.throwIfFailed();
  }

  private tellObservers(): void {
    const { engine, taps } = this;
    for (let i = 0; i < engine.touchedCount; i++) {
      const slot = engine.touched[i]!;
      const flags = engine.flags[slot]!;
      if ((flags & TAPPED) !== 0) {
        const list = taps[slot]!;
        for (let j = 0; j < list.length; j++) list[j]!.tap.changed(list[j]!.index);
      }
      if ((flags & OBSERVED) !== 0) this.tell(slot, OBSERVED);
    }
  }

  private fireObserverTimers(): void {
    for (let i = 0; i < this.observerTimers.length; i++) {
      this.fire(this.observerTimers[i]!);
      if (i === this.observerTimers.length - 1) this.takeDue(this.now);
      if (i > TIMER_LIMIT) throw new GlueLoopError([], i, this.now);
    }
    this.observerTimers.length = 0;
  }

  private tell(slot: number, region: number): void {
    const list = this.watchers[slot];
    if (list === undefined) return;
    // Whom one of them tells may end or begin to look.
    if (list.length === 1) list[0]!.deliver(region);
    else for (const net of [...list]) net.deliver(region);
  }

  /** Throws what {@link fail} was given, once. */
  throwIfFailed(): void {
    const { failure } = this;
    if (failure === null) return;
    this.failure = null;
    throw failure;
  }

  // --- for snapshots --------------------------------------------------------------------------------------------

  /** Why no snapshot can be taken within an instant. */
  get isSettled(): boolean {
    return this.region === 0;
  }

  /** The wires of every channel, as far as bulk runs go. */
  get channelLinks(): readonly ChannelLink[] {
    return this.links;
  }

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

  /** Puts a saved moment back; see snapshot.ts. Observers' timers stay: those that time has passed fire in the next instant. */
  restoreMoment(now: number, resumeFrom: number, wakes: readonly { time: number; process: number }[]): void {
    const observers: { time: number; payload: TimedAction }[] = [];
    for (const { time, payload } of this.queue.entries()) {
      if (typeof payload === 'number') continue;
      // A glue timer of the moment that is left must not count as work when its operator takes it back.
      if (payload.glue) payload.live = false;
      else observers.push({ time, payload });
    }
    this.queue.clear(now);
    this.modelEvents = wakes.length;
    this.now = this.engine.now = now;
    this.resumeFrom = this.cycleFrom = resumeFrom;
    for (const { time, process } of wakes) this.queue.push(time, process);
    for (const { time, payload } of observers) this.queue.push(Math.max(time, now), payload);
  }

  /** After a restored snapshot: lets stateless glue and observers see the values. */
  retell(): void {
    this.settleOutside(() => this.touchWatched());
  }
}

/** The slots of nets and channels, each once. */
function slotsOf(list: readonly (AnyNet | Channel)[]): number[] {
  return [
    ...new Set(list.flatMap((item) => (item instanceof Net ? [item.slot] : item.nets.map((n) => n.slot)))),
  ];
}
