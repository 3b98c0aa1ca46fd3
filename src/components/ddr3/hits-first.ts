import type { BankQueues } from './bank-queues.js';
import type { CommandPort } from './command-port.js';
import type { Ddr3Device } from './device.js';
import type { PendingRequests } from './pending-requests.js';
import type { Ddr3Spec } from './spec.js';
import type { Starvation } from './starvation.js';

/**
 * The scheduler frfcfs: banks in turn, in each the first request in order of its queue whose command is ready, so hits go
 * before conflicts. A conflict closes a row when no more hits wait or after `rowHitLimit` accesses. While a request starves,
 * only the oldest may use the data bus.
 */
export class HitsFirst {
  /** Earliest clock of a command, as of a {@link send} that sent none. */
  readyAt = Infinity;
  private readonly rowHitLimit: number;
  private readonly starvationClocks: number;

  constructor(
    spec: Ddr3Spec,
    private readonly device: Ddr3Device,
    private readonly requests: PendingRequests,
    private readonly banks: BankQueues,
    private readonly starvation: Starvation,
    private readonly port: CommandPort,
  ) {
    this.rowHitLimit = spec.rowHitLimit;
    this.starvationClocks = spec.starvationClocks;
  }

  /** Sends the first ready command, banks in turn. @param refused banks that take no command, as a mask */
  send(t: number, refused: number): boolean {
    const { banks, starvation } = this;
    // While a request starves, −1 or the only bank whose first request may use the bus.
    const only = t >= starvation.from ? starvation.oldest(t) : -1;
    let best = starvation.from > t ? starvation.from : Infinity;
    const want = banks.nonEmpty & ~refused;
    if (want === 0) {
      this.readyAt = best;
      return false;
    }
    const { device, requests, port, rowHitLimit, starvationClocks } = this;
    const { openRow, prechargeAt, columnAt, activateAt, accesses, rankOf, rankRead, rankWrite } = device;
    const start = banks.last + 1;
    // Banks behind the one that was served last come first.
    const above = start < 32 ? want & (-1 << start) : 0;
    for (let turn = 0; turn < 2; turn++) {
      let rest = turn === 0 ? above : want & ~above;
      while (rest !== 0) {
        const b = 31 - Math.clz32(rest & -rest);
        rest &= rest - 1;
        const rank = rankOf[b]!;
        const row = openRow[b]!;
        if (row < 0) {
          const bankAt = activateAt[b]!;
          const windowAt = device.windowAt(rank);
          const at = bankAt > windowAt ? bankAt : windowAt;
          if (at <= t) {
            banks.last = b;
            port.activate(t, b, banks.first(b));
            return true;
          }
          if (at < best) best = at;
          continue;
        }
        const head = banks.first(b);
        if (requests.row[head] !== row) {
          let at = prechargeAt[b]!;
          if (banks.hits[b]! > 0 && accesses[b]! < rowHitLimit && only !== b) {
            const starved = requests.acceptedAt[head]! + starvationClocks;
            if (starved > at) at = starved;
          }
          if (at <= t) {
            banks.last = b;
            port.prechargeForConflict(t, b);
            return true;
          }
          if (at < best) best = at;
          if (only === b) continue;
        }
        if (only >= 0 && only !== b) continue;
        const columnFrom = columnAt[b]!;
        let place = banks.readHit[b]!;
        const writePlace = only === b ? (requests.isWrite[head] !== 0 ? 0 : -1) : banks.writeHit[b]!;
        if (only === b && writePlace === 0) place = -1;
        let at = Infinity;
        if (place >= 0) {
          at = rankRead[rank]!;
          if (columnFrom > at) at = columnFrom;
        }
        if (writePlace >= 0) {
          let writeAt = rankWrite[rank]!;
          if (columnFrom > writeAt) writeAt = columnFrom;
          // The first in the bank's order among those that are ready, else the one that will be ready first.
          if (at <= t ? writeAt <= t && writePlace < place : writeAt < at) {
            at = writeAt;
            place = writePlace;
          }
        }
        if (at <= t) {
          banks.last = b;
          port.column(t, b, place);
          return true;
        }
        if (at < best) best = at;
      }
    }
    this.readyAt = best;
    return false;
  }
}
