import { type Channel, type Fields, Signal, type Simulator } from '../../kernel/index.js';
import type { AxiPort } from './link.js';
import { AxiProtocolChecker, type AxiProtocolCheckerSpec } from './protocol-checker.js';

/** What {@link checkAxiLinks} passes on to each checker. */
export type CheckAllOptions = Pick<AxiProtocolCheckerSpec, 'mode' | 'dataAheadBeats' | 'keep'>;

const CHANNEL_NAME = /^((?:.*_)?)(ar|aw|r|w|b)(\[\d+\])?$/;

/**
 * Puts a protocol checker on every AXI link there is: on each master's port that is connected, once, however many levels the
 * wires pass. To be called when the design is wired and before it runs. The checkers are top modules named after the
 * ports, `axi_check_dma_ar` for `dma.ar`; their `rst` is left unconnected unless the master has a `rst` input.
 */
export function checkAxiLinks(sim: Simulator, options: CheckAllOptions = {}): AxiProtocolChecker[] {
  const checkers: AxiProtocolChecker[] = [];
  for (const module of [...sim.tree]) {
    const ports = new Map<string, Record<string, Channel<Fields>>>();
    for (const [name, channel] of module.channels) {
      const match = CHANNEL_NAME.exec(name);
      if (match === null) continue;
      const key = `${match[1]!}${match[3] ?? ''}`;
      const port = ports.get(key) ?? {};
      port[match[2]!] = channel;
      ports.set(key, port);
    }
    for (const port of ports.values()) {
      const read = startsHere(port.ar, 'addr') && port.r !== undefined;
      const write = startsHere(port.aw, 'addr') && port.w !== undefined && port.b !== undefined;
      if (!read && !write) continue;
      const { ar, r, aw, w, b } = port;
      const link = { ...(read ? { ar, r } : {}), ...(write ? { aw, w, b } : {}) };
      const first = (read ? ar : aw)!;
      const name = `axi_check_${first.path.replaceAll(/[^A-Za-z0-9]+/g, '_')}`;
      const checker = new AxiProtocolChecker(sim, name, {
        ...options,
        clock: first.clock,
        link: link as unknown as Partial<AxiPort>,
      });
      const rst = module.nets.get('rst');
      if (rst instanceof Signal && rst.direction === 'in') checker.rst.follow(rst);
      checkers.push(checker);
    }
  }
  return checkers;
}

/** Whether an address channel begins at this port and leads somewhere. */
function startsHere(channel: Channel<Fields> | undefined, field: string): boolean {
  return (
    channel !== undefined &&
    field in channel.fields &&
    channel.role === 'source' &&
    channel.peer !== null &&
    channel.chain[0] === channel
  );
}
