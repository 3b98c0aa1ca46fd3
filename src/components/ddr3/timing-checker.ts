import { ConfigError, MarblewaveError, show } from '../../kernel/index.js';

/**
 * An independent judge of DDR3 command streams. It shares no code and no table with the controller: limits stand here
 * in clocks, as data sheets print them for the bin, and every command is held against all earlier ones near it.
 */

/** Limits in clocks. */
export interface CheckerLimits {
  readonly CL: number;
  readonly CWL: number;
  readonly tRCD: number;
  readonly tRP: number;
  readonly tRAS: number;
  readonly tRC: number;
  readonly tRRD: number;
  readonly tFAW: number;
  readonly tCCD: number;
  readonly tRTP: number;
  readonly tWR: number;
  readonly tWTR: number;
  /** Read to write of one rank. */
  readonly tRTW: number;
  readonly tRFC: number;
  /** Average refresh interval of a rank; 0: refreshes are not asked for. */
  readonly tREFI: number;
  /** Data bus idle between bursts of different ranks. */
  readonly tRTRS: number;
}

type BinLimits = Omit<CheckerLimits, 'tRFC' | 'tRTRS'>;

// Order: CL CWL tRCD tRP tRAS tRC tRRD tFAW tCCD tRTP tWR tWTR tRTW tREFI. ×8 parts, 1 KB pages. Source: Micron 4 Gb DDR3
// SDRAM data sheet, tables of speed bins and AC timing: -187F, -15E, -125, -107.
const BINS: Readonly<Record<number, readonly number[]>> = {
  1066: [7, 6, 7, 7, 20, 27, 4, 20, 4, 4, 8, 4, 7, 4160],
  1333: [9, 7, 9, 9, 24, 33, 4, 20, 4, 5, 10, 5, 8, 5200],
  1600: [11, 8, 11, 11, 28, 39, 5, 24, 4, 6, 12, 6, 9, 6240],
  1866: [13, 9, 13, 13, 32, 45, 5, 26, 4, 7, 14, 7, 10, 7280],
};
const ORDER: readonly (keyof BinLimits)[] = [
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
  'tREFI',
];
/** tRFC in clocks by bin, then density in Gb. */
const TRFC: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  1066: { 1: 59, 2: 86, 4: 139, 8: 187 },
  1333: { 1: 74, 2: 107, 4: 174, 8: 234 },
  1600: { 1: 88, 2: 128, 4: 208, 8: 280 },
  1866: { 1: 103, 2: 150, 4: 243, 8: 327 },
};

/** The limits of a bin and density. @throws ConfigError when there is none */
export function checkerLimits(speed = 1600, densityGb = 4): CheckerLimits {
  const bin = BINS[speed];
  if (bin === undefined)
    throw new ConfigError('timing checker', 'speed', `one of ${Object.keys(BINS).join(', ')}`, speed);
  const tRFC = TRFC[speed]?.[densityGb];
  if (tRFC === undefined)
    throw new ConfigError('timing checker', 'densityGb', 'one of 1, 2, 4, 8', densityGb);
  const limits = Object.fromEntries(ORDER.map((name, i) => [name, bin[i]!])) as unknown as BinLimits;
  return { ...limits, tRFC, tRTRS: 2 };
}

/** A command as the checker saw it. Fields that it does not have are −1. */
export interface CheckedCommand {
  readonly cycle: number;
  readonly command: string;
  readonly rank: number;
  readonly bank: number;
  readonly row: number;
  readonly col: number;
}

/** A broken rule. */
export interface TimingViolation {
  /** A limit's name (`tRCD`), or `bankOpen`, `bankClosed`, `wrongRow`, `refreshOpen`, `commandBus`, `order`. */
  readonly rule: string;
  /** The command that the later one came too soon after, or that contradicts it; null where there is none. */
  readonly earlier: CheckedCommand | null;
  readonly later: CheckedCommand;
  /** Clocks wanted between them (refreshes: at most; owed: 8), and those that there were. Null for rules of state. */
  readonly wanted: number | null;
  readonly got: number | null;
}

/** A command file that does not parse; names the line. */
export class CommandFileError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly line: number,
    readonly wanted: string,
    readonly got: string,
  ) {
    super('E_TRACE_FILE', `${path}, line ${line}: wanted ${wanted}, got ${show(got)}`);
  }
}

const KINDS = ['ACT', 'PRE', 'PREA', 'RD', 'RDA', 'WR', 'WRA', 'REF'];
/** Clocks of eight words at two a clock. */
const BURST = 4;
/** Violations kept; further ones are only counted. */
const KEPT = 10_000;
/** Refreshes that may be put off. */
const POSTPONED = 8;

/** Kinds of command as far as distances are concerned: RDA counts as a read and, later, a precharge. */
type Kind = 'ACT' | 'PRE' | 'RD' | 'WR' | 'REF' | 'END';

interface Past {
  readonly cycle: number;
  readonly kind: Kind;
  readonly rank: number;
  readonly bank: number;
  /** What to show: for the precharge that a bank does by itself, the command that asked for it. */
  readonly shown: CheckedCommand;
}

interface Rule {
  readonly name: string;
  readonly wanted: number;
}

const is = (name: string, wanted: number): Rule => ({ name, wanted });

function kindOf(command: string): Kind {
  if (command === 'RDA') return 'RD';
  if (command === 'PREA') return 'PRE';
  return command === 'WRA' ? 'WR' : (command as Kind);
}

interface BankView {
  row: number;
  opened: CheckedCommand | null;
}

/**
 * Takes commands in order of cycle, from a controller (it fits its `listener`) or from a file, and lists every rule that
 * one breaks: the limits above between each pair, at most four activates in tFAW, one command a clock, no access to a
 * closed bank or another row, no activate of an open bank, no refresh with a bank open; between two refreshes of a rank
 * at most 9·tREFI, and never more than eight owed. RDA and WRA precharge at the earliest time that tRAS, tRTP and tWR
 * allow. A precharge of a precharged bank is legal; PREA precharges every bank of the rank.
 *
 * Source   JESD79-3F sections 3.4, 4.12 to 4.14, tables 67 and 68. Ranks: WR→RD and RD→WR of two ranks leave tRTRS between bursts.
 */
export class Ddr3TimingChecker {
  readonly violations: TimingViolation[] = [];
  /** All that were found, kept or not. */
  violationCount = 0;
  commandCount = 0;
  private readonly limits: CheckerLimits;
  private readonly reach: number;
  private readonly banks = new Map<number, BankView>();
  private readonly refreshed = new Map<
    number,
    { count: number; last: CheckedCommand | null; told: number }
  >();
  private readonly activates = new Map<number, CheckedCommand[]>();
  /** Commands that may still matter, from `oldest` on. */
  private recent: Past[] = [];
  private oldest = 0;
  private previous: CheckedCommand | null = null;

  /** @param limits of the DRAM; single ones may be given on top of {@link checkerLimits} */
  constructor(limits: CheckerLimits = checkerLimits()) {
    this.limits = limits;
    const { CL, CWL, tREFI: _, ...rest } = limits;
    this.reach = CL + CWL + BURST + Object.values(rest).reduce((most, value) => Math.max(most, value), 0);
  }

  /** Takes the next command. Columns do not matter. */
  command(cycle: number, command: string, rank: number, bank: number, row: number, col: number): void {
    const now: CheckedCommand = { cycle, command, rank, bank, row, col };
    this.commandCount += 1;
    if (this.previous !== null) {
      const gap = cycle - this.previous.cycle;
      if (gap === 0) this.report('commandBus', this.previous, now, 1, 0);
      else if (gap < 0) this.report('order', this.previous, now, 0, gap);
    }
    this.previous = now;
    this.checkPairs(now);
    this.checkRefreshes(now, rank);
    if (command === 'REF') this.takeRefresh(now);
    else this.takeBankCommand(now);
    while (this.oldest < this.recent.length && cycle - this.recent[this.oldest]!.cycle > this.reach)
      this.oldest += 1;
    if (this.oldest > 1024) {
      this.recent = this.recent.slice(this.oldest);
      this.oldest = 0;
    }
  }

  /** Ends the stream: refreshes that are missing by `cycle` are reported. @param ranks that have to be refreshed */
  finish(cycle: number, ranks = 0): void {
    for (let rank = 0; rank < ranks; rank++) this.refreshesOf(rank);
    for (const rank of this.refreshed.keys())
      this.checkRefreshes({ cycle, command: 'END', rank, bank: -1, row: -1, col: -1 }, rank);
  }

  private takeBankCommand(now: CheckedCommand): void {
    const { cycle, command, rank, bank, row } = now;
    this.recent.push({ cycle, kind: kindOf(command), rank, bank, shown: now });
    if (command === 'PREA') {
      for (const [key, view] of this.banks) if (Math.floor(key / 1024) === rank) view.opened = null;
      return;
    }
    const view = this.bankView(rank, bank);
    switch (command) {
      case 'ACT': {
        if (view.opened !== null) this.report('bankOpen', view.opened, now, null, null);
        view.opened = now;
        view.row = row;
        const list = this.activates.get(rank) ?? [];
        this.activates.set(rank, list);
        const fourth = list[list.length - 4];
        if (fourth !== undefined && cycle - fourth.cycle < this.limits.tFAW)
          this.report('tFAW', fourth, now, this.limits.tFAW, cycle - fourth.cycle);
        list.push(now);
        if (list.length > 4) list.shift();
        return;
      }
      case 'PRE':
        view.opened = null;
        return;
      default: {
        if (view.opened === null) this.report('bankClosed', null, now, null, null);
        else if (view.row !== row) this.report('wrongRow', view.opened, now, null, null);
        if (!command.endsWith('A')) return;
        const { tRTP, tWR, CWL, tRAS } = this.limits;
        const own = command === 'RDA' ? tRTP : CWL + BURST + tWR;
        const at = Math.max(cycle + own, (view.opened?.cycle ?? -Infinity) + tRAS);
        this.recent.push({ cycle: at, kind: 'PRE', rank, bank, shown: now });
        view.opened = null;
      }
    }
  }

  private takeRefresh(now: CheckedCommand): void {
    const { rank } = now;
    for (const [key, view] of this.banks)
      if (Math.floor(key / 1024) === rank && view.opened !== null)
        this.report('refreshOpen', view.opened, now, null, null);
    this.recent.push({ cycle: now.cycle, kind: 'REF', rank, bank: -1, shown: now });
    const state = this.refreshesOf(rank);
    state.count += 1;
    state.last = now;
  }

  /** Holds a command against every earlier one in reach; for each rule the worst case is reported. */
  private checkPairs(now: CheckedCommand): void {
    const worst = new Map<string, { past: Past; wanted: number; got: number }>();
    const next = kindOf(now.command);
    for (let i = this.oldest; i < this.recent.length; i++) {
      const past = this.recent[i]!;
      const got = now.cycle - past.cycle;
      if (got > this.reach) continue;
      const rule = this.ruleBetween(past, now, next);
      if (rule === null || got >= rule.wanted) continue;
      const known = worst.get(rule.name);
      if (known === undefined || rule.wanted - got > known.wanted - known.got)
        worst.set(rule.name, { past, wanted: rule.wanted, got });
    }
    for (const [name, { past, wanted, got }] of worst) this.report(name, past.shown, now, wanted, got);
  }

  /** The least distance between two commands; null where there is none. */
  private ruleBetween(past: Past, now: CheckedCommand, next: Kind): Rule | null {
    const l = this.limits;
    const sameRank = past.rank === now.rank;
    // Bank −1: all banks of the rank (PREA).
    const sameBank = sameRank && (past.bank === now.bank || past.bank < 0 || now.bank < 0);
    switch (past.kind) {
      case 'ACT':
        if (!sameRank) return null;
        if (next === 'REF') return is('tRC', l.tRC);
        if (next === 'ACT') return sameBank ? is('tRC', l.tRC) : is('tRRD', l.tRRD);
        if (!sameBank) return null;
        return next === 'PRE' ? is('tRAS', l.tRAS) : is('tRCD', l.tRCD);
      case 'PRE':
        if (next === 'ACT') return sameBank ? is('tRP', l.tRP) : null;
        return next === 'REF' && sameRank ? is('tRP', l.tRP) : null;
      case 'RD':
        if (next === 'RD') return this.sameKind(sameRank);
        if (next === 'WR') return sameRank ? is('tRTW', l.tRTW) : is('tRTRS', l.CL + BURST + l.tRTRS - l.CWL);
        return next === 'PRE' && sameBank ? is('tRTP', l.tRTP) : null;
      case 'WR':
        if (next === 'WR') return this.sameKind(sameRank);
        if (next === 'RD')
          return sameRank ? is('tWTR', l.CWL + BURST + l.tWTR) : is('tRTRS', l.CWL + BURST + l.tRTRS - l.CL);
        return next === 'PRE' && sameBank ? is('tWR', l.CWL + BURST + l.tWR) : null;
      case 'REF':
        return sameRank ? is('tRFC', l.tRFC) : null;
      default:
        return null;
    }
  }

  /** Read to read, or write to write. */
  private sameKind(sameRank: boolean): Rule {
    const { tCCD, tRTRS } = this.limits;
    return sameRank ? is('tCCD', Math.max(BURST, tCCD)) : is('tRTRS', BURST + tRTRS);
  }

  /** Whether a rank's refreshes keep up at the cycle of a command. */
  private checkRefreshes(now: CheckedCommand, rank: number): void {
    const { tREFI } = this.limits;
    if (tREFI === 0) return;
    const state = this.refreshesOf(rank);
    const { last } = state;
    const gap = now.cycle - (last?.cycle ?? 0);
    if (now.command === 'REF' && gap > (POSTPONED + 1) * tREFI)
      this.report('tREFI', last, now, (POSTPONED + 1) * tREFI, gap);
    // Counted from cycle 0, where nothing is owed.
    const owed = Math.floor(now.cycle / tREFI) - state.count;
    if (owed > POSTPONED && owed > state.told) {
      state.told = owed;
      this.report('tREFI', last, now, POSTPONED, owed);
    } else if (owed <= POSTPONED) state.told = 0;
  }

  private refreshesOf(rank: number): { count: number; last: CheckedCommand | null; told: number } {
    let state = this.refreshed.get(rank);
    if (state === undefined) {
      state = { count: 0, last: null, told: 0 };
      this.refreshed.set(rank, state);
    }
    return state;
  }

  private bankView(rank: number, bank: number): BankView {
    const key = rank * 1024 + bank;
    let view = this.banks.get(key);
    if (view === undefined) {
      view = { row: -1, opened: null };
      this.banks.set(key, view);
    }
    return view;
  }

  private report(
    rule: string,
    earlier: CheckedCommand | null,
    later: CheckedCommand,
    wanted: number | null,
    got: number | null,
  ): void {
    this.violationCount += 1;
    if (this.violations.length < KEPT) this.violations.push({ rule, earlier, later, wanted, got });
  }
}

function commandText({ cycle, command, rank, bank, row, col }: CheckedCommand): string {
  const fields = [
    `rank ${rank}`,
    ...(bank < 0 ? [] : [`bank ${bank}`]),
    ...(row < 0 ? [] : [`row ${row}`]),
    ...(col < 0 ? [] : [`col ${col}`]),
  ];
  return `${command} ${fields.join(' ')} at ${cycle}`;
}

/** One violation as a line: `tRCD: RD rank 0 bank 3 row 7 col 0 at 10 after ACT rank 0 bank 3 row 7 at 0: wanted 11 clocks, got 10`. */
export function violationText({ rule, earlier, later, wanted, got }: TimingViolation): string {
  const after = earlier === null ? '' : ` after ${commandText(earlier)}`;
  const owed = rule === 'tREFI' && wanted === POSTPONED;
  const numbers =
    wanted === null
      ? ''
      : owed
        ? `: wanted at most ${wanted} refreshes owed, got ${got}`
        : `: wanted ${rule === 'tREFI' ? 'at most ' : ''}${wanted} clocks, got ${got}`;
  return `${rule}: ${commandText(later)}${after}${numbers}`;
}

/**
 * Feeds a command file to a checker: lines `cycle,command,rank,bank,row,col`, a heading allowed, −1 or nothing for what a
 * command does not have. @param path for errors
 * @throws CommandFileError naming the line
 */
export function checkCommandFile(text: string, checker: Ddr3TimingChecker, path = 'command file'): void {
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === '' || (i === 0 && line.startsWith('cycle,'))) continue;
    const fields = line.split(',').map((field) => field.trim());
    const wrong = (wanted: string, got: string): CommandFileError =>
      new CommandFileError(path, i + 1, wanted, got);
    if (fields.length !== 6) throw wrong('six fields cycle,command,rank,bank,row,col', line);
    const [cycle, command, ...where] = fields;
    if (!/^\d+$/.test(cycle!)) throw wrong('a cycle of 0 or more', cycle!);
    if (!KINDS.includes(command!)) throw wrong(`a command, one of ${KINDS.join(', ')}`, command!);
    const numbers = where.map((field, at) => {
      const value = field === '' ? -1 : Number(field);
      const least = at === 0 || (at === 1 && command !== 'REF' && command !== 'PREA') ? 0 : -1;
      if (!Number.isInteger(value) || value < least)
        throw wrong(`${['a rank', 'a bank', 'a row', 'a column'][at]} of ${least} or more`, field);
      return value;
    });
    checker.command(Number(cycle), command!, numbers[0]!, numbers[1]!, numbers[2]!, numbers[3]!);
  }
}
