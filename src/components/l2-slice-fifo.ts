/** Slices that an output FIFO of the address generators holds. */
export const FIFO_DEPTH = 32;
/** A read of the cycle before is in bit 0 of the pipeline; its data come with bit 2, its push with bit 3. */
const DATA_STAGE = 4;
const PUSH_STAGE = 8;
const PIPE_MASK = 15;

/** What an edge did to a {@link SliceFifo}: bits of the answer of {@link SliceFifo.edge}. */
export const FIFO_DID = {
  /** Something is under way. */
  moved: 1,
  /** The data of slot {@link SliceFifo.arriving} come with this edge. */
  data: 2,
  /** The level changed between empty and not, or another slice is at the head. */
  head: 4,
} as const;

/**
 * The read pipeline of an engine and the FIFO behind it: a slot is reserved when a read starts, gets its data three
 * edges later, and counts in the level from the fourth on. Pops and level are those of a FIFO with registered outputs.
 * One edge: {@link start} at most once, if {@link hasRoom}, then {@link edge}; `hasRoom` is then what the registers
 * said before the edge.
 *
 * Source: the machine contract, sections 1 and 7.
 */
export class SliceFifo {
  readonly state;
  /** Slot whose data come with this edge. */
  arriving = 0;

  /** `n`: words of a slice. */
  constructor(n: number) {
    this.state = {
      data: new Int16Array(FIFO_DEPTH * n),
      pipe: 0,
      /** Level and reads under way. */
      reserved: 0,
      level: 0,
      /** Slots to reserve, to fill and to show next. */
      reserve: 0,
      fill: 0,
      show: 0,
      /** 1 between start() and edge() of one edge: no register. */
      started: 0,
    };
  }

  /** Drops what is held and under way. */
  clear(): void {
    const s = this.state;
    s.pipe = s.reserved = s.level = s.reserve = s.fill = s.show = 0;
  }

  /** Whether a read may start: level + under way < depth. */
  get hasRoom(): boolean {
    return this.state.reserved < FIFO_DEPTH;
  }

  /** Starts a read; returns its slot. */
  start(): number {
    const s = this.state;
    const slot = s.reserve;
    s.reserve = (slot + 1) % FIFO_DEPTH;
    s.reserved += 1;
    s.started = 1;
    return slot;
  }

  /** The rest of an edge; `ready` is the consumer's. Returns bits of {@link FIFO_DID}. */
  edge(ready: boolean): number {
    const s = this.state;
    const { pipe, level } = s;
    const pops = ready && level !== 0;
    if (!pops && pipe === 0 && s.started === 0) return 0;
    s.pipe = ((pipe << 1) | s.started) & PIPE_MASK;
    s.started = 0;
    let did: number = FIFO_DID.moved;
    if ((pipe & DATA_STAGE) !== 0) {
      this.arriving = s.fill;
      s.fill = (s.fill + 1) % FIFO_DEPTH;
      did |= FIFO_DID.data;
    }
    if ((pipe & PUSH_STAGE) !== 0) {
      s.level += 1;
      if (level === 0) did |= FIFO_DID.head;
    }
    if (pops) {
      s.level -= 1;
      s.reserved -= 1;
      s.show = (s.show + 1) % FIFO_DEPTH;
      did |= FIFO_DID.head;
    }
    return did;
  }
}
