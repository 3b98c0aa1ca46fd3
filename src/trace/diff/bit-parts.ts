import type { WaveSignal } from '../waves.js';
import { splitRange } from '../vcd/names.js';

/** A bus that a file has in bits or slices. */
export interface SplitBus {
  /** Places of its parts, most significant first. */
  readonly parts: readonly number[];
  readonly width: number;
}

interface Part {
  readonly place: number;
  readonly high: number;
  readonly low: number;
  readonly ascending: boolean;
}

/**
 * The buses that stand in a file as bits or slices, by name: `data[0]`, `data[1]`, `data[7:2]` are `data`. Only whole ones: bits
 * from the lowest number on without gap or overlap, one alone from 0. Bit 0 is the least significant unless slices count upwards.
 */
export function splitBuses(
  signals: readonly WaveSignal[],
  names: readonly string[],
): ReadonlyMap<string, SplitBus> {
  const groups = new Map<string, Part[]>();
  signals.forEach(({ kind, width }, place) => {
    if (kind !== 'bits') return;
    const { name, range } = splitRange(names[place]!);
    if (range === null || Math.abs(range.left - range.right) + 1 !== width) return;
    const part = {
      place,
      high: Math.max(range.left, range.right),
      low: Math.min(range.left, range.right),
      ascending: range.left < range.right,
    };
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [part]);
    else group.push(part);
  });
  const buses = new Map<string, SplitBus>();
  for (const [name, parts] of groups) {
    const bus = wholeBus(parts);
    if (bus !== null) buses.set(name, bus);
  }
  return buses;
}

function wholeBus(parts: readonly Part[]): SplitBus | null {
  const upwards = [...parts].sort((p, q) => p.low - q.low);
  if (upwards.length === 1 && upwards[0]!.low !== 0) return null;
  for (let i = 1; i < upwards.length; i++) if (upwards[i]!.low !== upwards[i - 1]!.high + 1) return null;
  const slices = parts.filter(({ low, high }) => low < high);
  const ascending = slices.some((p) => p.ascending);
  if (ascending && slices.some((p) => !p.ascending)) return null;
  const ordered = ascending ? upwards : upwards.reverse();
  return {
    parts: ordered.map(({ place }) => place),
    width: parts.reduce((sum, { low, high }) => sum + high - low + 1, 0),
  };
}
