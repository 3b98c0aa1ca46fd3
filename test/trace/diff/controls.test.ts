import { describe, expect, it } from 'vitest';
import { findControls } from '../../../src/trace/diff/controls.js';
import { pairSignals } from '../../../src/trace/diff/pairing.js';
import { memoryWaves } from '../../../src/trace/memory-waves.js';

describe('the clock of a comparison', () => {
  const run = memoryWaves({
    clocks: [{ name: 'array', hz: { num: 100_000_000, den: 1 }, phasePs: 0 }],
    signals: [
      { path: 'clocks.array', changes: [[0, '1']] },
      { path: 'top.array', changes: [[0, '0']] },
    ],
  });
  const clock = (path: string): string =>
    findControls(pairSignals(run, run, {}), run, run, { align: { by: 'clock', clock: path } }).clock!.pathA;

  it('goes by the path of its wave, or by its name in the run', () => {
    expect(clock('clocks.array')).toBe('clocks.array');
    expect(clock('array')).toBe('clocks.array');
    expect(clock('top.array')).toBe('top.array');
    expect(() => clock('bus')).toThrow('--clock must be the path of a signal, got "bus"');
  });
});
