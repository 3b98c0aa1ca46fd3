import { z } from 'zod';
import type { Divergence, SignalDiff, WaveDiff } from '../trace/diff/diff-waves.js';
import { divergenceText } from '../trace/diff/words.js';

const value = z
  .union([z.string(), z.number()])
  .nullable()
  .describe(
    'bits: characters 0, 1, x, z, most significant first; a real: a number, or "NaN", "Infinity", "-Infinity"; an event: how often; null: none yet',
  );
const time = z.number().nullable().describe('ps; null: this run has nothing there');
const cycle = z.int().nullable().describe('rising edges of the clock before it; null: not known');

const divergence = z.strictObject({
  signal: z.string().describe('its name in A, without the prefix that was stripped'),
  pathA: z.string(),
  pathB: z.string(),
  what: z
    .enum(['value', 'missing', 'cycle'])
    .describe(
      'value: both are there and differ; missing: one run has a value or transfer that the other has not; cycle: a transfer too early or late, a and b are cycles',
    ),
  at: z.number().describe('by clock: number of the edge; by handshake: of the transfer; by time: ps'),
  cycle,
  cycleA: cycle,
  cycleB: cycle,
  timeA: time,
  timeB: time,
  a: value,
  b: value,
  text: z.string().describe('the same for people'),
});

const signalDiff = z.strictObject({
  signal: z.string(),
  pathA: z.string(),
  pathB: z.string(),
  compared: z.int().min(0).describe('points, or values of a sequence'),
  differences: z.int().min(0),
  undecided: z
    .int()
    .min(0)
    .describe('values at the end of one run whose partner could have come after the end of the other'),
  first: divergence.nullable(),
});

const run = z.strictObject({
  file: z.string(),
  from: z.number().describe('first time compared, ps'),
  to: z.number().describe('last time compared, ps'),
});

const lonely = z.strictObject({
  path: z.string(),
  difference: z.boolean().describe('false: told only, as --common asks'),
});

/** What `marblewave diff --json` prints; published as schemas/diff.schema.json. */
export const diffDocumentSchema = z.strictObject({
  schema: z.literal('marblewave.diff/1'),
  same: z.boolean(),
  a: run,
  b: run,
  align: z.enum(['time', 'clock', 'handshake']),
  mode: z.enum(['strict', 'skew', 'order']),
  maxSkew: z.number().nullable().describe('of mode skew: cycles, or ps when aligned by time'),
  points: z
    .int()
    .min(0)
    .describe('times with a change in either run, edges or transfers in both; of sequences, points read'),
  first: divergence.nullable().describe('the first divergence of all'),
  signals: z.array(signalDiff).describe('every compared signal, in the order of A'),
  timing: signalDiff.nullable().describe('transfers against --max-skew'),
  tail: z
    .strictObject({
      longer: z.enum(['a', 'b']),
      points: z.int().min(0),
      changes: z.int().min(0).describe('of compared signals'),
      first: divergence.nullable().describe('null: no difference, as nothing changes any more'),
    })
    .nullable()
    .describe('what one run has beyond the end of the other'),
  misfits: z
    .array(z.strictObject({ signal: z.string(), a: z.string(), b: z.string() }))
    .describe('signals of one name that differ in kind or width'),
  onlyA: z.array(lonely),
  onlyB: z.array(lonely),
  notes: z.array(z.string()),
});

export type DiffDocument = z.output<typeof diffDocumentSchema>;

/** The comparison as a document. */
export function diffDocument(diff: WaveDiff): DiffDocument {
  const ps = (units: number): number => (units * diff.unitFs) / 1000;
  const { mode, align } = diff;
  const one = (d: Divergence | null): DiffDocument['first'] =>
    d && {
      signal: d.pair.name,
      pathA: d.pair.pathA,
      pathB: d.pair.pathB,
      what: d.what,
      at: align === 'time' ? ps(d.at) : d.at,
      cycle: d.cycle,
      cycleA: d.cycleA,
      cycleB: d.cycleB,
      timeA: d.timeA === null ? null : ps(d.timeA),
      timeB: d.timeB === null ? null : ps(d.timeB),
      a: json(d.a),
      b: json(d.b),
      text: divergenceText(diff, d),
    };
  const signal = ({
    pair,
    compared,
    differences,
    undecided,
    first,
  }: SignalDiff): DiffDocument['signals'][0] => ({
    signal: pair.name,
    pathA: pair.pathA,
    pathB: pair.pathB,
    compared,
    differences,
    undecided,
    first: one(first),
  });
  const lonelyOf = (list: WaveDiff['onlyA']): DiffDocument['onlyA'] =>
    list.map(({ path, counts }) => ({ path, difference: counts }));
  return {
    schema: 'marblewave.diff/1',
    same: diff.same,
    a: { file: diff.a, from: ps(diff.spanA.from), to: ps(diff.spanA.to) },
    b: { file: diff.b, from: ps(diff.spanB.from), to: ps(diff.spanB.to) },
    align,
    mode: mode.kind,
    maxSkew: mode.kind === 'skew' ? mode.most / (align === 'time' ? 1000 : 1) : null,
    points: diff.points,
    first: one(diff.first),
    signals: diff.signals.map(signal),
    timing: diff.timing && signal(diff.timing),
    tail: diff.tail && { ...diff.tail, first: one(diff.tail.first) },
    misfits: diff.misfits.map(({ name, a, b }) => ({ signal: name, a, b })),
    onlyA: lonelyOf(diff.onlyA),
    onlyB: lonelyOf(diff.onlyB),
    notes: [...diff.notes],
  };
}

/** JSON has no NaN and no infinities. */
function json(found: string | number | null): string | number | null {
  return typeof found === 'number' && !Number.isFinite(found) ? String(found) : found;
}
