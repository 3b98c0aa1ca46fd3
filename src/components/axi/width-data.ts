import type { Channel } from '../../kernel/index.js';
import { alignDown } from './burst.js';
import { type AxiReadData, axiReadData, type AxiWriteData, axiWriteData, WORD_BYTES } from './channels.js';
import { PayloadQueue, SKID_WORDS } from './payload-queue.js';
import { type BurstRing, endsWideBeat, FIELD, narrowAddress, type Widths } from './width-bursts.js';

/** A data channel from one port of a width converter to the other: R or W. */
export type DataPath =
  | { readonly kind: 'r'; readonly from: Channel<AxiReadData>; readonly to: Channel<AxiReadData> }
  | { readonly kind: 'w'; readonly from: Channel<AxiWriteData>; readonly to: Channel<AxiWriteData> };

/** One rising edge of a data path and its reset; registers in `state`. */
export interface DataMover {
  readonly state: object;
  tick(): boolean;
  reset(): boolean;
}

/** What both movers share: the queue of 2, and the place of each narrow beat within the wide one. */
abstract class Mover implements DataMover {
  abstract readonly state: { beat: number };
  protected readonly queue: PayloadQueue<AxiReadData> | PayloadQueue<AxiWriteData>;

  constructor(
    protected readonly widths: Widths,
    protected readonly path: DataPath,
    protected readonly ring: BurstRing,
  ) {
    const lanes = path.from.payload.data.lanes;
    this.queue =
      path.kind === 'r'
        ? new PayloadQueue(axiReadData(lanes, path.from.payload.id.type.width), SKID_WORDS)
        : new PayloadQueue(axiWriteData(lanes), SKID_WORDS);
    path.from.ready.write(1);
  }

  tick(): boolean {
    const { from, to } = this.path;
    const { queue } = this;
    let moved = false;
    const valid = to.valid.value !== 0;
    const free = !valid || to.ready.value !== 0;
    if (valid && free) {
      moved = true;
      to.valid.write(0);
    }
    if (queue.count > 0 && this.ring.count > 0 && this.move(free)) moved = true;
    if (from.fires) {
      (queue as PayloadQueue<AxiReadData>).push(from as Channel<AxiReadData>);
      moved = true;
    }
    from.ready.write(queue.full ? 0 : 1);
    return moved;
  }

  /** Moves the next narrow beat; `free`: whether the output register is. Returns whether it did. */
  private move(free: boolean): boolean {
    const { ring } = this;
    const { narrow, wide } = this.widths;
    const s = this.state;
    const address = narrowAddress(ring, s.beat, narrow);
    const byte = alignDown(address - alignDown(address, wide), narrow);
    const endsWide = endsWideBeat(ring, s.beat, address, narrow);
    const last = s.beat === ring.get(FIELD.count) - 1;
    if (!this.moveBeat(byte, endsWide, last, free)) return false;
    if (last) {
      s.beat = 0;
      ring.pop();
    } else s.beat += 1;
    return true;
  }

  /** `byte`: where the narrow beat stands in the wide one. */
  protected abstract moveBeat(byte: number, endsWide: boolean, last: boolean, free: boolean): boolean;

  reset(): boolean {
    const moved = this.queue.count + this.state.beat + this.path.to.valid.value > 0;
    this.queue.clear();
    this.state.beat = 0;
    this.path.to.valid.write(0);
    this.path.from.ready.write(1);
    return moved;
  }
}

/** Takes wide beats apart: R of an upsizer, W of a downsizer. A narrow beat a cycle. */
export class BeatSplitter extends Mover {
  readonly state = { queue: this.queue.state, beat: 0 };

  protected moveBeat(byte: number, endsWide: boolean, last: boolean, free: boolean): boolean {
    if (!free) return false;
    const { path, queue } = this;
    const { narrow } = this.widths;
    const { to } = path;
    const data = (queue as PayloadQueue<AxiReadData>).place('data');
    to.payload.data.writeFrom(queue.state.memory, data + byte / WORD_BYTES);
    if (path.kind === 'r') {
      path.to.payload.resp.write((queue as PayloadQueue<AxiReadData>).get('resp'));
      path.to.payload.id.write(this.ring.get(FIELD.id));
    } else {
      const strobes = Math.floor((queue as PayloadQueue<AxiWriteData>).get('strb') / 2 ** byte);
      path.to.payload.strb.write(strobes % 2 ** narrow);
    }
    to.payload.last.write(last ? 1 : 0);
    to.valid.write(1);
    if (endsWide) queue.pop();
    return true;
  }
}

/** Puts narrow beats together: W of an upsizer, R of a downsizer. Takes a narrow beat a cycle. */
export class BeatMerger extends Mover {
  /** The wide beat so far: words, strobes, worst response. */
  readonly state = {
    queue: this.queue.state,
    beat: 0,
    words: new Float64Array(this.widths.wide / WORD_BYTES),
    strobes: 0,
    resp: 0,
  };

  protected moveBeat(byte: number, endsWide: boolean, last: boolean, free: boolean): boolean {
    if (endsWide && !free) return false;
    const s = this.state;
    const { path, queue, ring } = this;
    const { narrow } = this.widths;
    const { memory } = queue.state;
    const data = (queue as PayloadQueue<AxiReadData>).place('data');
    const at = byte / WORD_BYTES;
    for (let lane = 0; lane < narrow / WORD_BYTES; lane++) s.words[at + lane] = memory[data + lane]!;
    if (path.kind === 'r') s.resp = Math.max(s.resp, (queue as PayloadQueue<AxiReadData>).get('resp'));
    else s.strobes += (queue as PayloadQueue<AxiWriteData>).get('strb') * 2 ** byte;
    queue.pop();
    if (!endsWide) return true;
    const { to } = path;
    to.payload.data.writeFrom(s.words);
    if (path.kind === 'r') {
      path.to.payload.resp.write(s.resp);
      path.to.payload.id.write(ring.get(FIELD.id));
    } else path.to.payload.strb.write(s.strobes);
    to.payload.last.write(last && ring.get(FIELD.final) !== 0 ? 1 : 0);
    to.valid.write(1);
    this.empty();
    return true;
  }

  override reset(): boolean {
    this.empty();
    return super.reset();
  }

  private empty(): void {
    const s = this.state;
    s.words.fill(0);
    s.strobes = s.resp = 0;
  }
}
