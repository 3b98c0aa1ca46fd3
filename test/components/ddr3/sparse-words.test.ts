import { describe, expect, it } from 'vitest';
import { SparseWords } from '../../../src/components/ddr3/sparse-words.js';

const PAGE_BYTES = 65_536;
const LAST = 2 ** 32 - 1;

describe('SparseWords', () => {
  it('costs a page of 64 KiB where something was written, and nothing where it was only read', () => {
    const words = new SparseWords();
    expect([...words.dump(0, 3), ...words.dump(LAST, 1)]).toEqual([0, 0, 0, 0]);
    expect(words.bytesHeld).toBe(0);
    // The last word of 8 GiB, then a run over the end of page 0.
    words.load(LAST, Int16Array.of(-7));
    expect(words.bytesHeld).toBe(PAGE_BYTES);
    words.load(32_766, Int16Array.of(1, 2, 3, 4));
    expect(words.bytesHeld).toBe(3 * PAGE_BYTES);
    expect([...words.dump(32_765, 6)]).toEqual([0, 1, 2, 3, 4, 0]);
    expect([...words.dump(LAST, 1)]).toEqual([-7]);
    words.load(5, new Int16Array(100));
    expect(words.bytesHeld).toBe(3 * PAGE_BYTES);
  });

  it('takes back what was saved, and nothing that came after', () => {
    const words = new SparseWords();
    words.load(10, Int16Array.of(1, 2));
    const saved = words.save();
    words.load(10, Int16Array.of(8, 9));
    words.load(100_000, Int16Array.of(5));
    words.restore(saved);
    expect([...words.dump(10, 2), ...words.dump(100_000, 1)]).toEqual([1, 2, 0]);
    expect(words.bytesHeld).toBe(PAGE_BYTES);
  });
});
