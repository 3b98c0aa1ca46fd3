import { MarblewaveError } from '../../kernel/index.js';

const RESPONSE_NAMES = ['OKAY', 'EXOKAY', 'SLVERR', 'DECERR'] as const;

/** A master or slave broke a rule of AXI4. */
export class AxiProtocolError extends MarblewaveError {
  constructor(
    readonly path: string,
    readonly problem: string,
    readonly cycle: number,
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
