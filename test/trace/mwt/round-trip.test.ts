import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openTrace, type TraceFile } from '../../../src/trace/mwt/trace-file.js';
import type { MwtOptions } from '../../../src/trace/mwt/writer.js';
import {
  factsOf,
  options,
  type Recording,
  recordings,
  transactionsOf,
  valueOf,
  windowOf,
  write,
} from './model.js';

const folder = mkdtempSync(join(tmpdir(), 'mwt-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'random.mwt');

function opened<T>(recording: Recording, option: MwtOptions, look: (trace: TraceFile) => T): T {
  write(file, recording, option);
  const trace = openTrace(file, { cacheBytes: 4096 });
  try {
    return look(trace);
  } finally {
    trace.close();
  }
}

/** Times worth asking for: around each change, and the ends. */
const timesOf = ({ head, moments, end }: Recording): number[] =>
  [...new Set([head.begin, end, ...moments.flatMap(({ time }) => [time - 1, time, time + 1])])].filter(
    (time) => time >= head.begin && time <= end,
  );

const allOf = ({ head }: Recording): number[] => head.signals.map((_, place) => place);

describe('a trace file', () => {
  it('gives back every change that was written, whatever the size of chunks', () => {
    fc.assert(
      fc.property(recordings, options, (recording, option) => {
        opened(recording, option, (trace) => {
          const { head, end } = recording;
          expect(trace.damage).toBeNull();
          expect([trace.begin, trace.end]).toEqual([head.begin, end]);
          expect(trace.header.signals).toEqual(head.signals);
          expect([...trace.changes()]).toEqual(windowOf(recording, allOf(recording), head.begin, end));
          expect(trace.verify()).toBeNull();
        });
      }),
      { numRuns: 300 },
    );
  });

  it('gives the changes of any window of any signals', () => {
    const window = fc.record({
      from: fc.nat(1000),
      to: fc.nat(1000),
      some: fc.array(fc.nat(1000), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(recordings, options, fc.array(window, { maxLength: 8 }), (recording, option, windows) => {
        opened(recording, option, (trace) => {
          const times = timesOf(recording);
          for (const { from, to, some } of windows) {
            const first = times[from % times.length]!;
            const last = times[to % times.length]!;
            const signals = some.map((place) => place % recording.head.signals.length);
            const got = [...trace.changes({ signals, from: first, to: last })];
            expect(got).toEqual(first > last ? [] : windowOf(recording, signals, first, last));
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it('knows the value of each signal at each time, and the changes next to it', () => {
    fc.assert(
      fc.property(recordings, options, (recording, option) => {
        opened(recording, option, (trace) => {
          const facts = factsOf(recording.moments);
          for (const place of allOf(recording)) {
            const { wave } = recording.head.signals[place]!;
            const mine = facts.filter((fact) => fact.wave === wave);
            const told = (time: number | undefined) =>
              time === undefined
                ? null
                : { time, signal: place, value: valueOf(recording, place, time) ?? '' };
            for (const time of timesOf(recording)) {
              expect(trace.valueAt(place, time)).toBe(valueOf(recording, place, time));
              expect(trace.next(place, time)).toEqual(told(mine.find((fact) => fact.time > time)?.time));
              expect(trace.previous(place, time)).toEqual(
                told(mine.filter((fact) => fact.time < time).at(-1)?.time),
              );
            }
          }
        });
      }),
      { numRuns: 100 },
    );
  });

  it('draws in buckets what a look at every change in each bucket sees', () => {
    const window = fc.record({
      from: fc.nat(1000),
      to: fc.nat(1000),
      buckets: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(recordings, options, window, (recording, option, { from, to, buckets }) => {
        opened(recording, option, (trace) => {
          const times = timesOf(recording);
          const [first, last] = [times[from % times.length]!, times[to % times.length]!].sort(
            (a, b) => a - b,
          ) as [number, number];
          for (const place of allOf(recording)) {
            const got = trace.decimate(place, first, last, buckets);
            for (let i = 0; i < buckets; i++)
              expect([got.min[i], got.max[i], got.first[i], got.last[i], got.count[i]]).toEqual(
                bucketOf(recording, place, first, last, buckets, i),
              );
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it('has every transaction, with its attributes, its notes and the end that it had or had not', () => {
    fc.assert(
      fc.property(recordings, options, fc.nat(1000), fc.nat(1000), (recording, option, a, b) => {
        opened(recording, option, (trace) => {
          const wanted = transactionsOf(recording);
          expect([...trace.transactions()]).toEqual(wanted);
          const times = timesOf(recording);
          const from = times[a % times.length]!;
          const to = times[b % times.length]!;
          expect([...trace.transactions({ from, to, kind: 'layer' })]).toEqual(
            wanted.filter(
              ({ kind, begin, end }) => kind === 'layer' && begin <= to && (end ?? Infinity) >= from,
            ),
          );
        });
      }),
      { numRuns: 300 },
    );
  });

  it('is the same bytes for the same calls', () => {
    fc.assert(
      fc.property(recordings, options, (recording, option) => {
        write(file, recording, option);
        const bytes = readFileSync(file);
        write(file, recording, option);
        expect(readFileSync(file).equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

/** A bucket, by the definition: with big integers for its bounds, and a look at everything. */
function bucketOf(
  recording: Recording,
  place: number,
  from: number,
  to: number,
  buckets: number,
  i: number,
): number[] {
  const signal = recording.head.signals[place]!;
  const span = BigInt(to - from + 1);
  const bound = (k: number): number => {
    // The rest is spread over the buckets.
    const size = span / BigInt(buckets);
    return from + Number(size * BigInt(k) + ((span % BigInt(buckets)) * BigInt(k)) / BigInt(buckets));
  };
  const first = bound(i);
  const last = bound(i + 1) - 1;
  const mine = factsOf(recording.moments).filter(({ wave }) => wave === signal.wave);
  const inside = mine.filter(({ time }) => time >= first && time <= last);
  const held = mine.filter(({ time }) => time < first).at(-1);
  const isNumber = signal.kind === 'bits' && signal.lanes === 1;
  const seen = inside.map(({ lanes }) => lanes[0]!);
  if (held !== undefined && first <= last && inside[0]?.time !== first) seen.unshift(held.lanes[0]!);
  if (!isNumber || seen.length === 0) return [NaN, NaN, NaN, NaN, inside.length];
  return [Math.min(...seen), Math.max(...seen), seen[0]!, seen.at(-1)!, inside.length];
}
