import { timeText } from '../time-text.js';
import { valueText } from '../value-text.js';
import type { Divergence, WaveDiff } from './diff-waves.js';
import type { SlotValue } from './instants.js';
import type { Pair } from './pairing.js';

/** A divergence in one line: `top.data in cycle 12 (125 ns): A 0x1f, B 0x20`. */
export function divergenceText(diff: WaveDiff, divergence: Divergence): string {
  const { pair } = divergence;
  return `${pair.name} ${placeText(diff, divergence)}: ${valuesText(diff, divergence)}`;
}

/** Where it is: `in cycle 12 (A 125 ns, B 250 ns)`. */
export function placeText(diff: WaveDiff, { at, cycle, timeA, timeB, cycleA, cycleB }: Divergence): string {
  const time = timesText(diff, timeA, timeB);
  if (diff.align === 'clock') return `in cycle ${at} (${time})`;
  if (diff.align === 'time') return `at ${time}${cycle === null ? '' : `, cycle ${cycle}`}`;
  const cycles =
    cycleA === cycleB
      ? `cycle ${cycleA}`
      : [cycleA === null ? '' : `A cycle ${cycleA}`, cycleB === null ? '' : `B cycle ${cycleB}`]
          .filter((text) => text !== '')
          .join(', ');
  return `in transfer ${at} (${cycles}, ${time})`;
}

function timesText({ unitFs }: WaveDiff, a: number | null, b: number | null): string {
  if (a === b || b === null) return timeText(a ?? 0, unitFs);
  return a === null ? timeText(b, unitFs) : `A ${timeText(a, unitFs)}, B ${timeText(b, unitFs)}`;
}

function valuesText({ align }: WaveDiff, { what, pair, a, b, timeA }: Divergence): string {
  if (what === 'cycle') return `A in cycle ${a}, B in cycle ${b}`;
  const [one, other] = [valueText(pair.signal, a), valueText(pair.signal, b)];
  if (what === 'missing') {
    if (align === 'handshake') return `a transfer that only ${timeA === null ? 'B' : 'A'} has`;
    return timeA === null ? `only B goes to ${other}, A has ${one}` : `only A goes to ${one}, B has ${other}`;
  }
  return `A ${one}, B ${other}${lanesText(pair, a, b)}`;
}

/** Which lanes of a vector differ. */
function lanesText({ signal }: Pair, a: SlotValue, b: SlotValue): string {
  if (signal.lanes < 2 || typeof a !== 'string' || typeof b !== 'string') return '';
  const width = signal.width / signal.lanes;
  const lane = (value: string, i: number): string =>
    value.slice((signal.lanes - 1 - i) * width).slice(0, width);
  const different = Array.from({ length: signal.lanes }, (_, i) => i).filter(
    (i) => lane(a, i) !== lane(b, i),
  );
  return `; lane${different.length === 1 ? '' : 's'} ${different.join(', ')}`;
}

/** What the longer run has beyond the end of the other, if it does; null when nothing is there to tell. */
export function tailText({ tail, align }: WaveDiff): string | null {
  if (tail === null) return null;
  const unit = { time: 'time', clock: 'edge', handshake: 'transfer' }[align];
  const points = `${tail.points} ${unit}${tail.points === 1 ? '' : 's'}`;
  const run = tail.longer.toUpperCase();
  return `${run} goes on for ${points} with ${tail.changes} change${tail.changes === 1 ? '' : 's'} where ${run === 'A' ? 'B' : 'A'} has ended`;
}

/** How the runs were compared: `at 120 edges, strict`. */
export function methodText({ align, mode, points }: WaveDiff): string {
  const unit = { time: 'times', clock: 'edges', handshake: 'transfers' }[align];
  if (mode.kind === 'strict' || align === 'handshake') {
    const cycles = mode.kind === 'skew' ? `, at most ${mode.most} cycles apart` : '';
    return `value by value at ${points} ${unit}${cycles}`;
  }
  if (mode.kind === 'order') return 'each signal by the order of its values alone';
  const most = align === 'time' ? timeText(mode.most, 1) : `${mode.most} cycles`;
  return `each signal by the order of its values, at most ${most} apart`;
}
