import { bool, type Channel, connect, int, Module, type Signal, type Simulator } from '../../kernel/index.js';
import { DspMacc } from '../dsp-macc.js';
import { Fifo } from '../fifo.js';
import { DrainControl } from './drain-control.js';
import { Skew } from './skew.js';
import {
  type ArrayShape,
  arrayShape,
  type SliceFields,
  sliceFields,
  type SystolicArraySpec,
} from './spec.js';

/**
 * The wavefront array as it is wired: n² {@link DspMacc} elements port to port, two skew triangles, the drain control and
 * n output FIFOs. Same ports and same behaviour in every register and cycle as {@link SystolicArray}; slower, and there to
 * be looked into or to have an element replaced (`pe[3][4]`). Contract and twin: see SystolicArray.
 */
export class StructuralArray extends Module {
  readonly rst: Signal;
  readonly in: Channel<SliceFields>;
  readonly out: Channel<{ data: ReturnType<typeof int> }>[] = [];
  readonly room: Signal;
  readonly shape: ArrayShape;
  readonly pe: DspMacc[][] = [];
  readonly fifos: Fifo<{ data: ReturnType<typeof int> }>[] = [];
  readonly skewA: Skew;
  readonly skewB: Skew;
  readonly control: DrainControl;

  constructor(parent: Module | Simulator, name: string, spec: SystolicArraySpec) {
    super(parent, name);
    const { clock } = spec;
    const shape = arrayShape(this.path, spec);
    this.shape = shape;
    const { n, L, bits } = shape;
    this.rst = this.input('rst', bool);
    this.in = this.sink('in', sliceFields(n), clock);
    for (let j = 0; j < n; j++) this.out.push(this.source(`out[${j}]`, { data: int(bits) }, clock));

    const control = this.child('control', (p, n_) => new DrainControl(p, n_, { ...shape, clock }));
    this.control = control;
    const { payload } = this.in;
    connect(this.rst, control.rst);
    connect(this.in.valid, control.inValid);
    connect(payload.last, control.inLast);
    connect(payload.m, control.inM);
    connect(payload.nc, control.inNc);
    this.room = this.output('room', bool, 1);
    connect(control.inReady, this.in.ready);
    connect(control.room, this.room);

    const skew = (triangleName: string, data: typeof payload.a): Skew => {
      const triangle = this.child(triangleName, (p, n_) => new Skew(p, n_, { clock, n }));
      connect(this.rst, triangle.rst);
      connect(control.issue, triangle.issue);
      connect(payload.first, triangle.first);
      connect(payload.last, triangle.last);
      connect(data, triangle.data);
      return triangle;
    };
    this.skewA = skew('skew_a', payload.a);
    this.skewB = skew('skew_b', payload.b);

    for (let i = 0; i < n; i++) {
      const row: DspMacc[] = [];
      this.pe.push(row);
      for (let j = 0; j < n; j++) {
        const element = this.child(
          `pe[${i}][${j}]`,
          (p, n_) => new DspMacc(p, n_, { clock, pipeline: L, accumulatorBits: bits }),
        );
        row.push(element);
        const left = row[j - 1];
        const above = this.pe[i - 1]?.[j];
        connect(this.rst, element.rst);
        connect(left?.aQ ?? this.skewA.q[i]!, element.a);
        connect(left?.firstQ ?? this.skewA.firstQ[i]!, element.first);
        connect(left?.lastQ ?? this.skewA.lastQ[i]!, element.last);
        connect(above?.bQ ?? this.skewB.q[j]!, element.b);
        connect(control.dSet[i]![j]!, element.dSet);
        if (above !== undefined) {
          connect(above.dOut, element.dIn);
          connect(above.lrOut, element.lrIn);
        }
      }
    }
    for (let j = 0; j < n; j++) {
      const bottom = this.pe[n - 1]![j]!;
      const fifo = this.child(
        `fifo[${j}]`,
        (p, n_) => new Fifo(p, n_, { clock, depth: shape.outputDepth, fields: { data: int(bits) } }),
      );
      this.fifos.push(fifo);
      connect(this.rst, fifo.rst);
      connect(bottom.dOut, fifo.in.valid);
      connect(bottom.lrOut, fifo.in.payload.data);
      connect(fifo.out, this.out[j]!);
      const popped = control.popped[j]!;
      const pop = this.wire(`popped[${j}]`, bool);
      this.comb(
        () => pop.write(fifo.out.valid.value & fifo.out.ready.value),
        [fifo.out.valid, fifo.out.ready],
      );
      connect(pop, popped);
    }
  }
}
