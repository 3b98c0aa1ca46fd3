import {
  bool,
  type Channel,
  type Clock,
  ConfigError,
  Module,
  type Signal,
  type Simulator,
  uint,
} from '../kernel/index.js';
import { CommandError } from './command-error.js';
import { checkColumns, RowBuffer, type RowBufferState, type RowFields, rowFields } from './row-channel.js';

/** Values of `cfg_mode`. */
export const POOL_MODE = { bypass: 0, max: 1, average: 2 } as const;
/** Most filters of a block: their accumulators are kept side by side. */
export const POOL_FILTERS = 512;

/** Accumulators there are, 24-bit words, unless told. */
export const POOL_ACCUMULATORS = 16_384;

export interface PoolSpec {
  readonly clock: Clock;
  /** Lanes of a row, 1 to 63. */
  readonly n: number;
  /** Accumulators there are: 24-bit words. Default 16384. */
  readonly accumulatorWords?: number;
}

/** Accumulator words that a block needs: the open windows of each filter, `⌈sizeY / strideY⌉` rows of `outW`. */
export function poolStorageWords(filters: number, sizeY: number, strideY: number, outW: number): number {
  return filters * Math.ceil(sizeY / strideY) * outW;
}

/**
 * Pools the rows on their way to WRITE: max or average over windows that lie wholly inside the plane.
 * Twin: `rtl/pool.v`.
 *
 * Ports    sink `in`, source `out` (row-channel.ts); `cfg_mode` (0 bypass, 1 max, 2 average), `cfg_size_y`, `cfg_size_x`,
 *          `cfg_stride_y`, `cfg_stride_x` (1…15), `cfg_in_w`, `cfg_in_h`, `cfg_out_w`, `cfg_out_h` (pixels),
 *          `cfg_filters` (1…512, filters of a block), to be changed only while no plane is half done; `rst`.
 * Does     Pixels of a filter come in raster order, from 0, in pieces of any length up to n; filters take turns in any way, and
 *          `cfg_filters` neighbouring ones may be half done at a time. A window's value leaves with the row that brought its last
 *          pixel: {filter, pixel (place in the pooled plane), count, data}. The windows that one row completes are neighbours in
 *          raster order, so a row in gives one row out, or none. Max, or average = ⌊sum / pixels + ½⌋, exactly.
 *          Bypass hands rows through unchanged.
 * Contract A row accepted in cycle c shows its row on `out` in c+1; one row a cycle, in order. `in_ready` is registered: fewer than
 *          two rows wait. The two output registers refuse a push when full, even in a cycle in which one leaves. A row that
 *          completes no window leaves nothing behind it.
 * Storage  `filters · ⌈size_y / stride_y⌉ · out_w` accumulators of 24 bits, of the `accumulatorWords` there are (`storageWords`); two rows.
 *          Accumulators are set by a window's first pixel, so nothing has to be cleared. A filter's accumulators are
 *          those of (filter mod cfg_filters), and of a plane's rows of windows, row r has place r mod ⌈size_y / stride_y⌉.
 * Errors   ConfigError for n or `accumulatorWords` out of range. CommandError for settings that do not fit together or need more
 *          storage than there is, and for pixels out of order.
 * Source   The machine contract, section 8; rounding of averages as the network reference defines it, own derivation.
 *          Cycles and phases: docs/timing-model.md.
 */
export class Pool extends Module {
  readonly rst: Signal;
  readonly in: Channel<RowFields>;
  readonly out: Channel<RowFields>;
  readonly cfgMode: Signal;
  readonly cfgSizeY: Signal;
  readonly cfgSizeX: Signal;
  readonly cfgStrideY: Signal;
  readonly cfgStrideX: Signal;
  readonly cfgInW: Signal;
  readonly cfgInH: Signal;
  readonly cfgOutW: Signal;
  readonly cfgOutH: Signal;
  readonly cfgFilters: Signal;
  override state: {
    accumulators: Int32Array;
    /** Next pixel of each filter: asserts the order, and is no hardware. */
    expected: Float64Array;
    buffer: RowBufferState;
    rowsIn: number;
    rowsOut: number;
  };
  private readonly clock: Clock;
  private readonly n: number;
  private readonly buffer: RowBuffer;
  // The settings as the tick uses them: a copy of the cfg nets, taken when the first row after a change comes.
  private stale = true;
  private sizeY = 1;
  private sizeX = 1;
  private strideY = 1;
  private strideX = 1;
  private inW = 1;
  private inPixels = 1;
  private outW = 1;
  private outH = 1;
  private filters = 1;
  private lines = 1;

  constructor(parent: Module | Simulator, name: string, spec: PoolSpec) {
    super(parent, name);
    const { clock, n, accumulatorWords = POOL_ACCUMULATORS } = spec;
    checkColumns(this.path, n);
    if (!Number.isInteger(accumulatorWords) || accumulatorWords < 1 || accumulatorWords > 2 ** 24)
      throw new ConfigError(this.path, 'accumulatorWords', 'an integer from 1 to 2^24', accumulatorWords);
    this.clock = clock;
    this.n = n;
    this.rst = this.input('rst', bool);
    this.in = this.sink('in', rowFields(n), clock);
    this.out = this.source('out', rowFields(n), clock);
    this.cfgMode = this.input('cfg_mode', uint(2));
    this.cfgSizeY = this.input('cfg_size_y', uint(4));
    this.cfgSizeX = this.input('cfg_size_x', uint(4));
    this.cfgStrideY = this.input('cfg_stride_y', uint(4));
    this.cfgStrideX = this.input('cfg_stride_x', uint(4));
    this.cfgInW = this.input('cfg_in_w', uint(16));
    this.cfgInH = this.input('cfg_in_h', uint(16));
    this.cfgOutW = this.input('cfg_out_w', uint(16));
    this.cfgOutH = this.input('cfg_out_h', uint(16));
    this.cfgFilters = this.input('cfg_filters', uint(10));
    this.buffer = new RowBuffer(this.out, n);
    this.state = {
      accumulators: new Int32Array(accumulatorWords),
      expected: new Float64Array(POOL_FILTERS),
      buffer: this.buffer.state,
      rowsIn: 0,
      rowsOut: 0,
    };
    this.probe('rows_in', uint(53), () => this.state.rowsIn);
    this.probe('rows_out', uint(53), () => this.state.rowsOut);
    this.probe('storage_words', uint(24), () => this.storageWords);
    this.in.ready.write(1);
    this.comb(this.settingsChanged, [
      this.cfgMode,
      this.cfgSizeY,
      this.cfgSizeX,
      this.cfgStrideY,
      this.cfgStrideX,
      this.cfgInW,
      this.cfgInH,
      this.cfgOutW,
      this.cfgOutH,
      this.cfgFilters,
    ]);
    this.edge(clock, this.tick, [this.rst, this.in.valid, this.out.ready]);
  }

  /** Accumulator words that the present settings use; 0 in bypass. */
  get storageWords(): number {
    if (this.cfgMode.value === POOL_MODE.bypass || this.cfgStrideY.value === 0) return 0;
    return poolStorageWords(
      this.cfgFilters.value,
      this.cfgSizeY.value,
      this.cfgStrideY.value,
      this.cfgOutW.value,
    );
  }

  /** Rows taken and rows given since the start. */
  get rowsIn(): number {
    return this.state.rowsIn;
  }

  get rowsOut(): number {
    return this.state.rowsOut;
  }

  override loadState(saved: unknown): void {
    super.loadState(saved);
    this.stale = true;
  }

  private settingsChanged(): void {
    this.stale = true;
  }

  private tick(): boolean {
    const { buffer } = this;
    if (this.rst.value !== 0) return this.reset();
    const leaves = buffer.leaves;
    const taken = this.in.valid.value !== 0 && buffer.state.count < 2;
    if (!leaves && !taken) return false;
    if (taken) this.take();
    if (leaves) buffer.pop();
    buffer.show();
    this.in.ready.write(buffer.state.count < 2 ? 1 : 0);
    return true;
  }

  private take(): void {
    const s = this.state;
    const { payload } = this.in;
    if (this.stale) this.readSettings();
    const mode = this.cfgMode.value;
    const filter = payload.filter.value;
    const pixel = payload.pixel.value;
    const count = payload.count.value;
    if (count < 1 || count > this.n) throw this.wrong('count', `an integer from 1 to n = ${this.n}`, count);
    s.rowsIn += 1;
    if (mode === POOL_MODE.bypass) {
      payload.data.copyTo(this.buffer.state.data, this.buffer.slot);
      this.buffer.push(filter, pixel, count);
      s.rowsOut += 1;
      return;
    }
    const line = filter % this.filters;
    const want = s.expected[line]!;
    if (pixel !== want && pixel !== 0)
      throw this.wrong('pixel', `filter ${filter}'s next in raster order, ${want}`, pixel);
    if (pixel + count > this.inPixels)
      throw this.wrong('pixel + count', `within the plane's ${this.inPixels} pixels`, pixel + count);
    s.expected[line] = pixel + count === this.inPixels ? 0 : pixel + count;
    this.pool(filter, line, pixel, count, mode === POOL_MODE.max);
  }

  /** Adds a row's pixels to the windows that they lie in, and pushes those that are complete. */
  private pool(filter: number, line: number, pixel: number, count: number, isMax: boolean): void {
    const { sizeY, sizeX, strideY, strideX, inW, outW, outH, lines } = this;
    const { accumulators } = this.state;
    const { data: done } = this.buffer.state;
    const { data } = this.in.payload;
    const slot = this.buffer.slot;
    const base = line * lines * outW;
    const weight = sizeY * sizeX;
    let emitted = 0;
    let firstDone = 0;
    let x = pixel % inW;
    let y = (pixel - x) / inW;
    for (let j = 0; j < count; j++) {
      const value = data.get(j);
      const firstY = y < sizeY ? 0 : Math.floor((y - sizeY) / strideY) + 1;
      const lastY = Math.min(outH - 1, Math.floor(y / strideY));
      const firstX = x < sizeX ? 0 : Math.floor((x - sizeX) / strideX) + 1;
      const lastX = Math.min(outW - 1, Math.floor(x / strideX));
      for (let oy = firstY; oy <= lastY; oy++) {
        const row = base + (oy % lines) * outW;
        const dy = y - oy * strideY;
        for (let ox = firstX; ox <= lastX; ox++) {
          const dx = x - ox * strideX;
          const at = row + ox;
          let sum: number;
          if (dy === 0 && dx === 0) sum = value;
          else if (isMax) sum = Math.max(accumulators[at]!, value);
          else sum = accumulators[at]! + value;
          accumulators[at] = sum;
          if (dy === sizeY - 1 && dx === sizeX - 1) {
            if (emitted === 0) firstDone = oy * outW + ox;
            done[slot + emitted] = isMax ? sum : Math.floor((2 * sum + weight) / (2 * weight));
            emitted += 1;
          }
        }
      }
      x += 1;
      if (x === inW) {
        x = 0;
        y += 1;
      }
    }
    if (emitted === 0) return;
    this.buffer.push(filter, firstDone, emitted);
    this.state.rowsOut += 1;
  }

  /** Copies and checks the settings. @throws CommandError */
  private readSettings(): void {
    const mode = this.cfgMode.value;
    if (mode > POOL_MODE.average) throw this.wrong('cfg_mode', '0 (bypass), 1 (max) or 2 (average)', mode);
    this.stale = false;
    if (mode === POOL_MODE.bypass) return;
    this.sizeY = this.positive(this.cfgSizeY, 'cfg_size_y');
    this.sizeX = this.positive(this.cfgSizeX, 'cfg_size_x');
    this.strideY = this.positive(this.cfgStrideY, 'cfg_stride_y');
    this.strideX = this.positive(this.cfgStrideX, 'cfg_stride_x');
    this.inW = this.positive(this.cfgInW, 'cfg_in_w');
    this.outW = this.positive(this.cfgOutW, 'cfg_out_w');
    this.outH = this.positive(this.cfgOutH, 'cfg_out_h');
    this.filters = this.positive(this.cfgFilters, 'cfg_filters');
    const inH = this.positive(this.cfgInH, 'cfg_in_h');
    this.inPixels = this.inW * inH;
    this.lines = Math.ceil(this.sizeY / this.strideY);
    if (this.filters > POOL_FILTERS) throw this.wrong('cfg_filters', `at most ${POOL_FILTERS}`, this.filters);
    const mostW = Math.floor((this.inW - this.sizeX) / this.strideX) + 1;
    const mostH = Math.floor((inH - this.sizeY) / this.strideY) + 1;
    if (this.outW > mostW) throw this.wrong('cfg_out_w', `at most the ${mostW} windows in a row`, this.outW);
    if (this.outH > mostH)
      throw this.wrong('cfg_out_h', `at most the ${mostH} windows in a column`, this.outH);
    const needs = this.storageWords;
    const has = this.state.accumulators.length;
    if (needs > has)
      throw this.wrong(
        'cfg_filters',
        `so small that ${has} accumulator words suffice, not ${needs}`,
        this.filters,
      );
  }

  private positive(net: Signal, field: string): number {
    const { value } = net;
    if (value < 1) throw this.wrong(field, 'an integer of 1 or more', value);
    return value;
  }

  private wrong(field: string, wanted: string, got: number): CommandError {
    return new CommandError(this.path, field, wanted, got, this.clock.cycle);
  }

  private reset(): boolean {
    const moved = this.buffer.state.count !== 0;
    this.buffer.clear();
    this.state.expected.fill(0);
    this.buffer.show();
    this.in.ready.write(1);
    return moved;
  }
}
