import { readFileSync } from 'node:fs';
import { ConfigError, CONTROL } from '../kernel/index.js';
import { type DataSet, checkDataSet, loadDataSet } from '../networks/data-set.js';
import { IM2COL_MODES } from '../machines/gupta/spec.js';
import { loadNetwork, type LoadedNetwork, readNetwork } from '../networks/network-file.js';
import { randomImages, withRandomWeights } from '../networks/random-inputs.js';
import { loadNamedNetwork, namedNetwork, namedNetworks } from '../networks/zoo.js';
import { runReport } from '../report/run-report.js';
import { runNetwork } from '../scenario/network-run.js';
import { applySetting, type RunConfig, runConfig, ROUNDINGS } from '../scenario/run-config.js';
import { Ddr3CommandFile } from '../trace/ddr3-command-file.js';
import type { Recording } from '../trace/recorder.js';
import { type Option, optionsHelp, parse, type Parsed } from './options.js';
import { Progress } from './progress.js';
import { beginTrace, traceOptions, traceRequest } from './run-trace.js';
import { Interrupted, UsageError } from './usage-error.js';

export const runOptions: readonly Option[] = [
  {
    name: 'images',
    value: 'N',
    help: 'images to classify, from the first of the test set (default 16; 1 where they are random)',
    env: 'MARBLEWAVE_IMAGES',
  },
  { name: 'fast', help: 'functional mode: the same arithmetic without cycles; image 0 runs in cycle mode' },
  { name: 'rounding', value: 'MODE', help: 'nearest (default) or stochastic', env: 'MARBLEWAVE_ROUNDING' },
  {
    name: 'fl',
    value: 'BITS',
    help: 'fraction bits of the 16-bit weights, 6 to 14 (default 10)',
    env: 'MARBLEWAVE_FL',
  },
  { name: 'seed', value: 'N', help: 'seed of the rounding units (default 1)', env: 'MARBLEWAVE_SEED' },
  { name: 'n', value: 'N', help: 'rows and columns of the array, 1 to 63 (default 28)' },
  { name: 'p', value: 'N', help: 'panels of n filters held together (default: as many as fit)' },
  {
    name: 'im2col',
    value: 'MODE',
    help: 'on-the-fly (default), or blown-up: the host lays the pixels out as a matrix in DDR3',
  },
  { name: 'ticked', help: 'step every register of the array in every cycle; changes no result' },
  {
    name: 'set',
    value: 'PATH=VALUE',
    help: 'any machine parameter, e.g. memory.ddr3.speed=1066; repeatable',
    multiple: true,
  },
  {
    name: 'config',
    value: 'FILE',
    help: 'configuration as --print-config writes it; options go before it',
    env: 'MARBLEWAVE_CONFIG',
  },
  { name: 'print-config', help: 'print the complete configuration as JSON, and run nothing' },
  { name: 'network', value: 'FILE', help: 'your own network (docs/your-network.md)' },
  {
    name: 'weights',
    value: 'FILE',
    help: 'weights, .npz or .safetensors (default: those the network names), or random[:SEED]',
  },
  {
    name: 'data',
    value: 'DIR',
    help: 'folder of IDX files, plain or gzip (default: MNIST; random images where the weights are)',
    env: 'MARBLEWAVE_DATA',
  },
  { name: 'float', help: 'also run the float network on the same images (on by default with --fast)' },
  { name: 'no-float', help: 'do not, with --fast' },
  { name: 'max-cycles', value: 'N', help: 'watchdog: fail after so many simulated cycles' },
  ...traceOptions,
  {
    name: 'dram-commands',
    value: 'FILE',
    help: 'write every command to the DDR3 as cycle,command,rank,bank,row,col (marblewave dram --check-commands reads it)',
  },
  { name: 'json', help: 'print one JSON document (schemas/run.schema.json)' },
];

export const runHelp = (): string => `marblewave run mnist-cnn --images 16
marblewave run alexnet-conv --weights random

Classifies images on the simulated fixed-point machine, layer by layer, compares every layer's output with the plain
reference, and prints a table by layer, the cycles by cause, and predictions against labels.

usage: marblewave run NETWORK [--weights FILE|random] [options]     NETWORK: ${namedNetworks.map((n) => n.name).join(', ')}
       marblewave run --network FILE [--weights FILE|random] [--data DIR] [options]

${optionsHelp(runOptions)}

exit code: 0 every layer equalled the reference; 1 one did not, or the machine faulted; 2 bad usage or input; 130 interrupted
`;

/** `marblewave run`. Returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = parse('run', runOptions, args);
  const config = configuration(options);
  if (options.flag('print-config')) {
    process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    return 0;
  }
  const maxCycles = options.whole('max-cycles', 1, Number.MAX_SAFE_INTEGER);
  const fast = options.flag('fast');
  const trace = traceRequest(options);
  const commandFile = options.text('dram-commands');
  if (commandFile !== undefined && config.machine.memory.model !== 'ddr3')
    throw new UsageError(
      `run: --dram-commands wants a machine with a DDR3 channel; memory.model is ${JSON.stringify(config.machine.memory.model)}`,
    );
  const random = randomSeed(options);
  const loaded = theNetwork(options, random);
  const data = theData(options, loaded, random);
  const images = options.whole('images', 1, 1_000_000) ?? Math.min(16, data.count);

  const control = new Int32Array(new SharedArrayBuffer(4));
  const progress = new Progress();
  let recording: Recording | null = null;
  let commands: Ddr3CommandFile | null = null;
  const endNow = (code: number): never => {
    recording?.abort();
    commands?.abort();
    process.exit(code);
  };
  const onInterrupt = (): void => {
    // The first asks for a stop at the next cycle boundary; the second ends at once.
    if (Atomics.load(control, 0) === CONTROL.stop) endNow(130);
    Atomics.store(control, 0, CONTROL.stop);
  };
  const onTerminate = (): never => endNow(143);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  try {
    const document = await runNetwork({
      config,
      loaded,
      data,
      images,
      fast,
      float: options.flag('float') || (fast && !options.flag('no-float')),
      control,
      ...(maxCycles === undefined ? {} : { maxCycles }),
      progress: ({ image, images: of, step }) => progress.show(`image ${image + 1} of ${of}, ${step}`),
      built: (sim, { memory: { ddr3 } }) => {
        if (trace !== null) recording = beginTrace(trace, sim, config);
        if (commandFile === undefined || ddr3 === null) return;
        commands = new Ddr3CommandFile(commandFile);
        ddr3.observeCommands(commands.write);
      },
    });
    progress.clear();
    closeTrace(recording);
    recording = null;
    (commands as Ddr3CommandFile | null)?.close();
    commands = null;
    process.stdout.write(options.flag('json') ? `${JSON.stringify(document)}\n` : `${runReport(document)}\n`);
    if (document.partial) throw new Interrupted(`interrupted after ${document.images} of ${images} images`);
    return document.check.equal ? 0 : 1;
  } finally {
    progress.clear();
    (recording as Recording | null)?.abort();
    (commands as Ddr3CommandFile | null)?.abort();
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onTerminate);
  }
}

/** Ends the recording, and says so where it never began. */
function closeTrace(recording: Recording | null): void {
  if (recording === null) return;
  recording.close();
  if (!recording.hasBegun)
    process.stderr.write(
      `marblewave: ${recording.file}: nothing was recorded: the run ended before its window began or its trigger held\n`,
    );
}

/** Option, then environment, then file, then default. */
function configuration(options: Parsed): RunConfig {
  const file = options.text('config');
  const given = file === undefined ? {} : readConfig(file);
  const part = given['machine'] === undefined ? {} : given['machine'];
  if (typeof part !== 'object' || part === null || Array.isArray(part))
    throw new ConfigError(file ?? 'config', 'machine', 'an object', part);
  const machine: Record<string, unknown> = { ...part };
  for (const setting of options.list('set')) applySetting(machine, setting);
  const n = options.whole('n', 1, 63);
  if (n !== undefined) machine['n'] = n;
  const p = options.whole('p', 1, 1023);
  if (p !== undefined) machine['p'] = p;
  if (options.flag('ticked')) machine['array'] = 'ticked';
  const im2col = options.choice('im2col', IM2COL_MODES);
  if (im2col !== undefined) machine['im2col'] = im2col;
  const fl = options.whole('fl', 6, 14);
  const rounding = options.choice('rounding', ROUNDINGS);
  const seed = options.whole('seed', 0, 2 ** 32 - 1);
  return runConfig(
    {
      ...given,
      ...(fl === undefined ? {} : { fl }),
      ...(rounding === undefined ? {} : { rounding }),
      ...(seed === undefined ? {} : { seed }),
      machine,
    },
    file ?? 'config',
  );
}

function readConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `run: --config ${file} must be a readable file, got ${(error as NodeJS.ErrnoException).code ?? 'an error'}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`run: --config ${file} must be JSON, got ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`run: --config ${file} must be a JSON object`);
  return value as Record<string, unknown>;
}

/** Seed of `--weights random[:SEED]`; null for weights from a file. */
function randomSeed(options: Parsed): number | null {
  const text = options.text('weights');
  if (text === undefined || !/^random(:|$)/.test(text)) return null;
  const seed = Number(text.slice('random:'.length) || '1');
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new UsageError(
      `run: --weights random:SEED must have a whole number from 0 to 4294967295, got ${JSON.stringify(text)}`,
    );
  return seed;
}

function theNetwork(options: Parsed, random: number | null): LoadedNetwork {
  const file = options.text('network');
  const [name, ...rest] = options.positionals;
  if (rest.length > 0) throw new UsageError(`run: wanted one network, got ${options.positionals.join(' ')}`);
  if (file !== undefined && name !== undefined)
    throw new UsageError(`run: wanted a network's name or --network FILE, got both`);
  if (file === undefined && name === undefined)
    throw new UsageError('run: which network? e.g. marblewave run mnist-cnn; see marblewave list');
  if (random !== null)
    return withRandomWeights(file === undefined ? namedNetwork(name!) : readNetwork(file), random);
  const weights = options.text('weights');
  return file === undefined ? loadNamedNetwork(name!, weights) : loadNetwork(file, weights);
}

function theData(options: Parsed, loaded: LoadedNetwork, random: number | null): DataSet {
  const dir = options.text('data');
  const images = options.whole('images', 1, 1_000_000);
  if (random !== null && dir === undefined) return randomImages(loaded.network, images ?? 1, random);
  const data = loadDataSet({ split: 'test', ...(dir === undefined ? {} : { dir }) });
  checkDataSet(loaded.network, data);
  if (images !== undefined && images > data.count)
    throw new UsageError(
      `run: --images must be at most ${data.count}, the images of ${data.name}, got ${images}`,
    );
  return data;
}
