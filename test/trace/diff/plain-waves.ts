import fc from 'fast-check';
import { memoryWaves } from '../../../src/trace/memory-waves.js';
import type { WaveFile } from '../../../src/trace/waves.js';

/** A run as a table: by signal, by time, its value once the time has been. */
export type Table = Readonly<Record<string, readonly string[]>>;

/** A run of memory that goes through the table, with a glitch ahead of every change, and some that come to nothing. */
export function wavesOf(
  table: Table,
  options: { unitFs?: number; scale?: number; name?: string } = {},
): WaveFile {
  const { unitFs = 1000, scale = 1, name = 'memory' } = options;
  const length = Object.values(table)[0]!.length;
  return memoryWaves({
    name,
    unitFs,
    begin: 0,
    end: (length - 1) * scale,
    signals: Object.entries(table).map(([path, values]) => ({
      path,
      width: values[0]!.length,
      changes: values.flatMap((value, time) => {
        if (time === 0) return [[0, value] as const];
        const glitch = values[time - 1]!.replace(/[01]/g, (bit) => (bit === '0' ? '1' : '0'));
        if (value === values[time - 1] && time % 3 > 0) return [];
        return [[time * scale, glitch] as const, [time * scale, value] as const];
      }),
    })),
  });
}

/** Rows of 0, 1 and x that change seldom. */
export function tables(
  signals: readonly (readonly [path: string, width: number])[],
  length: number,
): fc.Arbitrary<Table> {
  const bits = (width: number): fc.Arbitrary<string> =>
    fc
      .array(fc.constantFrom('0', '0', '0', '1', '1', '1', 'x'), { minLength: width, maxLength: width })
      .map((all) => all.join(''));
  const row = (width: number): fc.Arbitrary<string[]> =>
    fc.array(fc.option(bits(width), { freq: 2 }), { minLength: length, maxLength: length }).chain((values) =>
      bits(width).map((first) => {
        let held = first;
        return values.map((value) => (held = value ?? held));
      }),
    );
  return fc.record(Object.fromEntries(signals.map(([path, width]) => [path, row(width)])));
}

/** A few values of a table replaced. */
export function damaged(table: Table): fc.Arbitrary<Table> {
  const paths = Object.keys(table);
  const length = table[paths[0]!]!.length;
  const slip = fc.record({
    path: fc.constantFrom(...paths),
    time: fc.nat(length - 1),
    bit: fc.constantFrom('0', '1', 'x'),
  });
  return fc.array(slip, { maxLength: 3 }).map((slips) => {
    const copy = Object.fromEntries(paths.map((path) => [path, [...table[path]!]]));
    for (const { path, time, bit } of slips) copy[path]![time] = bit.repeat(copy[path]![time]!.length);
    return copy;
  });
}
