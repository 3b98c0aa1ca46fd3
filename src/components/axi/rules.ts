import { sizeBytes } from './burst.js';
import { BOUNDARY_BYTES, BURST } from './channels.js';

/**
 * What the protocol checker looks for: the rules of AXI4 that can be seen on a link. Sections of ARM IHI 0022 in
 * brackets. That `valid` waits for `ready` is no pattern on wires and cannot be seen; docs/axi.md says what else cannot.
 */
export const AXI_RULES = {
  'valid-in-reset': 'VALID is low during reset and in the first cycle after it (A3.1.2)',
  'valid-dropped': 'VALID, once high, stays high until READY (A3.2.1)',
  'payload-changed': 'the payload is stable while VALID waits for READY (A3.2.1)',
  'boundary-4k': 'a burst does not cross a 4 KB boundary (A3.4.1)',
  'burst-reserved': 'AxBURST is not 3 (A3.4.1)',
  'size-over-bus': 'a beat is no wider than the data bus (A3.4.1)',
  'fixed-length': 'a FIXED burst has at most 16 beats (A3.4.1)',
  'wrap-length': 'a WRAP burst has 2, 4, 8 or 16 beats (A3.4.1)',
  'wrap-alignment': 'a WRAP burst starts at a multiple of its beat (A3.4.1)',
  'strobe-lanes': 'WSTRB is high only in lanes that the beat addresses (A3.4.3)',
  'wlast-misplaced': 'WLAST is high on the last beat of a burst and on no other (A3.2.2)',
  'rlast-misplaced': 'RLAST is high on the last beat of a burst and on no other (A3.2.2)',
  'extra-beats': 'a burst has no more beats than AxLEN + 1 (A3.4.1)',
  'missing-beats': 'a burst has no fewer beats than AxLEN + 1; seen when the run is over (A3.4.1)',
  'w-ahead': 'write data have an address, and come no further ahead of it than allowed (A3.3.1)',
  'b-early': 'BVALID comes after the handshakes of AW and of the last W beat (A3.3.1)',
  'bid-unknown': 'BID is that of an unanswered write (A5.3)',
  'rid-unknown': 'RID is that of an unfinished read (A5.3)',
  'read-order': 'reads of one ID are answered in their order (A5.3)',
  exokay: 'EXOKAY answers exclusive accesses only, and this link has none (A3.4.4)',
  'missing-response': 'every write is answered; seen when the run is over (A3.3.1)',
} as const;

export type AxiRule = keyof typeof AXI_RULES;

/** A burst's rule that is broken, and how. */
export interface BrokenRule {
  readonly rule: AxiRule;
  readonly problem: string;
}

/**
 * The first rule that a burst breaks on a bus of `busBytes`; null when none. Written apart from `burstFault`, which slaves
 * use, so that each can be held against the other.
 */
export function brokenBurstRule(
  addr: number,
  len: number,
  size: number,
  burst: number,
  busBytes: number,
): BrokenRule | null {
  const bytes = 2 ** size;
  const beats = len + 1;
  if (burst === 3) return { rule: 'burst-reserved', problem: 'wanted AxBURST 0, 1 or 2, got 3' };
  if (bytes > busBytes)
    return { rule: 'size-over-bus', problem: `wanted beats of at most ${busBytes} bytes, got ${bytes}` };
  if (burst === BURST.fixed && beats > 16)
    return { rule: 'fixed-length', problem: `wanted at most 16 beats of a FIXED burst, got ${beats}` };
  if (burst === BURST.wrap && ![2, 4, 8, 16].includes(beats))
    return { rule: 'wrap-length', problem: `wanted 2, 4, 8 or 16 beats of a WRAP burst, got ${beats}` };
  if (burst === BURST.wrap && addr % bytes !== 0)
    return {
      rule: 'wrap-alignment',
      problem: `wanted a WRAP burst from a multiple of ${bytes}, got one from 0x${addr.toString(16)}`,
    };
  if (burst === BURST.incr) {
    // Bytes from the start of the first beat's unit, and room up to the next boundary from there.
    const start = addr - (addr % bytes);
    const room = BOUNDARY_BYTES - (start % BOUNDARY_BYTES);
    if (beats * bytes > room)
      return {
        rule: 'boundary-4k',
        problem: `wanted at most ${room} bytes from 0x${start.toString(16)} up to the next 4 KB, got ${beats * bytes}`,
      };
  }
  return null;
}

/** The strobes that a write beat may set: one bit a byte of the bus. */
export function allowedStrobes(address: number, size: number, busBytes: number): number {
  const unit = sizeBytes(size);
  const first = address % busBytes;
  const end = first - (address % unit) + unit;
  return 2 ** Math.min(end, busBytes) - 2 ** first;
}

/** Whether `strobes` has a bit that `allowed` has not; both of up to 53 bits. */
export function strobesOutside(strobes: number, allowed: number): boolean {
  const low = 2 ** 26;
  const extraLow = (strobes % low) & ~(allowed % low);
  const extraHigh = Math.floor(strobes / low) & ~Math.floor(allowed / low);
  return extraLow !== 0 || extraHigh !== 0;
}
