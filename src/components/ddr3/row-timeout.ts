import type { BankQueues } from './bank-queues.js';
import type { CommandPort } from './command-port.js';
import type { Ddr3Device } from './device.js';

/** The page policy `timeout`: closes rows that nobody wants and nobody has used for a time. */
export class RowTimeout {
  /** Earliest clock at which a row may be closed, as of the latest {@link send}. */
  readyAt = Infinity;

  constructor(
    private readonly clocks: number,
    private readonly device: Ddr3Device,
    private readonly banks: BankQueues,
    private readonly port: CommandPort,
  ) {}

  /** Closes one row, if one is due. @param refused banks that take no command, as a mask */
  send(t: number, refused: number): boolean {
    this.readyAt = Infinity;
    const { device, banks, port } = this;
    const { openRow, prechargeAt } = device;
    for (let b = 0; b < openRow.length; b++) {
      if (openRow[b]! < 0 || (refused & (1 << b)) !== 0 || banks.length[b]! > 0) continue;
      const at = Math.max(prechargeAt[b]!, port.lastUse[b]! + this.clocks);
      if (at <= t) {
        port.precharge(t, b);
        return true;
      }
      if (at < this.readyAt) this.readyAt = at;
    }
    return false;
  }
}
