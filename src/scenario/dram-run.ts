import type { Ddr3Listener } from '../components/ddr3/commands.js';
import { Ddr3Controller } from '../components/ddr3/controller.js';
import { ddr3Report, ddr3Settings, type LatencyReport } from '../components/ddr3/report.js';
import type { RequestTrace } from '../components/ddr3/request-trace.js';
import type { Ddr3Spec } from '../components/ddr3/spec.js';
import {
  type CheckerLimits,
  checkerLimits,
  Ddr3TimingChecker,
  violationText,
} from '../components/ddr3/timing-checker.js';
import { TraceRun } from '../components/ddr3/trace-run.js';
import type { DramDocument } from './dram-document.js';

/** Violations that a document lists; further ones are counted. */
const LISTED = 100;

export interface DramRunSpec {
  readonly spec: Ddr3Spec;
  readonly trace: RequestTrace;
  /** Name of the trace for the document. */
  readonly name: string;
  /** Has a timing checker watch every command. */
  readonly check?: boolean;
  /** Told every command; see Ddr3Listener. */
  readonly onCommand?: NonNullable<Ddr3Listener['command']>;
}

/**
 * A request trace through the DDR3 controller alone. Call {@link advance} until it says true, then {@link document}; in
 * between, or after stopping early, the document covers what is done by then.
 */
export class DramRun {
  private readonly controller: Ddr3Controller;
  private readonly run: TraceRun;
  private readonly checker: Ddr3TimingChecker | null;
  private done = false;

  constructor(private readonly what: DramRunSpec) {
    const { spec, trace, check = false, onCommand } = what;
    this.controller = new Ddr3Controller(spec);
    this.checker = check ? new Ddr3TimingChecker(limitsOf(spec)) : null;
    const { checker } = this;
    if (checker !== null || onCommand !== undefined)
      this.controller.listener = {
        command: (cycle, command, rank, bank, row, col) => {
          checker?.command(cycle, command, rank, bank, row, col);
          onCommand?.(cycle, command, rank, bank, row, col);
        },
      };
    this.run = new TraceRun(this.controller, trace);
  }

  /** Requests accepted so far. */
  get accepted(): number {
    return this.run.accepted;
  }

  /** Accepts up to `requests` more. Returns whether every request of the trace is done. */
  advance(requests: number): boolean {
    this.done = this.run.advance(requests);
    return this.done;
  }

  document(): DramDocument {
    const { controller, checker, what } = this;
    const { spec, name } = what;
    checker?.finish(controller.statistics.lastDone, spec.refresh === 'off' ? 0 : spec.ranks);
    const report = ddr3Report(controller);
    const { readLatency, writeLatency } = report;
    return {
      schema: 'marblewave.dram/1',
      trace: name,
      partial: !this.done,
      requests: readLatency.count + writeLatency.count,
      reads: readLatency.count,
      writes: writeLatency.count,
      ...report,
      readLatency: ownSteps(readLatency),
      writeLatency: ownSteps(writeLatency),
      config: { ...ddr3Settings(controller) },
      check:
        checker === null
          ? null
          : {
              commands: checker.commandCount,
              violations: checker.violationCount,
              listed: checker.violations.slice(0, LISTED).map(violationText),
            },
    };
  }
}

/** The same with a histogram of its own. */
function ownSteps(latency: LatencyReport): DramDocument['readLatency'] {
  return { ...latency, histogram: [...latency.histogram] };
}

/**
 * The limits that a stream of this configuration is held to: the checker's own for its speed bin and density, and what
 * the user has changed from the bin's on purpose.
 */
export function limitsOf(spec: Ddr3Spec): CheckerLimits {
  return {
    ...checkerLimits(spec.speed, spec.densityGb),
    ...spec.changed,
    ...(spec.refresh === 'off' ? { tREFI: 0 } : {}),
  };
}
