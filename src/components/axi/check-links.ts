import { type Channel, Signal, type Simulator } from '../../kernel/index.js';
import type { AxiPort } from './link.js';
import { AxiProtocolChecker, type AxiProtocolCheckerSpec } from './protocol-checker.js';

/** What {@link checkAxiLinks} passes on to each checker. */
export type CheckAllOptions = Pick<AxiProtocolCheckerSpec, 'mode' | 'dataAheadBeats' | 'keep'>;

const CHANNEL_NAME = /^((?:.*_)?)(ar|aw|r|w|b)(\[\d+\])?$/;

/**
 * Puts a protocol checker on every AXI link there is: on each master's port that is connected, once, however many levels the
 * wires pass. To be called when the design is wired and before it runs. The checkers are top modules named after the
 * ports, `axi_check_dma_ar` for `dma.ar`; their `rst` follows the master's (`m_rst` for a port `m`, else `rst`) where it has one.
 */
export function checkAxiLinks(sim: Simulator, options: CheckAllOptions = {}): AxiProtocolChecker[] {
  const checkers: AxiProtocolChecker[] = [];
  const seen = new Set<Channel>();
  for (const module of [...sim.tree]) {
    const ports = new Map<string, { prefix: string; channels: Record<string, Channel> }>();
    for (const [name, channel] of module.channels) {
      const match = CHANNEL_NAME.exec(name);
      if (match === null) continue;
      const key = `${match[1]!}${match[3] ?? ''}`;
      const port = ports.get(key) ?? { prefix: match[1]!, channels: {} };
      port.channels[match[2]!] = channel;
      ports.set(key, port);
    }
    for (const { prefix, channels: port } of ports.values()) {
      const read = leadsOn(port.ar) && port.r !== undefined;
      const write = leadsOn(port.aw) && port.w !== undefined && port.b !== undefined;
      if (!read && !write) continue;
      // The same wires show again at the ports of modules within this one.
      const start = (read ? port.ar : port.aw)!.chain[0]!;
      if (seen.has(start)) continue;
      seen.add(start);
      const { ar, r, aw, w, b } = port;
      const link = { ...(read ? { ar, r } : {}), ...(write ? { aw, w, b } : {}) };
      const first = (read ? ar : aw)!;
      const stem = `axi_check_${first.path.replaceAll(/[.[\]]+/g, '_').replace(/_$/, '')}`;
      let name = stem;
      for (let n = 2; sim.modules.has(name); n++) name = `${stem}_${n}`;
      const checker = new AxiProtocolChecker(sim, name, {
        ...options,
        clock: first.clock,
        link: link as unknown as Partial<AxiPort>,
      });
      const rst = module.nets.get(`${prefix}rst`) ?? module.nets.get('rst');
      if (rst instanceof Signal && rst.direction === 'in') checker.rst.follow(rst);
      checkers.push(checker);
    }
  }
  return checkers;
}

/** Whether an address channel leads from this port to somewhere. */
function leadsOn(channel: Channel | undefined): boolean {
  return (
    channel !== undefined && 'addr' in channel.fields && channel.role === 'source' && channel.peer !== null
  );
}
