import { describe, expect, it } from 'vitest';
import { connect, Module, PathError, Simulator, uint, WiringError } from '../../src/kernel/index.js';
import { Register, Ticker } from './parts.js';

class Adder extends Module {
  readonly a = this.input('a', uint(32));
  readonly y = this.output('y', uint(32));
  constructor(
    parent: Module | Simulator,
    name: string,
    private readonly step = 1,
  ) {
    super(parent, name);
    this.comb(this.logic, [this.a]);
  }
  private logic(): void {
    this.y.write(this.a.value + this.step);
  }
}

/** The same ports in another form: two stages within. */
class TwoAdders extends Module {
  readonly a = this.input('a', uint(32));
  readonly y = this.output('y', uint(32));
  constructor(parent: Module | Simulator, name: string) {
    super(parent, name);
    const first = this.child('first', (p, n) => new Adder(p, n, 100));
    const second = this.child('second', (p, n) => new Adder(p, n, 1000));
    connect(this.a, first.a);
    connect(first.y, second.a);
    connect(second.y, this.y);
  }
}

class Top extends Module {
  readonly adder: Adder;
  readonly ticker: Ticker;
  constructor(sim: Simulator, name: string) {
    super(sim, name);
    const clock = sim.clock('clk', 100_000_000);
    this.ticker = this.child('ticker', (p, n) => new Ticker(p, n, { clock }));
    this.adder = this.child('adder', (p, n) => new Adder(p, n));
    connect(this.ticker.q, this.adder.a);
  }
}

describe('the tree of modules', () => {
  it('finds modules, nets, channels and sub-modules by path', () => {
    const sim = new Simulator();
    const top = new Top(sim, 'top');
    const wire = sim.wire('rate', uint(8));
    expect(sim.find('top')).toBe(top);
    expect(sim.find('top.adder')).toBe(top.adder);
    expect(sim.find('top.adder.y')).toBe(top.adder.y);
    expect(sim.find('rate')).toBe(wire);
    expect(sim.tree.map((m) => m.path)).toEqual(['top', 'top.ticker', 'top.adder']);
  });

  it('says what there is, nearest first, when a path is wrong', () => {
    const sim = new Simulator();
    void new Top(sim, 'top');
    class Many extends Module {
      constructor() {
        super(sim, 'many');
        for (let i = 0; i < 12; i++) this.input(`port${i}`, uint(1));
        this.input('level', uint(8));
      }
    }
    void new Many();
    expect(() => sim.find('topp.adder')).toThrow('nothing is named "topp.adder"; there are: top, many');
    expect(() => sim.find('top.ader')).toThrow('nothing is named "top.ader"; there are: adder, ticker');
    expect(() => sim.find('top.adder.z')).toThrow('nothing is named "top.adder.z"; there are: a, y');
    expect(() => sim.find('many.levle')).toThrow(/^nothing is named "many.levle"; there are: level, port/);
    expect(() => sim.value('top.adder')).toThrow(PathError);
    expect(() => sim.value('top.adder')).toThrow('top.adder is no value, wanted a scalar signal or probe');
  });

  it('refuses bad and doubled names', () => {
    const sim = new Simulator();
    void new Top(sim, 'top');
    expect(() => new Adder(sim, 'top')).toThrow('top: is there already; names are unique below a module');
    expect(() => new Adder(sim, 'a.b')).toThrow(WiringError);
    expect(() => new Adder(sim, '9')).toThrow(WiringError);
    expect(() => new Adder(sim, 'ok[3][4]')).not.toThrow();
    class Twice extends Module {
      constructor() {
        super(sim, 'twice');
        this.input('a', uint(1));
        this.output('a', uint(1));
      }
    }
    expect(() => new Twice()).toThrow('twice.a: is declared twice');
  });

  it('refuses modules, nets and connections after the start', () => {
    const sim = new Simulator();
    const clock = sim.clock('clk', 1_000_000);
    const a = new Register(sim, 'a', { clock });
    sim.start();
    expect(() => new Adder(sim, 'late')).toThrow('late: built after the simulation started');
    expect(() => sim.wire('w', uint(1))).toThrow('w: declared after the simulation started');
    expect(() => connect(a.q, a.d)).toThrow('connected to a.q after the simulation started');
  });
});

describe('overrides', () => {
  it('replace a module by path without its neighbours knowing', () => {
    const sim = new Simulator();
    sim.override('top.adder', (p, n) => new TwoAdders(p, n));
    const top = new Top(sim, 'top');
    sim.run({ cycles: 5 });
    expect(top.adder).toBeInstanceOf(TwoAdders);
    expect(top.adder.y.value).toBe(1105);
    expect(sim.find('top.adder.first.y')).toBeInstanceOf(Object);
  });

  it('reach modules within replaced ones, and top modules built by child()', () => {
    const sim = new Simulator();
    sim.override('unit', (p, n) => new TwoAdders(p, n));
    sim.override('unit.second', (p, n) => new Adder(p, n, 5));
    const unit = sim.child('unit', (p, n) => new Adder(p, n));
    sim.start();
    unit.a.poke(1);
    expect(unit.y.value).toBe(106);
  });

  it('are an error when nothing is built at their path, or it was built before', () => {
    const sim = new Simulator();
    sim.override('top.addr', (p, n) => new TwoAdders(p, n));
    void new Top(sim, 'top');
    expect(() => sim.override('top.adder', (p, n) => new TwoAdders(p, n))).toThrow(
      'overridden after it was built',
    );
    expect(() => sim.step()).toThrow('nothing is named "top.addr"; there are: adder, ticker');
  });
});

describe('poke', () => {
  it('lets combinational logic settle, and refuses driven inputs', () => {
    const sim = new Simulator();
    const top = new Top(sim, 'top');
    const free = new Adder(sim, 'free');
    sim.start();
    free.a.poke(41);
    expect(free.y.value).toBe(42);
    expect(() => top.adder.a.poke(1)).toThrow('top.adder.a: poked though it is driven by top.ticker.q');
  });

  it('before the start takes effect at the start', () => {
    const sim = new Simulator();
    const free = new Adder(sim, 'free');
    free.a.poke(1);
    expect(free.y.value).toBe(0);
    sim.start();
    expect(free.y.value).toBe(2);
  });
});
