/**
 * A recorded run as every tool sees it, whatever file it lies in: signals, and their changes in the order of time. Diff, exports
 * and views read this and nothing else; each file format gives one (openTrace for .mwt, openVcd for .vcd, openWaves for either).
 */

/**
 * The value of a signal. Of 'bits' a string of exactly `width` characters `0`, `1`, `x`, `z`, most significant first; of
 * 'real' a number; of 'text' a string; of 'event' the empty string: that it happened is all there is.
 */
export type WaveValue = string | number;

export type WaveKind = 'bits' | 'real' | 'text' | 'event';

/** What the bits of a lane mean, where the file says so. */
export interface WaveType {
  readonly kind: 'bool' | 'uint' | 'int' | 'bits' | 'fixed';
  /** Bits of one lane. */
  readonly width: number;
  /** Fraction bits, for 'fixed'. */
  readonly fraction?: number;
}

export interface WaveSignal {
  /** Scopes and name between dots: `gupta.round[3].in_data`. Unique in a file. */
  readonly path: string;
  readonly kind: WaveKind;
  /** Bits of the whole value, 1 or more; 64 for 'real', 1 for 'event', 0 for 'text'. */
  readonly width: number;
  /** Lanes of equal width, lane 0 least significant; 1 for a scalar. */
  readonly lanes: number;
  /** Null where the file does not say. */
  readonly type: WaveType | null;
  /** Signals of one wave are one value under several names. 0 or more. */
  readonly wave: number;
  /** Name of the clock that it changes with; null where unknown. */
  readonly clock: string | null;
}

export interface WaveChange {
  /** In units of the file. */
  readonly time: number;
  /** Place of the signal in {@link WaveFile.signals}. */
  readonly signal: number;
  readonly value: WaveValue;
}

/** A clock of the run, where the file knows: edges at phase + ⌊k · 10¹² · den / num⌋ ps. */
export interface WaveClock {
  readonly name: string;
  /** Hz. */
  readonly hz: { readonly num: number; readonly den: number };
  readonly phasePs: number;
}

export interface WaveSelection {
  /** Places of the signals wanted; all, if left out. */
  readonly signals?: readonly number[];
  /** First and last time wanted, both included, in units of the file. */
  readonly from?: number;
  readonly to?: number;
}

export interface WaveFile {
  /** Path of the file. */
  readonly name: string;
  /** Femtoseconds of a unit of time: 1000 for ps. */
  readonly unitFs: number;
  readonly signals: readonly WaveSignal[];
  readonly clocks: readonly WaveClock[];
  /** First and last time that the file speaks of. */
  readonly begin: number;
  readonly end: number;
  /** Why the file ends early, if it does: it was cut off, or a part is damaged. Null when it is whole. */
  readonly damage: string | null;
  /**
   * Changes of the chosen signals in the order of time; at one time, in the order in which the file has them. First, at `from`, the
   * value that each signal has by then (none for an event, or where there is none yet), in order of signals; then each change
   * up to and including `to`. A change to the value that is there already may be left out.
   */
  changes(selection?: WaveSelection): Iterable<WaveChange>;
  close(): void;
}
