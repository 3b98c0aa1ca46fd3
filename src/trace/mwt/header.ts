import { ConfigError, Timebase } from '../../kernel/index.js';
import { TraceFormatError } from '../errors.js';
import type { WaveClock, WaveType } from '../waves.js';
import { canonicalJson, hashOf, type Json } from './canonical-json.js';
import { headerSchema } from './header-schema.js';

/** A signal of a trace file. */
export interface MwtSignal {
  readonly path: string;
  readonly kind: 'bits' | 'event';
  /** Of a lane; null for an event. */
  readonly type: WaveType | null;
  /** 1 for a scalar and for an event. */
  readonly lanes: number;
  /** Signals of one wave are one value under several names: equal in kind, lanes, width and sign. */
  readonly wave: number;
  /** Name of the clock that it changes with; null where unknown. */
  readonly clock: string | null;
}

/** What a recording is of. Nothing that differs between two equal runs belongs in it. */
export interface MwtHead {
  /** Of the machine: plain data, or null. */
  readonly configuration: Json;
  readonly seed: number | null;
  readonly clocks: readonly WaveClock[];
  /** Paths of all modules. */
  readonly modules: readonly string[];
  readonly signals: readonly MwtSignal[];
  /** Time at which the recording begins, ps. */
  readonly begin: number;
}

/** The head as it stands in a file. */
export interface MwtHeader extends MwtHead {
  readonly format: typeof FORMAT;
  /** SHA-256 of the configuration's canonical JSON, in hexadecimal digits. */
  readonly configurationHash: string;
  readonly unit: 'ps';
}

export const FORMAT = 'marblewave.trace/1';

/** What there is to know of a wave. */
export interface WaveShape {
  readonly isEvent: boolean;
  readonly lanes: number;
  /** Bits of a lane. */
  readonly width: number;
  /** Range of a lane. */
  readonly min: number;
  readonly max: number;
}

/**
 * The header's bytes.
 *
 * @throws ConfigError that names the field
 */
export function encodeHeader(file: string, head: MwtHead): Uint8Array {
  const { configuration, seed, clocks, modules, signals, begin } = head;
  const header = {
    format: FORMAT,
    configuration,
    configurationHash: hashOf(canonicalJson(configuration, file, 'configuration')),
    seed,
    unit: 'ps',
    clocks: clocks.map(({ name, hz, phasePs }) => ({ name, hz: { num: hz.num, den: hz.den }, phasePs })),
    modules,
    signals: signals.map(({ path, kind, type, lanes, wave, clock }) => ({
      path,
      kind,
      type: type && { kind: type.kind, width: type.width, fraction: type.fraction },
      lanes,
      wave,
      clock,
    })),
    begin,
  };
  const text = canonicalJson(header, file, 'head');
  const wrong = checked(JSON.parse(text)).wrong;
  if (wrong !== undefined) throw new ConfigError(file, wrong.field, wrong.wanted, wrong.got);
  return Buffer.from(text, 'utf8');
}

/** @throws TraceFormatError */
export function decodeHeader(file: string, offset: number, bytes: Uint8Array): MwtHeader {
  let data: unknown;
  try {
    data = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw new TraceFormatError(file, offset, 'a header in JSON', 'something else');
  }
  const { header, wrong } = checked(data);
  if (wrong !== undefined)
    throw new TraceFormatError(
      file,
      offset,
      `a header whose ${wrong.field} is ${wrong.wanted}`,
      typeof wrong.got === 'string' ? JSON.stringify(wrong.got) : String(wrong.got),
    );
  return header;
}

interface Wrong {
  readonly field: string;
  readonly wanted: string;
  readonly got: unknown;
}

type Checked =
  | { readonly header: MwtHeader; readonly wrong?: undefined }
  | { readonly header?: undefined; readonly wrong: Wrong };

function checked(data: unknown): Checked {
  const parsed = headerSchema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const got = issue.path.reduce<unknown>(
      (at, key) =>
        typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
      data,
    );
    return {
      wrong: {
        field: issue.path.join('.') || 'whole',
        wanted: `as the format has it (${issue.message})`,
        got,
      },
    };
  }
  // The parsed copy would lose a key named __proto__ in the configuration.
  const header = data as MwtHeader;
  const wrong = wrongIn(header);
  return wrong === null ? { header } : { wrong };
}

/** What the schema cannot tell. */
function wrongIn(header: MwtHeader): Wrong | null {
  const hash = hashOf(canonicalJson(header.configuration, '', 'configuration'));
  if (hash !== header.configurationHash)
    return {
      field: 'configurationHash',
      wanted: `that of the configuration, ${hash}`,
      got: header.configurationHash,
    };
  const clocks = new Set<string>();
  for (const [i, { name, hz, phasePs }] of header.clocks.entries()) {
    if (clocks.has(name)) return { field: `clocks[${i}].name`, wanted: 'used once', got: name };
    clocks.add(name);
    try {
      new Timebase(name, hz, phasePs);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { field: `clocks[${i}].${error.field}`, wanted: error.wanted, got: error.got };
    }
  }
  return wrongSignal(header.signals, clocks);
}

function wrongSignal(signals: readonly MwtSignal[], clocks: ReadonlySet<string>): Wrong | null {
  const paths = new Set<string>();
  const waves: MwtSignal[] = [];
  for (const [i, signal] of signals.entries()) {
    const { path, kind, type, lanes, wave, clock } = signal;
    const at = `signals[${i}]`;
    if (paths.has(path)) return { field: `${at}.path`, wanted: 'used once', got: path };
    paths.add(path);
    if (clock !== null && !clocks.has(clock))
      return { field: `${at}.clock`, wanted: 'the name of a clock or null', got: clock };
    if (kind === 'event' ? type !== null : type === null)
      return {
        field: `${at}.type`,
        wanted: 'null for an event, and for nothing else',
        got: type?.kind ?? null,
      };
    if (kind === 'event' && lanes !== 1)
      return { field: `${at}.lanes`, wanted: '1 for an event', got: lanes };
    const first = (waves[wave] ??= signal);
    if (!sameShape(first, signal))
      return {
        field: `${at}.wave`,
        wanted: `that of a signal of the same shape as ${first.path}`,
        got: wave,
      };
  }
  for (let wave = 0; wave < waves.length; wave++)
    if (waves[wave] === undefined)
      return { field: 'signals', wanted: 'with waves 0, 1, 2 … without gaps', got: `none of wave ${wave}` };
  return null;
}

const isSigned = (type: WaveType | null): boolean => type?.kind === 'int' || type?.kind === 'fixed';

function sameShape(a: MwtSignal, b: MwtSignal): boolean {
  return (
    a.kind === b.kind &&
    a.lanes === b.lanes &&
    a.type?.width === b.type?.width &&
    isSigned(a.type) === isSigned(b.type)
  );
}

/** Waves of a valid header, by number. */
export function wavesOf(signals: readonly MwtSignal[]): WaveShape[] {
  const waves: WaveShape[] = [];
  for (const { kind, type, lanes, wave } of signals) {
    const width = type?.width ?? 1;
    const signed = isSigned(type);
    waves[wave] ??= {
      isEvent: kind === 'event',
      lanes,
      width,
      min: signed ? -(2 ** (width - 1)) : 0,
      max: signed ? 2 ** (width - 1) - 1 : 2 ** width - 1,
    };
  }
  return waves;
}
