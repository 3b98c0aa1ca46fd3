import { Timebase } from '../../kernel/index.js';
import { pathMatcher } from '../path-pattern.js';
import type { WaveFile } from '../waves.js';
import { type Column, columnsAround } from './context.js';
import { type Controls, findControls } from './controls.js';
import type { Rule } from './equality.js';
import { DiffError } from './errors.js';
import type { Difference, Finding, Outcome } from './findings.js';
import { Instants } from './instants.js';
import type { Alignment, DiffMode, DiffOptions, XPolicy } from './options.js';
import { type Misfit, type Pair, pairSignals, type Selected, selectPairs } from './pairing.js';
import { PointByPoint } from './point-by-point.js';
import { ClockRows, type Rows, TimeRows } from './rows.js';
import { Sequences } from './sequences.js';
import { type CommonUnit, commonUnit, endOfReset, type Span, spanOf } from './span.js';

/** How two runs differ in a signal at a point. */
export interface Divergence extends Difference {
  readonly pair: Pair;
  /** Of the edge or transfer in A, else in B; aligned by time, of the signal's clock where the file knows it. */
  readonly cycle: number | null;
}

/** What was found of a signal. */
export interface SignalDiff {
  readonly pair: Pair;
  readonly compared: number;
  readonly differences: number;
  readonly undecided: number;
  readonly first: Divergence | null;
}

export interface DiffContext {
  readonly columns: readonly Column[];
  /** Of the columns: where the runs part. */
  readonly mark: number;
  /** By slot of the columns: the clock, then signals that differ. */
  readonly shown: readonly { readonly pair: Pair; readonly isClock: boolean }[];
}

/** What the longer run has beyond the end of the other. */
export interface TailDiff {
  readonly longer: 'a' | 'b';
  readonly points: number;
  readonly changes: number;
  readonly first: Divergence | null;
}

export interface WaveDiff {
  readonly same: boolean;
  readonly a: string;
  readonly b: string;
  readonly align: Alignment['by'];
  readonly mode: DiffMode;
  /** Femtoseconds of a unit of all times here. */
  readonly unitFs: number;
  /** What was compared of each. */
  readonly spanA: Span;
  readonly spanB: Span;
  /** Times with a change in either, edges or transfers in both; of sequences, points read. */
  readonly points: number;
  readonly first: Divergence | null;
  /** In order of A. */
  readonly signals: readonly SignalDiff[];
  /** Transfers too far apart in cycles. */
  readonly timing: SignalDiff | null;
  readonly tail: TailDiff | null;
  readonly misfits: readonly Misfit[];
  /** Paths that only one run has, and whether that counts as a difference. */
  readonly onlyA: readonly { readonly path: string; readonly counts: boolean }[];
  readonly onlyB: readonly { readonly path: string; readonly counts: boolean }[];
  readonly notes: readonly string[];
  readonly context: DiffContext | null;
}

/** Signals that the context shows besides the clock. */
const SHOWN = 6;

/**
 * Compares two recorded runs. Both are read once, side by side, and once more up to the first divergence for its surroundings.
 *
 * Storage  A few values a signal, whatever the length of the runs; see {@link Sequences} for the modes that match values.
 * Errors   DiffError when they cannot be compared as asked: unknown paths, nothing in common, no edge or transfer.
 */
export function diffWaves(a: WaveFile, b: WaveFile, options: DiffOptions = {}): WaveDiff {
  return new Comparison(a, b, options).run();
}

class Comparison {
  private readonly align: Alignment;
  private readonly mode: DiffMode;
  private readonly unit: CommonUnit;
  private readonly controls: Controls;
  private readonly selected: Selected;
  private readonly spanA: Span;
  private readonly spanB: Span;
  private readonly notes: string[] = [];

  constructor(
    private readonly a: WaveFile,
    private readonly b: WaveFile,
    private readonly options: DiffOptions,
  ) {
    this.align = options.align ?? { by: 'time' };
    this.mode = options.mode ?? { kind: 'strict' };
    this.unit = commonUnit(a, b);
    const pairing = pairSignals(a, b, options);
    this.controls = findControls(pairing, a, b, options);
    const payload = this.align.by === 'handshake' ? this.align.payload : undefined;
    this.selected = selectPairs(
      pairing,
      payload ?? options.signals,
      options.common ?? false,
      [a, b],
      payload === undefined ? '--signals' : '--payload',
    );
    for (const waves of [a, b])
      if (waves.damage !== null) this.notes.push(`${waves.name} is not whole: ${waves.damage}`);
    [this.spanA, this.spanB] = this.spans();
  }

  run(): WaveDiff {
    const { selected, controls, mode, align, a, b } = this;
    const rows = this.rows(selected.pairs);
    const outcome = this.compare(...rows);
    for (const side of rows) side.close();
    this.checkEdges(rows, outcome);
    const signals = selected.pairs.map((pair, slot) => this.signalDiff(pair, outcome.findings[slot]!));
    const timing = outcome.timing === null ? null : this.signalDiff(controls.valid!, outcome.timing);
    const tail = this.tailDiff(outcome);
    const divergences = [...signals.map(({ first }) => first), timing?.first ?? null, tail?.first ?? null];
    const first = earliest(divergences);
    const lonely = (list: Selected['onlyA']): { path: string; counts: boolean }[] =>
      list.map(({ path }) => ({ path, counts: selected.missing.has(path) }));
    return {
      same: first === null && selected.missing.size === 0 && selected.misfits.length === 0,
      a: a.name,
      b: b.name,
      align: align.by,
      mode,
      unitFs: this.unit.fs,
      spanA: scaled(this.spanA, this.unit.scaleA),
      spanB: scaled(this.spanB, this.unit.scaleB),
      points: outcome.points,
      first,
      signals,
      timing,
      tail,
      misfits: selected.misfits,
      onlyA: lonely(selected.onlyA),
      onlyB: lonely(selected.onlyB),
      notes: this.notes,
      context: first === null ? null : this.context(first, signals),
    };
  }

  private compare(a: Rows, b: Rows): Outcome {
    const { align, mode, selected } = this;
    const rules = this.rules();
    const handshake = align.by === 'handshake';
    if (mode.kind === 'strict' || handshake)
      return new PointByPoint(a, b, {
        rules,
        indexed: align.by !== 'time',
        everyPoint: handshake,
        maxSkew: handshake && mode.kind === 'skew' ? mode.most : null,
        transferSlot: selected.pairs.length,
      }).run();
    const unit = align.by === 'time' ? this.unit.fs : 1;
    const most = mode.kind === 'skew' ? Math.floor(mode.most / unit) : Infinity;
    return new Sequences(a, b, { rules, most }).run();
  }

  /** Both runs, with the slots of `pairs` first and the controls behind them. */
  private rows(pairs: readonly Pair[]): [Rows, Rows] {
    const { clock, valid, ready } = this.controls;
    const all = [...pairs];
    const slotOf = (pair: Pair): number => all.push(pair) - 1;
    const clockSlot = clock === null ? -1 : slotOf(clock);
    const gates = [valid, ready].flatMap((pair) => (pair === null ? [] : [slotOf(pair)]));
    const side = (waves: WaveFile, parts: number[][], span: Span, scale: number): Rows => {
      const instants = new Instants(waves, parts, span.from, span.to);
      if (clock === null) return new TimeRows(instants, scale, this.startOfBoth(), span.to * scale);
      const inclusive = span.from === waves.begin;
      return new ClockRows({ instants, scale, clock: clockSlot, from: span.from, inclusive, gates });
    };
    return [
      side(
        this.a,
        all.map((pair) => [...pair.a]),
        this.spanA,
        this.unit.scaleA,
      ),
      side(
        this.b,
        all.map((pair) => [...pair.b]),
        this.spanB,
        this.unit.scaleB,
      ),
    ];
  }

  private rules(): Rule[] {
    const { x = 'difference', xSignals = [], tolerance = 0, relative = 0 } = this.options;
    const policies = xSignals.map(({ pattern, policy }) => ({
      fits: pathMatcher([pattern]),
      policy,
      pattern,
    }));
    for (const { fits, pattern } of policies)
      if (!this.selected.pairs.some(({ name, pathA }) => fits(name) || fits(pathA)))
        throw new DiffError(this.a.name, '--x-signal', 'a pattern that fits a compared signal', pattern);
    return this.selected.pairs.map(({ name, pathA, signal: { kind, width } }) => {
      const own = policies.findLast(({ fits }) => fits(name) || fits(pathA));
      const policy: XPolicy = own?.policy ?? x;
      return { kind, width, x: policy, tolerance, relative };
    });
  }

  private spans(): [Span, Span] {
    const { a, b, options, unit, controls, align } = this;
    const { from, to, reset } = options;
    let spanA = spanOf(a, from, to);
    let spanB = spanOf(b, from, to);
    if (reset !== undefined && controls.reset !== null) {
      spanA = { ...spanA, from: endOfReset(a, controls.reset.a[0]!, reset.level, spanA) };
      spanB = { ...spanB, from: endOfReset(b, controls.reset.b[0]!, reset.level, spanB) };
    }
    if (align.by !== 'time') return [spanA, spanB];
    // One beginning for both: the later one.
    const start = Math.max(spanA.from * unit.scaleA, spanB.from * unit.scaleB);
    if (from === undefined && reset === undefined && spanA.from * unit.scaleA !== spanB.from * unit.scaleB)
      this.notes.push(`the runs begin at different times: compared from the later one on`);
    const begin = (span: Span, scale: number): Span => ({ from: Math.floor(start / scale), to: span.to });
    const both: [Span, Span] = [begin(spanA, unit.scaleA), begin(spanB, unit.scaleB)];
    for (const [i, waves] of [a, b].entries())
      if (both[i]!.from > both[i]!.to)
        throw new DiffError(
          waves.name,
          'time',
          'a span that both runs have',
          'it ends before the other begins',
        );
    return both;
  }

  /** The first time that is compared, of both, when aligned by time. */
  private startOfBoth(): number {
    return Math.max(this.spanA.from * this.unit.scaleA, this.spanB.from * this.unit.scaleB);
  }

  private checkEdges([a, b]: readonly [Rows, Rows], { points }: Outcome): void {
    const { align, controls } = this;
    if (align.by === 'time') return;
    for (const [rows, waves, pair] of [
      [a, this.a, controls.clock!.pathA],
      [b, this.b, controls.clock!.pathB],
    ] as const)
      if ((rows.cycle ?? -1) < 0)
        throw new DiffError(waves.name, '--clock', 'a signal with rising edges in what is compared', pair);
    if (points === 0 && align.by === 'handshake' && a.at < 0 && b.at < 0)
      throw new DiffError(
        this.a.name,
        '--valid',
        'a signal that is 1, with --ready, at an edge of --clock',
        align.valid,
      );
  }

  private signalDiff(pair: Pair, { compared, differences, undecided, first }: Finding): SignalDiff {
    return { pair, compared, differences, undecided, first: first && this.divergence(first, pair) };
  }

  private tailDiff({ tail }: Outcome): TailDiff | null {
    if (tail === null) return null;
    const { longer, points, changes, first } = tail;
    const pair = first && (this.selected.pairs[first.slot] ?? this.controls.valid!);
    return { longer, points, changes, first: first && this.divergence(first, pair!) };
  }

  private divergence(difference: Difference, pair: Pair): Divergence {
    const cycle = difference.cycleA ?? difference.cycleB ?? this.cycleOf(pair, difference);
    return { ...difference, pair, cycle };
  }

  /** Where the file knows the signal's clock: the edge at or before the time. */
  private cycleOf(pair: Pair, { timeA, timeB }: Pick<Difference, 'timeA' | 'timeB'>): number | null {
    const time = timeA ?? timeB;
    if (time === null) return null;
    for (const [waves, place] of [
      [this.a, pair.a[0]!],
      [this.b, pair.b[0]!],
    ] as const) {
      const clock = waves.clocks.find(({ name }) => name === waves.signals[place]!.clock);
      if (clock === undefined) continue;
      const ps = Math.floor((time * this.unit.fs) / 1000);
      return new Timebase(clock.name, clock.hz, clock.phasePs).firstEdgeFrom(ps + 1) - 1;
    }
    return null;
  }

  private context(first: Divergence, signals: readonly SignalDiff[]): DiffContext {
    const { clock, valid } = this.controls;
    const most = this.options.context ?? 8;
    const differing = signals
      .filter((s) => s.first !== null)
      .sort((s, t) => s.first!.at - t.first!.at)
      .map(({ pair }) => pair);
    // Of a transfer that one run has not, all there is to show are the others.
    const main = first.pair === valid ? signals.map(({ pair }) => pair) : [first.pair];
    const others = [...new Set([...main, ...differing])].filter((pair) => pair !== clock).slice(0, SHOWN);
    const shown = [
      ...(clock === null || valid !== null ? [] : [{ pair: clock, isClock: true }]),
      ...others.map((pair) => ({ pair, isClock: false })),
    ];
    const pairs = shown.map(({ pair }) => pair);
    const [a, b] = this.rows(pairs);
    const isEvent = pairs.map(({ signal }) => signal.kind === 'event');
    const columns = columnsAround(a, b, isEvent, first.at, most);
    const mark = columns.findLastIndex(({ at }) => at <= first.at);
    return { columns, mark, shown };
  }
}

function earliest(divergences: readonly (Divergence | null)[]): Divergence | null {
  let first: Divergence | null = null;
  for (const one of divergences) if (one !== null && (first === null || one.at < first.at)) first = one;
  return first;
}

const scaled = ({ from, to }: Span, scale: number): Span => ({ from: from * scale, to: to * scale });
