/**
 * DDR3 timing by speed bin, as JEDEC gives it: limits that are "at least N clocks and at least T ns" keep both numbers,
 * and become clocks once, here, rounding up (tREFI, an upper limit, rounds down).
 *
 * Source   JESD79-3F: speed bins (tables 60 to 66), timing parameters (tables 67 and 68), tRFC and tREFI (table 61). Bins
 *          1066F 7-7-7, 1333H 9-9-9, 1600K 11-11-11, 1866M 13-13-13; ×8 parts with 1 KB pages.
 */

/** The speed bins that there are, MT/s. */
export const SPEEDS = [1066, 1333, 1600, 1866] as const;
export type Speed = (typeof SPEEDS)[number];
/** Densities of a ×8 part, Gb. */
export const DENSITIES = [1, 2, 4, 8] as const;
export type Density = (typeof DENSITIES)[number];

/** At least this many clocks and at least this many nanoseconds. */
type Limit = readonly [clocks: number, ns: number];

interface Bin {
  /** Clock of the bin as a ratio, Hz. */
  readonly clock: { readonly num: number; readonly den: number };
  readonly limits: Readonly<Record<LimitName, Limit>>;
}

type LimitName = 'CL' | 'CWL' | 'tRCD' | 'tRP' | 'tRAS' | 'tRC' | 'tRRD' | 'tFAW' | 'tRTP' | 'tWR' | 'tWTR';

/** Limits that no bin changes: JESD79-3F table 67. */
const COMMON = { tRTP: [4, 7.5], tWR: [0, 15], tWTR: [4, 7.5] } as const;

const BINS: Readonly<Record<Speed, Bin>> = {
  1066: {
    clock: { num: 1_600_000_000, den: 3 },
    limits: {
      CL: [7, 0],
      CWL: [6, 0],
      tRCD: [0, 13.125],
      tRP: [0, 13.125],
      tRAS: [0, 37.5],
      tRC: [0, 50.625],
      tRRD: [4, 7.5],
      tFAW: [0, 37.5],
      ...COMMON,
    },
  },
  1333: {
    clock: { num: 2_000_000_000, den: 3 },
    limits: {
      CL: [9, 0],
      CWL: [7, 0],
      tRCD: [0, 13.5],
      tRP: [0, 13.5],
      tRAS: [0, 36],
      tRC: [0, 49.5],
      tRRD: [4, 6],
      tFAW: [0, 30],
      ...COMMON,
    },
  },
  1600: {
    clock: { num: 800_000_000, den: 1 },
    limits: {
      CL: [11, 0],
      CWL: [8, 0],
      tRCD: [0, 13.75],
      tRP: [0, 13.75],
      tRAS: [0, 35],
      tRC: [0, 48.75],
      tRRD: [4, 6],
      tFAW: [0, 30],
      ...COMMON,
    },
  },
  1866: {
    clock: { num: 2_800_000_000, den: 3 },
    limits: {
      CL: [13, 0],
      CWL: [9, 0],
      tRCD: [0, 13.91],
      tRP: [0, 13.91],
      tRAS: [0, 34],
      tRC: [0, 47.91],
      tRRD: [4, 5],
      tFAW: [0, 27],
      ...COMMON,
    },
  },
};

/** Refresh cycle time by density of the part, ns: JESD79-3F table 61. */
const TRFC_NS: Readonly<Record<Density, number>> = { 1: 110, 2: 160, 4: 260, 8: 350 };
/** Average interval between refreshes up to 85 °C, ns: JESD79-3F table 61. */
const TREFI_NS = 7800;
/** Row and column address bits of a ×8 part by density: JESD79-3F section 2.11. */
const GEOMETRY: Readonly<Record<Density, readonly [rowBits: number, columnBits: number]>> = {
  1: [14, 10],
  2: [15, 10],
  4: [16, 10],
  8: [16, 11],
};

/** Clocks of a burst of eight on the data bus. */
export const BURST_CLOCKS = 4;
/** Words of a burst: BL8. */
export const BURST_LENGTH = 8;
/** Banks of a rank. */
export const BANKS = 8;
/** Bits of a part's data bus. */
export const DEVICE_BITS = 8;

/** All constraints in clocks of the DRAM (half the transfer rate). */
export interface Ddr3Timing {
  /** Read latency: from the read command to the first word. */
  readonly CL: number;
  /** Write latency: from the write command to the first word. */
  readonly CWL: number;
  /** Activate to read or write, same bank. */
  readonly tRCD: number;
  /** Precharge to activate, same bank. */
  readonly tRP: number;
  /** Activate to precharge, same bank. */
  readonly tRAS: number;
  /** Activate to activate or refresh, same bank. */
  readonly tRC: number;
  /** Activate to activate, other bank of the rank. */
  readonly tRRD: number;
  /** Window that holds at most four activates of a rank. */
  readonly tFAW: number;
  /** Read to read and write to write, same rank. */
  readonly tCCD: number;
  /** Read to precharge. */
  readonly tRTP: number;
  /** Last written word to precharge. */
  readonly tWR: number;
  /** Last written word to read, same rank. */
  readonly tWTR: number;
  /** Read to write, same rank: CL + tCCD + 2 − CWL. */
  readonly tRTW: number;
  /** Refresh to any command of the rank. */
  readonly tRFC: number;
  /** Average interval between refreshes of a rank. */
  readonly tREFI: number;
  /** Data bus idle between bursts of different ranks. */
  readonly tRTRS: number;
}

/** Names of the constraints, in the order in which they are printed. */
export const TIMING_NAMES = [
  'CL',
  'CWL',
  'tRCD',
  'tRP',
  'tRAS',
  'tRC',
  'tRRD',
  'tFAW',
  'tCCD',
  'tRTP',
  'tWR',
  'tWTR',
  'tRTW',
  'tRFC',
  'tREFI',
  'tRTRS',
] as const satisfies readonly (keyof Ddr3Timing)[];

/** Clock of a bin in Hz, as an exact ratio. */
export function clockOf(speed: Speed): { readonly num: number; readonly den: number } {
  return BINS[speed].clock;
}

/** Row and column address bits of a ×8 part. */
export function geometryOf(density: Density): { readonly rowBits: number; readonly columnBits: number } {
  const [rowBits, columnBits] = GEOMETRY[density];
  return { rowBits, columnBits };
}

/**
 * The constraints of a bin in clocks; `given` replaces single ones, also in clocks. tRTW follows from the CL, CWL and
 * tCCD in force unless it is given too.
 */
export function timingOf(speed: Speed, density: Density, given: Partial<Ddr3Timing> = {}): Ddr3Timing {
  const { clock, limits } = BINS[speed];
  const perNs = clock.num / clock.den / 1e9;
  // A limit that is a whole number of clocks in exact arithmetic may come out a hair above it.
  const up = ([clocks, ns]: Limit): number => Math.max(clocks, Math.ceil(ns * perNs - 1e-6));
  const base = {
    CL: up(limits.CL),
    CWL: up(limits.CWL),
    tRCD: up(limits.tRCD),
    tRP: up(limits.tRP),
    tRAS: up(limits.tRAS),
    tRC: up(limits.tRC),
    tRRD: up(limits.tRRD),
    tFAW: up(limits.tFAW),
    tCCD: 4, // JESD79-3F table 67: 4 clocks
    tRTP: up(limits.tRTP),
    tWR: up(limits.tWR),
    tWTR: up(limits.tWTR),
    tRFC: up([0, TRFC_NS[density]]),
    tREFI: Math.floor(TREFI_NS * perNs + 1e-6),
    tRTRS: 2, // Not JEDEC's: room for the strobes of two ranks, as controllers for two-rank modules leave it.
    ...given,
  };
  return { ...base, tRTW: given.tRTW ?? base.CL + base.tCCD + 2 - base.CWL };
}
