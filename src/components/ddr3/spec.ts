import { ConfigError } from '../../kernel/index.js';
import { nearest } from '../../kernel/near-names.js';
import { AddressMap } from './address-map.js';
import { CURRENT_NAMES, type Currents, currentsOf } from './energy.js';
import {
  BANKS,
  BURST_LENGTH,
  clockOf,
  type Ddr3Timing,
  DENSITIES,
  type Density,
  DEVICE_BITS,
  geometryOf,
  type Speed,
  SPEEDS,
  TIMING_NAMES,
  timingOf,
} from './timing-table.js';

export const PAGE_POLICIES = ['open', 'closed', 'timeout'] as const;
export const SCHEDULERS = ['frfcfs', 'fcfs'] as const;
export const REFRESHES = ['staggered', 'simultaneous', 'off'] as const;

/**
 * Parameters of the DDR3 channel and its controller that are neither timing constraints nor currents; those may be
 * given too, in clocks and mA (see {@link TIMING_NAMES}, {@link CURRENT_NAMES}). Plain data; each has a default.
 */
export interface Ddr3Options {
  /** Speed bin, MT/s. */
  readonly speed: Speed;
  /** Density of a ×8 part, Gb. */
  readonly densityGb: Density;
  /** Ranks on the channel: 1, 2 or 4. */
  readonly ranks: number;
  /** Width of the data bus, bits: 32 or 64. A burst moves 32 or 64 bytes. */
  readonly channelBits: number;
  /** Fields of the address from the top: see AddressMap. */
  readonly mapping: string;
  /** XOR the bank with the low bits of the row. */
  readonly bankXor: boolean;
  /** When rows close: on demand; with the last access that is in the bank's queue; after `timeoutClocks` without one. */
  readonly pagePolicy: (typeof PAGE_POLICIES)[number];
  /** Clocks after the latest access before an unwanted row is closed, for `timeout`. */
  readonly timeoutClocks: number;
  readonly scheduler: (typeof SCHEDULERS)[number];
  /** A request older than this goes before all younger ones, clocks. */
  readonly starvationClocks: number;
  /** Accesses to an open row after which a waiting conflict may close it though more hits wait. */
  readonly rowHitLimit: number;
  /** Reads that wait before they reach a bank's queue. */
  readonly readQueue: number;
  /** Writes that wait before they reach a bank's queue. */
  readonly writeQueue: number;
  /** Requests in the queue of each bank. */
  readonly bankQueue: number;
  /** Waiting writes at which writes are drained, 1 to `writeQueue`. */
  readonly writeDrainHigh: number;
  /** Waiting writes at which such a drain ends. Less than `writeDrainHigh`. */
  readonly writeDrainLow: number;
  /** More waiting writes than this are drained once all bank queues are empty, even while reads wait. */
  readonly writeDrainIdle: number;
  /** Ranks refresh in turn, together, or (for tests) never. */
  readonly refresh: (typeof REFRESHES)[number];
  /** Refreshes that a busy rank may put off, 0 to 8. */
  readonly refreshPostpone: number;
  /** Registers on the way back from the DRAM, clocks: part of the declared overhead. */
  readonly returnClocks: number;
}

/** What a configuration file or `--set` may give: any option, constraint (clocks) or current. */
export type Ddr3Config = Partial<Ddr3Options & Ddr3Timing & Currents>;

interface Whole {
  readonly kind: 'whole';
  readonly min: number;
  readonly max: number;
  readonly help: string;
}
interface OneOf {
  readonly kind: 'one';
  readonly of: readonly (string | number | boolean)[];
  readonly help: string;
}
interface Text {
  readonly kind: 'text';
  readonly help: string;
}
interface Real {
  readonly kind: 'real';
  readonly min: number;
  readonly max: number;
  readonly help: string;
}
/** What a key may be given as. */
export type Ddr3Rule = Whole | OneOf | Text | Real;

const whole = (min: number, max: number, help: string): Whole => ({ kind: 'whole', min, max, help });
const one = (of: readonly (string | number | boolean)[], help: string): OneOf => ({ kind: 'one', of, help });

const DEFAULTS: Ddr3Options = {
  speed: 1600,
  densityGb: 4,
  ranks: 2,
  channelBits: 64,
  mapping: 'row-rank-bank-col',
  bankXor: false,
  pagePolicy: 'open',
  timeoutClocks: 128,
  scheduler: 'frfcfs',
  starvationClocks: 4096,
  rowHitLimit: 4,
  readQueue: 32,
  writeQueue: 32,
  bankQueue: 8,
  writeDrainHigh: 32,
  writeDrainLow: 0,
  writeDrainIdle: 8,
  refresh: 'staggered',
  refreshPostpone: 0,
  returnClocks: 0,
};

const OPTION_RULES: Readonly<Record<keyof Ddr3Options, Ddr3Rule>> = {
  speed: one(SPEEDS, 'speed bin, MT/s'),
  densityGb: one(DENSITIES, 'density of a ×8 part, Gb'),
  ranks: one([1, 2, 4], 'ranks on the channel'),
  channelBits: one([32, 64], 'width of the data bus, bits; a burst moves as many bytes'),
  mapping: { kind: 'text', help: 'address fields from the top bit down' },
  bankXor: one([true, false], 'XOR the bank with the low row bits'),
  pagePolicy: one(PAGE_POLICIES, 'when rows close'),
  timeoutClocks: whole(1, 1e9, 'idle clocks before a row closes, with pagePolicy=timeout'),
  scheduler: one(SCHEDULERS, 'order of requests'),
  starvationClocks: whole(1, 1e9, 'age at which a request goes before all younger ones, clocks'),
  rowHitLimit: whole(1, 1e9, 'accesses to a row before a waiting conflict may close it'),
  readQueue: whole(1, 256, 'reads that wait for their bank queue'),
  writeQueue: whole(1, 256, 'writes that wait for their bank queue'),
  bankQueue: whole(1, 64, 'requests in each bank queue'),
  writeDrainHigh: whole(1, 256, 'waiting writes that start a drain; default writeQueue'),
  writeDrainLow: whole(0, 255, 'waiting writes that end a drain'),
  writeDrainIdle: whole(0, 256, 'waiting writes beyond which empty bank queues start a drain'),
  refresh: one(REFRESHES, 'how the ranks refresh'),
  refreshPostpone: whole(0, 8, 'refreshes that a busy rank may put off'),
  returnClocks: whole(0, 1000, 'registers on the way back, clocks; the declared overhead is 2 more'),
};

const TIMING_RULES: Readonly<Record<keyof Ddr3Timing, Ddr3Rule>> = {
  CL: whole(5, 32, 'read latency, clocks'),
  CWL: whole(4, 32, 'write latency, clocks'),
  tRCD: whole(1, 1000, 'activate to read or write, clocks'),
  tRP: whole(1, 1000, 'precharge to activate, clocks'),
  tRAS: whole(1, 1000, 'activate to precharge, clocks'),
  tRC: whole(1, 1000, 'activate to activate of a bank, clocks'),
  tRRD: whole(1, 1000, 'activate to activate of another bank, clocks'),
  tFAW: whole(1, 1000, 'window of four activates, clocks'),
  tCCD: whole(1, 1000, 'read to read and write to write, clocks'),
  tRTP: whole(1, 1000, 'read to precharge, clocks'),
  tWR: whole(1, 1000, 'end of write data to precharge, clocks'),
  tWTR: whole(1, 1000, 'end of write data to read of the rank, clocks'),
  tRTW: whole(1, 1000, 'read to write of the rank, clocks; default CL + tCCD + 2 - CWL'),
  tRFC: whole(1, 100_000, 'refresh to any command of the rank, clocks'),
  tREFI: whole(16, 1e7, 'average interval of refreshes of a rank, clocks'),
  tRTRS: whole(0, 100, 'bus idle between bursts of different ranks, clocks'),
};

const current = (help: string): Real => ({ kind: 'real', min: 0, max: 10_000, help });

const CURRENT_RULES: Readonly<Record<keyof Currents, Ddr3Rule>> = {
  VDD: { kind: 'real', min: 0.5, max: 3, help: 'supply voltage, V' },
  IDD0: current('one bank activates and precharges every tRC, mA a part'),
  IDD2N: current('standby with all banks precharged, mA a part'),
  IDD3N: current('standby with a bank open, mA a part'),
  IDD4R: current('reads without gaps, mA a part'),
  IDD4W: current('writes without gaps, mA a part'),
  IDD5: current('refreshes every tRFC, mA a part'),
};

/** Every key that {@link ddr3Spec} knows. */
export const DDR3_RULES: Readonly<Record<string, Ddr3Rule>> = {
  ...OPTION_RULES,
  ...TIMING_RULES,
  ...CURRENT_RULES,
};

/** A complete, checked configuration with everything that follows from it. */
export interface Ddr3Spec extends Ddr3Options {
  readonly timing: Ddr3Timing;
  /** Constraints that were given, and so are not the bin's; tRTW with those that it follows from. */
  readonly changed: Partial<Ddr3Timing>;
  readonly currents: Currents;
  /** Clock of the DRAM, Hz, as a ratio. */
  readonly clock: { readonly num: number; readonly den: number };
  /** Clock period, ns. */
  readonly clockNs: number;
  readonly banks: number;
  /** Parts in a rank. */
  readonly devices: number;
  /** Bytes that one burst moves: 32 or 64. */
  readonly burstBytes: number;
  readonly capacityBytes: number;
  readonly map: AddressMap;
  /** Clocks that the controller adds to the DRAM's own latency: two to get through the queues, then `returnClocks`. */
  readonly overheadClocks: number;
}

/** Clocks from the accept of a request to its first command in an idle controller: into the bank's queue, then out. */
export const QUEUE_CLOCKS = 2;

export const ddr3OptionNames = Object.keys(OPTION_RULES) as readonly (keyof Ddr3Options)[];

/** Every key that {@link ddr3Spec} knows, with what it means, for help. */
export function ddr3Keys(): readonly {
  readonly key: string;
  readonly wanted: string;
  readonly help: string;
}[] {
  return Object.entries(DDR3_RULES).map(([key, rule]) => ({ key, wanted: wantedBy(rule), help: rule.help }));
}

function wantedBy(rule: Ddr3Rule): string {
  switch (rule.kind) {
    case 'whole':
      return `an integer from ${rule.min} to ${rule.max}`;
    case 'real':
      return `a number from ${rule.min} to ${rule.max}`;
    case 'one':
      return `one of ${rule.of.join(', ')}`;
    default:
      return 'a text';
  }
}

function fits(rule: Ddr3Rule, value: unknown): boolean {
  switch (rule.kind) {
    case 'whole':
      return Number.isInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max;
    case 'real':
      return typeof value === 'number' && Number.isFinite(value) && value >= rule.min && value <= rule.max;
    case 'one':
      return rule.of.includes(value as string);
    default:
      return typeof value === 'string';
  }
}

/**
 * Completes and checks a configuration.
 *
 * @param path of the part, for errors
 * @throws ConfigError naming the first key that is unknown or out of range, or that contradicts another
 */
export function ddr3Spec(config: Ddr3Config = {}, path = 'ddr3'): Ddr3Spec {
  for (const [key, value] of Object.entries(config)) {
    const rule = Object.hasOwn(DDR3_RULES, key) ? DDR3_RULES[key] : undefined;
    if (rule === undefined)
      throw new ConfigError(
        path,
        key,
        `a known key (near it: ${nearest(key, Object.keys(DDR3_RULES), 3).join(', ')})`,
        value,
      );
    if (!fits(rule, value)) throw new ConfigError(path, key, wantedBy(rule), value);
  }
  const options = pick(config, Object.keys(OPTION_RULES)) as Partial<Ddr3Options>;
  const o: Ddr3Options = {
    ...DEFAULTS,
    writeDrainHigh: options.writeQueue ?? DEFAULTS.writeQueue,
    ...options,
  };
  if (o.writeDrainHigh > o.writeQueue)
    throw new ConfigError(path, 'writeDrainHigh', `at most writeQueue = ${o.writeQueue}`, o.writeDrainHigh);
  if (o.writeDrainLow >= o.writeDrainHigh)
    throw new ConfigError(
      path,
      'writeDrainLow',
      `less than writeDrainHigh = ${o.writeDrainHigh}`,
      o.writeDrainLow,
    );
  const given: Partial<Ddr3Timing> = pick(config, TIMING_NAMES);
  const timing = timingOf(o.speed, o.densityGb, given);
  const refreshes = o.refresh === 'off' ? 0 : o.ranks;
  if (refreshes * (timing.tRFC + 2 * timing.tRC) > timing.tREFI)
    throw new ConfigError(
      path,
      'tREFI',
      `at least ranks · (tRFC + 2 tRC) = ${refreshes * (timing.tRFC + 2 * timing.tRC)}, or refreshes leave no time`,
      timing.tREFI,
    );
  const { rowBits, columnBits } = geometryOf(o.densityGb);
  const burstBytes = (o.channelBits / 8) * BURST_LENGTH;
  const bits = {
    row: rowBits,
    rank: Math.log2(o.ranks),
    bank: Math.log2(BANKS),
    col: columnBits - Math.log2(BURST_LENGTH),
  };
  const map = new AddressMap(path, o.mapping, bits, o.bankXor);
  const clock = clockOf(o.speed);
  return {
    ...o,
    timing,
    changed: Object.keys(given).length > 0 ? { ...given, tRTW: timing.tRTW } : {},
    currents: { ...currentsOf(o.speed), ...(pick(config, CURRENT_NAMES) as Partial<Currents>) },
    clock,
    clockNs: (1e9 * clock.den) / clock.num,
    banks: BANKS,
    devices: o.channelBits / DEVICE_BITS,
    burstBytes,
    capacityBytes: map.bursts * burstBytes,
    map,
    overheadClocks: QUEUE_CLOCKS + o.returnClocks,
  };
}

function pick(config: Ddr3Config, keys: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(config).filter(([key, value]) => keys.includes(key) && value !== undefined);
  return Object.fromEntries(entries);
}
