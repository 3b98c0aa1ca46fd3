import {
  bool,
  type Clock,
  ConfigError,
  type Module,
  type Signal,
  type Simulator,
  type Wait,
} from '../../kernel/index.js';
import { ADDRESS_BITS, BOUNDARY_BYTES, BUS_LANES, ID_BITS } from './channels.js';
import type { AddressRange, Arbitration, CrossbarShape } from './interconnect-address.js';
import { ReadCrossbar } from './interconnect-read.js';
import { WriteCrossbar } from './interconnect-write.js';
import { AxiModule, type AxiPort, checkInteger, checkLanes } from './link.js';

export type { AddressRange, Arbitration } from './interconnect-address.js';

export interface AxiInterconnectSpec {
  readonly clock: Clock;
  /** Masters it serves, 1 to 16. */
  readonly masters: number;
  /** For each slave, 1 to 16, the addresses that lead to it: one range or several, none of which overlap. */
  readonly slaves: readonly (readonly AddressRange[])[];
  /** 16-bit words of the data bus, the same at all ports. Default 16 (256 bit). */
  readonly lanes?: number;
  /** Bits of the masters' IDs, 1 to 8. Default 4. The slaves' are log2 of the masters, rounded up, wider. */
  readonly idBits?: number;
  /** Who goes first to a slave, for AR and for AW: in turn, or the master of the lowest number. Default `round-robin`. */
  readonly arbitration?: Arbitration;
  /** Reads, and writes, that a master may have unanswered, 1 to 256. Default 16. */
  readonly outstanding?: number;
}

/**
 * AXI4 interconnect: N masters, M slaves, every pair connected.
 *
 * Ports    slave ports `s[i]` (channels `s_ar[i]` …) for masters, master ports `m[j]` for slaves, `rst`.
 * Does     An address leads to the slave in whose range it lies; a burst for nobody is answered DECERR (zeros, as many beats
 *          as it asks for), one such read and one such write of a master at a time. A slave sees the ID
 *          `i·2^idBits + ID` of master i: {@link outIdBits} wide. Arbitration is by burst and slave, round-robin (the
 *          master after the last served is asked first) or by fixed priority; responses go round-robin always. Same-ID
 *          order is kept by waiting: a master's burst goes to a slave only when its unanswered bursts of that ID, of its kind
 *          (read or write), all went there; those behind it wait too. W follows in AW order, at the master and at the slave, so that no
 *          two masters can wait for each other. R of different slaves for one master may alternate beat by beat where a
 *          slave pauses in mid-burst; without pauses a burst stays together.
 * Timing   Every input has a queue of 2 (`ready = count ≠ 2`), every output a register: no combinational path at all. An
 *          AR or AW accepted in cycle c is valid at its slave in c+2, when neither slave, IDs nor `outstanding` hold it up;
 *          an R or B beat likewise back. W follows no sooner than the cycle after its AW is valid, so write data
 *          accepted with or before AW in c are valid in c+3, later ones accepted in c in c+2. One transfer a cycle at every port.
 *          `outstanding` and the same-ID rule count a burst from its grant to the handshake of its last R beat, or of
 *          B; the room is there for a grant at the next edge. DECERR: the first beat is valid three cycles after the handshake
 *          of AR; B four cycles after that of AW, or three after that of the last W beat where that is later.
 * Storage  2 words at each input; by master and ID a counter and a slave number; `outstanding` slave numbers a master, and
 *          masters · `outstanding` master numbers a slave.
 * Errors   ConfigError for a parameter out of range, a range that is not of whole 4 KB pages or lies beyond 8 GiB, and two
 *          that overlap. What masters and slaves do wrong is the protocol checker's to say.
 * Source   ARM IHI 0022 (AXI4), A5 and A6; the structure is our own. Cycles and phases: docs/timing-model.md.
 */
export class AxiInterconnect extends AxiModule {
  readonly rst: Signal;
  readonly s: readonly AxiPort[];
  readonly m: readonly AxiPort[];
  /** Bits of an ID at the slaves. */
  readonly outIdBits: number;
  override state: { read: object; write: object };
  private readonly read: ReadCrossbar;
  private readonly write: WriteCrossbar;

  constructor(parent: Module | Simulator, name: string, spec: AxiInterconnectSpec) {
    super(parent, name);
    const { path } = this;
    const { clock, masters, slaves, lanes = BUS_LANES, idBits = ID_BITS, outstanding = 16 } = spec;
    const { arbitration = 'round-robin' } = spec;
    checkInteger(path, 'masters', masters, 1, 16);
    checkInteger(path, 'slaves.length', slaves.length, 1, 16);
    checkLanes(path, 'lanes', lanes);
    checkInteger(path, 'idBits', idBits, 1, 8);
    checkInteger(path, 'outstanding', outstanding, 1, 256);
    if (arbitration !== 'round-robin' && arbitration !== 'priority')
      throw new ConfigError(path, 'arbitration', '"round-robin" or "priority"', arbitration);
    const shape: CrossbarShape = {
      masters,
      slaves: slaves.length,
      idBits,
      lanes,
      map: addressMap(path, slaves),
      priority: arbitration === 'priority',
      outstanding,
    };
    this.outIdBits = idBits + Math.ceil(Math.log2(masters));
    this.rst = this.input('rst', bool);
    const outIdWidth = this.outIdBits;
    this.s = Array.from({ length: masters }, (_, i) =>
      this.slavePort('s', { clock, lanes, idBits }, `[${i}]`),
    );
    this.m = slaves.map((_, j) => this.masterPort('m', { clock, lanes, idBits: outIdWidth }, `[${j}]`));
    this.read = new ReadCrossbar(shape, this.s, this.m, outIdWidth);
    this.write = new WriteCrossbar(shape, this.s, this.m, outIdWidth);
    this.state = { read: this.read.state, write: this.write.state };
    this.edge(clock, this.tickRead, [
      this.rst,
      ...this.s.flatMap((port) => [port.ar.valid, port.r.ready]),
      ...this.m.flatMap((port) => [port.ar.ready, port.r.valid]),
    ]);
    this.edge(clock, this.tickWrite, [
      this.rst,
      ...this.s.flatMap((port) => [port.aw.valid, port.w.valid, port.b.ready]),
      ...this.m.flatMap((port) => [port.aw.ready, port.w.ready, port.b.valid]),
    ]);
  }

  override waits(): readonly Wait[] {
    return this.write.waits(this.path);
  }

  private tickRead(): boolean {
    return this.rst.value !== 0 ? this.read.reset() : this.read.tick();
  }

  private tickWrite(): boolean {
    return this.rst.value !== 0 ? this.write.reset() : this.write.tick();
  }
}

/** The ranges as a flat list of base, end and slave. @throws ConfigError */
function addressMap(path: string, slaves: readonly (readonly AddressRange[])[]): Float64Array {
  const ranges = slaves.flatMap((list, slave) =>
    list.map(({ base, bytes }, i) => ({ base, bytes, slave, field: `slaves[${slave}][${i}]` })),
  );
  for (const { base, bytes, field } of ranges) {
    const wanted = `a multiple of ${BOUNDARY_BYTES}, as no burst crosses one`;
    if (!Number.isInteger(base) || base < 0 || base % BOUNDARY_BYTES !== 0)
      throw new ConfigError(path, `${field}.base`, wanted, base);
    if (!Number.isInteger(bytes) || bytes <= 0 || bytes % BOUNDARY_BYTES !== 0)
      throw new ConfigError(path, `${field}.bytes`, `${wanted}, above 0`, bytes);
    if (base + bytes > 2 ** ADDRESS_BITS)
      throw new ConfigError(path, field, 'within 8 GiB', `an end at ${base + bytes}`);
  }
  const sorted = [...ranges].sort((a, b) => a.base - b.base);
  for (let i = 1; i < sorted.length; i++) {
    const [before, here] = [sorted[i - 1]!, sorted[i]!];
    if (here.base < before.base + before.bytes)
      throw new ConfigError(
        path,
        here.field,
        `apart from ${before.field}, which ends at ${before.base + before.bytes}`,
        `a base of ${here.base}`,
      );
  }
  return Float64Array.from(ranges.flatMap(({ base, bytes, slave }) => [base, base + bytes, slave]));
}
