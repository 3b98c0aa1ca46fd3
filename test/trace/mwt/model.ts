import fc from 'fast-check';
import type { TransactionRecord } from '../../../src/kernel/index.js';
import type { MwtHead, MwtSignal } from '../../../src/trace/mwt/header.js';
import { type MwtOptions, MwtWriter } from '../../../src/trace/mwt/writer.js';
import type { WaveChange, WaveType } from '../../../src/trace/waves.js';

/** A change as a test tells it: lanes, none for an event. */
export interface Told {
  readonly wave: number;
  readonly lanes: readonly number[];
}

/** A moment: the writer's time is set, then these changes are told. */
export interface Moment {
  readonly time: number;
  readonly told: readonly Told[];
  readonly records: readonly TransactionRecord[];
}

export interface Recording {
  readonly head: MwtHead;
  readonly moments: readonly Moment[];
  readonly end: number;
}

/** What a reader should find, as plainly as it can be said: changes of waves, in order. */
export interface Fact {
  readonly time: number;
  /** Which of the settled moments of the recording. */
  readonly moment: number;
  readonly wave: number;
  readonly lanes: readonly number[];
}

export function write(file: string, { head, moments, end }: Recording, options?: MwtOptions): void {
  const writer = new MwtWriter(file, head, options);
  tell(writer, head, moments);
  writer.commit(end);
}

export function tell(writer: MwtWriter, head: MwtHead, moments: readonly Moment[]): void {
  const events = new Set(head.signals.filter(({ kind }) => kind === 'event').map(({ wave }) => wave));
  const vectors = new Set(head.signals.filter(({ lanes }) => lanes > 1).map(({ wave }) => wave));
  for (const { time, told, records } of moments) {
    writer.time(time);
    for (const { wave, lanes } of told) {
      if (events.has(wave)) writer.event(wave);
      else if (vectors.has(wave)) writer.lanes(wave, lanes);
      else writer.scalar(wave, lanes[0]!);
    }
    for (const record of records) writer.transaction(record);
  }
}

/** Within a moment by wave; a wave that is told twice begins another moment. */
export function factsOf(moments: readonly Moment[]): Fact[] {
  const facts: Fact[] = [];
  let moment = 0;
  for (const { time, told } of moments) {
    let here: Fact[] = [];
    const settle = (): void => {
      facts.push(...here.sort((a, b) => a.wave - b.wave));
      if (here.length > 0) moment += 1;
      here = [];
    };
    for (const { wave, lanes } of told) {
      if (here.some((fact) => fact.wave === wave)) settle();
      here.push({ time, moment, wave, lanes });
    }
    settle();
  }
  return facts;
}

/** Lanes as bits, by way of big integers. */
export function bitsOf(signal: MwtSignal, lanes: readonly number[]): string {
  if (signal.kind === 'event') return '';
  const { width } = signal.type!;
  let all = 0n;
  for (let lane = lanes.length - 1; lane >= 0; lane--)
    all = (all << BigInt(width)) | BigInt.asUintN(width, BigInt(lanes[lane]!));
  return all.toString(2).padStart(width * lanes.length, '0');
}

const numeric = (a: number, b: number): number => a - b;

/** The changes of a window, by the words of WaveFile and of docs/trace-format.md. */
export function windowOf(
  { head, moments }: Recording,
  signals: readonly number[],
  from: number,
  to: number,
): WaveChange[] {
  const facts = factsOf(moments);
  const at = facts.find(({ time }) => time >= from);
  const isSeen = (fact: Fact): boolean =>
    fact.time < from || (fact.time === from && at !== undefined && fact.moment === at.moment);
  const places = [...new Set(signals)].sort(numeric);
  const changes: WaveChange[] = [];
  for (const place of places) {
    const signal = head.signals[place]!;
    const last = facts.filter((fact) => fact.wave === signal.wave && isSeen(fact)).at(-1);
    if (last !== undefined && signal.kind !== 'event')
      changes.push({ time: from, signal: place, value: bitsOf(signal, last.lanes) });
  }
  for (const fact of facts) {
    if (fact.time < from || fact.time > to) continue;
    for (const place of places) {
      const signal = head.signals[place]!;
      if (signal.wave !== fact.wave || (isSeen(fact) && signal.kind !== 'event')) continue;
      changes.push({ time: fact.time, signal: place, value: bitsOf(signal, fact.lanes) });
    }
  }
  return changes;
}

export function valueOf({ head, moments }: Recording, place: number, time: number): string | null {
  const signal = head.signals[place]!;
  const last = factsOf(moments)
    .filter((fact) => fact.wave === signal.wave && fact.time <= time)
    .at(-1);
  return last === undefined || signal.kind === 'event' ? null : bitsOf(signal, last.lanes);
}

/** The transactions as a reader gives them: those that ended, in order, then those that did not. */
export function transactionsOf({ moments }: Pick<Recording, 'moments'>) {
  const open = new Map<number, { begin: number; [field: string]: unknown }>();
  const done: { kind: string; begin: number; end: number | null }[] = [];
  for (const record of moments.flatMap(({ records }) => records)) {
    if (record.type === 'begin') {
      const { id, kind, path, parent, time, attributes } = record;
      open.set(id, { id, kind, path, parent, begin: time, attributes, endAttributes: {}, blocked: [] });
    } else if (record.type === 'blocked')
      (open.get(record.id)!['blocked'] as object[]).push({ time: record.time, why: record.why });
    else {
      done.push({ ...open.get(record.id)!, end: record.time, endAttributes: record.attributes } as never);
      open.delete(record.id);
    }
  }
  return [...done, ...[...open.values()].map((row) => ({ ...row, end: null }) as never)] as typeof done;
}

const KINDS = ['bool', 'uint', 'int', 'bits', 'fixed'] as const;

const types: fc.Arbitrary<WaveType> = fc
  .record({ kind: fc.constantFrom(...KINDS), width: fc.integer({ min: 1, max: 53 }) })
  .map(({ kind, width }) => {
    if (kind === 'bool') return { kind, width: 1 };
    return kind === 'fixed' ? { kind, width, fraction: width >> 1 } : { kind, width };
  });

type Shape = { readonly type: WaveType | null; readonly lanes: number };

const shapes: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: types, lanes: fc.constant(1) }) },
  { weight: 2, arbitrary: fc.record({ type: types, lanes: fc.integer({ min: 2, max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ type: null, lanes: 1 }) },
);

const isSigned = (type: WaveType): boolean => type.kind === 'int' || type.kind === 'fixed';

/** Values of a type, its ends often. */
export function valuesOf(type: WaveType): fc.Arbitrary<number> {
  const min = isSigned(type) ? -(2 ** (type.width - 1)) : 0;
  const max = isSigned(type) ? 2 ** (type.width - 1) - 1 : 2 ** type.width - 1;
  return fc.oneof(
    fc.constantFrom(min, max, isSigned(type) ? -1 : 1),
    fc.integer({ min: Math.max(min, -200), max: Math.min(max, 200) }),
    fc.maxSafeInteger().map((value) => Math.max(min, Math.min(max, value))),
  );
}

function toldOf(shape: readonly Shape[]): fc.Arbitrary<Told> {
  return fc.nat(shape.length - 1).chain((wave) => {
    const { type, lanes } = shape[wave]!;
    const values =
      type === null ? fc.constant([]) : fc.array(valuesOf(type), { minLength: lanes, maxLength: lanes });
    return values.map((of) => ({ wave, lanes: of }));
  });
}

/** Signals in scopes: each wave under one name or several. */
function signalsOf(shape: readonly Shape[]): fc.Arbitrary<MwtSignal[]> {
  const scope = fc.constantFrom('top', 'top.sa', 'top.pe[3][4]', 'a b', '');
  return fc.array(fc.record({ wave: fc.nat(shape.length - 1), scope }), { maxLength: 4 }).map((more) =>
    [...shape.map((_, wave) => ({ wave, scope: 'top' })), ...more].map(({ wave, scope: of }, i) => ({
      path: `${of}${of === '' ? '' : '.'}s${i}`,
      kind: shape[wave]!.type === null ? ('event' as const) : ('bits' as const),
      type: shape[wave]!.type,
      lanes: shape[wave]!.lanes,
      wave,
      clock: null,
    })),
  );
}

const attributes = fc.dictionary(
  fc.constantFrom('rows', 'bank', 'hit', '__proto__', 'öß'),
  fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.string(), fc.boolean()),
);

/** Records of transactions at some moments, nested or overlapping; some never end. */
function withRecords(
  recording: Recording,
  picks: readonly { at: number; what: number; attributes: object; why: string }[],
): Recording {
  const open: number[] = [];
  let id = 0;
  const moments = recording.moments.map((moment) => ({ ...moment, records: [] as TransactionRecord[] }));
  if (moments.length === 0) return recording;
  for (const pick of [...picks].sort((a, b) => (a.at % moments.length) - (b.at % moments.length))) {
    const { time, records } = moments[pick.at % moments.length]!;
    const of = open[pick.what % Math.max(1, open.length)];
    const told = pick.attributes as Record<string, number | string | boolean>;
    if (of === undefined || pick.what % 3 === 0) {
      open.push(++id);
      const kind = ['layer', 'tile', 'axi.read'][pick.what % 4] ?? 'dram';
      records.push({
        type: 'begin',
        id,
        time,
        kind,
        path: 'top.sa',
        parent: open[0]! % id,
        attributes: told,
      });
    } else if (pick.what % 3 === 1) records.push({ type: 'blocked', id: of, time, why: pick.why });
    else {
      open.splice(open.indexOf(of), 1);
      records.push({ type: 'end', id: of, time, attributes: told });
    }
  }
  return { ...recording, moments };
}

const spread = fc.oneof(
  { weight: 3, arbitrary: fc.constant(6024) },
  { weight: 2, arbitrary: fc.constant(0) },
  fc.nat(300),
  fc.nat(2 ** 20),
  fc.nat(2 ** 40),
);

/** Random hierarchies, types and changes, several moments at one time among them. */
export const recordings: fc.Arbitrary<Recording> = fc
  .oneof(fc.array(shapes, { minLength: 1, maxLength: 6 }), fc.array(shapes, { minLength: 1, maxLength: 1 }))
  .chain((shape) =>
    fc.record({
      signals: signalsOf(shape),
      begin: fc.oneof(fc.constant(0), fc.nat(1_000_000), fc.nat(2 ** 50)),
      steps: fc
        .oneof(fc.constant(spread), fc.constant(fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1)))
        .chain((step) =>
          fc.array(fc.record({ step, told: fc.array(toldOf(shape), { maxLength: 5, size: 'max' }) }), {
            maxLength: 60,
            size: 'max',
          }),
        ),
      tail: fc.nat(100),
      picks: fc.array(
        fc.record({
          at: fc.nat(1000),
          what: fc.nat(1000),
          attributes,
          why: fc.constantFrom('full', 'no row', 'ß'),
        }),
        { maxLength: 25 },
      ),
    }),
  )
  .map(({ signals, begin, steps, tail, picks }) => {
    let time = begin;
    const moments = steps.map(({ step, told }) => ({ time: (time += step), told, records: [] }));
    const head = {
      configuration: { b: 1, a: [true, null] },
      seed: 7,
      clocks: [],
      modules: ['top'],
      signals,
      begin,
    };
    return withRecords({ head, moments, end: time + tail }, picks);
  });

export const options: fc.Arbitrary<MwtOptions> = fc.record({
  chunkBytes: fc.constantFrom(1, 16, 100, 400, 2 ** 20),
  deflate: fc.boolean(),
});
