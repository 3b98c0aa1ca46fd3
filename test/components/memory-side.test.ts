import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AxiMemory } from '../../src/components/ddr3/axi-memory.js';
import { Pool } from '../../src/components/pool.js';
import { readBeat, readCommand, ReadDma } from '../../src/components/read-dma.js';
import { collectorWork, RowCollector } from '../../src/components/row-collector.js';
import { WriteDma } from '../../src/components/write-dma.js';
import { type Channel, connect, int } from '../../src/kernel/index.js';
import { AxiWatch, bench, Feeder, type Item, pick, random, Taker } from './memory-bench.js';

/** A layer's results in DDR3: [filters, height, width], pooled by max or average over size x size windows, or not at all. */
function pooled(
  plane: readonly number[],
  height: number,
  width: number,
  mode: number,
  size: number,
  stride: number,
): number[] {
  if (mode === 0) return [...plane];
  const result: number[] = [];
  for (let top = 0; top + size <= height; top += stride) {
    for (let left = 0; left + size <= width; left += stride) {
      const window = Array.from({ length: size * size }, (_, i) => {
        const y = top + Math.trunc(i / size);
        return plane[y * width + left + (i % size)]!;
      });
      const sum = window.reduce((a, b) => a + b);
      result.push(mode === 1 ? Math.max(...window) : Math.floor(sum / window.length + 0.5));
    }
  }
  return result;
}

describe('the memory side: RowCollector, Pool, WriteDma, AxiMemory, ReadDma', () => {
  it('brings the pooled layer to memory and back for any shape, stalls and traffic', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const next = random(seed);
        const rate = (): number => (next() < 0.5 ? 1 : 0.2 + 0.8 * next());
        const n = pick(next, 1, 28);
        const mode = pick(next, 0, 2);
        const size = pick(next, 1, 3);
        const stride = pick(next, 1, 3);
        const height = pick(next, size, 12);
        const width = pick(next, size, 12);
        const outH = Math.floor((height - size) / stride) + 1;
        const outW = Math.floor((width - size) / stride) + 1;
        const planeWords = mode === 0 ? height * width : outH * outW;
        const panels = pick(next, 1, 2);
        const lastRows = pick(next, 1, n);
        const filters = (panels - 1) * n + lastRows;
        const blocks = pick(next, 1, 2);
        // Tensors start at 4 KB in the machine; the parts must not care.
        const base = next() < 0.5 ? 65_536 : 65_536 + 2 * pick(next, 0, 3000);
        const planes = Array.from({ length: blocks * filters }, () =>
          Array.from({ length: height * width }, () => pick(next, -32_768, 32_767)),
        );

        const works: Item[] = [];
        const columns: number[][] = Array.from({ length: n }, () => []);
        for (let block = 0; block < blocks; block++) {
          let y = 0;
          while (y < height) {
            const rows = pick(next, 1, height - y);
            const pixels = rows * width;
            const work = {
              panels,
              last_rows: lastRows,
              first_filter: block * filters,
              first_pixel: y * width,
              pixels,
            };
            works.push(work);
            for (let tile = 0; tile < pixels; tile += n)
              for (let f = 0; f < filters; f++)
                for (let j = 0; j < Math.min(n, pixels - tile); j++)
                  columns[j]!.push(planes[block * filters + f]![work.first_pixel + tile + j]!);
            y += rows;
          }
        }

        const { sim, clock } = bench();
        const memory = new AxiMemory(sim, 'ddr', {
          clock,
          latencyCycles: pick(next, 1, 40),
          bandwidthBytesPerCycle: next() < 0.5 ? 32 : 8 + 30 * next(),
        });
        const collector = new RowCollector(sim, 'collect', { clock, n });
        const pool = new Pool(sim, 'pool', { clock, n });
        const write = new WriteDma(sim, 'write', { clock, n });
        const read = new ReadDma(sim, 'read', { clock });
        const work = new Feeder(sim, 'work', collectorWork, clock, works, rate(), next);
        const columnRate = rate();
        const feeders = columns.map((values, j) => {
          const items = values.map((data) => ({ data }));
          const feeder = new Feeder(sim, `c_${j}`, { data: int(16) }, clock, items, columnRate, next);
          connect(feeder.out, collector.in[j]!);
          return feeder;
        });
        const command = new Feeder(sim, 'command', readCommand, clock, [], rate(), next);
        const beats = new Taker(sim, 'beats', readBeat, clock, rate(), next);
        connect(work.out, collector.work);
        connect(collector.row, pool.in);
        connect(pool.out, write.row);
        connect(write.aw, memory.aw);
        connect(write.w, memory.w);
        connect(memory.b, write.b);
        connect(command.out, read.cmd);
        connect(read.ar, memory.ar);
        connect(memory.r, read.r);
        connect(read.out, beats.in);
        const as = (channel: unknown): Channel => channel as Channel;
        const watch = new AxiWatch(
          sim,
          'watch',
          clock,
          { ar: as(read.ar), r: as(read.r), aw: as(write.aw), w: as(write.w), b: as(write.b) },
          4096,
          16,
        );
        pool.cfgMode.poke(mode);
        pool.cfgSizeY.poke(size);
        pool.cfgSizeX.poke(size);
        pool.cfgStrideY.poke(stride);
        pool.cfgStrideX.poke(stride);
        pool.cfgInW.poke(width);
        pool.cfgInH.poke(height);
        pool.cfgOutW.poke(outW);
        pool.cfgOutH.poke(outH);
        pool.cfgFilters.poke(filters);
        write.cfgBase.poke(base);
        write.cfgPlaneWords.poke(planeWords);

        // Reads of something else go on while the layer is computed and stored.
        const other = Int16Array.from({ length: 2000 }, () => pick(next, -32_768, 32_767));
        memory.load(2, other);
        const wanted: number[] = [];
        for (let i = 0; i < 15; i++) {
          const words = pick(next, 1, 200);
          const from = pick(next, 0, other.length - words);
          command.items.push({ addr: 2 + 2 * from, words });
          wanted.push(...other.subarray(from, from + words));
        }
        const maxCycles = 200_000;
        sim.run({ until: () => work.done === works.length && collector.busy.value === 0, maxCycles });
        sim.run({ cycles: 2 });
        write.flush.poke(1);
        sim.run({
          until: () => write.idle.value !== 0 && pool.out.valid.value === 0 && write.row.valid.value === 0,
          maxCycles,
        });
        expect(feeders.every((f) => f.done === f.items.length)).toBe(true);

        const want = planes.flatMap((plane) => pooled(plane, height, width, mode, size, stride));
        expect([...memory.dump(base, want.length)]).toEqual(want);
        expect([...memory.dump(base - 64, 32)]).toEqual(Array(32).fill(0));
        expect([...memory.dump(base + 2 * want.length, 32)]).toEqual(Array(32).fill(0));
        expect(write.bytesWritten).toBe(2 * want.length);

        // Back it comes, in pieces.
        for (let from = 0; from < want.length;) {
          const words = Math.min(want.length - from, pick(next, 1, 700));
          command.items.push({ addr: base + 2 * from, words });
          from += words;
        }
        wanted.push(...want);
        const received = (): number[] =>
          beats.seen.flatMap(({ item }) => {
            const { data, first, count } = item as { data: number[]; first: number; count: number };
            return data.slice(first, first + count);
          });
        let last = 0;
        sim.run({
          until: () => {
            if (beats.seen.length > 0 && beats.seen.at(-1)!.item.last === 1)
              last = beats.seen.filter((s) => s.item.last === 1).length;
            return last === command.items.length;
          },
          maxCycles,
        });
        expect(received()).toEqual(wanted);
        expect(watch.mostWrites).toBeLessThanOrEqual(4);
        expect(watch.mostReads).toBeLessThanOrEqual(8);
      }),
      { numRuns: 25 },
    );
  });
});
