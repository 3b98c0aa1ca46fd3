import type { Attributes, Simulator } from '../../kernel/index.js';
import { COMMANDS, type Ddr3Command } from './commands.js';

/** Registers of {@link ChannelTransactions}: the transaction of the request that each line belongs to. */
export interface ChannelTransactionRegisters {
  reads: Float64Array;
  writes: Float64Array;
}

const KINDS = Object.fromEntries(COMMANDS.map((command) => [command, `dram.${command}`])) as Record<
  Ddr3Command,
  string
>;

/**
 * What a DDR3 channel does, as transactions. `dram.read` and `dram.write`: a request of one DRAM burst, from the controller's
 * accept (`clock`, `addr` in bytes, `merged` where it is done with another one) until its command goes out or it is answered from a waiting
 * write (`forwarded`); `done` is the clock at which its data are there. `dram.ACT`, `dram.PRE`, `dram.RD`, `dram.RDA`, `dram.WR`,
 * `dram.WRA`, `dram.REF`: commands, without length, with `clock`, `rank` and, as far as they have them, `bank`, `row`, `col` (bursts);
 * `conflict` on a PRE for a request to another row. Clocks are the DRAM's; a refresh that is made up for has its own.
 */
export class ChannelTransactions {
  readonly state: ChannelTransactionRegisters;
  private forConflict = false;

  constructor(
    private readonly sim: Simulator,
    private readonly path: string,
    private readonly burstBytes: number,
    readLines: number,
    writeLines: number,
  ) {
    this.state = { reads: new Float64Array(readLines), writes: new Float64Array(writeLines) };
  }

  accepted(line: number, write: boolean, clock: number, burst: number, merged: boolean): void {
    const { reads, writes } = this.state;
    const { transactions } = this.sim;
    let attributes: Attributes | undefined;
    if (transactions.isObserved) {
      const addr = burst * this.burstBytes;
      attributes = merged ? { clock, addr, merged } : { clock, addr };
    }
    const kind = write ? 'dram.write' : 'dram.read';
    (write ? writes : reads)[line] = transactions.begin(kind, this.path, attributes, transactions.work);
  }

  issued(line: number, write: boolean, done: number): void {
    const { reads, writes } = this.state;
    const { transactions } = this.sim;
    if (transactions.isObserved) transactions.end((write ? writes : reads)[line]!, { done });
  }

  forwarded(line: number, done: number): void {
    const { transactions } = this.sim;
    if (transactions.isObserved) transactions.end(this.state.reads[line]!, { done, forwarded: true });
  }

  /** The precharge that comes next makes way for a request to another row. */
  conflict(): void {
    this.forConflict = true;
  }

  command(clock: number, command: Ddr3Command, rank: number, bank: number, row: number, col: number): void {
    const { transactions } = this.sim;
    let attributes: Attributes | undefined;
    if (transactions.isObserved) {
      if (command === 'REF') attributes = { clock, rank };
      else if (command === 'PRE') attributes = { clock, rank, bank, conflict: this.forConflict };
      else if (command === 'ACT') attributes = { clock, rank, bank, row };
      else attributes = { clock, rank, bank, row, col };
    }
    this.forConflict = false;
    transactions.point(KINDS[command], this.path, attributes, transactions.work);
  }
}
