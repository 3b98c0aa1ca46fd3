import { MarblewaveError } from '../../kernel/index.js';

const RESPONSE_NAMES = ['OKAY', 'EXOKAY', 'SLVERR', 'DECERR'] as const;

/** A broken rule of AXI4, as the protocol checker reports it: plain data. */
export interface AxiViolation {
  /** Which rule: see {@link AXI_RULES} in protocol-checker.ts. */
  readonly rule: string;
  /** Cycle of the link's clock in which it was broken. */
  readonly cycle: number;
  /** Path of the port that broke it: the master's for AR, AW and W, the slave's for R and B. */
  readonly path: string;
  /** ID of the transaction; null where none can be told. */
  readonly id: number | null;
  /** Byte address of the burst, or of the beat where one beat is at fault; null where none can be told. */
  readonly address: number | null;
  /** What was wanted and what came. */
  readonly problem: string;
}

/** A master or slave broke a rule of AXI4. */
export class AxiProtocolError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly problem: string,
    readonly cycle: number,
    /** The whole report, where the protocol checker found it. */
    readonly violation: AxiViolation | null = null,
  ) {
    super('E_AXI_PROTOCOL', `${path}: ${problem}, in cycle ${cycle}`);
  }
}

/** The memory refused an access: an address that is not there, or a burst it cannot do. */
export class AxiResponseError extends MarblewaveError {
  constructor(
    readonly path: string,
    /** Byte address of the beat (reads) or of the burst (writes). */
    readonly address: number,
    readonly resp: number,
    readonly cycle: number,
  ) {
    super(
      'E_AXI_RESPONSE',
      `${path}: wanted the response OKAY for address 0x${address.toString(16)}, got ${RESPONSE_NAMES[resp] ?? resp}, in cycle ${cycle}`,
    );
  }
}
