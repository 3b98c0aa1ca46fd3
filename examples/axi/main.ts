/**
 * Where the time of a read goes on its way to the memory and back, and a master that is caught at cheating:
 *
 *     npx tsx examples/axi/main.ts
 *
 * A READ engine at 166 MHz fetches 128 bytes through an interconnect, a converter from 256 to 128 bit and a crossing to 200 MHz. Every
 * link has a protocol checker. The interconnect's other master takes an address back that was not accepted yet: AXI4 forbids
 * that, and most slaves never notice.
 */
import {
  AxiClockCrossing,
  AxiInterconnect,
  AxiMemory,
  AxiModule,
  type AxiPort,
  AxiWidthConverter,
  checkAxiLinks,
  type Clock,
  connect,
  connectAxi,
  ReadDma,
  Simulator,
} from '../../src/index.js';

/** Asks for a byte, and changes its mind whenever it has to wait. */
class Impatient extends AxiModule {
  readonly m: AxiPort;

  constructor(
    parent: Simulator,
    name: string,
    private readonly clock: Clock,
  ) {
    super(parent, name);
    this.m = this.masterPort('m', { clock, lanes: 16, idBits: 4 });
    this.m.r.ready.write(1);
    this.edge(clock, this.tick);
  }

  private tick(): void {
    const { ar } = this.m;
    ar.payload.addr.write(4096 + this.clock.cycle);
    ar.valid.write(ar.valid.value !== 0 && ar.ready.value === 0 ? 0 : 1);
  }
}

const sim = new Simulator();
const array = sim.clock('array', 166_000_000);
const axi = sim.clock('axi', 200_000_000);
const dma = new ReadDma(sim, 'dma', { clock: array });
const impatient = new Impatient(sim, 'impatient', array);
const fabric = new AxiInterconnect(sim, 'fabric', {
  clock: array,
  masters: 2,
  slaves: [[{ base: 0, bytes: 2 ** 33 }]],
  arbitration: 'priority',
  outstanding: 1,
});
const width = new AxiWidthConverter(sim, 'width', {
  clock: array,
  sLanes: 16,
  mLanes: 8,
  idBits: fabric.outIdBits,
  outIdBits: 4,
});
const crossing = new AxiClockCrossing(sim, 'crossing', { sClock: array, mClock: axi, lanes: 8 });
const memory = new AxiMemory(sim, 'memory', { clock: axi, lanes: 8, latencyCycles: 15 });
connect(dma.ar, fabric.s[0]!.ar);
connect(fabric.s[0]!.r, dma.r);
connectAxi(impatient.m, fabric.s[1]!);
connectAxi(fabric.m[0]!, width.s);
connectAxi(width.m, crossing.s);
connectAxi(crossing.m, memory);
const checkers = checkAxiLinks(sim, { mode: 'collect' });

/** A link's name, and when the engine's address and the first and last beat of its data moved over it, ps. */
interface Passage {
  readonly link: string;
  readonly clock: Clock;
  address: number;
  first: number;
  last: number;
}

const passages: Passage[] = [];
const follow = (link: string, port: Pick<AxiPort, 'ar' | 'r'>, mine: (id: number) => boolean): void => {
  const passage = { link, clock: port.ar.clock, address: 0, first: 0, last: 0 };
  passages.push(passage);
  port.ar.subscribe(({ payload }) => {
    if (payload.addr === 128) passage.address = sim.now;
  });
  port.r.subscribe(({ payload }) => {
    // From the converter on all IDs are 0, and the engine's data come before the other master's.
    if (!mine(payload.id) || passage.address === 0 || payload.data[0]! < 100) return;
    if (passage.first === 0) passage.first = sim.now;
    passage.last = sim.now;
  });
};
follow('dma to fabric', dma, () => true);
follow('fabric to width', fabric.m[0]!, (id) => id < 16);
follow('width to crossing', width.m, () => true);
follow('crossing to memory', crossing.m, () => true);

memory.load(
  128,
  Int16Array.from({ length: 64 }, (_, i) => 100 + i),
);
sim.start();
dma.out.ready.poke(1);
dma.cmd.payload.addr.poke(128);
dma.cmd.payload.words.poke(64);
dma.cmd.valid.poke(1);
sim.step(array);
dma.cmd.valid.poke(0);
sim.step(array, 60);

const ns = (ps: number): string => (ps / 1000).toFixed(1).padStart(9);
console.log(
  `${'link'.padEnd(20)}${['MHz', 'AR ns', 'first R', 'last R'].map((t) => t.padStart(9)).join('')}`,
);
for (const { link, clock, address, first, last } of passages) {
  const mhz = String(clock === array ? 166 : 200).padStart(9);
  console.log(`${link.padEnd(20)}${mhz}${ns(address)}${ns(first)}${ns(last)}`);
}
console.log('');
for (const checker of checkers) {
  console.log(`${checker.path}: ${checker.count} violations`);
  const [first] = checker.violations;
  if (first !== undefined)
    console.log(
      `  ${first.rule} by ${first.path} in cycle ${first.cycle}, ID ${first.id}, address ${first.address}: ${first.problem}`,
    );
}
