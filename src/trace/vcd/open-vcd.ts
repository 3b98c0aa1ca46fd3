import type { WaveFile, WaveKind, WaveSelection, WaveSignal, WaveType, WaveChange } from '../waves.js';
import { CheckpointNotes, SEEN_REAL, SEEN_TEXT } from './checkpoints.js';
import { isBits, type VcdDeclaration } from './header.js';
import type { BitRange } from './names.js';
import { VcdScanner } from './scanner.js';
import { VcdWindow, type VcdWave } from './window.js';

/** A signal of a dump, with what only a dump says. */
export interface VcdSignal extends WaveSignal {
  /** The word of the file: `wire`, `reg`, `integer`, `parameter`, … */
  readonly declared: string;
  /** The range of a bus as the file has it: left 0, right 7 for `[0:7]`. Null where it has none. */
  readonly range: BitRange | null;
}

export interface VcdFile extends WaveFile {
  readonly signals: readonly VcdSignal[];
  readonly date: string;
  readonly version: string;
  readonly comments: readonly string[];
}

/** Bytes that a window is read by: small, so that little is read beyond its end. */
const WINDOW_BLOCK = 1 << 16;

/**
 * Opens a Value Change Dump of any simulator.
 *
 * The file is read once, from end to end, so that mistakes in it show here rather than later, and so that {@link WaveFile.changes} can
 * begin near the time that is asked for. Names: see {@link VcdDeclaration.path}; bit-split buses stay as they are, {@link joinBits} joins them.
 *
 * Values   Bits are extended to the declared width by the rules of IEEE 1364-2005, and cut to it from the left; the nine values of
 *          std_logic count as 0, 1, x or z. A signal that gets texts is of kind 'text' whatever its declaration, one that gets reals
 *          'real'; an x in the place of a real is NaN. Events in `$dumpvars` and the like did not happen. `$dumpoff` and
 *          `$dumpon` are changes like all others.
 * Times    In units of the file, from 0 where changes stand ahead of the first time.
 * Storage  Up to 32 MiB of places at which reading can begin, and for each iteration in progress a block of 64 KiB with its changes.
 * Errors   VcdError, with the line, for what is no Value Change Dump, for times that go back, for codes without `$var`. A file that is
 *          cut off, or ends in zero bytes, opens up to there: see {@link WaveFile.damage}; without a newline at its end, the
 *          last word does not count, since it might be half of one.
 */
export function openVcd(file: string): VcdFile {
  const scanner = new VcdScanner(file);
  try {
    return new OpenVcd(file, scanner);
  } catch (error) {
    scanner.close();
    throw error;
  }
}

class OpenVcd implements VcdFile {
  readonly unitFs: number;
  readonly signals: readonly VcdSignal[];
  readonly clocks = [];
  readonly begin: number;
  readonly end: number;
  readonly damage: string | null;
  readonly date: string;
  readonly version: string;
  readonly comments: readonly string[];
  private readonly notes: CheckpointNotes;
  private readonly waves: readonly VcdWave[];

  constructor(
    readonly name: string,
    private readonly scanner: VcdScanner,
  ) {
    const { header } = scanner;
    this.notes = new CheckpointNotes(scanner);
    while (scanner.step(this.notes));
    this.damage = scanner.damage;
    this.begin = Math.max(0, this.notes.begin);
    this.end = Math.max(0, this.notes.end);
    ({ unitFs: this.unitFs, date: this.date, version: this.version, comments: this.comments } = header);
    const { signals, waves } = combine(header.variables, this.notes.seen);
    this.signals = signals;
    this.waves = waves;
  }

  *changes({ signals, from = this.begin, to = this.end }: WaveSelection = {}): Iterable<WaveChange> {
    if (!(from <= to)) return;
    const chosen = signals ?? this.signals.map((_, place) => place);
    const scanner = new VcdScanner(this.name, WINDOW_BLOCK, this.scanner);
    const window = new VcdWindow(this.chosenWaves(chosen), scanner.header.codes, from, to);
    const start = this.notes.before(from);
    if (start !== null) {
      scanner.recall(start.values, window);
      scanner.seek(start.offset);
    }
    for (let more = true; more && !window.done;) {
      more = scanner.step(window);
      yield* window.take();
    }
    window.finish();
    yield* window.take();
  }

  close(): void {
    this.scanner.close();
  }

  private chosenWaves(chosen: readonly number[]): VcdWave[] {
    const places = new Map<number, number[]>();
    for (const place of [...new Set(chosen)].sort((a, b) => a - b)) {
      const { wave } = this.signals[place]!;
      const others = places.get(wave);
      if (others === undefined) places.set(wave, [place]);
      else others.push(place);
    }
    return [...places].map(([wave, signals]) => ({ ...this.waves[wave]!, signals }));
  }
}

/** Signals and their waves: variables of one code, kind and width have one. */
function combine(
  variables: readonly VcdDeclaration[],
  seen: Uint8Array,
): { signals: VcdSignal[]; waves: VcdWave[] } {
  const waves: VcdWave[] = [];
  const numbers = new Map<string, number>();
  const signals = variables.map(({ path, kind: declared, width: bits, code, range }): VcdSignal => {
    const kind = kindOf(declared, seen[code]!);
    const width = kind === 'bits' ? bits : { real: 64, event: 1, text: 0 }[kind];
    const key = `${code} ${kind} ${width}`;
    let wave = numbers.get(key);
    if (wave === undefined) {
      wave = waves.length;
      numbers.set(key, wave);
      waves.push({ code, kind, width, signals: [] });
    }
    const type: WaveType | null = kind === 'bits' && isInteger(declared) ? { kind: 'int', width } : null;
    return {
      path,
      kind,
      width,
      lanes: 1,
      type,
      wave,
      clock: null,
      declared,
      range: kind === 'bits' ? range : null,
    };
  });
  return { signals, waves };
}

function kindOf(declared: string, seen: number): WaveKind {
  if (declared === 'event') return 'event';
  if (declared === 'string' || (seen & SEEN_TEXT) !== 0) return 'text';
  return !isBits(declared) || (seen & SEEN_REAL) !== 0 ? 'real' : 'bits';
}

function isInteger(declared: string): boolean {
  return /^(integer|int|shortint|longint|byte)$/.test(declared);
}
