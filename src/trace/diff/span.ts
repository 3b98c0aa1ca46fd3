import { timeText } from '../time-text.js';
import type { WaveFile } from '../waves.js';
import { DiffError } from './errors.js';

/** First and last time of a run that is compared, in units of its file. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Femtoseconds of the unit of both runs, and how many of it one unit of each file is. */
export interface CommonUnit {
  readonly fs: number;
  readonly scaleA: number;
  readonly scaleB: number;
}

/** The largest unit that divides both. @throws DiffError when a time would not be exact in it */
export function commonUnit(a: WaveFile, b: WaveFile): CommonUnit {
  const fs = gcd(a.unitFs, b.unitFs);
  const unit = { fs, scaleA: a.unitFs / fs, scaleB: b.unitFs / fs };
  for (const [waves, scale] of [
    [a, unit.scaleA],
    [b, unit.scaleB],
  ] as const)
    if (waves.end * scale > Number.MAX_SAFE_INTEGER)
      throw new DiffError(
        waves.name,
        'end',
        `below 2^53 in units of ${fs} fs`,
        timeText(waves.end, waves.unitFs),
      );
  return unit;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** A span by times in fs, cut to what the file has. @throws DiffError when nothing is left */
export function spanOf(waves: WaveFile, fromFs: bigint | undefined, toFs: bigint | undefined): Span {
  const unit = BigInt(waves.unitFs);
  const from = fromFs === undefined ? waves.begin : Math.max(waves.begin, Number(fromFs / unit));
  const to = toFs === undefined ? waves.end : Math.min(waves.end, Number(toFs / unit));
  const range = `from ${timeText(waves.begin, waves.unitFs)} to ${timeText(waves.end, waves.unitFs)}`;
  if (from > waves.end)
    throw new DiffError(waves.name, '--from', `in its time, ${range}`, timeText(from, waves.unitFs));
  if (to < from)
    throw new DiffError(waves.name, '--to', `behind the beginning, ${range}`, timeText(to, waves.unitFs));
  return { from, to };
}

/** The time at which a reset first leaves its active level, in units of the file. @throws DiffError when it never does */
export function endOfReset(waves: WaveFile, place: number, level: '0' | '1', span: Span): number {
  const { path } = waves.signals[place]!;
  let time = span.from;
  let value = 'x';
  let wasActive = false;
  for (const change of waves.changes({ signals: [place], ...span })) {
    if (change.time > time) {
      if (wasActive && isOther(value, level)) return time;
      wasActive ||= value === level;
      time = change.time;
    }
    value = change.value as string;
  }
  if (wasActive && isOther(value, level)) return time;
  throw new DiffError(waves.name, '--skip-reset', `a signal that is ${level} and then not`, path);
}

const isOther = (value: string, level: '0' | '1'): boolean => value === (level === '1' ? '0' : '1');
