import type { Engine, ProcessFn, ProcessSelf } from './engine.js';
import { SimScheduler } from './scheduler.js';
import type { Simulator } from './simulator.js';
import { type Rational, Timebase } from './time.js';

/**
 * A clock domain. Cycle c ends at rising edge c, whose time is computed from c (see {@link Timebase}). Edge processes run
 * at each edge in the order in which they were declared; those that said that nothing moved sleep until a signal they
 * named changes. A clock none of whose processes is awake costs nothing: its cycle number follows from the time.
 */
export class Clock {
  readonly timebase: Timebase;
  /** Simulated time in cycles of this clock, for RxJS operators. */
  readonly scheduler: SimScheduler;
  /** Time of the next edge, ps; meaningful while a process is awake. */
  nextEdge = 0;
  private nextCycle = 0;
  awakeCount = 0;
  private readonly processes: number[] = [];
  private active: number[] = [];
  private stale = true;
  private alwaysOn = false;
  /** By process id: whether it may sleep. */
  private readonly sleepy: boolean[] = [];
  /** Read-only samplers (channel observers): run at edges that happen anyway, never keep the clock awake. */
  private readonly monitors: (() => void)[] = [];
  private readonly engine: Engine;

  constructor(
    private readonly sim: Simulator,
    readonly name: string,
    hz: number | Rational,
    phasePs = 0,
  ) {
    this.timebase = new Timebase(`clock ${name}`, hz, phasePs);
    this.engine = sim.engine;
    this.scheduler = new SimScheduler(
      sim,
      () => this.cycle - 1,
      (delay) => this.timebase.edge(Math.max(0, this.cycle - 1 + Math.ceil(delay))),
    );
  }

  /** The cycle that is running: the number of edges that have been. */
  get cycle(): number {
    return this.awakeCount > 0 ? this.nextCycle : this.timebase.firstEdgeFrom(this.sim.resumeFrom);
  }

  /** Declares an edge process; it starts awake. Returns its id. */
  addProcess(name: string, self: ProcessSelf, fn: ProcessFn, sleepy: boolean): number {
    const id = this.engine.addProcess(name, self, fn);
    this.processes.push(id);
    this.sleepy[id] = sleepy;
    if (this.awakeCount === 0) this.resume();
    this.awakeCount += 1;
    this.stale = true;
    return id;
  }

  addMonitor(sample: () => void): () => void {
    this.monitors.push(sample);
    return () => {
      const at = this.monitors.indexOf(sample);
      if (at >= 0) this.monitors.splice(at, 1);
    };
  }

  /** Keeps the clock's edges coming although no process is awake: registers in operator glue need each of them. */
  keepRunning(): void {
    if (this.alwaysOn) return;
    this.alwaysOn = true;
    this.addProcess(`${this.name}.glue`, this, () => true, false);
  }

  /** Wakes a sleeping process: it runs at the next edge. */
  wake(process: number): void {
    if (this.engine.asleep[process] === 0) return;
    this.engine.asleep[process] = 0;
    if (this.awakeCount === 0) this.resume();
    this.awakeCount += 1;
    this.stale = true;
  }

  private resume(): void {
    this.nextCycle = this.timebase.firstEdgeFrom(this.sim.resumeFrom);
    this.nextEdge = this.timebase.edge(this.nextCycle);
  }

  /** Runs every awake process: the evaluate phase of this edge. */
  evaluate(): void {
    const { engine } = this;
    if (this.stale) {
      this.active = this.processes.filter((p) => engine.asleep[p] === 0);
      this.stale = false;
    }
    for (let i = 0; i < this.monitors.length; i++) this.monitors[i]!();
    const { processFn, processSelf } = engine;
    const { active } = this;
    const n = active.length;
    for (let i = 0; i < n; i++) {
      const p = active[i]!;
      if (processFn[p]!.call(processSelf[p] as never) === false && this.sleepy[p]!) {
        engine.asleep[p] = 1;
        this.awakeCount -= 1;
        this.stale = true;
      }
    }
    engine.activations += n;
  }

  /** Moves to the next edge, after every clock of the instant was evaluated. */
  advance(): void {
    this.nextCycle += 1;
    this.nextEdge = this.timebase.edge(this.nextCycle);
  }

  /** For snapshots. */
  save(): { processes: number[] } {
    return { processes: this.processes.filter((p) => this.engine.asleep[p] === 0) };
  }

  restore(saved: { processes: number[] }): void {
    const awake = new Set(saved.processes);
    for (const p of this.processes) this.engine.asleep[p] = awake.has(p) ? 0 : 1;
    this.awakeCount = awake.size;
    this.stale = true;
    this.resume();
  }
}
