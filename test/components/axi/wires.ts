import {
  axiAddressOf,
  axiReadData,
  axiWriteData,
  axiWriteResponseOf,
} from '../../../src/components/axi/channels.js';
import type { AxiPort } from '../../../src/components/axi/link.js';
import {
  AxiProtocolChecker,
  type AxiProtocolCheckerSpec,
} from '../../../src/components/axi/protocol-checker.js';
import { type AnyNet, bool, type Clock, Module, Signal, Simulator } from '../../../src/kernel/index.js';

/** A link whose two ends are the test itself: every wire is poked. */
export class Wires extends Module implements AxiPort {
  readonly ar;
  readonly r;
  readonly aw;
  readonly w;
  readonly b;
  readonly rst;
  constructor(parent: Simulator, clock: Clock, lanes: number, idBits: number) {
    super(parent, 'link');
    this.ar = this.source('ar', axiAddressOf(idBits), clock);
    this.r = this.sink('r', axiReadData(lanes, idBits), clock);
    this.aw = this.source('aw', axiAddressOf(idBits), clock);
    this.w = this.source('w', axiWriteData(lanes), clock);
    this.b = this.sink('b', axiWriteResponseOf(idBits), clock);
    this.rst = this.input('rst', bool);
  }
}

/** What a channel shows in a cycle: payload fields (0 when left out), `ready` (1 when left out); valid unless `valid` is 0. */
export type Shown = Readonly<Record<string, number>>;

/** One cycle of the link: the channels that show something. */
export interface Cycle {
  readonly ar?: Shown;
  readonly r?: Shown;
  readonly aw?: Shown;
  readonly w?: Shown;
  readonly b?: Shown;
  readonly rst?: number;
}

export function scripted(spec: Partial<AxiProtocolCheckerSpec> = {}, lanes = 4, idBits = 4) {
  const sim = new Simulator({ checkWidths: true });
  const clock = sim.clock('axi', 200_000_000);
  const wires = new Wires(sim, clock, lanes, idBits);
  const checker = new AxiProtocolChecker(sim, 'check', { clock, link: wires, mode: 'collect', ...spec });
  checker.rst.follow(wires.rst);
  sim.start();
  /** Plays cycles, from the present one on; each entry is one cycle. */
  const play = (...cycles: readonly Cycle[]): void => {
    for (const cycle of cycles) {
      wires.rst.poke(cycle.rst ?? 0);
      for (const name of ['ar', 'r', 'aw', 'w', 'b'] as const) {
        const shown = cycle[name];
        const channel = wires[name];
        const payload = channel.payload as unknown as Readonly<Record<string, AnyNet>>;
        if (shown !== undefined)
          for (const [field, net] of Object.entries(payload)) {
            const value = shown[field] ?? 0;
            if (net instanceof Signal) net.poke(value);
            else net.poke(new Array<number>(net.lanes).fill(value));
          }
        channel.ready.poke(shown?.ready ?? 1);
        channel.valid.poke(shown === undefined ? 0 : (shown.valid ?? 1));
      }
      sim.step(clock);
    }
  };
  return { sim, clock, wires, checker, play };
}
