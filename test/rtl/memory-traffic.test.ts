import { describe, expect, it } from 'vitest';
import {
  asyncFifoTwin,
  bramTwin,
  poolTwin,
  readDmaTwin,
  rowCollectorTwin,
  writeDmaTwin,
} from './memory-twins.js';
import type { Twin } from './twin-list.js';

const CYCLES = 10_000;

/** All ports cycle by cycle, as plain numbers where they fit. */
function ports(twin: Twin): Record<string, number>[] {
  const { stimulus, outputs } = twin.play(CYCLES)[0]!;
  return stimulus.map((inputs, c) =>
    Object.fromEntries(Object.entries({ ...inputs, ...outputs[c] }).map(([name, v]) => [name, Number(v)])),
  );
}

const both = (a: string, b: string) => (row: Record<string, number>) => row[a] === 1 && row[b] === 1;
const fired = (rows: Record<string, number>[], channel: string) =>
  rows.filter((row) => row['rst'] === 0 && both(`${channel}_valid`, `${channel}_ready`)(row));

/** The most that a count reaches, which a reset takes to 0. */
function most(rows: Record<string, number>[], change: (row: Record<string, number>) => number): number {
  let [count, highest] = [0, 0];
  for (const row of rows) {
    count = row['rst'] === 1 ? 0 : count + change(row);
    highest = Math.max(highest, count);
  }
  return highest;
}

// A comparison of parts that do nothing would always succeed: the traffic has to take them to their limits.
describe('the traffic of the memory-side twins', () => {
  it('reads words of a block RAM in the very cycle after they were written', () => {
    const rows = ports(bramTwin(512, 4, 18));
    const at = rows.filter(
      (row, c) => row['re'] === 1 && rows[c - 1]?.['we'] === 1 && rows[c - 1]!['waddr'] === row['raddr'],
    );
    expect(at.length).toBeGreaterThan(100);
  });

  it('fills and empties dual-clock FIFOs', () => {
    for (const twin of [asyncFifoTwin(16, 8, 166e6, 200e6), asyncFifoTwin(8, 4, 800e6, 200e6)]) {
      const rows = ports(twin);
      expect(rows.filter((row) => row['in_ready'] === 0 && row['in_clk'] === 1).length).toBeGreaterThan(300);
      expect(rows.filter((row) => row['out_valid'] === 0 && row['out_clk'] === 1).length).toBeGreaterThan(
        300,
      );
      expect(
        rows.filter((row) => both('out_valid', 'out_ready')(row) && row['out_clk'] === 1).length,
      ).toBeGreaterThan(500);
    }
  });

  it('gives READ all its bursts and all its beats', () => {
    const rows = ports(readDmaTwin());
    const fires = (row: Record<string, number>, channel: string) => fired([row], channel).length;
    expect(most(rows, (row) => fires(row, 'ar') - fires(row, 'r') * row['r_last']!)).toBe(8);
    expect(most(rows, (row) => fires(row, 'r') - fires(row, 'out'))).toBe(128);
    expect(fired(rows, 'cmd').length).toBeGreaterThan(100);
    expect(new Set(fired(rows, 'ar').map((row) => row['ar_len'])).size).toBe(16);
    expect(
      fired(rows, 'out').filter((row) => row['out_first']! > 0 && row['out_last'] === 1).length,
    ).toBeGreaterThan(10);
  });

  it('collects whole and partial rows at any width', () => {
    for (const n of [1, 4, 28]) {
      const taken = fired(ports(rowCollectorTwin(n)), 'row');
      const partial = taken.filter((row) => row['row_count']! < n).length;
      expect(taken.length, `rows of ${n}`).toBeGreaterThan(1000);
      if (n > 1) expect(partial, `partial rows of ${n}`).toBeGreaterThan(50);
    }
  });

  it('pools by every mode, several windows a row, with rows that wait', () => {
    const rows = ports(poolTwin({ n: 4, accumulators: 300, overlap: 3 }));
    const taken = fired(rows, 'out');
    for (const mode of [0, 1, 2])
      expect(taken.filter((row) => row['cfg_mode'] === mode).length, `mode ${mode}`).toBeGreaterThan(150);
    expect(taken.filter((row) => row['cfg_mode']! > 0 && row['out_count']! > 1).length).toBeGreaterThan(50);
    expect(rows.filter((row) => row['in_ready'] === 0).length).toBeGreaterThan(500);
  });

  it('lets WRITE send bursts, cut them, wait for answers and flush', () => {
    const rows = ports(writeDmaTwin(28, 4));
    const bursts = fired(rows, 'aw');
    expect(new Set(bursts.map((row) => row['aw_len']))).toEqual(new Set([0, 1, 2]));
    expect(bursts.filter((row) => row['aw_addr']! % 4096 === 0).length).toBeGreaterThan(5);
    expect(
      bursts.filter((row) => (row['aw_addr']! + 32 * row['aw_len']! + 32) % 4096 === 0).length,
    ).toBeGreaterThan(5);
    const fires = (row: Record<string, number>, channel: string) => fired([row], channel).length;
    expect(most(rows, (row) => fires(row, 'aw') - fires(row, 'b'))).toBe(4);
    expect(fired(rows, 'w').filter((row) => row['w_strb'] !== 2 ** 32 - 1).length).toBeGreaterThan(100);
    expect(rows.filter((row, c) => row['idle'] === 1 && rows[c - 1]?.['idle'] === 0).length).toBeGreaterThan(
      20,
    );
    expect(fired(rows, 'row').length).toBeGreaterThan(1000);
  });
});
