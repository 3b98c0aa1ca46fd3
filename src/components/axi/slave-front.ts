import type { AnyNet, Wait } from '../../kernel/index.js';
import { alignDown, sizeBytes } from './burst.js';
import { RESPONSE, WORD_BYTES } from './channels.js';
import { AxiProtocolError } from './errors.js';
import type { AxiPort } from './link.js';
import {
  BurstQueue,
  type BurstRegisters,
  ResponseQueue,
  type ResponseRegisters,
  WriteBeatQueue,
  type WriteBeatRegisters,
} from './slave-queues.js';

/** Beats of write data that wait for their turn or for their address. */
const WRITE_BEATS = 4;

export interface SlaveFrontShape {
  /** 16-bit words of the data bus. */
  readonly lanes: number;
  /** Bursts accepted before the first is answered, for reads and for writes. */
  readonly outstanding: number;
  /** Bytes there are, from address 0. */
  readonly capacityBytes: number;
}

export interface SlaveFrontRegisters {
  reads: BurstRegisters;
  writes: BurstRegisters;
  waiting: WriteBeatRegisters;
  responses: ResponseRegisters;
  /** Worst response of the first write burst so far. */
  writeResp: number;
  readBeats: number;
  writeBeats: number;
  bytesRead: number;
  bytesWritten: number;
}

/**
 * The front of a memory behind AXI4: what a slave does whatever stands behind it. It accepts bursts and beats, hands
 * beats out in order whatever the IDs, and answers. The owner calls it from its edge process, keeps `state` among its
 * registers, and decides when beats move.
 *
 * Answers  A burst from beyond the capacity DECERR; a beat that runs beyond it from within SLVERR; else OKAY. Reads that
 *          are not OKAY give zeros.
 * Storage  `outstanding` bursts each way, 4 beats of W, `outstanding` + 1 responses.
 * Errors   AxiProtocolError for a burst of a reserved or oversized kind or across 4 KB, or `w_last` on the wrong beat.
 * Source   ARM IHI 0022 (AXI4), A3.
 */
export class SlaveFront {
  readonly state: SlaveFrontRegisters;
  readonly reads: BurstQueue;
  readonly writes: BurstQueue;
  /** Beats of W. */
  readonly waiting: WriteBeatQueue;
  readonly responses: ResponseQueue;
  /** Nets whose change may give the owner something to do. */
  readonly wakeOn: readonly AnyNet[];
  private readonly outstanding: number;
  private readonly busBytes: number;
  private readonly capacityBytes: number;

  constructor(
    /** Path of the owner. */
    private readonly path: string,
    private readonly port: AxiPort,
    { lanes, outstanding, capacityBytes }: SlaveFrontShape,
  ) {
    const { ar, r, aw, w, b } = port;
    this.outstanding = outstanding;
    this.busBytes = lanes * WORD_BYTES;
    this.capacityBytes = capacityBytes;
    this.reads = new BurstQueue(ar, outstanding, this.busBytes);
    this.writes = new BurstQueue(aw, outstanding, this.busBytes);
    this.waiting = new WriteBeatQueue(w, WRITE_BEATS, lanes);
    this.responses = new ResponseQueue(b, outstanding + 1);
    this.state = {
      reads: this.reads.state,
      writes: this.writes.state,
      waiting: this.waiting.state,
      responses: this.responses.state,
      writeResp: RESPONSE.okay,
      readBeats: 0,
      writeBeats: 0,
      bytesRead: 0,
      bytesWritten: 0,
    };
    this.wakeOn = [ar.valid, aw.valid, w.valid, r.ready, b.ready];
    for (const { ready } of [ar, aw, w]) ready.write(1);
  }

  /** Beats moved, both ways. */
  get beats(): number {
    return this.state.readBeats + this.state.writeBeats;
  }

  /** Takes what AR, AW and W hand over at the edge of cycle `now`. Returns whether they did. @throws AxiProtocolError */
  accept(now: number): boolean {
    const read = this.reads.accept(now);
    const write = this.writes.accept(now);
    const beat = this.waiting.accept();
    return read || write || beat;
  }

  /** Lowers `valid` of R and B where what they showed is taken at this edge. Returns whether one was. */
  retire(): boolean {
    const { r, b } = this.port;
    let moved = false;
    if (r.valid.value !== 0 && r.ready.value !== 0) {
      r.valid.write(0);
      moved = true;
    }
    if (b.valid.value !== 0 && b.ready.value !== 0) {
      b.valid.write(0);
      moved = true;
    }
    return moved;
  }

  /** Whether R can show a further beat after this edge. */
  get readFree(): boolean {
    const { valid, ready } = this.port.r;
    return valid.value === 0 || ready.value !== 0;
  }

  /** Drives the registered `ready` outputs: room in the queues. @param unanswered writes that are in none of them and have no response yet */
  driveReady(unanswered = 0): void {
    const { ar, aw, w } = this.port;
    const writes = this.writes.count + this.responses.count + unanswered;
    ar.ready.write(this.reads.count < this.outstanding ? 1 : 0);
    aw.ready.write(writes < this.outstanding ? 1 : 0);
    w.ready.write(this.waiting.full ? 0 : 1);
  }

  /** The response to a beat at a byte address, of the first burst of a queue. */
  responseTo(bursts: BurstQueue, address: number): number {
    if (address < this.capacityBytes) return RESPONSE.okay;
    return bursts.start < this.capacityBytes ? RESPONSE.slaveError : RESPONSE.decodeError;
  }

  /** Shows the next beat of the first read burst; the owner has written its data where `resp` is OKAY. */
  showRead(address: number, resp: number): void {
    const s = this.state;
    const { reads } = this;
    const { payload, valid } = this.port.r;
    if (resp === RESPONSE.okay) {
      const bytes = sizeBytes(reads.size);
      s.bytesRead += bytes - (address - alignDown(address, bytes));
    } else payload.data.fill(0);
    payload.id.write(reads.id);
    payload.resp.write(resp);
    payload.last.write(reads.atLast ? 1 : 0);
    valid.write(1);
    s.readBeats += 1;
    reads.advance();
  }

  /** Whether a write beat and its address are both there. */
  get writeReady(): boolean {
    return this.writes.count > 0 && this.waiting.count > 0;
  }

  /** Holds the first waiting beat to its burst: `w_last` on the last beat only. @throws AxiProtocolError */
  checkLast(now: number): void {
    const { writes, waiting } = this;
    if ((waiting.last !== 0) !== writes.atLast)
      throw new AxiProtocolError(
        this.path,
        `w_last is ${waiting.last} on beat ${writes.state.beat} of a burst of ${writes.beats()} beats`,
        now,
      );
  }

  /** The first waiting beat has gone where it belongs: it leaves, and its burst goes on. Returns the burst's response if it was the last, else −1. */
  endWriteBeat(resp: number): number {
    const s = this.state;
    const worst = Math.max(s.writeResp, resp);
    s.writeBeats += 1;
    this.waiting.pop();
    const ended = this.writes.advance();
    s.writeResp = ended ? RESPONSE.okay : worst;
    return ended ? worst : -1;
  }

  /** What of a write burst the master has yet to send, for deadlock reports. */
  waits(): readonly Wait[] {
    const { writes, waiting, path: who } = this;
    if (writes.count > 0 && waiting.count === 0)
      return [{ who, whom: 'its master', why: `beat ${writes.state.beat} of a write burst has not come` }];
    if (waiting.count > 0 && writes.count === 0)
      return [{ who, whom: 'its master', why: `the address of ${waiting.count} write beats has not come` }];
    return [];
  }
}
