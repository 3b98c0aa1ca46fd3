import {
  type AnyNet,
  ConfigError,
  type MarblewaveError,
  Signal,
  type Simulator,
  type ValueType,
  type VectorType,
} from '../kernel/index.js';
import { ClockWave, hasWave } from './clock-wave.js';
import { TraceTimeError } from './errors.js';
import { PartialFile } from './partial-file.js';
import { pathMatcher } from './path-pattern.js';
import { type VcdVariable, VcdWriter } from './vcd-writer.js';

export interface VcdOptions {
  /** Paths of the modules whose nets are recorded; see {@link pathMatcher}. Default: every module, `**`. */
  readonly modules?: string | readonly string[];
  /** Lines for the head of the file: what ran, with which settings and seed. Without `$end`. */
  readonly comments?: readonly string[];
  /** Whether clocks are recorded, as `clocks.<name>`: two changes a cycle. Default true. */
  readonly clocks?: boolean;
}

/** A recording in progress. */
export interface VcdRecording {
  readonly file: string;
  /** Bytes and value changes of nets so far. */
  readonly bytes: number;
  readonly changes: number;
  /** Ends the recording at the present time, and gives the file its name. @throws TraceFileError */
  close(): void;
  /** Ends it and leaves no file behind. Does nothing after {@link close}. */
  abort(): void;
}

/** One net under all its names: the end of the chain of drivers. */
interface Wave {
  readonly net: AnyNet;
  readonly type: ValueType;
  value: number;
  lanes: Float64Array | null;
}

/**
 * Records the nets of a simulation into a Value Change Dump, from now on, for GTKWave and its like.
 *
 * Every scalar and vector net of the chosen modules is in it, and nets that follow one driver share one identifier code.
 * What is written is what observers see: settled values, once an instant, changes sorted by code; so a change at the edge that
 * ends cycle c stands at that edge's time, and the values before the first instant stand in `$dumpvars`. Within an
 * instant, several moments (a poke between two runs at one time) follow each other under the same time. Scopes are the
 * module tree; vectors are one wire with lane 0 least significant; `int` and `fixed` are two's complement; `event` nets
 * are events. Clocks are waves of their own in the scope `clocks`, high for the first half of a cycle, worked out from
 * their edge times (a sleeping clock is drawn all the same), unless a period is below 2 ps. Wires of the simulation's own
 * (`sim.wire`), which belong to no module, and probes are left out.
 *
 * Equal runs give equal bytes: the file has no date, no path and no host. Recording observes and changes nothing: outputs and
 * cycles stay as they are, though bulk runs of a channel go beat by beat while they are watched. See docs/timing-model.md.
 *
 * Call it once the design is wired, before or between runs: it starts the simulation, so nothing can be connected afterwards.
 *
 * Storage  The latest value of each net, and a chunk of the file; the file itself is at `<file>.partial` until it is closed.
 * Errors   TraceFileError for a file that cannot be written: here, or as the end of the run in which writing fails.
 *          ConfigError for a pattern that matches no module, and for a comment of several lines. TraceTimeError
 *          from what comes next when a snapshot of an earlier time is restored. After an error no file is left.
 */
export function recordVcd(sim: Simulator, file: string, options: VcdOptions = {}): VcdRecording {
  sim.start();
  const recorder = new Recorder(sim, file, options);
  recorder.begin();
  return recorder;
}

class Recorder implements VcdRecording {
  changes = 0;
  private readonly out: PartialFile;
  private readonly writer: VcdWriter;
  private readonly waves: Wave[] = [];
  private readonly variables: VcdVariable[] = [];
  private readonly clocks: { readonly wave: ClockWave; readonly code: number }[] = [];
  private readonly subscriptions: { unsubscribe(): void }[] = [];
  /** Codes of waves that changed since the last flush. */
  private readonly dirty: Int32Array;
  private readonly isDirty: Uint8Array;
  private dirtyCount = 0;
  private state: 'starting' | 'recording' | 'closed' | 'failed' = 'starting';
  /** The time that the file is at, ps. */
  private time: number;

  constructor(
    private readonly sim: Simulator,
    readonly file: string,
    private readonly options: VcdOptions,
  ) {
    const { modules = '**', clocks = true } = options;
    this.time = sim.now;
    this.collectNets(typeof modules === 'string' ? [modules] : modules);
    if (clocks) this.collectClocks();
    this.dirty = new Int32Array(this.waves.length);
    this.isDirty = new Uint8Array(this.waves.length);
    this.out = new PartialFile(file);
    this.writer = new VcdWriter(this.out);
  }

  get bytes(): number {
    return this.out.bytes;
  }

  private collectNets(patterns: readonly string[]): void {
    const { tree } = this.sim;
    for (const pattern of patterns) {
      const matches = pathMatcher([pattern]);
      if (!tree.some(({ path }) => matches(path)))
        throw new ConfigError(
          this.file,
          'modules',
          'patterns that match paths of modules, like gupta.sa or gupta.**',
          pattern,
        );
    }
    const matches = pathMatcher(patterns);
    const codes = new Map<AnyNet, number>();
    for (const module of tree) {
      if (!matches(module.path)) continue;
      for (const net of module.nets.values()) {
        const root = net.root as AnyNet;
        let code = codes.get(root);
        if (code === undefined) {
          code = this.waves.length;
          codes.set(root, code);
          this.waves.push({ net: root, type: element(root.type), value: 0, lanes: null });
        }
        const kind = element(root.type).kind === 'event' ? 'event' : 'wire';
        this.variables.push({ path: net.path, kind, width: element(root.type).width * root.lanes, code });
      }
    }
  }

  private collectClocks(): void {
    for (const clock of this.sim.clocks) {
      if (!hasWave(clock)) continue;
      const code = this.waves.length + this.clocks.length;
      const path = `clocks.${clock.name.replace(/[^\w]/g, '_')}`;
      this.variables.push({ path, kind: 'wire', width: 1, code });
      this.clocks.push({ wave: new ClockWave(clock), code });
    }
  }

  /** Writes the head and the present values, and looks from then on. */
  begin(): void {
    const { writer, waves } = this;
    try {
      writer.header(this.variables, this.options.comments ?? []);
      for (let code = 0; code < waves.length; code++) this.watch(waves[code]!, code);
      writer.initial(this.time, () => {
        for (let code = 0; code < waves.length; code++)
          if (waves[code]!.type.kind !== 'event') this.put(code);
        for (const { wave, code } of this.clocks) writer.scalar(code, 1, wave.level);
      });
    } catch (error) {
      this.end('failed');
      this.out.abort();
      throw error;
    }
    this.state = 'recording';
  }

  private watch(wave: Wave, code: number): void {
    const { net } = wave;
    this.subscriptions.push(
      net instanceof Signal
        ? net.subscribe((value) => {
            wave.value = value;
            this.note(code);
          })
        : net.subscribe((lanes) => {
            wave.lanes = lanes;
            this.note(code);
          }),
    );
  }

  private note(code: number): void {
    if (this.state !== 'recording' || this.isDirty[code] === 1) return;
    this.isDirty[code] = 1;
    this.dirty[this.dirtyCount++] = code;
    if (this.dirtyCount === 1) this.sim.afterSettled(this.flush);
  }

  /** Writes what changed in this instant. */
  private readonly flush = (): void => {
    const { dirty, isDirty, dirtyCount } = this;
    this.dirtyCount = 0;
    if (this.state !== 'recording') return;
    try {
      const { now } = this.sim;
      this.moveTo(now);
      this.at(now);
      const codes = dirty.subarray(0, dirtyCount).sort();
      for (let i = 0; i < dirtyCount; i++) {
        isDirty[codes[i]!] = 0;
        this.put(codes[i]!);
      }
      this.changes += dirtyCount;
    } catch (error) {
      // Thrown in an observer it would be lost: it ends the run instead.
      this.end('failed');
      this.out.abort();
      this.sim.fail(error as MarblewaveError);
    }
  };

  private put(code: number): void {
    const { type, value, lanes } = this.waves[code]!;
    if (type.kind === 'event') this.writer.event(code);
    else if (lanes === null) this.writer.scalar(code, type.width, value);
    else this.writer.lanes(code, type.width, lanes);
  }

  /** Lets the file's time be `time`. */
  private at(time: number): void {
    if (time < this.time) throw new TraceTimeError(this.file, this.time, time);
    if (time > this.time) this.writer.time(time);
    this.time = time;
  }

  /** Draws the clocks up to and including `time`. */
  private moveTo(time: number): void {
    const { clocks } = this;
    for (;;) {
      let next: (typeof clocks)[number] | null = null;
      for (const clock of clocks) {
        const { wave } = clock;
        if (wave.isDue(time) && (next === null || wave.nextTime < next.wave.nextTime)) next = clock;
      }
      if (next === null) return;
      const { wave, code } = next;
      this.at(wave.nextTime);
      this.writer.scalar(code, 1, wave.nextLevel);
      wave.advance();
    }
  }

  close(): void {
    if (this.state === 'closed') return;
    if (this.state === 'failed')
      throw new ConfigError(this.file, 'recording', 'open to be closed', 'aborted');
    this.end('closed');
    try {
      const { now } = this.sim;
      this.moveTo(now);
      this.at(now);
    } catch (error) {
      this.out.abort();
      throw error;
    }
    this.out.commit();
  }

  abort(): void {
    if (this.state === 'closed' || this.state === 'failed') return;
    this.end('failed');
    this.out.abort();
  }

  private end(state: 'closed' | 'failed'): void {
    this.state = state;
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.subscriptions.length = 0;
  }
}

/** The type of a lane. */
function element(type: ValueType | VectorType): ValueType {
  return type.kind === 'vector' ? type.element : type;
}
