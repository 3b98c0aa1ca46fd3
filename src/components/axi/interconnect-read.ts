import { type AxiAddress, type AxiReadData, axiReadData, RESPONSE } from './channels.js';
import { AddressCrossbar, candidate, type CrossbarShape, type GrantOwner } from './interconnect-address.js';
import type { AxiPort } from './link.js';
import { PayloadQueue, SKID_WORDS } from './payload-queue.js';

/** Stands for no slave (a master's R path takes from whom it likes) or no master. */
const FREE = -1;

/** The read half of an interconnect: AR to the slaves, R back to the masters, DECERR from nobody. */
export class ReadCrossbar implements GrantOwner {
  readonly address: AddressCrossbar;
  readonly state;
  private readonly queues: readonly PayloadQueue<AxiReadData>[];
  private readonly idSpan: number;
  /** By master, 1 when nobody's burst is answered: what answers DECERR is free. */
  private readonly nobodyFree: Float64Array;
  private readonly zeros: Float64Array;
  /** By slave, within a tick: the master whose beat was first before the edge. */
  private readonly owner: Float64Array;

  constructor(
    private readonly shape: CrossbarShape,
    private readonly s: readonly AxiPort[],
    private readonly m: readonly AxiPort[],
    outIdBits: number,
  ) {
    const { masters, lanes, idBits } = shape;
    this.address = new AddressCrossbar(
      shape,
      s.map((port) => port.ar),
      m.map((port) => port.ar),
    );
    const fields = axiReadData(lanes, outIdBits);
    this.queues = m.map(() => new PayloadQueue(fields, SKID_WORDS));
    this.idSpan = 2 ** idBits;
    this.nobodyFree = new Float64Array(masters);
    this.zeros = new Float64Array(lanes);
    this.owner = new Float64Array(m.length);
    this.state = {
      address: this.address.state,
      queues: this.queues.map((queue) => queue.state),
      /** By master: the slave whose burst it is in the middle of, and the slave whose turn is next. */
      source: new Float64Array(masters).fill(FREE),
      turn: new Float64Array(masters),
      /** By master, the unmapped burst that is being answered: beats left (0: none), ID. */
      nobodyLeft: new Float64Array(masters),
      nobodyId: new Float64Array(masters),
    };
    for (const port of m) port.r.ready.write(1);
  }

  /** One rising edge. Returns whether anything moved. */
  tick(): boolean {
    const { nobodyFree } = this;
    const s = this.state;
    for (let i = 0; i < nobodyFree.length; i++) nobodyFree[i] = s.nobodyLeft[i] === 0 ? 1 : 0;
    // Data first: they read the registers that grants and pushes change.
    let moved = this.answer();
    if (this.address.grant(nobodyFree, this)) moved = true;
    this.retire();
    if (this.address.accept()) moved = true;
    for (let slave = 0; slave < this.m.length; slave++) {
      const { r } = this.m[slave]!;
      const queue = this.queues[slave]!;
      if (r.fires) {
        queue.push(r);
        moved = true;
      }
      r.ready.write(queue.full ? 0 : 1);
    }
    return moved;
  }

  granted(master: number, slave: number, burst: PayloadQueue<AxiAddress>): void {
    if (slave !== this.shape.slaves) return;
    this.state.nobodyLeft[master] = burst.get('len') + 1;
    this.state.nobodyId[master] = burst.get('id');
  }

  /** Gives each master whose output register is free a beat. */
  private answer(): boolean {
    const { masters, slaves } = this.shape;
    const s = this.state;
    let moved = false;
    for (let slave = 0; slave < slaves; slave++) {
      const queue = this.queues[slave]!;
      this.owner[slave] = queue.count > 0 ? Math.floor(queue.get('id') / this.idSpan) : FREE;
    }
    for (let master = 0; master < masters; master++) {
      const out = this.s[master]!.r;
      const valid = out.valid.value !== 0;
      if (valid && out.ready.value === 0) continue;
      if (valid) {
        moved = true;
        out.valid.write(0);
      }
      let from = s.source[master]!;
      if (from === FREE || !this.has(master, from)) {
        from = FREE;
        for (let k = 0; k <= slaves && from === FREE; k++) {
          const slave = candidate(k, s.turn[master]!, slaves + 1);
          if (this.has(master, slave)) from = slave;
        }
      }
      if (from === FREE) continue;
      moved = true;
      const last = from === slaves ? this.showNobody(master) : this.show(master, from);
      s.source[master] = last ? FREE : from;
      if (last) s.turn[master] = from === slaves ? 0 : from + 1;
      out.valid.write(1);
    }
    return moved;
  }

  /** Whether a source's next beat is for this master. */
  private has(master: number, slave: number): boolean {
    if (slave === this.shape.slaves) return this.state.nobodyLeft[master]! > 0;
    return this.owner[slave] === master;
  }

  private show(master: number, slave: number): boolean {
    const queue = this.queues[slave]!;
    const last = queue.get('last') !== 0;
    queue.set('id', queue.get('id') % this.idSpan);
    queue.show(this.s[master]!.r);
    queue.pop();
    return last;
  }

  private showNobody(master: number): boolean {
    const s = this.state;
    const { payload } = this.s[master]!.r;
    s.nobodyLeft[master]! -= 1;
    const last = s.nobodyLeft[master] === 0;
    payload.id.write(s.nobodyId[master]!);
    payload.data.writeFrom(this.zeros);
    payload.resp.write(RESPONSE.decodeError);
    payload.last.write(last ? 1 : 0);
    return last;
  }

  /** Counts the bursts whose last beat a master takes at this edge. */
  private retire(): void {
    for (let master = 0; master < this.s.length; master++) {
      const { r } = this.s[master]!;
      if (r.fires && r.payload.last.value !== 0) this.address.answered(master, r.payload.id.value);
    }
  }

  reset(): boolean {
    const s = this.state;
    let moved = this.address.reset();
    for (let master = 0; master < this.s.length; master++) {
      const { r } = this.s[master]!;
      if (r.valid.value + s.nobodyLeft[master]! > 0) moved = true;
      r.valid.write(0);
    }
    for (let slave = 0; slave < this.m.length; slave++) {
      if (this.queues[slave]!.count > 0) moved = true;
      this.queues[slave]!.clear();
      this.m[slave]!.r.ready.write(1);
    }
    s.source.fill(FREE);
    s.turn.fill(0);
    s.nobodyLeft.fill(0);
    return moved;
  }
}
