import { energyOf } from '../components/ddr3/energy.js';
import type { Ddr3Report, LatencyReport } from '../components/ddr3/report.js';
import type { Ddr3Spec } from '../components/ddr3/spec.js';
import { BURST_CLOCKS } from '../components/ddr3/timing-table.js';
import type { MemoryCounts } from '../machines/gupta/memory-counts.js';
import type { TraceTransaction } from '../trace/mwt/transaction-table.js';
import { numberOf, type ReplaySource } from './replay-source.js';

/** Of the traffic of a layer what the DRAM's transactions tell. */
export type ChannelCounts = Pick<
  MemoryCounts,
  | 'rowHits'
  | 'rowMisses'
  | 'rowConflicts'
  | 'dramReads'
  | 'dramWrites'
  | 'activates'
  | 'readLatencySum'
  | 'readLatencyCount'
>;

/** Clocks of the bus without data by cause, up to the last burst: no event tells them. */
export type BusGaps = Readonly<Record<Exclude<keyof Ddr3Report['bus'], 'read' | 'write'>, number>>;

/** Latencies from here on share the last step of a histogram. */
const LONGEST = 65_535;
const STEP = 16;

/** Latencies of requests, each exactly. */
class Latencies {
  count = 0;
  sum = 0;
  private readonly counts = new Map<number, number>();

  add(clocks: number): void {
    this.count += 1;
    this.sum += clocks;
    this.counts.set(clocks, (this.counts.get(clocks) ?? 0) + 1);
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  get report(): LatencyReport {
    const sorted = [...this.counts].sort(([a], [b]) => a - b);
    if (sorted.length === 0)
      return { count: 0, average: 0, min: null, max: null, p50: null, p95: null, p99: null, histogram: [] };
    const max = sorted.at(-1)![0];
    const part = (share: number): number => {
      let left = Math.ceil(share * this.count);
      for (const [clocks, count] of sorted) {
        left -= count;
        if (left <= 0 && clocks < LONGEST) return clocks;
      }
      return max;
    };
    const steps = new Map<number, number>();
    for (const [clocks, count] of sorted) {
      const from = STEP * Math.floor(Math.min(clocks, LONGEST) / STEP);
      steps.set(from, (steps.get(from) ?? 0) + count);
    }
    const histogram = [...steps].map(([from, count]) => ({ from, to: from + STEP, count }));
    const { count, average } = this;
    return {
      count,
      average,
      min: sorted[0]![0],
      max,
      p50: part(0.5),
      p95: part(0.95),
      p99: part(0.99),
      histogram,
    };
  }
}

/** A bank, as far as commands tell. */
interface Bank {
  accesses: number;
  /** A row was closed for the request that opens it next. */
  conflict: boolean;
  /** Earliest clock at which it can be precharged. */
  closable: number;
}

/** Clocks in which a rank has a row open. */
class RankOpen {
  private open = 0;
  private from = 0;
  private until = 0;
  private clocks = 0;

  activate(clock: number): void {
    if (this.open === 0) this.from = Math.max(clock, this.until);
    this.open += 1;
  }

  close(clock: number): void {
    this.until = Math.max(this.until, clock);
    this.open -= 1;
    if (this.open === 0) this.clocks += Math.max(0, this.until - this.from);
  }

  upTo(clock: number): number {
    return this.clocks + (this.open > 0 ? Math.max(0, clock - this.from) : 0);
  }
}

/** A DDR3 channel as its transactions tell of it, told one by one in their order. */
export class ReplayedChannel {
  private readonly banks = new Map<number, Bank>();
  private readonly ranks = new Map<number, RankOpen>();
  private readonly reads = new Latencies();
  private readonly writes = new Latencies();
  private readonly commands = { ACT: 0, PRE: 0, RD: 0, WR: 0, REF: 0, autoPRE: 0 };
  private readonly rows = { hits: 0, misses: 0, conflicts: 0 };
  private forwarded = 0;
  private mergedReads = 0;
  private mergedWrites = 0;
  private lastDone = 0;
  private busEnd = 0;

  constructor(
    private readonly source: ReplaySource,
    private readonly spec: Ddr3Spec,
  ) {}

  /** What is counted up to now. */
  get counts(): ChannelCounts {
    const { rows, commands, reads } = this;
    return {
      rowHits: rows.hits,
      rowMisses: rows.misses,
      rowConflicts: rows.conflicts,
      dramReads: commands.RD,
      dramWrites: commands.WR,
      activates: commands.ACT,
      readLatencySum: reads.sum,
      readLatencyCount: reads.count,
    };
  }

  /** @throws ReplayError for a transaction without what its kind has */
  add(transaction: TraceTransaction): void {
    const what = transaction.kind.slice('dram.'.length);
    switch (what) {
      case 'read':
      case 'write':
        this.request(transaction, what === 'write');
        return;
      case 'RD':
      case 'RDA':
      case 'WR':
      case 'WRA':
        this.burst(transaction, what.startsWith('W'), what.endsWith('A'));
        return;
      default:
        this.rowCommand(transaction, what);
    }
  }

  private request(transaction: TraceTransaction, write: boolean): void {
    const { attributes, endAttributes, end } = transaction;
    if (attributes['merged'] === true) {
      if (write) this.mergedWrites += 1;
      else this.mergedReads += 1;
    }
    if (end === null) return;
    if (endAttributes['forwarded'] === true) this.forwarded += 1;
    const done = this.number(transaction, 'done');
    (write ? this.writes : this.reads).add(done - this.number(transaction, 'clock'));
    this.lastDone = Math.max(this.lastDone, done);
  }

  private burst(transaction: TraceTransaction, write: boolean, auto: boolean): void {
    const { timing } = this.spec;
    const clock = this.number(transaction, 'clock');
    const bank = this.bank(transaction);
    if (bank.accesses > 0) this.rows.hits += 1;
    else if (bank.conflict) this.rows.conflicts += 1;
    else this.rows.misses += 1;
    bank.accesses += 1;
    bank.conflict = false;
    const after = write ? timing.CWL + BURST_CLOCKS + timing.tWR : timing.tRTP;
    bank.closable = Math.max(bank.closable, clock + after);
    this.busEnd = clock + (write ? timing.CWL : timing.CL) + BURST_CLOCKS;
    if (write) this.commands.WR += 1;
    else this.commands.RD += 1;
    if (!auto) return;
    this.commands.autoPRE += 1;
    this.rank(transaction).close(bank.closable);
  }

  private rowCommand(transaction: TraceTransaction, what: string): void {
    const clock = this.number(transaction, 'clock');
    if (what === 'REF') {
      this.commands.REF += 1;
      return;
    }
    const bank = this.bank(transaction);
    if (what === 'ACT') {
      this.commands.ACT += 1;
      bank.accesses = 0;
      bank.closable = clock + this.spec.timing.tRAS;
      this.rank(transaction).activate(clock);
      return;
    }
    this.commands.PRE += 1;
    if (transaction.attributes['conflict'] === true) bank.conflict = true;
    this.rank(transaction).close(clock);
  }

  private number(transaction: TraceTransaction, name: string): number {
    return numberOf(this.source, transaction, name);
  }

  private rank(transaction: TraceTransaction): RankOpen {
    const rank = this.number(transaction, 'rank');
    let state = this.ranks.get(rank);
    if (state === undefined) this.ranks.set(rank, (state = new RankOpen()));
    return state;
  }

  private bank(transaction: TraceTransaction): Bank {
    const key = this.number(transaction, 'rank') * this.spec.banks + this.number(transaction, 'bank');
    let state = this.banks.get(key);
    if (state === undefined) this.banks.set(key, (state = { accesses: 0, conflict: false, closable: 0 }));
    return state;
  }

  /** The figures of the whole run. */
  report(gaps: BusGaps): Ddr3Report {
    const { spec, commands, rows, reads, writes, lastDone: clocks } = this;
    const seconds = (clocks * spec.clockNs) / 1e9;
    const bytes = (reads.count + writes.count) * spec.burstBytes;
    const accesses = rows.hits + rows.misses + rows.conflicts;
    const bus = {
      read: commands.RD * BURST_CLOCKS,
      write: commands.WR * BURST_CLOCKS,
      ...gaps,
      idle: gaps.idle + Math.max(0, clocks - this.busEnd),
    };
    const energy = this.energy(clocks);
    return {
      clocks,
      clockHz: spec.clock.num / spec.clock.den,
      seconds,
      bytes,
      bandwidthGBps: ratio(bytes, seconds * 1e9),
      peakGBps: (2 * (spec.channelBits / 8)) / spec.clockNs,
      rowHitRate: ratio(rows.hits, accesses),
      rowHits: rows.hits,
      rowMisses: rows.misses,
      rowConflicts: rows.conflicts,
      averageReadLatencyClocks: reads.average,
      averageWriteLatencyClocks: writes.average,
      controllerOverheadClocks: spec.overheadClocks,
      readLatency: reads.report,
      writeLatency: writes.report,
      commands: { ...commands },
      forwardedReads: this.forwarded,
      mergedReads: this.mergedReads,
      mergedWrites: this.mergedWrites,
      bus,
      busUtilisation: ratio(bus.read + bus.write, clocks),
      energyNanojoules: energy,
      averagePowerMilliwatts: ratio(energy.total * 1e-6, seconds),
    };
  }

  private energy(clocks: number): Ddr3Report['energyNanojoules'] {
    const { spec, commands } = this;
    const activeClocks = [...this.ranks.values()].reduce((sum, rank) => sum + rank.upTo(clocks), 0);
    const counts = {
      activates: commands.ACT,
      reads: commands.RD,
      writes: commands.WR,
      refreshes: commands.REF,
      activeClocks,
      idleClocks: Math.max(0, spec.ranks * clocks - activeClocks),
    };
    return energyOf(counts, spec.currents, spec.timing, spec.devices, spec.clockNs);
  }
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
