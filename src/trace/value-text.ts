import type { WaveSignal, WaveValue } from './waves.js';

/** How bits are written. 'type': as the signal's type says, hexadecimal where it has none. */
export type Radix = 'type' | 'hex' | 'dec' | 'bin';

/** What of a signal decides how its values are written. */
export type Shown = Pick<WaveSignal, 'kind' | 'width' | 'lanes' | 'type'>;

/**
 * A value for people: `1`, `0x3f`, `-5`, `-1.25`, `[1 2 3]` (lane 0 first), `0.5`, `"text"`. Bits of which some are unknown are hexadecimal with
 * `x` or `z` for a digit all of whose bits are so, `X` for one that is so in part. `?`: no value yet.
 */
export function valueText(signal: Shown, value: WaveValue | null, radix: Radix = 'type'): string {
  if (value === null) return '?';
  if (signal.kind === 'event') return value === '' ? 'event' : `${value}×`;
  if (typeof value === 'number') return String(value);
  if (signal.kind === 'text') return JSON.stringify(value);
  if (signal.lanes <= 1) return bitsText(signal, value, radix);
  const width = value.length / signal.lanes;
  const lanes = Array.from({ length: signal.lanes }, (_, lane) =>
    bitsText(signal, value.slice(value.length - (lane + 1) * width, value.length - lane * width), radix),
  );
  return `[${lanes.join(' ')}]`;
}

function bitsText({ type }: Shown, bits: string, radix: Radix): string {
  if (bits.length === 1) return bits;
  if (radix === 'bin') return bits;
  const signed = type !== null && (type.kind === 'int' || type.kind === 'fixed');
  const decimal = radix === 'dec' || (radix === 'type' && type !== null && type.kind !== 'bits');
  if (!decimal || /[xz]/.test(bits)) return `0x${hexDigits(bits)}`;
  const raw = BigInt(`0b${bits}`);
  const number = signed ? BigInt.asIntN(bits.length, raw) : raw;
  if (radix === 'type' && type?.kind === 'fixed') return String(Number(number) * 2 ** -(type.fraction ?? 0));
  return String(number);
}

/** Four bits a digit, from the right. */
function hexDigits(bits: string): string {
  let digits = '';
  for (let end = bits.length; end > 0; end -= 4)
    digits = hexDigit(bits.slice(Math.max(0, end - 4), end)) + digits;
  return digits;
}

function hexDigit(bits: string): string {
  if (!/[xz]/.test(bits)) return parseInt(bits, 2).toString(16);
  if (/^x+$/.test(bits)) return 'x';
  return /^z+$/.test(bits) ? 'z' : 'X';
}
