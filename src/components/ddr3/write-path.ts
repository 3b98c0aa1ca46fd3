import { alignDown } from '../axi/burst.js';
import { RESPONSE, WORD_BYTES } from '../axi/channels.js';
import type { SlaveFront } from '../axi/slave-front.js';
import type { Ddr3Controller } from './controller.js';
import type { PathShape } from './read-path.js';
import { WriteLines } from './write-lines.js';

/**
 * Write bursts on their way through a DDR3 memory: consecutive beats within one DRAM burst fill a line, which goes to the
 * controller as one write. A burst is answered when the controller has taken its last line; lines without a strobe and
 * beats beyond the capacity go nowhere.
 */
export class WritePath {
  readonly lines: WriteLines;
  readonly state: {
    /** The line that beats are filling; −1. A full one waits for the controller. */
    filling: number;
    full: number;
    /** The response that the accept of the full line completes; −1 when its burst goes on. */
    resp: number;
    id: number;
    lines: WriteLines['state'];
  };

  constructor(
    private readonly front: SlaveFront,
    private readonly controller: Ddr3Controller,
    private readonly shape: PathShape,
  ) {
    this.lines = new WriteLines(shape.lines, shape.burstBytes / WORD_BYTES);
    this.state = { filling: -1, full: 0, resp: -1, id: 0, lines: this.lines.state };
  }

  /** Whether the full line can go to the controller. */
  get canHandOver(): boolean {
    return this.state.full !== 0 && this.controller.canAccept(true);
  }

  /** Hands the full line to the controller. */
  handOver(now: number): void {
    const { lines, state: s } = this;
    const line = s.filling;
    s.filling = -1;
    s.full = 0;
    lines.queue(line);
    const whole = lines.coverage(line) === 'all';
    this.controller.accept(now, lines.state.burst[line]!, true, line, whole);
    if (s.resp >= 0) this.front.responses.push(s.id, s.resp, now);
  }

  /** Puts the first waiting beat into its line. Returns whether it could. @throws AxiProtocolError */
  takeBeat(now: number): boolean {
    const { front, lines, state: s } = this;
    if (!front.writeReady || s.full !== 0 || (s.filling < 0 && !lines.anyFree)) return false;
    front.checkLast(now);
    const { writes } = front;
    const { burstBytes, busBytes } = this.shape;
    const address = writes.address();
    const burst = Math.floor(address / burstBytes);
    const resp = front.responseTo(writes, address);
    if (resp === RESPONSE.okay) {
      if (s.filling < 0) s.filling = lines.begin(burst);
      const at = (alignDown(address, busBytes) - burst * burstBytes) / WORD_BYTES;
      front.state.bytesWritten += lines.fill(s.filling, at, front.waiting);
    }
    const { id, atLast } = writes;
    const ends = atLast || Math.floor(writes.address(writes.state.beat + 1) / burstBytes) !== burst;
    const answer = front.endWriteBeat(resp);
    if (ends && s.filling >= 0) this.close(now, id, answer);
    else if (atLast) front.responses.push(id, answer, now);
    return true;
  }

  /**
   * The line that is being filled is whole, as far as its burst goes: on to the controller, unless no strobe was set.
   * @param answer the response that it completes; −1
   */
  private close(now: number, id: number, answer: number): void {
    const { lines, state: s } = this;
    if (lines.coverage(s.filling) === 'none') {
      lines.drop(s.filling);
      s.filling = -1;
      if (answer >= 0) this.front.responses.push(id, answer, now);
      return;
    }
    s.full = 1;
    s.resp = answer;
    s.id = id;
  }
}
