import type { Timebase } from '../../kernel/index.js';
import { type Burst, DRAM_BURST_BYTES } from './bursts.js';
import { LineBuffer, type TextSink } from './text-sink.js';

/**
 * Bursts as requests to DRAMsim3, a line each: `0xADDR READ|WRITE CYCLE`; what `marblewave dram` reads. A burst becomes a request
 * for each DDR3 burst of 64 bytes that it touches, by rising address, all in the cycle of `clock` in which the burst's time lies: the
 * one that ends with the first edge at that time or later.
 *
 * @returns requests written
 */
export function writeDramsim3(bursts: readonly Burst[], sink: TextSink, clock: Timebase): number {
  const out = new LineBuffer(sink);
  let requests = 0;
  for (const { time, isWrite, address, bytes } of bursts) {
    const cycle = clock.firstEdgeFrom(time);
    const first = Math.floor(address / DRAM_BURST_BYTES);
    const last = Math.floor((address + Math.max(1, bytes) - 1) / DRAM_BURST_BYTES);
    for (let line = first; line <= last; line++) {
      out.line(`0x${(line * DRAM_BURST_BYTES).toString(16)} ${isWrite ? 'WRITE' : 'READ'} ${cycle}`);
      requests += 1;
    }
  }
  out.flush();
  return requests;
}
