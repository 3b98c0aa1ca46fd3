import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNamedNetwork } from '../../src/networks/zoo.js';
import { cli } from './run-cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'marblewave-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A small IDX file: magic by element type and rank, sizes, bytes. */
function idx(rank: number, sizes: readonly number[], bytes: number): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header[2] = 0x08;
  header[3] = rank;
  sizes.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}

function dataFolder(name: string, images: Buffer, labels: Buffer): string {
  const dir = join(folder, name);
  rmSync(dir, { recursive: true, force: true });
  mkdtempSync(join(folder, 'x-'));
  return writeAll(dir, { 't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte': labels });
}

function writeAll(dir: string, files: Record<string, Buffer | string>): string {
  const made = mkdtempSync(`${dir}-`);
  for (const [name, data] of Object.entries(files)) writeFileSync(join(made, name), data);
  return made;
}

describe('bad input gets a clear message and exit code 2', () => {
  const cases: [what: string, args: () => string[], says: RegExp][] = [
    ['an unknown command', () => ['rum'], /no command "rum"; there are run, .*list/],
    ['a name that `list` does not take', () => ['list', 'mnist-cnn'], /list: takes no names, got mnist-cnn/],
    ['no network', () => ['run'], /which network\?/],
    [
      'an unknown network',
      () => ['run', 'mnist-dnn'],
      /name must be one of mnist-cnn, alexnet-conv, got "mnist-dnn"/,
    ],
    [
      'a network that has no weights',
      () => ['run', 'alexnet-conv'],
      /alexnet-conv: weights must be random \(--weights random\) or a file/,
    ],
    [
      'a seed of random weights that is no number',
      () => ['run', 'mnist-cnn', '--weights', 'random:x'],
      /--weights random:SEED must have a whole number from 0 to 4294967295, got "random:x"/,
    ],
    [
      'an unknown im2col mode',
      () => ['run', 'mnist-cnn', '--im2col', 'blown'],
      /--im2col must be one of on-the-fly, blown-up, got "blown"/,
    ],
    ['an unknown option', () => ['run', 'mnist-cnn', '--image', '3'], /--image/],
    [
      'an unknown parameter',
      () => ['run', 'mnist-cnn', '--set', 'memory.latency=3'],
      /machine: memory\.latency must be a known parameter, got 3/,
    ],
    [
      'a parameter of the wrong kind',
      () => ['run', 'mnist-cnn', '--set', 'memory.model=ideal', '--set', 'memory.latencyCycles=fast'],
      /machine: memory\.latencyCycles must be an integer of 1 or more, got "fast"/,
    ],
    [
      'a parameter of the other memory',
      () => ['run', 'mnist-cnn', '--set', 'memory.latencyCycles=40'],
      /machine: memory\.latencyCycles must be left out: only memory\.model 'ideal' knows it, got 40/,
    ],
    [
      'a DDR3 channel for an ideal memory',
      () => ['run', 'mnist-cnn', '--set', 'memory.model=ideal', '--set', 'memory.ddr3.speed=1066'],
      /machine: memory\.ddr3 must be left out: only memory\.model 'ddr3' knows it/,
    ],
    [
      'an unknown memory',
      () => ['run', 'mnist-cnn', '--set', 'memory.model=hbm'],
      /machine: memory\.model must be 'ddr3' or 'ideal', got "hbm"/,
    ],
    [
      'a width that no link has',
      () => ['run', 'mnist-cnn', '--set', 'memory.axiBits=100'],
      /machine: memory\.axiBits must be 64, 128 or 256, got 100/,
    ],
    [
      'an unknown parameter of the DDR3',
      () => ['run', 'mnist-cnn', '--set', 'memory.ddr3.tRCDD=3'],
      /machine\.memory\.ddr3: tRCDD must be a known key \(near it: tRCD.*\), got 3/,
    ],
    [
      'a speed bin that there is not',
      () => ['run', 'mnist-cnn', '--set', 'memory.ddr3.speed=2133'],
      /machine\.memory\.ddr3: speed must be one of 1066, 1333, 1600, 1866, got 2133/,
    ],
    [
      'a DDR3 configuration that contradicts itself',
      () => ['run', 'mnist-cnn', '--set', 'memory.ddr3.writeDrainHigh=64'],
      /machine\.memory\.ddr3: writeDrainHigh must be at most writeQueue = 32, got 64/,
    ],
    [
      'commands of a DRAM that is not there',
      () => ['run', 'mnist-cnn', '--set', 'memory.model=ideal', '--dram-commands', '/nowhere/at/all.csv'],
      /--dram-commands wants a machine with a DDR3 channel; memory\.model is "ideal"/,
    ],
    [
      'FL outside the word',
      () => ['run', 'mnist-cnn', '--fl', '15'],
      /--fl must be a whole number from 6 to 14, got "15"/,
    ],
    [
      'FL that is no number',
      () => ['run', 'mnist-cnn', '--fl', 'x'],
      /--fl must be a whole number from 6 to 14, got "x"/,
    ],
    ['n = 0', () => ['run', 'mnist-cnn', '--n', '0'], /--n must be a whole number from 1 to 63, got "0"/],
    [
      'n = 0 by --set',
      () => ['run', 'mnist-cnn', '--set', 'n=0'],
      /machine: n must be an integer from 1 to 63, got 0/,
    ],
    [
      'a rounding that is none',
      () => ['run', 'mnist-cnn', '--rounding', 'up'],
      /--rounding must be one of nearest, stochastic, got "up"/,
    ],
    [
      'more images than there are',
      () => ['run', 'mnist-cnn', '--images', '10001'],
      /--images must be at most 10000/,
    ],
    [
      'a configuration that is missing',
      () => ['run', 'mnist-cnn', '--config', join(folder, 'none.json')],
      /none\.json must be a readable file, got ENOENT/,
    ],
    [
      'a configuration with an unknown setting',
      () => [
        'run',
        'mnist-cnn',
        '--config',
        join(writeAll(join(folder, 'c'), { 'm.json': '{"fractions": 3}' }), 'm.json'),
      ],
      /m\.json: fractions must be a known setting, got 3/,
    ],
    [
      'a data folder that is missing',
      () => ['run', 'mnist-cnn', '--data', join(folder, 'nowhere')],
      /nowhere/,
    ],
    [
      'a truncated IDX file',
      () => ['run', 'mnist-cnn', '--data', dataFolder('short', idx(3, [2, 28, 28], 1000), idx(1, [2], 2))],
      /t10k-images-idx3-ubyte: .* must be .*, got /,
    ],
    [
      'labels given as images',
      () => ['run', 'mnist-cnn', '--data', dataFolder('swapped', idx(1, [2], 2), idx(1, [2], 2))],
      /t10k-images-idx3-ubyte: .* must be .*, got /,
    ],
    [
      'images of another size than the network takes',
      () => [
        'run',
        'mnist-cnn',
        '--images',
        '1',
        '--data',
        dataFolder('small', idx(3, [2, 14, 14], 392), idx(1, [2], 2)),
      ],
      /images must be 1x28x28.*got 1x14x14/,
    ],
    [
      'weights whose shape differs',
      () => {
        const { network } = loadNamedNetwork('mnist-cnn');
        const layers = network.layers.map((l) =>
          l.kind === 'dense' && l.name === 'dense2' ? { ...l, units: 11 } : l,
        );
        const { classes: _, weights: __, ...rest } = network;
        const dir = writeAll(join(folder, 'net'), { 'net.json': JSON.stringify({ ...rest, layers }) });
        return ['run', '--network', join(dir, 'net.json'), '--weights', 'weights/mnist-cnn.safetensors'];
      },
      /dense2\.weight.*11.*128.*10/s,
    ],
    [
      'a network file that is no JSON',
      () => ['run', '--network', join(writeAll(join(folder, 'j'), { 'n.json': '{' }), 'n.json')],
      /n\.json: contents must be JSON/,
    ],
    [
      'a network and a file',
      () => ['run', 'mnist-cnn', '--network', 'x.json'],
      /wanted a network's name or --network FILE, got both/,
    ],
    [
      'a parameter named __proto__',
      () => ['run', 'mnist-cnn', '--set', '__proto__.n=8', '--print-config'],
      /machine: __proto__\.n must be a known parameter/,
    ],
    [
      'a trace onto something that is no regular file',
      () => {
        const pipe = join(writeAll(join(folder, 'pipe'), {}), 'p.vcd');
        execFileSync('mkfifo', [pipe]);
        return ['run', 'mnist-cnn', '--images', '1', '--trace', pipe];
      },
      /p\.vcd: must be a new file or a regular one/,
    ],
    [
      'a configuration whose machine is nothing',
      () => [
        'run',
        'mnist-cnn',
        '--config',
        join(writeAll(join(folder, 'null'), { 'm.json': '{"machine": null}' }), 'm.json'),
      ],
      /m\.json: machine must be an object, got null/,
    ],
    [
      'a stride that the banks cannot take, by the layer’s name',
      () => {
        const net = {
          name: 'wide',
          input: { channels: 1, height: 28, width: 28 },
          layers: [
            { kind: 'conv', name: 'far', filters: 2, kernel: 1, stride: 3 },
            { kind: 'dense', name: 'out', units: 10 },
          ],
        };
        const dir = writeAll(join(folder, 'stride'), { 'net.json': JSON.stringify(net) });
        return ['run', '--network', join(dir, 'net.json'), '--weights', 'random', '--n', '2'];
      },
      /far: strideX must be no multiple of the number of banks, 3/,
    ],
    [
      'a trace of no known kind',
      () => ['run', 'mnist-cnn', '--trace', 'run.txt'],
      /run: --trace must be a file of \.mwt or \.vcd, got "run\.txt"/,
    ],
    [
      'a window without a trace',
      () => ['run', 'mnist-cnn', '--trace-from', '10us'],
      /run: --trace-from wants --trace FILE, got none/,
    ],
    [
      'a time before a trigger, without one',
      () => ['run', 'mnist-cnn', '--trace', join(folder, 't.mwt'), '--trace-pre', '10c'],
      /run: --trace-pre wants --trace-trigger EXPR, got none/,
    ],
    [
      'a time in a unit that there is not',
      () => ['run', 'mnist-cnn', '--trace', join(folder, 't.mwt'), '--trace-to', '10h'],
      /run: --trace-to must be a time: ps, or with a unit like 10us, or cycles like 1000c, got "10h"/,
    ],
    [
      'half a cycle',
      () => ['run', 'mnist-cnn', '--trace', join(folder, 't.mwt'), '--trace-to', '1.5c'],
      /run: --trace-to must be a time: .*, got "1\.5c"/,
    ],
    [
      'a window that ends before it begins',
      () => [
        'run',
        'mnist-cnn',
        '--trace',
        join(folder, 't.mwt'),
        '--trace-from',
        '10us',
        '--trace-to',
        '9us',
      ],
      /t\.mwt: to must be at least from = 10000000 ps, got 9000000/,
    ],
    [
      'signals that there are not',
      () => ['run', 'mnist-cnn', '--trace', join(folder, 't.mwt'), '--trace-signals', 'sa.**,as.*'],
      /t\.mwt: signals must be patterns that match paths of signals, like gupta\.top\.\* or sa\.\*\*, got "as\.\*"/,
    ],
    [
      'a trigger on nothing',
      () => ['run', 'mnist-cnn', '--trace', join(folder, 't.mwt'), '--trace-trigger', 'gupta.top.casue == 7'],
      /nothing is named "gupta\.top\.casue"/,
    ],
    [
      'a trace that cannot be written',
      () => ['run', 'mnist-cnn', '--images', '1', '--trace', join(folder, 'no', 'such', 't.vcd')],
      /t\.vcd/,
    ],
  ];
  for (const [what, args, says] of cases) {
    it(what, async () => {
      const list = args();
      const before = readdirSync(folder).sort();
      const result = await cli(list);
      expect(result.stderr).toMatch(says);
      expect(result.stderr).not.toMatch(/\n\s+at /);
      expect(result.stdout).toBe('');
      expect(result.code).toBe(2);
      expect(readdirSync(folder).sort()).toEqual(before);
    });
  }

  it('names the environment variable that a wrong value came from', async () => {
    const result = await cli(['run', 'mnist-cnn'], { env: { MARBLEWAVE_FL: '99' } });
    expect(result.stderr).toMatch(/run: MARBLEWAVE_FL must be a whole number from 6 to 14, got "99"/);
    expect(result.code).toBe(2);
  });

  it('leaves no trace file behind when a run fails', async () => {
    const trace = join(folder, 'failed.vcd');
    const result = await cli(['run', 'mnist-cnn', '--images', '1', '--max-cycles', '100', '--trace', trace]);
    expect(result.stderr).toMatch(/watchdog: not done after 100 cycles/);
    expect(result.code).toBe(1);
    expect(existsSync(trace)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('failed'))).toEqual([]);
  });
});
