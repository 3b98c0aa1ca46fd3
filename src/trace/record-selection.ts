import {
  type AnyNet,
  ConfigError,
  type Module,
  Probe,
  type Simulator,
  type ValueType,
  type VectorType,
} from '../kernel/index.js';
import { pathMatcher } from './path-pattern.js';

/** What is recorded. Both may be given; a signal must then be of a module that matches, and match itself. */
export interface SelectionOptions {
  /** Paths of the modules whose nets are recorded; see {@link pathMatcher}. Default: every module, `**`. */
  readonly modules?: string | readonly string[];
  /**
   * Paths of the signals that are recorded. A pattern matches at the top or at any module below it: `ddr3.*` has the nets of
   * `gupta.memory.ddr3`. Without a `*` it may name a probe, also one that is made on request (`sa.pe[3][4].p`). Default: every net.
   */
  readonly signals?: string | readonly string[];
  /** Paths of probes that are recorded beside the signals, where the design has them. */
  readonly probes?: readonly string[];
}

/** One value that is recorded, under all its names: a net at the end of its chain of drivers, or a probe. */
export interface RecordedWave {
  readonly source: AnyNet | Probe;
  /** Of a lane. */
  readonly type: ValueType;
  readonly lanes: number;
  /** Whether it is one bus of lanes, not a scalar. */
  readonly isVector: boolean;
}

export interface RecordedSignal {
  readonly path: string;
  /** Place in {@link Selection.waves}. */
  readonly wave: number;
  /** Of a lane, as this name has it. */
  readonly type: ValueType;
  /** Module that declares the net or probe from which the value comes; null for none. */
  readonly owner: Module | null;
}

export interface Selection {
  readonly waves: readonly RecordedWave[];
  /** In the order of the module tree; probes behind the nets. */
  readonly signals: readonly RecordedSignal[];
}

/**
 * The nets and probes that patterns choose. Nets that follow one driver are one wave.
 *
 * @param file names the recording in errors
 * @throws ConfigError for a pattern that matches nothing
 */
export function select(sim: Simulator, file: string, options: SelectionOptions): Selection {
  const modulePatterns = listOf(options.modules ?? '**');
  checkModules(sim, file, modulePatterns);
  const ofModule = pathMatcher(modulePatterns);
  const signalPatterns = options.signals === undefined ? null : listOf(options.signals);
  const ofSignal = signalPatterns === null ? () => true : pathMatcher(signalPatterns.flatMap(anywhere));
  const waves: RecordedWave[] = [];
  const signals: RecordedSignal[] = [];
  const numbers = new Map<AnyNet, number>();
  const nets = sim.tree.filter(({ path }) => ofModule(path)).flatMap((module) => [...module.nets.values()]);
  for (const net of nets) {
    if (!ofSignal(net.path)) continue;
    const root = net.root as AnyNet;
    let wave = numbers.get(root);
    if (wave === undefined) {
      wave = waves.length;
      numbers.set(root, wave);
      waves.push({
        source: root,
        type: element(root.type),
        lanes: root.lanes,
        isVector: root.type.kind === 'vector',
      });
    }
    signals.push({ path: net.path, wave, type: element(net.type), owner: root.owner });
  }
  for (const probe of probesOf(sim, file, signalPatterns ?? [], options.probes ?? [], nets)) {
    signals.push({ path: probe.path, wave: waves.length, type: probe.type, owner: ownerOf(sim, probe.path) });
    waves.push({ source: probe, type: probe.type, lanes: 1, isVector: false });
  }
  return { waves, signals };
}

function checkModules(sim: Simulator, file: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const matches = pathMatcher([pattern]);
    if (!sim.tree.some(({ path }) => matches(path)))
      throw new ConfigError(
        file,
        'modules',
        'patterns that match paths of modules, like gupta.sa or gupta.**',
        pattern,
      );
  }
}

/** The probes that are named, each once: by patterns that match no net, and those that are asked for where there are any. */
function probesOf(
  sim: Simulator,
  file: string,
  patterns: readonly string[],
  wanted: readonly string[],
  nets: readonly AnyNet[],
): Probe[] {
  const found = new Map<string, Probe>();
  for (const pattern of patterns) {
    const matches = pathMatcher(anywhere(pattern));
    if (nets.some(({ path }) => matches(path))) continue;
    const probes = pattern.includes('*') ? declared(sim, matches) : named(sim, pattern);
    if (probes.length === 0)
      throw new ConfigError(
        file,
        'signals',
        'patterns that match paths of signals, like gupta.top.* or sa.**',
        pattern,
      );
    for (const probe of probes) found.set(probe.path, probe);
  }
  const matches = pathMatcher(wanted);
  for (const probe of declared(sim, matches)) found.set(probe.path, probe);
  return [...found.values()];
}

const declared = (sim: Simulator, matches: (path: string) => boolean): Probe[] =>
  sim.tree.flatMap((module) => [...module.probes.values()].filter(({ path }) => matches(path)));

/** The probes of a name, at the top or below any module; those that exist on request only are made. */
function named(sim: Simulator, name: string): Probe[] {
  const places = ['', ...sim.tree.map(({ path }) => `${path}.`)];
  return places.map((place) => sim.lookUp(place + name)).filter((found) => found instanceof Probe);
}

/** The module that a path lies in. */
function ownerOf(sim: Simulator, path: string): Module | null {
  let owner: Module | null = null;
  for (const module of sim.tree)
    if (path.startsWith(`${module.path}.`) && module.path.length > (owner?.path.length ?? -1)) owner = module;
  return owner;
}

/** A pattern, at the top or below any module. */
const anywhere = (pattern: string): string[] => [pattern, `**.${pattern}`];

const listOf = (patterns: string | readonly string[]): readonly string[] =>
  typeof patterns === 'string' ? [patterns] : patterns;

/** The type of a lane. */
function element(type: ValueType | VectorType): ValueType {
  return type.kind === 'vector' ? type.element : type;
}
