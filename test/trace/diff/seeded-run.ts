import { type MemorySignal, memoryWaves } from '../../../src/trace/memory-waves.js';
import type { WaveFile, WaveValue } from '../../../src/trace/waves.js';

/** What stands before each edge of the clock, by signal; null: nothing happens (of an event). */
export type Cycles = Record<string, (WaveValue | null)[]>;

export const CYCLES = 120;
const PERIOD = 10;

interface Shape {
  readonly kind: 'bits' | 'real' | 'event';
  readonly width: number;
}

const bits = (width: number): Shape => ({ kind: 'bits', width });
/** In the order of the file. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  'dut.rst': bits(1),
  'dut.valid': bits(1),
  'dut.ready': bits(1),
  'dut.data': bits(8),
  'dut.addr': bits(16),
  'dut.state': bits(3),
  'dut.flag': bits(1),
  'dut.level': { kind: 'real', width: 64 },
  'dut.tick': { kind: 'event', width: 1 },
};

export const binary = (value: number, width: number): string => value.toString(2).padStart(width, '0');

/** A little machine: 40 beats or so go through a handshake, a counter, a state, a level and an event go along. */
export function seededRun(): Cycles {
  const run: Cycles = Object.fromEntries(Object.keys(SHAPES).map((path) => [path, []]));
  let beat = 0;
  for (let c = 0; c < CYCLES; c++) {
    const valid = c >= 8 && c % 5 !== 0;
    const ready = c % 2 === 0 || c % 7 === 3;
    const values: Record<string, WaveValue | null> = {
      'dut.rst': c < 4 ? '1' : '0',
      'dut.valid': valid ? '1' : '0',
      'dut.ready': ready ? '1' : '0',
      'dut.data': binary((beat * 37 + 11) % 256, 8),
      'dut.addr': binary(1000 + 4 * c, 16),
      'dut.state': binary(Math.floor(c / 3) % 8, 3),
      'dut.flag': c % 6 < 2 ? '1' : '0',
      'dut.level': c < 4 ? 0 : Math.floor(c / 2) * 0.25,
      'dut.tick': c % 4 === 1 ? '' : null,
    };
    for (const [path, value] of Object.entries(values)) run[path]!.push(value);
    if (valid && ready) beat += 1;
  }
  return run;
}

/** Cycles in which a beat is taken. */
export const beats = (run: Cycles): number[] =>
  run['dut.valid']!.flatMap((valid, c) => (valid === '1' && run['dut.ready']![c] === '1' ? [c] : []));

export interface Laid {
  readonly name?: string;
  readonly unitFs?: number;
  /** Units of time of a nanosecond. */
  readonly nanosecond?: number;
  readonly without?: readonly string[];
  /** Signals that stand as single bits. */
  readonly split?: readonly string[];
}

/** Edge c rises at (10·c + 5) ns; what stands before it stands from the edge before on. */
export function wavesOfRun(run: Cycles, layout: Laid = {}): WaveFile {
  const { name = 'run', unitFs = 1e6, nanosecond = 1, without = [], split = [] } = layout;
  const start = (c: number): number => (c === 0 ? 0 : PERIOD * c - 5) * nanosecond;
  const clock = Array.from(
    { length: 2 * CYCLES + 1 },
    (_, i) => [i * 5 * nanosecond, i % 2 === 1 ? '1' : '0'] as const,
  );
  const signals = Object.entries(run).flatMap(([path, values]): MemorySignal[] => {
    if (without.includes(path)) return [];
    const shape = SHAPES[path]!;
    const changes = values.flatMap((value, c) => (value === null ? [] : [[start(c), value] as const]));
    if (!split.includes(path)) return [{ path, ...shape, changes }];
    return Array.from({ length: shape.width }, (_, bit) => ({
      path: `${path}[${bit}]`,
      kind: 'bits' as const,
      width: 1,
      changes: changes.map(([time, value]) => [time, String(value).at(-1 - bit)!] as const),
    }));
  });
  return memoryWaves({ name, unitFs, signals: [{ path: 'dut.clk', changes: clock }, ...signals] });
}
