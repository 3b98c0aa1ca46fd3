import fc from 'fast-check';
import type { WaveChange, WaveFile, WaveKind, WaveSelection, WaveValue } from '../../../src/trace/waves.js';

/** A run on paper: what a dump of it must say. Shares no code with the reader or the writer. */
export interface RunModel {
  readonly signals: readonly {
    /** Scopes, then the name. */
    readonly names: readonly string[];
    readonly wave: number;
  }[];
  /** By number. */
  readonly waves: readonly { readonly kind: WaveKind; readonly width: number }[];
  /** In the order of the file; times never fall. */
  readonly changes: readonly { readonly time: number; readonly wave: number; readonly value: WaveValue }[];
  readonly begin: number;
  readonly end: number;
}

/** The path of names, as the reader says it: dots and backslashes in a name with a backslash before them. */
export function pathOf(names: readonly string[]): string {
  return names.map((name) => name.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).join('.');
}

/** What {@link WaveFile.changes} must give, worked out the slow way; repeated values are left out. */
export function changesOf(
  { signals, waves, changes, begin, end }: RunModel,
  { signals: chosen, from = begin, to = end }: WaveSelection = {},
): WaveChange[] {
  const places = signals.map((_, place) => place).filter((place) => chosen?.includes(place) ?? true);
  const result: WaveChange[] = [];
  const isEvent = (place: number): boolean => waves[signals[place]!.wave]!.kind === 'event';
  for (const signal of places) {
    const last = changes.filter(({ time, wave }) => time <= from && wave === signals[signal]!.wave).at(-1);
    if (last !== undefined && !isEvent(signal)) result.push({ time: from, signal, value: last.value });
  }
  const latest = new Map(result.map(({ signal, value }) => [signal, value]));
  for (const { time, wave, value } of changes) {
    if (time < from || time > to) continue;
    for (const signal of places) {
      if (signals[signal]!.wave !== wave) continue;
      if (isEvent(signal)) result.push({ time, signal, value: '' });
      else if (time > from && !Object.is(latest.get(signal), value)) {
        result.push({ time, signal, value });
        latest.set(signal, value);
      }
    }
  }
  return result;
}

/** The model as a recorded run. */
export function waveFileOf(model: RunModel, unitFs = 1000): WaveFile {
  return {
    name: 'model',
    unitFs,
    signals: model.signals.map(({ names, wave }) => {
      const { kind, width } = model.waves[wave]!;
      return { path: pathOf(names), kind, width, lanes: 1, type: null, wave, clock: null };
    }),
    clocks: [],
    begin: model.begin,
    end: model.end,
    damage: null,
    changes: (selection) => changesOf(model, selection),
    close: () => {},
  };
}

/** How the words of a dump are laid out: all are the same to a reader. */
export interface Layout {
  readonly newline: string;
  /** Between a value and its code, and between the words of a definition. */
  readonly gap: string;
  readonly upperCase: boolean;
  /** Whether digits that extension puts back are left out. */
  readonly short: boolean;
  /** Between a name and its range. */
  readonly rangeGap: string;
  /** Characters of the shortest identifier code. */
  readonly codeLength: number;
  readonly comments: boolean;
}

const DIGITS = '!"#$%&\'()*+,-./0123456789:;<=>?@ABC[\\]^_`abc{|}~';

function codeOf(wave: number, { codeLength }: Layout): string {
  let code = '';
  for (let rest = wave, i = 0; i < codeLength || rest > 0; i++, rest = Math.floor(rest / DIGITS.length))
    code += DIGITS[rest % DIGITS.length]!;
  return code;
}

function extend(digits: string, width: number): string {
  return digits.padStart(width, digits[0] === '1' ? '0' : digits[0]!);
}

function valueText(value: WaveValue, kind: WaveKind, width: number, layout: Layout): string {
  if (kind === 'event') return '1';
  if (kind === 'real') return `r${Object.is(value, -0) ? '-0.0' : value}${layout.gap}`;
  if (kind === 'text') return `s${value}${layout.gap}`;
  let digits = String(value);
  const full = digits;
  if (layout.short)
    while (digits.length > 1 && extend(digits.slice(1), width) === full) digits = digits.slice(1);
  if (layout.upperCase) digits = digits.toUpperCase();
  return width === 1 ? digits : `${layout.upperCase ? 'B' : 'b'}${digits}${layout.gap}`;
}

/** A dump of the model. */
export function dumpOf(model: RunModel, layout: Layout): string {
  const { newline, gap, rangeGap } = layout;
  const words: string[] = [`$timescale${gap}1${gap}ps${gap}$end`];
  const comment = (text: string): void => {
    if (layout.comments) words.push(`$comment ${text}${newline}#7 1! $var $end`);
  };
  comment('of the test');
  for (const { names, wave } of model.signals) {
    const { kind, width } = model.waves[wave]!;
    for (const scope of names.slice(0, -1)) words.push(`$scope${gap}begin${gap}${word(scope)}${gap}$end`);
    const declared = { bits: 'reg', real: 'real', text: 'string', event: 'event' }[kind];
    const escapedName = word(names.at(-1)!);
    const between = escapedName.startsWith('\\') ? ' ' : rangeGap;
    const range = kind === 'bits' && width > 1 ? `${between}[${width - 1}:0]` : '';
    words.push(
      `$var${gap}${declared}${gap}${kind === 'text' ? 1 : width}${gap}${codeOf(wave, layout)}${gap}${escapedName}${range}${gap}$end`,
    );
    for (let i = 1; i < names.length; i++) words.push(`$upscope${gap}$end`);
  }
  words.push(`$enddefinitions${gap}$end`, `#${model.begin}`);
  let now = model.begin;
  for (const { time, wave, value } of model.changes) {
    if (time > now) words.push(`#${time}`);
    if (time > now) comment('between');
    now = time;
    const { kind, width } = model.waves[wave]!;
    words.push(`${valueText(value, kind, width, layout)}${codeOf(wave, layout)}`);
  }
  if (model.end > now) words.push(`#${model.end}`);
  return words.join(newline) + newline;
}

function word(name: string): string {
  return /^[A-Za-z_]\w*(\[\d+\])*$/.test(name) ? name : `\\${name}`;
}

const scope = fc.constantFrom('top', 'u.v', 'lane[0]', 'g(0)', '$unit', 'été', 'b\\c');
const name = fc.constantFrom(
  'data',
  'odd.name',
  'x+y',
  'b\\c',
  '$end',
  'q#2',
  'été',
  'm[3:1]',
  'pe[3]',
  'pe[3][1]',
);

function valueOf(kind: WaveKind, width: number): fc.Arbitrary<WaveValue> {
  if (kind === 'event') return fc.constant('');
  if (kind === 'text') return fc.constantFrom('', 'idle', 'run', 'été');
  if (kind === 'real')
    return fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1, 1e300, 5e-324),
    );
  const digit = fc.constantFrom('0', '1', 'x', 'z');
  const digits = fc.array(digit, { minLength: width, maxLength: width }).map((all) => all.join(''));
  // Long runs of one digit, so that extension has something to do.
  const extended = fc
    .tuple(digit, fc.integer({ min: 0, max: width }), digits)
    .map(([first, run, rest]) => first.repeat(run) + rest.slice(run));
  return fc.oneof(digits, extended);
}

/** Random hierarchies, aliases and changes. */
export const runModel: fc.Arbitrary<RunModel> = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant<WaveKind>('bits'),
          width: fc.constantFrom(1, 1, 2, 8, 33, 70),
        }),
      },
      fc.constantFrom<{ kind: WaveKind; width: number }>(
        { kind: 'real', width: 64 },
        { kind: 'event', width: 1 },
        { kind: 'text', width: 0 },
      ),
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .chain((waves) =>
    fc.record({
      waves: fc.constant(waves),
      names: fc.array(fc.tuple(fc.array(scope, { maxLength: 3 }), name, fc.nat(waves.length - 1)), {
        maxLength: 20,
        size: 'max',
      }),
      first: fc.array(fc.tuple(fc.array(scope, { maxLength: 3 }), name), {
        minLength: waves.length,
        maxLength: waves.length,
      }),
      begin: fc.constantFrom(0, 5, 1_000_000_007),
      steps: fc.array(
        fc.tuple(
          fc.constantFrom(0, 0, 1, 10, 12345),
          fc.nat(waves.length - 1).chain((wave) => {
            const { kind, width } = waves[wave]!;
            return valueOf(kind, width).map((value) => ({ wave, value }));
          }),
        ),
        { maxLength: 200, size: 'max' },
      ),
      tail: fc.nat(3),
    }),
  )
  .map(({ waves, names, first, begin, steps, tail }) => {
    const declared = [...first.map(([scopes, last], wave) => [scopes, last, wave] as const), ...names];
    let time = begin;
    const changes = steps.map(([step, change]) => ({ time: (time += step), ...change }));
    return {
      waves,
      // A number makes each name its own.
      signals: declared.map(([scopes, last, wave], i) => ({ names: [...scopes, `n${i}${last}`], wave })),
      changes,
      begin,
      end: time + tail,
    };
  });

export const layout: fc.Arbitrary<Layout> = fc.record({
  newline: fc.constantFrom('\n', '\r\n', '\n\n', ' ', '\t'),
  gap: fc.constantFrom(' ', '\t', '\n', '  '),
  upperCase: fc.boolean(),
  short: fc.boolean(),
  rangeGap: fc.constantFrom('', ' '),
  codeLength: fc.integer({ min: 1, max: 6 }),
  comments: fc.boolean(),
});
