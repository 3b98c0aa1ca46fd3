import { describe, expect, it } from 'vitest';
import { type MachineLayer, planLayer } from '../../src/machines/gupta/plan.js';
import { guptaSpec } from '../../src/machines/gupta/spec.js';

const square = (size: number): MachineLayer => ({
  name: 'product',
  input: { channels: 1, height: size, width: size },
  output: { channels: size, height: size, width: 1 },
  kernel: [1, size],
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  weights: new Int16Array(size * size),
  bias: null,
  shift: 0,
  biasExponent: 0,
  relu: false,
  pool: null,
});

describe('planLayer', () => {
  it('holds 13 panels and 56 columns of a 1024-cubed product: all that fits', () => {
    // 13,824 slices of A a half; 2,048 words a bank, 36 of them a column of B.
    const plan = planLayer(guptaSpec(), square(1024));
    expect([plan.panels, plan.bandRows, plan.parted]).toEqual([13, 56, false]);
  });

  it('takes 112 columns of a 512-cubed product where 113 fit, for 113 are a tile more', () => {
    const plan = planLayer(guptaSpec(), square(512));
    expect([plan.bandRows, plan.bands]).toEqual([112, 5]);
  });

  it('parts what does not fit by the columns: a 16,384-word sum in two rows of 8,192', () => {
    const { input, output, ...rest } = square(16);
    const dense: MachineLayer = {
      ...rest,
      input: { ...input, channels: 64, height: 16, width: 16 },
      output: { ...output, height: 1 },
      kernel: [16, 16],
      weights: new Int16Array(16 * 16_384),
    };
    const plan = planLayer(guptaSpec(), dense);
    expect([plan.parted, plan.panels, plan.parts, plan.partChannels, plan.inW]).toEqual([
      true,
      1,
      2,
      1,
      8192,
    ]);
  });
});
