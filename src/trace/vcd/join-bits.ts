import type { WaveChange, WaveFile, WaveSelection, WaveSignal } from '../waves.js';
import { type BitRange, rangeWidth, splitRange } from './names.js';

/** A bus, or a signal that stays as it is: then one part. */
interface Joined {
  readonly signal: WaveSignal;
  /** Places in the file below, most significant first. */
  readonly parts: readonly number[];
}

/**
 * The same run with the buses whole that the file has in bits or slices: `data[0]`, `data[1]`, `data[7:2]` become `data` of 8 bits.
 *
 * Bits and slices of one name are joined when there are two or more, of which no bit is missing or there twice, and no signal has the
 * bare name already; the bus stands where its first part did, and nothing else changes. Bit 0 is the least significant unless
 * a slice counts upwards, `[0:3]`. A bus has a value as soon as one part has; parts without one are x. What changes at one time in a
 * bus is one change, after all other changes of that time.
 */
export function joinBits(waves: WaveFile): WaveFile {
  const joined = join(waves.signals);
  return joined.length === waves.signals.length ? waves : new JoinedFile(waves, joined);
}

class JoinedFile implements WaveFile {
  readonly signals: readonly WaveSignal[];

  constructor(
    private readonly waves: WaveFile,
    private readonly joined: readonly Joined[],
  ) {
    this.signals = joined.map(({ signal }) => signal);
  }

  get name(): string {
    return this.waves.name;
  }
  get unitFs(): number {
    return this.waves.unitFs;
  }
  get clocks(): WaveFile['clocks'] {
    return this.waves.clocks;
  }
  get begin(): number {
    return this.waves.begin;
  }
  get end(): number {
    return this.waves.end;
  }
  get damage(): string | null {
    return this.waves.damage;
  }

  *changes({ signals, from = this.begin, to = this.end }: WaveSelection = {}): Iterable<WaveChange> {
    const chosen = signals ?? this.signals.map((_, place) => place);
    const instant = new Instant(this.waves.signals, this.joined, chosen);
    const below = chosen.flatMap((place) => this.joined[place]!.parts);
    let now = from;
    for (const change of this.waves.changes({ signals: below, from, to })) {
      if (change.time !== now) {
        yield* instant.settle(now, now === from);
        now = change.time;
      }
      instant.add(change);
    }
    yield* instant.settle(now, now === from);
  }

  close(): void {
    this.waves.close();
  }
}

/** The changes of one time, and the value of every bus. */
class Instant {
  /** By place in the file below: the places of the joined signals. */
  private readonly owners = new Map<number, number>();
  private readonly values = new Map<number, string>();
  /** Buses that changed, and what they were last told to be. */
  private readonly dirty = new Set<number>();
  private readonly told = new Map<number, string>();
  private passed: WaveChange[] = [];

  constructor(
    private readonly below: readonly WaveSignal[],
    private readonly joined: readonly Joined[],
    chosen: readonly number[],
  ) {
    for (const place of chosen) for (const part of joined[place]!.parts) this.owners.set(part, place);
  }

  add({ time, signal, value }: WaveChange): void {
    const owner = this.owners.get(signal)!;
    if (this.joined[owner]!.parts.length === 1) this.passed.push({ time, signal: owner, value });
    else {
      this.values.set(signal, value as string);
      this.dirty.add(owner);
    }
  }

  /** All changes of the time; `first` when they are the values at the beginning, which come in order of signals. */
  settle(time: number, first: boolean): readonly WaveChange[] {
    const changes = this.passed;
    this.passed = [];
    for (const bus of [...this.dirty].sort((a, b) => a - b)) {
      const value = this.joined[bus]!.parts.map(
        (part) => this.values.get(part) ?? 'x'.repeat(this.below[part]!.width),
      ).join('');
      if (this.told.get(bus) === value) continue;
      this.told.set(bus, value);
      changes.push({ time, signal: bus, value });
    }
    this.dirty.clear();
    const isEvent = ({ signal }: WaveChange): number =>
      this.joined[signal]!.signal.kind === 'event' ? 1 : 0;
    return first ? changes.sort((a, b) => isEvent(a) - isEvent(b) || a.signal - b.signal) : changes;
  }
}

interface Part {
  readonly place: number;
  readonly range: BitRange;
}

function join(signals: readonly WaveSignal[]): Joined[] {
  const paths = new Set(signals.map(({ path }) => path));
  const buses = new Map<string, Part[]>();
  signals.forEach(({ path, kind, width }, place) => {
    if (kind !== 'bits') return;
    const { name, range } = splitRange(path);
    if (range === null || rangeWidth(range) !== width || paths.has(name)) return;
    const parts = buses.get(name);
    if (parts === undefined) buses.set(name, [{ place, range }]);
    else parts.push({ place, range });
  });
  const byFirst = new Map<number, Joined>();
  const others = new Set<number>();
  for (const [path, parts] of buses) {
    const places = parts.map(({ place }) => place);
    const ordered = inOrder(parts);
    if (ordered === null) continue;
    const width = parts.reduce((sum, { range }) => sum + rangeWidth(range), 0);
    const first = signals[places[0]!]!;
    byFirst.set(places[0]!, { signal: { ...first, path, width, lanes: 1, type: null }, parts: ordered });
    for (const place of places.slice(1)) others.add(place);
  }
  let wave = signals.reduce((most, signal) => Math.max(most, signal.wave + 1), 0);
  return signals.flatMap((signal, place): Joined[] => {
    if (others.has(place)) return [];
    const bus = byFirst.get(place);
    return [
      bus === undefined ? { signal, parts: [place] } : { ...bus, signal: { ...bus.signal, wave: wave++ } },
    ];
  });
}

/** The places of parts that make a whole bus, most significant first; null when they do not. */
function inOrder(parts: readonly Part[]): number[] | null {
  if (parts.length < 2) return null;
  const slices = parts.filter(({ range }) => range.left !== range.right);
  const upwards = slices.some(({ range }) => range.left < range.right);
  if (upwards && slices.some(({ range }) => range.left > range.right)) return null;
  const sign = upwards ? 1 : -1;
  const ordered = [...parts].sort((a, b) => sign * (a.range.left - b.range.left));
  for (let i = 1; i < ordered.length; i++)
    if (ordered[i]!.range.left !== ordered[i - 1]!.range.right + sign) return null;
  return ordered.map(({ place }) => place);
}
