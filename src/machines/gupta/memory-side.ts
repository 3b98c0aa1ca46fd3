import { type Clock, Module, type Simulator } from '../../kernel/index.js';
import { BUS_LANES, ID_BITS, WORD_BYTES } from '../../components/axi/channels.js';
import { AxiClockCrossing } from '../../components/axi/clock-crossing.js';
import { type AxiLinkCounts, AxiLinkMeter } from '../../components/axi/link-meter.js';
import { AxiModule, type AxiPort, connectAxi } from '../../components/axi/link.js';
import { AxiWidthConverter } from '../../components/axi/width-converter.js';
import { AxiMemory } from '../../components/ddr3/axi-memory.js';
import { Ddr3, ddr3Clock } from '../../components/ddr3/ddr3.js';
import type { MemorySpec } from './memory-spec.js';

export interface MemorySideSpec {
  /** Clock of the link. */
  readonly clock: Clock;
  /** The same, Hz: what a bandwidth is a fraction of. */
  readonly clockHz: number;
  readonly memory: MemorySpec;
}

/**
 * Everything beyond the machine's AXI port, as it is on the board:
 *
 *     s (256 bit) ──► width (to 128 or 64 bit, if so) ──► link, with its meter ──► crossing ──► ddr3
 *
 * with `ddr3` in the clock of its DRAM; or the same with `ideal`, a memory of one latency and one bandwidth, in the clock of
 * the link, without a crossing.
 *
 * Ports    slave port `s`, 256 bit, IDs of 4 bits, in the clock of the link.
 * Timing   That of its parts: AxiWidthConverter, AxiClockCrossing, Ddr3 or AxiMemory. Cycles and phases:
 *          docs/timing-model.md.
 * Errors   ConfigError for a configuration that the DDR3 refuses.
 * Source   Gupta et al. 2015, section 5 (AXI to DDR3); the board: 256 bit at 200 MHz, 6.4 GB/s.
 */
export class MemorySide extends AxiModule {
  readonly s: AxiPort;
  readonly meter: AxiLinkMeter;
  readonly memory: AxiMemory | Ddr3;

  constructor(parent: Module | Simulator, name: string, spec: MemorySideSpec) {
    super(parent, name);
    const { clock, memory } = spec;
    const lanes = memory.axiBits / 8 / WORD_BYTES;
    this.s = this.slavePort('s', { clock, lanes: BUS_LANES, idBits: ID_BITS });
    this.meter = this.child('meter', (p, c) => new AxiLinkMeter(p, c, { clock }));
    let link = this.s;
    if (lanes !== BUS_LANES) {
      const width = this.child(
        'width',
        (p, c) => new AxiWidthConverter(p, c, { clock, sLanes: BUS_LANES, mLanes: lanes }),
      );
      connectAxi(this.s, width.s);
      link = width.m;
    }
    this.meter.attach(link);
    if (memory.model === 'ideal') {
      const ideal = this.child(
        'ideal',
        (p, c) =>
          new AxiMemory(p, c, {
            clock,
            lanes,
            latencyCycles: memory.latencyCycles,
            writeLatencyCycles: memory.writeLatencyCycles,
            bandwidthBytesPerCycle: { num: memory.bytesPerSecond, den: spec.clockHz },
            outstanding: memory.outstanding,
          }),
      );
      connectAxi(link, ideal);
      this.memory = ideal;
      return;
    }
    const { ddr3: config } = memory;
    const dram = this.sim.clock('ddr3', ddr3Clock(config));
    const crossing = this.child(
      'crossing',
      (p, c) => new AxiClockCrossing(p, c, { sClock: clock, mClock: dram, lanes }),
    );
    const ddr3 = this.child(
      'ddr3',
      (p, c) => new Ddr3(p, c, { clock: dram, lanes, outstanding: memory.outstanding, config }),
    );
    connectAxi(link, crossing.s);
    connectAxi(crossing.m, ddr3);
    this.memory = ddr3;
  }

  /** The DDR3 channel; null where an ideal memory stands in its place. */
  get ddr3(): Ddr3 | null {
    return this.memory instanceof Ddr3 ? this.memory : null;
  }

  /** What crossed the link so far. */
  get link(): AxiLinkCounts {
    return this.meter.counts;
  }

  /** Bytes that read beats carried at the memory. */
  get bytesRead(): number {
    return this.memory.bytesRead;
  }

  /** Bytes stored. */
  get bytesWritten(): number {
    return this.memory.bytesWritten;
  }

  /** Puts words into the memory at once. @param address byte address, even. @throws ConfigError */
  load(address: number, words: Int16Array): void {
    this.memory.load(address, words);
  }

  /** A copy of what a read would give now. @param address byte address, even; @param words how many. @throws ConfigError */
  dump(address: number, words: number): Int16Array {
    return this.memory.dump(address, words);
  }
}
