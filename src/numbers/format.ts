/**
 * Two's complement fixed point <IL, FL>: IL integer bits, the sign among them, and FL fractional bits.
 * A value x is held as the integer `raw = x / ε`, ε = 2^−FL. Plain data; build one by {@link fixedFormat}.
 *
 * Source   Gupta et al., ICML 2015, section 3.
 */
export interface FixedFormat {
  /** Integer bits, with the sign. May be 0 or negative: such a format has its leading bits below the point. */
  readonly il: number;
  /** Fractional bits. May be negative: such a format counts in steps of more than 1. */
  readonly fl: number;
  /** WL = IL + FL, in bits, 1..53. */
  readonly wordLength: number;
  /** 2^−FL, the value of the last bit. */
  readonly epsilon: number;
  /** −2^(WL−1). */
  readonly minRaw: number;
  /** 2^(WL−1) − 1. */
  readonly maxRaw: number;
  /** −2^(IL−1). */
  readonly min: number;
  /** 2^(IL−1) − 2^−FL. */
  readonly max: number;
}

/** A fixed-point format that cannot be, or a word that none can hold. */
export class FixedFormatError extends RangeError {
  readonly code = 'E_FORMAT';

  constructor(
    readonly path: string,
    readonly field: string,
    readonly wanted: string,
    readonly got: unknown,
  ) {
    super(`${path}: ${field} must be ${wanted}, got ${String(got)}`);
    this.name = 'FixedFormatError';
  }
}

/** IL and FL further from the point than this name no hardware, and 2^±FL must stay a normal double. */
const FURTHEST = 64;

/** A raw word must be an exact double. */
const LONGEST_WORD = 53;

/**
 * The format <il, fl>, frozen.
 *
 * @param il integer bits with the sign, −64..64
 * @param fl fractional bits, −64..64; il + fl in 1..53
 * @param path what to call the owner in an error
 * @throws FixedFormatError naming il, fl or il + fl
 */
export function fixedFormat(il: number, fl: number, path = 'format'): FixedFormat {
  for (const [field, bits] of [
    ['il', il],
    ['fl', fl],
  ] as const) {
    if (!Number.isInteger(bits) || Math.abs(bits) > FURTHEST) {
      throw new FixedFormatError(path, field, `an integer in ${-FURTHEST}..${FURTHEST}`, bits);
    }
  }
  const wordLength = il + fl;
  if (wordLength < 1 || wordLength > LONGEST_WORD) {
    throw new FixedFormatError(path, 'il + fl', `in 1..${LONGEST_WORD}`, wordLength);
  }
  const epsilon = 2 ** -fl;
  const half = 2 ** (wordLength - 1);
  const maxRaw = half - 1;
  // A zero il or fl may come as −0; adding 0 makes it 0.
  return Object.freeze({
    il: il + 0,
    fl: fl + 0,
    wordLength,
    epsilon,
    minRaw: -half,
    maxRaw,
    min: -half * epsilon,
    max: maxRaw * epsilon,
  });
}

/**
 * Reads `<il,fl>`; spaces about the numbers are allowed.
 *
 * @throws FixedFormatError when the text is not of that form, or no such format can be
 */
export function parseFormat(text: string, path = 'format'): FixedFormat {
  const parts = /^\s*<\s*(-?\d+)\s*,\s*(-?\d+)\s*>\s*$/.exec(text);
  if (!parts) throw new FixedFormatError(path, 'text', "of the form '<il,fl>', for example '<6,10>'", text);
  return fixedFormat(Number(parts[1]), Number(parts[2]), path);
}

/** `<il,fl>`, which {@link parseFormat} reads. */
export function formatName(format: Pick<FixedFormat, 'il' | 'fl'>): string {
  return `<${format.il},${format.fl}>`;
}

/**
 * ⌊x/ε + ½⌋ by exact arithmetic, not yet saturated: ties go up. ±Infinity stays itself.
 * The sum x/ε + ½ itself would be rounded (0.5 − 2^−54 would become 1), so the fraction is compared instead.
 */
function nearestRaw(x: number, format: FixedFormat): number {
  const steps = x / format.epsilon;
  const floor = Math.floor(steps);
  return steps - floor >= 0.5 ? floor + 1 : floor;
}

/**
 * The raw word nearest to x, saturated: Convert(x, <IL, FL>) of the paper, with round-to-nearest. Never −0.
 *
 * @param x a real number; ±Infinity saturates
 * @returns an integer in minRaw..maxRaw; {@link toReal} gives its value
 * @throws FixedFormatError when x is NaN
 * Source   Gupta et al., ICML 2015, section 3.1; a tie goes up, ⌊x/ε + ½⌋, as the DSP ROUND unit does.
 */
export function quantise(x: number, format: FixedFormat): number {
  const raw = nearestRaw(x, format);
  if (raw >= format.maxRaw) return format.maxRaw;
  if (raw <= format.minRaw) return format.minRaw;
  if (Number.isNaN(raw)) throw new FixedFormatError(formatName(format), 'x', 'a number', x);
  return raw + 0;
}

/** Whether {@link quantise} of x saturates, that is, whether the nearest word lies outside the format. Allocates nothing. */
export function quantiseSaturates(x: number, format: FixedFormat): boolean {
  const raw = nearestRaw(x, format);
  return raw > format.maxRaw || raw < format.minRaw;
}

/**
 * Quantises xs into `out`, element by element. Allocates nothing.
 *
 * @param out at least as long as xs; its elements must hold the format's words (Int16Array for 16 bits, and so on)
 * @returns how many elements saturated
 * @throws FixedFormatError when an element is NaN or `out` is too short
 */
export function quantiseArray(
  xs: ArrayLike<number>,
  format: FixedFormat,
  out: Int8Array | Int16Array | Int32Array | Float64Array | number[],
): number {
  if (out.length < xs.length) {
    throw new FixedFormatError(formatName(format), 'out.length', `at least ${xs.length}`, out.length);
  }
  let saturated = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    out[i] = quantise(x, format);
    if (quantiseSaturates(x, format)) saturated += 1;
  }
  return saturated;
}

/** The value of a raw word: raw · ε, exact. */
export function toReal(raw: number, format: Pick<FixedFormat, 'epsilon'>): number {
  return raw * format.epsilon;
}
