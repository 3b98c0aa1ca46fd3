import { nearest } from '../../kernel/near-names.js';
import { pathMatcher } from '../path-pattern.js';
import type { WaveFile, WaveSignal } from '../waves.js';
import { type SplitBus, splitBuses } from './bit-parts.js';
import { DiffError } from './errors.js';
import type { DiffOptions } from './options.js';

/** A signal of A and the one of B that it is compared with. */
export interface Pair {
  /** Name in A. */
  readonly name: string;
  readonly pathA: string;
  readonly pathB: string;
  /** As values are written. */
  readonly signal: WaveSignal;
  /** Places in the files; several, most significant first, for a bus that a file has in parts. */
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** A signal that only one run has. */
export interface Lonely {
  readonly path: string;
  readonly name: string;
}

/** Signals of one name that cannot be compared: they differ in kind or width. */
export interface Misfit {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly onlyA: readonly Lonely[];
  readonly onlyB: readonly Lonely[];
  readonly misfits: readonly Misfit[];
}

interface Candidate {
  readonly parts: readonly number[];
  readonly path: string;
  readonly signal: WaveSignal;
}

/** The names of one run. */
class Names {
  readonly names: readonly string[];
  private readonly places = new Map<string, number>();
  private readonly paths = new Map<string, number>();
  private readonly buses: ReadonlyMap<string, SplitBus>;
  /** By place: the split bus that it is part of. */
  private readonly owner = new Map<number, string>();
  readonly used = new Set<number>();

  constructor(
    readonly waves: WaveFile,
    prefix: string,
    option: string,
  ) {
    this.names = waves.signals.map(({ path }) =>
      path.startsWith(prefix) ? path.slice(prefix.length) : path,
    );
    waves.signals.forEach(({ path }, place) => {
      const name = this.names[place]!;
      const other = this.places.get(name);
      if (other !== undefined)
        throw new DiffError(
          waves.name,
          option,
          `a prefix without which all paths differ ("${waves.signals[other]!.path}" and "${path}" do not)`,
          prefix,
        );
      this.places.set(name, place);
      this.paths.set(path, place);
    });
    this.buses = splitBuses(waves.signals, this.names);
    for (const [name, { parts }] of this.buses) for (const part of parts) this.owner.set(part, name);
  }

  at(place: number): Candidate {
    const signal = this.waves.signals[place]!;
    return { parts: [place], path: signal.path, signal };
  }

  /** By path or name. */
  find(name: string): Candidate | null {
    const place = this.paths.get(name) ?? this.places.get(name);
    return place === undefined ? null : this.at(place);
  }

  bus(name: string): Candidate | null {
    const bus = this.buses.get(name);
    if (bus === undefined) return null;
    const first = this.waves.signals[bus.parts[0]!]!;
    const { path } = first;
    const signal = {
      ...first,
      path: path.slice(0, path.lastIndexOf('[')),
      width: bus.width,
      lanes: 1,
      type: null,
    };
    return { parts: bus.parts, path: signal.path, signal };
  }

  busOf(place: number): string | undefined {
    return this.owner.get(place);
  }

  left(): Lonely[] {
    return this.names.flatMap((name, place) =>
      this.used.has(place) ? [] : [{ name, path: this.waves.signals[place]!.path }],
    );
  }
}

/**
 * Finds for each signal of A its partner in B: by the map, else by name, else as a bus that one run has in bits or slices.
 *
 * @throws DiffError for a map that names what is in neither run, and for prefixes that make two signals one
 */
export function pairSignals(a: WaveFile, b: WaveFile, options: DiffOptions): Pairing {
  const { stripA = '', stripB = '', map = {}, rename = [] } = options;
  const left = new Names(a, stripA, '--strip-a');
  const right = new Names(b, stripB, '--strip-b');
  const inB = (name: string): string =>
    rename.reduce((text, { pattern, to }) => text.replace(pattern, to), name);
  const found: { name: string; a: Candidate; b: Candidate }[] = [];
  const take = (name: string, one: Candidate, other: Candidate): void => {
    for (const place of one.parts) left.used.add(place);
    for (const place of other.parts) right.used.add(place);
    found.push({ name, a: one, b: other });
  };

  for (const [from, to] of Object.entries(map)) {
    const one = left.find(from) ?? left.bus(from);
    const other = right.find(to) ?? right.bus(to);
    if (one === null) throw unknown(a, `--map ${from}`, from);
    if (other === null) throw unknown(b, `--map ${from}`, to);
    take(from, one, other);
  }
  const free = (c: Candidate | null, side: Names): c is Candidate =>
    c !== null && c.parts.every((place) => !side.used.has(place));
  for (const [place, name] of left.names.entries()) {
    if (left.used.has(place)) continue;
    const other = right.find(inB(name));
    if (free(other, right)) take(name, left.at(place), other);
  }
  for (const [place, name] of left.names.entries()) {
    if (left.used.has(place)) continue;
    const one = left.at(place);
    const whole = right.bus(inB(name));
    if (free(whole, right) && whole.signal.width === one.signal.width) {
      take(name, one, whole);
      continue;
    }
    const busName = left.busOf(place);
    if (busName === undefined) continue;
    const bus = left.bus(busName);
    const other = right.find(inB(busName)) ?? right.bus(inB(busName));
    if (free(bus, left) && free(other, right) && bus.signal.width === other.signal.width)
      take(busName, bus, other);
  }
  return settle(found, left, right);
}

function settle(
  found: readonly { name: string; a: Candidate; b: Candidate }[],
  left: Names,
  right: Names,
): Pairing {
  const pairs: Pair[] = [];
  const misfits: Misfit[] = [];
  for (const { name, a, b } of [...found].sort((p, q) => p.a.parts[0]! - q.a.parts[0]!)) {
    if (a.signal.kind !== b.signal.kind || a.signal.width !== b.signal.width)
      misfits.push({ name, a: shape(a.signal), b: shape(b.signal) });
    else {
      const typed = a.signal.type !== null || a.signal.lanes > 1 ? a.signal : { ...b.signal, path: a.path };
      pairs.push({ name, pathA: a.path, pathB: b.path, signal: typed, a: a.parts, b: b.parts });
    }
  }
  return { pairs, onlyA: left.left(), onlyB: right.left(), misfits };
}

const shape = ({ kind, width }: WaveSignal): string =>
  kind === 'bits' ? `${width} bit${width === 1 ? '' : 's'}` : kind;

/** The error for a path that no signal has, with those that are like it. */
export function unknown(waves: WaveFile, field: string, got: string): DiffError {
  const near = nearest(
    got,
    waves.signals.map(({ path }) => path),
    4,
  ).join(', ');
  return new DiffError(
    waves.name,
    field,
    'the path of a signal',
    got,
    near === '' ? '' : `; there are: ${near}`,
  );
}

/** What of a pairing is compared, and which signals that only one run has count as differences. */
export interface Selected extends Pairing {
  /** Of {@link onlyA} and {@link onlyB}: the paths that are a difference. */
  readonly missing: ReadonlySet<string>;
}

/** Restricts a pairing to patterns. @throws DiffError when a pattern fits nothing, or nothing is left to compare */
export function selectPairs(
  pairing: Pairing,
  patterns: readonly string[] | undefined,
  common: boolean,
  files: readonly [a: WaveFile, b: WaveFile],
  option = '--signals',
): Selected {
  const fits = patterns === undefined ? (): boolean => true : pathMatcher(patterns);
  const exact = new Set(patterns?.filter((p) => !p.includes('*')));
  const ofPair = ({ name, pathA, pathB }: Pair): boolean => [name, pathA, pathB].some(fits);
  const ofLonely = ({ name, path }: Lonely): boolean => fits(name) || fits(path);
  const pairs = pairing.pairs.filter(ofPair);
  const onlyA = pairing.onlyA.filter(ofLonely);
  const onlyB = pairing.onlyB.filter(ofLonely);
  const misfits = pairing.misfits.filter(({ name }) => fits(name));
  for (const pattern of patterns ?? []) {
    const one = pathMatcher([pattern]);
    const names = [
      ...pairs.flatMap(({ name, pathA, pathB }) => [name, pathA, pathB]),
      ...[...onlyA, ...onlyB].flatMap(({ name, path }) => [name, path]),
      ...misfits.map(({ name }) => name),
    ];
    if (!names.some(one)) throw unknown(files[0], option, pattern);
  }
  const asked = ({ name, path }: Lonely): boolean => !common || exact.has(name) || exact.has(path);
  const missing = new Set([...onlyA, ...onlyB].filter(asked).map(({ path }) => path));
  if (pairs.length === 0 && misfits.length === 0 && (patterns === undefined || missing.size === 0))
    throw new DiffError(
      'diff',
      'signals',
      `signals that both ${files[0].name} and ${files[1].name} have`,
      'none in common',
    );
  return { pairs, onlyA, onlyB, misfits, missing };
}
