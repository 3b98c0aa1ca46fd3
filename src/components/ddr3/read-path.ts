import { alignDown } from '../axi/burst.js';
import { type AxiReadData, RESPONSE, WORD_BYTES } from '../axi/channels.js';
import type { SlaveFront } from '../axi/slave-front.js';
import type { Channel } from '../../kernel/index.js';
import type { Ddr3Controller } from './controller.js';
import { ReadLines } from './read-lines.js';

/** What the paths between the front and the controller know of the memory. */
export interface PathShape {
  /** DRAM bursts that the path holds at a time. */
  readonly lines: number;
  /** Bytes of a DRAM burst and of a beat of the bus. */
  readonly burstBytes: number;
  readonly busBytes: number;
  readonly capacityBytes: number;
}

/**
 * Read bursts on their way through a DDR3 memory: their beats become DRAM bursts, one for all consecutive beats within
 * it, whose lines come back in the return buffer and are shown a beat at a time, in the order of AR.
 */
export class ReadPath {
  readonly lines: ReadLines;
  readonly state: {
    /** Bursts, from the first, all of whose DRAM bursts were asked for, and the next beat of the one after them. */
    askCount: number;
    askBeat: number;
    lines: ReadLines['state'];
  };

  constructor(
    private readonly r: Channel<AxiReadData>,
    private readonly front: SlaveFront,
    private readonly controller: Ddr3Controller,
    private readonly shape: PathShape,
  ) {
    this.lines = new ReadLines(shape.lines, shape.burstBytes / WORD_BYTES);
    this.state = { askCount: 0, askBeat: 0, lines: this.lines.state };
  }

  /** Whether a DRAM burst can be asked for. */
  get canAsk(): boolean {
    return (
      this.state.askCount < this.front.reads.count && !this.lines.full && this.controller.canAccept(false)
    );
  }

  /** Asks for the DRAM burst of the next beats of the burst whose turn it is. Returns whether the controller has to do with it. */
  ask(now: number): boolean {
    const s = this.state;
    const { reads } = this.front;
    const { burstBytes, capacityBytes } = this.shape;
    const beats = reads.beats(s.askCount);
    const burstOf = (beat: number): number => Math.floor(reads.address(beat, s.askCount) / burstBytes);
    const burst = burstOf(s.askBeat);
    let next = s.askBeat + 1;
    while (next < beats && burstOf(next) === burst) next += 1;
    const there = burst * burstBytes < capacityBytes;
    const line = this.lines.begin(burst, next - s.askBeat, there ? Infinity : now);
    if (there) this.controller.accept(now, burst, false, line);
    s.askBeat = next;
    if (next === beats) {
      s.askBeat = 0;
      s.askCount += 1;
    }
    return there;
  }

  /** Shows the next beat of the first burst, whose line is there. */
  showBeat(): void {
    const { front, lines } = this;
    const { reads } = front;
    const { burstBytes, busBytes } = this.shape;
    const address = reads.address();
    const resp = front.responseTo(reads, address);
    if (resp === RESPONSE.okay) {
      const within = alignDown(address, busBytes) - lines.burst * burstBytes;
      this.r.payload.data.writeFrom(lines.state.words, lines.place(within / WORD_BYTES));
    }
    if (reads.atLast) this.state.askCount -= 1;
    lines.shown();
    front.showRead(address, resp);
  }
}
