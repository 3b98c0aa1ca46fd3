import { ConfigError } from '../../kernel/index.js';
import type { TraceTransaction, TransactionSource } from './transaction-source.js';

/** Memory traffic as one transaction of the trace has it. */
export interface Burst {
  /** ps, of the address handshake or the accept. */
  readonly time: number;
  readonly isWrite: boolean;
  /** Byte address. */
  readonly address: number;
  readonly bytes: number;
}

/** Kinds of transactions that move data between machine and memory: AXI bursts, and requests that the DDR3 controller accepted. */
export const BURST_KINDS = ['axi.read', 'axi.write', 'dram.read', 'dram.write'] as const;
export type BurstKind = (typeof BURST_KINDS)[number];

/** Bytes of a DDR3 burst: 8 beats of 64 bits. What a request to the controller asks for. */
export const DRAM_BURST_BYTES = 64;

/**
 * The bursts of the kinds asked for that begin in the window, in the order of time.
 *
 * Storage  All of them.
 * Errors   ConfigError for a transaction without `addr`, or, of an AXI burst, without `bytes` and without `beats` and `size`; and for none at all
 */
export function burstsOf(
  source: TransactionSource,
  kinds: readonly BurstKind[],
  from: number,
  to: number,
): Burst[] {
  const bursts: Burst[] = [];
  for (const transaction of source.transactions({ from, to })) {
    const { kind, begin } = transaction;
    if (begin >= from && begin <= to && (kinds as readonly string[]).includes(kind))
      bursts.push(burst(source.name, transaction));
  }
  if (bursts.length === 0)
    throw new ConfigError(source.name, 'transactions', `some of kind ${kinds.join(' or ')}`, 'none');
  return bursts.sort((a, b) => a.time - b.time);
}

function burst(file: string, transaction: TraceTransaction): Burst {
  const { kind, begin } = transaction;
  const number = (name: string): number | null => {
    const value = transaction.attributes[name];
    if (value === undefined) return null;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw wrong(file, transaction, name, value);
    return value;
  };
  const address = number('addr');
  if (address === null) throw wrong(file, transaction, 'addr', undefined);
  const beats = number('beats');
  const size = number('size');
  let bytes = number('bytes') ?? (kind.startsWith('dram.') ? DRAM_BURST_BYTES : null);
  // The first beat of a burst ends at the next multiple of its size.
  if (bytes === null && beats !== null && size !== null) bytes = beats * size - (address % size);
  if (bytes === null) throw wrong(file, transaction, 'bytes (or beats and size)', undefined);
  return { time: begin, isWrite: kind.endsWith('.write'), address, bytes };
}

function wrong(file: string, { id, kind }: TraceTransaction, name: string, got: unknown): ConfigError {
  return new ConfigError(file, `attribute ${name} of ${kind} ${id}`, 'an integer of 0 or more', got);
}
