import { bits, type Channel, type Clock, Module, type Simulator, vector } from '../../kernel/index.js';
import { DESCRIPTOR_WORDS } from '../../components/top/layer-descriptor.js';

/**
 * The host's hand on the machine: hands packed layer descriptors to TOP, one after the other.
 *
 * Ports    source `descriptor` {words}.
 * Timing   A submitted descriptor is valid from the cycle after next on, and held until taken. Cycles and phases:
 *          docs/timing-model.md.
 */
export class Host extends Module {
  readonly descriptor: Channel<{ words: ReturnType<typeof vector> }>;
  override state = { waiting: [] as Float64Array[] };
  private readonly process: number;

  constructor(parent: Module | Simulator, name: string, { clock }: { readonly clock: Clock }) {
    super(parent, name);
    this.descriptor = this.source('descriptor', { words: vector(DESCRIPTOR_WORDS, bits(32)) }, clock);
    this.process = this.edge(clock, this.tick, [this.descriptor.ready]);
  }

  /** Queues a descriptor, between runs. */
  submit(words: Float64Array): void {
    this.state.waiting.push(words);
    this.sim.wake(this.process);
  }

  private tick(): boolean {
    const { descriptor, state } = this;
    const taken = descriptor.fires;
    if (taken) descriptor.valid.write(0);
    if ((descriptor.valid.value === 0 || taken) && state.waiting.length > 0) {
      descriptor.payload.words.writeFrom(state.waiting.shift()!);
      descriptor.valid.write(1);
      return true;
    }
    return taken;
  }
}
