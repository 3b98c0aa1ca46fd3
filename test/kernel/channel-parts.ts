import { type Channel, type Clock, Module, type Simulator, uint } from '../../src/kernel/index.js';

/** One 16-bit word. */
export const WORD = { data: uint(16) } as const;
export type Word = typeof WORD;

/** Sends 1, 2, 3, … whenever `gate` lets it; registered outputs, payload kept while stalled. */
export class Producer extends Module {
  readonly out: Channel<Word>;
  override state = { sent: 0, offered: 0 };

  constructor(
    parent: Module | Simulator,
    name: string,
    readonly clock: Clock,
    private readonly gate: (cycle: number) => boolean = () => true,
  ) {
    super(parent, name);
    this.out = this.source('out', WORD, clock);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const s = this.state;
    if (this.out.fires) s.sent += 1;
    const free = this.out.valid.value === 0 || this.out.fires;
    if (!free) return;
    const offer = this.gate(this.clock.cycle);
    if (offer) s.offered += 1;
    this.out.valid.write(offer ? 1 : 0);
    if (offer) this.out.payload.data.write(s.offered);
  }
}

/** Takes words whenever `gate` lets it; ready is registered. */
export class Consumer extends Module {
  readonly in: Channel<Word>;
  readonly got: [number, number][] = [];

  constructor(
    parent: Module | Simulator,
    name: string,
    readonly clock: Clock,
    private readonly gate: (cycle: number) => boolean = () => true,
  ) {
    super(parent, name);
    this.in = this.sink('in', WORD, clock);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    if (this.in.fires) this.got.push([this.clock.cycle, this.in.payload.data.value]);
    this.in.ready.write(this.gate(this.clock.cycle) ? 1 : 0);
  }
}
