import { describe, expect, it } from 'vitest';
import { runHostStep } from '../../src/networks/host-step.js';

const map = (height: number, width: number) => ({ channels: 1, height, width });

describe('a host step', () => {
  it('rounds an average of codes to the nearest, halves up', () => {
    const op = { kind: 'pool', mode: 'average', size: [2, 2], stride: [2, 2], output: map(1, 4) } as const;
    const step = { kind: 'host', name: 'host1', op, input: map(2, 8), output: map(1, 4) } as const;
    // Sums 2, 3, −2, −3 over four: ½ → 1, ¾ → 1, −½ → 0, −¾ → −1.
    const input = Int16Array.of(1, 1, 1, 1, -1, -1, -1, -1, 0, 0, 1, 0, 0, 0, -1, 0);
    expect([...runHostStep(step, input)].map((v) => v + 0)).toEqual([1, 1, 0, -1]);
  });

  it('takes the largest code of a window, overlapping ones too', () => {
    const op = { kind: 'pool', mode: 'max', size: [1, 2], stride: [1, 1], output: map(1, 3) } as const;
    const step = { kind: 'host', name: 'host1', op, input: map(1, 4), output: map(1, 3) } as const;
    expect([...runHostStep(step, Int16Array.of(-5, -7, 3, 2))]).toEqual([-5, 3, 3]);
  });

  it('makes negative codes zero', () => {
    const step = {
      kind: 'host',
      name: 'host1',
      op: { kind: 'relu' },
      input: map(1, 3),
      output: map(1, 3),
    } as const;
    expect([...runHostStep(step, Int16Array.of(-32768, 0, 9))]).toEqual([0, 0, 9]);
  });
});
