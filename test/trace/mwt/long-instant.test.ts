import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/mwt/trace-file.js';
import { MwtWriter } from '../../../src/trace/mwt/writer.js';

const folder = mkdtempSync(join(tmpdir(), 'mwt-instant-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('an instant of 100 moments in several chunks', () => {
  it('is known in full or not at all, wherever the file is cut off', () => {
    const file = join(folder, 'instant.mwt');
    const type = { kind: 'uint', width: 8 } as const;
    const signals = [{ path: 'n', kind: 'bits' as const, type, lanes: 1, wave: 0, clock: null }];
    const head = { configuration: null, seed: null, clocks: [], modules: [], signals, begin: 0 };
    const writer = new MwtWriter(file, head, { chunkBytes: 1 });
    for (let i = 1; i <= 100; i++) {
      writer.time(1000);
      writer.scalar(0, i);
    }
    writer.commit(2000);
    const ends = new Set<number>();
    for (let length = statSync(file).size - 1; length >= 24 + 200; length--) {
      truncateSync(file, length);
      let trace;
      try {
        trace = openTrace(file);
      } catch {
        break;
      }
      ends.add(trace.end);
      expect(trace.valueAt(0, 1000)).toBe(trace.end >= 1000 ? '01100100' : null);
      expect([...trace.changes()]).toHaveLength(trace.end >= 1000 ? 100 : 0);
      trace.close();
    }
    expect([...ends]).toEqual([2000, 1000, 999, 0]);
  });
});
