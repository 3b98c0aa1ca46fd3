/**
 * A 4×4 fixed-point machine runs one small convolution, and a few of its streams are drawn as a waveform:
 *
 *     npx tsx examples/first-run/main.ts
 *
 * The image is 1 … 16 in a 4×4 square; the filters are 2×2 and easily followed by hand. Nothing is rounded (shift 0).
 * In a project of your own the first import is `from 'marblewave'`.
 */
import { filter, map, type Observable, scan } from 'rxjs';
import { GuptaRunner, guptaSpec, type MachineLayer } from '../../src/index.js';

const layer: MachineLayer = {
  name: 'corners',
  input: { channels: 1, height: 4, width: 4 },
  output: { channels: 4, height: 3, width: 3 },
  kernel: [2, 2],
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  // One filter a row: the pixel itself, the sum of four, rightwards and downwards difference.
  weights: Int16Array.from(
    [
      [1, 0, 0, 0],
      [1, 1, 1, 1],
      [-1, 1, 0, 0],
      [-1, 0, 1, 0],
    ].flat(),
  ),
  bias: null,
  shift: 0,
  biasExponent: 0,
  relu: false,
  pool: null,
};
const image = Int16Array.from({ length: 16 }, (_, i) => i + 1);

const runner = new GuptaRunner(guptaSpec({ n: 4 }), [layer], { seed: 1 });
const { sim, clock, machine } = runner;

/** What is shown in a lane, by cycle. */
type Lane = Map<number, string>;
const record = (stream: Observable<readonly [cycle: number, text: string]>): Lane => {
  const lane: Lane = new Map();
  stream.subscribe(([cycle, text]) => lane.set(cycle, text));
  return lane;
};

// A channel emits its transfers; the cycle is the one at whose edge the transfer happens.
const slices = record(
  machine.sa.in.pipe(
    map(({ cycle, payload }) => [cycle, payload.first ? 'first' : payload.last ? 'last' : '·']),
  ),
);
const tiles = record(
  machine.sa.in.pipe(
    filter(({ payload }) => payload.last !== 0),
    scan((seen, { cycle }): [number, number] => [cycle, seen[1] + 1], [0, 0] as [number, number]),
    map(([cycle, tile]) => [cycle, `t${tile}`]),
  ),
);
// A register inside the array is a probe, found by its path: it emits its value, then each change.
const register = (path: string): Lane =>
  record(sim.value(path).pipe(map((value) => [clock.cycle, String(value)])));
const p00 = register('gupta.sa.pe[0][0].p');
const p33 = register('gupta.sa.pe[3][3].p');
const sums = record(machine.sa.out[0]!.pipe(map(({ cycle, payload }) => [cycle, String(payload.data)])));

const run = runner.runLayer(0, image, 0, { stochastic: false, seed: 1 });

const from = Math.min(...slices.keys());
const to = Math.max(...sums.keys());
/** Six characters a cycle; a register holds its value until the next one. */
const draw = (name: string, lane: Lane, holds = false): string => {
  let held = '';
  let line = name.padEnd(18);
  for (const [cycle, text] of lane) if (cycle < from) held = text;
  for (let cycle = from; cycle <= to; cycle++) {
    held = lane.get(cycle) ?? (holds ? held : '-');
    line += held.padStart(6);
  }
  return line;
};
const cycles = new Map(Array.from({ length: to - from + 1 }, (_, i) => [from + i, String(from + i)]));

console.log(
  [
    draw('cycle', cycles),
    draw('sa.in', slices),
    draw('tile', tiles),
    draw('sa.pe[0][0].p', p00, true),
    draw('sa.pe[3][3].p', p33, true),
    draw('sa.out[0]', sums),
  ].join('\n'),
);

console.log(`\n${layer.name}: [4, 3, 3] in ${run.cycles} cycles, of which`);
const causes = Object.entries(run.causes).filter(([, count]) => count > 0);
console.log(causes.map(([cause, count]) => `  ${cause.padEnd(8)}${String(count).padStart(4)}`).join('\n'));
for (let row = 0; row < 3; row++) {
  const planes = [0, 1, 2, 3].map((f) => [...run.output.subarray(f * 9 + row * 3, f * 9 + row * 3 + 3)]);
  console.log(planes.map((pixels) => pixels.map((v) => String(v).padStart(4)).join('')).join('   '));
}
