import { type Channel, type Clock, ConfigError, connect, Module } from '../../kernel/index.js';
import {
  type AxiAddress,
  axiAddressOf,
  type AxiReadData,
  axiReadData,
  type AxiWriteData,
  axiWriteData,
  type AxiWriteResponse,
  axiWriteResponseOf,
  WORD_BYTES,
} from './channels.js';

/** The five channels of a master's or a slave's port. A part whose own fields bear these names is one (AxiMemory). */
export interface AxiPort {
  readonly ar: Channel<AxiAddress>;
  readonly r: Channel<AxiReadData>;
  readonly aw: Channel<AxiAddress>;
  readonly w: Channel<AxiWriteData>;
  readonly b: Channel<AxiWriteResponse>;
}

/** Connects a master's port to a slave's, or a port to the same port of a part within it. @throws WiringError */
export function connectAxi(master: AxiPort, slave: AxiPort): void {
  connect(master.ar, slave.ar);
  connect(master.aw, slave.aw);
  connect(master.w, slave.w);
  connect(slave.r, master.r);
  connect(slave.b, master.b);
}

/** What a port is made of. */
export interface AxiPortShape {
  readonly clock: Clock;
  /** 16-bit words of the data bus. */
  readonly lanes: number;
  /** Bits of an ID. */
  readonly idBits: number;
}

/** A module with AXI ports. Port `s` has channels `s_ar` … `s_b`; of several, number 2 has `s_ar[2]` … `s_b[2]`; one without a name `ar` … `b`. */
export abstract class AxiModule extends Module {
  /** A port that a master is connected to. */
  protected slavePort(name: string, { clock, lanes, idBits }: AxiPortShape, index = ''): AxiPort {
    const stem = name === '' ? '' : `${name}_`;
    return {
      ar: this.sink(`${stem}ar${index}`, axiAddressOf(idBits), clock),
      r: this.source(`${stem}r${index}`, axiReadData(lanes, idBits), clock),
      aw: this.sink(`${stem}aw${index}`, axiAddressOf(idBits), clock),
      w: this.sink(`${stem}w${index}`, axiWriteData(lanes), clock),
      b: this.source(`${stem}b${index}`, axiWriteResponseOf(idBits), clock),
    };
  }

  /** A port that is connected to a slave. */
  protected masterPort(name: string, { clock, lanes, idBits }: AxiPortShape, index = ''): AxiPort {
    return {
      ar: this.source(`${name}_ar${index}`, axiAddressOf(idBits), clock),
      r: this.sink(`${name}_r${index}`, axiReadData(lanes, idBits), clock),
      aw: this.source(`${name}_aw${index}`, axiAddressOf(idBits), clock),
      w: this.source(`${name}_w${index}`, axiWriteData(lanes), clock),
      b: this.sink(`${name}_b${index}`, axiWriteResponseOf(idBits), clock),
    };
  }
}

/** @throws ConfigError when `lanes` is no width of a bus: 16, 32, 64, 128 or 256 bit. */
export function checkLanes(path: string, field: string, lanes: number): void {
  if (![1, 2, 4, 8, 16].includes(lanes))
    throw new ConfigError(path, field, `1, 2, 4, 8 or 16 words of ${WORD_BYTES} bytes`, lanes);
}

/** @throws ConfigError when a value is no integer of min … max. */
export function checkInteger(path: string, field: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigError(path, field, `an integer from ${min} to ${max}`, value);
}
