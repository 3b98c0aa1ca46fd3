import {
  bool,
  type Channel,
  type Clock,
  ConfigError,
  type Fields,
  Module,
  Signal,
  type Simulator,
  uint,
} from '../../kernel/index.js';
import { RESPONSE, WORD_BYTES } from './channels.js';
import { AxiProtocolError, type AxiViolation } from './errors.js';
import type { AxiPort } from './link.js';
import { type HandshakeRegisters, HandshakeWatch } from './handshake-watch.js';
import { OpenBursts } from './open-bursts.js';
import { allowedStrobes, type AxiRule, brokenBurstRule, type BrokenRule, strobesOutside } from './rules.js';

export { AXI_RULES, type AxiRule } from './rules.js';

export interface AxiProtocolCheckerSpec {
  readonly clock: Clock;
  /**
   * The channels to look at: those of a master's or a slave's port, connected or not. A link that only reads has `ar` and
   * `r`, one that only writes `aw`, `w` and `b`.
   */
  readonly link: Partial<AxiPort>;
  /** `throw` ends the run with an AxiProtocolError at the first violation; `collect` keeps them. Default `throw`. */
  readonly mode?: 'throw' | 'collect';
  /** Write beats that may come before their address: 0 or more. Default Infinity, as AXI4 sets no limit. */
  readonly dataAheadBeats?: number;
  /** Violations that `collect` keeps; further ones are only counted. Default 1000. */
  readonly keep?: number;
}

const NO_BURST = { id: null, address: null } as const;

/**
 * Protocol checker for one AXI4 link. It reads the wires and drives none of the link's, so it may sit anywhere: at a master,
 * at a slave, on a port that leads through several levels, or on the same link twice.
 *
 * Ports    `rst`, the link's reset (unconnected: 0); probe `violations`, how many there were.
 * Does     Reports each broken rule of {@link AXI_RULES} once, with rule, cycle, the path of the port at fault, ID and
 *          address: what a stalled channel shows, once a stall; a burst, when it is first shown; beats and responses, at
 *          their handshake; a response without its request, when it is first shown. It goes on after a violation: a write
 *          burst ends with its WLAST, a read burst with its RLAST, early or late. Write data are matched with addresses
 *          in AW order, whichever comes first, so data interleaved between bursts (AXI4 has no WID) show as misplaced
 *          WLASTs or as strobes outside the beat. Answers to reads of one ID in the wrong order are seen where the
 *          bursts differ in length.
 *          {@link finish} reports bursts without all their beats and writes without an answer.
 * Timing   What is wrong in cycle c is reported at the edge of c. A reset (`rst` high in c) makes it forget; VALIDs must be
 *          low in every cycle that follows one with `rst` high, and in cycle 0, which counts as the first after a reset. In the
 *          first cycle of a reset registers have not seen it yet, so VALID is free then.
 *          It sleeps while nothing on the link changes or moves. Wires that it reads take no bulk runs.
 * Errors   AxiProtocolError in the mode `throw`. ConfigError for a link without its partner channels, an unknown mode.
 * Source   ARM IHI 0022 (AXI4), A3 and A5. Cycles and phases: docs/timing-model.md.
 */
export class AxiProtocolChecker extends Module {
  readonly rst: Signal;
  override state: {
    /** 1 when the previous cycle was one of reset, or there was none. */
    fresh: number;
    count: number;
    violations: AxiViolation[];
    watches: HandshakeRegisters[];
    reads: object;
    /** Writes without a response; the data of the first `written` are complete. */
    writes: object;
    written: number;
    /** Write beats without an address: strobes, LAST, cycle. */
    ahead: Float64Array;
    aheadCount: number;
    aheadReported: number;
  };
  private readonly clock: Clock;
  private readonly link: Partial<AxiPort>;
  private readonly throws: boolean;
  private readonly dataAhead: number;
  private readonly keep: number;
  private readonly watches: readonly HandshakeWatch[];
  private readonly reads = new OpenBursts();
  private readonly writes = new OpenBursts();

  constructor(parent: Module | Simulator, name: string, spec: AxiProtocolCheckerSpec) {
    super(parent, name);
    const { path } = this;
    const { clock, link, mode = 'throw', dataAheadBeats = Infinity, keep = 1000 } = spec;
    if (mode !== 'throw' && mode !== 'collect')
      throw new ConfigError(path, 'mode', '"throw" or "collect"', mode);
    if (!(dataAheadBeats >= 0))
      throw new ConfigError(path, 'dataAheadBeats', 'a number of 0 or more', dataAheadBeats);
    if (!(keep >= 1)) throw new ConfigError(path, 'keep', 'a number of 1 or more', keep);
    const { ar, r, aw, w, b } = link;
    const reading = ar !== undefined && r !== undefined;
    const writing = aw !== undefined && w !== undefined && b !== undefined;
    const parts = [ar, r, aw, w, b].filter((c) => c !== undefined).length;
    if (parts === 0 || parts !== (reading ? 2 : 0) + (writing ? 3 : 0))
      throw new ConfigError(path, 'link', 'ar with r, or aw with w and b, or all five', Object.keys(link));
    this.clock = clock;
    this.link = link;
    this.throws = mode === 'throw';
    this.dataAhead = dataAheadBeats;
    this.keep = keep;
    this.rst = this.input('rst', bool);
    const watches: HandshakeWatch[] = [];
    for (const [label, channel] of [
      ['ar', ar],
      ['r', r],
      ['aw', aw],
      ['w', w],
      ['b', b],
    ] as const) {
      if (channel === undefined) continue;
      if (channel.clock !== clock)
        throw new ConfigError(path, 'clock', `${channel.clock.name}, that of ${channel.path}`, clock.name);
      watches.push(new HandshakeWatch(label, channel));
    }
    this.watches = watches;
    this.state = {
      fresh: 1,
      count: 0,
      violations: [],
      watches: watches.map((each) => each.state),
      reads: this.reads.state,
      writes: this.writes.state,
      written: 0,
      ahead: new Float64Array(3 * 16),
      aheadCount: 0,
      aheadReported: 0,
    };
    this.probe('violations', uint(53), () => this.state.count);
    this.edge(clock, this.tick, [
      this.rst,
      ...watches.flatMap(({ channel, fields }) => [
        channel.valid,
        channel.ready,
        ...fields.map(([, net]) => net),
      ]),
    ]);
  }

  /** What was found, in order; in the mode `throw` at most one. */
  get violations(): readonly AxiViolation[] {
    return this.state.violations;
  }

  /** Violations found, kept or not. */
  get count(): number {
    return this.state.count;
  }

  /** Where the wires of the address channels that it looks at begin. */
  get addresses(): readonly Channel[] {
    const { ar, aw } = this.link;
    return [ar, aw].flatMap((channel) =>
      channel === undefined ? [] : [channel.chain[0] as unknown as Channel],
    );
  }

  /** Reads without all their data and writes without a response. */
  get outstanding(): number {
    return this.reads.count + this.writes.count;
  }

  /**
   * Says that the run is over: whatever is still open is reported, as `missing-beats`, `missing-response` or `w-ahead`.
   * Once: what was reported is forgotten.
   */
  finish(): void {
    const { reads, writes } = this;
    const s = this.state;
    const { r, w, b } = this.link;
    while (reads.count > 0) {
      const [id, address] = [reads.id(0), reads.addr(0)];
      const problem = `wanted ${reads.len(0) + 1} beats, got ${reads.beat(0)} by the end of the run`;
      reads.remove(0);
      this.report('missing-beats', r!, id, address, problem);
    }
    while (writes.count > 0) {
      const [id, address] = [writes.id(0), writes.addr(0)];
      const done = s.written > 0;
      if (done) s.written -= 1;
      const problem = `wanted ${writes.len(0) + 1} beats, got ${writes.beat(0)} by the end of the run`;
      writes.remove(0);
      if (done)
        this.report('missing-response', b!, id, address, 'wanted a response, got none by the end of the run');
      else this.report('missing-beats', w!, id, address, problem);
    }
    const orphans = s.aheadCount;
    s.aheadCount = 0;
    if (orphans > 0)
      this.report('w-ahead', w!, null, null, `${orphans} write beats have no address by the end of the run`);
  }

  private tick(): boolean {
    const s = this.state;
    const { ar, r, aw, w, b } = this.link;
    if (s.fresh !== 0) this.checkFresh();
    if (this.rst.value !== 0) {
      const moved = s.fresh === 0;
      this.forget();
      return moved;
    }
    let moved = s.fresh !== 0;
    s.fresh = 0;
    // Answers first: they must not meet a request of their own cycle.
    for (let i = 0; i < this.watches.length; i++) {
      const watched = this.watches[i]!;
      const broken = watched.check();
      if (broken !== null) this.reportShown(broken, watched);
      if (watched.channel.fires) moved = true;
    }
    if (r !== undefined && r.valid.value !== 0) this.checkRead(r, this.watchOf('r'));
    if (b !== undefined && b.valid.value !== 0) this.checkResponse(b, this.watchOf('b'));
    if (ar !== undefined && ar.valid.value !== 0) this.checkAddress(ar, this.watchOf('ar'), this.reads);
    if (aw !== undefined && aw.valid.value !== 0) {
      this.checkAddress(aw, this.watchOf('aw'), this.writes);
      if (aw.fires) this.matchAhead();
    }
    if (w !== undefined && w.fires) this.takeWriteBeat(w);
    for (let i = 0; i < this.watches.length; i++) this.watches[i]!.hold();
    return moved;
  }

  private watchOf(label: string): HandshakeRegisters {
    for (let i = 0; i < this.watches.length; i++)
      if (this.watches[i]!.label === label) return this.watches[i]!.state;
    throw new ConfigError(this.path, 'link', `a channel ${label}`, 'none');
  }

  /** No valid may be high in the cycle after one of reset. */
  private checkFresh(): void {
    const inReset = this.rst.value !== 0;
    for (let i = 0; i < this.watches.length; i++) {
      const { channel, label, state } = this.watches[i]!;
      if (channel.valid.value === 0 || state.resetReported !== 0) continue;
      state.resetReported = 1;
      this.report(
        'valid-in-reset',
        channel,
        null,
        null,
        `wanted ${label}valid low ${inReset ? 'during reset' : 'in the first cycle after reset'}, got high`,
      );
    }
  }

  private forget(): void {
    const s = this.state;
    s.fresh = 1;
    s.written = s.aheadCount = s.aheadReported = 0;
    this.reads.clear();
    this.writes.clear();
    for (let i = 0; i < this.watches.length; i++) this.watches[i]!.state.waiting = 0;
  }

  private checkAddress(
    channel: NonNullable<AxiPort['ar']>,
    watched: HandshakeRegisters,
    open: OpenBursts,
  ): void {
    const { id, addr, len, size, burst } = channel.payload;
    if (watched.waiting === 0) {
      const broken = brokenBurstRule(addr.value, len.value, size.value, burst.value, this.busBytes);
      if (broken !== null) this.report(broken.rule, channel, id.value, addr.value, broken.problem);
    }
    // A burst of no known kind counts as INCR: beatAddress takes it so.
    if (channel.fires) open.add(id.value, addr.value, len.value, size.value, burst.value);
  }

  private get busBytes(): number {
    return (this.link.r ?? this.link.w)!.payload.data.lanes * WORD_BYTES;
  }

  /** Matches write beats that came early with the address that was just accepted, and those behind it with later ones. */
  private matchAhead(): void {
    const s = this.state;
    const count = s.aheadCount;
    let taken = 0;
    while (taken < count && s.written < this.writes.count) {
      const at = 3 * taken;
      taken += 1;
      this.writeBeat(s.ahead[at]!, s.ahead[at + 1] !== 0, s.ahead[at + 2]!);
    }
    s.ahead.copyWithin(0, 3 * taken, 3 * count);
    s.aheadCount = count - taken;
    if (s.aheadCount <= this.dataAhead) s.aheadReported = 0;
  }

  private takeWriteBeat(w: NonNullable<AxiPort['w']>): void {
    const s = this.state;
    const { cycle } = this.clock;
    if (s.written < this.writes.count) {
      this.writeBeat(w.payload.strb.value, w.payload.last.value !== 0, cycle);
      return;
    }
    const at = 3 * s.aheadCount;
    if (at === s.ahead.length) {
      const ahead = new Float64Array(at * 2);
      ahead.set(s.ahead);
      s.ahead = ahead;
    }
    s.ahead[at] = w.payload.strb.value;
    s.ahead[at + 1] = w.payload.last.value;
    s.ahead[at + 2] = cycle;
    s.aheadCount += 1;
    if (s.aheadCount > this.dataAhead && s.aheadReported === 0) {
      s.aheadReported = 1;
      const problem = `wanted at most ${this.dataAhead} write beats ahead of their address, got ${s.aheadCount}`;
      this.report('w-ahead', w, null, null, problem);
    }
  }

  /** The next beat of the first write burst whose data are not complete. */
  private writeBeat(strobes: number, last: boolean, cycle: number): void {
    const s = this.state;
    const { writes } = this;
    const w = this.link.w!;
    const i = s.written;
    const [id, len, beat, address] = [writes.id(i), writes.len(i), writes.beat(i), writes.beatAddress(i)];
    // The registers move before anything is thrown, so that a run may go on from there.
    writes.advance(i);
    if (last) s.written += 1;
    if (beat > len) {
      if (writes.noteExtra(i))
        this.report('extra-beats', w, id, address, `wanted ${len + 1} beats, got more`, cycle);
      return;
    }
    if (last !== (beat === len)) {
      const problem = `wanted wlast on beat ${len}, got ${last ? 'it' : 'none'} on beat ${beat}`;
      this.report('wlast-misplaced', w, id, address, problem, cycle);
    }
    const size = writes.size(i);
    if (2 ** size > this.busBytes) return;
    const allowed = allowedStrobes(address, size, this.busBytes);
    if (strobesOutside(strobes, allowed)) {
      const problem = `wanted strobes within 0x${allowed.toString(16)} on beat ${beat}, got 0x${strobes.toString(16)}`;
      this.report('strobe-lanes', w, id, address, problem, cycle);
    }
  }

  private checkResponse(b: NonNullable<AxiPort['b']>, watched: HandshakeRegisters): void {
    const s = this.state;
    const { writes } = this;
    const id = b.payload.id.value;
    const i = writes.find(id, 0, s.written);
    if (watched.waiting === 0 && i < 0) {
      watched.bad = 1;
      const open = writes.find(id, s.written, writes.count);
      const { aw } = this.link;
      if (open >= 0) {
        const problem = `wanted bvalid after the last of ${writes.len(open) + 1} write beats, got it after ${writes.beat(open)}`;
        this.report('b-early', b, id, writes.addr(open), problem);
      } else if (aw!.valid.value !== 0 && aw!.payload.id.value === id)
        this.report('b-early', b, id, aw!.payload.addr.value, 'wanted bvalid after awready, got it before');
      else this.report('bid-unknown', b, id, null, `wanted the ID of an unanswered write, got ${id}`);
    }
    if (!b.fires) return;
    const known = watched.bad === 0 && i >= 0;
    const address = known ? writes.addr(i) : null;
    if (known) {
      writes.remove(i);
      s.written -= 1;
    }
    if (b.payload.resp.value === RESPONSE.exOkay)
      this.report('exokay', b, id, address, 'wanted OKAY, SLVERR or DECERR, got EXOKAY');
  }

  private checkRead(r: NonNullable<AxiPort['r']>, watched: HandshakeRegisters): void {
    const { reads } = this;
    const id = r.payload.id.value;
    const i = reads.find(id, 0, reads.count);
    if (watched.waiting === 0 && i < 0) {
      watched.bad = 1;
      this.report('rid-unknown', r, id, null, `wanted the ID of an unfinished read, got ${id}`);
    }
    if (!r.fires) return;
    if (watched.bad !== 0 || i < 0) return;
    this.readBeat(r, i);
  }

  private readBeat(r: NonNullable<AxiPort['r']>, i: number): void {
    const { reads } = this;
    const id = reads.id(i);
    const beat = reads.beat(i);
    const len = reads.len(i);
    const address = reads.beatAddress(i);
    const last = r.payload.last.value !== 0;
    const extra = beat > len;
    const misplaced = !extra && last !== (beat === len);
    const other = misplaced ? this.laterRead(id, i, beat, last) : -1;
    const otherAddress = other < 0 ? 0 : reads.addr(other);
    const extraNews = extra && reads.noteExtra(i);
    if (other >= 0) reads.swap(i, other);
    reads.advance(i);
    if (last) reads.remove(i);
    if (extraNews) this.report('extra-beats', r, id, address, `wanted ${len + 1} beats, got more`);
    if (other >= 0)
      this.report(
        'read-order',
        r,
        id,
        address,
        `wanted the ${len + 1} beats of this burst, got those of the later one from 0x${otherAddress.toString(16)}`,
      );
    else if (misplaced)
      this.report(
        'rlast-misplaced',
        r,
        id,
        address,
        `wanted rlast on beat ${len}, got ${last ? 'it' : 'none'} on beat ${beat}`,
      );
    if (r.payload.resp.value === RESPONSE.exOkay)
      this.report('exokay', r, id, address, 'wanted OKAY, SLVERR or DECERR, got EXOKAY');
  }

  /** A later read of the ID whose length explains an RLAST (or none) on this beat; −1 when there is none. */
  private laterRead(id: number, i: number, beat: number, last: boolean): number {
    const { reads } = this;
    for (let j = reads.find(id, i + 1, reads.count); j >= 0; j = reads.find(id, j + 1, reads.count))
      if (last ? reads.len(j) === beat : reads.len(j) > beat) return j;
    return -1;
  }

  /** A violation of the handshake: ID and address are those shown, where the channel has them. */
  private reportShown({ rule, problem }: BrokenRule, { label, channel }: HandshakeWatch): void {
    const { ar, r, aw, b } = this.link;
    let burst: { id: number | null; address: number | null } = NO_BURST;
    if (label === 'ar') burst = { id: ar!.payload.id.value, address: ar!.payload.addr.value };
    else if (label === 'aw') burst = { id: aw!.payload.id.value, address: aw!.payload.addr.value };
    else if (label === 'r') burst = this.burstOf(r!.payload.id.value, this.reads);
    else if (label === 'b') burst = this.burstOf(b!.payload.id.value, this.writes);
    else if (this.state.written < this.writes.count)
      burst = {
        id: this.writes.id(this.state.written),
        address: this.writes.beatAddress(this.state.written),
      };
    this.report(rule, channel, burst.id, burst.address, problem);
  }

  private burstOf(id: number, open: OpenBursts): { id: number; address: number | null } {
    const i = open.find(id, 0, open.count);
    return { id, address: i < 0 ? null : open.beatAddress(i) };
  }

  private report<F extends Fields>(
    rule: AxiRule,
    channel: Channel<F>,
    id: number | null,
    address: number | null,
    problem: string,
    cycle = this.clock.cycle,
  ): void {
    const s = this.state;
    const { path } = channel.chain[0]!;
    const violation: AxiViolation = { rule, cycle, path, id, address, problem };
    s.count += 1;
    if (s.violations.length < this.keep) s.violations.push(violation);
    if (!this.throws) return;
    const who = id === null ? '' : `, ID ${id}`;
    const where = address === null ? '' : `, address 0x${address.toString(16)}`;
    throw new AxiProtocolError(path, `${rule}: ${problem}${who}${where}`, cycle, violation);
  }
}
