import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/kernel/index.js';

/** Ordered by (time, order of insertion): a sorted array. */
class SortedList {
  private readonly events: { time: number; serial: number }[] = [];
  private serial = 0;

  push(time: number): number {
    const serial = this.serial++;
    this.events.push({ time, serial });
    this.events.sort((a, b) => a.time - b.time || a.serial - b.serial);
    return serial;
  }

  get first(): { time: number; serial: number } | undefined {
    return this.events[0];
  }

  pop(): number | undefined {
    return this.events.shift()?.serial;
  }

  get all(): readonly { time: number; serial: number }[] {
    return this.events;
  }
}

const distance = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 20_000 }),
  fc.integer({ min: 900_000, max: 1_200_000 }),
  fc.integer({ min: 0, max: 4_000_000_000 }),
);
const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), distance }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('peek' as const) }) },
);

describe('EventQueue', () => {
  it('equals a sorted list for any pushes, pops and looks, near and far', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const queue = new EventQueue<number>();
        const list = new SortedList();
        let now = 0;
        for (const step of actions) {
          if (step.kind === 'push') {
            const serial = list.push(now + step.distance);
            queue.push(now + step.distance, serial);
          } else if (step.kind === 'pop') {
            now = list.first?.time ?? now;
            expect(queue.pop()).toBe(list.pop());
          }
          expect(queue.peekTime()).toBe(list.first?.time ?? Infinity);
          expect(queue.peek()).toBe(list.first?.serial);
          expect(queue.size).toBe(list.all.length);
        }
        expect(queue.entries()).toEqual(list.all.map((e) => ({ time: e.time, payload: e.serial })));
        while (list.first !== undefined) expect(queue.pop()).toBe(list.pop());
        expect(queue.pop()).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the order of insertion among events of one time, through the heap and the wheel', () => {
    const queue = new EventQueue<string>();
    queue.push(50_000_000, 'far, first');
    queue.push(49_500_000, 'moves the wheel');
    queue.push(50_000_000, 'far, second');
    expect(queue.pop()).toBe('moves the wheel');
    queue.push(50_000_000, 'near, third');
    expect([queue.pop(), queue.pop(), queue.pop()]).toEqual(['far, first', 'far, second', 'near, third']);
  });

  it('takes an event before a far one that was looked at', () => {
    const queue = new EventQueue<string>();
    queue.push(7_800_000, 'refresh');
    expect(queue.peekTime()).toBe(7_800_000);
    queue.push(6_024, 'edge');
    expect([queue.pop(), queue.pop()]).toEqual(['edge', 'refresh']);
  });

  it('starts again at a given time after clear', () => {
    const queue = new EventQueue<number>();
    for (let i = 0; i < 100; i++) queue.push(i * 100_000, i);
    queue.clear(5_000);
    expect(queue.size).toBe(0);
    expect(queue.peekTime()).toBe(Infinity);
    queue.push(5_000, 1);
    queue.push(5_001, 2);
    expect([queue.pop(), queue.pop(), queue.pop()]).toEqual([1, 2, undefined]);
  });
});
