import type { Engine, ProcessFn, ProcessSelf } from './engine.js';
import { SimScheduler } from './scheduler.js';
import type { Simulator } from './simulator.js';
import { type Rational, Timebase } from './time.js';

/**
 * A clock domain. Cycle c ends at rising edge c, whose time is exact (see {@link Timebase}). Edge processes run
 * at each edge in the order in which they were declared; those that said that nothing moved sleep until a signal they
 * named changes. A clock none of whose processes is awake costs nothing: its cycle number follows from the time.
 */
export class Clock {
  readonly timebase: Timebase;
  /** Simulated time in cycles of this clock, for RxJS operators. */
  readonly scheduler: SimScheduler;
  /** Time of the next edge, ps; meaningful while {@link ticks}. */
  nextEdge = 0;
  /** Edge processes that are awake: while there are any, the model can advance. */
  awakeCount = 0;
  private nextCycle = 0;
  /** What nextCycle·period has beyond whole picoseconds, over the timebase's denominator. */
  private fraction = 0;
  /** The cycle whose edge is being evaluated; −1 outside the evaluate phase. */
  private evaluating = -1;
  /** Observers that need each edge; they keep edges coming, but not a run going. */
  private holders = 0;
  private readonly processes: number[] = [];
  /** Where a process stands in {@link processes}, by process id. */
  private readonly rank: number[] = [];
  /** One bit a process, in order: 1 while awake. */
  private awake = new Int32Array(1);
  /** The awake processes in order, valid while not stale. */
  private active = new Int32Array(32);
  private activeCount = 0;
  private stale = true;
  private alwaysOn = false;
  /** By process id: whether it may sleep. */
  private readonly sleepy: boolean[] = [];
  /** Read-only samplers: they run at edges, before processes, on the values from before the edge. Replaced, never changed. */
  private monitors: readonly (() => void)[] = [];
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
      // Within an edge process, the edge at hand has been.
      () => this.coming - 1,
      (delay) => this.timebase.edge(Math.max(0, this.coming - 1 + Math.ceil(delay))),
    );
  }

  /** The cycle that is running: the number of edges that have been. Within an edge process: the cycle that this edge ends. */
  get cycle(): number {
    if (this.evaluating >= 0) return this.evaluating;
    return this.ticks ? this.nextCycle : this.timebase.firstEdgeFrom(this.sim.cycleFrom);
  }

  /** The first cycle at whose edge a process that is woken now runs: the edges before it have been, or are at hand. */
  get coming(): number {
    return this.ticks ? this.nextCycle : this.timebase.firstEdgeFrom(this.sim.resumeFrom);
  }

  /** Whether its edges are visited: a process is awake, or an observer asked for each edge. */
  get ticks(): boolean {
    return this.awakeCount + this.holders > 0;
  }

  /** Declares an edge process; it starts awake. Returns its id. */
  addProcess(name: string, self: ProcessSelf, fn: ProcessFn, sleepy: boolean): number {
    const id = this.engine.addProcess(name, self, fn);
    this.rank[id] = this.processes.length;
    this.processes.push(id);
    this.sleepy[id] = sleepy;
    if (this.processes.length > this.active.length) {
      const awake = new Int32Array(this.awake.length * 2);
      awake.set(this.awake);
      this.awake = awake;
      this.active = new Int32Array(awake.length * 32);
      this.stale = true;
    }
    this.engine.asleep[id] = 1;
    this.wake(id);
    return id;
  }

  /** Samples at each edge that is visited; see {@link hold} to have all of them visited. Returns the remover. */
  addMonitor(sample: () => void): () => void {
    this.monitors = [...this.monitors, sample];
    return () => {
      this.monitors = this.monitors.filter((m) => m !== sample);
    };
  }

  /** Has every edge visited until released, without counting as work of the model. Returns the release. */
  hold(): () => void {
    if (!this.ticks) this.resume();
    this.holders += 1;
    let held = true;
    return () => {
      if (held) this.holders -= 1;
      held = false;
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
    const rank = this.rank[process]!;
    this.awake[rank >> 5]! |= 1 << (rank & 31);
    if (!this.ticks) this.resume();
    this.awakeCount += 1;
    this.stale = true;
  }

  private resume(): void {
    this.nextCycle = this.timebase.firstEdgeFrom(this.sim.resumeFrom);
    this.nextEdge = this.timebase.edge(this.nextCycle);
    this.fraction = this.timebase.remainder(this.nextCycle);
  }

  /**
   * Opens the edge at hand: fixes who runs at it, and steps to the next one. All clocks of an instant do this before any
   * evaluates, so that a process which is woken meanwhile waits for its next edge, whatever the order of the clocks.
   */
  open(): void {
    this.evaluating = this.nextCycle;
    const { timebase } = this;
    this.nextCycle += 1;
    this.nextEdge += timebase.whole;
    this.fraction += timebase.rest;
    if (this.fraction >= timebase.den) {
      this.fraction -= timebase.den;
      this.nextEdge += 1;
    }
    if (this.stale) this.collect();
  }

  private collect(): void {
    const { awake, active, processes } = this;
    const words = (processes.length + 31) >> 5;
    let n = 0;
    for (let w = 0; w < words; w++) {
      let rest = awake[w]!;
      while (rest !== 0) {
        const low = rest & -rest;
        active[n++] = processes[(w << 5) + (31 - Math.clz32(low))]!;
        rest ^= low;
      }
    }
    this.activeCount = n;
    this.stale = false;
  }

  /** Runs every process that was awake when the edge opened: the evaluate phase. */
  evaluate(): void {
    const { engine, monitors } = this;
    for (let i = 0; i < monitors.length; i++) monitors[i]!();
    const { processFn, processSelf } = engine;
    const { active } = this;
    const n = this.activeCount;
    for (let i = 0; i < n; i++) {
      const p = active[i]!;
      if (processFn[p]!.call(processSelf[p] as never) === false && this.sleepy[p]!) this.sleep(p);
    }
    engine.activations += n;
  }

  private sleep(process: number): void {
    this.engine.asleep[process] = 1;
    const rank = this.rank[process]!;
    this.awake[rank >> 5]! &= ~(1 << (rank & 31));
    this.awakeCount -= 1;
    this.stale = true;
  }

  /** Ends the evaluate phase, after every clock of the instant was evaluated. */
  close(): void {
    this.evaluating = -1;
  }

  /** For snapshots: the processes that are awake. */
  save(): { processes: number[] } {
    return { processes: this.processes.filter((p) => this.engine.asleep[p] === 0) };
  }

  restore(saved: { processes: readonly number[] }): void {
    this.awake.fill(0);
    for (const p of this.processes) this.engine.asleep[p] = 1;
    for (const p of saved.processes) {
      this.engine.asleep[p] = 0;
      const rank = this.rank[p]!;
      this.awake[rank >> 5]! |= 1 << (rank & 31);
    }
    this.awakeCount = saved.processes.length;
    this.stale = true;
    this.resume();
  }
}
