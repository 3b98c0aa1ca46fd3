import { CombinationalLoopError, type LoopStep } from './errors.js';

/** What a process is called with as `this`. */
export type ProcessSelf = object;
/** A process: runs once when woken. An edge process may return false to say that nothing moved. */
export type ProcessFn = (this: never) => boolean | void;

const DIRTY = 1;
/** A read-only observer wants the settled value. */
export const OBSERVED = 2;
/** Operator glue wants the settled value. */
export const GLUED = 4;
const TOUCHED = 8;
const WAKES = 16;
const VECTOR = 32;
/** A tap wants to know. */
export const TAPPED = 64;
const LOOKED_AT = OBSERVED | GLUED | TAPPED;
const UNUSUAL = LOOKED_AT | WAKES | VECTOR;

/** What the update of a signal has to do, where that is no process to queue: see {@link Engine.followUp}. */
const NOTHING = -1;
const LOOK = -2;

/** Deltas in one instant before a combinational loop is suspected, at least; logic without a loop may need one a process. */
const DELTA_LIMIT = 1000;

/**
 * The evaluate/update core: every signal's present and next value in two flat arrays, the processes that each change
 * wakes, and the delta loop. It knows nothing of time, modules or RxJS. A write goes to `next`; `update` makes it
 * present and queues the combinational processes that are sensitive to it; `settle` repeats until nothing changes.
 * See docs/timing-model.md.
 */
export class Engine {
  /** Values that processes read. A signal of n lanes has n consecutive slots. */
  present: Float64Array<ArrayBuffer> = new Float64Array(256);
  /** Values that processes have written and that the next update makes present. Equal to `present` when not dirty. */
  next: Float64Array<ArrayBuffer> = new Float64Array(256);
  flags = new Uint8Array(256);
  private lanes = new Int32Array(256);
  slots = 0;
  /** Signal names by first slot, for reports. */
  readonly names: string[] = [];

  /**
   * By first slot, what a change entails: the one process that it wakes (0 or more), NOTHING, or LOOK at the flags and lists.
   * Most signals wake one process or none, and their update is the hottest code there is.
   */
  private followUp = new Int32Array(256).fill(NOTHING);
  private readonly sensitive: number[][] = [];
  private readonly wakers: number[][] = [];

  /** Slots that were written, in order; a scalar that was written twice stands here twice. */
  dirty = new Int32Array(256);
  dirtyCount = 0;

  readonly processFn: ProcessFn[] = [];
  readonly processSelf: ProcessSelf[] = [];
  readonly processName: string[] = [];
  /** By process: the delta for which it was last queued. */
  private queuedFor = new Int32Array(64);
  private delta = 1;
  /** 1 while an edge process sleeps. */
  asleep = new Uint8Array(64);
  private queue = new Int32Array(64);
  private spare = new Int32Array(64);
  private queueCount = 0;

  /** Slots with an observer or glue that changed in this instant. */
  touched = new Int32Array(64);
  touchedCount = 0;
  /** Process activations since the start: edge and combinational. */
  activations = 0;
  /** Called when a signal change wakes a sleeping edge process. */
  onWake: (process: number) => void = () => {};
  /** Called when the value arrays were replaced by larger ones: who keeps a reference takes the new ones. */
  onGrow: () => void = () => {};
  /** Simulated time for error messages. */
  now = 0;

  /** Reserves `lanes` slots; returns the first. */
  addSignal(name: string, lanes: number, initial: number): number {
    const slot = this.slots;
    this.slots += lanes;
    if (this.slots > this.present.length) this.growSignals();
    this.present.fill(initial, slot, this.slots);
    this.next.fill(initial, slot, this.slots);
    this.lanes[slot] = lanes;
    if (lanes > 1) this.raise(slot, VECTOR);
    this.names[slot] = name;
    return slot;
  }

  /** Registers a process; returns its id. Ids order processes within a phase. */
  addProcess(name: string, self: ProcessSelf, fn: ProcessFn): number {
    const id = this.processFn.length;
    this.processFn.push(fn);
    this.processSelf.push(self);
    this.processName.push(name);
    if (id >= this.queuedFor.length) {
      const size = this.queuedFor.length * 2;
      this.queuedFor = grown(this.queuedFor, new Int32Array(size));
      this.asleep = grown(this.asleep, new Uint8Array(size));
      this.queue = grown(this.queue, new Int32Array(size));
      this.spare = grown(this.spare, new Int32Array(size));
    }
    return id;
  }

  /** Process `id` runs in the next delta after a change of the signal at `slot`. */
  addSensitivity(slot: number, id: number): void {
    (this.sensitive[slot] ??= []).push(id);
    this.plan(slot);
  }

  /** A change of the signal at `slot` wakes the sleeping edge process `id`. */
  addWaker(slot: number, id: number): void {
    (this.wakers[slot] ??= []).push(id);
    this.raise(slot, WAKES);
  }

  /** Sets flags of a signal, such as {@link OBSERVED}. */
  raise(slot: number, flags: number): void {
    this.flags[slot]! |= flags;
    this.plan(slot);
  }

  /** Clears flags of a signal. */
  lower(slot: number, flags: number): void {
    this.flags[slot]! &= ~flags;
    this.plan(slot);
  }

  private plan(slot: number): void {
    const list = this.sensitive[slot];
    if ((this.flags[slot]! & UNUSUAL) !== 0 || (list !== undefined && list.length > 1))
      this.followUp[slot] = LOOK;
    else this.followUp[slot] = list === undefined ? NOTHING : list[0]!;
  }

  /** Queues a combinational process for the next delta. */
  trigger(id: number): void {
    if (this.queuedFor[id] === this.delta) return;
    this.queuedFor[id] = this.delta;
    this.queue[this.queueCount++] = id;
  }

  /** Writes a scalar; visible after the next update. The last write of a phase wins. */
  write(slot: number, value: number): void {
    const { next } = this;
    if (next[slot] === value) return;
    next[slot] = value;
    const n = this.dirtyCount;
    if (n >= this.dirty.length) this.growDirty();
    this.dirty[n] = slot;
    this.dirtyCount = n + 1;
  }

  /** Marks a bus whose lanes were written in `next` directly. */
  mark(slot: number): void {
    const f = this.flags[slot]!;
    if ((f & DIRTY) !== 0) return;
    // A bus of one lane is updated as a scalar is.
    if ((f & VECTOR) !== 0) this.flags[slot] = f | DIRTY;
    const n = this.dirtyCount;
    if (n >= this.dirty.length) this.growDirty();
    this.dirty[n] = slot;
    this.dirtyCount = n + 1;
  }

  /** Makes written values present and queues the processes that are sensitive to the changes. */
  private update(): void {
    const { present, next, dirty, followUp, queuedFor, queue, delta } = this;
    const n = this.dirtyCount;
    this.dirtyCount = 0;
    let count = this.queueCount;
    for (let i = 0; i < n; i++) {
      const slot = dirty[i]!;
      const then = followUp[slot]!;
      if (then === LOOK) {
        if (!this.updateUnusual(slot)) continue;
        const list = this.sensitive[slot];
        if (list === undefined) continue;
        for (let j = 0; j < list.length; j++) {
          const p = list[j]!;
          if (queuedFor[p] !== delta) {
            queuedFor[p] = delta;
            queue[count++] = p;
          }
        }
      } else {
        const value = next[slot]!;
        if (value === present[slot]) continue;
        present[slot] = value;
        if (then >= 0 && queuedFor[then] !== delta) {
          queuedFor[then] = delta;
          queue[count++] = then;
        }
      }
    }
    this.queueCount = count;
  }

  /** The update of a bus, or of a signal that somebody watches or sleeps on, or that wakes several. Returns whether it changed. */
  private updateUnusual(slot: number): boolean {
    const { present, next } = this;
    const f = this.flags[slot]!;
    let changed = false;
    if ((f & VECTOR) !== 0) {
      this.flags[slot] = f & ~DIRTY;
      const end = slot + this.lanes[slot]!;
      for (let s = slot; s < end; s++) {
        const value = next[s]!;
        if (value !== present[s]) {
          present[s] = value;
          changed = true;
        }
      }
    } else if (next[slot] !== present[slot]) {
      present[slot] = next[slot]!;
      changed = true;
    }
    if (!changed) return false;
    if ((f & WAKES) !== 0) {
      const list = this.wakers[slot]!;
      for (let j = 0; j < list.length; j++) if (this.asleep[list[j]!] !== 0) this.onWake(list[j]!);
    }
    if ((f & LOOKED_AT) !== 0) this.touch(slot);
    return true;
  }

  /** Has the signal at `slot` looked at by its observers in this instant, though it may not have changed. */
  touch(slot: number): void {
    if ((this.flags[slot]! & TOUCHED) !== 0) return;
    this.flags[slot]! |= TOUCHED;
    if (this.touchedCount === this.touched.length)
      this.touched = grown(this.touched, new Int32Array(2 * this.touchedCount));
    this.touched[this.touchedCount++] = slot;
  }

  /** Takes back every write that was not yet made present; returns the first signal's name, if there was one. */
  discard(): string | null {
    const first = this.dirtyCount > 0 ? this.names[this.dirty[0]!]! : null;
    for (let i = 0; i < this.dirtyCount; i++) {
      const slot = this.dirty[i]!;
      const end = slot + this.lanes[slot]!;
      for (let s = slot; s < end; s++) this.next[s] = this.present[s]!;
      this.flags[slot]! &= ~DIRTY;
    }
    this.dirtyCount = 0;
    return first;
  }

  /** Makes these values present, as a restored snapshot does. */
  load(values: Float64Array): void {
    this.discard();
    this.present.set(values);
    this.next.set(values);
  }

  /** Empties the list of touched slots. */
  clearTouched(): void {
    for (let i = 0; i < this.touchedCount; i++) this.flags[this.touched[i]!]! &= ~TOUCHED;
    this.touchedCount = 0;
  }

  /**
   * Updates and runs combinational processes until no signal changes.
   * @throws CombinationalLoopError when it does not settle.
   */
  settle(): void {
    let deltas = 0;
    while (this.dirtyCount > 0 || this.queueCount > 0) {
      this.update();
      const n = this.queueCount;
      if (n > 0) {
        const run = this.queue;
        this.queue = this.spare;
        this.spare = run;
        this.queueCount = 0;
        this.openDelta();
        const { processFn, processSelf } = this;
        for (let i = 0; i < n; i++) {
          const p = run[i]!;
          processFn[p]!.call(processSelf[p] as never);
        }
        this.activations += n;
      }
      if (++deltas > DELTA_LIMIT && deltas > this.processFn.length + 1) this.reportLoop(deltas);
    }
  }

  /** What is queued from here on belongs to the next delta. */
  private openDelta(): void {
    if (++this.delta < 0x7fffffff) return;
    this.queuedFor.fill(0);
    this.delta = 1;
  }

  /** Runs a few more deltas one process at a time, noting who writes what, and names a loop. */
  private reportLoop(deltas: number): never {
    const writes = new Map<string, Set<string>>();
    const wakes = new Map<string, Set<string>>();
    for (let round = 0; round < 16; round++) {
      for (let i = 0; i < this.dirtyCount; i++) {
        const slot = this.dirty[i]!;
        const woken = (wakes.get(this.names[slot]!) ?? new Set()) as Set<string>;
        for (const p of this.sensitive[slot] ?? []) woken.add(this.processName[p]!);
        wakes.set(this.names[slot]!, woken);
      }
      this.update();
      const run = this.queue.slice(0, this.queueCount);
      this.queueCount = 0;
      this.openDelta();
      for (const p of run) {
        const before = this.dirtyCount;
        this.processFn[p]!.call(this.processSelf[p] as never);
        const mine = writes.get(this.processName[p]!) ?? new Set<string>();
        for (let i = before; i < this.dirtyCount; i++) mine.add(this.names[this.dirty[i]!]!);
        writes.set(this.processName[p]!, mine);
      }
    }
    throw new CombinationalLoopError(findLoop(writes, wakes), deltas, this.now);
  }

  private growSignals(): void {
    let size = this.present.length;
    while (size < this.slots) size *= 2;
    this.present = grown(this.present, new Float64Array(size));
    this.next = grown(this.next, new Float64Array(size));
    this.flags = grown(this.flags, new Uint8Array(size));
    this.lanes = grown(this.lanes, new Int32Array(size));
    this.followUp = grown(this.followUp, new Int32Array(size).fill(NOTHING));
    this.onGrow();
  }

  private growDirty(): void {
    this.dirty = grown(this.dirty, new Int32Array(this.dirty.length * 2));
  }
}

function grown<A extends Float64Array | Uint8Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** A cycle in the graph process → signal it writes → process that wakes; the whole walk when there is none. */
function findLoop(writes: Map<string, Set<string>>, wakes: Map<string, Set<string>>): LoopStep[] {
  for (const start of writes.keys()) {
    const path: LoopStep[] = [];
    const seen = new Set<string>();
    const walk = (process: string): boolean => {
      for (const signal of writes.get(process) ?? []) {
        path.push({ process, signal });
        for (const woken of wakes.get(signal) ?? []) {
          if (woken === start) return true;
          if (!seen.has(woken)) {
            seen.add(woken);
            if (walk(woken)) return true;
          }
        }
        path.pop();
      }
      return false;
    };
    if (walk(start)) return path;
  }
  return [...writes].flatMap(([process, signals]) => [...signals].map((signal) => ({ process, signal })));
}
