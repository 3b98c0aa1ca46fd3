import {
  bitsFor,
  bool,
  type Channel,
  type Clock,
  int,
  Module,
  type Signal,
  type Simulator,
  uint,
  type ValueType,
  type Wait,
} from '../kernel/index.js';
import { CommandError } from './command-error.js';
import { checkColumns, RowBuffer, type RowBufferState, type RowFields, rowFields } from './row-channel.js';

/**
 * The tiles of one filter block and band, in the order in which the array computes them. `panels` of n filters, the last
 * of `last_rows`; `pixels` places of the output plane from `first_pixel` on, in tiles of n, the last one partial.
 */
export const collectorWork = {
  panels: uint(10),
  last_rows: uint(6),
  first_filter: uint(16),
  first_pixel: uint(32),
  pixels: uint(32),
};

export interface RowCollectorSpec {
  readonly clock: Clock;
  /** Columns of the array, 1 to 63: lanes of a row, filters of a whole panel, pixels of a whole tile. */
  readonly n: number;
}

/**
 * Takes the array's rounded results, one n-wide row jointly from the n C FIFOs, and says which they are.
 *
 * Ports    sinks `in_0` … `in_<n−1>` {data: int16}, one C FIFO each; sink `work`; source `row` (row-channel.ts); `busy`; `rst`.
 * Does     For each pixel tile, for each panel, for f = 0 … rows − 1: one row of nc values (nc = n, fewer in the last
 *          tile) of filter `first_filter + panel·n + f`. Columns nc and up are not popped.
 * Contract Work accepted in cycle c: rows can be popped from c+1 on. A row is popped in a cycle in which columns 0 … nc − 1 are all
 *          valid and fewer than two rows wait; `in_ready` of those columns is high then, combinationally from the valids
 *          (the joint pop), of no other column, ever. Popped in c, visible on `row` in c+1; one row a cycle. `row`'s two registers refuse a
 *          push when full, even in a cycle in which one leaves. `work_ready` is high while there is no work; the last row popped in c, it is
 *          high in c+1. `busy` is high from c+1 of the accept until the last row has left `row`.
 * Tells    Each tile as a transaction `tile`, from when its rows are what is awaited to its last row.
 * Storage  Two rows; counters.
 * Errors   ConfigError for n out of range. CommandError for work without a row in it, with `last_rows` above n, or with filters or
 *          pixels beyond their fields.
 * Source   The machine contract, sections 1 (joint pop), 3 (order of rows), 9 (order of tiles). Cycles: docs/timing-model.md.
 */
export class RowCollector extends Module {
  readonly rst: Signal;
  readonly in: readonly Channel<{ data: ValueType }>[];
  readonly work: Channel<typeof collectorWork>;
  readonly row: Channel<RowFields>;
  readonly busy: Signal;
  override state: {
    active: number;
    panels: number;
    lastRows: number;
    firstFilter: number;
    /** Place of the tile's first pixel, and pixels from there to the end. */
    pixel: number;
    left: number;
    panel: number;
    f: number;
    rows: number;
    /** The transaction of the tile at hand. */
    tile: number;
    buffer: RowBufferState;
  };
  private readonly clock: Clock;
  private readonly n: number;
  private readonly buffer: RowBuffer;
  /** Columns of the row that may be popped now; 0 when none may. */
  private readonly columns: Signal;
  private readonly pop: Signal;

  constructor(parent: Module | Simulator, name: string, spec: RowCollectorSpec) {
    super(parent, name);
    const { clock, n } = spec;
    checkColumns(this.path, n);
    this.clock = clock;
    this.n = n;
    this.rst = this.input('rst', bool);
    this.in = Array.from({ length: n }, (_, j) => this.sink(`in_${j}`, { data: int(16) }, clock));
    this.work = this.sink('work', collectorWork, clock);
    this.row = this.source('row', rowFields(n), clock);
    this.busy = this.output('busy', bool);
    this.columns = this.wire('columns', uint(bitsFor(n)));
    this.pop = this.wire('pop', bool);
    this.buffer = new RowBuffer(this.row, n);
    this.state = {
      active: 0,
      panels: 0,
      lastRows: 0,
      firstFilter: 0,
      pixel: 0,
      left: 0,
      panel: 0,
      f: 0,
      rows: 0,
      tile: 0,
      buffer: this.buffer.state,
    };
    this.probe('rows', uint(53), () => this.state.rows);
    this.work.ready.write(1);
    this.comb(this.join, [this.columns, ...this.in.map((c) => c.valid)]);
    this.edge(clock, this.tick, [this.rst, this.work.valid, this.pop, this.row.ready]);
  }

  /** Rows popped since the start. */
  get rows(): number {
    return this.state.rows;
  }

  override waits(): readonly Wait[] {
    const nc = this.columns.value;
    const j = this.in.findIndex((c, column) => column < nc && c.valid.value === 0);
    if (j < 0) return [];
    const whom = this.in[j]!.peer?.module.path ?? `the C FIFO of column ${j}`;
    const { panel, f, pixel } = this.state;
    return [
      {
        who: this.path,
        whom,
        why: `column ${j} of row ${f} of panel ${panel}, pixels from ${pixel} on, is not there`,
      },
    ];
  }

  /** The joint pop: combinational, from the FIFOs' valids to their readys. */
  private join(): void {
    const nc = this.columns.value;
    let all = nc > 0;
    for (let j = 0; j < nc && all; j++) all = this.in[j]!.valid.value !== 0;
    this.pop.write(all ? 1 : 0);
    for (let j = 0; j < this.n; j++) this.in[j]!.ready.write(all && j < nc ? 1 : 0);
  }

  private tick(): boolean {
    const s = this.state;
    if (this.rst.value !== 0) return this.reset();
    const { buffer } = this;
    const popped = this.pop.value !== 0;
    const leaves = buffer.leaves;
    const taken = s.active === 0 && this.work.valid.value !== 0;
    if (!popped && !leaves && !taken) return false;
    if (popped) this.take();
    if (leaves) buffer.pop();
    if (taken) this.accept();
    buffer.show();
    this.publish();
    return true;
  }

  /** Puts the row that is popped at this edge into the buffer, and moves on to the next. */
  private take(): void {
    const s = this.state;
    const nc = this.columns.value;
    const { data } = this.buffer.state;
    const at = this.buffer.slot;
    for (let j = 0; j < nc; j++) data[at + j] = this.in[j]!.payload.data.value;
    this.buffer.push(s.firstFilter + s.panel * this.n + s.f, s.pixel, nc);
    s.rows += 1;
    s.f += 1;
    if (s.f < (s.panel === s.panels - 1 ? s.lastRows : this.n)) return;
    this.sim.transactions.end(s.tile);
    s.f = 0;
    s.panel += 1;
    if (s.panel === s.panels) {
      s.panel = 0;
      s.pixel += nc;
      s.left -= nc;
    }
    if (s.left === 0) s.active = 0;
    else this.beginTile();
  }

  /** The tile from now on awaited and popped, as a transaction: its panel, filters and pixels. */
  private beginTile(): void {
    const s = this.state;
    const { transactions } = this.sim;
    let attributes;
    if (transactions.isObserved) {
      const filter = s.firstFilter + s.panel * this.n;
      const filters = s.panel === s.panels - 1 ? s.lastRows : this.n;
      attributes = { panel: s.panel, filter, filters, pixel: s.pixel, pixels: Math.min(this.n, s.left) };
    }
    s.tile = transactions.begin('tile', this.path, attributes, transactions.work);
  }

  private accept(): void {
    const s = this.state;
    const { panels, last_rows, first_filter, first_pixel, pixels } = this.work.payload;
    const wrong = (field: string, wanted: string, got: number): CommandError =>
      new CommandError(this.work.path, field, wanted, got, this.clock.cycle);
    if (panels.value === 0) throw wrong('panels', 'an integer of 1 or more', 0);
    if (last_rows.value < 1 || last_rows.value > this.n)
      throw wrong('last_rows', `an integer from 1 to n = ${this.n}`, last_rows.value);
    if (pixels.value === 0) throw wrong('pixels', 'an integer of 1 or more', 0);
    const filters = (panels.value - 1) * this.n + last_rows.value;
    if (first_filter.value + filters > 2 ** 16)
      throw wrong('first_filter', `at most 65536 less the block's ${filters} filters`, first_filter.value);
    if (first_pixel.value + pixels.value > 2 ** 32)
      throw wrong('first_pixel', `at most 2^32 less the band's ${pixels.value} pixels`, first_pixel.value);
    s.active = 1;
    s.panels = panels.value;
    s.lastRows = last_rows.value;
    s.firstFilter = first_filter.value;
    s.pixel = first_pixel.value;
    s.left = pixels.value;
    s.panel = s.f = 0;
    this.beginTile();
  }

  private publish(): void {
    const s = this.state;
    const { count } = this.buffer.state;
    this.columns.write(s.active !== 0 && count < 2 ? Math.min(this.n, s.left) : 0);
    this.work.ready.write(s.active === 0 ? 1 : 0);
    this.busy.write(s.active !== 0 || count !== 0 ? 1 : 0);
  }

  private reset(): boolean {
    const s = this.state;
    const moved = s.active + this.buffer.state.count !== 0;
    s.active = 0;
    this.buffer.clear();
    this.buffer.show();
    this.publish();
    return moved;
  }
}
