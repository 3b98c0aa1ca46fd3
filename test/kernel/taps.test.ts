import { describe, expect, it } from 'vitest';
import { connect, Module, Simulator, uint, vector } from '../../src/kernel/index.js';
import { Consumer, Producer } from './channel-parts.js';
import { Register, Ticker } from './parts.js';

class Bus extends Module {
  readonly lanes = this.input('lanes', vector(3, uint(8)));
}

describe('a tap on a net', () => {
  it('is told once an instant, at the place that it gave, and no more once it was ended', () => {
    const sim = new Simulator();
    const clock = sim.clock('main', 1_000_000_000);
    const ticker = new Ticker(sim, 'ticker', { clock });
    const register = new Register(sim, 'register', { clock });
    connect(ticker.q, register.d);
    sim.start();
    const told: [number, number, number][] = [];
    const tap = { changed: (index: number) => told.push([sim.now, index, register.q.value]) };
    const end = [ticker.q.tap(tap, 5), register.q.tap(tap, 6)];
    expect(ticker.q.isObserved).toBe(true);
    sim.step(clock, 3);
    expect(told).toEqual([
      [0, 5, 0],
      [1000, 5, 1],
      [1000, 6, 1],
      [2000, 5, 2],
      [2000, 6, 2],
    ]);
    for (const stop of end) stop();
    sim.step(clock, 3);
    expect(told).toHaveLength(5);
    expect(ticker.q.isObserved || register.q.isObserved).toBe(false);
  });

  it('stands beside subscribers: either may go first', () => {
    const sim = new Simulator();
    const clock = sim.clock('main', 1_000_000_000);
    const { q } = new Ticker(sim, 'ticker', { clock });
    sim.start();
    let told = 0;
    const values: number[] = [];
    const end = q.tap({ changed: () => (told += 1) }, 0);
    const subscription = q.subscribe((value) => values.push(value));
    sim.step(clock, 2);
    end();
    sim.step(clock);
    expect([told, values]).toEqual([2, [0, 1, 2, 3]]);
    const again = q.tap({ changed: () => (told += 1) }, 0);
    subscription.unsubscribe();
    sim.step(clock);
    expect([told, values]).toEqual([3, [0, 1, 2, 3]]);
    again();
  });

  it('brings a copy of a bus up to date, and says whether it differed', () => {
    const sim = new Simulator();
    const { lanes } = new Bus(sim, 'bus');
    sim.start();
    const copy = new Float64Array(3);
    expect(lanes.update(copy)).toBe(false);
    lanes.poke([1, 0, 7]);
    expect([lanes.update(copy), [...copy], lanes.update(copy)]).toEqual([true, [1, 0, 7], false]);
  });

  it('is told of the wires of a channel beat by beat', () => {
    const sim = new Simulator();
    const clock = sim.clock('main', 1_000_000_000);
    const producer = new Producer(sim, 'producer', clock);
    const consumer = new Consumer(sim, 'consumer', clock);
    connect(producer.out, consumer.in);
    sim.start();
    const seen: number[] = [];
    const { data } = producer.out.payload;
    data.tap({ changed: () => seen.push(data.shown) }, 0);
    sim.step(clock, 5);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});
