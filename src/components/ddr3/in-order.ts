import type { BankQueues } from './bank-queues.js';
import type { CommandPort } from './command-port.js';
import type { Ddr3Device } from './device.js';
import type { PendingRequests } from './pending-requests.js';
import type { RequestQueues } from './request-queues.js';

/** The scheduler fcfs: requests move, and commands go out, strictly in order of acceptance. */
export class InOrder {
  /** Earliest clock of the next command, as of a {@link send} that sent none. */
  readyAt = Infinity;
  /** Requests in the queues of the banks in order. */
  private readonly line: Int32Array;
  private lineCount = 0;

  constructor(
    slots: number,
    private readonly device: Ddr3Device,
    private readonly requests: PendingRequests,
    private readonly queues: RequestQueues,
    private readonly banks: BankQueues,
    private readonly port: CommandPort,
  ) {
    this.line = new Int32Array(slots);
  }

  /** Moves the oldest request of both queues, or none. Returns whether it moved. */
  move(t: number): boolean {
    const { requests, queues, banks } = this;
    const read = queues.readCount > 0 ? queues.reads[0]! : -1;
    const write = queues.writeCount > 0 ? queues.writes[0]! : -1;
    if (read < 0 && write < 0) return false;
    const reads = write < 0 || (read >= 0 && requests.order[read]! < requests.order[write]!);
    const slot = reads ? read : write;
    if ((banks.full & (1 << requests.bank[slot]!)) !== 0) return false;
    this.line[this.lineCount++] = slot;
    if (reads) queues.moveRead(0);
    else queues.moveWrite(0, t);
    return true;
  }

  /** Sends the next command of the oldest request, if it is ready. @param refused banks that take no command, as a mask */
  send(t: number, refused: number): boolean {
    this.readyAt = Infinity;
    if (this.lineCount === 0) return false;
    const { requests, device, port } = this;
    const slot = this.line[0]!;
    const b = requests.bank[slot]!;
    if ((refused & (1 << b)) !== 0) return false;
    const at = this.readyTime(b, slot);
    if (at > t) {
      this.readyAt = at;
      return false;
    }
    const row = device.openRow[b]!;
    if (row < 0) port.activate(t, b, slot);
    else if (row !== requests.row[slot]) port.prechargeForConflict(t, b);
    else {
      this.line.copyWithin(0, 1, this.lineCount);
      this.lineCount -= 1;
      port.column(t, b, this.banks.placeOf(b, slot));
    }
    return true;
  }

  /** When a request's next command may go out. */
  private readyTime(b: number, slot: number): number {
    const { device, requests } = this;
    const rank = device.rankOf[b]!;
    const row = device.openRow[b]!;
    if (row < 0) return Math.max(device.activateAt[b]!, device.windowAt(rank));
    if (row !== requests.row[slot]) return device.prechargeAt[b]!;
    const turn = requests.isWrite[slot] !== 0 ? device.rankWrite : device.rankRead;
    return Math.max(device.columnAt[b]!, turn[rank]!);
  }
}
