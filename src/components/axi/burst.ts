import { BOUNDARY_BYTES, BURST } from './channels.js';

/**
 * Byte address of beat `index` of a burst. The first beat of an INCR burst may be unaligned; later beats are aligned to
 * the beat's size. WRAP stays within its container of `beats · 2^size` bytes. Exact for addresses below 2^53.
 *
 * @param index 0..beats − 1; @param beats AxLEN + 1; @param size AxSIZE, 0..7; @param burst AxBURST, not 3
 * Source: ARM IHI 0022, A3.4.1.
 */
export function beatAddress(addr: number, index: number, beats: number, size: number, burst: number): number {
  if (index === 0 || burst === BURST.fixed) return addr;
  const bytes = sizeBytes(size);
  const next = alignDown(addr, bytes) + index * bytes;
  if (burst !== BURST.wrap) return next;
  const container = beats * bytes;
  const end = alignDown(addr, container) + container;
  return next < end ? next : next - container;
}

const SIZE_BYTES = Uint8Array.of(1, 2, 4, 8, 16, 32, 64, 128);

/** Bytes of a beat of AxSIZE 0..7. */
export function sizeBytes(size: number): number {
  return SIZE_BYTES[size]!;
}

/** The multiple of `unit`, a power of two, at or below a byte address: exact, and quicker than a remainder of 33 bits. */
export function alignDown(addr: number, unit: number): number {
  return Math.floor(addr / unit) * unit;
}

/** Why the protocol forbids this burst on a bus of `busBytes`; null when it does not. */
export function burstFault(
  addr: number,
  beats: number,
  size: number,
  burst: number,
  busBytes: number,
): string | null {
  const bytes = sizeBytes(size);
  if (bytes > busBytes) return `SIZE of ${bytes} bytes on a bus of ${busBytes}`;
  if (burst > BURST.wrap) return 'the reserved BURST 3';
  if (burst === BURST.fixed && beats > 16) return `a FIXED burst of ${beats} beats, more than 16`;
  if (burst === BURST.wrap) {
    if (beats !== 2 && beats !== 4 && beats !== 8 && beats !== 16)
      return `a WRAP burst of ${beats} beats, not 2, 4, 8 or 16`;
    if (addr !== alignDown(addr, bytes))
      return `a WRAP burst from ${addr}, not aligned to its SIZE of ${bytes} bytes`;
  }
  if (burst === BURST.incr) {
    const last = alignDown(addr, bytes) + beats * bytes - 1;
    if (alignDown(addr, BOUNDARY_BYTES) !== alignDown(last, BOUNDARY_BYTES))
      return `an INCR burst from ${addr} to ${last}, across a 4 KB boundary`;
  }
  return null;
}
