import { Consumer, Producer, type Word, WORD } from './channel-parts.js';
import { describe, expect, it } from 'vitest';
import {
  bits,
  type Channel,
  connect,
  int,
  Module,
  Simulator,
  uint,
  vector,
  WiringError,
} from '../../src/kernel/index.js';

function bench() {
  const sim = new Simulator();
  return { sim, clock: sim.clock('clk', 100_000_000) };
}

describe('Channel', () => {
  it('transfers at edges at which valid and ready are both high', () => {
    const { sim, clock } = bench();
    const p = new Producer(sim, 'p', clock);
    const c = new Consumer(sim, 'c', clock);
    connect(p.out, c.in);
    const seen: [number, number][] = [];
    p.out.subscribe(({ cycle, payload }) => seen.push([cycle, payload.data]));
    sim.run({ cycles: 4 });
    // Both registered outputs rise at edge 0, so the first transfer is that of cycle 1.
    expect(c.got).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(seen).toEqual(c.got);
  });

  it('keeps valid and payload while stalled, and loses and doubles nothing', () => {
    const { sim, clock } = bench();
    const p = new Producer(sim, 'p', clock, (c) => c % 3 !== 1);
    const c = new Consumer(sim, 'c', clock, (k) => k % 4 === 0);
    connect(p.out, c.in);
    const wires: [number, number, number][] = [];
    for (let i = 0; i < 60; i++) {
      wires.push([p.out.valid.value, c.in.ready.value, p.out.payload.data.value]);
      sim.step();
    }
    for (let i = 1; i < wires.length; i++) {
      const [valid, ready, data] = wires[i - 1]!;
      if (valid === 1 && ready === 0) expect([wires[i]![0], wires[i]![2]]).toEqual([1, data]);
    }
    const transfers = wires.flatMap(([valid, ready, data], i) =>
      valid === 1 && ready === 1 ? [[i, data]] : [],
    );
    expect(c.got).toEqual(transfers);
    expect(c.got.map(([, d]) => d)).toEqual(c.got.map((_, i) => i + 1));
    expect(c.got.length).toBeGreaterThan(10);
  });

  it('connects through hierarchy at no cost: outwards, across and inwards', () => {
    const { sim, clock } = bench();
    class Left extends Module {
      readonly out: Channel<Word>;
      readonly inner: Producer;
      constructor() {
        super(sim, 'left');
        this.out = this.source('out', WORD, clock);
        this.inner = this.child('inner', (p, n) => new Producer(p, n, clock));
        connect(this.inner.out, this.out);
      }
    }
    class Right extends Module {
      readonly in: Channel<Word>;
      readonly inner: Consumer;
      constructor() {
        super(sim, 'right');
        this.in = this.sink('in', WORD, clock);
        this.inner = this.child('inner', (p, n) => new Consumer(p, n, clock, (c) => c % 2 === 0));
        connect(this.in, this.inner.in);
      }
    }
    const left = new Left();
    const right = new Right();
    connect(left.out, right.in);
    const seen: number[] = [];
    left.out.subscribe(({ payload }) => seen.push(payload.data));
    sim.run({ cycles: 10 });
    expect(right.inner.got).toEqual([
      [1, 1],
      [3, 2],
      [5, 3],
      [7, 4],
      [9, 5],
    ]);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(left.inner.out.peer).toBe(right.inner.in);
    expect(left.out.peer).toBe(right.inner.in);
    expect(right.inner.in.peer).toBe(left.inner.out);
    expect(right.in.peer).toBe(left.inner.out);
    expect(new Set([left.inner.out, left.out, right.in, right.inner.in].map((c) => c.valid.slot)).size).toBe(
      1,
    );
    expect(new Set([left.inner.out, left.out, right.in, right.inner.in].map((c) => c.ready.slot)).size).toBe(
      1,
    );
  });

  it('names its nets as the Verilog twin does', () => {
    const { sim, clock } = bench();
    class Named extends Module {
      readonly in = this.sink('in', { a: int(16), lanes: vector(4, bits(8)) }, clock);
      readonly out = this.source('out[3]', { data: int(8) }, clock);
    }
    const named = new Named(sim, 'named');
    expect([...named.nets].map(([name, net]) => `${net.direction} ${name}`)).toEqual([
      'in in_valid',
      'out in_ready',
      'in in_a',
      'in in_lanes',
      'out out_valid[3]',
      'in out_ready[3]',
      'out out_data[3]',
    ]);
    expect(sim.find('named.in')).toBe(named.in);
    expect(sim.find('named.out[3]')).toBe(named.out);
  });

  it('gives buses as copies in the transfers', () => {
    const { sim, clock } = bench();
    class Lanes extends Module {
      readonly in = this.sink('in', { x: vector(2, uint(8)) }, clock);
      constructor() {
        super(sim, 'lanes');
        this.in.ready.write(1);
        this.edge(clock, this.tick);
      }
      private tick(): void {}
    }
    const { in: port } = new Lanes();
    const seen: number[][] = [];
    port.subscribe(({ payload }) => seen.push([...payload.x]));
    sim.start();
    port.valid.poke(1);
    port.payload.x.poke([1, 2]);
    sim.step();
    port.payload.x.poke([3, 4]);
    sim.step();
    expect(seen).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('refuses wrong ends, clocks, fields, widths and second connections', () => {
    const { sim, clock } = bench();
    const other = sim.clock('other', 1_000_000);
    class Ends extends Module {
      readonly in = this.sink('in', { data: uint(16) }, clock);
      readonly out = this.source('out', { data: uint(16) }, clock);
      readonly far = this.sink('far', { data: uint(16) }, other);
      readonly named = this.sink('named', { word: uint(16) }, clock);
      readonly wide = this.sink('wide', { data: uint(17) }, clock);
      readonly bit = this.input('bit', uint(1));
    }
    const a = new Ends(sim, 'a');
    const b = new Ends(sim, 'b');
    const wrong = (from: unknown, to: unknown) => () => connect(from as Channel, to as Channel);
    expect(wrong(b.in, a.out)).toThrow('a.out: is a source; connect from it to b.in');
    expect(wrong(a.out, b.far)).toThrow('b.far: is in clock other; a.out is in clk');
    expect(wrong(a.out, b.named)).toThrow('b.named: carries {word}; a.out carries {data}');
    expect(wrong(a.out, b.bit)).toThrow('b.bit: is a signal; a.out is a channel');
    expect(wrong(a.bit, b.in)).toThrow('b.in: is a channel; only a channel can drive it');
    const d = new Ends(sim, 'd');
    expect(wrong(d.out, d.wide)).toThrow('d.wide_data: is uint17; its driver d.out_data is uint16');
    connect(a.out, b.in);
    expect(wrong(a.out, d.in)).toThrow('a.out: is connected twice: to b.in, and now to d.in');
    expect(wrong(b.out, b.in)).toThrow('b.in: is connected twice: from a.out, and now from b.out');
    expect(wrong(b.out, b.in)).toThrow(WiringError);
  });
});
