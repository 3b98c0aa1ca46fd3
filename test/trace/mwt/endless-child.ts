import { MwtWriter } from '../../../src/trace/mwt/writer.js';

/** Records into a file until it is killed: at 1000 · i ps the wave holds i mod 65521. Tells its parent once there is something. */
const file = process.argv[2]!;
const writer = new MwtWriter(
  file,
  {
    configuration: null,
    seed: null,
    clocks: [],
    modules: [],
    signals: [
      { path: 'count', kind: 'bits', type: { kind: 'uint', width: 16 }, lanes: 1, wave: 0, clock: null },
    ],
    begin: 0,
  },
  { chunkBytes: 4096 },
);
for (let i = 0, isTold = false; ; i++) {
  writer.time(1000 * i);
  writer.scalar(0, i % 65_521);
  if (!isTold && writer.bytes > 100_000) {
    isTold = true;
    process.stdout.write('recording\n');
  }
}
