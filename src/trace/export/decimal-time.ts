/**
 * A time of a file as a decimal number, exactly: times whose unit is `unitFs` femtoseconds, in units of `ofFs` (1000 for ps, 10⁶
 * for ns): 1500 ps in ns is `1.5`.
 */
export function decimalTime(time: number, unitFs: number, ofFs: number): string {
  const fs = BigInt(time) * BigInt(unitFs);
  const of = BigInt(ofFs);
  const rest = fs % of;
  if (rest === 0n) return (fs / of).toString();
  const digits = rest
    .toString()
    .padStart(ofFs.toString().length - 1, '0')
    .replace(/0+$/, '');
  return `${fs / of}.${digits}`;
}

export const PS = 1000;
export const NS = 1_000_000;
