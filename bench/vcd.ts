import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartialFile } from '../src/trace/partial-file.js';
import { scanVcd } from '../src/trace/vcd/scanner.js';
import { lanesOf } from '../src/trace/vcd/values.js';
import { type VcdVariable, VcdWriter } from '../src/trace/vcd-writer.js';
import { type Bench, type BenchResult, median } from './harness.js';

const READ = 200;
const WRITE = 50;
const LANES = 28;
const LANE_BITS = 16;
/** Bits of the signals, as the ports of a machine have them: handshakes, elements, addresses, and rows of 28 elements. */
const WIDTHS: readonly number[] = [
  ...new Array<number>(40).fill(1),
  ...new Array<number>(40).fill(LANE_BITS),
  ...new Array<number>(20).fill(32),
  ...new Array<number>(10).fill(LANES * LANE_BITS),
];
/** Bytes of an instant, in which every second signal changes. */
const INSTANT_BYTES = 2880;
const PERIOD_PS = 6024;

interface Sums {
  changes: number;
  /** Of every lane of every value. */
  values: number;
  times: number;
}

/** A change drawn from instant and signal: whether there is one, and its value. */
function draw(instant: number, signal: number): number {
  const mixed = Math.imul((instant * 211 + signal) ^ 0x5bd1e995, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Rows of lanes to draw from. */
const ROWS: readonly Float64Array[] = Array.from({ length: 64 }, (_, row) =>
  Float64Array.from(new Array(LANES).keys(), (lane) => draw(row, lane) >>> LANE_BITS),
);
const ROW_SUMS: readonly number[] = ROWS.map((row) => row.reduce((a, b) => a + b));

function write(file: string, instants: number): void {
  const out = new PartialFile(file);
  const writer = new VcdWriter(out);
  const variables = WIDTHS.map((width, code): VcdVariable => ({
    path: `top.part${code % 8}.port${code}`,
    kind: 'wire',
    width,
    code,
  }));
  writer.header(variables, []);
  for (let instant = 0; instant < instants; instant++) {
    writer.time(instant * PERIOD_PS);
    for (let code = 0; code < WIDTHS.length; code++) {
      const drawn = draw(instant, code);
      if ((drawn & 1) === 0) continue;
      const width = WIDTHS[code]!;
      if (width > 32) writer.lanes(code, LANE_BITS, ROWS[drawn >>> 26]!);
      else writer.scalar(code, width, drawn >>> (32 - width));
    }
  }
  out.commit();
}

/** What a file of so many instants must add up to. */
function wantedSums(instants: number): Sums {
  const sums: Sums = { changes: 0, values: 0, times: 0 };
  for (let instant = 0; instant < instants; instant++) {
    sums.times += instant * PERIOD_PS;
    for (const [code, width] of WIDTHS.entries()) {
      const drawn = draw(instant, code);
      if ((drawn & 1) === 0) continue;
      sums.changes += 1;
      sums.values += width > 32 ? ROW_SUMS[drawn >>> 26]! : drawn >>> (32 - width);
    }
  }
  return sums;
}

function read(file: string): Sums {
  const sums: Sums = { changes: 0, values: 0, times: 0 };
  const damage = scanVcd(file, ({ variables }) => {
    const lanes = variables.map(({ width }) => new Float64Array(width > 32 ? LANES : 1));
    const widths = variables.map(({ width }) => (width > 32 ? LANE_BITS : width));
    const codes = variables.map(({ code }) => code);
    const place = new Int32Array(codes.length);
    codes.forEach((code, i) => (place[code] = i));
    return {
      time(time) {
        sums.times += time;
      },
      scalar(_, digit) {
        sums.changes += 1;
        sums.values += digit & 1;
      },
      vector(code, buffer, from, to) {
        const at = place[code]!;
        const into = lanes[at]!;
        if (!lanesOf(buffer, from, to, widths[at]!, into)) throw new Error('an x where there is none');
        sums.changes += 1;
        for (let lane = 0; lane < into.length; lane++) sums.values += into[lane]!;
      },
      real() {},
      text() {},
      beginSection() {},
      endSection() {},
    };
  });
  if (damage !== null) throw new Error(damage);
  return sums;
}

/** Of this process's own processor time, the system's share included: what else the machine does is left out. */
function seconds(work: () => void): number {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

export const vcd: Bench = {
  name: 'vcd',
  question: 'How many megabytes of a Value Change Dump are read, values and all, and written in a second?',
  run(quick: boolean): Promise<BenchResult> {
    const instants = Math.round((quick ? 40e6 : 100e6) / INSTANT_BYTES);
    const folder = mkdtempSync(join(tmpdir(), 'vcd-bench-'));
    try {
      const file = join(folder, 'run.vcd');
      const writing = Array.from({ length: 7 }, () => seconds(() => write(file, instants)));
      const megabytes = statSync(file).size / 1e6;
      const wanted = wantedSums(instants);
      const reading = Array.from({ length: 7 }, () =>
        seconds(() => {
          const got = read(file);
          if (JSON.stringify(got) !== JSON.stringify(wanted))
            throw new Error(`read ${JSON.stringify(got)}, wrote ${JSON.stringify(wanted)}`);
        }),
      );
      const readRate = megabytes / median(reading);
      const writeRate = megabytes / median(writing);
      return Promise.resolve({
        figures: [
          { name: 'reading', value: readRate, unit: 'MB/s' },
          { name: 'changes read', value: (readRate / megabytes) * wanted.changes, unit: 'changes/s' },
          { name: 'writing', value: writeRate, unit: 'MB/s' },
        ],
        goals: [
          { wanted: `reads at least ${READ} MB/s`, got: readRate, atLeast: READ },
          { wanted: `writes at least ${WRITE} MB/s`, got: writeRate, atLeast: WRITE },
        ],
        notes: [
          `${megabytes.toFixed(0)} MB, ${wanted.changes} changes of 40 signals of 1 bit, 40 of 16, 20 of 32 and 10 of 448; medians of ${reading.length}. ` +
            'Seconds of processor time; read from the page cache, every value to a number or 28 lanes.',
        ],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
