import { type Channel, type Module, Signal, type Simulator } from '../../kernel/index.js';
import type { AxiPort } from './link.js';
import { AxiProtocolChecker, type AxiProtocolCheckerSpec } from './protocol-checker.js';

/** What {@link checkAxiLinks} passes on to each checker. */
export type CheckAllOptions = Pick<AxiProtocolCheckerSpec, 'mode' | 'dataAheadBeats' | 'keep'>;

const CHANNEL_NAME = /^((?:.*_)?)(ar|aw|r|w|b)(\[\d+\])?$/;

/**
 * Puts a protocol checker on every AXI link there is that has none: on each master's port that is connected, and on each
 * slave's port whose wires come from something else (a FIFO a channel, say); once, however many levels the wires pass. To be
 * called when the design is wired and before it runs. The checkers are top modules named after the ports, `axi_check_dma_ar` for
 * `dma.ar`; their `rst` follows the part's (`m_rst` for a port `m`, else `rst`) where it has one. Returns the new ones.
 */
export function checkAxiLinks(sim: Simulator, options: CheckAllOptions = {}): AxiProtocolChecker[] {
  const checkers: AxiProtocolChecker[] = [];
  const modules = [...sim.tree];
  const seen = new Set<Channel>(modules.flatMap((m) => (m instanceof AxiProtocolChecker ? m.addresses : [])));
  for (const role of ['source', 'sink'] as const)
    for (const module of modules)
      for (const port of portsOf(module)) {
        const link = newLink(port.channels, role, seen);
        if (link === null) continue;
        const first = (link.ar ?? link.aw)!;
        const checker = new AxiProtocolChecker(sim, freeName(sim, first), {
          ...options,
          clock: first.clock,
          link,
        });
        const rst = module.nets.get(`${port.prefix}rst`) ?? module.nets.get('rst');
        if (rst instanceof Signal && rst.direction === 'in') checker.rst.follow(rst);
        checkers.push(checker);
      }
  return checkers;
}

interface NamedPort {
  readonly prefix: string;
  readonly channels: Readonly<Record<string, Channel>>;
}

/** The channels of a module that are named as AXI's are, by port. */
function portsOf(module: Module): Iterable<NamedPort> {
  const ports = new Map<string, { prefix: string; channels: Record<string, Channel> }>();
  for (const [name, channel] of module.channels) {
    const match = CHANNEL_NAME.exec(name);
    if (match === null) continue;
    const key = `${match[1]!}${match[3] ?? ''}`;
    const port = ports.get(key) ?? { prefix: match[1]!, channels: {} };
    port.channels[match[2]!] = channel;
    ports.set(key, port);
  }
  return ports.values();
}

/** The reading and writing halves of a port that nobody looks at yet, from now on seen; null when there is none. */
function newLink(
  { ar, r, aw, w, b }: NamedPort['channels'],
  role: Channel['role'],
  seen: Set<Channel>,
): Partial<AxiPort> | null {
  const isNew = (address: Channel | undefined): boolean => {
    if (address?.role !== role || !('addr' in address.fields)) return false;
    // The same wires show again at the ports of modules within this one.
    const start = address.chain[0]!;
    if (start.peer === null || seen.has(start)) return false;
    seen.add(start);
    return true;
  };
  const read = r !== undefined && isNew(ar);
  const write = w !== undefined && b !== undefined && isNew(aw);
  if (!read && !write) return null;
  return { ...(read ? { ar, r } : {}), ...(write ? { aw, w, b } : {}) } as unknown as Partial<AxiPort>;
}

function freeName(sim: Simulator, { path }: { readonly path: string }): string {
  const stem = `axi_check_${path.replaceAll(/[.[\]]+/g, '_').replace(/_$/, '')}`;
  let name = stem;
  for (let n = 2; sim.modules.has(name); n++) name = `${stem}_${n}`;
  return name;
}
