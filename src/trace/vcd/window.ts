import type { WaveChange, WaveKind, WaveValue } from '../waves.js';
import type { VcdVisitor } from './scanner.js';
import { bitsOf } from './values.js';

/** One value of the file, and the places of the signals that show it. */
export interface VcdWave {
  readonly code: number;
  readonly kind: WaveKind;
  readonly width: number;
  /** Ascending. */
  readonly signals: readonly number[];
}

interface State {
  readonly wave: VcdWave;
  value: WaveValue | undefined;
}

const NO_STATES: readonly State[] = [];

/**
 * Collects the changes of some signals from `from` to `to`: the values that hold at `from`, in order of signals; events at that very time;
 * then every change after it. A value that is there already is no change.
 */
export class VcdWindow implements VcdVisitor {
  /** True once a time beyond `to` came. */
  done = false;
  private readonly states: readonly State[];
  private readonly byCode: (readonly State[])[];
  private now = 0;
  private started = false;
  private inSection = false;
  private collected: WaveChange[] = [];
  /** Events at `from`: they follow the values. */
  private readonly early: VcdWave[] = [];
  private readonly digit = new Uint8Array(1);

  constructor(
    waves: readonly VcdWave[],
    codes: number,
    private readonly from: number,
    private readonly to: number,
  ) {
    this.states = waves.map((wave) => ({ wave, value: undefined }));
    this.byCode = new Array<readonly State[]>(codes).fill(NO_STATES);
    for (const state of this.states) {
      const { code } = state.wave;
      this.byCode[code] = [...this.byCode[code]!, state];
    }
  }

  /** Whether a change of this code is of interest. */
  wants(code: number): boolean {
    return this.byCode[code]!.some(({ wave }) => wave.kind !== 'event');
  }

  time(time: number): void {
    if (time > this.from && !this.started) this.start();
    if (time > this.to) this.done = true;
    this.now = time;
  }

  scalar(code: number, digit: number): void {
    for (const state of this.byCode[code]!) {
      this.digit[0] = digit;
      this.put(state, this.valueOf(state.wave, this.digit, 0, 1));
    }
  }

  vector(code: number, buffer: Uint8Array, from: number, to: number): void {
    for (const state of this.byCode[code]!) this.put(state, this.valueOf(state.wave, buffer, from, to));
  }

  real(code: number, value: number): void {
    for (const state of this.byCode[code]!)
      this.put(state, state.wave.kind === 'text' ? String(value) : value);
  }

  text(code: number, value: string): void {
    for (const state of this.byCode[code]!) this.put(state, value);
  }

  beginSection(): void {
    this.inSection = true;
  }

  endSection(): void {
    this.inSection = false;
  }

  /** The file is at its end. */
  finish(): void {
    if (!this.started) this.start();
  }

  /** What came since the last call. */
  take(): readonly WaveChange[] {
    const { collected } = this;
    this.collected = [];
    return collected;
  }

  private valueOf({ kind, width }: VcdWave, buffer: Uint8Array, from: number, to: number): WaveValue {
    if (kind === 'bits') return bitsOf(buffer, from, to, width);
    const digits = String.fromCharCode(...buffer.subarray(from, to));
    if (kind === 'text') return digits;
    return /^[01]+$/.test(digits) ? parseInt(digits, 2) : NaN;
  }

  private put(state: State, value: WaveValue): void {
    const { wave } = state;
    if (wave.kind === 'event') this.happen(wave);
    else if (!this.started) state.value = value;
    else if (!this.done && !Object.is(state.value, value)) {
      state.value = value;
      this.emit(wave, value);
    }
  }

  private happen(wave: VcdWave): void {
    if (this.inSection || this.done) return;
    if (this.started) this.emit(wave, '');
    else if (this.now === this.from) this.early.push(wave);
  }

  private emit({ signals }: VcdWave, value: WaveValue): void {
    const { now: time } = this;
    for (const signal of signals) this.collected.push({ time, signal, value });
  }

  private start(): void {
    this.started = true;
    const { from: time, collected } = this;
    for (const { wave, value } of this.states)
      if (value !== undefined) for (const signal of wave.signals) collected.push({ time, signal, value });
    collected.sort((a, b) => a.signal - b.signal);
    this.now = time;
    for (const wave of this.early) this.emit(wave, '');
  }
}
