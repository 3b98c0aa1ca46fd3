import { MarblewaveError, show } from '../../kernel/index.js';
import type { Ddr3Spec } from './spec.js';

/** Requests in file order, one burst each. */
export interface RequestTrace {
  readonly count: number;
  /** Burst numbers: byte address over the bytes of a burst. */
  readonly bursts: Int32Array;
  /** 1 for a write. */
  readonly writes: Uint8Array;
  /** Clock from which each may be accepted. */
  readonly stamps: Float64Array;
}

/** A request trace that does not parse; names the file and the line. */
class RequestTraceError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly line: number,
    readonly field: string,
    readonly wanted: string,
    readonly got: string,
  ) {
    super('E_TRACE_FILE', `${path}, line ${line}: ${field} must be ${wanted}, got ${show(got)}`);
  }
}

const NEWLINE = 10;
const SPACE = 32;
const SHOWN = 60;

/**
 * Parses DRAMsim3's trace form, a line a request: `0xADDR READ|WRITE CLOCK` (a hexadecimal byte address; the clock is
 * that of the DRAM). Empty lines are skipped. A request is one burst: the bytes of its address within the burst do not matter.
 *
 * @param path for errors
 * @throws RequestTraceError for a line of another form, or an address beyond the capacity
 */
export function parseRequestTrace(
  text: Uint8Array,
  spec: Pick<Ddr3Spec, 'burstBytes' | 'capacityBytes'>,
  path = 'trace',
): RequestTrace {
  const { burstBytes, capacityBytes } = spec;
  let lines = 1;
  for (let i = 0; i < text.length; i++) if (text[i] === NEWLINE) lines += 1;
  const bursts = new Int32Array(lines);
  const writes = new Uint8Array(lines);
  const stamps = new Float64Array(lines);
  let count = 0;
  let line = 0;
  for (let at = 0; at < text.length;) {
    line += 1;
    let end = text.indexOf(NEWLINE, at);
    if (end < 0) end = text.length;
    const fields = fieldsOf(text, at, end);
    at = end + 1;
    if (fields.length === 0) continue;
    const wrong = (field: string, wanted: string, got: string): RequestTraceError =>
      new RequestTraceError(path, line, field, wanted, got.slice(0, SHOWN));
    if (fields.length !== 3) throw wrong('the line', '0xADDR READ|WRITE CLOCK', fields.join(' '));
    const [address, kind, stamp] = fields as [string, string, string];
    if (!/^0[xX][0-9a-fA-F]{1,13}$/.test(address))
      throw wrong('the address', 'hexadecimal, such as 0x1f40', address);
    const byte = Number(address);
    if (byte >= capacityBytes)
      throw wrong('the address', `below the capacity of 0x${capacityBytes.toString(16)} bytes`, address);
    if (kind !== 'READ' && kind !== 'WRITE') throw wrong('the kind', 'READ or WRITE', kind);
    if (!/^\d{1,15}$/.test(stamp)) throw wrong('the clock', 'an integer of 0 or more', stamp);
    bursts[count] = Math.floor(byte / burstBytes);
    writes[count] = kind === 'WRITE' ? 1 : 0;
    stamps[count] = Number(stamp);
    count += 1;
  }
  return { count, bursts, writes, stamps };
}

/** The words of a line, split at spaces and tabs. */
function fieldsOf(text: Uint8Array, from: number, to: number): string[] {
  const fields: string[] = [];
  let word = '';
  for (let i = from; i < to; i++) {
    const c = text[i]!;
    if (c > SPACE) word += String.fromCharCode(c);
    else if (word !== '') {
      fields.push(word);
      word = '';
    }
  }
  if (word !== '') fields.push(word);
  return fields;
}
