import { readFileSync } from 'node:fs';
import { fileError } from '../networks/errors.js';
import {
  type Alignment,
  type DiffMode,
  type DiffOptions,
  X_POLICIES,
  type XPolicy,
} from '../trace/diff/options.js';
import { parseTime } from '../trace/time-text.js';
import type { Option, Parsed } from './options.js';
import { UsageError } from './usage-error.js';

export const diffOptions: readonly Option[] = [
  {
    name: 'signals',
    value: 'GLOB',
    help: 'compare these only: * within a scope, ** across; repeatable',
    multiple: true,
  },
  { name: 'strip-a', value: 'PREFIX', help: 'cut this from the beginning of paths of A, e.g. tb.dut.' },
  { name: 'strip-b', value: 'PREFIX', help: 'and of B' },
  { name: 'map', value: 'FILE', help: 'JSON object of paths: {"path in A": "path in B"}' },
  {
    name: 'map-regex',
    value: 's/…/…/',
    help: 'rename signals of A to those of B; repeatable',
    multiple: true,
  },
  { name: 'common', help: 'a signal that only one file has is no difference' },
  {
    name: 'clock',
    value: 'PATH',
    help: 'align by rising edges: n-th against n-th, values from before the edge',
  },
  { name: 'valid', value: 'PATH', help: 'with --clock: align by transfers, n-th against n-th' },
  { name: 'ready', value: 'PATH', help: 'with --valid: a transfer needs this too' },
  {
    name: 'payload',
    value: 'GLOB',
    help: 'with --valid: what a transfer carries; repeatable',
    multiple: true,
  },
  {
    name: 'mode',
    value: 'MODE',
    help: 'strict (default): equal at each point; order: equal sequences of values',
  },
  {
    name: 'max-skew',
    value: 'N',
    help: 'equal sequences of values, each at most N cycles apart; without --clock a time: 2ns',
  },
  { name: 'from', value: 'TIME', help: 'compare from here on: 1500 (ps), 1.5ns, 2us' },
  { name: 'to', value: 'TIME', help: 'compare up to here' },
  {
    name: 'skip-reset',
    value: 'PATH[=LEVEL]',
    help: 'compare from when this signal leaves its active level (default 1) in each file',
  },
  {
    name: 'x',
    value: 'POLICY',
    help: 'x bits: difference (default), any (match anything), error (never equal)',
  },
  {
    name: 'x-signal',
    value: 'GLOB=POLICY',
    help: 'the same for some signals; the last that fits counts',
    multiple: true,
  },
  { name: 'tolerance', value: 'ABS', help: 'reals may differ by this much' },
  { name: 'relative', value: 'REL', help: 'or by this part of the larger one' },
  { name: 'context', value: 'N', help: 'points drawn before and after the first difference (default 8)' },
  {
    name: 'out',
    value: 'DIR',
    help: 'write diff.json, and first.txt, first.json (WaveDrom) and first.svg if they differ',
  },
  { name: 'junit', value: 'FILE', help: 'write JUnit XML, a test case a signal' },
  { name: 'json', help: 'print one JSON document (schema marblewave.diff/1)' },
];

/** @throws UsageError, FileFormatError for what makes no sense */
export function comparisonOf(options: Parsed): DiffOptions {
  const signals = options.list('signals');
  const xSignals = options.list('x-signal').map(xSignal);
  const reset = options.text('skip-reset');
  const [from, to] = [femtoseconds(options, 'from'), femtoseconds(options, 'to')];
  const x = options.choice('x', X_POLICIES);
  const map = options.text('map');
  const context = options.whole('context', 0, 1000);
  const align = alignmentOf(options);
  return {
    stripA: options.text('strip-a') ?? '',
    stripB: options.text('strip-b') ?? '',
    rename: options.list('map-regex').map(substitution),
    common: options.flag('common'),
    align,
    mode: modeOf(options, align),
    xSignals,
    tolerance: amount(options, 'tolerance'),
    relative: amount(options, 'relative'),
    ...(signals.length === 0 ? {} : { signals }),
    ...(map === undefined ? {} : { map: mapFile(map) }),
    ...(reset === undefined ? {} : { reset: resetOf(reset) }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(x === undefined ? {} : { x }),
    ...(context === undefined ? {} : { context }),
  };
}

function alignmentOf(options: Parsed): Alignment {
  const [clock, valid, ready] = [options.text('clock'), options.text('valid'), options.text('ready')];
  const payload = options.list('payload');
  if (clock === undefined && valid !== undefined)
    throw new UsageError('diff: --valid must come with --clock, got none');
  for (const [name, given] of [
    ['ready', ready !== undefined],
    ['payload', payload.length > 0],
  ] as const)
    if (given && valid === undefined)
      throw new UsageError(`diff: --${name} must come with --valid, got none`);
  if (clock === undefined) return { by: 'time' };
  if (valid === undefined) return { by: 'clock', clock };
  return {
    by: 'handshake',
    clock,
    valid,
    ...(ready === undefined ? {} : { ready }),
    ...(payload.length === 0 ? {} : { payload }),
  };
}

function modeOf(options: Parsed, align: Alignment): DiffMode {
  const mode = options.choice('mode', ['strict', 'order']);
  const skew = options.text('max-skew');
  if (skew === undefined) return { kind: mode ?? 'strict' };
  if (mode !== undefined) throw new UsageError('diff: wanted --mode or --max-skew, got both');
  if (align.by !== 'time') return { kind: 'skew', most: options.whole('max-skew', 0, 1_000_000_000)! };
  return { kind: 'skew', most: Number(femtoseconds(options, 'max-skew')) };
}

function femtoseconds(options: Parsed, name: string): bigint | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time === null)
    throw new UsageError(
      `diff: --${name} must be a time such as 1500 (ps), 1.5ns or 2us, got ${JSON.stringify(text)}`,
    );
  return time;
}

function amount(options: Parsed, name: string): number {
  const text = options.text(name);
  if (text === undefined) return 0;
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value))
    throw new UsageError(`diff: --${name} must be a number of 0 or more, got ${JSON.stringify(text)}`);
  return value;
}

function resetOf(text: string): NonNullable<DiffOptions['reset']> {
  const found = /^(.+)=([^=]*)$/.exec(text);
  if (found === null) return { path: text, level: '1' };
  const level = found[2];
  if (level !== '0' && level !== '1')
    throw new UsageError(`diff: --skip-reset must be PATH, PATH=0 or PATH=1, got ${JSON.stringify(text)}`);
  return { path: found[1]!, level };
}

function xSignal(text: string): { pattern: string; policy: XPolicy } {
  const at = text.lastIndexOf('=');
  const policy = X_POLICIES.find((known) => known === text.slice(at + 1));
  if (at < 1 || policy === undefined)
    throw new UsageError(
      `diff: --x-signal must be GLOB=POLICY with ${X_POLICIES.join(', ')}, got ${JSON.stringify(text)}`,
    );
  return { pattern: text.slice(0, at), policy };
}

/** `s/from/to/flags`, any character in the place of the slash. */
function substitution(text: string): { pattern: RegExp; to: string } {
  const wrong = (why: string): UsageError =>
    new UsageError(
      `diff: --map-regex must be s/pattern/replacement/ with flags g, i or none, got ${JSON.stringify(text)}${why}`,
    );
  const slash = text[1];
  if (text[0] !== 's' || slash === undefined || /[\w\\]/.test(slash)) throw wrong('');
  const parts: string[] = [];
  let part = '';
  for (let i = 2; i < text.length; i++) {
    const [at, after] = [text[i]!, text[i + 1]];
    if (at === '\\' && after !== undefined) {
      part += after === slash ? after : `\\${after}`;
      i += 1;
    } else if (at === slash) {
      parts.push(part);
      part = '';
    } else part += at;
  }
  parts.push(part);
  const [pattern, to, flags] = parts;
  if (parts.length !== 3 || !/^[gi]*$/.test(flags!)) throw wrong('');
  try {
    // Groups are \1 in sed, $1 here; both do.
    return { pattern: new RegExp(pattern!, flags), to: to!.replace(/\\(\d)/g, '$$$1') };
  } catch (error) {
    throw wrong(` (${(error as Error).message})`);
  }
}

function mapFile(file: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(file, 'file', 'readable', (error as NodeJS.ErrnoException).code ?? String(error));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fileError(file, 'contents', 'JSON', (error as Error).message.replace(/\s+/g, ' '));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fileError(file, 'contents', 'a JSON object of paths', text.slice(0, 60));
  for (const [path, other] of Object.entries(value))
    if (typeof other !== 'string')
      throw fileError(file, path, 'the path of a signal in B', JSON.stringify(other));
  return value as Record<string, string>;
}
