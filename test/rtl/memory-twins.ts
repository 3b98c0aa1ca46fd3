import { AsyncFifo } from '../../src/components/axi/async-fifo.js';
import { BeatPacker } from '../../src/components/beat-packer.js';
import { Bram } from '../../src/components/bram.js';
import { Pool } from '../../src/components/pool.js';
import { ReadDma } from '../../src/components/read-dma.js';
import { RowCollector } from '../../src/components/row-collector.js';
import { WriteDma } from '../../src/components/write-dma.js';
import { bits } from '../../src/kernel/index.js';
import { converse, converseAcross, type Partner } from './converse.js';
import type { Design } from './designs.js';
import {
  asyncFifoDesign,
  beatPackerDesign,
  bramDesign,
  poolDesign,
  type PoolSize,
  readDmaDesign,
  rowCollectorDesign,
  writeDmaDesign,
} from './memory-designs.js';
import { bothSides, collectorTraffic, memoryUser, readTraffic } from './memory-partners.js';
import { poolTraffic } from './pool-partner.js';
import { randomStimulus } from './random-stimulus.js';
import { type BuildComponent, replay } from './replay.js';
import type { Twin } from './twin-list.js';
import { writeTraffic } from './write-partner.js';

const SEED = 2015;

function conversation(name: string, design: Design, build: BuildComponent, partner: () => Partner): Twin {
  return {
    name,
    design,
    play: (cycles) => [{ what: 'random traffic', ...converse(design, cycles, build, partner()) }],
  };
}

export function bramTwin(words: number, lanes: number, laneBits: number): Twin {
  return conversation(
    `bram ${words} x ${lanes} x ${laneBits} bits`,
    bramDesign(words, lanes, laneBits),
    (sim, clock) => new Bram(sim, 'dut', { clock, words, lanes, laneBits }),
    () => memoryUser(words, lanes * laneBits, SEED),
  );
}

export function asyncFifoTwin(width: number, depth: number, inHz: number, outHz: number): Twin {
  const design = asyncFifoDesign(width, depth);
  return {
    name: `async_fifo ${width} bits x ${depth}, ${inHz / 1e6} to ${outHz / 1e6} MHz`,
    design,
    play: (instants) => {
      const sides = bothSides(width, SEED);
      const domains = [
        { port: 'in_clk', hz: inHz, partner: sides.in },
        { port: 'out_clk', hz: outHz, partner: sides.out },
      ];
      const said = converseAcross(
        design,
        instants,
        domains,
        (sim, inClock, outClock) =>
          new AsyncFifo(sim, 'dut', {
            inClock,
            outClock,
            depth,
            fields: { data: bits(width) },
          }),
      );
      return [{ what: 'random traffic', ...said }];
    },
  };
}

export function beatPackerTwin(): Twin {
  const design = beatPackerDesign();
  return {
    name: 'beat_packer',
    design,
    play: (cycles) => {
      const stimulus = randomStimulus(design, SEED, cycles);
      const outputs = replay(design, (sim, clock) => new BeatPacker(sim, 'dut', { clock }), stimulus);
      return [{ what: 'random', stimulus, outputs }];
    },
  };
}

export function readDmaTwin(): Twin {
  return conversation(
    'read_dma',
    readDmaDesign(),
    (sim, clock) => new ReadDma(sim, 'dut', { clock }),
    () => readTraffic(SEED),
  );
}

export function rowCollectorTwin(n: number): Twin {
  return conversation(
    `row_collector n=${n}`,
    rowCollectorDesign(n),
    (sim, clock) => new RowCollector(sim, 'dut', { clock, n }),
    () => collectorTraffic(n, SEED),
  );
}

export function poolTwin(size: PoolSize): Twin {
  const { n, accumulators, overlap } = size;
  return conversation(
    `pool n=${n}, ${accumulators} accumulators, overlap ${overlap}`,
    poolDesign(size),
    (sim, clock) => new Pool(sim, 'dut', { clock, n, accumulatorWords: accumulators }),
    () => poolTraffic(size, SEED),
  );
}

export function writeDmaTwin(n: number, outstanding: number): Twin {
  return conversation(
    `write_dma n=${n}, ${outstanding} unanswered`,
    writeDmaDesign(n, outstanding),
    (sim, clock) => new WriteDma(sim, 'dut', { clock, n, outstanding }),
    () => writeTraffic(n, SEED),
  );
}

/** Modules of the memory side. */
export type MemoryModule =
  'bram' | 'async_fifo' | 'beat_packer' | 'read_dma' | 'row_collector' | 'pool' | 'write_dma';

/** A twin of each, small, in which seeded mistakes are to show. */
export const memoryTwins: Readonly<Record<MemoryModule, () => Twin>> = {
  bram: () => bramTwin(37, 2, 16),
  async_fifo: () => asyncFifoTwin(16, 4, 166e6, 200e6),
  beat_packer: beatPackerTwin,
  read_dma: readDmaTwin,
  row_collector: () => rowCollectorTwin(4),
  pool: () => poolTwin({ n: 3, accumulators: 200, overlap: 2 }),
  write_dma: () => writeDmaTwin(28, 4),
};
