import type { Wait } from '../../kernel/index.js';
import { AddressCrossbar, candidate, type CrossbarShape, type GrantOwner } from './interconnect-address.js';
import {
  type AxiAddress,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponseOf,
  RESPONSE,
} from './channels.js';
import type { AxiPort } from './link.js';
import { PayloadQueue, SKID_WORDS } from './payload-queue.js';

/** Stands for no master or slave. */
const NOBODY = -1;

/** Numbers that wait in order: registers of a narrow FIFO. */
interface Ring {
  count: number;
  head: number;
  items: Float64Array;
}

const ring = (depth: number): Ring => ({ count: 0, head: 0, items: new Float64Array(depth) });

function append(to: Ring, item: number): void {
  to.items[(to.head + to.count) % to.items.length] = item;
  to.count += 1;
}

function drop(from: Ring): void {
  from.head = (from.head + 1) % from.items.length;
  from.count -= 1;
}

/** The write half of an interconnect: AW to the slaves, W behind it in AW order, B back to the masters. */
export class WriteCrossbar implements GrantOwner {
  readonly address: AddressCrossbar;
  readonly state;
  private readonly data: readonly PayloadQueue<AxiWriteData>[];
  private readonly responses: readonly PayloadQueue<AxiWriteResponse>[];
  private readonly idSpan: number;
  private readonly nobodyFree: Float64Array;
  /** By slave, within a tick: the master whose response was first before the edge. */
  private readonly owner: Float64Array;
  /** By master, within a tick: the slave that its first beat went to as of before the edge. */
  private readonly target: Float64Array;

  constructor(
    private readonly shape: CrossbarShape,
    private readonly s: readonly AxiPort[],
    private readonly m: readonly AxiPort[],
    outIdBits: number,
  ) {
    const { masters, lanes, idBits, outstanding } = shape;
    this.address = new AddressCrossbar(
      shape,
      s.map((port) => port.aw),
      m.map((port) => port.aw),
    );
    this.data = s.map(() => new PayloadQueue(axiWriteData(lanes), SKID_WORDS));
    this.responses = m.map(() => new PayloadQueue(axiWriteResponseOf(outIdBits), SKID_WORDS));
    this.idSpan = 2 ** idBits;
    this.nobodyFree = new Float64Array(masters);
    this.owner = new Float64Array(m.length);
    this.target = new Float64Array(masters);
    this.state = {
      address: this.address.state,
      data: this.data.map((queue) => queue.state),
      responses: this.responses.map((queue) => queue.state),
      /** By master: the slaves that its next data go to. By slave: the masters that its next data come from. */
      routes: s.map(() => ring(outstanding)),
      orders: m.map(() => ring(masters * outstanding)),
      turn: new Float64Array(masters),
      /** By master, the unmapped burst: 0 none, 1 its data are to come, 2 its response is; ID. */
      nobody: new Float64Array(masters),
      nobodyId: new Float64Array(masters),
    };
    for (const port of s) port.w.ready.write(1);
    for (const port of m) port.b.ready.write(1);
  }

  /** One rising edge. Returns whether anything moved. */
  tick(): boolean {
    const { nobodyFree } = this;
    const s = this.state;
    for (let i = 0; i < nobodyFree.length; i++) nobodyFree[i] = s.nobody[i] === 0 ? 1 : 0;
    // Responses and data first: they read the registers that grants and pushes change.
    let moved = this.answer();
    if (this.moveData()) moved = true;
    if (this.address.grant(nobodyFree, this)) moved = true;
    for (let master = 0; master < this.s.length; master++) {
      const { b, w } = this.s[master]!;
      if (b.fires) this.address.answered(master, b.payload.id.value);
      const queue = this.data[master]!;
      if (w.fires) {
        queue.push(w);
        moved = true;
      }
      w.ready.write(queue.full ? 0 : 1);
    }
    if (this.address.accept()) moved = true;
    for (let slave = 0; slave < this.m.length; slave++) {
      const { b } = this.m[slave]!;
      const queue = this.responses[slave]!;
      if (b.fires) {
        queue.push(b);
        moved = true;
      }
      b.ready.write(queue.full ? 0 : 1);
    }
    return moved;
  }

  granted(master: number, slave: number, burst: PayloadQueue<AxiAddress>): void {
    const s = this.state;
    append(s.routes[master]!, slave);
    if (slave < this.shape.slaves) append(s.orders[slave]!, master);
    else {
      s.nobody[master] = 1;
      s.nobodyId[master] = burst.get('id');
    }
  }

  /** Gives each slave whose output register is free a beat of the burst whose turn it is, and swallows unmapped ones. */
  private moveData(): boolean {
    const { slaves, masters } = this.shape;
    const s = this.state;
    const { target } = this;
    let moved = false;
    for (let master = 0; master < masters; master++) {
      const route = s.routes[master]!;
      const ready = route.count > 0 && this.data[master]!.count > 0;
      target[master] = ready ? route.items[route.head]! : NOBODY;
    }
    for (let slave = 0; slave < slaves; slave++) {
      const out = this.m[slave]!.w;
      const valid = out.valid.value !== 0;
      if (valid && out.ready.value === 0) continue;
      if (valid) {
        moved = true;
        out.valid.write(0);
      }
      const order = s.orders[slave]!;
      // Stale when empty; but then no master's data lead here.
      const master = order.items[order.head]!;
      if (target[master] !== slave) continue;
      this.data[master]!.show(out);
      out.valid.write(1);
      if (this.takeBeat(master)) drop(order);
      moved = true;
    }
    for (let master = 0; master < masters; master++) {
      if (target[master] !== slaves) continue;
      if (this.takeBeat(master)) s.nobody[master] = 2;
      moved = true;
    }
    return moved;
  }

  /** Drops a master's first beat, and its route with the last one. Returns whether it was that. */
  private takeBeat(master: number): boolean {
    const queue = this.data[master]!;
    const last = queue.get('last') !== 0;
    queue.pop();
    if (last) drop(this.state.routes[master]!);
    return last;
  }

  private answer(): boolean {
    const { masters, slaves } = this.shape;
    const s = this.state;
    let moved = false;
    for (let slave = 0; slave < slaves; slave++) {
      const queue = this.responses[slave]!;
      this.owner[slave] = queue.count > 0 ? Math.floor(queue.get('id') / this.idSpan) : NOBODY;
    }
    for (let master = 0; master < masters; master++) {
      const out = this.s[master]!.b;
      const valid = out.valid.value !== 0;
      if (valid && out.ready.value === 0) continue;
      if (valid) {
        moved = true;
        out.valid.write(0);
      }
      for (let k = 0; k <= slaves; k++) {
        const slave = candidate(k, s.turn[master]!, slaves + 1);
        if (!this.has(master, slave)) continue;
        this.show(master, slave);
        s.turn[master] = slave === slaves ? 0 : slave + 1;
        moved = true;
        break;
      }
    }
    return moved;
  }

  private has(master: number, slave: number): boolean {
    if (slave === this.shape.slaves) return this.state.nobody[master] === 2;
    return this.owner[slave] === master;
  }

  private show(master: number, slave: number): void {
    const s = this.state;
    const { payload, valid } = this.s[master]!.b;
    valid.write(1);
    if (slave === this.shape.slaves) {
      payload.id.write(s.nobodyId[master]!);
      payload.resp.write(RESPONSE.decodeError);
      s.nobody[master] = 0;
      return;
    }
    const queue = this.responses[slave]!;
    payload.id.write(queue.get('id') % this.idSpan);
    payload.resp.write(queue.get('resp'));
    queue.pop();
  }

  /** Masters whose data the fabric cannot go on without. */
  waits(path: string): Wait[] {
    const waits: Wait[] = [];
    for (let master = 0; master < this.s.length; master++) {
      const route = this.state.routes[master]!;
      if (route.count === 0 || this.data[master]!.count > 0) continue;
      const { peer, path: port } = this.s[master]!.w;
      const whom = peer?.module.path ?? port;
      waits.push({ who: path, whom, why: `${route.count} write bursts of ${port} lack data` });
    }
    return waits;
  }

  reset(): boolean {
    const s = this.state;
    let moved = this.address.reset();
    for (let master = 0; master < this.s.length; master++) {
      const { w, b } = this.s[master]!;
      if (b.valid.value + this.data[master]!.count + s.nobody[master]! > 0) moved = true;
      this.data[master]!.clear();
      b.valid.write(0);
      w.ready.write(1);
      s.routes[master]!.count = s.routes[master]!.head = 0;
    }
    for (let slave = 0; slave < this.m.length; slave++) {
      const { w, b } = this.m[slave]!;
      if (w.valid.value + this.responses[slave]!.count > 0) moved = true;
      this.responses[slave]!.clear();
      w.valid.write(0);
      b.ready.write(1);
      s.orders[slave]!.count = s.orders[slave]!.head = 0;
    }
    s.turn.fill(0);
    s.nobody.fill(0);
    return moved;
  }
}
