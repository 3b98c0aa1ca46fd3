import type { Axis } from '../scenario/plot.js';

/** Positions of values along an axis, and where its ticks are. */
export interface Scale {
  /** Fraction of the axis' length at which a value lies; 0 to 1 within the range. */
  at(value: number): number;
  readonly ticks: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Ticks wanted on an axis, more or less. */
const TICKS = 6;

/**
 * A scale for the values of an axis: linear from 0 (or from the least value, when that is below 0) with ticks at 1, 2 or 5
 * times a power of ten, or logarithmic with ticks at powers of two or ten; ends lie on ticks unless the axis says otherwise.
 */
export function scaleOf(axis: Axis, values: readonly number[]): Scale {
  const low = axis.from ?? Math.min(...values);
  const high = axis.to ?? Math.max(...values);
  return axis.scale === 'log2' || axis.scale === 'log10'
    ? logScale(axis.scale === 'log2' ? 2 : 10, low, high, axis)
    : linearScale(low, high, axis);
}

function linearScale(low: number, high: number, axis: Axis): Scale {
  const least = axis.from ?? Math.min(0, low);
  const most = high > least ? high : least + 1;
  const step = niceStep((most - least) / TICKS);
  const from = axis.from ?? Math.floor(least / step) * step;
  const to = axis.to ?? Math.ceil(most / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++)
    ticks.push(rounded(i * step));
  return { from, to, ticks, at: (value) => (value - from) / (to - from) };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

function logScale(base: 2 | 10, low: number, high: number, axis: Axis): Scale {
  const log = base === 2 ? Math.log2 : Math.log10;
  if (low <= 0)
    throw new RangeError(`${axis.label}: values on a logarithmic axis must be above 0, got ${low}`);
  const first = axis.from === undefined ? Math.floor(log(low) + 1e-9) : log(low);
  let last = axis.to === undefined ? Math.ceil(log(high) - 1e-9) : log(high);
  if (last <= first) last = first + 1;
  const every = Math.max(1, Math.ceil((last - first) / 8));
  const ticks: number[] = [];
  for (let e = Math.ceil(first - 1e-9); e <= last + 1e-9; e += every) ticks.push(rounded(base ** e));
  // Where hardly two powers of ten fit, their multiples by 2 and 5 help.
  if (base === 10 && last - first <= 2) {
    for (let e = Math.floor(first); e <= last; e++) {
      for (const lead of [2, 5]) {
        const at = log(lead * base ** e);
        if (at >= first - 1e-9 && at <= last + 1e-9) ticks.push(rounded(lead * base ** e));
      }
    }
    ticks.sort((a, b) => a - b);
  }
  return {
    from: base ** first,
    to: base ** last,
    ticks,
    at: (value) => (log(value) - first) / (last - first),
  };
}

/** Ticks such as 0.30000000000000004 are 0.3. */
const rounded = (value: number): number => Number(value.toPrecision(12));

const plain = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });
/** A tick's text, as long as the axis goes: `1,000` on one to 2,000, `1 k` on one to 20,000. */
export function tickText(value: number, largest: number): string {
  if (largest >= 10_000) {
    for (const [size, letter] of [
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
    ] as const) {
      if (Math.abs(value) >= size) return `${plain.format(value / size)} ${letter}`;
    }
  }
  return plain.format(value);
}
