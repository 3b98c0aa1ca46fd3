import { STALL_CAUSES, STALL_MEANINGS, type StallCause } from '../components/top/stall-causes.js';
import type { LayerDocument, RunDocument } from '../scenario/run-document.js';
import { bytes, type Column, fixed1, percent, textTable, whole } from './table.js';

/** Names of the causes as the table heads them. */
const HEADS: Readonly<Record<StallCause, string>> = {
  control: 'control',
  tail: 'tail',
  dramA: 'DRAM-A',
  waitA: 'wait-A',
  dramB: 'DRAM-B',
  waitB: 'wait-B',
  output: 'output',
  drain: 'drain',
  issue: 'issue',
};

const right = (title: string): Column => ({ title, align: 'right' });
const left = (title: string): Column => ({ title, align: 'left' });
const shape = ({ channels, height, width }: LayerDocument['input']): string =>
  height * width === 1 ? `${channels}` : `${channels}×${height}×${width}`;
const optional = (value: number | null, show: (v: number) => string): string =>
  value === null ? '·' : show(value);

/** The run as people read it: by layer, by cause, predictions, and whether every layer equalled the reference. */
export function runReport(run: RunDocument): string {
  return [layersTable(run), memoryTable(run), stallsTable(run), predictionsBlock(run), checkLine(run)].join(
    '\n\n',
  );
}

function layersTable(run: RunDocument): string {
  const clock = `${+(run.clockHz / 1e6).toFixed(3)} MHz`;
  const columns = [
    left('layer'),
    left('input → output'),
    left('kernel'),
    right('MACs'),
    right('cycles'),
    right(`µs at ${clock}`),
    right('array used'),
    right('read: weights'),
    right('activations'),
    right('written'),
    right('saturated'),
  ];
  const rows = run.layers.map((l) => [
    l.op === 'host' ? `${l.name} (host)` : l.name,
    `${shape(l.input)} → ${shape(l.output)}`,
    l.kernel === null ? '·' : `${l.kernel[0]}×${l.kernel[1]}`,
    whole(l.macs),
    optional(l.cycles, whole),
    optional(l.microseconds, fixed1),
    optional(l.utilisation, percent),
    l.ddr3 === null ? '·' : bytes(l.ddr3.weightBytesRead),
    l.ddr3 === null ? '·' : bytes(l.ddr3.activationBytesRead),
    l.ddr3 === null ? '·' : bytes(l.ddr3.bytesWritten),
    whole(l.saturations),
  ]);
  const { totals } = run;
  const footer = [
    [
      'one image',
      '',
      '',
      whole(totals.macs),
      whole(totals.cycles),
      fixed1(totals.microseconds),
      percent(totals.utilisation),
      bytes(totals.ddr3.weightBytesRead),
      bytes(totals.ddr3.activationBytesRead),
      bytes(totals.ddr3.bytesWritten),
      whole(totals.saturations),
    ],
  ];
  const unit = `${run.network} on ${run.machine} (${run.n}×${run.n}), weights ${run.formats.weights}, activations ${run.formats.activations}, ${run.rounding} rounding, seed ${run.seed}`;
  const scaled =
    run.mode === 'fast'
      ? '\nfast mode: the same arithmetic without cycles; the cycles below are those of image 0, run in cycle mode'
      : '';
  const blownUp = run.layers.filter((l) => l.plan?.blownUp === true);
  const pooled = blownUp.filter((l) => l.plan?.hostPool === true).map((l) => l.name);
  const host =
    blownUp.length === 0
      ? ''
      : `\nblown up in DDR3 by the host: ${blownUp.map((l) => l.name).join(', ')}${pooled.length > 0 ? `; pooled by the host: ${pooled.join(', ')}` : ''}`;
  const saturated = `saturated: results clamped in ${allImages(run.images)}${run.saturatedWeights > 0 ? `; ${run.saturatedWeights} weights were outside their format` : ''}`;
  return `${unit}${scaled}\n\n${textTable(columns, rows, footer)}\nread and written: bytes of DDR3${host}\n${saturated}\n${cacheLines(run)}`;
}

/** What the L2 cache takes of the device, and the layers that hold fewer panels together than were asked for. */
function cacheLines({ bram36, layers }: RunDocument): string {
  const { a, b, buffers, total, device } = bram36;
  const use = `L2 cache: ${total} of ${device} BRAM36 (${a} for A, ${b} for B, ${buffers} for all other buffers)`;
  const short = layers.flatMap(({ name, plan }) =>
    plan !== null && plan.panelsWanted !== null && plan.panels < plan.panelsWanted
      ? [`${name} ${plan.panels}`]
      : [],
  );
  const wanted = layers.find((l) => l.plan !== null)?.plan?.panelsWanted;
  return short.length === 0 ? use : `${use}\np = ${wanted} was asked for; held together: ${short.join(', ')}`;
}

/** Bandwidth, row outcomes and link utilisation by layer. */
function memoryTable(run: RunDocument): string {
  const { axi, ddr3 } = run.memory;
  const banked = ddr3 !== null;
  const columns = [
    left('memory'),
    right('GB/s'),
    ...(banked
      ? [right('bus used'), right('row hits'), right('misses'), right('conflicts'), right('hit rate')]
      : []),
    ...(banked ? [right('read latency')] : []),
    right('AXI: read'),
    right('write'),
    right('read held'),
    right('write held'),
  ];
  const row = (name: string, of: Pick<RunDocument['totals'], 'ddr3' | 'axi'>): string[] => {
    const { banks, bandwidthGBps } = of.ddr3;
    return [
      name,
      bandwidthGBps.toFixed(2),
      ...(banks === null
        ? []
        : [
            percent(banks.busUtilisation),
            whole(banks.rowHits),
            whole(banks.rowMisses),
            whole(banks.rowConflicts),
            optional(banks.rowHitRate, percent),
            optional(banks.averageReadLatencyClocks, fixed1),
          ]),
      percent(of.axi.readUtilisation),
      percent(of.axi.writeUtilisation),
      whole(of.axi.readHeld),
      whole(of.axi.writeHeld),
    ];
  };
  const rows = run.layers.flatMap(({ name, ddr3: d, axi: a }) =>
    d === null || a === null ? [] : [row(name, { ddr3: d, axi: a })],
  );
  const link = `AXI: ${axi.bits} bit at ${+(axi.clockHz / 1e6).toFixed(3)} MHz, ${axi.peakGBps.toFixed(1)} GB/s each way; read, write: share of its cycles with a beat; held: cycles in which one waited`;
  const behind = banked
    ? `DDR3-${ddr3.speed}, ${ddr3.channelBits} bit, ${ddr3.peakGBps.toFixed(1)} GB/s; bus used: share of its clocks with data; latency: clocks of ${+(1e9 / ddr3.clockHz).toFixed(3)} ns, waiting included`
    : 'memory: ideal, one latency and one bandwidth';
  return `${textTable(columns, rows, [row('one image', run.totals)])}\n${behind}\n${link}`;
}

function stallsTable(run: RunDocument): string {
  const causes = STALL_CAUSES.filter((cause) => cause === 'issue' || run.totals.stalls[cause] > 0);
  const columns = [left('cycles by cause'), ...causes.map((cause) => right(HEADS[cause]))];
  const rows = run.layers
    .filter((l) => l.stalls !== null)
    .map((l) => [l.name, ...causes.map((cause) => whole(l.stalls![cause]))]);
  const total = run.totals.cycles;
  const footer = [
    ['one image', ...causes.map((cause) => whole(run.totals.stalls[cause]))],
    ['', ...causes.map((cause) => (total === 0 ? '' : percent(run.totals.stalls[cause] / total)))],
  ];
  const meanings = causes.map((cause) => `${HEADS[cause].padEnd(7)}  ${STALL_MEANINGS[cause]}`).join('\n');
  return `${textTable(columns, rows, footer)}\n${meanings}`;
}

/** Predictions beside labels for a few images; for many, only the count. */
function predictionsBlock(run: RunDocument): string {
  if (run.images > 0 && run.labels.length === 0)
    return `${run.images === 1 ? 'one image' : `${run.images} images`}, ${run.data}: no labels, so no accuracy`;
  const hits = run.predictions.filter((p, i) => p === run.labels[i]).length;
  const score =
    run.accuracy === null
      ? 'no image was finished'
      : `${hits} of ${run.images} right (${(run.accuracy * 100).toFixed(2)} %)`;
  const float = run.float === null ? '' : `; float network ${(run.float.accuracy * 100).toFixed(2)} %`;
  if (run.images > 64 || run.images === 0) return `${score}${float}`;
  const width = Math.max(
    ...run.labels.map((l) => `${l}`.length),
    ...run.predictions.map((p) => `${p}`.length),
  );
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(11)}${cells.map((c) => c.padStart(width)).join(' ')}`.trimEnd();
  const lines = [row('labels', run.labels.map(String)), row('predicted', run.predictions.map(String))];
  if (hits < run.images)
    lines.push(
      row(
        '',
        run.predictions.map((p, i) => (p === run.labels[i] ? '' : '^')),
      ),
    );
  return [...lines, `${score}${float}`].join('\n');
}

const allImages = (count: number): string => (count === 1 ? 'the one image' : `all ${count} images`);

function checkLine(run: RunDocument): string {
  const partial = run.partial
    ? '\npartial: the run was interrupted; figures cover the images that were finished'
    : '';
  const { check } = run;
  if (check.firstDifference !== null) {
    const d = check.firstDifference;
    return `NOT EQUAL to the reference: image ${d.image}, layer ${d.layer}, element ${d.index}: wanted ${d.wanted}, got ${d.got}${partial}`;
  }
  const of =
    check.images === run.images
      ? allImages(check.images)
      : `the first ${check.images} of ${run.images} images`;
  return `bit for bit: every layer's output equalled the reference, in ${of}${partial}`;
}
