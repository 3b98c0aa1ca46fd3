import type { WaveKind } from '../waves.js';
import type { SlotValue } from './instants.js';
import type { XPolicy } from './options.js';

/** When two values of a signal are equal. */
export interface Rule {
  readonly kind: WaveKind;
  readonly width: number;
  readonly x: XPolicy;
  /** Of reals; see DiffOptions. */
  readonly tolerance: number;
  readonly relative: number;
}

/** Bits without a value yet are unknown; an event without a count did not happen. */
export function sameValue(rule: Rule, a: SlotValue, b: SlotValue): boolean {
  if (rule.kind === 'event') return Number(a ?? 0) === Number(b ?? 0);
  if (rule.kind === 'real') return sameReal(rule, a, b);
  if (rule.kind === 'text') return a === b;
  if (a === b && rule.x !== 'error') return true;
  const left = (a ?? 'x'.repeat(rule.width)) as string;
  const right = (b ?? 'x'.repeat(rule.width)) as string;
  if (rule.x === 'difference') return left === right;
  if (rule.x === 'error') return left === right && !left.includes('x');
  for (let i = 0; i < left.length; i++)
    if (left[i] !== right[i] && left[i] !== 'x' && right[i] !== 'x') return false;
  return true;
}

/** Whether a value holds an x. */
export const hasUnknown = (rule: Rule, value: SlotValue): boolean =>
  rule.kind === 'bits' && (value === null || (value as string).includes('x'));

/** NaN, which an unknown real is, equals itself and a real without a value. */
function sameReal({ tolerance, relative }: Rule, a: SlotValue, b: SlotValue): boolean {
  const left = a === null ? NaN : Number(a);
  const right = b === null ? NaN : Number(b);
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  if (!Number.isFinite(left) || !Number.isFinite(right)) return false;
  const apart = Math.abs(left - right);
  return apart <= tolerance || apart <= relative * Math.max(Math.abs(left), Math.abs(right));
}
