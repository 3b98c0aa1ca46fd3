import type { PerfettoPackets } from './perfetto-packets.js';

/** Tracks by module path: each scope lies in that of its parent, and is announced before it is first used. */
export class TrackTree {
  private readonly scopes = new Map<string, number>();
  /** By module and kind: the lanes, each with the time at which it is free. */
  private readonly lanes = new Map<string, { uuid: number; free: number }[]>();
  private last = 0;

  constructor(private readonly packets: PerfettoPackets) {}

  /**
   * A track of module `path` for a slice of that kind from `begin` to `end`. Slices of one track never overlap: what overlaps
   * goes to a further track, `axi.read 2`.
   */
  slice(path: string, kind: string, begin: number, end: number): number {
    const key = `${path}\0${kind}`;
    let lanes = this.lanes.get(key);
    if (lanes === undefined) this.lanes.set(key, (lanes = []));
    let lane = lanes.find(({ free }) => free <= begin);
    if (lane === undefined) {
      const name = lanes.length === 0 ? kind : `${kind} ${lanes.length + 1}`;
      lane = { uuid: this.add(name, this.scope(path)), free: 0 };
      lanes.push(lane);
    }
    lane.free = end;
    return lane.uuid;
  }

  counter(path: string): number {
    const dot = path.lastIndexOf('.');
    return this.add(path.slice(dot + 1), dot < 0 ? 0 : this.scope(path.slice(0, dot)), true);
  }

  private scope(path: string): number {
    const there = this.scopes.get(path);
    if (there !== undefined) return there;
    const dot = path.lastIndexOf('.');
    const parent = dot < 0 ? 0 : this.scope(path.slice(0, dot));
    const uuid = this.add(path.slice(dot + 1), parent);
    this.scopes.set(path, uuid);
    return uuid;
  }

  private add(name: string, parent: number, isCounter = false): number {
    this.last += 1;
    this.packets.track(this.last, name, parent, isCounter);
    return this.last;
  }
}
