import { describe, expect, it } from 'vitest';
import { beatAddress, burstFault } from '../../../src/components/axi/burst.js';
import { axiReadData, axiWriteData, BURST } from '../../../src/components/axi/channels.js';

const addresses = (addr: number, beats: number, size: number, burst: number): number[] =>
  Array.from({ length: beats }, (_, i) => beatAddress(addr, i, beats, size, burst));

describe('the beats of a burst', () => {
  it('go up from an unaligned start, aligned from the second on', () => {
    expect(addresses(0x1007, 4, 2, BURST.incr)).toEqual([0x1007, 0x1008, 0x100c, 0x1010]);
    expect(addresses(2 ** 33 - 64, 2, 5, BURST.incr)).toEqual([2 ** 33 - 64, 2 ** 33 - 32]);
  });

  it('stay for FIXED, unaligned too', () => {
    expect(addresses(0x33, 3, 3, BURST.fixed)).toEqual([0x33, 0x33, 0x33]);
  });

  it('go round within their container for WRAP', () => {
    expect(addresses(0x38, 4, 3, BURST.wrap)).toEqual([0x38, 0x20, 0x28, 0x30]);
    expect(addresses(0x40, 4, 2, BURST.wrap)).toEqual([0x40, 0x44, 0x48, 0x4c]);
    expect(addresses(0x160, 2, 5, BURST.wrap)).toEqual([0x160, 0x140]);
  });
});

describe('burstFault', () => {
  it('finds nothing wrong with what AXI4 allows', () => {
    expect(burstFault(0, 128, 5, BURST.incr, 32)).toBeNull();
    expect(burstFault(4095, 1, 5, BURST.incr, 32)).toBeNull();
    expect(burstFault(4064, 16, 5, BURST.fixed, 32)).toBeNull();
    expect(burstFault(4064, 16, 5, BURST.wrap, 32)).toBeNull();
  });

  it('names what it forbids', () => {
    expect(burstFault(1, 128, 5, BURST.incr, 32)).toBeNull();
    expect(burstFault(32, 128, 5, BURST.incr, 32)).toContain('4 KB');
    expect(burstFault(0, 1, 6, BURST.incr, 32)).toContain('SIZE');
    expect(burstFault(0, 1, 0, 3, 32)).toContain('BURST 3');
    expect(burstFault(0, 17, 0, BURST.fixed, 32)).toContain('FIXED');
    expect(burstFault(0, 6, 0, BURST.wrap, 32)).toContain('6 beats');
    expect(burstFault(2, 4, 2, BURST.wrap, 32)).toContain('not aligned');
  });
});

describe('the AXI data channels', () => {
  it('have two strobes a word, and no more than a net can carry', () => {
    expect(axiWriteData(16).strb.width).toBe(32);
    expect(axiReadData(4).data.lanes).toBe(4);
    expect(() => axiWriteData(27)).toThrow('uint: width must be an integer from 1 to 53, got 54');
  });
});
