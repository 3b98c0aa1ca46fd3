import { bool, type Clock, Module, type Signal, type Simulator, uint } from '../../kernel/index.js';
import { ADDRESS_BITS, BEAT_BYTES, WORD_BYTES } from '../../components/axi/channels.js';
import { FILL_KIND } from '../../components/l2-cache.js';

/**
 * Counts what READ is told to fetch: bytes of weights and of activations, in whole bus beats as they cross the link. It
 * listens to READ's commands, beside which the controller holds the kind of the load; it drives nothing.
 *
 * Ports    inputs `valid`, `ready`, `addr` (bytes), `words` of READ's command channel, `kind` of the load.
 * Timing   A command counts at the edge at which READ takes it. Cycles and phases: docs/timing-model.md.
 * Storage  Two counters of 53 bits.
 * Source   Own derivation.
 */
export class ReadMeter extends Module {
  readonly valid: Signal;
  readonly ready: Signal;
  readonly addr: Signal;
  readonly words: Signal;
  readonly kind: Signal;
  override state = { weights: 0, activations: 0 };

  constructor(parent: Module | Simulator, name: string, { clock }: { readonly clock: Clock }) {
    super(parent, name);
    this.valid = this.input('valid', bool);
    this.ready = this.input('ready', bool);
    this.addr = this.input('addr', uint(ADDRESS_BITS));
    this.words = this.input('words', uint(32));
    this.kind = this.input('kind', uint(1));
    this.edge(clock, this.tick, [this.valid, this.ready, this.addr, this.words]);
    this.probe('weight_bytes', uint(53), () => this.state.weights);
    this.probe('activation_bytes', uint(53), () => this.state.activations);
  }

  get weightBytes(): number {
    return this.state.weights;
  }

  get activationBytes(): number {
    return this.state.activations;
  }

  private tick(): boolean {
    if (this.valid.value === 0) return false;
    if (this.ready.value === 0) return true;
    const into = this.addr.value % BEAT_BYTES;
    const bytes = BEAT_BYTES * Math.ceil((into + this.words.value * WORD_BYTES) / BEAT_BYTES);
    if (this.kind.value === FILL_KIND.panel) this.state.weights += bytes;
    else this.state.activations += bytes;
    return true;
  }
}
