import type { Ddr3Spec } from '../components/ddr3/spec.js';
import type { Ddr3Report } from '../components/ddr3/report.js';
import { BURST_LENGTH } from '../components/ddr3/timing-table.js';
import type { MemoryCounts } from '../machines/gupta/memory-counts.js';
import type { GuptaSpec } from '../machines/gupta/spec.js';
import type { AxiDocument, Ddr3Document, MemoryDocument } from './run-document.js';

/** Sums over `runs` images of what a layer moved, and the cycles that it took for it. */
export interface MemoryTally {
  readonly runs: number;
  readonly cycles: number;
  readonly bytesRead: number;
  readonly weightBytesRead: number;
  readonly activationBytesRead: number;
  readonly bytesWritten: number;
  readonly memory: MemoryCounts;
}

/** Clocks of the data bus that one command fills. */
const BURST_CLOCKS = BURST_LENGTH / 2;

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Means per image of a layer's traffic, at the DDR3 and on the AXI link. `dram` null: an ideal memory. */
export function layerMemory(
  machine: GuptaSpec,
  dram: Ddr3Spec | null,
  tally: MemoryTally,
): { ddr3: Ddr3Document; axi: AxiDocument } {
  const runs = Math.max(1, tally.runs);
  const mean = (value: number): number => Math.round(value / runs);
  const { memory } = tally;
  const seconds = tally.cycles / machine.clockHz;
  const linkCycles = seconds * (machine.memory.clockHz ?? machine.clockHz);
  const { rowHits, rowMisses, rowConflicts } = memory;
  const accesses = rowHits + rowMisses + rowConflicts;
  return {
    ddr3: {
      bytesRead: mean(tally.bytesRead),
      weightBytesRead: mean(tally.weightBytesRead),
      activationBytesRead: mean(tally.activationBytesRead),
      bytesWritten: mean(tally.bytesWritten),
      bandwidthGBps: ratio(tally.bytesRead + tally.bytesWritten, seconds * 1e9),
      banks:
        dram === null
          ? null
          : {
              rowHits: mean(rowHits),
              rowMisses: mean(rowMisses),
              rowConflicts: mean(rowConflicts),
              rowHitRate: accesses === 0 ? null : rowHits / accesses,
              activates: mean(memory.activates),
              averageReadLatencyClocks:
                memory.readLatencyCount === 0 ? null : memory.readLatencySum / memory.readLatencyCount,
              busUtilisation: ratio(
                BURST_CLOCKS * (memory.dramReads + memory.dramWrites),
                (seconds * dram.clock.num) / dram.clock.den,
              ),
            },
    },
    axi: {
      readBursts: mean(memory.readBursts),
      writeBursts: mean(memory.writeBursts),
      readBeats: mean(memory.readBeats),
      writeBeats: mean(memory.writeBeats),
      readHeld: mean(memory.readHeld),
      writeHeld: mean(memory.writeHeld),
      readUtilisation: ratio(memory.readBeats, linkCycles),
      writeUtilisation: ratio(memory.writeBeats, linkCycles),
    },
  };
}

/** The off-chip side of a run: what it is made of, and what its DDR3 channel has done in all; null for an ideal memory. */
export function memoryDocument(
  machine: GuptaSpec,
  channel: { readonly spec: Ddr3Spec; readonly report: Ddr3Report } | null,
): MemoryDocument {
  const { model, axiBits, clockHz } = machine.memory;
  const axiHz = clockHz ?? machine.clockHz;
  return {
    model,
    axi: { bits: axiBits, clockHz: axiHz, peakGBps: ((axiBits / 8) * axiHz) / 1e9 },
    ddr3:
      channel === null
        ? null
        : { speed: channel.spec.speed, channelBits: channel.spec.channelBits, ...channel.report },
  };
}
