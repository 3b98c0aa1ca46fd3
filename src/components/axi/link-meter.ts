import { bool, type Clock, connect, Module, type Signal, type Simulator, uint } from '../../kernel/index.js';
import { BurstTransactions } from './burst-transactions.js';
import type { AxiPort } from './link.js';

/** What crossed a link so far, and what waited: all counts are of cycles of the link's clock but the bursts. */
export interface AxiLinkCounts {
  readonly readBursts: number;
  readonly writeBursts: number;
  /** R beats: cycles in which `r_valid` and `r_ready` were high. */
  readonly readBeats: number;
  /** W beats. */
  readonly writeBeats: number;
  /** Cycles in which an R beat waited for `r_ready`. */
  readonly readHeld: number;
  /** Cycles in which a W beat waited for `w_ready`. */
  readonly writeHeld: number;
}

/**
 * Counts the traffic of one AXI link, and tells its bursts as transactions (burst-transactions.ts). It listens and drives nothing.
 *
 * Ports    inputs `ar_valid`, `ar_ready`, and so for `aw`, `r`, `w`; {@link attach} connects them.
 * Timing   A transfer counts at the edge that ends its cycle; a beat is held in a cycle in which it is valid and not taken.
 *          Cycles and phases: docs/timing-model.md.
 * Storage  Six counters of 53 bits; a row for each burst under way.
 * Source   Own derivation. Utilisation of a data channel is its beats over the cycles of the link's clock.
 */
export class AxiLinkMeter extends Module {
  override state = {
    readBursts: 0,
    writeBursts: 0,
    readBeats: 0,
    writeBeats: 0,
    readHeld: 0,
    writeHeld: 0,
    bursts: null as BurstTransactions['state'] | null,
  };
  private bursts: BurstTransactions | null = null;
  private link: AxiPort | null = null;
  private readonly clock: Clock;
  private readonly arValid: Signal;
  private readonly arReady: Signal;
  private readonly awValid: Signal;
  private readonly awReady: Signal;
  private readonly rValid: Signal;
  private readonly rReady: Signal;
  private readonly wValid: Signal;
  private readonly wReady: Signal;

  constructor(parent: Module | Simulator, name: string, { clock }: { readonly clock: Clock }) {
    super(parent, name);
    this.clock = clock;
    this.arValid = this.input('ar_valid', bool);
    this.arReady = this.input('ar_ready', bool);
    this.awValid = this.input('aw_valid', bool);
    this.awReady = this.input('aw_ready', bool);
    this.rValid = this.input('r_valid', bool);
    this.rReady = this.input('r_ready', bool);
    this.wValid = this.input('w_valid', bool);
    this.wReady = this.input('w_ready', bool);
    this.probe('read_beats', uint(53), () => this.state.readBeats);
    this.probe('write_beats', uint(53), () => this.state.writeBeats);
  }

  /** Listens to the link of a port; once. @throws WiringError */
  attach(link: AxiPort): void {
    const { ar, aw, r, w, b } = link;
    this.link = link;
    this.bursts = new BurstTransactions(this.sim, this.path, link);
    this.state.bursts = this.bursts.state;
    this.edge(this.clock, this.tick, [this.arValid, this.awValid, this.rValid, this.wValid, b.valid]);
    connect(ar.valid, this.arValid);
    connect(ar.ready, this.arReady);
    connect(aw.valid, this.awValid);
    connect(aw.ready, this.awReady);
    connect(r.valid, this.rValid);
    connect(r.ready, this.rReady);
    connect(w.valid, this.wValid);
    connect(w.ready, this.wReady);
  }

  get counts(): AxiLinkCounts {
    const { bursts: _, ...counts } = this.state;
    return counts;
  }

  private tick(): boolean {
    const s = this.state;
    const ar = this.arValid.value !== 0;
    const aw = this.awValid.value !== 0;
    const r = this.rValid.value !== 0;
    const w = this.wValid.value !== 0;
    const b = this.link!.b.valid.value !== 0;
    const bursts = this.bursts!;
    if (b && this.link!.b.ready.value !== 0) bursts.writeResponse();
    if (ar && this.arReady.value !== 0) {
      s.readBursts += 1;
      bursts.readAddress();
    }
    if (aw && this.awReady.value !== 0) {
      s.writeBursts += 1;
      bursts.writeAddress();
    }
    if (r) {
      if (this.rReady.value !== 0) {
        s.readBeats += 1;
        bursts.readBeat();
      } else s.readHeld += 1;
    }
    if (w) {
      if (this.wReady.value !== 0) {
        s.writeBeats += 1;
        bursts.writeBeat();
      } else s.writeHeld += 1;
    }
    return ar || aw || r || w || b;
  }
}
