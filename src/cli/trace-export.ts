import { ConfigError } from '../kernel/index.js';
import { BURST_KINDS, type BurstKind, burstsOf } from '../trace/export/bursts.js';
import { timebaseOf } from '../trace/export/clock-edges.js';
import { writeCsv } from '../trace/export/csv.js';
import { writeDramsim3 } from '../trace/export/dramsim3.js';
import { writePerfetto } from '../trace/export/perfetto.js';
import { writeDramTrace, writeSramTrace } from '../trace/export/scalesim.js';
import { waveDiagram } from '../trace/export/wavedrom.js';
import { waveSvg } from '../trace/wave-svg.js';
import { TraceFile } from '../trace/mwt/trace-file.js';
import { PartialFile } from '../trace/partial-file.js';
import { writeVcd } from '../trace/vcd/write-vcd.js';
import type { WaveFile } from '../trace/waves.js';
import type { Option, Parsed } from './options.js';
import {
  chosenClock,
  chosenSignals,
  chosenWindow,
  fromOption,
  oneSignal,
  outFile,
  RADICES,
  radixOption,
  signalsOption,
  toOption,
  warnOfDamage,
  withFile,
} from './trace-source.js';
import { UsageError } from './usage-error.js';

const TARGETS = ['perfetto', 'vcd', 'wavedrom', 'svg', 'csv', 'scalesim', 'dramsim3'] as const;

export const exportOptions: readonly Option[] = [
  { name: 'to', value: 'FORM', help: `${TARGETS.join(', ')} (default: by the end of --out)` },
  { name: 'out', value: 'FILE', help: 'the file to write' },
  signalsOption,
  fromOption,
  { ...toOption, name: 'until' },
  {
    name: 'clock',
    value: 'CLOCK',
    help: 'wavedrom, svg: a column a cycle of it; scalesim, dramsim3: count its cycles (default for these: ddr3)',
  },
  radixOption,
  { name: 'wide', help: 'csv: a column a signal' },
  { name: 'title', value: 'TEXT', help: 'wavedrom, svg: what stands above' },
  {
    name: 'kind',
    value: 'KIND',
    help: `scalesim, dramsim3: ${BURST_KINDS.join(', ')} (default: axi.*); repeatable`,
    multiple: true,
  },
  {
    name: 'enable',
    value: 'PATH',
    help: 'scalesim with --signals: the signal that says which of the addresses count',
  },
  { name: 'word-bytes', value: 'N', help: 'scalesim: bytes of a word in memory (default 2)' },
];

type Target = (typeof TARGETS)[number];

/** Forms by the end of a file's name. */
const ENDS: readonly (readonly [string, Target])[] = [
  ['.pftrace', 'perfetto'],
  ['.perfetto-trace', 'perfetto'],
  ['.vcd', 'vcd'],
  ['.json', 'wavedrom'],
  ['.svg', 'svg'],
  ['.csv', 'csv'],
  ['.trace', 'dramsim3'],
];

/** `marblewave trace export`. @throws UsageError, ConfigError, PathError, TraceFileError */
export function traceExport(options: Parsed): number {
  const out = outFile(options, 'export');
  const target = options.choice('to', TARGETS) ?? ENDS.find(([end]) => out.endsWith(end))?.[1];
  if (target === undefined)
    throw new UsageError(`trace export: --to must be one of ${TARGETS.join(', ')}, got null`);
  return withFile(options, 'export', (waves) => {
    const said = exporters[target](waves, out, options);
    warnOfDamage(waves);
    process.stdout.write(`${out}: ${said}\n`);
    return 0;
  });
}

/** Each writes the file and says what is in it. */
const exporters: Readonly<Record<Target, (waves: WaveFile, out: string, options: Parsed) => string>> = {
  perfetto(waves, out, options) {
    const counters = options.list('signals').length === 0 ? [] : chosenSignals(waves, options);
    const window = chosenWindow(waves, options, 'until');
    const counts = writing(out, (file) =>
      writePerfetto(waves, (bytes) => append(file, bytes), { counters, ...window }),
    );
    return `${counts.slices} slices, ${counts.instants} instants, ${counts.samples} samples`;
  },
  vcd(waves, out, options) {
    const signals = chosenSignals(waves, options);
    writeVcd(waves, out, { signals, ...chosenWindow(waves, options, 'until') });
    return `${signals.length} signals`;
  },
  wavedrom(waves, out, options) {
    const diagram = diagramOf(waves, options);
    writing(out, (file) => file.text(`${JSON.stringify(diagram, null, 2)}\n`));
    return `${diagram.signal.length} waves`;
  },
  svg(waves, out, options) {
    const diagram = diagramOf(waves, options);
    writing(out, (file) => file.text(waveSvg(diagram)));
    return `${diagram.signal.length} waves`;
  },
  csv(waves, out, options) {
    const signals = chosenSignals(waves, options);
    const radix = options.choice('radix', RADICES) ?? 'type';
    const window = chosenWindow(waves, options, 'until');
    writing(out, (file) => writeCsv(waves, file, { signals, ...window, radix, wide: options.flag('wide') }));
    return `${signals.length} signals`;
  },
  scalesim(waves, out, options) {
    const window = chosenWindow(waves, options, 'until');
    if (options.list('signals').length > 0) {
      const clock = chosenClock(waves, options);
      if (clock === undefined)
        throw new UsageError('trace export: --to scalesim with --signals wants --clock CLOCK, got none');
      const path = options.text('enable');
      const enable = path === undefined ? null : oneSignal(waves, 'enable', path);
      const addresses = chosenSignals(waves, options);
      const rows = writing(out, (file) =>
        writeSramTrace(waves, file, { addresses, enable, clock, ...window }),
      );
      return `${rows} rows`;
    }
    const word = options.whole('word-bytes', 1, 4096) ?? 2;
    const { bursts, clock } = traffic(waves, options, window);
    return `${writing(out, (file) => writeDramTrace(bursts, file, clock, word))} rows`;
  },
  dramsim3(waves, out, options) {
    const { bursts, clock } = traffic(waves, options, chosenWindow(waves, options, 'until'));
    return `${writing(out, (file) => writeDramsim3(bursts, file, clock))} requests`;
  },
};

function diagramOf(waves: WaveFile, options: Parsed): ReturnType<typeof waveDiagram> {
  const title = options.text('title');
  return waveDiagram(waves, {
    signals: chosenSignals(waves, options),
    ...chosenWindow(waves, options, 'until'),
    clock: chosenClock(waves, options),
    radix: options.choice('radix', RADICES) ?? 'type',
    ...(title === undefined ? {} : { title }),
  });
}

function traffic(
  waves: WaveFile,
  options: Parsed,
  { from, to }: { from: number; to: number },
): { bursts: ReturnType<typeof burstsOf>; clock: ReturnType<typeof timebaseOf> } {
  if (!(waves instanceof TraceFile))
    throw new ConfigError(waves.name, 'transactions', 'those of a trace file (.mwt)', 'a Value Change Dump');
  const asked = options.list('kind');
  for (const kind of asked)
    if (!(BURST_KINDS as readonly string[]).includes(kind))
      throw new UsageError(
        `trace export: --kind must be one of ${BURST_KINDS.join(', ')}, got ${JSON.stringify(kind)}`,
      );
  const kinds = (asked.length > 0 ? asked : ['axi.read', 'axi.write']) as readonly BurstKind[];
  const clock = timebaseOf(waves, options.text('clock') ?? 'ddr3');
  return { bursts: burstsOf(waves, kinds, from, to), clock };
}

/** Writes a file that has its name only once it is whole. */
function writing<T>(out: string, write: (file: PartialFile) => T): T {
  const file = new PartialFile(out);
  try {
    const result = write(file);
    file.commit();
    return result;
  } catch (error) {
    file.abort();
    throw error;
  }
}

function append(file: PartialFile, bytes: Uint8Array): void {
  file.reserve(bytes.length);
  file.buffer.set(bytes, file.at);
  file.at += bytes.length;
}
