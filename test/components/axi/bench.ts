import {
  axiAddressOf,
  axiReadData,
  axiWriteData,
  axiWriteResponseOf,
} from '../../../src/components/axi/channels.js';
import type { AxiPort } from '../../../src/components/axi/link.js';
import { type Clock, connect, type Simulator } from '../../../src/kernel/index.js';
import { Feeder, type Item, random, Taker } from '../memory-bench.js';

/** A burst as AR or AW carries it; 64-bit beats unless `size` says otherwise. */
export const burst = (addr: number, beats: number, id = 0, size = 3, kind = 1): Item => ({
  id,
  addr,
  len: beats - 1,
  size,
  burst: kind,
});

export const words = (lanes: number, from: number): number[] =>
  Array.from({ length: lanes }, (_, i) => from + i);

/**
 * Feeders and takers at a slave port, as a master would stand there: what is fed is valid from cycle 1 on, one a cycle; takers
 * are always ready unless told otherwise.
 */
export function masterAt(sim: Simulator, name: string, port: AxiPort, rate = 1) {
  const { clock } = port.ar;
  const lanes = port.w.payload.data.lanes;
  const idBits = port.ar.payload.id.type.width;
  const next = random(name.length);
  const ar = new Feeder(sim, `${name}_ar`, axiAddressOf(idBits), clock, [], 1, next);
  const aw = new Feeder(sim, `${name}_aw`, axiAddressOf(idBits), clock, [], 1, next);
  const w = new Feeder(sim, `${name}_w`, axiWriteData(lanes), clock, [], 1, next);
  const r = new Taker(sim, `${name}_r`, axiReadData(lanes, idBits), clock, rate, next);
  const b = new Taker(sim, `${name}_b`, axiWriteResponseOf(idBits), clock, rate, next);
  connect(ar.out, port.ar);
  connect(aw.out, port.aw);
  connect(w.out, port.w);
  connect(port.r, r.in);
  connect(port.b, b.in);
  return { ar: ar.items, aw: aw.items, w: w.items, r: r.seen, b: b.seen };
}

/** The same at a master port, as a slave would stand there. */
export function slaveAt(sim: Simulator, name: string, port: AxiPort, rate = 1) {
  const { clock } = port.ar;
  const lanes = port.w.payload.data.lanes;
  const idBits = port.ar.payload.id.type.width;
  const next = random(name.length + 100);
  const ar = new Taker(sim, `${name}_ar`, axiAddressOf(idBits), clock, rate, next);
  const aw = new Taker(sim, `${name}_aw`, axiAddressOf(idBits), clock, rate, next);
  const w = new Taker(sim, `${name}_w`, axiWriteData(lanes), clock, rate, next);
  const r = new Feeder(sim, `${name}_r`, axiReadData(lanes, idBits), clock, [], 1, next);
  const b = new Feeder(sim, `${name}_b`, axiWriteResponseOf(idBits), clock, [], 1, next);
  connect(port.ar, ar.in);
  connect(port.aw, aw.in);
  connect(port.w, w.in);
  connect(r.out, port.r);
  connect(b.out, port.b);
  return { ar: ar.seen, aw: aw.seen, w: w.seen, r: r.items, b: b.items };
}

/** Cycle and one field of what was seen. */
export const times = (seen: readonly { cycle: number; item: Item }[], field: string): unknown[] =>
  seen.map(({ cycle, item }) => [cycle, item[field]]);

export type { Clock };
