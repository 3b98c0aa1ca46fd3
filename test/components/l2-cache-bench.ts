import { wideBeat as BEAT } from '../../src/components/beat-packer.js';
import { fillCommand as FILL, L2Cache } from '../../src/components/l2-cache.js';
import { connect, Simulator } from '../../src/kernel/index.js';
import { Feeder, type Values } from './l2-bench.js';

/** A command that fills slices of A. */
export const panel = (half: number, addr: number, slices: number): Values => ({
  kind: 0,
  half,
  addr,
  channel: 0,
  row: 0,
  rows: slices,
});
/** A command that fills rows of B. */
export const rowsOf = (half: number, channel: number, row: number, rows: number): Values => ({
  kind: 1,
  half,
  addr: 0,
  channel,
  row,
  rows,
});

/** The cache's settings: of a row of one word that is all there is, unless told otherwise. */
export interface Config {
  w?: number;
  q?: number;
  u?: number;
  wbank?: number;
  hband?: number;
}

/** A cache alone: beats and commands come from lists, memories are read through the ports. */
export function bench(
  size: { n: number; aSlices?: number; bWords?: number },
  config: Config = {},
  pauses: () => boolean = () => false,
) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('array', 166_000_000);
  const l2 = new L2Cache(sim, 'l2', {
    clock,
    n: size.n,
    aSlices: size.aSlices ?? 64,
    bWords: size.bWords ?? 64,
  });
  const beats = new Feeder(sim, 'read', BEAT, clock, pauses);
  const fills = new Feeder(sim, 'top', FILL, clock, pauses);
  connect(beats.out, l2.beat);
  connect(fills.out, l2.fill);
  l2.cfgW.poke(config.w ?? 1);
  l2.cfgQ.poke(config.q ?? 0);
  l2.cfgU.poke(config.u ?? 1);
  l2.cfgWbank.poke(config.wbank ?? 1);
  l2.cfgHband.poke(config.hband ?? 1);
  /** Cycles in which fill_done was high. */
  const done: number[] = [];
  const step = (): void => {
    if (l2.fillDone.value !== 0) done.push(clock.cycle);
    sim.step(clock);
  };
  const fillAll = (commands: number, limit = 10_000): void => {
    for (let i = 0; done.length < commands; i++) {
      if (i === limit) throw new Error('not filled');
      step();
    }
  };
  const readA = (half: number, addr: number): number[] => {
    l2.aHalf.poke(half);
    l2.aAddr.poke(addr);
    l2.aRe.poke(1);
    step();
    l2.aRe.poke(0);
    step();
    return [...l2.aData.values];
  };
  const readB = (half: number, bank: number, addr: number): number => {
    const addrs = new Array<number>(l2.nb).fill(0);
    const en = new Array<number>(l2.nb).fill(0);
    addrs[bank] = addr;
    en[bank] = 1;
    l2.bHalf.poke(half);
    l2.bAddr.poke(addrs);
    l2.bEn.poke(en);
    l2.bRe.poke(1);
    step();
    l2.bRe.poke(0);
    step();
    return l2.bData.get(bank);
  };
  return { sim, clock, l2, beats, fills, done, step, fillAll, readA, readB };
}

/** `count` whole numbers, rising from `from`. */
export const ramp = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);
