/** Units of time, the longest first, in femtoseconds. */
const UNITS = [
  ['s', 1e15],
  ['ms', 1e12],
  ['us', 1e9],
  ['ns', 1e6],
  ['ps', 1e3],
  ['fs', 1],
] as const;

/**
 * A time for people, exact: `12 ns`, `6024 ps`, `1.5 us`; in the longest unit in which it needs at most three digits behind the point.
 *
 * @param time whole units of `unitFs` femtoseconds
 */
export function timeText(time: number, unitFs: number): string {
  if (time === 0) return '0 ns';
  const sign = time < 0 ? '-' : '';
  const fs = BigInt(Math.abs(time)) * BigInt(unitFs);
  for (const [unit, size] of UNITS) {
    const thousandth = BigInt(size) / 1000n;
    if (thousandth > 0n ? fs >= BigInt(size) && fs % thousandth === 0n : true) {
      const whole = fs / BigInt(size);
      const rest = thousandth > 0n ? (fs % BigInt(size)) / thousandth : 0n;
      const digits = rest === 0n ? '' : `.${rest.toString().padStart(3, '0').replace(/0+$/, '')}`;
      return `${sign}${whole}${digits} ${unit}`;
    }
  }
  return `${sign}${fs} fs`;
}

/**
 * Reads `1500`, `1500ps`, `1.5 ns`: femtoseconds. A bare number counts in ps.
 *
 * @returns null when it is no time, or no whole number of femtoseconds
 */
export function parseTime(text: string): bigint | null {
  const found = /^\s*(\d+)(?:\.(\d+))?\s*([a-z]*)\s*$/.exec(text);
  if (found === null) return null;
  const unit = UNITS.find(([name]) => name === (found[3] === '' ? 'ps' : found[3]));
  if (unit === undefined) return null;
  const fraction = found[2] ?? '';
  const scaled = BigInt(`${found[1]}${fraction}`) * BigInt(unit[1]);
  const parts = 10n ** BigInt(fraction.length);
  return scaled % parts === 0n ? scaled / parts : null;
}
