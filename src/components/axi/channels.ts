import { bool, int, uint, vector } from '../../kernel/index.js';

/**
 * The five AXI4 channels as field records for `Module.source` and `Module.sink`. A data bus of `lanes` 16-bit words has
 * lane 0 at the lowest address, and the low byte of a word below the high one. Only the signals that the machines use
 * are there: no LOCK, CACHE, PROT, QOS, REGION or USER.
 *
 * Source   AMBA AXI and ACE protocol specification (ARM IHI 0022), AXI4: A2 signals, A3 transfers.
 */

/** Bytes of a data word: every lane is one. */
export const WORD_BYTES = 2;
/** Words on the machines' 256-bit data bus. */
export const BUS_LANES = 16;
/** Bytes of a full beat on the 256-bit bus. */
export const BEAT_BYTES = BUS_LANES * WORD_BYTES;
/** AxSIZE of a full beat of the 256-bit bus: log2 of its bytes. */
export const BEAT_SIZE = 5;
/** No burst crosses a multiple of this address, bytes. */
export const BOUNDARY_BYTES = 4096;
/** Width of a byte address: 8 GiB. */
export const ADDRESS_BITS = 33;

/** Values of AxBURST; 3 is reserved. */
export const BURST = { fixed: 0, incr: 1, wrap: 2 } as const;
/** Values of xRESP: done; done exclusively; the slave failed; nobody has that address. */
export const RESPONSE = { okay: 0, exOkay: 1, slaveError: 2, decodeError: 3 } as const;

/** Bits of an ID, where nothing else is said. */
export const ID_BITS = 4;

/** AR and AW with IDs of `idBits`. `len` is beats − 1, `size` log2 of the bytes of a beat. */
export const axiAddressOf = (idBits: number) => ({
  id: uint(idBits),
  addr: uint(ADDRESS_BITS),
  len: uint(8),
  size: uint(3),
  burst: uint(2),
});
/** B with IDs of `idBits`. */
export const axiWriteResponseOf = (idBits: number) => ({ id: uint(idBits), resp: uint(2) });

/** AR and AW with IDs of 4 bits. */
export const axiAddress = axiAddressOf(ID_BITS);
/** B with IDs of 4 bits. */
export const axiWriteResponse = axiWriteResponseOf(ID_BITS);

/** R, `lanes` words wide. */
export const axiReadData = (lanes: number, idBits = ID_BITS) => ({
  id: uint(idBits),
  data: vector(lanes, int(16)),
  resp: uint(2),
  last: bool,
});

/** W, `lanes` words wide; bit b of `strb` says that byte b of the beat is written. At most 26 lanes (a net has 53 bits). */
export const axiWriteData = (lanes: number) => ({
  data: vector(lanes, int(16)),
  strb: uint(WORD_BYTES * lanes),
  last: bool,
});

export type AxiAddress = typeof axiAddress;
export type AxiWriteResponse = typeof axiWriteResponse;
export type AxiReadData = ReturnType<typeof axiReadData>;
export type AxiWriteData = ReturnType<typeof axiWriteData>;
