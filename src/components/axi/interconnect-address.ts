import type { Channel } from '../../kernel/index.js';
import { type AxiAddress, axiAddressOf } from './channels.js';
import { PayloadQueue, type QueueRegisters, SKID_WORDS } from './payload-queue.js';

/** A range of byte addresses that leads to a slave. */
export interface AddressRange {
  /** First byte: a multiple of 4096. */
  readonly base: number;
  /** Bytes: a multiple of 4096. */
  readonly bytes: number;
}

export type Arbitration = 'round-robin' | 'priority';

/** What the two address channels and the two response paths of an interconnect share. */
export interface CrossbarShape {
  readonly masters: number;
  readonly slaves: number;
  readonly idBits: number;
  readonly lanes: number;
  /** Slave by range, flat: base, end, slave. */
  readonly map: Float64Array;
  readonly priority: boolean;
  readonly outstanding: number;
}

export interface AddressRegisters {
  queues: QueueRegisters[];
  /** Bursts granted and not yet answered, by master. */
  inFlight: Float64Array;
  /** The same by master and ID, and the slave that they went to; the number of slaves stands for nobody. */
  idCount: Float64Array;
  idTarget: Float64Array;
  /** By slave, the master whose turn is next. */
  turn: Float64Array;
}

const NOBODY = -1;

/** Who is to be asked k-th among n: from 0 on by priority, from `turn` on in rotation. */
export function candidate(k: number, turn: number, n: number): number {
  return turn + k < n ? turn + k : turn + k - n;
}

/**
 * One address channel (AR or AW) of an interconnect: a queue of 2 for each master, and for each slave an arbiter and an
 * output register. Its owner's process calls {@link grant} and then {@link accept} at an edge.
 *
 * A master's first burst may go when its slave's output register is free, the master has fewer than `outstanding`
 * bursts unanswered, and those of the same ID all went to the same slave: so that same-ID order is kept without a
 * reorder buffer. A burst that may not go holds up those behind it.
 */
export class AddressCrossbar {
  readonly state: AddressRegisters;
  private readonly queues: readonly PayloadQueue<AxiAddress>[];
  /** While {@link grant} runs, the master that each slave goes to. */
  private readonly granted: Int32Array;

  constructor(
    private readonly shape: CrossbarShape,
    private readonly from: readonly Channel<AxiAddress>[],
    private readonly to: readonly Channel<AxiAddress>[],
  ) {
    const { masters, slaves, idBits } = shape;
    const fields = axiAddressOf(idBits);
    this.queues = from.map(() => new PayloadQueue(fields, SKID_WORDS));
    this.granted = new Int32Array(slaves).fill(NOBODY);
    this.state = {
      queues: this.queues.map((queue) => queue.state),
      inFlight: new Float64Array(masters),
      idCount: new Float64Array(masters << idBits),
      idTarget: new Float64Array(masters << idBits),
      turn: new Float64Array(slaves),
    };
    for (const channel of from) channel.ready.write(1);
  }

  /**
   * Gives each free slave its next burst, all from the registers of before the edge. `nobodyFree`: whether the part that
   * answers for unmapped addresses of a master is free. Tells `owner` of each grant.
   * Returns whether anything moved.
   */
  grant(nobodyFree: Float64Array, owner: GrantOwner): boolean {
    const { slaves, masters, idBits, priority } = this.shape;
    const s = this.state;
    let moved = false;
    for (let slave = 0; slave < slaves; slave++) {
      const out = this.to[slave]!;
      const valid = out.valid.value !== 0;
      if (valid && out.ready.value === 0) continue;
      if (valid) {
        moved = true;
        out.valid.write(0);
      }
      const turn = priority ? 0 : s.turn[slave]!;
      for (let k = 0; k < masters; k++) {
        const master = candidate(k, turn, masters);
        if (!this.mayGo(master, slave)) continue;
        this.granted[slave] = master;
        break;
      }
    }
    // Decided for all before any register moves: a master's head leads to one slave only.
    for (let slave = 0; slave < slaves; slave++) {
      const master = this.granted[slave]!;
      if (master < 0) continue;
      const queue = this.queues[master]!;
      const out = this.to[slave]!;
      s.turn[slave] = master + 1 === masters ? 0 : master + 1;
      this.note(master, slave);
      owner.granted(master, slave, queue);
      queue.show(out);
      out.payload.id.write(queue.get('id') + master * 2 ** idBits);
      out.valid.write(1);
      queue.pop();
      moved = true;
    }
    for (let master = 0; master < masters; master++) {
      if (nobodyFree[master] === 0 || this.granted.includes(master) || !this.mayGo(master, slaves)) continue;
      this.note(master, slaves);
      owner.granted(master, slaves, this.queues[master]!);
      this.queues[master]!.pop();
      moved = true;
    }
    this.granted.fill(NOBODY);
    return moved;
  }

  /** Takes in what the masters offer, and shows which queues have room. */
  accept(): boolean {
    let moved = false;
    for (let master = 0; master < this.from.length; master++) {
      const channel = this.from[master]!;
      const queue = this.queues[master]!;
      if (channel.fires) {
        queue.push(channel);
        moved = true;
      }
      channel.ready.write(queue.full ? 0 : 1);
    }
    return moved;
  }

  /** A burst of this master and ID was answered in full. */
  answered(master: number, id: number): void {
    this.state.inFlight[master]! -= 1;
    this.state.idCount[(master << this.shape.idBits) + id]! -= 1;
  }

  reset(): boolean {
    const s = this.state;
    let moved = false;
    for (let master = 0; master < this.from.length; master++) {
      if (this.queues[master]!.count + s.inFlight[master]! > 0) moved = true;
      this.queues[master]!.clear();
      this.from[master]!.ready.write(1);
    }
    for (let slave = 0; slave < this.to.length; slave++) {
      if (this.to[slave]!.valid.value !== 0) moved = true;
      this.to[slave]!.valid.write(0);
    }
    s.inFlight.fill(0);
    s.idCount.fill(0);
    s.turn.fill(0);
    return moved;
  }

  private mayGo(master: number, slave: number): boolean {
    const queue = this.queues[master]!;
    const s = this.state;
    if (queue.count === 0 || s.inFlight[master]! >= this.shape.outstanding) return false;
    if (this.slaveOf(queue.get('addr')) !== slave) return false;
    const key = (master << this.shape.idBits) + queue.get('id');
    return s.idCount[key] === 0 || s.idTarget[key] === slave;
  }

  private note(master: number, slave: number): void {
    const s = this.state;
    const key = (master << this.shape.idBits) + this.queues[master]!.get('id');
    s.inFlight[master]! += 1;
    s.idCount[key]! += 1;
    s.idTarget[key] = slave;
  }

  /** The slave of an address; the number of slaves when it is nobody's. */
  private slaveOf(address: number): number {
    const { map, slaves } = this.shape;
    for (let i = 0; i < map.length; i += 3)
      if (address >= map[i]! && address < map[i + 1]!) return map[i + 2]!;
    return slaves;
  }
}

/** What the owner of an {@link AddressCrossbar} does with each grant. */
export interface GrantOwner {
  granted(master: number, slave: number, burst: PayloadQueue<AxiAddress>): void;
}
