import type { WaveShape } from './header.js';

/** Lanes as a string of bits, most significant first; negative ones in two's complement. */
export function textOf({ lanes, width }: WaveShape, values: ArrayLike<number>, from: number): string {
  if (lanes === 1) return laneText(values[from]!, width);
  let text = '';
  for (let lane = lanes - 1; lane >= 0; lane--) text += laneText(values[from + lane]!, width);
  return text;
}

function laneText(value: number, width: number): string {
  if (width === 1) return value === 0 ? '0' : '1';
  return (value < 0 ? value + 2 ** width : value).toString(2).padStart(width, '0');
}
