import type { CommandPort } from './command-port.js';
import type { Ddr3Device } from './device.js';
import type { RefreshTimer } from './refresh-timer.js';

/** The commands of a refresh: precharges the banks of the rank that is stopped for it, one by one, then refreshes it. */
export class RankRefresh {
  /** Clock at which the next command may go out, as of a {@link send} that sent none. */
  readyAt = Infinity;

  constructor(
    private readonly timer: RefreshTimer,
    private readonly device: Ddr3Device,
    private readonly port: CommandPort,
  ) {}

  /** The next command for the stopped rank, if it is ready. */
  send(t: number): boolean {
    const { timer, device } = this;
    const { rank } = timer;
    const first = rank * device.banks;
    let earliest = Infinity;
    let latest = 0;
    for (let b = first; b < first + device.banks; b++) {
      if (device.openRow[b]! >= 0) {
        const at = device.prechargeAt[b]!;
        if (at <= t) {
          this.port.precharge(t, b);
          return true;
        }
        if (at < earliest) earliest = at;
      } else if (device.refreshAt[b]! > latest) latest = device.refreshAt[b]!;
    }
    if (earliest === Infinity) {
      if (latest <= t) {
        this.port.refresh(t, rank);
        timer.done(t);
        return true;
      }
      earliest = latest;
    }
    this.readyAt = earliest;
    return false;
  }
}
