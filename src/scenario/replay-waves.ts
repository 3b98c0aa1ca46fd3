import { Timebase } from '../kernel/index.js';
import { ReplayError, type ReplaySource } from './replay-source.js';
import type { ReplaySignals } from './replay-needs.js';

/** A layer's time, ps: its cycles are the edges after `begin`, up to and including `end`. */
export interface LayerSpan {
  readonly begin: number;
  readonly end: number;
}

/** What waves say of one layer. Traffic counts from the end of the layer before. */
export interface WaveFigures {
  /** Cycles by number of the cause. */
  readonly causes: readonly number[];
  readonly readBeats: number;
  readonly readHeld: number;
  readonly writeBeats: number;
  readonly writeHeld: number;
  readonly saturations: number;
}

/** Edges of a clock in a span of time. */
export class Edges {
  private readonly timebase: Timebase;

  /** @throws ReplayError when the trace has no such clock */
  constructor(source: ReplaySource, name: string) {
    const clock = source.clocks.find((c) => c.name === name);
    if (clock === undefined) throw new ReplayError(source.name, `no clock ${name}`);
    this.timebase = new Timebase(name, clock.hz, clock.phasePs);
  }

  /** Those up to and including a time. */
  upTo(time: number): number {
    return this.timebase.firstEdgeFrom(time + 1);
  }

  before(time: number): number {
    return this.timebase.firstEdgeFrom(time);
  }
}

/** A handshake, sampled at the edges of its clock: what an edge sees is what the wires showed before it. */
class Sampled {
  transfers = 0;
  held = 0;
  /** Transfers with the flag up. */
  flagged = 0;
  readonly bits = [0, 0, 0];
  private since = 0;

  constructor(private readonly edges: Edges) {}

  /** Counts the edges since, up to and including `time`. */
  settle(time: number): void {
    const { edges, bits } = this;
    const [valid, ready, flag] = bits;
    if (valid === 1) {
      const cycles = edges.upTo(time) - edges.upTo(this.since);
      if (ready === 0) this.held += cycles;
      else this.transfers += cycles;
      if (ready === 1 && flag === 1) this.flagged += cycles;
    }
    this.since = time;
  }
}

/** A state that holds from an edge on until it changes. */
class Held {
  readonly cycles: number[] = [];
  value = 0;
  private since = 0;

  constructor(private readonly edges: Edges) {}

  /** Counts the edges since that one, it included, up to before `time`. */
  settle(time: number): void {
    this.cycles[this.value] =
      (this.cycles[this.value] ?? 0) + this.edges.before(time) - this.edges.before(this.since);
    this.since = time;
  }
}

/** Works out from the changes of a trace what happened in each layer; layers follow each other. @throws ReplayError for signals that are missing */
export function waveFigures(
  source: ReplaySource,
  names: ReplaySignals,
  clocks: { readonly machine: string; readonly link: string },
  layers: readonly LayerSpan[],
): WaveFigures[] {
  const places = placesOf(source, names);
  const machine = new Edges(source, clocks.machine);
  const link = new Edges(source, clocks.link);
  const cause = new Held(machine);
  const read = new Sampled(link);
  const write = new Sampled(link);
  const rounded = names.rounded.map(() => new Sampled(machine));
  const sampled = [read, write, ...rounded];
  const targets = new Map<number, { readonly of: Sampled; readonly bit: number }>();
  [names.read, names.write, ...names.rounded].forEach((paths, i) =>
    paths.forEach((path, bit) => targets.set(places.get(path)!, { of: sampled[i]!, bit })),
  );
  const causePlace = places.get(names.cause)!;
  const marks = layers.flatMap(({ begin, end }) => [begin, end]);
  const totals: WaveFigures[] = [];
  /** Takes totals at the marks before a time; what changes at a mark belongs to it. */
  const passTo = (time: number): void => {
    for (let mark = marks[totals.length]; mark !== undefined && mark < time; mark = marks[totals.length]) {
      for (const each of sampled) each.settle(mark);
      cause.settle(mark + 1);
      totals.push({
        causes: cause.cycles.slice(),
        readBeats: read.transfers,
        readHeld: read.held,
        writeBeats: write.transfers,
        writeHeld: write.held,
        saturations: rounded.reduce((sum, unit) => sum + unit.flagged, 0),
      });
    }
  };
  for (const { time, signal, value } of source.changes({ signals: [causePlace, ...targets.keys()] })) {
    passTo(time);
    if (signal === causePlace) {
      cause.settle(time);
      cause.value = parseInt(value as string, 2);
    } else {
      const { of, bit } = targets.get(signal)!;
      of.settle(time);
      of.bits[bit] = value === '1' ? 1 : 0;
    }
  }
  passTo(Infinity);
  return layers.map((_, k) => since(totals[2 * k + 1]!, totals[2 * k - 1] ?? NOTHING, totals[2 * k]!));
}

const NOTHING: WaveFigures = {
  causes: [],
  readBeats: 0,
  readHeld: 0,
  writeBeats: 0,
  writeHeld: 0,
  saturations: 0,
};

/** What a layer adds: causes since its begin, the rest since the end of the one before. */
function since(end: WaveFigures, before: WaveFigures, begin: WaveFigures): WaveFigures {
  return {
    causes: end.causes.map((cycles, cause) => (cycles ?? 0) - (begin.causes[cause] ?? 0)),
    readBeats: end.readBeats - before.readBeats,
    readHeld: end.readHeld - before.readHeld,
    writeBeats: end.writeBeats - before.writeBeats,
    writeHeld: end.writeHeld - before.writeHeld,
    saturations: end.saturations - before.saturations,
  };
}

/** Places of the signals by path. @throws ReplayError */
function placesOf(source: ReplaySource, names: ReplaySignals): ReadonlyMap<string, number> {
  const places = new Map(source.signals.map(({ path }, place) => [path, place]));
  const wanted = [names.cause, ...names.read, ...names.write, ...names.rounded.flat()];
  const missing = wanted.filter((path) => !places.has(path));
  if (missing.length === 0) return places;
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  throw new ReplayError(source.name, `a trace without ${missing.slice(0, 3).join(', ')}${more}`);
}
